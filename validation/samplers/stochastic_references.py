"""Stochastic samplers written out in NumPy from their papers, as in `references.py`."""

from __future__ import annotations

import numpy as np

from validation.samplers.references import ddim, dpm_solver_pp_2s, exponential_integral, midpoint


def ancestral(denoise, x, s, draw):
    """ddim with η = 1: DDPM's small variance, Ho et al. 2020, (6) and (7)."""
    return ddim(denoise, x, s, draw, 1.0)


def ancestral_large(denoise, x, s, draw):
    """The mean of `ancestral`, variance 1 - ᾱ/ᾱ' where x is variance preserving: Ho et al. 2020."""
    for a, b in zip(s, s[1:]):
        D = denoise(x, a)
        kept = (1 + b**2) / (1 + a**2)
        x = D + (b / a) ** 2 * (x - D) + np.sqrt((1 - kept) * (1 + b**2)) * draw(x.shape)
    return x


def sde_dpm_solver_pp_1(denoise, x, s, draw):
    """x' = s'/s e^{-h} x + (1 - e^{-2h}) D + s' √(1 - e^{-2h}) z: Lu et al. 2022b, (18)."""
    for a, b in zip(s, s[1:]):
        h, D = np.log(a / b), denoise(x, a)
        x = b / a * np.exp(-h) * x - np.expm1(-2 * h) * D
        x = x + b * np.sqrt(-np.expm1(-2 * h)) * draw(x.shape)
    return x


def sde_dpm_solver_pp_2m(denoise, x, s, draw):
    """SDE-DPM-Solver++(2M), with ½ (1 - e^{-2h})(D - D₋) h/h₋ added: Lu et al. 2022b, (19)."""
    last = None
    for k, (a, b) in enumerate(zip(s, s[1:])):
        h, D = np.log(a / b), denoise(x, a)
        new = b / a * np.exp(-h) * x - np.expm1(-2 * h) * D
        if last is not None:
            half = -np.expm1(-2 * h) / 2
            new = new + half * (D - last) * h / np.log(s[k - 1] / a)
        x, last = new + b * np.sqrt(-np.expm1(-2 * h)) * draw(x.shape), D
    return x


def sde_adams_bashforth_data(order):
    """x' = s'/s e^{-h} x + 2 s'² ∫ e^{2λ} P dλ + s' √(1 - e^{-2h}) z, P as above."""

    def sample(denoise, x, s, draw):
        seen = []
        for a, b in zip(s, s[1:]):
            h = np.log(a / b)
            seen = [*seen, (-np.log(a), denoise(x, a))][-order:]
            x = b / a * np.exp(-h) * x + 2 * b**2 * exponential_integral(
                seen, -np.log(a), -np.log(b), 2
            )
            x = x + b * np.sqrt(-np.expm1(-2 * h)) * draw(x.shape)
        return x

    return sample


def sde_dpm_solver_1(denoise, x, s, draw):
    """x' = x - 2 s'(e^h - 1) ε + s' √(e^{2h} - 1) z: Lu et al. 2022b, (17)."""
    for a, b in zip(s, s[1:]):
        e = (x - denoise(x, a)) / a
        x = x - 2 * (a - b) * e + np.sqrt(a**2 - b**2) * draw(x.shape)
    return x


def midpoint_ancestral(denoise, x, s, draw):
    """`midpoint` down to √(s'² - u²), then + u z, u² = s'²(1 - s'²/s²): k-diffusion."""
    for a, b in zip(s, s[1:]):
        u = b * np.sqrt(1 - b**2 / a**2)
        x = midpoint(denoise, x, [a, np.sqrt(b**2 - u**2)], draw) + u * draw(x.shape)
    return x


def dpm_solver_pp_2s_ancestral(denoise, x, s, draw):
    """The same with DPM-Solver++(2S)."""
    for a, b in zip(s, s[1:]):
        u = b * np.sqrt(1 - b**2 / a**2)
        x = dpm_solver_pp_2s(denoise, x, [a, np.sqrt(b**2 - u**2)], draw) + u * draw(x.shape)
    return x


def reverse_diffusion_ve(denoise, x, s, draw):
    """x' = x + (s² - s'²) score + √(s² - s'²) z: Song et al. 2021, (46)."""
    for a, b in zip(s, s[1:]):
        x = x + (a**2 - b**2) * (denoise(x, a) - x) / a**2 + np.sqrt(a**2 - b**2) * draw(x.shape)
    return x


def euler_maruyama_in_log(denoise, x, s, draw):
    """Euler-Maruyama for dx = 2 (D - x) du + √2 s dw, u = -log s."""
    for a, b in zip(s, s[1:]):
        h = np.log(a / b)
        x = x + 2 * h * (denoise(x, a) - x) + np.sqrt(2 * h) * a * draw(x.shape)
    return x


def euler_maruyama_in_level(denoise, x, s, draw):
    """Euler-Maruyama for dx = 2 (x - D)/s ds + √(2 s) dw, s falling."""
    for a, b in zip(s, s[1:]):
        x = x + 2 * (a - b) / a * (denoise(x, a) - x) + np.sqrt(2 * a * (a - b)) * draw(x.shape)
    return x

"""Samplers of flows written out in NumPy from their papers, in x / α and levels s; ε = (x - D) / s.

Each is f(denoise, x, levels, draw) -> x at the last level. λ = -log s, h = λ' - λ.
"""

from __future__ import annotations

import numpy as np


def ddim(denoise, x, s, draw, eta=0.0):
    """x' = D + √(s'² - u²) ε + u z,  u = η s' √(1 - s'²/s²): Song et al. 2021a, (12), (16)."""
    for a, b in zip(s, s[1:]):
        D = denoise(x, a)
        u = eta * b * np.sqrt(1 - b**2 / a**2)
        x = D + np.sqrt(b**2 - u**2) * (x - D) / a
        if eta:
            x = x + u * draw(x.shape)
    return x


def heun(denoise, x, s, draw):
    """x' = x + (s' - s)(ε + ε')/2, ε' at Euler's x': Karras et al. 2022, algorithm 1."""
    for a, b in zip(s, s[1:]):
        e = (x - denoise(x, a)) / a
        y = x + (b - a) * e
        x = x + (b - a) * (e + (y - denoise(y, b)) / b) / 2
    return x


def midpoint(denoise, x, s, draw):
    """x' = x + (s' - s) ε(y, √(s s')), y Euler's to there: DPM-Solver-2 as k-diffusion has it."""
    for a, b in zip(s, s[1:]):
        m = np.sqrt(a * b)
        y = x + (m - a) * (x - denoise(x, a)) / a
        x = x + (b - a) * (y - denoise(y, m)) / m
    return x


def adams_bashforth(order, variable=lambda s: s):
    """x' = x + ∫ P ds, P through the last `order` ε, a polynomial in variable(s).

    Zhang and Chen 2023 (DEIS), ρAB in s, and its exponential forms in log s.
    """

    def sample(denoise, x, s, draw):
        seen = []
        for a, b in zip(s, s[1:]):
            seen = [*seen, (a, (x - denoise(x, a)) / a)][-order:]
            x = x + _integral([(variable(t), e) for t, e in seen], variable, a, b)
        return x

    return sample


def adams_bashforth_data(order):
    """x' = s'/s x + s' ∫ e^λ P dλ, P through the last `order` D, in λ: DPM-Solver++'s integral."""

    def sample(denoise, x, s, draw):
        seen = []
        for a, b in zip(s, s[1:]):
            seen = [*seen, (-np.log(a), denoise(x, a))][-order:]
            x = b / a * x + b * exponential_integral(seen, -np.log(a), -np.log(b))
        return x

    return sample


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def _lagrange(seen, at):
    """The polynomial through (u_i, v_i) at the points `at`, a list of arrays."""
    total = 0.0
    for i, (u, v) in enumerate(seen):
        others = [w for j, (w, _) in enumerate(seen) if j != i]
        weights = (
            np.prod([(at - w) / (u - w) for w in others], axis=0) if others else np.ones_like(at)
        )
        total = total + np.multiply.outer(weights, v)
    return total


def _integral(seen, variable, a, b):
    t = (a + b) / 2 + (b - a) / 2 * _NODES
    return np.tensordot(_WEIGHTS * (b - a) / 2, _lagrange(seen, variable(t)), 1)


def exponential_integral(seen, a, b, rate=1):
    t = (a + b) / 2 + (b - a) / 2 * _NODES
    return np.tensordot(_WEIGHTS * (b - a) / 2 * np.exp(rate * t), _lagrange(seen, t), 1)


def dpm_solver_1(denoise, x, s, draw):
    """DPM-Solver-1 is DDIM: Lu et al. 2022, (4.1)."""
    return ddim(denoise, x, s, draw)


def dpm_solver_2(denoise, x, s, draw, r=0.5):
    """u = x - s_r (e^{rh} - 1) ε;  x' = x - s'(e^h - 1) ε - s'/(2r) (e^h - 1)(ε_r - ε).

    Lu et al. 2022a, algorithms 1 and 4.
    """
    for a, b in zip(s, s[1:]):
        h = np.log(a / b)
        m = a * np.exp(-r * h)
        e = (x - denoise(x, a)) / a
        u = x - m * np.expm1(r * h) * e
        er = (u - denoise(u, m)) / m
        x = x - b * np.expm1(h) * e - b / (2 * r) * np.expm1(h) * (er - e)
    return x


def dpm_solver_3(denoise, x, s, draw):
    """Lu et al. 2022a, algorithm 2, r₁ = 1/3, r₂ = 2/3."""
    p, q = 1 / 3, 2 / 3
    for a, b in zip(s, s[1:]):
        h = np.log(a / b)
        m, n = a * np.exp(-p * h), a * np.exp(-q * h)
        e = (x - denoise(x, a)) / a
        u = x - m * np.expm1(p * h) * e
        d1 = (u - denoise(u, m)) / m - e
        v = x - n * np.expm1(q * h) * e - n * q / p * (np.expm1(q * h) / (q * h) - 1) * d1
        d2 = (v - denoise(v, n)) / n - e
        x = x - b * np.expm1(h) * e - b / q * (np.expm1(h) / h - 1) * d2
    return x


def dpm_solver_pp_2s(denoise, x, s, draw, r=0.5):
    """DPM-Solver++(2S): Lu et al. 2022b, algorithm 1."""
    for a, b in zip(s, s[1:]):
        h = np.log(a / b)
        m = a * np.exp(-r * h)
        D = denoise(x, a)
        u = m / a * x - np.expm1(-r * h) * D
        x = b / a * x - np.expm1(-h) * ((1 - 1 / (2 * r)) * D + denoise(u, m) / (2 * r))
    return x


def dpm_solver_pp_2m(denoise, x, s, draw):
    """DPM-Solver++(2M): Lu et al. 2022b, algorithm 2."""
    last = None
    for k, (a, b) in enumerate(zip(s, s[1:])):
        h, D = np.log(a / b), denoise(x, a)
        E = D if last is None else D + (D - last) * h / (2 * np.log(s[k - 1] / a))
        x, last = b / a * x - np.expm1(-h) * E, D
    return x


def dpm_solver_pp_3m(denoise, x, s, draw):
    """DPM-Solver++(3M), D's two divided differences: Lu et al. 2022b, appendix; first 1M, 2M."""
    seen = []
    for a, b in zip(s, s[1:]):
        lam, h = -np.log(a), np.log(a / b)
        seen = [*seen, (lam, denoise(x, a))][-3:]
        D = seen[-1][1]
        new = b / a * x - np.expm1(-h) * D
        if len(seen) == 2:
            r = (lam - seen[0][0]) / h
            new = new - 0.5 * np.expm1(-h) * (D - seen[0][1]) / r
        if len(seen) == 3:
            (l2, D2), (l1, D1), _ = seen
            r0, r1 = (lam - l1) / h, (l1 - l2) / h
            d10, d11 = (D - D1) / r0, (D1 - D2) / r1
            d1, d2 = d10 + r0 / (r0 + r1) * (d10 - d11), (d10 - d11) / (r0 + r1)
            new = new + (np.expm1(-h) / h + 1) * d1 - ((np.expm1(-h) + h) / h**2 - 0.5) * d2
        x = new
    return x


def dpm_solver_2m(denoise, x, s, draw):
    """x' = x - s'(e^h - 1)(ε + (ε - ε₋) h / 2h₋): DPM-Solver's two-step form in ε."""
    last = None
    for k, (a, b) in enumerate(zip(s, s[1:])):
        h, e = np.log(a / b), (x - denoise(x, a)) / a
        E = e if last is None else e + (e - last) * h / (2 * np.log(s[k - 1] / a))
        x, last = x - (a - b) * E, e
    return x


def flow_heun(denoise, x, s, draw):
    """Heun for dy/dt = E[Z - X | y], y = (1 - t) X + t Z, t = s/(1 + s)."""
    t = s / (1 + s)

    def velocity(y, k):
        D = denoise(y / (1 - t[k]), s[k])
        return (y - (1 - t[k]) * D) / t[k] - D

    y = (1 - t[0]) * x
    for k in range(len(t) - 1):
        v = velocity(y, k)
        y = y + (t[k + 1] - t[k]) * (v + velocity(y + (t[k + 1] - t[k]) * v, k + 1)) / 2
    return y / (1 - t[-1])


def rosenbrock_adams_bashforth(order):
    """In y = x/√(1 + s²), u = log s: y' = y + ∫ P(u) e^u/(1 + e^{2u}) du, P through the last f.

    f = (x / √(1 + s²) - √(1 + s²) D) / s, dx/du = a x + √a f, a = s²/(1 + s²): azula's page.
    """

    def sample(denoise, x, s, draw):
        seen = []
        for a, b in zip(s, s[1:]):
            w = np.sqrt(1 + a**2)
            seen = [*seen, (np.log(a), (x / w - w * denoise(x, a)) / a)][-order:]
            u = (np.log(a) + np.log(b)) / 2 + (np.log(b) - np.log(a)) / 2 * _NODES
            weights = _WEIGHTS * np.log(b / a) / 2 * np.exp(u) / (1 + np.exp(2 * u))
            x = np.sqrt(1 + b**2) * (x / w + np.tensordot(weights, _lagrange(seen, u), 1))
        return x

    return sample


def euler_in_log(denoise, x, s, draw):
    """Euler for dx/du = D - x, u = -log s."""
    for a, b in zip(s, s[1:]):
        x = x + np.log(a / b) * (denoise(x, a) - x)
    return x


def heun_in_log(denoise, x, s, draw):
    """Heun for dx/du = D - x, u = -log s."""
    for a, b in zip(s, s[1:]):
        v = denoise(x, a) - x
        y = x + np.log(a / b) * v
        x = x + np.log(a / b) * (v + denoise(y, b) - y) / 2
    return x

"""Densities in time with their derivatives: exact for diffused laws, or of any log density."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_callable,
    as_offering,
    as_points,
    as_positive,
    as_real,
    as_scalar,
    beyond_float,
)
from refscore.diffusion.probability_flow import one_time
from refscore.nodes import gaussian_components
from refscore.processes import as_process


class StillDensity:
    """A law as a density that does not change.

    `log_density`, `score`, `jacobian` (of the score) and `rate` = 0 (∂ log p/∂t), each of
    points (..., d) and a time. Arguments: law, with log_density and a score.
    Checked by: fokker_planck_residual
    """

    def __init__(self, law):
        self.law = as_offering(law, "law", "log_density", "score")

    def at(self, t):
        """The law at time t."""
        return self.law

    def log_density(self, x, t) -> np.ndarray:
        """log p(x, t), (...,)."""
        return self.at(t).log_density(x)

    def score(self, x, t) -> np.ndarray:
        """∇ log p, (..., d)."""
        return self.at(t).score(x)

    def jacobian(self, x, t) -> np.ndarray:
        """∇∇ log p, (..., d, d)."""
        return self.at(t).score.jacobian(x)

    def rate(self, x, t) -> np.ndarray:
        """∂ log p/∂t, (...,)."""
        return np.zeros(np.shape(x)[:-1])


class DiffusedDensity(StillDensity):
    """The densities p_t of X_t = α_t X_0 + σ_t Z, with exact derivatives.

        ∂ log N(x; m, C)/∂t = ṁ·u + ½ uᵀ Ċ u - ½ tr(C⁻¹ Ċ),  u = C⁻¹ (x - m)
        ṁ = α' μ,  Ċ = 2 α α' S + (σ²)' I,  mixtures by their responsibilities

    α' and σ' are the process's `marginal_rates`, or else four-point differences of `marginal`.
    Arguments: process; law, Gaussian, a mixture of Gaussians, or anything that has their
    components. Raises: TypeError for other laws.
    Checked by: fokker_planck_residual, continuity_residual
    """

    def __init__(self, process, law):
        self.process = as_process(process)
        super().__init__(law)
        self._weights, self._means, self._covariances = gaussian_components(law)

    def at(self, t):
        """The law of X_t."""
        alpha, sigma = self.process.marginal(one_time(t, self.process, "t"))
        return self.law.diffuse(float(alpha), float(sigma))

    def rate(self, x, t) -> np.ndarray:
        """∂ log p/∂t, (...,)."""
        t = one_time(t, self.process, "t")
        x = as_points(x, "x", self._means.shape[1])
        alpha, sigma = (float(v) for v in self.process.marginal(t))
        alpha_rate, variance_rate = marginal_rates(self.process, t)
        with beyond_float():
            parts = [
                _component(x, m, S, (alpha, alpha_rate), (sigma**2, variance_rate))
                for m, S in zip(self._means, self._covariances)
            ]
            logs, rates = np.moveaxis(np.array(parts), 1, 0)
            logs = logs + np.log(self._weights).reshape(-1, *[1] * (x.ndim - 1))
            shares = np.exp(logs - np.max(logs, axis=0))
            return np.sum(shares * rates, axis=0) / np.sum(shares, axis=0)


def _component(x, m, S, scale, added):
    """log N(x; α m, C) up to a constant, and its rate; scale (α, α'), added (σ², (σ²)')."""
    (alpha, alpha_rate), eye = scale, np.eye(x.shape[-1])
    C = alpha**2 * S + added[0] * eye
    moved = 2 * alpha * alpha_rate * S + added[1] * eye
    gap = x - alpha * m
    u = np.linalg.solve(C, gap[..., None])[..., 0]
    log = -0.5 * (np.sum(gap * u, axis=-1) + np.linalg.slogdet(C)[1])
    spread = 0.5 * (np.sum(u @ moved * u, axis=-1) - np.trace(np.linalg.solve(C, moved)))
    return log, alpha_rate * (u @ m) + spread


class FunctionDensity:
    """Any log density of points and a time, differentiated by differences or by autograd.

    Arguments: log_density(x, t), (m, d) and a number to (m,), up to nothing: its constant may
    depend on t; derivatives, "differences": central, fourth order, to about 1e-8 of the second
    derivative with steps of `step` (times what x and t are worth: 1), or "autograd": exact in x
    for a function written in autograd.numpy, time still by differences.
    Raises: ValueError for other names, shapes.
    Checked by: flow_keeps_the_continuity_equation
    """

    def __init__(self, log_density: Callable, derivatives: str = "differences", step=2e-3):
        self._log_density = as_callable(log_density, "log_density")
        if derivatives not in ("differences", "autograd"):
            raise ValueError(
                f'derivatives must be "differences" or "autograd", got {derivatives!r}'
            )
        self.derivatives, self.step = derivatives, as_positive(step, "step")

    def log_density(self, x, t) -> np.ndarray:
        """log p(x, t), (...,)."""
        x, t = as_points(x, "x"), as_scalar(t, "t")
        return self._rows(x.reshape(-1, x.shape[-1]), t).reshape(x.shape[:-1])

    def _rows(self, x, t) -> np.ndarray:
        with beyond_float():
            values = as_real(self._log_density(x.copy(), t), "log_density(x, t)")
        if values.shape != x.shape[:-1]:
            raise ValueError(
                f"log_density must map points {x.shape} to {x.shape[:-1]}, got {values.shape}"
            )
        return values

    def score(self, x, t) -> np.ndarray:
        """∇ log p, (..., d)."""
        if self.derivatives == "autograd":
            from refscore import autodiff

            x = as_points(x, "x")
            rows = x.reshape(-1, x.shape[-1]).copy()
            return autodiff.gradient(lambda y: self._log_density(y, t), rows).reshape(x.shape)
        t = as_scalar(t, "t")
        return gradient(lambda y: self.log_density(y, t), as_points(x, "x"), self.step)

    def jacobian(self, x, t) -> np.ndarray:
        """∇∇ log p, (..., d, d)."""
        x = as_points(x, "x")
        if self.derivatives == "autograd":
            from refscore import autodiff

            rows = x.reshape(-1, x.shape[-1]).copy()
            slope = autodiff.hessian(lambda y: self._log_density(y, t), rows)
            return slope.reshape(*x.shape, x.shape[-1])
        return jacobian(lambda y: self.score(y, t), x, self.step)

    def rate(self, x, t) -> np.ndarray:
        """∂ log p/∂t, (...,)."""
        t = as_scalar(t, "t")
        return difference(lambda u: self.log_density(x, t + u), self.step)


def marginal_rates(process, t: float) -> tuple[float, float]:
    """(α', (σ²)') at time t: what the process says, else differences of its marginal."""
    h = 1e-3 * process.final_time
    if hasattr(process, "marginal_rates"):
        sigma = float(process.marginal(t)[1])
        alpha_rate, sigma_rate = process.marginal_rates(t)
        if sigma == 0:  # noise that starts like √t: σ' is infinite, (σ²)' = g²
            return float(alpha_rate), float(process.diffusion(t)) ** 2
        return float(alpha_rate), 2 * sigma * float(sigma_rate)
    h = min(h, t / 3, (process.final_time - t) / 3) or h

    def moments(u):
        alpha, sigma = process.marginal(t + u)
        return np.array([float(alpha), float(sigma) ** 2])

    alpha_rate, variance_rate = difference(moments, h)
    return float(alpha_rate), float(variance_rate)


def difference(f: Callable, h: float):
    """f'(0) by four points: error h⁴ f⁽⁵⁾/30."""
    with beyond_float():
        return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def gradient(f: Callable, x: np.ndarray, h: float) -> np.ndarray:
    """∇f of a function (..., d) -> (...,), as (..., d)."""
    units = np.eye(x.shape[-1])
    return np.stack([difference(lambda u, e=e: f(x + u * e), h) for e in units], axis=-1)


def jacobian(f: Callable, x: np.ndarray, h: float) -> np.ndarray:
    """∂f_i/∂x_j of a field, as (..., d, d)."""
    return gradient(f, x, h)

"""Existence and uniqueness made visible: Picard's iteration, and a field with many solutions."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_points, as_positive, require_finite
from refscore.fields import Field, as_velocity
from refscore.ode._grids import as_times


def picard(velocity, x0, times, n_iterations: int) -> np.ndarray:
    """Picard's iterates on a grid, from the constant path: they tend to the one solution.

        x⁰(t) = x0,  xᵏ⁺¹(t) = x0 + ∫_{t0}^t f(xᵏ(s), s) ds

    For f with Lipschitz constant L in x the k-th is within (L |t - t0|)ᵏ / k! · max |x¹ - x0| ·
    e^{L |t - t0|} of the solution. The integral is that of the cubic spline of f over `times`:
    the limit is off the solution by O(h⁴) of the spacing h.
    Arguments: velocity f, a Family or a Field; x0 (..., d); times (m,), strictly monotone, at
    least 4, t0 first; n_iterations, at least 0. Returns: (n_iterations + 1, m, ..., d), x⁰ first.
    Raises: TypeError, ValueError naming the argument. Cost: m f an iteration. Source: Hairer,
    Nørsett and Wanner 1993, I.8, equation 8.4.
    Checked by: picard_iterates
    """
    from scipy.interpolate import CubicSpline

    velocity = as_velocity(velocity, "velocity")
    x0, times = as_points(x0, "x0", velocity.dim), as_times(times, least=4)
    n = as_count(n_iterations, "n_iterations", minimum=0)
    paths = np.empty((n + 1, len(times), *x0.shape))
    paths[0] = x0
    sign = 1.0 if times[1] > times[0] else -1.0  # splines want ascending knots
    with np.errstate(all="ignore"):
        for k in range(n):
            slopes = np.stack([velocity.at(t)(x) for t, x in zip(times, paths[k])])
            require_finite(slopes, "the velocity along the path")
            integral = CubicSpline(sign * times, sign * slopes).antiderivative()
            paths[k + 1] = require_finite(x0 + integral(sign * times), "the path")
    return paths


class SquareRoot(Field):
    """√|x|, coordinate by coordinate: continuous, not Lipschitz at 0, where uniqueness fails.

    Source: Hairer, Nørsett and Wanner 1993, I.7 (Peano's non-uniqueness).
    Tested in: tests/ode/test_picard.py
    """

    def _value(self, x):
        return np.sqrt(np.abs(x))

    def _jacobian(self, x):
        with np.errstate(all="ignore"):
            slopes = np.sign(x) / (2 * np.sqrt(np.abs(x)))
        return slopes[..., None] * np.eye(self.dim)


def square_root_solution(times, wait) -> np.ndarray:
    """One of the many solutions of dx/dt = √|x|, x(0) = 0: it stays for a while, then leaves.

        x(t) = 0 for t ≤ w,  (t - w)² / 4 beyond

    Arguments: times (...,); wait w, at least 0. Returns: (...,). Source: Hairer, Nørsett and
    Wanner 1993, I.7.
    Checked by: square_root_has_many_solutions
    """
    times, wait = as_array(times, "times"), as_positive(wait, "wait", zero=True)
    with np.errstate(over="ignore"):
        return np.maximum(times - wait, 0.0) ** 2 / 4

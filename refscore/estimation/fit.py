"""Fitting any field with parameters: quasi-Newton on a given loss."""

from __future__ import annotations

import numpy as np

from refscore import objectives
from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_offering,
    as_points,
    as_positive,
    as_rng,
    beyond_float,
    require_one,
)
from refscore.estimation._rank import dependent, solve_symmetric
from refscore.estimation._rows import draws, rows_of
from refscore.estimation.result import FitResult


def fit(
    objective, field, x, *, tolerance=1e-8, max_iterations=1000, errors=False, rng=None, **given
) -> FitResult:
    """The minimiser of a mean loss in a field's parameters, from where they are, by L-BFGS.

    objective a function `(field, x, **given) -> (mean loss, gradient (p,))`, such as
    `objectives.denoising_loss_and_gradient`, or its name without the ending: "implicit",
    "sliced", "denoising", ...; field anything with `parameters` and `with_parameters`; x points
    (n, d); tolerance on the largest entry of the gradient; given further arguments of the
    objective. An objective that takes `rng` sees the same draws at every step, by a seed from
    `rng`. With errors=True the FitResult has the sandwich covariance; noise or probes must then
    be given, arrays of n rows, and every parameter costs two gradients, every point one.
    The result is the best point of the way down, whether or not the last one is.
    Raises ValueError if the loss is not finite or not bounded below, where D is singular, and
    for columns of x that are constant or collinear where the loss takes the data as they are.
    Tested in: tests/estimation/test_fit.py
    """
    from scipy.optimize import minimize

    objective = named_objective(objective)
    field, x = as_parametric(field, "field"), _points(x)
    tolerance, drawn = as_positive(tolerance, "tolerance"), draws(objective, given)
    if drawn:
        given = {**given, "rng": int(as_rng(rng, "noise").integers(2**62))}
    else:
        for name in ("noise", "probes"):
            require_one(name, given.get(name), rng)
    require_spread(objective, x)
    start, path = field.parameters, _Path()

    def loss(theta):
        with beyond_float():
            value, gradient = objective(field.with_parameters(theta), x, **given)
        return path.note(theta, float(value), as_gradient(gradient, theta))

    if not np.isfinite(loss(start)[0]) or path.theta is None:
        raise ValueError("the loss or its gradient is not finite at the field's own parameters")
    options = {
        "maxiter": as_count(max_iterations, "max_iterations"),
        "maxfun": 4 * max_iterations,
        "gtol": tolerance,
        "ftol": 0.0,
    }
    with np.errstate(all="ignore"):
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    if not (np.isfinite(found.x).all() and np.isfinite(found.fun)):
        raise ValueError("the loss is not bounded below, or not finite, on the way down")
    if found.fun - path.loss <= 1e-12 * (1 + abs(path.loss)):
        path.keep(found.x, float(found.fun), float(np.abs(found.jac).max(initial=0)))
    theta, size = path.theta, np.abs(path.theta).max()
    units = max(1.0, 1 / float(x.var(axis=0).min() or 1.0))  # a score of narrow data is steep
    if size > 1e7 * units * (1 + np.abs(start).max()) or path.fell_without_end():
        raise ValueError(
            f"the loss is not bounded below: it fell from {path.first:.3g} to {path.loss:.3g}, its"
            f" parameters ran off to {size:.0e}{_flat_columns(x)}"
        )
    fitted, slope = field.with_parameters(theta), path.slope
    converged = slope <= tolerance
    ended = f"L-BFGS, {found.nit} iterations, largest gradient entry {slope:.1e}"
    covariance = None
    if errors:
        if drawn:
            raise ValueError("errors=True needs the noise or probes given, to read them by row")
        covariance = _sandwich(objective, field, theta, x, given)
    names = tuple(f"theta[{j}]" for j in range(len(theta)))
    return FitResult(theta, covariance, path.loss, len(x), names, fitted, converged, ended)


class _Path:
    """The least loss on the way down, where it was, and how steep the start and that point are."""

    def __init__(self):
        self.theta, self.loss, self.slope = None, np.inf, np.inf

    def note(self, theta, loss, gradient):
        slope = float(np.abs(gradient).max(initial=0))
        if self.theta is None:
            self.first, self.first_slope, self.loss = loss, slope, np.inf
        if loss < self.loss and np.isfinite(slope):
            self.keep(theta, loss, slope)
        return loss, gradient

    def keep(self, theta, loss, slope):
        """Hold this point for the best one."""
        self.theta, self.loss, self.slope = np.array(theta), loss, slope

    def fell_without_end(self) -> bool:
        """Far below the start, and a thousand times steeper than there."""
        fell = self.loss < self.first - 1e3 * (1 + abs(self.first))
        return fell and self.slope > 1e3 * (1 + self.first_slope)


def named_objective(objective):
    """The function of an objective, which may be given by its name."""
    if not isinstance(objective, str):
        return as_callable(objective, "objective")
    function = getattr(objectives, f"{objective}_loss_and_gradient", None)
    if function is None:
        ending = "_loss_and_gradient"
        known = [n.removesuffix(ending) for n in objectives.__all__ if n.endswith(ending)]
        raise ValueError(f"objective must be one of {', '.join(known)}; got {objective!r}")
    return function


def as_parametric(field, name: str):
    """`field`, which must have parameters, at least one."""
    field = as_offering(field, name, "parameters", "with_parameters")
    if np.size(field.parameters) == 0:
        raise ValueError(f"{name} must have at least one parameter, got none")
    return field


def as_gradient(value, theta) -> np.ndarray:
    """What an objective returned as its gradient, which must have the parameters' shape."""
    value = np.asarray(value, dtype=np.float64)
    if value.shape != theta.shape:
        raise ValueError(
            f"objective must return a gradient of shape {theta.shape}, got shape {value.shape}"
        )
    return value


_ON_THE_DATA = tuple(
    getattr(objectives, f"{name}_loss_and_gradient")
    for name in ("implicit", "sliced", "variance_reduced_sliced", "finite_difference")
)


def require_spread(objective, x) -> None:
    """Raise where x lies in a hyperplane, to rounding, and the loss is one without noise."""
    flat = _flat_columns(x) if objective in _ON_THE_DATA else ""
    if flat:
        name = objective.__name__.removesuffix("_loss_and_gradient")
        raise ValueError(f"the {name} loss is not bounded below{flat}")


def _flat_columns(x) -> str:
    """What about the points makes a loss unbounded, in words."""
    with beyond_float(), np.errstate(under="ignore"):
        largest = np.abs(x).max(axis=0)
        u = x / np.where(largest > 0, largest, 1.0)
        u = u - u.mean(0)
        sd = np.sqrt((u**2).mean(0))
    constant = [f"{j}" for j in np.flatnonzero(sd <= 1e-13)]
    if constant:
        return f"; x is constant in column {', '.join(constant)}"
    null = len(dependent((u / sd).T @ (u / sd) / len(u)))
    return f"; the {x.shape[1]} columns of x span {x.shape[1] - null} dimensions only" * (null > 0)


def _points(x):
    x = as_points(x, "x")
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"x must hold at least two points, (n, d); got shape {x.shape}")
    return x


def _sandwich(objective, field, theta, x, given):
    """D⁻¹ V D⁻¹/n: D by central differences of the gradient, V from the gradient at every point."""
    n, p = len(x), len(theta)
    given = {
        k: as_array(v, k) if isinstance(v, (list, np.ndarray)) else v for k, v in given.items()
    }

    def gradient(at, rows=slice(None)):
        return objective(field.with_parameters(at), x[rows], **rows_of(given, rows, n))[1]

    D = np.zeros((p, p))
    for j in range(p):
        step = np.zeros(p)
        step[j] = 6e-6 * max(1.0, abs(theta[j]))
        D[j] = (gradient(theta + step) - gradient(theta - step)) / (2 * step[j])
    each = np.stack([gradient(theta, slice(i, i + 1)) for i in range(n)])
    solve = solve_symmetric(0.5 * (D + D.T), [f"theta[{j}]" for j in range(p)], n)
    covariance = solve(solve(each.T @ each / n).T) / n
    return 0.5 * (covariance + covariance.T)

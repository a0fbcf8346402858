"""Fitting any field with parameters: quasi-Newton on a given loss."""

from __future__ import annotations

import inspect

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
)
from refscore.estimation._rank import solve_symmetric
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
    Raises ValueError if the loss is not finite, or where D is singular.
    Tested in: tests/estimation/test_fit.py
    """
    from scipy.optimize import minimize

    objective = named_objective(objective)
    field, x = as_parametric(field, "field"), _points(x)
    tolerance, draws = as_positive(tolerance, "tolerance"), "rng" in names_of(objective)
    drawn = draws and not any(given.get(name) is not None for name in ("noise", "probes"))
    if draws:
        given = {**given, "rng": int(as_rng(rng).integers(2**62))}

    def loss(theta):
        with beyond_float():
            value, gradient = objective(field.with_parameters(theta), x, **given)
        return float(value), as_gradient(gradient, theta)

    start = field.parameters
    if not np.isfinite(loss(start)[0]):
        raise ValueError("the loss is not finite at the field's own parameters")
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
    if np.abs(found.x).max() > 1e7 * (1 + np.abs(start).max()):
        raise ValueError(
            f"the loss is not bounded below: its parameters ran off to {np.abs(found.x).max():.0e}"
            f"{_flat_columns(x)}"
        )
    fitted = field.with_parameters(found.x)
    slope = float(np.abs(found.jac).max(initial=0))
    converged = slope <= tolerance
    ended = f"L-BFGS, {found.nit} iterations, largest gradient entry {slope:.1e}"
    covariance = None
    if errors:
        if drawn:
            raise ValueError("errors=True needs the noise or probes given, to read them by row")
        covariance = _sandwich(objective, field, found.x, x, given)
    names = tuple(f"theta[{j}]" for j in range(len(found.x)))
    return FitResult(found.x, covariance, float(found.fun), len(x), names, fitted, converged, ended)


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


def rows_of(given: dict, rows, n: int) -> dict:
    """The arguments for some of the n points: those that go with points are taken by row."""
    return {
        name: value[rows] if goes_by_row(name, value, n) else value for name, value in given.items()
    }


BY_ROW = ("noise", "probes", "levels", "sigma", "factor")


def goes_by_row(name: str, value, n: int) -> bool:
    """Whether an argument of an objective belongs to its points one by one."""
    return name in BY_ROW and np.shape(value)[:1] == (n,)


def as_gradient(value, theta) -> np.ndarray:
    """What an objective returned as its gradient, which must have the parameters' shape."""
    value = np.asarray(value, dtype=np.float64)
    if value.shape != theta.shape:
        raise ValueError(
            f"objective must return a gradient of shape {theta.shape}, got shape {value.shape}"
        )
    return value


def names_of(function):
    """The names of a function's arguments, none where it does not tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


_ON_THE_DATA = tuple(
    getattr(objectives, f"{name}_loss_and_gradient")
    for name in ("implicit", "sliced", "variance_reduced_sliced", "finite_difference")
)


def require_spread(objective, x) -> None:
    """Raise where x lies in a hyperplane and the loss is one without noise: it has no minimum."""
    flat = _flat_columns(x) if objective in _ON_THE_DATA else ""
    if flat:
        name = objective.__name__.removesuffix("_loss_and_gradient")
        raise ValueError(f"the {name} loss is not bounded below{flat}")


def _flat_columns(x) -> str:
    """What about the points makes a loss unbounded, in words."""
    constant = [f"{j}" for j in np.flatnonzero((x == x[0]).all(axis=0))]
    if constant:
        return f"; x is constant in column {', '.join(constant)}"
    with beyond_float(), np.errstate(under="ignore"):
        u = x / np.abs(x).max(axis=0)
        rank = np.linalg.matrix_rank(u - u.mean(0))
    if rank < x.shape[1]:
        return f"; the {x.shape[1]} columns of x span {rank} dimensions only"
    return ""


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

"""Runge-Kutta methods as the adaptive solver takes them: the slope at x' stands after s stages."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_positive
from refscore.ode.steps import embedded, interpolation_weights
from refscore.ode.tableaux import TABLEAUX, Tableau, own_stages, tableau

SCIPY = {"RK23": "bogacki_shampine", "RK45": "dormand_prince", "DOP853": "dop853"}
USUAL = 1e-6  # rtol, and atol, of a solve that is given none
IMPLICIT = ("Radau", "BDF", "LSODA")  # which scipy alone has; LSODA where it takes to it


def as_tolerances(rtol, atol, **grid) -> tuple[float, float]:
    """rtol and atol of error control, the usual where None; ValueError where one comes with what
    sets the steps itself, `n_steps` or `times`."""
    fixed = next((name for name, value in grid.items() if value is not None), None)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if fixed is not None and value is not None:
            raise ValueError(
                f"{name} is of error control, of which there is none with {fixed}: give one of"
                f" them, got {name} = {value!r} and {fixed} = {grid[fixed]!r}"
            )
    return (
        USUAL if rtol is None else as_positive(rtol, "rtol"),
        USUAL if atol is None else as_positive(atol, "atol"),
    )


class Scheme(NamedTuple):
    """A (s, s), b (s,), c (s,); power, of the tolerance in the step, 1 / (order of b̂ + 1).

    error(K, h, scale), the norm (n,) of every column's error for slopes K (s + 1, p, n);
    dense (s + 1, m), or the stages that DOP853 adds for its interpolant, (A, c, D).
    """

    A: np.ndarray
    b: np.ndarray
    c: np.ndarray
    power: float
    error: Callable
    dense: np.ndarray | tuple


def scheme(method) -> Scheme:
    """The scheme of an adaptive method: a name of `TABLEAUX`, "dop853", or a Tableau."""
    if isinstance(method, str) and method == "dop853":
        return _dop853()
    if isinstance(method, Tableau) or (isinstance(method, str) and method in TABLEAUX):
        return scheme_of(embedded(method))
    names = [name for name, table in TABLEAUX.items() if table.b_low is not None]
    raise ValueError(f"method must be one of {', '.join(names)}, dop853; got {method!r}")


def scheme_of(method) -> Scheme:
    """The scheme of a Tableau, with its embedded error where it has one."""
    method = tableau(method)
    s = own_stages(method)
    low = method.b if method.b_low is None else method.b_low
    weights, dense = method.b - low, method.dense
    if not method.fsal:
        weights, dense = np.append(weights, 0.0), np.pad(dense, ((0, 1), (0, 0)))
    power = 1 / (method.low_order + 1)
    return Scheme(method.A[:s, :s], method.b[:s], method.c[:s], power, _Error(weights), dense)


@cache
def _dop853() -> Scheme:
    """Dormand and Prince's method of order 8, with SciPy's coefficients."""
    from scipy.integrate import DOP853 as it

    extra = it.A_EXTRA, it.C_EXTRA, it.D
    A, error = it.A[: it.n_stages, : it.n_stages], _Errors(it.E5, it.E3)
    return Scheme(A, it.B, it.C, 1 / 8, error, extra)


@dataclass(frozen=True)
class _Error:
    """rms of h Σᵢ wᵢ kᵢ / scale."""

    weights: np.ndarray

    def __call__(self, K, h, scale):
        return rms(h * (self.weights @ K.reshape(len(K), -1)).reshape(K.shape[1:]) / scale)


@dataclass(frozen=True)
class _Errors:
    """h E₅² / √(E₅² + .01 E₃²), of estimates of order 5 and 3."""

    fifth: np.ndarray
    third: np.ndarray

    def __call__(self, K, h, scale):
        flat, pair = K.reshape(len(K), -1), (self.fifth, self.third)
        fifth, third = (rms((E @ flat).reshape(K.shape[1:]) / scale) for E in pair)
        with np.errstate(all="ignore"):
            ratio = fifth * (fifth / np.hypot(fifth, 0.1 * third))
        return np.abs(h) * np.where(fifth + third == 0, 0.0, ratio)


def rms(a) -> np.ndarray:
    """The root of the mean square of every column, (p, n) to (n,), whose squares may overflow."""
    with np.errstate(all="ignore"):
        found = np.sqrt(np.mean(a * a, axis=0))
        if math.isfinite(found.sum()):
            return found
        largest = np.abs(a).max(axis=0)
        scaled = largest * np.sqrt(np.mean((a / largest) ** 2, axis=0))
    return np.where(np.isfinite(largest) & (found == np.inf), scaled, found)


def run_stages(scheme: Scheme, slope, moments, h, y, f, index, K):
    """Fill K (s + 1, p, n) of one step from y with slopes f there; return the new states.

    moments: what slope.at gives for the times of stages 1, ..., s - 1 and of the end.
    """
    K[0] = f
    flat = K.reshape(len(K), -1)
    for i in range(1, len(scheme.b)):
        between = (scheme.A[i, :i] @ flat[:i]).reshape(y.shape)
        K[i] = slope(moments[i - 1], y + h * between, index)
    new = y + h * (scheme.b @ flat[:-1]).reshape(y.shape)
    K[-1] = slope(moments[-1], new, index)
    return new


def interpolated(scheme: Scheme, slope, times, h, y, fraction, index) -> np.ndarray:
    """The states (p, n) at times + fraction h, column by column, from stages run again."""
    K = np.empty((len(scheme.b) + 1, *y.shape))
    moments = slope.at(np.vstack([times + scheme.c[1:, None] * h, times + h]))
    first = slope(slope.at(times[None])[0], y, index)
    new = run_stages(scheme, slope, moments, h, y, first, index, K)
    if isinstance(scheme.dense, tuple):
        return _septic(scheme, slope, times, h, y, new, fraction, index, K)
    return y + h * np.einsum("ni,ipn->pn", interpolation_weights(scheme, fraction), K)


def _septic(scheme, slope, times, h, y, new, fraction, index, K):
    """Hairer, Nørsett and Wanner 1993, II.10: three more stages, nested as SciPy nests them."""
    A, c, D = scheme.dense
    K = np.concatenate([K, np.empty((len(A), *y.shape))])
    for i, moment in enumerate(slope.at(times + c[:, None] * h), start=len(K) - len(A)):
        between = np.tensordot(A[i - len(K) + len(A), :i], K[:i], 1)
        K[i] = slope(moment, y + h * between, index)
    start, end, move = K[0], K[len(K) - len(A) - 1], new - y
    parts = [move, h * start - move, 2 * move - h * (end + start), *h * np.tensordot(D, K, 1)]
    state = np.zeros_like(y)
    for i, part in enumerate(reversed(parts)):
        state = (state + part) * (fraction if i % 2 == 0 else 1 - fraction)
    return y + state

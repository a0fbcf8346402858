"""Drift and diffusion of dX = f(X, t) dt + g(X, t) dw, however they were given."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_positive, as_real, beyond_float
from refscore.fields.base import handed_to

_TIMES = ("t", "time", "u", "tau")


class Coefficients:
    """f and g as functions of points (m, d) and a time; `still`: neither depends on time.

    g comes as its square, one number a point (m,), or one a coordinate (m, d).
    """

    def __init__(self, drift, diffusion):
        drift = as_callable(drift, "drift")
        self.number = (
            None if callable(diffusion) else as_positive(diffusion, "diffusion", zero=True)
        )
        moves = [takes_time(drift, "drift"),
                 callable(diffusion) and takes_time(diffusion, "diffusion")]  # fmt: skip
        self.still = not any(moves)
        self._drift, self._diffusion = _timed(drift, moves[0]), _timed(diffusion, moves[1])

    def drift(self, x: np.ndarray, t: float) -> np.ndarray:
        """f (m, d) at points (m, d)."""
        with beyond_float():
            values = as_real(self._drift(x, t), "drift(x, t)")
        if values.shape != x.shape:
            raise ValueError(f"drift must return the shape of x, {x.shape}; got {values.shape}")
        return _finite(values, "drift", x, t)

    def squared(self, x: np.ndarray, t: float) -> np.ndarray:
        """g² at points (m, d): one number, (m,), or (m, d) where g is diagonal and given so."""
        if self.number is not None:
            return squared_number(self.number, "diffusion")
        with beyond_float():
            g = as_real(self._diffusion(x, t), "diffusion(x, t)")
        if g.shape not in ((), (len(x),), x.shape):
            raise ValueError(
                f"diffusion must return a number, one a point {(len(x),)}, or one a coordinate"
                f" {x.shape}: g is diagonal here; got shape {g.shape}"
            )
        g = _finite(g, "diffusion", x, t) if g.ndim else _finite(g[None], "diffusion", x[:1], t)[0]
        if g.min(initial=0) < 0:
            raise ValueError(f"diffusion must be at least 0, got {g.min():.3g} at t = {t:g}")
        return squared_number(g, "diffusion(x, t)")


def squared_number(g, name: str) -> np.ndarray:
    """g², where it is below 1.8e308."""
    with beyond_float():
        squared = np.asarray(g) ** 2
    if squared.size and not math.isfinite(squared.max()):
        raise ValueError(f"{name} must have a square below 1.8e308, got {np.max(g):.3g}")
    return squared


def _timed(function, moves: bool) -> Callable:
    """function(x, t), handed points that it may write to."""
    if moves:
        return lambda x, t: function(handed_to(function, x), t)
    return lambda x, t: function(handed_to(function, x))


def takes_time(function: Callable, name: str) -> bool:
    """Whether a function takes (x, t), not x alone: by its arguments.

    The second is the time unless it has a default; with a number or None for default it is where
    it is called t, time, u or tau, and else a constant of the function's own.
    """
    if isinstance(function, np.ufunc):
        return function.nin > 1
    try:
        given = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    bound = getattr(function, "keywords", {})  # of a partial
    for p in given:
        if p.kind is p.KEYWORD_ONLY and p.name in _TIMES and p.name not in bound:
            raise TypeError(
                f"{name.partition('(')[0]} must be a function of x or of (x, t): it takes"
                f" {p.name} by name only, put it second"
            )
    places = [p for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return any(p.default is p.empty or _is_time(p) for p in places[1:2])


def _is_time(p: inspect.Parameter) -> bool:
    """Whether an argument with a default is the time."""
    return p.name in _TIMES and (p.default is None or isinstance(p.default, (int, float)))


def _finite(values: np.ndarray, name: str, x: np.ndarray, t: float) -> np.ndarray:
    with beyond_float():
        if math.isfinite(values.sum()):
            return values
    bad = ~np.isfinite(values).reshape(len(x), -1).all(axis=1)
    for row in np.flatnonzero(bad)[:1]:
        raise ValueError(
            f"{name} must be finite, got {values[row]} at x = {x[row]}, t = {t:g}"
            f" ({int(bad.sum())} of {len(x)} points)"
        )
    return values

"""What every step is: a pure map of the point and the noise, which says what noise it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refscore._arguments import as_positive, as_real, beyond_float, require_finite
from refscore.distributions.base import Distribution
from refscore.fields.base import Field, handed_to

PIECE = 1 << 16  # numbers in x, beyond which rows are taken piece by piece
KINDS = ("normal", "uniform", "uniforms")


class Step:
    """A pure map step(x, noise) → x' on points (..., d), row by row.

    `parts` names the noise it takes: "normal" N(0, I) and "uniforms" U[0, 1), both of the
    shape of x; "uniform" U[0, 1), one a chain. One part is handed as one array, none as None,
    several as a tuple in that order; `noise_shapes(shape)` gives their shapes for x of that
    shape. `step_size` is its η (for kinetic steps and Hamiltonian ones the time step h).
    `start(x)` and `advance(state, noise)` are the same map on states, which keep what the last
    point already cost; state.x is the point. `coupled`: rows depend on each other.
    Checked by: langevin_spellings, langevin_chain
    """

    parts: tuple[str, ...] = ("normal",)
    coupled = False
    _functions: tuple = (None,)  # those the step calls; None for one it knows nothing about

    def __init__(self, step_size):
        self.step_size = as_positive(step_size, "step_size")

    def __call__(self, x, noise=None) -> np.ndarray:
        """The next point, x' (..., d)."""
        return self.advance(self.start(x), noise).x

    def start(self, x) -> Any:
        """The state at x."""
        return Point(points(x))

    def advance(self, state, noise) -> Any:
        """The state after one step."""
        return self._advance(state, *self._noise(noise, state.x.shape))

    def noise_shapes(self, shape: tuple) -> tuple[tuple, ...]:
        """The shapes of the parts of the noise for x of this shape."""
        return tuple(shape[:-1] if part == "uniform" else shape for part in self.parts)

    def scored(self, x: np.ndarray) -> np.ndarray:
        """The points at which a step from x first asks for the score."""
        return x

    def unusable(self, scores: np.ndarray) -> tuple[np.ndarray, str]:
        """(rows of scores from which there is no step, what they must be)."""
        return ~np.isfinite(scores).all(-1), "finite"

    def _advance(self, state, *noise) -> Any:
        """`advance` on parts of the noise that were checked, or drawn by `run`."""
        with beyond_float():
            if state.x.size > PIECE and state.x.ndim == 2 and of_rows(*self._functions):
                return self._in_pieces(state, noise)
            return self._next(state, *noise)

    def _in_pieces(self, state, noise) -> Any:
        """Some rows after the other, so that the cache holds what a step works on."""
        n, rows = len(state.x), max(1, PIECE // (2 * state.x.shape[-1]))
        whole: list = []
        for i in range(0, n, rows):
            piece = slice(i, i + rows)
            old = [None if part is None else part[piece] for part in state]
            new = self._next(type(state)(*old), *(z[piece] for z in noise))
            if not whole:
                whole = [None if a is None else np.empty((n, *a.shape[1:]), a.dtype) for a in new]
            for target, part in zip(whole, new):
                if part is not None:
                    target[piece] = part
        return type(state)(*whole)

    def _next(self, state, *noise) -> Any:
        return Point(self._move(state.x, *noise))

    def _move(self, x, *noise) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _move")

    def _noise(self, noise, shape: tuple) -> list[np.ndarray]:
        return noise_parts(noise, self.parts, self.noise_shapes(shape), shape)


class Point(NamedTuple):
    """A state that keeps the point only."""

    x: np.ndarray


def points(x, even: bool = False) -> np.ndarray:
    """x as float64 points (..., d); a kinetic point [x, v] has an even number of coordinates."""
    x = as_real(x, "x")
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"x must have shape (..., d), d at least 1; got shape {x.shape}")
    if even and x.shape[-1] % 2:
        raise ValueError(f"x must hold [x, v] and have shape (..., 2d), got shape {x.shape}")
    return x


def noise_parts(noise, parts: tuple, shapes: tuple, x_shape: tuple) -> list[np.ndarray]:
    """The parts of the noise as float64 arrays of their shapes."""
    if not parts:
        if noise is not None:
            raise ValueError("noise must be None: the step takes none")
        return []
    if len(parts) == 1:
        noise = (noise,)
    elif not isinstance(noise, (tuple, list)) or len(noise) != len(parts):
        came = f"{len(noise)}" if isinstance(noise, (tuple, list)) else type(noise).__name__
        raise ValueError(f"noise must be a tuple of {len(parts)}, {', '.join(parts)}; got {came}")
    names = ("noise",) if len(parts) == 1 else [f"noise[{i}]" for i in range(len(parts))]
    arrays = [as_real(part, name) for part, name in zip(noise, names)]
    for array, name, shape in zip(arrays, names, shapes):
        if array.shape != shape:
            wanted = f"of x, {shape}" if shape == x_shape else f"{shape}"
            raise ValueError(f"{name} must have the shape {wanted}; got shape {array.shape}")
    return arrays


def unit(array: np.ndarray, name: str) -> np.ndarray:
    """Uniform noise, which must lie in [0, 1]."""
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(f"{name} must lie in [0, 1]")
    return array


def of_rows(*functions) -> bool:
    """Whether these are known to work row by row: fields, and log densities of our laws."""
    return all(
        isinstance(f, Field) or isinstance(getattr(f, "__self__", None), Distribution)
        for f in functions
    )


def decisive(parts: tuple, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Noise that decides an acceptance: finite, and uniform parts in [0, 1]."""
    for i, (part, array) in enumerate(zip(parts, arrays)):
        (require_finite if part == "normal" else unit)(array, f"noise[{i}]")
    return arrays


def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Σᵢ aᵢ bᵢ along the last axis; a matrix product adds short rows fastest."""
    if a.shape[-1] > 16:
        return np.einsum("...i,...i", a, b)
    return (a * b) @ np.ones(a.shape[-1])


def vector_at(function: Callable, x: np.ndarray, name: str = "score(x)") -> np.ndarray:
    """function(x), of the shape of x, in memory of its own."""
    return _owned(function, as_real(function(handed_to(function, x)), name), x.shape, name, x)


def number_at(function: Callable, x: np.ndarray, name: str = "log_density(x)") -> np.ndarray:
    """function(x), one number a point, in memory of its own."""
    handed = x if of_rows(function) else x.copy()
    return _owned(function, as_real(function(handed), name), x.shape[:-1], name, x)


def _owned(function, value, shape, name, x) -> np.ndarray:
    if value.shape != shape:
        wanted = f"the shape of x, {shape}" if shape == x.shape else f"shape {shape}, one a point"
        raise ValueError(f"{name} must have {wanted}; got shape {value.shape}")
    return value if of_rows(function) else value.copy()

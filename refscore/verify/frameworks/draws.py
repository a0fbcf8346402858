"""A queue of given random draws, from which a library's own calls are answered."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple, NoReturn

import numpy as np

from refscore.verify.errors import NotOffered
from refscore.verify.frameworks.base import as_numpy

KINDS = ("normal", "uniform", "exponential", "gumbel", "sign", "integer")
_REAL = KINDS[:4]


class ReplayError(RuntimeError):
    """A library asked for other draws than it was given; says what was asked and given."""


class Unasked(NamedTuple):
    """Draws a library was given and left: what to say, and whether it asked for the others."""

    message: str
    partly: bool


# where a port of a subject leaves draws unasked it is told from its answer whether they mattered
UNASKED: ContextVar[list[Unasked] | None] = ContextVar("unasked", default=None)


class Draws:
    """Given draws, handed out in their order, each kind in an order of its own.

    draws: arrays of kind `kind`, or pairs (kind, array); `traced` if any is traced by JAX.
    Raises: NotOffered where other draws than ±1 are given as signs: the case is declined.
    """

    def __init__(self, draws: Sequence, kind: str = "normal"):
        pairs = [_pair(draw, kind) for draw in draws]
        self._waiting = {k: [a for name, a in pairs if name == k] for k in KINDS}
        self._given = {k: len(arrays) for k, arrays in self._waiting.items()}
        self.traced = any(is_traced(array) for _, array in pairs)
        self.refused: ReplayError | None = None

    def take(self, call: str, shape, *kinds: str) -> tuple[Any, str]:
        """The next draw of the first of `kinds` that still has any, in the asked shape.

        A draw fits if its shape is the asked one up to axes of length one.
        Returns: a fresh array and its kind.
        """
        ready = [k for k in kinds if self._waiting[k]]
        if not ready:
            self.refuse(f"{call} asked for a {kinds[0]} draw of shape {shape}: {self._why(kinds)}")
        kind, waiting = ready[0], self._waiting[ready[0]]
        if _squeezed(waiting[0].shape) != _squeezed(shape):
            place = self._given[kind] - len(waiting) + 1
            said = waiting[0].shape
            stacked = _squeezed(said[1:]) == _squeezed(shape)
            self.refuse(
                f"{call} asked for shape {shape}, but {kind} draw {place} of"
                f" {self._given[kind]} has shape {said}"
                + ("; for one a call, replay(*noise)" if stacked else "")
            )
        return waiting.pop(0).reshape(shape).copy(), kind

    def finish(self) -> None:
        """Raise if a call was refused (even if the library hid that) or draws are left; within a
        run of the kit, left draws are noted: a step that needs none may well leave them."""
        if self.refused is not None:
            raise self.refused
        left = {k: len(arrays) for k, arrays in self._waiting.items() if arrays}
        if left:
            counts = ", ".join(f"{n} of {self._given[k]} {k} draws" for k, n in left.items())
            message = (
                f"{counts} were never asked for; did the library draw through another function?"
                " Where it needs fewer, hand over fewer"
            )
            noted = UNASKED.get()
            if noted is None:
                raise ReplayError(message)
            noted.append(Unasked(message, any(self._given[k] > n for k, n in left.items())))

    def refuse(self, message: str) -> NoReturn:
        """Remember and raise."""
        self.refused = ReplayError(message)
        raise self.refused

    def _why(self, kinds) -> str:
        if any(self._given[k] for k in kinds):
            return f"all {self._given[kinds[0]]} given were used up"
        given = [f"{n} {k}" for k, n in self._given.items() if n]
        return f"the given draws are {', '.join(given) or 'none'}"


def is_traced(array) -> bool:
    """Whether JAX has put a placeholder in the array's place, as inside jit and vmap."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(array, jax.core.Tracer)


def _pair(draw, kind: str) -> tuple[str, Any]:
    if isinstance(draw, tuple) and len(draw) == 2 and isinstance(draw[0], str):
        kind, draw = draw
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if is_traced(draw):
        if kind not in _REAL:
            raise ValueError(f"draws of kind {kind!r} must be given outside jit and vmap")
        return kind, draw
    array = np.array(as_numpy(draw), dtype=np.float64)
    if kind == "sign" and not np.isin(array, (-1.0, 1.0)).all():
        raise NotOffered("a library that draws signs -1 or 1 cannot be given other draws")
    if kind == "uniform" and not ((array >= 0) & (array <= 1)).all():
        raise ValueError("draws of kind 'uniform' must lie in [0, 1]")
    return kind, array


def _squeezed(shape) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def as_shape(size) -> tuple[int, ...]:
    """NumPy's `size`: None, a number or a sequence."""
    if size is None:
        return ()
    return tuple(int(n) for n in size) if np.ndim(size) else (int(size),)


def as_bits(draw: np.ndarray, kind: str, p=0.5) -> np.ndarray:
    """Signs ±1 as bits 1, 0; uniforms u as u < p."""
    return draw < p if kind == "uniform" else draw > 0


def whole(draws: Draws, call: str, low, high, shape) -> np.ndarray:
    """Whole numbers in [low, high): given ones, or signs as bits where there are two values."""
    kinds = ("sign", "integer") if high - low == 2 else ("integer",)
    draw, kind = draws.take(call, shape, *kinds)
    if kind == "sign":
        return low + (draw > 0)
    if ((draw < low) | (draw >= high)).any():
        draws.refuse(f"{call} asked for whole numbers in [{low}, {high}); other ones were given")
    return draw

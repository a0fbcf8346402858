"""Underdamped Langevin by splitting: drift A, kick B, exact friction and noise O."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_callable, as_positive, beyond_float
from refscore.langevin.finite import vector_through
from refscore.langevin.steps import Step, points

SCHEMES = ("BAOAB", "ABOBA", "OBABO", "OABAO")


class Kinetic(NamedTuple):
    """A state: x = [x, v] (..., 2d), and s(x) where it is known."""

    x: np.ndarray
    score: np.ndarray | None = None


class Splitting(Step):
    """One letter after the other; see `underdamped`."""

    def __init__(self, score, step_size, friction, scheme="BAOAB"):
        self.score = as_callable(score, "score")
        super().__init__(step_size)
        self.friction = as_positive(friction, "friction", zero=True)
        if not isinstance(scheme, str) or scheme not in SCHEMES:
            raise ValueError(f"scheme must be one of {', '.join(SCHEMES)}; got {scheme!r}")
        self.scheme, n = scheme, scheme.count("O")
        self.parts = ("normal",) * n
        self._times = {letter: self.step_size / scheme.count(letter) for letter in "ABO"}
        self._decay = math.exp(-self.friction * self._times["O"])
        self._noise_sd = math.sqrt(-math.expm1(-2 * self.friction * self._times["O"]))

    def noise_shapes(self, shape: tuple) -> tuple[tuple, ...]:
        """Half the coordinates of [x, v], once for every O."""
        return ((*shape[:-1], shape[-1] // 2),) * len(self.parts)

    def start(self, x) -> Kinetic:
        """The point; its score is not asked for before it is needed."""
        return Kinetic(points(x, even=True))

    def scored(self, x: np.ndarray) -> np.ndarray:
        """The positions: near those of a scheme that begins with a drift."""
        return np.split(x, 2, axis=-1)[0]

    def _next(self, state: Kinetic, *noise) -> Kinetic:
        z = iter(noise)
        x, v = np.split(state.x, 2, axis=-1)
        s, h = state.score, self._times
        with beyond_float():
            for letter in self.scheme:
                if letter == "A":
                    x, s = x + h["A"] * v, None
                elif letter == "B":
                    s = vector_through(self.score, x) if s is None else s
                    v = v + h["B"] * s
                else:
                    v = self._decay * v + self._noise_sd * next(z)
        return Kinetic(np.concatenate([x, v], axis=-1), s)


def underdamped(score: Callable, step_size, friction, scheme: str = "BAOAB") -> Step:
    """A splitting step of dx = v dt, dv = s(x) dt − γ v dt + √(2γ) dw on points [x, v].

        A: x ← x + t v      B: v ← v + t s(x)      O: v ← e^{−γt} v + √(1 − e^{−2γt}) z

    in the order of the scheme, t = h for a letter that stands once and h/2 for one that
    stands twice; unit mass and temperature, so that x ~ p, v ~ N(0, I) is the target.
    Arguments: score, (..., d) -> (..., d); step_size h > 0; friction γ >= 0; scheme "BAOAB",
    "ABOBA", "OBABO" or "OABAO".
    Returns: step([x, v], noise), points (..., 2d); noise (..., d) for each O, a tuple of two
    for the schemes that begin with O. Raises: ValueError naming the argument; numbers that are
    not finite pass through, rowwise.
    Cost: one score a step in a run (the last score is kept where it is needed again).
    Source: Leimkuhler and Matthews 2013; Bussi and Parrinello 2007 (OBABO).
    Checked by: underdamped_given_noise, underdamped_draws,
    underdamped_stationary_of_steps
    """
    return Splitting(score, step_size, friction, scheme)

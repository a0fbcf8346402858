"""A velocity along a solve: what every stage keeps, so that cotangents can be pulled back."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from refscore.fields import Family
from refscore.fields.base import read_only
from refscore.fields.linearisation import Local, Workspace
from refscore.networks import MLP, TimeMLP
from refscore.networks.tape import Tape


class TapeLike(Protocol):
    """Stages by slot: `value` keeps, `pullback` gives Jᵀa, `gradient` is Σ (∂f/∂θ)ᵀa of all."""

    @property
    def gradient(self) -> np.ndarray:
        """θ̄, (p,)."""

    def value(self, slot: int, x, t) -> np.ndarray:
        """f(x, t), (n, d), kept under a slot."""

    def pullback(self, slot: int, a) -> np.ndarray:
        """Jᵀ a, (n, d)."""

    def forget(self) -> None:
        """Let go of what is kept."""


class FieldTape:
    """Stages of any velocity, by its linearisations."""

    def __init__(self, velocity: Family):
        self.velocity = velocity
        self.kept: dict[int, Local] = {}
        self.gradient = np.zeros(velocity.parameters.size)

    def value(self, slot, x, t):
        self.kept[slot] = near(self.velocity, x, t)
        return self.kept[slot].value

    def pullback(self, slot, a):
        points, parameters = self.kept[slot].gradients(a, None, None, None)
        self.gradient += parameters
        return points

    def forget(self):
        self.kept.clear()


def tape(velocity: Family, workspace: Workspace) -> TapeLike:
    """The tape of a velocity: the networks' own for networks."""
    inner = getattr(velocity, "field", velocity)  # of a constant family
    if isinstance(inner, (MLP, TimeMLP)):
        return Tape(inner.weights, inner.biases, workspace)
    return FieldTape(velocity)


def near(velocity: Family, x: np.ndarray, t, workspace: Workspace | None = None) -> Local:
    """The velocity near rows x (n, d) at one time, or at one a row (n,).

    With a workspace it is valid until the workspace is used for the next.
    """
    x = read_only(np.ascontiguousarray(x))
    if np.ndim(t) == 0:
        return velocity._own_at(float(t))._local(x, workspace)
    if hasattr(velocity, "_local"):
        return velocity._local(x, t, workspace)
    return _Scattered(velocity, x, t)


class _Scattered(Local):
    """Rows of different times, the rows of each time by themselves."""

    def __init__(self, velocity, x, t):
        self.x, self.size = x, velocity.parameters.size
        self.parts = [
            (rows, near(velocity, x[rows], level))
            for level in np.unique(t)
            for rows in (np.flatnonzero(t == level),)
        ]
        self.value = np.empty(x.shape)
        for rows, local in self.parts:
            self.value[rows] = local.value

    def gradients(self, a, c=None, v=None, b=None):
        """Both gradients of Σ a·f."""
        points, parameters = np.empty(self.x.shape), np.zeros(self.size)
        for rows, local in self.parts:
            points[rows], own = local.gradients(a[rows], None, None, None)
            parameters += own
        return points, parameters

    def vjp(self, w):
        """Jᵀ w row by row."""
        return self.gradients(w)[0]

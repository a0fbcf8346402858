"""A velocity along a solve: what every stage keeps, so that cotangents can be pulled back."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from refscore.fields import Family
from refscore.fields._of_families import Constant
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
    """The tape of a velocity: the networks' own for networks, not for what is derived from them."""
    inner: Any = velocity.field if type(velocity) is Constant else velocity
    if type(inner) in (MLP, TimeMLP):
        return Tape(inner.weights, inner.biases, workspace)
    return FieldTape(velocity)


def near(velocity: Family, x: np.ndarray, t, workspace: Workspace | None = None) -> Local:
    """The velocity near rows x (n, d) at one time, or at one a row (n,).

    With a workspace it is valid until the workspace is used for the next.
    """
    return velocity._near(read_only(np.ascontiguousarray(x)), t, workspace)

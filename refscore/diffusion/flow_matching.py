"""Flow-matching samplers: Runge-Kutta steps of the velocity α' x₀ + σ' ε in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_callable, as_positive
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.euler import rates
from refscore.diffusion.parametrisation import Predictions
from refscore.diffusion.predicting import PredictingStep, by_rows_of, one_of


class Tableau(NamedTuple):
    """An explicit Runge-Kutta method: rows of a, weights b, nodes c, and its order."""

    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]
    order: int


TABLEAUX = {
    "euler": Tableau(((),), (1.0,), (0.0,), 1),
    "midpoint": Tableau(((), (1 / 2,)), (0.0, 1.0), (0.0, 1 / 2), 2),
    "heun": Tableau(((), (1.0,)), (1 / 2, 1 / 2), (0.0, 1.0), 2),
    "ralston": Tableau(((), (2 / 3,)), (1 / 4, 3 / 4), (0.0, 2 / 3), 2),
    "rk4": Tableau(
        ((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0)),
        (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0.0, 1 / 2, 1 / 2, 1.0), 4,
    ),
}  # fmt: skip


class FlowStep(PredictingStep):
    """See `flow_matching`."""

    def __init__(self, process, score_at, method="euler"):
        super().__init__(process, score_at, "noise")
        self.tableau = TABLEAUX[one_of(method, "method", tuple(TABLEAUX))]
        self.evaluations = len(self.tableau.b)

    def plan(self, t: float, s: float) -> Callable:
        """x' = x + (s - t) Σ b_i k_i,  k_i = v(x + (s - t) Σ_j a_ij k_j, t + c_i (s - t))."""
        (a, b, c, _), h = self.tableau, s - t
        v = [self._velocity(s if node == 1 else t + node * h) for node in c]

        def move(x, noise):
            k: list[np.ndarray] = []
            for row, velocity in zip(a, v, strict=True):
                k.append(velocity(_moved(x, h, row, k)))
            return _moved(x, h, b, k)

        return by_rows_of(move, *v)

    def _velocity(self, t: float) -> Callable:
        """α' x₀ + σ' ε; where σ = 0 and ε is not fixed, by the score: f x - ½ g² s."""
        alpha, sigma = self.levels(t)
        if sigma or not alpha or isinstance(self._score_at, Predictions):
            return self.predicted(t, "flow")
        (f, g), score = rates(self.process, t), self.score_at(t)

        def velocity(x: np.ndarray) -> np.ndarray:
            return f * x - 0.5 * g * g * score(x)

        velocity.by_rows = score.by_rows  # type: ignore[attr-defined]
        return velocity


def _moved(x: np.ndarray, h: float, weights, slopes) -> np.ndarray:
    """x + h Σ w k."""
    return x + sum(h * w * k for w, k in zip(weights, slopes, strict=True) if w)


def flow_matching(process, score_at, method="euler") -> ReverseStep:
    """A Runge-Kutta step in time on the flow's velocity, as flow matching samples.

        dx/dt = α' x₀ + σ' ε

    On `Straight`, α = 1 - t and σ = t, the velocity ε - x₀ is finite at both ends; there Euler's
    step is `exponential`. Arguments: process; score_at, a law, a family or `predictions(process,
    network, "flow")` for a network of the velocity in our time (data at 0; see
    `from_noise_first`); method "euler", "midpoint", "heun", "ralston" or "rk4".
    Where σ = 0 it is f x - ½ g² s, finite for scores of data with a density, not for the
    predictions of a network. Returns: step(x, t, s). Raises: ValueError naming the argument or
    where the velocity is infinite. Cost: one score a stage. Order: 1, 2, 2, 2, 4.
    Source: Lipman et al. 2023, equation 22; Hairer, Nørsett and Wanner 1993, II.1.
    Checked by: flow_midpoint_value
    """
    return FlowStep(process, score_at, method)


def from_noise_first(velocity: Callable, final_time: float = 1.0) -> Callable:
    """The velocity in time t, data at 0, of one in time u = T - t, noise at 0: -v(x, T - t).

    Arguments: velocity(x, u), as flow-matching libraries have it; final_time T. Returns: a
    function t -> (x -> velocity), to be handed to `predictions(process, ..., "flow")`.
    Tested in: tests/diffusion/test_flow_matching.py
    """
    velocity, end = as_callable(velocity, "velocity"), as_positive(final_time, "final_time")
    return lambda t: lambda x: -np.asarray(velocity(x, end - t))

"""Metropolis-adjusted steps: propose, then accept with the probability that keeps p invariant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refscore._arguments import (
    as_callable,
    as_covariance,
    as_like,
    as_points,
    as_positive,
    as_real,
    beyond_float,
)
from refscore.distributions.base import Distribution, Score
from refscore.langevin.finite import require_below_inf, require_rows
from refscore.langevin.steps import Step, decisive, dots, number_at, points, vector_at


class State(NamedTuple):
    """A point with what it cost: x (..., d), log p(x), s(x), and whether it was just accepted."""

    x: Any
    log_density: Any
    score: Any = None  # None where the step needs none
    accepted: np.ndarray | None = None


class Metropolis(Step):
    """A proposal, and its acceptance with probability min(1, e^r), r the log ratio.

    A subclass writes `_propose(state, *noise)` -> (State of the proposal, r).
    A proposal that is not finite, or whose r is NaN, is rejected; log p = +∞ is an error: a
    chain that came there would never leave.
    Checked by: mala_given_noise, random_walk_given_noise
    """

    parts: tuple[str, ...] = ("normal", "uniform")

    def __init__(self, log_density: Callable, score: Callable | None, step_size):
        self.log_density = as_callable(log_density, "log_density")
        self.score = None if score is None else as_callable(score, "score")
        self._functions = (log_density,) if score is None else (log_density, score)
        self._law = _law_of(log_density, score)
        super().__init__(step_size)

    def start(self, x) -> State:
        """log p and s at x, so that the next step need not ask again."""
        with beyond_float():
            return self._state(points(x))

    def require_start(self, state: State, first: int) -> None:
        """Raise unless log p and s are finite at the state, naming the row, counted from first."""
        lead = state.x.ndim - 1
        require_rows(state.log_density, "log_density(x0)", lead, first)
        if state.score is not None:
            require_rows(state.score, "score(x0)", lead, first)

    def inform(self, x, noise) -> tuple[np.ndarray, Any]:
        """(x', accepted): the next points (..., d) and which proposals were taken (...,)."""
        state = self.advance(self.start(x), noise)
        return state.x, state.accepted

    def advance(self, state: State, noise) -> State:
        """The state after one step; one log density and one score for a MALA step."""
        noise = self._noise(noise, state.x.shape)
        require_below_inf(state.x, state.log_density)
        return self._advance(state, *decisive(self.parts, noise))

    def _next(self, state: State, *noise) -> State:
        proposal, log_ratio = self._propose(state, *noise[:-1])
        require_below_inf(proposal.x, proposal.log_density)
        chance = np.exp(np.minimum(log_ratio, 0.0))  # where it is NaN, u < chance is false
        return _chosen(noise[-1] < chance, proposal, state)

    def _propose(self, state: State, *noise) -> tuple[State, np.ndarray]:
        raise NotImplementedError(f"{type(self).__name__} does not define _propose")

    def _state(self, x) -> State:
        law = self._law
        if law is not None and x.ndim == 2 and x.shape[1] == law.dim and math.isfinite(x.sum()):
            return State(x, *law._log_density_and_score(x))
        score = None if self.score is None else np.array(vector_at(self.score, x))
        return State(x, number_at(self.log_density, x), score)

    def _state_near(self, y, x) -> tuple[State, Any]:
        """The state at proposals y, x in place of those that are not finite, and 0 or −inf."""
        if math.isfinite(y.sum()):
            return self._state(y), 0.0
        lost = ~np.isfinite(y).all(-1)
        return self._state(np.where(lost[..., None], x, y)), np.where(lost, -np.inf, 0.0)


def _law_of(log_density, score) -> Distribution | None:
    """The law whose log density and score these are, which may give both at once."""
    law = getattr(log_density, "__self__", None)
    known = getattr(log_density, "__func__", None) is Distribution.log_density
    same = type(score) is Score and score.law is law
    return law if known and same else None


def _chosen(accepted, proposal: State, state: State) -> State:
    """The proposal, with the state's numbers in the rejected rows."""
    rejected = np.flatnonzero(~accepted)
    if not rejected.size:
        return proposal._replace(accepted=accepted)
    x, log_density, score = (
        None if new is None else _put(new, old, rejected, accepted.ndim)
        for new, old in zip(proposal[:3], state[:3])
    )
    return State(x, log_density, score, accepted)


def _put(new, old, rejected, ndim: int) -> Any:
    """`new`, overwritten with the rejected chains of `old`."""
    new, old = np.require(new, requirements=["C", "W"]), np.asarray(old, order="C")
    _items(new, ndim)[rejected] = _items(old, ndim)[rejected]
    return new


def _items(array: np.ndarray, ndim: int) -> np.ndarray:
    """One item a chain, whatever its width: items move faster than short rows."""
    if array.ndim == ndim:
        return array.reshape(-1)
    return array.reshape(-1, array.shape[-1]).view(f"V{8 * array.shape[-1]}")[:, 0]


def acceptance(log_ratio) -> np.ndarray:
    """The probability with which a Metropolis step takes its proposal.

        a = min(1, e^r),  r = log [p(y) q(y → x)] − log [p(x) q(x → y)]

    Arguments: log_ratio r, any shape; −inf gives 0. Returns: the same shape, in [0, 1]; 0 where
    r is NaN. Source: Metropolis et al. 1953; Hastings 1970.
    Tested in: tests/langevin/test_metropolis.py
    """
    chance = np.exp(np.minimum(as_real(log_ratio, "log_ratio"), 0.0))
    return np.where(np.isnan(chance), 0.0, chance)[()]


def metropolis_log_ratio(
    log_density: Callable, score: Callable, x, proposal, step_size, preconditioner=None
) -> np.ndarray:
    """The log ratio of a Metropolis-adjusted Langevin step from x to the proposal y.

        r = log p(y) − log p(x) + log q(y → x) − log q(x → y),  q(x → ·) = N(x + (η/2) G s(x), η G)
          = log p(y) − log p(x) + (s(x) + s(y))ᵀ[(η/8) G (s(x) − s(y)) − ½ (y−x)]

    Arguments: log_density, (..., d) -> (...,), up to a constant; score, its gradient; x and
    proposal (..., d); step_size η > 0; preconditioner G (d, d), I unless given.
    Returns: r (...,). Raises: ValueError naming the argument. Cost: two log densities, two scores.
    Source: Roberts and Tweedie 1996; the second line is derived (the terms in (y−x)² cancel).
    Checked by: metropolis_ratio, detailed_balance
    """
    step = AdjustedLangevin(log_density, score, step_size, preconditioner)
    x = as_points(x, "x")
    y = as_like(proposal, "proposal", x, "x")
    with beyond_float():
        return step.log_ratio(step._state(x), step._state(y))


class AdjustedLangevin(Metropolis):
    """Proposals x + (η/2) G s(x) + √η L z; see `mala`."""

    def __init__(self, log_density, score, step_size, preconditioner=None):
        super().__init__(log_density, as_callable(score, "score"), step_size)
        G = preconditioner
        self.preconditioner = None if G is None else as_covariance(G, "preconditioner")
        self._factor = None if G is None else np.linalg.cholesky(self.preconditioner)
        self._half, self._root = 0.5 * self.step_size, self.step_size**0.5

    def _propose(self, state, z):
        s, L = state.score, self._factor
        y = self._half * self._in_metric(s)
        move = self._root * (z if L is None else z @ L.T)
        y += state.x
        y += move
        new, lost = self._state_near(y, state.x)
        # r of `log_ratio` with y − x = (η/2) G s(x) + √η L z put in, in fewer passes
        both = s + new.score
        log_ratio = new.log_density - state.log_density + lost
        log_ratio -= 0.125 * self.step_size * dots(both, self._in_metric(both))
        log_ratio -= 0.5 * dots(both, move)
        return new, log_ratio

    def log_ratio(self, old: State, new: State) -> np.ndarray:
        """r of `metropolis_log_ratio`, from states."""
        s, t = old.score, new.score
        along = 0.125 * self.step_size * self._in_metric(s - t) - 0.5 * (new.x - old.x)
        return new.log_density - old.log_density + dots(s + t, along)

    def _in_metric(self, vectors):
        G = self.preconditioner
        if G is None:
            return vectors
        if vectors.shape[-1] != len(G):
            raise ValueError(
                f"x must have shape (..., {len(G)}), as preconditioner has shape {G.shape};"
                f" got shape {vectors.shape}"
            )
        return vectors @ G


def mala(log_density: Callable, score: Callable, step_size, preconditioner=None) -> Metropolis:
    """The Metropolis-adjusted Langevin step: p is invariant, whatever the step size.

        y = x + (η/2) G s(x) + √η L z,  L Lᵀ = G;   x' = y if u < min(1, e^r), else x

    with r of `metropolis_log_ratio`. Arguments: log_density, (..., d) -> (...,), up to a
    constant; score, its gradient; step_size η > 0; preconditioner G (d, d), I unless given.
    Returns: step(x, (z, u)), z (..., d) standard normal, u (...,) uniform; step.inform(x, noise)
    -> (x', accepted). Raises: ValueError naming the argument, for noise that is not finite and
    log p = +∞ too; a proposal that is not finite is rejected. Cost: one log density and one score.
    Source: Besag 1994; Roberts and Tweedie 1996.
    Checked by: mala_given_noise, mala_draws, mala_keeps_variance
    """
    return AdjustedLangevin(log_density, score, step_size, preconditioner)


def squared(scale: float) -> float:
    """τ², the step size of a scale τ."""
    if not 0 < scale * scale < math.inf:
        raise ValueError(f"scale must have a square within float64, got {scale!r}")
    return scale * scale


class RandomWalk(Metropolis):
    """Proposals x + τ z; see `random_walk`."""

    def __init__(self, log_density, scale):
        self.scale = as_positive(scale, "scale")
        super().__init__(log_density, None, squared(self.scale))

    def _propose(self, state, z):
        new, lost = self._state_near(state.x + self.scale * z, state.x)
        return new, new.log_density - state.log_density + lost


def random_walk(log_density: Callable, scale) -> Metropolis:
    """The random-walk Metropolis step.

        y = x + τ z;   x' = y if u < min(1, p(y)/p(x)), else x

    Arguments: log_density, (..., d) -> (...,), up to a constant, −inf outside the support;
    scale τ > 0. Returns: step(x, (z, u)), z (..., d) standard normal, u (...,) uniform;
    step.step_size is τ². Raises: ValueError naming the argument, log p = +∞ too. Cost: one log
    density a step.
    Source: Metropolis et al. 1953.
    Checked by: random_walk_given_noise, random_walk_draws
    """
    return RandomWalk(log_density, scale)

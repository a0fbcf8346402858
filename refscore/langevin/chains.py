"""Some chains that advance together on their own stream of noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from refscore.langevin.moments import Moments
from refscore.langevin.noise import Drawn
from refscore.langevin.steps import Point, Step


class Chains:
    """Chains from x, and what is kept of them: moments, their part of a trajectory, acceptance."""

    def __init__(self, step: Any, x: np.ndarray, supply, burn_in: int, thin: int):
        self.step, self.supply, self.burn_in, self.thin = step, supply, burn_in, thin
        self.state, self.k, self.n_kept = Point(x), 0, 0
        self.moments: Moments | None = None
        self.kept: np.ndarray | None = None
        self.accepted: np.ndarray | None = None
        self._at = getattr(step, "at", None)
        self._stateful = self._at is None and hasattr(step, "advance") and hasattr(step, "start")
        self._trusted = self._stateful and isinstance(step, Step) and isinstance(supply, Drawn)
        self._noise: list = []
        self._next = 0
        self._before, self._first = self.state, 0
        self._started = not self._stateful

    @property
    def x(self) -> np.ndarray:
        """The present points."""
        return self.state.x

    def acceptance(self) -> np.ndarray | None:
        """The part of the proposals each chain took; None without a test or a step."""
        return None if self.accepted is None else self.accepted / self.k

    def advance_to(self, stop: int) -> None:
        """Steps until `stop` of them are made."""
        if not self._started:
            self.state = self._before = self.step.start(self.state.x)
            self._started = True
        while self.k < stop:
            if self._next == len(self._noise):
                self._refill()
            self.state = self._one(self.state, self._noise[self._next], self.k + 1)
            self._next += 1
            self.k += 1
            self._record()
        self._require_finite()

    def _record(self) -> None:
        accepted = getattr(self.state, "accepted", None)
        if accepted is not None:
            taken = np.zeros(accepted.shape) if self.accepted is None else self.accepted
            taken += accepted
            self.accepted = taken
        if self.k <= self.burn_in or (self.k - self.burn_in) % self.thin:
            return
        if self.kept is not None:
            self.kept[self.n_kept] = self.x
        if self.moments is not None:
            self.moments.add(self.x)
        self.n_kept += 1

    def _refill(self) -> None:
        self._require_finite()
        if any(np.may_share_memory(self.x, buffer) for buffer in self.supply.buffers):
            # a step may return its noise, whose memory is reused
            self.state = self.state._replace(x=self.x.copy())
        self._before, self._first, self._next = self.state, self.k, 0
        self._noise = []
        self._noise = self.supply.block()

    def _one(self, state, z, k: int):
        """One step; a shape that changes is an error, and so is a step that refuses its output."""
        step = self.step if self._at is None else self._at(k)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                new = self._next_state(step, state, z)
        except ValueError:
            if np.isfinite(state.x).all():
                raise
            raise _divergence(step, k - 1) from None
        if new.x.shape != state.x.shape:
            raise ValueError(
                f"step must keep the shape of x, {state.x.shape}, got shape {new.x.shape}"
            )
        return new

    def _next_state(self, step, state, z: tuple):
        if self._trusted:
            return step._advance(state, *z)
        noise = z if len(z) > 1 else z[0] if z else None
        if self._stateful:
            return step.advance(state, noise)
        return Point(np.asarray(step(state.x, noise)))

    def _require_finite(self) -> None:
        """Raise if the points are not finite, naming the first such step by a replay."""
        if np.isfinite(self.x).all():
            return
        state = self._before
        for k, z in enumerate(self._noise[: self._next], self._first + 1):
            state = self._one(state, z, k)
            if not np.isfinite(state.x).all():
                raise _divergence(self.step if self._at is None else self._at(k), k)


def _divergence(step, k: int) -> ValueError:
    size = getattr(step, "step_size", None)
    named = "its step size is not known" if size is None else f"step_size is {size:.6g}"
    return ValueError(f"the chain left the finite numbers at step {k} ({named}; try a smaller one)")

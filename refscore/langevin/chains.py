"""Some chains that advance together on their own stream of noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from refscore._arguments import as_real, beyond_float
from refscore.langevin.finite import all_finite, divergence
from refscore.langevin.moments import Moments, batch_length, moments_of, no_moments
from refscore.langevin.noise import Drawn
from refscore.langevin.steps import Point, Step


class Chains:
    """Chains from x, and what is kept of them: moments, their part of a trajectory, acceptance.

    A step is made whole or not at all: what it changes is worked out first and then stored
    without a call in between, where a signal could come. `first` numbers their first row.
    """

    def __init__(self, step: Any, x: np.ndarray, supply, burn_in: int, thin: int, first: int = 0):
        self.step, self.supply, self.burn_in, self.thin = step, supply, burn_in, thin
        self.state, self.k, self.n_kept, self.first = Point(x), 0, 0, first
        self.kept: np.ndarray | None = None
        self.accepted: np.ndarray | None = None
        self.moments: Moments | None = None
        self.halted = False
        self._length, self._batch, self._waiting = batch_length(x.shape), np.empty(0), 0
        self._at = getattr(step, "at", None)
        self._stateful = self._at is None and hasattr(step, "advance") and hasattr(step, "start")
        self._trusted = self._stateful and isinstance(step, Step) and isinstance(supply, Drawn)
        self._noise: list = []
        self._next, self._started = 0, not self._stateful

    @property
    def x(self) -> np.ndarray:
        """The present points."""
        return self.state.x

    def keep_moments(self) -> None:
        """Keep them from here on."""
        self.moments = no_moments(self.x.shape[-1])

    def acceptance(self) -> np.ndarray | None:
        """The part of the proposals each chain took; None without a test or a step."""
        return None if self.accepted is None else self.accepted / self.k

    def all_moments(self) -> Moments | None:
        """Of all kept points, those of the unfinished batch too."""
        if self.moments is None or not self._waiting:
            return self.moments
        return self.moments.joined(moments_of(self._batch[: self._waiting]))

    def mark(self) -> tuple:
        """Where the chains are, for `back`; batches are filled once and never written over."""
        accepted = None if self.accepted is None else self.accepted.copy()
        return (
            Point(self.x.copy()), self.k, self.n_kept, accepted,
            self.moments, self._batch, self._waiting,
        )  # fmt: skip

    def back(self, mark: tuple) -> None:
        """To a mark, to read what was kept there; not to go on from it."""
        (
            self.state, self.k, self.n_kept, self.accepted,
            self.moments, self._batch, self._waiting,
        ) = mark  # fmt: skip

    def advance_to(self, stop: int) -> None:
        """Steps until `stop` of them are made, or the chains are halted."""
        with beyond_float():
            self._start()
            while self.k < stop and not self.halted:
                if self._next == len(self._noise):
                    self._refill()
                new = self._one(self.state, self._noise[self._next])
                if not all_finite(new.x):
                    raise divergence(self._step(), self.k + 1, self.x, new.x, self.first)
                self._take(new)

    def _start(self) -> None:
        if not self._started:
            state = self.step.start(self.state.x)
            if hasattr(self.step, "require_start"):
                self.step.require_start(state, self.first)
            self.state, self._started = state, True

    def _take(self, new) -> None:
        """Make `new` the state; keep what is to be kept of it."""
        k, n_kept = self.k + 1, self.n_kept
        moments, batch, waiting = self.moments, self._batch, self._waiting
        if k > self.burn_in and not (k - self.burn_in) % self.thin:
            if self.kept is not None:
                self.kept[n_kept] = new.x
            if moments is not None:
                moments, batch, waiting = self._gathered(new.x)
            n_kept += 1
        accepted, taken = getattr(new, "accepted", None), self.accepted
        if accepted is not None:
            taken = np.zeros(accepted.shape) if taken is None else taken
            taken += accepted
        self.state, self.k, self.n_kept, self.accepted = new, k, n_kept, taken
        self.moments, self._batch, self._waiting = moments, batch, waiting
        self._next += 1

    def _gathered(self, x: np.ndarray) -> tuple:
        """(moments, batch, waiting) with x: few rows wait for a batch, worth a matrix product."""
        if self._length == 1:
            return self.moments.joined(moments_of(x)), self._batch, 0  # type: ignore[union-attr]
        moments, batch, waiting = self.moments, self._batch, self._waiting
        if waiting == len(batch):
            moments, batch, waiting = self.all_moments(), np.empty((self._length, *x.shape)), 0
        batch[waiting] = x
        return moments, batch, waiting + 1

    def _refill(self) -> None:
        if any(np.may_share_memory(self.x, buffer) for buffer in self.supply.buffers):
            # a step may return its noise, whose memory is reused
            self.state = self.state._replace(x=self.x.copy())
        self._noise = []  # which lets go of the buffers
        self._noise, self._next = self.supply.block(), 0

    def _step(self):
        """The next step to be made."""
        return self.step if self._at is None else self._at(self.k + 1)

    def _one(self, state, z: tuple):
        """One step; a shape that changes is an error."""
        new = self._next_state(state, z)
        if new.x.shape != state.x.shape:
            raise ValueError(
                f"step must keep the shape of x, {state.x.shape}, got shape {new.x.shape}"
            )
        return new

    def _next_state(self, state, z: tuple):
        if self._trusted:
            return self.step._advance(state, *z)
        noise = z if len(z) > 1 else z[0] if z else None
        if self._stateful:
            return self.step.advance(state, noise)
        step = self._step()
        if isinstance(step, Step):
            return Point(step(state.x, noise))
        # a function of the user's may write to x, and keep what it returns
        return Point(np.array(as_real(step(state.x.copy(), noise), "step(x, noise)")))

"""Blocks of chains that run side by side and meet now and then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from refscore._progress import Progress
from refscore.fields.base import read_only
from refscore.langevin.chains import Chains
from refscore.langevin.moments import no_moments

PACE = 0.1  # seconds of work between two meetings, unless one step takes longer


class Run(NamedTuple):
    """What a chain leaves behind.

    x, the last points (..., d); mean (d,) and covariance (d, d) of all kept points of all
    chains (None unless asked for, or where an exception carries them and they are beyond
    float64; covariance with 1/n_points); n_points, how many those are;
    trajectory, the kept points (n_kept, ..., d), or None; acceptance (...,), the part of the
    proposals each chain took, None for steps without a test; n_steps, how many were made.
    """

    x: np.ndarray
    mean: np.ndarray | None
    covariance: np.ndarray | None
    n_points: int
    trajectory: np.ndarray | None
    acceptance: np.ndarray | None = None
    n_steps: int = 0


class Blocks:
    """All chains of a run, points of `shape` in blocks, and the trajectory they share.

    When blocks meet is a matter of time and changes nothing else. Several blocks that are
    interrupted go back to where they last met, so that all have made the same steps.
    """

    def __init__(self, chains: list[Chains], shape: tuple, kept, saver=None):
        self.chains, self.shape, self.kept, self.saver = chains, shape, kept, saver
        if saver is not None:
            saver.begin(chains, kept)
        self._marks: list[tuple] = []
        self._steps = 1  # until the next meeting

    def run(self, n_steps: int, callback: Callable | None, progress: bool, workers) -> Run:
        """n_steps steps of all; an exception on the way carries what was kept."""
        try:
            with _pool(workers, self.chains) as pool, Progress(n_steps, progress, "steps") as shown:
                try:
                    self._advance(n_steps, callback, pool, shown)
                except BaseException:
                    for part in self.chains:
                        part.halted = True
                    raise
            found = self.result()
            if found.n_points and found.mean is None and self.chains[0].moments is not None:
                raise ValueError(
                    "the moments of the points must stay below 1e308, but their squares do not:"
                    " give moments=False, or scale the points"
                )
            return found
        except BaseException as error:
            for part, mark in zip(self.chains, self._marks):
                part.back(mark)
            with contextlib.suppress(Exception):  # one that cannot carry it is raised all the same
                error.run = self.result()  # type: ignore[attr-defined]
            raise

    def _advance(self, n_steps: int, callback, pool, shown) -> None:
        k, n_told, done = self.chains[0].k, self.chains[0].n_kept, False
        self._mark()
        while not done:
            k = self._meet(k, n_steps, callback, pool)
            self._mark()
            shown.update(k)
            done = k == n_steps
            if callback is not None and self.chains[0].n_kept > n_told:
                n_told = self.chains[0].n_kept
                callback(k, read_only(self.points()))
            if self.saver is not None:
                self.saver.tell(self.chains, self.kept, done)

    def _meet(self, k: int, n_steps: int, callback, pool) -> int:
        """The step, after k, that all chains have now come to."""
        stop, first, began = min(k + self._steps, n_steps), self.chains[0], time.perf_counter()
        if callback is not None:
            n = max(0, k - first.burn_in) // first.thin + 1
            stop = min(stop, first.burn_in + n * first.thin)
        for _ in pool.map(Chains.advance_to, self.chains, [stop] * len(self.chains)):
            pass
        took = max(time.perf_counter() - began, 1e-9)
        self._steps = max(1, min(4 * self._steps, int(PACE * (stop - k) / took)))
        return stop

    def _mark(self) -> None:
        if len(self.chains) > 1:
            self._marks = [part.mark() for part in self.chains]

    def points(self) -> np.ndarray:
        """A copy of the present points of all chains."""
        return np.concatenate([part.x for part in self.chains], dtype=float).reshape(self.shape)

    def result(self) -> Run:
        """What the chains leave behind at this point."""
        total, d = no_moments(self.shape[-1]), self.shape[-1]
        for part in self.chains:
            moments = part.all_moments()
            total = total if moments is None else total.joined(moments)
        n_points = sum(part.n_kept * (part.x.size // d) for part in self.chains)
        kept = None if self.kept is None else self.kept[: min(p.n_kept for p in self.chains)]
        n_steps = min(part.k for part in self.chains)
        return Run(self.points(), *total.result(), n_points, kept, self._acceptance(), n_steps)

    def _acceptance(self) -> np.ndarray | None:
        rates = [part.acceptance() for part in self.chains]
        known = [np.atleast_1d(rate) for rate in rates if rate is not None]
        return np.concatenate(known).reshape(self.shape[:-1]) if len(known) == len(rates) else None


class _Serial:
    """What stands for a pool of threads when there is none."""

    map = staticmethod(map)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


def _pool(workers, chains):
    several = workers is not None and workers > 1 and len(chains) > 1
    return ThreadPoolExecutor(workers) if several else _Serial()

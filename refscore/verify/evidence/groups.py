"""Statistics of one kind, and every process that plays on them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refscore.verify.evidence.betting import Betting, Bundle, as_floats, plain, whole
from refscore.verify.evidence.catoni import Catoni, CatoniSide, Excess
from refscore.verify.evidence.readings import Columns
from refscore.verify.evidence.symmetric import Symmetric

_NEAR = np.array([0.15, 0.4, 0.9, 1.5])  # rates around the best one, eps / variance
_FAR = (0.02, 0.08, 0.3, 0.9)


class Term(NamedTuple):
    """One e-process of the weighted sum, and how far from the law its statistic is seen."""

    name: str
    log_e: float
    deviation: float
    eps: float

    @property
    def outside(self) -> bool:
        """The estimated deviation is larger than what matters."""
        return not abs(self.deviation) <= self.eps


class Group:
    """Statistics of one kind: evidence against the law, and one-sided around its tolerance.

    `pairs`: of two rows. Where rows are independent and each off by no more than eps, a pair is
    off by no more than its square: what is beyond that is dependence, and no law excuses it.
    """

    def __init__(self, columns: Columns, *, pairs: bool = False):
        self.columns, self.width, self.pairs = columns, len(columns.names), pairs
        k, mean, eps = self.width, columns.mean, columns.eps
        unbounded = columns.kind == "variance"
        self.exact, self.near, self.far = (_catoni if unbounded else _games)(columns)
        every = [*self.exact, *self.near, *self.far]
        games = [p for p in every if isinstance(p, Betting)]
        self.playing = [p for p in every if p not in games] + ([Bundle(games)] if games else [])
        self.n, self.total, self.squares = 0, np.zeros(k), np.zeros(k)
        self.best = np.zeros((2, k))  # how far the evidence of being inside has come, ever
        beyond = np.array([mean - eps < -1 + 1e-9, mean + eps > 1 - 1e-9])
        self.free = beyond & (not unbounded)  # sides beyond the range need no evidence

    def update(self, x: np.ndarray) -> None:
        """Take rows (n, k)."""
        if not len(x):
            return
        for process in self.playing:
            process.update(x)
        with np.errstate(invalid="ignore", over="ignore"):
            self.n += len(x)
            self.total, self.squares = self.total + x.sum(0), self.squares + (x * x).sum(0)
        lost = ~np.isfinite(self.total)
        now = np.stack([np.where(lost, 0, process.log_e) for process in self.near])
        self.best = np.maximum(self.best, now)

    @property
    def deviation(self) -> np.ndarray:
        """The estimated mean less the law's."""
        with np.errstate(invalid="ignore"):
            return self.total / max(self.n, 1) - self.columns.mean

    @property
    def inside(self) -> np.ndarray:
        """The weaker of both sides' evidence that the mean is within eps, a column."""
        return np.where(self.free, np.inf, self.best).min(0)

    @property
    def log_e(self) -> np.ndarray:
        """Every process against the law, then every process against being within eps."""
        return np.concatenate([p.log_e for p in (*self.exact, *self.far)])

    @property
    def deviations(self) -> np.ndarray:
        """How far off each of these sees its statistic."""
        gap = self.deviation
        gaps = [self._spread() if isinstance(p, Excess) else gap for p in self.exact]
        return np.concatenate([*gaps, gap, gap])

    def _spread(self) -> np.ndarray:
        """Half of what the mean square about the mean has above 1: near log sd."""
        mean, n = self.columns.mean, max(self.n, 1)
        with np.errstate(invalid="ignore"):
            return 0.5 * ((self.squares - 2 * self.total * mean) / n + mean**2 - 1)

    @property
    def names(self) -> list[str]:
        """Names of the same."""
        own = self.columns.names
        spreads = [f"spread of {name}" for name in own]
        exact = [n for p in self.exact for n in (spreads if isinstance(p, Excess) else own)]
        return [*exact, *own, *own]

    @property
    def eps(self) -> np.ndarray:
        """Tolerances of the same."""
        own = self.columns.eps
        first = own**2 if self.pairs else own
        return np.concatenate([first, *[own] * (len(self.exact) - 1 + len(self.far))])

    def state(self) -> dict:
        """What has to be kept to go on."""
        return {
            "n": self.n, "total": plain(self.total), "squares": plain(self.squares),
            "best": plain(self.best),
            "processes": [p.state() for p in (*self.exact, *self.near, *self.far)],
        }  # fmt: skip

    def restore(self, state: dict) -> None:
        """Go on from a kept state."""
        self.n = whole(state["n"])
        self.total = np.array(state["total"], float).reshape(self.total.shape)
        self.squares = np.array(state["squares"], float).reshape(self.squares.shape)
        self.best = as_floats(state["best"], self.best.shape)
        processes = (*self.exact, *self.near, *self.far)
        if len(state["processes"]) != len(processes):
            raise ValueError("another number of processes")
        for process, kept in zip(processes, state["processes"]):
            process.restore(kept)


def _catoni(columns: Columns) -> tuple[list[Any], list[Any], list[Any]]:
    """Processes for unbounded values: against the law, for being inside, for being outside."""
    mean, var, eps = columns.mean, columns.variance, columns.eps
    rates = (eps / var)[:, None] * _NEAR
    near = [
        CatoniSide(mean - eps, var, side="above", rates=rates),
        CatoniSide(mean + eps, var, side="below", rates=rates),
    ]
    far = [CatoniSide(mean + eps, var, side="above"), CatoniSide(mean - eps, var, side="below")]
    return [Catoni(mean, var), Excess(mean, var)], near, far


def _games(columns: Columns) -> tuple[list[Any], list[Any], list[Any]]:
    """The same for values in [-1, 1]; beyond that range nothing is left to exclude."""
    mean, eps = columns.mean, columns.eps
    rates = (eps / columns.variance)[:, None] * _NEAR
    low, high = np.maximum(mean - eps, -1.0), np.minimum(mean + eps, 1.0)
    near = [Betting(low, side="above", rates=rates), Betting(high, side="below", rates=rates)]
    far = [
        Betting(high, side="above", rates=_fractions(high, 1.0)),
        Betting(low, side="below", rates=_fractions(low, -1.0)),
    ]
    exact: list[Any] = [Betting(mean)]
    if columns.kind == "symmetric":
        exact.append(Symmetric(len(mean)))
    return exact, near, far


def _fractions(mean: np.ndarray, sign: float) -> np.ndarray:
    """Rates spread over the open interval of a side: l < 1/(m + 1) above, 1/(1 - m) below."""
    return np.array(_FAR) / np.maximum(1 + sign * mean, 1e-9)[:, None]

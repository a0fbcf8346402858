"""All evidence on one outcome: against its law, against being near it, against being far."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from refscore.identities.base import Draws
from refscore.verify.evidence.amounts import of_the_law, said
from refscore.verify.evidence.betting import whole
from refscore.verify.evidence.bounds import interval
from refscore.verify.evidence.gaussian import NormalInverseWishart
from refscore.verify.evidence.groups import Group, Term
from refscore.verify.evidence.readings import Batch, Columns, reader

CHUNKS, POINTS = 8, 200
_FIRST, _PATH = 32, 6  # rows of the first look; numbers of a point of the path


class Decision(NamedTuple):
    """What is known of one outcome at its levels.

    `log_e` is the most evidence ever of what was then outside its tolerance, `inside` the
    weakest evidence that all is within it; each decides beyond its threshold. `leading`: the
    statistic that failed, or the one furthest off.
    """

    verdict: str
    n: int
    log_e: float
    threshold: float
    inside: float
    certain: float
    leading: Term
    note: str
    forecast: int | None


class Sequence:
    """Everything known from the draws of one outcome, whenever it is looked at.

    E = Σ_i w_i E_i over all statistics and, for a Gaussian law, the likelihood ratio; it
    *fails* once the part of E whose estimated deviation exceeds eps passes 1/level (that part
    is at most E, a supermartingale), *holds* once every statistic has left both sides of its
    tolerance behind, by one-sided processes, each at `certain`.
    """

    def __init__(self, outcome: Draws):
        self.reader = reader(outcome)
        pairs = (_of(self.reader.pairs, where) for where in ("neighbours", "half a batch apart"))
        self.groups = [Group(self.reader.rows), *(Group(columns, pairs=True) for columns in pairs)]
        dim = self.reader.dim
        self.gaussian = NormalInverseWishart(dim) if dim else None
        self.eps, self.n, self.batches = outcome.eps, 0, 0
        self.lost = 0  # rows that were not finite
        self.log_weights = np.log(self._weights())
        self.peak, self.failed_at = -math.inf, 0
        self.failing: Term | None = None
        self.seen = -math.inf  # of the whole of E, so also of what is inside the tolerance
        self.path: list[list[float]] = []
        self.sample: list[float] = []  # of the first batch: whose draws these are

    def update(self, draws, seed: int = 0, *, level: float = 1e-6) -> None:
        """Take one batch of draws (n, d); `level` only ends the batch early where it fails."""
        x = np.asarray(draws, float)
        x = x[:, None] if x.ndim == 1 else x
        batch, lost = self.reader.read(x, seed), ~np.isfinite(x).all(1)
        self.batches += 1
        for rows in _chunks(self.n, len(batch.rows)):
            self._take(batch, *rows)
            self.lost += int(lost[slice(*rows)].sum())
            self._look()
            if self.peak >= math.log(1 / level):
                return

    def _take(self, batch: Batch, start: int, stop: int) -> None:
        """Pairs enter with their second row, so that all evidence is of the past alone."""
        half = len(batch.rows) // 2
        self.groups[0].update(batch.rows[start:stop])
        self.groups[1].update(batch.neighbours[start // 2 : stop // 2])
        self.groups[2].update(batch.halves[max(start - half, 0) : max(stop - half, 0)])
        if self.gaussian is not None and batch.whitened is not None:
            self.gaussian.update(batch.whitened[start:stop])
        self.n += stop - start

    def _weights(self) -> np.ndarray:
        """Half for the likelihood ratio where there is one; nine tenths of the rest exact."""
        exact = [len(group.exact) * group.width for group in self.groups]
        far = [len(group.far) * group.width for group in self.groups]
        counts = [n for pair in zip(exact, far) for n in pair]
        weights = np.repeat([0.9 / sum(exact), 0.1 / sum(far)] * len(exact), counts)
        return weights if self.gaussian is None else np.append(weights / 2, 0.5)

    def _evidence(self) -> tuple[np.ndarray, np.ndarray]:
        """log w_i E_i of every term of E, and its deviation in units of its tolerance."""
        log_e = np.concatenate([group.log_e for group in self.groups])
        with np.errstate(invalid="ignore"):
            ratio = np.concatenate([group.deviations / group.eps for group in self.groups])
        if self.gaussian is not None:
            term = self._likelihood_term()
            log_e, ratio = np.append(log_e, term.log_e), np.append(ratio, term.deviation / term.eps)
        return log_e + self.log_weights, ratio

    def _likelihood_term(self) -> Term:
        assert self.gaussian is not None
        return of_the_law(self.gaussian, self.eps)

    def _term(self, index: int, log_e: float, ratio: float) -> Term:
        """The term of E with this number."""
        for group in self.groups:
            names = group.names
            if index < len(names):
                eps = float(group.eps[index])
                return Term(names[index], log_e, ratio * eps, eps)
            index -= len(names)
        return self._likelihood_term()

    def _look(self) -> None:
        logs, ratio = self._evidence()
        outside = ~(np.abs(ratio) <= 1) | np.isposinf(logs)  # what is impossible always matters
        total = _log_sum(logs)
        self.seen = max(self.seen, total)
        now = _log_sum(logs[outside])
        if now > self.peak:
            self.peak, self.failed_at = now, self.n
            worst = self._worst(np.where(outside, logs, -np.inf))
            self.failing = self._term(worst, float(logs[worst]), float(ratio[worst]))
        inside = min(float(group.inside.min()) for group in self.groups)
        self.path.append([self.n, total, inside, *self._band()])
        if len(self.path) >= 2 * POINTS:
            del self.path[-3::-2]

    def _worst(self, logs: np.ndarray) -> int:
        """The term with most evidence; of single rows where that has half as much: pairs follow."""
        single = np.ones(len(logs), bool)
        single[len(self.groups[0].names) : sum(len(g.names) for g in self.groups)] = False
        alone = np.where(single, logs, -np.inf)
        return int(np.argmax(alone if alone.max() >= 0.5 * logs.max() > 0 else logs))

    def _furthest(self) -> tuple[Group, int]:
        """The statistic with the largest deviation in units of what matters."""
        best = [(float(np.nanmax(_ratio(g))), g) for g in self.groups if g.n]
        group = max(best, key=lambda p: p[0])[1]
        return group, int(np.nanargmax(_ratio(group)))

    def _band(self) -> list[float]:
        """The largest deviation and its confidence bounds, in units of what matters."""
        group, j = self._furthest()
        eps, mean = group.columns.eps[j], group.columns.mean[j]
        estimate = group.deviation[j] / eps
        if group.columns.kind == "variance" or not np.isfinite(estimate):
            return [float(estimate), math.nan, math.nan]
        low, high = interval(group.n, group.total[j], group.squares[j], 1e-6)
        return [float(estimate), float((low - mean) / eps), float((high - mean) / eps)]

    def decide(self, level: float, certain: float) -> Decision:
        """The verdict at a false-alarm level, and at the level of what it certifies."""
        threshold, sure = math.log(1 / level), math.log(1 / certain)
        inside = min(float(group.inside.min()) for group in self.groups)
        note, verdict = "", "undecided"
        if self.peak >= threshold:
            verdict = "fails"
        elif inside >= sure and self.n:
            verdict = "holds"
        leading = self.failing
        if verdict != "fails" or leading is None:
            leading = self._leading()
        if verdict != "fails" and self.seen >= threshold:
            seen = self._largest()
            note = f"{seen.name} differs from the law by less than what matters, {said(self, seen)}"
        forecast = self._forecast(threshold, sure) if verdict == "undecided" else None
        n = self.failed_at if verdict == "fails" else self.n
        return Decision(verdict, n, self.peak, threshold, inside, sure, leading, note, forecast)

    def _largest(self) -> Term:
        logs, ratio = self._evidence()
        i = int(np.argmax(logs))
        return self._term(i, float(logs[i]), float(ratio[i]))

    def _leading(self) -> Term:
        if not self.n:
            return Term("nothing drawn", 0.0, math.nan, self.eps)
        group, j = self._furthest()
        c = group.columns
        return Term(c.names[j], float(group.exact[0].log_e[j]), float(group.deviation[j]), c.eps[j])

    def _forecast(self, threshold: float, sure: float) -> int | None:
        """Draws after which the slowest statistic will have decided, if it stays as it is."""
        from refscore.verify.evidence.planning import draws_needed

        needed = 0.0
        for group, rows in zip(self.groups, (1, 2, 2)):
            if not group.n:
                continue
            open_ = group.inside < sure
            gap, eps = np.abs(group.deviation), group.columns.eps
            error = np.sqrt(group.columns.variance / group.n)  # it may well be smaller than seen
            room = eps - np.maximum(gap - np.where(gap < eps, error, 0), 0)
            to_hold = draws_needed(np.maximum(room, 0), group.columns.variance, sure)
            to_fail = draws_needed(np.where(gap > eps, gap, 0), group.columns.variance, threshold)
            rest = np.where(open_, np.minimum(to_hold, to_fail), 0)
            needed = max(needed, rows * float(np.nan_to_num(rest, nan=np.inf).max()))
        # what was to have decided by now and has not is near the edge: twice as many at least
        return int(max(needed, 2 * self.n)) if math.isfinite(needed) else None

    def state(self) -> dict:
        """What has to be kept to go on, as plain values."""
        return {
            "n": self.n, "lost": self.lost, "batches": self.batches, "seen": _word(self.seen),
            "peak": _word(self.peak), "failed_at": self.failed_at,
            "failing": None if self.failing is None else [
                self.failing.name, *(_word(v) for v in self.failing[1:])],
            "groups": [group.state() for group in self.groups],
            "gaussian": None if self.gaussian is None else self.gaussian.state(),
            "path": [[_word(float(f"{v:.6g}")) for v in point] for point in self.path],
        }  # fmt: skip

    def restore(self, state: dict) -> None:
        """Go on from a kept state; ValueError, KeyError or TypeError where it is another's."""
        self.n, self.batches = whole(state["n"]), whole(state["batches"])
        self.lost = whole(state.get("lost", 0), self.n)
        self.seen, self.peak = _number(state["seen"]), _number(state["peak"])
        self.failed_at, kept = whole(state["failed_at"], self.n), state["failing"]
        if (kept is None) != (self.peak == -math.inf) or self.peak > self.seen + 1e-9:
            raise ValueError("a peak without what it is of")
        if kept is not None:
            name, log_e, deviation, eps = kept
            self.failing = Term(str(name), _number(log_e), float(deviation), _number(eps))
        if len(state["groups"]) != 3 or (state["gaussian"] is None) != (self.gaussian is None):
            raise ValueError("evidence of another kind")
        for group, part, rows in zip(self.groups, state["groups"], (1, 2, 2)):
            group.restore(part)
            if group.n * rows > self.n:
                raise ValueError(f"{group.n} rows of {self.n} draws")
        if self.gaussian is not None:
            self.gaussian.restore(state["gaussian"])
        self.path = [[float(v) for v in point] for point in state["path"]]
        if any(len(point) != _PATH or not 0 <= point[0] <= self.n for point in self.path):
            raise ValueError("a path of another kind")


def _of(columns: Columns, where: str) -> Columns:
    """The same statistics of rows that stand so."""
    return columns._replace(names=tuple(f"{name}, {where}" for name in columns.names))


def _chunks(before: int, n: int) -> list[tuple[int, int]]:
    """Even pieces of a batch, each a small part of what came before it."""
    edges = [0]
    while edges[-1] < n:
        size = max(_FIRST, (before + edges[-1]) // CHUNKS // 2 * 2)
        edges.append(min(edges[-1] + size, n))
    return list(zip(edges, edges[1:]))


def _ratio(group: Group) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        ratio = np.abs(group.deviation) / group.columns.eps
    return np.where(np.isfinite(ratio), ratio, np.inf)


def _log_sum(logs: np.ndarray) -> float:
    """log Σ exp."""
    top = float(logs.max(initial=-math.inf))
    return top if not math.isfinite(top) else top + math.log(np.exp(logs - top).sum())


def _number(value) -> float:
    value = float(value)
    if math.isnan(value):
        raise ValueError("expected a number, got nan")
    return value


def _word(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)

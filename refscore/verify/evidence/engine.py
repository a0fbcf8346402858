"""Draw batches until an outcome is decided, and keep what was seen."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from refscore.identities.base import Draws, Mean
from refscore.verify.evidence.amounts import said as amount
from refscore.verify.evidence.planning import SURE, budget, tolerance
from refscore.verify.evidence.sequence import POINTS, Decision, Sequence

_PILOT = 8  # the first batch is this part of the others: gross mistakes cost little


@dataclass
class Engine:
    """How a run collects evidence.

    `store`: where it is kept and continued from, if anywhere. `more`: draw as much again where
    nothing failed, from fresh seeds. `certain`: the chance that a certificate is wrong.
    `seconds`: for one outcome in one run; `eps`: instead of every outcome's own.
    """

    store: Any = None
    more: bool = False
    certain: float = SURE
    seconds: float = 60.0
    eps: float | None = None

    def __post_init__(self):
        tolerance(self.eps)

    def collect(self, outcome: Draws, key: tuple[str, ...], level: float) -> Result:
        """Everything known of an outcome when it is decided or the budget is spent.

        Raises Unreadable where the draws have another shape or are no numbers at all.
        """
        if self.eps is not None:
            outcome = outcome._replace(eps=self.eps)
        sequence = Sequence(outcome)
        if self.store is not None:
            self.store.restore(sequence, key, outcome)
            if sequence.batches and not self._drawn_alike(outcome, sequence, key):
                self.store.disown(key, outcome)
                sequence = Sequence(outcome)
        start, before = time.perf_counter(), sequence.n
        most = budget(outcome)
        while self._goes_on(sequence, level, before, most):
            self._draw(outcome, sequence, key, level)
            if self.store is not None:
                self.store.keep(sequence, key, outcome)
            if time.perf_counter() - start > self.seconds:
                break
        return Result(sequence, sequence.decide(level, self.certain), outcome)

    def _goes_on(self, sequence: Sequence, level: float, before: int, most: int) -> bool:
        verdict = sequence.decide(level, self.certain).verdict
        if verdict == "fails":
            return False
        if self.more and sequence.n < 2 * before:
            return True
        return verdict == "undecided" and sequence.n < before + most

    def _draw(self, outcome: Draws, sequence: Sequence, key, level: float) -> None:
        seed, table = self._batch(outcome, sequence.reader.width, key, sequence.batches)
        sequence.sample = sequence.sample or sample_of(table)
        sequence.update(table, seed, level=level)

    def _batch(self, outcome: Draws, width: int, key, number: int) -> tuple[int, np.ndarray]:
        n = max(2, outcome.batch // (1 if number else _PILOT) // 2 * 2)
        seed = seed_of(*key, number)
        return seed, as_table(outcome.draw(seed, n), n, width)

    def _drawn_alike(self, outcome: Draws, sequence: Sequence, key) -> bool:
        """The first batch that was kept comes out again: files, folders and weights that a
        subject reads as it runs may have changed where its code has not."""
        now = sample_of(self._batch(outcome, sequence.reader.width, key, 0)[1])
        return len(now) == len(sequence.sample) and np.allclose(
            now, sequence.sample, rtol=1e-4, atol=1e-12, equal_nan=True
        )


@dataclass
class Result:
    """What a run made of one outcome."""

    sequence: Sequence
    decision: Decision
    outcome: Draws


class Unreadable(ValueError):
    """Draws that cannot be read as rows of numbers of the law's dimension."""


def seed_of(*key) -> int:
    """A seed of its own for every batch of every outcome, below 2³¹."""
    text = "\x1f".join(str(part) for part in key)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") % 2**31


def sample_of(table: np.ndarray) -> list[float]:
    """A few numbers that tell one batch from another: its first rows, and every column's mean
    and mean square; what is not finite is left out."""
    with np.errstate(all="ignore"):
        told = [table[:4].ravel(), table.mean(0), (table**2).mean(0)]
        return np.nan_to_num(np.concatenate(told), posinf=0.0, neginf=0.0)[:64].tolist()


def as_table(draws, n: int, width: int) -> np.ndarray:
    """Draws as (n, width) floats."""
    array = np.asarray(draws)
    if array.dtype.kind not in "fiub":
        raise Unreadable(f"returned {array.dtype}, expected numbers")
    if array.shape == (n,) and width == 1:
        array = array[:, None]
    if array.shape != (n, width):
        raise Unreadable(f"returned shape {array.shape}, expected {(n, width)}")
    return array.astype(float)


def described(result: Result) -> str:
    """The decision in a sentence."""
    d, eps = result.decision, result.outcome.eps
    count = sum(group.width for group in result.sequence.groups)
    off = f"{d.leading.name} off by {amount(result.sequence, d.leading)}"
    if d.verdict == "fails" and d.leading.log_e == math.inf:
        off = f"{d.leading.name}: a draw that a right answer cannot have{_range(result)}"
    if result.sequence.lost:
        off = f"{result.sequence.lost} of {result.sequence.n} rows were not finite"
    if d.verdict == "holds":
        said = (
            f"{d.n} draws certify each of {count} statistics within its tolerance"
            f" ({eps:g}; chance of error {result_level(d):.1g}); most off: {off}"
        )
        if result.sequence.groups[0].columns.kind == "variance":
            said += "; given the variance stated"
    elif d.verdict == "fails":
        said = f"{off}, after {d.n} draws"
    else:
        more = f"about {d.forecast} draws would decide" if d.forecast else "no end in sight"
        said = f"undecided after {d.n} draws: {off}; {more}"
    said += f"; note: {d.note}" if d.note else ""
    return f"{said}; gap and allowed are logs of evidence, level {math.exp(-d.threshold):.1g}"


def _range(result: Result) -> str:
    """Where every draw has to lie, if the law says so."""
    law = result.outcome.law
    if not isinstance(law, Mean) or law.low is None:
        return ""
    low, high = np.broadcast_arrays(law.low, law.high, np.atleast_1d(law.mean))[:2]
    j = law.names.index(result.decision.leading.name) if law.names else 0
    return f", outside [{low.flat[j]:.6g}, {high.flat[j]:.6g}]"


def result_level(decision: Decision) -> float:
    """The chance that a certificate is wrong."""
    return math.exp(-decision.certain)


def record(result: Result) -> dict:
    """What a report keeps: the decision and the way there, in plain values."""
    d = result.decision
    names = ("draws", "log_e", "inside", "deviation", "low", "high")
    return {
        "verdict": d.verdict, "draws": d.n, "log_e": _number(d.log_e),
        "threshold": d.threshold, "inside": _number(d.inside), "certain": d.certain,
        "statistic": d.leading.name, "deviation": _number(d.leading.deviation),
        "eps": d.leading.eps, "forecast": d.forecast, "note": d.note,
        "path": [dict(zip(names, (int(p[0]), *(_number(v) for v in p[1:]))))
                 for p in thinned(result.sequence.path)],
    }  # fmt: skip


def thinned(path: list, most: int = POINTS) -> list:
    """At most so many points of a path, the last one among them."""
    if len(path) <= most:
        return path
    keep = np.linspace(0, len(path) - 1, most).round().astype(int)
    return [path[i] for i in keep]


def _number(value: float) -> float | str | None:
    value = float(value)
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)

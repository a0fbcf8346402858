"""Samples of what draws by itself, compared statistic by statistic."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np

from refscore.identities import Draws, catalogue
from refscore.verify.evidence.engine import as_table, seed_of
from refscore.verify.evidence.readings import Batch, reader
from refscore.verify.subject import Subject

_ROWS, _CALLS, _PATIENCE = 16_000, 40, 10.0  # of an outcome; seconds of a check
_CHEAP = 1000  # a batch so large comes from one call, not from one a row
_SHARED = 2.5  # means of calls that vary this many times as they should share their draws
_MANY = 200  # calls whose means alone say what they are uncertain by
_SMALL = 400, 8  # calls and rows of each where they do: as many independent draws as calls
_ROUNDING = 1e-24  # the variance of constants
_TELLING = 250  # independent draws: fewer agree with too much to name a mistake by


class Part(NamedTuple):
    """Means of statistics and what they are uncertain by: `covariance` of the means.

    Its diagonal is from single rows, or from the means of calls where those vary more: a
    port that shares draws within a call has fewer independent ones than rows. Of many calls
    all of it is from their means.
    """

    mean: np.ndarray
    covariance: np.ndarray
    varies: np.ndarray
    finite: np.ndarray
    draws: float = math.inf  # independent ones, where rows are fewer than they seem


Sample = tuple[Part, ...]  # of single rows, of neighbours, of rows half a batch apart


def samples(check: str, subject: Subject, stream: str) -> dict[tuple, Sample]:
    """A sample of every outcome of a check that draws, by case and label.

    `stream` names the seeds: another stream is independent.
    """
    entry, found = catalogue()[check], {}
    start = time.perf_counter()
    for case in entry.cases():
        try:
            outcomes = list(entry.sides(subject, case))
            labels = [o.label for o in outcomes]
            for i, o in enumerate(outcomes):
                if isinstance(o, Draws):
                    key = (case.name, (o.label, labels[:i].count(o.label)))
                    late = time.perf_counter() - start > _PATIENCE
                    found[key] = _sample(o, (stream, check, *map(str, key)), late)
        except Exception:  # this case is declined
            continue
    return found


def _sample(outcome: Draws, key: tuple, late: bool) -> Sample:
    rows = outcome.batch * (8 if outcome.batch >= _CHEAP else 2)
    n = max(8, min(_ROWS, rows) // _CALLS // 2 * 2)
    found = _of_calls(outcome, key, _CALLS // 4 if late else _CALLS, n)
    if outcome.batch < _CHEAP:
        return tuple(part._replace(draws=math.inf) for part in found)
    if late or all(part.draws == math.inf for part in found):
        return found
    return _of_calls(outcome, (*key, "small"), *_SMALL)


def _of_calls(outcome: Draws, key: tuple, many: int, n: int) -> Sample:
    """A sample of so many calls of n rows; it ends where patience does."""
    read, calls, start = reader(outcome), [], time.perf_counter()
    for i in range(many):
        calls.append(as_table(outcome.draw(seed_of(*key, i), n), n, read.width))
        if i > _CALLS and time.perf_counter() - start > _PATIENCE:
            break
    table, seed = np.stack(calls), seed_of(*key, "read")
    # all calls are read at once; rows half a call apart are first made neighbours
    apart = np.stack([table[:, : n // 2], table[:, n // 2 :]], 2)
    near, far = (read.read(t.reshape(-1, read.width), seed) for t in (table, apart))
    values = _seen(near, read.rows.kind), _alike(near), _alike(far)
    return tuple(_part(v.reshape(len(calls), -1, v.shape[-1])) for v in values)


def _part(values: np.ndarray) -> Part:
    """Values (calls, rows, k)."""
    flat = values.reshape(-1, values.shape[-1])
    finite = np.isfinite(flat).all(0)
    flat = np.where(finite, flat, 0.0)
    covariance = np.atleast_2d(np.cov(flat.T)) / len(flat)
    by_row = np.maximum(np.diag(covariance), _ROUNDING)
    means = np.where(finite, values, 0.0).mean(1)
    if len(values) >= _MANY:
        covariance = np.atleast_2d(np.cov(means.T)) / len(values)
        covariance = covariance + _ROUNDING * np.eye(len(covariance))
        grown = np.maximum(np.diag(covariance) / by_row, 1.0)
    else:
        by_call = means.var(0, ddof=1) / len(values)
        grown = np.where(by_call > _SHARED * by_row, by_call / by_row, 1.0)
        covariance = covariance * np.sqrt(np.outer(grown, grown))
    most = grown.max(initial=1.0)
    told = len(flat) / most if most > 1 else math.inf
    return Part(flat.mean(0), covariance, flat.std(0) > 1e-9, finite, told)


def _seen(batch: Batch, kind: str) -> np.ndarray:
    """The statistics of single rows, and what tells unbounded values apart at every scale."""
    z = batch.rows if kind == "variance" else batch.whitened
    if z is None:
        return batch.rows
    with np.errstate(all="ignore"):
        i, j = np.triu_indices(z.shape[1])
        further = [np.arcsinh(z), np.arcsinh(z[:, i] * z[:, j])]
    return np.column_stack([further[0] if kind == "variance" else batch.rows, *further])


def _alike(batch: Batch) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.arcsinh(batch.neighbours)


class Agreement(NamedTuple):
    """χ² of the differences of all means, and the number of independent ones."""

    square: float
    freedom: int

    @property
    def likely(self) -> bool:
        """As large a χ² has a probability above 10⁻⁴ where both follow one law."""
        from scipy.special import chdtrc

        return not self.freedom or bool(chdtrc(self.freedom, self.square) > 1e-4)


def telling(sample: Sample) -> bool:
    """Enough independent draws to part its law from others near it."""
    return min(part.draws for part in sample) >= _TELLING


def as_many(x: dict[tuple, Sample], y: dict[tuple, Sample], draws: int) -> int:
    """Of how many draws the means y would vary as x do, being means of so many."""
    ratios = [
        np.diag(y[key][0].covariance)[: x[key][0].mean.size] / np.diag(x[key][0].covariance)
        for key in x
        if key in y and y[key][0].mean.size == x[key][0].mean.size
    ]
    kept = np.concatenate([r[np.isfinite(r) & (r > 0)] for r in ratios]) if ratios else np.ones(1)
    ratio = float(np.median(kept)) if kept.size else 1.0
    return int(np.clip(round(draws * ratio), 1, 4096))


def agreement(x: Sample, y: Sample) -> Agreement | None:
    """χ² = Δᵀ (S_x/n + S_y/m)⁺ Δ of single rows; None where that of pairs of rows, which are
    not independent of them, is unlikely, or a constant differs."""
    found: list[Agreement] = []
    for a, b in zip(x, y):
        distance = None if (a.finite != b.finite).any() else _distance(a, b)
        if distance is None or not Agreement(*distance).likely:
            return None
        found.append(Agreement(*distance))
    return found[0] if found else Agreement(0.0, 0)


def _distance(a: Part, b: Part) -> tuple[float, int] | None:
    gap, keep = a.mean - b.mean, (a.varies | b.varies) & a.finite
    if (np.abs(gap[~keep & a.finite]) > 1e-6 * (1 + np.abs(a.mean[~keep & a.finite]))).any():
        return None
    if not keep.any():
        return 0.0, 0
    spread, gap = (a.covariance + b.covariance)[np.ix_(keep, keep)], gap[keep]
    sd = np.sqrt(np.diag(spread))
    values, vectors = np.linalg.eigh(spread / np.outer(sd, sd))
    used, along = values > 1e-4, (gap / sd) @ vectors
    # what does not vary must not differ either
    if (np.abs(along[~used]) > 6 * np.sqrt(np.maximum(values[~used], 1e-12)) + 1e-6).any():
        return None
    return float((along[used] ** 2 / values[used]).sum()), int(used.sum())

"""How the two sides of an identity are judged, one function a kind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from refscore.identities import Bound, Draws, Order, Sides

if TYPE_CHECKING:
    from refscore.verify.evidence.engine import Engine

ALPHA = 1e-6


class Judgement(NamedTuple):
    """One outcome judged: `gap` is in units of the tolerance's scale."""

    label: str
    holds: bool
    gap: float
    tolerance: float
    detail: str
    left: np.ndarray | None = None
    right: np.ndarray | None = None
    draws: int = 0
    undecided: bool = False
    evidence: dict | None = None  # how far draws have come, and how they came there


def judge(outcome, tolerance: float, *, means: bool = False) -> Judgement:
    """Judge one outcome of an identity that needs no draws.

    `means`: a scalar on the left is the mean of what stands on the right (a mean loss
    against losses at every point).
    """
    if isinstance(outcome, Sides):
        return exact(outcome, tolerance, means=means)
    if isinstance(outcome, Order):
        return order(outcome)
    if isinstance(outcome, Bound):
        return bound(outcome, tolerance)
    raise TypeError(f"an identity yields outcomes, got {type(outcome).__name__}")


def drawn(outcome: Draws, engine: Engine, key: tuple[str, ...], level: float) -> Judgement:
    """Batches of draws, judged until they decide or the budget is spent."""
    from refscore.verify.evidence import engine as sequential

    try:
        result = engine.collect(outcome, key, level)
    except sequential.Unreadable as error:
        return _refused(outcome.label, 0.0, str(error))
    d = result.decision
    return Judgement(
        outcome.label, d.verdict == "holds", max(d.log_e, 0.0), d.threshold,
        sequential.described(result), np.asarray(d.leading.deviation), np.asarray(0.0),
        d.n, d.verdict == "undecided", sequential.record(result),
    )  # fmt: skip


def exact(sides: Sides, tolerance: float, *, means: bool = False) -> Judgement:
    """|left - right| <= tolerance * scale everywhere; shape and kind must agree; no NaN passes."""
    left, right = np.asarray(sides.left), np.asarray(sides.right)
    if means and left.ndim == 0 and right.ndim == 1:
        right = np.asarray(right.mean())
    if left.dtype.kind not in "fiubc":
        return _refused(sides.label, tolerance, f"returned {left.dtype}, expected numbers")
    if left.shape != right.shape:
        detail = f"returned shape {left.shape}, expected {right.shape}"
        if left.ndim == right.ndim == 1 and left.size == right.size + 1 and left[-1] == 0:
            same = exact(Sides(sides.label, left[:-1], right, sides.scale), tolerance).holds
            detail += "; the same but for a 0 at the end" if same else ""
        return Judgement(sides.label, False, math.inf, tolerance, detail, left, right)
    if left.size == 0:
        return _refused(sides.label, tolerance, "nothing was compared")
    with np.errstate(all="ignore"):
        scale = np.abs(right[np.isfinite(right)]).max(initial=0.0)
        scale = np.asarray(scale if sides.scale is None else sides.scale, dtype=float)
        scale = np.maximum(scale, np.finfo(float).tiny)
        error = np.where(left == right, 0.0, np.abs(left - right) / scale)
    gap = float(np.where(np.isnan(error), np.inf, error).max())
    return Judgement(sides.label, gap <= tolerance, gap, tolerance, "", left, right)


def _refused(label: str, tolerance: float, detail: str) -> Judgement:
    return Judgement(label, False, math.inf, tolerance, detail)


def order(outcome: Order) -> Judgement:
    """The measured order lies within 0.4 of the expected one."""
    steps = np.asarray(outcome.steps, dtype=float)
    errors = np.asarray(outcome.errors, dtype=float)
    if steps.shape != errors.shape or steps.size < 2:
        detail = f"{errors.size} errors at {steps.size} steps; two or more are needed"
        return _refused(outcome.label, 0.4, detail)
    if not (np.isfinite(errors).all() and (errors > 0).all()):
        return _refused(outcome.label, 0.4, f"errors {errors}")
    measured = float(np.polyfit(np.log(steps), np.log(errors), 1)[0])
    gap = abs(measured - outcome.expected)
    detail = f"order {measured:.2f}, expected {outcome.expected:g}"
    return Judgement(outcome.label, gap < 0.4, gap, 0.4, detail)


def bound(outcome: Bound, tolerance: float) -> Judgement:
    """value <= upper everywhere, to rounding; the upper bound is not negative."""
    value, upper = np.asarray(outcome.value, float), np.asarray(outcome.upper, float)
    if value.size == 0:
        return _refused(outcome.label, 1 + tolerance, "nothing was compared")
    with np.errstate(all="ignore"):
        ratio = np.where(value == upper, 1.0, value / upper)
    gap = float(np.where(np.isnan(ratio), np.inf, ratio).max())
    holds, detail = gap <= 1 + tolerance, "the gap is value / upper bound"
    return Judgement(outcome.label, holds, gap, 1 + tolerance, detail, value, upper)

"""Which known mistake explains a failure.

Every named mistake predicts what the observable becomes: the kit runs the mistaken
library on the same inputs and compares. A mistake is named only when it reproduces
everything the failing port did, wrong and right; where draws decide, only when mean and
spread fit on every case and every rival is worse by a Bayes factor of 20.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from refscore.identities import catalogue
from refscore.verify.compare import Judgement
from refscore.verify.draws import agreement_of_moments, likely, moments
from refscore.verify.report import CheckResult, Diagnosis, Report
from refscore.verify.subject import Subject

_LOG_20 = math.log(20)


def explain(check: CheckResult, report: Report, subject: Subject) -> Diagnosis:
    """The named mistakes that fit this failed check, and the coefficients read off it."""
    from refscore.verify.mutants import mistakes

    observed = read_off(check)
    fitting: dict[str, float] = {}
    for name, wrong in mistakes().items():
        if wrong.port in check.ports:
            score = _fit_once(wrong, report, subject)
            if score is not None:
                fitting[name] = score
    best = max(fitting.values(), default=0.0)
    drawn = not any(_seen_exactly(mistakes()[name].port, report) for name in fitting)
    margin = 2 * _LOG_20 if drawn else _LOG_20  # chance alone parts equal laws by log 20
    named = tuple(n for n, score in fitting.items() if score > best - margin)
    if not named:
        return Diagnosis((), "no listed mistake reproduces what was returned", observed)
    summaries = [f"{name}: {mistakes()[name].summary}" for name in named]
    if drawn:
        several = len(named) > 1
        said = "consistent with " + (", ".join(named) if several else summaries[0])
        return Diagnosis(() if several else named, said, observed)
    return Diagnosis(named, "; or, alike on these inputs, ".join(summaries), observed)


def _seen_exactly(port: str, report: Report) -> bool:
    """Some check compared this port without draws."""
    return any(
        c.kind != "expectation" and port in c.ports and any(case.judgements for case in c.cases)
        for c in report.checks
    )


def _fit_once(wrong, report: Report, subject: Subject) -> float | None:
    """`fit`, kept on the report: several failed checks ask the same question."""
    known = report.__dict__.setdefault("_fits", {})
    if wrong.name not in known:
        known[wrong.name] = fit(wrong, report, subject)
    return known[wrong.name]


def fit(wrong, report: Report, subject: Subject) -> float | None:
    """A log-likelihood of what the port did under a mistake; None if it does not fit."""
    total, informative, drawn = 0.0, False, []
    others = _suspects(report) - {wrong.port}
    for check in report.checks:
        if wrong.port not in check.ports or check.id == "P" or others & set(check.ports):
            continue
        predicted = _predicted(wrong.name, check.name) if check.cases else {}
        for case in check.cases:
            said = _numbered(predicted.get(case.case, []))
            if case.judgements and not said:
                return None
            for key, seen in _numbered(case.judgements).items():
                if key not in said:
                    if not seen.holds:
                        return None
                    continue
                score = _agree(wrong.name, check.kind, seen, said[key])
                many = check.kind == "expectation" and seen.spread is not None
                if many and score is not None:  # worth the further draws
                    score = _pooled(wrong.name, check, report, subject).get((case.case, key))
                    drawn.append(score or 0.0)
                if score is None:
                    return None
                total += score
                informative = informative or not (said[key].holds or seen.holds)
    return total if informative and likely(drawn) else None


def _agree(mistake: str, kind: str, seen: Judgement, said: Judgement) -> float | None:
    if mistake.endswith("_in_single_precision"):
        return _rounded(seen, said)
    return _agreement(seen, said, kind)


def _numbered(judgements) -> dict[tuple[str, int], Judgement]:
    """Outcomes by label and occurrence: a subject may return less than the library does."""
    labels = [j.label for j in judgements]
    return {(j.label, labels[:i].count(j.label)): j for i, j in enumerate(judgements)}


def _suspects(report: Report) -> set[str]:
    """Ports that fail a check of their own, so that shared checks say little of the others."""
    failing = ("fails", "error")
    return {c.ports[0] for c in report.checks if c.verdict in failing and len(c.ports) == 1}


@functools.lru_cache(maxsize=4096)
def _predicted(mistake: str, check: str) -> dict[str, list[Judgement]]:
    """What the mistaken library returns on every case of a check."""
    from refscore.verify.compare import ALPHA
    from refscore.verify.mutants import mistakes
    from refscore.verify.runner import evaluate

    result = evaluate(catalogue()[check], Subject(mistakes()[mistake].subject()), ALPHA)
    return {case.case: case.judgements for case in result.cases}


def _agreement(seen: Judgement, said: Judgement, kind: str) -> float | None:
    """0 for an exact match, a log-likelihood for draws, None for a mismatch."""
    if kind in ("bound", "order") or seen.left is None or said.left is None:
        return 0.0 if seen.holds == said.holds else None
    if kind == "expectation" and (said.draws or np.ndim(said.left) == 0):
        return _agreement_of_draws(seen, said)
    mine, theirs = np.asarray(seen.left), np.asarray(said.left)
    if mine.ndim == 0 and theirs.ndim > 0:
        theirs = theirs.mean()
    if mine.shape != theirs.shape:
        return None
    with np.errstate(all="ignore"):
        same = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
        scale = max(np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0), 1e-300)
        close = np.abs(mine - theirs) <= 10 * max(seen.tolerance, 1e-9) * scale
    return 0.0 if bool((same | close).all()) else None


def _rounded(seen: Judgement, said: Judgement) -> float | None:
    """-10 where the values are float32 numbers near the right ones, None otherwise."""
    left = None if seen.left is None else np.asarray(seen.left)
    if left is None or seen.holds != said.holds:
        return 0.0 if seen.holds or seen.left is None else None
    with np.errstate(all="ignore"):
        single = (left == left.astype(np.float32)) | ~np.isfinite(left)
    near = seen.gap < 1e-2 or not np.isfinite(left).all()
    return -10.0 if seen.holds or (near and bool(single.all())) or said.label in _DERIVED else None


_SAME = 1e-6
_DERIVED = ("Jacobian", "divergence", "difference")


def _agreement_of_draws(seen: Judgement, said: Judgement) -> float | None:
    mine, theirs = np.asarray(seen.left), np.asarray(said.left)
    if mine.ndim == 0 or theirs.ndim == 0:
        error = max(seen.tolerance, said.tolerance) / 5.0 * math.sqrt(2)
        if seen.spread is not None and said.spread is not None:
            error = math.hypot(
                seen.spread / math.sqrt(seen.draws), said.spread / math.sqrt(said.draws)
            )
        z = float(abs(mine.mean() - theirs.mean())) / max(error, 1e-12 * abs(float(mine.mean())))
        return -0.5 * z * z if z < 4 else None
    both = np.sort(np.concatenate([mine, theirs]))
    gap = np.abs(
        np.searchsorted(mine, both, "right") / mine.size
        - np.searchsorted(theirs, both, "right") / theirs.size
    ).max()
    root = max(gap - 1e-3, 0.0) * math.sqrt(seen.draws * said.draws / (seen.draws + said.draws))
    return -2 * root * root if root < 2.2 else None


def _pooled(mistake: str, check: CheckResult, report: Report, subject: Subject) -> dict:
    """How well mean and spread agree with a mistake's, by case and outcome, on many draws."""
    known = report.__dict__.setdefault("_drawn", {})
    if check.name not in known:
        known[check.name] = moments(check.name, subject, check.seconds)
    said = _moments_of_mistake(mistake, check.name)
    return {
        key: agreement_of_moments(seen, said[key])
        for key, seen in known[check.name].items()
        if key in said
    }


@functools.lru_cache(maxsize=1024)
def _moments_of_mistake(mistake: str, check: str) -> dict:
    from refscore.verify.mutants import mistakes

    return moments(check, Subject(mistakes()[mistake].subject()), 0.05)


def read_off(check: CheckResult) -> str:
    """What the failure looks like in numbers: coefficients of the terms, or one ratio."""
    return _coefficients(check) or _ratio(check)


def _coefficients(check: CheckResult) -> str:
    """Least-squares coefficients of the formula's named terms, where they explain all."""
    entry = catalogue().get(check.name)
    if entry is None or entry.terms is None:
        return ""
    columns: dict[str, list] = {}
    values: list[np.ndarray] = []
    cases = {case.name: case for case in entry.cases()}
    for result in check.cases:
        for judgement in result.judgements:
            if judgement.left is None or judgement.right is None or result.case not in cases:
                continue
            terms = entry.terms(cases[result.case])
            left = np.atleast_1d(judgement.left)
            scale = max(np.abs(judgement.right).max(), 1e-300)
            for name, term in terms.items():
                term = np.atleast_1d(np.mean(term) if np.ndim(judgement.left) == 0 else term)
                if term.shape != left.shape:
                    return ""
                columns.setdefault(name, []).append(term.ravel() / scale)
            values.append(left.ravel() / scale)
    if not values:
        return ""
    design = np.stack([np.concatenate(column) for column in columns.values()], -1)
    target = np.concatenate(values)
    if not np.isfinite(target).all() or len(target) < 2 * design.shape[1]:
        return ""
    return _solved(design, target, list(columns))


def _solved(design: np.ndarray, target: np.ndarray, names: list[str]) -> str:
    solution, _, rank, _ = np.linalg.lstsq(design, target, rcond=None)
    if rank < design.shape[1] or np.abs(design @ solution - target).max() > _SAME:
        return ""
    if np.abs(solution - 1).max() <= _SAME:
        return ""
    signed = [f"{'−' if c < 0 else '+'} {abs(c):.6g} {name}" for c, name in zip(solution, names)]
    return f"returned {' '.join(signed).removeprefix('+ ')} (expected coefficients 1)"


def _ratio(check: CheckResult) -> str:
    """The one number that relates both sides wherever they differ, if there is one."""
    ratios, others = [], False
    for case in check.cases:
        for j in case.judgements:
            others = others or j.holds
            if (
                j.holds
                or j.left is None
                or j.right is None
                or np.shape(j.left) != np.shape(j.right)
            ):
                continue
            left, right = np.ravel(j.left), np.ravel(j.right)
            keep = np.abs(right) > 1e-6 * max(np.abs(right).max(initial=0), 1e-300)
            with np.errstate(all="ignore"):
                ratios.append((left / right)[keep])
    if not ratios:
        return ""
    ratio = np.concatenate(ratios)
    if ratio.size < 2 or not np.isfinite(ratio).all() or np.ptp(ratio) > _SAME * abs(ratio[0]):
        return ""
    if abs(ratio[0] - 1) <= _SAME:
        return ""
    where = "wherever it is wrong" if others else "on every case"
    return f"returned {ratio[0]:.6g} times the expected value {where}"

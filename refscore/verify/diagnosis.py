"""Which known mistake explains a failure.

Every named mistake predicts what the observable becomes: the kit runs the mistaken
library on the same inputs and compares. A mistake is named only when it reproduces
everything the failing port did, wrong and right; where draws decide, only when its law is
not rejected by any statistic of any case, every rival is worse by a Bayes factor of 20, and
the rivals' own draws differ from its draws.
"""

from __future__ import annotations

import math

import numpy as np

from refscore.identities import catalogue
from refscore.identities.settings import process_of
from refscore.verify.coefficients import read_off
from refscore.verify.compare import Judgement
from refscore.verify.draws import Agreement, Sample, agreement, as_many, samples, telling
from refscore.verify.ports import PORTS
from refscore.verify.predictions import besides, drawn_by, predicted, predicted_of
from refscore.verify.readings import unnamed
from refscore.verify.report import CheckResult, Diagnosis, Report
from refscore.verify.setting import ANY, DEFAULT, Setting, setting_of
from refscore.verify.subject import Subject

_LOG_20 = math.log(20)
_DERIVED = ("Jacobian", "divergence", "difference", "error")


def explain(
    check: CheckResult, report: Report, subject: Subject, eps: float | None = None
) -> Diagnosis:
    """The named mistakes that fit this failed check, and the coefficients read off it.

    `eps`: the tolerance of draws the report was made with, where it is not the outcomes' own."""
    from refscore.verify.mutants.own_process import candidates, is_own, plain

    observed = read_off(check, process_of(subject))
    known = {name: wrong for name, wrong in candidates().items() if wrong.port in check.ports}
    plainly = [n for n in known if not is_own(n)]
    setting = setting_of(subject)
    fitting = _fits(plainly, known, report, subject, eps, setting)
    if not fitting and process_of(subject).kind != "vp":  # whose ports have mistakes of their own
        fitting = _fits([n for n in known if is_own(n)], known, report, subject, eps, setting)
    if not fitting and setting.dtype == "float32":  # it may well compute in double precision
        setting = setting._replace(dtype="float64")
        fitting = _fits(plainly, known, report, subject, eps, setting)
    if not fitting and PORTS[check.ports[0]].given in ("gumbels", "uniforms"):
        setting = setting_of(subject)._replace(draws=ANY)  # means of another number of draws
        fitting = _fits(plainly, known, report, subject, eps, setting)
    best = max(fitting.values(), default=0.0)
    drawn = not any(_seen_exactly(known[name].port, report) for name in fitting)
    margin = 2 * _LOG_20 if drawn else _LOG_20  # chance alone parts equal laws by log 20
    named = tuple(n for n, score in fitting.items() if score > best - margin)
    if drawn:
        setting = setting_of(subject)
        named += tuple(
            n for n in fitting if n not in named and _alike(n, named[0], report, setting)
        )
    if not named:
        return Diagnosis((), unnamed(check, report), observed)
    summaries = list(dict.fromkeys(f"{plain(n)}: {known[n].summary}" for n in named))
    named = tuple(dict.fromkeys(map(plain, named)))
    if drawn:
        several = len(named) > 1
        said = "consistent with " + (", ".join(named) if several else summaries[0])
        return Diagnosis(() if several else named, said, observed)
    return Diagnosis(named, "; or, alike on these inputs, ".join(summaries), observed)


def _fits(names, known, report, subject, eps, setting: Setting) -> dict[str, float]:
    """The log-likelihoods of those of the known mistakes that fit."""
    scores = {name: _fit_once(known[name], report, subject, eps, setting) for name in names}
    return {name: score for name, score in scores.items() if score is not None}


def _seen_exactly(port: str, report: Report) -> bool:
    """Some check compared this port without draws."""
    return any(
        c.kind != "expectation" and port in c.ports and any(case.judgements for case in c.cases)
        for c in report.checks
    )


def _fit_once(wrong, report, subject, eps: float | None, setting: Setting) -> float | None:
    """`fit`, kept on the report: several failed checks ask the same question."""
    known = report.__dict__.setdefault("_fits", {})
    if (wrong.name, setting) not in known:
        known[wrong.name, setting] = fit(wrong, report, subject, eps, setting)
    return known[wrong.name, setting]


def fit(
    wrong, report: Report, subject: Subject, eps: float | None = None, setting=None
) -> float | None:
    """A log-likelihood of what the port did under a mistake; None if it does not fit.

    `setting`: what the mistaken library computes under, where it is not the subject's."""
    setting = setting or setting_of(subject)
    total, informative = 0.0, False
    others = _suspects(report) - {wrong.port}
    for check in sorted(report.checks, key=lambda c: c.kind == "expectation"):  # cheap ones first
        if wrong.port not in check.ports or check.id == "P" or others & set(check.ports):
            continue
        if check.kind == "expectation":
            score = _fit_of_draws(wrong.name, check, report, subject, eps, setting)
            if score is None:
                return None
            total += score
            informative = informative or check.verdict == "fails"
            continue
        found = _fit_of_sides(wrong.name, check, setting._replace(draws=DEFAULT.draws))
        if found is None:
            return None
        total, informative = total + found[0], informative or found[1]
    return total if informative else None


def _fit_of_sides(mistake: str, check: CheckResult, setting: Setting) -> tuple[float, bool] | None:
    """The log-likelihood of what a check compared, and whether it fails under the mistake too."""
    total, informative = 0.0, False
    drawn = check.name in catalogue() and catalogue()[check.name].draws == "rng"
    kind = "drawn" if drawn else check.kind  # of the subject's own draws only what they show
    for case in check.cases:
        expected = predicted_of(mistake, check.name, case.case, setting) if case.judgements else []
        said = _numbered(expected)
        if case.judgements and not said:
            return None
        for key, seen in _numbered(case.judgements).items():
            if key not in said:
                if not seen.holds:
                    return None
                continue
            score = _agree(mistake, kind, seen, said[key])
            if score is None:
                return None
            total += score
            informative = informative or not (said[key].holds or seen.holds)
    return total, informative


def _fit_of_draws(
    mistake: str, check: CheckResult, report: Report, subject: Subject, eps, setting: Setting
):
    """-χ²/2 of what a check drew against what the mistaken library draws; None if unlikely."""
    judged = {case.case for case in check.cases if case.judgements}
    if not judged:
        return 0.0
    known = report.__dict__.setdefault("_drawn", {})
    if check.name not in known:
        known[check.name] = samples(check.name, subject, "subject")
    seen = {key: sample for key, sample in known[check.name].items() if key[0] in judged}
    matched = setting.draws == ANY
    setting = setting._replace(draws=DEFAULT.draws)
    if not _alike_beside_draws(mistake, check, setting):
        return None
    said = drawn_by(mistake, check.name, setting=setting)
    if matched:
        setting = setting._replace(draws=as_many(seen, said, setting.draws))
        said = drawn_by(mistake, check.name, setting=setting)
    found = _together(seen, said)
    if found is None or not found.likely or not all(map(telling, seen.values())):
        return None
    if check.verdict == "fails" and not _fails(mistake, check.name, eps, setting):
        return None
    return -0.5 * found.square


def _alike_beside_draws(mistake: str, check: CheckResult, setting: Setting) -> bool:
    """What a check of draws compared exactly comes out under the mistake as it was seen."""
    if not any(j.evidence is None for case in check.cases for j in case.judgements):
        return True
    expected = besides(mistake, check.name, setting)
    for case in check.cases:
        said = _numbered(expected.get(case.case, []))
        for key, seen in _numbered(case.judgements).items():
            if seen.evidence is not None:
                continue
            if key not in said and not seen.holds:
                return False
            if key in said and _agreement(seen, said[key], "exact") is None:
                return False
    return True


def _fails(mistake: str, check: str, eps: float | None, setting: Setting = DEFAULT) -> bool:
    """The mistaken library fails this check too: what holds explains no failure."""
    found = predicted(mistake, check, eps, setting).values()
    return any(not (j.holds or j.undecided) for judgements in found for j in judgements)


def _together(seen: dict[tuple, Sample], said: dict[tuple, Sample]) -> Agreement | None:
    """The agreement of all outcomes; None where one is missing or cannot agree."""
    square, count = 0.0, 0
    if not seen:
        return None
    for key, sample in seen.items():
        found = agreement(sample, said[key]) if key in said else None
        if found is None or not found.likely:
            return None
        square, count = square + found.square, count + found.freedom
    return Agreement(square, count)


def _alike(mistake: str, other: str, report: Report, setting: Setting) -> bool:
    """The draws of two mistakes do not tell them apart in any failed check."""
    for check in report.checks:
        if check.kind == "expectation" and check.verdict == "fails" and check.cases:
            one = drawn_by(mistake, check.name, setting=setting)
            two = drawn_by(other, check.name, "rival", setting)
            if _together(one, two) is None:
                return False
    return True


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


def _agreement(seen: Judgement, said: Judgement, kind: str) -> float | None:
    """0 for an exact match, a log-likelihood for draws, None for a mismatch."""
    if kind == "drawn":
        return 0.0 if seen.holds == said.holds and _of_one_size(seen, said) else None
    if kind in ("bound", "order") or seen.left is None or said.left is None:
        return 0.0 if seen.holds == said.holds else None
    mine, theirs = np.asarray(seen.left), np.asarray(said.left)
    if mine.ndim == 0 and theirs.ndim > 0:
        theirs = theirs.mean()
    if mine.shape != theirs.shape:
        return None
    if seen.holds and said.holds:
        return 0.0
    with np.errstate(all="ignore"):
        same = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
        scale = max(np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0), 1e-300)
        allowed = min(10 * max(seen.tolerance, 1e-9) * scale, _told_apart(said, theirs))
        allowed = max(allowed, _noise(seen))
        close = np.abs(mine - theirs) <= allowed
    return 0.0 if bool((same | close).all()) else None


def _noise(seen: Judgement) -> float:
    """What rounding leaves of a 0 that is a difference: far below what passes as right."""
    right = np.abs(np.asarray(seen.right, float)) if seen.right is not None else np.zeros(1)
    return 1e-4 * seen.tolerance * float(right[np.isfinite(right)].max(initial=0.0))


def _of_one_size(seen: Judgement, said: Judgement) -> bool:
    """Where both are off, neither is by a hundred times more: a coarse solve is no mistake."""
    low, high = sorted((seen.gap, said.gap))
    return seen.holds or not high > 100 * low


def _told_apart(said: Judgement, theirs: np.ndarray) -> float:
    """A tenth of what the mistake does, where it fails: a small effect explains no other one."""
    right = None if said.holds or said.right is None else np.asarray(said.right)
    if right is None or right.shape != theirs.shape:
        return np.inf
    effect, scale = np.abs(theirs - right), np.abs(right[np.isfinite(right)]).max(initial=0.0)
    finite = effect[np.isfinite(effect)]
    if finite.size < effect.size:  # what has no number tells it apart; the rest may be rounding
        finite = finite[finite > said.tolerance * scale]
    return 0.1 * float(finite.max(initial=0.0)) or np.inf


def _rounded(seen: Judgement, said: Judgement) -> float | None:
    """-10 where the values are float32 numbers near the right ones, None otherwise."""
    left = None if seen.left is None else np.asarray(seen.left)
    if left is None or seen.holds != said.holds:
        return 0.0 if seen.holds or seen.left is None else None
    with np.errstate(all="ignore"):
        single = (left == left.astype(np.float32)) | ~np.isfinite(left)
    near = seen.gap < 1e-2 or not np.isfinite(left).all()
    derived = said.label.split(",")[0] in _DERIVED  # computed from what was returned
    return -10.0 if seen.holds or (near and bool(single.all())) or derived else None

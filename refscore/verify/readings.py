"""What a failure that no listed mistake reproduces looks like: where a solve ends, and which
method's table is wrong."""

from __future__ import annotations

import numpy as np

from refscore.identities import catalogue
from refscore.verify.report import CheckResult, Report
from refscore.verify.roughness import LITTLE, worst_of

UNNAMED = "no listed mistake reproduces what was returned"


def unnamed(check: CheckResult, report: Report) -> str:
    """What is said of a failed check without a named mistake."""
    read = _shaped(check) or _end(check, report) or _one_method(check)
    read = read or _redrawn(check, report) or _own_baseline(check)
    return f"{UNNAMED}; {read}" if read else UNNAMED


def _shaped(check: CheckResult) -> str:
    """Another shape than was asked for, in everything that failed."""
    failed = [j for case in check.cases for j in case.judgements if not j.holds]
    said = [judgement.detail for judgement in failed]
    shaped = bool(said) and all(detail.startswith("returned shape") for detail in said)
    return said[0].replace("returned shape", "its shape is") if shaped else ""


def _end(check: CheckResult, report: Report) -> str:
    """Where the solve ends, if that is not t1: read off a constant velocity."""
    found = _named(report, "constant_velocity")
    if check.ports != ("ode_solve",) or found is None or found.verdict != "fails":
        return ""
    cases = {case.name: case for case in catalogue()["constant_velocity"].cases()}
    for result in found.cases:
        case = cases[result.case]
        for judgement in result.judgements:
            left = np.asarray(judgement.left)
            if judgement.holds or left.shape != np.shape(case.x0):
                continue
            ends = case.t0 + (left - case.x0) / case.velocity.offset
            if np.ptp(ends) < 1e-9:
                return (
                    f"it ends at t = {ends.mean():.6g}, not at t1 = {case.t1:.6g} (from t0 ="
                    f" {case.t0:.6g}): are the last step and its length right, and do the"
                    " weights sum to one?"
                )
    return ""


def _redrawn(check: CheckResult, report: Report) -> str:
    """A right mean of what a held probe would have made exact."""
    mean = _named(report, "flow_estimate_mean")
    if check.name != "flow_probes_are_held" or mean is None or mean.verdict == "fails":
        return ""
    asked = "is the probe drawn anew inside the solve (estimate_probe_redrawn)?"
    if worst_of(check).gap > LITTLE:
        return f"the mean is right: {asked}"
    return f"the error is small: is the solver coarse? refine it; if the error stays, {asked}"


def _own_baseline(check: CheckResult) -> str:
    """Nothing returned for a constant f: what is taken off it are the values of the draws."""
    if check.name != "score_function_of_frequencies":
        return ""
    from refscore import oracles

    cases = {case.name: case for case in catalogue()[check.name].cases()}
    for result in check.cases:
        case = cases[result.case]
        exact = oracles.discrete_gradients.expectation_gradient(case.logits, case.f)
        for judgement in result.judgements:
            right = judgement.right
            if right is None or not np.allclose(right, exact, rtol=0, atol=1e-6):
                return ""
    return (
        "of a constant f nothing is left: is the mean over the own draws its baseline"
        " (score_function_baseline_of_own_draw)?"
    )


def _one_method(check: CheckResult) -> str:
    """Which of the named methods are wrong, if only some are, and whether in their times alone."""
    entry = catalogue().get(check.name)
    if entry is None:
        return ""
    cases = {c.name: c for c in entry.cases() if "method" in c.inputs and "velocity" in c.inputs}
    judged = [(cases[c.case], c) for c in check.cases if c.case in cases and c.judgements]
    asked = list(dict.fromkeys(case.method for case, _ in judged))
    wrong = [m for m in asked if any(c.method == m and r.verdict == "fails" for c, r in judged)]
    if not wrong or len(wrong) > 2 or len(wrong) == len(asked):
        return ""
    still = [r.verdict for c, r in judged if c.method in wrong and c.velocity.kind == "linear"]
    where = ", in the times of its stages" if still and set(still) == {"holds"} else ""
    entries = "entries of their tables" if len(wrong) > 1 else "an entry of its table"
    return f"{', '.join(wrong)} alone of {len(asked)} methods: {entries}{where}"


def _named(report: Report, name: str) -> CheckResult | None:
    return next((check for check in report.checks if check.name == name), None)

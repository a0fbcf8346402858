"""What a failure looks like in numbers: coefficients of the formula's terms, or one ratio."""

from __future__ import annotations

import inspect

import numpy as np

from refscore.identities import catalogue
from refscore.identities.cases import Description
from refscore.identities.settings import VP
from refscore.verify.report import CheckResult

_SAME = 1e-6


def read_off(check: CheckResult, process: Description = VP) -> str:
    """What the failure looks like in numbers: coefficients of the terms, or one ratio."""
    if check.kind == "expectation":
        return ""
    return _coefficients(check, process) or _ratio(check)


def _coefficients(check: CheckResult, process: Description) -> str:
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
            terms = _terms(entry.terms, cases[result.case], process)
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
    stacked = {name: np.concatenate(column) for name, column in columns.items()}
    stacked = {name: column for name, column in stacked.items() if column.any()}
    if not stacked:
        return ""
    design, target = np.stack(list(stacked.values()), -1), np.concatenate(values)
    if not np.isfinite(target).all() or len(target) < 2 * design.shape[1]:
        return ""
    return _solved(design, target, list(stacked))


def _terms(terms, case, process: Description) -> dict[str, np.ndarray]:
    """The terms of a case; those of a process, where they depend on it."""
    if "process" in inspect.signature(terms).parameters:
        return terms(case, process=process)
    return terms(case)


def _solved(design: np.ndarray, target: np.ndarray, names: list[str]) -> str:
    solution, _, rank, _ = np.linalg.lstsq(design, target, rcond=None)
    if rank < design.shape[1] or np.abs(design @ solution - target).max() > _SAME:
        return ""
    if np.abs(solution - 1).max() <= _SAME:
        return ""
    solution = np.where(np.abs(solution) < _SAME, 0.0, solution)
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
    if not ratio.any():
        return f"returned 0 {where}"
    return f"returned {ratio[0]:.6g} times the expected value {where}"

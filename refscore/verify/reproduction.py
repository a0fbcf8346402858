"""Both sides of one check in full, on the screen and in hand."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import numpy as np

from refscore.identities import Case, Identity, catalogue, find
from refscore.verify.compare import ALPHA, Judgement
from refscore.verify.errors import NotOffered
from refscore.verify.first_calls import first_call
from refscore.verify.judging import judged_all, share_of_check
from refscore.verify.loading import load
from refscore.verify.prerequisites import failures
from refscore.verify.render import evidence_line
from refscore.verify.render.formula import plain
from refscore.verify.subject import Subject

_PREREQUISITES = "_prerequisites"


def reproduce(
    subject: Any, check: str, case: str | None = None, *, file: TextIO | None = None
) -> list[Judgement]:
    """Print what a check compared on one case, every entry of it, and return it.

    `subject`: an object with ports or what the command line takes. `check`: id or name.
    `case`: a case's name; by default the first that does not hold, else the first. An error
    raised by the subject is not caught here, so that its traceback leads into its code.
    Returns the judged outcomes: `.label`, `.left`, `.right`, `.gap`, `.holds`.
    Raises KeyError for an unknown check or case.
    """
    file = sys.stdout if file is None else file
    tested = subject if isinstance(subject, Subject) else Subject(_loaded(subject))
    if check.endswith(_PREREQUISITES):
        return _prerequisites(tested, check.removesuffix(_PREREQUISITES), file)
    entries = find(check)
    if len(entries) > 1:
        raise KeyError(f"{check!r} is several checks: {', '.join(e.name for e in entries)}")
    entry = entries[0]
    chosen, outcomes = _chosen(entry, tested, case)
    judgements = _judged(entry, tested, chosen, outcomes)
    with np.printoptions(precision=12, threshold=sys.maxsize, linewidth=100):
        print(_introduction(entry, tested, chosen), file=file)
        for judgement in judgements:
            print(_sides(judgement), file=file)
    return judgements


def _judged(entry: Identity, subject: Subject, case, outcomes: list) -> list[Judgement]:
    """As in a run of the kit: the same seeds, the same level."""
    share = share_of_check(ALPHA) / len(list(entry.cases()))
    return judged_all(entry, subject, case, outcomes, share)


def _loaded(subject):
    return load(subject) if isinstance(subject, str) else subject


def _chosen(entry: Identity, subject: Subject, name: str | None):
    """The case asked for and its outcomes; else the first that fails; else the first."""
    cases = list(entry.cases())
    if name is not None:
        cases = [case for case in cases if case.name == name]
        if not cases:
            known = ", ".join(case.name for case in entry.cases())
            raise KeyError(f"{entry.name} has no case {name!r}; it has {known}")
        return cases[0], list(entry.sides(subject, cases[0]))
    first = None
    for case in cases:
        try:
            outcomes = list(entry.sides(subject, case))
        except (NotOffered, NotImplementedError):
            continue
        if not all(j.holds for j in _judged(entry, subject, case, outcomes)):
            return case, outcomes
        first = first or (case, outcomes)
    if first is None:
        raise ValueError(f"{subject.name} declines every case of {entry.name}")
    return first


def _introduction(entry: Identity, subject: Subject, case: Case) -> str:
    lines = [
        f"{entry.name} ({entry.id}) on {subject.name}, case {case.name}",
        f"  {entry.summary}",
        f"  {plain(entry.statement)}",
        f"  assuming {entry.assumptions}",
        "inputs",
    ]
    lines += [f"  {name} = {_shown(value)}" for name, value in case.inputs.items()]
    return "\n".join(lines)


def _shown(value) -> str:
    """A description by its arrays, an array by its entries."""
    if hasattr(value, "parameters_by_name"):
        inside = ",\n    ".join(f"{k}={_shown(v)}" for k, v in value.parameters_by_name.items())
        return f"{value.kind}(\n    {inside})"
    return repr(value).replace("\n", "\n      ")


def _sides(judgement: Judgement) -> str:
    verdict = "holds" if judgement.holds else "undecided" if judgement.undecided else "FAILS"
    gap = f"gap {judgement.gap:.6g}, allowed {judgement.tolerance:.6g}"
    lines = [f"\n{judgement.label}: {verdict}, {gap}"]
    if judgement.detail:
        lines.append(f"  {judgement.detail}")
    if judgement.evidence:
        return "\n".join([*lines, f"  evidence  {evidence_line(judgement.evidence)}"])
    for name, value in (("returned", judgement.left), ("expected", judgement.right)):
        if value is not None:
            lines.append(f"  {name}  " + repr(np.asarray(value)).replace("\n", "\n          "))
    return "\n".join(lines)


def _prerequisites(subject: Subject, port: str, file: TextIO) -> list[Judgement]:
    entries = list(catalogue().values())
    arguments = first_call(subject, port, entries)
    if arguments is None:
        raise KeyError(f"{subject.name} accepts no case of the catalogue for {port!r}")
    with np.printoptions(precision=12, threshold=sys.maxsize, linewidth=100):
        print(f"{port}{_PREREQUISITES} on {subject.name}\narguments", file=file)
        for name, value in arguments.items():
            print(f"  {name} = {_shown(value)}", file=file)
        found = failures(subject, port, arguments)
    for line in found or ["holds"]:
        print(line, file=file)
    return [Judgement(line, False, float("inf"), 0.0, line) for line in found]

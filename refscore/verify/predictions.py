"""What a mistaken library does on the cases of a check, kept: several failures ask for it."""

from __future__ import annotations

import functools

from refscore.identities import Draws, catalogue
from refscore.verify.compare import ALPHA, Judgement
from refscore.verify.draws import Sample, samples
from refscore.verify.evidence.engine import Engine
from refscore.verify.mutants import mistakes
from refscore.verify.subject import Subject


@functools.lru_cache(maxsize=4096)
def predicted(mistake: str, check: str, eps: float | None = None) -> dict[str, list[Judgement]]:
    """What the mistaken library returns on every case of a check."""
    from refscore.verify.runner import evaluate

    wrong, engine = Subject(mistakes()[mistake].subject()), Engine(eps=eps)
    result = evaluate(catalogue()[check], wrong, ALPHA, engine=engine)
    return {case.case: case.judgements for case in result.cases}


@functools.lru_cache(maxsize=16384)
def predicted_of(mistake: str, check: str, name: str) -> list[Judgement]:
    """The same of one case: most mistakes are told from others by the first."""
    from refscore.verify.runner import evaluate

    entry, wrong = catalogue()[check], Subject(mistakes()[mistake].subject())
    cases = [case for case in entry.cases() if case.name == name]
    return evaluate(entry, wrong, ALPHA, cases).cases[0].judgements if cases else []


@functools.lru_cache(maxsize=4096)
def besides(mistake: str, check: str) -> dict[str, list[Judgement]]:
    """What the mistaken library returns where a check of draws compares exactly."""
    from refscore.verify.runner import judged

    entry, wrong = catalogue()[check], Subject(mistakes()[mistake].subject())
    found: dict[str, list[Judgement]] = {}
    for case in entry.cases():
        try:
            outcomes = [o for o in entry.sides(wrong, case) if not isinstance(o, Draws)]
        except Exception:  # the mistake ends in an error
            continue
        found[case.name] = [judged(entry, wrong, outcome) for outcome in outcomes]
    return found


@functools.lru_cache(maxsize=1024)
def drawn_by(mistake: str, check: str, stream: str = "mistake") -> dict[tuple, Sample]:
    """What it draws; another `stream` is independent."""
    return samples(check, Subject(mistakes()[mistake].subject()), stream)

"""What a mistaken library does on the cases of a check, kept: several failures ask for it."""

from __future__ import annotations

import functools

from refscore.identities import Draws, catalogue
from refscore.verify.compare import ALPHA, Judgement
from refscore.verify.draws import Sample, samples
from refscore.verify.evidence.engine import Engine
from refscore.verify.judging import evaluate, judged
from refscore.verify.mutants.own_process import candidates
from refscore.verify.setting import DEFAULT, Setting, under
from refscore.verify.subject import Subject


@functools.lru_cache(maxsize=4096)
def predicted(
    mistake: str, check: str, eps: float | None = None, setting: Setting = DEFAULT
) -> dict[str, list[Judgement]]:
    """What the mistaken library returns on every case of a check."""
    with under(setting):
        wrong, engine = _subject(mistake, setting), Engine(eps=eps)
        result = evaluate(catalogue()[check], wrong, ALPHA, engine=engine)
    return {case.case: case.judgements for case in result.cases}


@functools.lru_cache(maxsize=16384)
def predicted_of(
    mistake: str, check: str, name: str, setting: Setting = DEFAULT
) -> list[Judgement]:
    """The same of one case: most mistakes are told from others by the first."""
    entry, wrong = catalogue()[check], _subject(mistake, setting)
    cases = [case for case in entry.cases() if case.name == name]
    with under(setting):
        found = evaluate(entry, wrong, ALPHA, cases).cases[0].judgements if cases else []
    if check in candidates()[mistake].rounding:  # whether it fails is all there is to say
        return [judgement._replace(left=None) for judgement in found]
    return found


@functools.lru_cache(maxsize=4096)
def besides(mistake: str, check: str, setting: Setting = DEFAULT) -> dict[str, list[Judgement]]:
    """What the mistaken library returns where a check of draws compares exactly."""
    entry, wrong = catalogue()[check], _subject(mistake, setting)
    found: dict[str, list[Judgement]] = {}
    for case in entry.cases():
        try:
            with under(setting):
                outcomes = [o for o in entry.sides(wrong, case) if not isinstance(o, Draws)]
        except Exception:  # the mistake ends in an error
            continue
        found[case.name] = [judged(entry, wrong, outcome) for outcome in outcomes]
    return found


@functools.lru_cache(maxsize=1024)
def drawn_by(
    mistake: str, check: str, stream: str = "mistake", setting: Setting = DEFAULT
) -> dict[tuple, Sample]:
    """What it draws; another `stream` is independent."""
    with under(setting):
        return samples(check, _subject(mistake, setting), stream)


def _subject(mistake: str, setting: Setting) -> Subject:
    """The mistaken library, with no memory of what it was asked."""
    wrong = _mistaken(mistake, setting)
    wrong.calls.clear()
    return wrong


@functools.lru_cache(maxsize=64)
def _mistaken(mistake: str, setting: Setting) -> Subject:
    """Built once for all the cases of the checks that ask for it in turn."""
    return Subject(candidates()[mistake].subject(setting))

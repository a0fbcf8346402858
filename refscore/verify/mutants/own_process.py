"""Mistakes in described processes, made in the ports of a subject whose process is one of them."""

from __future__ import annotations

from functools import lru_cache

from refscore.verify.mutants import Mistake, mistakes
from refscore.verify.mutants.base import SPELLINGS
from refscore.verify.setting import described

_APART = "@"


def candidates() -> dict[str, Mistake]:
    """Every named mistake; under `name~0` its other spellings, and under `name@port` those of
    described processes in own ports."""
    found = mistakes()
    found = {**found, **SPELLINGS}
    described = [wrong for wrong in found.values() if wrong.port in _OWN]
    return found | {own.name: own for wrong in described for own in _own(wrong)}


@lru_cache(maxsize=1024)
def _own(wrong: Mistake) -> list[Mistake]:
    """A described process's mistake in the ports of the subject's own that it enters."""
    return [
        wrong._replace(
            name=f"{wrong.name}{_APART}{port}", port=port, function=function(wrong.function)
        )
        for port, function in _OWN[wrong.port].items()
    ]


def plain(name: str) -> str:
    """The name a mistake is listed under."""
    return name.partition(_APART)[0].partition("~")[0]


def is_own(name: str) -> bool:
    """A described process's mistake in a port of the subject's own."""
    return _APART in name


def _marginal(wrong):
    return lambda t: wrong(described(), t)


def _drift(wrong):
    return lambda x, t: wrong(described(), t)[0] * x


def _diffusion(wrong):
    return lambda t: wrong(described(), t)[1]


def _transition(wrong):
    return lambda t, s: wrong(described(), t, s)


_OWN = {
    "process_marginal": {"marginal": _marginal},
    "process_rates": {"drift": _drift, "diffusion": _diffusion},
    "process_transition": {"transition": _transition},
}

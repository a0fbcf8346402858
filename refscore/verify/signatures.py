"""Which draws a port's function takes, read from its signature.

A port's arguments are handed over by position, whatever their names; what follows them is
recognised by name: given draws (noise, probes, ...) or a generator (rng, seed, ...).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple

from refscore.verify.errors import SubjectError
from refscore.verify.ports import GENERATOR_NAMES, GIVEN_NAMES, Port

_STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Takes(NamedTuple):
    """The parameters that take given draws and a generator; `by_position`: no keywords;
    `optional`: the port may be called without draws; `more`: those that take further draws."""

    given: str | None
    generator: str | None
    by_position: bool = False
    optional: bool = True
    more: tuple[str, ...] = ()


def takes(function: Callable, port: Port) -> Takes:
    """What a port's function takes beyond the port's arguments.

    A function without a signature, or a wrapper of `*args, **kwargs`, is taken to accept
    given draws by the port's own name for them.
    Raises: SubjectError for a required parameter that is neither.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return Takes(port.given, None)
    rest = _beyond(parameters, len(port.arguments))
    named = {p.name: p for p in rest if p.kind not in _STARRED}
    given = next((n for n in (port.given, *GIVEN_NAMES) if n in named and n != "rng"), None)
    generator = next((n for n in GENERATOR_NAMES if n in named), None)
    more = tuple(n for n in port.more if n in named and n != given)
    if given is not None and len(more) < len(port.more):
        together = ", ".join((port.given or "", *port.more))
        raise SubjectError(
            f"{port.name} asks for {given!r}, which is handed over as one of {together}: name all"
            " of them, or a generator alone"
        )
    for name, p in named.items():
        if p.default is p.empty and name not in (given, generator, *more):
            raise SubjectError(_unknown(port, name))
    kinds = {p.kind for p in rest}
    if given is None and generator is None and kinds & set(_STARRED):
        return _guessed(port, keywords=inspect.Parameter.VAR_KEYWORD in kinds)
    last = named.get(given or generator or "")
    if last is None:
        return Takes(given, generator)
    optional = all(named[n].default is not last.empty for n in (given, generator) if n)
    return Takes(given, generator, last.kind is last.POSITIONAL_ONLY, optional, more)


def left_out(function: Callable, port: Port) -> list[str]:
    """Arguments of the port a function does not name, where draws stand in the place of one."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    first = [p.name for p in parameters if p.kind in _BY_POSITION][: len(port.arguments)]
    draws = {*GENERATOR_NAMES, *GIVEN_NAMES} - set(port.arguments)
    return [n for n in port.arguments if n not in first] if draws & set(first) else []


def _beyond(parameters, count: int) -> list[inspect.Parameter]:
    """The parameters left after `count` arguments by position."""
    left = []
    for p in parameters:
        if p.kind in _BY_POSITION and count > 0:
            count -= 1
        else:
            left.append(p)
    return left


def _guessed(port: Port, *, keywords: bool) -> Takes:
    if port.given == "rng":
        return Takes(None, "rng", not keywords)
    return Takes(port.given, None, not keywords, more=port.more)


def _unknown(port: Port, name: str) -> str:
    names = ", ".join(GENERATOR_NAMES)
    if port.given is None:
        return f"{port.name} asks for {name!r}, which no port hands over: {port.signature}"
    called = ", ".join((port.given, *port.more))
    draws = "" if port.given == "rng" else f"given draws are called {called}, "
    return f"{port.name} asks for {name!r}: {draws}a generator {names}"

"""The same call again, with other calls of the same shapes between: nothing may be left over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from refscore.identities import catalogue
from refscore.verify.errors import NotOffered

Call = Callable[[dict], object]


@cache
def methods_of(port: str) -> tuple[str, ...]:
    """The methods by whose names the catalogue calls a port; none where it has none."""
    entries = [entry for entry in catalogue().values() if port in entry.ports]
    named = [c.inputs["method"] for e in entries for c in e.cases() if "method" in c.inputs]
    return tuple(dict.fromkeys(named))


def leftovers(port: str, call: Call, equal: Callable, arguments: dict) -> Iterator[str]:
    """Which named methods answer the same question in two ways, asked twice, and again after
    another question of the same shapes.

    Euler's method keeps nothing that could be out of date, so that all of them are asked.
    """
    if "method" not in arguments:
        return
    other = _elsewhere(arguments)
    for method in dict.fromkeys((arguments["method"], *methods_of(port))):
        asked = {**arguments, "method": method}
        try:
            first, again = call(asked), call(asked)
            call({**other, "method": method})
            later = call(asked)
        except (NotOffered, NotImplementedError):
            continue
        if not (equal(first, again) and equal(first, later)):
            yield (
                f"the same inputs gave two different results with {method}: something, a slope"
                " say, is left from the call before"
            )
            return


def _elsewhere(arguments: dict) -> dict:
    """The same call at other points."""
    moved = {k: 0.5 * np.asarray(v) + 0.1 for k, v in arguments.items() if k in ("x", "x0")}
    return {**arguments, **moved}

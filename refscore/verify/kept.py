"""What the library makes of plain descriptions, kept: the same law is asked for at every step."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from refscore.oracles._memory import told

_COUNT, _SMALL = 512, 50_000  # objects a maker keeps; bytes of the description of one
_EVERYTHING: list[OrderedDict] = []


def kept(make: Callable[..., Any]) -> Callable[..., Any]:
    """A maker of immutable objects, of the same arguments to the byte made once."""
    objects: OrderedDict[tuple, Any] = OrderedDict()
    _EVERYTHING.append(objects)

    @functools.wraps(make)
    def ask(*arguments):
        try:
            key = told(arguments)
        except TypeError:
            return make(*arguments)
        if key in objects:
            objects.move_to_end(key)
            return objects[key]
        made = make(*arguments)
        if _size(key) <= _SMALL:
            objects[key] = made
            if len(objects) > _COUNT:
                objects.popitem(last=False)
        return made

    return ask


def forget() -> None:
    """Nothing is kept any more."""
    for objects in _EVERYTHING:
        objects.clear()


def _size(key) -> int:
    if isinstance(key, bytes):
        return len(key)
    return sum(map(_size, key)) if isinstance(key, tuple) else 0

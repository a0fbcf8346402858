"""Oracles are slow and pure: what one has said of the same law and points it need not redo."""

from __future__ import annotations

import functools
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np

HELD = 2_000_000  # numbers kept in all, 16 MB an oracle
_ENTRY = 100  # numbers that fit where a question is kept
_EVERYTHING: list[OrderedDict] = []
_KNOWN: list = []


def remembered(oracle):
    """An oracle that keeps its last answers, arrays or tuples of them, told apart by every byte
    of what it was asked."""
    answers: OrderedDict[tuple, tuple[int, object]] = OrderedDict()
    _EVERYTHING.append(answers)
    held = 0

    @functools.wraps(oracle)
    def ask(*arguments, **named):
        nonlocal held
        try:
            key = told((arguments, sorted(named.items())))
        except TypeError:
            return oracle(*arguments, **named)
        if key in answers:
            answers.move_to_end(key)
            return _copied(answers[key][1])
        answer = _copied(oracle(*arguments, **named))
        size = _ENTRY + _size(answer)
        held = size + (held if answers else 0)
        answers[key] = size, answer
        while held > HELD:
            held -= answers.popitem(last=False)[1][0]
        return _copied(answer)

    return ask


def known(oracle):
    """The same for an oracle of numbers and tuples of them, asked so often that telling arrays
    apart would take longer than the answer."""
    ask = functools.lru_cache(maxsize=4096)(oracle)
    _KNOWN.append(ask)
    return ask


def forget() -> None:
    """No oracle remembers anything."""
    for answers in _EVERYTHING:
        answers.clear()
    for ask in _KNOWN:
        ask.cache_clear()


def told(value) -> tuple:
    """What tells a value from any other: descriptions, arrays, numbers, functions, tuples.

    TypeError for what has other parts than these."""
    if isinstance(value, str) or callable(value):
        return (value,)
    if isinstance(value, SimpleNamespace):
        return tuple((name, told(entry)) for name, entry in sorted(vars(value).items()))
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(told, value))
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError(f"{type(value).__name__} cannot be told from others by its bytes")
    return array.dtype.str, array.shape, array.tobytes()


def _copied(answer):
    return tuple(map(_copied, answer)) if isinstance(answer, tuple) else np.array(answer)[()]


def _size(answer) -> int:
    return sum(map(_size, answer)) if isinstance(answer, tuple) else np.size(answer)

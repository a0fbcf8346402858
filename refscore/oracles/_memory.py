"""Oracles are slow and pure: what one has said of the same law and points it need not redo."""

from __future__ import annotations

import functools
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np

HELD = 2_000_000  # numbers kept in all, 16 MB an oracle


def remembered(oracle):
    """An oracle (law, x) -> array that keeps its last answers, told apart by every byte."""
    answers: OrderedDict[tuple, np.ndarray] = OrderedDict()

    @functools.wraps(oracle)
    def ask(law, x):
        key = told((law, x))
        answers[key] = answers.pop(key) if key in answers else np.asarray(oracle(law, x))
        answer = answers[key]
        while sum(kept.size for kept in answers.values()) > HELD:
            answers.popitem(last=False)
        return answer.copy()[()]

    return ask


def told(value) -> tuple:
    """What tells a value from any other: descriptions, arrays, numbers and tuples of them."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, SimpleNamespace):
        return tuple((name, told(entry)) for name, entry in sorted(vars(value).items()))
    if isinstance(value, (tuple, list)):
        return tuple(told(entry) for entry in value)
    array = np.asarray(value)
    return array.dtype.str, array.shape, array.tobytes()

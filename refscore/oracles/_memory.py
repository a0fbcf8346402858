"""Asked before: what is slow and pure need not be computed again for the same question.

Oracles here, and in the kit what the library makes of descriptions (`verify.kept`), what mistakes
begin from (`verify.mutants.once`) and what a subject answered (`verify.subject`), all keep their
answers in a `Memory`; they differ in how much they keep, and in what has to be copied.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

HELD = 2_000_000  # numbers kept in all, 16 MB an oracle
_ENTRY = 100  # numbers that fit where a question is kept
_EVERYTHING: list[Memory] = []
_KNOWN: list = []


class Memory:
    """Answers to questions told apart by every byte; those not asked for longest go first.

    `most`: the sum of the sizes of all that is kept; `size(question, answer)`, 1 by default. What
    is larger alone is not kept. `copied`: what makes an answer nobody else can write to; the
    answer itself is kept and given where it cannot be written to at all.
    """

    def __init__(
        self,
        most: int,
        *,
        size: Callable[[tuple, Any], int] = lambda question, answer: 1,
        copied: Callable[[Any], Any] = lambda answer: answer,
    ):
        self.most, self._size, self._copied, self._held = most, size, copied, 0
        self._answers: OrderedDict[tuple, tuple[int, Any]] = OrderedDict()

    def of(self, asked, ask: Callable[[], Any]):
        """The answer `ask` gave before to the same question, or gives now; what cannot be told
        from other questions is asked anew."""
        try:
            question = told(asked)
        except TypeError:
            return ask()
        if question in self._answers:
            self._answers.move_to_end(question)
            return self._copied(self._answers[question][1])
        answer = self._copied(ask())
        self._keep(question, answer)
        return self._copied(answer)

    def forget(self) -> None:
        """Nothing is known."""
        self._answers.clear()
        self._held = 0

    def _keep(self, question: tuple, answer) -> None:
        size = self._size(question, answer)
        if size > self.most:
            return
        self._answers[question] = size, answer
        self._held += size
        while self._held > self.most:
            self._held -= self._answers.popitem(last=False)[1][0]


def asked_once(function: Callable[..., Any], memory: Memory) -> Callable[..., Any]:
    """A pure function that remembers."""

    @functools.wraps(function)
    def ask(*arguments, **named):
        asked = arguments, sorted(named.items())
        return memory.of(asked, lambda: function(*arguments, **named))

    return ask


def remembered(oracle):
    """An oracle that keeps its last answers, arrays or tuples of them."""
    _EVERYTHING.append(
        Memory(HELD, size=lambda question, answer: _ENTRY + _size(answer), copied=_copied)
    )
    return asked_once(oracle, _EVERYTHING[-1])


def known(oracle):
    """The same for an oracle of numbers and tuples of them, asked so often that telling arrays
    apart would take longer than the answer."""
    ask = functools.lru_cache(maxsize=4096)(oracle)
    _KNOWN.append(ask)
    return ask


def forget() -> None:
    """No oracle remembers anything."""
    for memory in _EVERYTHING:
        memory.forget()
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

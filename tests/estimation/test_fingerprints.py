"""Fingerprints: equal where a run would be the same, in any process, and different elsewhere."""

import functools
import logging
import os
import subprocess
import sys
import textwrap
from threading import Lock
from typing import NamedTuple

import numpy as np
import pytest

from refscore import objectives
from refscore._fingerprints import digest, field_digest, seed_of
from refscore.distributions import Gaussian
from refscore.fields import LinearInParameters

POWER = 2


def _helper(s):
    return s**POWER


def _calls_helper(s):
    return _helper(s)


def _made(power, *, extra=1):
    return lambda s: extra * s**power


class _Weight:
    def __init__(self, power):
        self._power = power

    def __call__(self, s):
        return s**self._power

    def method(self, s):
        return s * self._power


SAME = [
    lambda: lambda s: s**4,
    lambda: _made(3),
    lambda: functools.partial(_made, 3),
    lambda: _Weight(3),
    lambda: _Weight(3).method,
    lambda: objectives.power_weight(1),
    lambda: {"a": {1, 2, 3}, "b": np.arange(3), "c": [np.array([{"x": 1}], dtype=object)]},
    lambda: np.exp,
    lambda: _calls_helper,
]


@pytest.mark.parametrize("make", SAME)
def test_what_is_made_the_same_way_is_the_same(make):
    assert digest(make()) == digest(make())


DIFFERENT = [
    (lambda s: s**4, lambda s: s**0),
    (lambda s: s + 1, lambda s: s - 1),
    (lambda s: np.exp(s), lambda s: np.log(s)),
    (lambda s, a=1: a, lambda s, a=2: a),
    (lambda s, *, a=1: a, lambda s, *, a=2: a),
    (lambda s, a: s - a, lambda a, s: a - s),
    (lambda s: [t**2 for t in s], lambda s: [t**3 for t in s]),
    (lambda s: (lambda: s + 1)(), lambda s: (lambda: s + 2)()),
    (_made(3), _made(4)),
    (_made(_made(3)), _made(_made(4))),
    (functools.partial(_made, 3), functools.partial(_made, 4)),
    (functools.partial(_made, 3, extra=1), functools.partial(_made, 3, extra=2)),
    (_Weight(3), _Weight(4)),
    (_Weight(3).method, _Weight(4).method),
    (_Weight(3).method, _Weight(3).__call__),
    (objectives.power_weight(1), objectives.power_weight(2)),
    (np.exp, np.log),
    ({"a": 1}, {"a": 2}),
    ({1, 2}, {1, 3}),
    (np.array([{"x": 1}], dtype=object), np.array([{"x": 2}], dtype=object)),
    (1, 1.0),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_computes_differently_differs(one, other):
    assert digest(one) != digest(other)


def test_globals_and_functions_of_the_same_module_are_told(monkeypatch):
    before = digest(_calls_helper)
    monkeypatch.setitem(globals(), "POWER", 3)
    assert digest(_calls_helper) != before
    monkeypatch.undo()
    monkeypatch.setitem(globals(), "_helper", lambda s: s)
    assert digest(_calls_helper) != before


def test_cycles_end():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    weight = _Weight(2)
    weight.me = weight
    assert digest(even) != digest(odd)
    assert digest(weight) == digest(weight)


def test_it_is_the_same_in_another_process():
    code = textwrap.dedent("""
        import numpy as np
        from refscore import objectives
        from refscore._fingerprints import digest
        def local(s):
            return s in {"a", "b", "c", "d"} and np.exp(s) + len(range(int(s)))
        print(digest([local, lambda s: s**4, objectives.power_weight(1), {"b", "c", "a"}]))
    """)
    said = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    }  # fmt: skip
    assert len(said) == 1


def test_fields_are_told_by_what_they_are_made_of():
    def field(power):
        return LinearInParameters(
            lambda x: x[:, None] ** power, lambda x: x[:, None, :, None] ** 0, [0.0], 1
        )

    assert field_digest(field(2), [0.0]) == field_digest(field(2), [0.0])
    assert field_digest(field(2), [0.0]) != field_digest(field(3), [0.0])
    assert field_digest(field(2), [0.0]) != field_digest(field(2), [1.0])


def test_seeds_are_told_and_generators_are_not():
    sequence = np.random.SeedSequence(5)
    seeds = [5, 6, [5, 6], sequence.spawn(1)[0]]
    assert len({seed_of(seed) for seed in seeds}) == 4
    assert seed_of(np.int64(5)) == seed_of(5) == "5"
    assert seed_of(None) is seed_of(np.random.default_rng(5)) is None


class _Target:
    """A user's model, reached by the name of a global."""

    kept = 1.0

    def __init__(self, size):
        self.size = size

    def score(self, x):
        return -x * self.size * self.kept


class _Pair(NamedTuple):
    a: float

    def score(self, x):
        return -x * self.a


TARGET = _Target(1.0)


def _of_target(x):
    return TARGET.score(x)


class _Numbers:
    """An array of another framework."""

    __slots__ = ("hidden",)

    def __init__(self, value):
        self.hidden = lambda: value

    def __array__(self, dtype=None, copy=None):
        return np.array([self.hidden()])


def test_objects_reached_by_a_global_are_told_with_the_code_of_the_users_classes(monkeypatch):
    others = [
        _Target(2.0), Gaussian([0.0], 1.0), Gaussian([1.0], 1.0), Gaussian([1.0], 1.0).score,
        _Pair(1.0), _Pair(2.0), _Numbers(1.0), _Numbers(2.0), {"a": _Target(3.0)},
    ]  # fmt: skip
    seen = [digest(_of_target), digest(_of_target)]
    for other in others:
        monkeypatch.setitem(globals(), "TARGET", other)
        seen.append(digest(_of_target))
    monkeypatch.undo()
    for kind, name, value in (
        (_Target, "score", lambda self, x: x), (_Target, "kept", 2.0), (_Target, "more", others[1]),
        (_Target, "score", property(lambda self: None)),
    ):  # fmt: skip
        monkeypatch.setattr(kind, name, value, raising=False)
        seen.append(digest(_of_target))
        monkeypatch.undo()
    assert len(set(seen)) == len(seen) - 1
    assert digest(_of_target) == seen[0]
    pair = digest(_Pair(1.0))
    monkeypatch.setattr(_Pair, "score", lambda self, x: x)
    assert digest(_Pair(1.0)) != pair


def test_what_of_an_object_changes_by_itself_is_not_told(monkeypatch):
    def key():
        monkeypatch.setitem(globals(), "TARGET", _Target(1.0))
        TARGET.log, TARGET.lock, TARGET.np = logging.getLogger(str(key.calls)), Lock(), np
        key.calls += 1
        return digest(_of_target)

    key.calls = 0
    assert key() == key()

"""Whatever comes in: the answer, or a ValueError or TypeError that names the argument.

Nothing that came in is written to, and no warning leaks (pytest makes warnings errors).
"""

import re
import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from public_api import CALLS, NOT_CALLED, Array, Count, Kind, Number, Object, Rng

from refscore import strategies

MODULES = ("fields", "networks", "distributions", "nodes", "traces", "objectives", "bayes",
           "recovery", "calculus", "langevin", "processes", "diffusion", "laws",
           "discrepancies", "estimation", "flows", "ode", "discrete",
           "families")  # fmt: skip


SHAPE = "shape: "  # two arguments that do not fit together: either may be named


class Thing:
    """Something no argument is meant to be."""


def _wrong_anything():
    yield "a string", "seven"
    yield "an object", Thing()
    yield "a dictionary", {"x": 1.0}
    yield "a date", np.datetime64("2024-01-01")


def _wrong_array(argument: Array):
    good = np.array(argument.value, dtype=float)
    for what, value in (("nan", np.nan), ("inf", np.inf), ("-inf", -np.inf)):
        if not argument.infinite:
            bad = good.copy()
            bad[(-1,) * good.ndim] = value
            yield what, bad
    yield "strings", np.full(good.shape, "a")
    yield "objects", np.full(good.shape, None)
    yield "ragged lists", [[1.0, 2.0], [3.0]]
    if not argument.complex:
        yield "complex", good + 1j
    if not argument.optional:
        yield "None", None
    if good.ndim and not argument.sizes:
        yield SHAPE + "a coordinate too many", np.concatenate([good, good], axis=-1)
        yield SHAPE + "no coordinate", good[..., :0]
        if not argument.rows:
            yield SHAPE + "an axis too many", np.stack([good] * 5)
            yield SHAPE + "a row too few", good[:-1] if len(good) > 1 else good[:0]
        if not argument.scalar:
            yield SHAPE + "a number", 0.5
    yield from _wrong_anything()


def _wrong_number(argument: Number):
    yield from (("nan", np.nan), ("-inf", -np.inf), ("complex", 1j))
    if not argument.infinite:
        yield "inf", np.inf
    yield "a nested list", [[argument.value]]
    if not argument.array:
        yield "a list", [argument.value, argument.value]
        yield "an array of one", np.array([argument.value])
    if argument.sign != "any":
        yield "negative", -0.5
    if argument.sign == "positive":
        yield "zero", 0.0
    if not argument.optional:
        yield "None", None
    yield from _wrong_anything()


def _wrong_count(argument: Count):
    yield from (("nan", np.nan), ("half", 2.5), ("float", 3.0), ("True", True), ("complex", 3j))
    yield "too few", argument.minimum - 1
    yield "a list", [argument.value]
    if not argument.optional:
        yield "None", None
    yield from _wrong_anything()


def _wrong_object(argument: Object):
    if not argument.optional:
        yield "None", None
    yield "a number", 3.0
    yield "an array", np.ones((2, 2))
    yield from _wrong_anything()
    for wrong in argument.wrong:
        yield SHAPE + f"another {type(wrong).__name__}", wrong


def _wrong_kind(argument: Kind):
    yield from (("another word", "gauss"), ("None", None), ("a number", 3), ("a list", ["sphere"]))


def _wrong_rng(argument: Rng):
    yield from (("a string", "seed"), ("a float", 1.5), ("an object", Thing()), ("negative", -1))


WRONG = {
    Array: _wrong_array, Number: _wrong_number, Count: _wrong_count, Object: _wrong_object,
    Kind: _wrong_kind, Rng: _wrong_rng,
}  # fmt: skip


def _copies(values):
    return {name: np.array(v) for name, v in values.items() if isinstance(v, np.ndarray)}


def _unchanged(values, copies):
    for name, copy in copies.items():
        assert np.array_equal(values[name], copy, equal_nan=copy.dtype.kind in "fc"), (
            f"{name} was written to"
        )


def _values(call, **replaced):
    return {name: a.value for name, a in call.arguments.items()} | replaced


def _answer(call, values):
    """What the call gives as one float array; its arguments stay as they were."""
    copies = _copies(values)
    try:
        answer = call.function(**values)
        answer = call.read(answer) if call.read else answer
    finally:
        _unchanged(values, copies)
    answer = np.concatenate([np.ravel(a) for a in answer]) if isinstance(answer, tuple) else answer
    return np.asarray(answer)


def test_everything_public_is_called():
    public = set()
    for module in MODULES:
        found = import_module(f"refscore.{module}")
        names = getattr(found, "__all__", None) or [
            name
            for name, value in vars(found).items()
            if getattr(value, "__module__", None) == found.__name__ and name[0] != "_"
        ]
        public |= {f"{module}.{name}" for name in names}
    assert public - set(CALLS) - NOT_CALLED == set()
    assert public >= NOT_CALLED


@pytest.mark.parametrize("name", CALLS)
def test_an_ordinary_call_answers(name):
    answer = _answer(CALLS[name], _values(CALLS[name]))
    assert answer.dtype.kind in "fci"
    assert np.isfinite(answer).all()


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_is_named(name):
    call = CALLS[name]
    failures = []
    for argument, kind in call.arguments.items():
        for what, wrong in WRONG[type(kind)](kind):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    answer = _answer(call, _values(call, **{argument: wrong}))
            except (ValueError, TypeError) as error:
                named = call.arguments if what.startswith(SHAPE) else [argument]
                if not re.search(rf"(?<![a-z])({'|'.join(named)})(?![a-z])", str(error)):
                    failures.append(f"{argument} = {what}: not named in {error!r}"[:250])
            except Exception as error:
                failures.append(f"{argument} = {what}: {error!r}"[:250])
            else:
                failures.append(f"{argument} = {what}: answered {answer.ravel()[:3]}"[:250])
    assert not failures, "\n" + "\n".join(failures)


def _outcome(call, values):
    try:
        return _answer(call, values)
    except ValueError as error:
        return error


@pytest.mark.parametrize("name", [n for n in CALLS if any(
    isinstance(a, Array) for a in CALLS[n].arguments.values())])  # fmt: skip
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_awkward_layouts_give_the_same_answer(name, data):
    call = CALLS[name]
    arrays = [argument for argument, kind in call.arguments.items() if isinstance(kind, Array)]
    argument = data.draw(st.sampled_from(arrays))
    good = np.array(call.arguments[argument].value, dtype=float)
    if good.ndim == 0:
        return
    awkward = data.draw(strategies.layouts(good))
    got = _outcome(call, _values(call, **{argument: awkward}))
    want = _outcome(call, _values(call, **{argument: np.array(awkward, dtype=float)}))
    assert type(got) is type(want), f"{argument}: {got!r} but {want!r}"
    if isinstance(got, np.ndarray):
        assert got.dtype == want.dtype
        scale = np.abs(want[np.isfinite(want)]).max(initial=1.0)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("name", CALLS)
def test_huge_and_tiny_numbers_are_answered_or_refused(name):
    call = CALLS[name]
    failures = []
    for argument, kind in call.arguments.items():
        for factor in (0.0, 1e-300, 1e-150, 1e8, 1e150, 1e300) if isinstance(kind, Array) else ():
            value = factor * np.array(kind.value, dtype=float)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    _answer(call, _values(call, **{argument: value}))
            except ValueError:
                pass
            except RuntimeError as error:  # quadrature that does not converge, as documented
                if "recovery" not in name or "tolerance" not in str(error):
                    failures.append(f"{argument} × {factor}: {error!r}")
            except Exception as error:
                failures.append(f"{argument} × {factor}: {error!r}")
    assert not failures, "\n" + "\n".join(failures)


@pytest.mark.parametrize("name", [n for n in CALLS if CALLS[n].read and any(
    isinstance(a, Array) for a in CALLS[n].arguments.values())])  # fmt: skip
def test_what_the_caller_writes_later_does_not_reach_inside(name):
    call = CALLS[name]
    values = _values(call)
    values = {k: np.array(v) if isinstance(CALLS[name].arguments[k], Array) else v
              for k, v in values.items()}  # fmt: skip
    made = call.function(**values)
    before = np.array(call.read(made))
    for argument, kind in call.arguments.items():
        if isinstance(kind, Array) and np.ndim(values[argument]):
            values[argument][...] = 0.123
    np.testing.assert_array_equal(call.read(made), before)

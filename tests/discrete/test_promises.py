"""What every function of logits promises: large ones, -inf, cold temperatures, one error for each
kind of bad input; the functions are those of `public_api`."""

import re
import warnings

import numpy as np
import pytest
from public_api import CALLS, Array

NAMES = [
    name for name, call in CALLS.items()
    if name.startswith("discrete.") and isinstance(call.arguments.get("logits"), Array)
]  # fmt: skip
BITS = {name for name in NAMES if re.search(r"\.(bernoulli|arm|disarm)_", name)}
FREE = [name for name in NAMES if CALLS[name].arguments["logits"].infinite]


def _answer(name, **replaced):
    call = CALLS[name]
    values = {key: argument.value for key, argument in call.arguments.items()} | replaced
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = call.function(**values)
    answer = call.read(answer) if call.read else answer
    parts = answer if isinstance(answer, tuple) else (answer,)
    return np.concatenate([np.ravel(part).astype(float) for part in parts])


def _logits(name):
    return np.array(CALLS[name].arguments["logits"].value, dtype=float)


def test_there_are_functions_of_logits():
    assert len(NAMES) > 15
    assert len(FREE) > 10
    assert BITS


def _bad(name):
    """Logits that are none; log odds of bits may be infinite, of either sign."""
    logits = _logits(name)
    yield logits[..., :0]
    yield logits.astype(str)
    for value in (np.nan, np.inf):
        if np.isnan(value) or name not in BITS:
            bad = logits.copy()
            bad.flat[-1] = value
            yield bad
    if name not in BITS:
        yield np.full(logits.shape, -np.inf)


@pytest.mark.parametrize("name", NAMES)
def test_bad_logits_are_named(name):
    for logits in _bad(name):
        with pytest.raises((ValueError, TypeError), match="logit"):
            _answer(name, logits=logits)


@pytest.mark.parametrize("name", NAMES)
def test_large_logits_and_cold_temperatures_give_numbers(name):
    logits, cold = _logits(name), "temperature" in CALLS[name].arguments
    for size in (1e4, -1e4):
        for temperature in (1.0, 1e-3) if cold else (1.0,):
            more = {"temperature": temperature} if cold else {}
            answer = _answer(name, logits=size * np.sign(logits + 0.01) + logits, **more)
            assert not np.isnan(answer).any()
            assert not (answer == np.inf).any()


@pytest.mark.parametrize("name", FREE)
def test_a_logit_of_minus_infinity_is_a_probability_of_zero(name):
    logits = _logits(name)
    logits[..., -1] = -np.inf
    if {"index", "codes", "y", "log_y"} & set(
        CALLS[name].arguments
    ):  # which ask for what cannot be
        with pytest.raises(ValueError, match="positive probability|where the logit is"):
            _answer(name, logits=np.where(np.arange(logits.shape[-1]) < 1, logits, -np.inf))
        return
    answer = _answer(name, logits=logits)
    assert not np.isnan(answer).any()


@pytest.mark.parametrize("name", [n for n in NAMES if "temperature" in CALLS[n].arguments])
def test_temperatures_must_be_positive(name):
    for temperature in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="temperature"):
            _answer(name, temperature=temperature)


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_logits_are_the_same_numbers(name):
    logits = _logits(name).astype(np.float32)
    found, wanted = _answer(name, logits=logits), _answer(name, logits=logits.astype(float))
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-7)

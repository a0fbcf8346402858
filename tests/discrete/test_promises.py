"""What every function of logits promises: large ones, -inf, cold temperatures, one error for each
kind of bad input; the functions are those of `public_api`."""

import re
import warnings

import numpy as np
import pytest
from public_api import CALLS, Array

from refscore import discrete as d

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


A, B, G = np.random.default_rng(0).normal(size=(3, 2, 5, 4))  # two axes of rows, neither of K
CODE = np.argsort(B, -1)[..., 0]
Y = d.gumbel_softmax(A, 0.8, G)
ROWS = {
    "log_evidence": ([A], d.log_evidence),
    "elbo": ([A, B], d.elbo),
    "elbo_gap": ([A, B], d.elbo_gap),
    "elbo_gradient": ([A, B], d.elbo_gradient),
    "categorical_kl": ([A, B], d.categorical_kl),
    "kl_to_uniform": ([A], d.kl_to_uniform),
    "expected_importance_bound": ([A, B], lambda a, b: d.expected_importance_bound(a, b, 3)),
    "importance_bound": ([A, B, CODE], lambda a, b, code: d.importance_bound(a, b, code[None])),
    "grid_elbo": ([A[..., None] * B[..., None, :], np.stack([A, G], -2)], d.grid_elbo),
    "expectation": ([A], lambda a: d.expectation(a, B[0, 0])),
    "expectation_gradient": ([A], lambda a: d.expectation_gradient(a, B[0, 0])),
    "max_gumbel": ([A], lambda a: d.max_gumbel(a).location),
    "gumbel_max": ([A, G], d.gumbel_max),
    "gumbel_softmax": ([A, G], lambda a, g: d.gumbel_softmax(a, 0.8, g)),
    "gumbel_softmax, hard": ([A, G], lambda a, g: d.gumbel_softmax(a, 0.8, g, hard=True)),
    "log_gumbel_softmax": ([A, G], lambda a, g: d.log_gumbel_softmax(a, 0.8, g)),
    "gumbel_softmax_pullback": ([Y, B], lambda y, c: d.gumbel_softmax_pullback(y, 0.8, c)),
    "temperature_pullback": ([np.log(Y), B], lambda y, c: d.temperature_pullback(y, 0.8, c)),
    "posterior_gumbels": ([A, CODE, G], d.posterior_gumbels),
    "top_k": ([A, G], lambda a, g: d.top_k(a, 2, g)),
    "top_k_log_probability": ([A, np.argsort(B, -1)[..., :3]], d.top_k_log_probability),
    "concrete_log_density": ([Y, A], lambda y, a: d.concrete_log_density(y, a, 0.8)),
    "concrete density's gradient": (
        [Y, A], lambda y, a: d.concrete_log_density_gradient(y, a, 0.8)),
    "exp_concrete_log_density": (
        [np.log(Y), A], lambda y, a: d.exp_concrete_log_density(y, a, 0.8)),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_its_own_whatever_the_axes_before_it(name):
    arrays, function = ROWS[name]
    found = np.asarray(function(*arrays))
    assert found.shape[:2] == (2, 5)
    for i, j in np.ndindex(2, 5):
        alone = function(*(array[i, j] for array in arrays))
        np.testing.assert_allclose(found[i, j], alone, rtol=1e-13, atol=1e-14)

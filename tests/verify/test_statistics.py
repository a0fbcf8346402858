"""The two fixed-n tests: their level under the null, their power as stated."""

import numpy as np
import pytest
from scipy.stats import binom

from refscore.verify.statistics import mean_test, uniform_test

RUNS, DRAWS = 10_000, 100
ALPHAS = (0.05, 0.01, 0.001)


def _two_valued(rng, size):
    """Mean 0, variance 1, and 99 of 100 values alike: as skew as a null law may be."""
    p = 0.01
    rare = np.sqrt((1 - p) / p)
    return np.where(rng.random(size) < p, rare, -p / (1 - p) * rare)


NULLS = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "signs": lambda rng, size: rng.choice([-1.0, 1.0], size),
    "exponential": lambda rng, size: rng.exponential(size=size) - 1,
    "student with 2.5 degrees": lambda rng, size: rng.standard_t(2.5, size) / np.sqrt(5.0),
    "two-valued": _two_valued,
    "less variance than stated": lambda rng, size: 0.3 * rng.standard_normal(size),
}


@pytest.mark.parametrize("law", NULLS)
def test_the_mean_test_keeps_its_level_at_every_n(law):
    samples = NULLS[law](np.random.default_rng(1), (RUNS, DRAWS))
    for alpha in ALPHAS:
        false = sum(mean_test(row, 0.0, 1.0, alpha).rejects for row in samples)
        assert false <= binom.ppf(1 - 1e-9, RUNS, alpha), (law, alpha, false)


@pytest.mark.parametrize("n", [1, 7, 100])
def test_the_uniform_test_keeps_its_level_and_uses_it(n):
    samples = np.random.default_rng(2).random((RUNS, n))
    for alpha in ALPHAS:
        false = sum(uniform_test(row, alpha).rejects for row in samples)
        assert false <= binom.ppf(1 - 1e-9, RUNS, alpha), (n, alpha, false)
        if n == 100:
            assert false >= 0.3 * alpha * RUNS - 4 * np.sqrt(alpha * RUNS)


@pytest.mark.parametrize("alpha", [1e-2, 1e-6])
def test_a_shift_of_the_stated_size_is_noticed_about_half_the_time(alpha):
    rng, n, runs = np.random.default_rng(3), 400, 500
    shift = mean_test(np.zeros(n), 0.0, 1.0, alpha).detectable
    for sign in (1, -1):
        seen = [mean_test(rng.standard_normal(n) + sign * shift, 0, 1, alpha) for _ in range(runs)]
        assert 0.35 <= np.mean([s.rejects for s in seen]) <= 0.65
        twice = [
            mean_test(rng.standard_normal(n) + sign * 2 * shift, 0, 1, alpha) for _ in range(99)
        ]
        assert all(s.rejects for s in twice)
        assert np.mean([s.deviation for s in seen]) == pytest.approx(sign * shift, rel=0.1)


def test_excess_variance_is_noticed_though_the_mean_is_right():
    rng, n = np.random.default_rng(4), 1000
    noticed = [mean_test(1.8 * rng.standard_normal(n), 0.0, 1.0, 1e-6).rejects for _ in range(50)]
    assert np.mean(noticed) > 0.95
    assert mean_test(np.repeat([3.0, -3.0], 200), 0.0, 1.0, 1e-6).rejects


def test_one_enormous_value_does_not_hide_a_shift():
    x = np.random.default_rng(5).standard_normal(500) + 3.0
    assert mean_test(np.append(x, -1e6), 0.0, 1.0, 1e-6).rejects


def test_without_variance_every_value_is_the_mean():
    assert not mean_test([2.0] * 5, 2.0, 0.0, 1e-6).rejects
    assert mean_test([2.0] * 4 + [2.001], 2.0, 0.0, 1e-6).rejects


@pytest.mark.parametrize(
    "test", [lambda x: mean_test(x, 0.5, 1.0, 1e-6), lambda x: uniform_test(x, 1e-6)]
)
def test_no_numbers_are_never_a_pass(test):
    assert test([0.5, np.nan, 0.5]).rejects
    assert test([0.5, np.inf, 0.5]).rejects
    with pytest.raises(ValueError, match="values must not be empty"):
        test([])


def test_the_uniform_test_notices_what_it_certifies_against():
    n, alpha, rng = 2000, 1e-6, np.random.default_rng(6)
    t = uniform_test(rng.random(n), alpha).detectable
    for law in (rng.random(n) * (1 - 1.1 * t), 0.5 + (rng.random(n) - 0.5) * (1 - 2.2 * t)):
        assert uniform_test(law, alpha).rejects
    assert uniform_test(rng.random(n) ** 1.3, alpha).rejects
    assert uniform_test(np.full(n, 0.5), alpha).rejects


def test_a_grid_is_closer_to_uniform_than_draws_and_passes():
    u = (np.arange(500) + 0.5) / 500
    seen = uniform_test(u[::-1], 1e-6)
    assert not seen.rejects
    assert seen.statistic == pytest.approx(1e-3)
    assert seen.detectable == 2 * seen.threshold


def test_what_decided_is_said():
    x = np.random.default_rng(8).standard_normal(400)
    x -= x.mean()
    assert mean_test(3 * x, 0.0, 1.0, 1e-6).spread
    assert not mean_test(x + 2.0, 0.0, 1.0, 1e-6).spread
    assert not mean_test(x, 0.0, 1.0, 1e-6).spread

"""The e-processes: fair under their null, exactly and in many runs; quick under the others."""

import json
import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import binom, chi2, kstest, multivariate_normal, multivariate_t

from refscore.verify.evidence import (
    Betting,
    Catoni,
    CatoniSide,
    Excess,
    NormalInverseWishart,
    Symmetric,
    interval,
)
from validation.false_alarms import ALTERNATIVES, LEVELS, alarms, draws_to_detect


def expectation(make, values, chances, n=5):
    """E[E_n] over every sequence of n values."""
    total = 0.0
    for chosen in product(range(len(values)), repeat=n):
        process = make()
        for i in chosen:
            log_e = process.update([[values[i]]])
        total += math.prod(chances[i] for i in chosen) * float(np.exp(log_e[0]))
    return total


MEAN_ZERO = ([-1.0, 0.25, 0.5], [0.25, 0.5, 0.25])  # mean 0
SKEWED = ([-0.5, 2.0], [0.8, 0.2])  # mean 0, variance 1


def test_betting_is_a_martingale_under_its_mean_whatever_the_law():
    assert expectation(lambda: Betting(0.0), *MEAN_ZERO) == pytest.approx(1)
    assert expectation(lambda: Betting(0.4, 0, 1), [0.0, 1.0], [0.6, 0.4]) == pytest.approx(1)


def test_one_sided_betting_is_a_supermartingale_on_its_whole_side():
    for chance, inside in ((0.7, True), (0.5, True), (0.3, False)):
        fair = expectation(lambda: Betting(0.5, 0, 1, side="below"), [0.0, 1.0],
                           [1 - chance, chance])  # fmt: skip
        assert (fair <= 1 + 1e-12) == inside
        fair = expectation(lambda: Betting(0.5, 0, 1, side="above"), [0.0, 1.0],
                           [chance, 1 - chance])  # fmt: skip
        assert (fair <= 1 + 1e-12) == inside


def test_catoni_is_fair_for_every_variance_up_to_the_stated_one():
    assert expectation(lambda: Catoni(0.0, 1.0), *SKEWED) == pytest.approx(1)
    assert expectation(lambda: Catoni(0.0, 1.3), *SKEWED) < 1
    assert expectation(lambda: Catoni(0.0, 0.8), *SKEWED) > 1
    assert expectation(lambda: Catoni(0.3, 1.0), *SKEWED) > 1


@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0, 500.0])
def test_one_sided_catoni_is_fair_far_inside_its_null_too(shift):
    values, chances = SKEWED
    moved = [v + shift for v in values]
    assert expectation(lambda: CatoniSide(0.0, 1.0, side="below"), moved, chances) <= 1 + 1e-12
    moved = [v - shift for v in values]
    assert expectation(lambda: CatoniSide(0.0, 1.0, side="above"), moved, chances) <= 1 + 1e-12


def test_one_sided_catoni_grows_on_the_other_side():
    x = np.random.default_rng(0).standard_normal((300, 1)) + 0.7
    assert CatoniSide(0.0, 1.0, side="above").update(x)[0] > 14
    assert CatoniSide(0.0, 1.0, side="below").update(x)[0] < 0


def test_excess_is_fair_up_to_the_stated_variance():
    assert expectation(lambda: Excess(0.0, 1.0), *SKEWED) == pytest.approx(1)
    assert expectation(lambda: Excess(0.0, 1.1), *SKEWED) < 1
    assert expectation(lambda: Excess(0.0, 0.9), *SKEWED) > 1


def test_symmetric_differences_are_fair_at_every_size():
    values, chances = [-1e6, -0.1, 0.1, 1e6], [0.1, 0.4, 0.4, 0.1]
    assert expectation(lambda: Symmetric(1), values, chances) <= 1
    assert expectation(lambda: Symmetric(1), [-1.0, 1.0], [0.2, 0.8], n=9) > 1.5


@pytest.mark.parametrize("strength", [1.0, 30.0])
def test_the_likelihood_ratio_is_the_product_of_its_predictive_densities(strength):
    rng, d = np.random.default_rng(1), 3
    z = rng.standard_normal((9, d)) * 1.3 + 0.2
    kappa, nu, mean = strength, d + 1 + strength, np.zeros(d)
    psi, total = nu * np.eye(d), 0.0
    for x in z:  # the Student t each row is predicted by, updated row by row
        shape = psi * (kappa + 1) / (kappa * (nu - d + 1))
        total += multivariate_t.logpdf(x, mean, shape, df=nu - d + 1)
        total -= multivariate_normal.logpdf(x, np.zeros(d), np.eye(d))
        psi = psi + kappa / (kappa + 1) * np.outer(x - mean, x - mean)
        mean = (kappa * mean + x) / (kappa + 1)
        kappa, nu = kappa + 1, nu + 1
    got = NormalInverseWishart(d, strengths=(strength,)).update(z)
    assert float(got) == pytest.approx(total, abs=1e-9)


def bartlett(z):
    """p-value of the likelihood-ratio test of N(0, I) at fixed n, Bartlett's correction.

    -2 log Λ = n (tr M - log|C| - d), M = Σ z zᵀ/n, C = M - z̄ z̄ᵀ; Anderson 2003, 10.9.
    """
    n, d = z.shape
    moments, mean = z.T @ z / n, z.mean(0)
    log_det = np.linalg.slogdet(moments - np.outer(mean, mean))[1]
    statistic = n * (np.trace(moments) - log_det - d)
    rho = 1 - (2 * d * d + 9 * d + 11) / (6 * n * (d + 3))
    return chi2.sf(rho * statistic, d * (d + 1) / 2 + d)


def test_the_likelihood_ratio_agrees_with_bartletts_test_at_fixed_n():
    rng, n, d = np.random.default_rng(), 200, 2
    null = [bartlett(rng.standard_normal((n, d))) for _ in range(2000)]
    assert kstest(null, "uniform").pvalue > 1e-9
    for scale in np.linspace(0.7, 1.4, 30):
        z = scale * rng.standard_normal((n, d))
        log_e, p = float(NormalInverseWishart(d).update(z)), bartlett(z)
        # E is about e^(LR/2) n^(-5/2): evidence at all is a small p, and a tiny p much evidence
        assert log_e < 5 or p < 1e-3, (log_e, p)
        assert p > 1e-12 or log_e > 10, (log_e, p)


def test_right_laws_raise_no_more_alarms_than_their_level():
    """11 processes at 3 levels; each bound is exceeded with probability below 1e-11."""
    runs = 2000
    for name, counts in alarms(runs, np.random.default_rng(), draws=60).items():
        for level, count in zip(LEVELS, counts):
            assert count <= binom.ppf(1 - 1e-11, runs, level), (name, level, count)


@pytest.mark.parametrize(
    ("law", "most"), [("covariance x 2", (76, 192)), ("correlation 0.5", (200, 250))]
)
def test_wrong_laws_are_told_within_the_reference_numbers_of_draws(law, most):
    """Medians of 200 runs vary by some 5 %; the references allow for half as many again."""
    seen = draws_to_detect(law, np.random.default_rng())
    assert law in ALTERNATIVES
    assert all(n <= 1.5 * m for n, m in zip(seen, most))


MAKERS = {
    "betting": lambda: Betting(np.zeros(2)),
    "above": lambda: Betting(np.array([0.0, 0.2]), side="above", rates=np.array([0.1, 0.4])),
    "catoni": lambda: Catoni(np.zeros(2), np.ones(2)),
    "side": lambda: CatoniSide(np.zeros(2), np.ones(2), side="below"),
    "excess": lambda: Excess(np.zeros(2), np.ones(2)),
    "symmetric": lambda: Symmetric(2),
    "likelihood": lambda: NormalInverseWishart(2),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_batches_and_a_kept_state_change_nothing(kind):
    x = np.random.default_rng(2).uniform(-1, 1, (700, 2))
    whole = MAKERS[kind]().update(x)
    first = MAKERS[kind]()
    first.update(x[:3])
    first.update(x[3:450])
    second = MAKERS[kind]()
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    np.testing.assert_allclose(second.update(x[450:]), whole, rtol=1e-10)
    with pytest.raises((ValueError, TypeError)):
        second.restore({key: [1.0] for key in second.state()})


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_no_number_is_infinite_evidence_and_stays_so(kind, wrong):
    process, x = MAKERS[kind](), np.zeros((4, 2))
    x[2, 0] = wrong
    assert np.ravel(process.update(x))[0] == np.inf
    again = MAKERS[kind]()
    again.restore(json.loads(json.dumps(process.state(), allow_nan=False)))
    assert np.ravel(again.update(np.zeros((5, 2))))[0] == np.inf


def test_a_value_outside_its_range_is_infinite_evidence_but_rounding_is_not():
    assert Betting(0.0).update([[1.001]])[0] == np.inf
    assert Betting(0.0).update([[1 + 1e-15]])[0] < np.inf


def test_many_factors_do_not_underflow():
    assert np.isfinite(Betting(0.0).update(np.tile([[1.0], [-1.0]], (50_000, 1)))[0])
    ones = Betting(0.0, side="below").update(np.ones((100_000, 1)))[0]
    assert -np.inf < ones < -100


def test_the_confidence_sequence_covers_and_closes():
    rng, runs, missed = np.random.default_rng(), 300, 0
    for _ in range(runs):
        x = rng.choice([-1.0, 1.0], 2000, p=[0.3, 0.7])
        totals = np.cumsum(x)
        bounds = [interval(n, totals[n - 1], n, 0.05) for n in range(20, 2001, 60)]
        missed += any(not low <= 0.4 <= high for low, high in bounds)
    assert missed <= binom.ppf(1 - 1e-10, runs, 0.05)
    low, high = interval(1e6, 4e5, 1e6, 1e-6)
    assert 0.39 < low < 0.4 < high < 0.41
    assert interval(0, 0, 0, 0.05) == (-1.0, 1.0)

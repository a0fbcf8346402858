"""The Kolmogorov-Smirnov distance against SciPy and explicit suprema."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtr

from refscore.discrepancies import kolmogorov_smirnov
from refscore.oracles import discrepancies as oracle

SEEDS = st.integers(0, 2**31)


@given(SEEDS, st.integers(1, 30), st.integers(1, 30), st.booleans())
@settings(max_examples=40, deadline=None)
def test_two_samples_with_and_without_ties(seed, n, m, ties):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(n), rng.standard_normal(m)
    x, y = (np.round(x), np.round(y)) if ties else (x, y)
    got = kolmogorov_smirnov(x, y)
    assert got == pytest.approx(oracle.kolmogorov_smirnov(x, y), abs=1e-14)
    with np.errstate(all="ignore"):  # its p-value of one point against one
        assert got == pytest.approx(stats.ks_2samp(x, y, method="asymp").statistic, abs=1e-14)
    assert kolmogorov_smirnov(y, x) == pytest.approx(got, abs=1e-15)


@given(SEEDS, st.integers(1, 40), st.booleans())
@settings(max_examples=40, deadline=None)
def test_one_sample_against_a_normal_law(seed, n, ties):
    x = np.random.default_rng(seed).standard_normal(n) * 1.4
    x = np.round(x) if ties else x
    want = oracle.kolmogorov_smirnov_uniform(ndtr(x))
    assert kolmogorov_smirnov(x, ndtr) == pytest.approx(want, abs=1e-14)
    assert kolmogorov_smirnov(x, ndtr) == pytest.approx(stats.kstest(x, ndtr).statistic, abs=1e-14)


@given(SEEDS, st.integers(2, 20))
@settings(max_examples=30, deadline=None)
def test_weights_are_repeated_points(seed, n):
    rng = np.random.default_rng(seed)
    x, y = np.round(rng.standard_normal(n), 1), rng.standard_normal(7)
    w = rng.integers(0, 4, n)
    w[0] = 1
    many = np.repeat(x, w)
    for other in (y, ndtr):
        want = kolmogorov_smirnov(many, other)
        assert kolmogorov_smirnov(x, other, weights=w) == pytest.approx(want, abs=1e-14)
    assert kolmogorov_smirnov(y, x, other_weights=w) == pytest.approx(
        kolmogorov_smirnov(y, many), abs=1e-14
    )


def test_at_the_ends():
    assert kolmogorov_smirnov([3.0, 4.0], [1.0, 2.0]) == 1
    assert kolmogorov_smirnov([1.0, 2.0], [2.0, 1.0]) == 0
    assert kolmogorov_smirnov([50.0], ndtr) == 1
    assert kolmogorov_smirnov([0.5], lambda u: u) == 0.5
    assert kolmogorov_smirnov(np.zeros((2, 3)), [0.0]) == 0


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda x: x, r"other must be a distribution function, in \[0, 1\]; it gave"),
        (lambda x: 1 - ndtr(x), "does not fall"),
        (lambda x: ndtr(x)[:1], r"other\(x\) must have the shape of x"),
        ([np.nan], "other must be finite"),
        ([], "other must hold at least one number"),
    ],
)
def test_bad_input_is_named(other, words):
    with pytest.raises(ValueError, match=words):
        kolmogorov_smirnov([-0.5, 2.0, 0.3], other)
    with pytest.raises(ValueError, match="other_weights must be None"):
        kolmogorov_smirnov([-0.5, 2.0, 0.3], ndtr, other_weights=[1.0])

"""Optimal scalar quantisers against published figures, mpmath and their limit."""

import mpmath
import numpy as np
import pytest

from refscore.discrete import ScalarQuantiser, lloyd_max, scalar_distortion

PUBLISHED = {  # Max 1960, table I; Lloyd 1982
    1: (1.0, [0.0]),
    2: (0.3634, [0.7980]),
    3: (0.1902, [0.0, 1.224]),
    4: (0.1175, [0.4528, 1.510]),
    5: (0.07994, [0.0, 0.7646, 1.724]),
    8: (0.03454, [0.2451, 0.7560, 1.344, 2.152]),
    16: (0.009497, [0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733]),
}


@pytest.mark.parametrize("n", PUBLISHED)
def test_published_levels(n):
    distortion, upper = PUBLISHED[n]
    found = lloyd_max(n)
    assert isinstance(found, ScalarQuantiser)
    assert found.distortion == pytest.approx(distortion, rel=1e-3)
    np.testing.assert_allclose(found.levels[n // 2 :], upper, atol=1.1e-3)


@pytest.mark.parametrize("n", [2, 5, 16])
def test_both_conditions_in_thirty_digits(n):
    found = lloyd_max(n)
    t = [-mpmath.inf, *found.thresholds, mpmath.inf]
    with mpmath.workdps(30):
        for i, (a, b) in enumerate(zip(t, t[1:])):
            p = mpmath.ncdf(b) - mpmath.ncdf(a)
            mean = (mpmath.npdf(a) - mpmath.npdf(b)) / p
            assert float(abs(mean - found.levels[i])) < 1e-14
            assert found.probabilities[i] == pytest.approx(float(p), rel=1e-13, abs=0)
        exact = sum(
            mpmath.quad(lambda x, y=y: (x - y) ** 2 * mpmath.npdf(x), [a, b])
            for y, a, b in zip(found.levels, t, t[1:])
        )
    assert found.distortion == pytest.approx(float(exact), rel=1e-13, abs=0)
    np.testing.assert_allclose(found.thresholds, 0.5 * (found.levels[1:] + found.levels[:-1]))


def test_closed_forms():
    two = lloyd_max(2)
    for n, distortion in ((4, 0.1174818478), (8, 0.0345477608), (16, 0.0095010080)):
        assert lloyd_max(n).distortion == pytest.approx(distortion, abs=6e-11)
    assert two.levels[1] == pytest.approx(np.sqrt(2 / np.pi), rel=1e-15)
    assert two.distortion == pytest.approx(1 - 2 / np.pi, rel=1e-14)
    for n, perplexity in ((2, 2.0), (4, 3.7610), (8, 7.0855), (16, 13.5981)):
        assert lloyd_max(n).perplexity == pytest.approx(perplexity, abs=6e-5)
        assert np.exp(lloyd_max(n).entropy) == pytest.approx(lloyd_max(n).perplexity, rel=1e-14)


def test_many_levels_approach_panter_and_dite():
    """D K² = √3 π/2 (1 - c/K + ...), c about 2.1."""
    limit = np.sqrt(3) * np.pi / 2
    short = [1 - lloyd_max(n).distortion * n**2 / limit for n in (64, 256, 1024, 4096)]
    np.testing.assert_allclose(short[:3], 4 * np.array(short[1:]), rtol=0.07)
    assert 0 < short[-1] < 1e-3


@pytest.mark.parametrize("n", [1, 3, 4, 31])
def test_no_levels_near_by_are_better(n):
    best = lloyd_max(n, -0.7, 1.6)
    rng = np.random.default_rng(n)
    assert scalar_distortion(best.levels, -0.7, 1.6) == pytest.approx(
        best.distortion, rel=1e-13, abs=0
    )
    for _ in range(20):
        other = np.sort(best.levels + 1e-2 * rng.standard_normal(n))
        assert scalar_distortion(other, -0.7, 1.6) > best.distortion


def test_any_normal_law_is_scaled_and_moved():
    one, other = lloyd_max(6), lloyd_max(6, 3.0, 1e-5)
    np.testing.assert_allclose(other.levels, 3 + 1e-5 * one.levels, rtol=1e-15)
    np.testing.assert_allclose(other.thresholds, 3 + 1e-5 * one.thresholds, rtol=1e-15)
    assert other.distortion == pytest.approx(1e-10 * one.distortion, rel=1e-14, abs=0)


def test_distortion_of_levels_far_out_and_close_together():
    assert scalar_distortion([0.0]) == pytest.approx(1, rel=1e-14)
    assert scalar_distortion([1e8]) == pytest.approx(1e16 + 1, rel=1e-15)
    assert scalar_distortion([-1e9, 0.0, 1e9]) == pytest.approx(1, rel=1e-14)
    assert scalar_distortion([5.0, 7.0], 6.0, 1e-3) == pytest.approx(
        1 - 2e-3 * np.sqrt(2 / np.pi) + 1e-6, rel=1e-13
    )
    fine = np.linspace(-9, 9, 4001)  # spacing h, h²/12 of a uniform error
    assert scalar_distortion(fine) == pytest.approx((18 / 4000) ** 2 / 12, rel=1e-5)


BAD = {
    "no level": (lambda: lloyd_max(0), "n_levels must be at least 1"),
    "too many": (lambda: lloyd_max(5000), "n_levels must be at most 4096"),
    "half": (lambda: lloyd_max(2.5), "n_levels must be a whole number"),
    "sd": (lambda: lloyd_max(2, 0.0, 0.0), "sd must be positive"),
    "mean": (lambda: lloyd_max(2, np.nan), "mean must be finite"),
    "falling": (lambda: scalar_distortion([1.0, 0.0]), "levels must be at least one number"),
    "none": (lambda: scalar_distortion([]), "levels must be at least one number"),
    "beyond floats": (lambda: scalar_distortion([1e200]), "levels must lie within"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()

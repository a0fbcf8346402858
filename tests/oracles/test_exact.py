"""The extended arithmetic under the oracles, against mpmath and fractions."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from refscore.oracles import _exact
from refscore.oracles._interval import interval

from .cases import spd

EPS = float(np.finfo(np.longdouble).eps)


def as_mp(value):
    """A longdouble as an mpmath number, exactly."""
    high = float(value)
    return mp.mpf(high) + mp.mpf(float(value - np.longdouble(high)))


def test_integers_hold_floats_exactly():
    a = np.array([1.5, -2.25, 1e150, 0, -1e-3, 3e-310, 1e308, 0.1])
    n, e = _exact.integers(a)
    for k, v in zip(n, a):
        assert Fraction(k) / Fraction(2) ** e == Fraction(float(v))
    third = np.longdouble(1) / 3
    (k,), e = _exact.integers(np.array([third]))
    high = float(third)
    assert Fraction(k, 2**e) == Fraction(high) + Fraction(float(third - np.longdouble(high)))


def test_ratio_rounds_correctly():
    with mp.workdps(60):
        for n, m in ((1, 3), (-(10**40), 7**20), (2**70 + 1, -(2**3)), (0, 5)):
            got = _exact.ratio(np.array([n], dtype=object), m, -3)[0]
            exact = mp.mpf(n) / m / 8
            assert abs(as_mp(got) - exact) <= EPS * abs(exact)


@pytest.mark.parametrize("matrix", [spd(6, 0, 1e14), 1e-200 * spd(3, 1), np.diag([1e-9, 1, 1e9])])
def test_inverse_and_determinant(matrix):
    with mp.workdps(80):
        exact, det = mp.inverse(mp.matrix(matrix.tolist())), mp.det(mp.matrix(matrix.tolist()))
        got, log_det = _exact.inverse(matrix)
        for (i, j), v in np.ndenumerate(got):
            assert abs(as_mp(v) - exact[i, j]) <= 2 * EPS * abs(exact[i, j])
        assert abs(as_mp(log_det) - mp.log(det)) <= 8 * EPS * max(1, abs(mp.log(det)))


def test_eigenvalues_of_an_ill_conditioned_matrix():
    matrix = spd(5, 3, 1e10)
    values, vectors = _exact.eigh(matrix)
    with mp.workdps(50):
        exact = sorted(mp.eigsy(mp.matrix(matrix.tolist()), eigvals_only=True))
    for got, want in zip(sorted(values), exact):
        assert abs(as_mp(got) - want) <= 50 * EPS * max(exact)
    assert np.abs(vectors.T @ vectors - np.eye(5)).max() < 50 * EPS
    assert np.abs((vectors * values) @ vectors.T - matrix).max() < 50 * EPS


def test_gamma_functions():
    with mp.workdps(40):
        for z in (0.25, 0.5, 1.0, 3.7, 80.0):
            gap = abs(as_mp(_exact.log_gamma(z)) - mp.loggamma(z))
            assert gap < 500 * EPS * max(1, abs(mp.loggamma(z)))
            for a in (0.5, 1.0, 7.5):
                exact = mp.loggamma(mp.mpf(z) + a) - mp.loggamma(z)
                assert abs(as_mp(_exact.log_gamma_ratio(z, a)) - exact) < 500 * EPS * max(1, exact)
        exact = mp.loggamma(mp.mpf(1e12) + 1.5) - mp.loggamma(1e12)
        assert abs(as_mp(_exact.log_gamma_ratio(1e12, 1.5)) - exact) < 100 * EPS * exact


@pytest.mark.parametrize(
    ("lower", "width"), [(-1, 3), (-30, 60), (5, 1e-3), (30, 2), (-1e-3, 2e-3), (-9, 4), (0, 50)]
)
def test_interval_moments(lower, width):
    got = interval(lower, width, lower + width)
    lower = mp.mpf(lower)
    with mp.workdps(40):
        # centred at the mode, split where the mass is
        mode = max(lower, mp.mpf(0)) if lower + width > 0 else lower + width
        grid = [mode + k for k in (-40, -10, -3, -1, -0.1, 0, 0.01, 0.1, 1, 3, 10, 40)]
        ends = sorted({lower, lower + width, *(g for g in grid if lower < g < lower + width)})

        def moment(f):
            return mp.quad(lambda z: f(z) * mp.exp((mode - z) * (mode + z) / 2), ends)

        mass = moment(lambda z: 1)
        mean = moment(lambda z: z) / mass
        variance = moment(lambda z: (z - mean) ** 2) / mass
        log_mass = mp.log(mass) - mode**2 / 2 - mp.log(2 * mp.pi) / 2
        assert abs(as_mp(got.log_mass[()]) - log_mass) < 1e-15 * max(1, abs(log_mass))
        assert abs(as_mp(got.mean[()]) - mean) < 1e-15 * max(1, abs(mean))
        assert abs(as_mp(got.variance[()]) / variance - 1) < 1e-14

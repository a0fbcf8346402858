"""Radial kernels: φ and its derivatives, their sums over centres, and the solver's complaint."""

import mpmath
import numpy as np
import pytest

from refscore.estimation.kernels import KERNELS, Centres, solve_positive

FORMULAS = {"rbf": lambda q: mpmath.exp(-q / 2), "imq": lambda q: (1 + q) ** mpmath.mpf(-0.5)}


@pytest.mark.parametrize("name", KERNELS)
def test_derivatives_are_those_of_the_formula(name):
    for q in (0.0, 0.3, 2.5, 40.0):
        for order, function in enumerate(KERNELS[name]):
            want = mpmath.diff(FORMULAS[name], q, order)
            assert float(function(q)) == pytest.approx(float(want), rel=1e-12)


def test_sums_over_centres_are_loops():
    rng = np.random.default_rng(3)
    x, z = 5 + rng.standard_normal((4, 3)), rng.standard_normal((6, 3))
    weights, v = rng.standard_normal((4, 6)), rng.standard_normal((4, 3))
    c = Centres(z, 0.7, "imq")
    u = c.scaled(x)
    gap = (x[:, None] - z) / 0.7
    np.testing.assert_allclose(c.squares(u), (gap**2).sum(-1), rtol=1e-13)
    np.testing.assert_allclose(
        c.pull(weights, u), np.einsum("nm,nmi->ni", weights, gap), rtol=1e-12
    )
    np.testing.assert_allclose(c.along(u, v), np.einsum("nmi,ni->nm", gap, v), atol=1e-12)


def test_gradient_sum_is_the_derivative_in_the_centres():
    rng = np.random.default_rng(4)
    x, z, h, step = rng.standard_normal((4, 2)), rng.standard_normal((3, 2)), 1.3, 1e-30
    c = Centres(z, h, "rbf")
    want = np.zeros((4, 2))
    for i in range(4):
        for j in range(3):
            for a in range(2):
                moved = z[j] + 1j * step * np.eye(2)[a]
                want[i, a] += np.exp(-((x[i] - moved) ** 2).sum() / (2 * h * h)).imag / step
    np.testing.assert_allclose(c.gradient_sum(c.scaled(x)), want, rtol=1e-12)


def test_blocks_cover_every_point_once():
    c = Centres(np.random.default_rng(0).standard_normal((1000, 2)), 1.0, "rbf")
    rows = np.concatenate([np.arange(5000)[b] for b in c.blocks(5000, wide=3)])
    assert np.array_equal(rows, np.arange(5000))
    assert max(b.stop - b.start for b in c.blocks(5000)) * 1000 * 8 <= 8 << 20


def test_a_singular_system_is_refused_in_the_given_words():
    for matrix in (np.ones((2, 2)), np.array([[1.0, 2.0], [2.0, 1.0]])):
        with pytest.raises(ValueError, match="said so"):
            solve_positive(matrix, np.ones(2), lambda: "said so")

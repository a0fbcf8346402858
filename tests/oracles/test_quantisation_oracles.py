"""The oracles of quantisers against closed forms, mpmath and plain loops."""

import mpmath
import numpy as np
import pytest

from refscore.oracles import quantisation, scalar_quantisation

RNG = np.random.default_rng(17)
X, CODES = RNG.standard_normal((6, 3)), RNG.standard_normal((4, 3))


def test_nearest_codes_and_exact_ties():
    codes, values = quantisation.nearest(X, CODES)
    squares = ((X[:, None] - CODES) ** 2).sum(-1)
    np.testing.assert_array_equal(codes, squares.argmin(1))
    np.testing.assert_array_equal(values, CODES[codes])
    np.testing.assert_allclose(quantisation.losses(X, CODES), squares.min(1), rtol=1e-14)
    third = np.array([[1 / 3], [-1 / 3]])
    assert quantisation.nearest([[0.0], [1e-300], [-1e-300]], third[::-1])[0].tolist() == [0, 1, 0]


def test_gradients_are_the_closed_forms():
    codes, values = quantisation.nearest(X, CODES)
    points = quantisation.point_gradient(X, CODES, 0.4)
    np.testing.assert_allclose(points, 0.8 * (X - values) / 6, rtol=1e-14, atol=1e-16)
    book = np.zeros((4, 3))
    np.add.at(book, codes, 2 * (values - X) / 6)
    np.testing.assert_allclose(quantisation.codebook_gradient(X, CODES), book, atol=1e-15)


def test_rotations_take_points_to_codes():
    a = np.tile(np.eye(3)[0], (6, 1))
    rows = [quantisation.rotation_gradient(X, CODES, np.roll(a, i, 1)) for i in range(3)]
    turned = np.einsum("inj,nj->ni", rows, X)
    np.testing.assert_allclose(turned, quantisation.nearest(X, CODES)[1], atol=1e-14)


def test_averages_forget():
    counts, sums = np.array([1.0, 2.0, 0.5, 3.0]), RNG.standard_normal((4, 3))
    once = quantisation.updated(X, CODES, counts, sums, 0.75, 0.01)
    for one, other in zip(once, quantisation.settled(X, CODES, counts, sums, 0.75, 0.01, 1)):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    n = np.bincount(quantisation.nearest(X, CODES)[0], minlength=4)
    np.testing.assert_allclose(once[1], 0.75 * counts + 0.25 * n, rtol=1e-14)
    smooth = (once[1] + 0.01) / (once[1].sum() + 0.04) * once[1].sum()
    np.testing.assert_allclose(once[0], once[2] / smooth[:, None], rtol=1e-13)


def test_dead_codes_lloyds_means_and_perplexity():
    counts, sums = np.array([1.0, 2.0, 0.5, 3.0]), RNG.standard_normal((4, 3))
    book, n, total = quantisation.replaced(X, CODES, counts, sums, 2.0, [5, 1, 0])
    np.testing.assert_array_equal(book, [X[5], CODES[1], X[1], CODES[3]])
    np.testing.assert_array_equal(n, [2, 2, 2, 3])
    np.testing.assert_array_equal(total, [2 * X[5], sums[1], 2 * X[1], sums[3]])
    far = np.concatenate([CODES, [[90.0, 0, 0]]])
    codes = quantisation.nearest(X, CODES)[0]
    means = [X[codes == k].mean(0) if (codes == k).any() else CODES[k] for k in range(4)]
    np.testing.assert_allclose(quantisation.lloyd(X, far), [*means, far[4]], rtol=1e-13)
    squares = quantisation.losses(X, CODES)
    assert quantisation.mean_error(X, CODES) == pytest.approx(squares.mean(), rel=1e-14)
    assert quantisation.perplexity([0, 0, 1, 3], 5) == pytest.approx(2**1.5, rel=1e-14)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
def test_optimal_levels_are_means_of_cells_in_thirty_digits(n):
    levels = scalar_quantisation.optimal_levels(n, 0.0, 1.0)
    ends = [-mpmath.inf, *(levels[1:] + levels[:-1]) / 2, mpmath.inf]
    with mpmath.workdps(30):
        for y, a, b in zip(levels, ends, ends[1:]):
            mean = (mpmath.npdf(a) - mpmath.npdf(b)) / (mpmath.ncdf(b) - mpmath.ncdf(a))
            assert float(abs(mean - y)) < 1e-12
    np.testing.assert_allclose(
        scalar_quantisation.optimal_levels(n, -2.0, 0.5), -2 + 0.5 * levels, rtol=1e-15
    )


def test_distortion_of_two_levels_is_a_closed_form():
    """±a: E(|X| − a)² = 1 − 2a √(2/π) + a²."""
    for a in (0.3, 1.1):
        exact = 4 * (1 - 2 * a * np.sqrt(2 / np.pi) + a**2)
        levels = np.array([1 - 2 * a, 1 + 2 * a])
        assert scalar_quantisation.distortion(levels, 1.0, 2.0) == pytest.approx(exact, rel=1e-12)


def test_finite_scalars_as_published():
    """Mentzer et al., appendix A.1: tanh with its shift as an inverse function."""
    bins = np.array([8, 5, 6])  # 6 is even, but no multiple of 4
    half, offset = (bins - 1) * 1.001 / 2, np.array([0.5, 0.0, 0.5])
    bounded = half * np.tanh(3 * X + np.arctanh(offset / half)) - offset
    codes, values = scalar_quantisation.finite_scalar(3 * X, bins)
    np.testing.assert_array_equal(values, np.round(bounded) / (bins // 2))
    np.testing.assert_array_equal(codes, (values * (bins // 2) + bins // 2) @ [1, 8, 40])
    np.testing.assert_array_equal(scalar_quantisation.finite_scalar_values(codes, bins), values)
    h = 1e-6
    gradient = scalar_quantisation.finite_scalar_gradient(X, bins, np.ones((6, 3)))
    up, down = (scalar_quantisation._bounded(X + s, bins) for s in (h, -h))
    np.testing.assert_allclose(gradient, (up - down) / (2 * h) / (bins // 2), atol=1e-8)


def test_signs_are_bits():
    codes, values = scalar_quantisation.lookup_free([[1.0, -1.0, 2.0], [0.0, 0.5, -2.0]])
    assert codes.tolist() == [5, 2]
    assert values.tolist() == [[1, -1, 1], [-1, 1, -1]]

"""Nearest codes by blocks and products against differences of all pairs; losses; rounding."""

import itertools
import tracemalloc

import numpy as np
import pytest

from refscore.discrete import (
    QuantisationGradients,
    QuantisationLosses,
    Quantised,
    _nearest,
    finite_scalar,
    finite_scalar_gradient,
    finite_scalar_values,
    lookup_free,
    quantise,
    vq_gradients,
    vq_losses,
    vq_rotation_gradient,
    vq_straight_through_gradient,
)

RNG = np.random.default_rng(3)


def _pairs(z, codebook):
    """The first of the least sums of squares, in the precision they come in."""
    z, codebook = (np.asarray(a, dtype=float) for a in (z, codebook))
    return np.array([((row - codebook) ** 2).sum(1).argmin() for row in z])


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e7, -1e12])
@pytest.mark.parametrize(("n", "k", "d"), [(300, 7, 3), (70, 64, 16), (400, 2, 1), (50, 300, 64)])
def test_products_and_differences_agree(n, k, d, offset):
    z, codebook = RNG.standard_normal((n, d)) + offset, RNG.standard_normal((k, d)) + offset
    found = quantise(z, codebook)
    np.testing.assert_array_equal(found.codes, _pairs(z, codebook))
    np.testing.assert_array_equal(found.values, codebook[found.codes])
    far = quantise(z - offset, codebook)  # points far from all codes
    np.testing.assert_array_equal(far.codes, _pairs(z - offset, codebook))


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_of_ties_on_a_grid_the_lowest_is_taken(dim):
    codebook = RNG.integers(-2, 3, (40, dim)).astype(float)  # with repeats
    z = RNG.integers(-5, 6, (200, dim)) / 2
    np.testing.assert_array_equal(quantise(z, codebook).codes, _pairs(z, codebook))
    everywhere = np.zeros((5, dim))
    assert not quantise(z, everywhere).codes.any()


@pytest.mark.parametrize("size", [1e-309, 1e-200, 1e-40, 1e40, 1e200, 1e307])
def test_at_any_size(size):
    z, codebook = RNG.standard_normal((40, 3)), RNG.standard_normal((9, 3))
    np.testing.assert_array_equal(quantise(size * z, size * codebook).codes, _pairs(z, codebook))


def test_sizes_that_do_not_go_together():
    codebook = np.array([[1e200, 0.0], [1.0, 0.0], [1.0, 1e-3], [-1e308, 0.0], [1.0, 1e-170]])
    z = np.array([[1.0, 6e-4], [1.0, 4e-4], [9e199, 0.0], [1.7e308, 0.0], [-1.7e308, 0.0],
                  [1.0, 1e-170], [1.0, 2e-171]])  # fmt: skip
    assert quantise(z, codebook).codes.tolist() == [2, 1, 0, 0, 3, 4, 1]


def test_codes_closer_than_single_precision_are_told_apart():
    base = RNG.standard_normal(8)
    codebook = base + 1e-9 * RNG.standard_normal((30, 8))
    z = base + 1e-9 * RNG.standard_normal((50, 8))
    np.testing.assert_array_equal(quantise(z, codebook).codes, _pairs(z, codebook))


def test_every_path_is_taken_and_rows_do_not_depend_on_their_batch():
    z, codebook = RNG.standard_normal((100, 4)), RNG.standard_normal((12, 4))
    z[::3] = 0.5 * (codebook[RNG.integers(0, 12, 34)] + codebook[0])  # half way
    z[1::10] *= 1e20
    codes = quantise(z, codebook).codes
    np.testing.assert_array_equal(codes, [quantise(row, codebook).codes for row in z])
    np.testing.assert_array_equal(codes, quantise(z.reshape(4, 25, 4), codebook).codes.ravel())
    np.testing.assert_array_equal(codes, quantise(np.asfortranarray(z), codebook[:]).codes)


def test_blocks_meet(monkeypatch):
    z, codebook = RNG.integers(-3, 4, (90, 2)) / 2, RNG.integers(-2, 3, (25, 2)).astype(float)
    whole = quantise(z, codebook).codes
    monkeypatch.setattr(_nearest, "SCORES", 8)
    np.testing.assert_array_equal(quantise(z, codebook).codes, whole)


def test_single_precision_is_kept_and_judged_in_double():
    z, codebook = (RNG.standard_normal((n, 6)).astype(np.float32) for n in (200, 11))
    found = quantise(z, codebook)
    assert isinstance(found, Quantised)
    assert found.values.dtype == np.float32
    np.testing.assert_array_equal(found.codes, _pairs(z, codebook))
    assert quantise(z.astype(float), codebook.astype(float)).values.dtype == np.float64
    assert vq_losses(z, codebook).commitment.dtype == np.float64
    wide = vq_gradients(z.astype(float), codebook.astype(float))
    np.testing.assert_array_equal(vq_gradients(z, codebook).codebook, wide.codebook)


def test_memory_does_not_grow_with_the_points():
    codebook = RNG.standard_normal((256, 16)).astype(np.float32)
    z = RNG.standard_normal((40_000, 16)).astype(np.float32)
    tracemalloc.start()
    _nearest.nearest(z, codebook)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6  # all scores would be 41 MB, the codes are 0.3 MB


def test_losses_are_one_number_and_gradients_two():
    z, codebook = RNG.standard_normal((2, 5, 3)), RNG.standard_normal((4, 3))
    losses, values = vq_losses(z, codebook), quantise(z, codebook).values
    assert isinstance(losses, QuantisationLosses)
    np.testing.assert_allclose(losses.codebook, ((z - values) ** 2).sum(-1), rtol=1e-14)
    np.testing.assert_array_equal(losses.codebook, losses.commitment)
    found = vq_gradients(z, codebook, 0.7)
    assert isinstance(found, QuantisationGradients)
    h = 1e-6
    for beta, argument in ((0.7, 0), (0.0, 1)):  # each with the other held
        moved = np.zeros((2, 5, 3)) if argument == 0 else np.zeros((4, 3))
        moved.flat[1] = h
        ends = [(z + s * moved, codebook) if argument == 0 else (z, codebook + s * moved)
                for s in (1, -1)]  # fmt: skip
        up, down = (vq_losses(*end).commitment.mean() for end in ends)
        weight = beta if argument == 0 else 1.0
        assert found[argument].flat[1] == pytest.approx(weight * (up - down) / (2 * h), rel=1e-8)
    assert not vq_gradients(z, codebook, 0.0).points.any()
    np.testing.assert_array_equal(
        vq_gradients(z, codebook).points, vq_gradients(z, codebook, 0.25).points
    )


def test_rotation_turns_points_to_codes_and_keeps_angles():
    z, codebook = RNG.standard_normal((6, 4)), RNG.standard_normal((3, 4))
    z[0, 1] = z[1, 1:] = codebook[:, 2] = 0
    values = quantise(z, codebook).values
    rows = np.stack([vq_rotation_gradient(z, codebook, np.tile(e, (6, 1))) for e in np.eye(4)], 1)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", rows, z), values, atol=1e-14)
    scale = np.linalg.norm(values, axis=1) / np.linalg.norm(z, axis=1)
    gram = np.einsum("nij,nkj->nik", rows, rows) / scale[:, None, None] ** 2
    np.testing.assert_allclose(gram, np.tile(np.eye(4), (6, 1, 1)), atol=1e-14)
    np.testing.assert_allclose(np.linalg.det(rows), scale**4, rtol=1e-12)


def test_rotation_where_there_is_no_plane():
    a = RNG.standard_normal((1, 3))
    z = np.array([[1.0, -2.0, 0.5]])
    np.testing.assert_array_equal(vq_rotation_gradient(0 * z, z, a), a)
    np.testing.assert_array_equal(vq_rotation_gradient(z, 0 * z, a), a)
    turned = vq_rotation_gradient(z, -z, a)
    np.testing.assert_allclose(turned, a - 2 * z * (a @ z[0]) / (z @ z[0]), rtol=1e-14)
    np.testing.assert_allclose(vq_rotation_gradient(z, 3 * z, a), 3 * a, rtol=1e-14)
    huge = vq_rotation_gradient(1e200 * z, -2e200 * z, a)
    np.testing.assert_allclose(huge, 2 * turned, rtol=1e-13)


def test_rotation_next_to_where_there_is_no_plane_keeps_lengths():
    """At every angle π - h: |λRᵀa| = λ|a|, and Rᵀ takes the code's direction to the point's."""
    rng = np.random.default_rng(0)
    for dim, h in itertools.product((2, 3, 40), [0.0, *10.0 ** np.arange(-17, 0)]):
        z, a = rng.standard_normal((2, 20, dim))
        codes = -rng.uniform(0.1, 5, (20, 1)) * (z + h * rng.standard_normal((20, dim)))
        for point, code, given in zip(z, codes, a):
            size, length = np.linalg.norm(point), np.linalg.norm(code)
            turned = vq_rotation_gradient(point, code[None], given) * size / length
            assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(given), rel=4e-15)
            back = vq_rotation_gradient(point, code[None], code) * (size / length) ** 2
            np.testing.assert_allclose(back, point, atol=1e-14 * size)


def test_straight_through_is_a_copy():
    z, codebook = RNG.standard_normal((6, 4)), RNG.standard_normal((3, 4))
    a = RNG.standard_normal((6, 4))
    passed = vq_straight_through_gradient(z, codebook, a)
    passed[:] = 0
    assert a.any()


BAD = {
    "no codes": (lambda: quantise(np.ones((2, 3)), np.ones((0, 3))), r"codebook .* K >= 1 codes"),
    "no coordinates": (lambda: quantise(np.ones((2, 0)), np.ones((2, 0))), "codebook"),
    "one code, flat": (lambda: quantise(np.ones((2, 3)), np.ones(3)), "codebook must have shape"),
    "other coordinates": (lambda: quantise(np.ones((2, 4)), np.ones((5, 3))), r"z .*\(\.\.\., 3\)"),
    "nan in z": (lambda: quantise([[np.nan]], [[1.0]]), "z must be finite"),
    "nan in single": (
        lambda: quantise(np.full((1, 1), np.nan, np.float32), [[1.0]]), "z must be finite"),
    "inf in codes": (lambda: quantise([[1.0]], [[np.inf]]), "codebook must be finite"),
    "single, other coordinates": (
        lambda: quantise(np.ones((2, 4), np.float32), np.ones((5, 3))), "z must have shape"),
    "beta": (lambda: vq_gradients([[1.0]], [[1.0]], -0.1), "beta must be at least 0"),
    "no points": (lambda: vq_gradients(np.ones((0, 1)), [[1.0]]), "z must hold at least one"),
    "cotangent": (
        lambda: vq_straight_through_gradient([[1.0]], [[1.0]], [1.0]), "cotangent .* shape of z"),
    "two values": (lambda: finite_scalar([1.0], [2]), "levels must be at least 3"),
    "no values": (lambda: finite_scalar([1.0], []), r"levels must have shape \(d,\)"),
    "rows of values": (lambda: finite_scalar([1.0], [[3]]), r"levels must have shape \(d,\)"),
    "halves of values": (lambda: finite_scalar([1.0], [3.5]), "levels must be whole"),
    "too many values": (lambda: finite_scalar(np.ones(30), [8] * 30), "product below"),
    "values past the end": (lambda: finite_scalar([1.0], [1001]), r"epsilon must be below 1/\(L"),
    "code past the end": (lambda: finite_scalar_values([15], [3, 5]), "between 0 and 14"),
    "half a code": (lambda: finite_scalar_values([0.5], [3, 5]), "codes must be whole"),
    "bits": (lambda: lookup_free(np.ones(63)), "at most 62"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_no_points_have_no_codes():
    found = quantise(np.ones((0, 3)), np.ones((2, 3)))
    assert found.codes.shape == (0,)
    assert found.values.shape == (0, 3)


def test_finite_scalars_reach_every_code_and_no_other():
    levels = [3, 4, 7, 8]
    grid = np.linspace(-4, 4, 23)
    z = np.stack(np.meshgrid(*[grid] * 4, indexing="ij"), -1).reshape(-1, 4)[::3]
    codes, values = finite_scalar(z, levels)
    assert set(np.unique(codes)) == set(range(3 * 4 * 7 * 8))
    np.testing.assert_array_equal(finite_scalar_values(codes, levels), values)
    assert not finite_scalar(np.zeros(4), levels).values.any()
    ends = finite_scalar(np.array([[1e308] * 4, [-1e308] * 4]), levels).values
    np.testing.assert_allclose(ends, [[1, 1 / 2, 1, 3 / 4], [-1] * 4])
    assert finite_scalar([50.0], [1000]).codes == 999


def test_the_slope_of_finite_scalars_is_that_of_a_fine_one():
    z, a = RNG.standard_normal((5, 2)), RNG.standard_normal((5, 2))
    levels = [999, 996]
    up, down = (finite_scalar(z + s, levels).values for s in (0.05, -0.05))
    slope = finite_scalar_gradient(z, levels, a) / a
    np.testing.assert_allclose((up - down) / 0.1, slope, atol=0.03)
    assert not finite_scalar_gradient(np.full((1, 2), 1e300), levels, np.ones((1, 2))).any()


def test_lookup_free_codes_name_all_corners():
    z = np.array(np.meshgrid(*[[-0.5, 2.0]] * 5, indexing="ij")).reshape(5, -1).T
    codes, values = lookup_free(z)
    assert codes.tolist() == list(range(32))
    np.testing.assert_array_equal(values, np.sign(z))

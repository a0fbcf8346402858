"""What is promised of memory and of the number of ways: blocks, whatever comes in."""

import itertools
import tracemalloc
import warnings

import numpy as np
import pytest

from refscore import discrete as d


def peak(function, *arguments, **named):
    """Megabytes allocated at once, those of the answer included; the answer."""
    function(*arguments, **named)  # what is imported late
    tracemalloc.start()
    try:
        answer = function(*arguments, **named)
        return tracemalloc.get_traced_memory()[1] / 2**20, answer
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("n", "dim", "k"), [(40_000, 64, 2), (5_000, 512, 3), (300_000, 1, 2)])
def test_few_codes_take_no_more_memory_than_many(n, dim, k):
    z = np.random.default_rng(0).standard_normal((n, dim), np.float32)
    codes = 8 * n / 2**20
    assert peak(d.nearest_codes, z, z[:k])[0] < 10 + codes
    assert peak(d.lloyd, z, z[:k], 2)[0] < 14 + 3 * codes
    assert peak(d.vq_rotation_gradient, z, z[:k], z)[0] < 10 + 2 * codes + 16 * z.size / 2**20


def test_codes_that_are_all_as_near_take_little_more():
    around = np.random.default_rng(0).choice([-1.0, 1.0], (64, 16))
    memory, codes = peak(d.nearest_codes, np.zeros((10_000, 16)), around)
    assert memory < 30
    assert not codes.any()


def test_lloyds_errors_are_those_of_all_points_at_once():
    z = np.random.default_rng(0).standard_normal((40_000, 3), np.float32)
    found = d.lloyd(z, z[:5], 1)
    for book, error in zip((z[:5], found.codebook), found.errors):
        gaps = z - np.asarray(book, float)[d.nearest_codes(z, book)]
        assert error == pytest.approx((gaps**2).sum() / len(z), rel=1e-12)


@pytest.mark.parametrize(("m", "k"), [(1, 5), (3, 4), (5, 2), (2, 6), (4, 1)])
def test_expected_bounds_by_all_draws_in_order(m, k):
    rng = np.random.default_rng(1)
    log_joint, logits = 3 * rng.standard_normal((2, 2, 3, k))
    if k > 2:
        logits[0, 0, 0] = logits[1, 1, 1] = log_joint[1, 1, 1] = -np.inf
    q = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    want = 0
    for codes in map(list, itertools.product(range(k), repeat=m)):
        chance = q[..., codes].prod(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = np.log((np.exp(log_joint) / q)[..., codes].mean(-1))
        want = want + np.where(chance > 0, chance * np.where(chance > 0, bound, 0), 0)
    got = d.expected_importance_bound(log_joint, logits, m)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


def test_many_ways_are_shared_out_in_blocks():
    """20,001 ways of two codes, half a million of a thousand; more than a million are refused."""
    memory, bound = peak(d.expected_importance_bound, [0.1, 0.2], [0.3, 1.0], 5_000)
    assert memory < 6
    assert bound == pytest.approx(np.log(np.exp(0.1) + np.exp(0.2)), abs=1e-4)
    memory, _ = peak(d.expected_importance_bound, np.zeros(200), np.zeros(200), 2)
    assert memory < 6
    for m, k in ((10**12, 10**4), (30, 30), (10**6, 2)):
        with pytest.raises(ValueError, match="n_draws must leave at most 1000000 ways"):
            d.expected_importance_bound(np.zeros(k), np.zeros(k), m)
    assert d.expected_importance_bound([0.3], [0.0], 10**15) == pytest.approx(0.3)


def test_the_exact_loss_of_many_grids():
    """Twenty thousand grids: a table of all points and grids would be 16 MB, and six of them."""
    model = d.DiscreteVAE.initialise(8, 4, 12, 2, rng=1)
    x = np.random.default_rng(2).integers(0, 2, (100, 8)).astype(float)
    memory, (loss, gradient) = peak(d.exact_loss, model, x)
    assert memory < 12
    bound = model.elbo(x)
    assert loss == pytest.approx(-bound.mean(), rel=1e-13)
    assert peak(model.elbo, x)[0] < 45
    assert model.elbo(x[3]) == pytest.approx(bound[3], rel=1e-13)
    whole = [d.exact_loss(model, part) for part in (x[:30], x[30:])]
    np.testing.assert_allclose(gradient, 0.3 * whole[0][1] + 0.7 * whole[1][1], atol=1e-14)


def test_draws_of_an_autoencoder_follow_its_density():
    model = d.DiscreteVAE.initialise(3, 2, 3, 2, rng=1)
    x = model.sample(40_000, rng=None)
    every = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    p = np.exp(model.log_density(every))
    counts = np.bincount((x @ [4, 2, 1]).astype(int), minlength=8)
    assert (np.abs(counts - len(x) * p) < 5.5 * np.sqrt(len(x) * p * (1 - p))).all()
    assert model.sample(0, rng=0).shape == (0, 3)
    np.testing.assert_array_equal(model.sample(5, rng=3), model.sample(5, rng=3))


def test_weights_that_pass_the_largest_number_are_an_error_not_a_warning():
    small = d.DiscreteVAE.initialise(3, 2, 3, 2, rng=1)
    x = np.eye(3)
    big = small.with_parameters(1e160 * small.parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert big.codes(x).shape == (3, 2)
        for function in (big.logits, lambda x: d.exact_loss(big, x)):
            with pytest.raises(ValueError, match=r"x must have squared distances .* weights"):
                function(x)
        for function in (big.log_density, big.deterministic_elbo):
            with pytest.raises(ValueError, match=r"logits of the bits below 1.8e308"):
                function(x)
        huge = [[1e308, -1e308, 0.0]]
        assert np.isfinite(d.expected_importance_bound(huge, huge, 3)).all()


@pytest.mark.parametrize("levels", [3, 4, 1000])
def test_finite_scalars_stay_within_their_levels(levels):
    epsilon = (1 / (levels - 1)) * (1 - 1e-16)
    for z in (-60.0, 60.0):
        code, value = d.finite_scalar([z], [levels], epsilon=epsilon)
        assert code == (levels - 1 if z > 0 else 0)
        np.testing.assert_array_equal(d.finite_scalar_values(code, [levels]), value)

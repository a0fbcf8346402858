"""Discrete latents at their edges: rare classes at every temperature, weights that underflow, empty
batches, large codes and scales, memory and cost, and no warning for logits of 1e308."""

import time
import tracemalloc
import warnings

import numpy as np
import pytest

from refscore import discrete


class Square:
    """(y_i - c)², whose slope is 2 (y_i - c) in y_i."""

    def __init__(self, i, c):
        self.i, self.c = i, c

    def __call__(self, y):
        return (y[..., self.i] - self.c) ** 2

    def gradient(self, y):
        return 2 * (y[..., [self.i]] - self.c) * (np.arange(y.shape[-1]) == self.i)


def two_classes(gap, temperature, slope):
    """Mean of y_1, mean and variance of y_1 y_0 slope(y_0)/τ, by a sum over logistic numbers."""
    x = np.arange(-100, min(gap, 300) + 100, 0.02 * min(1, temperature))
    weight = 0.25 / np.cosh(x / 2) ** 2 * (x[1] - x[0])
    with np.errstate(over="ignore"):
        first, second = (1 / (1 + np.exp(s * (gap - x) / temperature)) for s in (-1, 1))
    estimate = second * first * slope(first) / temperature
    mean = weight @ estimate
    return weight @ second, mean, weight @ (estimate - mean) ** 2


@pytest.mark.parametrize(
    ("gap", "temperature"),
    [(30, 0.05), (55, 0.3), (59, 1), (83, 1.4), (55, 1.7), (61, 10), (100, 100)],
)
def test_rare_classes_have_their_moments_at_every_temperature(gap, temperature):
    slope = Square(0, 0.4)
    y, mean, variance = two_classes(gap, temperature, lambda first: 2 * (first - 0.4))
    nodes = discrete.concrete_nodes([0.0, -gap], temperature)
    assert nodes.weights @ nodes.points[:, 1] == pytest.approx(y, rel=1e-11, abs=0)
    moments = discrete.relaxed_moments([0.0, -gap], slope, temperature)
    assert moments.mean == pytest.approx([mean, -mean], rel=1e-11, abs=0)
    assert moments.covariance[0, 0] == pytest.approx(variance, rel=1e-10, abs=0)


def test_three_classes_of_which_two_are_rare_are_as_exact_as_two():
    found = discrete.relaxed_moments([0.0, -30.0, -55.0], Square(0, 0.4), 0.05)
    for k, gap in ((1, 30), (2, 55)):
        alone = discrete.relaxed_moments([0.0, -gap], Square(0, 0.4), 0.05)
        assert found.mean[k] == pytest.approx(alone.mean[1], rel=1e-11, abs=0)
        assert found.covariance[k, k] == pytest.approx(alone.covariance[1, 1], rel=1e-11, abs=0)


def test_gaps_of_ten_thousand_count_at_a_temperature_of_a_thousand():
    nodes = discrete.concrete_nodes([1e4, -1e4, 0.0], 1e3)
    y = [two_classes(gap, 1e3, lambda first: first)[0] for gap in (2e4, 1e4)]
    assert nodes.weights @ nodes.points[:, 1:] == pytest.approx(y, rel=1e-4, abs=0)  # two at a time
    with pytest.raises(ValueError, match="at most 3 classes a probability, got 4"):
        discrete.concrete_nodes([0.0, -100.0, -100.0, -100.0], 10.0)


def test_weights_that_underflow_are_possible_in_both_bounds():
    for logit, bound in ((-800.0, -np.inf), (-700.0, -np.inf), (-np.inf, -np.log(2))):
        joint = np.array([0.0, -np.inf]) - np.log(2)
        assert discrete.elbo(joint, [0.0, logit]) == pytest.approx(bound)
        assert discrete.grid_elbo([0.0, -np.inf], [[0.0, logit]]) == pytest.approx(bound)
    table = [[0.0, -1.0], [-np.inf, -np.inf]]
    assert discrete.grid_elbo(table, [[0.0, -800.0], [0.3, 0.1]]) == -np.inf
    assert np.isfinite(discrete.grid_elbo(table, [[0.0, -np.inf], [0.3, 0.1]]))


@pytest.mark.parametrize("levels", [[3] * 39, [2**20, 2**20, 2**20 + 1]])
def test_codes_that_no_float_holds_have_values(levels):
    codes, values = discrete.finite_scalar(np.full(len(levels), 60.0), levels, epsilon=1e-9)
    assert codes == np.prod(levels) - 1
    np.testing.assert_array_equal(discrete.finite_scalar_values(codes, levels), values)
    with pytest.raises(ValueError, match=f"between 0 and {codes}, got {codes + 1}"):
        discrete.finite_scalar_values(codes + 1, levels)
    with pytest.raises(ValueError, match="codes must lie between"):
        discrete.finite_scalar_values(np.inf, levels)


def test_the_product_of_levels_is_exact():
    two, most = [3**13, 3**13], 2**63 // 3**26
    codes = discrete.finite_scalar([60.0] * 3, [*two, most], epsilon=1e-9).codes
    assert codes == 3**26 * most - 1
    with pytest.raises(ValueError, match="levels must have a product below 2\\^63"):
        discrete.finite_scalar([60.0] * 3, [*two, most + 1], epsilon=1e-9)


def test_gradients_beyond_floats_warn_of_nothing():
    far = discrete.vq_gradients([[1.7e308, 1.0]], [[-1.7e308, 0.0]], 0.5)
    np.testing.assert_array_equal(far.points, [[np.inf, 1.0]])
    np.testing.assert_array_equal(far.codebook, [[-np.inf, -2.0]])
    assert discrete.vq_losses([[1.7e308]], [[-1.7e308]]).codebook == np.inf
    assert np.isnan(discrete.vq_gradients([[1.7e308]], [[-1.7e308]], 0.0).points)


def test_empty_batches_have_empty_answers():
    model = discrete.DiscreteVAE.initialise(5, 2, 3, 4, rng=0)
    x = np.zeros((0, 5))
    shapes = {"encode": (2, 4), "logits": (2, 3), "codes": (2,), "log_likelihoods": (3, 3)}
    for name in ("encode", "logits", "codes", "log_likelihoods"):
        assert getattr(model, name)(x).shape == (0, *shapes[name])
    for name in ("log_density", "elbo", "deterministic_elbo"):
        assert getattr(model, name)(x).shape == (0,)
    assert model.decode(np.zeros((0, 2, 4))).shape == (0, 5)
    with pytest.raises(ValueError, match=r"z must have shape \(..., 2, 4\), got shape \(4,\)"):
        model.decode(np.zeros(4))


def test_a_scale_whose_square_is_no_float_is_named():
    with pytest.raises(ValueError, match="sd must have a square below 1.8e308, got 1e"):
        discrete.lloyd_max(4, sd=1e200)
    assert discrete.lloyd_max(4, sd=1e100).distortion == pytest.approx(
        1e200 * discrete.lloyd_max(4).distortion
    )


def peak(function, *arguments):
    """Bytes allocated at once, those of the answer included."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_losses_and_gradients_take_little_beside_their_answers():
    z = np.random.default_rng(0).standard_normal((50_000, 64)).astype(np.float32)
    codebook = z[:16].copy()
    searching = peak(discrete.nearest_codes, z, codebook)
    assert peak(discrete.vq_losses, z, codebook) < searching + 16 * len(z) + 2e6
    assert peak(discrete.vq_gradients, z, codebook) < max(searching, 10e6) + 8 * z.size + 2e6


def test_importance_draws_do_not_cost_all_codes_each():
    logits, taken = np.zeros(100_000), []
    for n_draws in (1, 3000):
        start = time.process_time()
        discrete.importance_bound(logits - 1, logits, rng=0, n_draws=n_draws)
        taken.append(time.process_time() - start)
    assert taken[1] < 10 * taken[0] + 0.01


def test_small_promises():
    assert all(discrete.perplexity(range(k), k) <= k for k in range(1, 40))
    assert discrete.perplexity(range(5), 5) == pytest.approx(5)
    with pytest.raises(TypeError, match="hard must be True or False"):
        discrete.gumbel_softmax([0.0, 1.0], 1.0, rng=0, hard="no")
    with pytest.raises(TypeError, match="temperature must be a number"):
        discrete.gumbel_max([0.0, 1.0], rng=0, temperature=True)
    with pytest.raises(TypeError, match="straight_through must be True or False"):
        discrete.relaxed_moments([0.0, 1.0], Square(0, 0.0), 1.0, straight_through="no")
    assert discrete.Gumbel([0.0, 1.0]).mean == pytest.approx([0.5772156649, 1.5772156649])
    always = discrete.bernoulli_score_function_gradient(
        [np.inf, 0.0], lambda b: b[..., 0], np.zeros((1, 2))
    )
    np.testing.assert_array_equal(always, [[0.0, -0.5]])  # b = (1, 0), f = 1, b - θ = (0, -½)


def test_logits_near_the_largest_number_warn_of_nothing():
    big, f = np.array([1e308, -1e308]), Square(0, 0.4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert discrete.max_gumbel(big).location == 1e308
        assert discrete.max_gumbel(big).log_density(-1e308) == -np.inf
        for n in (None, 1, 9):
            soft = discrete.gumbel_softmax(big, 0.3, rng=0, n=n)
            np.testing.assert_array_equal(soft, np.broadcast_to([1.0, 0.0], soft.shape))
            assert not np.any(discrete.gumbel_max(big, rng=0, n=n))
        np.testing.assert_array_equal(discrete.posterior_gumbels(big, 0, rng=0), big)
        assert discrete.elbo([-1.0, -2.0], big) == -1
        assert discrete.elbo(big, big) == 1e308
        assert discrete.kl_to_uniform(big) == pytest.approx(np.log(2))
        assert discrete.importance_bound([-1.0, -2.0], big, rng=0, n_draws=3) == -1
        np.testing.assert_array_equal(discrete.relaxed_gradient(big, f, 0.5, rng=0), 0)
        density = discrete.binary_concrete_log_density([0.5, 0.5], big, 0.5)
        np.testing.assert_array_equal(density, [-1e308, -1e308])

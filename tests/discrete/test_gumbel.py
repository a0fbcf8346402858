"""Gumbel draws: their law, who is largest, ties, extremes, and what is refused."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from refscore import discrete

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(4, 5))


def windows(counts, p, n):
    """Relative frequencies within five standard errors."""
    return np.abs(counts / n - p) <= 5 * np.sqrt(p * (1 - p) / n) + 1e-12


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_follow_the_law_in_either_precision(dtype):
    g = discrete.gumbel((200, 100), rng=1, dtype=dtype)
    assert g.dtype == dtype
    assert stats.kstest(g.ravel().astype(float), "gumbel_r").pvalue > 1e-6
    assert discrete.gumbel(3, rng=1).shape == (3,)
    assert discrete.gumbel((), rng=1).shape == ()
    with pytest.raises(ValueError, match="dtype must be float64 or float32, got float16"):
        discrete.gumbel(3, rng=0, dtype=np.float16)


@pytest.mark.parametrize("u", [0.0, 1 - 2.0**-53], ids=["smallest", "largest"])
def test_the_generators_last_numbers_are_finite(u):
    class Last(np.random.Generator):
        def random(self, size=None, dtype=np.float64, out=None):
            out = np.empty(size) if out is None else out
            out[...] = u
            return out

    last = Last(np.random.PCG64(0))
    g = discrete.gumbel((3, 2), rng=last)
    np.testing.assert_allclose(g, -np.log(54 * np.log(2)) if u == 0 else 53 * np.log(2))
    for tau in (1e-3, 0.7, 0.25, 1.0, 2.0):
        for n in (None, 3):
            y = discrete.gumbel_softmax(LOGITS[0], tau, rng=last, n=n)
            equal = discrete.gumbel_softmax(LOGITS[0], tau, 0 * LOGITS[0])
            np.testing.assert_allclose(y, np.broadcast_to(equal, y.shape), atol=1e-15)


def test_a_uniform_of_zero_is_finite():
    assert np.isfinite(discrete.gumbel_from_uniforms([0.0, 5e-324, 1 - 2.0**-53])).all()
    assert np.isfinite(discrete.binary_concrete([0.0, 2.0], 0.1, [0.0, 1 - 2.0**-53])).all()


def test_a_seed_gives_one_draw_to_all_functions():
    g = discrete.gumbel(LOGITS.shape, rng=7)
    for tau in (0.3, 0.5, 1.0):
        y = discrete.gumbel_softmax(LOGITS, tau, rng=7)
        np.testing.assert_allclose(y, discrete.gumbel_softmax(LOGITS, tau, g), rtol=1e-12)
        many = discrete.gumbel_softmax(LOGITS[0], tau, rng=7, n=4)
        np.testing.assert_allclose(many, discrete.gumbel_softmax(LOGITS[0] + 0 * LOGITS, tau, g),
                                   rtol=1e-12)  # fmt: skip
    np.testing.assert_array_equal(discrete.gumbel_max(LOGITS, rng=7), y.argmax(-1))
    np.testing.assert_array_equal(discrete.gumbel_max(LOGITS, g), y.argmax(-1))
    x = np.random.default_rng(7).standard_normal(4000)  # data from the same seed
    assert abs(np.corrcoef(x, discrete.gumbel(4000, rng=7))[0, 1]) < 0.08


@pytest.mark.parametrize("n", [30, 20_000], ids=["few draws", "many draws"])
def test_draws_of_one_row_have_its_law_and_never_an_impossible_code(n):
    logits = np.log([0.5, 0.0 + 1e-300, 0.3, 0.2]) + 7
    logits[1] = -np.inf
    codes = np.concatenate([discrete.gumbel_max(logits, rng=i, n=n) for i in range(60_000 // n)])
    counts = np.bincount(codes, minlength=4)
    assert counts[1] == 0
    assert windows(counts, np.array([0.5, 0.0, 0.3, 0.2]), len(codes)).all()


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 5, 3)])
def test_n_draws_come_before_the_rows(shape):
    logits = np.random.default_rng(1).normal(size=shape)
    assert discrete.gumbel_max(logits, rng=0, n=6).shape == (6, *shape[:-1])
    assert discrete.gumbel_softmax(logits, 0.6, rng=0, n=6).shape == (6, *shape)
    assert discrete.top_k(logits, 2, rng=0, n=6).shape == (6, *shape[:-1], 2)
    draws = discrete.gumbel((6, *shape), rng=0)
    soft = discrete.gumbel_softmax(logits, 0.6, draws)
    np.testing.assert_allclose(soft, discrete.gumbel_softmax(logits, 0.6, rng=0, n=6), rtol=1e-12)
    assert discrete.gumbel_max(logits, rng=0, n=0).shape == (0, *shape[:-1])


def test_frequencies_of_rows_drawn_together():
    rows = np.broadcast_to(np.log([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]), (30_000, 2, 3))
    codes = discrete.gumbel_max(rows, rng=3)
    for i, p in enumerate(([0.6, 0.3, 0.1], [0.2, 0.2, 0.6])):
        assert windows(np.bincount(codes[:, i], minlength=3), np.array(p), 30_000).all()


def test_ties_go_to_the_first():
    assert discrete.gumbel_max([1.0, 2.0, 2.0], [0.0, 0.0, 0.0]) == 1
    for k in (1, 2, 4):
        rows = np.tile([0.0, 3.0, 1.0, 3.0, 1.0, 1.0, 0.0, 3.0, 0.0, 0.0], (2, 1))
        want = [1, 3, 7, 2][:k]
        assert discrete.top_k(rows, k, np.zeros_like(rows)).tolist() == [want, want]
    rng = np.random.default_rng()
    once = rng.permuted(np.tile(np.arange(1e3), (40, 1)), axis=-1)  # 993 and 992 made equal
    for many in (rng.integers(0, 99, (2, 3, 1000)), np.where(once == 993, 992, once)):
        for k in (1, 7, 499, 500, 999, 1000):
            want = np.argsort(-many, -1, kind="stable")[..., :k]
            np.testing.assert_array_equal(discrete.top_k(many, k, np.zeros(many.shape)), want)


def test_top_k_of_many_codes_is_the_head_of_a_full_sort():
    logits = np.random.default_rng(2).normal(size=(3, 5000))
    g = discrete.gumbel(logits.shape, rng=4)
    want = np.argsort(-(logits + g), -1)[:, :20]
    np.testing.assert_array_equal(discrete.top_k(logits, 20, g), want)
    first = discrete.top_k(logits, 1, g)[:, 0]
    np.testing.assert_array_equal(first, discrete.gumbel_max(logits, g))


def test_probabilities_of_all_orders_sum_to_one():
    from itertools import permutations

    orders = np.array(list(permutations(range(4), 3)))
    logits = np.broadcast_to(LOGITS[0, :4], (len(orders), 4))
    assert np.exp(discrete.top_k_log_probability(logits, orders)).sum() == pytest.approx(1.0)


def test_a_million_codes_and_logits_of_ten_thousand():
    logits = 1e4 * np.sin(np.arange(1_000_000.0))
    y = discrete.gumbel_softmax(logits, 1e-3, rng=0)
    assert y.sum() == pytest.approx(1.0)
    assert np.isfinite(discrete.log_gumbel_softmax(logits, 1e-3, rng=0)).all()
    assert discrete.gumbel_max(logits, rng=0) == y.argmax()
    assert logits[discrete.gumbel_max(logits, rng=0, n=5)].min() > 1e4 - 100
    x = discrete.posterior_gumbels(logits, 3, rng=1)
    assert x.argmax() == 3
    assert np.isfinite(x).all()


def test_the_law_of_the_largest_as_scipy_has_it():
    law, x = discrete.max_gumbel(LOGITS), np.array([0.4, 2.0, 3.1, 1.0])
    there = stats.gumbel_r(np.log(np.exp(LOGITS).sum(1)))
    np.testing.assert_allclose(law.log_density(x), there.logpdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.distribution_function(x), there.cdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.mean, there.mean(), rtol=1e-12)
    with pytest.raises(ValueError, match="x must have the law's shape"):
        law.log_density(x[:2])


def test_the_others_stay_below_the_given_largest():
    index = np.array([3, 0, 4, 1])
    x = discrete.posterior_gumbels(LOGITS, index, rng=0, n=200)
    np.testing.assert_array_equal(x.argmax(-1), np.broadcast_to(index, (200, 4)))


def test_forgetting_who_is_largest_gives_the_free_draws_back():
    """Index from its law, then the rest given it: every code's sum is Gumbel at its logit."""
    logits = np.broadcast_to(np.log([0.6, 0.3, 0.1]), (20_000, 3))
    x = discrete.posterior_gumbels(logits, discrete.gumbel_max(logits, rng=1), rng=1)  # one seed
    for k in range(3):
        assert stats.kstest(x[:, k] - logits[0, k], "gumbel_r").pvalue > 1e-6


def test_draws_of_many_codes_take_blocks_of_memory_only():
    logits = np.zeros((4000, 500))
    discrete.gumbel_max(logits[:2], rng=0)
    tracemalloc.start()
    discrete.gumbel_max(logits, rng=0)
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert top < 2_000_000  # all draws at once are 16 MB


G = np.zeros((4, 5))
BAD = {
    "logits must be finite or -inf, got nan at index .0, 2.": lambda: discrete.gumbel_max(
        [[0.0, 1.0, np.nan]], rng=0
    ),
    "logits must be finite or -inf, got inf": lambda: discrete.gumbel_max([0.0, np.inf], rng=0),
    "logits must have a finite entry in every row, got -inf alone in row .1,": lambda: (
        discrete.gumbel_softmax([[0.0, 1.0], [-np.inf, -np.inf]], 1.0, rng=0)
    ),
    "logits must have shape .*K >= 1, got shape .3, 0.": lambda: discrete.gumbel_max(
        np.zeros((3, 0)), rng=0
    ),
    "temperature must be positive, got 0.0": lambda: discrete.gumbel_softmax(LOGITS, 0.0, rng=0),
    "temperature must be positive, got -1.0": lambda: discrete.gumbel_softmax(LOGITS, -1, G),
    "temperature must be finite": lambda: discrete.gumbel_max(LOGITS, G, temperature=np.inf),
    "gumbels and rng must not both": lambda: discrete.gumbel_max(LOGITS, G, rng=0),
    "gumbels and n must not both": lambda: discrete.gumbel_max(LOGITS, G, n=3),
    "gumbels must have the shape of logits": lambda: discrete.gumbel_max(LOGITS, G[:3]),
    "gumbels must be finite": lambda: discrete.gumbel_max(LOGITS, G + np.inf),
    "u must lie in": lambda: discrete.gumbel_from_uniforms([0.2, 1.0]),
    "k must be at most the number of possible codes, 2": lambda: discrete.top_k(
        [[0.0, 1.0, -np.inf]], 3, rng=0
    ),
    "index must hold whole numbers from 0 to 4": lambda: discrete.posterior_gumbels(
        LOGITS, [0, 1, 5, 2], G
    ),
    "index must hold codes of positive probability": lambda: discrete.posterior_gumbels(
        [0.0, -np.inf], 1, rng=0
    ),
    "index must hold different codes": lambda: discrete.top_k_log_probability(
        [[0.0, 1.0, 2.0]] * 2, [[0, 1], [1, 1]]
    ),
    "index must have shape": lambda: discrete.top_k_log_probability(LOGITS, [1, 0]),
    "index must have shape .4, 'k'., got shape .4, 0.": lambda: discrete.top_k_log_probability(
        LOGITS, np.zeros((4, 0))
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_refused(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()


def test_axes_of_draws_before_the_logits():
    g = discrete.gumbel((7, 4, 5), rng=0)
    each = np.stack([discrete.gumbel_max(LOGITS, one) for one in g])
    np.testing.assert_array_equal(discrete.gumbel_max(LOGITS, g), each)
    index = [0, 1, 2, 3]
    each = np.stack([discrete.posterior_gumbels(LOGITS, index, one) for one in g])
    np.testing.assert_array_equal(discrete.posterior_gumbels(LOGITS, index, g), each)

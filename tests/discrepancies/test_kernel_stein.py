"""The kernel Stein discrepancy against loops, closed forms and its own properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import oracles
from refscore.discrepancies import kernel_stein
from refscore.distributions import Gaussian, GaussianMixture
from refscore.identities import Law
from tests.discrepancies import pairwise

SEEDS = st.integers(0, 2**31)
KERNELS = st.sampled_from(["rbf", "imq"])


def _case(seed, n, d, offset=0.0, spread=1.0):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, d))
    return rng.standard_normal((n, d)) - z, offset + spread * z, rng


@given(SEEDS, st.sampled_from([2, 3, 40, 320, 350]), st.integers(1, 5), KERNELS,
       st.sampled_from([0.05, 0.7, 3.0, 40.0]), st.sampled_from([0.5, 0.8, 1.5]),
       st.sampled_from(["V", "U"]), st.booleans(), st.sampled_from([0.0, 1e6, 1e8]),
       st.sampled_from([1.0, 1e-3, 1e5]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_equals_a_loop_wherever_the_points_lie(
    seed, n, d, kernel, h, exponent, statistic, weighted, offset, spread
):
    s, x, rng = _case(seed, n, d, offset, spread)
    s, h = s / spread, h * spread
    w = rng.uniform(size=n) if weighted else None
    want, size = pairwise.stein(s, x, kernel, h, exponent, statistic, w)
    got = kernel_stein(s, x, kernel=kernel, bandwidth=h, exponent=exponent, statistic=statistic,
                       weights=w)  # fmt: skip
    assert abs(got - want) <= 1e-12 * size


@pytest.mark.parametrize("kernel", ["rbf", "imq"])
@pytest.mark.parametrize("distance", [1e3, 1e5, 1e9])
def test_clusters_far_apart_keep_their_digits(kernel, distance):
    """Products of matrices would lose (distance / h)² eps here."""
    s, x, _ = _case(0, 350, 2)
    x[::2] += distance
    want, size = pairwise.stein(s, x, kernel, 0.3, 0.5, "V")
    assert abs(kernel_stein(s, x, kernel=kernel, bandwidth=0.3) - want) <= 1e-12 * size


def test_equal_points_and_equal_copies():
    s, x, _ = _case(3, 40, 3)
    twice = kernel_stein(np.concatenate([s, s]), np.concatenate([x, x]), bandwidth=0.4)
    assert twice == pytest.approx(kernel_stein(s, x, bandwidth=0.4), rel=1e-13)
    d, c = 3, 0.7
    at_once = kernel_stein(np.zeros((5, d)), np.full((5, d), 1e8), bandwidth=c)
    assert at_once == pytest.approx(d * c**-3, rel=1e-14)  # -2 d φ'(0), β = 1/2


def test_whole_weights_are_repeated_points():
    s, x, rng = _case(4, 30, 2)
    w = rng.integers(0, 4, 30)
    got = kernel_stein(s, x, weights=w)
    assert got == pytest.approx(kernel_stein(np.repeat(s, w, 0), np.repeat(x, w, 0)), rel=1e-13)


@given(SEEDS, st.floats(0.3, 3.0))
@settings(max_examples=20, deadline=None)
def test_turning_space_changes_nothing(seed, h):
    s, x, rng = _case(seed, 20, 3)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    before = kernel_stein(s, x, bandwidth=h)
    after = kernel_stein(s @ turn, x @ turn + 5.0, bandwidth=h)
    assert after == pytest.approx(before, rel=1e-9)


@given(SEEDS, KERNELS)
@settings(max_examples=20, deadline=None)
def test_all_pairs_give_no_negative_number(seed, kernel):
    s, x, rng = _case(seed, 25, 2)
    w = rng.exponential(size=25)
    assert kernel_stein(s, x, kernel=kernel, weights=w) >= 0


def test_closed_forms_on_gauss_hermite_nodes():
    """N(mu, I): |mu|² (1 + 2/l²)^(-D/2); variance v on the line, both from N(0, I)."""
    z, w = np.polynomial.hermite_e.hermegauss(60)
    l, v = 1.4, 0.6
    got = kernel_stein(
        -(z + 0.7)[:, None], (z + 0.7)[:, None], kernel="rbf", bandwidth=l, weights=w
    )
    assert got == pytest.approx(0.49 * (1 + 2 / l**2) ** -0.5, rel=1e-10)
    x = np.sqrt(v) * z[:, None]
    got = kernel_stein(-x, x, kernel="rbf", bandwidth=l, weights=w)
    assert got == pytest.approx((1 - 1 / v) ** 2 * v**2 / l**2 * (1 + 2 * v / l**2) ** -1.5)
    law = Law("gaussian", mean=np.zeros(1), covariance=np.eye(1))
    other = Law("gaussian", mean=np.zeros(1), covariance=np.array([[v]]))
    assert oracles.discrepancies.kernel_stein_gaussian(law, other, l) == pytest.approx(got)


def test_draws_of_the_law_have_mean_zero_and_others_have_not():
    """U over independent samples: mean 0 within 6 of its own standard errors."""
    law = GaussianMixture([0.6, 0.4], [[1.0, 0.0], [-1.0, 1.0]], [0.5, 1.0])
    draws = law.sample(300 * 40, rng=np.random.default_rng()).reshape(300, 40, 2)
    values = np.array([kernel_stein(law.score, x, statistic="U") for x in draws])
    assert abs(values.mean()) < 6 * values.std() / np.sqrt(len(values))
    moved = np.array([kernel_stein(law.score, x + 0.5, statistic="U") for x in draws])
    assert moved.mean() > 6 * moved.std() / np.sqrt(len(moved))


def test_chains_are_read_as_one_sample_and_scores_may_be_values():
    law = Gaussian([0.3, -0.2], [[1.0, 0.3], [0.3, 0.8]])
    x = law.sample(60, rng=1)
    chains, w = x.reshape(5, 12, 2), np.linspace(1, 2, 60)
    flat = kernel_stein(law.score, x, weights=w)
    assert kernel_stein(law.score, chains, weights=w.reshape(5, 12)) == flat
    assert kernel_stein(law.score(chains), chains, weights=w.reshape(5, 12)) == flat


def test_a_thousand_dimensions():
    s, x, _ = _case(7, 12, 1000)
    want, size = pairwise.stein(s, x, "imq", 20.0, 0.5, "U")
    got = kernel_stein(s, x, bandwidth=20.0, statistic="U")
    assert abs(got - want) <= 1e-12 * size


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": np.zeros(3)}, r"x must have shape \(\.\.\., n, d\)"),
        ({"x": [[0.0, 1.0], [np.nan, 2.0]]}, r"x must be finite, got nan at index \(1, 0\)"),
        ({"score": lambda x: x[:1]}, r"score\(x\) must have the shape of x"),
        ({"score": lambda x: x / (x - x)}, r"score\(x\) must be finite"),
        ({"score": np.zeros((3, 2))}, "score must have the shape of x"),
        ({"kernel": "gauss"}, 'kernel must be "rbf" or "imq"'),
        ({"bandwidth": 0.0}, "bandwidth must be positive"),
        ({"bandwidth": 1e-160}, "bandwidth must lie between"),
        ({"exponent": -0.5}, "exponent must be positive"),
        ({"statistic": "u"}, 'statistic must be "V" or "U"'),
        ({"weights": [0.5, -0.1]}, "weights must be at least 0, got -0.1 at row 1"),
        ({"weights": [1.0]}, "weights must have shape"),
        ({"weights": [0.0, 0.0]}, "weights must have a positive sum"),
        ({"statistic": "U", "weights": [0.0, 1.0]}, "x must hold at least 2 points"),
        ({"x": np.zeros((1, 2)), "statistic": "U"}, "x must hold at least 2 points"),
        ({"x": [[0.0, 1.0], [1e200, 0.0]]}, "bandwidth must be above 1e-150 of the distances"),
    ],
)
def test_bad_input_is_named(change, words):
    given = {"score": lambda x: -x, "x": np.array([[0.0, 1.0], [1.0, 2.0]])} | change
    with (
        np.errstate(all="ignore"),
        pytest.raises((ValueError, TypeError), match=words),
    ):
        kernel_stein(given.pop("score"), given.pop("x"), **given)

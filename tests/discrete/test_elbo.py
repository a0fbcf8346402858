"""Bounds of discrete latents: limits, large and small inputs, what is refused."""

import numpy as np
import pytest

from refscore import discrete

INF = np.inf
RNG = np.random.default_rng(7)
JOINT, LOGITS = RNG.standard_normal((2, 3, 5))


def test_log_evidence_is_the_sum_of_the_joint():
    np.testing.assert_allclose(
        discrete.log_evidence(JOINT), np.log(np.exp(JOINT).sum(-1)), rtol=1e-14
    )
    assert discrete.log_evidence([-5000.0, -INF]) == -5000.0


def test_the_gap_is_found_without_cancelling():
    """q close to the posterior: KL = Σ q δ²/2 to leading order, lost if log p − ELBO is taken."""
    small = 1e-7 * RNG.standard_normal(5)
    p = np.exp(JOINT[0]) / np.exp(JOINT[0]).sum()
    want = 0.5 * (p @ small**2 - (p @ small) ** 2)
    got = discrete.elbo_gap(JOINT[0], JOINT[0] + small)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_a_code_that_cannot_be_makes_the_bound_infinite_only_if_q_allows_it():
    joint = [-1.0, -INF, -2.0]
    assert discrete.elbo(joint, [0.0, 0.0, 0.0]) == -INF
    assert discrete.elbo_gap(joint, [0.0, 0.0, 0.0]) == INF
    assert np.isfinite(discrete.elbo(joint, [0.0, -INF, 0.0]))
    assert discrete.categorical_kl([0.0, 1.0], [0.0, -INF]) == INF
    assert discrete.expected_importance_bound(joint, np.zeros(3), 2) == -INF
    assert discrete.expected_importance_bound([0.0, -INF], [0.0, -800.0], 2) == -INF
    assert discrete.categorical_kl([0.0, -800.0], [0.0, -INF]) == INF
    codes = [[1, 1, 0], [1, 0, 0]]  # draws of three rows, of which the first has no weight at all
    found = discrete.importance_bound([joint] * 3, np.zeros((3, 3)), codes)
    np.testing.assert_allclose(found, [-INF, np.log(3 / 2) - 1, np.log(3) - 1], rtol=1e-14)
    with pytest.raises(ValueError, match="log_joint must be finite where q > 0"):
        discrete.elbo_gradient(joint, np.zeros(3))


def test_one_draw_is_enough_for_a_posterior_of_one_code():
    logits = np.array([[-INF, 3.0, -INF]])
    joint = np.array([[-1.0, -4.0, -2.0]])
    for value in (
        discrete.elbo(joint, logits),
        discrete.importance_bound(joint, logits, rng=1, n_draws=3),
        discrete.expected_importance_bound(joint, logits, 4),
    ):
        np.testing.assert_allclose(value, -4.0, rtol=1e-15)
    np.testing.assert_allclose(discrete.kl_to_uniform(logits), np.log(3), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e4, 1e-4])
def test_logits_of_any_size(dtype, scale):
    logits = (scale * np.array([[1.0, -1.0, 0.5], [1.0, 1.0, -1.0]])).astype(dtype)
    joint = np.array([[-1e4, -2.0, -9e3], [-3.0, -1.0, -1e4]], dtype)
    evidence = np.array([-2.0, np.logaddexp(-3, -1)])
    large = scale > 1  # one code, and two alike; otherwise three nearly alike
    bound = [-1e4, np.log(2) - 2] if large else np.log(3) + joint.mean(-1, dtype=float)
    slopes = [[0, 0, 0], [-0.5, 0.5, 0]] if large else (joint - joint.mean(-1)[:, None]) / 3.0
    near = 1e-14 if large else 1e-3
    np.testing.assert_allclose(discrete.elbo(joint, logits), bound, rtol=near)
    np.testing.assert_allclose(discrete.elbo_gap(joint, logits), evidence - bound, rtol=near)
    np.testing.assert_allclose(discrete.elbo_gradient(joint, logits), slopes, rtol=near)
    divergence = discrete.kl_to_uniform(logits)
    want = [np.log(3), np.log(3 / 2)] if large else [0, 0]
    np.testing.assert_allclose(divergence, want, atol=1e-7)
    assert divergence.dtype == np.float64


def test_a_million_codes():
    """Of K codes in a row l_k = -k h: H = 1 - log h + O(h), as of an exponential law."""
    h, K = 1e-4, 10**6
    want = np.log(K) - (1 - np.log(h))
    np.testing.assert_allclose(discrete.kl_to_uniform(-h * np.arange(K)), want, rtol=1e-4)
    assert discrete.kl_to_uniform(np.zeros(K)) < 1e-12
    np.testing.assert_allclose(discrete.elbo(np.zeros(K), np.zeros(K)), np.log(K), rtol=1e-12)


def test_drawn_codes_are_those_of_q():
    """With log p(x, k) = log q(k) + k a bound of one draw is the code drawn."""
    n, q = 200_000, np.array([[0.0, 0.1, 0.2, 0.0, 0.65, 0.05, 0.0], [0.3] + 6 * [0.7 / 6]])
    with np.errstate(divide="ignore"):
        log_q = np.log(q)
    rows = np.broadcast_to(log_q, (n, 2, 7))
    codes = discrete.importance_bound(rows + np.arange(7), rows - 3.0, rng=None)
    for k in range(7):
        excess = (np.abs(codes - k) < 1e-6).mean(0) - q[:, k]
        assert (np.abs(excess) <= 5.5 * np.sqrt(q[:, k] * (1 - q[:, k]) / n)).all()


def test_drawn_codes_stay_within_the_law_at_the_ends_of_the_generator():
    class Ends(np.random.Generator):
        def random(self, size=None):
            return np.broadcast_to([[0.0], [1 - 2.0**-53]], size)

    for logits in RNG.standard_normal((50, 9)):
        logits[[0, 1, 5, 8]] = -INF
        rng = Ends(np.random.PCG64(0))
        rows = np.broadcast_to(logits, (3, 9))
        both = discrete.importance_bound(rows + np.arange(9), rows, rng=rng, n_draws=2)
        want = np.logaddexp(2, 7) - np.log(2) + discrete.log_evidence(logits)
        np.testing.assert_allclose(both, want, rtol=1e-12)


def test_grids_may_have_any_prior():
    table, logits = RNG.standard_normal((2, 3, 3)), RNG.standard_normal((2, 2, 3))
    prior = RNG.standard_normal((2, 3))
    q = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    given = np.einsum("nab,na,nb->n", table, q[:, 0], q[:, 1])
    apart = sum(discrete.categorical_kl(logits[:, p], np.tile(prior[p], (2, 1))) for p in (0, 1))
    np.testing.assert_allclose(discrete.grid_elbo(table, logits, prior), given - apart, rtol=1e-13)
    plain = discrete.grid_elbo(table, logits)
    np.testing.assert_allclose(discrete.grid_elbo(table, logits, [4.0] * 3), plain, rtol=1e-13)


BAD = [
    ([np.nan, 0.0], "NaN|nan"), ([INF, 0.0], "inf"), ([-INF, -INF], "-inf alone"),
    (np.zeros((2, 0)), "K >= 1"), (0.0, "K >= 1"),
]  # fmt: skip


@pytest.mark.parametrize(("logits", "said"), BAD, ids=["nan", "inf", "all -inf", "empty", "number"])
def test_logits_that_are_no_law_are_refused(logits, said):
    good = np.zeros(np.shape(logits))
    for f in (discrete.elbo, discrete.elbo_gap, discrete.elbo_gradient):
        with pytest.raises(ValueError, match=f"logits must .*({said})"):
            f(good, logits)
    for call in (
        lambda: discrete.kl_to_uniform(logits), lambda: discrete.categorical_kl(good, logits),
        lambda: discrete.expected_importance_bound(good, logits, 2),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"logits must .*({said})"):
            call()
    with pytest.raises(ValueError, match=f"log_joint must .*({said})"):
        discrete.log_evidence(logits)


def test_codes_and_grids_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="codes must hold codes of positive probability"):
        discrete.importance_bound([[0.0, -1.0]], [[0.0, -INF]], [[1]])
    with pytest.raises(ValueError, match="codes must hold whole numbers from 0 to 4"):
        discrete.importance_bound(JOINT, LOGITS, [[0, 5, 1]])
    with pytest.raises(ValueError, match="codes and rng"):
        discrete.importance_bound(JOINT, LOGITS, [[0, 0, 1]], rng=0)
    with pytest.raises(ValueError, match="n_draws must leave at most"):
        discrete.expected_importance_bound(np.zeros(50), np.zeros(50), 9)
    with pytest.raises(ValueError, match=r"codes must have shape \(m, 3\), m >= 1, got shape"):
        discrete.importance_bound(JOINT, LOGITS, np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"codes must have shape \(m, 3\)"):
        discrete.importance_bound(JOINT, LOGITS, [[0, 0]])
    with pytest.raises(ValueError, match=r"codes must have shape \(m, 3\)"):
        discrete.importance_bound(JOINT, LOGITS, [0, 0, 1])
    for bad in (np.nan, INF):
        with pytest.raises(ValueError, match="log_likelihoods must be finite or -inf"):
            discrete.grid_elbo(np.full((3, 3), bad), np.zeros((2, 3)))
        with pytest.raises(ValueError, match="log_likelihood must be finite or -inf"):
            discrete.deterministic_elbo([0.0, bad], 2, 3)
    with pytest.raises(ValueError, match=r"logits must have shape \(..., P, K\)"):
        discrete.grid_elbo(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="log_joint must have the shape of logits"):
        discrete.elbo(JOINT[:2], LOGITS)
    with pytest.raises(ValueError, match="log_likelihoods must have shape"):
        discrete.grid_elbo(np.zeros((2, 3, 4)), np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match="log_prior must have shape"):
        discrete.grid_elbo(np.zeros((2, 3, 3)), np.zeros((2, 2, 3)), np.zeros(4))

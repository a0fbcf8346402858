"""Bounds on random joints and posteriors: below the evidence by the divergence, each in the other's
terms; impossible codes among them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import discrete
from refscore.strategies.draws import normals

few = settings(max_examples=15, deadline=None)


@st.composite
def rows(draw, most=6):
    """log p(x, k) and logits (n, K); codes that p excludes are excluded by q, and others too."""
    n, k = draw(st.integers(1, 3)), draw(st.integers(1, most))
    size = draw(st.sampled_from((0.5, 2.0, 30.0)))
    joint, logits = size * draw(normals(2, n, k)) - 3.0
    never = draw(normals(2, n, k)) > 0.8
    never[..., draw(st.integers(0, k - 1))] = False
    return np.where(never[0], -np.inf, joint), np.where(never.any(0), -np.inf, logits)


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


@few
@given(rows())
def test_a_bound_lies_below_the_evidence_by_the_divergence(pair):
    joint, logits = pair
    bound, gap = discrete.elbo(joint, logits), discrete.elbo_gap(joint, logits)
    close(bound + gap, discrete.log_evidence(joint))
    assert (gap >= 0).all()
    close(gap, discrete.categorical_kl(logits, joint))
    close(discrete.elbo_gap(joint, joint + 1.5), 0.0)
    close(discrete.elbo(joint, joint), discrete.log_evidence(joint))
    flat = discrete.elbo(np.zeros_like(joint), logits)  # log K − KL to the uniform law: an entropy
    close(flat, np.log(joint.shape[-1]) - discrete.kl_to_uniform(logits))
    shifted = discrete.kl_to_uniform(logits)
    close(shifted, discrete.categorical_kl(logits, np.full(logits.shape, 0.7)))


@few
@given(rows(), st.floats(-50, 50), st.randoms())
def test_bounds_follow_shifts_and_renamed_codes(pair, shift, random):
    joint, logits = pair
    order = random.sample(range(joint.shape[-1]), joint.shape[-1])
    for bound in (
        discrete.elbo,
        discrete.elbo_gradient,
        lambda *pair: discrete.expected_importance_bound(*pair, 3),
    ):
        found, moved = bound(joint, logits), bound(joint, logits + shift)
        close(moved, found)
        turned = bound(joint[..., order], logits[..., order])
        close(turned, found[..., order] if np.ndim(found) == 2 else found)
        raised = bound(joint + shift, logits) - found
        close(raised, 0.0 if np.ndim(found) == 2 else shift)


@few
@given(rows())
def test_the_gradient_of_the_bound_is_that_of_an_expectation(pair):
    """∂L/∂l = ∂E_q f/∂l at f = log p − log q held: the score has the mean 0."""
    joint, logits = pair
    for log_p, logit, slope in zip(joint, logits, discrete.elbo_gradient(joint, logits)):
        log_q = logit - discrete.log_evidence(logit)
        f = np.where(np.isfinite(logit), log_p - np.where(np.isfinite(logit), log_q, 0.0), 0.0)
        close(slope, discrete.expectation_gradient(logit, f))


@few
@given(rows(most=4))
def test_more_draws_bring_the_bound_closer(pair):
    joint, logits = pair
    some = [discrete.expected_importance_bound(joint, logits, m) for m in (1, 2, 3, 5)]
    close(some[0], discrete.elbo(joint, logits))
    q_can = np.where(np.isfinite(logits), joint, -np.inf)
    steps = np.diff([*some, discrete.log_evidence(q_can)], axis=0)
    assert (steps >= -1e-10).all()


@few
@given(rows(most=4))
def test_the_expected_bound_is_the_mean_over_all_pairs_of_draws(pair):
    joint, logits = pair
    for log_p, logit in zip(joint, logits):
        q = np.exp(logit - discrete.log_evidence(logit))
        possible = np.flatnonzero(np.isfinite(logit))
        codes = np.array(np.meshgrid(possible, possible)).reshape(2, -1)
        rows = (np.broadcast_to(a, (codes.shape[1], len(q))) for a in (log_p, logit))
        values = discrete.importance_bound(*rows, codes)
        close(q[codes].prod(0) @ values, discrete.expected_importance_bound(log_p, logit, 2))


@few
@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_a_grid_is_one_variable_with_as_many_codes_as_grids(positions, k, data):
    table = 2 * data.draw(normals(*(k,) * positions))
    logits, prior = data.draw(normals(2, positions, k))
    prior = prior - np.logaddexp.reduce(prior, -1)[:, None]
    joint, together = table.copy(), np.zeros_like(table)
    for p in range(positions):
        shape = np.where(np.arange(positions) == p, k, 1)
        joint += prior[p].reshape(shape)
        together += logits[p].reshape(shape)
    close(discrete.grid_elbo(table, logits, prior), discrete.elbo(joint.ravel(), together.ravel()))
    gap = discrete.elbo_gap(joint.ravel(), together.ravel())
    close(discrete.grid_elbo(table, logits, prior) + gap, discrete.log_evidence(joint.ravel()))

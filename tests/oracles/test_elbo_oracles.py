"""The oracles of discrete bounds against mpmath."""

import itertools

import mpmath
import numpy as np
import pytest

from refscore.oracles import elbo

RNG = np.random.default_rng(31)
JOINT, LOGITS = RNG.standard_normal((2, 3, 4))
LOGITS[1, 2] = JOINT[2, 0] = LOGITS[2, 0] = -np.inf


def _q(row):
    ratios = [mpmath.exp(mpmath.mpf(v)) if v > -np.inf else mpmath.mpf(0) for v in row]
    return [r / sum(ratios) for r in ratios]


def _bound(row, own):
    q = _q(own)
    return sum(q[k] * (mpmath.mpf(row[k]) - mpmath.log(q[k])) for k in range(4) if q[k])


def test_bounds_evidence_and_divergences():
    with mpmath.workdps(30):
        bounds = [float(_bound(*rows)) for rows in zip(JOINT, LOGITS)]
        whole = [float(mpmath.log(sum(mpmath.exp(v) for v in row if v > -np.inf))) for row in JOINT]
        laws = [[float(p) for p in _q(row)] for row in LOGITS]
    np.testing.assert_allclose(elbo.bound(JOINT, LOGITS), bounds, rtol=1e-14)
    np.testing.assert_allclose(elbo.evidence(JOINT), whole, rtol=1e-14)
    entropies = [-sum(p * np.log(p) for p in law if p) for law in laws]
    np.testing.assert_allclose(elbo.entropy(LOGITS), entropies, rtol=1e-13)
    even = elbo.divergence(LOGITS, np.zeros((3, 4)))
    np.testing.assert_allclose(even, np.log(4) - np.array(entropies), rtol=1e-13)


def test_gradients_are_derivatives():
    got = elbo.bound_gradient(JOINT, LOGITS)
    for i, k in itertools.product(range(3), range(4)):
        if LOGITS[i, k] == -np.inf:
            assert got[i, k] == 0
            continue

        def along(t, i=i, k=k):
            return _bound(JOINT[i], [v + (t if j == k else 0) for j, v in enumerate(LOGITS[i])])

        with mpmath.workdps(40):
            want = float(mpmath.diff(along, 0))
        assert got[i, k] == pytest.approx(want, rel=1e-12, abs=1e-15)


def test_grids_of_one_place_are_one_code():
    table = JOINT[:2] + np.log(4)
    np.testing.assert_allclose(
        elbo.grid_bound(table, LOGITS[:2, None]), elbo.bound(JOINT[:2], LOGITS[:2]), rtol=1e-13
    )
    np.testing.assert_allclose(elbo.grid_evidence(table), elbo.evidence(JOINT[:2]), rtol=1e-13)


def test_two_places_of_a_likelihood_that_is_a_product():
    a, b = RNG.standard_normal((2, 2, 3))
    logits = RNG.standard_normal((2, 2, 3))
    whole = elbo.grid_bound(a[:, :, None] + b[:, None], logits)
    parts = [elbo.bound(each - np.log(3), logits[:, p]) for p, each in enumerate((a, b))]
    np.testing.assert_allclose(whole, sum(parts), rtol=1e-13)


def test_importance_bounds():
    codes = np.array([[0, 1, 2], [3, 0, 2], [1, 1, 3]])
    got = elbo.importance_bound(JOINT, LOGITS, codes)
    with mpmath.workdps(30):
        for i in range(3):
            q = _q(LOGITS[i])
            w = [mpmath.exp(mpmath.mpf(JOINT[i, k])) / q[k] for k in codes[:, i]]
            assert got[i] == pytest.approx(float(mpmath.log(sum(w) / 3)), rel=1e-14)
    one = elbo.expected_importance_bound(JOINT, LOGITS, 1)
    np.testing.assert_allclose(one, elbo.bound(JOINT, LOGITS), rtol=1e-13)
    with mpmath.workdps(30):
        q = _q(LOGITS[0])
        w = [mpmath.exp(mpmath.mpf(v)) / p for v, p in zip(JOINT[0], q)]
        two = sum(q[j] * q[k] * mpmath.log((w[j] + w[k]) / 2) for j in range(4) for k in range(4))
    got = elbo.expected_importance_bound(JOINT, LOGITS, 2)[0]
    assert got == pytest.approx(float(two), rel=1e-13)

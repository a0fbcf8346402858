"""Flows through bijections: densities against closed forms, draws, gradients, memory."""

import tracemalloc

import numpy as np
import pytest

from refscore.distributions import Gaussian, GaussianMixture
from refscore.flows import Flow
from refscore.flows.bijections import (
    ActNorm,
    AffineCoupling,
    AutoregressiveAffine,
    Composition,
    Conditioner,
    LinearFlow,
    LUFlow,
    Permutation,
    Planar,
)

RNG = np.random.default_rng(3)
W, B = RNG.standard_normal((3, 3)), RNG.standard_normal(3)
MIXTURE = GaussianMixture(
    [0.7, 0.3], RNG.standard_normal((2, 3)), np.stack([np.diag([0.5, 1.0, 2.0]), np.eye(3)])
)


def _layers():
    weights = [RNG.standard_normal((5, 2)), 0.5 * RNG.standard_normal((2, 5))]
    net = Conditioner(weights, [RNG.standard_normal(5), RNG.standard_normal(2)])
    masked = AutoregressiveAffine.initialise(3, (6,), rng=1)
    theta = masked.parameters
    masked = masked.with_parameters(theta + 0.3 * RNG.standard_normal(theta.size))
    return Composition(
        AffineCoupling(net, [1, 0, 1]), Permutation([2, 0, 1]), masked.inverted,
        Planar([0.5, -1.0, 0.2], [0.3, 0.8, -0.4], 0.1, constrained=True),
    )  # fmt: skip


FLOW = Flow(_layers(), MIXTURE)


def test_a_linear_flow_of_a_gaussian_is_a_gaussian():
    flow = Flow(LinearFlow(W, B), Gaussian([1.0, 0.0, -1.0], np.diag([1.0, 2.0, 0.5])))
    law = Gaussian(W @ flow.base.mean + B, W @ flow.base.covariance @ W.T)
    x = law.sample(7, rng=2)
    values, in_x, _ = flow.log_density_and_gradient(x)
    np.testing.assert_allclose(values, law.log_density(x), rtol=1e-12)
    np.testing.assert_allclose(flow.log_density(x), values, rtol=1e-14)
    np.testing.assert_allclose(in_x, law.score(x), rtol=1e-10)
    np.testing.assert_allclose(flow.inverse(x), np.linalg.solve(W, (x - B).T).T, rtol=1e-10)


def test_draws_are_the_base_s_moved_whatever_the_block():
    flow = Flow(_layers(), Gaussian(np.zeros(3), np.eye(3)))
    whole = flow.sample(100, rng=5)
    np.testing.assert_array_equal(whole, flow.bijection.forward(flow.base.sample(100, rng=5))[0])
    flow._block = 7
    np.testing.assert_array_equal(flow.sample(100, rng=5), whole)
    x, again = whole.reshape(4, 25, 3), Flow(flow.bijection, flow.base).log_density
    np.testing.assert_allclose(flow.log_density(x), again(x), rtol=1e-13)
    assert flow.sample(0, rng=1).shape == (0, 3)


def test_gradients_are_those_of_the_log_density():
    x, h = FLOW.sample(6, rng=9), 1e-5
    values, in_x, in_theta = FLOW.log_density_and_gradient(x)
    v, w = RNG.standard_normal(x.shape), RNG.standard_normal((FLOW.parameters.size, 5))
    along = (FLOW.log_density(x + h * v) - FLOW.log_density(x - h * v)) / (2 * h)
    np.testing.assert_allclose(np.sum(in_x * v, 1), along, rtol=1e-6, atol=1e-8)
    for way in w.T:
        moved = [FLOW.with_parameters(FLOW.parameters + s * h * way) for s in (1, -1)]
        ends = [flow.log_density(x).sum() for flow in moved]
        assert in_theta @ way == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6, abs=1e-6)
    mean, gradient = FLOW.negative_log_likelihood_and_gradient(x)
    assert mean == pytest.approx(-values.mean())
    np.testing.assert_allclose(gradient, -in_theta / 6, rtol=1e-12)


def test_memory_beside_the_draws_is_that_of_a_block():
    flow = Flow(AffineCoupling.initialise([1, 0], (64,), rng=1), Gaussian(np.zeros(2), np.eye(2)))
    flow._block = 4_000
    tracemalloc.start()
    x = flow.sample(150_000, rng=1)
    flow.log_density(x)
    flow.inverse(x)
    flow.bijection.forward(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    flow.log_density_and_gradient(x[:40_000])
    peak = max(peak, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peak < 25e6  # the draws 2.4 MB; a hidden layer of all rows would be 77 MB


def test_a_row_beyond_floats_is_nan_and_spoils_no_other():
    f = Composition(LUFlow(np.eye(2), np.eye(2)), ActNorm([-700.0, 0.0], [0.0, 0.0]))
    flow, x = Flow(f, Gaussian(np.zeros(2), np.eye(2))), np.array([[1e100, 0.0], [1e-304, 1.0]])
    values, in_x, _ = flow.log_density_and_gradient(x)
    np.testing.assert_array_equal(np.isnan(values), [True, False])
    np.testing.assert_array_equal(np.isnan(in_x).any(1), [True, False])
    np.testing.assert_array_equal(flow.log_density(x), values)
    assert values[1] == flow.log_density(x[1]) != 0.0


def test_bad_bases_are_named():
    with pytest.raises(ValueError, match="base must have dimension 3"):
        Flow(LinearFlow(W), Gaussian(np.zeros(2), np.eye(2)))
    with pytest.raises(ValueError, match="x must hold at least one point"):
        FLOW.negative_log_likelihood_and_gradient(np.zeros((0, 3)))
    with pytest.raises(TypeError, match="bijection must be a Bijection"):
        Flow(W, MIXTURE)
    with pytest.raises(TypeError, match="base must offer"):
        Flow(LinearFlow(W), 3)

"""The probability flow as a continuous flow: the likelihood of `diffusion`, draws, gradients."""

import numpy as np
import pytest

from refscore import diffusion, flows
from refscore.distributions import Gaussian, GaussianMixture
from refscore.fields import Family
from refscore.networks import MLP, TimeMLP
from refscore.processes import VE, VP

MIXTURE = GaussianMixture([0.3, 0.7], [[-1.0, 0.5], [0.8, -0.4]], [0.3, 0.5])
X = np.array([[0.3, -0.4], [0.9, 0.2], [-1.2, 0.6]])


@pytest.mark.parametrize("process", [VP(), VE(0.05, 6.0)], ids=repr)
def test_it_has_the_likelihood_of_the_diffusion(process):
    flow = flows.probability_flow(process, MIXTURE, start=0.01, method="dop853", shared_steps=True)
    exact = diffusion.diffused(process, MIXTURE, 0.01).log_density(X)
    np.testing.assert_allclose(flow.log_density(X), exact, atol=2e-5)
    v = np.random.default_rng(0).standard_normal((3, 2, 2))
    given = diffusion.log_likelihood(process, MIXTURE, X, probes=v, start=0.01)
    np.testing.assert_allclose(flow.log_density(X, v), given, atol=2e-5)
    ends = diffusion.encode(process, MIXTURE, X, start=0.01)
    np.testing.assert_allclose(flow.inverse(X), ends, atol=1e-5 * np.abs(ends).max())


def test_its_draws_are_the_data():
    law = Gaussian([0.5, -1.0], [[0.5, 0.2], [0.2, 0.3]])
    x = flows.probability_flow(VP(), law, start=1e-3, shared_steps=True).sample(2000, rng=0)
    np.testing.assert_allclose(x.mean(0), law.mean, atol=5 * np.sqrt(0.5 / 2000))
    np.testing.assert_allclose(np.cov(x.T), law.covariance, atol=5 * 0.5 * np.sqrt(2 / 2000))


def test_its_gradient_is_that_of_the_scores_parameters():
    scores = TimeMLP.initialise((2, 4, 2), rng=0)
    flow = flows.probability_flow(
        VP(0.1, 3.0), scores, n_steps=6, method="rk4", gradient="backpropagation"
    )
    theta, h = flow.parameters, 1e-5
    np.testing.assert_array_equal(theta, scores.parameters)
    slope = flow.negative_log_likelihood_and_gradient(X)[1]
    for i in (0, 5, 13, 20):
        e = h * (np.arange(theta.size) == i)
        value = [flow.with_parameters(t).negative_log_likelihood_and_gradient(X)[0]
                 for t in (theta + e, theta - e)]  # fmt: skip
        assert slope[i] == pytest.approx((value[0] - value[1]) / (2 * h), abs=1e-7)
    assert flow.base.covariance[0, 0] == 1.0


def test_the_fields_of_a_function_of_time_are_held_fixed():
    net = MLP.initialise((2, 4, 2), rng=0)
    options = {"base": Gaussian([0.0, 0.0], np.eye(2)), "n_steps": 4, "method": "rk4"}
    found, right = (
        flows.probability_flow(VP(), scores, **options).log_density_and_gradient(X)
        for scores in (lambda t: net, Family.constant(net))
    )
    assert found.parameters.shape == (0,)
    np.testing.assert_allclose(found.score, right.score, rtol=1e-12)


def test_bad_input_is_named():
    with pytest.raises(TypeError, match=r"score_at must offer .dim"):
        flows.probability_flow(VP(), lambda t: MIXTURE.score)
    with pytest.raises(ValueError, match="end must lie in"):
        flows.probability_flow(VP(), MIXTURE, end=3.0)
    with pytest.raises(TypeError, match="score_at"):
        flows.probability_flow(VP(), 3, base=MIXTURE)

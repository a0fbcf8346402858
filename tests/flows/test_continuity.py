"""What a flow carries, and the equation it keeps."""

import numpy as np
import pytest

from refscore import diffusion, flows
from refscore.distributions import Gaussian, GaussianMixture
from refscore.fields import Affine, Family
from refscore.processes import VP

RNG = np.random.default_rng(20261121)
X = RNG.uniform(-0.7, 0.7, (5, 2))
MIXTURE = GaussianMixture([0.4, 0.6], [[1.0, -0.3], [-0.8, 0.5]], [[[0.5, 0.2], [0.2, 0.7]]] * 2)
HOPF = flows.Hopf(0.8, -1.3)


def test_linear_flows_carry_gaussians_to_gaussians():
    law, turning = Gaussian([0.4, -1.0], [[1.3, 0.4], [0.4, 0.7]]), flows.Rotating(
        [[-0.6, 1.9], [0.2, 0.4]], 1.7
    )  # fmt: skip
    moved = turning.flow(np.eye(2), 0.3, 1.2).T
    want = Gaussian(moved @ law.mean, moved @ law.covariance @ moved.T)
    density = flows.carried_density(turning, law, 0.3)
    np.testing.assert_allclose(density.log_density(X, 1.2), want.log_density(X), rtol=1e-12)
    np.testing.assert_allclose(density.score(X, 1.2), want.score(X), rtol=0, atol=1e-8)


def test_what_is_carried_has_no_residual_and_another_velocity_has_one():
    density = flows.carried_density(HOPF, MIXTURE, 0.3)
    assert np.abs(flows.continuity_residual(HOPF, density, X, 0.9)).max() < 1e-7
    plain = flows.continuity_residual(HOPF, density.log_density, X, 0.9)
    assert np.abs(plain).max() < 1e-7
    missed = flows.continuity_residual(HOPF + Family.constant(Affine(np.eye(2))), density, X, 0.9)
    want = 2 + np.sum(X * density.score(X, 0.9), axis=1)
    np.testing.assert_allclose(missed, want, rtol=0, atol=1e-6)


@pytest.mark.parametrize("law", [MIXTURE, Gaussian([0.4, -1.0], [[1.3, 0.4], [0.4, 0.7]])])
def test_the_probability_flow_keeps_it_too(law):
    process = VP()
    velocity = diffusion.flow_velocity(process, law)

    def log_density(x, t):
        return law.diffuse(*process.marginal(t)).log_density(x)

    def at(t):
        score = law.diffuse(*process.marginal(t)).score
        rate = float(process.diffusion(t)) ** 2
        return Affine(float(process.drift_rate(t)) * np.eye(2)) + (-0.5 * rate) * score

    family = Family(at)
    np.testing.assert_allclose(family(X, 0.4), velocity(X, 0.4), rtol=1e-12)
    assert np.abs(flows.continuity_residual(family, log_density, X, 0.4)).max() < 1e-6


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(TypeError, match="velocity must be one whose flow is known"):
        flows.carried_density(Affine(np.eye(2)), MIXTURE, 0.0)
    with pytest.raises(TypeError, match="law must offer"):
        flows.carried_density(HOPF, HOPF, 0.0)
    with pytest.raises(TypeError, match="velocity must be a refscore Family or Field"):
        flows.continuity_residual(lambda x, t: x, MIXTURE.log_density, X, 0.0)

"""Euler's and Heun's steps: what is no identity: kin, numbers by hand, refusals."""

import numpy as np
import pytest

from refscore import diffusion, distributions, processes

VP = processes.VP()
LAW = distributions.GaussianMixture([0.4, 0.6], [[1.0, 0.2], [-1.5, 0.6]], [0.3, 0.8])
X = np.array([[0.3, -1.2], [2.0, 0.4], [-0.7, 0.9]])
Z = np.array([[1.0, -0.3], [0.2, 2.0], [-1.4, 0.1]])
STEPS = {
    "euler": diffusion.euler_maruyama(VP, LAW, 0.7),
    "heun": diffusion.stochastic_heun(VP, LAW, 0.7),
}


def test_milstein_is_euler_maruyama_since_the_noise_is_additive():
    milstein, euler = diffusion.milstein(VP, LAW, 0.7), STEPS["euler"]
    assert np.array_equal(milstein(X, 0.6, 0.5, Z), euler(X, 0.6, 0.5, Z))


@pytest.mark.parametrize("name", STEPS)
def test_without_noise_the_family_is_the_flow(name):
    of_family = {"euler": diffusion.euler_maruyama, "heun": diffusion.stochastic_heun}[name]
    of_flow = {"euler": diffusion.flow_euler, "heun": diffusion.flow_heun}[name]
    still, flow = of_family(VP, LAW, 0.0), of_flow(VP, LAW)
    assert still.noises == flow.noises == 0
    assert np.array_equal(still(X, 0.6, 0.5), flow(X, 0.6, 0.5))


def test_one_step_by_hand():
    law = distributions.Gaussian([0.5], [[0.25]])
    t, s, x, z = 0.4, 0.3, 1.7, -0.6
    b = 0.1 + 19.9 * t
    a2 = np.exp(-(0.1 * t + 9.95 * t**2))
    score = -(x - 0.5 * np.sqrt(a2)) / (0.25 * a2 + 1 - a2)
    right = x + 0.1 * (0.5 * b * x + b * score) + np.sqrt(0.1 * b) * z
    got = diffusion.euler_maruyama(VP, law)([[x]], t, s, [[z]])
    assert got[0, 0] == pytest.approx(right, rel=1e-13)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_takes_leading_axes_row_by_row_and_leaves_its_inputs(name):
    step, x, z = STEPS[name], np.tile(X, (2, 1, 1)), np.tile(Z, (2, 1, 1))
    kept = x.copy(), z.copy()
    got = step(x, 0.6, 0.5, z)
    for i in range(3):
        assert np.allclose(got[1, i], step(X[i], 0.6, 0.5, Z[i]), rtol=1e-13)
    assert np.array_equal(x, kept[0])
    assert np.array_equal(z, kept[1])


def test_score_at_may_be_a_law_a_family_or_a_function():
    class Family:
        def at(self, t):
            return LAW.diffuse(*map(float, VP.marginal(t))).score

    for score_at in (Family(), Family().at, lambda t: lambda x: Family().at(t)(x)):
        got = diffusion.euler_maruyama(VP, score_at, 0.7)(X, 0.6, 0.5, Z)
        assert np.allclose(got, STEPS["euler"](X, 0.6, 0.5, Z), rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((X, 0.5, 0.5, Z), "s must be before t = 0.5"),
        ((X, 0.5, 0.6, Z), "s must be before t = 0.5"),
        ((X, 1.5, 0.6, Z), r"t must lie in \[0, 1\]"),
        ((X, 0.5, -0.1, Z), r"s must lie in \[0, 1\]"),
        ((X, 0.5, 0.4, None), "noise must be given"),
        ((X, 0.5, 0.4, Z[:2]), "noise must have the shape of x"),
        ((X * np.nan, 0.5, 0.4, Z), "x must be finite"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        STEPS["euler"](*arguments)


def test_noise_for_a_step_without_is_refused_and_a_bad_level_too():
    with pytest.raises(ValueError, match="noise must be None"):
        diffusion.flow_heun(VP, LAW)(X, 0.5, 0.4, Z)
    with pytest.raises(ValueError, match="stochasticity must be at least 0"):
        diffusion.euler_maruyama(VP, LAW, -1.0)


def test_a_score_of_another_shape_is_named_with_its_time():
    step = diffusion.flow_euler(VP, lambda t: lambda x: x[:, :1])
    with pytest.raises(ValueError, match=r"the score at time 0.5 must have the shape of x, \(3, 2"):
        step(X, 0.5, 0.4)

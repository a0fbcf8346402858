"""Every objective's gradient for a user's function, by autograd, is the explicit one."""

import inspect

import numpy as np
import pytest

from refscore import objectives
from refscore.distributions import Gaussian
from refscore.fields import Function
from refscore.networks import MLP

anp = pytest.importorskip("autograd.numpy")

RNG = np.random.default_rng()
NET = MLP.initialise((2, 4, 2), rng=1)
X, NOISE, DATA = 0.2 + 0.3 * RNG.random((3, 5, 2))
PROBES = RNG.standard_normal((5, 3, 2))


def tanh_network(x, theta):
    """NET's formula, for autograd."""
    first, last = anp.reshape(theta[:8], (4, 2)), anp.reshape(theta[12:20], (2, 4))
    return anp.dot(anp.tanh(anp.dot(x, first.T) + theta[8:12]), last.T) + theta[20:]


def factor(x, theta):
    """Any C (n, 4, 2) that moves with θ."""
    first = anp.reshape(theta[:8], (4, 2))
    return anp.exp(-anp.dot(x, first.T))[:, :, None] * first


USER = Function(tanh_network, 2, NET.parameters)
ARGUMENTS = {
    "bounded": (objectives.power_weight(1.5),),
    "controlled_denoising": (0.4, NOISE),
    "curvature_propagation": (factor, None, RNG.standard_normal((5, 3, 4))),
    "denoising": (0.4, NOISE),
    "explicit": (DATA, 0.3),
    "finite_difference": (0.2, PROBES),
    "gaussian_denoising": (0.7, np.array([[0.5, 0.2], [0.2, 0.9]]), NOISE),
    "implicit": (),
    "noisy_implicit": (0.4, NOISE),
    "regularised_implicit": (0.3,),
    "simplex": (),
    "sliced": (PROBES,),
    "variance_reduced_sliced": (PROBES,),
}


def test_no_objective_of_a_field_is_left_out():
    """`ladder` takes a family, `ratio` log odds, `fisher` a target before the points."""
    ending = "_loss_and_gradient"
    known = {n.removesuffix(ending) for n in objectives.__all__ if n.endswith(ending)}
    assert known - {"ladder", "ratio", "fisher"} == set(ARGUMENTS)
    losses = {n.removesuffix("_loss") for n in objectives.__all__ if n.endswith("_loss")}
    assert losses - known == {"uncertainty"}  # no field: a number and its logarithm


@pytest.mark.parametrize("name", ARGUMENTS)
def test_autograd_and_the_explicit_gradient_agree(name):
    both = getattr(objectives, f"{name}_loss_and_gradient")
    got, want = (both(field, X, *ARGUMENTS[name]) for field in (USER, NET))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-12)
    scale = np.abs(want[1]).max()
    np.testing.assert_allclose(got[1], want[1], rtol=1e-10, atol=1e-12 * scale)
    alone = getattr(objectives, f"{name}_loss_gradient")
    np.testing.assert_array_equal(alone(NET, X, *ARGUMENTS[name]), want[1])
    given = dict(zip(list(inspect.signature(both).parameters)[2:], ARGUMENTS[name], strict=False))
    given.pop("factor_gradient", None)
    loss = getattr(objectives, f"{name}_loss")
    np.testing.assert_allclose(loss(NET, X, **given).mean(), want[0], rtol=1e-12)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_central_differences_of_the_loss_agree(name):
    both = getattr(objectives, f"{name}_loss_and_gradient")
    theta, gradient = NET.parameters, both(NET, X, *ARGUMENTS[name])[1]

    def at(theta):
        return both(NET.with_parameters(theta), X, *ARGUMENTS[name])[0]

    way = RNG.standard_normal(theta.size)
    slope = (at(theta + 1e-5 * way) - at(theta - 1e-5 * way)) / 2e-5
    np.testing.assert_allclose(gradient @ way, slope, rtol=1e-6, atol=1e-7 * (1 + abs(slope)))


def test_the_score_of_another_law_is_matched_by_autograd_too():
    law = Gaussian([0.3, 0.1], [[1.0, 0.2], [0.2, 0.5]])
    got, want = (objectives.fisher_loss_and_gradient(field, law.score, X) for field in (USER, NET))
    np.testing.assert_allclose(got[1], want[1], rtol=1e-10, atol=1e-13)

"""User functions by autograd against hand-written derivatives; the library without autograd."""

import subprocess
import sys

import autograd.numpy as anp
import numpy as np
import pytest

from refscore import autodiff
from refscore.fields import Function

X = np.random.default_rng(0).standard_normal((4, 2))
V, W = np.random.default_rng(1).standard_normal((2, 4, 2))


def energy(x):
    """E = x₁⁴ + x₁² x₂ + ½ x₂²."""
    return x[:, 0] ** 4 + x[:, 0] ** 2 * x[:, 1] + 0.5 * x[:, 1] ** 2


def energy_gradient(x):
    return np.stack([4 * x[:, 0] ** 3 + 2 * x[:, 0] * x[:, 1], x[:, 0] ** 2 + x[:, 1]], axis=1)


def energy_hessian(x):
    cross = 2 * x[:, 0]
    first = 12 * x[:, 0] ** 2 + 2 * x[:, 1]
    return np.stack([np.stack([first, cross], 1), np.stack([cross, np.ones(len(x))], 1)], axis=2)


def spiral(x):
    """The field (x₁² x₂, sin x₁ + 3 x₂)."""
    return anp.stack([x[:, 0] ** 2 * x[:, 1], anp.sin(x[:, 0]) + 3 * x[:, 1]], axis=1)


def spiral_jacobian(x):
    rows = [[2 * x[:, 0] * x[:, 1], x[:, 0] ** 2], [np.cos(x[:, 0]), np.full(len(x), 3.0)]]
    return np.moveaxis(np.array(rows), -1, 0)


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-13)


def test_scalar_derivatives_are_the_hand_written_ones():
    close(autodiff.scalar_value(energy, X), energy(X))
    close(autodiff.gradient(energy, X), energy_gradient(X))
    close(autodiff.hessian(energy, X), energy_hessian(X))
    close(autodiff.laplacian(energy, X), energy_hessian(X).trace(0, 1, 2))
    close(autodiff.negative_gradient(energy)(X), -energy_gradient(X))


def test_field_derivatives_are_the_hand_written_ones():
    jacobian = spiral_jacobian(X)
    close(autodiff.value(spiral, X), spiral(X))
    close(autodiff.jacobian(spiral, X), jacobian)
    close(autodiff.divergence(spiral, X), 2 * X[:, 0] * X[:, 1] + 3)
    close(autodiff.jvp(spiral, X, V), np.einsum("nij,nj->ni", jacobian, V))
    close(autodiff.vjp(spiral, X, W), np.einsum("nij,ni->nj", jacobian, W))


def test_parameter_gradient_is_the_hand_written_one():
    """f = (θ₁ x₂³ + θ₂, θ₁ θ₂ x₁): Q = Σ a·f + b·J v + c div f, div f = 0."""

    def f(x, theta):
        return anp.stack(
            [theta[0] * x[:, 1] ** 3 + theta[1], theta[0] * theta[1] * x[:, 0]], axis=1
        )

    p, q = 0.7, -1.3
    field, c = Function(f, 2, [p, q]), np.array([1.0, 2.0, 3.0, 4.0])
    cube, slope = X[:, 1] ** 3, 3 * X[:, 1] ** 2
    value = [
        (W[:, 0] * cube + q * W[:, 1] * X[:, 0]).sum(),
        (W[:, 0] + p * W[:, 1] * X[:, 0]).sum(),
    ]
    product = [
        (W[:, 0] * slope * V[:, 1] + q * W[:, 1] * V[:, 0]).sum(),
        (p * W[:, 1] * V[:, 0]).sum(),
    ]
    local = field.linearise(X)
    close(local.gradient(value=W), value)
    close(local.gradient(jvp=(V, W)), product)
    close(local.gradient(divergence=c), [0, 0])
    close(local.gradient(W, c, (V, W)), np.add(value, product))


def test_the_divergence_reaches_the_parameters():
    """f = θ x∘x: div f = 2θ Σ xᵢ."""
    field = Function(lambda x, theta: theta[0] * x**2, 2, [3.0])
    c = np.array([1.0, -2.0, 0.5, 4.0])
    close(field.divergence(X), 6 * X.sum(axis=1))
    close(field.linearise(X).gradient(divergence=c), [2 * c @ X.sum(axis=1)])


def test_functions_that_do_not_depend_on_their_input_have_zero_derivatives():
    field = Function(lambda x, theta: anp.ones(x.shape), 2, [1.0])
    close(field.jacobian(X), np.zeros((4, 2, 2)))
    close(field.jvp(X, V), np.zeros((4, 2)))
    close(field.linearise(X).gradient(W, np.ones(4), (V, W)), [0.0])
    shift = Function(lambda x, theta: x + theta, 2, [1.0, 2.0])
    close(shift.linearise(X).gradient(W, np.ones(4), (V, W)), W.sum(axis=0))


@pytest.mark.parametrize(
    "f", [lambda x: x[:, 0], lambda x: x.T, lambda x: x @ np.ones((2, 3)), lambda x: x.sum()]
)
def test_functions_of_the_wrong_shape_are_refused(f):
    field = Function(f, 2)
    for call in (field, field.divergence, field.jacobian, field.linearise):
        with pytest.raises(ValueError, match=r"f must map points of shape \(4, 2\) to vectors"):
            call(X)
    with pytest.raises(ValueError, match="to numbers of shape"):
        autodiff.gradient(lambda x: x, X)


def test_function_refuses_what_is_not_a_function():
    with pytest.raises(TypeError, match="function must be callable"):
        Function(3.0, 2)
    with pytest.raises(TypeError, match="dim must be a whole number"):
        Function(spiral, 2.0)


WITHOUT_AUTOGRAD = """
import sys
sys.modules["autograd"] = None
import numpy as np
from refscore.fields import Affine, Function
from refscore.networks import MLP
from refscore.objectives import implicit_loss_and_gradient, sliced_loss
field = MLP.initialise([2, 4, 3, 2], rng=0) + Affine(np.eye(2))
x = np.ones((3, 2))
assert implicit_loss_and_gradient(field, x)[1].size == field.parameters.size
assert sliced_loss(field, x, rng=0).shape == (3,)
user = Function(lambda x: 2 * x, 2)
assert (user(x) == 2).all()
try:
    user.divergence(x)
except ImportError as error:
    assert "pip install autograd" in str(error), error
else:
    raise AssertionError("no error")
"""


def test_everything_but_user_functions_works_without_autograd():
    subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_AUTOGRAD], check=True)


def test_autograd_is_not_imported_before_it_is_needed():
    code = (
        "import sys, refscore.fields, refscore.networks, refscore.objectives, refscore.autodiff\n"
    )
    code += "assert not [m for m in sys.modules if m.split('.')[0] in ('autograd', 'torch', 'jax')]"
    subprocess.run([sys.executable, "-c", code], check=True)

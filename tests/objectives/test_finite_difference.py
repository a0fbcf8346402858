"""Finite-difference sliced matching: the formula, its order, memory in blocks, bad input."""

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine
from refscore.networks import MLP
from refscore.objectives import (
    finite_difference_loss,
    finite_difference_loss_and_gradient,
    finite_difference_loss_gradient,
    sliced_loss,
    sliced_loss_gradient,
)
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(1)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
MIXTURE = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 3)), [0.6, 1.1])
X, PROBES = RNG.standard_normal((7, 3)), RNG.standard_normal((7, 2, 3))


def one(field, x, step, probes):
    """The formula at one point."""
    parts = [
        v @ (field(x + step * v) - field(x - step * v)) / (2 * step) + 0.5 * (v @ field(x)) ** 2
        for v in probes
    ]
    return sum(parts) / len(parts)


@pytest.mark.parametrize("field", [NET, MIXTURE.score], ids=["net", "mixture"])
@pytest.mark.parametrize("rows_at_once", [4096, 12, 1])
def test_loss_is_the_formula_in_blocks_of_any_size(field, rows_at_once, monkeypatch):
    monkeypatch.setattr(field, "rows_at_once", rows_at_once)
    want = [one(field, x, 0.3, v) for x, v in zip(X, PROBES, strict=True)]
    np.testing.assert_allclose(finite_difference_loss(field, X, 0.3, PROBES), want, rtol=1e-12)


def test_the_loss_and_the_gradient_tend_to_the_sliced_ones_with_order_two():
    want, slope = sliced_loss(NET, X, PROBES), sliced_loss_gradient(NET, X, PROBES)
    steps = np.array([0.01, 0.005, 0.0025])
    errors = [np.abs(finite_difference_loss(NET, X, e, PROBES) - want).max() for e in steps]
    off = [np.abs(finite_difference_loss_gradient(NET, X, e, PROBES) - slope).max() for e in steps]
    np.testing.assert_allclose(np.diff(np.log2(errors)), -2, atol=0.005)
    np.testing.assert_allclose(np.diff(np.log2(off)), -2, atol=0.005)


def test_gradient_is_the_complex_step():
    def loss(theta):
        def field(x):
            return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)[0]

        return sum(one(field, x, 0.4, v) for x, v in zip(X, PROBES, strict=True)) / len(X)

    mean, gradient = finite_difference_loss_and_gradient(NET, X, 0.4, PROBES)
    np.testing.assert_allclose(gradient, plain.complex_step(loss, NET.parameters), atol=1e-12)
    np.testing.assert_allclose(mean, finite_difference_loss(NET, X, 0.4, PROBES).mean(), rtol=1e-13)


def test_affine_fields_have_no_error_even_at_long_steps():
    field = Affine([[1.0, -2.0], [0.5, 0.7]], [0.3, -1.1])
    x, v = RNG.standard_normal((5, 2)), RNG.standard_normal((5, 3, 2))
    got = finite_difference_loss(field, x, 30.0, v)
    np.testing.assert_allclose(got, sliced_loss(field, x, v), rtol=1e-12)


def test_leading_shapes_empty_batches_and_drawn_probes():
    shaped = finite_difference_loss(
        NET, X[:6].reshape(2, 3, 3), 0.3, PROBES[:6].reshape(2, 3, 2, 3)
    )
    np.testing.assert_allclose(shaped.ravel(), finite_difference_loss(NET, X, 0.3, PROBES)[:6])
    assert finite_difference_loss(NET, np.zeros((0, 3)), 0.3).shape == (0,)
    assert finite_difference_loss(NET, X[0], 0.3, PROBES[0]).shape == ()
    drawn = [finite_difference_loss(NET, X, 0.3, rng=4, n_probes=3) for _ in range(2)]
    np.testing.assert_array_equal(*drawn)
    with pytest.raises(ValueError, match="x must hold at least one point"):
        finite_difference_loss_gradient(NET, np.zeros((0, 3)), 0.3)


@pytest.mark.parametrize("step", [0.0, -0.1])
def test_steps_must_be_positive(step):
    with pytest.raises(ValueError, match="step must be positive"):
        finite_difference_loss(NET, X, step, PROBES)


def test_probes_must_belong_to_the_points():
    with pytest.raises(ValueError, match="probes must have shape"):
        finite_difference_loss(NET, X, 0.1, PROBES[:3])

"""TensorFlow Probability on JAX: RealNVP, masked autoregressive flows, linear and monotone maps."""

from __future__ import annotations

import logging
from importlib.metadata import version as version_of

import jax
import jax.numpy as jnp
import numpy as np
import tensorflow_probability.substrates.jax as tfp

VERSION = version_of("tfp-nightly")
tfb, tfd = tfp.bijectors, tfp.distributions
logging.getLogger("absl").setLevel(logging.ERROR)  # it warns that a determinant costs d³


def forward(bijector, x):
    return bijector.forward(x), spread(bijector.forward_log_det_jacobian(x, event_ndims=1), x)


def inverse(bijector, y):
    return bijector.inverse(y), spread(bijector.inverse_log_det_jacobian(y, event_ndims=1), y)


def spread(log_det, x):
    """One a row, where one stands for all."""
    return jnp.broadcast_to(log_det, x.shape[:1])


class Coupling:
    """RealNVP keeps the first coordinates: the others' places are exchanged before and after."""

    name, framework, version = "tfp, RealNVP", "jax", VERSION

    def _moved(self, way, conditioner, mask, x):
        mask = np.asarray(mask)
        order = np.argsort(-mask, kind="stable")
        real = tfb.RealNVP(
            num_masked=int(mask.sum()), shift_and_log_scale_fn=lambda z, _: conditioner(z)
        )
        y, log_det = way(real, x[:, order])
        return y[:, np.argsort(order)], log_det

    def coupling_forward(self, conditioner, mask, x):
        return self._moved(forward, conditioner, mask, x)

    def coupling_inverse(self, conditioner, mask, y):
        return self._moved(inverse, conditioner, mask, y)


class Autoregressive:
    """MaskedAutoregressiveFlow, whose one pass is its inverse."""

    name, framework, version = "tfp, MaskedAutoregressiveFlow", "jax", VERSION
    conventions = {"affine_form": "(x - shift) / scale"}

    def autoregressive_forward(self, conditioner, x):
        return inverse(tfb.MaskedAutoregressiveFlow(conditioner), x)

    def autoregressive_inverse(self, conditioner, y):
        return forward(tfb.MaskedAutoregressiveFlow(conditioner), y)


def factors(lower, upper):
    """L U, packed in one matrix."""
    packed = jnp.tril(lower, -1) + jnp.triu(upper)
    return tfb.ScaleMatvecLU(packed, permutation=jnp.arange(len(lower)))


def full(matrix, offset):
    scale = tfb.ScaleMatvecLinearOperator(tfp.tf2jax.linalg.LinearOperatorFullMatrix(matrix))
    return tfb.Chain([tfb.Shift(offset), scale])


def spline(x_knots, y_knots, slopes):
    widths, heights = jnp.diff(x_knots), jnp.diff(y_knots)
    return tfb.RationalQuadraticSpline(widths, heights, slopes[:, 1:-1], range_min=-3.0)


def sinh_arcsinh(skewness, tail):
    """TFP's, without the factor that keeps 2 where it is."""
    bent = tfb.SinhArcsinh(skewness, tail)
    return tfb.Chain([tfb.Scale(jnp.sinh(jnp.arcsinh(2.0) * tail) / 2), bent])


class Layers:
    """Maps with a bijector each."""

    name, framework, version = "tfp, bijectors", "jax", VERSION

    def linear_flow_forward(self, matrix, offset, x):
        return forward(full(matrix, offset), x)

    def linear_flow_inverse(self, matrix, offset, y):
        return inverse(full(matrix, offset), y)

    def triangular_flow_forward(self, lower, upper, x):
        return forward(factors(lower, upper), x)

    def triangular_flow_inverse(self, lower, upper, y):
        return inverse(factors(lower, upper), y)

    def spline_forward(self, x_knots, y_knots, slopes, x):
        return forward(spline(x_knots, y_knots, slopes), x)

    def spline_inverse(self, x_knots, y_knots, slopes, y):
        return inverse(spline(x_knots, y_knots, slopes), y)

    def sinh_arcsinh_forward(self, skewness, tail, x):
        return forward(sinh_arcsinh(skewness, tail), x)

    def sinh_arcsinh_inverse(self, skewness, tail, y):
        return inverse(sinh_arcsinh(skewness, tail), y)

    def permutation_forward(self, places, x):
        return forward(tfb.Permute(places), x)

    def permutation_inverse(self, places, y):
        return inverse(tfb.Permute(places), y)


class Stack:
    """TransformedDistribution of a Chain, which applies its last bijector first."""

    name, framework, version = "tfp, Chain", "jax", VERSION

    def _chain(self, layers):
        return tfb.Chain([handed(layer) for layer in layers[::-1]])

    def composition_forward(self, layers, x):
        return forward(self._chain(layers), x)

    def composition_inverse(self, layers, y):
        return inverse(self._chain(layers), y)

    def layered_log_density(self, layers, x):
        base = tfd.MultivariateNormalDiag(jnp.zeros(x.shape[1]), jnp.ones(x.shape[1]))
        return tfd.TransformedDistribution(base, self._chain(layers)).log_prob(x)

    def layered_log_density_gradient(self, layers, x):
        return jax.grad(lambda z: self.layered_log_density(layers, z).sum())(x)


def handed(layer):
    """A handed layer as a bijector."""
    return tfb.Inline(
        forward_fn=lambda x: layer.forward(x)[0], inverse_fn=lambda y: layer.inverse(y)[0],
        forward_log_det_jacobian_fn=lambda x: layer.forward(x)[1],
        inverse_log_det_jacobian_fn=lambda y: layer.inverse(y)[1], forward_min_event_ndims=1,
    )  # fmt: skip


class Planted(Stack):
    """With the layers chained in the order they are written."""

    name = "tfp, planted: a Chain in the order it is written"
    expected_failures = {
        "layers_compose": "planted",
        "composition_inverse_returns": "planted",
        "density_through_layers": "planted",
        "gradient_through_layers": "planted",
    }

    def _chain(self, layers):
        return tfb.Chain([handed(layer) for layer in layers])


SUBJECTS = [Coupling(), Autoregressive(), Layers(), Stack(), Planted()]

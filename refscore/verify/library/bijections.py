"""Ports of the library: bijections, their inverses, densities through layers."""

from __future__ import annotations

import numpy as np

from refscore import flows
from refscore.flows.bijections.conditioner import order_masks
from refscore.flows.bijections.linear import determinant_operations
from refscore.verify.kept import kept
from refscore.verify.layered import BendingLayer, Conditioner
from refscore.verify.library import declared
from refscore.verify.setting import convention

__all__ = [
    "actnorm_forward", "autoregressive_forward", "autoregressive_inverse", "bijection_forward",
    "bijection_inverse", "channel_mixing", "composition_forward", "composition_inverse",
    "coupling_forward", "coupling_inverse", "determinant_operations", "layered_log_density",
    "layered_log_density_gradient", "linear_flow_forward", "linear_flow_inverse", "masked_network",
    "permutation_forward",
    "permutation_inverse", "planar_forward", "planar_inverse", "radial_forward", "radial_inverse",
    "sinh_arcsinh_forward", "sinh_arcsinh_inverse", "spline_forward", "spline_inverse",
    "standardised_log_density", "triangular_flow_forward", "triangular_flow_inverse",
]  # fmt: skip


def network(conditioner: Conditioner, masked=False):
    """The library's conditioner with a handed one's weights."""
    p = conditioner._parts
    weights = [p["hidden_weights"], p["output_weights"]]
    masks = [(weight != 0).astype(float) for weight in weights] if masked else None
    return flows.Conditioner(weights, [p["hidden_biases"], p["output_biases"]], masks)


def coupling(conditioner, mask):
    """The library's coupling with a handed network."""
    return flows.AffineCoupling(network(conditioner), mask)


def coupling_forward(conditioner, mask, x):
    """An affine coupling."""
    if declared.usual("coupling_forward"):
        return coupling(conditioner, mask).forward(x)
    return declared.coupled("coupling_forward", conditioner, mask, x)


def coupling_inverse(conditioner, mask, y):
    """Its inverse."""
    if declared.usual("coupling_inverse"):
        return coupling(conditioner, mask).inverse(y)
    return declared.coupled("coupling_inverse", conditioner, mask, y, declared.unmoved)


def autoregressive_forward(conditioner, x):
    """An autoregressive affine map."""
    if declared.usual("autoregressive_forward"):
        return flows.AutoregressiveAffine(network(conditioner, masked=True)).forward(x)
    return declared.autoregressed("autoregressive_forward", conditioner, x)


def autoregressive_inverse(conditioner, y):
    """Its inverse."""
    if declared.usual("autoregressive_inverse"):
        return flows.AutoregressiveAffine(network(conditioner, masked=True)).inverse(y)
    return declared.unregressed("autoregressive_inverse", conditioner, y)


def masked_network(hidden_weights, output_weights, degrees, x):
    """A network masked by degrees."""
    d, hidden = x.shape[1], len(degrees)
    masks = order_masks(d, [degrees])
    biases = [np.zeros(hidden), np.zeros(d)]
    return flows.Conditioner([hidden_weights, output_weights], biases, masks)(x)


def planar_forward(bend, direction, shift, x):
    """x + u tanh(w·x + b)."""
    return declared.planar("planar_forward", bend, direction, shift).forward(x)


def planar_inverse(bend, direction, shift, y):
    """Its inverse."""
    return declared.planar("planar_inverse", bend, direction, shift).inverse(y)


def radial_forward(centre, softening, swelling, x):
    """A radial flow."""
    return declared.radial("radial_forward", centre, softening, swelling).forward(x)


def radial_inverse(centre, softening, swelling, y):
    """Its inverse."""
    return declared.radial("radial_inverse", centre, softening, swelling).inverse(y)


def linear_flow_forward(matrix, offset, x):
    """W x + b."""
    return flows.LinearFlow(matrix, offset).forward(x)


def linear_flow_inverse(matrix, offset, y):
    """Its inverse."""
    return flows.LinearFlow(matrix, offset).inverse(y)


def triangular_flow_forward(lower, upper, x):
    """L U x."""
    return flows.LUFlow(lower, upper).forward(x)


def triangular_flow_inverse(lower, upper, y):
    """Its inverse."""
    return flows.LUFlow(lower, upper).inverse(y)


def sinh_arcsinh_forward(skewness, tail, x):
    """sinh(τ (arcsinh x + ε))."""
    return flows.SinhArcsinh(skewness, np.log(tail)).forward(x)


def sinh_arcsinh_inverse(skewness, tail, y):
    """Its inverse."""
    return flows.SinhArcsinh(skewness, np.log(tail)).inverse(y)


def spline_forward(x_knots, y_knots, slopes, x):
    """Rational-quadratic splines."""
    return flows.Spline(x_knots, y_knots, slopes).forward(x)


def spline_inverse(x_knots, y_knots, slopes, y):
    """Their inverse."""
    return flows.Spline(x_knots, y_knots, slopes).inverse(y)


def permutation_forward(places, x):
    """Coordinates in another order."""
    return flows.Permutation(places).forward(x)


def permutation_inverse(places, y):
    """Back in their order."""
    return flows.Permutation(places).inverse(y)


def actnorm_forward(data, x):
    """Standardised by the data."""
    if convention("actnorm_forward", "deviation", "n") == "n":
        return flows.ActNorm.from_data(data).forward(x)
    deviations = declared.deviations_of("actnorm_forward", data)
    return flows.Standardise(data.mean(0), deviations).forward(x)


def channel_mixing(matrix, images):
    """A 1x1 convolution."""
    height, width = images.shape[2:]
    mixing = flows.ChannelMixing(matrix, height, width)
    y, log_det = mixing.forward(images.reshape(len(images), -1))
    return y.reshape(images.shape), log_det


def own(layer):
    """A handed layer as one of the library's."""
    if isinstance(layer, BendingLayer):
        return flows.SinhArcsinh(layer._skewness, np.log(layer._tail))
    return flows.LinearFlow(layer._matrix, layer._offset)


def composition_forward(layers, x):
    """Layers one after another."""
    return flows.Composition(*map(own, layers)).forward(x)


def composition_inverse(layers, y):
    """Back through them."""
    return flows.Composition(*map(own, layers)).inverse(y)


def flow(layers, dim, port="layered_log_density"):
    """A normal law through the layers."""
    return flows.Flow(declared.generating(port, map(own, layers)), declared.base_of(dim))


def layered_log_density(layers, x):
    """Its log density."""
    return flow(layers, x.shape[1]).log_density(x)


def layered_log_density_gradient(layers, x):
    """The gradient of that in x."""
    port = "layered_log_density_gradient"
    return flow(layers, x.shape[1], port).log_density_and_gradient(x)[1]


def standardised_log_density(log_density, mean, deviations, x):
    """The density of data from that of their standardisation."""
    z, log_det = flows.Standardise(mean, deviations).forward(x)
    return log_density(z) + log_det


@kept
def every_layer(dim):
    """A composition of most of the library's bijections."""
    rng = np.random.default_rng(dim)
    mask = np.arange(dim) % 2
    coupling = flows.AffineCoupling.initialise(mask, (6,), rng=rng)
    masked = flows.AutoregressiveAffine.initialise(dim, (7,), rng=rng)
    spline = flows.Spline.initialise(dim, 5, 3.0)
    planar = flows.Planar(rng.standard_normal(dim), rng.standard_normal(dim), 0.3, constrained=True)
    parts = [
        layer.with_parameters(layer.parameters + 0.4 * rng.standard_normal(layer.parameters.shape))
        for layer in (coupling, masked, spline, planar)
    ]
    return flows.Composition(
        *parts[:2], flows.Permutation(np.roll(np.arange(dim), 1)), *parts[2:],
        flows.Radial(rng.standard_normal(dim), 0.8, 1.5), parts[0].inverted,
    )  # fmt: skip


def bijection_forward(x):
    """The library's own layers, one after another."""
    return every_layer(x.shape[1]).forward(x)


def bijection_inverse(y):
    """Back through them."""
    return every_layer(y.shape[1]).inverse(y)

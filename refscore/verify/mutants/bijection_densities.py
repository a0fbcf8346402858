"""Mistakes in densities through layers, in layers of one's own, and in what determinants cost."""

from __future__ import annotations

import math

import numpy as np

from refscore.verify import library
from refscore.verify.library.bijections import every_layer, flow, own
from refscore.verify.library.declared import generating, towards_base
from refscore.verify.mutants.base import mistake


def _normal(z):
    return -0.5 * np.sum(z**2 + np.log(2 * np.pi), axis=1)


def _to_base(layers, x):
    """Where x comes from, and the log-determinant of the way there."""
    return generating("layered_log_density", map(own, layers)).inverse(x)


@mistake("layered_density_log_det_sign", port="layered_log_density", source="L01")
def _(layers, x):
    """The log-determinant is added with the sign of the other direction."""
    z, log_det = _to_base(layers, x)
    return _normal(z) - log_det


@mistake("layered_density_volume_dropped", port="layered_log_density", source="L01")
def _(layers, x):
    """The change of volume is left out."""
    return _normal(_to_base(layers, x)[0])


@mistake("layered_density_base_at_the_data", port="layered_log_density",
         source="classic: the base at the wrong end")  # fmt: skip
def _(layers, x):
    """The base's density is taken at the data, not where they come from."""
    return _normal(x) + _to_base(layers, x)[1]


@mistake("layered_density_layers_reversed", port="layered_log_density", source="classic: order")
def _(layers, x):
    """The layers are undone from the first to the last."""
    return library.layered_log_density(layers[::-1], x)


@mistake("layered_density_volume_averaged", port="layered_log_density", source="L15")
def _(layers, x):
    """The change of volume is divided by the dimension."""
    z, log_det = _to_base(layers, x)
    return _normal(z) + log_det / x.shape[1]


@mistake("layered_density_base_averaged", port="layered_log_density", source="L15: mean for sum")
def _(layers, x):
    """The base's log density is averaged over the coordinates."""
    z, log_det = _to_base(layers, x)
    return _normal(z) / x.shape[1] + log_det


@mistake("layered_density_normalised_once", port="layered_log_density", source="J4")
def _(layers, x):
    """The base is normalised as on the line, whatever the dimension."""
    z, log_det = _to_base(layers, x)
    return _normal(z) + (x.shape[1] - 1) / 2 * np.log(2 * np.pi) + log_det


@mistake("layered_density_not_normalised", port="layered_log_density", source="J4")
def _(layers, x):
    """The base is not normalised: -d/2 log 2π is left out."""
    return library.layered_log_density(layers, x) + x.shape[1] / 2 * np.log(2 * np.pi)


@mistake("layered_density_negated", port="layered_log_density", source="L15: a loss")
def _(layers, x):
    """The negative log density is returned."""
    return -library.layered_log_density(layers, x)


@mistake("layered_density_bits", port="layered_log_density", source="L15: bits per dimension")
def _(layers, x):
    """The negative log density in bits per dimension is returned."""
    return -library.layered_log_density(layers, x) / (x.shape[1] * np.log(2))


@mistake("layered_density_last_layer_alone", port="layered_log_density", source="classic: = for +=")
def _(layers, x):
    """Only the log-determinant of the layer undone last is kept."""
    log_det, onward = np.zeros(len(x)), towards_base("layered_log_density")
    for layer in layers if onward else layers[::-1]:
        x, log_det = layer.forward(x) if onward else layer.inverse(x)
    return _normal(x) + log_det


def _score(layers, x):
    """The base's score where x comes from, and dz/dx of every row."""
    back = flow(layers, x.shape[1], "layered_log_density_gradient").bijection.inverted
    nothing, ones = np.zeros(len(x)), np.ones_like(x)
    rows = [back.pullback(x, ones * e, nothing)[0] for e in np.eye(x.shape[1])]
    return -back.forward(x)[0], np.stack(rows, axis=1)


@mistake("layered_gradient_volume_left_out", port="layered_log_density_gradient",
         source="J13: no trace terms")  # fmt: skip
def _(layers, x):
    """The change of volume is not differentiated."""
    score, jacobian = _score(layers, x)
    return np.einsum("nij,ni->nj", jacobian, score)


@mistake("layered_gradient_not_pulled_back", port="layered_log_density_gradient",
         source="classic: the chain rule")  # fmt: skip
def _(layers, x):
    """The base's score stands as it is, without the Jacobian of the layers."""
    score, jacobian = _score(layers, x)
    right = library.layered_log_density_gradient(layers, x)
    return right - np.einsum("nij,ni->nj", jacobian, score) + score


@mistake("layered_gradient_not_transposed", port="layered_log_density_gradient",
         source="classic: J for its transpose")  # fmt: skip
def _(layers, x):
    """The base's score is multiplied by the Jacobian, not by its transpose."""
    score, jacobian = _score(layers, x)
    right = library.layered_log_density_gradient(layers, x)
    return (
        right
        + np.einsum("nij,nj->ni", jacobian, score)
        - (np.einsum("nij,ni->nj", jacobian, score))
    )


@mistake("layered_gradient_layers_reversed", port="layered_log_density_gradient",
         source="classic: order")  # fmt: skip
def _(layers, x):
    """The layers are undone from the first to the last."""
    return library.layered_log_density_gradient(layers[::-1], x)


@mistake("layered_gradient_volume_sign", port="layered_log_density_gradient", source="L01")
def _(layers, x):
    """The gradient of the change of volume has the other direction's sign."""
    score, jacobian = _score(layers, x)
    pulled = np.einsum("nij,ni->nj", jacobian, score)
    return 2 * pulled - library.layered_log_density_gradient(layers, x)


@mistake("standardised_volume_sign", port="standardised_log_density", source="L02: bayesflow #471")
def _(log_density, mean, deviations, x):
    """The logarithms of the deviations are added."""
    return log_density((x - mean) / deviations) + np.log(deviations).sum()


@mistake("standardised_volume_dropped", port="standardised_log_density", source="L02")
def _(log_density, mean, deviations, x):
    """The density of standardised data is given for that of the data."""
    return log_density((x - mean) / deviations)


@mistake("standardised_volume_of_variances", port="standardised_log_density", source="classic")
def _(log_density, mean, deviations, x):
    """Variances stand for deviations in the change of volume."""
    return log_density((x - mean) / deviations) - 2 * np.log(deviations).sum()


@mistake("standardised_by_the_mean_scale", port="standardised_log_density", source="L15")
def _(log_density, mean, deviations, x):
    """The logarithms of the deviations are averaged, not summed."""
    return log_density((x - mean) / deviations) - np.log(deviations).mean()


@mistake("own_layer_not_counted", port="bijection_forward", source="L01")
def _(x):
    """The log-determinant of the last layer is left out."""
    whole = every_layer(x.shape[1])
    z, total = x, 0.0
    for layer in whole.layers[:-1]:
        z, log_det = layer.forward(z)
        total = total + log_det
    return whole.layers[-1].forward(z)[0], total


@mistake("own_log_det_of_the_inverse", port="bijection_forward", source="L01")
def _(x):
    """The log-determinant has the inverse's sign."""
    y, log_det = library.bijection_forward(x)
    return y, -log_det


@mistake("own_inverse_without_permutation", port="bijection_inverse", source="classic")
def _(y):
    """On the way back the permutation is forgotten."""
    whole, total = every_layer(y.shape[1]), 0.0
    for i in range(len(whole.layers))[::-1]:
        if i != 2:
            y, log_det = whole.layers[i].inverse(y)
            total = total + log_det
    return y, total


@mistake("own_inverse_log_det_of_forward", port="bijection_inverse", source="L01")
def _(y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.bijection_inverse(y)
    return x, -log_det


@mistake("determinant_cost_of_a_product", port="determinant_operations", source="seed 000: O(m²)")
def _(dim):
    """The square of the dimension, the cost of a product with a vector."""
    return float(dim**2)


@mistake("determinant_cost_of_permutations", port="determinant_operations", source="classic")
def _(dim):
    """The cost of the expansion in permutations, (d - 1) d! products."""
    return float((dim - 1) * math.factorial(dim))


@mistake("determinant_cost_of_cholesky", port="determinant_operations", source="classic")
def _(dim):
    """Half of it, which is enough for symmetric matrices alone."""
    return (dim**3 - dim) / 6

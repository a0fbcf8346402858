"""Networks that say how to move some coordinates from others; masked ones keep an order.

h₀ = x,  h_l = tanh(W_l h_{l−1} + b_l),  out = W_L h_{L−1} + b_L
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count
from refscore.networks.backpropagation import MLPLocal
from refscore.networks.layers import Layers, initial_layers


class Conditioner(Layers):
    """A tanh network R^k → R^m with explicit vjp and parameter gradient.

    weights: L matrices (out, in); biases: L vectors (out,); parameters W₁ row-major, b₁, W₂, ...
    masks: one 0-1 matrix a weight, or None; a masked entry is zero and has no gradient.
    Checked by: coupling_changes_volume, masked_network_keeps_order
    """

    def __init__(self, weights, biases, masks=None):
        weights, biases = list(weights), list(biases)
        self.masks = [None] * len(weights) if masks is None else list(masks)
        if not len(weights) == len(biases) == len(self.masks) > 0:
            raise ValueError(
                "weights, biases and masks must be equally many, at least one layer; got"
                f" {len(weights)}, {len(biases)} and {len(self.masks)}"
            )
        for i, mask in enumerate(self.masks):
            if mask is not None:
                weight = as_array(weights[i], f"weights[{i}]", (None, None))
                self.masks[i] = _as_zeros_and_ones(mask, f"masks[{i}]", weight.shape)
                weights[i] = weight * self.masks[i]
        self.n_in, self.n_out = self._set_layers(weights, biases)
        if not all(weight.size for weight in self.weights):
            raise ValueError("weights must have at least one input and one output each")

    @classmethod
    def initialise(cls, widths, *, rng=None) -> Conditioner:
        """A random network of widths (k, h₁, ..., m): W ~ N(0, 1/in), the last layer zero.

        So every layer built on it starts as the identity. rng: what default_rng takes.
        Checked by: own_bijection_changes_volume
        """
        weights, biases = _random(widths, rng)
        return cls(weights, biases)

    @classmethod
    def masked(cls, dim, hidden, n_each=2, *, rng=None) -> Conditioner:
        """A random network whose outputs i, i + d, ... see the inputs before i alone.

        hidden: widths of the hidden layers; n_each: outputs a coordinate. Unit k of a hidden
        layer has degree 1 + k mod (d − 1): it sees as many inputs.
        Source: Germain et al., MADE (2015), equations 12-13.
        Checked by: own_bijection_changes_volume
        """
        dim, n_each = as_count(dim, "dim"), as_count(n_each, "n_each")
        widths = [dim, *as_widths(hidden, "hidden"), n_each * dim]
        degrees = [1 + np.arange(width) % max(1, dim - 1) for width in widths[1:-1]]
        masks = order_masks(dim, degrees, n_each)
        weights, biases = _random(widths, rng)
        return cls(weights, biases, masks)

    def with_parameters(self, theta) -> Conditioner:
        """The same network with parameters `theta` (p,)."""
        return Conditioner(*self._layers_of(theta), self.masks)

    def at(self, x):
        """The network near points x (n, k): `.value`, `.vjp(a)`, `.back(a)`."""
        return self._at(as_array(x, "x", (None, self.n_in)))

    def _at(self, x):
        return Near(self, x)

    def __call__(self, x):
        """The outputs (n, m) at x (n, k)."""
        return self.at(x).value


class Near(MLPLocal):
    """A conditioner at x (n, k): its passes, the gradient of masked weights left out."""

    def back(self, a):
        """The pair of gradients of Σ a·out, in x (n, k) and in the parameters (p,)."""
        parts = []
        for layer in reversed(range(len(self.weights))):
            weight, mask = self.weights[layer], self.network.masks[layer]
            inner = a.T @ self.hidden[layer]
            parts += [a.sum(0), np.ravel(inner if mask is None else inner * mask)]
            a = a @ weight
            if layer > 0:
                a *= self.slopes[layer - 1]
        return a, np.concatenate(parts[::-1])


def as_conditioner(value, name: str):
    """`value`, which must be a Conditioner."""
    if not isinstance(value, Conditioner):
        raise TypeError(f"{name} must be a Conditioner, got {type(value).__name__}")
    return value


def order_masks(dim, degrees, n_each=1) -> list:
    """The 0-1 masks of a network in which output i sees the inputs j < i alone.

    A unit of degree m sees units of at most that degree, an output i (from 1) those below i.
    Source: Germain et al., MADE (2015), equations 12-13.
    Checked by: masked_network_keeps_order
    """
    before, masks = np.arange(1, dim + 1), []
    for degree in degrees:
        degree = as_array(degree, "degrees", (None,))
        masks.append((degree[:, None] >= before[None, :]).astype(float))
        before = degree
    outputs = np.tile(np.arange(1, dim + 1), n_each)
    return [*masks, (outputs[:, None] > before[None, :]).astype(float)]


def as_widths(value, name: str) -> list:
    """The widths of layers, a sequence of whole numbers above zero."""
    if not np.iterable(value):
        raise TypeError(f"{name} must be a sequence of widths, such as (32,), got {value!r}")
    return [as_count(width, name) for width in value]


def _as_zeros_and_ones(value, name, shape):
    mask = as_array(value, name, shape)
    other = (mask != 0) & (mask != 1)
    if other.any():
        raise ValueError(f"{name} must hold 0 and 1 alone, got {mask[other][0]:g}")
    return mask


def _random(widths, rng):
    weights, biases = initial_layers(as_widths(widths, "widths"), rng)
    weights[-1] = np.zeros_like(weights[-1])
    return weights, biases

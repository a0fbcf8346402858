"""Multilayer perceptrons as fields, every derivative written out.

    h₀ = x,  z_l = W_l h_{l−1} + b_l,  h_l = tanh z_l,  s = W_L h_{L−1} + b_L

Dₗ = 1 − hₗ² is the slope of layer l. A direction v travels beside x as t₀ = v,
t_l = D_l ∘ W_l t_{l−1}, and J v = W_L t_{L−1}. The backward pass is in
`refscore.networks.backpropagation`.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float
from refscore.fields.linearisation import borrowed_workspace, rows_in_blocks
from refscore.networks.backpropagation import MLPLocal
from refscore.networks.blocks import BlockField
from refscore.networks.layers import Layers, initial_layers


class MLP(Layers, BlockField):
    """A network R^d → R^d: tanh hidden layers, a linear last layer.

    weights: L matrices (out, in); biases: L vectors (out,); the first `in` and the last `out`
    are d. Parameters: W₁ row-major, b₁, W₂, b₂, ... Cost per point: one product with every
    matrix for the value or a product J v; the divergence is exact, at one matrix product for
    up to two hidden layers and d products J v for more.

    Checked by: implicit_gradient, sliced_gradient, denoising_gradient
    """

    def __init__(self, weights, biases):
        inputs, dim = self._set_layers(weights, biases)
        if dim != inputs or dim == 0:
            raise ValueError(
                f"weights must end with {inputs} outputs, as many as inputs; got {dim}"
            )
        super().__init__(dim)
        self.rows_at_once = self._rows_at_once(dim if len(self.weights) > 3 else 1)

    @classmethod
    def initialise(cls, widths, *, rng=None) -> MLP:
        """A random network with the given widths (d, m₁, ..., d): W ~ N(0, 1/in), b = 0.

        rng: anything numpy.random.default_rng takes.
        """
        return cls(*initial_layers(widths, rng))

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        return MLP(*self._layers_of(theta))

    def _value(self, x):
        blocks = rows_in_blocks(len(x), self.rows_at_once)
        with borrowed_workspace() as space, beyond_float():
            return np.concatenate([self._forward(x[rows], space) for rows in blocks])

    def _local(self, x, workspace=None):
        return MLPLocal(self, x, workspace)

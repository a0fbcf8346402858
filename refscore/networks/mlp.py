"""Multilayer perceptrons as fields, every derivative written out.

    h₀ = x,  z_l = W_l h_{l−1} + b_l,  h_l = tanh z_l,  s = W_L h_{L−1} + b_L

Dₗ = 1 − hₗ² is the slope of layer l. A direction v travels beside x as t₀ = v,
t_l = D_l ∘ W_l t_{l−1}, and J v = W_L t_{L−1}. The backward pass is in
`refscore.networks.backpropagation`.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np

from refscore._arguments import as_array, as_count, as_rng
from refscore.networks.backpropagation import MLPLocal
from refscore.networks.blocks import BlockField


class MLP(BlockField):
    """A network R^d → R^d: tanh hidden layers, a linear last layer.

    weights: L matrices (out, in); biases: L vectors (out,); the first `in` and the last `out`
    are d. Parameters: W₁ row-major, b₁, W₂, b₂, ... Cost per point: one product with every
    matrix for the value or a product J v; the divergence is exact, at one matrix product for
    up to two hidden layers and d products J v for more.

    Checked by: implicit_gradient, sliced_gradient, denoising_gradient
    """

    def __init__(self, weights, biases):
        weights, biases = list(weights), list(biases)
        if not weights or len(weights) != len(biases):
            raise ValueError(
                f"weights and biases must be equally many, at least one layer;"
                f" got {len(weights)} and {len(biases)}"
            )
        width = dim = as_array(weights[0], "weights[0]", (None, None)).shape[1]
        self.weights, self.biases = [], []
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            weight = as_array(weight, f"weights[{layer}]", (None, width)).copy()
            width = len(weight)
            self.weights.append(weight)
            self.biases.append(as_array(bias, f"biases[{layer}]", (width,)).copy())
        if width != dim or dim == 0:
            raise ValueError(f"weights must end with {dim} outputs, as many as inputs; got {width}")
        super().__init__(dim)
        for array in self.weights + self.biases:
            array.flags.writeable = False  # `coupling` is computed once
        stacked = dim if len(weights) > 3 else 1
        self.rows_at_once = max(16, 49152 // (stacked * max(len(b) for b in self.biases)))

    @classmethod
    def initialise(cls, widths, *, rng=None) -> MLP:
        """A random network with the given widths (d, m₁, ..., d): W ~ N(0, 1/in), b = 0.

        rng: anything numpy.random.default_rng takes.
        """
        if np.isscalar(widths) or len(widths) < 2:
            raise ValueError(f"widths must be (d, m₁, ..., d), two or more, got {widths!r}")
        widths = [as_count(width, "widths") for width in widths]
        rng = as_rng(rng)
        pairs = list(pairwise(widths))
        weights = [rng.standard_normal((m, k)) / np.sqrt(k) for k, m in pairs]
        return cls(weights, [np.zeros(m) for _, m in pairs])

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        pairs = zip(self.weights, self.biases, strict=True)
        return np.concatenate([part.ravel() for pair in pairs for part in pair])

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        theta = as_array(theta, "theta", (self.parameters.size,))
        weights, biases, start = [], [], 0
        for weight, bias in zip(self.weights, self.biases, strict=True):
            middle, end = start + weight.size, start + weight.size + bias.size
            weights.append(theta[start:middle].reshape(weight.shape))
            biases.append(theta[middle:end])
            start = end
        return MLP(weights, biases)

    @cached_property
    def coupling(self):
        """The matrix M of the divergence: Σ_d W₁[k, d] W₂[d, k], (m₁,), for one hidden layer;
        W₂ ∘ (W₁ W₃)ᵀ, (m₂, m₁), for two.
        """
        if len(self.weights) == 2:
            return np.einsum("kd,dk->k", *self.weights)
        first, middle, last = self.weights
        return middle * (first @ last).T

    def _local(self, x, workspace=None):
        return MLPLocal(self, x, workspace)

"""The layers of a tanh network: checked, flattened, and set again."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np

from refscore._arguments import as_array, as_count, as_rng
from refscore.fields.linearisation import Workspace


class Layers:
    """What networks of every input share: `weights`, matrices (out, in), and `biases`."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]

    def _set_layers(self, weights, biases) -> tuple[int, int]:
        """Keep copies; how many inputs and outputs there are."""
        weights, biases = list(weights), list(biases)
        if not weights or len(weights) != len(biases):
            raise ValueError(
                f"weights and biases must be equally many, at least one layer;"
                f" got {len(weights)} and {len(biases)}"
            )
        width = first = as_array(weights[0], "weights[0]", (None, None)).shape[1]
        self.weights, self.biases = [], []
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            weight = as_array(weight, f"weights[{layer}]", (None, width)).copy()
            width = len(weight)
            self.weights.append(weight)
            self.biases.append(as_array(bias, f"biases[{layer}]", (width,)).copy())
        for array in self.weights + self.biases:
            array.flags.writeable = False  # `coupling` is computed once
        return first, width

    def _rows_at_once(self, stacked: int = 1) -> int:
        return max(16, 49152 // (stacked * max(len(bias) for bias in self.biases)))

    @property
    def parameters(self) -> np.ndarray:
        """The flat parameters, a copy (p,)."""
        pairs = zip(self.weights, self.biases, strict=True)
        return np.concatenate([part.ravel() for pair in pairs for part in pair])

    def _layers_of(self, theta) -> tuple[list, list]:
        """Weights and biases of the shapes there are, from flat parameters."""
        theta = as_array(theta, "theta", (self.parameters.size,))
        weights, biases, start = [], [], 0
        for weight, bias in zip(self.weights, self.biases, strict=True):
            middle, end = start + weight.size, start + weight.size + bias.size
            weights.append(theta[start:middle].reshape(weight.shape))
            biases.append(theta[middle:end])
            start = end
        return weights, biases

    @cached_property
    def coupling(self) -> np.ndarray:
        """The matrix M of the divergence: Σ_d W₁[k, d] W₂[d, k], (m₁,), for one hidden layer;
        W₂ ∘ (W₁ W₃)ᵀ, (m₂, m₁), for two. Of inputs beyond the outputs nothing enters.
        """
        first = self.weights[0][:, : len(self.weights[-1])]
        if len(self.weights) == 2:
            return np.einsum("kd,dk->k", first, self.weights[1])
        _, middle, last = self.weights
        return middle * (first @ last).T

    def _forward(self, h, workspace: Workspace):
        """The network's values alone, without the slopes that derivatives take: (n, d)."""
        *layers, (last, offset) = zip(self.weights, self.biases, strict=True)
        for layer, (weight, bias) in enumerate(layers):
            z = workspace(("forward", layer % 2), (len(h), len(bias)))
            np.matmul(h, weight.T, out=z)
            z += bias
            h = np.tanh(z, out=z)
        return h @ last.T + offset


def initial_layers(widths, rng, inputs: int = 0) -> tuple[list, list]:
    """Random layers of widths (d + inputs, m₁, ..., d): W ~ N(0, 1/in), b = 0."""
    if np.isscalar(widths) or len(widths) < 2:
        raise ValueError(f"widths must be (d, m₁, ..., d), two or more, got {widths!r}")
    widths = [as_count(width, "widths") for width in widths]
    widths[0] += inputs
    rng = as_rng(rng)
    weights = [rng.standard_normal((m, k)) / np.sqrt(k) for k, m in pairwise(widths)]
    return weights, [np.zeros(m) for m in widths[1:]]

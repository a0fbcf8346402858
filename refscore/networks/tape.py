"""A tanh network along a solve: every pass forward kept, so that the way back needs no other.

    h₀ = x,  z₁ = W₁ [x, t] + b₁,  z_l = W_l h_{l−1} + b_l,  h_l = tanh z_l,  s = z_L
    z̄_L = a,  z̄_l = (1 − h_l²) ∘ W_{l+1}ᵀ z̄_{l+1},  Jᵀa = W₁ᵀ z̄₁,  W̄_l = Σ z̄_l h_{l−1}ᵀ

W̄ is added up pass by pass, while z̄ and h are in the cache: faster than one product for all.
"""

from __future__ import annotations

import numpy as np

from refscore.fields.linearisation import Workspace


class Tape:
    """Passes of a network at points x (n, d) and times t, by slot; `gradient` (p,) collects θ̄.

    weights (out, in) and biases, the first of them with one input more than d where t is an
    input.

    Checked by: backpropagation_through_steps, adjoint_with_jumps
    """

    def __init__(self, weights, biases, workspace: Workspace):
        self.weights, self.biases = list(weights), list(biases)
        self.dim, (first, self._inputs) = len(biases[-1]), weights[0].shape
        self._first = np.concatenate([weights[0], biases[0][:, None]], axis=1)  # of [x, t, 1]
        self._space = workspace
        self._kept: dict = {}
        self._first_bar = np.zeros((first, self._inputs + 1))
        self._bars = [np.zeros_like(w) for w in weights[1:]]
        self._bias_bars = [np.zeros_like(b) for b in biases[1:]]

    @property
    def gradient(self) -> np.ndarray:
        """θ̄ of everything pulled back so far: W₁ row-major, b₁, W₂, ..."""
        parts = [self._first_bar[:, :-1], self._first_bar[:, -1]]
        for pair in zip(self._bars, self._bias_bars, strict=True):
            parts += pair
        return np.concatenate([part.ravel() for part in parts])

    def value(self, slot: int, x, t) -> np.ndarray:
        """s(x, t), (n, d); t a number or one a row."""
        h = self._space((slot, 0), (len(x), self._inputs + 1))
        h[:, : self.dim], h[:, -1] = x, 1.0
        if self._inputs > self.dim:
            h[:, self.dim] = t
        hidden, weight = [h], self._first
        for layer, following in enumerate(self.weights[1:], start=1):
            z = np.matmul(h, weight.T, out=self._space((slot, layer), (len(x), len(weight))))
            if layer > 1:
                z += self._spread(layer - 1, len(x))
            h = np.tanh(z, out=z)
            hidden.append(h)
            weight = following
        self._kept[slot] = hidden
        found = h @ weight.T
        return found if len(hidden) == 1 else np.add(found, self.biases[-1], out=found)

    def _spread(self, layer, n):
        """A bias beside every row: to add a whole array is faster than to add a row to each."""
        if ("bias", layer) not in self._kept or len(self._kept["bias", layer]) != n:
            self._kept["bias", layer] = np.tile(self.biases[layer], (n, 1))
        return self._kept["bias", layer]

    def pullback(self, slot: int, a) -> np.ndarray:
        """Jᵀa for a (n, d), (n, d); adds Σ (∂s/∂θ)ᵀa to θ̄."""
        hidden, bar, ones = self._kept[slot], a, self._ones(len(a))
        for layer in range(len(hidden) - 1, 0, -1):
            h, whole = hidden[layer], self._bars[layer - 1]
            whole += np.matmul(bar.T, h, out=self._space(("product", layer), whole.shape))
            self._bias_bars[layer - 1] += ones @ bar
            bar = self._below(layer, bar, h)
        self._first_bar += bar.T @ hidden[0]
        return bar @ self._first[:, : self.dim]

    def _below(self, layer, bar, h):
        """z̄ of the layer below `layer`, whose h it is."""
        new = self._space(("bar", layer), h.shape)
        np.matmul(bar, self.weights[layer], out=new)
        slope = np.multiply(h, h, out=self._space("slope", h.shape))
        np.subtract(1.0, slope, out=slope)
        return np.multiply(new, slope, out=new)

    def forget(self) -> None:
        """Let go of what slots have kept; the memory is used again."""
        self._kept.clear()

    def _ones(self, n):
        if len(self._kept.get("ones", ())) != n:
            self._kept["ones"] = np.ones(n)
        return self._kept["ones"]

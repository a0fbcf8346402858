"""Bijections of bijections: one after another, and the other way round."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from refscore._arguments import as_array
from refscore.flows.bijections.base import Bijection, as_bijection, flat


class Composition(Bijection):
    """Layers one after another, the first first: log-determinants add.

        f = f_L ∘ ... ∘ f₁,   log|det f'(x)| = Σ_l log|det f_l'(x_{l−1})|

    Parameters are those of the layers in order. Raises ValueError where dimensions differ.
    Checked by: layers_compose, composition_inverse_returns
    """

    def __init__(self, *layers):
        self.layers = tuple(as_bijection(one, f"layers[{i}]") for i, one in enumerate(layers))
        if not layers:
            raise ValueError("layers must be at least one, got none")
        for first, second in pairwise(self.layers):
            if first.dim != second.dim:
                raise ValueError(
                    f"layers must have one dimension, got {first.dim} before {second.dim}"
                )
        self.dim = self.layers[0].dim

    @property
    def parameters(self):
        """Those of the layers, one after the other (p,)."""
        return flat(*(layer.parameters for layer in self.layers))

    def with_parameters(self, theta):
        """The same layers with parameters `theta` (p,)."""
        sizes = [layer.parameters.size for layer in self.layers]
        theta = as_array(theta, "theta", (sum(sizes),))
        parts = np.split(theta, np.cumsum(sizes)[:-1])
        return Composition(*(f.with_parameters(part) for f, part in zip(self.layers, parts)))

    def _forward(self, x):
        total = np.zeros(len(x))
        for layer in self.layers:
            x, log_det = layer._forward(x)
            total = total + log_det
        return x, total

    def _inverse(self, y):
        total = np.zeros(len(y))
        for layer in reversed(self.layers):
            y, log_det = layer._inverse(y)
            total = total + log_det
        return y, total

    def _before(self, x):
        """What every layer is given."""
        points = [x]
        for layer in self.layers[:-1]:
            points.append(layer._forward(points[-1])[0])
        return points

    def _forward_and_back(self, x):
        return self._each_and_back(x, "_forward_and_back", 1)

    def _inverse_and_back(self, y):
        return self._each_and_back(y, "_inverse_and_back", -1)

    def _each_and_back(self, z, name, order):
        total, backs = np.zeros(len(z)), []
        for layer in self.layers[::order]:
            z, log_det, back = getattr(layer, name)(z)
            total, backs = total + log_det, [*backs, back]

        def back_through(a, c):
            found = []
            for back in backs[::-1]:
                a, theta = back(a, c)
                found.append(theta)
            return a, flat(*found[::-order])

        return z, total, back_through

    def _solve_transposed(self, x, h):
        for layer, point in zip(self.layers[::-1], self._before(x)[::-1]):
            h = layer._solve_transposed(point, h)
        return h


class Inverse(Bijection):
    """A bijection the other way round; `Bijection.inverted` makes it.

    Checked by: own_bijection_changes_volume, own_bijection_inverse_returns
    """

    def __init__(self, of):
        self.of = as_bijection(of, "of")
        self.dim = of.dim

    @property
    def inverted(self):
        """The bijection itself."""
        return self.of

    @property
    def parameters(self):
        """Those of the bijection."""
        return self.of.parameters

    def with_parameters(self, theta):
        """The inverse of the bijection with parameters `theta` (p,)."""
        return Inverse(self.of.with_parameters(theta))

    def _forward(self, x):
        return self.of._inverse(x)

    def _inverse(self, y):
        return self.of._forward(y)

    def _forward_and_back(self, x):
        return self.of._inverse_and_back(x)

    def _inverse_and_back(self, y):
        return self.of._forward_and_back(y)

    def _solve_transposed(self, x, h):
        y = self.of._inverse(x)[0]
        return self.of._pullback(y, h, np.zeros(len(h)))[0]

"""What the ports of flows are handed: conditioners and layers, native to every framework."""

from __future__ import annotations

from importlib import import_module

import numpy as np

_NAMESPACES = {"numpy": "numpy", "torch": "torch", "jax": "jax.numpy"}


def namespace(framework):
    """The module of a framework's functions: tanh, sinh, arcsinh, cosh, log."""
    return import_module(_NAMESPACES[framework.name])


class Conditioner:
    """(m, s), two arrays (n, k), from W2 tanh(W1 x + b1) + b2 at points (n, j)."""

    def __init__(self, framework, described, dtype=None):
        self._xp, names = namespace(framework), described.parameters_by_name
        self._parts = {name: framework.to(np.array(v), dtype) for name, v in names.items()}
        self._half = len(described.output_biases) // 2

    def __call__(self, x):
        """The shifts and the raw scales."""
        p = self._parts
        hidden = self._xp.tanh(x @ p["hidden_weights"].T + p["hidden_biases"])
        out = hidden @ p["output_weights"].T + p["output_biases"]
        return out[:, : self._half], out[:, self._half :]


class LinearLayer:
    """W x + b: `forward(x)` and `inverse(y)`, both (points (n, d), log_det (n,))."""

    def __init__(self, framework, matrix, offset, dtype):
        self._matrix, self._offset = framework.to(matrix, dtype), framework.to(offset, dtype)
        self._inverse = framework.to(np.linalg.inv(matrix), dtype)
        self._log_det = float(np.linalg.slogdet(matrix)[1])

    def forward(self, x):
        """W x + b."""
        return x @ self._matrix.T + self._offset, 0.0 * x[:, 0] + self._log_det

    def inverse(self, y):
        """W⁻¹ (y − b)."""
        return (y - self._offset) @ self._inverse.T, 0.0 * y[:, 0] - self._log_det


class BendingLayer:
    """sinh(tail (arcsinh x + skewness)): `forward(x)` and `inverse(y)` likewise."""

    def __init__(self, framework, skewness, tail, dtype):
        self._xp = namespace(framework)
        self._skewness, self._tail = framework.to(skewness, dtype), framework.to(tail, dtype)

    def forward(self, x):
        """sinh(tail (arcsinh x + skewness))."""
        inner = self._tail * (self._xp.arcsinh(x) + self._skewness)
        return self._xp.sinh(inner), self._log_det(x, inner)

    def inverse(self, y):
        """sinh(arcsinh y / tail − skewness)."""
        inner = self._xp.arcsinh(y)
        x = self._xp.sinh(inner / self._tail - self._skewness)
        return x, -self._log_det(x, inner)

    def _log_det(self, x, inner):
        xp = self._xp
        slopes = xp.log(self._tail) + xp.log(xp.cosh(inner)) - 0.5 * xp.log(1.0 + x * x)
        return slopes.sum(-1)


def layers(framework, described, dtype=None) -> list:
    """Linear and bending layers in turn, the first first."""
    found: list = []
    parts = described.matrices, described.offsets, described.skewness, described.tails
    for matrix, offset, skewness, tail in zip(*map(np.array, parts)):
        found.append(LinearLayer(framework, matrix, offset, dtype))
        found.append(BendingLayer(framework, skewness, tail, dtype))
    return found


def places(framework, value):
    """Whole numbers of a framework, for indexing."""
    whole = framework.to(np.array(value))
    return whole.long() if hasattr(whole, "long") else whole.astype(int)


LAYERED = {"conditioner": Conditioner, "layers": layers}

"""The kit's velocities as formulas over any array namespace, each written once for torch and jax.

A namespace `xp` is that of `formulas`, with `cos` and `sin`; t is a number or (..., 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from refscore.verify.frameworks.formulas import Formula, flatten, split

_TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


@dataclass(frozen=True, eq=False)
class VelocityFormula:
    """f(x, t; θ) as `value(xp, theta, x, t)`."""

    dim: int
    theta: np.ndarray
    value: Callable
    key: tuple  # formulas of one key differ in theta alone

    def at(self, t) -> Formula:
        """The field at one time."""
        key = (*self.key, "at", t if isinstance(t, float) else id(t))
        return Formula(self.dim, self.theta, partial(_at, self.value, t), None, key)

    def __eq__(self, other):
        return isinstance(other, VelocityFormula) and self.key == other.key

    def __hash__(self):
        return hash(self.key)


def _at(value, t, xp, theta, x):
    return value(xp, theta, x, t)


def velocity_formula(description) -> VelocityFormula:
    """The formula of a `VelocityDescription`."""
    if description.kind not in _MAKERS:
        raise ValueError(f"kind must be one of {sorted(_MAKERS)}, got {description.kind!r}")
    return _MAKERS[description.kind](**description.parameters_by_name)


def checked_time(t, x):
    """t as a number or a column beside points x (..., d)."""
    rows = tuple(x.shape[:-1])
    if t.ndim == 0 or tuple(t.shape) == (*rows, 1):
        return t
    if tuple(t.shape) != rows:
        raise ValueError(f"t must be a number, or have shape {rows}; got {tuple(t.shape)}")
    return t[..., None]


def _linear(matrix, offset) -> VelocityFormula:
    dim = len(offset)

    def value(xp, theta, x, t):
        """W x + b."""
        W, b = split(theta, [(dim, dim), (dim,)])
        return x @ W.T + b

    return VelocityFormula(dim, flatten([matrix, offset]), value, ("linear", dim))


def _rotating(matrix, frequency) -> VelocityFormula:
    def value(xp, theta, x, t):
        """R(ωt) A R(-ωt) x, R(φ) = cos φ I + sin φ J."""
        A, angle, J = theta[:4].reshape(2, 2), theta[4] * t, xp.constant(_TURN, x)
        back = xp.cos(angle) * x - xp.sin(angle) * (x @ J.T)
        moved = back @ A.T
        return xp.cos(angle) * moved + xp.sin(angle) * (moved @ J.T)

    return VelocityFormula(2, flatten([matrix, frequency]), value, ("rotating",))


def _hopf(growth, frequency) -> VelocityFormula:
    def value(xp, theta, x, t):
        """(μ - |x|²) x + ω J x."""
        J = xp.constant(_TURN, x)
        return (theta[0] - (x * x).sum(-1)[..., None]) * x + theta[1] * (x @ J.T)

    return VelocityFormula(2, flatten([growth, frequency]), value, ("hopf",))


def _by_coordinate(name: str, slope: Callable, *names: str) -> Callable:
    """A maker of x_i' = slope(xp, x_i, t, *θ_i), every parameter (d,)."""

    def make(**parameters) -> VelocityFormula:
        arrays = [parameters[n] for n in names]
        dim = len(arrays[0])

        def value(xp, theta, x, t):
            return slope(xp, x, t, *split(theta, [(dim,)] * len(names)))

        return VelocityFormula(dim, flatten(arrays), value, (name, dim))

    return make


def _time_mlp(weights, biases) -> VelocityFormula:
    shapes = [array.shape for layer in zip(weights, biases, strict=True) for array in layer]
    dim = len(biases[-1])

    def value(xp, theta, x, t):
        """h₁ = tanh(W₁ [x, t] + b₁), ..., f = W_L h_{L−1} + b_L."""
        arrays = split(theta, shapes)
        layers = list(zip(arrays[::2], arrays[1::2], strict=True))
        W, b = layers[0]
        x = x @ W[:, :dim].T + t * W[:, dim] + b
        for W, b in layers[1:]:
            x = xp.tanh(x) @ W.T + b
        return x

    theta = flatten([array for layer in zip(weights, biases, strict=True) for array in layer])
    return VelocityFormula(dim, theta, value, ("time_mlp", *shapes))


_MAKERS: dict[str, Callable] = {
    "linear": _linear,
    "rotating": _rotating,
    "hopf": _hopf,
    "cubic": _by_coordinate("cubic", lambda xp, x, t, rate: -rate * x**3, "rate"),
    "logistic": _by_coordinate("logistic", lambda xp, x, t, rate: rate * x * (1 - x), "rate"),
    "sine": _by_coordinate("sine", lambda xp, x, t, rate: rate * xp.sin(x), "rate"),
    "forced": _by_coordinate(
        "forced", lambda xp, x, t, a, b, w: a * x + b * xp.cos(w * t), "rate", "force", "frequency"
    ),
    "time_mlp": _time_mlp,
}

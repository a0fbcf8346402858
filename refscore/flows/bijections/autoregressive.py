"""Affine autoregressive maps: every coordinate is shifted and scaled by those before it."""

from __future__ import annotations

from copy import copy

import numpy as np

from refscore.fields.linearisation import borrowed_workspace
from refscore.flows.bijections.base import Bijection, scaled_by
from refscore.flows.bijections.conditioner import Conditioner, as_conditioner


class AutoregressiveAffine(Bijection):
    """Every coordinate is shifted and scaled by those before it.

        y_i = x_i exp(a_i(x_{<i})) + m_i(x_{<i}),   log|det| = Σ a_i

    conditioner: a Conditioner with d inputs and 2 d outputs, shifts then log scales, of which
    those of coordinate i depend on inputs before i alone (`Conditioner.masked`).
    Cost: forward one pass of the network; inverse d passes, one coordinate after another. A
    density model wants the fast direction from the data: `AutoregressiveAffine(...).inverted`.
    Source: Papamakarios, Pavlakou and Murray, masked autoregressive flow (2017), equations 3-5.
    Checked by: autoregression_changes_volume, autoregression_inverse_returns,
        autoregression_returns
    """

    def __init__(self, conditioner):
        conditioner = as_conditioner(conditioner, "conditioner")
        if conditioner.n_out != 2 * conditioner.n_in or conditioner.n_in == 0:
            raise ValueError(
                "conditioner must have two outputs for each input, got"
                f" {conditioner.n_in} inputs and {conditioner.n_out} outputs"
            )
        self.conditioner, self.dim = conditioner, conditioner.n_in
        for i, j in np.argwhere(np.triu(np.maximum(*np.split(_reach(conditioner), 2))))[:1]:
            raise ValueError(
                f"conditioner must see the inputs before a coordinate alone, but the outputs of"
                f" coordinate {i} depend on input {j}: make it by Conditioner.masked"
            )

    @classmethod
    def initialise(cls, dim, hidden=(32,), *, rng=None) -> AutoregressiveAffine:
        """The identity, to be trained: a random masked network whose last layer is zero.

        Checked by: own_bijection_changes_volume, own_bijection_inverse_returns
        """
        return cls(Conditioner.masked(dim, hidden, rng=rng))

    def _parts(self):
        return (self.conditioner.parameters,)

    def _made(self, theta):
        made = copy(self)  # with the same masks, which were followed once
        made.conditioner = self.conditioner.with_parameters(theta)
        return made

    def _forward(self, x):
        return self._forward_and_back(x)[:2]

    def _forward_and_back(self, x):
        near = self.conditioner._at(x)
        m, a = np.split(near.value, 2, axis=1)
        scaled = scaled_by(x, a)

        def back(v, c):
            x_bar, theta = near.back(np.hstack([v, v * scaled + c[:, None]]))
            return scaled_by(v, a) + x_bar, theta

        return scaled + m, a.sum(1), back

    def _inverse(self, y):
        x, total = np.zeros_like(y), np.zeros(len(y))
        with borrowed_workspace() as space:
            for i in range(self.dim):
                out = self.conditioner._forward(x, space)
                m, a = out[:, i], out[:, self.dim + i]
                x[:, i] = scaled_by(y[:, i] - m, -a)
                total -= a
        return x, total

    def _solve_transposed(self, x, h):
        near = self.conditioner._at(x)
        a = np.split(near.value, 2, axis=1)[1]
        found = scaled_by(h, -a)
        for _ in range(self.dim - 1):  # the rest of f'ᵀ is strictly upper triangular
            found = scaled_by(h - near.vjp(np.hstack([found, scaled_by(found * x, a)])), -a)
        return found


def _reach(conditioner):
    """Which outputs can depend on which inputs, a 0-1 matrix (m, k)."""
    reach = np.eye(conditioner.n_in)
    for weight, mask in zip(conditioner.weights, conditioner.masks):
        links = np.ones_like(weight) if mask is None else mask
        reach = np.minimum(links @ reach, 1.0)
    return reach

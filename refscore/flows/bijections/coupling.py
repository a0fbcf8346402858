"""Affine couplings: some coordinates say how the others are shifted and scaled."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array
from refscore.flows.bijections.base import Bijection, scaled_by
from refscore.flows.bijections.conditioner import Conditioner, as_conditioner, as_widths


class AffineCoupling(Bijection):
    """Coordinates kept by the mask say how the others are shifted and scaled.

        y_a = x_a,   y_b = x_b ∘ exp(a(x_a)) + m(x_a),   log|det| = Σ a(x_a)

    conditioner: a Conditioner of as many inputs as the mask keeps (k) and 2 (d − k) outputs, the
    shifts m, then the log scales a; mask (d,) of booleans or 0 and 1, 1 for kept coordinates.
    Cost: one pass of the network either way; a pullback one backward pass.
    Source: Dinh, Sohl-Dickstein and Bengio, RealNVP (2017), equations 4-6.
    Checked by: coupling_changes_volume, coupling_inverse_returns, coupling_returns
    """

    def __init__(self, conditioner, mask):
        mask, conditioner = _as_mask(mask), as_conditioner(conditioner, "conditioner")
        self.conditioner, self.mask, self.dim = conditioner, mask.astype(bool), len(mask)
        self.kept, self.moved = np.flatnonzero(mask == 1), np.flatnonzero(mask == 0)
        wanted = (len(self.kept), 2 * len(self.moved))
        if (conditioner.n_in, conditioner.n_out) != wanted:
            raise ValueError(
                f"conditioner must map {wanted[0]} kept coordinates to {wanted[1]} outputs, got"
                f" {conditioner.n_in} to {conditioner.n_out}"
            )

    @classmethod
    def initialise(cls, mask, hidden=(32,), *, rng=None) -> AffineCoupling:
        """The identity, to be trained: a random network whose last layer is zero.

        Checked by: own_bijection_changes_volume, own_bijection_inverse_returns
        """
        mask = _as_mask(mask)
        kept = int(np.sum(mask))
        widths = (kept, *as_widths(hidden, "hidden"), 2 * (len(mask) - kept))
        return cls(Conditioner.initialise(widths, rng=rng), mask)

    def _parts(self):
        return (self.conditioner.parameters,)

    def _made(self, theta):
        return AffineCoupling(self.conditioner.with_parameters(theta), self.mask)

    def _shift_and_log_scale(self, near):
        return np.split(near.value, 2, axis=1)

    def _forward(self, x):
        return self._forward_and_back(x)[:2]

    def _inverse(self, y):
        return self._inverse_and_back(y)[:2]

    def _forward_and_back(self, x):
        near = self.conditioner._at(x[:, self.kept])
        m, a = self._shift_and_log_scale(near)
        scaled = scaled_by(x[:, self.moved], a)

        def back(v, c):
            moved = v[:, self.moved]
            return self._pulled(near, v, scaled_by(moved, a), moved, moved * scaled + c[:, None])

        return self._placed(x, scaled + m), a.sum(1), back

    def _inverse_and_back(self, y):
        near = self.conditioner._at(y[:, self.kept])
        m, a = self._shift_and_log_scale(near)
        moved = scaled_by(y[:, self.moved] - m, -a)

        def back(v, c):
            shrunk = scaled_by(v[:, self.moved], -a)
            return self._pulled(near, v, shrunk, -shrunk, -v[:, self.moved] * moved - c[:, None])

        return self._placed(y, moved), -a.sum(1), back

    def _placed(self, x, moved):
        y = x.copy()
        y[:, self.moved] = moved
        return y

    def _pulled(self, near, v, moved, shift_bar, log_scale_bar):
        """The cotangents of all coordinates, and of the network's parameters."""
        kept, theta = near.back(np.hstack([shift_bar, log_scale_bar]))
        found = self._placed(v, moved)
        found[:, self.kept] += kept
        return found, theta

    def _solve_transposed(self, x, h):
        near = self.conditioner._at(x[:, self.kept])
        a = self._shift_and_log_scale(near)[1]
        found = h.copy()
        found[:, self.moved] = w = scaled_by(h[:, self.moved], -a)
        found[:, self.kept] -= near.vjp(np.hstack([w, h[:, self.moved] * x[:, self.moved]]))
        return found


def _as_mask(value):
    mask = as_array(value, "mask", (None,))
    if not (np.isin(mask, (0.0, 1.0)).all() and mask.min(initial=1) < mask.max(initial=0)):
        raise ValueError(f"mask must hold 0 and 1, at least one of each, got {mask}")
    return mask

"""Maps of single coordinates without a network: permuted, scaled, standardised."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_points
from refscore.flows.bijections.base import Bijection, flat, scaled_by
from refscore.flows.bijections.linear import as_order


class Permutation(Bijection):
    """The coordinates in another order, y_i = x_{order[i]}; log|det| = 0.

    order: each of 0, ..., d − 1 once.
    Checked by: permutation_reorders, permutation_inverse_returns
    """

    def __init__(self, order):
        self.order = as_order(order)
        self.dim, self._back = len(self.order), np.argsort(self.order)

    def _forward(self, x):
        return x[:, self.order], np.zeros(len(x))

    def _inverse(self, y):
        return y[:, self._back], np.zeros(len(y))

    def _pullback(self, x, v, c):
        return v[:, self._back], np.zeros(0)

    def _solve_transposed(self, x, h):
        return h[:, self.order]


class ActNorm(Bijection):
    """A scale and a shift a coordinate, to be trained from where data have mean 0, variance 1.

        y = x ∘ exp(s) + t,   log|det| = Σ s

    log_scale s, shift t (d,). `ActNorm.from_data(x)` takes s = −log sd, t = −mean/sd of points
    (n, d), with the sum of squares divided by n.
    Source: Kingma and Dhariwal, Glow (2018), section 3.1.
    Checked by: actnorm_standardises
    """

    def __init__(self, log_scale, shift):
        self.log_scale = np.array(as_array(log_scale, "log_scale", (None,)))
        self.dim = len(self.log_scale)
        self.shift = np.array(as_array(shift, "shift", (self.dim,)))

    @classmethod
    def from_data(cls, x) -> ActNorm:
        """The map that standardises these points (n, d); ValueError for a constant column.

        Checked by: actnorm_standardises
        """
        mean, deviations = _moments(x)
        return cls(-np.log(deviations), -mean / deviations)

    def _parts(self):
        return self.log_scale, self.shift

    def _made(self, log_scale, shift):
        return ActNorm(log_scale, shift)

    def _forward(self, x):
        return scaled_by(x, self.log_scale) + self.shift, np.full(len(x), self.log_scale.sum())

    def _inverse(self, y):
        x = scaled_by(y - self.shift, -self.log_scale)
        return x, np.full(len(y), -self.log_scale.sum())

    def _pullback(self, x, v, c):
        scaled = scaled_by(v, self.log_scale)
        return scaled, flat((scaled * x).sum(0) + c.sum(), v.sum(0))

    def _solve_transposed(self, x, h):
        return scaled_by(h, -self.log_scale)


class Standardise(Bijection):
    """Points less a mean, over standard deviations; fixed, nothing to be trained.

        y = (x − m)/σ,   log|det| = −Σ log σ_i

    mean m, deviations σ > 0, (d,). `Standardise.from_data(x)` takes those of points (n, d).
    Checked by: standardised_density
    """

    def __init__(self, mean, deviations):
        self.mean = np.array(as_array(mean, "mean", (None,)))
        self.dim = len(self.mean)
        self.deviations = np.array(as_array(deviations, "deviations", (self.dim,)))
        if not (self.deviations > 0).all():
            raise ValueError(f"deviations must be positive, got {self.deviations.min():g}")
        self._log_det = -np.log(self.deviations).sum()

    @classmethod
    def from_data(cls, x) -> Standardise:
        """The map that standardises these points (n, d); ValueError for a constant column.

        Tested in: tests/flows/test_bijections.py
        """
        return cls(*_moments(x))

    def _forward(self, x):
        return (x - self.mean) / self.deviations, np.full(len(x), self._log_det)

    def _inverse(self, y):
        return y * self.deviations + self.mean, np.full(len(y), -self._log_det)

    def _pullback(self, x, v, c):
        return v / self.deviations, np.zeros(0)

    def _solve_transposed(self, x, h):
        return h * self.deviations


def _moments(x):
    """The mean and the standard deviation of every column of x (n, d)."""
    x = as_points(x, "x")
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"x must hold at least two points (n, d), got shape {x.shape}")
    mean = x.mean(0)
    size = np.abs(x - mean).max(0)
    constant = np.flatnonzero(~(size > 1e-13 * np.abs(mean)))
    if constant.size:
        raise ValueError(f"x must vary in every column, but column {constant[0]} is constant")
    return mean, size * np.sqrt(np.mean(((x - mean) / size) ** 2, axis=0))

"""The normaliser, moments and draws of an unnormalised density in one or two dimensions."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_offering, as_positive, as_rng, beyond_float
from refscore.distributions.base import Distribution
from refscore.nodes import Nodes

ORDER = 16  # Gauss-Legendre nodes a panel
MOST_NODES = {1: 2**17, 2: 2**21}
NEGLIGIBLE = -27.6  # ln 1e-12: what the density may still be, against its peak, at the box


class Normalised(Distribution):
    """A law with its log Z = ln ∫ e^{log q} over a box, found by quadrature, subtracted.

    law: unnormalised, dim 1 or 2; low < high (d,) or numbers: a box that holds its mass.
    Composite Gauss-Legendre, panels doubled until log Z, mean and covariance (in units of
    the sd) move by less than `tolerance`, else ValueError. The density must have fallen
    below 1e-12 of its peak on the faces of the box, else ValueError; cut=True instead
    conditions the law on the box (log density −inf and NaN score rows outside).
    A peak narrower than the panels and apart from the rest can be missed: choose the box.
    Attributes log_normaliser, mean (d,), covariance (d, d).

    Checked by: normaliser_by_quadrature
    """

    def __init__(self, law, low, high, *, cut=False, tolerance=1e-10):
        as_offering(law, "law", "dim", "_log_density", "_score")
        if law.dim > 2:
            raise ValueError(f"normalise needs dim 1 or 2, got dim {law.dim}")
        self.law, self.dim, self.smooth, self.cut = law, law.dim, law.smooth, bool(cut)
        self.low, self.high = (_corner(v, n, self.dim) for v, n in ((low, "low"), (high, "high")))
        if not (self.low < self.high).all():
            raise ValueError(f"high must exceed low, got {self.low} and {self.high}")
        self.support = "the box [low, high]" if cut else law.support
        tolerance = as_positive(tolerance, "tolerance")
        with beyond_float():
            self._integrate(tolerance)
            if not cut:
                self._require_box_holds_mass()

    def _integrate(self, tolerance):
        panels, before = 4, None
        while (panels * ORDER) ** self.dim <= MOST_NODES[self.dim]:
            found = self._moments(panels)
            if before is not None and _distance(before, found) < tolerance:
                self.log_normaliser, self._mean, self._covariance = found
                self._panels = panels
                return
            panels, before = 2 * panels, found
        raise ValueError(
            f"quadrature did not settle to {tolerance:g}: narrow or rough densities need a"
            " tighter box, panels that meet at their kinks, or a larger tolerance"
        )

    def _moments(self, panels):
        axes = [_nodes(l, h, panels) for l, h in zip(self.low, self.high)]
        points = np.stack(np.meshgrid(*(a[0] for a in axes), indexing="ij"), axis=-1)
        points = points.reshape(-1, self.dim)
        weights = axes[0][1] if self.dim == 1 else np.outer(axes[0][1], axes[1][1]).ravel()
        logs = self.law._log_density(points)
        self._top = logs.max()
        if not np.isfinite(self._top):
            raise ValueError(f"the density must be positive and finite, its log is {self._top}")
        with np.errstate(under="ignore"):
            mass = weights * np.exp(logs - self._top)
        total = mass.sum()
        mean = mass @ points / total
        off = points - mean
        return self._top + np.log(total), mean, (off.T * mass) @ off / total

    def _require_box_holds_mass(self):
        """The log density on a grid of each face against the largest one met inside."""
        for axis in range(self.dim):
            for end in (self.low, self.high):
                face = np.tile(end, (257, 1))
                for other in set(range(self.dim)) - {axis}:
                    face[:, other] = np.linspace(self.low[other], self.high[other], 257)
                highest = self.law._log_density(face).max() - self._top
                if highest > NEGLIGIBLE:
                    raise ValueError(
                        f"low and high must hold the mass: at x[{axis}] = {end[axis]:g} the density"
                        f" is still e^{highest:.3g} of its peak (cut=True conditions on the box)"
                    )

    def _outside(self, x):
        return self.cut & ((x < self.low) | (x > self.high)).any(axis=-1)

    def _inside(self, function, x, outside, rank=0):
        """function of the rows inside the box; `outside` for the others, which it never sees."""
        inside = ~self._outside(x)
        values = np.full(x.shape[:1] + (self.dim,) * rank, outside)
        if inside.any():
            values[inside] = function(x[inside])
        return values

    def _log_density(self, x):
        return self._inside(self.law._log_density, x, -np.inf) - self.log_normaliser

    def _score(self, x):
        return self._inside(self.law._score, x, np.nan, 1)

    def _score_jacobian(self, x):
        return self._inside(self.law._score_jacobian, x, np.nan, 2)

    def _score_divergence(self, x):
        return self._inside(self.law._score_divergence, x, np.nan)

    @property
    def mean(self):
        """E X by quadrature, (d,)."""
        return self._mean.copy()

    @property
    def covariance(self):
        """Cov X by quadrature, (d, d)."""
        return self._covariance.copy()

    def sample(self, n, *, rng):
        """n draws (n, d): coordinate after coordinate, inverting the quadrature's own CDF.

        Panels are drawn by their mass; inside one the polynomial through its nodes is
        inverted, so the law of the draws is that of the quadrature, `tolerance` away.
        Cost in 2-D: one density call on n × panels × 16 points.
        """
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        draws = np.empty((n, self.dim))
        for start in range(0, n, 512):
            rows = slice(start, min(start + 512, n))
            draws[rows] = self._draw(rows.stop - start, rng)
        return draws

    def nodes(self) -> Nodes:
        """The points of the quadrature and their probabilities, which sum to one.

        Checked by: likelihood_gradient_has_two_terms
        """
        axes = [_nodes(l, h, self._panels) for l, h in zip(self.low, self.high)]
        points = np.stack(np.meshgrid(*(a[0] for a in axes), indexing="ij"), axis=-1)
        points = points.reshape(-1, self.dim)
        weights = axes[0][1] if self.dim == 1 else np.outer(axes[0][1], axes[1][1]).ravel()
        with np.errstate(under="ignore"):
            mass = weights * self._values(points)
        return Nodes(points, mass / mass.sum())

    def _draw(self, n, rng):
        axes = [_nodes(l, h, self._panels)[0] for l, h in zip(self.low, self.high)]
        if self.dim == 1:
            values = self._values(axes[0][:, None])[None]
            return self._invert(np.broadcast_to(values, (n, values.size)), 0, rng)[:, None]
        first = self._invert(np.broadcast_to(self._marginal(axes), (n, len(axes[0]))), 0, rng)
        line = np.stack([np.repeat(first, len(axes[1])), np.tile(axes[1], n)], axis=1)
        second = self._invert(self._values(line).reshape(n, -1), 1, rng)
        return np.stack([first, second], axis=1)

    def _values(self, points):
        return np.exp(self.law._log_density(points) - self._top)

    def _marginal(self, axes):
        if not hasattr(self, "_first_marginal"):
            grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
            weights = _nodes(self.low[1], self.high[1], self._panels)[1]
            self._first_marginal = self._values(grid).reshape(len(axes[0]), -1) @ weights
        return self._first_marginal

    def _invert(self, values, axis, rng):
        """One draw for each row of densities at the nodes of `axis`."""
        legendre = np.polynomial.legendre
        node, weight = legendre.leggauss(ORDER)
        values = values.reshape(len(values), self._panels, ORDER)
        cumulative = np.cumsum(values @ weight, axis=1)
        target = rng.random(len(values)) * cumulative[:, -1]
        panel = np.minimum((cumulative <= target[:, None]).sum(axis=1), self._panels - 1)
        rows = np.arange(len(values))
        inside = values[rows, panel]
        target = target - (cumulative[rows, panel] - inside @ weight)
        order = np.arange(ORDER)
        table = legendre.legvander(node, ORDER - 1) * (weight[:, None] * (order + 0.5))
        primitive = legendre.legint(inside @ table, lbnd=-1, axis=1).T
        low, high = -np.ones(len(values)), np.ones(len(values))
        for _ in range(52):
            middle = 0.5 * (low + high)
            below = legendre.legval(middle, primitive, tensor=False) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        step = (self.high[axis] - self.low[axis]) / self._panels
        return self.low[axis] + step * (panel + 0.5 * (1 + 0.5 * (low + high)))


def _corner(value, name, dim):
    array = as_array(value, name)
    return np.full(dim, float(array)) if array.ndim == 0 else as_array(array, name, (dim,)).copy()


def _nodes(low, high, panels):
    """Composite Gauss-Legendre nodes and weights on [low, high]."""
    node, weight = np.polynomial.legendre.leggauss(ORDER)
    step = (high - low) / panels
    points = low + step * (np.arange(panels)[:, None] + 0.5 * (1 + node))
    return points.ravel(), np.tile(0.5 * step * weight, panels)


def _distance(a, b):
    """How far log Z, mean and covariance moved, in units of the sd."""
    sd = np.sqrt(np.diag(b[2]))
    with np.errstate(all="ignore"):
        shift, change = np.abs(a[1] - b[1]) / sd, np.abs(a[2] - b[2]) / np.outer(sd, sd)
    return max(abs(a[0] - b[0]), shift.max(), change.max())

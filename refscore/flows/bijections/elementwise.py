"""Monotone maps of every coordinate on its own: sinh-arcsinh, rational-quadratic splines."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array
from refscore.flows.bijections.base import Bijection, flat


class SinhArcsinh(Bijection):
    """Skewness and tails of every coordinate.

        y = sinh u,  u = τ (arcsinh x + ε),  log|det| = Σ log τ + log cosh u − ½ log(1 + x²)

    skewness ε, log_tail log τ (d,); τ > 1 makes tails heavier.
    Source: Jones and Pewsey, Sinh-arcsinh distributions (2009), equation 1.
    Checked by: sinh_arcsinh_changes_volume, sinh_arcsinh_inverse_returns
    """

    def __init__(self, skewness, log_tail):
        self.skewness = np.array(as_array(skewness, "skewness", (None,)))
        self.dim = len(self.skewness)
        self.log_tail = np.array(as_array(log_tail, "log_tail", (self.dim,)))
        with np.errstate(over="ignore", under="ignore"):
            self.tail = np.exp(self.log_tail)
        if not (np.isfinite(self.tail).all() and self.tail.all()):
            raise ValueError(f"log_tail must be within ±700, got {self.log_tail}")

    def _parts(self):
        return self.skewness, self.log_tail

    def _made(self, skewness, log_tail):
        return SinhArcsinh(skewness, log_tail)

    def _log_slopes(self, x, inner):
        return self.log_tail + _log_cosh(inner) - np.log(np.hypot(1.0, x))

    def _forward(self, x):
        inner = self.tail * (np.arcsinh(x) + self.skewness)
        return np.sinh(inner), self._log_slopes(x, inner).sum(1)

    def _inverse(self, y):
        inner = np.arcsinh(y)
        x = np.sinh(inner / self.tail - self.skewness)
        return x, -self._log_slopes(x, inner).sum(1)

    def _pullback(self, x, v, c):
        inner = self.tail * (np.arcsinh(x) + self.skewness)
        length = np.hypot(1.0, x)
        inner_bar = v * np.cosh(inner) + c[:, None] * np.tanh(inner)
        x_bar = inner_bar * self.tail / length - c[:, None] * (x / length) / length
        return x_bar, flat((inner_bar * self.tail).sum(0), (inner_bar * inner).sum(0) + c.sum())

    def _solve_transposed(self, x, h):
        inner = self.tail * (np.arcsinh(x) + self.skewness)
        return h * np.exp(-self._log_slopes(x, inner))


class Spline(Bijection):
    """Monotone rational-quadratic splines with straight tails, one a coordinate.

    Between knots (x₀, y₀), (x₁, y₁) with slopes d₀, d₁, s = (y₁−y₀)/(x₁−x₀), ξ = (x−x₀)/(x₁−x₀):

        y = y₀ + (y₁−y₀) (s ξ² + d₀ ξ(1−ξ))/D,   D = s + (d₀ + d₁ − 2s) ξ(1−ξ)
        dy/dx = s² (d₁ ξ² + 2 s ξ(1−ξ) + d₀ (1−ξ)²)/D²

    x_knots, y_knots (d, K + 1), rising; slopes (d, K + 1) > 0; beyond the outer knots straight
    lines of the outer slopes. Parameters, all free: the first knots, logarithms of widths, the
    first values, logarithms of heights, logarithms of slopes.
    Source: Durkan et al., Neural spline flows (2019), equations 4-8; Gregory and Delbourgo (1982).
    Checked by: spline_changes_volume, spline_inverse_returns
    """

    def __init__(self, x_knots, y_knots, slopes):
        self.x_knots = np.array(as_array(x_knots, "x_knots", (None, None)))
        self.dim, n = self.x_knots.shape
        if n < 2:
            raise ValueError(f"x_knots must have at least two knots a coordinate, got {n}")
        self.y_knots = np.array(as_array(y_knots, "y_knots", (self.dim, n)))
        self.slopes = np.array(as_array(slopes, "slopes", (self.dim, n)))
        for name, gaps in (("x_knots", np.diff(self.x_knots)), ("y_knots", np.diff(self.y_knots))):
            if not (gaps > 0).all():
                raise ValueError(f"{name} must rise from knot to knot, got a step {gaps.min():g}")
        if not (self.slopes > 0).all():
            raise ValueError(f"slopes must be positive, got {self.slopes.min():g}")

    @classmethod
    def initialise(cls, dim, n_bins=8, bound=4.0) -> Spline:
        """The identity on even knots from −bound to bound, to be trained.

        Checked by: own_bijection_changes_volume
        """
        knots = np.tile(np.linspace(-bound, bound, n_bins + 1), (dim, 1))
        return cls(knots, knots, np.ones_like(knots))

    def _parts(self):
        x, y = self.x_knots, self.y_knots
        gaps = np.log(np.diff(x)), np.log(np.diff(y))
        return x[:, 0], gaps[0], y[:, 0], gaps[1], np.log(self.slopes)

    def _made(self, x_first, log_widths, y_first, log_heights, log_slopes):
        knots = [
            np.cumsum(np.column_stack([first, np.exp(gaps)]), axis=1)
            for first, gaps in ((x_first, log_widths), (y_first, log_heights))
        ]
        return Spline(*knots, np.exp(log_slopes))

    def _forward(self, x):
        at = _Bins(self, x, self.x_knots)
        k = at.ratio(at.xi(x))
        inside = at.y0 + at.h * (k.top / k.bottom)
        y = np.where(at.low, at.y_end + at.d_end * (x - at.x_end), inside)
        return y, np.where(at.low, np.log(at.d_end), k.log_slope).sum(1)

    def _inverse(self, y):
        at = _Bins(self, y, self.y_knots)
        up = np.clip((y - at.y0) / at.h, 0.0, 1.0)
        down = np.clip((at.y1 - y) / at.h, 0.0, 1.0)
        xi = at.root(up, down)
        x = np.where(at.low, at.x_end + (y - at.y_end) / at.d_end, at.x0 + at.w * xi)
        return x, -np.where(at.low, np.log(at.d_end), at.ratio(xi).log_slope).sum(1)

    def _pullback(self, x, v, c):
        at = _Bins(self, x, self.x_knots)
        return at.pulled(x, v, c)

    def _solve_transposed(self, x, h):
        at = _Bins(self, x, self.x_knots)
        log_slope = at.ratio(at.xi(x)).log_slope
        return h * np.exp(-np.where(at.low, np.log(at.d_end), log_slope))


class _Ratio:
    """The numerator, denominator and log slope of a bin at ξ."""

    def __init__(self, at, xi):
        self.xi, self.q = xi, xi * (1 - xi)
        self.top = at.s * xi**2 + at.d0 * self.q
        self.bottom = at.s + (at.d0 + at.d1 - 2 * at.s) * self.q
        self.rise = at.d1 * xi**2 + 2 * at.s * self.q + at.d0 * (1 - xi) ** 2
        self.log_slope = 2 * np.log(at.s) + np.log(self.rise) - 2 * np.log(self.bottom)


class _Bins:
    """The bins of points (n, d): their corners, and the tails of those outside."""

    def __init__(self, spline, z, knots):
        self.spline, last = spline, knots.shape[1] - 2
        count = (z[:, :, None] >= knots[None]).sum(-1)
        self.k = np.clip(count - 1, 0, last)
        self.low = (z < knots[:, 0]) | (z > knots[:, -1])  # beyond the knots, on either side
        self.end = np.where(z < knots[:, 0], 0, last + 1)
        rows = np.arange(spline.dim)[None, :]
        self.x0, x1 = spline.x_knots[rows, self.k], spline.x_knots[rows, self.k + 1]
        self.y0, y1 = spline.y_knots[rows, self.k], spline.y_knots[rows, self.k + 1]
        self.d0, self.d1 = spline.slopes[rows, self.k], spline.slopes[rows, self.k + 1]
        self.w, self.h, self.y1 = x1 - self.x0, y1 - self.y0, y1
        self.s = self.h / self.w
        self.x_end, self.y_end = spline.x_knots[rows, self.end], spline.y_knots[rows, self.end]
        self.d_end = spline.slopes[rows, self.end]

    def xi(self, x):
        """The place in the bin, 0 to 1; clipped in the tails."""
        return np.clip((x - self.x0) / self.w, 0.0, 1.0)

    def root(self, up, down):
        """The ξ at the height `up` of the bin, `down` = 1 − up, by sums of positive terms.

        ξ = 2 s up/(e + r + 2 s up),  e = d₀ down − d₁ up,  r² = e² + 4 s² up down
        """
        e, product = self.d0 * down - self.d1 * up, 4 * self.s**2 * up * down
        r = np.hypot(e, 2 * self.s * np.sqrt(up * down))
        total = np.where(e >= 0, r + e, product / np.where(e >= 0, 1.0, r - e)) + 2 * self.s * up
        return np.clip(2 * self.s * up / np.where(total > 0, total, 1.0), 0.0, 1.0)

    def ratio(self, xi):
        """The map and its slope at ξ."""
        return _Ratio(self, xi)

    def pulled(self, x, v, c):
        """The pullback: of ξ, s, the heights and slopes of bins, then of knots."""
        c, xi = np.broadcast_to(c[:, None], v.shape), self.xi(x)
        k = self.ratio(xi)
        inside = ~self.low
        v_in, c_in = np.where(inside, v, 0.0), np.where(inside, c, 0.0)
        top, bottom = v_in * self.h / k.bottom, -v_in * self.h * k.top / k.bottom**2
        bottom = bottom - 2 * c_in / k.bottom
        rise = c_in / k.rise
        q_bar = top * self.d0 + bottom * (self.d0 + self.d1 - 2 * self.s) + rise * 2 * self.s
        xi_bar = 2 * xi * (top * self.s + rise * self.d1) - 2 * (1 - xi) * rise * self.d0
        xi_bar = xi_bar + q_bar * (1 - 2 * xi)
        s_bar = top * xi**2 + bottom * (1 - 2 * k.q) + rise * 2 * k.q + 2 * c_in / self.s
        d0_bar = (top + bottom) * k.q + rise * (1 - xi) ** 2
        d1_bar = bottom * k.q + rise * xi**2
        h_bar = v_in * k.top / k.bottom + s_bar / self.w
        w_bar = -s_bar * self.s / self.w - xi_bar * xi / self.w
        x_bar = np.where(inside, xi_bar / self.w, v * self.d_end)
        v_out, c_out = np.where(inside, 0.0, v), np.where(inside, 0.0, c)
        d_end = v_out * (x - self.x_end) + c_out / self.d_end
        dx, dy, ds = (np.zeros_like(self.spline.x_knots) for _ in range(3))
        self._add(dx, self.k, -xi_bar / self.w - w_bar)
        self._add(dx, self.k + 1, w_bar)
        self._add(dx, self.end, -v_out * self.d_end)
        self._add(dy, self.k, v_in - h_bar)
        self._add(dy, self.k + 1, h_bar)
        self._add(dy, self.end, v_out)
        self._add(ds, self.k, d0_bar)
        self._add(ds, self.k + 1, d1_bar)
        self._add(ds, self.end, d_end)
        return x_bar, self._of_parameters(dx, dy, ds)

    def _add(self, into, k, values):
        columns = np.broadcast_to(np.arange(into.shape[0])[None, :], k.shape)
        np.add.at(into, (columns, k), values)

    def _of_parameters(self, dx, dy, ds):
        """Knots are cumulative sums of exponentials, slopes exponentials."""
        parts = []
        for bar, knots in ((dx, self.spline.x_knots), (dy, self.spline.y_knots)):
            onward = np.cumsum(bar[:, ::-1], axis=1)[:, ::-1]
            parts += [onward[:, 0], onward[:, 1:] * np.diff(knots)]
        return flat(*parts, ds * self.spline.slopes)


def _log_cosh(z):
    """The logarithm of cosh z, beyond where cosh overflows too."""
    return np.abs(z) + np.log1p(np.exp(-2 * np.abs(z))) - np.log(2.0)

"""Mistakes in monotone maps and in compositions."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


@mistake("sinh_arcsinh_tail_left_out", port="sinh_arcsinh_forward", source="classic: chain rule")
def _(skewness, tail, x):
    """The factor τ of the chain rule is left out of the slopes."""
    y, log_det = library.sinh_arcsinh_forward(skewness, tail, x)
    return y, log_det - np.log(tail).sum()


@mistake("sinh_arcsinh_root_sign", port="sinh_arcsinh_forward", source="classic: sign")
def _(skewness, tail, x):
    """The slope of arcsinh multiplies where it divides."""
    y, log_det = library.sinh_arcsinh_forward(skewness, tail, x)
    return y, log_det + np.log(1 + x**2).sum(1)


@mistake("sinh_arcsinh_root_left_out", port="sinh_arcsinh_forward", source="classic: chain rule")
def _(skewness, tail, x):
    """The slope of arcsinh is left out."""
    y, log_det = library.sinh_arcsinh_forward(skewness, tail, x)
    return y, log_det + 0.5 * np.log(1 + x**2).sum(1)


@mistake("sinh_arcsinh_skewness_not_scaled", port="sinh_arcsinh_forward", source="classic")
def _(skewness, tail, x):
    """The skewness is added after τ has multiplied."""
    inner = tail * np.arcsinh(x) + skewness
    slopes = np.log(tail) + np.log(np.cosh(inner)) - 0.5 * np.log(1 + x**2)
    return np.sinh(inner), slopes.sum(1)


@mistake("sinh_arcsinh_inverse_order", port="sinh_arcsinh_inverse", source="classic: order")
def _(skewness, tail, y):
    """The skewness is taken off before τ divides."""
    x = np.sinh((np.arcsinh(y) - skewness) / tail)
    return x, library.sinh_arcsinh_inverse(skewness, tail, y)[1]


@mistake("sinh_arcsinh_inverse_log_det_of_forward", port="sinh_arcsinh_inverse", source="L01")
def _(skewness, tail, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.sinh_arcsinh_inverse(skewness, tail, y)
    return x, -log_det


def _bin(x_knots, y_knots, slopes, x):
    """s, the slopes at both ends and ξ of every point's bin; straight lines beyond."""
    rows = np.arange(x.shape[1])[None, :]
    k = np.sum(x[:, :, None] >= x_knots[None, :, 1:-1], axis=-1)
    x0, w = x_knots[rows, k], x_knots[rows, k + 1] - x_knots[rows, k]
    s = (y_knots[rows, k + 1] - y_knots[rows, k]) / w
    inside = np.abs(x) <= 3
    return s, slopes[rows, k], slopes[rows, k + 1], np.clip((x - x0) / w, 0, 1), inside


@mistake("spline_slope_not_squared", port="spline_forward", source="classic: s for s²")
def _(x_knots, y_knots, slopes, x):
    """The numerator of the slope has s where s² belongs."""
    y, log_det = library.spline_forward(x_knots, y_knots, slopes, x)
    s, _, _, _, inside = _bin(x_knots, y_knots, slopes, x)
    return y, log_det - np.where(inside, np.log(s), 0.0).sum(1)


@mistake("spline_denominator_not_squared", port="spline_forward", source="classic: D for D²")
def _(x_knots, y_knots, slopes, x):
    """The denominator of the slope is not squared."""
    y, log_det = library.spline_forward(x_knots, y_knots, slopes, x)
    s, d0, d1, v, inside = _bin(x_knots, y_knots, slopes, x)
    return y, log_det + np.where(inside, np.log(s + (d0 + d1 - 2 * s) * v * (1 - v)), 0.0).sum(1)


@mistake("spline_log_det_sign", port="spline_forward", source="L01")
def _(x_knots, y_knots, slopes, x):
    """The log-determinant has the inverse's sign."""
    y, log_det = library.spline_forward(x_knots, y_knots, slopes, x)
    return y, -log_det


@mistake("spline_log_det_averaged", port="spline_forward", source="L15: mean for sum")
def _(x_knots, y_knots, slopes, x):
    """Log slopes are averaged over the coordinates, not summed."""
    y, log_det = library.spline_forward(x_knots, y_knots, slopes, x)
    return y, log_det / x.shape[1]


@mistake("spline_slopes_of_chords", port="spline_forward", source="classic: linear splines")
def _(x_knots, y_knots, slopes, x):
    """The slope is that of the chord of the bin."""
    s, _, _, _, inside = _bin(x_knots, y_knots, slopes, x)
    y, _ = library.spline_forward(x_knots, y_knots, slopes, x)
    return y, np.where(inside, np.log(s), 0.0).sum(1)


@mistake("spline_ends_exchanged", port="spline_forward", source="classic: d0 for d1")
def _(x_knots, y_knots, slopes, x):
    """In the slope the derivatives at the ends of a bin are exchanged."""
    s, d0, d1, v, inside = _bin(x_knots, y_knots, slopes, x)
    rise = s**2 * (d0 * v**2 + 2 * s * v * (1 - v) + d1 * (1 - v) ** 2)
    found = np.log(rise) - 2 * np.log(s + (d0 + d1 - 2 * s) * v * (1 - v))
    y, _ = library.spline_forward(x_knots, y_knots, slopes, x)
    return y, np.where(inside, found, 0.0).sum(1)


@mistake("spline_inverse_log_det_of_forward", port="spline_inverse", source="L01")
def _(x_knots, y_knots, slopes, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.spline_inverse(x_knots, y_knots, slopes, y)
    return x, -log_det


@mistake("spline_inverse_slope_at_output", port="spline_inverse", source="L12: the wrong end")
def _(x_knots, y_knots, slopes, y):
    """The log-determinant is taken at the point that is inverted."""
    x, _ = library.spline_inverse(x_knots, y_knots, slopes, y)
    return x, -library.spline_forward(x_knots, y_knots, slopes, y)[1]


@mistake("spline_inverse_bins_of_inputs", port="spline_inverse", source="classic: the wrong knots")
def _(x_knots, y_knots, slopes, y):
    """The bin of a point is looked up among the knots of x, not of y."""
    x, log_det = library.spline_inverse(x_knots, y_knots, slopes, y)
    rows, k = (
        np.arange(y.shape[1])[None, :],
        np.sum(y[:, :, None] >= x_knots[None, :, 1:-1], axis=-1),
    )
    x0, w = x_knots[rows, k], x_knots[rows, k + 1] - x_knots[rows, k]
    y0, h = y_knots[rows, k], y_knots[rows, k + 1] - y_knots[rows, k]
    s, d0, d1, inside = h / w, slopes[rows, k], slopes[rows, k + 1], np.abs(y) <= 3
    bend, rise = d0 + d1 - 2 * s, y - y0
    a, b, c = h * (s - d0) + rise * bend, h * d0 - rise * bend, -s * rise
    v = 2 * c / (-b - np.sqrt(np.maximum(b**2 - 4 * a * c, 0.0)))
    slope = s**2 * (d1 * v**2 + 2 * s * v * (1 - v) + d0 * (1 - v) ** 2)
    slope = slope / (s + bend * v * (1 - v)) ** 2
    found = np.where(inside, -np.log(np.abs(slope)), 0.0).sum(1)
    return np.where(inside, v * w + x0, x), found


@mistake("composition_reversed", port="composition_forward", source="classic: order")
def _(layers, x):
    """The last layer comes first."""
    return library.composition_forward(layers[::-1], x)


@mistake("composition_log_dets_multiplied", port="composition_forward", source="classic")
def _(layers, x):
    """Log-determinants are multiplied, as determinants are."""
    total = np.ones(len(x))
    for layer in layers:
        x, log_det = layer.forward(x)
        total = total * log_det
    return x, total


@mistake("composition_last_alone", port="composition_forward", source="classic: = for +=")
def _(layers, x):
    """Only the last layer's log-determinant is kept."""
    for layer in layers:
        x, log_det = layer.forward(x)
    return x, log_det


@mistake("composition_log_dets_at_the_start", port="composition_forward", source="classic")
def _(layers, x):
    """Every layer's log-determinant is taken at the first point."""
    y, _ = library.composition_forward(layers, x)
    return y, sum(layer.forward(x)[1] for layer in layers)


@mistake("composition_inverse_in_forward_order", port="composition_inverse",
         source="classic: order")  # fmt: skip
def _(layers, y):
    """The layers are undone from the first to the last."""
    return library.composition_inverse(layers[::-1], y)


@mistake("composition_inverse_log_det_of_forward", port="composition_inverse", source="L01")
def _(layers, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.composition_inverse(layers, y)
    return x, -log_det

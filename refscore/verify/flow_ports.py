"""The ports of flows in discrete time: bijections, their log-determinants, densities of layers."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
FLOWS: list[tuple[str, str, str, str, str | None, bool]] = [
    ("coupling_forward", "conditioner mask x", "mapped",
     "coordinates of mask 1 kept, the others x exp(s) + m with (m, s) = conditioner(kept)"
     " (`conventions`)", None, True),
    ("coupling_inverse", "conditioner mask y", "mapped", "the inverse of coupling_forward",
     None, True),
    ("autoregressive_forward", "conditioner x", "mapped",
     "x exp(s) + m with (m, s) = conditioner(x), those of coordinate i from coordinates before i"
     " (`conventions`)", None, True),
    ("autoregressive_inverse", "conditioner y", "mapped", "the inverse of autoregressive_forward",
     None, True),
    ("masked_network", "hidden_weights output_weights degrees x", "points",
     "W2' tanh(W1' x): of W1 the links from input j to a unit of degree at least j are kept, of W2"
     " those from a unit to an output i above its degree; inputs and outputs counted from 1",
     None, True),
    ("planar_forward", "bend direction shift x", "mapped",
     "x + u tanh(w.x + b), u = bend, w = direction, b = shift (`conventions`)", None, True),
    ("planar_inverse", "bend direction shift y", "mapped", "its inverse", None, True),
    ("radial_forward", "centre softening swelling x", "mapped",
     "x + swelling (x - c) / (softening + |x - c|), c = centre (`conventions`)", None, True),
    ("radial_inverse", "centre softening swelling y", "mapped", "its inverse", None, True),
    ("linear_flow_forward", "matrix offset x", "mapped", "W x + b", None, True),
    ("linear_flow_inverse", "matrix offset y", "mapped", "its inverse", None, True),
    ("triangular_flow_forward", "lower upper x", "mapped", "L U x", None, True),
    ("triangular_flow_inverse", "lower upper y", "mapped", "its inverse", None, True),
    ("sinh_arcsinh_forward", "skewness tail x", "mapped",
     "sinh(tail (arcsinh x + skewness)) by coordinate", None, True),
    ("sinh_arcsinh_inverse", "skewness tail y", "mapped", "its inverse", None, True),
    ("spline_forward", "x_knots y_knots slopes x", "mapped",
     "monotone rational-quadratic splines through the knots with these slopes, by coordinate;"
     " beyond the last knots straight lines of their slopes", None, True),
    ("spline_inverse", "x_knots y_knots slopes y", "mapped", "its inverse", None, True),
    ("permutation_forward", "places x", "mapped", "y_i = x_places[i]", None, True),
    ("permutation_inverse", "places y", "mapped", "its inverse", None, True),
    ("actnorm_forward", "data x", "mapped",
     "(x - mean) / sd of the data's columns, the sum of squares over n (`conventions`)", None,
     True),
    ("channel_mixing", "matrix images", "mapped",
     "an invertible 1x1 convolution, the matrix on the channels of every pixel; log_det of the"
     " whole image", None, True),
    ("composition_forward", "layers x", "mapped", "the layers one after another, the first first",
     None, True),
    ("composition_inverse", "layers y", "mapped", "its inverse", None, True),
    ("layered_log_density", "layers x", "values",
     "log density of what the layers, the first first, make of N(0, I) (`conventions`)", None,
     True),
    ("layered_log_density_gradient", "layers x", "points",
     "the gradient of layered_log_density in x, row by row (`conventions`)", None, True),
    ("standardised_log_density", "log_density mean deviations x", "values",
     "log density of mean + deviations Z, log_density that of Z", None, True),
    ("bijection_forward", "x", "mapped", "an invertible map of the subject's own, of any dimension,"
     " the same at every call", None, True),
    ("bijection_inverse", "y", "mapped", "its inverse", None, True),
    ("determinant_operations", "dim", "number",
     "products and quotients of the elimination that brings a (dim, dim) matrix to triangular form;"
     " the dim - 1 products of its diagonal, which end the determinant, are not counted",
     None, False),
]  # fmt: skip

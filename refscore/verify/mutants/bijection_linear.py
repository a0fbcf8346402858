"""Mistakes in linear maps: matrices, their factors, permutations, scales, 1x1 convolutions."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.library.declared import deviations_of
from refscore.verify.mutants.base import mistake


@mistake("linear_flow_transposed", port="linear_flow_forward", source="S09: x W for W x")
def _(matrix, offset, x):
    """Rows are multiplied from the wrong side: the transposed matrix."""
    return x @ matrix + offset, library.linear_flow_forward(matrix, offset, x)[1]


@mistake("linear_flow_log_det_sign", port="linear_flow_forward", source="L01")
def _(matrix, offset, x):
    """The log-determinant has the inverse's sign."""
    y, log_det = library.linear_flow_forward(matrix, offset, x)
    return y, -log_det


@mistake("linear_flow_log_det_dropped", port="linear_flow_forward", source="L01")
def _(matrix, offset, x):
    """The log-determinant is zero."""
    return library.linear_flow_forward(matrix, offset, x)[0], np.zeros(len(x))


@mistake("linear_flow_signed_determinant", port="linear_flow_forward", source="classic")
def _(matrix, offset, x):
    """The determinant with its sign, in place of its absolute value's logarithm."""
    y, _ = library.linear_flow_forward(matrix, offset, x)
    return y, np.full(len(x), np.linalg.det(matrix))


@mistake(
    "linear_flow_log_without_absolute", port="linear_flow_forward", source="classic: log det W"
)
def _(matrix, offset, x):
    """The logarithm of the determinant with its sign: no number where it is negative."""
    y, _ = library.linear_flow_forward(matrix, offset, x)
    with np.errstate(invalid="ignore"):
        return y, np.full(len(x), np.log(np.linalg.det(matrix)))


@mistake("linear_flow_trace_for_determinant", port="linear_flow_forward",
         source="classic: the continuous formula")  # fmt: skip
def _(matrix, offset, x):
    """The trace stands where log|det| belongs, as in continuous time."""
    y, _ = library.linear_flow_forward(matrix, offset, x)
    return y, np.full(len(x), np.trace(matrix))


@mistake("linear_flow_determinant_not_logged", port="linear_flow_forward", source="classic")
def _(matrix, offset, x):
    """The determinant in place of its logarithm."""
    y, log_det = library.linear_flow_forward(matrix, offset, x)
    return y, np.exp(log_det)


@mistake("linear_flow_diagonal_read", port="linear_flow_forward",
         source="classic: a full matrix read as a triangular one")  # fmt: skip
def _(matrix, offset, x):
    """The product of the diagonal stands for the determinant of a full matrix."""
    y, _ = library.linear_flow_forward(matrix, offset, x)
    return y, np.full(len(x), np.log(np.abs(np.diagonal(matrix))).sum())


@mistake("linear_flow_inverse_offset_last", port="linear_flow_inverse", source="classic: order")
def _(matrix, offset, y):
    """The offset is taken off after the inverse matrix."""
    return np.linalg.solve(matrix, y.T).T - offset, (
        library.linear_flow_inverse(matrix, offset, y)[1]
    )


@mistake("linear_flow_inverse_log_det_of_forward", port="linear_flow_inverse", source="L01")
def _(matrix, offset, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.linear_flow_inverse(matrix, offset, y)
    return x, -log_det


@mistake("linear_flow_inverse_as_orthogonal", port="linear_flow_inverse", source="classic")
def _(matrix, offset, y):
    """The transpose stands for the inverse, as if the matrix were orthogonal."""
    return (y - offset) @ matrix, library.linear_flow_inverse(matrix, offset, y)[1]


@mistake("triangular_flow_diagonal_not_logged", port="triangular_flow_forward", source="classic")
def _(lower, upper, x):
    """The diagonal is summed without its logarithm."""
    y, _ = library.triangular_flow_forward(lower, upper, x)
    return y, np.full(len(x), np.abs(np.diagonal(upper)).sum())


@mistake("triangular_flow_factors_exchanged", port="triangular_flow_forward", source="classic")
def _(lower, upper, x):
    """U L x in place of L U x."""
    return x @ lower.T @ upper.T, library.triangular_flow_forward(lower, upper, x)[1]


@mistake("triangular_flow_log_det_of_lower", port="triangular_flow_forward", source="classic")
def _(lower, upper, x):
    """The diagonal of ones is read: the log-determinant is zero."""
    return library.triangular_flow_forward(lower, upper, x)[0], np.zeros(len(x))


@mistake("triangular_flow_log_of_sum", port="triangular_flow_forward", source="classic")
def _(lower, upper, x):
    """The logarithm of the sum of the diagonal, not the sum of logarithms."""
    y, _ = library.triangular_flow_forward(lower, upper, x)
    return y, np.full(len(x), np.log(np.abs(np.diagonal(upper)).sum()))


@mistake("triangular_flow_inverse_order", port="triangular_flow_inverse", source="classic: order")
def _(lower, upper, y):
    """L is undone after U, not before it."""
    x = np.linalg.solve(lower, np.linalg.solve(upper, y.T)).T
    return x, library.triangular_flow_inverse(lower, upper, y)[1]


@mistake("triangular_flow_inverse_log_det_of_forward", port="triangular_flow_inverse", source="L01")
def _(lower, upper, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.triangular_flow_inverse(lower, upper, y)
    return x, -log_det


@mistake("permutation_scattered", port="permutation_forward", source="classic: gather and scatter")
def _(places, x):
    """x_i goes to place places[i]: the inverse permutation."""
    return library.permutation_inverse(places, x)


@mistake("permutation_forgotten_in_the_inverse", port="permutation_inverse", source="classic")
def _(places, y):
    """The inverse leaves the coordinates where they are."""
    return y.copy(), np.zeros(len(y))


@mistake("permutation_applied_twice", port="permutation_inverse", source="classic")
def _(places, y):
    """The inverse permutes forward once more, right for exchanges of two."""
    return library.permutation_forward(places, y)


@mistake("actnorm_variance_for_deviation", port="actnorm_forward", source="classic: the root")
def _(data, x):
    """Variances divide in place of standard deviations."""
    variance = deviations_of("actnorm_forward", data) ** 2
    return (x - data.mean(0)) / variance, np.full(len(x), -np.log(variance).sum())


@mistake("actnorm_log_det_sign", port="actnorm_forward", source="L02")
def _(data, x):
    """The log-determinant has the sign of the logarithm of the deviations."""
    y, log_det = library.actnorm_forward(data, x)
    return y, -log_det


@mistake("actnorm_mean_not_scaled", port="actnorm_forward", source="classic: order")
def _(data, x):
    """The mean is taken off after the scale."""
    deviations = deviations_of("actnorm_forward", data)
    return x / deviations - data.mean(0), library.actnorm_forward(data, x)[1]


@mistake("actnorm_variance_and_epsilon", port="actnorm_forward", source="classic: as BatchNorm")
def _(data, x):
    """1e-6 is added to the variance."""
    deviations = np.sqrt(deviations_of("actnorm_forward", data) ** 2 + 1e-6)
    return (x - data.mean(0)) / deviations, np.full(len(x), -np.log(deviations).sum())


@mistake("actnorm_deviation_and_epsilon", port="actnorm_forward", source="normflows")
def _(data, x):
    """1e-6 is added to the deviation."""
    deviations = deviations_of("actnorm_forward", data) + 1e-6
    return (x - data.mean(0)) / deviations, np.full(len(x), -np.log(deviations).sum())


@mistake("convolution_height_squared", port="channel_mixing", source="L04: h h for h w")
def _(matrix, images):
    """The log-determinant counts the square of the height, right for square images."""
    y, log_det = library.channel_mixing(matrix, images)
    return y, log_det / images.shape[3] * images.shape[2]


@mistake("convolution_pixels_left_out", port="channel_mixing",
         source="L04: tensorflow/probability #238, glow-tts #17")  # fmt: skip
def _(matrix, images):
    """The log-determinant counts one pixel."""
    y, log_det = library.channel_mixing(matrix, images)
    return y, log_det / np.prod(images.shape[2:])


@mistake("convolution_rows_counted", port="channel_mixing", source="L04: the wrong axis")
def _(matrix, images):
    """The log-determinant counts rows of pixels, not pixels."""
    y, log_det = library.channel_mixing(matrix, images)
    return y, log_det / images.shape[3]


@mistake("convolution_channels_counted", port="channel_mixing", source="L04: the wrong axis")
def _(matrix, images):
    """The log-determinant counts channels as well."""
    y, log_det = library.channel_mixing(matrix, images)
    return y, log_det * images.shape[1]


@mistake("convolution_summed_over_the_batch", port="channel_mixing", source="classic: every axis")
def _(matrix, images):
    """The log-determinants of all images are summed."""
    y, log_det = library.channel_mixing(matrix, images)
    return y, np.full(len(images), log_det.sum())


@mistake("convolution_transposed", port="channel_mixing", source="S09")
def _(matrix, images):
    """The transposed matrix mixes the channels."""
    return library.channel_mixing(matrix.T, images)

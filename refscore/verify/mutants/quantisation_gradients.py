"""Mistakes in the gradients of vector quantisation: of its losses, and of what goes through."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _gaps(x, codebook):
    codes, values = library.quantise(x, codebook)
    return codes, x - values


def _gathered(codes, rows, n_codes):
    out = np.zeros((n_codes, rows.shape[1]))
    np.add.at(out, codes, rows)
    return out


@mistake("commitment_gradient_sign", port="vq_point_gradient", source="classic: c - x")
def _(x, codebook, beta):
    """Points are pushed from their codes."""
    return -library.vq_point_gradient(x, codebook, beta)


@mistake("commitment_weight_on_codes", port="vq_point_gradient",
         source="diffusers: VectorQuantizer, legacy=True")  # fmt: skip
def _(x, codebook, beta):
    """Beta stands on the loss of the codes: points are moved with weight one."""
    return library.vq_point_gradient(x, codebook, 1.0)


@mistake(
    "commitment_gradient_both_losses", port="vq_point_gradient", source="classic: a lost detach"
)
def _(x, codebook, beta):
    """The codes' loss moves the points as well: the weight is 1 + beta."""
    return library.vq_point_gradient(x, codebook, 1.0 + beta)


@mistake(
    "commitment_gradient_not_doubled", port="vq_point_gradient", source="classic: the 2 of a square"
)
def _(x, codebook, beta):
    """The factor 2 of the square's derivative is lost."""
    return 0.5 * library.vq_point_gradient(x, codebook, beta)


@mistake("commitment_gradient_wrong_side", port="vq_point_gradient",
         source="classic: the other side detached")  # fmt: skip
def _(x, codebook, beta):
    """The stop stands on the points: nothing moves them."""
    return np.zeros_like(x)


@mistake("commitment_weight_squared", port="vq_point_gradient", source="classic: applied twice")
def _(x, codebook, beta):
    """Beta is applied in the loss and once more where losses are added."""
    return library.vq_point_gradient(x, codebook, beta**2)


@mistake("commitment_gradient_by_code", port="vq_point_gradient",
         source="classic: a mean over the points of a code")  # fmt: skip
def _(x, codebook, beta):
    """The mean is over the points of the same code, not over all points."""
    codes, gaps = _gaps(x, codebook)
    return 2 * beta * gaps / np.bincount(codes, minlength=len(codebook))[codes, None]


@mistake("codebook_gradient_sign", port="vq_codebook_gradient", source="classic: x - c")
def _(x, codebook, beta):
    """Codes are pushed from their points."""
    return -library.vq_codebook_gradient(x, codebook, beta)


@mistake("codebook_gradient_weighted", port="vq_codebook_gradient",
         source="diffusers: VectorQuantizer, legacy=True")  # fmt: skip
def _(x, codebook, beta):
    """Beta multiplies the loss of the codes."""
    return beta * library.vq_codebook_gradient(x, codebook, beta)


@mistake(
    "codebook_gradient_both_losses", port="vq_codebook_gradient", source="classic: a lost detach"
)
def _(x, codebook, beta):
    """The commitment loss moves the codes as well: the weight is 1 + beta."""
    return (1 + beta) * library.vq_codebook_gradient(x, codebook, beta)


@mistake("codebook_gradient_not_doubled", port="vq_codebook_gradient",
         source="classic: the 2 of a square")  # fmt: skip
def _(x, codebook, beta):
    """The factor 2 of the square's derivative is lost."""
    return 0.5 * library.vq_codebook_gradient(x, codebook, beta)


@mistake("codebook_gradient_by_code", port="vq_codebook_gradient",
         source="classic: means for sums over the points of a code")  # fmt: skip
def _(x, codebook, beta):
    """Every code's gradient is the mean over its own points."""
    codes, gaps = _gaps(x, codebook)
    n = np.bincount(codes, minlength=len(codebook))[:, None]
    return -2 * _gathered(codes, gaps, len(codebook)) / np.maximum(n, 1)


@mistake("codebook_gradient_last_point", port="vq_codebook_gradient",
         source="N11: out[codes] += with repeated indices")  # fmt: skip
def _(x, codebook, beta):
    """Of several points of a code the last alone counts: indexed addition does not add up."""
    codes, gaps = _gaps(x, codebook)
    out = np.zeros(codebook.shape)
    out[codes] += -2 * gaps / len(x)
    return out


@mistake("codebook_gradient_all_codes", port="vq_codebook_gradient",
         source="classic: no one-hot mask")  # fmt: skip
def _(x, codebook, beta):
    """Every code is pulled by every point."""
    return 2 * (codebook - x.mean(0))


@mistake("straight_through_codes_detached", port="vq_straight_through_gradient",
         source="D28: the wrong side detached")  # fmt: skip
def _(x, codebook, cotangent):
    """c + sg(x - c): nothing reaches the points."""
    return np.zeros_like(x)


@mistake("straight_through_codes_negated", port="vq_straight_through_gradient",
         source="D28: c - x + sg(x)")  # fmt: skip
def _(x, codebook, cotangent):
    """c - x + sg(x): the gradient is negated, the value the same."""
    return -cotangent


@mistake("straight_through_codes_doubled", port="vq_straight_through_gradient",
         source="classic: x + (c - sg(x)) on c = lookup(x) + x - sg(x)")  # fmt: skip
def _(x, codebook, cotangent):
    """The identity is added twice."""
    return 2 * cotangent


@mistake("straight_through_codes_scaled", port="vq_straight_through_gradient",
         source="classic: x sg(c / x)")  # fmt: skip
def _(x, codebook, cotangent):
    """The value is made by a ratio held fixed, x sg(c / x), whose gradient is that ratio's."""
    return cotangent * library.quantise(x, codebook)[1] / x


@mistake("straight_through_codes_swapped_rows", port="vq_straight_through_gradient",
         source="N11: gradients written in the order of codes")  # fmt: skip
def _(x, codebook, cotangent):
    """Gradients come back in the order of the codes, not of the points."""
    return cotangent[np.argsort(library.quantise(x, codebook)[0], kind="stable")]


def _plane(x, codebook):
    """Lengths, directions of points and of their codes, and that of their sum."""
    values = library.quantise(x, codebook)[1]
    size, length = (np.linalg.norm(a, axis=1, keepdims=True) for a in (x, values))
    one, two = x / size, values / length
    between = (one + two) / np.linalg.norm(one + two, axis=1, keepdims=True)
    return length / size, one, two, between


def _along(a, v):
    return v * (a * v).sum(1, keepdims=True)


@mistake(
    "rotation_not_transposed", port="vq_rotation_gradient", source="classic: R for its transpose"
)
def _(x, codebook, cotangent):
    """The gradient is turned forward, not back."""
    scale, one, two, r = _plane(x, codebook)
    along = two * (cotangent * one).sum(1, keepdims=True)
    return scale * (cotangent - 2 * _along(cotangent, r) + 2 * along)


@mistake("rotation_without_scale", port="vq_rotation_gradient", source="classic: a ratio lost")
def _(x, codebook, cotangent):
    """The ratio of the lengths is left out."""
    return library.vq_rotation_gradient(x, codebook, cotangent) / _plane(x, codebook)[0]


@mistake("rotation_scale_inverted", port="vq_rotation_gradient", source="classic: |x| / |c|")
def _(x, codebook, cotangent):
    """The ratio of the lengths is turned over."""
    return library.vq_rotation_gradient(x, codebook, cotangent) / _plane(x, codebook)[0] ** 2


@mistake("rotation_by_reflection", port="vq_rotation_gradient",
         source="Fifty et al. 2024: reflection in place of rotation")  # fmt: skip
def _(x, codebook, cotangent):
    """The plane's reflection that takes the point to its code is used: its last term is lost."""
    scale, one, two, _r = _plane(x, codebook)
    apart = (one - two) / np.linalg.norm(one - two, axis=1, keepdims=True)
    return scale * (cotangent - 2 * _along(cotangent, apart))


@mistake("rotation_sum_not_normalised", port="vq_rotation_gradient",
         source="classic: x / |x| + c / |c| taken as a unit vector")  # fmt: skip
def _(x, codebook, cotangent):
    """The sum of the directions is taken as it is, not as a unit vector."""
    scale, one, two, _r = _plane(x, codebook)
    turned = cotangent - 2 * _along(cotangent, one + two)
    return scale * (turned + 2 * one * (cotangent * two).sum(1, keepdims=True))


@mistake("rotation_left_out", port="vq_rotation_gradient", source="classic: straight-through")
def _(x, codebook, cotangent):
    """The gradient is passed as it is."""
    return cotangent.copy()


@mistake("rotation_last_term_sign", port="vq_rotation_gradient", source="classic: sign")
def _(x, codebook, cotangent):
    """The last term of the rotation is subtracted."""
    scale, one, two, r = _plane(x, codebook)
    last = 2 * one * (cotangent * two).sum(1, keepdims=True)
    return scale * (cotangent - 2 * _along(cotangent, r) - last)


@mistake("rotation_along_code_alone", port="vq_rotation_gradient", source="classic: a projection")
def _(x, codebook, cotangent):
    """The gradient's part along the code alone is handed on, along the point."""
    scale, one, two, _r = _plane(x, codebook)
    return scale * one * (cotangent * two).sum(1, keepdims=True)

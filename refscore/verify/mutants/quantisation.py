"""Mistakes in nearest codes and in their losses."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _squares(x, codebook):
    """All squared distances, by differences."""
    return ((x[:, None] - codebook) ** 2).sum(-1)


def _coded(codes, codebook):
    return codes, codebook[codes]


@mistake(
    "quantise_largest_product", port="quantise", source="classic: a dot product for a distance"
)
def _(x, codebook):
    """The code with the largest product is taken, not the nearest."""
    return _coded((x @ codebook.T).argmax(1), codebook)


@mistake("quantise_half_norm_doubled", port="quantise", source="classic: |c|^2 - x.c")
def _(x, codebook):
    """Codes are compared by |c|² - x·c: the factor 2 of the product is lost."""
    return _coded(((codebook**2).sum(1) - x @ codebook.T).argmin(1), codebook)


@mistake("quantise_norm_sign", port="quantise", source="classic: -|c|^2 - 2 x.c")
def _(x, codebook):
    """The squared length of codes enters with the other sign."""
    return _coded((-((codebook**2).sum(1)) - 2 * x @ codebook.T).argmin(1), codebook)


@mistake(
    "quantise_farthest", port="quantise", source="classic: argmax of distances, not of -distances"
)
def _(x, codebook):
    """The farthest code is taken."""
    return _coded(_squares(x, codebook).argmax(1), codebook)


# what depends on directions from the origin is decided by rounding far from it
FAR = ("nearest_code_is_where_it_is",)


@mistake("quantise_cosine", port="quantise", source="D19: unit lengths in a Euclidean book",
         rounding=FAR)  # fmt: skip
def _(x, codebook):
    """Points and codes are compared by direction alone."""
    unit = codebook / np.linalg.norm(codebook, axis=1, keepdims=True)
    return _coded((x @ unit.T).argmax(1), codebook)


@mistake("quantise_absolute_distance", port="quantise", source="classic: L1 for L2")
def _(x, codebook):
    """Absolute differences are summed, not squares."""
    return _coded(np.abs(x[:, None] - codebook).sum(-1).argmin(1), codebook)


@mistake("quantise_last_of_ties", port="quantise", source="classic: <= while scanning")
def _(x, codebook):
    """Of several nearest codes the last is taken."""
    return _coded(len(codebook) - 1 - _squares(x, codebook)[:, ::-1].argmin(1), codebook)


@mistake("quantise_products_uncentred", port="quantise",
         source="classic: |x|^2 - 2 x.c + |c|^2 far from the origin")  # fmt: skip
def _(x, codebook):
    """Distances come from squared lengths and products, which far away keep no digits of them."""
    squares = (x**2).sum(1)[:, None] - 2 * x @ codebook.T + (codebook**2).sum(1)
    return _coded(squares.argmin(1), codebook)


@mistake("quantise_products_from_five_coordinates", port="quantise",
         source="SciPy: cluster.vq with NFEATURES_CUTOFF = 5")  # fmt: skip
def _(x, codebook):
    """From five coordinates on distances come from squared lengths and products."""
    if x.shape[1] < 5:
        return library.quantise(x, codebook)
    squares = -2 * x @ codebook.T
    squares += (x**2).sum(1)[:, None] + (codebook**2).sum(1)
    return _coded(squares.argmin(1), codebook)


@mistake("quantise_distances_clamped", port="quantise",
         source="vector-quantize-pytorch: cdist clamps squares at 1e-8")  # fmt: skip
def _(x, codebook):
    """Squared distances below 1e-8 count as that, so that the first of close codes is taken."""
    return _coded(np.maximum(_squares(x, codebook), 1e-8).argmin(1), codebook)


@mistake("quantise_codes_from_one", port="quantise", source="classic: off by one")
def _(x, codebook):
    """Codes are counted from one, and so name the next row."""
    codes = library.quantise(x, codebook)[0] + 1
    return codes, codebook[codes % len(codebook)]


@mistake("quantise_point_for_code", port="quantise", source="classic: x - sg(x - c) written out")
def _(x, codebook):
    """The value is x + (x - c), on the other side of the point."""
    codes, values = library.quantise(x, codebook)
    return codes, 2 * x - values


LOSSES = ("codebook", "commitment")


def _losses(what):
    port = f"vq_{what}_loss"

    @mistake(f"{what}_loss_not_squared", port=port, source="classic: the norm for its square")
    def _(x, codebook):
        """The distance is taken, not its square."""
        return np.sqrt(library.vq_commitment_loss(x, codebook))

    @mistake(f"{what}_loss_to_mean_code", port=port, source="classic: expectation under the codes")
    def _(x, codebook):
        """The squared distance is averaged over all codes."""
        return _squares(x, codebook).mean(1)

    @mistake(f"{what}_loss_difference_of_norms", port=port, source="classic: |x|^2 - |c|^2")
    def _(x, codebook):
        """Squared lengths are subtracted, not squared differences taken."""
        values = library.quantise(x, codebook)[1]
        return np.abs((x**2).sum(1) - (values**2).sum(1))

    @mistake(f"{what}_loss_halved", port=port, source="classic: 1/2 |x - c|^2")
    def _(x, codebook):
        """Half the square is taken."""
        return 0.5 * library.vq_commitment_loss(x, codebook)


for _what in LOSSES:
    _losses(_what)

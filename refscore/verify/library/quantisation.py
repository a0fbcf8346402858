"""Ports of the library: nearest codes, codebooks, scalar quantisers."""

from __future__ import annotations

from refscore import discrete

__all__ = [
    "codebook_update", "finite_scalar", "finite_scalar_gradient", "finite_scalar_values",
    "lloyd_max", "lloyd_step", "lookup_free", "perplexity", "quantise", "replace_dead_codes",
    "scalar_distortion", "vq_codebook_gradient", "vq_codebook_loss", "vq_commitment_loss",
    "vq_point_gradient", "vq_rotation_gradient", "vq_straight_through_gradient",
]  # fmt: skip


def quantise(x, codebook):
    """The nearest code and its row."""
    return tuple(discrete.quantise(x, codebook))


def vq_codebook_loss(x, codebook):
    """What pulls the codes."""
    return discrete.vq_losses(x, codebook).codebook


def vq_commitment_loss(x, codebook):
    """What pulls the points."""
    return discrete.vq_losses(x, codebook).commitment


def vq_point_gradient(x, codebook, beta):
    """The gradient in the points."""
    return discrete.vq_gradients(x, codebook, beta).points


def vq_codebook_gradient(x, codebook, beta):
    """The gradient in the codes."""
    return discrete.vq_gradients(x, codebook, beta).codebook


def vq_straight_through_gradient(x, codebook, cotangent):
    """The gradient of the code, handed to the point."""
    return discrete.vq_straight_through_gradient(x, codebook, cotangent)


def vq_rotation_gradient(x, codebook, cotangent):
    """The same, turned back."""
    return discrete.vq_rotation_gradient(x, codebook, cotangent)


def codebook_update(x, codebook, counts, sums, decay, epsilon):
    """One update by moving averages."""
    state = codebook, counts, sums
    return tuple(discrete.update_codebook(state, x, decay=decay, epsilon=epsilon))


def replace_dead_codes(x, codebook, counts, sums, threshold, rows):
    """Dead codes made points."""
    state = codebook, counts, sums
    return tuple(discrete.replace_dead_codes(state, x, threshold, rows=rows))


def lloyd_step(x, codebook):
    """A step of Lloyd's."""
    return discrete.lloyd_step(x, codebook)


def perplexity(index, n_codes):
    """How many codes are in use."""
    return discrete.perplexity(index, n_codes)


def lloyd_max(n_levels, mu, sd):
    """The optimal levels."""
    return discrete.lloyd_max(n_levels, mu, sd).levels


def scalar_distortion(reproduction, mu, sd):
    """The error of any levels."""
    return discrete.scalar_distortion(reproduction, mu, sd)


def finite_scalar(x, bins):
    """Coordinates bounded and rounded."""
    return tuple(discrete.finite_scalar(x, bins))


def finite_scalar_values(index, bins):
    """The values of codes."""
    return discrete.finite_scalar_values(index, bins)


def finite_scalar_gradient(x, bins, cotangent):
    """What rounding passes back."""
    return discrete.finite_scalar_gradient(x, bins, cotangent)


def lookup_free(x):
    """Signs and their bits."""
    return tuple(discrete.lookup_free(x))

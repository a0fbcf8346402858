"""Formulas as the lectures print them, where no other chapter lists them as mistakes."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


@mistake("fisher_is_objective", port="fisher_loss", source="seeds 001, 004, erratum J9 as printed")
def _(field, score, x):
    """The implicit objective stands for the divergence: their constant is missing."""
    return library.implicit_loss(field, x)


@mistake("fisher_blind_to_second", port="fisher_loss", source="seed 004, erratum J10 as printed")
def _(field, score, x):
    """The gap is projected onto the first axis, with no mean over directions."""
    return 0.5 * (field(x) - score(x))[:, 0] ** 2


@mistake("sliced_first_axis", port="sliced_loss", source="seed 004, erratum J10 as printed")
def _(field, x, probes):
    """The first axis is the only direction: no mean over probes is taken."""
    axis = np.zeros_like(probes)
    axis[..., 0] = 1.0
    return library.sliced_loss(field, x, axis)

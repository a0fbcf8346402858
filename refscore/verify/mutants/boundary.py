"""Mistakes in what integration by parts leaves where a density jumps."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _ends(field, law, *, high=1.0, low=-1.0, power=1, field_at=None):
    """high·p s at the upper end plus low·p s at the lower."""
    total = 0.0
    for end, sign in (
        ((law.high, high), (law.low, low)) if hasattr(law, "low") else ((np.zeros(1), low),)
    ):
        if np.isfinite(end).all():
            p = np.exp(library.log_density(law, end[None]))[0]
            s = (field_at or field)(end[None]).ravel()[0]
            total += sign * p**power * s
    return total


@mistake("boundary_sign", port="boundary_term", source="classic")
def _(field, law):
    """The lower end minus the upper end."""
    return _ends(field, law, high=-1.0, low=1.0)


@mistake("boundary_ends_added", port="boundary_term", source="classic")
def _(field, law):
    """Both ends are added."""
    return _ends(field, law, low=1.0)


@mistake("boundary_upper_end_only", port="boundary_term", source="classic")
def _(field, law):
    """The lower end is left out."""
    return _ends(field, law, low=0.0)


@mistake("boundary_lower_end_only", port="boundary_term", source="classic")
def _(field, law):
    """The upper end is left out."""
    return _ends(field, law, high=0.0)


@mistake("boundary_without_density", port="boundary_term", source="classic")
def _(field, law):
    """The field alone at both ends, without the density."""
    return _ends(field, law, power=0)


@mistake("boundary_density_squared", port="boundary_term", source="classic")
def _(field, law):
    """The density counts twice."""
    return _ends(field, law, power=2)


@mistake("boundary_derivative", port="boundary_term", source="classic")
def _(field, law):
    """The field's derivative stands where its value belongs."""
    return _ends(field, law, field_at=field.jacobian)


@mistake("boundary_half", port="boundary_term", source="classic: the half of the square")
def _(field, law):
    """The term carries the loss's ½."""
    return 0.5 * _ends(field, law)


@mistake("boundary_of_the_square", port="boundary_term", source="classic")
def _(field, law):
    """p s² stands where p s belongs."""
    return _ends(field, law, field_at=lambda x: field(x) ** 2)

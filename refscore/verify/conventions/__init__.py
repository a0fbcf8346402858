"""Conventions: the finite set of readings that are a choice, not a mistake.

A subject that declares `conventions = {"half": False}` is judged by what it declared: the
kit turns its answers into the default reading before comparing. `"denoising_loss.half"`
declares it for one port alone. What is not declared has the default, the first value.

One file a family of ports; a new convention is one entry of its family's `CONVENTIONS`, and a
line in its `handed` or `read` where the kit turns arguments or answers.
"""

from .base import Convention, Family
from .core import (
    APPLIES,
    CONVENTIONS,
    FAMILIES,
    RIGHT_SIDE,
    for_port,
    from_subject,
    spoken_by,
    to_subject,
)
from .declaring import check_declared, values_of
from .densities import declines

__all__ = [
    "APPLIES",
    "CONVENTIONS",
    "FAMILIES",
    "RIGHT_SIDE",
    "Convention",
    "Family",
    "check_declared",
    "declines",
    "for_port",
    "from_subject",
    "spoken_by",
    "to_subject",
    "values_of",
]

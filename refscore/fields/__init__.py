"""Vector fields on points, with their derivatives, and what is built from them."""

from refscore.fields.affine import Affine, Zero
from refscore.fields.base import Field
from refscore.fields.combinations import Restricted, Scaled, Sum
from refscore.fields.families import Family, as_velocity
from refscore.fields.functions import Function, LinearInParameters
from refscore.fields.levels import PerLevel
from refscore.fields.linearisation import Linearisation, Local

__all__ = [
    "Affine",
    "Family",
    "Field",
    "Function",
    "LinearInParameters",
    "Linearisation",
    "Local",
    "PerLevel",
    "Restricted",
    "Scaled",
    "Sum",
    "Zero",
    "as_velocity",
]

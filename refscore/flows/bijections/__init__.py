"""Invertible maps with log-determinants and explicit pullbacks: the layers of discrete flows."""

from refscore.flows.bijections.autoregressive import AutoregressiveAffine
from refscore.flows.bijections.base import Bijection
from refscore.flows.bijections.composition import Composition, Inverse
from refscore.flows.bijections.conditioner import Conditioner
from refscore.flows.bijections.coupling import AffineCoupling
from refscore.flows.bijections.elementwise import SinhArcsinh, Spline
from refscore.flows.bijections.linear import (
    ChannelMixing,
    LinearFlow,
    LUFlow,
    determinant_operations,
)
from refscore.flows.bijections.residual import Planar, Radial
from refscore.flows.bijections.simple import ActNorm, Permutation, Standardise

__all__ = [
    "ActNorm", "AffineCoupling", "AutoregressiveAffine", "Bijection", "ChannelMixing",
    "Composition", "Conditioner", "Inverse", "LUFlow", "LinearFlow", "Permutation", "Planar",
    "Radial", "SinhArcsinh", "Spline", "Standardise", "determinant_operations",
]  # fmt: skip

"""Flows of velocities z' = f(z, t): closed forms, continuous and discrete."""

from refscore.flows.bijections import (
    ActNorm,
    AffineCoupling,
    AutoregressiveAffine,
    Bijection,
    ChannelMixing,
    Composition,
    Conditioner,
    Inverse,
    LinearFlow,
    LUFlow,
    Permutation,
    Planar,
    Radial,
    SinhArcsinh,
    Spline,
    Standardise,
)
from refscore.flows.continuity import carried_density, continuity_residual
from refscore.flows.continuous import ContinuousFlow, FlowDensity, FlowGradient
from refscore.flows.exact import Cubic, Forced, Logistic, Sine
from refscore.flows.normalising import Flow
from refscore.flows.planes import Hopf, Linear, Rotating
from refscore.flows.probability import probability_flow
from refscore.flows.regularisers import directional_energy, jacobian_energy, kinetic_energy

__all__ = [
    "ActNorm",
    "AffineCoupling",
    "AutoregressiveAffine",
    "Bijection",
    "ChannelMixing",
    "Composition",
    "Conditioner",
    "ContinuousFlow",
    "Cubic",
    "Flow",
    "FlowDensity",
    "FlowGradient",
    "Forced",
    "Hopf",
    "Inverse",
    "LUFlow",
    "Linear",
    "LinearFlow",
    "Logistic",
    "Permutation",
    "Planar",
    "Radial",
    "Rotating",
    "Sine",
    "SinhArcsinh",
    "Spline",
    "Standardise",
    "carried_density",
    "continuity_residual",
    "directional_energy",
    "jacobian_energy",
    "kinetic_energy",
    "probability_flow",
]

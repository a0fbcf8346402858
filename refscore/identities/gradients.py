"""Chapter B: parameter gradients of the losses."""

from __future__ import annotations

from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.fields import (
    HYVARINEN,
    SONG,
    VINCENT,
    parametric_cases,
)
from refscore.oracles import objectives as losses


@identity(
    "B2-gradient",
    ports="implicit_loss_gradient",
    statement=r"\nabla_\theta\frac1n\sum_i[\tfrac12\|s_\theta(x_i)\|^2 + "
    r"\operatorname{tr}\nabla s_\theta(x_i)]",
    source=HYVARINEN,
    cases=parametric_cases,
    family="parametric field",
    tolerance=1e-8,
)
def implicit_gradient(ports, case):
    """The parameter gradient of the mean implicit loss."""
    right = losses.gradient(losses.implicit, case.field, case.x)
    yield Sides("gradient", ports.implicit_loss_gradient(case.field, case.x), right)


@identity(
    "B8-gradient",
    ports="sliced_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean sliced loss on given probes}",
    source=SONG,
    cases=lambda: parametric_cases(probes=2),
    family="parametric field with probes",
    tolerance=1e-8,
)
def sliced_gradient(ports, case):
    """The parameter gradient of the mean sliced loss."""
    got = ports.sliced_loss_gradient(case.field, case.x, probes=case.probes)
    yield Sides(
        "gradient",
        got,
        losses.gradient(losses.sliced, case.field, case.x, case.probes),
    )


@identity(
    "B8-reduced-gradient",
    ports="variance_reduced_sliced_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean variance-reduced loss on given probes}",
    source=SONG,
    cases=lambda: parametric_cases(probes=2),
    family="parametric field with probes",
    tolerance=1e-8,
)
def variance_reduced_gradient(ports, case):
    """The parameter gradient of the mean variance-reduced sliced loss."""
    got = ports.variance_reduced_sliced_loss_gradient(case.field, case.x, probes=case.probes)
    right = losses.gradient(losses.variance_reduced_sliced, case.field, case.x, case.probes)
    yield Sides("gradient", got, right)


@identity(
    "B5-gradient",
    ports="denoising_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean denoising loss on given noise}",
    source=VINCENT,
    cases=lambda: [
        Case(f"{case.name}, sigma {sigma}", **case.inputs)
        for sigma in (0.3, 1.7)
        for case in parametric_cases(sigma=sigma)
    ],
    family="parametric field with noise",
    tolerance=1e-8,
)
def denoising_gradient(ports, case):
    """The parameter gradient of the mean denoising loss."""
    got = ports.denoising_loss_gradient(case.field, case.x, case.sigma, noise=case.noise)
    right = losses.gradient(losses.denoising, case.field, case.x, case.sigma, case.noise)
    yield Sides("gradient", got, right)

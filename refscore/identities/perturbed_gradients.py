"""Chapter B: parameter gradients of the losses on perturbed data."""

from __future__ import annotations

from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.fields import VINCENT, parametric_cases
from refscore.identities.noisy_data import KINGMA, strength_cases
from refscore.identities.perturbed import WANG, data_cases, kernel_cases
from refscore.identities.shortcuts import PANG, step_cases
from refscore.oracles import perturbed as losses
from refscore.oracles.objectives import gradient


def _parametric(cases):
    return lambda: [case for case in cases() if case.field.kind in ("affine", "mlp")]


def _noised():
    return [
        Case(f"{case.name}, sigma {sigma}", **case.inputs)
        for sigma in (0.3, 1.7)
        for case in parametric_cases(sigma=sigma)
    ]


@identity(
    "B4-gradient",
    ports="explicit_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean explicit loss against }q_h",
    source=VINCENT,
    cases=_parametric(data_cases),
    family="parametric field with data",
    tolerance=1e-8,
)
def explicit_gradient(ports, case):
    """The parameter gradient of the mean explicit loss against a kernel density."""
    got = ports.explicit_loss_gradient(case.field, case.x, case.data, case.bandwidth)
    right = gradient(losses.explicit, case.field, case.x, case.data, case.bandwidth)
    yield Sides("gradient", got, right)


@identity(
    "B5-kernel-gradient",
    ports="gaussian_denoising_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean denoising loss of the kernel }N(ax, C)",
    source=VINCENT,
    cases=_parametric(kernel_cases),
    family="parametric field with a kernel",
    tolerance=1e-8,
)
def gaussian_denoising_gradient(ports, case):
    """The parameter gradient of the mean denoising loss of any Gaussian kernel."""
    a, c = case.scale, case.covariance
    got = ports.gaussian_denoising_loss_gradient(case.field, case.x, a, c, noise=case.noise)
    right = gradient(losses.gaussian_denoising, case.field, case.x, a, c, case.noise)
    yield Sides("gradient", got, right)


@identity(
    "B7-gradient",
    ports="controlled_denoising_loss_gradient",
    statement=r"\nabla_\theta\frac1n\sum_i[\tfrac12\|s_\theta(\tilde x_i)+z_i/\sigma\|^2"
    r"-z_i\cdot s_\theta(x_i)/\sigma]",
    source=WANG,
    cases=_noised,
    family="parametric field with noise",
    tolerance=1e-8,
)
def controlled_gradient(ports, case):
    """The parameter gradient of the mean controlled loss, control variate included."""
    got = ports.controlled_denoising_loss_gradient(case.field, case.x, case.sigma, noise=case.noise)
    right = gradient(losses.controlled_denoising, case.field, case.x, case.sigma, case.noise)
    yield Sides("gradient", got, right)


@identity(
    "B10-gradient",
    ports="noisy_implicit_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean implicit loss at }x+\sigma z",
    source=KINGMA,
    cases=_noised,
    family="parametric field with noise",
    tolerance=1e-8,
)
def noisy_implicit_gradient(ports, case):
    """The parameter gradient of the mean implicit loss at noised points."""
    got = ports.noisy_implicit_loss_gradient(case.field, case.x, case.sigma, noise=case.noise)
    right = gradient(losses.noisy_implicit, case.field, case.x, case.sigma, case.noise)
    yield Sides("gradient", got, right)


@identity(
    "B10-regularised-gradient",
    ports="regularised_implicit_loss_gradient",
    statement=r"\nabla_\theta\frac1n\sum_i[\tfrac12\|s\|^2+\operatorname{tr}\nabla s"
    r"+\lambda\sum_k(\partial_ks_k)^2]",
    source=KINGMA,
    cases=_parametric(strength_cases),
    family="parametric field with a strength",
    tolerance=1e-8,
)
def regularised_implicit_gradient(ports, case):
    """The parameter gradient of the mean regularised implicit loss."""
    got = ports.regularised_implicit_loss_gradient(case.field, case.x, case.strength)
    right = gradient(losses.regularised_implicit, case.field, case.x, case.strength)
    yield Sides("gradient", got, right)


@identity(
    "B13-gradient",
    ports="finite_difference_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean finite-difference loss on given probes}",
    source=PANG,
    cases=_parametric(step_cases),
    family="parametric field with probes and a step",
    tolerance=1e-8,
)
def finite_difference_gradient(ports, case):
    """The parameter gradient of the mean finite-difference sliced loss."""
    got = ports.finite_difference_loss_gradient(case.field, case.x, case.step, probes=case.probes)
    right = gradient(losses.finite_difference, case.field, case.x, case.step, case.probes)
    yield Sides("gradient", got, right)

"""Chapter B: kernel densities as data, Gaussian kernels as noise, a control variate."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.fields import (
    VINCENT,
    affine_on_gaussians,
    by_point,
    field_cases,
    joint_nodes,
    noise_cases,
    noised_gaussians,
)
from refscore.identities.precision import is_single

WANG = "seed 004; Wang, Cheng, Li, Zhu and Zhang 2020"


def data_cases():
    """The fields on a few points, with other points as data, and a bandwidth that is not 1."""
    for case in field_cases():
        d = case.x.shape[-1]
        data = settings.points(4, d, 1)
        yield Case(case.name, **case.inputs, data=data, bandwidth=1.3)
    field, x = settings.mixture_score(2), settings.points(5, 2)
    data = settings.points(6, 2, 2)
    yield Case("mixture score, narrow kernels", field=field, x=x, data=data, bandwidth=0.45)
    field = settings.network(2)
    yield Case("80 bandwidths from the data", field=field, x=x + 9, data=data, bandwidth=0.1)


def kernel_cases():
    """Noise of another covariance than the identity, data scaled."""
    for case in noise_cases():
        if "sigma" in case.name:
            continue
        d = case.x.shape[-1]
        inputs = {"field": case.field, "x": case.x, "noise": case.noise}
        yield Case(case.name, **inputs, scale=0.7, covariance=settings.covariance(d, 3, low=0.2))


@identity(
    "B4",
    ports="explicit_loss",
    statement=r"\ell = \tfrac12\|s(x)-\nabla\log q_h(x)\|^2,\ "
    r"q_h = \frac1m\sum_j N(x_j, h^2I)",
    source=VINCENT,
    cases=data_cases,
    family="field with data",
)
def explicit_given_data(ports, case):
    """The explicit loss against the kernel density of given data, at every point."""
    got = ports.explicit_loss(case.field, case.x, case.data, case.bandwidth)
    right = oracles.perturbed.explicit(case.field, case.x, case.data, case.bandwidth)
    yield Sides("loss", got, right)


@identity(
    "B4-denoising",
    ports="explicit_loss denoising_loss",
    statement=r"E_{q_h}\tfrac12\|s-\nabla\log q_h\|^2 = E\,\tfrac12\|s(x_j+hz)+z/h\|^2"
    r"-\Big[\frac d{2h^2}-\tfrac12 I(q_h)\Big]",
    assumptions="a finite sample; noise integrated by Gauss-Hermite nodes",
    source=VINCENT,
    tolerance=1e-8,
    cases=lambda: [
        Case("network, d = 1", field=settings.network(1, (4, 3)), data=settings.points(4, 1, 1),
             bandwidth=0.6, order=100),
        Case("affine, d = 2", field=settings.affine(2), data=settings.points(3, 2, 1, spread=0.6),
             bandwidth=1.3, order=26),
    ],
)  # fmt: skip
def explicit_is_denoising(ports, case):
    """Explicit matching of a kernel density is denoising at sigma = h, plus a constant."""
    field, data, h = case.field, case.data, case.bandwidth
    m, d = data.shape
    nodes, w = settings.hermite(d, case.order)
    x, z = np.repeat(data, len(nodes), axis=0), np.tile(nodes, (m, 1))
    w = np.tile(w, m) / m
    if field.kind == "affine":
        moments = Law("gaussian", mean=data.mean(0), covariance=np.cov(data.T, ddof=0))
        want = oracles.objectives.denoising_affine(field, moments, h)
    else:
        want = oracles.perturbed.denoising_mean_1d(field, data, h)
    denoised = by_point(lambda a, b: ports.denoising_loss(field, a, h, noise=b), x, z)
    yield Sides("mean denoising loss", w @ denoised, np.array(want))
    explicit = by_point(lambda y: ports.explicit_loss(field, y, data, h), x + h * z)
    constant = oracles.perturbed.kernel_constant(data, h)
    yield Sides("mean explicit loss", w @ explicit, np.array(want - constant), want)


@identity(
    "B5-kernel",
    ports="gaussian_denoising_loss",
    statement=r"\ell = \tfrac12\|s(ax+Lz)+L^{-T}z\|^2,\ LL^T = C",
    source=VINCENT,
    cases=kernel_cases,
    family="field with a kernel",
)
def gaussian_denoising_given_noise(ports, case):
    """The denoising loss of the kernel N(a x, C) on given noise."""
    a, c = case.scale, case.covariance
    got = ports.gaussian_denoising_loss(case.field, case.x, a, c, noise=case.noise)
    right = oracles.perturbed.gaussian_denoising(case.field, case.x, a, c, case.noise)
    yield Sides("loss", got, right)


@identity(
    "B5-kernel-gaussian",
    ports="gaussian_denoising_loss",
    statement=r"E\ell = \tfrac12[\operatorname{tr}A(a^2S+C)A^T+\|aA\mu+b\|^2]"
    r"+\operatorname{tr}A+\tfrac12\operatorname{tr}C^{-1}",
    assumptions="affine field, Gaussian data, kernel N(a x, C)",
    source=VINCENT,
    cases=lambda: [
        Case(c.name, **c.inputs, scale=0.6, covariance=settings.covariance(len(c.law.mean), 3))
        for c in affine_on_gaussians()
    ],
    family="affine on a Gaussian with a kernel",
)
def gaussian_denoising_affine(ports, case):
    """The mean denoising loss of an affine field for any Gaussian kernel."""
    field, law, a, c = case.field, case.law, case.scale, case.covariance
    x, z, w = joint_nodes(law)
    mean = w @ by_point(
        lambda y, noise: ports.gaussian_denoising_loss(field, y, a, c, noise=noise), x, z
    )
    want = oracles.perturbed.gaussian_denoising_affine(field, law, a, c)
    yield Sides("mean loss", mean, np.array(want), abs(want) + abs(np.trace(field.matrix)))


def _controlled_terms(case):
    x, z, sigma = case.x, case.noise, case.sigma
    s, noised = oracles.fields.value(case.field, x), oracles.fields.value(case.field, x + sigma * z)
    constant = np.full(len(x), x.shape[-1] / (2 * sigma**2))
    return {
        "½‖s(x̃)‖²": 0.5 * (noised**2).sum(-1),
        "z·s(x̃)/σ": (z * noised).sum(-1) / sigma,
        "−z·s(x)/σ": -(z * s).sum(-1) / sigma,
        "d/(2σ²)": constant,
    }


@identity(
    "B7",
    ports="controlled_denoising_loss",
    statement=r"\ell = \tfrac12\|s(x+\sigma z)+z/\sigma\|^2 - z\cdot s(x)/\sigma"
    r" - \frac{\|z\|^2-d}{2\sigma^2}",
    source=WANG,
    cases=noise_cases,
    family="field with noise",
    terms=_controlled_terms,
)
def controlled_given_noise(ports, case):
    """The denoising loss less its control variate, on given noise."""
    got = ports.controlled_denoising_loss(case.field, case.x, case.sigma, noise=case.noise)
    right = oracles.perturbed.controlled_denoising(case.field, case.x, case.sigma, case.noise)
    yield Sides("loss", got, right)


@identity(
    "B7-mean",
    ports="controlled_denoising_loss",
    statement=r"E_z\Big[z\cdot s(x)/\sigma+\frac{\|z\|^2-d}{2\sigma^2}\Big] = 0",
    assumptions="any field, noise independent of the point; the same nodes on both sides",
    source=WANG,
    cases=lambda: [c for c in field_cases(sigma=0.3) if c.x.shape[-1] < 4],
    family="field with noise",
)
def controlled_mean(ports, case):
    """The control variate leaves the mean of the denoising loss, for any field."""
    field, sigma, d = case.field, case.sigma, case.x.shape[-1]
    z, w = settings.hermite(d, 4)
    for x in case.x[:2]:
        many = np.tile(x, (len(z), 1))
        got = w @ by_point(
            lambda a, b: ports.controlled_denoising_loss(field, a, sigma, noise=b), many, z
        )
        yield Sides("mean", got, w @ oracles.objectives.denoising(field, many, sigma, z))


@identity(
    "B7-variance",
    ports="controlled_denoising_loss",
    statement=r"\operatorname{Var}\to\operatorname{Var}(\tfrac12\|s\|^2+\operatorname{tr}\nabla s)"
    r"+2\|\operatorname{sym}A\|_F^2\ (\sigma\to0)",
    assumptions="affine field, Gaussian data; at every sigma by its closed form",
    source=WANG,
    cases=noised_gaussians,
    family="affine on a Gaussian with noise",
)
def controlled_variance(ports, case):
    """The variance of the controlled loss of an affine field, bounded as sigma vanishes."""
    # the loss itself is d / (2 sigma^2): at 0.01 single precision loses its spread
    for sigma in (case.sigma, 0.1 if is_single(ports) else 0.01):
        got = _variance(ports.controlled_denoising_loss, case, sigma)
        want = oracles.perturbed.controlled_variance(case.field, case.law, sigma)
        yield Sides(f"variance at sigma = {sigma}", got, np.array(want), max(want, 1.0))


@identity(
    "B7-plain",
    ports="denoising_loss",
    statement=r"\operatorname{Var} = \tfrac12\|B^TB\|_F^2+\|B^Tu\|^2,\ "
    r"B = [AS^{1/2},\ \sigma A+I/\sigma],\ \sigma^4\operatorname{Var}\to\tfrac d2",
    assumptions="affine field, Gaussian data, u = A mu + b",
    source="seed 004; derived",
    cases=noised_gaussians,
    family="affine on a Gaussian with noise",
)
def denoising_variance(ports, case):
    """The variance of the plain denoising loss grows like d / (2 sigma^4)."""
    for sigma in (case.sigma, 0.01):
        got = _variance(ports.denoising_loss, case, sigma)
        want = oracles.perturbed.denoising_variance(case.field, case.law, sigma)
        yield Sides(f"variance at sigma = {sigma}", got, np.array(want))


def _variance(port, case, sigma):
    x, z, w = joint_nodes(case.law)
    loss = by_point(lambda a, b: port(case.field, a, sigma, noise=b), x, z)
    return w @ (loss - w @ loss) ** 2

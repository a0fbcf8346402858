"""Chapter B: the Fisher divergence, and the losses that fit a score without knowing it."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.fields import (
    HYVARINEN,
    VINCENT,
    affine_on_gaussians,
    by_point,
    gaussian_nodes,
    joint_nodes,
    noise_cases,
    noised_gaussians,
    point_cases,
)


def _terms(case):
    s = oracles.fields.value(case.field, case.x)
    return {
        "½‖s‖²": 0.5 * (s**2).sum(-1),
        "tr ∇s": oracles.fields.divergence(case.field, case.x),
    }


def _denoising_terms(case):
    s = oracles.fields.value(case.field, case.x + case.sigma * case.noise)
    return {
        "½‖s(x̃)‖²": 0.5 * (s**2).sum(-1),
        "z·s(x̃)/σ": (case.noise * s).sum(-1) / case.sigma,
        "‖z‖²/(2σ²)": 0.5 * (case.noise**2).sum(-1) / case.sigma**2,
    }


@identity(
    "B2",
    ports="implicit_loss",
    statement=r"\ell(x) = \tfrac12\|s(x)\|^2 + \operatorname{tr}\nabla s(x)",
    source=HYVARINEN,
    cases=point_cases,
    family="field",
    terms=_terms,
)
def implicit_affine(ports, case):
    """The implicit loss at every point, for affine fields, mixture scores and networks."""
    right = oracles.objectives.implicit(case.field, case.x)
    yield Sides("loss", ports.implicit_loss(case.field, case.x), right)


@identity(
    "B2-gaussian",
    ports="implicit_loss",
    statement=r"F = E[\tfrac12\|s\|^2 + \operatorname{tr}\nabla s] + \tfrac12\operatorname{tr}P",
    assumptions="Gaussian data N(mu, S), P = S^-1; affine field A x + b",
    source=HYVARINEN,
    cases=affine_on_gaussians,
    family="affine on a Gaussian",
)
def implicit_is_fisher(ports, case):
    """Integration by parts: the implicit objective is the Fisher divergence plus a constant."""
    law, field = case.law, case.field
    x, w = gaussian_nodes(law)
    mean = w @ by_point(lambda p: ports.implicit_loss(field, p), x)
    fisher = oracles.objectives.fisher_affine(field, law)
    constant = 0.5 * np.trace(np.linalg.inv(law.covariance))
    yield Sides("F", mean + constant, np.array(fisher))


@identity(
    "B2-1d",
    ports="implicit_loss",
    statement=r"\tfrac12 E(s-(\log\pi)')^2 = E[\tfrac12 s^2 + s'] + \tfrac12 E[(\log\pi)'^2]",
    assumptions="mixture data on the line, network field",
    source="seed 000 (the proof in one dimension)",
    cases=lambda: [
        Case(
            "network on a mixture",
            field=settings.network(1, (4, 3)),
            law=Law(
                "mixture", weights=[0.6, 0.4], means=[[1.3], [-1.0]], covariances=[[[0.5]], [[0.8]]]
            ),
        )
    ],
    tolerance=1e-8,
)
def implicit_is_fisher_1d(ports, case):
    """The one-dimensional theorem on a mixture and a non-linear field."""
    step = 20 / 400
    x = (-10 + step * (np.arange(400) + 0.5))[:, None]
    p = step * np.exp(oracles.scores.log_density(case.law, x))
    truth = oracles.scores.score(case.law, x)[:, 0]
    s = oracles.fields.value(case.field, x)[:, 0]
    mean = p @ by_point(lambda q: ports.implicit_loss(case.field, q), x)
    yield Sides("F", mean + 0.5 * p @ truth**2, 0.5 * p @ (s - truth) ** 2)


@identity(
    "B1",
    ports="fisher_loss",
    statement=r"F(\pi,s) = \tfrac12 E_\pi\|s-\nabla\log\pi\|^2 \ge 0,\ "
    r"\tfrac12[\operatorname{tr}ASA^T + 2\operatorname{tr}A + \operatorname{tr}P + \|A\mu+b\|^2]",
    assumptions="affine field on Gaussian data",
    source=HYVARINEN,
    cases=affine_on_gaussians,
    family="affine on a Gaussian",
)
def fisher_divergence_affine(ports, case):
    """The Fisher divergence of an affine field from a Gaussian, and 0 at the score."""
    law, field = case.law, case.field
    x, w = gaussian_nodes(law)
    truth = settings.gaussian_score(law)
    got = w @ by_point(lambda p: ports.fisher_loss(field, truth, p), x)
    want = oracles.objectives.fisher_affine(field, law)
    yield Sides("F", got, np.array(want))
    zero = w @ by_point(lambda p: ports.fisher_loss(truth, truth, p), x)
    yield Sides("F at the score", zero, np.array(0.0), want)


@identity(
    "B1-asymmetric",
    ports="fisher_loss",
    statement=r"F(\pi,p) = \tfrac12 E_\pi\|\nabla\log p-\nabla\log\pi\|^2 \ne F(p,\pi)",
    assumptions="two Gaussians",
    source="seed 004",
    cases=lambda: [Case("two Gaussians", law=settings.gaussian(2), other=settings.mixture(2))],
    family="Gaussian and mixture",
)
def fisher_divergence_asymmetric(ports, case):
    """Averaged over one law or the other, the Fisher divergence differs."""
    p = case.law
    q = Law("gaussian", mean=case.other.means[0], covariance=case.other.covariances[0])
    both = []
    for law, model in ((p, q), (q, p)):
        x, w = gaussian_nodes(law)
        s, t = settings.gaussian_score(model), settings.gaussian_score(law)
        both.append(w @ by_point(lambda z, s=s, t=t: ports.fisher_loss(s, t, z), x))
        want = oracles.objectives.fisher_affine(s, law)
        yield Sides("F", both[-1], np.array(want))


@identity(
    "B5",
    ports="denoising_loss",
    statement=r"\ell = \tfrac12\|s(x+\sigma z) + z/\sigma\|^2",
    source=VINCENT,
    cases=noise_cases,
    family="field with noise",
    terms=_denoising_terms,
)
def denoising_given_noise(ports, case):
    """The denoising loss on given noise: the target is -z/sigma at the noised point."""
    got = ports.denoising_loss(case.field, case.x, case.sigma, noise=case.noise)
    yield Sides(
        "loss", got, oracles.objectives.denoising(case.field, case.x, case.sigma, case.noise)
    )


@identity(
    "B5-gaussian",
    ports="denoising_loss",
    statement=r"E\ell = \tfrac12[\operatorname{tr}A(S+\sigma^2I)A^T+\|A\mu+b\|^2]"
    r"+\operatorname{tr}A+\frac{d}{2\sigma^2}",
    assumptions="affine field, Gaussian data",
    source=VINCENT,
    cases=noised_gaussians,
    family="affine on a Gaussian with noise",
)
def denoising_affine(ports, case):
    """The mean denoising loss of an affine field on Gaussian data."""
    law, field, sigma = case.law, case.field, case.sigma
    mean = _denoising_mean(ports, field, law, sigma)
    want = oracles.objectives.denoising_affine(field, law, sigma)
    yield Sides("mean loss", mean, np.array(want))


def _denoising_mean(ports, field, law, sigma):
    x, z, w = joint_nodes(law)
    got = np.asarray(ports.denoising_loss(field, x, sigma, noise=z))
    if got.ndim:
        return w @ got
    pairs = ((x[i : i + 1], z[i : i + 1]) for i in range(len(w)))
    return w @ np.array([ports.denoising_loss(field, a, sigma, noise=b) for a, b in pairs])


@identity(
    "B5-explicit",
    ports="denoising_loss",
    statement=r"\tfrac12E\|s-\nabla\log q_\sigma\|^2 = E\ell - \Big[\frac{d}{2\sigma^2}"
    r"-\tfrac12 I(q_\sigma)\Big],\ I = \operatorname{tr}(S+\sigma^2I)^{-1}",
    assumptions="affine field, Gaussian data",
    source=VINCENT,
    cases=noised_gaussians,
    family="affine on a Gaussian with noise",
)
def denoising_is_explicit(ports, case):
    """Denoising is explicit matching of the noised law, plus a constant free of the field."""
    law, field, sigma = case.law, case.field, case.sigma
    d = len(law.mean)
    noised = law.covariance + sigma**2 * np.eye(d)
    constant = d / (2 * sigma**2) - 0.5 * np.trace(np.linalg.inv(noised))
    mean = _denoising_mean(ports, field, law, sigma)
    want = oracles.objectives.fisher_affine(
        field, Law("gaussian", mean=law.mean, covariance=noised)
    )
    yield Sides("F of the noised law", mean - constant, np.array(want), abs(mean))

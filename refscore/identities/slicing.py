"""Chapter B: sliced score matching on given probes."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.fields import (
    SONG,
    affine_on_gaussians,
    by_point,
    field_cases,
    gaussian_nodes,
    probe_cases,
)


def _sliced_terms(case):
    s = oracles.fields.value(case.field, case.x)
    jac = oracles.fields.jacobian(case.field, case.x)
    v = case.probes
    return {
        "vᵀ∇s v": np.einsum("nmi,nij,nmj->nm", v, jac, v).mean(-1),
        "½(v·s)²": 0.5 * (np.einsum("nmi,ni->nm", v, s) ** 2).mean(-1),
    }


def _reduced_terms(case):
    s = oracles.fields.value(case.field, case.x)
    return {"vᵀ∇s v": _sliced_terms(case)["vᵀ∇s v"], "½‖s‖²": 0.5 * (s**2).sum(-1)}


@identity(
    "B8",
    ports="sliced_loss",
    statement=r"\ell = \frac1M\sum_m v_m^T\nabla s\,v_m + \tfrac12(v_m\cdot s)^2",
    source=SONG,
    cases=probe_cases,
    family="field with probes",
    terms=_sliced_terms,
)
def sliced_given_probes(ports, case):
    """The sliced loss on given probes."""
    got = ports.sliced_loss(case.field, case.x, probes=case.probes)
    yield Sides("loss", got, oracles.objectives.sliced(case.field, case.x, case.probes))


def _all_sign_probes(x):
    v = settings.all_signs(x.shape[-1])
    return np.broadcast_to(v, (len(x), *v.shape)).copy()


@identity(
    "B8-implicit",
    ports="sliced_loss",
    statement=r"E_v[v^T\nabla s\,v + \tfrac12(v\cdot s)^2] = \tfrac12\|s\|^2 + "
    r"\operatorname{tr}\nabla s\quad\text{when } E vv^T = I",
    assumptions="all sign vectors: the expectation is a finite sum",
    source=SONG,
    cases=field_cases,
    family="field",
)
def sliced_is_implicit(ports, case):
    """Averaged over all sign probes the sliced loss is the implicit one."""
    got = ports.sliced_loss(case.field, case.x, probes=_all_sign_probes(case.x))
    yield Sides("loss", got, oracles.objectives.implicit(case.field, case.x))


@identity(
    "B8-reduced",
    ports="variance_reduced_sliced_loss",
    statement=r"\ell = \frac1M\sum_m v_m^T\nabla s\,v_m + \tfrac12\|s\|^2",
    source=SONG,
    cases=probe_cases,
    family="field with probes",
    terms=_reduced_terms,
)
def variance_reduced_given_probes(ports, case):
    """The variance-reduced sliced loss on given probes keeps the whole of |s|^2."""
    got = ports.variance_reduced_sliced_loss(case.field, case.x, probes=case.probes)
    right = oracles.objectives.variance_reduced_sliced(case.field, case.x, case.probes)
    yield Sides("loss", got, right)


@identity(
    "B8-variance",
    ports="sliced_loss",
    statement=r"\operatorname{Var}_v = 2\|\tfrac12ss^T+H\|_F^2\ (\text{Gaussian } v),\ "
    r"H = \operatorname{sym}\nabla s",
    assumptions="Gaussian probes, integrated exactly by Gauss-Hermite nodes",
    source=SONG,
    cases=lambda: list(field_cases())[:3],
    family="field",
)
def sliced_variance(ports, case):
    """The variance over Gaussian probes of the sliced loss at a point."""
    x, d = case.x[:1], case.x.shape[-1]
    v, w = settings.hermite(d, 4)
    loss = [np.ravel(ports.sliced_loss(case.field, x, probes=p[None, None]))[0] for p in v]
    loss = np.array(loss)
    s = oracles.fields.value(case.field, x)[0]
    jac = oracles.fields.jacobian(case.field, x)[0]
    h = 0.5 * (jac + jac.T) + 0.5 * np.outer(s, s)
    yield Sides("variance", w @ loss**2 - (w @ loss) ** 2, np.array(2 * (h**2).sum()), w @ loss**2)


def _sliced_divergences():
    """Gaussians with probes of a positive definite second moment that is not I."""
    for case in affine_on_gaussians():
        d = len(case.law.mean)
        yield Case(case.name, **case.inputs, probes=settings.normals(d + 2, d, key=3))


@identity(
    "B9",
    ports="sliced_loss",
    statement=r"\tfrac12E(s-s^*)^TV(s-s^*) = E\ell + \tfrac12\operatorname{tr}(VP) \ge 0,\ "
    r"V = E vv^T;\ 0\ \text{at the score}",
    assumptions="affine field on Gaussian data N(mu, S), P = S^-1; V positive definite, V = I: F",
    source=SONG,
    cases=_sliced_divergences,
    family="affine on a Gaussian with probes",
)
def sliced_fisher_divergence(ports, case):
    """The sliced objective is the sliced Fisher divergence up to a constant."""
    law, v = case.law, case.probes
    x, w = gaussian_nodes(law)
    truth = settings.gaussian_score(law)
    for name, probes in (("V", v), ("V = I", np.sqrt(len(law.mean)) * np.eye(len(law.mean)))):
        second = probes.T @ probes / len(probes)
        constant = 0.5 * np.trace(second @ np.linalg.inv(law.covariance))

        def divergence(field, probes=probes, constant=constant):
            def loss(y):
                return ports.sliced_loss(field, y, probes=np.tile(probes, (len(y), 1, 1)))

            return w @ by_point(loss, x) + constant

        want = oracles.contrasts.sliced_fisher_affine(case.field, law, second)
        yield Sides(f"{name}, a field", divergence(case.field), np.array(want))
        yield Sides(f"{name}, the score", divergence(truth), np.array(0.0), constant)
    want = oracles.objectives.fisher_affine(case.field, law)
    yield Sides("F", divergence(case.field), np.array(want))

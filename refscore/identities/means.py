"""Chapter B: losses that draw their own probes or noise, judged by their means."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Same, identity
from refscore.identities.cases import Case
from refscore.identities.fields import SONG, VINCENT, averaged, field_cases


@identity(
    "B8-mean",
    ports="sliced_loss",
    kind="expectation",
    draws="rng",
    statement=r"E_v[\ell] = \tfrac12\|s\|^2+\operatorname{tr}\nabla s",
    assumptions="the subject draws its probes: independent over points, E vv^T = I",
    source=SONG,
    cases=lambda: [*list(field_cases())[:1], *list(field_cases())[2:4]],
)
def sliced_mean(ports, case):
    """A sliced loss that draws its own probes has the implicit loss as its mean."""
    s = oracles.fields.value(case.field, case.x)
    jac = oracles.fields.jacobian(case.field, case.x)
    h = 0.5 * (jac + np.swapaxes(jac, -1, -2)) + 0.5 * s[:, :, None] * s[:, None, :]
    variance = 2 * (h**2).sum() / len(s) ** 2
    mean = oracles.objectives.implicit(case.field, case.x).mean()
    yield averaged(
        "mean loss", lambda x, seed: ports.sliced_loss(case.field, x, rng=seed),
        case.x, float(mean), float(variance),
    )  # fmt: skip


@identity(
    "B8-reduced-mean",
    ports="variance_reduced_sliced_loss",
    kind="expectation",
    draws="rng",
    statement=r"E_v[v^T\nabla s\,v] + \tfrac12\|s\|^2 = \tfrac12\|s\|^2+\operatorname{tr}\nabla s",
    assumptions="the subject draws its probes: independent over points, E vv^T = I",
    source=SONG,
    cases=lambda: [*list(field_cases())[:1], *list(field_cases())[2:4]],
)
def variance_reduced_mean(ports, case):
    """A variance-reduced loss that draws its own probes has the implicit loss as its mean."""
    jac = oracles.fields.jacobian(case.field, case.x)
    h = 0.5 * (jac + np.swapaxes(jac, -1, -2))
    variance = 2 * (h**2).sum() / len(h) ** 2
    mean = oracles.objectives.implicit(case.field, case.x).mean()
    yield averaged(
        "mean loss", lambda x, seed: ports.variance_reduced_sliced_loss(case.field, x, rng=seed),
        case.x, float(mean), float(variance),
    )  # fmt: skip


@identity(
    "B5-mean",
    ports="denoising_loss",
    kind="expectation",
    draws="rng",
    statement=r"E_z\,\tfrac12\|s(x+\sigma z)+z/\sigma\|^2",
    assumptions="the subject draws its noise, independent over points; affine field",
    source=VINCENT,
    cases=lambda: [
        Case("affine, d = 3", field=settings.affine(3), x=settings.points(5, 3), sigma=0.3),
        Case("affine, d = 2", field=settings.affine(2), x=settings.points(6, 2), sigma=0.2),
        # with as much noise as signal the field's part of the mean is not lost in the spread
        Case("affine, much noise", field=settings.affine(3), x=settings.points(5, 3), sigma=1.3),
    ],
)
def denoising_mean(ports, case):
    """A denoising loss that draws its own noise has the exact mean of an affine field."""
    field, x, sigma = case.field, case.x, case.sigma
    # loss = 1/2 |c + B z|^2 with c = s(x), B = sigma A + I / sigma
    b = sigma * field.matrix + np.eye(len(field.offset)) / sigma
    c = oracles.fields.value(field, x)
    q = b.T @ b
    mean = 0.5 * ((c**2).sum(-1) + np.trace(q)).mean()
    variance = (0.5 * (q**2).sum() + ((c @ b) ** 2).sum(-1)).sum() / len(x) ** 2
    yield averaged(
        "mean loss", lambda y, seed: ports.denoising_loss(field, y, sigma, rng=seed),
        x, float(mean), float(variance),
    )  # fmt: skip


@identity(
    "B5-law",
    ports="denoising_loss",
    kind="expectation",
    draws="rng",
    statement=r"\ell = \tfrac12\|s(x+\sigma z)+z/\sigma\|^2,\ z \sim N(0, I)",
    assumptions="the subject draws its noise; the oracle draws its own, and both have one law",
    source=VINCENT,
    cases=lambda: [
        Case("mixture score", field=settings.mixture_score(2), x=settings.points(1, 2), sigma=0.9),
        Case("affine, d = 3", field=settings.affine(3), x=settings.points(1, 3), sigma=0.6),
    ],
)
def denoising_law(ports, case):
    """The losses at a point have the law that normal noise gives them, and are independent."""
    field, x, sigma = case.field, case.x, case.sigma

    def losses(seed, n):
        got = ports.denoising_loss(field, np.tile(x, (n, 1)), sigma, rng=seed)
        if np.ndim(got):
            return got
        seeds = np.random.default_rng((1, seed)).integers(2**31, size=n)
        return np.array([ports.denoising_loss(field, x, sigma, rng=int(s)) for s in seeds])

    def right(seed, n):
        z = settings.drawn(seed, n, x.shape[1])
        return oracles.objectives.denoising(field, np.tile(x, (n, 1)), sigma, z)[:, None]

    yield Draws("loss", losses, Same(right))

"""What chapters B and D are run on: fields with points, probes and noise; exact nodes."""

from __future__ import annotations

import functools

import numpy as np

from refscore.identities import settings
from refscore.identities.base import Draws, Mean
from refscore.identities.cases import Case

HYVARINEN = "seeds 000, 001, 004; Hyvarinen 2005"
VINCENT = "seeds 000, 001, 004; Vincent 2011"
SONG = "seeds 000, 001, 004; Song, Garg, Shi and Ermon 2019"


@functools.cache
def _fields():
    return {
        "affine, d = 3": settings.affine(3),
        "Gaussian score, d = 3": settings.gaussian_score(settings.gaussian(3)),
        "mixture score, d = 2": settings.mixture_score(2),
        "network, d = 2": settings.network(2),
        "network, d = 7, one layer": settings.network(7, (4,)),
        "network, d = 1": settings.network(1, (4, 3)),
    }


def _dim(field) -> int:
    if field.kind == "affine":
        return len(field.offset)
    return field.means.shape[1] if field.kind == "mixture_score" else field.weights[0].shape[1]


def field_cases(probes: int | None = None, sigma: float | None = None):
    """Every field on a few points, with probes or noise where a loss takes them."""
    for name, field in _fields().items():
        d = _dim(field)
        extra: dict = {}
        if probes:
            extra["probes"] = settings.normals(5, probes, d)
        if sigma:
            extra.update(noise=settings.normals(5, d), sigma=sigma)
        yield Case(name, field=field, x=settings.points(5, d), **extra)


def parametric_cases(probes: int | None = None, sigma: float | None = None):
    """The fields that have parameters."""
    for case in field_cases(probes, sigma):
        if case.field.kind in ("affine", "mlp"):
            yield case


def probe_cases():
    """Two probes a point: Gaussian, then signs of non-unit scale."""
    yield from field_cases(probes=2)
    field = settings.affine(3)
    x, v = settings.points(5, 3), settings.signs(5, 4, 3)
    yield Case("affine, signs", field=field, x=x, probes=v)
    many = settings.normals(5, 5, 3)
    yield Case("as many probes as points", field=field, x=x, probes=many)


def noise_cases():
    """Noise levels at which no power of sigma, doubled or not, is 1."""
    yield from field_cases(sigma=0.3)
    for sigma in (0.02, 4.0):
        for case in list(field_cases(sigma=sigma))[::2]:
            yield Case(f"{case.name}, sigma {sigma}", **case.inputs)


def point_cases():
    """Every field on a few points, and one on many points far out."""
    yield from field_cases()
    field = settings.affine(3)
    yield Case("130 points far out", field=field, x=settings.points(130, 3, spread=40.0))


def gaussian_nodes(law, order=3):
    """Nodes and weights of a Gaussian law, exact for polynomials of degree 2 order - 1."""
    z, w = settings.hermite(len(law.mean), order)
    return law.mean + z @ np.linalg.cholesky(law.covariance).T, w


def affine_on_gaussians():
    """Affine fields, with and without symmetry, on Gaussian data."""
    for d in (2, 3):
        yield Case(
            f"affine on a Gaussian, d = {d}", law=settings.gaussian(d), field=settings.affine(d)
        )
    yield Case("a gradient field", law=settings.gaussian(3), field=settings.gradient_field(3))


def noised_gaussians():
    """The same with a noise level."""
    for d, sigma in ((2, 0.3), (3, 0.2)):
        law, field = settings.gaussian(d), settings.affine(d)
        yield Case(f"affine on a Gaussian, d = {d}", law=law, field=field, sigma=sigma)
    law, field = settings.gaussian(3), settings.gradient_field(3)
    yield Case("a gradient field", law=law, field=field, sigma=0.7)


def joint_nodes(law, order=3):
    """Nodes for data and noise together: exact for the quadratic loss of affine fields."""
    d = len(law.mean)
    z, w = settings.hermite(2 * d, order)
    return law.mean + z[:, :d] @ np.linalg.cholesky(law.covariance).T, z[:, d:], w


def by_point(call, *arrays):
    """Losses at every point, and at its draws, also from a port that returns a batch's mean."""
    loss = np.asarray(call(*arrays))
    if loss.ndim:
        return loss
    return np.array(
        [np.asarray(call(*(a[i : i + 1] for a in arrays))) for i in range(len(arrays[0]))]
    )


_COPIES = 64  # of the points in one call of what returns one number for a batch


def averaged(label, call, x, mean, variance, eps=0.1):
    """Draws of the mean over the points of what draws by itself, `call(x, seed)`.

    `mean`, `variance`: of the mean over the points x, one draw a point. What returns a value a
    point gives as many draws in a call as copies of x; what returns their mean, one draw, of
    64 copies.
    """
    if np.ndim(call(x, 0)):

        def draw(seed, n):
            return np.reshape(call(np.tile(x, (n, 1)), seed), (n, len(x))).mean(-1)

        return Draws(label, draw, Mean(mean, variance=variance), eps)

    many = np.tile(x, (_COPIES, 1))

    def one_by_one(seed, n):
        seeds = np.random.default_rng((1, seed)).integers(2**31, size=n)
        return np.array([float(call(many, int(s))) for s in seeds])

    law = Mean(mean, variance=variance / _COPIES)
    return Draws(label, one_by_one, law, eps * _COPIES**0.5, batch=64)

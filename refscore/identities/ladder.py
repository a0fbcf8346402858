"""Chapter B: the losses of ladders of noise levels."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description, FieldDescription, Law
from refscore.identities.fields import by_point, joint_nodes

NCSN = "seeds 001, 004; Song and Ermon 2019"


class FamilyDescription(Description):
    """A noise-conditional field: one described field for every level of a ladder."""

    def __init__(self, fields, sigmas):
        super().__init__("per_level", sigmas=np.array(sigmas))
        self.fields = tuple(fields)


def _affines(dim, sigmas):
    fields = [
        FieldDescription("affine", matrix=settings.matrix(dim, k), offset=settings.normals(dim) / s)
        for k, s in enumerate(sigmas)
    ]
    return FamilyDescription(fields, sigmas)


def _networks(dim, sigmas):
    widths = ((5, 4), (3,), (4, 2), (6,))
    return FamilyDescription([settings.network(dim, w) for w, _ in zip(widths, sigmas)], sigmas)


def _noised(law, sigmas):
    """The scores of a mixture noised at every level."""
    identity = np.eye(law.means.shape[1])
    fields = [
        FieldDescription(
            "mixture_score",
            weights=law.weights,
            means=law.means,
            covariances=law.covariances + s**2 * identity,
        )
        for s in sigmas
    ]
    return FamilyDescription(fields, sigmas)


def _case(name, family, levels, dim):
    x, z = settings.points(len(levels), dim), settings.normals(len(levels), dim)
    return Case(name, family=family, x=x, levels=np.array(levels), noise=z)


def _parametric():
    yield _case("networks at 3 levels", _networks(2, (2.5, 1.3, 0.4)), [2, 0, 1, 0, 2, 1, 0], 2)
    yield _case(
        "affine at 5 levels, one unused",
        _affines(3, (3.0, 1.7, 0.6, 0.3, 0.1)),
        [3, 0, 4, 1, 0, 3],
        3,
    )


def _pointwise():
    yield from _parametric()
    law = settings.mixture(2)
    yield _case(
        "a mixture's scores", _noised(law, (4.0, 1.5, 0.7, 0.2)), [1, 3, 0, 2, 2, 1, 3, 0, 1], 2
    )
    yield _case("as many points as dimensions", _affines(3, (2.5, 0.8, 0.4, 0.2)), [2, 0, 3], 3)
    yield _case("as many points as levels", _networks(2, (1.9, 0.7, 0.3, 0.2)), [3, 1, 0, 2], 2)


def _terms(case):
    sigma = case.family.sigmas[case.levels][:, None]
    s = np.concatenate(
        [
            oracles.fields.value(case.family.fields[level], point[None])
            for level, point in zip(case.levels, case.x + sigma * case.noise)
        ]
    )
    return {
        "½σ²‖s(x̃, σ)‖²": 0.5 * ((sigma * s) ** 2).sum(-1),
        "σ z·s(x̃, σ)": (sigma * case.noise * s).sum(-1),
        "½‖z‖²": 0.5 * (case.noise**2).sum(-1),
    }


@identity(
    "B11",
    ports="ladder_loss",
    statement=r"\ell_i = \tfrac12\sigma_l^2\|s(x_i+\sigma_l z_i,\sigma_l) + z_i/\sigma_l\|^2,"
    r"\ l = l_i",
    source=NCSN,
    cases=_pointwise,
    family="ladder",
    terms=_terms,
)
def ladder_given_noise(ports, case):
    """The ladder's loss on given noise and levels: every point has its own sigma."""
    family = case.family
    got = ports.ladder_loss(family, case.x, case.levels, family.sigmas, noise=case.noise)
    yield Sides("loss", got, oracles.ladder.ladder(family, case.x, case.levels, case.noise))


@identity(
    "B11-gradient",
    ports="ladder_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean ladder loss on given noise and levels}",
    assumptions="a field of its own at every level: separate fits",
    source=NCSN,
    cases=_parametric,
    family="parametric ladder",
    tolerance=1e-8,
)
def ladder_gradient(ports, case):
    """The parameter gradient of the mean ladder loss; a level without points has none."""
    family = case.family
    got = ports.ladder_loss_gradient(family, case.x, case.levels, family.sigmas, noise=case.noise)
    right = oracles.ladder.ladder_gradient(family, case.x, case.levels, case.noise)
    yield Sides("gradient", got, right)


def _nodes(law, order=2):
    """Nodes and weights for data and noise together."""
    if law.kind == "gaussian":
        return joint_nodes(law, order)
    if law.kind == "point":
        z, w = settings.hermite(len(law.mean), order)
        return np.broadcast_to(law.mean, z.shape), z, w
    each = [
        joint_nodes(Law("gaussian", mean=m, covariance=c), order)
        for m, c in zip(law.means, law.covariances)
    ]
    x, z = (np.concatenate([part[i] for part in each]) for i in (0, 1))
    return x, z, np.concatenate([p * part[2] for p, part in zip(law.weights, each)])


def _means(ports, family, law, order=2):
    """The mean loss at every level, (L,)."""
    x, z, w = _nodes(law, order)
    n, count = len(w), len(family.sigmas)
    levels = np.repeat(np.arange(count), n)
    x, z = np.tile(x, (count, 1)), np.tile(z, (count, 1))

    def loss(a, of, b):
        return ports.ladder_loss(family, a, of, family.sigmas, noise=b)

    if order > 2 and not np.ndim(loss(x[:2], levels[:2], z[:2])):
        raise NotImplementedError("one loss a point is needed: thousands of nodes")
    return by_point(loss, x, levels, z).reshape(count, n) @ w


def _zero_scores():
    sigmas = (9.0, 2.0, 0.5, 0.01)
    laws = {
        "a Gaussian": settings.gaussian(2),
        "a mixture": settings.mixture(2),
        "a point mass": Law("point", mean=[0.7, -1.1, 2.0]),
    }
    for name, law in laws.items():
        d = law.means.shape[1] if law.kind == "mixture" else len(law.mean)
        zero = FieldDescription("affine", matrix=np.zeros((d, d)), offset=np.zeros(d))
        yield Case(name, law=law, family=FamilyDescription([zero] * len(sigmas), sigmas))


@identity(
    "B11-zero",
    ports="ladder_loss",
    statement=r"s = 0:\ E\ell = \tfrac d2\ \text{at every level, for every law}",
    assumptions="the weight is sigma^2",
    source=NCSN,
    cases=_zero_scores,
    family="law on a ladder of zeros",
)
def ladder_at_zero_score(ports, case):
    """Where the field is zero the weighted loss is d/2, whatever the level and the law."""
    d = len(case.family.fields[0].offset)
    means = _means(ports, case.family, case.law)
    yield Sides("mean loss at every level", means, np.full(len(means), d / 2))


def gaussian_scores(law, sigmas):
    """The score of a Gaussian law noised at every level, as a family."""
    d = len(law.mean)
    fields = [
        settings.gaussian_score(
            Law("gaussian", mean=law.mean, covariance=law.covariance + s**2 * np.eye(d))
        )
        for s in sigmas
    ]
    return FamilyDescription(fields, sigmas)


def _optima():
    sigmas = (3.0, 0.9, 0.2)
    for d in (2, 3):
        law = settings.gaussian(d)
        yield Case(f"a Gaussian, d = {d}", law=law, family=gaussian_scores(law, sigmas))
    point = Law("point", mean=[0.7, -1.1])
    fields = [
        FieldDescription("affine", matrix=-np.eye(2) / s**2, offset=point.mean / s**2)
        for s in sigmas
    ]
    yield Case("a point mass", law=point, family=FamilyDescription(fields, sigmas))
    law = Law("mixture", weights=[0.6, 0.4], means=[[0.8], [-0.7]], covariances=[[[0.5]], [[0.8]]])
    yield Case("a mixture", law=law, family=_noised(law, (3.0, 1.1)), order=20)


@identity(
    "B11-optimum",
    ports="ladder_loss",
    statement=r"s = \nabla\log q_\sigma:\ E\ell = \tfrac12\big(d - \sigma^2 I(q_\sigma)\big)",
    assumptions="Gaussian, mixture or point mass; the weight is sigma^2",
    source="derived; seed 004 corrected",
    cases=_optima,
    family="Gaussian on its ladder",
    tolerance=1e-8,
)
def ladder_at_the_optimum(ports, case):
    """The least weighted loss depends on the level, and is 0 for a point mass alone."""
    d = len(case.law.mean) if hasattr(case.law, "mean") else case.law.means.shape[1]
    means = _means(ports, case.family, case.law, getattr(case, "order", 2))
    want = np.array([oracles.ladder.optimum(case.law, float(s)) for s in case.family.sigmas])
    yield Sides("mean loss at every level", means, want, d / 2)

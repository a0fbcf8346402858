"""Chapter B: compositions, whose shares add up to one."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.bounded import on_product, panels
from refscore.identities.cases import Case, Law
from refscore.identities.fields import by_point


def _compositions(n, d):
    """Points inside the simplex, in its free coordinates."""
    e = np.exp(settings.normals(n, d + 1, key=13))
    return (e / e.sum(-1, keepdims=True))[:, 1:]


def simplex_points():
    """Fields on compositions of two, three and four shares."""
    yield Case("affine, two shares", field=settings.affine(1), x=_compositions(5, 1))
    yield Case("mixture, three shares", field=settings.mixture_score(2), x=_compositions(5, 2))
    yield Case("network, three shares", field=settings.network(2), x=_compositions(6, 2))
    yield Case("affine, four shares", field=settings.affine(3), x=_compositions(7, 3))


@identity(
    "B12-simplex",
    ports="simplex_loss",
    statement=r"\ell = \tfrac12 h\|s\|^2 + h\operatorname{tr}\nabla s + \nabla h\cdot s,\ "
    r"h = x_0x_1\cdots x_d,\ x_0 = 1-\sum_i x_i",
    assumptions="the simplex in its free coordinates",
    source="derived from Hyvarinen (2007); Liu, Kanamori, Williams (2022)",
    cases=simplex_points,
    family="field on a simplex",
)
def simplex_pointwise(ports, case):
    """The generalised loss of compositions at every point."""
    right = oracles.bounded.simplex(case.field, case.x)
    yield Sides("loss", ports.simplex_loss(case.field, case.x), right)


@identity(
    "B12-simplex-gradient",
    ports="simplex_loss_gradient",
    statement=r"\nabla_\theta\frac1n\sum_k[\tfrac12 h\|s\|^2 + h\operatorname{tr}\nabla s"
    r" + \nabla h\cdot s]",
    assumptions="the simplex in its free coordinates",
    source="derived from Hyvarinen (2007); Liu, Kanamori, Williams (2022)",
    cases=lambda: [c for c in simplex_points() if c.field.kind in ("affine", "mlp")],
    family="parametric field on a simplex",
    tolerance=1e-8,
)
def simplex_gradient(ports, case):
    """The parameter gradient of the mean loss of compositions."""
    right = oracles.objectives.gradient(oracles.bounded.simplex, case.field, case.x)
    yield Sides("gradient", ports.simplex_loss_gradient(case.field, case.x), right)


def _simplex_nodes(d, order):
    """Nodes and weights of the simplex: x_2 = (1 - x_1) v."""
    u, w = panels([0.0, 1.0], order)
    if d == 1:
        return u[:, None], w
    x, w = on_product([(u, w), (u, w)])
    return np.stack([x[:, 0], (1 - x[:, 0]) * x[:, 1]], -1), w * (1 - x[:, 0])


def _dirichlet_laws():
    for name, field, concentration in (
        ("affine, a beta law", settings.affine(1), [4.0, 3.0]),
        ("network, a Dirichlet law", settings.network(2), [3.0, 4.0, 5.0]),
        ("mixture, a Dirichlet law", settings.mixture_score(2), [2.0, 1.0, 3.0]),
    ):
        yield Case(name, field=field, law=Law("dirichlet", concentration=concentration), order=24)


@identity(
    "B12-dirichlet",
    ports="simplex_loss",
    statement=r"\tfrac12 E h\|s-\nabla\log\pi\|^2 = E\ell + \tfrac12 E h\|\nabla\log\pi\|^2",
    assumptions="Dirichlet law; h vanishes on every face of the simplex",
    source="derived from Hyvarinen (2007); Liu, Kanamori, Williams (2022)",
    cases=_dirichlet_laws,
    family="field on a Dirichlet law",
)
def simplex_is_weighted_fisher(ports, case):
    """Integration by parts on the simplex leaves no boundary term."""
    law, (x, w) = case.law, _simplex_nodes(len(case.law.concentration) - 1, case.order)
    w = w * np.exp(oracles.bounded.dirichlet_log_density(law, x))
    mean = w @ by_point(lambda p: ports.simplex_loss(case.field, p), x)
    truth, h = oracles.bounded.dirichlet_score(law, x), oracles.bounded.simplex_weight(x)
    gap = oracles.fields.value(case.field, x) - truth
    constant = 0.5 * (w * h) @ (truth**2).sum(-1)
    yield Sides("weighted F", mean + constant, 0.5 * (w * h) @ (gap**2).sum(-1))

"""Chapter B: data on a box or a half-line, where the density jumps."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description, Law
from refscore.identities.fields import by_point

EXTENSIONS = "Hyvarinen (2007)"
POWER = Description("power", exponent=2.0)
ROOT = Description("power", exponent=0.7)
LINEAR = Description("power", exponent=1.0)
CAPPED = Description("capped", cap=1.3)
LOG = Description("log")
BOX = Description("box", low=[-0.6, -1.0], high=[1.1, 0.4])
DISTANCE = Description("distance", low=[-0.6, -1.0], high=[1.1, 0.4])


def _positive(n, d):
    return np.abs(settings.points(n, d)) + 0.1


def _inside(n, box):
    u = settings.normals(n, len(box.low), key=12)
    return box.low + (box.high - box.low) / (1 + np.exp(-u))


def weighted_points():
    """Fields on points of the half-line and of a box, every kind of weight."""
    yield Case("affine, x", field=settings.affine(1), x=_positive(5, 1), weight=LINEAR)
    yield Case("affine, x^2", field=settings.affine(3), x=_positive(5, 3), weight=POWER)
    yield Case("network, x^0.7", field=settings.network(2), x=_positive(5, 2), weight=ROOT)
    yield Case("network, min(x, c)", field=settings.network(3), x=_positive(6, 3), weight=CAPPED)
    yield Case("mixture, log(1 + x)", field=settings.mixture_score(2), x=_positive(5, 2),
               weight=LOG)  # fmt: skip
    yield Case("affine, box", field=settings.affine(2), x=_inside(5, BOX), weight=BOX)
    yield Case("mixture, distance", field=settings.mixture_score(2), x=_inside(7, DISTANCE),
               weight=DISTANCE)  # fmt: skip
    yield Case("130 points far out", field=settings.affine(3), x=40 * _positive(130, 3),
               weight=LOG)  # fmt: skip


def _weighted_terms(case):
    h = oracles.bounded.weight(case.weight, case.x)
    slope = oracles.bounded.weight_derivative(case.weight, case.x)
    s = oracles.fields.value(case.field, case.x)
    own = np.einsum("...ii->...i", oracles.fields.jacobian(case.field, case.x))
    return {
        "½ h s²": 0.5 * (h * s**2).sum(-1),
        "h ∂s": (h * own).sum(-1),
        "h′ s": (slope * s).sum(-1),
    }


@identity(
    "B12",
    ports="bounded_loss",
    statement=r"\ell_h = \sum_i \tfrac12 h(x_i)s_i^2 + h(x_i)\partial_i s_i + h'(x_i)s_i",
    assumptions="h vanishes where the support ends",
    source=EXTENSIONS,
    cases=weighted_points,
    family="field with a weight",
    terms=_weighted_terms,
)
def bounded_pointwise(ports, case):
    """The generalised score matching loss at every point, for every kind of weight."""
    got = ports.bounded_loss(case.field, case.x, case.weight, case.weight)
    yield Sides("loss", got, oracles.bounded.loss(case.field, case.x, case.weight))


@identity(
    "B12-gradient",
    ports="bounded_loss_gradient",
    statement=r"\nabla_\theta\frac1n\sum_k\sum_i[\tfrac12 h s_i^2 + h\partial_i s_i + h's_i]",
    source=EXTENSIONS,
    cases=lambda: [c for c in weighted_points() if c.field.kind in ("affine", "mlp")],
    family="parametric field with a weight",
    tolerance=1e-8,
)
def bounded_gradient(ports, case):
    """The parameter gradient of the mean generalised loss."""
    got = ports.bounded_loss_gradient(case.field, case.x, case.weight, case.weight)
    right = oracles.objectives.gradient(oracles.bounded.loss, case.field, case.x, case.weight)
    yield Sides("gradient", got, right)


def panels(edges, order):
    """Nodes and weights of Gauss-Legendre quadrature between the edges."""
    z, w = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    return (np.array(edges[:-1])[:, None] + half * (z + 1)).ravel(), (half * w).ravel()


def on_product(axes):
    """Tensor nodes (m, d) and weights (m,)."""
    nodes, weights = zip(*axes)
    x = np.array(np.meshgrid(*nodes, indexing="ij")).reshape(len(axes), -1).T
    return x, np.prod(np.array(np.meshgrid(*weights, indexing="ij")).reshape(len(axes), -1), axis=0)


def law_nodes(case):
    """Nodes, and quadrature weights times the oracle's density."""
    x, w = on_product([panels(edges, case.order) for edges in case.edges])
    return x, w * np.exp(oracles.bounded.log_density(case.law, x))


def _laws_with_ends():
    exponential = Law("exponential", rate=[1.3])
    ends = [0.0, 1.0, 4.0, 12.0, 36.0]
    yield Case("exponential, x", law=exponential, field=settings.affine(1), weight=LINEAR,
               edges=[ends], order=24)  # fmt: skip
    yield Case("half-normal, min(x, c)", law=Law("half_normal", sd=[0.8]),
               field=settings.network(1), weight=CAPPED, edges=[[0, 0.6, 1.3, 3, 8]],
               order=24)  # fmt: skip
    interval = {"low": [-0.5], "high": [1.9]}
    yield Case("truncated normal, box", field=settings.mixture_score(1), order=24,
               law=Law("truncated_normal", mean=[0.3], sd=[0.8], **interval),
               weight=Description("box", **interval), edges=[[-0.5, 0.7, 1.9]])  # fmt: skip
    yield Case("two exponentials, log(1 + x)", law=Law("exponential", rate=[1.3, 0.8]), order=13,
               field=settings.affine(2), weight=LOG,
               edges=[[0, 2, 7, 18, 36], [0, 3, 11, 28, 56]])  # fmt: skip
    yield Case("two half-normals, x^2", law=Law("half_normal", sd=[0.8, 1.4]), order=14,
               field=settings.network(2), weight=POWER,
               edges=[[0, 1, 2.5, 7], [0, 1.5, 4, 12]])  # fmt: skip
    middle = 0.5 * (DISTANCE.low + DISTANCE.high)
    yield Case("two truncated normals, distance", field=settings.mixture_score(2), order=13,
               law=Law("truncated_normal", mean=[0.3, -0.4], sd=[0.8, 0.5], low=DISTANCE.low,
                       high=DISTANCE.high),
               weight=DISTANCE, edges=np.stack([DISTANCE.low, middle, DISTANCE.high], -1),
               )  # fmt: skip


@identity(
    "B12-laws",
    ports="bounded_loss",
    statement=r"\tfrac12 E\sum_i h(x_i)(s_i-\partial_i\log\pi)^2"
    r" = E\ell_h + \tfrac12 E\sum_i h(x_i)(\partial_i\log\pi)^2",
    assumptions="exponential, half-normal, truncated normal; h vanishes where the support ends",
    source=EXTENSIONS,
    cases=_laws_with_ends,
    family="field on a law of the half-line",
)
def bounded_is_weighted_fisher(ports, case):
    """Integration by parts without a boundary term, although the density jumps."""
    x, w = law_nodes(case)
    mean = w @ by_point(lambda p: ports.bounded_loss(case.field, p, case.weight, case.weight), x)
    constant = w @ oracles.bounded.constant(case.law, x, case.weight)
    want = w @ oracles.bounded.fisher(case.field, case.law, x, case.weight)
    yield Sides("weighted F", mean + constant, np.array(want), abs(mean) + constant)

"""Chapters B and C: bounded, non-negative and binary data."""

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
    tolerance=1e-8,
)
def bounded_gradient(ports, case):
    """The parameter gradient of the mean generalised loss."""
    got = ports.bounded_loss_gradient(case.field, case.x, case.weight, case.weight)
    right = oracles.objectives.gradient(oracles.bounded.loss, case.field, case.x, case.weight)
    yield Sides("gradient", got, right)


def _panels(edges, order):
    """Nodes and weights of Gauss-Legendre quadrature between the edges."""
    z, w = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    return (np.array(edges[:-1])[:, None] + half * (z + 1)).ravel(), (half * w).ravel()


def _on_product(axes):
    """Tensor nodes (m, d) and weights (m,)."""
    nodes, weights = zip(*axes)
    x = np.array(np.meshgrid(*nodes, indexing="ij")).reshape(len(axes), -1).T
    return x, np.prod(np.array(np.meshgrid(*weights, indexing="ij")).reshape(len(axes), -1), axis=0)


def _law_nodes(case):
    """Nodes, and quadrature weights times the oracle's density."""
    x, w = _on_product([_panels(edges, case.order) for edges in case.edges])
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
)
def bounded_is_weighted_fisher(ports, case):
    """Integration by parts without a boundary term, although the density jumps."""
    x, w = _law_nodes(case)
    mean = w @ by_point(lambda p: ports.bounded_loss(case.field, p, case.weight, case.weight), x)
    constant = w @ oracles.bounded.constant(case.law, x, case.weight)
    want = w @ oracles.bounded.fisher(case.field, case.law, x, case.weight)
    yield Sides("weighted F", mean + constant, np.array(want))


def _jumps():
    uniform = Law("uniform", low=[-0.6], high=[1.1])
    normal = Law("truncated_normal", mean=[0.3], sd=[0.8], low=[-0.5], high=[1.9])
    ray = Law("truncated_normal", mean=[0.3], sd=[0.8], low=[0.2], high=[np.inf])
    for name, law, field, edges in (
        ("affine on a uniform law", uniform, settings.affine(1), [-0.6, 0.25, 1.1]),
        ("network on a uniform law", uniform, settings.network(1), [-0.6, 0.25, 1.1]),
        ("mixture on a truncated normal", normal, settings.mixture_score(1), [-0.5, 0.7, 1.9]),
        ("network on a half-line", ray, settings.network(1), [0.2, 1, 2, 4, 9]),
        ("affine on a half-normal", Law("half_normal", sd=[0.7]), settings.affine(1),
         [0, 1, 2, 4, 8]),
    ):  # fmt: skip
        yield Case(name, law=law, field=field, edges=[edges], order=24)


@identity(
    "B3",
    ports="boundary_term",
    statement=r"[\pi s]_a^b = E[\tfrac12 s^2+s'] + \tfrac12E[(\log\pi)'^2]"
    r" - \tfrac12E(s-(\log\pi)')^2",
    assumptions="a density that jumps where its interval ends",
    source="seed 004",
    cases=_jumps,
)
def boundary_term_of_a_jump(ports, case):
    """What integration by parts leaves at the ends, from the integrals alone."""
    x, w = _law_nodes(case)
    information = w @ oracles.bounded.score(case.law, x)[:, 0] ** 2
    implicit = w @ oracles.objectives.implicit(case.field, x)
    fisher = w @ oracles.objectives.fisher(case.field, case.law, x)
    right = implicit + 0.5 * information - fisher
    scale = abs(implicit) + information + fisher
    yield Sides("[pi s]", ports.boundary_term(case.field, case.law), right, scale)


@identity(
    "B3-implicit",
    ports="implicit_loss",
    statement=r"\tfrac12E(s-(\log\pi)')^2 = E[\tfrac12 s^2+s'] + \tfrac12E[(\log\pi)'^2]"
    r" - [\pi s]_a^b",
    assumptions="a density that jumps where its interval ends",
    source="seed 004",
    cases=_jumps,
)
def implicit_with_boundary(ports, case):
    """The implicit loss on an interval is Fisher's only once the boundary term is taken off."""
    x, w = _law_nodes(case)
    mean = w @ by_point(lambda p: ports.implicit_loss(case.field, p), x)
    information = w @ oracles.bounded.score(case.law, x)[:, 0] ** 2
    left = mean + 0.5 * information - oracles.bounded.boundary_term(case.field, case.law)
    yield Sides("F", left, np.array(w @ oracles.objectives.fisher(case.field, case.law, x)))


def _couplings(d, key, scale=1.0):
    upper = np.triu(scale * settings.normals(d, d, key=key), 1)
    return upper + upper.T


def _states(d):
    return (1 + settings.all_signs(d)) / 2


def _boltzmann(d, key, scale=1.0):
    biases = 0.7 * scale * settings.normals(d, key=key + 1)
    return Description("boltzmann", weights=_couplings(d, key, scale), biases=biases)


def binary_cases():
    """Boltzmann laws at all their states; log odds of ordinary size, and of thousands."""
    yield Case("three bits", log_odds=_boltzmann(3, 21), x=_states(3))
    yield Case("five bits", log_odds=_boltzmann(5, 31), x=_states(5))
    yield Case("one bit", log_odds=_boltzmann(1, 41), x=_states(1))
    yield Case("log odds of 10^4", log_odds=_boltzmann(3, 51, 4000.0), x=_states(3))


def _table(description):
    return oracles.bounded.boltzmann_table(description.weights, description.biases)


@identity(
    "B12-ratio",
    ports="ratio_loss",
    statement=r"\ell = \sum_i g\!\left(\frac{p(x)}{p(x^i)}\right)^2,\ g(r) = \frac1{1+r}",
    assumptions="binary data, x^i is x with bit i flipped",
    source=EXTENSIONS,
    cases=binary_cases,
)
def ratio_loss_pointwise(ports, case):
    """The ratio matching loss at every state, from the table of probabilities."""
    right = oracles.bounded.ratio(_table(case.log_odds), case.x)
    yield Sides("loss", ports.ratio_loss(case.log_odds, case.x), right)


@identity(
    "B12-ratio-matching",
    ports="ratio_loss",
    statement=r"E_\pi\ell = E_\pi\sum_i[g(p(x)/p(x^i))-g(\pi(x)/\pi(x^i))]^2"
    r" + E_\pi\sum_i g(\pi(x)/\pi(x^i))^2",
    assumptions="two Boltzmann laws, by enumeration",
    source=EXTENSIONS,
    cases=lambda: [
        Case("another law", log_odds=_boltzmann(4, 61), data=_boltzmann(4, 71), x=_states(4)),
        Case("the same law", log_odds=_boltzmann(3, 21), data=_boltzmann(3, 21), x=_states(3)),
    ],
)
def ratio_is_matching(ports, case):
    """The mean loss is the distance of the ratios plus a constant: least at the truth."""
    model, data = _table(case.log_odds), _table(case.data)
    log_p = data - np.logaddexp.reduce(data.ravel())
    w = np.exp(log_p[tuple(case.x.astype(int).T)])
    mean = w @ by_point(lambda p: ports.ratio_loss(case.log_odds, p), case.x)
    distance, floor = oracles.bounded.ratio_matching(model, data)
    yield Sides("distance of the ratios", mean - floor, np.array(distance), floor)


@identity(
    "B12-ratio-gradient",
    ports="boltzmann_ratio_gradient",
    statement=r"\nabla_{W,b}\frac1n\sum_k\sum_i(1+e^{u_i})^{-2},\ "
    r"u_i = (2x_i-1)(b_i+\sum_jW_{ij}x_j)",
    assumptions="Boltzmann law; W_ij for i < j row by row, then b",
    source=EXTENSIONS,
    cases=lambda: [c for c in binary_cases() if len(c.x[0]) in (3, 5)][:2],
    tolerance=1e-8,
)
def ratio_gradient(ports, case):
    """The gradient of the mean ratio loss in a Boltzmann law's parameters."""
    model = case.log_odds
    right = oracles.bounded.ratio_gradient(model.weights, model.biases, case.x[1:])
    got = ports.boltzmann_ratio_gradient(model.weights, model.biases, case.x[1:])
    yield Sides("gradient", got, right)


@identity(
    "B12-ratio-minimum",
    ports="boltzmann_ratio_gradient",
    statement=r"\nabla_{W,b}\,E_\pi\sum_i(1+e^{u_i})^{-2} = 0",
    assumptions="the Boltzmann law that the data follow, by enumeration",
    source=EXTENSIONS,
    cases=lambda: [
        Case("three bits", log_odds=_boltzmann(3, 21), x=_states(3)),
        Case("four bits", log_odds=_boltzmann(4, 61), x=_states(4)),
    ],
)
def ratio_minimum(ports, case):
    """At the parameters of the law that the data follow the mean loss has no slope."""
    model, table = case.log_odds, _table(case.log_odds)
    w = np.exp(table - np.logaddexp.reduce(table.ravel()))[tuple(case.x.astype(int).T)]
    slopes = [
        ports.boltzmann_ratio_gradient(model.weights, model.biases, x) for x in case.x[:, None]
    ]
    slope = w @ np.array(slopes)
    yield Sides("slope", slope, np.zeros_like(slope), np.abs(slopes).max())

"""Chapters B and D: derivatives by differences or propagated curvature, and what a kink hides."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law
from refscore.identities.fields import by_point, field_cases, probe_cases

PANG = "Pang, Xu, Li, Song, Ermon and Zhu 2020"
MARTENS = "seed 004; Martens, Sutskever and Swersky 2012"


def step_cases():
    """Two probes a point and steps that are not 1."""
    for case in probe_cases():
        yield Case(case.name, **case.inputs, step=0.3)
    for case in list(field_cases(probes=3))[:4:2]:
        yield Case(f"{case.name}, long step", **case.inputs, step=1.7)


def _finite_difference_terms(case):
    x, v, e = case.x[:, None, :], case.probes, case.step
    value = oracles.fields.value
    ahead = (v * value(case.field, x + e * v)).sum(-1).mean(-1) / (2 * e)
    behind = (v * value(case.field, x - e * v)).sum(-1).mean(-1) / (2 * e)
    square = 0.5 * ((v * value(case.field, x)).sum(-1) ** 2).mean(-1)
    return {"v·s(x+εv)/2ε": ahead, "−v·s(x−εv)/2ε": -behind, "½(v·s)²": square}


@identity(
    "B13",
    ports="finite_difference_loss",
    statement=r"\ell = \frac1M\sum_m\frac{v_m\cdot(s(x+\epsilon v_m)-s(x-\epsilon v_m))}"
    r"{2\epsilon}+\tfrac12(v_m\cdot s)^2",
    source=PANG,
    cases=step_cases,
    family="field with probes and a step",
    terms=_finite_difference_terms,
)
def finite_difference_given_probes(ports, case):
    """The finite-difference sliced loss on given probes."""
    got = ports.finite_difference_loss(case.field, case.x, case.step, probes=case.probes)
    right = oracles.perturbed.finite_difference(case.field, case.x, case.step, case.probes)
    yield Sides("loss", got, right)


@identity(
    "B13-affine",
    ports="finite_difference_loss",
    statement=r"\ell_\epsilon = \ell_{\mathrm{sliced}}\quad\text{for every }\epsilon",
    assumptions="affine field",
    source=PANG,
    cases=lambda: [c for c in step_cases() if c.field.kind == "affine"],
    family="affine field with probes and a step",
)
def finite_difference_affine(ports, case):
    """On affine fields central differences are exact at any step."""
    got = ports.finite_difference_loss(case.field, case.x, case.step, probes=case.probes)
    yield Sides("loss", got, oracles.objectives.sliced(case.field, case.x, case.probes))


@identity(
    "B13-order",
    ports="finite_difference_loss",
    kind="order",
    statement=r"\ell_\epsilon-\ell_{\mathrm{sliced}} = O(\epsilon^2)",
    source=PANG,
    cases=lambda: [c for c in field_cases(probes=2) if c.field.kind != "affine"],
)
def finite_difference_order(ports, case):
    """The error of central differences falls with the square of the step."""
    want = oracles.objectives.sliced(case.field, case.x, case.probes)
    steps, errors = (0.04, 0.02, 0.01), []
    for step in steps:
        got = by_point_and_probe(ports.finite_difference_loss, case, step)
        errors.append(np.abs(got - want).max())
    yield Order("error", steps, errors, 2.0)


def by_point_and_probe(port, case, step):
    """The losses of a case at a step."""
    return by_point(lambda x, v: port(case.field, x, step, probes=v), case.x, case.probes)


def ridge(dim: int, units: int) -> FieldDescription:
    """-W^T tanh(W x + b): minus the gradient of a convex function, with -J = C^T C."""
    w = settings.matrix(max(dim, units), 2)[:units, :dim]
    biases = (np.linspace(-0.5, 0.8, units), np.zeros(dim))
    return FieldDescription("mlp", weights=(w, -w.T), biases=biases)


def _ridge_factor(field, x):
    """C = D^(1/2) W, D = 1 - tanh^2."""
    slope = 1 / np.cosh(x @ field.weights[0].T + field.biases[0])
    return slope[:, :, None] * field.weights[0]


def factor_cases():
    """Factors of the field's own Jacobian, and any others; k above and below d."""
    for d, k in ((3, 2), (2, 5)):
        field, x = ridge(d, k), settings.points(4, d)
        factor = _ridge_factor(field, x)
        yield Case(f"ridges, d = {d}", field=field, x=x, factor=factor)
    law = settings.gaussian(3)
    root = np.linalg.inv(np.linalg.cholesky(law.covariance))
    x = settings.points(4, 3)
    factor = np.tile(root, (4, 1, 1))
    yield Case("Gaussian score", field=settings.gaussian_score(law), x=x, factor=factor)


@identity(
    "D4-loss",
    ports="curvature_propagation_loss",
    statement=r"\ell = \tfrac12\|s\|^2-\frac1M\sum_m\sum_i((C^Tv_m)_i)^2",
    source=MARTENS,
    cases=lambda: [
        Case(c.name, **c.inputs, probes=settings.normals(4, 3, c.factor.shape[1]))
        for c in factor_cases()
    ],
    family="field with a factor",
)
def curvature_loss_given_probes(ports, case):
    """The implicit loss with its divergence from propagated curvature, on given probes."""
    got = ports.curvature_propagation_loss(case.field, case.x, case.factor, probes=case.probes)
    right = oracles.perturbed.curvature_propagation(case.field, case.x, case.factor, case.probes)
    yield Sides("loss", got, right)


@identity(
    "D4-implicit",
    ports="curvature_propagation_loss",
    statement=r"E_v\Big[\tfrac12\|s\|^2-\|C^Tv\|^2\Big] = \tfrac12\|s\|^2+"
    r"\operatorname{tr}\nabla s\quad\text{when }-\nabla s = C^TC",
    assumptions="all sign vectors: the expectation is a finite sum",
    source=MARTENS,
    cases=factor_cases,
    family="Gaussian score with its factor",
)
def curvature_loss_is_implicit(ports, case):
    """Averaged over all sign probes the loss is the implicit one of a concave log density."""
    v = settings.all_signs(case.factor.shape[1])
    probes = np.broadcast_to(v, (len(case.x), *v.shape)).copy()
    got = ports.curvature_propagation_loss(case.field, case.x, case.factor, probes=probes)
    yield Sides("loss", got, oracles.objectives.implicit(case.field, case.x))


def _factor_of(field, x):
    """A factor (n, k, d) that moves with the parameters of a field: D^(1/2) W, or M A."""
    if field.kind == "mlp":
        return _ridge_factor(field, x)
    mixed = settings.matrix(4, 3)[: len(x[0]) + 1, : len(x[0])] @ field.matrix
    return np.broadcast_to(mixed, (len(x), *mixed.shape))


def _factor_slope(field, x):
    """Its derivatives (n, k, d, p) in the parameters, written out."""
    n, d = x.shape
    if field.kind == "affine":
        slope = np.zeros((n, d + 1, d, d * d + d))
        mix = settings.matrix(4, 3)[: d + 1, :d]
        for i in range(d):
            slope[:, :, i, i : d * d : d] = mix
        return slope
    first, bias = field.weights[0], field.biases[0]
    z, units = x @ first.T + bias, len(first)
    slope = np.zeros((n, units, d, 2 * first.size + units + d))
    for k in range(units):
        root = 1 / np.cosh(z[:, k])
        bend = -(root * np.tanh(z[:, k]))[:, None] * first[k]
        slope[:, k, :, k * d : (k + 1) * d] = bend[:, :, None] * x[:, None, :]
        slope[:, k, :, k * d : (k + 1) * d] += root[:, None, None] * np.eye(d)
        slope[:, k, :, first.size + k] = bend
    return slope


def slope_cases():
    """Networks with the factor of their own Jacobian, an affine field with any other."""
    for d, k in ((3, 2), (2, 5)):
        yield _slope_case(f"ridges, d = {d}", ridge(d, k), settings.points(4, d))
    field = settings.gaussian_score(settings.gaussian(3))
    yield _slope_case("Gaussian score, any factor", field, settings.points(4, 3))


def _slope_case(name, field, x):
    factor = np.array(_factor_of(field, x))
    probes = settings.normals(4, 3, factor.shape[1])
    slope = _factor_slope(field, x)
    return Case(name, field=field, x=x, factor=factor, factor_gradient=slope, probes=probes)


@identity(
    "D4-gradient",
    ports="curvature_propagation_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean loss}\ = E\big[(\partial_\theta s)^Ts"
    r"-2\sum_{ki}v_k(C^Tv)_i\,\partial_\theta C_{ki}\big]",
    source=MARTENS,
    cases=slope_cases,
    tolerance=1e-8,
)
def curvature_gradient(ports, case):
    """The parameter gradient of the mean curvature propagation loss, C moving with it."""
    got = ports.curvature_propagation_loss_gradient(
        case.field, case.x, case.factor, case.factor_gradient, probes=case.probes
    )

    def loss(field, x, probes):
        return oracles.perturbed.curvature_propagation(field, x, _factor_of(field, x), probes)

    yield Sides("gradient", got, oracles.objectives.gradient(loss, case.field, case.x, case.probes))


def steep(location: float, scale: float) -> FieldDescription:
    """-tanh(k (x - m)) / scale with k so large that it is -sign(x - m)/scale off the kink."""
    k = 1e6
    weights = (np.array([[k]]), np.array([[-1 / scale]]))
    return FieldDescription("mlp", weights=weights, biases=(np.array([-k * location]), np.zeros(1)))


@identity(
    "B16",
    ports="implicit_loss fisher_loss",
    statement=r"F = E[\tfrac12s^2+s'] + \tfrac12E[(\log\pi)'^2] + \sum[s]\,\pi(\text{kink})",
    assumptions="Laplace data of scale a, s = -sign(x - m)/b, derivatives taken off the kink",
    source="seed 004; derived",
    cases=lambda: [
        Case(f"a = {a}, b = {b}", law=Law("laplace", location=[m], scale=[a]), other=b)
        for m, a, b in ((0.0, 1.0, 2.5), (0.7, 1.6, 0.45))
    ],
    family="kink",
)
def kink_adds_its_jump(ports, case):
    """Off a kink of the field the implicit objective misses the jump times the density there."""
    law, b = case.law, case.other
    m, a = float(law.location[0]), float(law.scale[0])
    field, truth = steep(m, b), steep(m, a)
    nodes, w = np.polynomial.laguerre.laggauss(12)  # of |x - m|/a, on either side
    x = np.concatenate([m + a * nodes, m - a * nodes])[:, None]
    w = np.concatenate([w, w]) / 2
    want = oracles.perturbed.kinked_fisher(a, b)
    off = w @ by_point(lambda y: ports.implicit_loss(field, y), x)
    jump = -2 / b * np.exp(oracles.scores.log_density(law, law.location[None]))[0]
    yield Sides("F with the jump", off + 0.5 / a**2 + jump, np.array(want), 1 / a**2 + 1 / b**2)
    fisher = w @ by_point(lambda y: ports.fisher_loss(field, truth, y), x)
    yield Sides("F", fisher, np.array(want))

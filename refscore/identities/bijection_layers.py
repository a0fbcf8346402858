"""Chapter G: monotone maps of coordinates, layers, the densities they make."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.bijections import BACK, SEED, both, round_trip
from refscore.identities.cases import Case, Description
from refscore.identities.settings import convention_of


def _sinhs(name):
    return [
        Case(f"d = {d}", skewness=0.5 * settings.normals(d, key=13),
             tail=np.linspace(0.7, 1.4, d), **{name: settings.points(5, d, 11)})
        for d in (3, 2)
    ]  # fmt: skip


@identity(
    "G4-sinh-arcsinh",
    ports="sinh_arcsinh_forward",
    statement=r"y = \sinh(\tau(\mathrm{arcsinh}\,x + \varepsilon)),\quad \log|\det J| = "
    r"\sum\log\frac{\tau\cosh(\cdot)}{\sqrt{1 + x^2}}",
    source="derived from G4; Jones and Pewsey 2009",
    cases=lambda: _sinhs("x"),
)
def sinh_arcsinh_changes_volume(ports, case):
    """Coordinate by coordinate, log slopes add."""
    inputs = case.skewness, case.tail, case.x
    yield from both(
        ports.sinh_arcsinh_forward(*inputs), oracles.bijection_layers.sinh_arcsinh(*inputs)
    )


@identity(
    "G4-sinh-arcsinh-inverse",
    ports="sinh_arcsinh_inverse",
    statement=r"x = \sinh(\mathrm{arcsinh}(y)/\tau - \varepsilon)",
    source="derived from G4; Jones and Pewsey 2009",
    cases=lambda: _sinhs("y"),
)
def sinh_arcsinh_inverse_returns(ports, case):
    """The inverse of sinh-arcsinh maps."""
    inputs = case.skewness, case.tail, case.y
    right = oracles.bijection_layers.sinh_arcsinh_inverse(*inputs)
    yield from both(ports.sinh_arcsinh_inverse(*inputs), right)


def _splines(name):
    """Knots from -3 to 3 with unit slopes at the ends, as libraries have them; points beyond."""

    def case(d, bins):
        knots = [_knots(d, bins, key) for key in (14, 15)]
        inner = 0.4 + np.abs(settings.normals(d, bins - 1, key=16))
        slopes = np.concatenate([np.ones((d, 1)), inner, np.ones((d, 1))], axis=1)
        points = settings.points(5, d, 12, spread=1.9)
        return Case(f"d = {d}, {bins} bins", x_knots=knots[0], y_knots=knots[1], slopes=slopes,
                    **{name: points})  # fmt: skip

    return [case(3, 4), case(2, 5)]


def _knots(d, bins, key):
    widths = 0.4 + np.abs(settings.normals(d, bins, key=key))
    edges = np.concatenate([np.zeros((d, 1)), np.cumsum(widths, axis=1)], axis=1)
    return 6.0 * edges / edges[:, -1:] - 3.0


@identity(
    "G4-spline",
    ports="spline_forward",
    statement=r"\frac{dy}{dx} = \frac{s^2(d_1\xi^2 + 2s\xi(1-\xi) + d_0(1-\xi)^2)}"
    r"{(s + (d_0 + d_1 - 2s)\xi(1-\xi))^2}",
    assumptions="knots rise, slopes are positive; the outer slopes are 1",
    source="derived from G4; Durkan et al. 2019, equations 4-5",
    cases=lambda: _splines("x"),
)
def spline_changes_volume(ports, case):
    """Rational-quadratic splines, and straight lines beyond their knots."""
    inputs = case.x_knots, case.y_knots, case.slopes, case.x
    yield from both(ports.spline_forward(*inputs), oracles.bijection_layers.spline(*inputs))


@identity(
    "G4-spline-inverse",
    ports="spline_inverse",
    statement=r"s(y)\ \text{with}\ y(s) = y,\quad \log|\det J^{-1}| = -\sum\log\frac{dy}{dx}",
    assumptions="knots rise, slopes are positive; the outer slopes are 1",
    source="derived from G4; Durkan et al. 2019, equations 6-8",
    cases=lambda: _splines("y"),
)
def spline_inverse_returns(ports, case):
    """The inverse of splines, one quadratic equation a coordinate."""
    inputs = case.x_knots, case.y_knots, case.slopes, case.y
    yield from both(ports.spline_inverse(*inputs), oracles.bijection_layers.spline_inverse(*inputs))


def stack(dim: int, key: int, *, mild: bool = False) -> Description:
    """Two linear and two bending layers that do not commute."""
    size = 0.3 if mild else 1.0
    matrices = size * np.stack([settings.matrix(dim, key + i) for i in (0, 1)])
    matrices = matrices + (1 - size) * np.eye(dim)
    return Description(
        "layers", matrices=matrices, offsets=0.4 * settings.normals(2, dim, key=key),
        skewness=0.4 * settings.normals(2, dim, key=key + 1),
        tails=1.0 + 0.15 * np.tanh(settings.normals(2, dim, key=key + 2)),
    )  # fmt: skip


def _stacks(name, *, mild=False):
    return [
        Case(f"d = {d}", layers=stack(d, 21, mild=mild), **{name: settings.points(4, d, 16)})
        for d in (3, 2)
    ]


@identity(
    "G4-layers",
    ports="composition_forward",
    statement=r"f = f_L\circ\dots\circ f_1,\quad \log|\det J| = \sum_l\log|\det f_l'(x_{l-1})|",
    source=SEED,
    cases=lambda: _stacks("x"),
)
def layers_compose(ports, case):
    """Layers one after another: their log-determinants add, at the points they are given."""
    got = ports.composition_forward(case.layers, case.x)
    yield from both(got, oracles.bijection_layers.composed(case.layers, case.x))


@identity(
    "G4-layers-inverse",
    ports="composition_inverse",
    statement=r"f^{-1} = f_1^{-1}\circ\dots\circ f_L^{-1}",
    source=SEED,
    cases=lambda: _stacks("y"),
)
def composition_inverse_returns(ports, case):
    """The layers in the other order, each turned round."""
    got = ports.composition_inverse(case.layers, case.y)
    yield from both(got, oracles.bijection_layers.composed_inverse(case.layers, case.y))


@identity(
    "G4-density",
    ports="layered_log_density",
    statement=r"x = f(z):\ \log p(x) = \log p_0(z) - \log|\det f'(z)|;\quad "
    r"z = g(x):\ \log p(x) = \log p_0(z) + \log|\det g'(x)|",
    source=SEED,
    cases=lambda: _stacks("x", mild=True),
)
def density_through_layers(ports, case):
    """The change of variables: minus from the base to the data, plus the other way."""
    read = convention_of(ports, "layered_log_density", "flow_direction", "base to data")
    right = oracles.bijection_layers.layered_log_density(case.layers, case.x, read)
    yield Sides("log density", ports.layered_log_density(case.layers, case.x), right)


@identity(
    "G4-density-gradient",
    ports="layered_log_density_gradient",
    statement=r"\nabla_x\log p = J^T\nabla\log p_0(z) + \nabla_x\log|\det J|,\quad"
    r" J = \partial z/\partial x",
    source="derived from G4 and G9",
    cases=lambda: _stacks("x", mild=True),
    tolerance=1e-8,
)
def gradient_through_layers(ports, case):
    """The score of what layers make: the base's pulled back, and the gradient of the volume."""
    name = "layered_log_density_gradient"
    read = convention_of(ports, name, "flow_direction", "base to data")
    right = oracles.bijection_layers.layered_log_density_gradient(case.layers, case.x, read)
    yield Sides("gradient", ports.layered_log_density_gradient(case.layers, case.x), right)


def _grid(dim, n):
    axis = np.linspace(-14.0, 14.0, n)
    points = np.stack(np.meshgrid(*[axis] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    return points, (axis[1] - axis[0]) ** dim


@identity(
    "G4-normalised",
    ports="layered_log_density",
    statement=r"\int p_0(f^{-1}(x))\,|\det (f^{-1})'(x)|\,dx = 1",
    source=SEED,
    cases=lambda: [
        Case(f"d = {d}", layers=stack(d, key, mild=True), nodes=nodes)
        for d, key, nodes in ((1, 61, 1501), (2, 44, 171))
    ],
    tolerance=1e-6,
)
def flow_integrates_to_one(ports, case):
    """A density moved through layers still has mass one, by quadrature."""
    points, cell = _grid(case.layers.offsets.shape[1], case.nodes)
    values = np.exp(ports.layered_log_density(case.layers, points))
    yield Sides("mass", np.array(values.sum() * cell), np.array(1.0))


@identity(
    "G4-standardised",
    ports="standardised_log_density",
    statement=r"\log p(x) = \log q((x - m)/\sigma) - \sum\log\sigma_i",
    source="mistake L02; derived from G4",
    cases=lambda: [
        Case(f"{law.kind}, d = {d}", log_density=law, mean=np.linspace(0.8, -0.4, d),
             deviations=np.geomspace(0.3, 2.2, d), x=settings.points(4, d, 17))
        for law, d in ((settings.mixture(2), 2), (settings.gaussian(3), 3))
    ],
)  # fmt: skip
def standardised_density(ports, case):
    """The density of data from that of their standardisation: minus the logarithms of scales."""
    inputs = case.log_density, case.mean, case.deviations, case.x
    right = oracles.bijection_layers.standardised_log_density(*inputs)
    yield Sides("log density", ports.standardised_log_density(*inputs), right)


def _near_and_far(d):
    """Points around the origin, and a few where coordinates are beyond 5."""
    far = np.sign(settings.normals(3, d, key=19)) * np.linspace(5.3, 6.1, 3 * d).reshape(3, d)
    return np.concatenate([settings.points(4, d, 18), far])


@identity(
    "G4-own",
    ports="bijection_forward",
    statement=r"\log|\det J| = \log|\det\partial y/\partial x|,\quad"
    r" \mathrm{sign}\det\partial y/\partial x\ \text{the same everywhere}",
    assumptions="a map of the subject's own, smooth between the points of its differences",
    source=SEED,
    cases=lambda: [Case(f"d = {d}", x=_near_and_far(d)) for d in (4, 3, 2)],
    tolerance=3e-7,
)
def own_bijection_changes_volume(ports, case):
    """Any layer's log-determinant is that of its own differences, its sign one everywhere.

    A map that turns space over at some points alone folds it, and is no bijection."""
    log_det = ports.bijection_forward(case.x)[1]
    signs, right = oracles.bijection_layers.differences(
        lambda x: ports.bijection_forward(x)[0], case.x
    )
    yield Sides("log determinant", log_det, right, np.maximum(1.0, np.abs(right).max()))
    yield Sides("sign of the determinant", signs, np.full(len(signs), signs[0] or 1.0))


@identity(
    "G4-own-inverse",
    ports="bijection_forward bijection_inverse",
    statement=BACK,
    assumptions="an inverse may be found by iteration, to 1e-6 as libraries do",
    source=SEED,
    cases=lambda: [Case(f"d = {d}", x=_near_and_far(d)) for d in (4, 3, 2)],
    tolerance=1e-5,
)
def own_bijection_inverse_returns(ports, case):
    """Any layer's inverse returns the point, and the determinant with its sign turned."""
    yield from round_trip(ports, "bijection", (), case.x)


@identity(
    "G4-cost",
    ports="determinant_operations",
    statement=r"\sum_{k<d}(d-k) + (d-k)^2 = (d^3 - d)/3",
    source=SEED,
    cases=lambda: [Case(f"d = {d}", dim=d) for d in (2, 3, 7, 12)],
)
def determinants_cost_a_cube(ports, case):
    """The products and quotients of an elimination, counted one by one."""
    right = oracles.bijection_layers.elimination_operations(case.dim)
    yield Sides("operations", ports.determinant_operations(case.dim), np.array(right))

"""Chapter G: invertible maps in discrete time, the volumes they make and their inverses."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description
from refscore.identities.settings import convention_of

SEED = "seeds 000, 002, 004"
AFFINE = "y_b = x_b\\circ e^{s} + m"


def network(n_in: int, n_out: int, key: int, hidden: int = 5) -> Description:
    """A described network of one hidden layer: half its outputs shifts, half raw scales."""
    return Description(
        "conditioner",
        hidden_weights=0.8 * settings.normals(hidden, n_in, key=key),
        hidden_biases=0.5 * settings.normals(hidden, key=key + 1),
        output_weights=0.5 * settings.normals(n_out, hidden, key=key + 2),
        output_biases=0.3 * settings.normals(n_out, key=key + 3),
    )


def ordered(dim: int, key: int, hidden: int = 7) -> Description:
    """The same, the outputs of coordinate i seeing the inputs before i alone."""
    free, degrees = network(dim, 2 * dim, key, hidden), 1 + np.arange(hidden) % max(1, dim - 1)
    inputs, outputs = np.arange(1, dim + 1), np.tile(np.arange(1, dim + 1), 2)
    return Description(
        "conditioner",
        **{
            **free.parameters_by_name,
            "hidden_weights": free.hidden_weights * (degrees[:, None] >= inputs),
            "output_weights": free.output_weights * (outputs[:, None] > degrees),
        },
    )


def both(got, right, what="points"):
    """The points and the log-determinants as sides."""
    yield Sides(what, got[0], right[0])
    yield Sides("log determinant", got[1], right[1], np.maximum(1.0, np.abs(right[1]).max()))


def _read(ports, port):
    """How shifts and scales are meant."""
    kind = convention_of(ports, port, "scale_of", "exp")
    return kind, convention_of(ports, port, "affine_form", "x scale + shift")


def _couplings(name):
    masks = ([1.0, 0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0])
    return [
        Case(f"mask {''.join(str(int(m)) for m in mask)}",
             conditioner=network(int(sum(mask)), 2 * int(len(mask) - sum(mask)), 20 + len(mask)),
             mask=np.array(mask), **{name: settings.points(4, len(mask), 3)})
        for mask in masks
    ]  # fmt: skip


@identity(
    "G4-coupling",
    ports="coupling_forward",
    assumptions="e^s and its place as declared",
    statement=rf"y_a = x_a,\quad {AFFINE},\quad \log|\det J| = \sum s",
    source=SEED,
    cases=lambda: _couplings("x"),
)
def coupling_changes_volume(ports, case):
    """A coupling moves some coordinates by the others; its log-determinant is that of J."""
    got = ports.coupling_forward(case.conditioner, case.mask, case.x)
    read = _read(ports, "coupling_forward")
    yield from both(got, oracles.bijections.coupling(case.conditioner, case.mask, case.x, *read))


@identity(
    "G4-coupling-inverse",
    ports="coupling_inverse",
    statement=r"x_b = (y_b - m(y_a))\circ e^{-s(y_a)},\quad \log|\det J^{-1}| = -\sum s",
    assumptions="e^s and its place as declared",
    source=SEED,
    cases=lambda: _couplings("y"),
)
def coupling_inverse_returns(ports, case):
    """The inverse of a coupling, with the determinant's sign turned."""
    got = ports.coupling_inverse(case.conditioner, case.mask, case.y)
    read = _read(ports, "coupling_inverse")
    right = oracles.bijections.coupling_inverse(case.conditioner, case.mask, case.y, *read)
    yield from both(got, right)


def _autoregressions(name):
    return [
        Case(f"d = {d}", conditioner=ordered(d, 40 + d), **{name: settings.points(5, d, 4)})
        for d in (4, 3, 2)
    ]


@identity(
    "G4-autoregressive",
    ports="autoregressive_forward",
    statement=r"y_i = x_ie^{s_i(x_{<i})} + m_i(x_{<i}),\quad \log|\det J| = \sum_is_i",
    assumptions="e^s and its place as declared",
    source="derived from G4; Papamakarios, Pavlakou and Murray 2017",
    cases=lambda: _autoregressions("x"),
)
def autoregression_changes_volume(ports, case):
    """An autoregressive map: its Jacobian is triangular, its determinant the diagonal's."""
    got = ports.autoregressive_forward(case.conditioner, case.x)
    read = _read(ports, "autoregressive_forward")
    yield from both(got, oracles.bijections.autoregression(case.conditioner, case.x, *read))


@identity(
    "G4-autoregressive-inverse",
    ports="autoregressive_inverse",
    statement=r"x_i = (y_i - m_i(x_{<i}))e^{-s_i(x_{<i})},\quad i = 1, \dots, d",
    assumptions="e^s and its place as declared",
    source="derived from G4; Papamakarios, Pavlakou and Murray 2017",
    cases=lambda: _autoregressions("y"),
)
def autoregression_inverse_returns(ports, case):
    """The inverse of an autoregressive map, one coordinate after another."""
    got = ports.autoregressive_inverse(case.conditioner, case.y)
    read = _read(ports, "autoregressive_inverse")
    right = oracles.bijections.autoregression_inverse(case.conditioner, case.y, *read)
    yield from both(got, right)


BACK = r"f^{-1}(f(x)) = x,\quad \log|\det (f^{-1})'(f(x))| = -\log|\det f'(x)|"


def round_trip(ports, name, given, x):
    """The points there and back again, and the log-determinants of both ways."""
    y, log_det = getattr(ports, f"{name}_forward")(*given, x)
    again, turned = getattr(ports, f"{name}_inverse")(*given, y)
    yield Sides("points", again, x)
    yield Sides("log determinants", turned, -log_det, np.maximum(1.0, np.abs(log_det).max()))


@identity(
    "G4-coupling-both",
    ports="coupling_forward coupling_inverse",
    statement=BACK,
    source=SEED,
    cases=lambda: _couplings("x"),
)
def coupling_returns(ports, case):
    """A coupling and its inverse as offered, whatever is declared of either."""
    yield from round_trip(ports, "coupling", (case.conditioner, case.mask), case.x)


@identity(
    "G4-autoregressive-both",
    ports="autoregressive_forward autoregressive_inverse",
    statement=BACK,
    source=SEED,
    cases=lambda: _autoregressions("x"),
)
def autoregression_returns(ports, case):
    """An autoregressive map and its inverse as offered, whatever is declared of either."""
    yield from round_trip(ports, "autoregressive", (case.conditioner,), case.x)


@identity(
    "G4-planar-both",
    ports="planar_forward planar_inverse",
    statement=BACK,
    assumptions="u.w > -1",
    source=SEED,
    cases=lambda: _planars("x"),
)
def planar_returns(ports, case):
    """A planar map and its inverse as offered, whatever is declared of either."""
    yield from round_trip(ports, "planar", (case.bend, case.direction, case.shift), case.x)


@identity(
    "G4-radial-both",
    ports="radial_forward radial_inverse",
    statement=BACK,
    assumptions="beta > -alpha",
    source=SEED,
    cases=lambda: _radials("x"),
)
def radial_returns(ports, case):
    """A radial map and its inverse as offered, whatever is declared of either."""
    yield from round_trip(ports, "radial", (case.centre, case.softening, case.swelling), case.x)


@identity(
    "G4-masked-network",
    ports="masked_network",
    statement=r"\partial o_i/\partial x_j = 0,\quad j \ge i",
    source="derived from G4; Germain et al. 2015, equations 12-13",
    cases=lambda: [
        Case(f"d = {len(inputs)}", hidden_weights=settings.normals(6, len(inputs), key=7),
             output_weights=settings.normals(len(inputs), 6, key=8), degrees=np.array(degrees),
             x=settings.points(4, len(inputs), 5))
        for inputs, degrees in (("1234", [1.0, 2, 3, 1, 3, 2]), ("123", [2.0, 1, 1, 2, 1, 2]))
    ],
)  # fmt: skip
def masked_network_keeps_order(ports, case):
    """A masked network's output i is made of the links from inputs before i alone."""
    inputs = case.hidden_weights, case.output_weights, case.degrees, case.x
    right = oracles.bijections.masked_network(*inputs)
    yield Sides("outputs", ports.masked_network(*inputs), right)


def _planars(name):
    return [
        Case(f"{what}, d = {d}", bend=size * settings.normals(d, key=key),
             direction=settings.normals(d, key=key + 1), shift=-0.4,
             **{name: settings.points(5, d, 6)})
        for what, d, key, size in (("stretch", 3, 75, 1.0), ("bend", 2, 74, 0.7))
    ] + [
        Case("squeeze, d = 4", bend=np.array([-0.6, 0.5, 0.1, -0.2]), shift=0.3,
             direction=np.array([0.9, 0.2, -0.7, 0.5]), **{name: settings.points(4, 4, 7)})
    ]  # fmt: skip


@identity(
    "G4-planar",
    ports="planar_forward",
    statement=r"y = x + u\tanh(w\cdot x + b),\quad \det J = 1 + u\cdot w\,(1 - \tanh^2)",
    assumptions="u.w > -1",
    source=SEED,
    cases=lambda: _planars("x"),
)
def planar_changes_volume(ports, case):
    """A planar map's determinant is one plus a projection."""
    inputs = case.bend, case.direction, case.shift, case.x
    read = convention_of(ports, "planar_forward", "planar_bend", "as given")
    yield from both(ports.planar_forward(*inputs), oracles.bijections.planar(*inputs, read))


@identity(
    "G4-planar-inverse",
    ports="planar_inverse",
    statement=r"x = y - u\tanh(a + b),\quad a + u\cdot w\tanh(a + b) = w\cdot y",
    assumptions="u.w > -1",
    source=SEED,
    cases=lambda: _planars("y"),
)
def planar_inverse_returns(ports, case):
    """The inverse of a planar map, one monotone equation a point."""
    inputs = case.bend, case.direction, case.shift, case.y
    read = convention_of(ports, "planar_inverse", "planar_bend", "as given")
    yield from both(ports.planar_inverse(*inputs), oracles.bijections.planar_inverse(*inputs, read))


def _radials(name):
    return [
        Case(f"{what}, d = {d}", centre=settings.normals(d, key=9), softening=soft, swelling=swell,
             **{name: settings.points(5, d, 8)})
        for what, d, soft, swell in (("swell", 3, 0.7, 1.6), ("pinch", 2, 1.2, -0.9))
    ]  # fmt: skip


@identity(
    "G4-radial",
    ports="radial_forward",
    statement=r"y = x + \beta\frac{x - c}{\alpha + r},\quad \det J = "
    r"\Bigl(1 + \frac{\beta}{\alpha + r}\Bigr)^{d-1}"
    r"\Bigl(1 + \frac{\alpha\beta}{(\alpha+r)^2}\Bigr)",
    assumptions="beta > -alpha",
    source="derived from G4; Rezende and Mohamed 2015, equation 14",
    cases=lambda: _radials("x"),
)
def radial_changes_volume(ports, case):
    """A radial map stretches d - 1 directions alike and the radius otherwise."""
    inputs = case.centre, case.softening, case.swelling, case.x
    read = convention_of(ports, "radial_forward", "radial_swelling", "as given")
    yield from both(ports.radial_forward(*inputs), oracles.bijections.radial(*inputs, read))


@identity(
    "G4-radial-inverse",
    ports="radial_inverse",
    statement=r"r(1 + \beta/(\alpha + r)) = \|y - c\|",
    assumptions="beta > -alpha",
    source="derived from G4; Rezende and Mohamed 2015",
    cases=lambda: _radials("y"),
)
def radial_inverse_returns(ports, case):
    """The inverse of a radial map, one equation in the radius a point."""
    inputs = case.centre, case.softening, case.swelling, case.y
    read = convention_of(ports, "radial_inverse", "radial_swelling", "as given")
    yield from both(ports.radial_inverse(*inputs), oracles.bijections.radial_inverse(*inputs, read))

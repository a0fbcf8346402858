"""Chapter H: optimal scalar quantisers of the normal law; rounding without a codebook."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.quantisation import both

FSQ = "derived from H3; Mentzer et al. 2023"


@identity(
    "H3-scalar",
    ports="lloyd_max",
    statement=r"t_i = \tfrac12(y_i + y_{i+1}),\quad y_i = E[X\mid t_{i-1} < X < t_i]",
    source="derived from H3; Lloyd 1982, Max 1960",
    cases=lambda: [
        *(Case(f"K = {k}", n_levels=k, mu=0.0, sd=1.0) for k in (2, 3, 4, 8)),
        Case("K = 5, mean -0.7, sd 1.6", n_levels=5, mu=-0.7, sd=1.6),
    ],
)
def optimal_scalar_quantisers(ports, case):
    """Levels are the means of their cells, and cells meet half way."""
    got = ports.lloyd_max(case.n_levels, case.mu, case.sd)
    right = oracles.scalar_quantisation.optimal_levels(case.n_levels, case.mu, case.sd)
    yield Sides("levels", got, right)


@identity(
    "H3-distortion",
    ports="scalar_distortion",
    statement=r"D = \sum_i\int_{t_{i-1}}^{t_i}(x - y_i)^2p(x)\,dx",
    source="definition",
    cases=lambda: [
        Case("four levels", reproduction=np.array([-1.5, -0.4, 0.3, 2.2]), mu=0.0, sd=1.0),
        Case("three, mean 0.4, sd 1.3", reproduction=np.array([-3.0, 0.2, 2.9]), mu=0.4, sd=1.3),
        Case("one", reproduction=np.array([0.6]), mu=-0.3, sd=0.7),
    ],
)
def scalar_distortion_of_levels(ports, case):
    """The error of any levels, each with the cell that is nearest to it."""
    inputs = case.reproduction, case.mu, case.sd
    got = ports.scalar_distortion(*inputs)
    yield Sides("distortion", got, oracles.scalar_quantisation.distortion(*inputs))


def _half_way():
    """Points 1e-4 to either side of where rounding changes, for 4, 8 and 5 values."""
    bins = np.array([4, 8, 5])
    h, o = 1.001 * (bins - 1) / 2, np.array([0.5, 0.5, 0.0])
    edges = np.array([[0.5, 2.5, 1.5], [-0.5, -3.5, -0.5], [-1.5, 0.5, 0.5]])
    edges = np.concatenate([edges - 1e-4, edges + 1e-4])
    x = np.arctanh((edges + o) / h) - np.arctanh(o / h)
    return Case("about half way", x=x, bins=bins)


def _between():
    """Points that round otherwise where the bound is .999 (L - 1)/2, not where it is (L - 1)/2."""
    bins = np.array([4, 8, 5])
    h, o = 0.9995 * (bins - 1) / 2, np.array([0.5, 0.5, 0.0])
    edges = np.array([[0.5, 1.5, 1.5], [-0.5, 2.5, -1.5], [-1.5, -3.5, 0.5]])
    x = np.arctanh((edges + o) / h) - np.arctanh(o / h)
    return Case("half way of smaller bounds", x=x, bins=bins)


def _rounded():
    return [
        Case("5, 4 and 8 values", x=settings.points(7, 3, 41), bins=np.array([5, 4, 8])),
        Case("3 and 6 values", x=settings.points(6, 2, 42), bins=np.array([3, 6])),
        Case("far out", bins=np.array([7, 4]),
             x=np.array([[30.0, -30.0], [-30.0, 30.0], [0.01, 0.02], [-0.03, 5.0]])),
        _half_way(),
        _between(),
    ]  # fmt: skip


@identity(
    "H3-finite-scalar",
    ports="finite_scalar",
    statement=r"b = h\tanh(x + \operatorname{artanh}\tfrac oh) - o,\quad x_q = [b]/\lfloor L/2"
    r"\rfloor,\quad k = \sum_i([b_i] + \lfloor L_i/2\rfloor)\prod_{j<i}L_j",
    source=FSQ,
    cases=_rounded,
)
def finite_scalar_values(ports, case):
    """Every coordinate is bounded and rounded to one of its values; codes count through them."""
    got = ports.finite_scalar(case.x, case.bins)
    yield from both(got, oracles.scalar_quantisation.finite_scalar(case.x, case.bins))


@identity(
    "H3-finite-scalar-codes",
    ports="finite_scalar_values",
    statement=r"x_{q,i} = \bigl(\lfloor k/\textstyle\prod_{j<i}L_j\rfloor \bmod L_i - \lfloor L_i/2"
    r"\rfloor\bigr)/\lfloor L_i/2\rfloor",
    source=FSQ,
    cases=lambda: [
        Case("5, 4 and 8 values", index=np.array([0, 159, 23, 100, 61]), bins=np.array([5, 4, 8])),
        Case("3 and 6 values", index=np.arange(18), bins=np.array([3, 6])),
    ],
)
def codes_of_finite_scalars(ports, case):
    """A code has the digits of its values."""
    got = ports.finite_scalar_values(case.index, case.bins)
    right = oracles.scalar_quantisation.finite_scalar_values(case.index, case.bins)
    yield Sides("values", got, right)


@identity(
    "H4-finite-scalar",
    ports="finite_scalar_gradient",
    statement=r"\partial_x\, a\cdot x_q := a\,h\operatorname{sech}^2(x + \operatorname{artanh}"
    r"\tfrac oh)/\lfloor L/2\rfloor",
    source=FSQ,
    cases=lambda: [
        Case(case.name, x=case.x, bins=case.bins,
             cotangent=settings.normals(*case.x.shape, key=44))
        for case in _rounded()[:2]
    ],
)  # fmt: skip
def finite_scalar_pullback(ports, case):
    """Rounding passes gradients as they are, its bound by its slope."""
    inputs = case.x, case.bins, case.cotangent
    got = ports.finite_scalar_gradient(*inputs)
    yield Sides("gradient", got, oracles.scalar_quantisation.finite_scalar_gradient(*inputs))


@identity(
    "H3-lookup-free",
    ports="lookup_free",
    statement=r"x_{q,i} = \operatorname{sign}x_i,\quad k = \sum_i[x_i > 0]2^{d-1-i}",
    source="derived from H3; Yu et al. 2023",
    cases=lambda: [
        Case(f"d = {d}", x=settings.points(6, d, 45)) for d in (4, 3)
    ] + [Case("zero is not above zero", x=np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.0]]))],
)  # fmt: skip
def lookup_free_bits(ports, case):
    """Every coordinate is a sign, and a bit of the code."""
    got = ports.lookup_free(case.x)
    yield from both(got, oracles.scalar_quantisation.lookup_free(case.x))

"""Chapter A: a score is a gradient, and gives its density back."""

from __future__ import annotations

import functools

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.scores import every_case


@identity(
    "A4",
    ports="score_jacobian",
    statement=r"\partial s_i/\partial x_j = \partial s_j/\partial x_i",
    source="implied by seeds 001, 004: a score is a gradient",
    cases=every_case,
)
def conservative_score(ports, case):
    """A score has no curl: its Jacobian is symmetric."""
    jac = ports.score_jacobian(case.law, case.x)
    yield Sides("Jacobian", jac, np.swapaxes(jac, -1, -2))
    right = oracles.scores.score_jacobian(case.law, case.x)
    curl = right - np.swapaxes(right, -1, -2)
    yield Sides("curl", jac - np.swapaxes(jac, -1, -2), 0.0 * curl, np.abs(right).max())


@identity(
    "A4-projection",
    ports="conservative_projection",
    statement=r"B\Sigma + \Sigma B = A\Sigma + \Sigma A^T,\quad c = b + (A-B)\mu",
    assumptions="affine field, law with mean mu and covariance Sigma",
    source="derived",
    cases=lambda: [
        Case(f"d = {d}", field=settings.affine(d), law=settings.gaussian(d)) for d in (2, 3, 4)
    ],
    family="affine field",
)
def nearest_gradient_field(ports, case):
    """The gradient field nearest to an affine one in the law's mean square."""
    law, field = case.law, case.field
    got = ports.conservative_projection(field.matrix, field.offset, law.mean, law.covariance)
    want = oracles.calculus.nearest_gradient(field.matrix, field.offset, law.mean, law.covariance)
    yield Sides("B", got[0], want[0])
    yield Sides("c", got[1], want[1])


@functools.cache
def _path_cases():
    law = settings.gaussian(3)
    return [
        Case(
            "Gaussian, d = 3",
            law=law,
            score=settings.gaussian_score(law),
            x=settings.points(5, 3),
            x0=np.zeros(3),
        ),
        Case(
            "mixture, d = 2",
            law=settings.mixture(2),
            score=settings.mixture_score(2),
            x=settings.points(6, 2),
            x0=np.array([0.3, -0.2]),
        ),
    ]


@identity(
    "A3",
    ports="recover_log_density",
    statement=r"\log p(x) - \log p(x_0) = \int_0^1 s(x_0+t(x-x_0))\cdot(x-x_0)\,dt",
    assumptions="the segment from x0 to x lies in the support",
    source="seeds 001, 004",
    cases=_path_cases,
    tolerance=1e-8,
)
def density_from_score(ports, case):
    """Path integrals of the score recover the density up to its constant."""
    right = oracles.scores.log_density(case.law, case.x)
    right = right - oracles.scores.log_density(case.law, case.x0)
    yield Sides("difference", ports.recover_log_density(case.score, case.x, case.x0), right)


@identity(
    "A3-pieces",
    ports="score log_density",
    statement=r"\text{equal scores, other densities: } \tfrac12 U(0,1)+\tfrac12 U(2,3)"
    r"\ \text{and}\ .9\,U(0,1)+.1\,U(2,3)",
    assumptions="a support in two pieces, here two narrow components far apart",
    source="seeds 001, 004 assume a connected support",
    cases=lambda: [
        Case(f"modes at ±{a}", a=a, x=np.array([[-a - 0.3], [-a], [a], [a + 0.2]]))
        for a in (12.0, 20.0)
    ],
)
def disconnected_support(ports, case):
    """Across a gap the score forgets the weights: densities differ, scores agree."""
    even, uneven = (
        Law("mixture", weights=w, means=[[-case.a], [case.a]], covariances=[[[0.5]], [[0.7]]])
        for w in ([0.5, 0.5], [0.9, 0.1])
    )
    yield Sides("scores", ports.score(even, case.x), ports.score(uneven, case.x))
    right = oracles.scores.score(even, case.x)
    yield Sides("score", ports.score(uneven, case.x), right)
    gap = ports.log_density(uneven, case.x) - ports.log_density(even, case.x)
    yield Sides("densities", gap, np.log([1.8, 1.8, 0.2, 0.2]))

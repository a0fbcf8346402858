"""Chapter A: the derivatives of a score."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities.base import Sides, identity
from refscore.identities.differences import jacobian
from refscore.identities.scores import DEFINITIONS, every_case


@identity(
    "A2-jacobian",
    ports="score_jacobian",
    statement=r"\nabla s = -\sum_k r_k\Sigma_k^{-1} + \operatorname{Cov}_r(s_k)",
    source=DEFINITIONS,
    cases=every_case,
    family="mixture",
)
def score_jacobian_is_derivative(ports, case):
    """The score's Jacobian, the curvature of the log density."""
    right = oracles.scores.score_jacobian(case.law, case.x)
    yield Sides("Jacobian", ports.score_jacobian(case.law, case.x), right)


@identity(
    "A2-divergence",
    ports="divergence",
    statement=r"\nabla\cdot s = \Delta\log p = \operatorname{tr}\nabla s",
    source=DEFINITIONS,
    cases=every_case,
    family="mixture",
)
def divergence_is_laplacian(ports, case):
    """The divergence of the score is the Laplacian of the log density."""
    right = oracles.scores.divergence(case.law, case.x)
    yield Sides("divergence", ports.divergence(case.law, case.x), right)


@identity(
    "A2-derivative",
    ports="score score_jacobian divergence",
    statement=r"J_{ij} = \partial s_i/\partial x_j,\ \nabla\cdot s = \sum_i J_{ii}",
    source=DEFINITIONS,
    cases=every_case,
    tolerance=1e-6,
)
def jacobian_is_of_the_score(ports, case):
    """The subject's Jacobian and divergence are the derivatives of its own score."""
    numeric = jacobian(lambda x: ports.score(case.law, x), case.x)
    yield Sides("Jacobian", ports.score_jacobian(case.law, case.x), numeric)
    trace = np.trace(numeric, axis1=-2, axis2=-1)
    scale = np.abs(numeric).max()
    yield Sides("divergence", ports.divergence(case.law, case.x), trace, scale)

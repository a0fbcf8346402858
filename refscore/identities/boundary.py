"""Chapter B: what integration by parts leaves where a density jumps."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.bounded import law_nodes
from refscore.identities.cases import Case, Law
from refscore.identities.fields import by_point


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


def _integrals(case):
    """Nodes and weights of the law, E (log p)'^2 and the Fisher divergence."""
    x, w = law_nodes(case)
    information = w @ oracles.bounded.score(case.law, x)[:, 0] ** 2
    return x, w, information, w @ oracles.objectives.fisher(case.field, case.law, x)


@identity(
    "B3",
    ports="boundary_term",
    statement=r"[\pi s]_a^b = E[\tfrac12 s^2+s'] + \tfrac12E[(\log\pi)'^2]"
    r" - \tfrac12E(s-(\log\pi)')^2",
    assumptions="a density that jumps where its interval ends",
    source="seed 004",
    cases=_jumps,
    family="field on an interval",
)
def boundary_term_of_a_jump(ports, case):
    """What integration by parts leaves at the ends, from the integrals alone."""
    x, w, information, fisher = _integrals(case)
    implicit = w @ oracles.objectives.implicit(case.field, x)
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
    family="field on an interval",
)
def implicit_with_boundary(ports, case):
    """The implicit loss on an interval is Fisher's only once the boundary term is taken off."""
    x, w, information, fisher = _integrals(case)
    mean = w @ by_point(lambda p: ports.implicit_loss(case.field, p), x)
    left = mean + 0.5 * information - oracles.bounded.boundary_term(case.field, case.law)
    yield Sides("F", left, np.array(fisher), abs(mean) + information + fisher)

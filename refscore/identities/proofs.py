"""The proofs the lectures display, line by line: every right-hand side is the same number."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.differences import gradient, jacobian
from refscore.identities.fields import HYVARINEN, by_point
from refscore.identities.settings import process_of


def _line():
    """Midpoint panels: exponentially accurate for a density that decays."""
    step = 24 / 600
    return (-12 + step * (np.arange(600) + 0.5))[:, None], step


@identity(
    "B2-proof",
    ports="score implicit_loss",
    statement=r"E_\pi[s\,(\log\pi)'] = \int s\,\pi'\,dx = \pi s\big|_{-\infty}^{\infty} - "
    r"\int s'\pi\,dx = -E_\pi[s']",
    assumptions="mixture data on the line, network field",
    source=HYVARINEN + " (the proof in one dimension)",
    cases=lambda: [
        Case(
            "network on a mixture",
            field=settings.network(1, (4, 3)),
            law=Law(
                "mixture",
                weights=[0.6, 0.4],
                means=[[1.3], [-1.0]],
                covariances=[[[0.5]], [[0.8]]],
            ),
        )
    ],
    tolerance=1e-7,
)
def proof_of_implicit(ports, case):
    """Integration by parts in one dimension, each displayed line."""
    x, step = _line()

    def density(y):
        return np.exp(oracles.scores.log_density(case.law, y))

    s = oracles.fields.value(case.field, x)[:, 0]
    p = density(x)
    truth = ports.score(case.law, x)[:, 0]
    slope = by_point(lambda y: ports.implicit_loss(case.field, y), x) - 0.5 * s**2
    cross = step * (p * s) @ truth
    yield Sides("square", step * p @ (s - truth) ** 2, step * p @ (s**2 + truth**2) - 2 * cross)
    yield Sides("∫ s π'", cross, step * s @ gradient(density, x)[:, 0])
    edges = p[-1] * s[-1] - p[0] * s[0]
    yield Sides("boundary and ∫ s' π", cross, edges - step * p @ slope)
    exact = oracles.fields.divergence(case.field, x)
    yield Sides("E[s']", -step * p @ slope, -step * p @ exact)


@identity(
    "F6-proof",
    ports="drift diffusion flow_velocity",
    statement=r"\partial_t p = -\nabla\cdot(fp) + \tfrac12g^2\Delta p = "
    r"-\nabla\cdot(fp - \tfrac12g^2\nabla p) = -\nabla\cdot(fp - \tfrac12g^2p\,\nabla\log p) = "
    r"-\nabla\cdot(\tilde f p)",
    assumptions="VP; mixture data",
    source="seed 003 (the proof of the probability flow)",
    cases=lambda: [
        Case(f"mixture, t = {t}", law=settings.mixture(2), x=settings.points(5, 2), t=t)
        for t in (0.05, 0.3)
    ],
    tolerance=1e-5,
)
def proof_of_probability_flow(ports, case):
    """From Fokker-Planck to the flow without noise, each displayed line at points x."""
    t, x = case.t, case.x

    def density(y, u):
        law = oracles.diffusion.law_at(case.law, process_of(ports), u)
        return np.exp(oracles.scores.log_density(law, y))

    law = oracles.diffusion.law_at(case.law, process_of(ports), t)
    d1, d2 = ((density(x, t + h) - density(x, t - h)) / (2 * h) for h in (1e-3, 5e-4))
    change = (4 * d2 - d1) / 3
    g2 = float(np.asarray(ports.diffusion(t))) ** 2

    def lose(flux):
        return -np.trace(jacobian(flux, x), axis1=-2, axis2=-1)

    def slope(y):
        return gradient(lambda z: np.exp(oracles.scores.log_density(law, z)), y)

    def mass(y):
        return np.exp(oracles.scores.log_density(law, y))[:, None]

    def half(y):
        return 0.5 * g2 * mass(y) * oracles.scores.score(law, y)

    s, curvature = oracles.scores.score(law, x), oracles.scores.divergence(law, x)
    laplacian = mass(x)[:, 0] * ((s**2).sum(-1) + curvature)
    scale = np.abs(change).max()
    spread = lose(lambda y: ports.drift(y, t) * mass(y)) + 0.5 * g2 * laplacian
    yield Sides("Fokker-Planck", spread, change, scale)
    second = lose(lambda y: ports.drift(y, t) * mass(y) - 0.5 * g2 * slope(y))
    yield Sides("one divergence", second, change, scale)
    third = lose(lambda y: ports.drift(y, t) * mass(y) - half(y))
    yield Sides("log derivative", third, change, scale)
    last = lose(lambda y: ports.flow_velocity(case.law, y, t) * mass(y))
    yield Sides("flow", last, change, scale)

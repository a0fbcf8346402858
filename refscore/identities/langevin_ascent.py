"""Chapter E: chains without noise climb to critical points, and stay on ridges."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.smoothing import score_of


def _ascent_cases():
    law = settings.mixture(2)
    yield Case("mixture, d = 2", law=law, x=settings.points(4, 2), step_size=0.5)
    law = settings.gaussian(3)
    yield Case("Gaussian, d = 3", law=law, x=settings.points(4, 3), step_size=1.2)


def _shifted(law, x):
    """x by mean shift, Σ r P x = Σ r P m, which stays put only where the score vanishes."""
    if law.kind == "gaussian":
        return np.broadcast_to(law.mean, x.shape)
    P, roots = np.linalg.inv(law.covariances), np.sqrt(np.linalg.det(law.covariances))
    for _ in range(300):
        gap = x[:, None] - law.means
        forms = np.einsum("nki,kij,nkj->nk", gap, P, gap)
        r = law.weights / roots * np.exp(-(forms - forms.min(1, keepdims=True)) / 2)
        pull = np.einsum("nk,kij,kj->ni", r, P, law.means)
        x = np.linalg.solve(np.einsum("nk,kij->nij", r, P), pull[..., None])[..., 0]
    return x


@identity(
    "E4",
    ports="langevin_step",
    statement=r"z = 0,\ \eta < 4/L:\quad x \leftarrow x+\tfrac{\eta}{2}s(x)\ \to\ s(x) = 0",
    assumptions="s Lipschitz with constant L",
    source="seeds 000, 001, 002 (zero noise)",
    cases=_ascent_cases,
    tolerance=1e-8,
)
def zero_noise_climbs(ports, case):
    """Without noise a chain climbs to a critical point of the log density, one step at a time."""
    x, zero, field = case.x, np.zeros_like(case.x), score_of(case.law)
    for k in range(130):
        x = ports.langevin_step(field, x, case.step_size, noise=zero)
        if k == 0:
            yield Sides(
                "first step", x, oracles.langevin.step(case.law, case.x, case.step_size, zero)
            )
    yield Sides("end", x, _shifted(case.law, x))


def _ridge_cases():
    for a in (2.0, 3.0):
        law = Law("mixture", weights=[0.5, 0.5], means=[[a, 0.0], [-a, 0.0]],
                  covariances=np.array([np.eye(2)] * 2))  # fmt: skip
        yield Case(
            f"modes at ±{a:g}", law=law, x=np.array([[0.0, 1.7], [0.0, -0.4]]), step_size=0.3
        )


@identity(
    "E4-ridge",
    ports="langevin_step",
    statement=r"z = 0,\ x_1 = 0:\ \text{the chain stays on the ridge and ends at the saddle}\ 0",
    assumptions="two equal components that mirror each other",
    source="derived",
    cases=_ridge_cases,
)
def symmetric_start_stays(ports, case):
    """From the ridge between two equal modes no step without noise leaves it."""
    x, zero, field = case.x, np.zeros_like(case.x), score_of(case.law)
    for _ in range(40):
        x = ports.langevin_step(field, x, case.step_size, noise=zero)
    decay = (1 - case.step_size / 2) ** 40
    yield Sides("the saddle", x + 1, 1 + case.x * np.array([0.0, decay]))

"""Chapter F: what densities on the line end in, and how fast."""

from __future__ import annotations

import functools

import numpy as np

from refscore import oracles
from refscore.identities.base import identity
from refscore.identities.cases import Law
from refscore.identities.fokker_planck import SEED, langevin, spread, transport
from refscore.identities.fokker_planck_cells import HILLS, TOLERANCE, mixed, near, on_cells

BUMP = Law("gaussian", mean=[0.9], covariance=[[0.36]])


def _law_between(law, low, high):
    return lambda x: oracles.fokker_planck.stationary_of_law(law, low, high, x)


def _stays():
    kept = oracles.fokker_planck
    for name, law, low, high, n, g2 in (
        ("two hills", HILLS, -5.0, 5.0, 200, 1.7),
        ("a bump", BUMP, -3.0, 5.0, 160, 0.8),
    ):
        yield on_cells(
            name, low, high, n, drift=langevin(law, g2), diffusion=spread(g2),
            exact=_law_between(law, low, high), start=functools.partial(mixed, law),
        )  # fmt: skip
    yield on_cells(
        "double well", -3.0, 3.0, 200, drift=transport(1.0, cubic=1.0), diffusion=spread(0.5),
        exact=lambda x: kept.stationary_double_well(4.0, -3.0, 3.0, x),
        start=lambda x: np.exp(2 * x**2 - x**4),
    )  # fmt: skip
    yield on_cells(
        "Student", -6.0, 6.0, 240, drift=transport(-1.0), diffusion=spread(1.2, 0.0, 1.0, 0.4),
        exact=lambda x: kept.stationary_pearson(1.0, 1.2, 0.4, -6.0, 6.0, x),
        start=lambda x: (1 + 0.4 * x**2) ** -(1 + 1 / 0.48),
    )  # fmt: skip


@identity(
    "F3",
    ports="stationary_density",
    kind="exact law",
    statement=r"f = \tfrac12g^2\nabla\log p\ \Rightarrow\ p;\quad "
    r"g^2\ \text{of}\ x:\ p\propto g^{-2}\exp\!\int 2f/g^2",
    assumptions="on the line between walls, some 200 cells: 0.2 % is allowed",
    source="seeds 000, 002, 003; Risken 1989, equation 5.13",
    cases=_stays,
    tolerance=TOLERANCE,
)
def stationary_density(ports, case):
    """Langevin's equation with the score of a fixed target ends in it; so do other equations."""
    got = ports.stationary_density(case.drift, case.diffusion, case.grid)
    yield near("density", got, case.exact(case.grid))


@identity(
    "F3-kept",
    ports="density_evolution",
    kind="exact law",
    statement=r"p_0 = p\ \Rightarrow\ p_t = p",
    assumptions="on the line between walls; the score of the fixed target",
    source=SEED,
    cases=lambda: [case for case in _stays() if case.name in ("two hills", "Student")],
    tolerance=TOLERANCE,
)
def fixed_score_keeps_target(ports, case):
    """From the target, Langevin's equation with its score goes nowhere."""
    start = case.start(case.grid)
    start = start / (np.sum(start) * (case.grid[1] - case.grid[0]))
    got = ports.density_evolution(start, case.drift, case.diffusion, case.grid, 0.0, 0.6)
    yield near("density", got, case.exact(case.grid))


def _gaps():
    for beta in (2.0, 4.0, 8.0):
        gap = oracles.fokker_planck.double_well_gap(beta)
        yield on_cells(f"double well, β = {beta:g}", -3.2, 3.2, 240, gap=gap,
                       drift=transport(1.0, cubic=1.0), diffusion=spread(2 / beta))  # fmt: skip
    yield on_cells("pull", -5.0, 5.0, 200, drift=transport(-1.3, offset=0.4),
              diffusion=spread(0.9), gap=1.3)  # fmt: skip
    yield on_cells("Student", -9.0, 9.0, 600, drift=transport(-1.0), gap=1.0,
              diffusion=spread(0.3, 0.0, 1.0, 0.4))  # fmt: skip
    D, v, length = 0.3, 0.8, 1.5
    gap = D * ((np.pi / length) ** 2 + (v / (2 * D)) ** 2)
    yield on_cells("sloping box", -0.5, 1.0, 150, drift=transport(0.0, offset=v),
              diffusion=spread(2 * D), gap=gap)  # fmt: skip


@identity(
    "F2-gap",
    ports="spectral_gap",
    kind="exact law",
    statement=r"L\varphi = -\lambda\varphi,\ \lambda_1>0:\ .422945,\ .187170,\ .056818\ "
    r"\text{for}\ U = x^4/4 - x^2/2,\ \beta = 2, 4, 8",
    assumptions="on the line, some 200 cells: 0.2 % is allowed",
    source="Risken 1989, section 5.4; computed with sinc functions",
    cases=_gaps,
    tolerance=TOLERANCE,
)
def spectral_gap(ports, case):
    """The slowest rate at which densities relax: two wells, a pull, a heavy tail, a box."""
    got = ports.spectral_gap(case.drift, case.diffusion, case.grid)
    yield near("gap", np.asarray(got), np.array(case.gap))


@identity(
    "F2-kramers",
    ports="spectral_gap",
    kind="exact law",
    statement=r"\lambda_1\big/\tfrac{\sqrt2}{\pi}e^{-\beta/4} = 1.1302,\ .9326,\ .9030\ "
    r"\text{at}\ \beta = 4, 8, 16;\ \to1",
    assumptions="the double well x⁴/4 - x²/2; 480 cells: 0.2 % is allowed",
    source="Eyring 1935; Kramers 1940; Berglund 2013",
    cases=lambda: [
        on_cells(f"β = {beta:g}", -2.8, 2.8, 480, drift=transport(1.0, cubic=1.0),
            diffusion=spread(2 / beta), beta=beta)
        for beta in (4.0, 8.0, 16.0)
    ],
    tolerance=TOLERANCE,
)  # fmt: skip
def eyring_kramers(ports, case):
    """The gap of a double well is near both wells' rates of escape, nearer as they deepen."""
    got = ports.spectral_gap(case.drift, case.diffusion, case.grid)
    rate = np.sqrt(2) / np.pi * np.exp(-case.beta / 4)
    want = np.array(oracles.fokker_planck.kramers_ratio(case.beta))
    yield near("gap over rate", np.asarray(got / rate), want)

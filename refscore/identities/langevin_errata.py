"""Chapter J: what the lectures print of Langevin dynamics, and the numbers that refute it."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.langevin import affine_map, propagate


@identity(
    "J6-langevin",
    ports="langevin_step",
    kind="exact law",
    statement=r"N(0,1):\ \mathrm{Var}\,X_\infty = \frac{1}{1-\eta/4},\ \text{not}\ 1;\ "
    r"\text{a step takes}\ S\ \text{to}\ S+\tfrac{\eta^2}4P",
    assumptions="Gaussian target, η < 4 lambda_min(S)",
    source="seeds 000, 002, 003 (samples follow the target)",
    cases=lambda: [
        Case(
            "N(0, 1), step 1",
            law=Law("gaussian", mean=np.zeros(1), covariance=np.eye(1)),
            step_size=1.0,
        ),
        Case("d = 2, step 0.6", law=settings.gaussian(2), step_size=0.6),
    ],
)
def erratum_langevin_exact(ports, case):
    """Said to end in the target; the variance is too large by η/4 in first order, at every η."""
    law, d = case.law, len(case.law.mean)
    for size in (case.step_size, case.step_size / 2):
        m, c, b = affine_map(ports, law, size)
        cov = np.linalg.solve(np.eye(d * d) - np.kron(m, m), (b @ b.T).ravel()).reshape(d, d)
        right = oracles.langevin.stationary(law, size).covariance - law.covariance
        yield Sides(f"excess at step {size:g}", cov - law.covariance, right)
        moved = propagate(law.mean, law.covariance, m, c, b, 1)[1] - law.covariance
        right = size**2 / 4 * np.linalg.inv(law.covariance)
        yield Sides(f"the target, moved by a step of {size:g}", moved, right)


@identity(
    "J12",
    ports="langevin_step",
    kind="exact law",
    statement=r"\tfrac12\nabla\log p_t(x):\ \text{every start stationary};\quad "
    r"\tfrac12\nabla\log p(x):\ \dot m = -\tfrac12P(m-\mu),\ \dot C = I-\tfrac12(PC+CP)",
    assumptions="Gaussian target and start, one short step",
    source="seeds 000, 002, 003 (the drift as printed)",
    cases=lambda: [
        Case(
            f"d = {d}",
            law=settings.gaussian(d),
            step_size=0.02,
            start=Law(
                "gaussian", mean=np.linspace(2.0, -1.0, d), covariance=settings.covariance(d, 5)
            ),
        )
        for d in (1, 2)
    ],
    tolerance=1e-8,
)
def erratum_drift_of_current_law(ports, case):
    """Printed with the score of the chain's own law, under which no law would ever change."""
    law, p0, eta = case.law, case.start, case.step_size
    printed = propagate(p0.mean, p0.covariance, *affine_map(ports, p0, eta), 1)
    own = eta**2 / 4 * np.linalg.inv(p0.covariance)
    yield Sides("mean as printed", printed[0], p0.mean)
    yield Sides("change as printed", printed[1] - p0.covariance, own)
    mean, cov = propagate(p0.mean, p0.covariance, *affine_map(ports, law, eta), 1)
    P = np.linalg.inv(law.covariance)
    yield Sides("rate of the mean", (mean - p0.mean) / eta, -P @ (p0.mean - law.mean) / 2)
    moved = np.eye(len(P)) - (P @ p0.covariance + p0.covariance @ P) / 2
    second = eta / 4 * P @ p0.covariance @ P
    yield Sides("rate of the covariance", (cov - p0.covariance) / eta, moved + second)


@identity(
    "J15",
    ports="langevin_law",
    kind="exact law",
    statement=r"\epsilon\to0,\ T\to\infty,\ \epsilon T\to0:\ E X_T\to x_0;\quad "
    r"\epsilon T\to\infty:\ E X_T\to\mu",
    assumptions="N(0, 1) from 5, x + (ε/2) s + √ε z",
    source="seed 001 (as ε → 0 and T → ∞)",
    cases=lambda: [
        Case("ε = T⁻²", power=2.0, limit=5.0),
        Case("ε = T^(-1/2)", power=0.5, limit=0.0),
    ],
)
def erratum_steps_without_time(ports, case):
    """With ε = T⁻² both limits hold and the chain stays at its start: ε T must grow as well."""
    law = Law("gaussian", mean=np.zeros(1), covariance=np.eye(1))
    for T in (100, 1000):
        eta = T**-case.power
        got = ports.langevin_law(law, eta, T, np.array([5.0]), np.zeros((1, 1)))
        log = T * np.log1p(-eta / 2)
        spread = -np.expm1(2 * log) / (1 - eta / 4)
        yield Sides(f"mean, T = {T}", got["mean"], np.array([5 * np.exp(log)]), 1.0)
        yield Sides(f"variance, T = {T}", got["covariance"], np.array([[spread]]), 1.0)
    near = np.abs(got["mean"] - case.limit) < 5e-3
    yield Sides("near its limit", 1.0 * near, np.ones(1))

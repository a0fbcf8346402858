"""Chapter F: EDM's churn and SDE-DPM-Solver++ that draw their own noise: their exact laws."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, identity
from refscore.identities.cases import Case
from refscore.identities.reverse_draws import drawn_steps
from refscore.identities.settings import convention_of, process_of

CHURN = (3.0, 10, 0.0, 1e9, 1.1)


def drawn_cases():
    """Gaussian data in two coordinates."""
    yield Case("d = 2, 0.31 to 0.24", law=settings.gaussian(2), t=0.31, s=0.24)


def _started(ports, case):
    start = oracles.diffusion.law_at(case.law, process_of(ports), case.t)
    return Case(case.name, **case.inputs, start=start)


@identity(
    "F9-edm-draws",
    ports="edm_step",
    kind="expectation",
    draws="rng",
    statement=r"X' \sim N(Mm+c,\ MCM^\top + (\hat\rho^2-\rho_t^2)\,S_{noise}^2\,BB^\top)",
    assumptions="Gaussian data and start; the subject draws the noise",
    source="Karras et al. 2022, algorithm 2",
    cases=drawn_cases,
)
def edm_draws(ports, case):
    """One EDM step with churn that draws its own noise: its exact law."""
    process, law, t, s = process_of(ports), case.law, case.t, case.s
    yield from drawn_steps(
        lambda x, seed: ports.edm_step(law, x, t, s, *CHURN, rng=seed),
        lambda x, z: oracles.exponential.edm(law, process, x, t, s, *CHURN, z),
        _started(ports, case), len(law.mean),
    )  # fmt: skip


@identity(
    "F9-sde-dpm-draws",
    ports="sde_dpm_step",
    kind="expectation",
    draws="rng",
    statement=r"X' \sim N(Mm+c,\ MCM^\top + \sigma_s^2(1-e^{-2h})\,I)",
    assumptions="Gaussian data and start; the subject draws the noise",
    source="Lu et al. 2022b, appendix B",
    cases=drawn_cases,
)
def sde_dpm_draws(ports, case):
    """SDE-DPM-Solver++ (1) that draws its own noise: its exact law."""
    process, law, t, s = process_of(ports), case.law, case.t, case.s
    yield from drawn_steps(
        lambda x, seed: ports.sde_dpm_step(law, x, t, s, rng=seed),
        lambda x, z: oracles.exponential.stochastic(law, process, x, (t, s), 1, z[None]),
        _started(ports, case), len(law.mean),
    )  # fmt: skip


@identity(
    "F9-sde-2m-draws",
    ports="sde_dpm_multistep_sample",
    kind="expectation",
    draws="rng",
    statement=r"X_N \sim N(Mm+c,\ MCM^\top + \textstyle\sum_k B_kB_k^\top)",
    assumptions="Gaussian data and start; the subject draws the noise",
    source="Lu et al. 2022b, appendix B",
    cases=lambda: [Case("d = 2", law=settings.gaussian(2), times=[0.5, 0.31, 0.24, 0.1])],
)
def sde_dpm_multistep_draws(ports, case):
    """SDE-DPM-Solver++ (2M) that draws its own noise: its exact law after three steps."""
    process, law, times, d = process_of(ports), case.law, case.times, 2
    start = oracles.diffusion.law_at(law, process, times[0])
    rule = convention_of(ports, "sde_dpm_multistep_sample", "multistep_rule", "midpoint")
    units = np.eye(len(times) * d)  # of the start, and of every step's noise
    x = np.vstack([np.zeros(d), units[:, :d]])
    z = np.vstack([np.zeros((len(times) - 1) * d), units[:, d:]]).reshape(len(x), -1, d)
    image = oracles.exponential.stochastic(
        law, process, x, times, 2, np.moveaxis(z, 1, 0), rule == "midpoint"
    )
    M = (image[1:] - image[0]).T
    root = np.linalg.cholesky(start.covariance)
    covariance = M[:, :d] @ start.covariance @ M[:, :d].T + M[:, d:] @ M[:, d:].T

    def draw(seed, n):
        x_T = start.mean + settings.drawn(seed, n, d) @ root.T
        return ports.sde_dpm_multistep_sample(law, x_T, times, rng=seed)

    yield Draws("x", draw, Normal(M[:, :d] @ start.mean + image[0], covariance))

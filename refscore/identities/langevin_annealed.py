"""Chapter E: annealed chains down a ladder of noise levels."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, Sides, identity
from refscore.identities.cases import Case, Description, Law
from refscore.identities.langevin_chains import LECTURES
from refscore.identities.langevin_sharing import distinct, far_noise

_SIGMAS = (2.0, 0.9, 0.5)


def _denoised(ports) -> bool:
    """Whether a subject declares a last denoising step."""
    return settings.convention_of(ports, "annealed_sample", "last_step", "noisy") == "denoised"


def _scores(law):
    return Description("noised", law=law)


def _cases():
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        x = settings.points(5, d)
        yield Case(
            f"{law.kind}, {len(_SIGMAS)} levels, 2 steps each", law=law, x0=x,
            sigmas=np.array(_SIGMAS), step_size=0.15, n_steps_each=2,
            noise=far_noise(3, 2, 5, d, key=31),
        )  # fmt: skip
    law = settings.mixture(2)
    yield Case(
        "mixture, 4 levels, uneven ladder, 1 step each", law=law, x0=settings.points(3, 2),
        sigmas=np.array([3.0, 1.1, 0.8, 0.2]), step_size=0.02, n_steps_each=1,
        noise=far_noise(4, 1, 3, 2, key=32),
    )  # fmt: skip


@identity(
    "E6",
    ports="annealed_sample",
    statement=r"\eta_t = \eta(\sigma_t/\sigma_T)^2:\quad "
    r"x \leftarrow x + \tfrac{\eta_t}{2}s(x,\sigma_t) + \sqrt{\eta_t}\,z",
    source="seeds 001, 004; Song and Ermon 2019, algorithm 1",
    cases=_cases,
    family="ladder of steps",
)
def annealed_given_noise(ports, case):
    """The annealed chain on given noise: its last points."""
    got = ports.annealed_sample(
        _scores(case.law), case.x0, case.sigmas, case.step_size, case.n_steps_each,
        noise=case.noise,
    )  # fmt: skip
    right = oracles.langevin_steps.annealed(
        case.law, case.x0, case.sigmas, case.step_size, case.noise, _denoised(ports)
    )
    yield Sides("last points", got, right)


@identity(
    "E6-drawn",
    ports="annealed_sample",
    kind="expectation",
    draws="rng",
    statement=r"X_T \sim N(m_T, C_T)\ \text{by propagation through the levels}",
    assumptions="Gaussian target and start, exact noised scores; the subject draws the noise",
    source="derived; seeds 001, 004",
    cases=lambda: [
        Case(
            "Gaussian, d = 2",
            law=settings.gaussian(2),
            sigmas=np.array([1.5, 0.6]),
            step_size=0.3,
            n_steps_each=2,
            away=0.0,
            spread=2.0,
        ),
        Case(
            "three levels, from far away",
            law=settings.gaussian(2),
            sigmas=np.array([2.5, 1.2, 0.5]),
            step_size=0.15,
            n_steps_each=1,
            away=12.0,
            spread=0.2,
        ),
    ],
)
def annealed_draws(ports, case):
    """Annealed chains that draw their own noise, from a Gaussian start: their exact law."""
    law, d = case.law, len(case.law.mean)
    mean = np.linspace(1.0, -1.0, d) * (1 + case.away)
    root = case.spread * (np.eye(d) + 0.15)
    ladder = case.sigmas, case.step_size, case.n_steps_each

    def down(x0, seed):
        return ports.annealed_sample(_scores(law), x0, *ladder, rng=seed)

    def last(seed, n):
        return down(mean + settings.drawn(seed, n, d) @ root.T, seed)

    yield from distinct(down, law.mean)

    after = oracles.langevin_laws.annealed(law, *ladder, mean, root @ root.T, _denoised(ports))
    yield Draws("last points", last, Normal(after.mean, after.covariance))


def _law_cases():
    for d in (2, 3):
        yield Case(
            f"Gaussian, d = {d}", law=settings.gaussian(d), sigmas=np.array(_SIGMAS),
            step_size=0.2 * d, n_steps_each=d,
        )  # fmt: skip


@identity(
    "E6-law",
    ports="annealed_law",
    kind="exact law",
    statement=r"m, C \leftarrow \text{the law of}\ n\ \text{steps of}\ \eta_t\ "
    r"\text{on}\ N(\mu,\ S+\sigma_t^2I),\ t = 1..T",
    assumptions="Gaussian target and start, exact noised scores",
    source="derived; seeds 001, 004",
    cases=_law_cases,
    tolerance=1e-8,
)
def annealed_law(ports, case):
    """The exact law of the annealed chain."""
    law, d = case.law, len(case.law.mean)
    start = np.linspace(1.0, -2.0, d), settings.covariance(d, 5)
    ladder = case.sigmas, case.step_size, case.n_steps_each
    got = ports.annealed_law(law, *ladder, *start)
    want = oracles.langevin_laws.annealed(law, *ladder, *start)
    yield Sides("mean", got["mean"], want.mean)
    yield Sides("covariance", got["covariance"], want.covariance)


@identity(
    "E6-steps",
    ports="annealed_step_sizes",
    statement=r"\eta_t = \eta(\sigma_t/\sigma_T)^2",
    source=LECTURES,
    cases=lambda: [
        Case("geometric", sigmas=np.geomspace(8.0, 0.1, 7), step_size=0.02),
        Case("uneven", sigmas=np.array([3.0, 1.1, 0.8, 0.2]), step_size=0.5),
    ],
)
def ladder_step_sizes(ports, case):
    """The step sizes of a ladder."""
    want = oracles.langevin_steps.step_sizes(case.sigmas, case.step_size)
    yield Sides("step sizes", ports.annealed_step_sizes(case.sigmas, case.step_size), want)


def _ratio_cases():
    for law, name in (
        (settings.gaussian(3), "Gaussian, d = 3"),
        (settings.mixture(1), "mixture, d = 1"),
    ):
        yield Case(name, law=law, sigmas=np.array([20.0, 3.0, 0.6, 0.1]), step_size=0.01)
    spread = Law("mixture", weights=np.array([0.3, 0.7]), means=np.array([[1.0], [1.4]]),
                 covariances=np.array([[[4.0]], [[1e-4]]]))  # fmt: skip
    yield Case("wide and narrow", law=spread, sigmas=np.array([3.0, 0.3, 0.02]), step_size=0.01)
    yield Case("mixture, d = 2", law=settings.mixture(2), sigmas=np.array([9.0, 1.5, 1.0]),
               step_size=0.01)  # fmt: skip


@identity(
    "E6-ratio",
    ports="signal_to_noise",
    kind="exact law",
    statement=r"\frac{E\|\frac{\eta_t}{2}s_t\|^2}{E\|\sqrt{\eta_t}z\|^2} = "
    r"\frac{\eta_t I(q_t)}{4d};\quad \sigma_t \gg \text{data}:\ \frac{\eta}{4\sigma_T^2}",
    assumptions="points that follow the noised law of each level",
    source="seeds 001, 004 (as constant); derived",
    cases=_ratio_cases,
    tolerance=1e-8,
)
def signal_to_noise(ports, case):
    """Drift against noise level by level: constant only where the noise outweighs the data."""
    got = ports.signal_to_noise(case.law, case.sigmas, case.step_size)
    want = oracles.langevin_laws.signal_to_noise(case.law, case.sigmas, case.step_size)
    yield Sides("ratio", got, want)

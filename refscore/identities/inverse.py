"""Chapter F: posterior scores of linear inverse problems, exact and approximate."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.settings import process_of

SEED = "seed 001 (Bayes' rule for scores)"
H = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]])
Y, R = np.array([0.9, -0.4]), np.array([[0.5, 0.2], [0.2, 0.3]])


def _inverse_cases():
    one = np.array([[0.0, 1.0]])
    for law, d, t, h, y, r in (
        (settings.gaussian(3), 3, 0.3, H, Y, R),
        (settings.mixture(2), 2, 0.2, H[:, :2], Y, R),
        (settings.mixture(2), 2, 0.6, one, np.array([0.7]), np.array([[0.2]])),
    ):
        name = f"{law.kind}, d = {d}, {len(y)} observed, t = {t}"
        yield Case(name, law=law, x=settings.points(5, d), t=t, H=h, y=y, R=r)


@identity(
    "F17",
    ports="posterior_score",
    statement=r"\nabla\log p_t(x|y),\quad p_t(\cdot|y)\text{ the law of }"
    r"\alpha_tX+\sigma_tZ,\ X\sim p(x_0|y)",
    assumptions="VP; Gaussian noise on y = H x_0 + n; Gaussian or mixture data",
    source=SEED,
    cases=_inverse_cases,
)
def noised_posterior_score(ports, case):
    """The exact score at every level of a linear inverse problem."""
    inputs = case.x, case.t, case.H, case.y, case.R
    got = ports.posterior_score(case.law, *inputs)
    right = oracles.guidance.posterior_score(case.law, process_of(ports), *inputs)
    yield Sides("score", got, right)


def _approximate(kind, statement, source):
    def sides(ports, case):
        inputs = case.x, case.t, case.H, case.y, case.R
        got = getattr(ports, f"{kind}_score")(case.law, *inputs)
        right = oracles.guidance.approximate(case.law, process_of(ports), *inputs, kind)
        yield Sides("score", got, right)
        if kind == "moment" and case.law.kind == "gaussian":
            exact = oracles.guidance.posterior_score(case.law, process_of(ports), *inputs)
            yield Sides("exact on Gaussians", got, exact)

    sides.__name__ = f"{kind}_posterior_score"
    sides.__doc__ = statement[0]
    return identity(
        f"F17-{kind}",
        ports=f"{kind}_score",
        statement=statement[1],
        assumptions="VP; D, C mean and covariance of x_0 given x_t; J = dD/dx",
        source=f"beyond the lectures: {source}",
        cases=_inverse_cases,
        tolerance=1e-8,
    )(sides)


dps_posterior_score = _approximate(
    "dps",
    (
        "Diffusion posterior sampling differentiates the likelihood of the denoised point.",
        r"s_t + J^TH^TR^{-1}(y - HD)",
    ),
    "Chung et al. 2023, equation 15",
)
pigdm_posterior_score = _approximate(
    "pigdm",
    (
        "Pseudo-inverse guidance takes x_0 given x_t for N(D, r² I).",
        r"s_t + J^TH^T(r^2HH^T+R)^{-1}(y - HD),\quad r^2 = \sigma^2/(\alpha^2+\sigma^2)",
    ),
    "Song, Vahdat, Mardani and Kautz 2023, equations 7 to 9",
)
moment_posterior_score = _approximate(
    "moment",
    (
        "Tweedie's covariance for that of x_0 given x_t: exact on Gaussians.",
        r"s_t + J^TH^T(HCH^T+R)^{-1}(y - HD),\quad C = \tfrac{\sigma^2}\alpha J",
    ),
    "Boys et al. 2024, equation 10",
)


@identity(
    "F17-flat",
    ports="flat_prior_score",
    statement=r"s_t + \tfrac1\alpha H^T(\tfrac{\sigma^2}{\alpha^2}HH^T+R)^{-1}"
    r"(y - H\tfrac x\alpha)",
    assumptions="VP",
    source="beyond the lectures: Jalal et al. 2021, section 3.2",
    cases=_inverse_cases,
    tolerance=1e-8,
)
def flat_prior_posterior_score(ports, case):
    """The likelihood of the noised point, as if the prior were flat."""
    inputs = case.x, case.t, case.H, case.y, case.R
    got = ports.flat_prior_score(case.law, *inputs)
    yield Sides("score", got, oracles.guidance.flat_prior(case.law, process_of(ports), *inputs))


@identity(
    "F17-replaced",
    ports="replacement_step",
    statement=r"x' = \tilde x + H^T(\alpha_sy + \sigma_sH\varepsilon - H\tilde x),\quad "
    r"\tilde x = \alpha_s\hat x_0 + \sigma_s\hat\varepsilon",
    assumptions="VP; H with orthonormal rows; y = H x_0 without noise",
    source="beyond the lectures: Song et al. 2021, appendix I.2; Lugmayr et al. 2022, algorithm 1",
    cases=lambda: [
        Case(f"{law.kind}, {t} to {s}", law=law, x=settings.points(5, d), t=t, s=s, H=h,
             y=np.linspace(0.8, -0.6, len(h)), noise=settings.normals(5, d, key=8))
        for law, d, h in (
            (settings.gaussian(3), 3, np.eye(3)[[2, 0]]),
            (settings.mixture(2), 2, np.array([[0.6, 0.8]])),
        )
        for t, s in ((0.5, 0.3), (0.1, 0.04))
    ],
)  # fmt: skip
def replacement_given_noise(ports, case):
    """A deterministic step, then the observed part put in, noised afresh."""
    inputs = case.x, case.t, case.s, case.H, case.y
    got = ports.replacement_step(case.law, *inputs, noise=case.noise)
    right = oracles.guidance.replacement(case.law, process_of(ports), *inputs, case.noise)
    yield Sides("x'", got, right)

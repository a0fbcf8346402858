"""Chapter A: adding noise, denoising and conditioning."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law

_LEVELS = ((0.8, 0.5), (0.1, 0.9), (1.0, 2.0))


def score_of(law) -> FieldDescription:
    """The described score field of a Gaussian or mixture law."""
    if law.kind == "gaussian":
        return settings.gaussian_score(law)
    return FieldDescription(
        "mixture_score", weights=law.weights, means=law.means, covariances=law.covariances
    )


def described(kind: str, arrays) -> Law:
    """The oracle's law as a description the ports understand."""
    return Law(kind, **{k: v for k, v in vars(arrays).items() if k != "kind"})


def named_law(kind: str, named: dict) -> Law:
    """The law a port returned; weights that sum to one in single precision are rescaled."""
    if "weights" in named and abs(named["weights"].sum() - 1) < 1e-5:
        named = {**named, "weights": named["weights"] / named["weights"].sum()}
    return Law(kind, **named)


def _noised_cases():
    for law, name in ((settings.gaussian(3), "Gaussian"), (settings.mixture(2), "mixture")):
        d = 3 if name == "Gaussian" else 2
        for alpha, sigma in _LEVELS:
            y = settings.points(5, d, 1)
            yield Case(
                f"{name}, alpha {alpha}, sigma {sigma}", law=law, y=y, alpha=alpha, sigma=sigma
            )


@identity(
    "A6",
    ports="denoise",
    statement=r"E[X|y] = \frac{y + \sigma^2 s(y)}{\alpha},\quad "
    r"\operatorname{Cov}[X|y] = \frac{\sigma^2 I + \sigma^4\nabla s(y)}{\alpha^2}",
    assumptions="s is the score of the law of alpha X + sigma Z",
    source="seeds 001, 004 (the target of denoising)",
    cases=_noised_cases,
    tolerance=1e-8,
)
def tweedie(ports, case):
    """The noised law's score gives the posterior mean and covariance of the clean point."""
    noised = described(case.law.kind, oracles.bayes.diffused(case.law, case.alpha, case.sigma))
    answer = ports.denoise(score_of(noised), case.y, case.alpha, case.sigma)
    mean, covariance = oracles.bayes.tweedie(case.law, case.y, case.alpha, case.sigma)
    if isinstance(answer, tuple):
        yield Sides("mean", answer[0], mean)
        yield Sides("covariance", answer[1], covariance)
    else:
        yield Sides("mean", answer, mean)


def _observation_cases():
    h = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]])
    y, r = np.array([0.9, -0.4]), np.array([[0.5, 0.2], [0.2, 0.3]])
    for weight in (1.0, 2.5):
        yield Case(
            f"Gaussian, weight {weight}", law=settings.gaussian(3), H=h, y=y, R=r, weight=weight
        )
        yield Case(
            f"mixture, weight {weight}",
            law=settings.mixture(2),
            H=h[:, :2],
            y=y,
            R=r,
            weight=weight,
        )
    yield Case(
        "one observation",
        law=settings.mixture(4),
        H=np.array([[0.0, 1.0, 0.0, -1.0]]),
        y=np.array([0.7]),
        R=np.array([[0.2]]),
        weight=1.0,
    )


def _law_sides(got, want):
    names = [k for k in vars(want) if k != "kind"]
    for name in names:
        have = got.get(name)
        right = np.asarray(getattr(want, name))
        yield Sides(name, np.nan if have is None else np.asarray(have), right)


@identity(
    "A7",
    ports="posterior",
    statement=r"p(x)\,N(y;Hx,R)^w:\ \Lambda_k = P_k + wH^TR^{-1}H,\ "
    r"\pi_k' \propto \pi_k N(y;H\mu_k,H\Sigma_kH^T+R/w)",
    assumptions="Gaussian noise, Gaussian or mixture prior, one noise level",
    source="seed 001 (Bayes' rule for scores)",
    cases=_observation_cases,
    tolerance=1e-8,
)
def bayes_posterior(ports, case):
    """The exact posterior, and its tilt by a power of the likelihood."""
    got = ports.posterior(case.law, case.H, case.y, case.R, case.weight)
    want = oracles.bayes.posterior(case.law, case.H, case.y, case.R, case.weight)
    yield from _law_sides(got, want)


@identity(
    "A7-scores",
    ports="score posterior",
    statement=r"\nabla\log p(x|y) = \nabla\log p(x) + w\,\nabla\log p(y|x)",
    assumptions="Gaussian noise, Gaussian or mixture prior, one noise level",
    source="seed 001",
    cases=_observation_cases,
    tolerance=1e-8,
)
def guided_score_adds(ports, case):
    """The posterior's score is the prior's plus the weighted likelihood's."""
    x = settings.points(5, case.H.shape[1], 2)
    named = ports.posterior(case.law, case.H, case.y, case.R, case.weight)
    left = ports.score(named_law(case.law.kind, named), x)
    likelihood = np.linalg.solve(case.R, (case.y - x @ case.H.T).T).T @ case.H
    right = oracles.scores.score(case.law, x) + case.weight * likelihood
    yield Sides("score", left, right)


def _diffused_cases():
    data = settings.points(4, 2, 3)
    uniform = Law("uniform", low=[0.0, -1.0], high=[1.0, 2.0])
    for alpha, sigma in _LEVELS:
        tag = f"alpha {alpha}, sigma {sigma}"
        yield Case(f"Gaussian, {tag}", law=settings.gaussian(3), alpha=alpha, sigma=sigma)
        yield Case(f"mixture, {tag}", law=settings.mixture(2), alpha=alpha, sigma=sigma)
        empirical = Law("empirical", data=data, bandwidth=0.3)
        yield Case(f"empirical, {tag}", law=empirical, alpha=alpha, sigma=sigma)
        yield Case(f"uniform, {tag}", law=uniform, alpha=alpha, sigma=sigma)


@identity(
    "A8",
    ports="diffuse log_density",
    statement=r"\alpha X + \sigma Z:\ \mu_k \to \alpha\mu_k,\ "
    r"\Sigma_k \to \alpha^2\Sigma_k + \sigma^2 I",
    source="seeds 000, 003, 004",
    cases=_diffused_cases,
    tolerance=1e-8,
)
def diffused_law(ports, case):
    """Scaling and adding noise maps Gaussians, mixtures and kernel densities to their kind."""
    got = ports.diffuse(case.law, case.alpha, case.sigma)
    want = oracles.bayes.diffused(case.law, case.alpha, case.sigma)
    kind = "smoothed_uniform" if case.law.kind == "uniform" else case.law.kind
    x = settings.points(5, 3 if kind == "gaussian" else 2, 4)
    left = ports.log_density(named_law(kind, got), x)
    yield Sides("log density", left, oracles.scores.log_density(want, x))


@identity(
    "A9",
    ports="score",
    statement=r"s(x) = \frac{\phi(\frac{x}{\sigma})-\phi(\frac{x-1}{\sigma})}"
    r"{\sigma[\Phi(\frac{x}{\sigma})-\Phi(\frac{x-1}{\sigma})]}",
    assumptions="uniform on (0, 1) plus Gaussian noise",
    source="seed 004 (noise makes bounded data regular)",
    cases=lambda: [
        Case(
            f"sigma = {sigma}",
            law=Law("smoothed_uniform", low=[0.0], high=[1.0], sigma=sigma),
            x=np.array([[-0.3], [0.1], [0.97], [1.4]]),
        )
        for sigma in (0.1, 0.5, 0.01)
    ],
    tolerance=1e-8,
)
def smoothing_bounded_laws(ports, case):
    """Noise makes a bounded law's score exist everywhere; 32.8 at x = -0.3, sigma = 0.1."""
    right = oracles.scores.score(case.law, case.x)
    yield Sides("score", ports.score(case.law, case.x), right, np.abs(right))

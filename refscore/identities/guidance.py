"""Chapters A and F: guidance at one level, and over all of them."""

from __future__ import annotations

import numpy as np

from refscore import bayes, distributions, oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description, Law
from refscore.identities.likelihood import small
from refscore.identities.settings import convention_of, process_of

SEED = "seed 001 (Bayes' rule for scores)"


def _class_cases(**more):
    """A class of one component and one of two, of a mixture of three."""
    for d, members, t, s, weight in (
        (2, (0, 2), 0.3, 0.22, 1.0), (2, (1,), 0.7, 0.45, 2.5), (3, (2,), 0.05, 0.03, 0.4),
    ):  # fmt: skip
        law = settings.mixture(d)
        yield Case(
            f"d = {d}, components {members}, t = {t}", law=law, x=settings.points(5, d), t=t, s=s,
            weight=weight, noise=settings.normals(5, d, key=7),
            likelihood=Description("class", law=law, members=members), members=members,
        )  # fmt: skip


@identity(
    "A7-class",
    ports="guided_score",
    statement=r"\nabla\log p_t(x) + w\,\nabla\log p_t(y|x)",
    assumptions="VP; y: the components the data come from; exact scores",
    source=SEED,
    cases=_class_cases,
)
def guided_score_of_a_class(ports, case):
    """The score of classifier guidance; with weight one, that of the class's own law."""
    got = ports.guided_score(case.law, case.likelihood, case.x, case.t, case.weight)
    process = process_of(ports)
    pull = oracles.guidance.class_score(case.law, case.members, process, case.x, case.t)
    law = oracles.diffusion.law_at(case.law, process, case.t)
    yield Sides("score", got, oracles.scores.score(law, case.x) + case.weight * pull)


@identity(
    "A7-free",
    ports="classifier_free_score",
    statement=r"u + w\,(c - u) = (1+\omega)\,c - \omega u,\quad w = 1 + \omega",
    assumptions="VP; exact scores of a conditional and an unconditional law",
    source="beyond the lectures: Ho and Salimans 2021, equation 6",
    cases=lambda: [
        Case(f"{law.kind}, t = {t}, w = {w}", law=law, other=other, x=settings.points(5, d), t=t,
             weight=w)
        for law, other, d in (
            (settings.gaussian(3), small(3), 3),
            (oracles_free(2), settings.mixture(2), 2),
        )
        for t, w in ((0.4, 3.0), (0.1, 1.0), (0.8, 0.3))
    ],
)  # fmt: skip
def classifier_free_score(ports, case):
    """Classifier-free guidance, in the spelling the subject declares."""
    got = ports.classifier_free_score(case.law, case.other, case.x, case.t, case.weight)
    inputs = case.law, case.other, process_of(ports), case.x, case.t, case.weight
    yield Sides("score", got, oracles.guidance.classifier_free(*inputs))


def oracles_free(d: int) -> Law:
    """One component of `settings.mixture(d)` and half of another: a law of a class."""
    law = settings.mixture(d)
    keep = [0, 2]
    return Law(
        "mixture", weights=[0.8, 0.2], means=law.means[keep], covariances=law.covariances[keep]
    )


@identity(
    "A7-softmax",
    ports="classifier_score",
    statement=r"\nabla\log\mathrm{softmax}(l/\tau)_y "
    r"= \frac1\tau\bigl(\nabla l_y - \sum_jp_j\nabla l_j\bigr)",
    assumptions="logits and their Jacobian given",
    source=SEED,
    cases=lambda: [
        Case(f"label {label} of {c}, temperature {tau}", logits=1.5 * settings.normals(5, c, key=1),
             jacobian=settings.normals(5, c, d, key=2), label=label, temperature=tau)
        for c, d, label, tau in ((4, 2, 1, 1.0), (3, 2, 0, 0.6), (4, 3, 2, 2.0))
    ],
)  # fmt: skip
def softmax_classifier_score(ports, case):
    """The gradient of a classifier's log-probability, normaliser and temperature included."""
    inputs = case.logits, case.jacobian, case.label, case.temperature
    yield Sides("score", ports.classifier_score(*inputs), oracles.guidance.softmax_score(*inputs))


@identity(
    "A7-several",
    ports="composed_score",
    statement=r"\nabla\log p(x|y_1,\dots,y_m) = \sum_i\nabla\log p(x|y_i) - (m-1)\nabla\log p(x)",
    assumptions="observations independent given x; no noise on x",
    source=SEED,
    cases=lambda: [
        Case(f"{law.kind}, {m} observations", law=law, x=settings.points(4, d), m=m)
        for law, d, m in ((settings.gaussian(3), 3, 2), (settings.mixture(2), 2, 3))
    ],
)
def several_observations(ports, case):
    """Scores given one observation each compose to that given all, the prior counted once."""
    d = case.x.shape[1]
    rows = settings.normals(case.m, d, key=4)
    y, r = settings.normals(case.m, key=6), np.linspace(0.3, 0.7, case.m)
    prior, seen = _distribution(case.law), list(zip(rows, y, r))
    each = [bayes.posterior(prior, row[None], [v], [[s]]).score(case.x) for row, v, s in seen]
    got = ports.composed_score(np.stack(each), prior.score(case.x))
    whole = oracles.bayes.posterior(case.law, rows, y, np.diag(r))
    yield Sides("score", got, oracles.scores.score(whole, case.x))


def _distribution(law):
    """A Gaussian or mixture of the library: what is handed over is not the judge's."""
    if law.kind == "gaussian":
        return distributions.Gaussian(law.mean, law.covariance)
    return distributions.GaussianMixture(law.weights, law.means, law.covariances)


@identity(
    "F16",
    ports="guided_ancestral_step",
    statement=r"\mu + v\,w\,\nabla\log p_s(y|\mu) + \sqrt v\,z,\quad \mu = (x + \beta s_t(x))/r",
    assumptions="VP; y: the components the data come from; exact scores; v of X_s given X_t, X_0,"
    " or that of X_t given X_s where declared",
    source="beyond the lectures: Dhariwal and Nichol 2021, algorithm 1",
    cases=_class_cases,
)
def guided_ancestral_given_noise(ports, case):
    """An ancestral step guided at its mean and at the time it ends."""
    inputs = case.x, case.t, case.s, case.weight
    variance = convention_of(ports, "guided_ancestral_step", "ancestral_variance", "small")
    got = ports.guided_ancestral_step(case.law, case.likelihood, *inputs, noise=case.noise)
    right = oracles.guidance.guided_ancestral(
        case.law, case.members, process_of(ports), *inputs, case.noise, variance
    )
    yield Sides("x'", got, right)


def _turned(variances, mean) -> Law:
    d = len(variances)
    q, _ = np.linalg.qr(settings.matrix(d, 3))
    return Law("gaussian", mean=mean, covariance=(q * np.asarray(variances)) @ q.T)


@identity(
    "F16-law",
    ports="guided_law",
    kind="exact law",
    statement=r"C_0 = h_0^2\Bigl[\frac{C_T}{h_T^2} + l^2\!\int_0^T\!\frac{g^2}{h^2}dt\Bigr],\quad "
    r"h = \prod_iS_i^{kw_i}\alpha^{1-2k},\ k = \tfrac{1+l^2}2",
    assumptions="VP from N(0, I); Gaussians of common eigenvectors; w_c = w, w_u = 1 - w",
    source="beyond the lectures: Bradley and Nakkiran 2024, section 3, for any process and l",
    cases=lambda: [
        Case(f"d = {len(v)}, w = {w}, l = {l}", law=_turned(v, mean), other=_turned(u, other),
             weight=w, level=l)
        for v, mean, u, other, w, l in (
            ((1.0,), (0.4,), (2.0,), (-0.3,), 3.0, 1.0),
            ((0.6, 1.4), (0.5, -0.7), (1.8, 1.1), (0.1, 0.2), 3.0, 0.0),
            ((1.4, 0.6), (-0.5, 0.2), (1.1, 1.8), (0.4, 0.1), 1.7, 0.6),
        )
    ],
    tolerance=1e-7,
)  # fmt: skip
def guided_laws_on_gaussians(ports, case):
    """What guidance over all levels samples: neither the tilted law nor one law for all l."""
    got = ports.guided_law(case.law, case.other, case.weight, case.level)
    inputs = case.law, case.other, process_of(ports), case.weight, case.level
    mean, covariance = oracles.guidance.guided_law(*inputs)
    yield Sides("mean", got["mean"], mean, 1.0)
    yield Sides("covariance", got["covariance"], covariance, 1.0)

"""Chapter A: scores, what they are and what they know."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.differences import gradient

DEFINITIONS = "seeds 001, 004: the score is the gradient of the log density in x"


def gaussian_cases():
    """Full covariances in one and three dimensions, and one of condition number 1e6."""
    stretched = Law(
        "gaussian", mean=[0.3, -2.0], covariance=settings.covariance(2, 1, low=1e-3, high=1e3)
    )
    yield Case("d = 3", law=settings.gaussian(3), x=settings.points(5, 3))
    yield Case("d = 1", law=settings.gaussian(1), x=settings.points(4, 1))
    yield Case("condition number 1e6", law=stretched, x=settings.points(6, 2))


def mixture_cases():
    """Three components with covariances of their own; separated; far from the origin."""
    apart = Law(
        "mixture",
        weights=[0.6, 0.4],
        means=[[2.0], [-2.0]],
        covariances=[[[0.25]], [[0.04]]],
    )
    law = settings.mixture(2)
    moved = Law("mixture", weights=law.weights, means=law.means + 1e3, covariances=law.covariances)
    yield Case("three components, d = 2", law=law, x=settings.points(7, 2))
    yield Case("three components, d = 4", law=settings.mixture(4), x=settings.points(5, 4))
    yield Case("the lecture's two, d = 1", law=apart, x=np.linspace(-3, 3, 8)[:, None])
    yield Case("moved by 1e3", law=moved, x=settings.points(7, 2) + 1e3)


def heavy_cases():
    """Tails heavier or lighter than the Gaussian's."""
    x = settings.points(6, 2)
    location, scale = np.array([0.4, -0.7]), np.array([0.5, 1.7])
    shape = settings.covariance(2, 2)
    yield Case("Student t", law=Law("student_t", location=location, shape=shape, dof=3.5), x=x)
    yield Case("Laplace", law=Law("laplace", location=location, scale=scale), x=x)
    yield Case("logistic", law=Law("logistic", location=location, scale=scale), x=x)
    power = np.array([3.0, 1.5])
    law = Law("generalised_normal", location=location, scale=scale, power=power)
    yield Case("generalised normal", law=law, x=x)


def bounded_cases():
    """Laws on boxes and half-lines, looked at inside."""
    x = 0.5 + 0.4 * np.tanh(settings.points(6, 2))
    low, high = np.array([0.0, -0.5]), np.array([1.5, 2.0])
    law = Law("truncated_normal", mean=[0.3, 1.0], sd=[0.6, 1.4], low=low, high=high)
    yield Case("truncated normal", law=law, x=x)
    yield Case("half-normal", law=Law("half_normal", sd=np.array([0.7, 1.6])), x=x)
    yield Case("uniform", law=Law("uniform", low=low, high=high), x=x)


def curved_cases():
    """Laws whose second derivatives change from place to place."""
    yield Case("funnel, d = 3", law=Law("funnel", dim=3, scale=1.7), x=settings.points(6, 3))
    banana = Law("banana", curvature=0.6, scale=1.4)
    yield Case("banana", law=banana, x=settings.points(6, 2))


def every_case():
    """One case of each smooth family."""
    yield from list(gaussian_cases())[:1]
    yield from list(mixture_cases())[:1]
    yield from heavy_cases()
    yield from curved_cases()
    yield from list(bounded_cases())[:2]


def _density_and_score(ports, case):
    yield Sides("score", ports.score(case.law, case.x), oracles.scores.score(case.law, case.x))


@identity(
    "A2-gaussian",
    ports="score",
    statement=r"\nabla\log N(x;\mu,\Sigma) = -\Sigma^{-1}(x-\mu)",
    source="seed 004 (1-D: (mu - x)/sigma^2)",
    cases=gaussian_cases,
    family="gaussian",
)
def gaussian_score(ports, case):
    """The score of a Gaussian is minus the precision times the distance from the mean."""
    yield from _density_and_score(ports, case)


@identity(
    "A2-mixture",
    ports="score",
    statement=r"\nabla\log\sum_k\pi_k N_k = \sum_k r_k(x)\,(-\Sigma_k^{-1})(x-\mu_k),\ "
    r"r_k = \pi_k N_k/\sum_j\pi_j N_j",
    source="seed 004",
    cases=mixture_cases,
    family="mixture",
)
def mixture_score(ports, case):
    """The score of a mixture weighs the components' scores by their responsibilities."""
    yield from _density_and_score(ports, case)


@identity(
    "A2-heavy-tails",
    ports="score",
    statement=r"t:\ -\frac{\nu+d}{\nu+q}\Sigma^{-1}(x-m);\ "
    r"\text{Laplace: } -\operatorname{sign}(x-m)/b;\ "
    r"\text{logistic: } -\tanh\frac{x-m}{2s}\big/s",
    source=DEFINITIONS,
    cases=heavy_cases,
)
def heavy_tail_scores(ports, case):
    """Scores of Student t, Laplace, logistic and generalised normal laws."""
    yield from _density_and_score(ports, case)


@identity(
    "A2-bounded",
    ports="score",
    statement=r"\nabla\log p\ \text{inside a box is that of the unbounded density}",
    source=DEFINITIONS,
    cases=bounded_cases,
)
def bounded_scores(ports, case):
    """Inside its support a truncated law has the score of the law it was cut from."""
    yield from _density_and_score(ports, case)


@identity(
    "A2-curved",
    ports="score",
    statement=r"\text{funnel: } s_1 = -\tfrac{x_1}{\sigma^2} - \tfrac{d-1}{2} + "
    r"\tfrac12e^{-x_1}\sum_{j>1}x_j^2,\ s_j = -e^{-x_1}x_j",
    source=DEFINITIONS,
    cases=curved_cases,
)
def curved_scores(ports, case):
    """Scores of the funnel and the banana, whose curvature changes from place to place."""
    yield from _density_and_score(ports, case)


@identity(
    "A2-log-density",
    ports="log_density",
    statement=r"\log p(x),\ \text{normalised: } \int p = 1",
    source="seed 004",
    cases=lambda: [
        *gaussian_cases(),
        *mixture_cases(),
        *heavy_cases(),
        *curved_cases(),
        *bounded_cases(),
    ],
    family="mixture",
)
def log_densities(ports, case):
    """Log densities with their normalising constants."""
    value = ports.log_density(case.law, case.x)
    yield Sides("log density", value, oracles.scores.log_density(case.law, case.x))


@identity(
    "A2-far",
    ports="score",
    statement=r"r_k(x) \to \text{one-hot as } \|x\| \to \infty;\ s(x)\ \text{stays finite}",
    assumptions="1e150 from every mode; no ties of the leading quadratic forms",
    source=DEFINITIONS,
    cases=lambda: [
        Case("Gaussian, 1e150 away", law=settings.gaussian(3), x=1e150 * settings.points(3, 3)),
        Case("mixture, 1e8 away", law=settings.mixture(2), x=1e8 * settings.points(4, 2)),
        Case("mixture, 1e150 away", law=settings.mixture(2), x=1e150 * settings.points(4, 2)),
        Case(
            "Student t, 1e150 away",
            law=Law("student_t", location=[0.4, -0.7], shape=settings.covariance(2, 2), dof=3.5),
            x=1e150 * settings.points(4, 2),
        ),
    ],
)
def far_points(ports, case):
    """Scores stay exact at any distance from the modes."""
    right = oracles.scores.score(case.law, case.x)
    scale = np.abs(right).max(axis=-1, keepdims=True)
    yield Sides("score", ports.score(case.law, case.x), right, scale)


@identity(
    "A1",
    ports="log_density score",
    statement=r"\nabla\log\frac{q(x)}{Z} = \nabla\log q(x) = -\nabla E(x)",
    source="seeds 000, 001, 004",
    cases=every_case,
    tolerance=1e-7,
)
def score_is_gradient(ports, case):
    """The score is the derivative of the subject's own log density, whatever its constant."""
    numeric = gradient(lambda x: ports.log_density(case.law, x), case.x)
    yield Sides("score", ports.score(case.law, case.x), numeric)


@identity(
    "A1-normaliser",
    ports="log_density score",
    statement=r"\log p(x) - \log p(x_0) = E(x_0) - E(x),\ \text{free of } Z",
    source="seeds 001, 004",
    cases=lambda: [*list(gaussian_cases())[:2], *list(mixture_cases())[:2]],
)
def score_ignores_normaliser(ports, case):
    """Differences of log densities, like scores, do not see the normaliser."""
    value = ports.log_density(case.law, case.x)
    right = oracles.scores.log_density(case.law, case.x)
    yield Sides("difference", value - value[0], right - right[0])
    yield Sides("score", ports.score(case.law, case.x), oracles.scores.score(case.law, case.x))

"""Chapter B: kernel estimators of scores: Stein's, and kernel exponential families."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.kernels import data
from refscore.identities.precision import resolved

LI_TURNER = "Li and Turner (2018), equation 8"
NYSTROM = "Sriperumbudur et al. (2017); Sutherland et al. (2018)"


def _samples():
    spaced = np.linspace(-2.0, 2.5, 6)[:, None] ** 3 / 6
    return [
        Case("7 points in the plane", x=data(7, 2), bandwidth=0.8, regularisation=0.3),
        Case("6 points in space", x=data(6, 3), bandwidth=1.7, regularisation=0.05),
        Case("no regularisation", x=spaced, bandwidth=0.6, regularisation=0.0),
    ]


@identity(
    "B14-stein",
    ports="stein_estimator",
    statement=r"(K+\eta I)G = -B,\ B_i=\sum_j\nabla_{x_j}k(x_i,x_j)",
    source=LI_TURNER,
    cases=_samples,
    family="Stein estimate",
)
def stein_normal_equations(ports, case):
    """The Stein estimator solves the kernel's Stein identity, averaged over the sample."""
    arguments = (case.x, case.bandwidth, case.regularisation)
    right = oracles.kernels.stein_scores(*arguments)
    gaps = ((case.x[:, None] - case.x) ** 2).sum(-1)
    matrix = np.exp(-gaps / (2 * case.bandwidth**2)) + case.regularisation * np.eye(len(case.x))
    largest = np.abs(right).max()
    scale = resolved(ports, largest, np.linalg.cond(matrix) * largest)
    yield Sides("scores", ports.stein_estimator(*arguments), right, scale)


@identity(
    "B14-moved",
    ports="stein_estimator",
    statement=r"G(xQ^T + c) = G(x)Q^T,\ Q^TQ = I",
    assumptions="a radial kernel",
    source=LI_TURNER,
    cases=lambda: [
        Case(
            "turned and shifted",
            x=data(6, 3),
            turn=np.linalg.qr(settings.matrix(3))[0],
            shift=np.array([40.0, -3.0, 0.7]),
            bandwidth=1.1,
            regularisation=0.2,
        )
    ],
    family="Stein estimate moved",
)
def stein_moves_with_data(ports, case):
    """Turned and shifted data have turned scores."""
    right = ports.stein_estimator(case.x, case.bandwidth, case.regularisation) @ case.turn.T
    moved = case.x @ case.turn.T + case.shift
    yield Sides("scores", ports.stein_estimator(moved, case.bandwidth, case.regularisation), right)


def _fits():
    return [
        Case("9 points, 4 centres in the plane", x=data(9, 2), basis=settings.points(4, 2, 6),
             bandwidth=0.9, regularisation=0.2),
        Case("11 points, 5 of them centres in space", x=data(11, 3), basis=data(11, 3)[:5],
             bandwidth=1.6, regularisation=0.03),
        Case("no regularisation", x=data(8, 1), basis=[[-1.3], [0.4], [1.9]],
             bandwidth=0.7, regularisation=0.0),
    ]  # fmt: skip


@identity(
    "B14-family",
    ports="kernel_exponential_family",
    statement=r"(A+\lambda K)\alpha=-b,\ A=\frac1n\sum_i\nabla k\cdot\nabla k,"
    r"\ b=\frac1n\sum_i\Delta k",
    assumptions="flat base density",
    source=NYSTROM,
    cases=_fits,
    family="kernel fit",
)
def kernel_family_normal_equations(ports, case):
    """The score-matching fit of a kernel exponential family solves its normal equations."""
    arguments = (case.x, np.array(case.basis), case.bandwidth, case.regularisation)
    right = oracles.kernels.family_coefficients(*arguments)
    yield Sides("coefficients", ports.kernel_exponential_family(*arguments), right)


@identity(
    "B14-minimum",
    ports="kernel_exponential_family",
    statement=r"\nabla_\alpha\{\frac1n\sum_i[\tfrac12\|\nabla f\|^2+\Delta f](x_i)"
    r"+\tfrac\lambda2\|f\|^2\}=0,\ \text{where it is }\tfrac12b^T\alpha",
    assumptions="flat base density",
    source=NYSTROM,
    cases=_fits,
    family="kernel fit",
)
def kernel_family_is_a_minimum(ports, case):
    """At the fit the regularised implicit objective has no slope, and is half its linear part."""
    arguments = (case.x, np.array(case.basis), case.bandwidth, case.regularisation)
    alpha = ports.kernel_exponential_family(*arguments)
    slope = oracles.kernels.family_gradient(alpha, *arguments)
    at_zero = oracles.kernels.family_gradient(np.zeros(len(alpha)), *arguments)
    yield Sides("slope", slope, np.zeros(len(alpha)), np.abs(at_zero).max())
    least = oracles.kernels.family_objective(alpha, *arguments)
    yield Sides("least objective", np.array(0.5 * alpha @ at_zero), np.array(least))


@identity(
    "B14-base",
    ports="kernel_exponential_family_on_base",
    statement=r"(A+\lambda K)\alpha=-b,\ b=\frac1n\sum_i[\Delta k+\nabla k\cdot\nabla\log q_0]",
    source=NYSTROM,
    cases=lambda: [
        Case(
            f"{name} base",
            field=field,
            x=data(10, 2),
            basis=settings.points(4, 2, 6),
            bandwidth=h,
            regularisation=0.1,
        )
        for name, field, h in (
            ("Gaussian", settings.gaussian_score(settings.gaussian(2)), 1.3),
            ("mixture", settings.mixture_score(2), 0.7),
        )
    ],
    family="kernel fit on a base",
)
def kernel_family_on_a_base(ports, case):
    """On a base density its score joins the right side of the normal equations."""
    arguments = (case.x, case.basis, case.bandwidth, case.regularisation)
    base = oracles.fields.value(case.field, case.x)
    right = oracles.kernels.family_coefficients(*arguments, base)
    got = ports.kernel_exponential_family_on_base(case.field, *arguments)
    yield Sides("coefficients", got, right)

"""Chapter H: exact bias and variance of gradient estimates; chapter J: the bias left unsaid."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import discrete_settings as on
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.discrete_gradients import SEED, classes, enumerated, sided


def _finite():
    return [case for case in classes() if np.isfinite(case.logits).all()]


@identity(
    "H7-score-variance",
    ports="score_function_variance",
    statement=r"\sum_k\pi_k(\hat g_k - m)^2,\quad \hat g_k = (f(e_k) - \beta)(e_k - \pi)",
    source=SEED,
    cases=lambda: [Case(c.name, baseline=0.4, **c.inputs) for c in _finite()],
)
def score_function_variance_by_enumeration(ports, case):
    """The variance of one draw: .012769 for θ = .2, f = (b - .45)² without a baseline."""
    inputs = case.logits, case.f
    for baseline in (0.0, case.baseline):
        right = oracles.discrete_gradient_moments.score_function_moments(*inputs, baseline)[1]
        got = ports.score_function_variance(*inputs, baseline)
        yield Sides(f"variance, baseline {baseline}", got, right)


@identity(
    "H7-baseline",
    ports="best_baseline",
    statement=r"\beta^* = \frac{E[f\,\|b - \pi\|^2]}{E\,\|b - \pi\|^2}",
    source="derived from H7; Greensmith, Bartlett and Baxter 2004",
    cases=_finite,
)
def best_baseline_is_least(ports, case):
    """The constant baseline where the parabola of the total variance is least."""
    right = oracles.discrete_gradient_moments.best_baseline(case.logits, case.f)
    yield Sides("baseline", ports.best_baseline(case.logits, case.f), np.array(right))


@identity(
    "H7-leave-one-out-variance",
    ports="leave_one_out_variance",
    statement=r"\frac{E\tilde f^2s^2 - c^2}{m} + \frac{E\tilde f^2Es^2 + c^2}{m(m-1)}",
    source="derived from H7; Hoeffding 1948",
    cases=lambda: [Case(f"{c.name}, {n} draws", n=n, **c.inputs)
                   for c, n in zip(_finite(), (3, 2, 4))],
)  # fmt: skip
def leave_one_out_variance_by_enumeration(ports, case):
    """The variance of the mean of n draws, every tuple of classes visited."""
    inputs = case.logits, case.f, case.n
    right = oracles.discrete_gradient_moments.leave_one_out_moments(*inputs)[1]
    yield sided(ports.leave_one_out_variance(*inputs), right, "variance")


@identity(
    "H4",
    ports="straight_through_mean",
    statement=r"E\,\hat g = J_\pi E\nabla f(b);\quad\theta = .2,\ f = (b - .45)^2:\ "
    r"-.08\ \text{for}\ .016",
    source=SEED,
    cases=_finite,
)
def straight_through_bias(ports, case):
    """The mean of the straight-through estimate: here of the wrong sign."""
    right = oracles.discrete_gradient_moments.straight_through_mean(case.logits, case.f)
    yield sided(ports.straight_through_mean(case.logits, case.f), right, "mean")


@identity(
    "H4-drawn",
    ports="straight_through_gradient",
    statement=r"\frac1m\sum_i\hat g_i = J_\pi E\nabla f(b)\quad"
    r"\text{over every class in its proportion}",
    source=SEED,
    cases=enumerated,
)
def straight_through_mean_is_reached(ports, case):
    """The estimate over draws that hold every class in its proportion is its mean."""
    gumbels = on.choosing(case.codes, len(case.logits))
    got = ports.straight_through_gradient(case.logits, case.f, gumbels=gumbels)
    right = oracles.discrete_gradient_moments.straight_through_mean(case.logits, case.f)
    yield sided(got, right, "mean")


def relaxed_cases():
    """Two classes at temperatures down to .1, and three."""
    return [
        *(Case(f"θ = .2, τ = {tau}", logits=on.bit_logits(), f=on.squared_gap(), temperature=tau)
          for tau in (1.0, 0.5, 0.1)),
        Case("two classes", logits=np.array([0.9, -0.8]), f=on.exponential(2), temperature=2.3),
        Case("three classes", logits=np.log([0.2, 0.5, 0.3]), f=on.quadratic(3), temperature=0.9),
    ]  # fmt: skip


@identity(
    "H7-relaxed",
    ports="relaxed_mean",
    statement=r"E\,\partial_lf(y) = \partial_lE f(y);\quad\theta = .2,\ f = (b - .45)^2:\ "
    r"-.0231,\ -.0188,\ .0066\ \text{at}\ \tau = 1,\ .5,\ .1",
    source=SEED,
    cases=relaxed_cases,
    tolerance=1e-8,
)
def relaxed_bias(ports, case):
    """The mean of the relaxed gradient: that of the relaxed objective, not of the discrete one."""
    inputs = case.logits, case.f, case.temperature
    right = oracles.discrete_gradient_moments.relaxed_moments(*inputs)[0]
    yield sided(ports.relaxed_mean(*inputs), right, "mean")


@identity(
    "H7-relaxed-variance",
    ports="relaxed_variance",
    statement=r"\mathrm{Var}\,\partial_lf(y)\ \text{by quadrature}",
    source=SEED,
    cases=relaxed_cases,
    tolerance=1e-8,
)
def relaxed_variance_by_quadrature(ports, case):
    """The variance of one relaxed gradient, which grows like 1/τ."""
    inputs = case.logits, case.f, case.temperature
    right = oracles.discrete_gradient_moments.relaxed_moments(*inputs)[1]
    yield sided(ports.relaxed_variance(*inputs), right, "variance")


@identity(
    "H4-relaxed",
    ports="straight_through_relaxed_mean",
    statement=r"E[(\partial_ly)^T\nabla f(b)] = \pm\sum_k\Delta_k\int_{k}\rho(y)\,dy,\quad "
    r"\rho = \sigma(1-\sigma)(\tau\,\mathrm{logit}\,y - (l_2 - l_1))",
    assumptions="two classes",
    source="derived from H4; Jang, Gu and Poole 2017",
    cases=lambda: relaxed_cases()[:4],
    tolerance=1e-8,
)
def straight_through_relaxed_bias(ports, case):
    """The mean of the straight-through Gumbel-softmax estimate of two classes."""
    inputs = case.logits, case.f, case.temperature
    right = oracles.discrete_gradient_moments.straight_through_relaxed_mean(*inputs)
    yield sided(ports.straight_through_relaxed_mean(*inputs), right, "mean")


@identity(
    "J6-relaxed",
    ports="relaxed_mean expectation_gradient",
    statement=r"\nabla E f(b) \ne E\,\nabla f(y):\quad .016\ \text{for}\ -.0231",
    assumptions="θ = .2, f = (b - .45)², τ = 1; three classes",
    source="seeds 000, 002 (the relaxed gradient with an equals sign)",
    cases=lambda: [relaxed_cases()[0], relaxed_cases()[4]],
    tolerance=1e-8,
)
def erratum_relaxed_gradient_equal(ports, case):
    """Printed as equal; the bias of the relaxed gradient is not zero, and turns its sign."""
    inputs = case.logits, case.f
    exact = oracles.discrete_gradients.expectation_gradient(*inputs)
    mean = oracles.discrete_gradient_moments.relaxed_moments(*inputs, case.temperature)[0]
    got = ports.relaxed_mean(*inputs, case.temperature) - ports.expectation_gradient(*inputs)
    yield sided(got, mean - exact, "bias")


@identity(
    "H7-rebar",
    ports="rebar_gradient",
    statement=r"E\,\hat g = \nabla E f\quad\text{for every}\ \eta, \tau",
    assumptions="two classes; the estimate is a sum of a term of the free sample and one of the"
    " sample given the class",
    source="derived from H5 and H7; Tucker et al. 2017",
    cases=lambda: [
        Case("θ = .3, τ = ½, η = .8", logits=on.bit_logits(0.3), f=on.exponential(2),
             temperature=0.5, scale=0.8)
    ],
    tolerance=1e-7,
)  # fmt: skip
def rebar_unbiased(ports, case):
    """REBAR's mean by quadrature, over the free sample and over the one given the class."""
    inputs = case.logits, case.f, case.temperature, case.scale

    def estimate(u, v):
        """u: of the free sample's log odds; v: E_2/(E_1 + E_2) of the other one's numbers."""
        gumbels = np.array([[0.0, np.log(u / (1 - u))]])
        e = 4.0 * np.array([[1 - v, v]])
        return ports.rebar_gradient(*inputs, gumbels=gumbels, uniforms=np.exp(-e))

    total, (v, chances) = 0, on.legendre(0, 1)
    first = np.exp(case.logits[0]) / np.exp(case.logits).sum()
    for low, high in ((0, first), (first, 1)):  # either class; at τ = ½ rational in u and in v
        u, weights = on.legendre(low, high)
        free = weights @ np.array([estimate(one, 0.5) for one in u])
        given = chances @ np.array([estimate(u[0], one) for one in v])
        total = total + free + weights.sum() * (given - estimate(u[0], 0.5))
    yield sided(total, oracles.discrete_gradients.expectation_gradient(*inputs[:2]))

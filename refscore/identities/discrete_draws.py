"""Chapter H: estimates of gradients that draw by themselves, judged by their means."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import discrete_settings as on
from refscore.identities.base import Bound, Draws, Mean, identity
from refscore.identities.cases import Case, Description
from refscore.identities.discrete_bits import ARM, DISARM
from refscore.identities.discrete_gradients import SEED, sided

DRAWS = "the subject draws by itself, one draw or the mean of many, all independent"
_BATCH = 200


def averaged(call, expected, eps=0.1):
    """Draws of a gradient, one a call: `expected` is the mean and the range of every entry."""
    mean, low, high = expected
    names = tuple(f"entry {i}" for i in range(len(mean)))

    def draw(seed, n):
        seeds = np.random.default_rng((1, seed)).integers(2**31, size=n)
        return np.array([call(int(one)) for one in seeds])

    return Draws("gradient", draw, Mean(mean, low, high, names=names), eps, batch=_BATCH)


def three(**more):
    """Three classes."""
    return [Case("three classes", logits=on.logits(3), f=on.exponential(3, 2), **more)]


@identity(
    "H7-score-mean",
    ports="score_function_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E[(f(b) - \beta)\nabla\log\pi(b)] = \nabla E f\quad\text{for every}\ \beta",
    assumptions=DRAWS,
    source=SEED,
    cases=lambda: three(baseline=0.4),
)
def score_function_mean(ports, case):
    """A score-function estimate that draws by itself has the exact gradient for its mean."""
    given = case.logits, case.f, case.baseline
    right = oracles.discrete_gradient_ranges.score_function(*given)
    yield averaged(lambda seed: ports.score_function_gradient(*given, rng=seed), right)


def _constant(dim, value=1.0):
    """f = value."""
    zero = np.zeros(dim)
    return Description("quadratic", matrix=np.diag(zero), linear=zero, constant=value)


@identity(
    "H7-score-seeded",
    ports="score_function_gradient",
    draws="rng",
    statement=r"f = 0,\ \beta = -1:\ \bar b - \pi;\quad \text{by the same draws}\quad "
    r"\sum_k(f(e_k) - \beta)\,\bar b_k\,(e_k - \pi)",
    assumptions="the subject draws by itself, the same from the same seed, however many",
    source="derived from H7",
    cases=lambda: [
        *three(baseline=0.4),
        Case("four classes", logits=on.logits(4), f=on.quadratic(4), baseline=-0.7),
    ],
)
def score_function_of_frequencies(ports, case):
    """How often classes were drawn is read off a constant f; it decides every other estimate."""
    logits, dim = case.logits, len(case.logits)
    for seed in (3, 4, 5):
        excess = ports.score_function_gradient(logits, _constant(dim, 0.0), -1.0, rng=seed)
        got = ports.score_function_gradient(logits, case.f, case.baseline, rng=seed)
        inputs = logits, case.f, case.baseline, excess
        yield sided(got, oracles.discrete_gradient_ranges.of_frequencies(*inputs))


@identity(
    "H7-leave-one-out-mean",
    ports="leave_one_out_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\hat g = \nabla E f",
    assumptions="the subject draws by itself, two draws or more, all independent",
    source="derived from H7; Kool, van Hoof and Welling 2019",
    cases=three,
)
def leave_one_out_mean(ports, case):
    """A leave-one-out estimate that draws by itself has the exact gradient for its mean."""
    right = oracles.discrete_gradient_ranges.leave_one_out(case.logits, case.f)
    yield averaged(lambda s: ports.leave_one_out_gradient(case.logits, case.f, rng=s), right)


@identity(
    "H7-control-mean",
    ports="control_variate_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E[(f(b) - c(b))\nabla\log\pi(b)] + \nabla E c = \nabla E f",
    assumptions=DRAWS,
    source="derived from H7; Gu, Levine, Sutskever and Mnih 2016",
    cases=lambda: three(surrogate=on.quadratic(3, 3)),
)
def control_variate_mean(ports, case):
    """With a baseline that sees its draw the mean is the exact gradient too."""
    given = case.logits, case.f, case.surrogate
    right = oracles.discrete_gradient_ranges.control_variates(*given)
    yield averaged(lambda seed: ports.control_variate_gradient(*given, rng=seed), right)


@identity(
    "H4-mean",
    ports="straight_through_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\hat g = J_\pi E\nabla f(b)",
    assumptions=DRAWS,
    source=SEED,
    cases=three,
)
def straight_through_drawn_mean(ports, case):
    """A straight-through estimate that draws by itself has the mean of all classes."""
    right = oracles.discrete_gradient_ranges.straight_throughs(case.logits, case.f)
    yield averaged(lambda s: ports.straight_through_gradient(case.logits, case.f, rng=s), right)


@identity(
    "H7-relaxed-mean",
    ports="relaxed_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\partial_lf(y) = \partial_lE f(y)\ \text{by quadrature}",
    assumptions=DRAWS,
    source=SEED,
    cases=lambda: three(temperature=0.7),
)
def relaxed_drawn_mean(ports, case):
    """A relaxed gradient that draws by itself has that of the relaxed objective for its mean."""
    given = case.logits, case.f, case.temperature
    right = oracles.discrete_gradient_ranges.relaxed(*given)
    yield averaged(lambda seed: ports.relaxed_gradient(*given, rng=seed), right)


@identity(
    "H4-relaxed-mean",
    ports="straight_through_relaxed_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E[(\partial_ly)^T\nabla f(b)]\ \text{by quadrature}",
    assumptions=f"{DRAWS}; two classes",
    source="derived from H4; Jang, Gu and Poole 2017",
    cases=lambda: [
        Case("two classes", logits=np.array([-1.1, 0.4]), f=on.exponential(2, 3), temperature=2.0)
    ],
)
def straight_through_relaxed_drawn_mean(ports, case):
    """A straight-through Gumbel-softmax estimate that draws by itself has its biased mean."""
    given = case.logits, case.f, case.temperature
    right = oracles.discrete_gradient_ranges.straight_through_relaxed(*given)
    yield averaged(lambda s: ports.straight_through_relaxed_gradient(*given, rng=s), right)


@identity(
    "H7-rebar-mean",
    ports="rebar_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\hat g = \nabla E f\quad\text{for every}\ \eta, \tau",
    assumptions=DRAWS,
    source="derived from H5 and H7; Tucker et al. 2017",
    cases=lambda: three(temperature=0.7, scale=0.8),
)
def rebar_mean(ports, case):
    """A REBAR estimate that draws by itself has the exact gradient for its mean."""
    given = case.logits, case.f, case.temperature, case.scale
    right = oracles.discrete_gradient_ranges.rebar(*given)
    yield averaged(lambda seed: ports.rebar_gradient(*given, rng=seed), right, 0.15)


def _two_bits(f=None, **more):
    f = f or on.quadratic(2)
    return [Case("two bits", logits=np.array([-1.2, 0.5]), f=f, **more)]


@identity(
    "H7-bits-relaxed-mean",
    ports="bernoulli_relaxed_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\partial_lf(y)\ \text{by quadrature}",
    assumptions=DRAWS,
    source="derived from H7; Maddison, Mnih and Teh 2017",
    cases=lambda: _two_bits(on.exponential(2), temperature=0.6),
)
def bernoulli_relaxed_mean(ports, case):
    """A relaxed gradient over bits that draws by itself has the mean of the relaxed objective."""
    given = case.logits, case.f, case.temperature
    right = oracles.discrete_gradient_ranges.bernoulli_relaxed(*given)
    yield averaged(lambda seed: ports.bernoulli_relaxed_gradient(*given, rng=seed), right)


@identity(
    "H7-arm-mean",
    ports="arm_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\hat g = \nabla E f;\quad f = 1:\ 0",
    assumptions=DRAWS,
    source=ARM,
    cases=_two_bits,
)
def arm_mean(ports, case):
    """ARM that draws by itself has the exact gradient for its mean, and 0 for a constant."""
    right = oracles.discrete_gradient_ranges.arm(case.logits, case.f)
    yield averaged(lambda seed: ports.arm_gradient(case.logits, case.f, rng=seed), right, 0.08)
    # the two values of f are taken off each other
    got = ports.arm_gradient(case.logits, _constant(len(case.logits)), rng=3)
    yield Bound("of a constant, 1 where it is not 0", float(not np.abs(got).max() < 1e-5), 0.5)


@identity(
    "H7-disarm-mean",
    ports="disarm_gradient",
    kind="expectation",
    draws="rng",
    statement=r"E\,\hat g = \nabla E f",
    assumptions=DRAWS,
    source=DISARM,
    cases=_two_bits,
)
def disarm_mean(ports, case):
    """DisARM that draws by itself has the exact gradient for its mean."""
    right = oracles.discrete_gradient_ranges.disarm(case.logits, case.f)
    yield averaged(lambda seed: ports.disarm_gradient(case.logits, case.f, rng=seed), right)

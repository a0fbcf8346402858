"""Chapter H: gradients of expectations over discrete variables, and estimates on given draws."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import discrete_settings as on
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case

SEED = "seeds 000, 002"


def sided(left, right, label="gradient"):
    """Two gradients, of the size of the largest entry."""
    return Sides(label, left, right)


def classes():
    """Functions of three and of four classes, and of the usual two."""
    return [
        Case("three classes", logits=on.logits(3), f=on.exponential(3)),
        Case("four classes", logits=on.logits(4), f=on.quadratic(4)),
        Case("no probability", logits=np.array([0.3, -np.inf, 1.1, -0.4]), f=on.exponential(4, 1)),
        Case("θ = .2, t = .45", logits=on.bit_logits(), f=on.squared_gap()),
    ]


def drawn(**more):
    """The same on given Gumbel numbers."""
    return [
        Case("three classes, 5 draws", logits=on.logits(3), f=on.exponential(3),
             gumbels=on.gumbels(5, 3), **more),
        Case("four classes, 7 draws", logits=on.logits(4), f=on.quadratic(4),
             gumbels=on.gumbels(7, 4), **more),
        Case("θ = .2, t = .45", logits=on.bit_logits(), f=on.squared_gap(),
             gumbels=on.gumbels(6, 2, 1), **more),
    ]  # fmt: skip


def tempered():
    """The same at two temperatures."""
    for case, temperature in zip(drawn(), (0.7, 1.6, 0.4)):
        case.name += f", τ = {temperature}"
        case.temperature = temperature
        yield case


def bits():
    """Functions of two and three bits."""
    return [
        Case("three bits", logits=on.logits(3, 1), f=on.exponential(3, 2)),
        Case("two bits", logits=np.array([-1.2, 0.5]), f=on.quadratic(2)),
    ]


def drawn_bits(**more):
    """The same on given uniform numbers."""
    for case, draws in zip(bits(), (7, 5)):
        name, d = f"{case.name}, {draws} draws", len(case.logits)
        yield Case(name, logits=case.logits, f=case.f, uniforms=on.uniforms(draws, d, 2), **more)


@identity(
    "H7",
    ports="expectation_gradient",
    statement=r"\partial_{l_k}E f = \pi_k(f(e_k) - E f)",
    source=SEED,
    cases=classes,
)
def expectation_gradient_is_centred(ports, case):
    """The exact gradient of an expectation over classes, all of them visited."""
    right = oracles.discrete_gradients.expectation_gradient(case.logits, case.f)
    yield sided(ports.expectation_gradient(case.logits, case.f), right)


@identity(
    "H7-bits",
    ports="bernoulli_expectation_gradient",
    statement=r"\partial_{l_i}E f = \theta_i(1-\theta_i)\,E[f(b_i{=}1) - f(b_i{=}0)]",
    assumptions="independent bits",
    source="derived from H7",
    cases=bits,
)
def bernoulli_gradient_is_a_difference(ports, case):
    """The exact gradient over independent bits, all vectors of bits visited."""
    right = oracles.discrete_gradients.bernoulli_expectation_gradient(case.logits, case.f)
    yield sided(ports.bernoulli_expectation_gradient(case.logits, case.f), right)


@identity(
    "H7-score-given",
    ports="score_function_gradient",
    statement=r"\frac1m\sum_i(f(b_i) - \beta)(b_i - \pi)",
    source=SEED,
    cases=lambda: drawn(baseline=0.6),
)
def score_function_given_draws(ports, case):
    """The score-function estimate on given draws."""
    inputs = case.logits, case.f, case.baseline
    right = oracles.discrete_gradients.score_function(*inputs, case.gumbels)
    yield sided(ports.score_function_gradient(*inputs, gumbels=case.gumbels), right)


def enumerated(**more):
    """Draws that hold every class as often as it is drawn."""
    return [
        Case(f"{len(logits)} classes", logits=logits, f=f, codes=np.array(codes), **more)
        for (logits, codes), f in zip(on.CLASSES.values(), (on.exponential(3), on.quadratic(4)))
    ]


@identity(
    "H7-score",
    ports="score_function_gradient",
    statement=r"E[(f(b) - \beta)\nabla\log\pi(b)] = \nabla E f\quad\text{for every}\ \beta",
    assumptions="the baseline does not depend on the draw",
    source=SEED,
    cases=lambda: enumerated(baseline=-1.3),
)
def score_function_unbiased(ports, case):
    """Over draws that hold every class in its proportion the estimate is the exact gradient."""
    gumbels = on.choosing(case.codes, len(case.logits))
    got = ports.score_function_gradient(case.logits, case.f, case.baseline, gumbels=gumbels)
    yield sided(got, oracles.discrete_gradients.expectation_gradient(case.logits, case.f))


@identity(
    "H7-leave-one-out-given",
    ports="leave_one_out_gradient",
    statement=r"\frac1m\sum_i\Bigl(f(b_i) - \frac{1}{m-1}\sum_{j\ne i}f(b_j)\Bigr)(b_i - \pi)",
    source="derived from H7; Kool, van Hoof and Welling 2019",
    cases=drawn,
)
def leave_one_out_given_draws(ports, case):
    """The score-function estimate with the other draws' mean for a baseline, on given draws."""
    right = oracles.discrete_gradients.leave_one_out(case.logits, case.f, case.gumbels)
    yield sided(ports.leave_one_out_gradient(case.logits, case.f, gumbels=case.gumbels), right)


@identity(
    "H7-leave-one-out",
    ports="leave_one_out_gradient",
    statement=r"E\,\hat g = \nabla E f,\quad\text{a baseline with the own draw}:\ "
    r"\tfrac{m-1}{m}\nabla E f",
    source="derived from H7; Kool, van Hoof and Welling 2019",
    cases=lambda: enumerated()[:1],
)
def leave_one_out_unbiased(ports, case):
    """Averaged over all pairs of draws the estimate is the exact gradient."""
    dim = len(case.logits)
    each = [
        ports.leave_one_out_gradient(case.logits, case.f, gumbels=on.choosing(pair, dim))
        for pair in on.tuples(case.codes, 2)
    ]
    right = oracles.discrete_gradients.expectation_gradient(case.logits, case.f)
    yield sided(np.mean(each, axis=0), right)


@identity(
    "H7-control-given",
    ports="control_variate_gradient",
    statement=r"\frac1m\sum_i(f(b_i) - c(b_i))(b_i - \pi) + \nabla E c,\quad "
    r"c(b) = s(\pi) + \nabla s(\pi)\cdot(b - \pi)",
    source="derived from H7; Gu, Levine, Sutskever and Mnih 2016",
    cases=lambda: [
        Case(c.name, surrogate=on.quadratic(len(c.logits), 3), **c.inputs) for c in drawn()
    ],
)
def control_variate_given_draws(ports, case):
    """The score-function estimate with a learned baseline that sees its draw, on given draws."""
    inputs = case.logits, case.f, case.surrogate
    right = oracles.discrete_gradients.control_variate(*inputs, case.gumbels)
    yield sided(ports.control_variate_gradient(*inputs, gumbels=case.gumbels), right)


@identity(
    "H7-control",
    ports="control_variate_gradient",
    statement=r"E[(f(b) - c(b))\nabla\log\pi(b)] + \nabla E c = \nabla E f",
    source="derived from H7; Gu, Levine, Sutskever and Mnih 2016",
    cases=lambda: [
        Case(c.name, surrogate=on.quadratic(len(c.logits), 3), **c.inputs) for c in enumerated()
    ],
)
def control_variate_unbiased(ports, case):
    """A baseline that depends on the draw is unbiased once its own mean is added."""
    gumbels = on.choosing(case.codes, len(case.logits))
    got = ports.control_variate_gradient(case.logits, case.f, case.surrogate, gumbels=gumbels)
    yield sided(got, oracles.discrete_gradients.expectation_gradient(case.logits, case.f))


@identity(
    "H4-given",
    ports="straight_through_gradient",
    statement=r"\frac1m\sum_i(\mathrm{diag}\,\pi - \pi\pi^T)\nabla f(b_i)",
    source=SEED,
    cases=drawn,
)
def straight_through_given_draws(ports, case):
    """The straight-through estimate on given draws: hard forward, the softmax backward."""
    right = oracles.discrete_gradients.straight_through(case.logits, case.f, case.gumbels)
    yield sided(ports.straight_through_gradient(case.logits, case.f, gumbels=case.gumbels), right)


@identity(
    "H7-relaxed-given",
    ports="relaxed_gradient",
    statement=r"\frac1m\sum_i\partial_lf(y_i),\quad y_i = \mathrm{softmax}((l + g_i)/\tau)",
    source=SEED,
    cases=tempered,
)
def relaxed_given_draws(ports, case):
    """The reparametrised gradient of the relaxed objective on given Gumbel numbers."""
    inputs = case.logits, case.f, case.temperature
    right = oracles.discrete_gradients.relaxed(*inputs, case.gumbels)
    yield sided(ports.relaxed_gradient(*inputs, gumbels=case.gumbels), right)


@identity(
    "H4-relaxed-given",
    ports="straight_through_relaxed_gradient",
    statement=r"\frac1m\sum_i(\partial_ly_i)^T\nabla f(b_i),\quad b_i = \text{one-hot}\arg\max y_i",
    source="derived from H4; Jang, Gu and Poole 2017",
    cases=tempered,
)
def straight_through_relaxed_given_draws(ports, case):
    """The straight-through Gumbel-softmax estimate on given Gumbel numbers."""
    inputs = case.logits, case.f, case.temperature
    right = oracles.discrete_gradients.straight_through_relaxed(*inputs, case.gumbels)
    yield sided(ports.straight_through_relaxed_gradient(*inputs, gumbels=case.gumbels), right)


def _conditioned():
    for case in tempered():
        case.uniforms = on.uniforms(*case.gumbels.shape, 4)
        yield case


RELAX = (
    r"(f(b) - c(\tilde z))\nabla\log\pi(b) + \nabla c(z) - \nabla c(\tilde z),\quad "
    r"\tilde z_b = -\log E_b,\ \tilde z_i = -\log(E_i/\pi_i + E_b)"
)


@identity(
    "H7-rebar-given",
    ports="rebar_gradient",
    statement=RELAX + r",\ c(z) = \eta f(\mathrm{softmax}(z/\tau))",
    source="derived from H5 and H7; Tucker et al. 2017",
    cases=lambda: [Case(c.name, scale=0.8, **c.inputs) for c in _conditioned()],
)
def rebar_given_draws(ports, case):
    """REBAR on given Gumbel and uniform numbers, the latter those given the class."""
    inputs = case.logits, case.f, case.temperature, case.scale
    right = oracles.discrete_gradients.rebar(*inputs, case.gumbels, case.uniforms)
    got = ports.rebar_gradient(*inputs, gumbels=case.gumbels, uniforms=case.uniforms)
    yield sided(got, right)


@identity(
    "H7-relax-given",
    ports="relax_gradient",
    statement=RELAX,
    source="derived from H5 and H7; Grathwohl et al. 2018",
    cases=lambda: [
        Case(c.name, logits=c.logits, f=c.f, surrogate=on.quadratic(len(c.logits), 5),
             gumbels=c.gumbels, uniforms=on.uniforms(len(c.gumbels), len(c.logits), 6))
        for c in drawn()
    ],
)  # fmt: skip
def relax_given_draws(ports, case):
    """RELAX with a surrogate of its own on given Gumbel and uniform numbers."""

    def surrogate(z):
        return oracles.discrete_gradients.value(case.surrogate, z)

    draws = case.gumbels, case.uniforms
    right = oracles.discrete_gradients.relax(case.logits, case.f, surrogate, *draws)
    got = ports.relax_gradient(case.logits, case.f, case.surrogate, gumbels=draws[0],
                               uniforms=draws[1])  # fmt: skip
    yield sided(got, right)

"""Chapter H: estimates of gradients over independent bits: relaxed, ARM and DisARM."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import discrete_settings as on
from refscore.identities.base import identity
from refscore.identities.cases import Case
from refscore.identities.discrete_gradients import bits, drawn_bits, sided

ARM = "derived from H7; Yin and Zhou 2019"
DISARM = "derived from H7; Dong, Mnih and Tucker 2020"


@identity(
    "H7-bits-relaxed-given",
    ports="bernoulli_relaxed_gradient",
    statement=r"\frac1m\sum_i\partial_lf(y_i),\quad "
    r"y_i = \sigma((l + \log u_i - \log(1 - u_i))/\tau)",
    source="derived from H7; Maddison, Mnih and Teh 2017",
    cases=lambda: drawn_bits(temperature=0.6),
)
def bernoulli_relaxed_given_draws(ports, case):
    """The reparametrised gradient over relaxed bits on given uniform numbers."""
    inputs = case.logits, case.f, case.temperature
    right = oracles.discrete_gradients.bernoulli_relaxed(*inputs, case.uniforms)
    yield sided(ports.bernoulli_relaxed_gradient(*inputs, uniforms=case.uniforms), right)


@identity(
    "H7-arm-given",
    ports="arm_gradient",
    statement=r"\frac1m\sum_i(f(1[u_i > \sigma(-l)]) - f(1[u_i < \sigma(l)]))(u_i - \tfrac12)",
    source=ARM,
    cases=drawn_bits,
)
def arm_given_draws(ports, case):
    """ARM on given uniform numbers."""
    right = oracles.discrete_gradients.arm(case.logits, case.f, case.uniforms)
    yield sided(ports.arm_gradient(case.logits, case.f, uniforms=case.uniforms), right)


@identity(
    "H7-disarm-given",
    ports="disarm_gradient",
    statement=r"\frac1m\sum_i\tfrac12(f(b_i) - f(b'_i))(b_i - b'_i)\,\sigma(|l|)",
    source=DISARM,
    cases=drawn_bits,
)
def disarm_given_draws(ports, case):
    """DisARM on given uniform numbers."""
    right = oracles.discrete_gradients.disarm(case.logits, case.f, case.uniforms)
    yield sided(ports.disarm_gradient(case.logits, case.f, uniforms=case.uniforms), right)


def _cells():
    """Probabilities that are whole numbers of cells, so that cells hold one vector of bits."""
    for thetas, n, f in (([0.25, 0.75], 4, on.quadratic(2)), ([1 / 3, 1 / 6, 0.5], 6,
                                                               on.exponential(3, 2))):  # fmt: skip
        theta = np.array(thetas)
        logits = np.log(theta / (1 - theta)) + 1e-13  # off the edges of cells
        yield Case(f"{len(thetas)} bits, {n} cells", logits=logits, f=f, cells=n)


@identity(
    "H7-arm",
    ports="arm_gradient",
    statement=r"E\,\hat g = \nabla E f",
    source=ARM,
    cases=_cells,
)
def arm_unbiased(ports, case):
    """Over cells of equal volume, where the estimate is linear, ARM is the exact gradient."""
    u = on.cells(case.cells, len(case.logits))
    right = oracles.discrete_gradients.bernoulli_expectation_gradient(case.logits, case.f)
    yield sided(ports.arm_gradient(case.logits, case.f, uniforms=u), right)


@identity(
    "H7-disarm",
    ports="disarm_gradient",
    statement=r"E\,\hat g = \nabla E f",
    source=DISARM,
    cases=_cells,
)
def disarm_unbiased(ports, case):
    """Over cells of equal volume DisARM is the exact gradient."""
    u = on.cells(case.cells, len(case.logits))
    right = oracles.discrete_gradients.bernoulli_expectation_gradient(case.logits, case.f)
    yield sided(ports.disarm_gradient(case.logits, case.f, uniforms=u), right)


@identity(
    "H7-arm-variance",
    ports="arm_variance",
    statement=r"\mathrm{Var}\,\hat g_i = E[\Delta^2(u_i - \tfrac12)^2] - (\partial_iE f)^2",
    source=ARM,
    cases=bits,
)
def arm_variance_by_enumeration(ports, case):
    """ARM's variance: every piece of the cube on which f's two values stay the same."""
    from refscore.oracles.discrete_gradients import arm

    moments = oracles.discrete_gradient_moments
    _, right = moments.antithetic_moments(case.logits, case.f, arm)
    yield sided(ports.arm_variance(case.logits, case.f), right, "variance")


@identity(
    "H7-disarm-variance",
    ports="disarm_variance",
    statement=r"\mathrm{Var}\,\hat g_i = \tfrac14E[\Delta^2(b_i - b'_i)^2]\sigma(|l_i|)^2"
    r" - (\partial_iE f)^2",
    source=DISARM,
    cases=bits,
)
def disarm_variance_by_enumeration(ports, case):
    """DisARM's variance, likewise: ARM's without that of the uniform number given the bits."""
    from refscore.oracles.discrete_gradients import disarm

    moments = oracles.discrete_gradient_moments
    _, right = moments.antithetic_moments(case.logits, case.f, disarm)
    yield sided(ports.disarm_variance(case.logits, case.f), right, "variance")

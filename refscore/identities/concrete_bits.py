"""Chapter H: relaxed bits in their log odds, where none rounds to 0 or 1."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities.base import Draws, Sides, Uniform, identity
from refscore.identities.cases import Case
from refscore.identities.concrete_densities import BIT
from refscore.identities.gumbel import in_turn


def _given():
    u = np.array([0.07, 0.31, 0.5, 0.86, 0.995])
    for t, size in ((0.3, 1.0), (2.0, 1.0), (0.002, 1.0), (0.7, 900.0)):
        yield Case(f"temperature {t}, logits of {size}", temperature=t, uniforms=u,
                   logit=size * np.array([0.4, -1.3, 2.0, 0.0, -0.6]))  # fmt: skip


@identity(
    "H6-log-odds",
    ports="logit_binary_concrete",
    statement=r"z = (\ell + \log u - \log(1 - u))/\tau",
    source=BIT,
    cases=_given,
    family="relaxed bits",
)
def logit_binary_concrete_given(ports, case):
    """The log odds of a relaxed bit from one uniform number, at any temperature."""
    got = ports.logit_binary_concrete(case.logit, case.temperature, uniforms=case.uniforms)
    right = oracles.gumbel.bit_log_odds(case.logit, case.temperature, case.uniforms)
    yield Sides("log odds", got, right, np.maximum(1.0, np.abs(right)))


@identity(
    "H6-log-odds-draws",
    ports="logit_binary_concrete",
    kind="expectation",
    draws="rng",
    statement=r"P(z \le x) = \sigma(\tau x - \ell)",
    source=BIT,
    cases=lambda: [
        Case(f"three logits, temperature {t}", logit=np.array([-0.9, 1.4, 0.3]), temperature=t)
        for t in (0.05, 1.7)
    ],
)
def logit_binary_concrete_draws(ports, case):
    """Log odds through their distribution functions, every one of its own logit."""
    m, t = len(case.logit), case.temperature

    def draw(seed, n):
        z = ports.logit_binary_concrete(in_turn(case.logit, n), t, rng=seed)
        return oracles.gumbel.bit_log_odds_below(np.reshape(z, (n, m)), case.logit, t)

    names = tuple(f"the bit of logit {logit}" for logit in case.logit)
    yield Draws("uniforms", draw, Uniform(names=names))


@identity(
    "H6-log-odds-density",
    ports="logit_binary_concrete_log_density",
    statement=r"\tau e^{\ell - \tau z}\big/(1 + e^{\ell - \tau z})^2",
    source=BIT,
    cases=lambda: [
        *(
            Case(f"temperature {t}", temperature=t, logit=np.array([0.7, -1.1, 0.2, 1.9]),
                 values=np.array([-3.5, -0.4, 0.1, 1.6]) / t)
            for t in (0.004, 0.35, 1.8)
        ),
        Case("far out", temperature=1.3, logit=np.array([-800.0, 790.0, 0.5]),
             values=np.array([300.0, -650.0, 900.0])),
    ],
)  # fmt: skip
def logit_binary_concrete_density(ports, case):
    """The density of the log odds is the slope of P(z <= x): a logistic law."""
    got = ports.logit_binary_concrete_log_density(case.values, case.logit, case.temperature)
    right = oracles.gumbel.bit_log_odds_density(case.values, case.logit, case.temperature)
    yield Sides("log density", got, right, np.maximum(1.0, np.abs(right)))

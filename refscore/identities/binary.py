"""Chapter B: ratio matching of binary data."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.bounded import EXTENSIONS
from refscore.identities.cases import Case, Description
from refscore.identities.fields import by_point


def _couplings(d, key, scale=1.0):
    upper = np.triu(scale * settings.normals(d, d, key=key), 1)
    return upper + upper.T


def _states(d):
    return (1 + settings.all_signs(d)) / 2


def _boltzmann(d, key, scale=1.0):
    biases = 0.7 * scale * settings.normals(d, key=key + 1)
    return Description("boltzmann", weights=_couplings(d, key, scale), biases=biases)


def binary_cases():
    """Boltzmann laws at all their states; log odds of ordinary size, and of thousands."""
    yield Case("three bits", log_odds=_boltzmann(3, 21), x=_states(3))
    yield Case("five bits", log_odds=_boltzmann(5, 31), x=_states(5))
    yield Case("one bit", log_odds=_boltzmann(1, 41), x=_states(1))
    yield Case("log odds of 10^4", log_odds=_boltzmann(3, 51, 4000.0), x=_states(3))


def _table(description):
    return oracles.bounded.boltzmann_table(description.weights, description.biases)


@identity(
    "B12-ratio",
    ports="ratio_loss",
    statement=r"\ell = \sum_i g\!\left(\frac{p(x)}{p(x^i)}\right)^2,\ g(r) = \frac1{1+r}",
    assumptions="binary data, x^i is x with bit i flipped",
    source=EXTENSIONS,
    cases=binary_cases,
    family="binary law",
)
def ratio_loss_pointwise(ports, case):
    """The ratio matching loss at every state, from the table of probabilities."""
    right = oracles.bounded.ratio(_table(case.log_odds), case.x)
    yield Sides("loss", ports.ratio_loss(case.log_odds, case.x), right)


@identity(
    "B12-ratio-matching",
    ports="ratio_loss",
    statement=r"E_\pi\ell = E_\pi\sum_i[g(p(x)/p(x^i))-g(\pi(x)/\pi(x^i))]^2"
    r" + E_\pi\sum_i g(\pi(x)/\pi(x^i))^2",
    assumptions="two Boltzmann laws, by enumeration",
    source=EXTENSIONS,
    cases=lambda: [
        Case("another law", log_odds=_boltzmann(4, 61), data=_boltzmann(4, 71), x=_states(4)),
        Case("the same law", log_odds=_boltzmann(3, 21), data=_boltzmann(3, 21), x=_states(3)),
    ],
    family="two binary laws",
)
def ratio_is_matching(ports, case):
    """The mean loss is the distance of the ratios plus a constant: least at the truth."""
    model, data = _table(case.log_odds), _table(case.data)
    log_p = data - np.logaddexp.reduce(data.ravel())
    w = np.exp(log_p[tuple(case.x.astype(int).T)])
    mean = w @ by_point(lambda p: ports.ratio_loss(case.log_odds, p), case.x)
    distance, floor = oracles.bounded.ratio_matching(model, data)
    yield Sides("distance of the ratios", mean - floor, np.array(distance), floor)


@identity(
    "B12-ratio-gradient",
    ports="boltzmann_ratio_gradient",
    statement=r"\nabla_{W,b}\frac1n\sum_k\sum_i(1+e^{u_i})^{-2},\ "
    r"u_i = (2x_i-1)(b_i+\sum_jW_{ij}x_j)",
    assumptions="Boltzmann law; W_ij for i < j row by row, then b",
    source=EXTENSIONS,
    cases=lambda: [c for c in binary_cases() if len(c.x[0]) in (3, 5)][:2],
    family="binary law",
    tolerance=1e-8,
)
def ratio_gradient(ports, case):
    """The gradient of the mean ratio loss in a Boltzmann law's parameters."""
    model = case.log_odds
    right = oracles.bounded.ratio_gradient(model.weights, model.biases, case.x[1:])
    got = ports.boltzmann_ratio_gradient(model.weights, model.biases, case.x[1:])
    yield Sides("gradient", got, right)


@identity(
    "B12-ratio-minimum",
    ports="boltzmann_ratio_gradient",
    statement=r"\nabla_{W,b}\,E_\pi\sum_i(1+e^{u_i})^{-2} = 0",
    assumptions="the Boltzmann law that the data follow, by enumeration",
    source=EXTENSIONS,
    cases=lambda: [
        Case("three bits", log_odds=_boltzmann(3, 21), x=_states(3)),
        Case("four bits", log_odds=_boltzmann(4, 61), x=_states(4)),
    ],
    family="binary law",
)
def ratio_minimum(ports, case):
    """At the parameters of the law that the data follow the mean loss has no slope."""
    model, table = case.log_odds, _table(case.log_odds)
    w = np.exp(table - np.logaddexp.reduce(table.ravel()))[tuple(case.x.astype(int).T)]
    slopes = [
        ports.boltzmann_ratio_gradient(model.weights, model.biases, x) for x in case.x[:, None]
    ]
    slope = w @ np.array(slopes)
    yield Sides("slope", slope, np.zeros_like(slope), np.abs(slopes).max())

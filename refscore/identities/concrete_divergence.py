"""Chapter H: how far one relaxed law is from another."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities.base import Draws, Mean, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.gumbel import gumbels, repeated, rows

SEEN = r"\log q(y) - \log p(y),\quad y = \operatorname{softmax}((\ell + G)/\tau)"
MEAN = r"E[\log q(y) - \log p(y)] = a\coth(a/2) - 2,\quad a = \ell_1 - \ell_2 - \ell'_1 + \ell'_2"


def _given():
    for name, (n, k), prior, t, s in (
        ("5 rows of 3", (5, 3), rows(5, 3, 1), 0.7, 1.3),
        ("4 rows of 5", (4, 5), rows(4, 5, 1), 1.6, 0.4),
        ("6 rows of 2", (6, 2), rows(6, 2, 1), 0.9, 0.5),
        ("rows that underflow", (4, 3), rows(4, 3, 1), 0.002, 0.003),
        ("a uniform prior, its logits 3", (3, 4), np.full((3, 4), 3.0), 0.6, 0.6),
    ):
        yield Case(name, logits=rows(n, k), other_logits=prior, temperature=t, other_temperature=s,
                   gumbels=gumbels(n, k, key=1))  # fmt: skip


@identity(
    "H6-divergence-given",
    ports="concrete_kl",
    statement=SEEN,
    source="derived from H6; Maddison, Mnih and Teh 2017",
    cases=_given,
    tolerance=1e-8,
    family="relaxed laws",
)
def concrete_kl_given(ports, case):
    """The log ratio of two relaxed laws at a draw of the first; Jacobians cancel in it."""
    given = case.logits, case.other_logits, case.temperature, case.other_temperature
    right = oracles.gumbel.log_ratio(*given, case.gumbels)
    got = ports.concrete_kl(*given, gumbels=case.gumbels)
    z = (case.logits + case.gumbels) / case.temperature  # of this size are differences of densities
    yield Sides("log ratios", got, right, np.maximum(1.0, np.abs(right)) + np.ptp(z, axis=1) / 100)


def _two(temperatures=(0.3, 1.0, 2.5)):
    for t in temperatures:
        yield Case(f"temperature {t}", logits=np.array([0.9, -0.4]),
                   other_logits=np.array([-0.3, 0.2]), temperature=t)  # fmt: skip


@identity(
    "H6-divergence",
    ports="concrete_kl",
    statement=MEAN,
    assumptions="two codes, one temperature: of any size; the trapezoid rule over G_1 - G_2",
    source="derived from H6: log ratios of two entries are logistic numbers over the temperature",
    cases=_two,
)
def concrete_kl_mean(ports, case):
    """At one temperature, whichever, two relaxed laws of two codes are equally far apart."""
    difference = np.arange(-45.0, 45.0, 0.25)
    weight = 0.25 / (2 * np.cosh(difference / 2)) ** 2
    n, t = len(difference), case.temperature
    first, second = repeated(case.logits, n), repeated(case.other_logits, n)
    noise = np.stack([difference, np.zeros(n)], 1)
    got = weight @ np.asarray(ports.concrete_kl(first, second, t, t, gumbels=noise), dtype=float)
    yield Sides("divergence", got, oracles.gumbel.divergence(case.logits, case.other_logits))


@identity(
    "H6-divergence-draws",
    ports="concrete_kl",
    kind="expectation",
    draws="rng",
    statement=MEAN,
    assumptions="two codes, one temperature; the subject draws by itself",
    source="derived from H6",
    cases=lambda: _two((0.5,)),
)
def concrete_kl_draws(ports, case):
    """Log ratios at draws of the subject's own have the divergence for their mean."""
    right, t = oracles.gumbel.divergence(case.logits, case.other_logits), case.temperature
    reach = np.abs(np.subtract(*case.logits) - np.subtract(*case.other_logits))

    def draw(seed, n):
        first, second = repeated(case.logits, n), repeated(case.other_logits, n)
        return np.asarray(ports.concrete_kl(first, second, t, t, rng=seed))

    yield Draws("log ratios", draw, Mean([right], [-reach], [reach], names=("log ratio",)))

"""Chapter H: relaxed one-hot rows, their derivatives and their densities."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Draws, Mean, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.gumbel import gumbel_cases, gumbels, in_turn, one_hot, rows
from refscore.identities.precision import resolved

RELAXED = "seeds 000, 002; Maddison, Mnih and Teh 2017; Jang, Gu and Poole 2017"


def _relaxations(**more):
    for case, t in zip(gumbel_cases(), (0.4, 1.7, 3e3, 0.6)):
        cotangent = settings.normals(*case.logits.shape, key=8)
        yield Case(**{**vars(case), "temperature": t, "cotangent": cotangent})
    yield Case("temperature 0.05", logits=rows(3, 4, 2), gumbels=gumbels(3, 4, key=8),
               temperature=0.05, cotangent=settings.normals(3, 4, key=10))  # fmt: skip
    yield Case("one code", logits=rows(4, 1), gumbels=gumbels(4, 1, key=9), temperature=0.8,
               cotangent=settings.normals(4, 1, key=11))  # fmt: skip
    yield Case("temperature 1", logits=rows(6, 2), gumbels=gumbels(6, 2, key=7), temperature=1.0,
               cotangent=settings.normals(6, 2, key=9))  # fmt: skip


@identity(
    "H6-softmax",
    ports="gumbel_softmax",
    statement=r"y_k = e^{(\ell_k + G_k)/\tau}/\sum_je^{(\ell_j + G_j)/\tau}",
    source=RELAXED,
    cases=_relaxations,
    family="relaxed rows with gumbels",
)
def gumbel_softmax_given(ports, case):
    """A relaxed one-hot row is the softmax of the perturbed logits over the temperature."""
    got = ports.gumbel_softmax(case.logits, case.temperature, gumbels=case.gumbels)
    right = oracles.gumbel.relaxed(case.logits, case.temperature, case.gumbels)
    yield Sides("rows", got, right)


@identity(
    "H6-limits",
    ports="gumbel_softmax",
    statement=r"\tau \to 0: e_{\arg\max(\ell + G)},\quad \tau \to \infty: "
    r"\tfrac1K\bigl(1 + x + \tfrac12(x^2 - \overline{x^2})\bigr),\ x = (z - \bar z)/\tau",
    source=RELAXED,
    cases=lambda: list(gumbel_cases())[:3],
    tolerance=1e-5,
)
def gumbel_softmax_limits(ports, case):
    """Cold rows are one-hot, hot rows uniform, also for logits of 1e4."""
    logits, g = case.logits, case.gumbels
    cold = ports.gumbel_softmax(logits, 1e-3, gumbels=g)
    best = oracles.gumbel.places(logits, g)[:, 0]
    yield Sides("cold", cold, one_hot(best, logits.shape[1]))
    heat, z = 1e3 * np.ptp(logits + g), logits + g
    hot = np.asarray(ports.gumbel_softmax(logits, heat, gumbels=g)) * logits.shape[1] - 1
    x = (z - z.mean(1, keepdims=True)) / heat
    yield Sides("hot", hot, x + (x**2 - (x**2).mean(1, keepdims=True)) / 2)


@identity(
    "H6-hard",
    ports="gumbel_softmax_hard",
    statement=r"e_i,\quad i = \arg\max_k\,\ell_k + G_k",
    source=RELAXED,
    cases=lambda: [
        *_relaxations(),
        Case("equal sums", logits=np.array([[1.0, 2.0, 2.0], [3.0, 3.0, 0.0]]), temperature=0.5,
             gumbels=np.full((2, 3), 0.25)),
    ],
)  # fmt: skip
def gumbel_softmax_hard_given(ports, case):
    """The hard row is one-hot at the place of the largest, the first of equals."""
    got = ports.gumbel_softmax_hard(case.logits, case.temperature, gumbels=case.gumbels)
    best = oracles.gumbel.places(case.logits, case.gumbels)[:, 0]
    yield Sides("rows", got, one_hot(best, case.logits.shape[1]))


@identity(
    "H6-gradient",
    ports="gumbel_softmax_gradient",
    statement=r"\sum_kc_k\frac{\partial y_k}{\partial\ell_j} = "
    r"\tfrac1\tau\,y_j\bigl(c_j - \sum_kc_ky_k\bigr)",
    source=RELAXED,
    cases=_relaxations,
    family="relaxed rows with gumbels",
)
def gumbel_softmax_gradient_given(ports, case):
    """The derivative of relaxed rows in the logits."""
    inputs = case.logits, case.temperature, case.cotangent
    got = ports.gumbel_softmax_gradient(*inputs, gumbels=case.gumbels)
    right = oracles.gumbel.relaxed_gradient(*inputs, case.gumbels)
    yield Sides("gradient", got, right, np.abs(case.cotangent).max() / case.temperature)


@identity(
    "H4-gumbel",
    ports="gumbel_softmax_hard_gradient",
    statement=r"y_{hard} - \operatorname{sg}(y) + y:\quad \tfrac1\tau\,y_j"
    r"\bigl(c_j - \sum_kc_ky_k\bigr)",
    source=RELAXED + "; Bengio, Léonard and Courville 2013",
    cases=_relaxations,
)
def gumbel_softmax_hard_gradient_given(ports, case):
    """A hard row passes back what its soft row would."""
    inputs = case.logits, case.temperature, case.cotangent
    got = ports.gumbel_softmax_hard_gradient(*inputs, gumbels=case.gumbels)
    right = oracles.gumbel.relaxed_gradient(*inputs, case.gumbels)
    yield Sides("gradient", got, right, np.abs(case.cotangent).max() / case.temperature)


@identity(
    "H6-temperature",
    ports="gumbel_softmax_temperature_gradient",
    statement=r"\sum_kc_k\frac{\partial y_k}{\partial\tau} = "
    r"-\tfrac1{\tau^2}\sum_kc_ky_k\bigl(z_k - \sum_jy_jz_j\bigr)",
    source="derived from H6",
    cases=lambda: [case for case in _relaxations() if case.name != "logits of 1e4"],
)
def gumbel_softmax_temperature_gradient_given(ports, case):
    """The derivative of relaxed rows in the temperature, where that is learned."""
    inputs = case.logits, case.temperature, case.cotangent
    got = ports.gumbel_softmax_temperature_gradient(*inputs, gumbels=case.gumbels)
    right = oracles.gumbel.temperature_gradient(*inputs, case.gumbels)
    z = case.logits + case.gumbels
    terms = np.abs(case.cotangent).max() * np.abs(z[np.isfinite(z)]).max() / case.temperature**2
    yield Sides("gradient", got, right, resolved(ports, np.abs(right).max(), terms))


def _laws():
    logits = np.log([[0.2, 0.5, 0.3], [0.6, 0.15, 0.25]]) + 0.8
    yield Case("two rows of 3, temperature 0.4", logits=logits, temperature=0.4)
    yield Case("one row of 3, temperature 1.7", logits=logits[:1], temperature=1.7)


@identity(
    "H6-draws",
    ports="gumbel_softmax",
    kind="expectation",
    draws="rng",
    statement=r"E\,y,\quad P(\arg\max y = i) = \pi_i\ \text{for every } \tau,\quad "
    r"\sigma(\tau\log(y_i/y_j) - \ell_i + \ell_j) \sim U(0, 1)",
    source=RELAXED,
    cases=_laws,
)
def gumbel_softmax_draws(ports, case):
    """Means of relaxed rows, of their largest entries, and of how far a log ratio strays."""
    logits, t = case.logits, case.temperature
    (m, k), each = logits.shape, [oracles.gumbel.mean(row, t) for row in logits]
    means = np.column_stack([each, oracles.gumbel.probabilities(logits), np.full(m, 0.5)])

    def draw(seed, n):
        rows = in_turn(logits, n)
        y = np.asarray(ports.gumbel_softmax(rows, t, rng=seed))
        spread = np.abs(2 * _ratio_below(y, rows, t) - 1)
        return np.column_stack([y, one_hot(np.argmax(y, 1), k), spread]).reshape(n, -1)

    kinds = [f"{kind} {i}" for kind in ("entry", "largest") for i in range(k)] + ["spread"]
    names = tuple(f"{kind} of row {j}" for j in range(m) for kind in kinds)
    yield Draws("rows and rounded rows", draw, Mean(means.ravel(), 0.0, 1.0, names=names))


def _ratio_below(y, logits, temperature):
    """The first entry over its sum with the second is a relaxed bit b: P(b <= it)."""
    with np.errstate(all="ignore"):
        bits = y[:, 0] / (y[:, 0] + y[:, 1])
    below = oracles.gumbel.bit_below(bits, logits[:, 0] - logits[:, 1], temperature)
    return np.nan_to_num(below, nan=0.5)


@identity(
    "H6-hard-draws",
    ports="gumbel_softmax_hard",
    kind="expectation",
    draws="rng",
    statement=r"y \in \{e_1..e_K\},\quad E\,y = E\,y^2 = \pi",
    source=RELAXED,
    cases=lambda: [
        Case("two rows of 3, one of them sure", temperature=0.4,
             logits=np.log([[0.2, 0.5, 0.3], [0.9, 0.08, 0.02]]) + 0.8)
    ],
)  # fmt: skip
def gumbel_softmax_hard_draws(ports, case):
    """Every row is one-hot; their mean is the softmax of the logits, whatever the temperature."""
    logits, t = case.logits, case.temperature
    y = np.asarray(ports.gumbel_softmax_hard(in_turn(logits, 32), t, rng=1))
    for label, off in _not_one_hot(y):
        yield Bound(f"{label}, 1 where there are any", float(not np.abs(off).max() < 1e-5), 0.5)

    def draw(seed, n):
        y = np.reshape(ports.gumbel_softmax_hard(in_turn(logits, n), t, rng=seed), (n, -1))
        return np.hstack([y, y**2])

    right = np.tile(oracles.gumbel.probabilities(logits).ravel(), 2)
    yield Draws("rows", draw, Mean(right, 0.0, 1.0, names=_entries(logits.shape)))


def _not_one_hot(y):
    """How far off rows are, each in its way."""
    yield "rows that are not one-hot", y - one_hot(np.argmax(y, 1), y.shape[1])
    yield "entries other than 0 and 1", np.minimum(np.abs(y), np.abs(y - 1))
    yield "rows that do not sum to one", y.sum(1) - 1


def _entries(shape):
    places = [f"{i} of row {j}" for j in range(shape[0]) for i in range(shape[1])]
    return tuple(f"{k} {place}" for k in ("entry", "square") for place in places)

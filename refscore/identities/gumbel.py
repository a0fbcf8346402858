"""Chapter H: Gumbel numbers, who is the largest, and the others given that."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Draws, Mean, Sides, Uniform, identity
from refscore.identities.cases import Case

GUMBEL = "seed 000; Gumbel 1954"
TRICK = "seeds 000, 002; Maddison, Tarlow and Minka 2014"


def gumbels(*shape, key=0):
    """Gumbel numbers of a shape, from normal ones by their distribution functions."""
    from scipy.special import ndtr

    return -np.log(-np.log(ndtr(settings.normals(*shape, key=key))))


def rows(n, k, key=0):
    """Logits of n rows whose weights do not sum to one."""
    return 1.2 * settings.normals(n, k, key=50 + key) + 0.7


def impossible(n, k, key=0):
    """The same with a code of probability 0 in two of the rows, each its own."""
    logits = np.array(rows(n, k, key))
    logits[0, 1] = logits[2, k - 1] = -np.inf
    return logits


def gumbel_cases(**more):
    """Logits and Gumbel numbers, n and K different; logits far apart; impossible codes."""
    for n, k in ((5, 3), (4, 6)):
        yield Case(f"{n} rows of {k}", logits=rows(n, k), gumbels=gumbels(n, k), **more)
    logits = 1e4 * np.sign(rows(5, 4, 1)) + rows(5, 4)
    yield Case("logits of 1e4", logits=logits, gumbels=gumbels(5, 4, key=1), **more)
    yield Case("logits of -inf", logits=impossible(4, 3), gumbels=gumbels(4, 3, key=2), **more)


def repeated(logits, n):
    """One row of logits n times."""
    return np.broadcast_to(logits, (n, len(logits))).copy()


def one_hot(codes, k):
    """Rows (n, k) of 0 and 1."""
    return (np.asarray(codes)[:, None] == np.arange(k)).astype(float)


def in_turn(rows, n):
    """Rows that differ, in turn, n times: every row of one call has a law of its own."""
    return np.tile(rows, (n, *[1] * (np.ndim(rows) - 1)))


def laws():
    """Two rows of logits each."""
    yield Case("K = 3", logits=np.log([[0.7, 0.2, 0.1], [0.15, 0.25, 0.6]]) + 1.3)
    yield Case("K = 4", logits=np.log([[0.1, 0.35, 0.05, 0.5], [0.4, 0.1, 0.3, 0.2]]))


@identity(
    "H5-numbers",
    ports="gumbel_numbers",
    statement=r"G = -\log(-\log u)\ \text{finite},\ u \in [0, 1)",
    source=GUMBEL,
    cases=lambda: [
        Case("spread", uniforms=np.array([0.02, 0.3, 0.5, 0.77, 0.999])),
        Case("towards the ends", uniforms=np.array([1e-12, 1e-7, 1 - 2.0**-18, 1 - 2.0**-24])),
    ],
)
def gumbel_numbers_are_right(ports, case):
    """A Gumbel number is twice minus the logarithm of a uniform one, at both ends too."""
    got = ports.gumbel_numbers(case.uniforms)
    yield Sides("numbers", got, oracles.gumbel.numbers(case.uniforms))


@identity(
    "H5-zero",
    ports="gumbel_numbers",
    statement=r"-\infty < G(0) \le G(10^{-12}),\quad G = -\log(-\log u)",
    source=GUMBEL,
    kind="bound",
    cases=lambda: [Case("0 among them", uniforms=np.array([0.5, 0.0, 0.25]))],
)
def gumbel_numbers_are_finite(ports, case):
    """A uniform number that is exactly 0, as one in 2^24 of single precision, does no harm."""
    got = np.asarray(ports.gumbel_numbers(case.uniforms))
    yield Bound("the size of the number at 0", np.abs(got[1]), 1e4)
    yield Bound("e^G at 0", np.exp(got[1]), np.exp(oracles.gumbel.numbers([1e-12])[0]))


def _with_ties():
    yield from gumbel_cases()
    logits = np.array([[1.0, 2.0, 2.0, 0.0], [0.0, 1.0, 3.0, 3.0], [2.0, 0.0, 2.0, 1.0]])
    yield Case("equal sums", logits=logits, gumbels=np.full((3, 4), 0.5))


@identity(
    "H5-given",
    ports="gumbel_max",
    statement=r"\arg\max_k\,\ell_k + G_k,\ \text{the first of equals}",
    source=TRICK,
    cases=_with_ties,
    family="logits with gumbels",
)
def gumbel_max_given(ports, case):
    """The draw is the place of the largest sum of logit and Gumbel number."""
    got = ports.gumbel_max(case.logits, gumbels=case.gumbels)
    yield Sides("codes", got, oracles.gumbel.places(case.logits, case.gumbels)[:, 0])


@identity(
    "H5-tempered",
    ports="gumbel_max_given_temperature",
    statement=r"\arg\max_k\,\ell_k/\tau + G_k \sim \operatorname{softmax}(\ell/\tau)",
    assumptions="whatever is added to all logits of a row",
    source="derived from H5",
    cases=lambda: [
        Case(f"temperature {t}", logits=rows(24, 4, key), temperature=t,
             gumbels=gumbels(24, 4, key=key))
        for t, key in ((0.5, 3), (2.5, 4), (0.04, 5))
    ],
)  # fmt: skip
def gumbel_max_tempered(ports, case):
    """A temperature divides the logits, never the noise: the argmax knows no common factor."""
    logits, t = case.logits, case.temperature
    got = ports.gumbel_max_given_temperature(logits, t, gumbels=case.gumbels)
    yield Sides("codes", got, oracles.gumbel.places(logits / t, case.gumbels)[:, 0])


@identity(
    "H5",
    ports="gumbel_max",
    kind="expectation",
    draws="rng",
    statement=r"P(\arg\max_k\,\ell_k + G_k = i) = e^{\ell_i}/\sum_je^{\ell_j}",
    source=TRICK,
    cases=laws,
)
def gumbel_max_draws(ports, case):
    """The place of the largest follows the softmax of the logits, in every row of its own."""
    right = oracles.gumbel.probabilities(case.logits)

    def draw(seed, n):
        codes = ports.gumbel_max(in_turn(case.logits, n), rng=seed)
        return one_hot(codes, right.shape[1]).reshape(n, -1)

    yield Draws("codes", draw, Mean(right.ravel(), 0.0, 1.0))


@identity(
    "H5-tempered-draws",
    ports="gumbel_max_given_temperature",
    kind="expectation",
    draws="rng",
    statement=r"P(\arg\max_k\,\ell_k/\tau + G_k = i) \propto e^{\ell_i/\tau}",
    source="derived from H5",
    cases=lambda: [
        Case("temperature 0.5", logits=np.log([[0.7, 0.2, 0.1], [0.2, 0.45, 0.35]]) + 1,
             temperature=0.5),
    ],
)  # fmt: skip
def gumbel_max_tempered_draws(ports, case):
    """Draws at a temperature follow the softmax of the logits over it."""
    right = oracles.gumbel.probabilities(case.logits / case.temperature)

    def draw(seed, n):
        logits = in_turn(case.logits, n)
        codes = ports.gumbel_max_given_temperature(logits, case.temperature, rng=seed)
        return one_hot(codes, right.shape[1]).reshape(n, -1)

    yield Draws("codes", draw, Mean(right.ravel(), 0.0, 1.0))


@identity(
    "H5-max",
    ports="max_gumbel_log_density",
    statement=r"\max_k\,\ell_k + G_k \sim \operatorname{Gumbel}(\log\sum_ke^{\ell_k})",
    source=TRICK,
    cases=lambda: [
        Case("4 rows of 3", logits=rows(4, 3), values=np.array([1.0, 2.5, 4.0, 0.2])),
        Case("5 rows of 6", logits=rows(5, 6), values=np.array([3.0, 2.0, 1.1, 7.0, 2.6])),
        Case("logits of -inf", logits=impossible(3, 4), values=np.array([2.0, 0.6, 3.0])),
        Case("logits of 800", logits=rows(2, 3, 1) + 800, values=np.array([801.0, 803.0])),
    ],
)
def max_gumbel_law(ports, case):
    """The largest of Gumbels is Gumbel at the log of the sum: a sum over who it is."""
    got = ports.max_gumbel_log_density(case.logits, case.values)
    right = oracles.gumbel.largest_log_density(case.logits, case.values)
    # a log density is a difference from the logits, known to their rounding
    scale = max(np.abs(right).max(), np.abs(case.values).max() / 100)
    yield Sides("log density", got, right, scale)


def _posteriors():
    index = {"5 rows of 3": [0.0, 2, 1, 1, 0], "4 rows of 6": [5.0, 0, 2, 3]}
    for case in gumbel_cases():
        if case.name in index:
            yield Case(**{**vars(case), "index": np.array(index[case.name])})
    yield Case("logits of -inf", logits=impossible(3, 4), gumbels=gumbels(3, 4, key=6),
               index=np.array([0.0, 1, 2]))  # fmt: skip


@identity(
    "H5-posterior",
    ports="posterior_gumbels",
    statement=r"T = \log\sum_je^{\ell_j} + g_i,\quad x_k = -\log(e^{-T} + e^{-\ell_k - g_k})",
    source=TRICK,
    cases=_posteriors,
)
def posterior_gumbels_given(ports, case):
    """Given who is largest, the largest is as ever and the others are cut off at it."""
    got = np.asarray(ports.posterior_gumbels(case.logits, case.index, gumbels=case.gumbels))
    right = oracles.gumbel.truncated(case.logits, case.index, case.gumbels)
    same = np.isneginf(got) & np.isneginf(right)
    yield Sides("perturbed logits", np.where(same, 0.0, got), np.where(same, 0.0, right))


@identity(
    "H5-posterior-draws",
    ports="posterior_gumbels",
    kind="expectation",
    draws="rng",
    statement=r"e^{-e^{L - T}},\ e^{-e^{\ell_k - x_k} + e^{\ell_k - T}} \sim U(0, 1)",
    source=TRICK,
    cases=lambda: [
        Case("two rows, two places", index=np.array([2.0, 0.0]),
             logits=np.log([[0.6, 0.3, 0.1], [0.2, 0.1, 0.7]]) + 0.5),
        Case("two rows, one place", index=np.array([1.0, 1.0]),
             logits=np.array([[0.4, -0.2], [-1.5, 0.8]])),
    ],
)  # fmt: skip
def posterior_gumbels_draws(ports, case):
    """Draws of the largest and the others, through their distribution functions."""
    m, k = case.logits.shape
    best = case.index.astype(int)
    total = np.log(np.exp(case.logits).sum(1))

    def draw(seed, n):
        logits, index = in_turn(case.logits, n), in_turn(case.index, n)
        x = np.asarray(ports.posterior_gumbels(logits, index, rng=seed)).reshape(n, m, k)
        top = x[:, range(m), best]
        with np.errstate(all="ignore"):
            below = np.exp(-np.exp(case.logits - x) + np.exp(case.logits - top[..., None]))
            below[:, range(m), best] = np.exp(-np.exp(total - top))
        return below.reshape(n, -1)

    names = tuple(f"code {i} of row {j}" for j in range(m) for i in range(k))
    yield Draws("uniforms", draw, Uniform(names=names))

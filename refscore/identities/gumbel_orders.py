"""Chapter H: several codes without replacement, by the largest Gumbels and by their law."""

from __future__ import annotations

import itertools

import numpy as np

from refscore import oracles
from refscore.identities.base import Bound, Draws, Mean, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.gumbel import gumbels, in_turn, repeated, rows


@identity(
    "H5-top-k",
    ports="top_k",
    statement=r"\text{the } k \text{ largest of } \ell + G,\ \text{from the largest down}",
    source="derived from H5; Kool, van Hoof and Welling 2019",
    cases=lambda: [
        Case(f"{k} of {codes}", logits=rows(n, codes), gumbels=gumbels(n, codes, key=5), k=k)
        for n, codes, k in ((5, 4, 2), (4, 7, 3), (3, 5, 5), (6, 4, 1), (1, 600, 300))
    ],
)
def top_k_given(ports, case):
    """Codes without replacement are the places of the k largest, in this order."""
    got = ports.top_k(case.logits, case.k, gumbels=case.gumbels)
    yield Sides("codes", got, oracles.gumbel.places(case.logits, case.gumbels, case.k))


@identity(
    "H5-top-k-draws",
    ports="top_k",
    kind="expectation",
    draws="rng",
    statement=r"P(i_1..i_k) = \prod_t\pi_{i_t}/(1 - \pi_{i_1} - \dots - \pi_{i_{t-1}}),"
    r"\quad i_s \ne i_t",
    source="derived from H5; Yellott 1977",
    cases=lambda: [
        Case("2 of 3", logits=np.log([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]]) - 0.4, k=2),
        Case("3 of 4", logits=np.log([[0.45, 0.3, 0.2, 0.05]]) + 1, k=3),
    ],
)
def top_k_draws(ports, case):
    """Codes without replacement, each by its share of what those before it left."""
    logits, k = case.logits, case.k
    orders = np.array(list(itertools.permutations(range(logits.shape[1]), k)), dtype=float)
    each = [oracles.gumbel.ordered_log_probability(repeated(row, len(orders)), orders)
            for row in logits]  # fmt: skip
    found = np.sort(ports.top_k(in_turn(logits, 32), k, rng=1), 1)
    twice = np.any(found[:, 1:] == found[:, :-1])
    yield Bound("rows with a code twice, 1 where there are any", float(twice), 0.5)

    def draw(seed, n):
        codes = np.asarray(ports.top_k(in_turn(logits, n), k, rng=seed))
        return (codes[:, None, :] == orders).all(-1).astype(float).reshape(n, -1)

    yield Draws("ordered codes", draw, Mean(np.exp(each).ravel(), 0.0, 1.0))


@identity(
    "H5-order",
    ports="top_k_log_probability",
    statement=r"\prod_t\frac{e^{\ell_{i_t}}}{\sum_{j\notin\{i_1..i_{t-1}\}}e^{\ell_j}}",
    source="derived from H5; Plackett 1975",
    cases=lambda: [
        Case("3 of 5", logits=rows(4, 5), index=np.array([[0.0, 3, 2], [4, 1, 0], [2, 0, 1],
                                                          [1, 4, 3]])),
        Case("2 of 3", logits=rows(2, 3), index=np.array([[2.0, 0], [1, 2]])),
        Case("logits of 800", logits=rows(2, 4) + 800, index=np.array([[2.0, 0, 3], [1, 2, 0]])),
    ],
)  # fmt: skip
def top_k_probabilities(ports, case):
    """Every further code is drawn from those that are left."""
    got = ports.top_k_log_probability(case.logits, case.index)
    right = oracles.gumbel.ordered_log_probability(case.logits, case.index)
    # large logits are known to their rounding
    scale = max(np.abs(right).max(), np.abs(case.logits).max() / 100)
    yield Sides("log probability", got, right, scale)

"""Chapter H: codebooks that learn, by moving averages and by Lloyd's steps; how they are used."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.quantisation import cases, codes


def _averages():
    counts = {7: 0.5 + np.arange(7.0), 4: np.array([3.0, 0.2, 1.0, 2.5]), 5: np.ones(5)}
    rates = (0.8, 1e-5), (0.99, 0.01), (0.3, 0.5)
    return [
        Case(f"{case.name}, decay = {decay:g}", x=case.x, codebook=case.codebook,
             counts=counts[len(case.codebook)], decay=decay, epsilon=epsilon,
             sums=codes(*case.codebook.shape, 5) * counts[len(case.codebook)][:, None])
        for case, (decay, epsilon) in zip(cases(), rates)
    ]  # fmt: skip


def _state(got, right):
    """A codebook, its counts and its sums as sides."""
    for what, one, other in zip(("codes", "counts", "sums"), got, right):
        yield Sides(what, one, other)


@identity(
    "H3-update",
    ports="codebook_update",
    statement=r"N_k' = \gamma N_k + (1 - \gamma)n_k,\quad m_k' = \gamma m_k + (1 - \gamma)"
    r"\sum_{i:\,k(x_i) = k}x_i,\quad c_k' = m_k'\Bigm/\frac{N_k' + \epsilon}{N' + K\epsilon}N'",
    source="derived from H3; van den Oord, Vinyals and Kavukcuoglu 2017",
    cases=_averages,
    family="points and codes with averages",
)
def moving_average_update(ports, case):
    """Codes are averages of sums of points over averages of their numbers, smoothed."""
    inputs = case.x, case.codebook, case.counts, case.sums, case.decay, case.epsilon
    yield from _state(ports.codebook_update(*inputs), oracles.quantisation.updated(*inputs))


def _settling():
    book = np.array([[4.0, 0.0, 1.0], [-3.0, 2.0, 0.0], [0.0, -5.0, 2.0]])
    places = np.array([0, 0, 1, 2, 2, 2, 0, 0])
    counts = np.array([2.0, 0.7, 5.0])
    return [
        Case(f"{steps} steps, decay = {decay:g}", x=book[places] + settings.points(8, 3, 21) / 6,
             codebook=book, counts=counts, sums=1.1 * counts[:, None] * book, decay=decay,
             epsilon=0.02, n_steps=steps)
        for steps, decay in ((9, 0.7), (4, 0.9))
    ]  # fmt: skip


@identity(
    "H3-update-forgets",
    ports="codebook_update",
    statement=r"N_k^{(t)} = \gamma^tN_k + (1 - \gamma^t)n_k,\quad m_k^{(t)} = \gamma^tm_k + "
    r"(1 - \gamma^t)\sum_{i:\,k(x_i) = k}x_i",
    assumptions="no point changes its code on the way",
    source="derived from H3",
    cases=_settling,
)
def moving_averages_forget(ports, case):
    """Of the averages a start is left decay^t after t updates by the same points."""
    state = case.codebook, case.counts, case.sums
    for _ in range(case.n_steps):
        state = ports.codebook_update(case.x, *state, case.decay, case.epsilon)
    inputs = case.x, case.codebook, case.counts, case.sums, case.decay, case.epsilon
    yield from _state(state, oracles.quantisation.settled(*inputs, case.n_steps))


def _dying():
    many, few = _averages()[:2]
    return [
        Case("three dead of seven", x=many.x, codebook=many.codebook, counts=many.counts,
             sums=many.sums, threshold=2.5, rows=np.array([5, 0, 6, 2])[:3]),
        Case("at the threshold", x=few.x, codebook=few.codebook, counts=few.counts,
             sums=few.sums, threshold=2.5, rows=np.array([4, 1])),
    ]  # fmt: skip


@identity(
    "H3-dead",
    ports="replace_dead_codes",
    statement=r"N_k < \theta \Rightarrow c_k' = x_{r_j},\ N_k' = \theta,\ m_k' = \theta c_k'",
    source="derived from H3; Dhariwal et al. 2020",
    cases=_dying,
)
def dead_codes_are_replaced(ports, case):
    """Codes of too few points become points, and stand for the threshold; the others stay."""
    inputs = case.x, case.codebook, case.counts, case.sums, case.threshold, case.rows
    yield from _state(ports.replace_dead_codes(*inputs), oracles.quantisation.replaced(*inputs))


@identity(
    "H3-lloyd",
    ports="lloyd_step",
    statement=r"c_k' = \tfrac1{n_k}\sum_{i:\,k(x_i) = k}x_i,\quad n_k = 0 \Rightarrow c_k' = c_k",
    source="derived from H3; Lloyd 1982",
    cases=cases,
    family="points and codes",
)
def lloyd_steps(ports, case):
    """A step of Lloyd's takes every code to the mean of its points."""
    got = ports.lloyd_step(case.x, case.codebook)
    yield Sides("codebook", got, oracles.quantisation.lloyd(case.x, case.codebook))


@identity(
    "H3-lloyd-falls",
    ports="lloyd_step",
    kind="bound",
    statement=r"\sum_i\|x_i - c'_{k'(x_i)}\|^2 \le \sum_i\|x_i - c_{k(x_i)}\|^2",
    source="derived from H3; Lloyd 1982",
    cases=lambda: [
        Case(f"K = {k}, d = {d}", x=settings.points(20, d, 31), codebook=codes(k, d, 6))
        for k, d in ((5, 3), (3, 2))
    ],
)
def lloyd_errors_fall(ports, case):
    """No step of Lloyd's raises the mean squared error."""
    book = case.codebook
    for step in range(3):
        after = ports.lloyd_step(case.x, book)
        errors = (oracles.quantisation.mean_error(case.x, c) for c in (after, book))
        yield Bound(f"step {step + 1}", *errors)
        book = after


@identity(
    "H3-perplexity",
    ports="perplexity",
    statement=r"e^{-\sum_kp_k\ln p_k},\quad p_k = n_k/n,\quad 0\ln0 = 0",
    source="derived from H3; van den Oord, Vinyals and Kavukcuoglu 2017",
    cases=lambda: [
        Case("uneven, two unused", index=np.array([0, 3, 3, 1, 3, 5, 0, 3, 1, 3]), n_codes=7),
        Case("even", index=np.array([2, 0, 1, 1, 2, 0]), n_codes=3),
        Case("one code alone", index=np.array([4, 4, 4]), n_codes=6),
    ],
)
def perplexity_of_codes(ports, case):
    """The perplexity is how many codes are in use, as if evenly."""
    got = ports.perplexity(case.index, case.n_codes)
    yield Sides("perplexity", got, oracles.quantisation.perplexity(case.index, case.n_codes))

"""Drift and diffusion of the equations the library knows: Langevin, forward, reverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_callable, as_points, as_positive
from refscore.diffusion.probability_flow import score_at_time
from refscore.fields.base import handed_to
from refscore.processes import as_process


class Terms(NamedTuple):
    """The drift f(x, t) and the diffusion g of dX = f dt + g dw, as the solver takes them.

    drift also has .divergence(x, t), exact.
    Tested in: tests/diffusion/test_fokker_planck.py
    """

    drift: Callable
    diffusion: Callable | float


class _Drift:
    """A drift f(x) or f(x, t) with its divergence."""

    def __init__(self, value: Callable, divergence: Callable):
        self._value, self.divergence = value, divergence


class _Still(_Drift):
    def __call__(self, x):
        return self._value(x)


class _Moving(_Drift):
    def __call__(self, x, t):
        return self._value(x, t)


def langevin_terms(score, diffusion=1.0) -> Terms:
    """Langevin's equation with a fixed score: the target is stationary.

        dX = ½ g² s(X) dt + g dw;  g = 1 as in `langevin.ula`, g = √2 as often written

    At inverse temperature β and potential U: score -β ∇U, g = √(2/β), so f = -∇U.
    Arguments: score, a field, or a function (m, d) -> (m, d); diffusion g > 0, a number.
    Returns: Terms. Raises: TypeError, ValueError naming the argument. Source: Risken 1989.
    Tested in: tests/diffusion/test_fokker_planck.py
    """
    score, g = as_callable(score, "score"), as_positive(diffusion, "diffusion")
    rate = 0.5 * g**2
    return Terms(
        _Still(
            lambda x: rate * score(handed_to(score, x)),
            lambda x, t=0.0: rate * score.divergence(as_points(x, "x")),
        ),
        g,
    )


def forward_terms(process) -> Terms:
    """The forward process dX = f(t) X dt + g(t) dw.

    Arguments: process, VP, VE or anything with their methods. Returns: Terms.
    Tested in: tests/diffusion/test_fokker_planck.py
    """
    process = as_process(process)
    return Terms(
        _Moving(process.drift, lambda x, t: np.shape(x)[-1] * _rate(process, x, t)),
        lambda x, t: process.diffusion(t),
    )


def reverse_terms(process, score_at, stochasticity=1.0) -> Terms:
    """The process run back, in the time u = T - t from noise to data.

        dX = [-f X + ½(1 + l²) g² s_t(X)] du + l g dw,  f, g, s at t = T - u

    l = 1: the reverse SDE; l = 0: the probability flow, which the solver carries by upwinding,
    to first order in the width. From p_T at u = T - t the density at u is p_t.
    Arguments: process; score_at, a law, a family or a function t -> field; stochasticity l >= 0.
    Returns: Terms. Raises: TypeError, ValueError naming the argument.
    Source: Anderson 1982; Song et al. 2021, equations 6 and 13.
    Tested in: tests/diffusion/test_fokker_planck.py
    """
    process, of = as_process(process), score_at_time(process, score_at)
    l, end = as_positive(stochasticity, "stochasticity", zero=True), process.final_time

    def drift(x, u):
        t, score = end - u, of(end - u)
        pull = 0.5 * (1 + l**2) * process.diffusion(t) ** 2
        return pull * score(handed_to(score, x)) - process.drift(x, t)

    def divergence(x, u):
        t = end - u
        pull = 0.5 * (1 + l**2) * process.diffusion(t) ** 2
        return pull * of(t).divergence(x) - np.shape(x)[-1] * _rate(process, x, t)

    return Terms(_Moving(drift, divergence), lambda x, u: l * process.diffusion(end - u))


def _rate(process, x, t):
    """f(t), also of a process that offers only its drift."""
    if hasattr(process, "drift_rate"):
        return process.drift_rate(t)
    return process.drift(np.ones((1, 1)), t)[0, 0]

"""Divergences as the best a critic can do: D_f(p‖q) = sup_T E_p T − E_q f*(T)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, beyond_float
from refscore.families._numbers import numbers, weights


class Divergence(NamedTuple):
    """f as a function of log r, r = p/q; its optimal critic f'(r); the conjugate f* of a critic.

    `below`: what a critic's values must stay under, where f* is finite.
    """

    of_log_ratio: Callable
    critic: Callable
    conjugate: Callable
    below: float


def _softplus(a):
    return np.logaddexp(0.0, a)


DIVERGENCES: dict[str, Divergence] = {
    # r log r: T = 1 + log r, f* = e^{T - 1}
    "kl": Divergence(lambda a: np.exp(a) * a, lambda a: 1 + a, lambda t: np.exp(t - 1), np.inf),
    # -log r: T = -1/r, f* = -1 - log(-T)
    "reverse kl": Divergence(
        lambda a: -a, lambda a: -np.exp(-a), lambda t: -1 - np.log(-t), 0.0
    ),
    # (r - 1)^2: T = 2 (r - 1), f* = T + T^2/4
    "pearson": Divergence(
        lambda a: np.expm1(a) ** 2, lambda a: 2 * np.expm1(a), lambda t: t + t * t / 4, np.inf
    ),
    # (sqrt r - 1)^2: T = 1 - 1/sqrt r, f* = T/(1 - T)
    "hellinger": Divergence(
        lambda a: np.expm1(a / 2) ** 2, lambda a: -np.expm1(-a / 2), lambda t: t / (1 - t), 1.0
    ),
    # r log r - (r + 1) log((r + 1)/2): T = log 2 sigma(a), f* = -log(2 - e^T)
    "jensen-shannon": Divergence(
        lambda a: (np.exp(a) + 1) * np.log(2) - np.exp(a) * _softplus(-a) - _softplus(a),
        lambda a: np.log(2) - _softplus(-a), lambda t: -np.log(2 - np.exp(t)), float(np.log(2)),
    ),
    # r log r - (r + 1) log(r + 1): T = log sigma(a) = log D, f* = -log(1 - e^T)
    "gan": Divergence(
        lambda a: -np.exp(a) * _softplus(-a) - _softplus(a),
        lambda a: -_softplus(-a), lambda t: -np.log(-np.expm1(t)), 0.0,
    ),
}  # fmt: skip


def optimal_critic(name: str, log_ratio) -> np.ndarray:
    """The critic T* = f'(p/q) at which the bound is the divergence, of log p − log q.

        kl 1 + a · reverse kl −e^{−a} · pearson 2(e^a − 1) · hellinger 1 − e^{−a/2} ·
        jensen-shannon log 2σ(a) · gan log σ(a)

    name one of DIVERGENCES; log_ratio a of any shape. Raises ValueError for another name.
    Source: Nowozin, Cseke and Tomioka 2016.
    Checked by: critics_at_the_optimum, critic_values
    """
    with beyond_float():
        return _named(name).critic(as_array(log_ratio, "log_ratio"))


def critic_bound(name: str, critic_x, critic_y, x_weights=None, y_weights=None) -> float:
    """E_p T − E_q f*(T) ≤ D_f(p‖q), from a critic's values on x ~ p and on y ~ q.

    critic_x (n,), critic_y (m,); weights that sum to 1, else means. `jensen-shannon` is 2 JSD,
    `gan` 2 JSD − log 4. Raises ValueError for another name, or values where f* is infinite.
    Source: Nguyen, Wainwright and Jordan 2010, lemma 1; Nowozin, Cseke and Tomioka 2016.
    Checked by: critic_bound_given_values, critics_at_the_optimum, no_critic_does_better
    """
    divergence = _named(name)
    x, y = numbers(critic_x, "critic_x"), numbers(critic_y, "critic_y")
    if (y >= divergence.below).any():
        raise ValueError(f"critic_y must stay below {divergence.below:g} for {name!r}")
    v, w = weights(x_weights, "x_weights", x), weights(y_weights, "y_weights", y)
    with beyond_float():
        return float(v @ x - w @ divergence.conjugate(y))


def f_divergence(name: str, log_ratio, q_weights=None) -> float:
    """D_f(p‖q) = E_q f(p/q), from log p − log q on points of q.

    log_ratio (m,); weights that sum to 1, else the mean. `jensen-shannon` is 2 JSD,
    `gan` 2 JSD − log 4, the value of the adversarial game.
    Source: definition; Csiszár 1967.
    Tested in: tests/families/test_critics.py
    """
    a = numbers(log_ratio, "log_ratio")
    w = weights(q_weights, "q_weights", a)
    with beyond_float():
        return float(w @ _named(name).of_log_ratio(a))


def _named(name) -> Divergence:
    if not isinstance(name, str) or name not in DIVERGENCES:
        raise ValueError(f"name must be one of {', '.join(DIVERGENCES)}; got {name!r}")
    return DIVERGENCES[name]

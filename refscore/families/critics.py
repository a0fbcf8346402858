"""Divergences as the best a critic can do: D_f(p‖q) = sup_T E_p T − E_q f*(T)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_real, beyond_float
from refscore.families._numbers import numbers, weights


class Divergence(NamedTuple):
    """f, its optimal critic T = f'(r) and what that one pays, f*(f'(r)), of a = log r, r = p/q.

    These three take a second argument b, a log weight (0 for none), and return e^b times the
    value, which is finite where r alone overflows. `conjugate`: f* of any critic; `below`: what a
    critic's values must stay under, where f* is finite.
    """

    of_log_ratio: Callable
    critic: Callable
    paid: Callable
    conjugate: Callable
    below: float


def _softplus(a):
    return np.logaddexp(0.0, a)


def _expm1(a, b):
    """e^b (e^a − 1)."""
    return -np.sign(a) * np.expm1(-np.abs(a)) * np.exp(np.maximum(a, 0.0) + b)


def _shannon(a, b):
    """e^b (1 + e^a)/2 · (a tanh(a/2) − 2 log cosh(a/2)), nothing cancelling in either form."""
    t, size = np.tanh(a / 2), np.abs(a)
    near = a * t + np.log1p(-(np.where(size < 2, t, 0.0) ** 2))
    far = 2 * np.log(2) - 2 * np.log1p(np.exp(-size)) - 2 * size / (np.exp(size) + 1)
    half = 0.5 * np.where(size < 2, near, far)
    root = np.exp((a + b) / 2)  # e^{a + b} may pass the range of floats where its half does not
    return np.exp(b) * half + root * (root * half)


def _times_softplus(a):
    """e^a log(1 + e^{−a}), 1 to rounding from 40 on."""
    return np.where(a > 40.0, 1.0, np.exp(np.minimum(a, 40.0)) * _softplus(-a))


DIVERGENCES: dict[str, Divergence] = {
    # r log r: T = 1 + log r, f* = e^{T - 1}
    "kl": Divergence(
        lambda a, b: np.exp(a + b) * a, lambda a, b: np.exp(b) * (1 + a),
        lambda a, b: np.exp(a + b), lambda t: np.exp(t - 1), np.inf,
    ),
    # -log r: T = -1/r, f* = -1 - log(-T)
    "reverse kl": Divergence(
        lambda a, b: np.exp(b) * -a, lambda a, b: -np.exp(b - a),
        lambda a, b: np.exp(b) * (a - 1), lambda t: -1 - np.log(-t), 0.0,
    ),
    # (r - 1)^2: T = 2 (r - 1), f* = T + T^2/4 = r^2 - 1
    "pearson": Divergence(
        lambda a, b: _expm1(a, b / 2) ** 2, lambda a, b: 2 * _expm1(a, b),
        lambda a, b: _expm1(2 * a, b), lambda t: t + t * t / 4, np.inf,
    ),
    # (sqrt r - 1)^2: T = 1 - 1/sqrt r, f* = T/(1 - T) = sqrt r - 1
    "hellinger": Divergence(
        lambda a, b: _expm1(a / 2, b / 2) ** 2, lambda a, b: -_expm1(-a / 2, b),
        lambda a, b: _expm1(a / 2, b), lambda t: t / (1 - t), 1.0,
    ),
    # r log r - (r + 1) log((r + 1)/2): T = log 2 sigma(a), f* = -log(2 - e^T) = -log 2 sigma(-a)
    "jensen-shannon": Divergence(
        lambda a, b: _shannon(a, b), lambda a, b: np.exp(b) * (np.log(2) - _softplus(-a)),
        lambda a, b: np.exp(b) * (_softplus(a) - np.log(2)),
        lambda t: -np.log(2 - np.exp(t)), float(np.log(2)),
    ),
    # r log r - (r + 1) log(r + 1): T = log sigma(a) = log D, f* = -log(1 - e^T) = -log sigma(-a)
    "gan": Divergence(
        lambda a, b: -np.exp(b) * (_times_softplus(a) + _softplus(a)),
        lambda a, b: -np.exp(b) * _softplus(-a),
        lambda a, b: np.exp(b) * _softplus(a), lambda t: -np.log(-np.expm1(t)), 0.0,
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
        return _named(name).critic(as_array(log_ratio, "log_ratio"), 0.0)


def critic_bound(name: str, critic_x, critic_y, x_weights=None, y_weights=None) -> float:
    """E_p T − E_q f*(T) ≤ D_f(p‖q), from a critic's values on x ~ p and on y ~ q.

    critic_x (n,), critic_y (m,); weights that sum to 1, else means; a value of weight 0 counts for
    nothing. `jensen-shannon` is 2 JSD, `gan` 2 JSD − log 4. Where f* is finite below a limit only,
    a value T knows its distance δ from it to eps |T|, and f* with a relative error of eps |T|/δ:
    the best critic, of a = log p − log q, rounds to the limit at a = 37 (jensen-shannon), 75
    (hellinger) or 746 (gan, reverse kl). `log_ratio_bound` takes a itself, and has no such limit.
    Raises ValueError for another name, values where f* is infinite, or values that are.
    Source: Nguyen, Wainwright and Jordan 2010, lemma 1; Nowozin, Cseke and Tomioka 2016.
    Checked by: critic_bound_given_values, critics_at_the_optimum, no_critic_does_better
    """
    divergence = _named(name)
    for which, values in (("critic_x", critic_x), ("critic_y", critic_y)):
        if np.isinf(as_real(values, which)).any():
            raise ValueError(
                f"{which} must be finite, got an infinite value: where a best critic passes the"
                " range of floats, log_ratio_bound takes log p - log q instead"
            )
    x, v = _counting(critic_x, "critic_x", x_weights, "x_weights")
    y, w = _counting(critic_y, "critic_y", y_weights, "y_weights")
    if (y >= divergence.below).any():
        raise ValueError(
            f"critic_y must stay below {divergence.below:g} for {name!r}, got {y.max():g}: a best"
            " critic may round to it, then log_ratio_bound takes log p - log q instead"
        )
    with beyond_float():
        return float(v @ x - w @ divergence.conjugate(y))


def log_ratio_bound(name: str, log_ratio_x, log_ratio_y, x_weights=None, y_weights=None) -> float:
    """The same bound of the critic T = f'(e^a), from any function a for log p − log q.

        E_p f'(e^a) − E_q f*(f'(e^a)),  f*(f'(r)) = r f'(r) − f(r)

    log_ratio_x (n,) its values on x ~ p, log_ratio_y (m,) on y ~ q; weights that sum to 1, else
    means; a value of weight 0 counts for nothing. The divergence itself where a = log p − log q.
    It is closed for every name, so a may be as large as it will: f* is never asked near its limit.
    What passes 1.8e308 is inf, NaN where both expectations do.
    Raises ValueError for another name. Cost O(n + m).
    Source: derived from I3; Nowozin, Cseke and Tomioka 2016.
    Tested in: tests/families/test_critics.py
    """
    divergence = _named(name)
    x, v = _counting(log_ratio_x, "log_ratio_x", x_weights, "x_weights")
    y, w = _counting(log_ratio_y, "log_ratio_y", y_weights, "y_weights")
    with beyond_float():
        earned, paid = divergence.critic(x, np.log(v)), divergence.paid(y, np.log(w))
        return float(earned.sum() - paid.sum())


def f_divergence(name: str, log_ratio, q_weights=None) -> float:
    """D_f(p‖q) = E_q f(p/q), from log p − log q on points of q.

    log_ratio (m,); weights that sum to 1, else the mean; a value of weight 0 counts for nothing,
    whatever p has there, and what passes 1.8e308 is inf. `jensen-shannon` is 2 JSD, `gan` 2 JSD −
    log 4, the value of the adversarial game.
    Source: definition; Csiszár 1967.
    Tested in: tests/families/test_critics.py
    """
    a, w = _counting(log_ratio, "log_ratio", q_weights, "q_weights")
    with beyond_float():
        return float(_named(name).of_log_ratio(a, np.log(w)).sum())


def _counting(value, name, share, share_name):
    """Values and their weights, those of weight 0 left out."""
    value = numbers(value, name)
    share = weights(share, share_name, value)
    return value[share > 0], share[share > 0]


def _named(name) -> Divergence:
    if not isinstance(name, str) or name not in DIVERGENCES:
        raise ValueError(f"name must be one of {', '.join(DIVERGENCES)}; got {name!r}")
    return DIVERGENCES[name]

"""Relaxed bits: two codes, whose difference of Gumbels is one logistic number."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_like,
    as_real,
    as_rng,
    as_switch,
    require_one,
)
from refscore.discrete._logits import TINY, as_temperature, sigmoid

FAR = 1e300  # log odds beyond, as of the coldest bits, are those of 0 and 1


def binary_concrete(logit, temperature, uniforms=None, *, rng=None, n=None) -> np.ndarray:
    """b = 1 / (1 + exp(-(l + log u - log(1 - u))/τ)): draws of the relaxed Bernoulli law.

    logit l = log p/(1 - p), any shape, finite; τ > 0. uniforms of the logit's shape, or with
    axes of draws before it, in [0, 1), u = 0 counting as the smallest positive number; or rng,
    n draws (n, ...), one where n is None. P(b > 1/2) = p for every τ. Raises ValueError for
    τ <= 0, logits that are not finite, uniforms outside [0, 1). Cost O(1) a bit, two logarithms
    and an exponential. Source: Maddison, Mnih and Teh 2017; seed 002.

    Checked by: binary_concrete_given, binary_concrete_draws
    """
    return sigmoid(logit_binary_concrete(logit, temperature, uniforms, rng=rng, n=n))


def _uniforms(uniforms, l, n):
    u = as_array(uniforms, "uniforms")
    if n is not None:
        raise ValueError("uniforms and n must not both be given: uniforms say how many")
    if u.ndim < l.ndim or u.shape[u.ndim - l.ndim :] != l.shape:
        raise ValueError(
            f"uniforms must have the shape of logit, {l.shape}, or axes of draws before it; got"
            f" shape {u.shape}"
        )
    if ((u < 0) | (u >= 1)).any():
        raise ValueError("uniforms must lie in [0, 1)")
    return u


def binary_concrete_pullback(b, temperature, cotangent, *, log_odds=False) -> np.ndarray:
    """c ∂b/∂l = c b (1 - b) / τ; b in [0, 1] and cotangent c of one shape.

    log_odds: b holds the z of `logit_binary_concrete` instead, for σ(z) σ(-z): near b = 1, where
    1 - b loses its digits and in the cold is 0, this keeps them. Raises ValueError for
    τ <= 0 and b outside [0, 1]. Cost O(1) a bit. Source: derivative of the logistic function.

    Checked by: bernoulli_relaxed_given_draws
    """
    held, tau = as_switch(log_odds, "log_odds"), as_temperature(temperature)
    b = as_array(np.clip(as_real(b, "b"), -FAR, FAR) if held else b, "b")
    if held:
        b, off = sigmoid(b), sigmoid(-b)
    elif ((b < 0) | (b > 1)).any():
        raise ValueError("b must lie in [0, 1]")
    else:
        off = 1 - b
    with np.errstate(over="ignore", under="ignore"):
        return as_like(cotangent, "cotangent", b, "b") * (b * off / tau)


def logit_binary_concrete(logit, temperature, uniforms=None, *, rng=None, n=None) -> np.ndarray:
    """z = (l + log u - log(1 - u))/τ: log odds of the relaxed bits σ(z) of `binary_concrete`.

    Finite where the bits round to 0 and 1, as most do at a low temperature. Arguments and
    errors as there, and the same draws. Cost O(1) a bit. Source: Maddison, Mnih and Teh 2017.

    Checked by: logit_binary_concrete_given, logit_binary_concrete_draws
    """
    l, tau = as_array(logit, "logit"), as_temperature(temperature)
    require_one("uniforms", uniforms, rng)
    if uniforms is None:
        shape = l.shape if n is None else (as_count(n, "n", minimum=0), *l.shape)
        u = as_rng(rng, "gumbels").random(shape)
    else:
        u = _uniforms(uniforms, l, n)
    with np.errstate(over="ignore"):
        return (l + np.log(np.maximum(u, TINY)) - np.log1p(-u)) / tau


def logit_binary_concrete_log_density(z, logit, temperature) -> np.ndarray:
    """log τ - a - 2 log(1 + e^{-a}), a = |l - τ z|: a logistic law, of location l/τ and scale 1/τ.

    That of the bits σ(z) times their Jacobian σ(z)(1 - σ(z)). z (...,) finite, logit of its
    shape, or its last axes, finite. Returns (...,). Cost O(1) a bit. Source: Maddison, Mnih and
    Teh 2017.

    Checked by: logit_binary_concrete_density
    """
    z, tau = as_array(z, "z"), as_temperature(temperature)
    l = _logit_of(z, "z", logit)
    with np.errstate(over="ignore", under="ignore"):
        a = np.abs(l - tau * z)
        return math.log(tau) - a - 2 * np.log1p(np.exp(-a))


def binary_concrete_log_density(y, logit, temperature) -> np.ndarray:
    """log τ + l - (τ+1)(log y + log(1-y)) - 2 log(e^l y^{-τ} + (1-y)^{-τ}).

    The density of z = log y - log(1-y) over the Jacobian y (1-y): so is it computed.

    y (...,) in (0, 1), logit of its shape, or its last axes, finite. Returns (...,).
    Raises ValueError at 0 and 1, to which draws of low temperature round: their log odds have
    a density at every temperature, `logit_binary_concrete_log_density`.
    Cost O(1) a bit. Source: Maddison, Mnih and Teh 2017; seed 002.

    Checked by: binary_concrete_density
    """
    y = as_array(y, "y")
    if not ((y > 0) & (y < 1)).all():
        raise ValueError(
            "y must lie in (0, 1); log odds of bits that round to 0 or 1 have a density,"
            " logit_binary_concrete_log_density"
        )
    l, on, off = _logit_of(y, "y", logit), np.log(y), np.log1p(-y)
    return logit_binary_concrete_log_density(on - off, l, temperature) - on - off


def _logit_of(y, name, logit):
    l = as_array(logit, "logit")
    if l.shape != y.shape[y.ndim - min(y.ndim, l.ndim) :]:
        raise ValueError(
            f"logit must have the shape of {name}, {y.shape}, or its last axes; got {l.shape}"
        )
    return l

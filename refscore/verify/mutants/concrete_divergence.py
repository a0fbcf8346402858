"""Mistakes in how far one relaxed law is from another."""

from __future__ import annotations

from math import lgamma

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.gumbel import shares, total

KL = "concrete_kl"


def _log_rows(logits, temperature, gumbels):
    z = (logits + gumbels) / temperature
    return z - total(z)


def _log_ratio(log_y, logits, other_logits, temperature, other_temperature):
    own = library.exp_concrete_log_density(log_y, logits, temperature)
    return own - library.exp_concrete_log_density(log_y, other_logits, other_temperature)


def _given(logits, other_logits, temperature, other_temperature, gumbels):
    log_y = _log_rows(logits, temperature, gumbels)
    return _log_ratio(log_y, logits, other_logits, temperature, other_temperature)


@mistake("relaxed_kl_of_codes", port=KL, source="D27: the divergence of the categorical laws")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """The divergence of the laws of the codes stands for that of the relaxed rows."""
    p = shares(logits)
    return (p * (np.log(p) - np.log(shares(other_logits)))).sum(1) + 0 * gumbels[:, 0]


@mistake("relaxed_kl_codes_at_rows", port=KL, source="D27: categorical log ratios at relaxed rows")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """Log ratios of the codes are weighted by the relaxed row: sum y (log pi - log pi')."""
    y = np.exp(_log_rows(logits, temperature, gumbels))
    return (y * (np.log(shares(logits)) - np.log(shares(other_logits)))).sum(1)


@mistake("relaxed_kl_sign", port=KL, source="classic: the sign of a log ratio")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """log p(y) - log q(y): minus the divergence."""
    return -_given(logits, other_logits, temperature, other_temperature, gumbels)


@mistake("relaxed_kl_exchanged", port=KL, source="classic: KL(p || q)")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """The other divergence: p is drawn from, log p(y) - log q(y)."""
    return _given(other_logits, logits, other_temperature, temperature, gumbels)


@mistake("relaxed_kl_drawn_from_prior", port=KL, source="classic: a draw of the wrong law")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """log q(y) - log p(y) at a draw y of p."""
    log_y = _log_rows(other_logits, other_temperature, gumbels)
    return _log_ratio(log_y, logits, other_logits, temperature, other_temperature)


@mistake("relaxed_kl_one_temperature", port=KL, source="classic: one temperature for both")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """The prior is given the temperature of the draws."""
    return _given(logits, other_logits, temperature, temperature, gumbels)


@mistake("relaxed_kl_temperatures_exchanged", port=KL, source="classic: the order of arguments")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """Each law has the other's temperature."""
    return _given(logits, other_logits, other_temperature, temperature, gumbels)


@mistake("relaxed_kl_without_temperature_powers", port=KL, source="classic: constants dropped")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """The factors tau^(K-1) are dropped from both densities, as if they were the same."""
    right = _given(logits, other_logits, temperature, other_temperature, gumbels)
    return right - (logits.shape[1] - 1) * np.log(temperature / other_temperature)


@mistake("relaxed_kl_without_prior", port=KL, source="classic: an entropy for a divergence")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """log q(y) alone, minus the entropy: the prior is taken for constant."""
    return library.exp_concrete_log_density(
        _log_rows(logits, temperature, gumbels), logits, temperature
    )


@mistake("relaxed_kl_in_two_spaces", port=KL, source="classic: a Jacobian that does not cancel")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """q's density is that of the logarithms, p's that of the rows."""
    log_y = _log_rows(logits, temperature, gumbels)
    return log_y.sum(1) + _log_ratio(log_y, logits, other_logits, temperature, other_temperature)


@mistake("relaxed_kl_floored", port=KL, source="classic: log(y + 1e-20)")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """Rows are formed and their logarithms taken again, floored at 1e-20 or not."""
    y = np.exp(_log_rows(logits, temperature, gumbels))
    log_y = np.log(y + 1e-20)
    log_y = log_y - total(log_y)
    return _log_ratio(log_y, logits, other_logits, temperature, other_temperature)


@spelling("relaxed_kl_floored")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """Without a floor: NaN where the rows underflow."""
    with np.errstate(all="ignore"):
        log_y = np.log(np.exp(_log_rows(logits, temperature, gumbels)))
        lost = np.isneginf(log_y).any(1)
        given = logits, other_logits, temperature, other_temperature
        ratio = _log_ratio(np.where(lost[:, None], -np.log(log_y.shape[1]), log_y), *given)
    return np.where(lost, np.nan, ratio)


@mistake("relaxed_kl_sum_once", port=KL, source="classic: the power K of the sum")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """Of both densities log sum_k is taken once, not K times."""
    log_y = _log_rows(logits, temperature, gumbels)

    def log_density(l, t):
        s, k = l - t * log_y, l.shape[1]
        return lgamma(k) + (k - 1) * np.log(t) + s.sum(1) - total(s)[:, 0]

    return log_density(logits, temperature) - log_density(other_logits, other_temperature)


@mistake("relaxed_kl_hard_rows", port=KL, source="classic: of the hard row, smoothed")
def _(logits, other_logits, temperature, other_temperature, gumbels):
    """The densities are taken at the one-hot row, its zeros at 1e-6."""
    k = logits.shape[1]
    hard = (logits + gumbels).argmax(1)[:, None] == np.arange(k)
    log_y = np.where(hard, np.log1p(-1e-6 * (k - 1)), np.log(1e-6))
    return _log_ratio(log_y, logits, other_logits, temperature, other_temperature)

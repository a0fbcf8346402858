"""Mistakes in ratio matching."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def _sigmoid(u):
    return 0.5 * (1 + np.tanh(0.5 * u))


@mistake("ratio_sign", port="ratio_loss", source="classic: g(r) = r/(1 + r)")
def _(log_odds, x):
    """The log odds have the wrong sign: likely data are penalised."""
    return (_sigmoid(log_odds(x)) ** 2).sum(-1)


@mistake("ratio_not_squared", port="ratio_loss", source="classic")
def _(log_odds, x):
    """g is not squared."""
    return _sigmoid(-log_odds(x)).sum(-1)


@mistake("ratio_square_of_sum", port="ratio_loss", source="classic, erratum J2's kind")
def _(log_odds, x):
    """The square of the sum stands for the sum of squares."""
    return _sigmoid(-log_odds(x)).sum(-1) ** 2


@mistake(
    "ratio_pseudolikelihood", port="ratio_loss", source="Hyvarinen (2007), section 3: the rival"
)
def _(log_odds, x):
    """Minus the log conditional probabilities: pseudolikelihood."""
    return np.logaddexp(0, -log_odds(x)).sum(-1)


@mistake("ratio_mean_over_bits", port="ratio_loss", source="conventions 4")
def _(log_odds, x):
    """The terms are averaged over bits."""
    return (_sigmoid(-log_odds(x)) ** 2).mean(-1)


@mistake("ratio_half", port="ratio_loss", source="conventions 4")
def _(log_odds, x):
    """A ½ is carried over from score matching."""
    return 0.5 * (_sigmoid(-log_odds(x)) ** 2).sum(-1)


@mistake("ratio_drops_last_bit", port="ratio_loss", source="classic: range(d - 1)")
def _(log_odds, x):
    """The last bit is never flipped."""
    return (_sigmoid(-log_odds(x)[:, :-1]) ** 2).sum(-1)


@mistake("ratio_all_bits_flipped", port="ratio_loss", source="classic: 1 - x for one bit flipped")
def _(log_odds, x):
    """The log odds are read at the point with all bits flipped."""
    return (_sigmoid(-log_odds(1 - x)) ** 2).sum(-1)


@mistake("ratio_odds_of_one", port="ratio_loss", source="classic: conditional log odds of 1")
def _(log_odds, x):
    """The log odds of xᵢ = 1 stand for those of the bit that came."""
    return (_sigmoid(-(2 * x - 1) * log_odds(x)) ** 2).sum(-1)


@mistake("ratio_spins", port="ratio_loss", source="classic: bits read as signs")
def _(log_odds, x):
    """The log odds are doubled, as for spins ±1."""
    return (_sigmoid(-2 * log_odds(x)) ** 2).sum(-1)


@mistake("ratio_in_logs", port="ratio_loss", source="classic")
def _(log_odds, x):
    """g is taken of the log of the ratio."""
    u = log_odds(x)
    return ((1 / (1.0000001 + np.abs(u))) ** 2).sum(-1)


def _gradient(couplings, biases, x, *, power=2, factor=-2.0, signed=True, both=True):
    """factor · mean Σ g^power (1 − g) ∂u, in couplings above the diagonal, then biases."""
    sign = 2 * x - 1
    u = sign * (x @ couplings + biases)
    a = factor * _sigmoid(-u) ** power * _sigmoid(u) * (sign if signed else 1.0) / len(x)
    outer = a.T @ x
    pairs = np.triu_indices(len(biases), 1)
    return np.concatenate([(outer + both * outer.T)[pairs], a.sum(0)])


@mistake("ratio_gradient_sign", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """The gradient has the wrong sign."""
    return _gradient(couplings, biases, x, factor=2.0)


@mistake("ratio_gradient_factor", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """The 2 of the square is lost."""
    return _gradient(couplings, biases, x, factor=-1.0)


@mistake("ratio_gradient_not_squared", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """The gradient is that of g, not of g²."""
    return _gradient(couplings, biases, x, power=1, factor=-1.0)


@mistake("ratio_gradient_power", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """One factor g of the square's derivative is missing."""
    return _gradient(couplings, biases, x, power=1)


@mistake("ratio_gradient_unsigned", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """The sign 2xᵢ − 1 of the log odds is not differentiated."""
    return _gradient(couplings, biases, x, signed=False)


@mistake("ratio_gradient_one_sided", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """A coupling counts in one of its two bits alone."""
    return _gradient(couplings, biases, x, both=False)


@mistake("ratio_gradient_sum", port="boltzmann_ratio_gradient", source="O-family: sum for mean")
def _(couplings, biases, x):
    """The gradient of the summed, not the mean, loss."""
    return _gradient(couplings, biases, x, factor=-2.0 * len(x))


@mistake("ratio_gradient_biases_first", port="boltzmann_ratio_gradient", source="classic")
def _(couplings, biases, x):
    """The biases come before the couplings."""
    return np.roll(_gradient(couplings, biases, x), len(biases))

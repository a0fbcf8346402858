"""Mistakes of masks and floors: what is left out, or kept finite, because it is infinite."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.elbo import _log_softmax, _mean
from refscore.verify.mutants.gumbel import sigmoid


def _possible(log_joint, logits):
    """Log ratios of the codes, 0 where the model has none."""
    return np.where(np.isneginf(log_joint), 0.0, log_joint - _log_softmax(logits))


@mistake("elbo_impossible_masked", port="elbo", source="classic: masked_fill(isinf, 0)")
def _(log_joint, logits):
    """Terms of codes that the model has not are left out, where they are minus infinity."""
    with np.errstate(invalid="ignore"):
        return _mean(np.exp(_log_softmax(logits)), _possible(log_joint, logits))


@mistake("elbo_impossible_floored", port="elbo", source="classic: nan_to_num, log(p + 1e-20)")
def _(log_joint, logits):
    """Joint probabilities are floored at 1e-20: impossible codes cost 46 nats."""
    return library.elbo(np.maximum(log_joint, np.log(1e-20)), logits)


@mistake("elbo_gap_impossible_masked", port="elbo_gap", source="classic: masked_fill(isinf, 0)")
def _(log_joint, logits):
    """Terms of codes that the model has not are left out, where they are infinite."""
    possible = ~np.isneginf(log_joint)
    log_q, log_p = _log_softmax(logits), _log_softmax(log_joint)
    ratio = np.where(possible, log_q, 0.0) - np.where(possible, log_p, 0.0)
    return _mean(np.where(possible, np.exp(log_q), 0.0), ratio)


@mistake("elbo_gap_underflow_taken_for_zero", port="elbo_gap",
         source="torch.distributions.kl, SciPy rel_entr: inf at underflow")  # fmt: skip
def _(log_joint, logits):
    """Infinite where a probability of p(c|x) underflows, though its logarithm is at hand."""
    lost = (np.exp(_log_softmax(log_joint)) == 0) & (np.exp(_log_softmax(logits)) > 0)
    return np.where(lost.any(-1), np.inf, library.elbo_gap(log_joint, logits))


@mistake(
    "game_logarithms_clamped", port="game_value", source="torch BCELoss: logarithms from -100 on"
)
def _(data_log_odds, model_log_odds):
    """Logarithms of probabilities end at -100, as in the binary cross entropy of probabilities."""
    with np.errstate(divide="ignore"):
        won, lost = np.log(sigmoid(data_log_odds)), np.log1p(-sigmoid(model_log_odds))
    return np.maximum(won, -100).mean() + np.maximum(lost, -100).mean()


@spelling("game_of_rounded_probabilities")
def _(data_log_odds, model_log_odds):
    """Logarithms of rounded probabilities as they are: minus infinity of a sure one."""
    with np.errstate(divide="ignore"):
        won = np.log(sigmoid(data_log_odds)).mean()
        return won + np.log(1 - sigmoid(model_log_odds)).mean()


@mistake("bit_exponential_overflows", port="binary_concrete", source="classic: e^z / (1 + e^z)")
def _(logit, temperature, uniforms):
    """e^z / (1 + e^z) is formed as it stands: NaN where e^z overflows."""
    z = (logit + np.log(uniforms) - np.log1p(-uniforms)) / temperature
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(z) / (1 + np.exp(z))

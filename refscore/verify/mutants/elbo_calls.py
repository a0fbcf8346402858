"""Mistakes of calls in bounds and divergences: arguments of KLDivLoss and of laws, 0 times -inf,
what a VQ-VAE's constant stands for."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.elbo import _log_softmax, _mean


def _weighed(p, log_p, log_q):
    """Σ p log p - p log q as it stands: NaN of 0 times -inf, +inf of p times -inf."""
    with np.errstate(all="ignore"):
        return (np.where(p > 0, p * log_p, 0.0) - p * log_q).sum(-1)


@mistake("kl_div_exchanged", port="categorical_kl",
         source="classic: F.kl_div(log q, p), which is KL(p ‖ q)")  # fmt: skip
def _(logits, other_logits):
    """KL(p ‖ q) as Σ p log p - p log q as it stands: NaN where neither law has a code."""
    log_p = _log_softmax(other_logits)
    return _weighed(np.exp(log_p), log_p, _log_softmax(logits))


@mistake("kl_laws_exchanged", port="categorical_kl",
         source="classic: torch.distributions.kl_divergence(p, q) for (q, p)")  # fmt: skip
def _(logits, other_logits):
    """KL(p ‖ q), infinite where a probability of q underflows."""
    log_q, log_p = _log_softmax(logits), _log_softmax(other_logits)
    p, lost = np.exp(log_p), np.exp(log_q) == 0
    found = _mean(p, np.where(lost, 0.0, log_p - np.where(lost, 0.0, log_q)))
    return np.where((lost & (p > 0)).any(-1), np.inf, found)


@spelling("kl_underflow_taken_for_zero")
def _(logits, other_logits):
    """The logarithm is taken of a ratio of probabilities, which overflows too."""
    q, p = np.exp(_log_softmax(logits)), np.exp(_log_softmax(other_logits))
    with np.errstate(all="ignore"):
        return _mean(q, np.log(np.where(q > 0, q / p, 1.0)))


@mistake("kl_zero_times_infinity", port="categorical_kl", source="classic: 0 log 0")
def _(logits, other_logits):
    """A code that q has not makes NaN: 0 times -inf."""
    log_q, log_p = _log_softmax(logits), _log_softmax(other_logits)
    with np.errstate(all="ignore"):
        return (np.exp(log_q) * (log_q - log_p)).sum(-1)


@mistake("kl_uniform_log_k_in_bits", port="kl_to_uniform", source="classic: log2 K - H in nats")
def _(logits):
    """log K is in bits, the entropy in nats."""
    k = logits.shape[1]
    return library.kl_to_uniform(logits) + np.log2(k) - np.log(k)


@mistake("elbo_log_k_for_divergence", port="elbo",
         source="van den Oord et al. 2017: the KL term log K, of one code alone")  # fmt: skip
def _(log_joint, logits):
    """log K is taken off for the divergence, though q is no single code: its entropy is lost."""
    return _mean(np.exp(_log_softmax(logits)), log_joint) - np.log(logits.shape[1])


@mistake("elbo_gradient_averaged", port="elbo_gradient", source="classic: mean().backward()")
def _(log_joint, logits):
    """The gradient is that of the mean over the points."""
    return library.elbo_gradient(log_joint, logits) / len(logits)


@mistake("weighted_by_own_shares", port="importance_bound", source="classic: softmax of weights")
def _(log_joint, logits, codes):
    """Logs of the weights are averaged by the weights themselves."""
    drawn = codes.T.astype(int)
    log_w = np.take_along_axis(log_joint - _log_softmax(logits), drawn, 1)
    shares = np.exp(_log_softmax(log_w))
    return (shares * log_w).sum(1)

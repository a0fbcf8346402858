"""Mistakes in bounds on discrete latents: signs, entropies, normalisers, how often log K counts."""

from __future__ import annotations

import numpy as np

from refscore import discrete
from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _log_softmax(logits, axis=-1):
    off = logits - logits.max(axis, keepdims=True)
    return off - np.log(np.exp(off).sum(axis, keepdims=True))


def _mean(q, values):
    """Σ q v, codes of probability 0 counting 0."""
    return np.where(q > 0, q * np.where(q > 0, values, 0.0), 0.0).sum(-1)


def _entropy(log_q):
    q = np.exp(log_q)
    return -_mean(q, log_q)


@mistake("elbo_without_entropy", port="elbo", source="classic: E log p(x, c) alone")
def _(log_joint, logits):
    """The posterior's entropy is left out."""
    return _mean(np.exp(_log_softmax(logits)), log_joint)


@mistake("elbo_entropy_sign", port="elbo", source="classic: KL sign")
def _(log_joint, logits):
    """The entropy is taken off."""
    log_q = _log_softmax(logits)
    return _mean(np.exp(log_q), log_joint) - _entropy(log_q)


@mistake("elbo_entropy_in_bits", port="elbo", source="classic: log2 for log")
def _(log_joint, logits):
    """The entropy is in bits, the rest in nats."""
    log_q = _log_softmax(logits)
    return _mean(np.exp(log_q), log_joint) + _entropy(log_q) / np.log(2)


@mistake("elbo_logits_for_log_probabilities", port="elbo", source="classic: no log_softmax")
def _(log_joint, logits):
    """Logits as they are stand for log q."""
    q = np.exp(_log_softmax(logits))
    return _mean(q, log_joint - np.where(q > 0, logits, 0.0))


@mistake("elbo_softmax_twice", port="elbo", source="D07: probabilities for logits")
def _(log_joint, logits):
    """Probabilities are taken for logits."""
    return library.elbo(np.where(np.isneginf(log_joint), -700.0, log_joint),
                        np.exp(_log_softmax(logits)))  # fmt: skip


@mistake("elbo_softmax_over_batch", port="elbo", source="classic: softmax(dim=0)")
def _(log_joint, logits):
    """q is normalised over the points, not over the codes."""
    log_q = _log_softmax(np.maximum(logits, -2e4), 0)
    return _mean(np.exp(log_q), np.maximum(log_joint, -2e4) - log_q)


@mistake("elbo_averaged_over_codes", port="elbo", source="classic: mean for sum")
def _(log_joint, logits):
    """The mean over the codes stands for their sum."""
    return library.elbo(log_joint, logits) / logits.shape[1]


@mistake("elbo_is_the_evidence", port="elbo", source="classic: logsumexp for the bound")
def _(log_joint, logits):
    """log p(x) is returned: no bound."""
    return discrete.log_evidence(log_joint)


@mistake("elbo_at_the_likeliest_code", port="elbo", source="classic: argmax for the expectation")
def _(log_joint, logits):
    """The expectation is taken at the likeliest code alone."""
    at = logits.argmax(-1)[:, None]
    return np.take_along_axis(log_joint, at, -1)[:, 0] + _entropy(_log_softmax(logits))


@mistake("elbo_zero_times_infinity", port="elbo", source="classic: 0 log 0")
def _(log_joint, logits):
    """Codes of no probability give NaN."""
    log_q = _log_softmax(logits)
    return (np.exp(log_q) * (log_joint - log_q)).sum(-1)


@mistake("elbo_gap_of_the_other_divergence", port="elbo_gap", source="classic: KL(p || q)")
def _(log_joint, logits):
    """The divergence of the posterior from q."""
    keep = np.where(np.isneginf(logits), -900.0, logits)
    return discrete.categorical_kl(log_joint, keep)


@mistake("elbo_gap_without_normaliser", port="elbo_gap", source="classic: joint for posterior")
def _(log_joint, logits):
    """The joint stands for the posterior: minus the bound."""
    return -library.elbo(log_joint, logits)


@mistake("elbo_gap_sign", port="elbo_gap", source="classic: KL sign")
def _(log_joint, logits):
    """The gap is negative."""
    return -library.elbo_gap(log_joint, logits)


@mistake("elbo_gap_in_bits", port="elbo_gap", source="classic: log2 for log")
def _(log_joint, logits):
    """The gap is in bits."""
    return library.elbo_gap(log_joint, logits) / np.log(2)


def _slopes(log_joint, logits):
    log_q = _log_softmax(logits)
    q = np.exp(log_q)
    return q, np.where(q > 0, np.where(q > 0, log_joint, 0.0) - np.where(q > 0, log_q, 0.0), 0.0)


@mistake("elbo_gradient_not_centred", port="elbo_gradient", source="classic: softmax's Jacobian")
def _(log_joint, logits):
    """The mean of the terms is not taken off."""
    q, r = _slopes(log_joint, logits)
    return q * r


@mistake("elbo_gradient_in_probabilities", port="elbo_gradient", source="classic: dL/dq for dL/dl")
def _(log_joint, logits):
    """The gradient in the probabilities stands for that in the logits."""
    q, r = _slopes(log_joint, logits)
    return r - 1


@mistake("elbo_gradient_sign", port="elbo_gradient", source="classic: the loss's")
def _(log_joint, logits):
    """The gradient of minus the bound."""
    return -library.elbo_gradient(log_joint, logits)


@mistake("elbo_gradient_without_entropy", port="elbo_gradient", source="classic: sg(q) in the KL")
def _(log_joint, logits):
    """The entropy is not differentiated."""
    q, _ = _slopes(log_joint, logits)
    r = np.where(q > 0, log_joint, 0.0)
    return q * (r - (q * r).sum(-1, keepdims=True))


@mistake("elbo_gradient_entropy_sign", port="elbo_gradient", source="classic: KL sign")
def _(log_joint, logits):
    """The entropy's share has the other sign."""
    q, r = _slopes(log_joint, logits)
    r = 2 * np.where(q > 0, log_joint, 0.0) - r
    return q * (r - (q * r).sum(-1, keepdims=True))


@mistake("elbo_gradient_plain_mean", port="elbo_gradient", source="classic: mean over codes")
def _(log_joint, logits):
    """The plain mean over the codes is taken off, not that under q."""
    q, r = _slopes(log_joint, logits)
    return q * (r - r.mean(-1, keepdims=True))


@mistake("elbo_gradient_without_probability", port="elbo_gradient", source="classic: q left out")
def _(log_joint, logits):
    """Every code counts alike."""
    q, r = _slopes(log_joint, logits)
    return r - (q * r).sum(-1, keepdims=True)


@mistake("kl_uniform_log_k_lost", port="kl_to_uniform", source="classic: minus the entropy")
def _(logits):
    """log K is left out."""
    return -_entropy(_log_softmax(logits))


@mistake("kl_uniform_sign", port="kl_to_uniform", source="classic: H(q) - log K")
def _(logits):
    """The divergence has the wrong sign."""
    return -library.kl_to_uniform(logits)


@mistake("kl_uniform_entropy_added", port="kl_to_uniform", source="classic: sign of the entropy")
def _(logits):
    """The entropy is added to log K."""
    return np.log(logits.shape[1]) + _entropy(_log_softmax(logits))


@mistake("kl_uniform_in_bits", port="kl_to_uniform", source="classic: log2 for log")
def _(logits):
    """The divergence is in bits."""
    return library.kl_to_uniform(logits) / np.log(2)


@mistake("kl_uniform_averaged", port="kl_to_uniform", source="classic: KLDivLoss 'mean'")
def _(logits):
    """The sum is divided by the number of codes."""
    return library.kl_to_uniform(logits) / logits.shape[1]


@mistake("kl_uniform_other_way", port="kl_to_uniform", source="classic: KLDivLoss's arguments")
def _(logits):
    """The divergence of the uniform law from q."""
    return (-np.log(logits.shape[1]) - _log_softmax(logits)).mean(-1)


@mistake("kl_uniform_zero_times_infinity", port="kl_to_uniform", source="classic: 0 log 0")
def _(logits):
    """A code of no probability makes NaN."""
    log_q = _log_softmax(logits)
    return (np.exp(log_q) * (log_q + np.log(logits.shape[1]))).sum(-1)


@mistake("kl_uniform_floored", port="kl_to_uniform", source="gumbel-softmax code: log(q + 1e-20)")
def _(logits):
    """1e-6 is added inside the logarithm."""
    q = np.exp(_log_softmax(logits))
    return (q * np.log(q + 1e-6)).sum(-1) + np.log(logits.shape[1])


@mistake("kl_uniform_exponentials_overflow", port="kl_to_uniform", source="classic: no maximum off")
def _(logits):
    """Exponentials of the logits as they are."""
    q = np.exp(logits)
    q = q / q.sum(-1, keepdims=True)
    return np.log(logits.shape[1]) - _mean(q, -np.log(np.where(q > 0, q, 1.0)))


@mistake("kl_uniform_counts_codes_used", port="kl_to_uniform", source="classic: log of the support")
def _(logits):
    """K counts the codes of positive probability alone."""
    used = (logits > -np.inf).sum(-1)
    return np.log(used) - _entropy(_log_softmax(logits))


@mistake("kl_arguments_exchanged", port="categorical_kl", source="classic: KLDivLoss's arguments")
def _(logits, other_logits):
    """KL(p ‖ q) for KL(q ‖ p)."""
    holes = np.isneginf(logits) & ~np.isneginf(other_logits)
    found = discrete.categorical_kl(other_logits, np.where(holes, -50.0, logits))
    return np.where(holes.any(-1), np.inf, found)


@mistake("kl_prior_not_normalised", port="categorical_kl", source="classic: logits for log p")
def _(logits, other_logits):
    """The prior's logits stand for its log probabilities."""
    log_q = _log_softmax(logits)
    return -_mean(np.exp(log_q), other_logits) - _entropy(log_q)


@mistake("kl_cross_entropy", port="categorical_kl", source="classic: cross_entropy for KL")
def _(logits, other_logits):
    """The cross-entropy: q's own entropy is not taken off."""
    return -_mean(np.exp(_log_softmax(logits)), _log_softmax(other_logits))


@mistake("kl_entropy_sign", port="categorical_kl", source="classic: KL sign")
def _(logits, other_logits):
    """The entropy is added."""
    log_q = _log_softmax(logits)
    return _entropy(log_q) - _mean(np.exp(log_q), _log_softmax(other_logits))


@mistake("kl_prior_sign", port="categorical_kl", source="classic: KL sign")
def _(logits, other_logits):
    """The prior's logarithm is added."""
    log_q = _log_softmax(logits)
    return _mean(np.exp(log_q), _log_softmax(other_logits)) - _entropy(log_q)


@mistake("kl_symmetrised", port="categorical_kl", source="classic: Jeffreys")
def _(logits, other_logits):
    """The mean of both directions."""
    floor = [np.where(np.isneginf(a), -50.0, a) for a in (logits, other_logits)]
    return (discrete.categorical_kl(*floor) + discrete.categorical_kl(*floor[::-1])) / 2


@mistake("kl_uniform_for_any_prior", port="categorical_kl", source="classic: the prior forgotten")
def _(logits, other_logits):
    """The prior is taken for uniform."""
    return library.kl_to_uniform(logits)


@mistake("kl_underflow_taken_for_zero", port="categorical_kl",
         source="torch.distributions.kl: inf where q.probs == 0")  # fmt: skip
def _(logits, other_logits):
    """Infinite where a probability of the prior underflows, though its logarithm is at hand."""
    log_q, log_p = _log_softmax(logits), _log_softmax(other_logits)
    lost = (np.exp(log_p) == 0) & (np.exp(log_q) > 0)
    return np.where(lost.any(-1), np.inf, library.categorical_kl(logits, other_logits))

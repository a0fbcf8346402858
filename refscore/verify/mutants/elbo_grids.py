"""Mistakes in bounds of grids of codes, and in those of several draws."""

from __future__ import annotations

import numpy as np

from refscore import discrete
from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.elbo import _log_softmax


@mistake("grid_log_k_once", port="grid_elbo", source="J14: seeds 000, 002")
def _(grid_log_likelihoods, grid_logits):
    """log K is counted once a point, whatever the number of codes."""
    p, k = grid_logits.shape[1:]
    return library.grid_elbo(grid_log_likelihoods, grid_logits) + (p - 1) * np.log(k)


@mistake("grid_log_k_lost", port="grid_elbo", source="classic: minus the entropies")
def _(grid_log_likelihoods, grid_logits):
    """log K is left out."""
    p, k = grid_logits.shape[1:]
    return library.grid_elbo(grid_log_likelihoods, grid_logits) + p * np.log(k)


@mistake("grid_divergence_averaged", port="grid_elbo", source="classic: kl.mean()")
def _(grid_log_likelihoods, grid_logits):
    """The divergence is averaged over the places."""
    share = discrete.kl_to_uniform(grid_logits)
    whole = library.grid_elbo(grid_log_likelihoods, grid_logits) + share.sum(-1)
    return whole - share.mean(-1)


@mistake("grid_divergence_of_the_first", port="grid_elbo", source="classic: one position's KL")
def _(grid_log_likelihoods, grid_logits):
    """The divergence of the first place alone is taken off."""
    share = discrete.kl_to_uniform(grid_logits)
    return library.grid_elbo(grid_log_likelihoods, grid_logits) + share[:, 1:].sum(-1)


@mistake("grid_divergence_added", port="grid_elbo", source="classic: KL sign")
def _(grid_log_likelihoods, grid_logits):
    """The divergence is added."""
    share = discrete.kl_to_uniform(grid_logits).sum(-1)
    return library.grid_elbo(grid_log_likelihoods, grid_logits) + 2 * share


@mistake("grid_of_likeliest_codes", port="grid_elbo", source="classic: argmax for the expectation")
def _(grid_log_likelihoods, grid_logits):
    """log p(x|c) is taken at the likeliest code of every place."""
    best = grid_logits.argmax(-1)
    given = np.array([t[tuple(c)] for t, c in zip(grid_log_likelihoods, best)])
    return given - discrete.kl_to_uniform(grid_logits).sum(-1)


@mistake("grid_places_exchanged", port="grid_elbo", source="classic: axes of the grid")
def _(grid_log_likelihoods, grid_logits):
    """The places meet the axes of the grid in the opposite order."""
    axes = (0, *range(1, grid_log_likelihoods.ndim))
    turned = np.transpose(grid_log_likelihoods, (axes[0], *axes[:0:-1]))
    return library.grid_elbo(turned, grid_logits)


@mistake("grid_prior_over_places", port="grid_elbo", source="classic: K and P exchanged")
def _(grid_log_likelihoods, grid_logits):
    """log P a code in place of log K a place."""
    p, k = grid_logits.shape[1:]
    bound = library.grid_elbo(grid_log_likelihoods, grid_logits)
    return bound + p * np.log(k) - k * np.log(p)


@mistake("grid_likelihood_averaged", port="grid_elbo", source="classic: mean over all grids")
def _(grid_log_likelihoods, grid_logits):
    """Every grid counts alike, whatever q."""
    tables = np.asarray(grid_log_likelihoods)
    plain = np.where(np.isneginf(tables), 0.0, tables).reshape(len(tables), -1).mean(-1)
    return plain - discrete.kl_to_uniform(grid_logits).sum(-1)


@mistake("codes_log_k_once", port="deterministic_elbo", source="J14: seeds 000, 002")
def _(log_likelihoods, n_positions, n_codes):
    """log K is counted once a point."""
    return log_likelihoods - np.log(n_codes)


@mistake("codes_log_k_lost", port="deterministic_elbo", source="classic: VQ-VAE's constant KL")
def _(log_likelihoods, n_positions, n_codes):
    """The divergence, a constant, is left out of the bound."""
    return log_likelihoods + 0 * n_codes


@mistake("codes_log_k_added", port="deterministic_elbo", source="classic: KL sign")
def _(log_likelihoods, n_positions, n_codes):
    """The divergence is added."""
    return log_likelihoods + n_positions * np.log(n_codes)


@mistake("codes_in_bits", port="deterministic_elbo", source="classic: bits of a code")
def _(log_likelihoods, n_positions, n_codes):
    """The codes' cost is in bits, the likelihood in nats."""
    return log_likelihoods - n_positions * np.log2(n_codes)


@mistake("codes_and_places_exchanged", port="deterministic_elbo", source="classic: K log P")
def _(log_likelihoods, n_positions, n_codes):
    """K log P stands for P log K."""
    return log_likelihoods - n_codes * np.log(n_positions)


@mistake("codes_squared_places", port="deterministic_elbo", source="classic: a square grid's side")
def _(log_likelihoods, n_positions, n_codes):
    """The number of places is taken for the side of a square grid of them."""
    return log_likelihoods - n_positions**2 * np.log(n_codes)


def _weights(log_joint, logits, codes):
    log_q = _log_softmax(logits)
    at = np.asarray(codes).T
    return np.take_along_axis(log_joint, at, 1), np.take_along_axis(log_q, at, 1)


def _log_sum(a):
    top = a.max(-1)
    return top + np.log(np.exp(a - top[:, None]).sum(-1))


@mistake("weighted_mean_of_logs", port="importance_bound", source="classic: mean outside the log")
def _(log_joint, logits, codes):
    """The mean of the logarithms: the plain bound's estimate."""
    p, q = _weights(log_joint, logits, codes)
    return (p - q).mean(-1)


@mistake("weighted_sum_for_mean", port="importance_bound", source="classic: - log m forgotten")
def _(log_joint, logits, codes):
    """The sum of the weights is not divided by their number."""
    p, q = _weights(log_joint, logits, codes)
    return _log_sum(p - q)


@mistake("weighted_by_m_codes", port="importance_bound", source="classic: the wrong axis's length")
def _(log_joint, logits, codes):
    """The sum is divided by the number of codes there are."""
    p, q = _weights(log_joint, logits, codes)
    return _log_sum(p - q) - np.log(logits.shape[1])


@mistake("weighted_without_proposal", port="importance_bound", source="classic: p for p/q")
def _(log_joint, logits, codes):
    """The weights are not divided by q."""
    p, _ = _weights(log_joint, logits, codes)
    return _log_sum(p) - np.log(len(codes))


@mistake("weighted_times_proposal", port="importance_bound", source="classic: sign of log q")
def _(log_joint, logits, codes):
    """The weights are multiplied by q."""
    p, q = _weights(log_joint, logits, codes)
    return _log_sum(p + q) - np.log(len(codes))


@mistake("weighted_by_logits", port="importance_bound", source="classic: no log_softmax")
def _(log_joint, logits, codes):
    """Logits as they are stand for log q."""
    p, q = _weights(log_joint, logits, codes)
    off = np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1)) + logits.max(-1)
    return _log_sum(p - q - off[:, None]) - np.log(len(codes))


@mistake("weighted_by_the_largest", port="importance_bound", source="classic: max for logsumexp")
def _(log_joint, logits, codes):
    """The largest weight stands for their mean."""
    p, q = _weights(log_joint, logits, codes)
    return (p - q).max(-1)


@mistake("weighted_overflow", port="importance_bound", source="classic: no maximum off")
def _(log_joint, logits, codes):
    """Exponentials of the log weights as they are."""
    p, q = _weights(log_joint, logits, codes)
    return np.log(np.exp(p - q).mean(-1))


@mistake("weighted_mean_ignores_draws", port="expected_importance_bound", source="classic: m = 1")
def _(log_joint, logits, n_draws):
    """The plain bound, whatever the number of draws."""
    return discrete.elbo(log_joint, logits)


@mistake("weighted_mean_is_evidence", port="expected_importance_bound",
         source="classic: log E for E log")  # fmt: skip
def _(log_joint, logits, n_draws):
    """The logarithm of the mean weight, not the mean of logarithms."""
    return discrete.log_evidence(log_joint) + 0 * n_draws


@mistake("weighted_mean_of_all_alike", port="expected_importance_bound",
         source="classic: sequences not weighted by q")  # fmt: skip
def _(log_joint, logits, n_draws):
    """Draws are uniform over the codes that q allows, not from q; weights are right."""
    uniform = np.where(np.isneginf(logits), -np.inf, 0.0)
    shifted = np.where(np.isneginf(logits), 0.0, _log_softmax(logits) - _log_softmax(uniform))
    return discrete.expected_importance_bound(log_joint - shifted, uniform, n_draws)


@mistake("weighted_mean_one_draw_too_many", port="expected_importance_bound",
         source="classic: off by one")  # fmt: skip
def _(log_joint, logits, n_draws):
    """One draw more than asked."""
    return discrete.expected_importance_bound(log_joint, logits, n_draws + 1)


@mistake("weighted_mean_sum_for_mean", port="expected_importance_bound",
         source="classic: - log m forgotten")  # fmt: skip
def _(log_joint, logits, n_draws):
    """The sum of the weights is not divided by their number."""
    return discrete.expected_importance_bound(log_joint, logits, n_draws) + np.log(n_draws)

"""The evidence lower bound of a discrete latent, exactly: value, gap, gradient, many-sample form.

Rows are independent: `log_joint[..., k]` = log p(x, c = k), and q(k) ∝ exp(logits[..., k]). Minus
infinity is a probability of 0. Everything is in nats, by enumeration of the K codes.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_real, as_rng, require_one
from refscore.discrete._compositions import add_counted
from refscore.discrete._logits import as_index, as_logits, log_softmax, log_sum_exp


def log_evidence(log_joint) -> np.ndarray:
    """log p(x) = log Σ_k p(x, k), what the bound is a bound of.

    log_joint (..., K). Returns (...,). Raises ValueError for NaN, inf, K = 0, or a row without a
    possible code. Cost O(K) a row.
    Source: definition.
    Tested in: tests/discrete/test_elbo.py
    """
    log_joint = as_logits(log_joint, "log_joint")
    return log_sum_exp(log_joint)[..., 0]


def elbo(log_joint, logits) -> np.ndarray:
    """The evidence lower bound of a categorical posterior, Σ_k q(k) [log p(x, k) − log q(k)].

        L = E_q log p(x|c) − KL(q ‖ p(c)) ≤ log p(x),  equality iff q = p(c|x)

    log_joint, logits (..., K), of one shape. Codes with q(k) = 0 count 0, also where p(x, k) = 0;
    one with q(k) > 0 = p(x, k) makes the bound −inf. Returns (...,) in nats.
    Raises ValueError for NaN, inf, K = 0, different shapes, or a row that is all −inf.
    Cost O(K) a row.
    Source: seeds 000, 002.
    Checked by: elbo_by_enumeration, evidence_is_elbo_and_gap,
    elbo_of_impossible_codes
    """
    log_joint, log_q, q = _both(log_joint, logits)
    with np.errstate(invalid="ignore"):
        bound = np.where(q > 0, q * (log_joint - log_q), 0.0).sum(-1)
    return np.where(_impossible(log_joint, log_q), -np.inf, bound)[()]


def elbo_gap(log_joint, logits) -> np.ndarray:
    """What the bound misses, KL(q ‖ p(c|x)) = log p(x) − ELBO, each code's share at least 0.

    log_joint, logits (..., K). Returns (...,), inf where q allows what p(c|x) does not.
    Raises: as `elbo`. Cost O(K) a row.
    Source: seeds 000, 002.
    Checked by: evidence_is_elbo_and_gap, elbo_gap_is_divergence,
    elbo_gap_of_impossible_codes
    """
    log_joint, log_q, _ = _both(log_joint, logits)
    return _divergence(log_q, log_softmax(log_joint))


def categorical_kl(logits, other_logits) -> np.ndarray:
    """KL(q ‖ p) = Σ_k q(k) log(q(k)/p(k)) of two categorical laws; for any prior −H(q) − Σ q log p.

        q log(q/p) = q log(q/p) − q + p ≥ 0 code by code: what is summed is not below 0

    logits of q, other_logits of p, (..., K), each normalised here. Returns (...,); inf where
    q(k) > 0 = p(k). Raises: as `elbo`. Cost O(K) a row.
    Source: derived from H2; seed 002.
    Checked by: kl_to_any_prior
    """
    logits = as_logits(logits, "logits")
    other = _of_shape(as_logits(other_logits, "other_logits"), "other_logits", logits)
    return _divergence(log_softmax(logits), log_softmax(other))


def kl_to_uniform(logits) -> np.ndarray:
    """KL(q ‖ uniform) = log K − H(q): log K for one code, 0 for all alike.

    logits (..., K). Returns (...,). Raises: as `elbo`. Cost O(K) a row.
    Source: seed 002.
    Checked by: kl_to_uniform_is_log_k_less_entropy
    """
    log_q = log_softmax(as_logits(logits, "logits"))
    return _divergence(log_q, np.full(log_q.shape, -np.log(log_q.shape[-1])))


def elbo_gradient(log_joint, logits) -> np.ndarray:
    """The gradient of the exact bound in the logits, q(k) (r_k − Σ_j q(j) r_j), r = log p/q.

    log_joint, logits (..., K). Returns (..., K), rows that sum to 0; 0 where q(k) = 0. r is counted
    from that of the likeliest code, whose entry so keeps its digits as q → 1. The gradient in
    log_joint is q itself. Raises: as `elbo`, and where the bound is −inf. Cost O(K) a row.
    Source: derived from H1.
    Checked by: elbo_gradient_is_derivative
    """
    log_joint, log_q, q = _both(log_joint, logits)
    if _impossible(log_joint, log_q).any():
        raise ValueError("log_joint must be finite where q > 0: the bound is -inf there")
    with np.errstate(over="ignore", invalid="ignore"):
        r = np.where(q > 0, log_joint - log_q, 0.0)
        r = 0.25 * r - 0.25 * np.take_along_axis(r, q.argmax(-1)[..., None], -1)
        return 4 * (q * (r - (q * r).sum(-1, keepdims=True)))  # the differences fit in


def importance_bound(log_joint, logits, codes=None, *, rng=None, n_draws: int = 1) -> np.ndarray:
    """The importance-weighted bound on m draws from q, log (1/m) Σ_i p(x, c_i)/q(c_i).

    log_joint, logits (..., K); codes (m, ...) whole numbers from 0 to K − 1, drawn from q, or
    `n_draws` of them are drawn from rng. Returns (...,), one value a row: a mean over draws is at
    most log p(x), at least the ELBO, and grows with m.
    Raises: as `elbo`; ValueError for codes of another shape, or that q cannot draw.
    Cost O(m + K) a row, O(m log K + K) where they are drawn.
    Source: Burda, Grosse and Salakhutdinov 2016.
    Checked by: importance_bound_given_codes
    """
    log_joint, log_q, q = _both(log_joint, logits)
    require_one("codes", codes, rng)
    if codes is None:
        codes = _drawn(q, as_count(n_draws, "n_draws"), as_rng(rng, "codes"))
    else:
        codes = _as_codes(codes, log_q)
    at = codes[..., None]
    log_q, log_joint = (np.broadcast_to(a, (len(codes), *a.shape)) for a in (log_q, log_joint))
    log_w = (np.take_along_axis(log_joint, at, -1) - np.take_along_axis(log_q, at, -1))[..., 0]
    top = log_w.max(0)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        bound = top + np.log(np.exp(log_w - top).mean(0))
    return np.where(np.isneginf(top), -np.inf, bound)[()]


def expected_importance_bound(log_joint, logits, n_draws: int) -> np.ndarray:
    """The mean of the importance-weighted bound over its m draws, by enumeration of their counts.

        L_m = Σ_n Multinomial(n; m, q) log (1/m) Σ_k n_k p(x, k)/q(k),  ELBO = L_1 ≤ L_2 ≤ … ≤ log p

    log_joint, logits (..., K); n_draws m. Returns (...,). Raises: as `elbo`; ValueError where
    there are more than a million ways to share m draws among K codes.
    Cost O(C(m + K − 1, m) min(m, K)) a row, in blocks of 2 MB.
    Source: derived from Burda, Grosse and Salakhutdinov 2016.
    Checked by: importance_bound_by_enumeration, importance_bound_grows
    """
    log_joint, log_q, _ = _both(log_joint, logits)
    n_draws, k = as_count(n_draws, "n_draws"), log_q.shape[-1]
    impossible = _impossible(log_joint, log_q)
    with np.errstate(over="ignore", invalid="ignore"):
        log_w = log_joint - log_q  # of a code that q cannot draw, not looked at
    bound = np.zeros(log_q.shape[:-1])
    add_counted(bound.reshape(-1), n_draws, log_q.reshape(-1, k), log_w.reshape(-1, k))
    return np.where(impossible, -np.inf, bound)[()]


def grid_elbo(log_likelihoods, logits, log_prior=None) -> np.ndarray:
    """The exact bound of a grid of P codes, each with a posterior of its own.

        L = Σ_c Π_p q_p(c_p) log p(x|c_1, …, c_P) − Σ_p KL(q_p ‖ prior)

    log_likelihoods (..., K, …, K), P axes of codes, of any decoder; logits (..., P, K); log_prior
    (P, K) or (K,) log weights, uniform by default: then P log K where every q_p is one code.
    Returns (...,). Raises: as `elbo`; ValueError for shapes that do not fit. Cost O(K^P) a row.
    Source: seeds 000, 002.
    Checked by: grid_elbo_by_enumeration, erratum_log_k_of_a_grid
    """
    logits = as_logits(logits, "logits")
    table = as_real(log_likelihoods, "log_likelihoods")
    n_positions, n_codes = _grid_shape(table, logits)
    if np.isnan(table).any() or (table == np.inf).any():
        raise ValueError("log_likelihoods must be finite or -inf, got NaN or inf")
    log_q = log_softmax(logits)
    if log_prior is None:
        log_prior = np.zeros(n_codes)
    prior = as_logits(log_prior, "log_prior")
    if prior.shape not in ((n_codes,), (n_positions, n_codes)):
        raise ValueError(
            f"log_prior must have shape ({n_codes},) or ({n_positions}, {n_codes}),"
            f" got shape {prior.shape}"
        )
    for p in reversed(range(n_positions)):
        log_weight = log_q[..., p, :]
        log_weight = log_weight.reshape(*log_weight.shape[:-1], *(1,) * p, n_codes)
        with np.errstate(under="ignore", invalid="ignore"):
            share = np.where(np.isneginf(table), -np.inf, np.exp(log_weight) * table)
            table = np.where(np.isneginf(log_weight), 0.0, share).sum(-1)
    return table - _divergence(log_q, np.broadcast_to(log_softmax(prior), log_q.shape)).sum(-1)


def deterministic_elbo(log_likelihood, n_positions: int, n_codes: int) -> np.ndarray:
    """The bound of the posterior that is one code a position, log p(x|z_q) − P log K.

    log_likelihood (...,) at the quantised latent; P = n_positions codes a point, each of K =
    n_codes, the prior uniform. Returns (...,). Raises ValueError for NaN or inf. Cost O(1) a point.
    Source: seeds 000, 002, where P is left out.
    Checked by: erratum_log_k_of_deterministic_codes
    """
    value = as_real(log_likelihood, "log_likelihood")
    if np.isnan(value).any() or (value == np.inf).any():
        raise ValueError("log_likelihood must be finite or -inf, got NaN or inf")
    return value - as_count(n_positions, "n_positions") * np.log(as_count(n_codes, "n_codes"))


def _both(log_joint, logits):
    """log p(x, k), log q(k), q(k), of one shape."""
    logits = as_logits(logits, "logits")
    log_joint = _of_shape(as_logits(log_joint, "log_joint"), "log_joint", logits)
    log_q = log_softmax(logits)
    with np.errstate(under="ignore"):
        return log_joint, log_q, np.exp(log_q)


def _of_shape(array, name, logits):
    if array.shape != logits.shape:
        raise ValueError(
            f"{name} must have the shape of logits, {logits.shape}; got shape {array.shape}"
        )
    return array


def _impossible(log_joint, log_q) -> np.ndarray:
    """Rows where q allows a code that p does not."""
    return (np.isneginf(log_joint) & ~np.isneginf(log_q)).any(-1)


def _divergence(log_q, log_p) -> np.ndarray:
    """Σ q log(q/p), as a sum of q log(q/p) − q + p, none of them below 0."""
    with np.errstate(under="ignore", invalid="ignore", over="ignore"):
        q, p, r = np.exp(log_q), np.exp(log_p), log_q - log_p
        near = np.abs(r) < 1
        small = q * (r + np.expm1(-np.where(near, r, 0.0)))
        share = np.where(q == 0, p, np.where(near, small, q * r - q + p))
    return np.where(_impossible(log_p, log_q), np.inf, share.sum(-1))[()]


def _grid_shape(table, logits):
    """(P, K) of a table of P axes that fits logits (..., P, K)."""
    if logits.ndim < 2:
        raise ValueError(f"logits must have shape (..., P, K), got shape {logits.shape}")
    n_positions, n_codes = logits.shape[-2:]
    wanted = (*logits.shape[:-2], *(n_codes,) * n_positions)
    if n_positions == 0 or table.shape != wanted:
        raise ValueError(
            f"log_likelihoods must have shape {wanted} for logits of shape {logits.shape},"
            f" got shape {table.shape}"
        )
    return n_positions, n_codes


def _as_codes(codes, log_q) -> np.ndarray:
    array = as_array(codes, "codes")
    if array.ndim != log_q.ndim or array.shape[1:] != log_q.shape[:-1] or len(array) == 0:
        wanted = ", ".join(("m", *map(str, log_q.shape[:-1])))
        raise ValueError(f"codes must have shape ({wanted}), m >= 1, got shape {array.shape}")
    every = np.broadcast_to(log_q, (len(array), *log_q.shape))
    return as_index(codes, every, "codes", array.shape)


def _drawn(q, m, rng) -> np.ndarray:
    """m codes a row, the first whose cumulative sum passes u times the whole, which u < 1 leaves
    below the last sum: none of probability 0."""
    cumulative = np.cumsum(q, -1)
    wanted = rng.random((m, *q.shape[:-1])) * cumulative[..., -1]
    every = np.broadcast_to(cumulative, (m, *q.shape))
    low, high = np.zeros(wanted.shape, np.intp), np.full(wanted.shape, q.shape[-1] - 1)
    for _ in range(q.shape[-1].bit_length()):  # halves [low, high], which holds the code
        middle = (low + high) // 2
        below = np.take_along_axis(every, middle[..., None], -1)[..., 0] <= wanted
        low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
    return low

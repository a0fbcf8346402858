"""Bounds of discrete latents by enumeration: one code, one grid, one draw after the other.

Log weights may be -inf: such codes are left out before anything is computed. Sums are exact to
rounding (`math.fsum`), logarithms are taken of extended-precision probabilities.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from ._memory import remembered

_STEP = 1e-30


def probabilities(log_weights):
    """(K,) in extended precision, complex where the weights are."""
    weights = np.asarray(log_weights)
    wide = np.clongdouble if np.iscomplexobj(weights) else np.longdouble
    ratios = np.exp((weights - np.real(weights).max()).astype(wide))
    return ratios / ratios.sum()


def _logarithms(log_weights):
    """(K,) of the probabilities, from the weights themselves: none is lost to underflow."""
    weights = np.asarray(log_weights)
    wide = np.clongdouble if np.iscomplexobj(weights) else np.longdouble
    off = (weights - np.real(weights).max()).astype(wide)
    return off - np.log(np.exp(off).sum())


def evidence(log_joint):
    """log p(x), (n,): the integral of one code's joint over its posterior, log p(x, k) - log p(k|x)
    at the likeliest code."""
    found = []
    for row in np.asarray(log_joint):
        best = int(np.argmax(row))
        found.append(float(row[best] - np.log(probabilities(row)[best])))
    return np.array(found)


def _row_bound(row, logits):
    """sum of q (log p - log q) over the codes of positive q."""
    q, log_q = probabilities(logits), _logarithms(logits)
    allowed = [k for k in range(len(row)) if np.real(logits[k]) > -np.inf]
    terms = [q[k] * (row[k] - log_q[k]) for k in allowed]
    return sum(terms)


def bound(log_joint, logits):
    """The evidence lower bound (n,)."""
    rows = zip(np.asarray(log_joint), np.asarray(logits))
    return np.array([float(_row_bound(row, own)) for row, own in rows])


@remembered
def bound_gradient(log_joint, logits):
    """Its gradient in the logits (n, K), by complex steps."""
    out = np.zeros(np.shape(logits))
    for i, (row, own) in enumerate(zip(np.asarray(log_joint), np.asarray(logits))):
        for k in np.flatnonzero(own > -np.inf):
            moved = own.astype(complex)
            moved[k] += _STEP * 1j
            out[i, k] = float(np.imag(_row_bound(row, moved)) / _STEP)
    return out


def divergence(logits, other_logits):
    """KL(q || p), (n,): cross-entropy less entropy."""
    found = []
    for own, other in zip(np.asarray(logits), np.asarray(other_logits)):
        q, log_q, log_p = probabilities(own), _logarithms(own), _logarithms(other)
        allowed = np.flatnonzero(own > -np.inf)
        cross = math.fsum(float(-q[k] * log_p[k]) for k in allowed)
        found.append(cross - math.fsum(float(-q[k] * log_q[k]) for k in allowed))
    return np.array(found)


def entropy(logits):
    """H(q), (n,), nats: 0 for one code."""
    found = []
    for own in np.asarray(logits):
        q = [p for p in map(float, probabilities(own)) if p > 0]
        found.append(math.fsum(-p * math.log(p) for p in q))
    return np.array(found)


def grid_bound(log_likelihoods, logits):
    """The bound of P independent codes under a uniform prior (n,), grid after grid."""
    found = []
    for table, own in zip(np.asarray(log_likelihoods), np.asarray(logits)):
        q = [probabilities(row) for row in own]
        terms = []
        for grid in itertools.product(range(own.shape[1]), repeat=len(own)):
            weight = math.prod(float(q[p][k]) for p, k in enumerate(grid))
            if weight > 0:
                log_q = math.fsum(math.log(float(q[p][k])) for p, k in enumerate(grid))
                prior = len(own) * math.log(own.shape[1])
                terms.append(weight * (float(table[grid]) - prior - log_q))
        found.append(math.fsum(terms))
    return np.array(found)


def grid_evidence(log_likelihoods):
    """log p(x) of such grids (n,)."""
    tables = np.asarray(log_likelihoods)
    joint = tables.reshape(len(tables), -1)
    return evidence(joint) - (tables.ndim - 1) * math.log(tables.shape[-1])


def importance_bound(log_joint, logits, codes):
    """log of the mean importance weight over the codes (m, n), row by row, (n,)."""
    found = []
    for i, (row, own) in enumerate(zip(np.asarray(log_joint), np.asarray(logits))):
        log_q = _logarithms(own)
        logs = [np.longdouble(row[k]) - log_q[k] for k in np.asarray(codes)[:, i]]
        top = max(logs)
        found.append(float(top + np.log(np.mean([np.exp(log - top) for log in logs]))))
    return np.array(found)


@remembered
def expected_importance_bound(log_joint, logits, n_draws):
    """Its mean over all K^m sequences of draws, (n,)."""
    found = []
    for row, own in zip(np.asarray(log_joint), np.asarray(logits)):
        q, log_q = probabilities(own), _logarithms(own)
        weights = {k: np.exp(row[k] - log_q[k]) for k in range(len(row)) if q[k] > 0}
        terms = []
        for drawn in itertools.product(weights, repeat=n_draws):
            chance = math.prod(q[k] for k in drawn)
            terms.append(float(chance * np.log(sum(weights[k] for k in drawn) / n_draws)))
        found.append(math.fsum(terms))
    return np.array(found)

"""Stochastic trace estimates on given probes, their variances, and brute-force enumerations.

S = (A + A^T)/2, F = ||S||_F^2, D = sum_i a_ii^2, one probe v with E v v^T = I.
"""

from __future__ import annotations

import itertools

import numpy as np

KINDS = ("gaussian", "rademacher", "sphere", "coordinate", "steinhaus")


def hutchinson(matrix, probes):
    """Mean over probes of v^T A v. matrix: (d, d); probes: (m, d). Returns a scalar."""
    return np.mean([v @ np.asarray(matrix) @ v for v in np.asarray(probes)])


def hutchinson_standard_error(matrix, probes):
    """Sample standard deviation (m - 1) of the v^T A v over sqrt(m)."""
    terms = [v @ np.asarray(matrix) @ v for v in np.asarray(probes)]
    return np.std(terms, ddof=1) / np.sqrt(len(terms))


def variance(matrix, kind):
    """Variance of v^T A v for one probe. matrix: (..., d, d). Returns (...,).

    gaussian 2 F; rademacher 2 (F - D); sphere of radius sqrt d 2 d/(d+2) (F - tr^2/d);
    coordinate (sqrt d e_i) d D - tr^2; steinhaus (real part of v* A v) F - D. The differences
    are sums of squares: F - D off the diagonal, the others centred on tr/d."""
    a = np.asarray(matrix, dtype=np.longdouble)
    d = a.shape[-1]
    diagonal = np.einsum("...ii->...i", a)
    off = (a + np.swapaxes(a, -1, -2)) / 2 * (1 - np.eye(d))
    outside = np.square(off).sum((-2, -1))
    centred = np.square(diagonal - diagonal.mean(-1, keepdims=True)).sum(-1)
    table = {
        "gaussian": 2 * (outside + np.square(diagonal).sum(-1)),
        "rademacher": 2 * outside,
        "sphere": 2 * d / np.longdouble(d + 2) * (outside + centred),
        "coordinate": d * centred,
        "steinhaus": outside,
    }
    if kind not in table:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    return table[kind].astype(float)[()]


def fourth_moment_variance(matrix, kappa):
    """2 (F - D) + (kappa - 1) D for independent entries with E v^4 = kappa."""
    diagonal = np.diagonal(np.asarray(matrix))
    return variance(matrix, "rademacher") + (kappa - 1) * np.sum(diagonal**2)


def diagonal(matrix, probes):
    """Mean over probes of v * (A v). Returns (d,)."""
    return np.mean([v * (np.asarray(matrix) @ v) for v in np.asarray(probes)], axis=0)


def diagonal_variance(matrix, kind="rademacher"):
    """Variance of v_i (A v)_i: sum_{j != i} a_ij^2 (signs), + 2 a_ii^2 (gaussian). (d,)."""
    a = np.asarray(matrix, dtype=float)
    off = np.square(a * (1 - np.eye(len(a)))).sum(1)
    return off + {"rademacher": 0, "gaussian": 2}[kind] * np.diagonal(a) ** 2


def curvature_propagation(root, probes):
    """Mean over probes of (C^T v)_i^2, unbiased for the diagonal of H = C^T C. root: C (k, d)."""
    return np.mean([(np.asarray(root).T @ v) ** 2 for v in np.asarray(probes)], axis=0)


def curvature_variance(root, kind="gaussian"):
    """Variance of (C^T v)_i^2: 2 H_ii^2 (gaussian), 2 (H_ii^2 - sum_j c_ji^4) (signs). (d,)."""
    columns = np.asarray(root, dtype=float).T
    return np.array([variance(np.outer(c, c), kind) for c in columns])


def hutch_plus_plus(matrix, basis, probes):
    """tr(Q^T A Q) + mean over probes of (P v)^T A (P v), P = I - Q Q^T, Q spanning `basis`.

    basis: (d, k), any full-rank columns; Q by singular vectors."""
    a, q = np.asarray(matrix), np.linalg.svd(basis, full_matrices=False)[0]
    rest = np.asarray(probes) - np.asarray(probes) @ q @ q.T
    return np.trace(q.T @ a @ q) + (hutchinson(a, rest) if len(rest) else 0.0)


def hutch_plus_plus_variance(matrix, basis, n_probes, kind="gaussian"):
    """Variance of the residual term given the basis: variance(P A P)/n_probes."""
    q = np.linalg.svd(basis, full_matrices=False)[0]
    p = np.eye(len(q)) - q @ q.T
    return variance(p @ np.asarray(matrix) @ p, kind) / n_probes


def xtrace(matrix, sketch, resphere=False):
    """XTrace by its definition: average over i of tr(Q_i^T A Q_i) + w_i^T P_i A P_i w_i, Q_i an
    orthonormal basis of A times the sketch without column i. sketch: (d, k).

    resphere scales P_i w_i to the squared length d - rank Q_i."""
    a, w = np.asarray(matrix), np.asarray(sketch)
    terms = []
    for i in range(w.shape[1]):
        basis = _range(a @ np.delete(w, i, axis=1))
        left_out = w[:, i]
        if resphere:
            rest = left_out - basis @ (basis.T @ left_out)
            left_out = rest * np.sqrt((len(a) - basis.shape[1]) / (rest @ rest))
        terms.append(hutch_plus_plus(a, basis, left_out[None]))
    return np.mean(terms)


def all_signs(d):
    """The 2^d sign vectors, (2^d, d)."""
    return np.array(list(itertools.product([-1.0, 1.0], repeat=d)))


def coordinate_probes(d):
    """The d vectors sqrt(d) e_i, (d, d)."""
    return np.sqrt(d) * np.eye(d)


def gauss_hermite(d, order=3):
    """Nodes (order^d, d) and weights exact for polynomials of degree 2 order - 1 in N(0, I)."""
    node, weight = np.polynomial.hermite_e.hermegauss(order)
    nodes = np.array(list(itertools.product(node, repeat=d)))
    weights = np.array([np.prod(w) for w in itertools.product(weight, repeat=d)])
    return nodes, weights / weights.sum()


def enumerated_moments(matrix, kind):
    """Mean and variance of v^T A v with no formula: signs and coordinates enumerated, Gaussians
    by exact cubature, the sphere by E|_sphere = E|_gauss d/(d+2) on quartic forms."""
    a = np.asarray(matrix, dtype=float)
    d = len(a)
    if kind in ("rademacher", "coordinate"):
        probes = all_signs(d) if kind == "rademacher" else coordinate_probes(d)
        weights = np.full(len(probes), 1 / len(probes))
    else:
        probes, weights = gauss_hermite(d)
    terms = np.einsum("ni,ij,nj->n", probes, a, probes)
    mean, square = weights @ terms, weights @ terms**2
    if kind == "sphere":
        square *= d / (d + 2)
    elif kind not in ("gaussian", "rademacher", "coordinate"):
        raise ValueError(f"kind must be gaussian, rademacher, sphere or coordinate, got {kind!r}")
    return mean, square - mean**2


def _range(columns):
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    return u[:, s > 1e-12 * max(s.max(initial=0), 1e-300)]

"""The nearest gradient field of an affine field, by least squares over symmetric matrices."""

from __future__ import annotations

import numpy as np

from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended


def nearest_gradient(matrix, offset, mean, covariance):
    """(B, c) minimising E|A X + b - B X - c|^2 over symmetric B, X of that mean and covariance.

    c = b + (A - B) m makes the mean residual zero; then ||(A - B) S^{1/2}||_F is least, a linear
    least-squares problem in the d (d + 1)/2 entries of B, solved by orthogonal factorisation in
    the columns' natural scale and refined once on an extended-precision residual."""
    a = np.asarray(matrix, dtype=extended)
    m, d = np.asarray(mean, dtype=extended), len(a)
    values, vectors = eigh(square_matrix(covariance, d))
    turned = vectors.T @ a @ vectors  # symmetric B stays symmetric, the norm does not change
    root = np.sqrt(values)
    design, pairs = _design(root)
    target = (turned * root).ravel()
    scale = np.sqrt(np.sum(design**2, axis=0))
    narrow = (design / scale).astype(float)
    solution = np.zeros(len(pairs), dtype=extended)
    for _ in range(3):
        residual = target - design @ solution
        solution = solution + np.linalg.lstsq(narrow, residual.astype(float), rcond=None)[0] / scale
    b = np.zeros((d, d), dtype=extended)
    for (i, j), entry in zip(pairs, solution):
        b[i, j] = b[j, i] = entry
    b = vectors @ b @ vectors.T
    b = (b + b.T) / 2
    return as_float(b), as_float(np.asarray(offset) + (a - b) @ m)


def _design(root):
    """Columns vec(E_ij diag(root)) for the symmetric basis matrices E_ij."""
    d = len(root)
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    design = np.zeros((d, d, len(pairs)), dtype=extended)
    for column, (i, j) in enumerate(pairs):
        design[i, j, column] = root[j]
        design[j, i, column] = root[i]
    return design.reshape(d * d, -1), pairs


def distance_to_gradient(matrix, offset, mean, covariance):
    """The least E|A X + b - B X - c|^2: ||(A - B) S^{1/2}||_F^2."""
    b, _ = nearest_gradient(matrix, offset, mean, covariance)
    gap = np.asarray(matrix, dtype=extended) - b
    return as_float(np.sum((gap @ square_matrix(covariance, len(b))) * gap))


def symmetry_defect(matrix, nearest, covariance):
    """(A - B) S + S (A - B)^T, zero exactly at the nearest gradient field. Returns (d, d)."""
    s = square_matrix(covariance, len(np.asarray(matrix)))
    gap = (np.asarray(matrix, dtype=extended) - nearest) @ s
    return as_float(gap + gap.T)

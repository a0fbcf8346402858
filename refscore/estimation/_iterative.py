"""(K + η I) X = B for a kernel matrix that is too large to hold: conjugate gradients.

    P⁻¹ = I − U diag((s − s_r)/(s + η)) Uᵀ,   K ≈ U diag(s) Uᵀ from r columns (Nyström)

K is formed anew for every product, a block of its upper triangle at a time.
"""

from __future__ import annotations

import numpy as np

_ENTRIES = 1 << 18  # entries of one block of K, 2 MB
_COLUMNS = 256
_ROUNDS = 200
_BACKWARD = 1e-14  # the residual over ‖K + η I‖ ‖X‖ + ‖B‖, columnwise


def solve_iteratively(kernel, z, eta, right):
    """X (n, d), or None where the rounds did not suffice; z (n, d) points, η > 0, right (n, d).

    kernel: the values φ of squared distances. Memory: about 2.5 n r numbers, r = 256. Cost:
    n²/2 kernels a round, a few rounds where the spectrum of K falls quickly.
    Source: Frangella, Tropp and Udell, Randomized Nyström preconditioning (2023).
    """
    U, shrink, top = _preconditioner(kernel, z, eta)
    x, r = np.zeros_like(right), right.copy()
    size = np.linalg.norm(right, axis=0)
    p = y = _preconditioned(U, shrink, r)
    rho = np.einsum("ni,ni->i", r, y)
    for _ in range(_ROUNDS):
        Ap = _product(kernel, z, p) + eta * p
        curvature = np.einsum("ni,ni->i", p, Ap)
        step = np.divide(rho, curvature, out=np.zeros_like(rho), where=curvature > 0)
        x, r = x + step * p, r - step * Ap
        if _small(r, x, size, top + eta):
            r = right - (_product(kernel, z, x) + eta * x)  # the recurrence drifts: the true one
            if _small(r, x, size, top + eta):
                return x
            p = np.zeros_like(p)
        y, before = _preconditioned(U, shrink, r), rho
        rho = np.einsum("ni,ni->i", r, y)
        p = y + np.divide(rho, before, out=np.zeros_like(rho), where=before > 0) * p
    return None


def _small(r, x, size, norm):
    return (
        np.linalg.norm(r, axis=0) <= _BACKWARD * (norm * np.linalg.norm(x, axis=0) + size)
    ).all()


def _preconditioned(U, shrink, r):
    return r - U @ (shrink[:, None] * (U.T @ r))


def _preconditioner(kernel, z, eta):
    """U (n, r), (s − s_r)/(s + η), and the largest eigenvalue of K, about."""
    from scipy.spatial.distance import cdist

    rows = np.unique(np.linspace(0, len(z) - 1, _COLUMNS).astype(int))
    C = cdist(z, z[rows], "sqeuclidean")
    for block in _blocks(len(z), len(rows)):
        C[block] = kernel(C[block])
    values, vectors = np.linalg.eigh(C[rows])
    kept = values > 1e-12 * values[-1]
    F = C @ (vectors[:, kept] / np.sqrt(values[kept]))  # F Fᵀ is K seen through the columns
    s, vectors = np.linalg.eigh(F.T @ F)
    kept = s > 1e-10 * s[-1]
    s = s[kept]
    U = F @ (vectors[:, kept] / np.sqrt(s))
    return U, (s - s[0]) / (s + eta), s[-1]


def _product(kernel, z, v):
    """K v, (n, d)."""
    from scipy.spatial.distance import cdist

    out = np.zeros_like(v)
    start = 0
    while start < len(z):
        size = max(1, _ENTRIES // (len(z) - start))
        k = kernel(cdist(z[start : start + size], z[start:], "sqeuclidean"))
        out[start : start + size] += k @ v[start:]
        out[start + size :] += k[:, size:].T @ v[start : start + size]
        start += size
    return out


def _blocks(n, width):
    size = max(1, _ENTRIES // width)
    return [slice(i, i + size) for i in range(0, n, size)]

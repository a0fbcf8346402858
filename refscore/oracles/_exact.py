"""Exact rational linear algebra on floats, and extended-precision eigenvalues.

A float is an integer times a power of two, so a covariance with floating-point entries has an
exact rational inverse. Fraction-free elimination finds it; rounding happens once, at the end.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

extended = np.longdouble
LOG_2 = np.log(extended(2))
PI = extended(3.141592653589793116) + extended(1.2246467991473531772e-16)
LOG_2PI = np.log(2 * PI)


def integers(a):
    """Exact integers: a = n 2^-e.

    a: array of finite float64 or longdouble. Returns (object array of int, e)."""
    a = np.asarray(a, dtype=extended)
    if not np.all(np.isfinite(a)):
        raise ValueError("exact arithmetic needs finite numbers")
    rest, exponent = np.frexp(a)
    pieces = []
    for _ in range(3):  # 144 bits hold every extended format's mantissa
        rest = np.ldexp(rest, 48)
        pieces.append(np.floor(rest).ravel())
        rest = rest - np.floor(rest)
    e = int(144 - exponent[a != 0].min()) if np.any(a != 0) else 0
    shifts = np.where(a != 0, exponent, 144 - e).ravel() - 144 + e
    out = [
        ((((int(h) << 48) + int(m)) << 48) + int(r)) << int(s)
        for h, m, r, s in zip(*pieces, shifts)
    ]
    result = np.empty(a.size, dtype=object)
    result[:] = out
    return result.reshape(a.shape), e


def ratio(numerator, denominator, shift=0):
    """n 2^shift / m correctly rounded to extended precision, for an array of integers n."""
    numerator = np.asarray(numerator, dtype=object)
    denominator = int(denominator)
    flip, m = (-1, -denominator) if denominator < 0 else (1, denominator)
    parts = np.zeros((3, numerator.size))
    for i, n in enumerate(numerator.ravel()):
        size = abs(n)
        if size:
            k = 66 + m.bit_length() - size.bit_length()
            q = (size << k) // m if k >= 0 else size // (m << -k)
            sign = flip if n > 0 else -flip
            parts[:, i] = sign * (q >> 33), sign * (q & ((1 << 33) - 1)), shift - k
    high, low = parts[:2].astype(extended)
    with np.errstate(over="ignore", under="ignore"):
        value = np.ldexp(np.ldexp(high, 33) + low, parts[2].astype(np.int64))
    return value.reshape(numerator.shape)


def adjugate(matrix):
    """(adj T, det T) of a square integer matrix by fraction-free Gauss-Jordan elimination.

    Cost O(d^3) operations on integers of d times the entries' bits: 10 ms at d = 10, 10 s at
    d = 50; the last few results are kept."""
    adj, det = _adjugate(tuple(map(tuple, matrix)))
    return adj.copy(), det


@lru_cache(maxsize=64)
def _adjugate(rows):
    d = len(rows)
    work = np.empty((d, 2 * d), dtype=object)
    work[:, :d], work[:, d:] = np.array(rows, dtype=object), 0
    for i in range(d):
        work[i, d + i] = 1
    previous, sign = 1, 1
    for i in range(d):
        pivot_row = next((r for r in range(i, d) if work[r, i] != 0), None)
        if pivot_row is None:
            raise ValueError("matrix is exactly singular")
        if pivot_row != i:
            work[[i, pivot_row]], sign = work[[pivot_row, i]], -sign
        pivot, row = work[i, i], work[i].copy()
        for r in range(d):
            if r != i:
                work[r] = (pivot * work[r] - work[r, i] * row) // previous
        previous = pivot
    return sign * work[:, d:], sign * previous


def log_integer(n, shift=0):
    """log(n 2^shift) of a positive integer."""
    if n <= 0:
        raise ValueError("covariance must be positive definite (its determinant is not positive)")
    bits = n.bit_length()
    mantissa = ratio(np.array([n], dtype=object), 1, -bits)[0]
    return np.log(mantissa) + (bits + shift) * LOG_2


def inverse(matrix):
    """(inverse, log determinant): the exact rationals rounded to extended precision.

    Cost O(d^3) big-integer operations."""
    n, e = integers(matrix)
    adj, det = adjugate(n)
    log_det = log_integer(det, -e * len(n)) if det > 0 else extended("nan")
    return ratio(adj, det, e), log_det


def eigh(matrix, sweeps=30):
    """Eigenvalues and eigenvectors (columns) of a symmetric matrix in extended precision.

    LAPACK's vectors, made orthonormal in extended precision, then cyclic Jacobi rotations."""
    a = np.asarray(matrix, dtype=extended)
    a = (a + a.T) / 2
    d = len(a)
    vectors = np.linalg.eigh(a.astype(float))[1].astype(extended)
    for _ in range(2):  # Newton-Schulz: V <- V (3 I - V^T V) / 2
        vectors = vectors @ (3 * np.eye(d) - vectors.T @ vectors) / 2
    t = vectors.T @ a @ vectors
    for _ in range(sweeps):
        off = np.sqrt(np.sum(np.square(t - np.diag(np.diag(t)))))
        if off <= 8 * np.finfo(extended).eps * np.sqrt(np.sum(t * t)) / max(d, 1):
            break
        _jacobi_sweep(t, vectors)
    return np.diag(t).copy(), vectors


def _jacobi_sweep(t, vectors):
    for i in range(len(t)):
        for j in range(i + 1, len(t)):
            if t[i, j] == 0:
                continue
            theta = (t[j, j] - t[i, i]) / (2 * t[i, j])
            tangent = (1 if theta >= 0 else -1) / (abs(theta) + np.sqrt(theta * theta + 1))
            c = 1 / np.sqrt(tangent * tangent + 1)
            turn = np.array([[c, tangent * c], [-tangent * c, c]], dtype=extended)
            t[:, [i, j]] = t[:, [i, j]] @ turn
            t[[i, j]] = turn.T @ t[[i, j]]
            vectors[:, [i, j]] = vectors[:, [i, j]] @ turn


def log_gamma_ratio(z, a):
    """log Gamma(z + a) - log Gamma(z) for z > 0, a >= 0 without cancellation at large z."""
    z, a = extended(z), extended(a)
    shift = extended(0)
    while z < 30:
        shift -= np.log1p(a / z)
        z = z + 1
    top = z + a
    stirling = (z - extended(0.5)) * np.log1p(a / z) + a * np.log(top) - a
    return shift + stirling + _stirling_tail(top) - _stirling_tail(z)


def log_gamma(z):
    """log Gamma(z), z > 0: recurrence up to z >= 30, then Stirling's series."""
    z = extended(z)
    shift = extended(0)
    while z < 30:
        shift -= np.log(z)
        z = z + 1
    return shift + (z - extended(0.5)) * np.log(z) - z + LOG_2PI / 2 + _stirling_tail(z)


def _stirling_tail(z):
    bernoulli = [(1, 12), (-1, 360), (1, 1260), (-1, 1680), (1, 1188), (-691, 360360), (1, 156)]
    return sum(extended(p) / q / z ** (2 * i + 1) for i, (p, q) in enumerate(bernoulli))


def as_float(a):
    """Rounded to float64, with overflow to infinity and underflow to zero unremarked."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.asarray(a).astype(np.float64)[()]

"""What vector quantisers must give: exact rational arithmetic, rotations by their generator.

Distances, losses, moving averages and Lloyd's steps are computed in fractions, so that ties are
ties; gradients of quadratic losses are differences of fractions, exact at any step.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from ._memory import remembered


def _exact(array):
    return [[Fraction(float(entry)) for entry in row] for row in np.asarray(array, dtype=float)]


def _square(a, b):
    return sum((u - v) ** 2 for u, v in zip(a, b))


def _nearest(x, codebook):
    """Of every row the code of the least distance, the lowest of several; all in fractions."""
    return [
        min(range(len(codebook)), key=lambda k, row=row: _square(row, codebook[k])) for row in x
    ]


def _floats(rows):
    return np.array([[float(entry) for entry in row] for row in rows])


@remembered
def nearest(x, codebook):
    """The codes (n,) and the rows they name (n, d)."""
    codes = _nearest(_exact(x), _exact(codebook))
    return np.array(codes), np.asarray(codebook, dtype=float)[codes]


@remembered
def losses(x, codebook):
    """Squared distances to the nearest code, (n,)."""
    x, codebook = _exact(x), _exact(codebook)
    codes = _nearest(x, codebook)
    return np.array([float(_square(row, codebook[k])) for row, k in zip(x, codes)])


def _slope(f, rows, i, j):
    """The derivative of a quadratic f in entry (i, j), exact."""

    def at(step):
        return f([*rows[:i], [*rows[i][:j], rows[i][j] + step, *rows[i][j + 1 :]], *rows[i + 1 :]])

    return (at(1) - at(-1)) / 2


def _gradient(f, rows):
    return _floats([[_slope(f, rows, i, j) for j in range(len(rows[0]))] for i in range(len(rows))])


@remembered
def point_gradient(x, codebook, beta):
    """The gradient in x of beta times the mean squared distance to the codes chosen, held."""
    x, codebook = _exact(x), _exact(codebook)
    codes, beta = _nearest(x, codebook), Fraction(float(beta))
    parts = [
        _gradient(lambda rows, k=k: beta * _square(rows[0], codebook[k]) / len(x), [row])
        for row, k in zip(x, codes)
    ]
    return np.concatenate(parts)


@remembered
def codebook_gradient(x, codebook):
    """The gradient in the codebook of the mean squared distance of points, held, to their codes."""
    x, codebook = _exact(x), _exact(codebook)
    codes = _nearest(x, codebook)
    return _gradient(
        lambda book: sum(_square(row, book[k]) for row, k in zip(x, codes)) / len(x), codebook
    )


@remembered
def rotation_gradient(x, codebook, cotangent):
    """s R^T a, row by row, R the matrix exponential of the plane's generator."""
    from scipy.linalg import expm

    out = []
    for row, value, a in zip(np.asarray(x), nearest(x, codebook)[1], np.asarray(cotangent)):
        size, length = math.hypot(*row), math.hypot(*value)
        one, two = row / size, value / length
        cosine = float(one @ two)
        across = two - cosine * one
        across = across / math.hypot(*across)
        angle = math.atan2(float(across @ two), cosine)
        turn = expm(angle * (np.outer(across, one) - np.outer(one, across)))
        out.append(length / size * turn.T @ a)
    return np.array(out)


def _grouped(x, codebook):
    """Numbers and sums of the points by code, in fractions."""
    counts = [Fraction(0)] * len(codebook)
    sums = [[Fraction(0)] * len(codebook[0]) for _ in codebook]
    for row, k in zip(x, _nearest(x, codebook)):
        counts[k] += 1
        sums[k] = [s + entry for s, entry in zip(sums[k], row)]
    return counts, sums


@remembered
def updated(x, codebook, counts, sums, decay, epsilon):
    """(codebook, counts, sums) after one moving-average update."""
    n, total = _grouped(_exact(x), _exact(codebook))
    g, e = Fraction(float(decay)), Fraction(float(epsilon))
    counts = [g * Fraction(float(c)) + (1 - g) * m for c, m in zip(counts, n)]
    sums = [[g * s + (1 - g) * t for s, t in zip(*rows)] for rows in zip(_exact(sums), total)]
    whole = sum(counts)
    smooth = [(c + e) / (whole + len(counts) * e) * whole for c in counts]
    codes = [[s / m for s in row] for row, m in zip(sums, smooth)]
    return _floats(codes), np.array([float(c) for c in counts]), _floats(sums)


@remembered
def settled(x, codebook, counts, sums, decay, epsilon, steps):
    """The same after `steps` updates in which no point changes its code: averages forget their
    start as decay^steps."""
    n, total = _grouped(_exact(x), _exact(codebook))
    g = Fraction(float(decay)) ** int(steps)
    kept = [Fraction(float(c)) for c in counts]
    counts = [g * c + (1 - g) * m for c, m in zip(kept, n)]
    sums = [[g * s + (1 - g) * t for s, t in zip(*rows)] for rows in zip(_exact(sums), total)]
    e, whole = Fraction(float(epsilon)), sum(counts)
    smooth = [(c + e) / (whole + len(counts) * e) * whole for c in counts]
    codes = [[s / m for s in row] for row, m in zip(sums, smooth)]
    return _floats(codes), np.array([float(c) for c in counts]), _floats(sums)


def replaced(x, codebook, counts, sums, threshold, rows):
    """(codebook, counts, sums) with codes of few points replaced by the rows of x listed."""
    codebook, counts, sums = (np.array(a, dtype=float).tolist() for a in (codebook, counts, sums))
    left = [int(row) for row in rows]
    for k, count in enumerate(counts):
        if count < threshold and left:
            codebook[k] = np.asarray(x)[left.pop(0)].tolist()
            counts[k], sums[k] = threshold, [threshold * entry for entry in codebook[k]]
    return np.array(codebook), np.array(counts), np.array(sums)


@remembered
def lloyd(x, codebook):
    """Means of the points by code, (K, d); a code without points stays."""
    book = _exact(codebook)
    counts, sums = _grouped(_exact(x), book)
    return _floats([[s / n for s in row] if n else old for row, n, old in zip(sums, counts, book)])


def mean_error(x, codebook):
    """The mean squared distance to the nearest code."""
    return float(np.mean(losses(x, codebook)))


def perplexity(codes, n_codes):
    """The geometric mean of 1/p over the points, p the frequency of a point's code."""
    codes = [int(code) for code in codes]
    assert max(codes) < n_codes
    return math.prod((len(codes) / codes.count(code)) ** (1 / len(codes)) for code in codes)

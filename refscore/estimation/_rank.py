"""Whether data determine an estimate; if not, which of their columns or features do not."""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float

SINGULAR = 1e-11  # smallest eigenvalue of a Gram matrix with a unit diagonal: collinear to 3e-6


def listed(names) -> str:
    """'a', 'a and b', 'a, b and c'; no more than four."""
    names = [str(name) for name in names]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def spread(x: np.ndarray, name: str):
    """Mean (d,) and standard deviation (d,) with 1/n of points (n, d) that span R^d.

    Raises ValueError for constant or collinear columns, or too few points.
    """
    n, d = x.shape
    if n <= d:
        raise ValueError(
            f"{name} must hold more points than coordinates, got {_count(n)} in {d} dimensions"
        )
    with beyond_float():
        mean = x.mean(axis=0)
        centred = x - mean
        sd = np.sqrt((centred**2).mean(axis=0))
    if not np.isfinite(sd).all():
        raise ValueError(f"the variance of {name} overflows: rescale {name}")
    constant = np.flatnonzero(sd <= 1e-13 * np.abs(x).max(axis=0))
    if constant.size:
        one = constant.size == 1
        raise ValueError(
            f"column{'' if one else 's'} {listed(constant)} of {name} {'is' if one else 'are'}"
            " constant: the data span no neighbourhood, and the score has no minimiser"
        )
    u = centred / sd
    members = dependent(u.T @ u / n)
    if members:
        raise ValueError(
            f"columns {listed(m for m in members[0])} of {name} are collinear: the covariance is"
            " singular"
        )
    return mean, sd


def dependent(correlation: np.ndarray) -> list[list[int]]:
    """For every null direction of a matrix with unit diagonal, the indices that take part."""
    values, vectors = np.linalg.eigh(correlation)
    null = vectors[:, values <= SINGULAR]
    if null.shape[1] > 1:  # a basis whose vectors have few members
        null = _sparse_basis(null)
    return [list(np.flatnonzero(np.abs(v) > 1e-3 * np.abs(v).max())) for v in null.T]


def _sparse_basis(null):
    from scipy.linalg import qr

    _, _, order = qr(null.T, pivoting=True)
    first = order[: null.shape[1]]
    return null @ np.linalg.inv(null[first])


def solve_symmetric(G: np.ndarray, names: list[str], n: int):
    """A function b ↦ G⁻¹ b for a Gram matrix that is not singular.

    Raises ValueError which says which features vanish or are collinear.
    """
    from scipy.linalg import cho_factor, cho_solve

    size = np.sqrt(np.diagonal(G).clip(0))
    zero = np.flatnonzero(size == 0)
    if zero.size:
        each = listed(names[j] for j in zero)
        raise ValueError(f"the Gram matrix is singular: {each} vanish at all {_count(n)} of x")
    members = dependent((G / size) / size[:, None])
    if members:
        told = "; ".join(f"{listed(names[j] for j in m)} are collinear" for m in members[:3])
        rank = len(G) - len(members)
        raise ValueError(
            f"the Gram matrix of {len(G)} parameters has rank {rank} on {_count(n)}: {told}"
        )
    factor = cho_factor((G / size) / size[:, None])

    def solve(b):
        with beyond_float():
            scaled = (b.T / size).T
            if not np.isfinite(scaled).all():
                raise ValueError("the estimate is beyond the range of floats: rescale x")
            return cho_solve(factor, scaled) / (size if b.ndim == 1 else size[:, None])

    return solve


def _count(n: int) -> str:
    return f"{n} point{'' if n == 1 else 's'}"

"""Radial kernels k(x, z) = φ(‖x − z‖²/h²), and the sums over centres that estimators need."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_positive
from refscore.estimation._rank import spread
from refscore.fields import Field

_ENTRIES = 1 << 20  # entries of one block of kernel values, 8 MB


class Kernel(NamedTuple):
    """φ and its first two derivatives in q = ‖x − z‖²/h², as functions of an array.

    Tested in: tests/estimation/test_kernels.py, as `KERNELS`
    """

    value: Callable
    first: Callable
    second: Callable


KERNELS = {
    "rbf": Kernel(
        lambda q: np.exp(-q / 2), lambda q: -np.exp(-q / 2) / 2, lambda q: np.exp(-q / 2) / 4
    ),
    "imq": Kernel(
        lambda q: (1 + q) ** -0.5,
        lambda q: -((1 + q) ** -1.5) / 2,
        lambda q: 0.75 * (1 + q) ** -2.5,
    ),
}


def as_kernel(name) -> Kernel:
    """The kernel of a name: "rbf" exp(−q/2) or "imq" (1 + q)^(−½)."""
    if not isinstance(name, str) or name not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, got {name!r}")
    return KERNELS[name]


def as_sample(value, name: str, *, at_least: int = 2) -> np.ndarray:
    """Points (n, d), n ≥ `at_least`."""
    x = as_array(value, name, (None, None))
    if len(x) < at_least or x.shape[1] == 0:
        plural = "point" if at_least == 1 else "points"
        raise ValueError(
            f"{name} must have shape (n, d) with at least {at_least} {plural}, got {x.shape}"
        )
    return x


def as_spread_sample(value, name: str) -> np.ndarray:
    """At least two points (n, d) whose columns vary and, if n > d, are not collinear."""
    x = as_sample(value, name)
    constant = np.flatnonzero((x == x[0]).all(axis=0))
    if len(constant):
        raise ValueError(
            f"{name} must vary in every coordinate: column {constant[0]} is"
            f" {float(x[0, constant[0]])!r} in all {len(x)} rows, so there is no density and no"
            " score"
        )
    if len(x) > x.shape[1]:
        spread(x / np.abs(x).max(axis=0), name)  # squares of tiny numbers vanish
    return x


class Centres:
    """Points z_j (m, d) that kernels sit on, in units of h, away from their mean.

    Everything is computed from u = (x − z_j)/h and q = ‖u‖², a block of points at a time:
    n points against m centres never take more than about 8 MB an array.
    """

    def __init__(self, points: np.ndarray, bandwidth, kernel):
        self.h, self.kernel = as_positive(bandwidth, "bandwidth"), as_kernel(kernel)
        if not 1e-150 < self.h < 1e150:
            raise ValueError(f"bandwidth must lie between 1e-150 and 1e150, got {self.h:g}")
        with np.errstate(all="ignore"):
            self.origin = points.mean(axis=0)
        self.z = self.scaled(points)
        if not np.abs(self.z).max() < 1e150:
            raise ValueError(
                f"bandwidth must be above 1e-150 of the distances between points, got {self.h:g}"
            )

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """The points (x − mean of the centres)/h, (n, d)."""
        with np.errstate(all="ignore"):
            return (x - self.origin) / self.h

    def blocks(self, n: int, wide: int = 1):
        """Slices of n points for arrays of `wide` numbers a point and centre."""
        rows = max(1, _ENTRIES // (len(self.z) * wide))
        return [slice(i, i + rows) for i in range(0, n, rows)]

    def squares(self, u: np.ndarray) -> np.ndarray:
        """q of scaled points (n, d) and every centre, (n, m), by differences; at most 1e300."""
        from scipy.spatial.distance import cdist

        q = cdist(u, self.z, "sqeuclidean")
        return np.minimum(q, 1e300, out=q)

    def matrix(self) -> np.ndarray:
        """The kernel between all centres, (m, m), its values made a block at a time."""
        K = np.empty((len(self.z), len(self.z)))
        for b in self.blocks(len(self.z)):
            K[b] = self.kernel.value(self.squares(self.z[b]))
        return K

    def pull(self, weights: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Σ_j w_j (u − z_j): weights (n, m) and scaled points (n, d) to (n, d)."""
        return weights.sum(axis=1, keepdims=True) * u - weights @ self.z

    def along(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """(u − z_j)·v of points and vectors (n, d), (n, m)."""
        return np.einsum("ni,ni->n", u, v)[:, None] - v @ self.z.T

    def gradient_sum(self, u: np.ndarray) -> np.ndarray:
        """Σ_j ∂k(x, z_j)/∂z_j = −(2/h) Σ_j φ′(q_j)(u − z_j) of scaled points (n, d), (n, d)."""
        parts = [
            self.pull(self.kernel.first(self.squares(u[b])), u[b]) for b in self.blocks(len(u))
        ]
        return (-2 / self.h) * np.concatenate([np.empty((0, u.shape[1])), *parts])


class KernelField(Field):
    """A field that is a sum over centres; subclasses write `_sum_NAME` for a block of points."""

    def __init__(self, centres: Centres):
        super().__init__(centres.z.shape[1])
        self._centres = centres

    def _summed(self, function, shape: tuple, x, *more):
        """Fill (n, *shape) from function(scaled block, *blocks of more)."""
        u, out = self._centres.scaled(x), np.empty((len(x), *shape))
        for b in self._centres.blocks(len(x)):
            out[b] = function(u[b], *(a[b] for a in more))
        return out


def solve_positive(matrix: np.ndarray, right: np.ndarray, complaint: Callable[[], str] | None):
    """The solution of a positive definite system; `matrix` may be overwritten.

    Where it is singular to rounding: ValueError(complaint()), or without a complaint the
    solution of least norm, for systems known to have one. Cost: n³/3, or about 10 n³.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    diagonal, final = matrix.diagonal().copy(), complaint is not None
    try:
        # its transpose is it, and the layout that LAPACK can factor in place
        factor = cho_factor(matrix.T, lower=True, overwrite_a=final, check_finite=False)
        pivots = factor[0].diagonal() ** 2
        if (pivots >= 4 * len(diagonal) * np.finfo(float).eps * diagonal).all():
            return cho_solve(factor, right, check_finite=False)
    except LinAlgError:
        pass
    if complaint is not None:
        raise ValueError(complaint())
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 4 * len(diagonal) * np.finfo(float).eps * values[-1]
    vectors = vectors[:, kept]
    return vectors @ ((vectors.T @ right) / values[kept])

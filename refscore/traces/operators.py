"""A square matrix known by its products with vectors, every product counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refscore._arguments import as_count, as_numbers, beyond_float, require_finite


class Estimate(NamedTuple):
    """An estimate, its standard error (nan from a single probe), and the products it took."""

    estimate: Any
    standard_error: Any
    n_products: int


class Operator:
    """A matrix A (d, d) as the map V -> V Aᵀ on rows of vectors, counting its products.

    Arguments: apply, (m, d) -> (m, d), rowwise A v; dim, d.
    """

    def __init__(self, apply: Callable, dim: int, *, diagonal: np.ndarray | None = None):
        self._apply = apply
        self.dim = as_count(dim, "dim")
        self.n_products = 0
        self.known_diagonal = diagonal

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """V Aᵀ for rows V (m, d): m products."""
        with beyond_float():
            products = np.asarray(self._apply(vectors))
        if products.shape != vectors.shape:
            raise ValueError(
                f"A v must have the shape of v, {vectors.shape[1:]}, got {products.shape[1:]}"
            )
        self.n_products += len(vectors)
        return _finite(products, "A v")


def as_operator(A, dim: int | None = None) -> Operator:
    """An `Operator` of an array (d, d), a scipy sparse matrix or LinearOperator, an Operator
    or a function.

    A function takes one vector (d,) and returns A v (d,); it needs `dim`. Counting starts
    anew each time. Raises: ValueError for a matrix that is not square or not finite, for a
    `dim` that contradicts it; TypeError for anything else.
    """
    if isinstance(A, Operator):
        operator = Operator(A, A.dim, diagonal=A.known_diagonal)
    elif hasattr(A, "matmat") and hasattr(A, "shape"):
        _require_square(A.shape)
        operator = Operator(lambda v: np.asarray(A.matmat(v.T)).T, A.shape[0])
    elif hasattr(A, "tocsr"):
        _require_square(A.shape)
        operator = Operator(lambda v: (A @ v.T).T, A.shape[0], diagonal=A.diagonal())
    elif callable(A):
        if dim is None:
            raise ValueError("dim must be given when A is a function of one vector")
        operator = Operator(lambda rows: _each(A, rows), dim)
    else:
        matrix = as_matrix(A)
        operator = Operator(lambda v: v @ matrix.T, len(matrix), diagonal=np.diag(matrix))
    if dim is not None and as_count(dim, "dim") != operator.dim:
        raise ValueError(f"dim must be {operator.dim}, the dimension of A, got {dim}")
    return operator


def as_matrix(A, name: str = "A") -> np.ndarray:
    """A finite square matrix, float64 or complex128."""
    matrix = as_numbers(A, name)
    _require_square(matrix.shape, name)
    return _finite(matrix, name)


def _finite(array: np.ndarray, name: str) -> np.ndarray:
    require_finite(array.real, name)
    if np.iscomplexobj(array):
        require_finite(array.imag, name)
    return array


def _require_square(shape, name: str = "A") -> None:
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"{name} must be a square matrix (d, d), got shape {tuple(shape)}")


def _each(function: Callable, rows: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(function(row.copy())) for row in rows])

"""Vector quantisation: the nearest code, losses of codebook and commitment, gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_like,
    as_points,
    as_positive,
    as_real,
    beyond_float,
    require_finite,
)
from refscore.discrete._grouped import counts_and_sums
from refscore.discrete._logits import BLOCK
from refscore.discrete._nearest import nearest


class Quantised(NamedTuple):
    """Codes (...,), whole numbers, and the rows of the codebook they name, (..., d).

    Tested in: tests/discrete/test_quantisation.py
    """

    codes: np.ndarray
    values: np.ndarray


class QuantisationLosses(NamedTuple):
    """One loss a point, (...,): what pulls the codes, and what pulls the points.

    Tested in: tests/discrete/test_quantisation.py
    """

    codebook: np.ndarray
    commitment: np.ndarray


class QuantisationGradients(NamedTuple):
    """Gradients in the points (..., d) and in the codebook (K, d).

    Tested in: tests/discrete/test_quantisation.py
    """

    points: np.ndarray
    codebook: np.ndarray


def quantise(z, codebook) -> Quantised:
    """The nearest code of every point.

        k(z) = argmin_k ‖z − c_k‖,   z_q = c_{k(z)}

    Ties: the lowest index, where the float64 sums of squared differences are equal. The answer
    is that of differences of all pairs, also where points are far from the origin or codes close
    together, and a row's does not depend on the others.
    Arguments: z (..., d), codebook (K, d), K ≥ 1, both finite.
    Returns: codes (...,), int64, and values (..., d), rows of the codebook; float32 codes stay
    float32, all others are float64.
    Raises: ValueError naming the argument; TypeError for what is no array of real numbers.
    Cost: that of `nearest_codes`, and the values.
    Source: van den Oord, Vinyals and Kavukcuoglu, Neural discrete representation learning (2017).
    Checked by: nearest_code, lowest_code_of_ties, nearest_code_is_where_it_is
    """
    codes = nearest_codes(z, codebook)
    return Quantised(codes, as_pair(z, codebook)[1][codes])


def nearest_codes(z, codebook) -> np.ndarray:
    """The nearest code of every point, (...,), int64: `quantise` without the values.

        k(z) = argmin_k ‖z − c_k‖

    Arguments, ties and errors: as of `quantise`; float32 arrays are read as they are, and judged
    in double precision.
    Cost: one product of matrices, 2 n K d operations in single precision, and differences for
    the codes whose order that leaves open; some 8 MB beside the arguments and the codes (16 rows
    of numbers where K or d > 33,000) and five copies of the codebook. Where many codes are as near
    as rounding can tell, their differences too, K d numbers for a block of points.
    Source: definition.
    Checked by: nearest_code
    """
    z, codebook = as_pair(z, codebook)
    return nearest(z.reshape(-1, z.shape[-1]), codebook).reshape(z.shape[:-1])


def vq_losses(z, codebook) -> QuantisationLosses:
    """The two losses of vector quantisation, without their weight.

        codebook  ‖sg(z) − c_k‖²   moves the codes,
        commitment  ‖z − sg(c_k)‖²   moves the points; sg: no gradient

    Their values are one number; what they differ in is `vq_gradients`. The objective is
    codebook + β commitment: β stands on the one that moves the points.
    Arguments: z (..., d), codebook (K, d). Returns: two arrays (...,).
    Raises: as `quantise`. Cost: that of `nearest_codes`, and O(n d), in blocks of 256 kB.
    Source: van den Oord, Vinyals and Kavukcuoglu (2017).
    Checked by: codebook_loss_is_distance, commitment_loss_is_distance
    """
    z, codebook = as_pair(z, codebook)
    squares = np.empty(z.shape[:-1])
    for rows, apart in gaps(z, codebook, nearest_codes(z, codebook)):
        with beyond_float():
            squares.reshape(-1)[rows] = np.einsum("nd,nd->n", apart, apart)
    return QuantisationLosses(squares[()], squares.copy()[()])


def vq_gradients(z, codebook, beta: float = 0.25) -> QuantisationGradients:
    """Gradients of the mean over points of ‖sg(z) − c_k‖² + β ‖z − sg(c_k)‖².

        in z_i: 2β (z_i − c_k)/n,   in c_k: 2 Σ_{i: k(z_i) = k} (c_k − z_i)/n

    Codes without points have gradient zero. Without sg both would have the factor 1 + β.
    Arguments: z (..., d), at least one point; codebook (K, d); β ≥ 0.
    Returns: points (..., d) and codebook (K, d). Raises: as `quantise`.
    Cost: that of `nearest_codes`, and O(n d), in blocks of 2 MB beside what is returned.
    Source: van den Oord, Vinyals and Kavukcuoglu (2017).
    Checked by: commitment_moves_points, codebook_loss_moves_codes
    """
    z, codebook = as_pair(z, codebook)
    beta = as_positive(beta, "beta", zero=True)
    n = as_some(z)
    codes, points = nearest_codes(z, codebook), np.empty(z.shape)
    flat = points.reshape(-1, z.shape[-1])
    for rows, apart in gaps(z, codebook, codes):
        flat[rows] = apart
    sums = counts_and_sums(flat, codes.ravel(), len(codebook))[1]
    with beyond_float():
        points *= 2 * beta / n
        return QuantisationGradients(points, (-2 / n) * sums)


def vq_straight_through_gradient(z, codebook, cotangent) -> np.ndarray:
    """What straight-through quantisation passes to z: z + sg(z_q − z) has the value z_q, and

        d/dz Σ a·(z + sg(z_q − z)) = a

    whatever the codes; the codebook gets nothing from it. The derivative of z_q itself is zero
    almost everywhere, so this is biased: the derivative of another function.
    Arguments: z (..., d), codebook (K, d), cotangent a of z's shape. Returns: (..., d).
    Raises: as `quantise`. Cost: O(n d); no code is looked for.
    Source: Bengio, Léonard and Courville 2013; van den Oord et al. 2017.
    Checked by: straight_through_passes
    """
    z, codebook = as_pair(z, codebook)
    return as_like(cotangent, "cotangent", z, "z").copy()


def vq_rotation_gradient(z, codebook, cotangent) -> np.ndarray:
    """What the rotation trick passes to z: z_q = λRz, its length λ and rotation R held.

        a ↦ λ Rᵀa,   λ = ‖z_q‖/‖z‖,   R = I − 2 r rᵀ + 2 û ẑᵀ

    with ẑ and û the directions of z and z_q, r that of ẑ + û. R turns ẑ to û in their plane;
    what turns them into each other changes no angle between gradient and code. It is taken as
    ẑ ↦ cẑ + sw, w ↦ cw − sẑ, with w the direction of û across ẑ, so that |λRᵀa| = λ|a| to
    rounding at every angle. Where û = −ẑ to rounding the plane is not defined and R is taken as
    −1 along ẑ, 1 across; where z or z_q is zero there is no direction and a goes through as it
    is (`vq_straight_through_gradient`).
    Arguments: z (..., d), codebook (K, d), cotangent a of z's shape. Returns: (..., d).
    Raises: as `quantise`. Cost: that of `nearest_codes`, and O(n d), in blocks of 256 kB.
    Source: Fifty et al., Restructuring vector quantization with the rotation trick (2024).
    Checked by: rotation_trick
    """
    z, codebook = as_pair(z, codebook)
    a = as_like(cotangent, "cotangent", z, "z")
    codes, passed = nearest_codes(z, codebook), np.empty(z.shape)
    flat, out = z.reshape(-1, z.shape[-1]), passed.reshape(-1, z.shape[-1])
    given, book = a.reshape(out.shape), np.asarray(codebook, dtype=np.float64)
    for rows in blocks(out):
        point = np.asarray(flat[rows], dtype=np.float64)
        out[rows] = _turned_back(point, book[codes.reshape(-1)[rows]], given[rows])
    return passed


_NO_PLANE = 8 * np.finfo(np.float64).eps  # sine of an angle that rounding alone may leave


def _turned_back(z, code, a):
    """λ Rᵀa of rows; the rotation in the plane of ẑ and w by its cosine c and sine s."""
    root, along = directions(z)
    root_of_code, towards = directions(code)
    c = _dots(along, towards)
    w = towards - c * along
    rest = _dots(along, w)
    root_of_s, w = directions(w - rest * along)
    s, c = root_of_s**2, c + rest
    w = directions(w - _dots(along, w) * along)[1]
    w[(s < _NO_PLANE)[:, 0]] = 0.0
    first, second = _dots(along, a), _dots(w, a)
    with np.errstate(all="ignore"):
        c, s = c / np.hypot(c, s), s / np.hypot(c, s)
        turned = a + along * ((c - 1) * first + s * second) + w * ((c - 1) * second - s * first)
        turned = turned * (root_of_code / root) * (root_of_code / root)  # λ may be no float
    return np.where((root == 0) | (root_of_code == 0), a, turned)


def _dots(x, y):
    return np.einsum("nd,nd->n", x, y)[:, None]


def directions(x: np.ndarray):
    """Roots of the lengths (..., 1), floats for every vector, and unit vectors; zeros for zero."""
    with np.errstate(all="ignore"):
        largest = np.abs(x).max(-1, keepdims=True)
        scaled = np.where(largest > 0, x / largest, 0.0)
        norm = np.sqrt((scaled**2).sum(-1, keepdims=True))
        return np.sqrt(largest) * np.sqrt(norm), np.where(norm > 0, scaled / norm, 0.0)


def blocks(flat: np.ndarray):
    """Slices of rows (n, d), 256 kB of float64 each."""
    step = max(1, BLOCK // flat.shape[1])
    return (slice(i, i + step) for i in range(0, len(flat), step))


def as_pair(z, codebook) -> tuple[np.ndarray, np.ndarray]:
    """Points (..., d) and codes (K, d); float32 arrays stay what they are."""
    book = as_rows(codebook, "codebook")
    if book.ndim != 2 or len(book) == 0:
        raise ValueError(
            f"codebook must have shape (K, d) with K >= 1 codes, got shape {book.shape}"
        )
    if book.shape[1] == 0:
        raise ValueError(f"codebook must have at least one coordinate, got shape {book.shape}")
    return as_rows(z, "z", book.shape[1]), book


def as_rows(value, name: str, dim: int | None = None) -> np.ndarray:
    """Points, in float64 unless they are a float32 array."""
    if not (type(value) is np.ndarray and value.dtype == np.float32 and value.ndim):
        return as_points(value, name, dim)
    if dim is not None and value.shape[-1] != dim:
        raise ValueError(f"{name} must have shape (..., {dim}), got shape {value.shape}")
    return require_finite(value, name)


def as_some(z: np.ndarray) -> int:
    """How many points there are, at least one."""
    n = z.size // z.shape[-1]
    if n == 0:
        raise ValueError(f"z must hold at least one point, got shape {z.shape}")
    return n


def as_codes(codes, n_codes: int, name: str = "codes") -> np.ndarray:
    """Whole numbers from 0 to n_codes − 1, any shape, not empty."""
    array = as_real(codes, name)
    if np.asarray(codes).dtype.kind == "b":
        raise TypeError(f"{name} must be whole numbers, got booleans")
    if (array != np.floor(array)).any():
        raise ValueError(f"{name} must be whole numbers")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one number, got none")
    least, most = (end(codes).item() for end in (np.min, np.max))  # 2⁵³ + 1 is no float64
    if not (least >= 0 and most < n_codes):
        raise ValueError(f"{name} must lie between 0 and {n_codes - 1}, got {least} to {most}")
    return np.asarray(codes).astype(np.int64)


def gaps(z, codebook, codes):
    """z − c_k in float64, few points at a time: (which rows, their gaps)."""
    flat, codes = z.reshape(-1, z.shape[-1]), codes.reshape(-1)
    book = np.asarray(codebook, dtype=np.float64)
    for rows in blocks(flat):
        with beyond_float():
            yield rows, flat[rows] - book[codes[rows]]

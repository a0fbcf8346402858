"""The kit's fields as formulas over any array namespace, each written once for torch and jax.

A namespace `xp` has `einsum`, `tanh`, `cos`, `sin`, `logsumexp(a)` and `softmax(a)` along the
last axis, and `constant(array, like)`, a NumPy array in the precision of `like`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SYMMETRY = 1e-12


@dataclass(frozen=True, eq=False)
class Formula:
    """s(x; θ) as `value(xp, theta, x)`, and E(x; θ) with s = −∇E where `energy` is given."""

    dim: int
    theta: np.ndarray
    value: Callable
    energy: Callable | None
    key: tuple  # formulas of one key differ in theta alone, so compiled code serves them all
    is_gradient: Callable[[np.ndarray], bool] = lambda theta: True

    def __eq__(self, other):
        return isinstance(other, Formula) and self.key == other.key

    def __hash__(self):
        return hash(self.key)


def formula(description) -> Formula:
    """The formula of a described field: affine, mixture_score or mlp."""
    makers: dict[str, Callable] = {"affine": _affine, "mixture_score": _mixture, "mlp": _mlp}
    if description.kind not in makers:
        raise ValueError(f"kind must be one of {sorted(makers)}, got {description.kind!r}")
    return makers[description.kind](**description.parameters_by_name)


def _affine(matrix, offset) -> Formula:
    dim = len(offset)
    shapes = [(dim, dim), (dim,)]

    def value(xp, theta, x):
        """s(x) = A x + b."""
        A, b = split(theta, shapes)
        return x @ A.T + b

    def energy(xp, theta, x):
        """E(x) = −½ xᵀA x − bᵀx."""
        A, b = split(theta, shapes)
        return -0.5 * xp.einsum("...i,ij,...j->...", x, A, x) - x @ b

    def is_gradient(theta):
        A, _ = split(theta, shapes)
        return bool(np.abs(A - A.T).max() <= SYMMETRY * np.abs(A).max())

    return Formula(dim, flatten([matrix, offset]), value, energy, ("affine", dim), is_gradient)


def _mlp(weights, biases) -> Formula:
    shapes = [array.shape for layer in zip(weights, biases, strict=True) for array in layer]

    def value(xp, theta, x):
        """h₀ = x, hₗ = tanh(Wₗ hₗ₋₁ + bₗ), s(x) = W_L h_{L−1} + b_L."""
        arrays = split(theta, shapes)
        layers = list(zip(arrays[::2], arrays[1::2], strict=True))
        for W, b in layers[:-1]:
            x = xp.tanh(x @ W.T + b)
        W, b = layers[-1]
        return x @ W.T + b

    theta = flatten([array for layer in zip(weights, biases, strict=True) for array in layer])
    return Formula(weights[0].shape[1], theta, value, None, ("mlp", *shapes))


def _mixture(weights, means, covariances) -> Formula:
    present = weights > 0
    m, dim = means[present], means.shape[1]
    L = np.linalg.cholesky(covariances[present])
    whitening = np.linalg.inv(L)
    log_det = np.log(np.einsum("kii->ki", L)).sum(axis=1)
    log_height = np.log(weights[present]) - log_det - 0.5 * dim * np.log(2 * np.pi)

    def logits(xp, x):
        """u_k = L_k⁻¹ (x − m_k) and log w_k N(x; m_k, L_k L_kᵀ)."""
        u = xp.einsum(
            "kij,...kj->...ki", xp.constant(whitening, x), x[..., None, :] - xp.constant(m, x)
        )
        return u, xp.constant(log_height, x) - 0.5 * (u * u).sum(-1)

    def value(xp, theta, x):
        """s(x) = −Σ_k r_k(x) L_k⁻ᵀ u_k, r_k the share of component k."""
        u, log_parts = logits(xp, x)
        r = xp.softmax(log_parts)
        return -xp.einsum("...k,kij,...ki->...j", r, xp.constant(whitening, x), u)

    def energy(xp, theta, x):
        """E(x) = −log Σ_k w_k N(x; m_k, Σ_k)."""
        return -xp.logsumexp(logits(xp, x)[1])

    key = ("mixture", weights.tobytes(), means.tobytes(), covariances.tobytes())
    return Formula(dim, np.empty(0), value, energy, key)


def flatten(arrays) -> np.ndarray:
    """Arrays one after the other, each row-major."""
    return np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in arrays])


def split(theta, shapes) -> list:
    """The inverse of `flatten`: consecutive slices of theta (p,) in the given shapes."""
    arrays, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        arrays.append(theta[start:stop].reshape(shape))
        start = stop
    return arrays


def check_points(x, dim: int, floating: bool) -> None:
    """Raise unless x is floating and (..., dim)."""
    if not floating:
        raise TypeError(f"x must be floating point, got dtype {x.dtype}")
    if x.ndim == 0 or x.shape[-1] != dim:
        raise ValueError(f"x must have shape (..., {dim}), got shape {tuple(x.shape)}")


def check_like(v, x) -> None:
    """Raise unless v has exactly the shape of x."""
    if v.shape != x.shape:
        raise ValueError(f"v must have the shape of x, {tuple(x.shape)}; got {tuple(v.shape)}")


def check_parameters(theta, field_formula) -> None:
    """Raise unless theta is flat and of the right length."""
    if tuple(theta.shape) != field_formula.theta.shape:
        raise ValueError(
            f"theta must have shape {field_formula.theta.shape}, got shape {tuple(theta.shape)}"
        )

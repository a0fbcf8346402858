"""Affine steps with Gaussian noise, x' = M x + c + B z, and the laws they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_points,
    as_square,
    beyond_float,
)
from refscore.distributions.gaussian import Gaussian
from refscore.laws._shared import finite, start


class AffineStep(NamedTuple):
    """The step x' = M x + c + B z, z ~ N(0, I): matrix (d, d), offset (d,), noise_matrix (d, m).

    Tested in: tests/test_laws.py
    """

    matrix: np.ndarray
    offset: np.ndarray
    noise_matrix: np.ndarray

    def __call__(self, x, noise) -> np.ndarray:
        """M x + c + B z, rowwise, for x (..., d) and noise (..., m)."""
        x = as_points(x, "x", len(self.matrix))
        noise = as_array(noise, "noise", (*x.shape[:-1], self.noise_matrix.shape[1]))
        with beyond_float():
            return x @ self.matrix.T + self.offset + noise @ self.noise_matrix.T


def affine_map_of(step: Callable, dim: int, *, noise_dim: int | None = None) -> AffineStep:
    """(M, c, B) of a step known only as a function (x, noise) -> x'.

        c = step(0, 0),  M e_j = (step(r e_j, 0) - c)/r,  B e_j = (step(0, r e_j) - c)/r

    with r = max(1, |c|), so that a far offset takes no digits from M.
    Arguments: step, rowwise on (n, d) points and (n, m) noise; dim, d; noise_dim, m (d unless
    given). Returns: AffineStep. Raises: ValueError if the step is not affine, seen at points
    of its own choice to 1e-8. Cost: d + m + 5 rows of one step.
    Tested in: tests/test_laws.py
    """
    step, d = as_callable(step, "step"), as_count(dim, "dim")
    m = d if noise_dim is None else as_count(noise_dim, "noise_dim")
    c = _outputs(step, np.zeros((1, d + m)), d)[0]
    r = max(1.0, float(np.abs(c).max()))
    columns = (_outputs(step, r * np.eye(d + m), d) - c) / r
    found = AffineStep(columns[:d].T, c, columns[d:].T)
    tests = _test_points(4, d + m)
    gap = np.abs(found(tests[:, :d], tests[:, d:]) - _outputs(step, tests, d)).max()
    if gap > 1e-8 * (np.abs(c).max() + np.abs(columns).sum()):
        raise ValueError(
            f"step must be affine in (x, noise), but differs by {gap:.3g} from its map"
        )
    return found


def affine_law(step, mean0, covariance0, n_steps: int = 1) -> Gaussian:
    """The law after k steps x' = M x + c + B z from N(m_0, C_0).

        m_k = M m_{k-1} + c,  C_k = M C_{k-1} Mᵀ + B Bᵀ

    Arguments: step, an AffineStep (or a triple), or a function (x, noise) -> x' that is affine;
    mean0 (d,), covariance0 (d, d), zeros for a point; n_steps >= 0. Returns: Gaussian,
    which may be singular. Raises: ValueError when the law leaves the finite numbers.
    Cost: O(d³ log k), by squaring.
    Checked by: sgld_law, underdamped_law, unadjusted_hmc_law
    """
    mean, covariance = start(mean0, covariance0)
    M, c, Q = _noise_form(step, len(mean))
    k = as_count(n_steps, "n_steps", minimum=0)
    with np.errstate(all="ignore"):
        while k:
            if k & 1:
                mean, covariance = M @ mean + c, M @ covariance @ M.T + Q
            k >>= 1
            if k:
                c, Q, M = M @ c + c, M @ Q @ M.T + Q, M @ M
    return finite(mean, covariance, n_steps)


def stationary_law(step, dim: int | None = None) -> Gaussian:
    """The law that a step x' = M x + c + B z leaves unchanged.

        m = M m + c,  C = M C Mᵀ + B Bᵀ

    Arguments: step, as `affine_law`; dim, needed when the step is a function.
    Returns: Gaussian. Raises: ValueError when the largest |eigenvalue| of M is not below
    1 − 32 d ε |M|, ε = 2.2e-16 and |M| the largest singular value after balancing: nearer to
    1 rounding of M alone decides. A step whose M carries larger errors is not found out.
    Cost: O(d³). Source: the discrete Lyapunov equation.
    Tested in: tests/test_laws.py
    """
    from scipy.linalg import matrix_balance, solve_discrete_lyapunov

    M, c, Q = _noise_form(step, dim)
    balanced, (units, _) = matrix_balance(M, permute=False, separate=True)
    radius = np.abs(np.linalg.eigvals(balanced)).max()
    margin = 32 * len(M) * np.finfo(float).eps * np.linalg.norm(balanced, 2)
    if not radius < 1 - margin:
        raise ValueError(
            f"step has no stationary law: its matrix has spectral radius {radius:.6g}, not below"
            f" 1 by more than rounding, {margin:.2g}"
        )
    outer = np.outer(units, units)
    C = solve_discrete_lyapunov(balanced, Q / outer) * outer
    return Gaussian(np.linalg.solve(np.eye(len(c)) - M, c), (C + C.T) / 2)


def _noise_form(step, dim: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M, c, B Bᵀ), checked."""
    if not isinstance(step, (tuple, list)):
        as_callable(step, "step")
        if dim is None:
            raise ValueError("dim must be given when step is a function")
        step = affine_map_of(step, dim)
    if len(step) != 3:
        raise ValueError(f"step must be (matrix, offset, noise_matrix), got {len(step)} of them")
    matrix, offset, noise_matrix = step
    M = as_square(matrix, "matrix", dim)
    B = as_array(noise_matrix, "noise_matrix", (len(M), None))
    with beyond_float():
        return M, as_array(offset, "offset", (len(M),)), B @ B.T


def _outputs(step: Callable, inputs: np.ndarray, dim: int) -> np.ndarray:
    outputs = as_array(step(inputs[:, :dim].copy(), inputs[:, dim:].copy()), "step(x, noise)")
    if outputs.shape != (len(inputs), dim):
        raise ValueError(f"step must give ({len(inputs)}, {dim}) points, got {outputs.shape}")
    return outputs


def _test_points(n: int, dim: int) -> np.ndarray:
    """Fixed points without symmetry, several scales."""
    k = np.arange(1, n * dim + 1).reshape(n, dim)
    return 3 * np.sin(1.7 * k) * np.arange(1, n + 1)[:, None]

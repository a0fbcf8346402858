"""Autoregressive models: log p(x) = Σ_j log p(x_j | x_<j), here of a Gaussian, by Cholesky."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_covariance,
    as_points,
    as_rng,
    beyond_float,
    require_one,
)
from refscore.families._numbers import standardised

LOG_2PI = float(np.log(2 * np.pi))


class AutoregressiveGaussian:
    """One regression a coordinate on those before it: x_j = c_j + Σ_{i<j} B_ji x_i + s_j ε_j.

        log p(x_j|x_<j) = −½ ((x_j − c_j − B_j x)/s_j)² − log s_j − ½ log 2π

    coefficients B (d, d), used below the diagonal, where alone it may be other than 0; intercepts c
    (d,); deviations s (d,) > 0. The model of any Gaussian is `from_gaussian`; of data, `fit`.
    Raises ValueError for shapes, a B that looks ahead, or s ≤ 0. Cost O(d²) a point, also a draw,
    which goes through the coordinates in order.
    Source: seed 004.

    Checked by: conditionals_of_a_gaussian, regressions_by_cholesky,
    draws_one_coordinate_after_another
    """

    def __init__(self, coefficients, intercepts, deviations):
        self.deviations = as_array(deviations, "deviations", (None,)).copy()
        self.dim = len(self.deviations)
        if self.dim == 0 or (self.deviations <= 0).any():
            raise ValueError(f"deviations must be positive, at least one, got {self.deviations}")
        self.intercepts = as_array(intercepts, "intercepts", (self.dim,)).copy()
        self.coefficients = as_array(coefficients, "coefficients", (self.dim,) * 2).copy()
        if np.triu(self.coefficients).any():
            raise ValueError("coefficients must be 0 on and above the diagonal: x_j sees x_<j only")

    @classmethod
    def from_gaussian(cls, mean, covariance) -> AutoregressiveGaussian:
        """The conditionals of N(m, S), from S = L Lᵀ: s = diag L, B = I − diag(s) L⁻¹."""
        with beyond_float():
            covariance = as_covariance(covariance, "covariance")
            mean = as_array(mean, "mean", (len(covariance),))
            from scipy.linalg import solve_triangular

            root = np.linalg.cholesky(covariance)
            deviations, identity = np.diag(root).copy(), np.eye(len(mean))
            coefficients = -np.tril(
                deviations[:, None] * solve_triangular(root, identity, lower=True)
            )
            np.fill_diagonal(coefficients, 0.0)
            return cls(coefficients, mean - coefficients @ mean, deviations)

    @classmethod
    def fit(cls, x) -> AutoregressiveGaussian:
        """Least squares of each coordinate on those before it: maximum likelihood, x (n, d).

        By Z = Q R of x centred and scaled: row j of B solves R_<j b = R_<j,j, and s_j = |R_jj|/√n,
        each in the units of x. Raises ValueError for n ≤ d points, and for a column that is to
        rounding a constant, or a combination of those before it and a constant.
        """
        with beyond_float():
            x = as_points(x, "x")
            if x.ndim != 2 or len(x) <= x.shape[1]:
                raise ValueError(f"x must hold more than d points (n, d), got shape {x.shape}")
            from scipy.linalg import solve_triangular

            centre, scale, z, rounding = standardised(x, "x")
            root, d = np.linalg.qr(z)[1], x.shape[1]
            slopes, left = np.zeros((d, d)), np.abs(np.diag(root)) / np.sqrt(len(x))
            for j in range(d):
                if j > 0:
                    slopes[j, :j] = solve_triangular(root[:j, :j], root[:j, j])
                if left[j] <= 8 * (rounding[j] + np.abs(slopes[j]) @ rounding):
                    raise ValueError(
                        "x must have columns that are not collinear, got a combination of those"
                        f" before it as column {j}"
                    )
            coefficients = np.where(slopes == 0, 0.0, slopes * (scale[:, None] / scale))
            return cls(coefficients, centre - coefficients @ centre, scale * left)

    def conditional_log_densities(self, x) -> np.ndarray:
        """log p(x_j | x_<j) for every j, (..., d); their sum over j is log p(x)."""
        with beyond_float():
            x = as_points(x, "x", self.dim)
            z = (x - self.intercepts - x @ self.coefficients.T) / self.deviations
            return -0.5 * z**2 - np.log(self.deviations) - 0.5 * LOG_2PI

    def log_density(self, x) -> np.ndarray:
        """log p(x) = Σ_j log p(x_j | x_<j), (...,)."""
        return self.conditional_log_densities(x).sum(-1)

    def sample(self, n=None, noise=None, *, rng=None) -> np.ndarray:
        """Draws (n, d), coordinate after coordinate, from rng or on given noise (..., d)."""
        with beyond_float():
            require_one("noise", noise, rng)
            if noise is not None and n is not None:
                raise ValueError("n and noise must not both be given")
            if noise is None:
                noise = as_rng(rng).standard_normal((as_count(n, "n", minimum=0), self.dim))
            noise = as_points(noise, "noise", self.dim)
            x = np.zeros(noise.shape)
            for j in range(self.dim):
                mean = self.intercepts[j] + x[..., :j] @ self.coefficients[j, :j]
                x[..., j] = mean + self.deviations[j] * noise[..., j]
            return x

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean (d,) and covariance (d, d) of the joint law: (I − B) x = c + s ε solved."""
        with beyond_float():
            from scipy.linalg import solve_triangular

            lower = np.eye(self.dim) - self.coefficients
            root = solve_triangular(lower, np.diag(self.deviations), lower=True)
            return solve_triangular(lower, self.intercepts, lower=True), root @ root.T


def chain_rule(mean, covariance, x) -> np.ndarray:
    """log p(x_j | x_<j) of N(mean, covariance) at points x (..., d), one a coordinate, (..., d).

    They sum to log p(x) in any order of the coordinates. Raises ValueError for a covariance that is
    not positive definite. Cost O(d³ + d² n).
    Source: seed 004.
    Checked by: conditionals_of_a_gaussian, chain_rule_adds_up, families_agree_on_a_gaussian
    """
    model = AutoregressiveGaussian.from_gaussian(mean, covariance)
    return model.conditional_log_densities(as_points(x, "x", model.dim))

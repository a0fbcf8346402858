"""The precision cases of the heavy-tailed and bounded families, from their definitions."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from refscore.distributions import (
    GeneralisedNormal,
    HalfNormal,
    Laplace,
    Logistic,
    SmoothedUniform,
    StudentT,
    TruncatedNormal,
)
from validation.precision.cases import PrecisionCase, covariance_with

M, S = np.array([0.3, -1.2]), np.array([0.5, 2.0])
NEAR = M + np.array([[0.4, 1.0], [-1.5, 3.0], [2.0, -0.7]]) * S


def _coordinates(one, *parameters):
    """Σ_i one(x_i, parameters_i) in mpmath, for independent coordinates."""
    rows = [tuple(mp.mpf(float(v)) for v in row) for row in zip(*parameters, strict=True)]
    return lambda x: mp.fsum(one(v, *row) for v, row in zip(x, rows, strict=True))


def _student(location, shape, dof):
    d, nu = len(location), mp.mpf(dof)

    def log_density(x):
        matrix = mp.matrix(shape.tolist())
        u = mp.matrix([a - mp.mpf(float(b)) for a, b in zip(x, location, strict=True)])
        constant = mp.loggamma((nu + d) / 2) - mp.loggamma(nu / 2)
        constant -= mp.log((nu * mp.pi) ** d * mp.det(matrix)) / 2
        return constant - (nu + d) / 2 * mp.log(1 + (u.T * matrix**-1 * u)[0] / nu)

    return log_density


def heavy_tail_cases() -> list[PrecisionCase]:
    """Student, Laplace (off its kinks), logistic and generalised normal."""
    shape, power = covariance_with(np.random.default_rng(4), 2, 6.0), np.array([1.5, 3.0])
    student = StudentT(M, shape, 2.5), _student(M, shape, 2.5)
    laplace = Laplace(M, S), _coordinates(lambda x, m, s: -abs(x - m) / s - mp.log(2 * s), M, S)
    logistic = (
        Logistic(M, S),
        _coordinates(
            lambda x, m, s: -(x - m) / s - 2 * mp.log1p(mp.exp((m - x) / s)) - mp.log(s), M, S
        ),
    )
    general = (
        GeneralisedNormal(M, S, power),
        _coordinates(
            lambda x, m, s, p: mp.log(p / (2 * s * mp.gamma(1 / p))) - (abs(x - m) / s) ** p,
            M,
            S,
            power,
        ),
    )
    far = 1e150 * np.array([[1.0, -2.0], [0.3, 0.1]])
    return [
        PrecisionCase("StudentT", "near", *student, NEAR, 60, 1e-12),
        PrecisionCase("StudentT", "points 1e8 away", *student, 1e-142 * far, 100, 1e-12),
        PrecisionCase("StudentT", "points 1e150 away", *student, far, 1000, 1e-12, 1e100),
        PrecisionCase("Laplace", "near", *laplace, NEAR, 60, 1e-12),
        PrecisionCase("Logistic", "near", *logistic, NEAR, 60, 1e-12),
        PrecisionCase("Logistic", "30 scales away", *logistic, M + 30 * S * [[1, -1]], 100, 1e-12),
        PrecisionCase("GeneralisedNormal", "near", *general, NEAR, 60, 1e-12),
        PrecisionCase("GeneralisedNormal", "1e8 away", *general, 1e-142 * far, 120, 1e-12),
    ]


def bounded_cases() -> list[PrecisionCase]:
    """Inside the support; the smoothed uniform also six standard deviations outside."""
    low, high = M - 2 * S, M + 3 * S
    inside = M + np.array([[0.4, 1.0], [-1.5, 2.0], [2.0, -0.7]]) * S

    def smoothed(x, a, b, s):
        return mp.log(
            (mp.erfc((a - x) / s / mp.sqrt(2)) - mp.erfc((b - x) / s / mp.sqrt(2))) / 2 / (b - a)
        )

    def truncated(x, m, s, a, b):
        mass = mp.ncdf((b - m) / s) - mp.ncdf((a - m) / s)
        return -(((x - m) / s) ** 2) / 2 - mp.log(s * mp.sqrt(2 * mp.pi) * mass)

    smooth = (
        SmoothedUniform([0.0, 0.0], [1.0, 1.0], 0.1),
        _coordinates(smoothed, [0, 0], [1, 1], [0.1, 0.1]),
    )
    half = (
        HalfNormal(S),
        _coordinates(lambda x, s: mp.log(2 / mp.pi) / 2 - mp.log(s) - (x / s) ** 2 / 2, S),
    )
    cut = TruncatedNormal(M, S, low, high), _coordinates(truncated, M, S, low, high)
    points = np.array([[-0.3, 0.5], [1.6, 0.01], [0.2, 0.999]])
    return [
        PrecisionCase("SmoothedUniform", "in and out of the box", *smooth, points, 80, 1e-12),
        PrecisionCase("TruncatedNormal", "inside", *cut, inside, 60, 1e-12),
        PrecisionCase("HalfNormal", "inside", *half, np.abs(inside) + 0.1, 60, 1e-12),
    ]

"""The precision cases of the Gaussian families: law, points, digits and stated bound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore.distributions import Empirical, Gaussian, GaussianMixture
from validation.precision.reference import mixture_log_density

EPS = float(np.finfo(float).eps)


class PrecisionCase(NamedTuple):
    """One row of the table before it is measured."""

    family: str
    name: str
    law: object
    log_density: object  # of a list of mpmath numbers
    points: np.ndarray
    digits: int
    bound: float
    step: float = 1.0  # length scale of the differences


def covariance_with(rng, dim: int, condition: float) -> np.ndarray:
    """A covariance with eigenvalues spread geometrically over [1/condition, 1], rotated."""
    basis = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    matrix = (basis * np.geomspace(1 / condition, 1, dim)) @ basis.T
    return 0.5 * (matrix + matrix.T)


def gaussian_cases() -> list[PrecisionCase]:
    """Full Gaussians: good and bad condition, far points, an offset, a tiny scale."""
    rng = np.random.default_rng(1)
    d = 3
    mean, easy, hard = rng.standard_normal(d), covariance_with(rng, d, 5), None
    hard = covariance_with(rng, d, 1e12)
    near = mean + rng.standard_normal((4, d))
    far = rng.standard_normal((4, d))
    settings = [
        ("well conditioned", mean, easy, near, 60, 1e-12),
        ("condition 1e12", mean, hard, near, 80, 8 * d * EPS * 1e12),
        ("points 1e8 away", mean, easy, mean + 1e8 * far, 100, 1e-12),
        ("points 1e150 away", mean, easy, 1e150 * far, 900, 1e-12),
        ("offset 1e8", mean + 1e8, easy, near + 1e8, 60, 1e-12),
        ("offset 1e8, scale 1e-3", mean + 1e8, 1e-6 * easy, mean + 1e8 + 1e-3 * far, 80, 1e-12),
        ("scale 1e-6, 1e140 away", mean, 1e-12 * easy, 1e140 * far, 900, 1e-12),
    ]
    return [
        _mixture_case("Gaussian", name, [1.0], [m], [s], *rest) for name, m, s, *rest in settings
    ]


def mixture_cases() -> list[PrecisionCase]:
    """Equal, different, diagonal and ill-conditioned covariances; ties at 1e150; offsets."""
    rng = np.random.default_rng(2)
    d, count = 3, 4
    weights = np.array([0.2, 0.3, 0.5, 0.0])
    means = 2 * rng.standard_normal((count, d))
    equal = np.array([covariance_with(rng, d, 5)] * count)
    other = np.array([covariance_with(rng, d, 5) for _ in range(count)])
    hard = np.array([covariance_with(rng, d, 1e12)] * count)
    near, far = 2 * rng.standard_normal((4, d)), rng.standard_normal((4, d))
    flat = means * [1.0, 1.0, 0.0]  # far along z, all modes stay equally far
    block = equal.copy()
    block[:, 2] = block[:, :, 2] = [0.0, 0.0, 0.7]
    tied = np.array([[0.3, 0.1, 1e150], [-0.2, 0.4, -1e149]])
    axes = np.array([np.diag([1.0, 2.0, v]) for v in (0.5, 0.5, 1.5, 1.0)])
    wide = 60 * means
    split = 3e4 * np.array([[0, 0, 0], [1, 0, 0], [0, 9, 0], [0, 0, 9]], dtype=float)
    settings = [
        ("equal covariances", means, equal, near, 60, 1e-12),
        ("different covariances", means, other, near, 60, 1e-12),
        ("two of them equal", means, other[[0, 0, 1, 2]], near, 60, 1e-12),
        ("equal, modes 100 sd apart", wide, equal, (wide + 0 * wide)[:3] + near[:3], 80, 1e-12),
        ("equal, between such modes", wide, equal, 0.5 * (wide[:1] + wide[1:3]), 120, 1e-12),
        ("equal, condition 1e12", means, hard, near, 120, 64 * d * EPS * 1e12),
        ("equal, points 1e8 away", means, equal, 1e8 * far, 120, 1e-12),
        ("equal, points 1e150 away", means, equal, 1e150 * far, 1000, 1e-12),
        ("equal, 1e150 along a tie", flat, block, tied, 1000, 1e-12),
        ("100 sd apart, 1e150 along a tie", 60 * flat, block, tied, 1000, 1e-12),
        # at a tie the logits move by |x−m| P |δ| = 1.4e9 ε when x is rounded: stated condition
        (
            "equal, tie of modes 3e4 sd apart",
            means[[0, 0, 1, 1]] + split,
            equal,
            split[1:2] / 2 + means[:1],
            120,
            16 * EPS * 2e9,
        ),
        ("different, points 1e8 away", means, other, 1e8 * far, 120, 1e-12),
        ("different, points 1e150 away", means, other, 1e150 * far, 1000, 1e-12),
        ("two equal, 1e150 away", means, other[[0, 0, 1, 2]], 1e150 * far, 1000, 1e-12),
        ("diagonal, 1e150 along x", means, axes, np.array([[1e150, 0.3, 0.1]]), 1000, 1e-12),
        ("equal, offset 1e8", means + 1e8, equal, near + 1e8, 60, 1e-12),
        ("different, offset 1e8", means + 1e8, other, near + 1e8, 60, 1e-12),
        ("scale 1e-6, 1e140 away", means, 1e-12 * other, 1e140 * far, 1000, 1e-12),
    ]
    return [_mixture_case("GaussianMixture", name, weights, *rest) for name, *rest in settings]


def empirical_cases() -> list[PrecisionCase]:
    """Kernel density estimates with a wide and a narrow bandwidth."""
    rng = np.random.default_rng(3)
    data, cases = rng.standard_normal((12, 2)), []
    for bandwidth in (0.5, 1e-2):
        covariances = np.array([bandwidth**2 * np.eye(2)] * len(data))
        cases.append(
            PrecisionCase(
                "Empirical",
                f"bandwidth {bandwidth}",
                Empirical(data, bandwidth),
                mixture_log_density(np.full(12, 1 / 12), data, covariances, 80),
                data[:4] + bandwidth * rng.standard_normal((4, 2)),
                80,
                1e-12,
            )
        )
    return cases


def _mixture_case(family, name, weights, means, covariances, points, digits, bound):
    weights, means = np.asarray(weights), np.asarray(means)
    covariances = np.asarray(covariances)
    if family == "Gaussian":
        law = Gaussian(means[0], covariances[0])
    else:
        law = GaussianMixture(weights, means, covariances)
    exact = mixture_log_density(weights, means, covariances, digits)
    return PrecisionCase(family, name, law, exact, points, digits, bound)

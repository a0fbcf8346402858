"""Laws the oracle tests run on, as plain descriptions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


def law(kind, **arrays):
    return SimpleNamespace(kind=kind, **arrays)


def spd(d, seed, condition=10.0):
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
    s = (q * np.geomspace(1, 1 / condition, d)) @ q.T
    return (s + s.T) / 2


M = np.array([0.5, -1.0, 2.0])
ONE = np.ones(3)
MIXTURE = law(
    "mixture",
    weights=np.array([0.3, 0.5, 0.2]),
    means=np.array([[2.0, 0, 1], [-2.0, 1, 0], [0.0, 3, -1]]),
    covariances=np.array([spd(3, 1), 0.25 * np.eye(3), spd(3, 2, 1e4)]),
)
LAWS = {
    "gaussian": law("gaussian", mean=M, covariance=spd(3, 0)),
    "ill_gaussian": law("gaussian", mean=1e8 + M, covariance=spd(3, 0, 1e12)),
    "mixture": MIXTURE,
    "equal_mixture": law(
        "mixture", weights=ONE / 3, means=MIXTURE.means, covariances=np.array([spd(3, 1)] * 3)
    ),
    "empirical": law("empirical", data=np.random.default_rng(5).normal(size=(6, 3)), bandwidth=0.3),
    "student_t": law("student_t", location=M, shape=spd(3, 3), dof=4.0),
    "heavy_student_t": law("student_t", location=M, shape=spd(3, 3), dof=1.0),
    "near_gaussian_t": law("student_t", location=M, shape=spd(3, 3), dof=1e8),
    "laplace": law("laplace", location=M, scale=np.array([1.0, 0.5, 2.0])),
    "logistic": law("logistic", location=M, scale=np.array([1.0, 0.5, 2.0])),
    "generalised_normal": law(
        "generalised_normal", location=M, scale=ONE, power=np.array([1.5, 2.0, 4.0])
    ),
    "smoothed_uniform": law(
        "smoothed_uniform", low=-ONE, high=np.array([1.0, 0.5, 9.0]), sigma=0.3
    ),
    "narrow_smoothed_uniform": law("smoothed_uniform", low=-ONE, high=ONE, sigma=1e3),
    "wide_smoothed_uniform": law("smoothed_uniform", low=-ONE, high=ONE, sigma=1e-3),
    "truncated_normal": law(
        "truncated_normal", mean=M, sd=ONE, low=-9 * ONE, high=np.array([9.0, 9.0, np.inf])
    ),
    "half_normal": law("half_normal", sd=np.array([1.0, 0.5, 2.0])),
    "funnel": law("funnel", dim=3, scale=3.0),
    "banana": law("banana", curvature=0.3, scale=2.0),
}


def points(name, n=4, size=2.0, seed=11):
    """Points near the law's centre scaled by `size`, inside its support."""
    d = 2 if name == "banana" else 3
    x = size * np.random.default_rng(seed).normal(size=(n, d))
    if name == "ill_gaussian":
        x += 1e8
    return abs(x) if name == "half_normal" else np.clip(x, -8.9, 8.9) if "truncated" in name else x

"""Noise-contrastive estimation: tell data from noise, and learn the density with its normaliser."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_callable, as_points, beyond_float
from refscore.distributions import ExponentialFamily
from refscore.estimation._rank import dependent, listed
from refscore.estimation.kernels import as_spread_sample


class NoiseContrastiveFit(NamedTuple):
    """Parameters θ (p,), log Z, and the covariance (p + 1, p + 1) of the estimates (θ, log Z)."""

    parameters: np.ndarray
    log_normaliser: float
    covariance: np.ndarray

    @property
    def standard_errors(self) -> np.ndarray:
        """Of (θ, log Z), (p + 1,)."""
        return np.sqrt(np.diagonal(self.covariance))


def noise_contrastive_loss(log_model, log_noise, x, y) -> float:
    """The logistic loss of telling data x from noise y by the two log densities.

        J = −mean_x log σ(G(x)) − ν mean_y log σ(−G(y)),
        G = log_model − log_noise − log ν,   ν = n_y/n_x,   σ(u) = 1/(1 + e^{−u})

    In the population J is least at log_model = log p of the data, its normaliser included. The
    logarithms are computed without overflow for any finite G.

    log_model, log_noise: functions of points (n, d) → (n,), the model's not necessarily
    normalised; x data (n_x, d); y noise (n_y, d), both at least one point. Returns a number.
    Raises TypeError or ValueError naming the argument, and the row where a log density is NaN or
    +∞, or the noise's is −∞. Cost: both functions once a point.
    Source: Gutmann and Hyvärinen, Noise-contrastive estimation (2010).
    Checked by: noise_contrastive_given_points, noise_contrastive_minimum,
    noise_contrastive_at_noise, noise_contrastive_far_out
    """
    x, y = _points(x, y)
    log_ratio = np.log(len(y)) - np.log(len(x))
    of_data = _gap(log_model, log_noise, x, "x") - log_ratio
    of_noise = _gap(log_model, log_noise, y, "y") - log_ratio
    with beyond_float():
        wrong_data = np.logaddexp(0.0, -of_data).mean()
        return float(wrong_data + len(y) / len(x) * np.logaddexp(0.0, of_noise).mean())


def noise_contrastive_loss_and_gradient(family, log_normaliser, log_noise, x, y):
    """The loss of the model θ·F(x) − log Z, and its gradient (p + 1,) in (θ, log Z).

        ∂J = −mean_x[σ(−G) φ] + ν mean_y[σ(G) φ],   φ = (F, −1)

    family an `ExponentialFamily`; log_normaliser a number, a parameter of its own; the rest as for
    `noise_contrastive_loss`. J is convex in (θ, log Z).
    Tested in: tests/estimation/test_contrastive.py
    """
    features, offsets, weights = _design(_family(family), log_noise, *_points(x, y))
    theta = np.append(family.theta, as_array(log_normaliser, "log_normaliser", ()))
    with beyond_float():
        return _logistic(theta, features, offsets, weights)[:2]


def noise_contrastive_fit(family, log_noise, x, y) -> NoiseContrastiveFit:
    """θ and log Z of an exponential family by noise-contrastive estimation, with their errors.

        (θ̂, log Ẑ) = argmin J,   covariance = H⁻¹ (Cov_x[σ(−G)φ]/n_x + ν² Cov_y[σ(G)φ]/n_y) H⁻¹

    With noise of the data's own law the θ-block tends to (1 + 1/ν) Cov(F)⁻¹/n_x, the bound of
    maximum likelihood times 1 + 1/ν. family: an `ExponentialFamily`, whose θ is where Newton's
    method starts; the rest as for `noise_contrastive_loss`, at least two points each. Raises
    ValueError naming constant or collinear columns of x or y and dependent features, and where
    there is no minimum: the samples can be told apart without error.
    Cost: a few passes of O((n_x + n_y) p²).
    Source: Gutmann and Hyvärinen, J. Machine Learning Research 13 (2012), theorem 3.
    Tested in: tests/estimation/test_contrastive.py
    """
    x, y = _points(x, y)
    x, y = as_spread_sample(x, "x"), as_spread_sample(y, "y")
    features, offsets, weights = _design(_family(family), log_noise, x, y)
    _require_independent(features)
    theta = np.append(family.theta, 0.0)
    with beyond_float():
        theta = _newton(theta, features, offsets, weights)
        _, _, hessian, terms = _logistic(theta, features, offsets, weights)
    spread = sum(len(t) * np.cov(t, rowvar=False, bias=True) for t in np.split(terms, [len(x)]))
    inverse = np.linalg.inv(hessian)
    return NoiseContrastiveFit(theta[:-1], float(theta[-1]), inverse @ spread @ inverse)


def _require_independent(features):
    """Raise naming the features that are dependent on all points, a constant among them."""
    size = np.abs(features).max(axis=0)
    scaled = features / np.where(size > 0, size, 1.0)
    gram = scaled.T @ scaled / len(scaled)
    names = [*(f"feature {j}" for j in range(len(size) - 1)), "the constant of log Z"]
    if len(zero := np.flatnonzero(size == 0)):
        raise ValueError(f"family.features: {listed(names[j] for j in zero)} vanish at x and y")
    root = np.sqrt(np.diagonal(gram))
    for members in dependent(gram / np.outer(root, root))[:1]:
        each = listed(names[j] for j in members)
        raise ValueError(f"family.features: {each} are dependent on the points x and y")


def _newton(theta, features, offsets, weights):
    """Newton's method with halved steps on a convex function."""
    loss, gradient, hessian, _ = _logistic(theta, features, offsets, weights)
    for _ in range(100):
        if not np.isfinite(hessian).all() or np.linalg.cond(hessian) > 1e13:
            break
        direction = np.linalg.solve(hessian, gradient)
        slope, length = gradient @ direction, 1.0
        if loss < 1e-15:  # every point is told apart with certainty
            break
        if slope <= 1e-26 * (1 + loss):
            return theta - direction
        while length > 1e-10:
            found = _logistic(theta - length * direction, features, offsets, weights)
            if found[0] <= loss - 1e-4 * length * slope or slope < 1e-12 * (1 + abs(loss)):
                break
            length *= 0.5
        theta = theta - length * direction
        loss, gradient, hessian, _ = found
    raise ValueError("no minimum was found: the features tell x from y (almost) without error")


def _design(family, log_noise, x, y):
    """φ = (F, −1), log_noise + log ν and the weight of every point: data first, signed by class."""
    points = np.concatenate([x, y])
    with beyond_float():
        features = np.asarray(family.features(points.copy()), dtype=float)
    if features.shape != (len(points), len(family.theta)):
        raise ValueError(f"family.features must return (n, p), got shape {features.shape}")
    for rows, name in ((slice(len(x)), "x"), (slice(len(x), None), "y")):
        _require(np.isfinite(features[rows]).all(axis=1), features[rows], "family.features", name)
    phi = np.concatenate([features, -np.ones((len(points), 1))], axis=1)
    offsets = [_values(log_noise, "log_noise", z, name) for z, name in ((x, "x"), (y, "y"))]
    offsets = np.concatenate(offsets) + np.log(len(y) / len(x))
    weights = np.concatenate([np.ones(len(x)), -np.ones(len(y))]) / len(x)  # ν/n_y = 1/n_x
    return phi, offsets, weights


def _logistic(theta, phi, offsets, weights):
    """J, its gradient, its Hessian, and the terms of the gradient (n, p + 1)."""
    side = np.sign(weights)
    margin = side * (phi @ theta - offsets)
    wrong = np.exp(-np.logaddexp(0.0, margin))  # σ(−margin), the chance of the wrong class
    loss = np.abs(weights) @ np.logaddexp(0.0, -margin)
    terms = -(weights * wrong)[:, None] * phi
    curvature = np.abs(weights) * wrong * (1 - wrong)
    return float(loss), terms.sum(0), phi.T @ (curvature[:, None] * phi), terms


def _family(family) -> ExponentialFamily:
    if not isinstance(family, ExponentialFamily):
        raise TypeError(f"family must be an ExponentialFamily, got {type(family).__name__}")
    return family


def _points(x, y):
    x = as_points(x, "x")
    y = as_points(y, "y", x.shape[-1])
    for name, points in (("x", x), ("y", y)):
        if points.ndim != 2 or len(points) == 0:
            raise ValueError(f"{name} must hold at least one point (n, d), got {points.shape}")
    return x, y


def _gap(log_model, log_noise, points, where):
    with beyond_float():
        model = _values(log_model, "log_model", points, where)
        return model - _values(log_noise, "log_noise", points, where)


def _values(function, name, points, where) -> np.ndarray:
    """Log densities (n,) at points (n, d), which are `where`: finite, the model's perhaps −∞."""
    with beyond_float():
        value = np.asarray(as_callable(function, name)(points.copy()), dtype=float)
    if value.shape != points.shape[:1]:
        raise ValueError(f"{name} must return shape {points.shape[:1]}, got {value.shape}")
    fine = np.isfinite(value) | ((value == -np.inf) & (name == "log_model"))
    _require(fine, value, name, where)
    return value


def _require(fine, values, name, where):
    """Raise naming the first row of the points that is not fine."""
    if not fine.all():
        row = int(np.argmin(fine))
        raise ValueError(f"{name} must be finite, got {values[row]} at row {row} of {where}")

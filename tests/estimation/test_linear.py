"""Closed-form minimisers against the losses they minimise."""

import numpy as np
import pytest

from refscore import objectives
from refscore.estimation import (
    diagonal_precision,
    fit_denoising,
    fit_generalised,
    fit_implicit,
    fit_levels,
    fit_sliced,
)
from refscore.fields import Affine, LinearInParameters
from refscore.networks import MLP

RNG = np.random.default_rng(5)
X = RNG.standard_normal((60, 2)) @ [[1.0, 0.3], [0.0, 0.6]] + [1.0, -2.0]
PROBES = RNG.standard_normal((60, 3, 2))
NOISE = RNG.standard_normal((60, 2))
LEVELS = RNG.uniform(0.2, 2.0, 60)


def _cubic():
    """ψ₁ = x, ψ₂ = x³, ψ₃ = (x₁x₂, 1): no column of a Jacobian alike."""

    def features(x):
        return np.stack([x, x**3, np.stack([x[:, 0] * x[:, 1], 1 + 0 * x[:, 0]], 1)], 1)

    def jacobians(x):
        J = np.zeros((len(x), 3, 2, 2))
        J[:, 0] = np.eye(2)
        J[:, 1] = 3 * x[:, :, None] ** 2 * np.eye(2)
        J[:, 2, 0] = x[:, ::-1]
        return J

    return LinearInParameters(features, jacobians, np.zeros(3), 2)


FIELDS = [_cubic(), Affine(np.eye(2)), diagonal_precision(2)]
FITS = {
    "implicit": (
        lambda f: fit_implicit(f, X),
        lambda f: objectives.implicit_loss_and_gradient(f, X),
    ),
    "sliced": (
        lambda f: fit_sliced(f, X, PROBES),
        lambda f: objectives.sliced_loss_and_gradient(f, X, PROBES),
    ),
    "reduced": (
        lambda f: fit_sliced(f, X, PROBES, variance_reduced=True),
        lambda f: objectives.variance_reduced_sliced_loss_and_gradient(f, X, PROBES),
    ),
    "denoising": (
        lambda f: fit_denoising(f, X, 0.4, NOISE),
        lambda f: objectives.denoising_loss_and_gradient(f, X, 0.4, NOISE),
    ),
    "denoising, levels": (
        lambda f: fit_denoising(f, X, LEVELS, NOISE),
        lambda f: objectives.denoising_loss_and_gradient(f, X, LEVELS, NOISE),
    ),
}


@pytest.mark.parametrize("field", FIELDS, ids=["cubic", "affine", "diagonal"])
@pytest.mark.parametrize("name", FITS)
def test_the_gradient_of_the_loss_vanishes_at_the_fit(field, name):
    solve, loss = FITS[name]
    fit = solve(field)
    value, gradient = loss(fit.field)
    np.testing.assert_allclose(fit.loss, value, rtol=1e-11)
    assert np.abs(gradient).max() < 1e-10
    np.testing.assert_array_equal(fit.field.parameters, fit.parameters)


@pytest.mark.parametrize("field", FIELDS, ids=["cubic", "affine", "diagonal"])
@pytest.mark.parametrize("name", ["implicit", "sliced", "denoising"])
def test_covariance_is_the_sandwich_of_gradients_point_by_point(field, name):
    solve, loss = FITS[name]
    fit = solve(field)
    each = {
        "implicit": lambda f, i: objectives.implicit_loss_gradient(f, X[i]),
        "sliced": lambda f, i: objectives.sliced_loss_gradient(f, X[i], PROBES[i]),
        "denoising": lambda f, i: objectives.denoising_loss_gradient(f, X[i], 0.4, NOISE[i]),
    }[name]
    rows = [slice(i, i + 1) for i in range(60)]
    g = np.stack([each(fit.field, i) for i in rows])
    at_zero = loss(field.with_parameters(0 * fit.parameters))[1]
    D = np.stack([loss(field.with_parameters(e))[1] - at_zero for e in np.eye(len(at_zero))])
    want = np.linalg.solve(D, np.linalg.solve(D, g.T @ g / 60).T) / 60
    np.testing.assert_allclose(fit.covariance, want, atol=1e-10 * np.abs(want).max())


def test_blocks_change_nothing(monkeypatch):
    from refscore.estimation import _quadratic

    whole = [solve(_cubic()) for solve, _ in FITS.values()]
    monkeypatch.setattr(_quadratic, "_NUMBERS", 100)
    for (solve, _), want in zip(FITS.values(), whole, strict=True):
        got = solve(_cubic())
        np.testing.assert_allclose(got.parameters, want.parameters, rtol=1e-11)
        np.testing.assert_allclose(got.covariance, want.covariance, rtol=1e-9)


def test_a_known_part_is_carried_along():
    """Fitting s₀ + θψ is fitting θ with s₀ in the loss."""
    known, part = Affine([[-1.0, 0.2], [0.1, -2.0]], [0.3, -0.5]), _cubic()
    for solve, loss in (
        (lambda: fit_implicit(part, X, fixed=known), lambda f: FITS["implicit"][1](f)),
        (lambda: fit_sliced(part, X, PROBES, fixed=known), lambda f: FITS["sliced"][1](f)),
        (lambda: fit_denoising(part, X, 0.4, NOISE, fixed=known), FITS["denoising"][1]),
    ):
        fit = solve()
        value, gradient = loss(fit.field)
        np.testing.assert_allclose(fit.loss, value, rtol=1e-11)
        assert np.abs(gradient[-3:]).max() < 1e-10


def test_control_variate_is_the_controlled_loss():
    fit = fit_denoising(_cubic(), X, 0.4, NOISE, control_variate=True)

    def loss(theta):
        field = _cubic().with_parameters(theta)
        plain = objectives.denoising_loss(field, X, 0.4, NOISE)
        control = (NOISE * field(X)).sum(1) / 0.4 + ((NOISE**2).sum(1) - 2) / (2 * 0.16)
        return (plain - control).mean()

    np.testing.assert_allclose(fit.loss, loss(fit.parameters), rtol=1e-11)
    for step in 1e-4 * np.eye(3):
        ahead, behind = loss(fit.parameters + step), loss(fit.parameters - step)
        np.testing.assert_allclose(ahead, behind, atol=1e-11)


def test_generalised_is_the_bounded_loss():
    x = np.abs(X) + 0.05
    field = Affine(np.eye(2))
    fit = fit_generalised(field, x, lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x))
    value, gradient = objectives.bounded_loss_and_gradient(
        fit.field, x, lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x)
    )
    np.testing.assert_allclose(fit.loss, value, rtol=1e-11)
    assert np.abs(gradient).max() < 1e-10
    with pytest.raises(
        ValueError, match="weight must be at least 0, got -1 at row 3, coordinate 0"
    ):
        fit_generalised(field, x, np.where(np.arange(60)[:, None] == 3, -1, x), np.ones_like(x))


def test_levels_are_separate_fits():
    noise = RNG.standard_normal((3, 60, 2))
    fits = fit_levels(lambda sigma: diagonal_precision(2), X, [2.0, 0.5, 0.1], noise)
    for fit, sigma, z in zip(fits, [2.0, 0.5, 0.1], noise, strict=True):
        alone = fit_denoising(diagonal_precision(2), X, sigma, z)
        np.testing.assert_array_equal(fit.parameters, alone.parameters)


def _twice():
    return LinearInParameters(
        lambda x: np.stack([x, x**2, 2 * x, 0.5 * x**2], 1),
        lambda x: np.stack(
            [c[:, :, None] * np.eye(2) for c in (1 + 0 * x, 2 * x, 2 + 0 * x, x)], 1
        ),
        np.zeros(4),
        2,
    )


def test_collinear_features_are_named():
    message = "feature 0 and feature 2 are collinear; feature 1 and feature 3 are collinear"
    with pytest.raises(ValueError, match=message):
        fit_implicit(_twice(), X)
    with pytest.raises(ValueError, match="rank 2 on 60 points"):
        fit_denoising(_twice(), X, 0.4, NOISE)
    with pytest.raises(ValueError, match="feature 1 vanish"):
        fit_implicit(diagonal_precision(2), X * [1, 0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((MLP.initialise((2, 3, 2), rng=0), X), TypeError, "field must be linear"),
        ((_cubic(), X[:1]), ValueError, "at least two points, got 1"),
        ((_cubic(), X[:0]), ValueError, "at least two points, got 0"),
        ((_cubic(), X[:, :1]), ValueError, r"x must have shape \(..., 2\)"),
        ((_cubic(), np.where(np.arange(60)[:, None] == 5, np.inf, X)), ValueError, r"\(5, 0\)"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        fit_implicit(*arguments)


@pytest.mark.parametrize("sigma", [0, -1.0, np.nan, np.ones(3), -np.ones(60)])
def test_bad_levels_are_refused(sigma):
    with pytest.raises(ValueError, match="sigma must"):
        fit_denoising(_cubic(), X, sigma, NOISE)


@pytest.mark.parametrize("way", ["denoising", "controlled", "implicit", "sliced"])
def test_as_many_parameters_as_equations_leave_no_errors(way):
    def solve(n):
        rng = np.random.default_rng(n)
        x, z = rng.normal(size=(2, n, 2))
        field = Affine(np.eye(2))
        if way == "implicit":
            return fit_implicit(field, x)
        if way == "sliced":
            return fit_sliced(field, x, rng.normal(size=(n, 2, 2)))
        return fit_denoising(field, x, 0.5, z, control_variate=way == "controlled")

    with pytest.raises(ValueError, match="n = 3 in d = 2 dimensions .* p = 6 parameters"):
        solve(3)
    assert (solve(4).standard_errors > 0).all()

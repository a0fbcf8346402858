"""Data that determine nothing: every estimator says which argument, row or column is to blame."""

import numpy as np
import pytest

from refscore import objectives
from refscore.distributions import ExponentialFamily, Gaussian
from refscore.estimation import (
    PolynomialEnergy,
    compare_models,
    contrastive_divergence_gradient,
    fit,
    fit_denoising,
    fit_gaussian,
    fit_generalised,
    fit_implicit,
    fit_levels,
    fit_sliced,
    held_out_loss,
    kernel_exponential_family,
    leave_one_out,
    likelihood_bandwidth,
    noise_contrastive_fit,
    noise_contrastive_loss,
    noise_contrastive_loss_and_gradient,
    stein_estimator,
    stein_field,
    train,
)
from refscore.fields import Affine, LinearInParameters
from refscore.networks import MLP, ConditionalMLP

RNG = np.random.default_rng()
X, Y = RNG.standard_normal((60, 2)), 1.5 * RNG.standard_normal((80, 2))
SQUARE = objectives.power_weight(2)
FIELD, NET = Affine(-np.eye(2)), MLP.initialise((2, 4, 2), rng=0)
NORMAL = Gaussian([0.0, 0.0], np.eye(2))


def _square_and_line(x):
    """The derivatives of (x₁², x₂², x₁, x₂), (..., 4, 2)."""
    slopes = 2 * x[..., :, None] * np.eye(2)
    return np.concatenate([slopes, np.broadcast_to(np.eye(2), slopes.shape)], -2)


FAMILY = ExponentialFamily(
    [-0.5, -0.5, 0, 0], 2, lambda x: np.concatenate([x**2, x], -1), _square_and_line
)
ENERGY = PolynomialEnergy([[2, 0], [0, 2]], [1.0, 1.0])

# What is done with points, and the name of the argument they come in by.
FITS = {
    "fit_implicit": ("x", lambda x: fit_implicit(FIELD, x)),
    "fit_sliced": ("x", lambda x: fit_sliced(FIELD, x, rng=0)),
    "fit_sliced, reduced": ("x", lambda x: fit_sliced(FIELD, x, rng=0, variance_reduced=True)),
    "fit_denoising": ("x", lambda x: fit_denoising(FIELD, x, 0.5, rng=0)),
    "fit_levels": ("x", lambda x: fit_levels(lambda sigma: FIELD, x, [1.0, 0.5], rng=0)),
    "fit_generalised": ("x", lambda x: fit_generalised(FIELD, x, np.ones_like, np.zeros_like)),
    "fit_gaussian": ("x", fit_gaussian),
    "fit implicit": ("x", lambda x: fit("implicit", FIELD, x)),
    "fit sliced": ("x", lambda x: fit("sliced", FIELD, x, rng=0)),
    "fit denoising": ("x", lambda x: fit("denoising", FIELD, x, sigma=0.5, rng=0)),
    "train implicit": ("x", lambda x: train("implicit", NET, x, steps=2)),
    "train sliced": ("x", lambda x: train("sliced", NET, x, steps=2, rng=0)),
    "train denoising": ("x", lambda x: train("denoising", NET, x, sigma=0.5, steps=2, rng=0)),
    "train, held out": ("held_out", lambda x: train("implicit", NET, X, held_out=x, steps=2)),
    "kernel_exponential_family": ("x", lambda x: kernel_exponential_family(x, Y[:5], 1.0, 0.1)),
    "stein_estimator": ("x", lambda x: stein_estimator(x, 1.0, 0.1)),
    "stein_field": ("x", lambda x: stein_field(x, 1.0, 0.1)),
    "leave_one_out": ("data", lambda x: leave_one_out(x, 1.0)),
    "likelihood_bandwidth": ("data", likelihood_bandwidth),
    "explicit loss": ("data", lambda x: objectives.explicit_loss(FIELD, X, x, 0.5)),
    "noise contrasts, data": (
        "x",
        lambda x: noise_contrastive_fit(FAMILY, NORMAL.log_density, x, Y),
    ),
    "noise contrasts, noise": (
        "y",
        lambda y: noise_contrastive_fit(FAMILY, NORMAL.log_density, Y[::2] / 2, y),
    ),
    "contrastive divergence": (
        "x",
        lambda x: contrastive_divergence_gradient(ENERGY, x, 0.1, 1, rng=0),
    ),
    "held_out_loss": ("x", lambda x: held_out_loss(FIELD, x)),
    "compare_models": ("x_held_out", lambda x: compare_models({"one": FIELD}, x)),
}

# An answer that is right on such data, and why.
ANSWERED = {
    **{(name, "one point"): "an average over points, no fit" for name in (
        "contrastive divergence", "train, held out", "explicit loss")},
    **{(name, data): "noise or a kernel spreads the data" for data in (
        "equal points", "constant column", "collinear columns") for name in (
        "fit_denoising", "fit_levels", "fit denoising", "train denoising", "explicit loss",
        "leave_one_out", "likelihood_bandwidth")},
    **{(name, data): "a mean over points, no fit" for data in (
        "equal points", "constant column", "collinear columns") for name in (
        "held_out_loss", "compare_models", "contrastive divergence", "train, held out")},
}  # fmt: skip
ANSWERED.pop(("likelihood_bandwidth", "equal points"))


def _one_bad(value):
    x = X.copy()
    x[7, 1] = value
    return x


BAD = {
    "no points": (X[:0], "{} must"),
    "one point": (X[:1], "{} must"),
    "equal points": (np.repeat(X[:1], 60, axis=0), r"column|{} must hold a point that occurs once"),
    "constant column": (X * [1, 0] + [0, 1.3], r"column.* 1|feature 1"),
    "collinear columns": (X[:, :1] * [1, 2] + [0, 1], r"columns 0 and 1 of {}|2 columns of {}"),
    "NaN in a row": (_one_bad(np.nan), r"{} must be finite, got nan at index \(7, 1\)"),
    "infinity in a row": (_one_bad(-np.inf), r"{} must be finite, got -inf at index \(7, 1\)"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("name", FITS)
def test_nothing_is_fitted_silently(name, what):
    """Refused by the name of the argument, or answered for the reason that is written down."""
    argument, call = FITS[name]
    data, message = BAD[what]
    if (name, what) in ANSWERED:
        call(data)
        return
    with pytest.raises(ValueError, match=message.format(*[argument] * 2)) as error:
        call(data)
    named = argument in str(error.value).replace("(", " ").replace(",", " ").split()
    assert named or "of x" in str(error.value) or "; x is" in str(error.value)


@pytest.mark.parametrize("name", FITS)
def test_ordinary_data_are_fitted(name):
    FITS[name][1](X)


@pytest.mark.parametrize("constant", [np.nan, np.inf, -np.inf])
def test_a_noise_density_that_is_not_finite_is_refused_with_its_row(constant):
    def log_noise(x):
        return np.where(np.arange(len(x)) == 3, constant, NORMAL.log_density(x))

    for call, where in (
        (lambda: noise_contrastive_fit(FAMILY, log_noise, X, Y), "x"),
        (lambda: noise_contrastive_loss(NORMAL.log_density, log_noise, X, Y), "x"),
        (lambda: noise_contrastive_loss_and_gradient(FAMILY, 0.0, log_noise, X, Y), "x"),
    ):
        with pytest.raises(
            ValueError, match=f"log_noise must be .* {constant} at row 3 of {where}"
        ):
            call()
    noise_at_y = iter([NORMAL.log_density(X), log_noise(Y)])
    with pytest.raises(ValueError, match="log_noise must be finite.* at row 3 of y"):
        noise_contrastive_fit(FAMILY, lambda x: next(noise_at_y), X, Y)


def test_a_model_without_mass_at_noise_is_told_apart_and_nan_is_not():
    def log_model(x):
        return np.where(np.abs(x[:, 0]) < 9, 0.0, -np.inf)

    far = Y + [20.0, 0.0]
    loss = noise_contrastive_loss(log_model, NORMAL.log_density, X, far)
    assert loss == noise_contrastive_loss(
        lambda x: np.maximum(log_model(x), -1e300), NORMAL.log_density, X, far
    )
    with pytest.raises(ValueError, match="log_model must be finite, got nan at row 0 of x"):
        noise_contrastive_loss(lambda x: np.full(len(x), np.nan), NORMAL.log_density, X, Y)


def test_dependent_features_of_noise_contrasts_are_named():
    def features(x):
        return np.stack([x[..., 0], x[..., 1], x[..., 0] - x[..., 1], 0 * x[..., 0] + 2], -1)

    def family(*which):
        return ExponentialFamily(
            np.zeros(len(which)), 2, lambda x: features(x)[..., list(which)], lambda x: x
        )

    for which, message in (
        ((0, 1, 2), "feature 0, feature 1 and feature 2 are dependent"),
        ((0, 3), "feature 1 and the constant of log Z are dependent"),
    ):
        with pytest.raises(ValueError, match=message):
            noise_contrastive_fit(family(*which), NORMAL.log_density, X, Y)


def test_a_chain_that_runs_off_names_the_step_and_its_size():
    quartic = PolynomialEnergy([[4, 0], [0, 4]], [1.0, 1.0])
    start = np.r_[X, [[30.0, 0.0]]]
    with pytest.raises(ValueError, match=r"at step [2-9], from row 60 of x: step_size is 0.5"):
        contrastive_divergence_gradient(quartic, start, 0.5, 50, rng=0)


@pytest.mark.parametrize(
    ("sigmas", "message"),
    [
        ([0.5, 1.0], "strictly decreasing, got 1.0 at index 1 after 0.5"),
        ([2.0, 1.0, 1.0], "strictly decreasing, got 1.0 at index 2 after 1.0"),
        ([2.0, -1.0, 0.5], "must be positive, got -1.0 at index 1"),
        ([2.0, 0.0], "must be positive, got 0.0 at index 1"),
        ([2.0, np.nan], "must be finite, got nan at index"),
        ([], "got none"),
    ],
)
def test_a_ladder_that_does_not_descend_is_refused_with_its_index(sigmas, message):
    family = ConditionalMLP.initialise((2, 4, 2), rng=0)
    for call in (
        lambda: fit_levels(lambda sigma: FIELD, X, sigmas, rng=0),
        lambda: objectives.ladder_loss(family, X, None, sigmas, rng=0),
        lambda: train("ladder", family, X, levels=None, sigmas=np.array(sigmas), steps=2),
    ):
        with pytest.raises(ValueError, match=f"sigmas .*{message}"):
            call()


@pytest.mark.parametrize("wrong", [0.0, -0.5])
@pytest.mark.parametrize(
    "call",
    [
        lambda s: fit_denoising(FIELD, X, s, rng=0),
        lambda s: objectives.denoising_loss(FIELD, X, s, rng=0),
        lambda s: objectives.controlled_denoising_loss(FIELD, X, s, rng=0),
        lambda s: objectives.noisy_implicit_loss(FIELD, X, s, rng=0),
        lambda s: fit("denoising", FIELD, X, sigma=s, rng=0),
        lambda s: train("denoising", NET, X, sigma=s, steps=2, batch_size=60),
        lambda s: ConditionalMLP.initialise((2, 4, 2), rng=0)(X, s),
    ],
)
def test_a_level_that_is_not_positive_is_refused_with_its_row(call, wrong):
    levels = np.ones(60)
    levels[11] = wrong
    with pytest.raises(ValueError, match=f"sigma must be positive, got {wrong} at row"):
        call(levels)


@pytest.mark.parametrize(
    ("weight", "support"),
    [
        (SQUARE, r"\[0, inf\]"),
        (objectives.box_weight(0.0, 9.0), r"\[0, 9\]"),
        (objectives.log_weight(), r"\[0, inf\]"),
    ],
)
def test_points_off_the_support_are_named(weight, support):
    x = np.abs(X)
    x[5, 1] = -0.25
    message = f"x must lie in the weight's support, {support} for coordinate 1; got -0.25 in row 5"
    for call in (
        lambda: fit_generalised(FIELD, x, weight),
        lambda: objectives.bounded_loss(FIELD, x, weight),
        lambda: fit("bounded", FIELD, x, weight=weight),
        lambda: train("bounded", NET, x, weight=weight, steps=2, batch_size=60),
    ):
        with pytest.raises(ValueError, match="in the weight's support|x must lie"):
            call()
    with pytest.raises(ValueError, match=message):
        fit_generalised(FIELD, x, weight)
    with pytest.raises(ValueError, match="weight must be finite at x, got nan at row 5, coord"):
        fit_generalised(FIELD, x, np.sqrt, np.ones_like)


def test_features_that_vanish_or_repeat_are_named():
    doubled = LinearInParameters(
        lambda x: np.stack([x, 2 * x], 1),
        lambda x: np.stack([np.broadcast_to(c * np.eye(2), (len(x), 2, 2)) for c in (1, 2)], 1),
        np.zeros(2),
        2,
    )
    for call in (
        lambda: fit_implicit(doubled, X),
        lambda: fit_sliced(doubled, X, rng=0),
        lambda: fit_denoising(doubled, X, 0.5, rng=0),
        lambda: fit_generalised(doubled, np.abs(X), SQUARE),
    ):
        with pytest.raises(ValueError, match="feature 0 and feature 1 are collinear"):
            call()

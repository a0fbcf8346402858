"""The loss of a ladder of noise levels, on separate fields and on one network."""

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine, Family, PerLevel, Zero
from refscore.networks import MLP, ConditionalMLP
from refscore.objectives import (
    denoising_loss_and_gradient,
    edm_weight,
    geometric_sigmas,
    ladder_loss,
    ladder_loss_and_gradient,
    ladder_loss_gradient,
    score_weight,
)

RNG = np.random.default_rng(0)
SIGMAS = np.array([3.0, 1.1, 0.4, 0.2])
LEVELS = np.array([2, 0, 1, 1, 3, 0, 2])
X, Z = RNG.standard_normal((2, 7, 2))
NET = ConditionalMLP.initialise((2, 5, 4, 2), rng=1, frequencies=(2.0,))
NET = NET.with_parameters(0.5 * RNG.standard_normal(NET.parameters.size))
APART = PerLevel(
    [
        Affine([[0.3, -1.0], [0.2, 0.5]], [0.1, 0.4]),
        MLP.initialise((2, 3, 2), rng=2),
        GaussianMixture([0.3, 0.7], [[1.0, 0.0], [-1.0, 0.5]], [0.6, 1.1]).score,
        Affine([[-1.0, 0.0], [0.4, -0.2]], [0.0, 2.0]),
    ],
    SIGMAS,
)
MIXTURE = GaussianMixture([0.3, 0.7], [[1.0, 0.0], [-1.0, 0.5]], [0.6, 1.1])
DIFFUSED = Family.diffused_scores(MIXTURE, lambda sigma: (1.0, sigma))
families = pytest.mark.parametrize(
    "family", [NET, APART, DIFFUSED], ids=["network", "separate", "diffused"]
)


@families
def test_the_loss_is_the_formula_point_by_point(family):
    want = []
    for x, z, level in zip(X, Z, LEVELS, strict=True):
        s, sigma = family.at(SIGMAS[level]), SIGMAS[level]
        want.append(0.5 * sigma**2 * np.sum((s(x + sigma * z) + z / sigma) ** 2))
    got = ladder_loss(family, X, LEVELS, SIGMAS, Z)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    shaped = ladder_loss(family, X[:6].reshape(2, 3, 2), LEVELS[:6].reshape(2, 3), SIGMAS,
                         Z[:6].reshape(2, 3, 2))  # fmt: skip
    np.testing.assert_allclose(shaped, np.reshape(want[:6], (2, 3)), rtol=1e-12)


@pytest.mark.parametrize("family", [NET, APART], ids=["network", "separate"])
def test_the_gradient_is_a_difference_of_losses(family):
    loss, gradient = ladder_loss_and_gradient(family, X, LEVELS, SIGMAS, Z)
    np.testing.assert_allclose(loss, ladder_loss(family, X, LEVELS, SIGMAS, Z).mean(), rtol=1e-13)
    theta, h = family.parameters, 1e-3
    for j, unit in enumerate(np.eye(theta.size)):
        values = [
            ladder_loss(family.with_parameters(theta + k * h * unit), X, LEVELS, SIGMAS, Z).mean()
            for k in (-2, -1, 1, 2)
        ]
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        assert abs(slope - gradient[j]) < 1e-8 * max(1, np.abs(gradient).max())
    np.testing.assert_array_equal(ladder_loss_gradient(family, X, LEVELS, SIGMAS, Z), gradient)


def test_separate_fields_are_fitted_separately():
    """The gradient of a level's parameters is that of its own denoising loss, weighted."""
    _, gradient = ladder_loss_and_gradient(APART, X, LEVELS, SIGMAS, Z)
    for level, sigma in enumerate(SIGMAS):
        own, rows = APART.own_parameters(sigma), level == LEVELS
        _, alone = denoising_loss_and_gradient(APART.fields[level], X[rows], sigma, Z[rows])
        want = sigma**2 * alone * rows.sum() / len(X)
        np.testing.assert_allclose(gradient[own], want, rtol=1e-11, atol=1e-14)


@families
def test_blocks_of_points_change_nothing(family):
    want = ladder_loss(family, X, LEVELS, SIGMAS, Z)
    before = getattr(family, "rows_at_once", 4096)
    family.rows_at_once = 3
    try:
        np.testing.assert_allclose(ladder_loss(family, X, LEVELS, SIGMAS, Z), want, rtol=1e-12)
    finally:
        family.rows_at_once = before


def test_weightings_multiply_the_loss_and_its_gradient():
    plain, slope = (f(NET, X, LEVELS, SIGMAS, Z, weighting="none") for f in (
        ladder_loss, ladder_loss_gradient))  # fmt: skip
    squared = ladder_loss(NET, X, LEVELS, SIGMAS, Z)
    np.testing.assert_allclose(squared, SIGMAS[LEVELS] ** 2 * plain, rtol=1e-13)
    thrice = ladder_loss_gradient(
        NET, X, LEVELS, SIGMAS, Z, weighting=lambda s: 3 * np.ones(s.shape)
    )
    np.testing.assert_allclose(thrice, 3 * slope, rtol=1e-12)

    def edm(sigmas):
        return score_weight(edm_weight(sigmas, 0.5), "data", 1.0, sigmas)

    sigma = SIGMAS[LEVELS][:, None]
    noisy = X + sigma * Z
    denoised = noisy + sigma**2 * NET(noisy, sigma[:, 0])
    want = 0.5 * edm_weight(sigma[:, 0], 0.5) * ((denoised - X) ** 2).sum(-1)
    got = ladder_loss(NET, X, LEVELS, SIGMAS, Z, weighting=edm)
    np.testing.assert_allclose(got, want, rtol=1e-11)


def test_a_trainer_needs_a_batch_and_an_rng_alone():
    sigmas = geometric_sigmas(3.0, 0.2, 4)
    one = ladder_loss_and_gradient(NET, X, None, sigmas, rng=3)
    two = ladder_loss_and_gradient(NET, X, None, sigmas, rng=3)
    assert one[0] == two[0]
    assert one[1].shape == NET.parameters.shape
    zero = PerLevel([Zero(1)] * 4, sigmas)  # the weighted loss is ½z² at every level
    losses = ladder_loss(zero, np.zeros((200_000, 1)), None, sigmas, rng=1)
    assert abs(losses.mean() - 0.5) < 5 * np.sqrt(0.5 / len(losses))
    marks = [Affine([[0.0]], [k / s]) for k, s in enumerate(sigmas)]  # ½(k + z)²: mean ½(1 + k²)
    losses = ladder_loss(PerLevel(marks, sigmas), np.zeros((200_000, 1)), None, sigmas, rng=2)
    assert abs(losses.mean() - 0.5 * (1 + (0 + 1 + 4 + 9) / 4)) < 0.03


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (
            {"sigmas": SIGMAS[::-1]},
            "sigmas must be positive and strictly decreasing, got .* at index 1 after",
        ),
        ({"sigmas": [3.0, 1.0, 1.0, 0.2]}, "strictly decreasing"),
        ({"sigmas": [3.0, 1.0, 0.4, 0.0]}, "sigmas must be positive"),
        ({"levels": LEVELS + 2}, "levels must be from 0 to 3"),
        ({"levels": LEVELS - 1}, "levels must be from 0 to 3"),
        ({"levels": LEVELS + 0.5}, "levels must be whole numbers"),
        ({"levels": LEVELS[:-1]}, "levels must have shape"),
        ({"noise": Z[:-1]}, "noise must have the shape of x"),
        ({"weighting": "snr"}, "weighting must be"),
        ({"weighting": lambda s: -s}, "weighting must be at least 0"),
        ({"x": X[:, :1]}, "x must have shape"),
    ],
)
def test_bad_arguments_are_refused_by_name(replaced, message):
    arguments = {"x": X, "levels": LEVELS, "sigmas": SIGMAS, "noise": Z} | replaced
    with pytest.raises(ValueError, match=message):
        ladder_loss(NET, **arguments)


def test_a_family_without_parameters_has_no_gradient():
    with pytest.raises(TypeError, match=r"family must offer \.parameters"):
        ladder_loss_gradient(DIFFUSED, X, LEVELS, SIGMAS, Z)
    with pytest.raises(TypeError, match="family must be a refscore Family"):
        ladder_loss(MLP.initialise((2, 3, 2)), X, LEVELS, SIGMAS, Z)


def test_separate_fields_know_their_levels_alone():
    assert APART.at(0.4 * (1 + 1e-8)) is APART.fields[2]
    with pytest.raises(ValueError, match="sigma must be a level"):
        APART.at(0.5)
    with pytest.raises(ValueError, match="equally many, got 1 and 2"):
        PerLevel([Zero(2)], [1.0, 0.5])
    with pytest.raises(ValueError, match=r"fields\[1\] must have dim 2, got 3"):
        PerLevel([Zero(2), Zero(3)], [1.0, 0.5])
    theta = RNG.standard_normal(APART.parameters.size)
    again = APART.with_parameters(theta)
    np.testing.assert_array_equal(again.parameters, theta)
    assert not np.array_equal(again(X, 1.1), APART(X, 1.1))

"""One integer seed for the data and for what goes beside them must not tie the two together."""

import numpy as np
import pytest

from refscore import estimation, langevin, objectives, traces
from refscore.distributions import Gaussian
from refscore.fields import Affine
from refscore.networks import ConditionalMLP

LAW = Gaussian(mean=[0.0], covariance=[[1.0]])
LINE = Affine(np.zeros((1, 1)), np.zeros(1))
TRUTH, SIGMA, SEEDS = -0.8, 0.5, (0, 1, 12345, np.random.SeedSequence(7), [3, 4])


def correlated(a, b):
    return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.mark.parametrize("seed", SEEDS, ids=str)
@pytest.mark.parametrize("way", ["closed", "lbfgs", "levels"])
def test_a_fit_with_the_seed_of_its_data_finds_the_law(seed, way):
    x = LAW.sample(2000, rng=seed)
    if way == "closed":
        found = estimation.fit_denoising(LINE, x, SIGMA, rng=seed)
    elif way == "lbfgs":
        found = estimation.fit("denoising", LINE, x, sigma=SIGMA, rng=seed)
    else:
        found = estimation.fit_levels(lambda _: LINE, x, [SIGMA], rng=seed)[0]
    assert abs(found.parameters[0] - TRUTH) < 0.3  # six standard errors; -1.33 if tied


def test_training_with_the_seed_of_its_data_finds_the_law():
    x = LAW.sample(2000, rng=0)
    settings = {"sigma": SIGMA, "steps": 800, "learning_rate": 0.02, "rng": 0}
    found = estimation.train("denoising", LINE, x, **settings)
    assert abs(found.parameters[0] - TRUTH) < 0.3


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_noise_probes_and_chains_from_the_seed_of_the_data_are_not_the_data(seed):
    x = LAW.sample(4000, rng=seed)
    probes = traces.draw_probes((4000, 1), "gaussian", rng=seed)
    zero = langevin.ula(lambda u: 0 * u, 1.0)
    moved = langevin.run(zero, x, 1, rng=seed).x - x
    noised = objectives.noisy_implicit_loss(Affine(np.eye(1)), x, 1.0, rng=seed)
    z = np.sqrt(2 * (noised - 1)) * np.sign(x[:, 0])  # |x + z| with the sign of x
    assert correlated(x, probes) < 0.08
    assert correlated(x, moved) < 0.08
    assert correlated(x, z) < 0.9  # 0.5 to 0.7 where independent, 1 where z = x


def test_a_generator_is_used_as_given_and_a_seed_is_repeatable():
    for seed in SEEDS:
        a, b = (traces.draw_probes((5, 3), "gaussian", rng=seed) for _ in range(2))
        np.testing.assert_array_equal(a, b)
    given = traces.draw_probes((5, 3), "gaussian", rng=np.random.default_rng(4))
    np.testing.assert_array_equal(given, np.random.default_rng(4).standard_normal((5, 3)))
    np.testing.assert_array_equal(
        LAW.sample(5, rng=4), np.random.default_rng(4).standard_normal((5, 1))
    )


def test_noise_that_is_a_function_of_the_data_is_refused():
    x = LAW.sample(50, rng=0)
    with pytest.raises(ValueError, match=r"drawn\s+from one seed"):
        estimation.fit_denoising(LINE, x, SIGMA, x)
    with pytest.raises(ValueError, match=r"drawn\s+from one seed"):
        estimation.fit_denoising(LINE, x, SIGMA, 3 + 2 * x)
    for control in (False, True):  # two Generators in one state are one seed too
        a, b = (np.random.default_rng(0) for _ in range(2))
        with pytest.raises(ValueError, match=r"drawn\s+from one seed"):
            estimation.fit_denoising(
                LINE, LAW.sample(50, rng=a), SIGMA, rng=b, control_variate=control
            )
        estimation.fit_denoising(LINE, LAW.sample(50, rng=a), SIGMA, rng=a, control_variate=control)
    still = estimation.fit_denoising(LINE, np.full((50, 1), 2.0), SIGMA, x)  # exact at a point
    np.testing.assert_allclose(still.parameters, [-4.0, 8.0])
    point, z = Affine(np.zeros((2, 2))), np.random.default_rng(3).normal(size=(50, 2))
    estimation.fit_denoising(point, np.full((50, 2), 2.0), SIGMA, z, control_variate=True)


X = np.random.default_rng(1).normal(size=(6, 2))
FIELD, PROBES = Affine(-np.eye(2)), np.stack([X, X[::-1] ** 2], axis=1)
NET = ConditionalMLP.initialise((2, 3, 2), rng=0)
LEVELS = np.array([0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    "call",
    [
        lambda rng: objectives.denoising_loss(FIELD, X, 0.5, X, rng=rng),
        lambda rng: objectives.denoising_loss_and_gradient(FIELD, X, 0.5, X, rng=rng),
        lambda rng: objectives.controlled_denoising_loss(FIELD, X, 0.5, X, rng=rng),
        lambda rng: objectives.gaussian_denoising_loss(FIELD, X, 1.0, np.eye(2), X, rng=rng),
        lambda rng: objectives.noisy_implicit_loss(FIELD, X, 0.5, X, rng=rng),
        lambda rng: objectives.ladder_loss(NET, X, LEVELS, [2.0, 1.0], X, rng=rng),
        lambda rng: objectives.sliced_loss(FIELD, X, PROBES, rng=rng),
        lambda rng: objectives.variance_reduced_sliced_loss(FIELD, X, PROBES, rng=rng),
        lambda rng: objectives.finite_difference_loss(FIELD, X, 0.1, PROBES, rng=rng),
        lambda rng: objectives.curvature_propagation_loss(FIELD, X, np.eye(2), PROBES, rng=rng),
        lambda rng: traces.hutchinson(np.eye(2), probes=X, rng=rng),
        lambda rng: traces.diagonal(np.eye(2), probes=X, rng=rng),
        lambda rng: traces.curvature_propagation(np.eye(2), probes=X, rng=rng),
        lambda rng: traces.hutch_plus_plus(np.eye(2), probes=X, rng=rng),
        lambda rng: traces.xtrace(np.eye(2), probes=X[:2], rng=rng),
        lambda rng: traces.divergence_estimate(FIELD, X, PROBES, rng=rng),
        lambda rng: estimation.fit_sliced(FIELD, X, PROBES, rng=rng),
        lambda rng: estimation.fit_denoising(FIELD, X, 0.5, X[::-1], rng=rng),
        lambda rng: estimation.fit_levels(lambda s: FIELD, X, [0.5], X[None, ::-1], rng=rng),
        lambda rng: estimation.fit("denoising", FIELD, X, sigma=0.5, noise=X[::-1], rng=rng),
        lambda rng: estimation.contrastive_divergence_gradient(
            estimation.PolynomialEnergy([[2]], [0.5]), X[:, :1], 0.1, 1, X[None, :, :1], rng=rng
        ),
        lambda rng: langevin.run(lambda x, z: x, X, 1, noise=X[None], rng=rng),
    ],
)
def test_draws_and_rng_are_not_both_given(call):
    call(None)
    with pytest.raises(ValueError, match="rng must not both be given"):
        call(0)


def test_what_is_left_to_draw_is_drawn():
    objectives.ladder_loss(NET, X, None, [2.0, 1.0], X, rng=0)  # the levels
    traces.hutch_plus_plus(np.eye(2), sketch=X[:2], rng=0)  # the probes
    estimation.fit("ladder", NET, X, levels=None, noise=X, sigmas=[2.0, 1.0], max_iterations=2)


@pytest.mark.parametrize("value", [True, np.True_, np.array(True)])
def test_booleans_are_not_numbers(value):
    with pytest.raises(TypeError, match="sigma must be a number"):
        objectives.denoising_loss(FIELD, X, value, X)
    with pytest.raises(TypeError, match="sigma must be"):
        objectives.denoising_loss(FIELD, X, np.full(6, True), X)

"""Linear inverse problems: the exact noised posterior, and how far approximations are from it."""

import numpy as np
import pytest

from refscore import bayes, diffusion, laws
from refscore.distributions import Gaussian, GaussianMixture
from refscore.processes import VE, VP

STANDARD = Gaussian([0.0], [[1.0]])
R, Y = 0.1, 1.0
LAW = Gaussian([0.4, -0.7, 0.2], [[1.3, 0.4, -0.2], [0.4, 0.7, 0.1], [-0.2, 0.1, 0.5]])
H, SEEN = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]]), np.array([0.9, -0.4])
NOISE = np.array([[0.5, 0.2], [0.2, 0.3]])
MIXTURE = GaussianMixture([0.7, 0.3], [[1.5], [-1.0]], [0.3, 0.2])


def sampled(score_at, l, process=None, dim=1):
    process = VP() if process is None else process
    return diffusion.reverse_law(process, score_at, np.zeros(dim), np.eye(dim), stochasticity=l)


@pytest.mark.parametrize("l", [0.0, 1.0])
def test_the_exact_score_samples_the_posterior(l):
    score_at = diffusion.posterior_score(VP(), LAW, H, SEEN, NOISE)
    found, exact = sampled(score_at, l, dim=3), bayes.posterior(LAW, H, SEEN, NOISE)
    np.testing.assert_allclose(found.covariance, exact.covariance, atol=2e-4)
    np.testing.assert_allclose(found.mean, exact.mean, atol=5e-3)  # of the prior at T


@pytest.mark.parametrize("t", [0.02, 0.5])
def test_tweedies_moments_are_exact_on_gaussians(t):
    x = np.random.default_rng(0).standard_normal((4, 3))
    exact = diffusion.posterior_score(VP(), LAW, H, SEEN, NOISE)(t)
    np.testing.assert_allclose(
        diffusion.moment_score(VP(), LAW, H, SEEN, NOISE)(t)(x), exact(x), rtol=1e-9
    )
    scaled = Gaussian([0.4, 0.1, 0.0], 1.7)
    exact = diffusion.posterior_score(VP(), scaled, H, SEEN, NOISE)(t)
    pigdm = diffusion.pigdm_score(VP(), scaled, H, SEEN, NOISE, data_variance=1.7)(t)
    np.testing.assert_allclose(pigdm(x), exact(x), rtol=1e-9)


def test_what_diffusion_posterior_sampling_samples():
    """N(y (1 - e^{-1/R}), R/2 (1 - e^{-2/R})) by the SDE, variance e^{-1/R} by the flow."""
    score_at = diffusion.dps_score(VP(), STANDARD, [[1.0]], [Y], [R])
    kept = VP().marginal(1.0)[0] ** 2  # α² is left of the start
    sde, flow = sampled(score_at, 1.0), sampled(score_at, 0.0)
    assert sde.mean[0] == pytest.approx(Y * (1 - np.exp(-1 / R)), abs=1e-6 + kept)
    assert sde.covariance[0, 0] == pytest.approx(R / 2 * (1 - np.exp(-2 / R)), abs=kept)
    assert flow.covariance[0, 0] == pytest.approx(np.exp(-1 / R), rel=1e-3)
    exact = bayes.posterior(STANDARD, [[1.0]], [Y], [R])
    assert sde.covariance[0, 0] < 0.56 * exact.covariance[0, 0]


@pytest.mark.parametrize(
    ("name", "l", "mean", "variance"),
    [
        ("dps_score", 1.0, 1.0000, 0.0500),
        ("dps_score", 0.0, 1.1566, 0.0000),
        ("flat_prior_score", 1.0, 0.8268, 0.0726),
        ("flat_prior_score", 0.0, 0.7598, 0.0000),
        ("pigdm_score", 1.0, 0.9091, 0.0909),
        ("moment_score", 1.0, 0.9091, 0.0909),
    ],
)
def test_the_biases_that_are_documented(name, l, mean, variance):
    score_at = getattr(diffusion, name)(VP(), STANDARD, [[1.0]], [Y], [R])
    law = sampled(score_at, l)
    assert law.mean[0] == pytest.approx(mean, abs=6e-5)
    assert law.covariance[0, 0] == pytest.approx(variance, abs=6e-5)


def flow_moments(score_at, process):
    """Mean, variance and mass above 0.25 of what the flow makes of the prior, by quantiles."""
    from scipy.special import ndtri

    z = process.prior_std() * ndtri((np.arange(400) + 0.5) / 400)[:, None]
    times = np.linspace(1.0, 1e-3, 81)
    x = diffusion.sample(diffusion.flow_heun(process, score_at), z, times)
    return x.mean(), x.var(), (x > 0.25).mean()


def test_on_a_mixture_only_the_exact_score_finds_both_components():
    """y = x + n, R = 0.5, y between the components: every approximation is too narrow."""
    process, args = VP(), ([[1.0]], [0.2], [0.5])
    exact = bayes.posterior(MIXTURE, *args)
    mass = 1 - _below(exact, 0.25)
    found = flow_moments(diffusion.posterior_score(process, MIXTURE, *args), process)
    np.testing.assert_allclose(found, [exact.mean[0], exact.covariance[0, 0], mass], atol=0.012)
    for name, most in (("dps_score", 0.5), ("pigdm_score", 0.9), ("moment_score", 0.99)):
        score_at = getattr(diffusion, name)(process, MIXTURE, *args)
        found = flow_moments(score_at, process)
        assert found[1] < most * exact.covariance[0, 0]


def _below(law, level):
    from scipy.special import ndtr

    return law.weights @ ndtr((level - law.means[:, 0]) / np.sqrt(law.covariances[:, 0, 0]))


def test_replacement_keeps_what_is_observed_and_misses_the_correlation():
    law, y = Gaussian([0.0, 0.0], [[1.0, 0.8], [0.8, 1.0]]), np.array([1.5])
    step = diffusion.replacement(diffusion.ancestral(VP(), law), [[1.0, 0.0]], y)
    assert step.noises == 2
    found = laws.sampler_law(step, [0.0, 0.0], np.eye(2), np.linspace(1.0, 0.0, 401))
    assert found.mean[0] == pytest.approx(1.5, abs=1e-12)
    assert found.covariance[0, 0] == pytest.approx(0.0, abs=1e-12)
    exact = (0.8 * 1.5, 1 - 0.8**2)
    assert abs(found.mean[1] - exact[0]) > 0.1
    assert found.covariance[1, 1] > 1.1 * exact[1]


def test_a_score_without_derivatives_will_do_for_the_flat_prior_only():
    args = ([[1.0]], [Y], [R])
    with pytest.raises(TypeError, match="score_at"):
        diffusion.dps_score(VP(), lambda t: lambda x: -x, *args)(0.3)
    found = diffusion.flat_prior_score(VP(), lambda t: STANDARD.score, *args)(0.3)
    assert np.isfinite(found(np.ones((2, 1)))).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: diffusion.dps_score(VP(), LAW, H, SEEN[:1], NOISE), "y must have shape"),
        (lambda: diffusion.pigdm_score(VP(), LAW, H, SEEN, NOISE, data_variance=0), "variance"),
        (lambda: diffusion.dps_score(VP(), LAW, H[:, :0], SEEN, NOISE), "H must have shape"),
        (
            lambda: diffusion.replacement(diffusion.ddim(VP(), LAW), 2 * np.eye(3), np.ones(3)),
            "orthonormal",
        ),
        (
            lambda: diffusion.replacement(
                diffusion.replacement(diffusion.ancestral(VP(), LAW), np.eye(3), np.ones(3)),
                np.eye(3), np.ones(3),
            ),
            "one-step",
        ),
        (lambda: diffusion.posterior_score(VE(), LAW, H, SEEN, -NOISE), "noise_covariance"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("name", ["pigdm_score", "moment_score", "flat_prior_score"])
def test_contradicting_observations_without_noise_are_refused(name):
    law, x = Gaussian([0.0, 1.0], [[1.0, 0.3], [0.3, 0.5]]), np.ones((1, 2))
    approximation, times = getattr(diffusion, name), (0.5, 0.0)
    twice, sums, one = [[1.0, 0.0]] * 2, [[1.0, 0], [0, 1], [1, 1]], [[1.0, 0.0]]
    for H, y, t in ((twice, [1.0, 2.0], 0.5), (sums, [1.0] * 3, 0.5), (one, [1.0], 0.0)):
        with pytest.raises(ValueError, match="noise_covariance must be positive definite"):
            approximation(VP(), law, H, y, 0.0)(t)(x)
    small = approximation(VP(), law, [[1.0, 0.0], [0.0, 1e-12]], [1.0, 2e-12], 0.0)(times[0])(x)
    same = approximation(VP(), law, np.eye(2), [1.0, 2.0], 0.0)(times[0])(x)
    np.testing.assert_allclose(small, same, rtol=1e-9)


def test_replacement_takes_one_evaluation_and_points_of_its_dimension():
    law = Gaussian([0.0, 1.0], np.eye(2))
    with pytest.raises(ValueError, match="of one evaluation .* evaluations = 2"):
        diffusion.replacement(diffusion.flow_heun(VP(), law), [[1.0, 0.0]], [1.0])
    step = diffusion.replacement(diffusion.ancestral(VP(), law), [[1.0, 0.0, 0.0]], [1.0])
    with pytest.raises(ValueError, match=r"H must have shape \(k, 2\), got shape \(1, 3\)"):
        step(np.zeros((4, 2)), 0.5, 0.4, np.zeros((2, 4, 2)))

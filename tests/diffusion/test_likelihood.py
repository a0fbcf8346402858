"""Log-likelihood by the flow: the exact log density, exactly on given probes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import diffusion, traces
from refscore.distributions import Gaussian, GaussianMixture
from refscore.nodes import signs
from refscore.processes import VE, VP

PROCESSES = [VP(), VE(0.05, 8.0), VE(0.05, 8.0, exact=True)]
GAUSSIAN = Gaussian(np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]]))
MIXTURE = GaussianMixture(
    np.array([0.3, 0.7]),
    np.array([[-2.0, 0.5], [1.0, -1.0]]),
    np.array([[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.2], [-0.2, 1.5]]]),
)


def data_law(process, law):
    """The law at t = 0: the data, smoothed by what noise the process starts with."""
    return law.diffuse(*map(float, process.marginal(0.0)))


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
@pytest.mark.parametrize("law", [GAUSSIAN, MIXTURE], ids=["gaussian", "mixture"])
def test_change_of_variables_gives_the_exact_log_density(process, law):
    x = law.sample(3, rng=0)
    found = diffusion.log_likelihood(process, law, x)
    np.testing.assert_allclose(found, data_law(process, law).log_density(x), atol=1e-6)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
@given(st.integers(0, 2**31), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_the_gaussian_closed_form_is_the_log_density(process, seed, d):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d))
    law = Gaussian(rng.normal(size=d), root @ root.T + 0.2 * np.eye(d))
    x = rng.normal(size=(2, 3, d))
    found = diffusion.gaussian_log_likelihood(law, process, x)
    np.testing.assert_allclose(found, data_law(process, law).log_density(x), rtol=1e-9)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_fixed_probes_give_the_closed_form_on_given_probes(process):
    x = GAUSSIAN.sample(3, rng=1)
    v = np.random.default_rng(2).normal(size=(3, 2, 2))
    found = diffusion.log_likelihood(process, GAUSSIAN, x, probes=v)
    exact = diffusion.gaussian_log_likelihood(GAUSSIAN, process, x, probes=v)
    np.testing.assert_allclose(found, exact, atol=2e-6)
    assert np.abs(exact - diffusion.gaussian_log_likelihood(GAUSSIAN, process, x)).max() > 0.05


def test_probes_are_unbiased_for_the_log_density_with_the_variance_of_the_trace():
    process, x = VP(), GAUSSIAN.sample(1, rng=3)
    one_each = np.stack([x[0]] * 4)
    values = diffusion.log_likelihood(process, GAUSSIAN, one_each, probes=signs(2).points[:, None])
    assert values.mean() == pytest.approx(GAUSSIAN.log_density(x)[0], abs=1e-6)
    generator = diffusion.flow_map(GAUSSIAN, process, 0.0, 1.0).generator
    assert values.var() == pytest.approx(traces.variance(generator, "rademacher"), rel=1e-5)
    all_signs = diffusion.log_likelihood(process, MIXTURE, x, probes=signs(2).points[None])
    np.testing.assert_allclose(all_signs, MIXTURE.log_density(x), atol=1e-6)


def test_the_generator_is_the_integral_of_the_velocity_jacobian():
    process = VE(0.05, 8.0)
    t, w = np.polynomial.legendre.leggauss(60)
    t, w = (t + 1) / 2, w / 2
    total = 0.0
    for u, weight in zip(t, w, strict=True):
        alpha, sigma = process.marginal(u)
        precision = np.linalg.inv(alpha**2 * GAUSSIAN.covariance + sigma**2 * np.eye(2))
        slope = process.drift_rate(u) * np.eye(2) + 0.5 * process.diffusion(u) ** 2 * precision
        total = total + weight * slope
    generator = diffusion.flow_map(GAUSSIAN, process, 0.0, 1.0).generator
    np.testing.assert_allclose(generator, total, rtol=1e-10)


def test_a_standard_normal_terminal_shifts_the_log_density_by_its_own_gap():
    process, x = VP(), GAUSSIAN.sample(2, rng=4)
    normal = Gaussian(np.zeros(2), np.eye(2)).log_density
    score_at = lambda t: GAUSSIAN.diffuse(*map(float, process.marginal(t))).score  # noqa: E731
    found = diffusion.log_likelihood(process, score_at, x)
    exact = diffusion.gaussian_log_likelihood(GAUSSIAN, process, x, terminal=normal)
    np.testing.assert_allclose(found, exact, atol=1e-6)
    end = diffusion.flow_map(GAUSSIAN, process, 0.0, 1.0)(x)
    gap = normal(end) - diffusion.diffused(process, GAUSSIAN, 1.0).log_density(end)
    np.testing.assert_allclose(found - GAUSSIAN.log_density(x), gap, atol=1e-6)
    assert np.abs(gap).max() > 1e-3


@pytest.mark.parametrize("lead", [(), (2,), (2, 1), (0,)])
def test_leading_shapes_and_independence_of_the_batch(lead):
    x = np.random.default_rng(5).normal(size=(*lead, 2))
    found = diffusion.log_likelihood(VP(), MIXTURE, x, rtol=1e-5, atol=1e-5)
    assert np.shape(found) == lead
    for i in np.ndindex(lead):
        alone = diffusion.log_likelihood(VP(), MIXTURE, x[i], rtol=1e-5, atol=1e-5)
        assert alone == pytest.approx(found[i] if lead else found, rel=1e-13)


def test_the_log_density_is_under_error_control_too():
    law, x = Gaussian([0.0], [[1e-4]]), np.array([[0.0]])
    found = diffusion.log_likelihood(VP(), law, x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found, law.log_density(x), atol=1e-6)


def test_intermediate_times_give_the_intermediate_densities():
    process, x = VP(), MIXTURE.sample(2, rng=6)
    found = diffusion.log_likelihood(process, MIXTURE, x, start=0.2, end=0.7)
    expected = diffusion.diffused(process, MIXTURE, 0.2).log_density(x)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"probes": np.ones((3, 2))}, "probes must have shape"),
        ({"probes": np.ones((2, 0, 2))}, "probes must have shape"),
        ({"start": -0.1}, "start must lie in"),
        ({"end": 2.0}, "end must lie in"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        diffusion.log_likelihood(VP(), GAUSSIAN, np.ones((2, 2)), **options)


def test_a_terminal_that_is_no_function_is_refused_by_name():
    for call in (diffusion.log_likelihood, diffusion.gaussian_log_likelihood):
        with pytest.raises(TypeError, match="terminal must be a function"):
            call(VP(), GAUSSIAN, np.ones(2), terminal=3) if call is diffusion.log_likelihood else (
                call(GAUSSIAN, VP(), np.ones(2), terminal=3)
            )

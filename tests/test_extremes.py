"""One dimension and a thousand, bad covariances, points 1e150 away, unstable steps."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from public_api import CALLS, Array

from refscore import (
    bayes,
    calculus,
    diffusion,
    discrepancies,
    distributions,
    langevin,
    laws,
    nodes,
    objectives,
    strategies,
    traces,
)
from refscore.fields import Affine
from refscore.networks import MLP
from refscore.processes import VP
from refscore.verify import library

few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("dim", [1, 1000])
def test_any_dimension(dim):
    rng = np.random.default_rng(dim)
    x, v = rng.standard_normal((2, 3, dim))
    probes = rng.standard_normal((3, 2, dim))
    covariance = 0.5 * np.eye(dim) + 0.5
    gaussian = distributions.Gaussian(np.ones(dim), covariance)
    mixture = distributions.GaussianMixture([0.4, 0.6], [np.zeros(dim), np.ones(dim)], [1.0, 2.0])
    network = MLP.initialise((dim, 3, dim), rng=0)
    flow = diffusion.flow_map(gaussian, VP(), 0.1, 0.5)
    for law in (
        gaussian,
        mixture,
        distributions.Empirical(x, 1.0),
        distributions.StudentT(np.zeros(dim), covariance, 3.0),
        distributions.Laplace(np.zeros(dim), 1.0),
        distributions.SmoothedUniform(-np.ones(dim), np.ones(dim), 0.5),
    ):
        assert np.isfinite(law.log_density(x)).all()
        assert np.isfinite(law.score.jvp(x, v)).all()
        assert np.isfinite(law.score.divergence(x)).all()
        assert law.sample(2, rng=0).shape == (2, dim)
    for field in (Affine(-covariance), network, mixture.score):
        assert np.isfinite(objectives.implicit_loss(field, x)).all()
        assert np.isfinite(objectives.sliced_loss(field, x, probes)).all()
        assert np.isfinite(objectives.denoising_loss(field, x, 0.5, v)).all()
    assert objectives.implicit_loss_gradient(network, x).shape == network.parameters.shape
    assert traces.exact_trace(covariance).estimate == pytest.approx(dim)
    assert np.isfinite(traces.hutch_plus_plus(covariance, rng=0).estimate)
    assert np.isfinite(laws.langevin_stationary(gaussian, 0.1).covariance).all()
    np.testing.assert_allclose(flow(flow.mean_from), flow.mean_to, rtol=1e-12)
    assert discrepancies.wasserstein_gaussian(gaussian, gaussian) < 1e-6 * dim
    b, c = calculus.conservative_projection(-covariance, np.ones(dim), np.zeros(dim), covariance)
    np.testing.assert_allclose(b, -covariance, atol=1e-9)
    assert np.isfinite(bayes.denoise(mixture.score, x[:1], 0.8, 0.5).covariance).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: nodes.signs(1000),
        lambda: nodes.enumerate_binary(30),
        lambda: nodes.trapezoid(np.zeros(9), np.ones(9), 10),
        lambda: nodes.gauss_hermite(distributions.Gaussian(np.zeros(40), 1.0), 5),
        lambda: langevin.run(lambda x, z: z, np.zeros(1000), 10**9, trajectory=True),
    ],
)
def test_what_would_not_fit_into_memory_is_refused(call):
    with pytest.raises(ValueError, match=r"points; at most|memory_limit"):
        call()


COVARIANCES = [
    (name, argument)
    for name, call in CALLS.items()
    for argument, kind in call.arguments.items()
    if isinstance(kind, Array)
    and np.shape(kind.value) != (1, 1)
    and argument in ("covariance", "shape", "noise_covariance", "covariance0")
]
SINGULAR_ALLOWED = (
    "distributions.Gaussian", "bayes.posterior", "laws.", "diffusion.reverse_law",
    "diffusion.posterior_score", "diffusion.pigdm", "diffusion.moment", "diffusion.flat",
)  # fmt: skip


@pytest.mark.parametrize(("name", "argument"), COVARIANCES)
@few
@given(data=st.data())
def test_a_bad_covariance_is_refused_by_name(name, argument, data):
    call = CALLS[name]
    good = data.draw(strategies.covariances(2))
    size = np.abs(good).max()
    skewed = (
        good + np.array([[0.0, 1.0], [0.0, 0.0]]) * data.draw(strategies.scales(1e-6, 1e3)) * size
    )
    values, q = np.linalg.eigh(good)
    negative = (q * [values[0], -data.draw(strategies.scales(1e-6, 1e3)) * values[1]]) @ q.T
    negative = 0.5 * (negative + negative.T)
    u = q[:, :1]
    bad = {"not symmetric": skewed, "negative": negative, "singular": u @ u.T}
    if name.startswith(SINGULAR_ALLOWED):
        del bad["singular"]
    what = data.draw(st.sampled_from(sorted(bad)))
    arguments = {n: a.value for n, a in call.arguments.items()} | {argument: bad[what]}
    with pytest.raises(ValueError, match=rf"{argument}.* must be (symmetric|positive)"):
        call.function(**arguments)


def test_a_singular_gaussian_refuses_its_density_and_its_score():
    flat = distributions.Gaussian([1.0, 2.0], [[1.0, 1.0], [1.0, 1.0]])
    assert flat.sample(3, rng=0).shape == (3, 2)
    assert np.isfinite(flat.diffuse(1.0, 0.5).score([[0.0, 0.0]])).all()
    for ask in (flat.log_density, flat.score):
        with pytest.raises(ValueError, match="covariance must be positive definite"):
            ask([[0.0, 0.0]])


@few
@given(st.data())
def test_points_far_away_have_a_density_and_a_score(data):
    dim = data.draw(strategies.dims())
    law = data.draw(strategies.laws(dim))
    distance = data.draw(st.sampled_from([1e3, 1e8, 1e50, 1e150]))
    x = data.draw(strategies.points(dim, 3, distance=distance))
    p = library.distribution(law)
    density, score = p.log_density(x), p.score(x)
    assert (density < 0).all()
    assert not np.isnan(density).any()
    inside = density > -np.inf if p.support != "R^d" else np.ones(3, dtype=bool)
    for value in (score, p.score.divergence(x), p.score.jacobian(x)):
        assert not np.isnan(value[inside]).any()
    if law.kind in ("gaussian", "mixture", "empirical", "student_t", "laplace", "logistic"):
        assert np.isfinite(score).all()
        assert ((x * score).sum(-1) < 0).all() or distance < 1e8, "the score points back"


@few
@given(
    st.floats(2.01, 1e6),
    st.sampled_from(["gaussian", "mixture"]),
    st.integers(0, 5),
)
def test_a_step_beyond_stability_is_named(times, kind, seed):
    """Beyond η = 4 λ_min the chain on a quadratic diverges; it says so, and how large η was."""
    law = (
        distributions.Gaussian([0.3, -0.1], [[1.0, 0.2], [0.2, 0.5]])
        if kind == "gaussian"
        else distributions.GaussianMixture([0.5, 0.5], [[1.0, 0.0], [-1.0, 0.0]], [0.5, 1.0])
    )
    step_size = times * 4.0
    with pytest.raises(ValueError, match=r"left the finite numbers at step \d+ \(step_size is"):
        langevin.run(langevin.ula(law.score, step_size), np.ones((4, 2)), 5000, rng=seed)
    if kind == "gaussian":
        with pytest.raises(ValueError, match="step_size must be below 4 times"):
            laws.langevin_stationary(law, step_size)
        with pytest.raises(ValueError, match="spectral radius"):
            laws.stationary_law(langevin.ula(law.score, step_size), 2)
        with pytest.raises(ValueError, match="leaves the finite numbers within n_steps"):
            laws.langevin_law(law, step_size, 10**6, np.ones(2), np.eye(2))
        after = laws.langevin_law(law, step_size, 3, np.ones(2), np.eye(2))
        assert np.isfinite(after.covariance).all()


def test_answers_keep_no_hold_on_what_came_in():
    """No function of points returns a view of its argument, which its caller may write to."""
    for name, call in CALLS.items():
        values = {n: a.value for n, a in call.arguments.items()}
        answer = call.function(**values)
        answer = call.read(answer) if call.read else answer
        for part in answer if isinstance(answer, tuple) else (answer,):
            for argument, value in values.items():
                if isinstance(value, np.ndarray) and isinstance(part, np.ndarray):
                    assert not np.shares_memory(part, value), f"{name} returns its {argument}"

"""Predictions of every kind: exact conversions, their limits, networks that drive samplers."""

import numpy as np
import pytest

from refscore import diffusion, fields, networks, processes
from refscore.diffusion.parametrisation import PARAMETRISATIONS, predictions
from refscore.distributions import Gaussian, GaussianMixture

PROCESSES = [
    processes.VP(),
    processes.SubVP(),
    processes.VE(0.05, 8.0),
    processes.Cosine(),
    processes.EDM(4.0),
    processes.Straight(),
]
LAW = Gaussian([0.7, -1.1], [[0.9, 0.4], [0.4, 0.5]])
MIXTURE = GaussianMixture(
    [0.6, 0.4], [[-1.0, 0.3], [1.5, 0.9]], [[[0.2, 0.1], [0.1, 0.3]], [[0.5, 0.0], [0.0, 0.1]]]
)
X = np.random.default_rng(5).standard_normal((4, 2))
TIMES = [0.8, 0.5, 0.31, 0.07]


def predicting(process, law, kind):
    """A network that predicts `kind` perfectly: fields p x + q score, of every time."""

    def at(t):
        p, q = (float(c) for c in diffusion.conversion(process, t, "score", kind))
        return fields.Affine(p * np.eye(2)) + q * diffusion.diffused(process, law, t).score

    return diffusion.predictions(process, fields.Family(at), kind)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda p: type(p).__name__)
def test_every_conversion_goes_through_data_and_noise(process):
    t = np.array([0.9, 0.4, 0.05, 0.6])
    data, noise = X, np.random.default_rng(6).standard_normal(X.shape)
    alpha, sigma = (c[:, None] for c in process.marginal(t))
    rates = [rate[:, None] for rate in process.marginal_rates(t)]
    exact = {
        "data": data,
        "noise": noise,
        "score": -noise / sigma,
        "velocity": alpha * noise - sigma * data,
        "flow": rates[0] * data + rates[1] * noise,
    }
    x = alpha * data + sigma * noise
    for source in PARAMETRISATIONS:
        for target in PARAMETRISATIONS:
            got = diffusion.convert(process, x, t, exact[source], source, target)
            np.testing.assert_allclose(got, exact[target], rtol=1e-11, atol=1e-11)


def test_what_a_prediction_fixes_at_the_ends_and_what_it_does_not():
    straight, value = processes.Straight(), X + 1  # σ = 0 at t = 0 and α = 0 at t = 1

    def at(t, source, target, process=straight):
        return diffusion.convert(process, X, t, value, source, target)

    np.testing.assert_allclose(at(0.0, "noise", "data"), X)
    np.testing.assert_allclose(at(0.0, "score", "data"), X)
    np.testing.assert_allclose(at(0.0, "noise", "flow"), value - X)
    np.testing.assert_allclose(at(0.0, "flow", "noise"), value + X)
    np.testing.assert_allclose(at(0.0, "velocity", "noise"), value)
    np.testing.assert_allclose(at(1.0, "data", "flow"), X - value)
    np.testing.assert_allclose(at(1.0, "velocity", "data"), -value)
    np.testing.assert_allclose(at(1.0, "flow", "data"), X - value)
    np.testing.assert_allclose(at(1.0, "noise", "score"), -value)
    for t, source, target in (
        (0.0, "data", "noise"), (0.0, "data", "flow"), (0.0, "noise", "score"),
        (1.0, "noise", "data"), (1.0, "score", "velocity"), (1.0, "noise", "flow"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"{source!r} fixes {target!r}; at t = {t:g}"):
            at(t, source, target)
    with pytest.raises(ValueError, match="fixes 'flow'"):  # σ' is infinite
        at(0.0, "noise", "flow", processes.VP())
    with pytest.raises(ValueError, match="at t = 1"):
        diffusion.conversion(straight, [0.3, 1.0], "noise", "data")


@pytest.mark.parametrize("kind", PARAMETRISATIONS)
def test_first_order_steps_have_one_law_whatever_is_predicted(kind):
    for process in (processes.VP(), processes.Straight()):
        perfect = predicting(process, MIXTURE, kind)
        for make in (
            diffusion.exponential,
            lambda p, s: diffusion.edm(p, s, method="euler"),
            lambda p, s: diffusion.dpm_multistep(p, s, 1, prediction="noise"),
            diffusion.euler_maruyama,
        ):
            step = make(process, perfect)
            noise = (X[::-1],) if step.noises else ()
            right = make(process, MIXTURE)(X, 0.6, 0.4, *noise)
            np.testing.assert_allclose(step(X, 0.6, 0.4, *noise), right, rtol=1e-10, atol=1e-11)


def test_second_order_steps_depend_on_the_prediction_at_third_order_of_the_step():
    vp = processes.VP()
    gaps = []
    for h in (0.1, 0.05):
        s = float(vp.time_at(vp.log_snr(0.5) + h))
        pair = [
            diffusion.dpm_solver(vp, LAW, 2, prediction=k)(X, 0.5, s) for k in ("noise", "data")
        ]
        gaps.append(np.abs(pair[0] - pair[1]).max())
    assert gaps[0] > 1e-6
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("kind", PARAMETRISATIONS)
def test_predictions_drive_samplers_flows_and_likelihoods(kind):
    vp = processes.VP()
    perfect = predicting(vp, LAW, kind)
    x = LAW.sample(3, rng=1)
    ends = {"start": 0.05, "terminal": diffusion.diffused(vp, LAW, 1.0).log_density}
    exact = diffusion.diffused(vp, LAW, 0.05).log_density(x)
    np.testing.assert_allclose(diffusion.log_likelihood(vp, perfect, x, **ends), exact, rtol=1e-6)
    for make in (diffusion.dpm_multistep, diffusion.edm, diffusion.adams_bashforth):
        got = diffusion.sample(make(vp, perfect), X, TIMES)
        np.testing.assert_allclose(got, diffusion.sample(make(vp, LAW), X, TIMES), rtol=1e-9)
    field = perfect.at(0.3)
    np.testing.assert_allclose(field.divergence(X), perfect.at(0.3).jacobian(X).trace(0, 1, 2))


def test_a_ladder_network_drives_a_preserving_process():
    family = networks.ConditionalMLP.initialise((2, 8, 2), rng=0, reading="denoiser")
    vp, t = processes.VP(), 0.4
    alpha, sigma = vp.marginal(t)
    scores = diffusion.ladder_scores(vp, family)
    field = scores.at(t)
    np.testing.assert_allclose(field(X), family.at(sigma / alpha)(X / alpha) / alpha)
    np.testing.assert_allclose(
        field.jacobian(X), family.at(sigma / alpha).jacobian(X / alpha) / alpha**2
    )
    exact = diffusion.ladder_scores(vp, fields.Family(lambda s: MIXTURE.diffuse(1.0, s).score))
    right = diffusion.sample(diffusion.dpm_multistep(vp, MIXTURE), X, TIMES)
    got = diffusion.sample(diffusion.dpm_multistep(vp, exact), X, TIMES)
    np.testing.assert_allclose(got, right, rtol=1e-9)
    with pytest.raises(ValueError, match="alpha and sigma above 0"):
        scores.at(0.0)


def test_a_preconditioned_network_is_the_denoiser_of_the_conditional_mlp():
    weights = [np.random.default_rng(2).standard_normal((2, 3))]
    mlp = networks.ConditionalMLP(weights, [np.zeros(2)], reading="denoiser", sigma_data=0.7)

    def network(x, label):
        return np.concatenate([x, np.full((*x.shape[:-1], 1), label)], -1) @ weights[0].T

    denoiser = diffusion.edm_denoiser(network, 0.7)
    edm = processes.EDM(5.0)
    perfect = predictions(edm, denoiser, "data")
    for sigma in (0.3, 2.0):
        np.testing.assert_allclose(perfect.at(sigma)(X), mlp.at(sigma)(X), rtol=1e-10)
    step = diffusion.edm(edm, perfect)
    np.testing.assert_allclose(
        step(X, 2.0, 0.0), diffusion.exponential(edm, mlp)(X, 2.0, 0.0), rtol=1e-10
    )


def test_bad_kinds_shapes_and_answers_are_named():
    vp = processes.VP()
    with pytest.raises(ValueError, match="target must be one of"):
        diffusion.convert(vp, X, 0.3, X, "noise", "eps")
    with pytest.raises(ValueError, match="value must have the shape of x"):
        diffusion.convert(vp, X, 0.3, X[:2], "noise", "data")
    with pytest.raises(TypeError, match="family must offer .at"):
        diffusion.ladder_scores(vp, 3.0)
    wrong = diffusion.predictions(vp, lambda t: lambda x: x[:, :1], "data")
    with pytest.raises(ValueError, match="data prediction at time 0.5 must have the shape of x"):
        diffusion.exponential(vp, wrong)(X, 0.5, 0.2)


def test_fields_fitted_level_by_level_drive_samplers_at_their_levels():
    """Affine fields minimise a ladder's objective at -(S + σ²I)⁻¹ (x - m) of the data."""
    data = LAW.sample(200, rng=3)
    fitted, vp = Gaussian(data.mean(0), np.cov(data.T, bias=True)), processes.VP()
    sigmas = np.geomspace(8.0, 0.05, 9)
    levels = []
    for sigma in sigmas:
        P = np.linalg.inv(fitted.covariance + sigma**2 * np.eye(2))
        levels.append(fields.Affine(-P, P @ fitted.mean))
    scores = diffusion.ladder_scores(vp, fields.PerLevel(levels, sigmas))
    times = vp.time_at(-np.log(sigmas))  # where σ/α is a level
    for make in (
        diffusion.dpm_multistep, diffusion.adams_bashforth, diffusion.edm, diffusion.plms,
        diffusion.sde_dpm_multistep, diffusion.euler_maruyama, diffusion.ancestral,
    ):  # fmt: skip
        rng = {"rng": 4} if make(vp, fitted).noises else {}
        got = diffusion.sample(make(vp, scores), X, times, **rng)
        right = diffusion.sample(make(vp, fitted), X, times, **rng)
        np.testing.assert_allclose(got, right, rtol=1e-6)
    with pytest.raises(ValueError, match="sigma must be a level"):
        diffusion.sample(diffusion.dpm_solver(vp, scores), X, times)

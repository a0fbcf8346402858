"""Predictor-corrector steps: order of use, norms, what couples rows, refusals."""

import numpy as np
import pytest

from refscore import diffusion, distributions, langevin, laws, processes

VE = processes.VE(0.01, 5.0, exact=True)
LAW = distributions.GaussianMixture([0.4, 0.6], [[1.0, 0.2], [-1.5, 0.6]], [0.3, 0.8])
X = np.array([[0.3, -1.2], [2.0, 0.4], [-0.7, 0.9]])
Z = np.sin(1.0 + np.arange(18.0)).reshape(3, 3, 2)
PREDICTOR = diffusion.euler_maruyama(VE, LAW)
T, S = 0.6, 0.5


def _score(u):
    return diffusion.diffused(VE, LAW, u).score


def test_two_corrections_after_and_before():
    after = diffusion.predictor_corrector(PREDICTOR, 2, step_size=0.1)
    assert (after.noises, after.evaluations) == (3, 3)
    fix = langevin.ula(_score(S), 0.1)
    right = fix(fix(PREDICTOR(X, T, S, Z[0]), Z[1]), Z[2])
    assert np.allclose(after(X, T, S, Z), right, rtol=1e-14)
    before = diffusion.predictor_corrector(PREDICTOR, 2, step_size=0.1, order="before")
    fix = langevin.ula(_score(T), 0.1)
    right = PREDICTOR(fix(fix(X, Z[0]), Z[1]), T, S, Z[2])
    assert np.allclose(before(X, T, S, Z), right, rtol=1e-14)


def test_a_step_size_of_the_time_and_a_predictor_without_noise():
    sized = diffusion.predictor_corrector(
        diffusion.flow_heun(VE, LAW), step_size=lambda u: 0.2 * VE.marginal(u)[1] ** 2
    )
    assert sized.noises == 1
    fix = langevin.ula(_score(S), 0.2 * float(VE.marginal(S)[1]) ** 2)
    right = fix(diffusion.flow_heun(VE, LAW)(X, T, S), Z[0])
    assert np.allclose(sized(X, T, S, Z[0]), right, rtol=1e-14)


@pytest.mark.parametrize("norm", ["row", "batch"])
def test_norms_of_rows_keep_rows_apart_and_those_of_the_batch_do_not(norm):
    step = diffusion.predictor_corrector(PREDICTOR, snr=0.16, norm=norm, alpha=lambda u: 0.9)
    fix = langevin.corrector(_score(S), 0.16, 0.9, norm)
    got = step(X, T, S, Z[:2])
    assert np.allclose(got, fix(PREDICTOR(X, T, S, Z[0]), Z[1]), rtol=1e-14)
    alone = step(X[:1], T, S, Z[:2, :1])
    assert step.coupled == (norm == "batch")
    assert np.allclose(alone, got[:1]) == (norm == "row")
    points = np.tile(X, (20000, 1))
    whole = diffusion.sample(step, points, [T, S], rng=3)
    assert np.isfinite(whole).all()


def test_the_norm_corrector_is_no_affine_map_and_the_fixed_one_is():
    gaussian = distributions.Gaussian([0.5, -1.0], [[1.0, 0.3], [0.3, 0.5]])
    predictor = diffusion.euler_maruyama(VE, gaussian)
    times = [0.6, 0.5, 0.45]
    fixed = diffusion.predictor_corrector(predictor, step_size=0.1)
    law = laws.sampler_law(fixed, gaussian.mean, np.eye(2), times)
    x = gaussian.mean + np.random.default_rng(7).standard_normal((40000, 2))
    found = diffusion.sample(fixed, x, times, rng=11)
    error = np.linalg.cholesky(law.covariance)
    white = np.linalg.solve(error, (found - law.mean).T).T
    assert np.abs(white.mean(0)).max() * 200 < 6
    assert np.abs(np.cov(white.T) - np.eye(2)).max() * 200 < 9
    for norm, said in (("row", "must be affine"), ("batch", "must not couple")):
        by_norms = diffusion.predictor_corrector(predictor, snr=0.16, norm=norm)
        with pytest.raises(ValueError, match=said):
            laws.sampler_law(by_norms, gaussian.mean, np.eye(2), times)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "one of snr and step_size"),
        ({"snr": 0.1, "step_size": 0.1}, "one of snr and step_size"),
        ({"snr": -0.1}, "snr must be positive"),
        ({"step_size": 0.0}, "step_size must be positive"),
        ({"snr": 0.1, "norm": "rows"}, "norm must be one of row, batch"),
        ({"snr": 0.1, "order": "first"}, "order must be one of before, after"),
        ({"snr": 0.1, "alpha": 0}, "alpha must be positive"),
        ({"snr": 0.1, "n_corrections": -1}, "n_corrections must be at least 0"),
    ],
)
def test_refusals(arguments, said):
    with pytest.raises(ValueError, match=said):
        diffusion.predictor_corrector(PREDICTOR, **arguments)


def test_a_predictor_is_a_reverse_step():
    with pytest.raises(TypeError, match="predictor must be a one-step reverse step"):
        diffusion.predictor_corrector(lambda x: x, step_size=0.1)


def test_a_score_of_zero_is_named():
    gaussian = distributions.Gaussian([0.0], [[1.0]])
    step = diffusion.predictor_corrector(diffusion.ddim(processes.VP(), gaussian), snr=0.1)
    with pytest.raises(ValueError, match=r"score must be .* at time 0.5 it is 0 at x = \[0.\]"):
        step([[1.0], [0.0]], 1.0, 0.5, [[1.0], [1.0]])
    with pytest.raises(ValueError, match="sized by"):
        diffusion.sample(step, [[1.0], [0.0]], [1.0, 0.5], rng=1)

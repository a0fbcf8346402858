"""Weights of noise levels: readings on the score, limits, and the likelihood weight."""

import numpy as np
import pytest

from refscore import processes
from refscore.objectives import (
    draw_levels,
    edm_sigmas,
    edm_weight,
    geometric_sigmas,
    likelihood_weight,
    log_uniform_sigmas,
    min_snr_weight,
    score_weight,
    sigma_squared_weight,
    uncertainty_loss,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("target", ["score", "noise", "data", "velocity", "flow"])
def test_a_weight_on_a_target_is_a_weight_on_the_score(target):
    alpha, sigma = 0.7, 1.9
    x, z, s = RNG.standard_normal((3, 8, 2))
    y = alpha * x + sigma * z
    noise, data = -sigma * s, (y + sigma**2 * s) / alpha
    predicted, true = {
        "score": (s, -z / sigma),
        "noise": (noise, z),
        "data": (data, x),
        "velocity": (alpha * noise - sigma * data, alpha * z - sigma * x),
        "flow": (noise - data, z - x),
    }[target]
    want = 1.3 * ((predicted - true) ** 2).sum(-1)
    got = score_weight(1.3, target, alpha, sigma) * ((s + z / sigma) ** 2).sum(-1)
    np.testing.assert_allclose(got, want, rtol=1e-11)


def test_min_snr_weights_are_one_weight_on_the_score():
    snr = np.geomspace(1e-4, 1e4, 9)
    alpha, sigma = np.sqrt(snr / (1 + snr)), np.sqrt(1 / (1 + snr))
    weights = [
        score_weight(min_snr_weight(snr, 5.0, p), p, alpha, sigma)
        for p in ("noise", "velocity", "data")
    ]
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-12)
    np.testing.assert_allclose(weights[2], weights[0], rtol=1e-12)
    np.testing.assert_allclose(min_snr_weight([0.01, 100.0]), [1.0, 0.05])


def test_the_likelihood_weight_of_a_geometric_ladder_is_the_square_but_for_a_factor():
    process, t = processes.VE(0.01, 50.0), np.array([0.1, 0.4, 0.9])
    sigma = 0.01 * 5000**t
    want = 2 * np.log(5000) * sigma_squared_weight(sigma)
    np.testing.assert_allclose(likelihood_weight(process, t), want, rtol=1e-12)
    vp = processes.VP()
    np.testing.assert_allclose(likelihood_weight(vp, t), vp.beta(t), rtol=1e-13)


def test_edm_weight_far_out():
    np.testing.assert_allclose(edm_weight([1e-100, 1e200], 0.5), [1e200, 4.0], rtol=1e-14)


def test_levels_have_their_laws():
    z = RNG.standard_normal(5)
    np.testing.assert_allclose(np.log(edm_sigmas(z)), -1.2 + 1.2 * z, rtol=1e-12)
    np.testing.assert_allclose(log_uniform_sigmas([0.0, 0.5, 1.0], 0.01, 1.0), [0.01, 0.1, 1.0])
    ladder = geometric_sigmas(50.0, 0.01, 7)
    assert (ladder[0], ladder[-1]) == (50.0, 0.01)
    np.testing.assert_allclose(ladder[1:] / ladder[:-1], 5000 ** (-1 / 6), rtol=1e-13)
    counts = np.bincount(draw_levels(60_000, 6, rng=0), minlength=6)
    assert len(counts) == 6
    assert np.abs(counts - 10_000).max() < 5.5 * np.sqrt(60_000 * 5 / 36)


def test_the_best_log_variance_is_that_of_the_square():
    squares = np.array([0.2, 3.0])
    best = uncertainty_loss(squares, np.log(squares))
    np.testing.assert_allclose(best, 0.5 * (1 + np.log(squares)))
    for shift in (-0.3, 0.3):
        assert (uncertainty_loss(squares, np.log(squares) + shift) > best).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: min_snr_weight([1.0], 5.0, "epsilon"), "prediction must be one of"),
        (lambda: min_snr_weight([0.0]), "snr must be positive"),
        (lambda: score_weight(1.0, "energy", 1.0, 1.0), "target must be one of"),
        (lambda: score_weight([1.0, 2.0], "data", [1.0] * 3, 1.0), "alpha must have weight's"),
        (lambda: score_weight(1.0, "data", [1.0] * 3, [1.0] * 2), "sigma must have alpha's"),
        (lambda: geometric_sigmas(0.1, 1.0, 4), "sigma_max must exceed sigma_min"),
        (lambda: log_uniform_sigmas([1.2], 0.1, 1.0), r"uniforms must lie in \[0, 1\]"),
        (lambda: uncertainty_loss([1.0, 2.0], [0.0] * 3), "log_variance must have squares'"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()

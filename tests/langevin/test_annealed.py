"""Annealed Langevin: its ladder, its order, its last step, on given noise and from a seed."""

import numpy as np
import pytest

from refscore import langevin, laws
from refscore.distributions import Gaussian, GaussianMixture

TARGET = GaussianMixture([0.8, 0.2], [[2.0, 2.0], [-2.0, -2.0]], np.array([0.3, 0.5]))
SIGMAS = np.array([4.0, 1.5, 0.5])


def score_at(x, sigma):
    return TARGET.diffuse(1, sigma).score(x)


def by_hand(x, noise, step_size, denoise):
    for sigma, level in zip(SIGMAS, noise):
        eta = step_size * sigma**2 / SIGMAS[-1] ** 2
        for z in level:
            x = x + eta / 2 * score_at(x, sigma) + np.sqrt(eta) * z
    return x + SIGMAS[-1] ** 2 * score_at(x, SIGMAS[-1]) if denoise else x


def test_step_sizes():
    found = langevin.annealed_step_sizes([3.0, 1.0, 2.0], 0.5)
    np.testing.assert_allclose(found, [0.5 * 9 / 4, 0.125, 0.5], rtol=1e-15)


@pytest.mark.parametrize("lead", [(), (5,), (2, 3)])
@pytest.mark.parametrize("denoise", [False, True])
def test_given_noise(lead, denoise):
    rng = np.random.default_rng(1)
    x0, noise = rng.normal(size=(*lead, 2)), rng.normal(size=(3, 4, *lead, 2))
    found = langevin.annealed(score_at, x0, SIGMAS, 0.1, 4, noise=noise, denoise=denoise)
    np.testing.assert_allclose(found.x, by_hand(x0, noise, 0.1, denoise), rtol=1e-12)
    assert found.n_steps == 12
    assert found.mean is None


def test_a_seed_draws_that_noise_in_that_order():
    x0 = np.zeros((6, 2))
    noise = np.random.default_rng(5).standard_normal((3, 4, 6, 2))
    given = langevin.annealed(score_at, x0, SIGMAS, 0.1, 4, noise=noise, trajectory=True)
    rng = np.random.default_rng(5)
    drawn = langevin.annealed(score_at, x0, SIGMAS, 0.1, 4, rng=rng, trajectory=True)
    np.testing.assert_array_equal(given.x, drawn.x)
    np.testing.assert_array_equal(given.trajectory, drawn.trajectory)
    assert drawn.trajectory.shape == (12, 6, 2)
    last = langevin.annealed(score_at, x0, SIGMAS, 0.1, 4, noise=noise, thin=4, trajectory=True)
    np.testing.assert_array_equal(last.trajectory, drawn.trajectory[3::4])  # one a level
    tail = langevin.annealed(score_at, x0, SIGMAS, 0.1, 4, noise=noise, burn_in=8, moments=True)
    np.testing.assert_allclose(tail.mean, drawn.trajectory[8:].mean((0, 1)), rtol=1e-12)


def test_workers_change_nothing():
    x0 = np.zeros((2100, 2))
    found = [
        langevin.annealed(score_at, x0, SIGMAS, 0.1, 3, rng=2, workers=w, denoise=True).x
        for w in (1, 2, 3)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_on_a_gaussian_the_law_is_that_of_its_affine_steps():
    target = Gaussian([1.0, -2.0], [[2.0, 0.6], [0.6, 0.5]])
    n, each = 20_000, 5
    mean, C = np.zeros(2), np.eye(2) * 9
    for sigma, eta in zip(SIGMAS, langevin.annealed_step_sizes(SIGMAS, 0.05)):
        law = laws.langevin_law(target.diffuse(1, sigma), eta, each, mean, C)
        mean, C = law.mean, law.covariance
    rng = np.random.default_rng()
    x = langevin.annealed(
        lambda x, s: target.diffuse(1, s).score(x), 3 * rng.normal(size=(n, 2)), SIGMAS, 0.05,
        each, rng=rng,
    ).x  # fmt: skip
    sd = np.sqrt((C**2 + np.outer(np.diag(C), np.diag(C))) / n)
    assert (np.abs(x.mean(0) - mean) < 5.5 * np.sqrt(np.diag(C) / n)).all()
    assert (np.abs(np.cov(x.T, bias=True) - C) < 5.5 * sd).all()


def test_one_level_is_the_plain_chain():
    found = langevin.annealed(score_at, np.zeros((3, 2)), [0.5], 0.1, 7, rng=0)
    step = langevin.ula(TARGET.diffuse(1, 0.5).score, 0.1)
    np.testing.assert_array_equal(found.x, langevin.run(step, np.zeros((3, 2)), 7, rng=0).x)


def test_a_diverging_level_is_named_with_its_step_size():
    with pytest.raises(ValueError, match=r"at step \d+ \(step_size is 64"):
        langevin.annealed(lambda x, s: -(x**3), np.full((2, 2), 9.0), SIGMAS, 1.0, 50, rng=0)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"sigmas": []}, ValueError, "sigmas"),
        ({"sigmas": [1.0, 0.0]}, ValueError, "sigmas must be at least one positive"),
        ({"sigmas": [1.0, np.nan]}, ValueError, "sigmas must be finite"),
        ({"step_size": 0.0}, ValueError, "step_size"),
        ({"n_steps_each": 0}, ValueError, "n_steps_each"),
        ({"noise": np.zeros((3, 2))}, ValueError, "noise must have shape"),
        ({"noise": np.zeros((3, 2, 4, 2)), "rng": 0}, ValueError, "noise and rng"),
        ({"denoise": 1}, TypeError, "denoise"),
        ({"score_at": 2}, TypeError, "score_at"),
        ({"x0": [[np.nan, 0.0]]}, ValueError, "x0 must be finite"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    good = {
        "score_at": score_at, "x0": np.zeros((4, 2)), "sigmas": SIGMAS, "step_size": 0.1,
        "n_steps_each": 2,
    }  # fmt: skip
    with pytest.raises(error, match=words):
        langevin.annealed(**(good | arguments))

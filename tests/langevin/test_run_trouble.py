"""Runs that go wrong: NaN, divergence, noise of odd shapes, steps that share memory."""

import numpy as np
import pytest

from refscore import langevin as L
from refscore.distributions import Gaussian

TARGET = Gaussian(np.zeros(2), np.array([[2.0, 0.6], [0.6, 0.5]]))


def nan_on_call(n, score=lambda x: -x):
    calls = []

    def once(x, *more):
        calls.append(1)
        return score(x) * (np.nan if len(calls) == n else 1.0)

    once.calls = calls
    return once


@pytest.mark.parametrize("workers", [None, 1])
def test_one_nan_that_does_not_come_again_is_an_error_at_its_step(workers):
    with pytest.raises(ValueError, match=r"at step 50 \(step_size is 0\.1") as caught:
        L.run(L.ula(nan_on_call(50), 0.1), np.zeros((3, 1)), 100, rng=0, workers=workers)
    assert caught.value.run.n_steps == 49
    assert np.isfinite(caught.value.run.mean).all()
    with pytest.raises(ValueError, match="at step 49 "):
        L.run(L.underdamped(nan_on_call(50), 0.1, 1.0), np.zeros((3, 2)), 100, rng=0)
    with pytest.raises(ValueError, match="at step 50 "):
        L.annealed(nan_on_call(50), np.zeros((3, 1)), [2.0, 1.0], 0.1, 50, rng=0, workers=workers)


def test_nan_and_interruption_while_denoising_carry_the_run():
    with pytest.raises(ValueError, match="denoised points are not finite") as caught:
        L.annealed(nan_on_call(101), np.zeros((3, 1)), [2.0, 1.0], 0.1, 50, rng=0, denoise=True)
    plain = L.annealed(nan_on_call(0), np.zeros((3, 1)), [2.0, 1.0], 0.1, 50, rng=0)
    np.testing.assert_array_equal(caught.value.run.x, plain.x)
    calls = []

    def interrupted(x, sigma):
        calls.append(1)
        if len(calls) == 101:
            raise KeyboardInterrupt
        return -x

    with pytest.raises(KeyboardInterrupt) as caught:
        L.annealed(interrupted, np.zeros((3, 1)), [2.0, 1.0], 0.1, 50, rng=0, denoise=True)
    np.testing.assert_array_equal(caught.value.run.x, plain.x)


METROPOLIS = {
    "mala": lambda f, s: L.mala(f, s, 0.1),
    "hmc": lambda f, s: L.hmc(f, s, 0.1, 3),
    "barker": lambda f, s: L.barker(f, s, 0.1),
    "random_walk": lambda f, s: L.random_walk(f, 0.1),
}


@pytest.mark.parametrize("name", METROPOLIS)
@pytest.mark.parametrize("bad", [np.nan, -np.inf, np.inf])
@pytest.mark.parametrize("workers", [None, 2])
def test_a_start_without_a_density_is_refused_by_row(name, bad, workers):
    def log_density(x):
        return np.where(x[..., 0] == 7, bad, -0.5 * (x**2).sum(-1))

    x0 = np.zeros((2000, 1))
    x0[1500] = 7
    step = METROPOLIS[name](log_density, lambda x: -x)
    with pytest.raises(ValueError, match=rf"log_density\(x0\) must be .* {bad} at row 1500 \(1 of"):
        L.run(step, x0, 10, rng=0, workers=workers)
    with pytest.raises(ValueError, match=rf"log_density\(x0\) must be finite .* got {bad}$"):
        L.run(step, x0[1500], 10, rng=0)
    with pytest.raises(ValueError, match="at row 1, 500 "):
        L.run(step, x0.reshape(2, 1000, 1), 10, rng=0, workers=workers)


@pytest.mark.parametrize("name", ["mala", "hmc", "barker"])
def test_a_score_that_is_nan_does_not_freeze_the_chain_silently(name):
    step = METROPOLIS[name](TARGET.log_density, lambda x: x * np.nan)
    with pytest.raises(ValueError, match=r"score\(x0\) must be finite .* at row 0 \(4 of"):
        L.run(step, np.zeros((4, 2)), 1000, rng=0)


@pytest.mark.parametrize("workers", [None, 2])
def test_a_divergence_is_found_at_once_and_keeps_what_was_finite(workers):
    score = nan_on_call(0)
    with pytest.raises(ValueError, match=r"at step 17\d\d \(step_size is 5;") as caught:
        L.run(L.ula(score, 5.0), np.ones((1, 1)), 10**5, rng=0, trajectory=True, workers=workers)
    partial = caught.value.run
    assert len(score.calls) == partial.n_steps + 1
    assert len(partial.trajectory) == partial.n_steps > 1500
    assert np.isfinite(partial.trajectory).all()
    np.testing.assert_array_equal(partial.x, partial.trajectory[-1])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_divergence_of_one_block_leaves_all_blocks_at_one_step(workers):
    x0 = np.zeros((2500, 1))
    x0[1500] = 30.0
    with pytest.raises(ValueError, match=r"at step \d+ \(step_size is 0\.5;") as caught:
        L.run(
            L.ula(lambda x: -(x**3), 0.5), x0, 5000, rng=0, trajectory=True, workers=workers
        )  # fmt: skip
    partial = caught.value.run
    assert partial.n_steps == len(partial.trajectory)
    assert partial.n_points == partial.n_steps * 2500
    assert np.isfinite(partial.trajectory).all()
    if partial.n_steps:
        np.testing.assert_array_equal(partial.x, partial.trajectory[-1])


@pytest.mark.parametrize("score", [TARGET.score, lambda x: -x], ids=["checks", "does not"])
def test_a_divergence_inside_a_step_names_step_and_step_size(score):
    for scheme in ("BAOAB", "ABOBA", "OBABO", "OABAO"):
        with pytest.raises(ValueError, match=r"finite numbers at step \d+ \(step_size is 10;"):
            L.run(L.underdamped(score, 10.0, 1.0, scheme), np.ones((4, 4)), 10**4, rng=0)
    step = L.hmc(TARGET.log_density, score, 10.0, 20, adjusted=False)
    with pytest.raises(ValueError, match=r"finite numbers at step \d+ \(step_size is 10;"):
        L.run(step, np.ones((4, 2)), 10**4, rng=0)


def test_unadjusted_steps_pass_rows_through_that_leave_the_finite_numbers():
    x, z = np.ones((3, 2)), np.ones((3, 2))
    x[1] = 1e308
    step = L.hmc(TARGET.log_density, TARGET.score, 10.0, 20, adjusted=False)
    found = step(x, z)
    assert not np.isfinite(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], step(x[[0, 2]], z[[0, 2]]), rtol=1e-12)
    kinetic, one = np.concatenate([x, x], -1), L.underdamped(TARGET.score, 10.0, 1.0)
    found = one(kinetic, z)
    assert not np.isfinite(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], one(kinetic[[0, 2]], z[[0, 2]]), rtol=1e-12)
    assert np.isnan(step(x[1], z[1])).any()


def test_a_step_that_works_in_place_diverges_where_it_does():
    def step(x, z):
        x *= 1e100
        x += z
        return x

    with pytest.raises(ValueError, match="at step 4 ") as caught:
        L.run(step, np.ones((2, 1)), 100, rng=0, trajectory=True)
    assert caught.value.run.n_steps == 3
    assert np.isfinite(caught.value.run.x).all()


@pytest.mark.parametrize("shape", [(), (3,), (1, 2)])
def test_noise_that_cannot_be_dealt_out_to_blocks_is_refused(shape):
    def step(x, z):
        return x + z.sum()

    assert L.run(step, np.zeros((5, 2)), 1, rng=0, noise_shape=shape).x.shape == (5, 2)
    noise = np.zeros((1, *shape))
    for options in ({"rng": 0}, {"noise": noise}):
        with pytest.raises(ValueError, match="noise_shape must begin with the number of chains, 5"):
            L.run(step, np.zeros((5, 2)), 1, noise_shape=shape, workers=1, **options)


@pytest.mark.parametrize("step", [lambda x, z: z, lambda x, z: x, lambda x, z: np.add(x, z, out=x)])
def test_points_handed_out_never_change(step, monkeypatch):
    monkeypatch.setattr("refscore.langevin.noise.BLOCK", 4)
    points, copies = [], []

    def keep(k, x):
        points.append(x)
        copies.append(x.copy())

    L.run(step, np.zeros((2, 1)), 20, rng=0, callback=keep)
    np.testing.assert_array_equal(points, copies)


def test_the_points_are_a_copy_of_given_noise_and_of_64_bits():
    noise = np.ones((3, 2, 1))
    found = L.run(lambda x, z: z, np.zeros((2, 1)), 3, noise=noise)
    assert found.x.flags.writeable
    assert not np.may_share_memory(found.x, noise)
    for kind in (np.float32, np.int64):
        found = L.run(lambda x, z, kind=kind: np.ones(x.shape, kind), np.zeros((2, 1)), 3, rng=0)
        assert found.x.dtype == np.float64
    with pytest.raises(TypeError, match=r"step\(x, noise\) must be an array"):
        L.run(lambda x, z: None, np.zeros((2, 1)), 3, rng=0)


@pytest.mark.parametrize("shape", [(1, 40), (7, 3), (1, 1), (3, 500)])
def test_moments_of_few_wide_chains_are_those_of_the_trajectory(shape):
    step = L.ula(lambda x: -x, 0.5)
    found = L.run(step, np.full(shape, 3.0), 1500, rng=0, trajectory=True, burn_in=3, thin=2)
    rows = found.trajectory.reshape(-1, shape[-1])
    np.testing.assert_allclose(found.mean, rows.mean(0), atol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(rows.T, bias=True).reshape(2 * shape[-1:]),
                               atol=1e-12)  # fmt: skip


def test_moments_of_a_wide_chain_are_taken_many_points_at_a_time(monkeypatch):
    from refscore.langevin import chains

    sizes = []
    real = chains.moments_of
    monkeypatch.setattr(chains, "moments_of", lambda x: sizes.append(len(x)) or real(x))
    L.run(lambda x, z: z, np.zeros((1, 1000)), 600, rng=0)
    assert sum(sizes) == 600
    assert len(sizes) == 3


def test_a_memory_limit_may_be_infinite_and_a_scale_is_called_a_scale():
    found = L.run(lambda x, z: z, np.zeros(2), 3, rng=0, trajectory=True, memory_limit=np.inf)
    assert found.trajectory.shape == (3, 2)
    for scale in (1e160, 1e-170):
        with pytest.raises(ValueError, match="scale must have a square"):
            L.random_walk(TARGET.log_density, scale)
        with pytest.raises(ValueError, match="scale must have a square"):
            L.barker(TARGET.log_density, TARGET.score, scale)

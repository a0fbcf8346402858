"""The runner on given noise, its moments, its memory and its errors."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import langevin, laws
from refscore.distributions import Gaussian

TARGET = Gaussian(np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]]))


def chain_by_hand(step, x, n, rng):
    path = []
    for _ in range(n):
        x = step(x, rng.standard_normal(np.shape(x)))
        path.append(x)
    return np.array(path).reshape(n, *np.shape(x))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(2,), (1, 2), (5, 2), (2, 3, 2)]),
    st.integers(0, 30), st.integers(0, 12), st.integers(1, 5), st.integers(0, 2**31),
)  # fmt: skip
def test_the_run_is_the_loop_on_the_same_noise(shape, n, burn_in, thin, seed):
    step = langevin.ula(TARGET.score, 0.3)
    x0 = np.random.default_rng(seed).normal(size=shape)
    path = chain_by_hand(step, x0, n, np.random.default_rng(seed))
    kept = path[burn_in + thin - 1 :: thin]
    calls = []
    result = langevin.run(
        step, x0, n, rng=np.random.default_rng(seed), burn_in=burn_in, thin=thin, trajectory=True,
        callback=lambda k, x: calls.append((k, x.copy())),
    )  # fmt: skip
    np.testing.assert_array_equal(result.x, path[-1] if n else x0)
    np.testing.assert_array_equal(result.trajectory, kept)
    assert [k for k, _ in calls] == list(range(burn_in + thin, n + 1, thin))
    rows = kept.reshape(-1, 2)
    assert result.n_points == len(rows)
    if len(rows):
        np.testing.assert_array_equal([x for _, x in calls], kept)
        np.testing.assert_allclose(result.mean, rows.mean(0), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(result.covariance, np.cov(rows.T, bias=True), atol=1e-10)
    else:
        assert result.mean is None
        assert result.covariance is None


def test_the_stream_ignores_blocks_and_what_is_kept(monkeypatch):
    step, x0 = langevin.ula(TARGET.score, 0.2), np.zeros((3, 2))
    first = langevin.run(step, x0, 50, rng=np.random.default_rng(1))
    monkeypatch.setattr("refscore.langevin.noise.BLOCK", 12)
    rng = np.random.default_rng(1)
    second = langevin.run(step, x0, 50, rng=rng, moments=False, trajectory=True, thin=7)
    np.testing.assert_array_equal(first.x, second.x)
    assert second.mean is None
    assert second.n_points == 21
    rng = np.random.default_rng(1)
    halves = langevin.run(step, langevin.run(step, x0, 20, rng=rng).x, 30, rng=rng)
    np.testing.assert_array_equal(first.x, halves.x)


def test_moments_keep_their_digits_far_from_the_origin():
    far = Gaussian(np.array([1e8, -1e8]), TARGET.covariance)
    step = langevin.ula(far.score, 0.3)
    result = langevin.run(step, far.sample(500, rng=0), 40, rng=1, trajectory=True)
    rows = (result.trajectory - far.mean).reshape(-1, 2)
    np.testing.assert_allclose(result.mean - far.mean, rows.mean(0), atol=1e-6)
    np.testing.assert_allclose(result.covariance, np.cov(rows.T, bias=True), atol=1e-6)


def test_many_chains_follow_the_exact_law():
    """20000 chains, 8 steps from a point: five standard errors."""
    n, eta, k = 20_000, 0.6, 8
    result = langevin.run(
        langevin.ula(TARGET.score, eta), np.zeros((n, 2)), k, rng=5, burn_in=k - 1
    )
    exact = laws.langevin_law(TARGET, eta, k, np.zeros(2), np.zeros((2, 2)))
    C = exact.covariance
    sd = np.sqrt((C**2 + np.outer(np.diag(C), np.diag(C))) / n)
    assert (np.abs(result.mean - exact.mean) < 5 * np.sqrt(np.diag(C) / n)).all()
    assert (np.abs(result.covariance - C) < 5 * sd).all()


def test_memory_does_not_grow_with_the_steps():
    step, x0 = langevin.ula(TARGET.score, 0.2), np.zeros((10, 2))
    langevin.run(step, x0, 10, rng=0)
    peaks = []
    for n in (4_000, 12_000):
        tracemalloc.start()
        langevin.run(step, x0, n, rng=0, moments=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_the_trajectory_has_a_memory_guard():
    step = langevin.ula(TARGET.score, 0.2)
    with pytest.raises(ValueError, match="memory_limit"):
        langevin.run(step, np.zeros((1000, 2)), 10**6, rng=0, trajectory=True)
    with pytest.raises(ValueError, match="memory_limit"):
        langevin.run(step, np.zeros(2), 100, rng=0, trajectory=True, memory_limit=1599)
    kept = langevin.run(step, np.zeros(2), 100, rng=0, trajectory=True, memory_limit=1600)
    assert kept.trajectory.shape == (100, 2)


@pytest.mark.parametrize("score", [TARGET.score, lambda x: -(x**3)], ids=["checks", "does not"])
def test_a_diverging_chain_names_its_step_and_step_size(score):
    step = langevin.ula(score, 90.0)
    x, first = np.full((4, 2), 50.0), None
    rng = np.random.default_rng(3)
    with np.errstate(all="ignore"):
        for k in range(1, 5000):
            x = langevin.ula(lambda y: score(y) if np.isfinite(y).all() else y, 90.0)(
                x, rng.standard_normal(x.shape)
            )
            if not np.isfinite(x).all():
                first = k
                break
    with pytest.raises(ValueError, match=rf"at step {first} \(step_size is 90"):
        langevin.run(step, np.full((4, 2), 50.0), 5000, rng=3)


def test_errors_of_the_score_are_not_hidden():
    def broken(x):
        raise ValueError("my own trouble")

    with pytest.raises(ValueError, match="my own trouble"):
        langevin.run(langevin.ula(broken, 0.1), np.zeros(2), 3, rng=0)


def test_steps_that_return_their_arguments_do_no_harm(monkeypatch):
    monkeypatch.setattr("refscore.langevin.noise.BLOCK", 4)
    x0 = np.ones((2, 1))
    stay = langevin.run(lambda x, z: x, x0, 9, rng=0)
    assert stay.x is not x0
    np.testing.assert_array_equal(stay.x, x0)
    noise = np.random.default_rng(0).standard_normal((9, 2, 1))
    sums = []

    def remember(x, z):
        sums.append(float(x.sum()))
        return z

    last = langevin.run(remember, x0, 9, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(last.x, noise[-1])
    np.testing.assert_allclose(sums, [2.0, *noise[:-1].sum((1, 2))], rtol=1e-14)
    np.testing.assert_array_equal(x0, 1.0)


def test_noise_of_another_shape_and_read_only_callbacks():
    def step(x, z):
        return 0.5 * x + z[..., :1] * z[..., 1:]

    result = langevin.run(step, np.zeros((3, 1)), 2, rng=0, noise_shape=(3, 2))
    assert result.x.shape == (3, 1)
    with pytest.raises(ValueError, match="read-only"):
        langevin.run(step, np.zeros((3, 1)), 2, rng=0, noise_shape=(3, 2),
                     callback=lambda k, x: x.fill(0))  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_steps": -1}, "n_steps"),
        ({"thin": 0}, "thin"),
        ({"burn_in": -1}, "burn_in"),
        ({"x0": np.full(2, np.nan)}, "x0 must be finite"),
        ({"x0": 1.0}, "x0 must have shape"),
        ({"step": lambda x, z: x[:1]}, "step must keep the shape"),
        ({"memory_limit": -1, "trajectory": True}, "memory_limit"),
    ],
)
def test_bad_input_is_named(options, words):
    arguments = {"step": lambda x, z: x, "x0": np.zeros(2), "n_steps": 3, "rng": 0} | options
    with pytest.raises(ValueError, match=words):
        langevin.run(**arguments)


def test_a_noise_shape_that_is_no_tuple_is_refused_by_name():
    with pytest.raises(TypeError, match="noise_shape must be a tuple"):
        langevin.run(lambda x, z: x, np.zeros(2), 3, rng=0, noise_shape=3)

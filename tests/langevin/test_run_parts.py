"""The runner with workers, given noise, acceptance, progress and interruptions."""

import builtins
import threading
import tracemalloc

import numpy as np
import pytest

from refscore import langevin
from refscore.distributions import GaussianMixture

MIXTURE = GaussianMixture([0.4, 0.6], [[-1.0, 0.0], [1.0, 0.5]], np.array([0.5, 1.3]))
ULA = langevin.ula(MIXTURE.score, 0.3)
MALA = langevin.mala(MIXTURE.log_density, MIXTURE.score, 1.5)
OBABO = langevin.underdamped(MIXTURE.score, 0.4, 1.0, "OBABO")


def starts(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def equal(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(2500, 2), (1024, 2), (3, 2), (2,), (1100, 2, 2), (0, 2)])
@pytest.mark.parametrize("step", [ULA, MALA], ids=["ula", "mala"])
def test_any_number_of_workers_gives_the_same(step, shape):
    runs = [
        langevin.run(step, starts(shape), 20, rng=3, workers=w, thin=3, trajectory=True)
        for w in (1, 2, 3)
    ]
    equal(runs[0], runs[1])
    equal(runs[0], runs[2])
    rows = runs[0].trajectory.reshape(-1, 2)
    assert runs[0].n_points == len(rows)
    if len(rows):
        np.testing.assert_allclose(runs[0].mean, rows.mean(0), rtol=1e-10)
        np.testing.assert_allclose(runs[0].covariance, np.cov(rows.T, bias=True), rtol=1e-10)


def test_a_callback_sees_all_chains_together_with_workers():
    seen = {}
    for w in (1, 3):
        seen[w] = []
        langevin.run(
            MALA, starts((2100, 2)), 9, rng=1, workers=w, thin=4, burn_in=1,
            callback=lambda k, x, w=w: seen[w].append((k, x.copy())),
        )  # fmt: skip
    assert [k for k, _ in seen[1]] == [5, 9]
    for (_, a), (_, b) in zip(seen[1], seen[3]):
        assert a.shape == (2100, 2)
        np.testing.assert_array_equal(a, b)


def test_workers_are_threads_and_their_streams_differ():
    names = set()

    def step(x, z):
        names.add(threading.current_thread().name)
        return z

    x = langevin.run(step, np.zeros((3000, 2)), 50, rng=0, workers=2).x
    assert not names & {threading.current_thread().name}
    assert len(np.unique(x)) == x.size  # no two chains share a number
    rng = np.random.default_rng(0)
    first = langevin.run(ULA, np.zeros((1030, 2)), 5, rng=rng, workers=1).x
    second = langevin.run(ULA, np.zeros((1030, 2)), 5, rng=rng, workers=1).x
    assert not np.isin(first, second).any()  # nor does a second call repeat the first


def test_a_run_goes_on_from_its_last_points_and_its_generator():
    for step, x0 in ((MALA, starts((40, 2))), (OBABO, starts((40, 4)))):
        whole = langevin.run(step, x0, 50, rng=np.random.default_rng(1), trajectory=True)
        rng = np.random.default_rng(1)
        first = langevin.run(step, x0, 20, rng=rng, trajectory=True)
        rest = langevin.run(step, first.x, 30, rng=rng, trajectory=True)
        np.testing.assert_array_equal(
            np.concatenate([first.trajectory, rest.trajectory]), whole.trajectory
        )


@pytest.mark.parametrize("workers", [None, 1, 2])
def test_given_noise(workers):
    rng = np.random.default_rng(2)
    x0, z, u = starts((1500, 2)), rng.normal(size=(6, 1500, 2)), rng.random((6, 1500))
    found = langevin.run(MALA, x0, 6, noise=(z, u), workers=workers)
    x = x0
    for k in range(6):
        x = MALA(x, (z[k], u[k]))
    np.testing.assert_array_equal(found.x, x)
    ascent = langevin.run(langevin.gradient_ascent(MIXTURE.score, 0.3), x0, 200)
    np.testing.assert_allclose(MIXTURE.score(ascent.x), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (np.zeros((6, 5, 2)), "noise must be a tuple of 2"),
        ((np.zeros((6, 5, 2)), np.zeros((6, 5, 2))), r"noise\[1\] must have shape \(6, 5\)"),
        ((np.zeros((5, 5, 2)), np.zeros((5, 5))), r"noise\[0\] must have shape \(6, 5, 2\)"),
    ],
)
def test_given_noise_of_another_shape_is_refused(noise, words):
    with pytest.raises(ValueError, match=words):
        langevin.run(MALA, starts((5, 2)), 6, noise=noise)


def test_acceptance_is_counted_per_chain():
    x, accepted, rng = starts((30, 2)), np.zeros(30), np.random.default_rng(7)
    for _ in range(40):
        noise = rng.standard_normal((30, 2)), rng.random(30)
        x, taken = MALA.inform(x, noise)
        accepted += taken
    result = langevin.run(MALA, starts((30, 2)), 40, rng=np.random.default_rng(7), thin=9)
    np.testing.assert_array_equal(result.acceptance, accepted / 40)
    assert 0 < result.acceptance.mean() < 1
    assert langevin.run(ULA, starts((3, 2)), 4).acceptance is None
    assert langevin.run(MALA, starts((3, 2)), 0).acceptance is None
    assert langevin.run(MALA, starts((2,)), 4).acceptance.shape == ()


class Enough(Exception):
    pass


@pytest.mark.parametrize("error", [Enough, KeyboardInterrupt, StopIteration])
@pytest.mark.parametrize("workers", [None, 2])
def test_an_interruption_carries_what_was_kept(error, workers):
    def stop(k, x):
        if k == 30:
            raise error

    x0 = starts((1500, 2))
    with pytest.raises(error) as caught:
        langevin.run(MALA, x0, 100, rng=1, thin=10, trajectory=True, callback=stop, workers=workers)
    partial = caught.value.run
    equal(partial, langevin.run(MALA, x0, 30, rng=1, thin=10, trajectory=True, workers=workers))
    assert partial.n_steps == 30


@pytest.mark.parametrize("workers", [None, 2])
def test_a_score_that_fails_carries_what_was_kept(workers):
    calls = []

    def score(x):
        calls.append(1)
        if len(calls) > 40:
            raise Enough
        return -x

    with pytest.raises(Enough) as caught:
        langevin.run(
            langevin.ula(score, 0.1), starts((1500, 2)), 900, rng=1, trajectory=True,
            workers=workers,
        )  # fmt: skip
    partial = caught.value.run
    assert len(partial.trajectory) == partial.n_steps
    assert 0 <= partial.n_steps <= 40  # as far as all blocks of chains have come
    assert np.isfinite(partial.trajectory).all()
    if workers is None:
        np.testing.assert_array_equal(partial.trajectory[-1], partial.x)
        assert partial.n_points == 1500 * 40


def test_progress_on_standard_error(capsys, monkeypatch):
    real = builtins.__import__

    def without_tqdm(name, *args, **kwargs):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    quiet = langevin.run(ULA, starts((5, 2)), 20, rng=1)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(builtins, "__import__", without_tqdm)
    shown = langevin.run(ULA, starts((5, 2)), 20, rng=1, progress=True)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "\r20 of 20 steps\n")
    equal(quiet, shown)


def test_progress_through_tqdm_where_it_is_installed(monkeypatch):
    import sys
    import types

    updates = []

    class Bar:
        def __init__(self, total, **how):
            updates.append(total)

        def update(self, n):
            updates.append(n)

        def close(self):
            updates.append("closed")

    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=Bar))
    langevin.run(ULA, starts((5, 2)), 20, rng=1, progress=True, thin=10, callback=print)
    assert updates == [20, 20, "closed"]


@pytest.mark.parametrize("step", [MALA, OBABO], ids=["mala", "obabo"])
def test_memory_does_not_grow_with_the_steps(step):
    x0 = starts((200, 4 if step is OBABO else 2))
    langevin.run(step, x0, 2)
    peaks = []
    for n in (200, 2000):
        tracemalloc.start()
        langevin.run(step, x0, n, rng=0, callback=lambda k, x: None, thin=50)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < 4e6


def test_many_blocks_of_chains_share_the_memory_for_noise():
    x0 = np.zeros((100_000, 2))  # 1.6 MB
    langevin.run(ULA, x0[:2], 2)
    tracemalloc.start()
    langevin.run(ULA, x0, 40, rng=0, workers=2, moments=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"workers": 0}, ValueError, "workers must be at least 1"),
        ({"workers": 1.5}, TypeError, "workers must be a whole number"),
        ({"noise": np.zeros((3, 5, 2)), "rng": 1}, ValueError, "noise and rng"),
        ({"callback": 3}, TypeError, "callback must be a function"),
        ({"progress": "yes"}, TypeError, "progress must be True or False"),
        ({"noise_shape": (5, 2), "step": MALA}, ValueError, "noise_shape is for steps"),
    ],
)
def test_bad_options_are_named(options, error, words):
    with pytest.raises(error, match=words):
        langevin.run(**({"step": ULA, "x0": starts((5, 2)), "n_steps": 3} | options))


def test_a_step_with_unknown_parts_is_refused():
    def step(x, noise):
        return x

    step.parts = ("cauchy",)
    with pytest.raises(ValueError, match=r"step\.parts must be among normal, uniform"):
        langevin.run(step, starts((5, 2)), 3, rng=0)

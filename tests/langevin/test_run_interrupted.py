"""Runs that are interrupted: promptly, with all chains at one step; and progress on the way."""

import _thread
import signal
import threading
import time

import numpy as np
import pytest

from refscore import langevin as L
from refscore.distributions import Gaussian

TARGET = Gaussian(np.zeros(2), np.array([[2.0, 0.6], [0.6, 0.5]]))


@pytest.fixture(autouse=True)
def _interrupts_arrive():
    """A shell starts what runs in its background with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_after(seconds):
    timer = threading.Timer(seconds, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    return timer


def require_consistent(partial, n_chains):
    assert partial.n_steps == len(partial.trajectory) > 0
    assert partial.n_points == partial.n_steps * n_chains
    np.testing.assert_array_equal(partial.trajectory[-1], partial.x)
    rows = partial.trajectory.reshape(-1, partial.x.shape[-1])
    np.testing.assert_allclose(partial.mean, rows.mean(0), atol=1e-12)
    np.testing.assert_allclose(partial.covariance, np.cov(rows.T, bias=True), atol=1e-12)


@pytest.mark.parametrize("workers", [None, 1, 2])
def test_an_interrupt_is_prompt_and_what_is_kept_is_of_one_step(workers):
    def score(x):
        time.sleep(0.01)
        return -x

    def go(n):
        return L.run(
            L.ula(score, 0.1), np.zeros((2500, 1)), n, rng=0, trajectory=True, workers=workers
        )

    timer, began = interrupt_after(0.4), time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        go(5000)
    timer.cancel()
    assert time.monotonic() - began < 3
    partial = caught.value.run
    require_consistent(partial, 2500)
    np.testing.assert_array_equal(go(partial.n_steps).trajectory, partial.trajectory)


def test_a_fast_run_is_interrupted_between_steps():
    timer = interrupt_after(0.2)
    step = L.mala(TARGET.log_density, TARGET.score, 0.5)
    with pytest.raises(KeyboardInterrupt) as caught:
        L.run(step, np.zeros((3, 2)), 10**6, rng=0, trajectory=True)
    timer.cancel()
    require_consistent(caught.value.run, 3)


def test_progress_moves_while_a_run_goes_on(monkeypatch):
    from refscore import _progress
    from refscore.langevin import blocks

    monkeypatch.setattr(blocks, "PACE", 0.01)
    seen = []
    monkeypatch.setattr(_progress.Progress, "update", lambda self, k: seen.append(k))
    L.run(L.ula(lambda x: -x, 0.1), np.zeros((1, 1)), 20_000, rng=0, progress=True)
    assert len(seen) > 5
    assert seen[-1] == 20_000
    assert seen == sorted(seen)

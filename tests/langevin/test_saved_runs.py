"""Runs that are killed and go on from their checkpoint, to the same bits."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from refscore import langevin as L
from refscore._checkpoints import load_checkpoint, save_checkpoint
from refscore.distributions import Gaussian, GaussianMixture

TARGET = GaussianMixture([0.4, 0.6], [[-1.0, 0.0], [1.0, 0.5]], np.array([0.5, 1.3]))
STEPS = {
    "ula": L.ula(TARGET.score, 0.3),
    "mala": L.mala(TARGET.log_density, TARGET.score, 1.5),
    "hmc": L.hmc(TARGET.log_density, TARGET.score, 0.3, 3),
    "random_walk": L.random_walk(TARGET.log_density, 0.8),
    "aboba": L.underdamped(TARGET.score, 0.4, 1.0, "ABOBA"),
    "obabo": L.underdamped(TARGET.score, 0.4, 1.0, "OBABO"),
    "user": lambda x, z: 0.9 * x + 0.3 * z,
}


def start(name, shape=(5,)):
    x0 = np.random.default_rng(0).normal(size=(*shape, 2))
    return np.concatenate([x0, x0], -1) if name in ("aboba", "obabo") else x0


def equal(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def stopped(step, x0, n, at, **options):
    """A run that dies after step `at`, whose file is of the step before."""

    def stop(k, x):
        if k == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        L.run(step, x0, n, callback=stop, checkpoint_seconds=0, **options)


@pytest.mark.parametrize("workers", [None, 2])
@pytest.mark.parametrize("name", STEPS)
def test_a_run_goes_on_to_the_same_bits(name, workers, tmp_path, monkeypatch):
    monkeypatch.setattr("refscore.langevin.noise.BLOCK", 12)
    shape = (5,) if workers is None else (1100,)
    step, x0, path = STEPS[name], start(name, shape), tmp_path / "run.npz"
    options = {"rng": 3, "trajectory": True, "burn_in": 4, "thin": 3, "workers": workers}
    whole = L.run(step, x0, 60, **options)
    stopped(step, x0, 60, 31, checkpoint=path, **options)
    assert load_checkpoint(path)[1]["chains"][0]["k"] == 28
    calls = []
    equal(L.run(step, x0, 60, checkpoint=path, callback=lambda k, x: calls.append(k), **options),
          whole)  # fmt: skip
    assert calls == list(range(31, 61, 3))
    equal(L.run(step, x0, 60, checkpoint=path, **options), whole)  # nothing left to do
    longer = L.run(step, x0, 75, checkpoint=path, **options)
    equal(longer, L.run(step, x0, 75, **options))
    with pytest.raises(ValueError, match="n_steps must be at least 75"):
        L.run(step, x0, 60, checkpoint=path, **options)


def test_one_point_given_noise_and_a_generator(tmp_path):
    x0 = np.zeros(2)
    z, u = np.random.default_rng(1).normal(size=(40, 2)), np.random.default_rng(2).random(40)
    whole = L.run(STEPS["mala"], x0, 40, noise=(z, u))
    stopped(STEPS["mala"], x0, 40, 20, noise=(z, u), checkpoint=tmp_path / "a.npz")
    equal(L.run(STEPS["mala"], x0, 40, noise=(z, u), checkpoint=tmp_path / "a.npz"), whole)
    whole = L.run(STEPS["ula"], x0, 40, rng=(used := np.random.default_rng(5)))
    stopped(STEPS["ula"], x0, 40, 20, rng=np.random.default_rng(5), checkpoint=tmp_path / "b.npz")
    again = np.random.default_rng(5)
    equal(L.run(STEPS["ula"], x0, 40, rng=again, checkpoint=tmp_path / "b.npz"), whole)
    assert again.random() == used.random()


def test_an_annealed_run_goes_on(tmp_path):
    def go(**options):
        return L.annealed(lambda x, s: -x / (1 + s * s), start("ula"), [3.0, 1.0], 0.1, 20, rng=1,
                          denoise=True, trajectory=True, **options)  # fmt: skip

    def stop(k, x):
        if k == 30:
            raise KeyboardInterrupt

    path = tmp_path / "a.npz"
    with pytest.raises(KeyboardInterrupt):
        go(callback=stop, checkpoint=path, checkpoint_seconds=0)
    equal(go(checkpoint=path), go())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rng": 4}, "another rng"),
        ({"x0": np.ones((5, 2))}, "another x0"),
        ({"thin": 2}, "another thin"),
        ({"trajectory": True}, "another trajectory"),
        ({"workers": 1}, "another workers"),
        ({"step": L.ula(TARGET.score, 0.2)}, "another step"),
        ({"step": L.ula(Gaussian(np.zeros(2), 1.0).score, 0.3)}, "another step"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(changed, words, tmp_path):
    options = {"step": STEPS["ula"], "x0": start("ula"), "n_steps": 9, "rng": 3}
    options["checkpoint"] = tmp_path / "run.npz"
    L.run(**options)
    with pytest.raises(ValueError, match=words):
        L.run(**(options | changed))


def test_files_that_are_no_chains_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(ValueError, match="checkpoint must lie in a folder that exists"):
        L.run(STEPS["ula"], np.zeros(2), 3, rng=0, checkpoint=tmp_path / "none" / "run.npz")
    save_checkpoint(path, {}, {"step": 1})
    with pytest.raises(ValueError, match="is not one of a chain"):
        L.run(STEPS["ula"], np.zeros(2), 3, rng=0, checkpoint=path)
    path.write_bytes(b"text")
    with pytest.raises(ValueError, match="is not a checkpoint"):
        L.run(STEPS["ula"], np.zeros(2), 3, rng=0, checkpoint=path)
    with pytest.raises(ValueError, match="checkpoint_seconds must be at least 0"):
        L.run(STEPS["ula"], np.zeros(2), 3, checkpoint=tmp_path / "b.npz", checkpoint_seconds=-1)


PROGRAM = """
import sys, time
import numpy as np
from refscore import langevin as L

def score(x):
    time.sleep(float(sys.argv[2]))
    return -x

r = L.run(L.ula(score, 0.1), np.zeros((3, 2)), 150, rng=0, trajectory=True,
          checkpoint=sys.argv[1] if sys.argv[1] != "none" else None, checkpoint_seconds=0.05)
print(r.n_steps, r.trajectory.tobytes().hex()[-400:], r.covariance.tobytes().hex())
"""


def test_a_killed_process_loses_little(tmp_path):
    path = tmp_path / "run.npz"
    command = [sys.executable, "-c", PROGRAM]
    first = subprocess.Popen([*command, str(path), "0.02"], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.4)
    os.kill(first.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    first.wait()
    assert 0 < load_checkpoint(path)[1]["chains"][0]["k"] < 150
    outputs = [
        subprocess.run([*command, where, "0"], capture_output=True, text=True, check=True).stdout
        for where in (str(path), "none")
    ]
    assert outputs[0] == outputs[1]

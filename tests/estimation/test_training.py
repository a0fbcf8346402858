"""Stochastic training: an interrupted run is the uninterrupted one, to the bit."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from refscore import objectives
from refscore.distributions import Gaussian
from refscore.estimation import (
    fit,
    fit_denoising,
    load_checkpoint,
    save_checkpoint,
    train,
)
from refscore.fields import Affine
from refscore.networks import MLP, ConditionalMLP
from refscore.objectives import ladder_loss

LAW = Gaussian([0.5, -1.0], [[1.3, 0.4], [0.4, 0.7]])
X = LAW.sample(300, rng=1)
NET = MLP.initialise((2, 6, 2), rng=2)
SETTINGS = {
    "steps": 60, "batch_size": 32, "held_out": LAW.sample(50, rng=3), "evaluate_every": 7,
    "rng": 4, "sigma": 0.5,
}  # fmt: skip


class Killed(Exception):
    """Raised by a callback in place of a kill."""


def _killed_at(step):
    def callback(k, loss):
        if k == step:
            raise Killed

    return callback


@pytest.mark.parametrize("at", [1, 13, 30, 59])
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, at, bits):
    settings = {**SETTINGS, "checkpoint": tmp_path / "run.npz", "checkpoint_every": 5}
    settings["rng"] = None
    whole = train("denoising", NET, X, **{**SETTINGS, "rng": np.random.Generator(bits(9))})
    settings["rng"] = np.random.Generator(bits(9))
    with pytest.raises(Killed):
        train("denoising", NET, X, **settings, callback=_killed_at(at))
    settings["rng"] = np.random.Generator(bits(9 if at < 5 else 10))  # not looked at
    resumed = train("denoising", NET, X, **settings)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    assert resumed.history == whole.history
    assert resumed.loss == whole.loss
    assert resumed.message == whole.message


def test_a_process_killed_for_good_is_resumed(tmp_path):
    """SIGKILL in the middle: the checkpoint on disk is whole, and the run goes on from it."""
    path = tmp_path / "run.npz"
    script = f"""
        import os, signal
        from test_training import NET, SETTINGS, X
        from refscore.estimation import train
        def stop(step, loss):
            if step == 33:
                os.kill(os.getpid(), signal.SIGKILL)
        train("denoising", NET, X, **SETTINGS, checkpoint={str(path)!r}, checkpoint_every=3,
              callback=stop)
    """
    places = os.pathsep.join([os.path.dirname(__file__), os.getcwd()])
    environment = {**os.environ, "PYTHONPATH": places}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert load_checkpoint(path)[1]["step"] == 33
    resumed = train("denoising", NET, X, **SETTINGS, checkpoint=path)
    whole = train("denoising", NET, X, **SETTINGS)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)


def test_what_a_kill_left_beside_a_checkpoint_is_written_over(tmp_path):
    """SIGKILL while a checkpoint is written: the half file goes with the next whole one."""
    path = tmp_path / "run.npz"
    script = f"""
        import os, signal
        import numpy as np
        from refscore.estimation import save_checkpoint
        save_checkpoint({str(path)!r}, {{"a": np.ones(3)}}, {{"step": 1}})
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        save_checkpoint({str(path)!r}, {{"a": np.ones(9)}}, {{"step": 2}})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)])
    assert done.returncode == -signal.SIGKILL
    assert load_checkpoint(path)[1] == {"step": 1}
    assert {p.name for p in tmp_path.iterdir()} == {"run.npz", "run.npz.part"}
    save_checkpoint(path, {"a": np.ones(9)}, {"step": 3})
    assert load_checkpoint(path)[1] == {"step": 3}
    assert {p.name for p in tmp_path.iterdir()} == {"run.npz"}


def test_held_out_points_have_arguments_of_their_own(tmp_path):
    """A noise level a point of x says nothing about other points: named before the first step."""
    levels, own = np.linspace(0.2, 2.0, len(X)), np.linspace(0.5, 1.0, 50)
    settings = {**SETTINGS, "sigma": levels}
    with pytest.raises(ValueError, match="held_out needs its own sigma.* with 50 rows"):
        train("denoising", NET, X, **settings, callback=_killed_at(1))
    seen = []

    def objective(field, batch, sigma, rng):
        if len(batch) == 50:
            seen.append(sigma)
        return objectives.denoising_loss_and_gradient(field, batch, sigma, rng=rng)

    train(objective, NET, X, **settings, held_out_given={"sigma": own})
    assert len(seen) == 60 // 7 + 1
    assert all(np.array_equal(sigma, own) for sigma in seen)
    with pytest.raises(ValueError, match="held_out_given must go with held_out"):
        train("implicit", NET, X, held_out_given={"sigma": own})
    with pytest.raises(ValueError, match="held_out_given must be a mapping"):
        train("implicit", NET, X, held_out=X, held_out_given=own)
    path = tmp_path / "run.npz"
    train("denoising", NET, X, **settings, held_out_given={"sigma": own}, checkpoint=path)
    with pytest.raises(ValueError, match="another run: held_out differ"):
        train("denoising", NET, X, **settings, held_out_given={"sigma": 1.0}, checkpoint=path)


def test_held_out_noise_is_drawn_once_or_given_whatever_training_does():
    noise, held = np.random.default_rng(0).standard_normal(X.shape), LAW.sample(40, rng=8)
    settings = {"sigma": 0.5, "held_out": held, "steps": 6, "evaluate_every": 2, "rng": 1,
                "learning_rate": 1e-12}  # fmt: skip
    for given in (
        {"noise": noise},
        {"held_out_given": {"noise": noise[:40]}},
        {"noise": noise, "held_out_given": {"noise": noise[:40]}},
        {},
    ):
        losses = [loss for _, _, loss in train("denoising", NET, X, **settings, **given).history]
        np.testing.assert_allclose(losses, losses[0], rtol=1e-9)
        if "held_out_given" in given:
            want = objectives.denoising_loss(NET, held, 0.5, noise[:40]).mean()
            np.testing.assert_allclose(losses[0], want, rtol=1e-9)


def test_it_finds_the_optimum_of_a_linear_field():
    settings = {"sigma": 0.7, "noise": np.random.default_rng(0).standard_normal(X.shape)}
    want = fit_denoising(Affine(np.eye(2)), X, **settings)
    got = train("denoising", Affine(np.zeros((2, 2))), X, **settings, batch_size=300, steps=3000,
                learning_rate=0.01)  # fmt: skip
    np.testing.assert_allclose(got.parameters, want.parameters, atol=1e-5)
    np.testing.assert_allclose(got.loss, want.loss, rtol=1e-8)


def test_it_stops_early_and_keeps_the_best():
    small = X[:8]
    found = train("denoising", NET, small, **{**SETTINGS, "steps": 4000, "patience": 3,
                  "learning_rate": 0.05})  # fmt: skip
    losses = [held for _, _, held in found.history]
    assert found.converged
    assert "no better held-out loss" in found.message
    assert found.loss == min(losses) == losses[-4]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    train("denoising", NET, X, **SETTINGS, checkpoint=path)
    with pytest.raises(ValueError, match="another run: learning_rate differ"):
        train("denoising", NET, X, **SETTINGS, checkpoint=path, learning_rate=0.1)
    with pytest.raises(ValueError, match="another run: x differ"):
        train("denoising", NET, X + 1, **SETTINGS, checkpoint=path)
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ValueError, match="not a checkpoint"):
        train("denoising", NET, X, **SETTINGS, checkpoint=path)


def test_a_checkpoint_is_never_unpickled_and_never_half_written(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    np.savez(path, theta=np.array([object()], dtype=object))
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_checkpoint(path)
    save_checkpoint(path, {"a": np.arange(3)}, {"step": 1})

    def broken(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, {"a": np.arange(4)}, {"step": 2})
    assert load_checkpoint(path)[1] == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_noise_conditional_family_is_trained_and_resumed(tmp_path):
    family = ConditionalMLP.initialise((2, 6, 2), rng=0)
    settings = {"levels": None, "sigmas": np.array([2.0, 0.7, 0.25]), "rng": 1, "batch_size": 40}
    whole = train("ladder", family, X, steps=200, learning_rate=0.01, **settings)
    path = tmp_path / "run.npz"
    train("ladder", family, X, steps=77, learning_rate=0.01, checkpoint=path, **settings)
    more = train("ladder", family, X, steps=200, learning_rate=0.01, checkpoint=path, **settings)
    np.testing.assert_array_equal(more.parameters, whole.parameters)
    before, after = (
        np.mean(ladder_loss(f, X, None, settings["sigmas"], rng=3)) for f in (family, whole.field)
    )
    assert after < 0.9 * before
    found = fit("ladder", family, X, max_iterations=20, rng=1, levels=None,
                sigmas=settings["sigmas"])  # fmt: skip
    assert found.loss < before


def test_rows_go_along_with_their_points():
    """A level a point is shuffled with the points; what is no row of them stays whole."""
    seen = []

    def objective(field, batch, sigma, data):
        seen.append(np.abs(batch[:, 0] - sigma).max() + (data is not X))
        return 0.0, np.zeros(field.parameters.size)

    train(objective, NET, X, sigma=X[:, 0].copy(), data=X, steps=20, batch_size=7)
    assert max(seen) == 0


def test_every_point_is_seen_once_a_pass():
    batches = []

    def objective(field, batch):
        batches.append(batch)
        return 0.0, np.zeros(field.parameters.size)

    train(objective, NET, X, steps=10, batch_size=30, rng=0)
    np.testing.assert_array_equal(np.unique(np.concatenate(batches), axis=0), np.unique(X, axis=0))


def test_a_loss_that_is_not_finite_is_an_error():
    def objective(field, batch):
        return np.nan, np.zeros(field.parameters.size)

    with pytest.raises(ValueError, match="not finite at step 1"):
        train(objective, NET, X)
    with pytest.raises(ValueError, match="patience needs held_out"):
        train("implicit", NET, X, patience=2)
    with pytest.raises(ValueError, match="objective must be one of"):
        train("implict", NET, X)
    with pytest.raises(ValueError, match="at least one parameter"):
        train("implicit", LAW.score, X)


def test_another_objective_is_another_run(tmp_path):
    path = tmp_path / "run.npz"
    train("implicit", NET, X, steps=2, checkpoint=path, rng=0)
    with pytest.raises(ValueError, match="objective differ"):
        train("sliced", NET, X, steps=4, checkpoint=path, rng=0)


def test_other_held_out_rows_are_another_run(tmp_path):
    path = tmp_path / "run.npz"
    train("implicit", NET, X[:40], held_out=X[40:50], steps=2, checkpoint=path, rng=0)
    with pytest.raises(ValueError, match="held_out, x differ"):
        train("implicit", NET, X[:30], held_out=X[30:50], steps=4, checkpoint=path, rng=0)


def test_another_weighting_objective_or_seed_is_another_run(tmp_path):
    net, path = ConditionalMLP.initialise((2, 4, 2), rng=1), tmp_path / "run.npz"

    def go(weighting, rng, steps, sigmas=(2.0, 0.5)):
        given = {"levels": None, "sigmas": sigmas, "weighting": weighting, "rng": rng}
        return train("ladder", net, X, steps=steps, checkpoint=path, **given)

    go(lambda s: s**4, 5, 3)
    with pytest.raises(ValueError, match="another run: weighting differ$"):
        go(lambda s: s**0, 5, 6)
    with pytest.raises(ValueError, match="another run: rng differ"):
        go(lambda s: s**4, 6, 6)
    with pytest.raises(ValueError, match="another run: sigmas differ"):
        go(lambda s: s**4, 5, 6, (2.0, 0.4))
    assert "6 steps" in go(lambda s: s**4, 5, 6).message
    assert "9 steps" in go(lambda s: s**4, None, 9).message  # no seed named, none gainsaid
    path.unlink()
    train(lambda f, x: objectives.implicit_loss_and_gradient(f, x), NET, X, steps=2, rng=0,
          checkpoint=path)  # fmt: skip
    with pytest.raises(ValueError, match="another run: objective differ"):
        train(lambda f, x: objectives.regularised_implicit_loss_and_gradient(f, x, 5.0), NET, X,
              steps=4, rng=0, checkpoint=path)  # fmt: skip


def test_another_kind_of_field_is_another_run(tmp_path):
    path, settings = tmp_path / "run.npz", {"levels": None, "sigmas": [2.0, 0.5], "rng": 0}
    for reading in ("score", "noise"):
        net = ConditionalMLP.initialise((2, 4, 2), rng=1, reading=reading)
        if reading == "score":
            train("ladder", net, X, steps=2, checkpoint=path, **settings)
    with pytest.raises(ValueError, match="another run: field differ"):
        train("ladder", net, X, steps=4, checkpoint=path, **settings)


@pytest.mark.parametrize("content", [b"junk", b"", b"\x80\x04\x95 pickled"])
def test_a_file_that_is_none_is_called_no_checkpoint(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a checkpoint of refscore: it is no \.npz file$"):
        train("implicit", NET, X, steps=2, checkpoint=path)


def test_arguments_by_row_are_checked_before_the_first_step():
    def wrong(value, row, at=()):
        array = np.ones((60, *at))
        array[(row, *(0 for _ in at))] = value
        return array

    steps = []
    settings = {"steps": 3, "rng": 0, "batch_size": 10, "callback": lambda k, loss: steps.append(k)}
    small = X[:60]
    with pytest.raises(ValueError, match=r"sigma must be positive, got -1\.0 at row 59"):
        train("denoising", NET, small, sigma=wrong(-1, 59), **settings)
    with pytest.raises(ValueError, match=r"sigma must be finite, got nan at index \(58,\)"):
        train("denoising", NET, small, sigma=list(wrong(np.nan, 58)), **settings)
    with pytest.raises(ValueError, match=r"noise must be finite, got inf at index \(57, 0\)"):
        train("denoising", NET, small, sigma=1.0, noise=wrong(np.inf, 57, (2,)), **settings)
    with pytest.raises(ValueError, match=r"noise must have shape \(60, 2\), got shape \(60, 1\)"):
        train("denoising", NET, small, sigma=1.0, noise=np.ones((60, 1)), **settings)
    with pytest.raises(ValueError, match=r"probes must be finite, got nan at index \(3, 0, 0\)"):
        train("sliced", NET, small, probes=wrong(np.nan, 3, (1, 2)), **settings)
    family = ConditionalMLP.initialise((2, 4, 2), rng=1)
    with pytest.raises(ValueError, match=r"levels must be .* from 0 to 1, got 2 at row 56"):
        train("ladder", family, small, levels=wrong(2, 56), sigmas=[2.0, 1.0], **settings)
    with pytest.raises(ValueError, match=r"sigma must be positive, got 0\.0 at row 4"):
        train("denoising", NET, X, sigma=1.0, held_out=small,
              held_out_given={"sigma": wrong(0, 4)}, **settings)  # fmt: skip
    assert not steps
    train("denoising", NET, small, sigma=wrong(2, 59).tolist(), **settings)
    assert steps == [1, 2, 3]


@pytest.mark.parametrize("way", [train, fit])
def test_columns_that_are_collinear_to_rounding_are_refused(way):
    a, b = np.random.default_rng(0).normal(size=(2, 50))
    x = np.stack([a, 2 * a + 1e-9 * b], axis=1)
    with pytest.raises(ValueError, match="columns of x span 1 dimensions only"):
        way("implicit", NET, x)


def test_a_missing_folder_is_noticed_before_the_first_step(tmp_path):
    with pytest.raises(ValueError, match="checkpoint must lie in a folder that exists"):
        train("implicit", NET, X, steps=2, checkpoint=tmp_path / "no" / "run.npz")


def test_a_gradient_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="gradient of shape"):
        train(lambda field, batch: (0.0, np.ones(1)), NET, X, steps=1)


def test_the_loss_is_that_of_all_points_at_the_result():
    found = train("implicit", NET, X, steps=7, batch_size=11, rng=0)
    np.testing.assert_allclose(found.loss, objectives.implicit_loss(found.field, X).mean())

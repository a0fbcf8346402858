"""Maximum likelihood of flows: exact where it is known, resumed after a kill to the same bits."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from refscore.distributions import Gaussian
from refscore.estimation import fit, fit_flow
from refscore.estimation.flows import likelihood_loss
from refscore.flows import ContinuousFlow, Flow, Linear
from refscore.flows.bijections import (
    AffineCoupling,
    AutoregressiveAffine,
    Composition,
    LinearFlow,
    LUFlow,
    Permutation,
    Planar,
    Spline,
    Standardise,
)

BASE = Gaussian(np.zeros(2), np.eye(2))
LAW = Gaussian([1.5, -1.0], [[1.3, 0.7], [0.7, 0.9]])
X = LAW.sample(400, rng=1)
BENT = np.column_stack([X[:, 0], X[:, 1] + 0.7 * X[:, 0] ** 2])
COUPLINGS = Composition(
    AffineCoupling.initialise([1, 0], (8,), rng=1), Permutation([1, 0]), Spline.initialise(2, 4),
    AutoregressiveAffine.initialise(2, (8,), rng=2).inverted, Standardise.from_data(BENT).inverted,
)  # fmt: skip
SETTINGS = {
    "steps": 30, "batch_size": 32, "held_out": BENT[:50], "evaluate_every": 7, "rng": 4,
    "learning_rate": 0.01,
}  # fmt: skip


def test_a_linear_flow_finds_the_gaussian_of_maximum_likelihood():
    found = fit(likelihood_loss, Flow(LinearFlow(np.eye(2), np.zeros(2)), BASE), X)
    w, b = found.field.bijection.matrix, found.field.bijection.offset
    np.testing.assert_allclose(b, X.mean(0), atol=1e-6)
    np.testing.assert_allclose(w @ w.T, np.cov(X.T, bias=True), rtol=1e-6)


def test_layers_learn_a_bent_law():
    start = Flow(COUPLINGS, BASE)
    found = fit_flow(start, BENT, **{**SETTINGS, "steps": 200, "evaluate_every": 50})
    exact = -LAW.log_density(X[:50]).mean()  # the bend keeps volumes
    first = start.negative_log_likelihood_and_gradient(BENT[:50])[0]
    assert first > exact + 0.3
    assert found.loss < exact + 0.1
    assert found.loss == pytest.approx(-found.field.log_density(BENT[:50]).mean())


class Killed(Exception):
    """Raised by a callback in place of a kill."""


@pytest.mark.parametrize("at", [1, 13])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, at):
    def stop(step, loss):
        if step == at:
            raise Killed

    flow, path = Flow(COUPLINGS, BASE), tmp_path / "run.npz"
    whole = fit_flow(flow, BENT, **SETTINGS)
    with pytest.raises(Killed):
        fit_flow(flow, BENT, **SETTINGS, checkpoint=path, checkpoint_every=5, callback=stop)
    resumed = fit_flow(Flow(COUPLINGS, BASE), BENT, **SETTINGS, checkpoint=path)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    assert resumed.history == whole.history
    with pytest.raises(ValueError, match="of another run: x differ"):
        fit_flow(flow, X, **SETTINGS, checkpoint=path)


def test_a_process_killed_for_good_is_resumed(tmp_path):
    path = tmp_path / "run.npz"
    script = f"""
        import os, signal
        from test_fit_flow import BASE, BENT, COUPLINGS, SETTINGS
        from refscore.estimation import fit_flow
        from refscore.flows import Flow
        def stop(step, loss):
            if step == 23:
                os.kill(os.getpid(), signal.SIGKILL)
        fit_flow(Flow(COUPLINGS, BASE), BENT, **SETTINGS, checkpoint={str(path)!r},
                 checkpoint_every=3, callback=stop)
    """
    places = os.pathsep.join([os.path.dirname(__file__), os.getcwd()])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env={**os.environ, "PYTHONPATH": places}
    )
    assert done.returncode == -signal.SIGKILL
    steps = []
    found = fit_flow(Flow(COUPLINGS, BASE), BENT, **SETTINGS, checkpoint=path,
                     callback=lambda step, loss: steps.append(step))  # fmt: skip
    assert steps[0] == 22  # what was on disk is not done again
    np.testing.assert_array_equal(
        found.parameters, fit_flow(Flow(COUPLINGS, BASE), BENT, **SETTINGS).parameters
    )


def test_early_stopping_keeps_the_best_parameters():
    few = BENT[:12]
    found = fit_flow(Flow(COUPLINGS, BASE), few, steps=2000, batch_size=12, learning_rate=0.1,
                     held_out=BENT[50:], evaluate_every=5, patience=3, rng=3)  # fmt: skip
    assert found.converged
    losses = [held for _, _, held in found.history]
    assert found.loss == min(losses)
    assert found.history[-1][0] < 2000


class Probed:
    """A flow that draws: its gradient holds what it drew."""

    dim, trace = 2, "hutchinson"

    def __init__(self, theta):
        self.parameters = np.asarray(theta, dtype=float)

    def with_parameters(self, theta):
        return Probed(theta)

    def negative_log_likelihood_and_gradient(self, x, rng):
        return 1.0, np.random.default_rng(rng).standard_normal(self.parameters.shape)


def test_a_flow_with_probes_draws_them_afresh_at_every_step():
    one, two = (fit_flow(Probed([0.0]), X, steps=k, rng=5).parameters for k in (1, 2))
    again = fit_flow(Probed([0.0]), X, steps=2, rng=5).parameters
    np.testing.assert_array_equal(two, again)
    assert abs(two[0]) != pytest.approx(2 * abs(one[0]), rel=1e-6)


@pytest.mark.parametrize("trace", ["exact", "hutchinson"])
def test_a_flow_in_continuous_time_is_fitted_and_resumed_alike(tmp_path, trace):
    flow = ContinuousFlow(Linear(np.zeros((2, 2)), np.zeros(2)), BASE, trace=trace)
    settings = {**SETTINGS, "held_out": X[:50], "learning_rate": 0.1, "evaluate_every": 3}
    whole = fit_flow(flow, X, **{**settings, "steps": 6})
    for steps in (3, 6):
        found = fit_flow(flow, X, **{**settings, "steps": steps}, checkpoint=tmp_path / "a.npz")
    np.testing.assert_array_equal(found.parameters, whole.parameters)
    losses = [held for _, _, held in whole.history]
    assert losses[-1] < losses[0]


def test_a_constrained_bend_stays_inside_however_long_the_steps():
    f = Composition(LUFlow(np.eye(2), np.eye(2)),
                    Planar([0.1, 0.1], [0.2, 0.3], constrained=True))  # fmt: skip
    found = fit_flow(Flow(f, BASE), X[:100], steps=100, batch_size=32, learning_rate=10, rng=0)
    assert found.field.bijection.layers[1].free @ found.field.bijection.layers[1].w < -40


@pytest.mark.parametrize(("layers", "rate"), [
    (COUPLINGS.layers[:1], 1e3), (COUPLINGS.layers[2:3], 30.0),
    ((LUFlow(np.eye(2), np.eye(2)), COUPLINGS.layers[0]), 1e3),
])  # fmt: skip
def test_a_run_that_diverges_names_the_step_and_the_rate(layers, rate):
    with pytest.raises(ValueError, match=rf"step \d+.* learning_rate than {rate}"):
        fit_flow(Flow(Composition(*layers), BASE), X, steps=300, learning_rate=rate, rng=0)


def test_a_checkpoint_of_more_steps_is_refused(tmp_path):
    flow, path = Flow(LinearFlow(np.eye(2)), BASE), tmp_path / "run.npz"
    fit_flow(flow, X, steps=5, rng=0, checkpoint=path)
    with pytest.raises(ValueError, match="steps must be at least 5, those of .*, got 3"):
        fit_flow(flow, X, steps=3, rng=0, checkpoint=path)


def test_arguments_are_named_as_they_are_called():
    flow = Flow(LinearFlow(np.eye(2)), BASE)
    for data, held_out, said in (
        (X[:1], None, "data must hold points"), (X[0], None, "data must hold points"),
        (X, X[0], "held_out must hold points"), (X, X[:, :1], "held_out must have shape"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            fit_flow(flow, data, held_out=held_out)
    with pytest.raises(TypeError, match="callback must be a function"):
        fit_flow(flow, X, callback=3)


@pytest.mark.parametrize(("data", "said"), [
    (np.column_stack([X[:, 0], np.ones(400)]), "data is constant in column 1"),
    (X[:, :1], r"data must have shape \(..., 2\)"),
    (np.full((9, 2), np.nan), "data must be finite"),
])  # fmt: skip
def test_bad_data_are_named(data, said):
    with pytest.raises(ValueError, match=said):
        fit_flow(Flow(COUPLINGS, BASE), data)
    with pytest.raises(ValueError, match="at least one parameter"):
        fit_flow(Flow(Permutation([1, 0]), BASE), X)
    with pytest.raises(TypeError, match="negative_log_likelihood_and_gradient"):
        fit_flow(LinearFlow(np.eye(2)), X)

"""Conventions read off draws: believed where they fit exactly, never where a mistake does."""

import numpy as np
import pytest

import refscore.verify as rv
from refscore.identities.langevin import far_start
from refscore.identities.settings import gaussian


def metric_step(drift=1.0, variance=1.0, root=np.linalg.cholesky):
    def preconditioned_step(score, x, step_size, preconditioner, rng):
        noise = np.sqrt(variance * step_size) * rng.standard_normal(x.shape)
        moved = x + drift * step_size / 2 * score(x) @ preconditioner
        return moved + noise @ root(preconditioner).T

    return {"preconditioned_step": preconditioned_step}


def noisy_step(drift=1.0, variance=1.0):
    def sgld_step(gradient, x, step_size, gradient_noise, rng):
        noise = np.sqrt(variance * step_size) * rng.standard_normal(x.shape)
        return x + drift * step_size / 2 * gradient(x, gradient_noise) + noise

    return {"sgld_step": sgld_step}


def plain_step(drift=1.0, variance=1.0):
    def langevin_step(score, x, step_size, rng):
        noise = np.sqrt(variance * step_size) * rng.standard_normal(x.shape)
        return x + drift * step_size / 2 * score(x) + noise

    return {"langevin_step": langevin_step}


def named(report):
    return {name for c in report.checks if c.diagnosis for name in c.diagnosis.mistakes}


WRONG = {
    "G for its root": metric_step(root=lambda G: G),
    "metric, half the drift": metric_step(0.5),
    "metric, 1.5 and 2": metric_step(1.5, 2),
    "noisy score, 1.5 and 2": noisy_step(1.5, 2),
    "noisy score, 2.5 and 2": noisy_step(2.5, 2),
    "plain, 2.5 and 2": plain_step(2.5, 2),
}


@pytest.mark.parametrize("step", [None, "h"])
@pytest.mark.parametrize("wrong", WRONG)
def test_no_declaration_turns_a_wrong_step_right(wrong, step):
    declared = {"conventions": {"step": step}} if step else {}
    report = rv.run({**WRONG[wrong], **declared})
    assert report.exit_code == 1
    assert not report.convention


def test_a_listed_mistake_is_named_and_not_a_convention():
    assert named(rv.run(WRONG["G for its root"])) == {"metric_noise_without_root"}


@pytest.mark.parametrize("step", [metric_step, noisy_step, plain_step])
def test_a_step_of_another_spelling_is_told_so(step):
    report = rv.run(step(2.0, 2.0))
    assert report.exit_code == 2
    assert report.convention == "conventions = {\"step\": 'h'}"
    assert rv.run({**step(2.0, 2.0), "conventions": {"step": "h"}}).exit_code == 0


def test_what_does_not_come_back_is_not_single_precision():
    calls = []

    def langevin_step(score, x, step_size, rng):
        calls.append(len(x))
        noise = (3 if 16 <= len(calls) <= 40 else 1) * rng.standard_normal(x.shape)
        return x + step_size / 2 * score(x) + np.sqrt(step_size) * noise

    report = rv.run({"langevin_step": langevin_step})
    assert report.exit_code == 1
    assert "not reproducible" in report["one_step_draws"].diagnosis.explanation
    assert not named(report)


def test_a_far_start_is_narrow_and_far():
    law = gaussian(3)
    mean, root = far_start(law)
    z = np.linalg.solve(np.linalg.cholesky(law.covariance), mean - law.mean)
    np.testing.assert_allclose(np.abs(z), 4.0)
    np.testing.assert_allclose(root @ root.T, 0.09 * law.covariance)

"""deepinv: its solvers as single steps, on the reverse SDE of X + t Z."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

from validation.peers.levels import above_zero, noisy_step, step
from validation.samplers import deepinv as sampling

VERSION = version_of("deepinv")


def ddim_step(score_at, x, t, s, eta, noise):
    run = above_zero(sampling.solver("DDIMSolver", 1.0, eta=eta))
    return noisy_step(run)(score_at, x, t, s, noise)


SOLVERS = SimpleNamespace(
    name="deepinv, solvers", framework="torch", version=VERSION, ddim_step=ddim_step,
    exponential_step=step(sampling.solver("DDIMSolver", 1.0)),
    heun_step=step(above_zero(sampling.solver("HeunSolver", 0.0))),
    ancestral_step=noisy_step(above_zero(sampling.solver("DDPMSolver", 1.0))),
)  # fmt: skip


def planted(denoise, x, levels):
    """DDPMSolver whose noise has the forward step's variance."""
    return sampling.solver("DDPMSolver", 1.0, variance="large")(denoise, x, levels)


PLANTED = SimpleNamespace(
    name="deepinv, planted: the large variance, declared as the small", framework="torch",
    version=VERSION, ancestral_step=noisy_step(above_zero(planted)),
    expected_failures=dict.fromkeys(("ancestral_given_noise",), "planted"),
)  # fmt: skip
SUBJECTS = [SOLVERS, PLANTED]

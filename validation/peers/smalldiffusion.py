"""smalldiffusion: `samples` as DDIM's and DDPM's steps."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

from validation.peers.levels import noisy_step, step
from validation.samplers import smalldiffusion as sampling

VERSION = version_of("smalldiffusion")
SAMPLES = SimpleNamespace(
    name="smalldiffusion", framework="torch", version=VERSION,
    exponential_step=step(sampling.run(gam=1.0, mu=0.0)),
    ancestral_step=noisy_step(sampling.run(gam=1.0, mu=0.5)),
)  # fmt: skip


def planted(denoise, x, levels):
    """`samples` with pairs of levels that start one too early."""
    pairs = mock.patch.object(
        sampling.diffusion, "pairwise", lambda sigmas: [(sigmas[0] * 1.01, sigmas[1])]
    )
    with pairs:
        return sampling.run(gam=1.0, mu=0.5)(denoise, x, levels)


PLANTED = SimpleNamespace(
    name="smalldiffusion, planted: the level is one per cent too high", framework="torch",
    version=VERSION, ancestral_step=noisy_step(planted),
    expected_failures=dict.fromkeys(("ancestral_given_noise", "ancestral_order"), "planted"),
)  # fmt: skip
SUBJECTS = [SAMPLES, PLANTED]

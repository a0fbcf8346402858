"""diffusionjax's Markov chains on a table with exactly the levels of one run."""

from __future__ import annotations

from importlib.metadata import version
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

jax.config.update("jax_enable_x64", True)
(solvers,) = modules("diffusionjax", ("solvers",), ())
LIBRARY = f"diffusionjax {version('diffusionjax')}"


def run(name, preserving, of_score=True, **options):
    """preserving: x is √ᾱ (x / α), its table betas; else levels. of_score: the model is one."""

    def sample(law, x, levels, draw):
        denoise, rising = law.denoiser(), levels[::-1]
        ts = jnp.linspace(0.0, 1.0, len(levels))
        alpha = 1 / np.sqrt(1 + levels**2) if preserving else np.ones_like(levels)

        def model(y, t):
            k = len(levels) - 1 - int(np.rint(float(t[0]) * (len(levels) - 1)))
            score = (denoise(np.asarray(y) / alpha[k], levels[k]) - y / alpha[k]) / levels[k] ** 2
            return jnp.asarray(score / alpha[k] if of_score else -score * levels[k])

        kept = 1 / (1 + rising**2)
        table = 1 - kept / np.append(1.0, kept[:-1]) if preserving else rising
        lookup = {"beta" if preserving else "sigma": lambda t: jnp.interp(t, ts, table)}
        discrete = mock.patch.object(solvers, "continuous_to_discrete", lambda betas, dt: betas)
        normal = mock.patch.object(solvers.random, "normal", lambda _, shape: draw(shape))
        x = alpha[0] * x
        with discrete, normal:
            chain = getattr(solvers, name)(model, ts=ts, **lookup, **options)
            for t in ts[:0:-1]:
                x = chain.update(None, jnp.asarray(x), jnp.full(len(x), t))[0]
        return np.asarray(x) / alpha[-1]

    return sample


def entry(label, reference, *arguments, **options):
    return Sampler(LIBRARY, label, run(*arguments, **options), 1, "DDPM, DDIM", reference,
                   framework="jax", counts=(8, 16, 32))  # fmt: skip


SAMPLERS = [
    entry("DDPM", q.ancestral, "DDPM", True),
    entry("SMLD", q.ancestral, "SMLD", False),
    entry("DDIMVP, eta=0", r.ddim, "DDIMVP", True, False, eta=0.0),
    entry("DDIMVP, eta=1", q.ancestral, "DDIMVP", True, False, eta=1.0),
    entry("DDIMVE, eta=0", r.ddim, "DDIMVE", False, False, eta=0.0),
    entry("DDIMVE, eta=1", q.ancestral, "DDIMVE", False, False, eta=1.0),
]

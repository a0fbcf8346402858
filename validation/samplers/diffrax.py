"""diffrax's solvers on the flow and on the reverse SDE of `solvers.py`, on any levels."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np

from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

jax.config.update("jax_enable_x64", True)
LIBRARY = f"diffrax {version('diffrax')}"


class Steps(diffrax.AbstractBrownianPath):
    """A Brownian path known over each step: W and the space-time area H."""

    times: jax.Array
    W: jax.Array
    H: jax.Array
    levy_area = diffrax.SpaceTimeLevyArea

    t0 = 0.0
    t1 = property(lambda self: self.times[-1])

    def evaluate(self, t0, t1=None, left=True, use_levy=False):
        k = jnp.searchsorted(self.times, (t0 + t1) / 2) - 1
        if not use_levy:
            return self.W[k]
        return diffrax.SpaceTimeLevyArea(dt=t1 - t0, W=self.W[k], H=self.H[k])


def run(solver, stochastic):
    compiled = {}

    def sample(law, x, levels, draw):
        rows, u = len(x), np.log(levels[0] / levels)
        x, draw = padded(x), lambda shape, inner=draw: padded(inner((rows, shape[1])))
        W = H = np.zeros((len(u) - 1, *x.shape))
        if stochastic:
            h = np.diff(u)[:, None, None]
            W = np.stack([draw(x.shape) for _ in h]) * np.sqrt(h)
            H = np.stack([draw(x.shape) for _ in h]) * np.sqrt(h / 12)
        if id(law) not in compiled:
            compiled[id(law)] = jax.jit(partial(solve, solver, stochastic, law.denoiser(jnp)))
        made = compiled[id(law)](jnp.asarray(x), jnp.asarray(u), levels[0], W, H)
        return np.asarray(made)[:rows]

    return sample


def padded(x, block=1024):
    """x (rows, d) with rows of zeros to a multiple of `block`, so that one compilation serves."""
    return np.concatenate([x, np.zeros((-len(x) % block, x.shape[1]))])


def solve(solver, stochastic, denoise, x, u, start, W, H):
    rate = 2.0 if stochastic else 1.0

    def noise(t, y, _):
        return lineax.DiagonalLinearOperator(2**0.5 * start * jnp.exp(-t) * jnp.ones_like(y))

    terms = diffrax.ODETerm(lambda t, y, _: rate * (denoise(y, start * jnp.exp(-t)) - y))
    if stochastic:
        terms = diffrax.MultiTerm(terms, diffrax.ControlTerm(noise, Steps(u, W, H)))
    return diffrax.diffeqsolve(
        terms, solver(), 0.0, u[-1], None, x, stepsize_controller=diffrax.StepTo(u),
        max_steps=len(u) + 1, adjoint=diffrax.ForwardMode(),
    ).ys[-1]  # fmt: skip


def entry(name, published, source="", stochastic=False, reference=None):
    solver = getattr(diffrax, name)
    return Sampler(LIBRARY, f"{name}, {'SDE' if stochastic else 'flow'}", run(solver, stochastic),
                   published, source, reference, framework="jax",
                   counts=(32, 64, 128))  # fmt: skip


SAMPLERS = [
    *(entry(name, getattr(diffrax, name)().order(None)) for name in
      ("Midpoint", "Ralston", "Bosh3", "Tsit5", "Dopri5")),
    entry("Euler", 1, "", False, r.euler_in_log),
    entry("Heun", 2, "", False, r.heun_in_log),
    entry("Euler", 1, "strong 1", True, q.euler_maruyama_in_log),
    entry("Heun", 1, "strong 1", True),
    entry("SEA", 1, "strong 1", True),
    entry("ShARK", 1, "strong 1.5", True),
    entry("SRA1", 1, "strong 1.5", True),
]  # fmt: skip

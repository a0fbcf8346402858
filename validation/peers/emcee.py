"""emcee: its Metropolis move on given noise, and an ensemble's draws from a known law."""

from __future__ import annotations

from types import SimpleNamespace

import emcee
import numpy as np

from refscore import distributions
from refscore.verify import NotOffered

name, version = "emcee", emcee.__version__


def random_walk_step(log_density, x, scale, noise, uniform):
    """`GaussianMove`, which takes a variance; its generator returns what is given."""
    given = SimpleNamespace(randn=lambda *shape: noise, rand=lambda n: uniform)

    def of_walkers(points):
        return log_density(points), None

    model = emcee.model.Model(log_density, of_walkers, map, given)
    state = emcee.State(np.array(x), log_prob=log_density(x))
    moved, accepted = emcee.moves.GaussianMove(scale**2).propose(model, state)
    return moved.coords, accepted


def sample(law, n, seed):
    """One state of n walkers after 400 stretch moves from a wide normal law."""
    if law.kind != "gaussian":
        raise NotOffered("only where 400 moves are known to be enough")
    log_density = distributions.Gaussian(law.mean, law.covariance).log_density
    start = 3 * np.random.default_rng(seed).standard_normal((n, len(law.mean)))
    sampler = emcee.EnsembleSampler(*start.shape, log_density, vectorize=True)
    sampler.random_state = np.random.RandomState(seed).get_state()
    return sampler.run_mcmc(start, 400, store=False, skip_initial_state_check=True).coords

"""emcee: its Metropolis move, and an ensemble's draws from a known law."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import emcee
import numpy as np

from refscore import distributions
from refscore.verify import NotOffered

name, version = "emcee", emcee.__version__


def random_walk_step(log_density, x, scale, noise=None, uniform=None, *, seed=None):
    """`GaussianMove`, which takes a variance."""
    return _moved(emcee.moves.GaussianMove(scale**2), log_density, x, noise, uniform, seed)


def _moved(move, log_density, x, noise, uniform, seed):
    """Its generator returns what is given, or is emcee's own kind."""
    given = SimpleNamespace(randn=lambda *shape: noise, rand=lambda n: uniform)
    generator = given if seed is None else np.random.RandomState(seed)

    def of_walkers(points):
        return log_density(points), None

    model = emcee.model.Model(log_density, of_walkers, map, generator)
    state = emcee.State(np.array(x), log_prob=log_density(x))
    moved, accepted = move.propose(model, state)
    return moved.coords, accepted


def sample(law, n, seed):
    """One state of n walkers after 200 stretch moves from a wide normal law."""
    if law.kind != "gaussian":
        raise NotOffered("only where 200 moves are known to be enough")
    log_density = distributions.Gaussian(law.mean, law.covariance).log_density
    start = 3 * np.random.default_rng(seed).standard_normal((n, len(law.mean)))
    sampler = emcee.EnsembleSampler(*start.shape, log_density, vectorize=True)
    sampler.random_state = np.random.RandomState(seed).get_state()
    return sampler.run_mcmc(start, 200, store=False, skip_initial_state_check=True).coords


def _planted_walk(log_density, x, scale, noise=None, uniform=None, *, seed=None):
    return _moved(emcee.moves.GaussianMove(scale), log_density, x, noise, uniform, seed)


PLANTED = SimpleNamespace(
    name="emcee, planted: the move takes a standard deviation for its variance",
    version=version, random_walk_step=_planted_walk,
    expected_failures={"random_walk_given_noise": "planted", "random_walk_draws": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]

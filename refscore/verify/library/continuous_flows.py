"""Ports of the library: continuous normalising flows."""

from __future__ import annotations

import numpy as np

from refscore import flows
from refscore.distributions import Gaussian

__all__ = [
    "directional_energy", "flow_forward", "flow_inverse", "flow_log_density",
    "flow_log_density_estimate", "flow_log_density_estimate_gradient",
    "flow_log_density_gradient", "flow_log_density_on_grid", "jacobian_energy", "kinetic_energy",
]  # fmt: skip

ACCURATE = {"rtol": 1e-8, "atol": 1e-8}


class Base:
    """A base law of which the log density and its score are known, as far as a flow asks."""

    def __init__(self, log_density, dim):
        self.log_density, self.score, self.dim = log_density, log_density.score, dim

    def sample(self, n, *, rng):
        """Nothing is drawn here."""
        raise NotImplementedError("a base given by its log density has no draws")


def flow(velocity, x, base_log_density, t0, t1, **options):
    """The library's flow of a port's arguments."""
    base = Base(base_log_density, x.shape[-1])
    control = {} if "n_steps" in options else ACCURATE
    return flows.ContinuousFlow(velocity, base, t0, t1, **control, **options)


def flow_log_density(velocity, x, base_log_density, t0, t1):
    """log p(x) with the exact divergence."""
    return flow(velocity, x, base_log_density, t0, t1).log_density(x)


def flow_log_density_estimate(velocity, x, base_log_density, t0, t1, probes=None, *, rng=None):
    """log p(x) by Hutchinson's estimate, probes held fixed."""
    return flow(velocity, x, base_log_density, t0, t1).log_density(x, probes, rng=rng)


def flow_log_density_on_grid(velocity, x, base_log_density, times, probes=None, *, rng=None):
    """The same with fresh probes on a fixed grid."""
    own = flow(velocity, x, base_log_density, times[0], times[-1], method="rk4")
    return own.log_density_on_grid(x, times, probes, rng=rng)


def flow_log_density_gradient(velocity, x, base_log_density, t0, t1):
    """Its gradient in the points and the parameters, of the mean."""
    found = flow(velocity, x, base_log_density, t0, t1).log_density_and_gradient(x)
    return found.score / len(x), found.parameters / len(x)


def flow_log_density_estimate_gradient(
    velocity, x, base_log_density, t0, t1, probes=None, *, rng=None
):
    """The same of the estimate on fixed probes."""
    own = flow(velocity, x, base_log_density, t0, t1, gradient="backpropagation")
    found = own.log_density_and_gradient(x, probes, rng=rng)
    return found.score / len(x), found.parameters / len(x)


def flow_inverse(velocity, x, t0, t1):
    """The base points of data."""
    standard = Gaussian(np.zeros(x.shape[-1]), 1.0)
    return flows.ContinuousFlow(velocity, standard, t0, t1, **ACCURATE).inverse(x)


def flow_forward(velocity, x0, base_log_density, t0, t1):
    """Data of base points, and their log density."""
    return flow(velocity, x0, base_log_density, t0, t1).forward_and_log_density(x0)


def kinetic_energy(velocity, x, t0, t1):
    """∫ ½ |f|² dt."""
    return flows.kinetic_energy(velocity, x, t1, t0, **ACCURATE)


def jacobian_energy(velocity, x, t0, t1, probes=None, *, rng=None):
    """∫ mean |J v|² dt."""
    return flows.jacobian_energy(velocity, x, t1, t0, probes, rng=rng, **ACCURATE)


def directional_energy(velocity, x, t0, t1):
    """∫ |J f|² dt."""
    return flows.directional_energy(velocity, x, t1, t0, **ACCURATE)

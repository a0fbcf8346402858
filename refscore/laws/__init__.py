"""Exact laws of chains, without a single draw.

Affine steps with Gaussian noise keep Gaussians Gaussian, so their laws are propagated; the
law of a one-dimensional chain on anything else is carried over a grid.
"""

from refscore.laws.affine import AffineStep, affine_law, affine_map_of, stationary_law
from refscore.laws.bias import (
    autocorrelation_time,
    signal_to_noise,
    stability_limit,
    wasserstein_bias,
)
from refscore.laws.kinetic import (
    kinetic_stationary,
    kinetic_step,
    unadjusted_hmc_stationary,
    unadjusted_hmc_step,
)
from refscore.laws.langevin import (
    annealed_law,
    langevin_law,
    langevin_stationary,
    preconditioned_law,
    preconditioned_stationary,
    sgld_step,
)
from refscore.laws.metropolis import hmc_acceptance, mala_acceptance, random_walk_acceptance
from refscore.laws.sampler_lines import sampler_density
from refscore.laws.samplers import sampler_law
from refscore.laws.starts import point_start, uniform_start
from refscore.laws.transfer import (
    TransferOperator,
    annealed_distribution,
    chain_density,
    chain_distribution,
    transfer_operator,
)

__all__ = [
    "AffineStep", "affine_map_of", "affine_law", "stationary_law",
    "langevin_law", "langevin_stationary", "preconditioned_law", "preconditioned_stationary",
    "sgld_step", "annealed_law",
    "kinetic_step", "kinetic_stationary", "unadjusted_hmc_step", "unadjusted_hmc_stationary",
    "mala_acceptance", "random_walk_acceptance", "hmc_acceptance",
    "stability_limit", "wasserstein_bias", "autocorrelation_time", "signal_to_noise",
    "sampler_law", "sampler_density",
    "TransferOperator", "transfer_operator", "uniform_start", "point_start",
    "chain_distribution", "chain_density", "annealed_distribution",
]  # fmt: skip

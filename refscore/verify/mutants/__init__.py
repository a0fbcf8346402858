"""Named mistakes: wrong implementations the kit must catch and call by name."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import import_module, resources

from refscore.verify.mutants.base import Mistake, mistake

FILES = (
    "densities", "scores", "samples", "smoothing", "objectives", "slicing", "gradients", "traces",
    "explicit", "perturbed", "noisy_data", "regularised", "shortcuts", "ladder", "weightings",
    "levels", "bounded", "boundary", "kernels", "stein", "kernel_fits", "contrasts", "precisions",
    "estimators", "uncertainty", "efficiencies", "low_rank", "langevin", "langevin_chains",
    "langevin_metrics", "langevin_metropolis", "langevin_proposals", "langevin_kinetic",
    "langevin_laws", "langevin_transfer", "discrepancies", "embeddings", "distances", "gaps",
    "processes", "process_rates", "process_times", "process_rules", "schedules", "level_grids",
    "paths", "diffusion", "likelihood", "likelihood_flows", "likelihood_probes",
    "likelihood_errors", "guidance", "inverse", "inverse_norms", "parametrisation",
    "exponential", "exponential_churn", "exponential_solvers",
    "exponential_multistep", "exponential_stochastic", "exponential_adams", "exponential_first",
    "fokker_planck", "fokker_planck_cells", "reverse", "reverse_steps", "reverse_ancestral",
    "reverse_samplers", "reverse_levels", "reverse_scales", "reverse_shared",
    "flow_densities", "flow_energies",
    "flow_estimates", "flow_gradients",
    "ode_steps", "ode_estimates", "ode_solves", "ode_paths", "bijections",
    "bijection_residuals", "bijection_linear", "bijection_layers", "bijection_densities",
    "flow_paths", "errata", "binary", "simplex",
    "gumbel", "concrete", "concrete_densities", "concrete_bits", "concrete_divergence",
    "gumbel_rows",
    "quantisation", "quantisation_gradients", "quantisation_codebooks", "quantisation_usage",
    "quantisation_scalars", "quantisation_rounding",
    "adjoint_flows", "adjoint_times", "adjoint_costs", "adjoint_steps", "discrete_gradients",
    "elbo", "elbo_grids", "adversarial", "masks", "critics", "families", "latents",
    "discrete_relaxed", "discrete_rebar", "discrete_bits", "discrete_moments", "discrete_paths",
    "gumbel_calls", "elbo_calls", "discrete_calls", "quantisation_calls",
    "concrete_calls", "family_calls",
    "gumbel_noises", "discrete_advantages",
)  # fmt: skip

__all__ = ["Mistake", "catches", "mistake", "mistakes"]


def mistakes() -> dict[str, Mistake]:
    """Every named mistake, in the order of the port groups."""
    from refscore.verify.mutants.base import REGISTRY

    _load(FILES)
    return dict(REGISTRY)


@lru_cache(maxsize=2)
def _load(files: tuple[str, ...]) -> None:
    for name in files:
        import_module(f"{__name__}.{name}")


def catches() -> dict[str, list[str]]:
    """The mistakes each identity catches, by name, as the last trial of all recorded them.

    Written by `python -m refscore.verify.trials`; a test runs all trials again.
    """
    text = resources.files("refscore.verify.mutants").joinpath("catches.json").read_text("utf-8")
    return json.loads(text)

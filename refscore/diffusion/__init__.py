"""Diffusion models with exact scores: reverse steps, the probability flow, its likelihood."""

from refscore.diffusion.adams import adams_bashforth, plms
from refscore.diffusion.ancestral import ancestral, ddim
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.corrected import predictor_corrector
from refscore.diffusion.edm import edm
from refscore.diffusion.encoding import decode, encode
from refscore.diffusion.euler import (
    euler_maruyama,
    flow_euler,
    flow_heun,
    milstein,
    stochastic_heun,
)
from refscore.diffusion.exponential import dpm_solver, exponential, sde_dpm_solver
from refscore.diffusion.flow_matching import flow_matching, from_noise_first
from refscore.diffusion.fokker_planck import (
    DiffusedDensity,
    Evolution,
    FunctionDensity,
    Grid,
    StillDensity,
    Terms,
    continuity_residual,
    density_evolution,
    fokker_planck_residual,
    forward_terms,
    langevin_terms,
    positive_step,
    relaxation_rates,
    reverse_terms,
    spectral_gap,
    stationary_density,
    uniform_grid,
)
from refscore.diffusion.guidance import (
    SPELLINGS,
    class_law,
    classifier_free,
    classifier_guided,
    classifier_score,
    composed,
    guidance_weight,
    guided_ancestral,
    reverse_law,
)
from refscore.diffusion.inverse import (
    dps_score,
    flat_prior_score,
    moment_score,
    pigdm_score,
    posterior_score,
    replacement,
)
from refscore.diffusion.likelihood import (
    Likelihood,
    LikelihoodErrors,
    bits_per_dimension,
    gaussian_log_likelihood,
    likelihood,
    likelihood_errors,
    log_likelihood,
)
from refscore.diffusion.multistep import (
    dpm_multistep,
    exponential_multistep,
    sde_dpm_multistep,
)
from refscore.diffusion.parametrisation import (
    conversion,
    convert,
    edm_denoiser,
    ladder_scores,
    predictions,
)
from refscore.diffusion.probability_flow import (
    GaussianFlow,
    diffused,
    flow_map,
    flow_velocity,
)
from refscore.diffusion.reverse import reversal
from refscore.diffusion.sampling import sample
from refscore.diffusion.weighting import ScoreDivergence, kl, kl_by_scores, prior_divergence

__all__ = [
    "DiffusedDensity",
    "Evolution",
    "FunctionDensity",
    "Grid",
    "StillDensity",
    "Terms",
    "continuity_residual",
    "density_evolution",
    "fokker_planck_residual",
    "forward_terms",
    "langevin_terms",
    "positive_step",
    "relaxation_rates",
    "reverse_terms",
    "spectral_gap",
    "stationary_density",
    "uniform_grid",
    "ReverseStep",
    "ancestral",
    "ddim",
    "euler_maruyama",
    "flow_euler",
    "flow_heun",
    "milstein",
    "predictor_corrector",
    "reversal",
    "sample",
    "stochastic_heun",
    "adams_bashforth",
    "conversion",
    "convert",
    "dpm_multistep",
    "dpm_solver",
    "edm",
    "edm_denoiser",
    "exponential",
    "exponential_multistep",
    "flow_matching",
    "from_noise_first",
    "ladder_scores",
    "plms",
    "predictions",
    "sde_dpm_multistep",
    "sde_dpm_solver",
    "GaussianFlow",
    "decode",
    "diffused",
    "encode",
    "flow_map",
    "flow_velocity",
    "Likelihood",
    "LikelihoodErrors",
    "bits_per_dimension",
    "gaussian_log_likelihood",
    "likelihood",
    "likelihood_errors",
    "log_likelihood",
    "SPELLINGS",
    "class_law",
    "classifier_free",
    "classifier_guided",
    "classifier_score",
    "composed",
    "guidance_weight",
    "guided_ancestral",
    "reverse_law",
    "dps_score",
    "flat_prior_score",
    "moment_score",
    "pigdm_score",
    "posterior_score",
    "replacement",
    "ScoreDivergence",
    "kl",
    "kl_by_scores",
    "prior_divergence",
]

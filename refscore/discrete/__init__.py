"""Discrete latents: Gumbel draws, their relaxations, gradients, codebooks, bounds."""

from refscore.discrete.binary_concrete import (
    binary_concrete,
    binary_concrete_log_density,
    binary_concrete_pullback,
    logit_binary_concrete,
    logit_binary_concrete_log_density,
)
from refscore.discrete.codebook import (
    Codebook,
    LloydResult,
    code_frequencies,
    lloyd,
    lloyd_step,
    perplexity,
    replace_dead_codes,
    update_codebook,
)
from refscore.discrete.concrete import (
    StraightThrough,
    gumbel_softmax,
    gumbel_softmax_pullback,
    log_gumbel_softmax,
    straight_through,
    temperature_pullback,
)
from refscore.discrete.concrete_density import (
    concrete_kl,
    concrete_log_density,
    concrete_log_density_gradient,
    exp_concrete_log_density,
)
from refscore.discrete.elbo import (
    categorical_kl,
    deterministic_elbo,
    elbo,
    elbo_gap,
    elbo_gradient,
    expected_importance_bound,
    grid_elbo,
    importance_bound,
    kl_to_uniform,
    log_evidence,
)
from refscore.discrete.gradients import (
    Moments,
    Relaxed,
    arm_gradient,
    arm_moments,
    bernoulli_expectation,
    bernoulli_expectation_gradient,
    bernoulli_leave_one_out_gradient,
    bernoulli_relaxed_gradient,
    bernoulli_relaxed_moments,
    bernoulli_score_function_gradient,
    bernoulli_score_function_moments,
    bernoulli_straight_through_gradient,
    bernoulli_straight_through_moments,
    best_baseline,
    concrete_nodes,
    control_variate_gradient,
    disarm_gradient,
    disarm_moments,
    expectation,
    expectation_gradient,
    leave_one_out_gradient,
    leave_one_out_moments,
    rebar_gradient,
    relax_gradient,
    relaxed_gradient,
    relaxed_moments,
    running_baseline,
    score_function_gradient,
    score_function_moments,
    straight_through_gradient,
    straight_through_moments,
    straight_through_relaxed_gradient,
)
from refscore.discrete.gumbel import (
    Gumbel,
    gumbel,
    gumbel_from_uniforms,
    gumbel_max,
    max_gumbel,
)
from refscore.discrete.lloyd_max import ScalarQuantiser, lloyd_max, scalar_distortion
from refscore.discrete.quantisation import (
    QuantisationGradients,
    QuantisationLosses,
    Quantised,
    nearest_codes,
    quantise,
    vq_gradients,
    vq_losses,
    vq_rotation_gradient,
    vq_straight_through_gradient,
)
from refscore.discrete.scalar import (
    finite_scalar,
    finite_scalar_gradient,
    finite_scalar_values,
    lookup_free,
)
from refscore.discrete.truncated import posterior_gumbels, top_k, top_k_log_probability
from refscore.discrete.vae import DiscreteVAE
from refscore.discrete.vae_losses import exact_loss, quantised_loss, relaxed_loss

__all__ = [
    "binary_concrete", "binary_concrete_log_density", "binary_concrete_pullback",
    "logit_binary_concrete", "logit_binary_concrete_log_density",
    "Codebook", "LloydResult", "code_frequencies", "lloyd", "lloyd_step", "perplexity",
    "replace_dead_codes", "update_codebook",
    "StraightThrough", "gumbel_softmax", "gumbel_softmax_pullback", "log_gumbel_softmax",
    "straight_through", "temperature_pullback",
    "concrete_kl", "concrete_log_density", "concrete_log_density_gradient",
    "exp_concrete_log_density",
    "categorical_kl", "deterministic_elbo", "elbo", "elbo_gap", "elbo_gradient",
    "expected_importance_bound", "grid_elbo", "importance_bound", "kl_to_uniform", "log_evidence",
    "Moments", "Relaxed", "arm_gradient", "arm_moments", "bernoulli_expectation",
    "bernoulli_expectation_gradient", "bernoulli_leave_one_out_gradient",
    "bernoulli_relaxed_gradient", "bernoulli_relaxed_moments",
    "bernoulli_score_function_gradient", "bernoulli_score_function_moments",
    "bernoulli_straight_through_gradient", "bernoulli_straight_through_moments", "best_baseline",
    "concrete_nodes", "control_variate_gradient", "disarm_gradient", "disarm_moments",
    "expectation", "expectation_gradient", "leave_one_out_gradient", "leave_one_out_moments",
    "rebar_gradient", "relax_gradient", "relaxed_gradient", "relaxed_moments", "running_baseline",
    "score_function_gradient", "score_function_moments", "straight_through_gradient",
    "straight_through_moments", "straight_through_relaxed_gradient",
    "Gumbel", "gumbel", "gumbel_from_uniforms", "gumbel_max", "max_gumbel",
    "ScalarQuantiser", "lloyd_max", "scalar_distortion",
    "QuantisationGradients", "QuantisationLosses", "Quantised", "nearest_codes", "quantise",
    "vq_gradients", "vq_losses", "vq_rotation_gradient", "vq_straight_through_gradient",
    "finite_scalar", "finite_scalar_gradient", "finite_scalar_values", "lookup_free",
    "posterior_gumbels", "top_k", "top_k_log_probability",
    "DiscreteVAE", "exact_loss", "quantised_loss", "relaxed_loss",
]  # fmt: skip

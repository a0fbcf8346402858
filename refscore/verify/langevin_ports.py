"""The ports of Langevin steps, chains and their exact laws."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
LANGEVIN: list[tuple[str, str, str, str, str | None, bool]] = [
    ("langevin_step", "score x step_size", "points",
     "x + (step_size / 2) score(x) + sqrt(step_size) noise", "noise", True),
    ("langevin_law", "law step_size n_steps mean covariance", "law",
     "exact law of n_steps unadjusted steps on a Gaussian", None, False),
    ("langevin_stationary", "law step_size", "law",
     "exact stationary law of the unadjusted step on a Gaussian", None, False),
    ("langevin_sample", "score x0 step_size n_steps", "chain",
     "n_steps of langevin_step from x0, noise (n_steps, n, d): the last points, or the "
     "points after every step", "noise", False),
    ("annealed_sample", "score_at x0 sigmas step_size n_steps_each", "points",
     "n_steps_each of langevin_step at every level of the descending sigmas, with "
     "score_at(x, sigma) and step size step_size (sigma / sigmas[-1])^2; noise (levels, "
     "n_steps_each, n, d)", "noise", False),
    ("annealed_step_sizes", "sigmas step_size", "vector",
     "step_size (sigma / sigmas[-1])^2 at every level", None, False),
    ("preconditioned_step", "score x step_size preconditioner", "points",
     "x + (step_size / 2) G score(x) + sqrt(step_size) L noise, G = preconditioner (d, d) "
     "= L L^T", "noise", True),
    ("sgld_step", "gradient x step_size gradient_noise", "points",
     "x + (step_size / 2) g + sqrt(step_size) noise with the stochastic score g = "
     "gradient(x, gradient_noise)", "noise", True),
    ("corrector_step", "score x snr", "points",
     "x + e score(x) + sqrt(2 e) noise, e = 2 (snr |noise| / |score|)^2, by the norms of every "
     "row (`conventions`)", "noise", False),
    ("metropolis_log_ratio", "log_density score x proposal step_size", "values",
     "log of p(y) q(x | y) / (p(x) q(y | x)), y = proposal, q the kernel of langevin_step",
     None, True),
    ("mala_step", "log_density score x step_size", "moved",
     "the proposal of langevin_step, accepted where log uniform < metropolis_log_ratio; "
     "uniform (n,)", "noise uniform", True),
    ("random_walk_step", "log_density x scale", "moved",
     "x + scale noise, accepted where log uniform < log p(y) - log p(x); uniform (n,)",
     "noise uniform", True),
    ("barker_step", "log_density score x scale", "moved",
     "x + b z, z = scale noise, b = 1 where uniforms (n, d) < 1 / (1 + exp(-z score(x))), "
     "else -1, by coordinate; accepted where log uniform (n,) < the Metropolis-Hastings "
     "log ratio", "noise uniforms uniform", True),
    ("hmc_step", "log_density score x momentum step_size n_leapfrog", "moved",
     "n_leapfrog leapfrog steps of unit mass, accepted where log uniform < -(H' - H), H = "
     "-log p + |momentum|^2 / 2; uniform (n,)", "uniform", True),
    ("underdamped_step", "score x v step_size friction", "states",
     "one step of dx = v dt, dv = (score - friction v) dt + sqrt(2 friction) dw by a "
     "splitting (`conventions`); noise (n, d), or (2, n, d) in the order of use where the "
     "splitting has two O", "noise", False),
    ("preconditioned_law", "law step_size preconditioner n_steps mean covariance", "law",
     "exact law of n_steps of preconditioned_step on a Gaussian", None, False),
    ("sgld_law", "law step_size gradient_covariance n_steps mean covariance", "law",
     "exact law of n_steps of sgld_step on a Gaussian, gradient noise of a covariance",
     None, False),
    ("annealed_law", "law sigmas step_size n_steps_each mean covariance", "law",
     "exact law of annealed_sample on a Gaussian with its exact noised scores", None, False),
    ("underdamped_law", "law step_size friction scheme n_steps mean covariance", "law",
     "exact law (2 d) of n_steps of the splitting `scheme` on a Gaussian, state (x, v)",
     None, False),
    ("underdamped_stationary", "law step_size friction scheme", "law",
     "its exact stationary law (2 d)", None, False),
    ("unadjusted_hmc_law", "law step_size n_leapfrog n_steps mean covariance", "law",
     "exact law of n_steps of hmc_step without its acceptance, fresh momenta", None, False),
    ("mala_acceptance", "law step_size", "number",
     "mean acceptance of mala_step on a Gaussian, at stationarity", None, False),
    ("random_walk_acceptance", "law scale", "number",
     "that of random_walk_step", None, False),
    ("hmc_acceptance", "law step_size n_leapfrog", "number",
     "that of hmc_step", None, False),
    ("wasserstein_bias", "law step_size", "number",
     "Wasserstein-2 distance of a Gaussian from the stationary law of langevin_step",
     None, False),
    ("autocorrelation_time", "law step_size direction", "number",
     "1 + 2 sum of the autocorrelations of direction.x along langevin_step on a Gaussian",
     None, False),
    ("stability_limit", "law", "number",
     "the step size from which langevin_step has no stationary law on a Gaussian",
     None, False),
    ("signal_to_noise", "law sigmas step_size", "vector",
     "E |(eta / 2) score|^2 / E |sqrt(eta) z|^2 under the noised law at every level of the"
     " ladder", None, False),
    ("chain_distribution", "law low high step_size n_steps points", "vector",
     "P(X_k <= point) of k = n_steps of langevin_step on a one-dimensional law, X_0 "
     "uniform on (low, high)", None, False),
    ("annealed_distribution",
     "law low high sigmas step_size n_steps_each points", "vector",
     "the same after annealed_sample with the exact noised scores", None, False),
]  # fmt: skip

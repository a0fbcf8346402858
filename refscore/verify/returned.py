"""What every kind of answer is, and the names of its parts: the text of `refscore ports`.

n points or rows, d coordinates, p parameters, C categories, as of `arguments`.
"""

from __future__ import annotations

RETURNS: dict[str, str] = {
    "quantised": "a pair (codes, values): whole numbers (n,), counted from 0, and (n, d)",
    "averages": "a tuple (codebook, counts, sums), (K, d), (K,) and (K, d)",
    "values": "an array of one number a point, (n,)",
    "points": "an array (n, d)",
    "matrices": "an array (n, d, d)",
    "losses": "an array of one loss a point, (n,), or their mean",
    "gradient": "one flat array (p,), ordered like .parameters: of the mean, not of the sum",
    "vector": "an array of one axis",
    "matrix": "an array of two axes",
    "number": "a number",
    "draws": "an array (n, d)",
    "law": "a mapping of the law's arrays, or an object that has them; the kind may be left out",
    "estimate": "a number, or (estimate, standard_error)",
    "pair": "two numbers (alpha, sigma)",
    "pair_of_rates": "two numbers (alpha', sigma')",
    "drift_and_diffusion": "two numbers (f, g)",
    "transition": "two numbers (a, b)",
    "schedule": "a pair (betas, alpha_bars), both (n_steps,)",
    "table": "a pair (alphas, sigmas), both (N,)",
    "increments": "an array shaped like noise",
    "path": "an array (n_steps + 1, n, d), the start first",
    "posterior": "an array (n, d), or (mean, covariance) of (n, d) and (n, d, d)",
    "affine": "a pair (matrix, offset), (d, d) and (d,)",
    "coefficients": "a tuple (c_skip, c_out, c_in, c_noise), four arrays like sigmas",
    "mean_and_precision": "a pair (mean, precision), (d,) and (d, d), or a mapping that names the"
    " covariance instead",
    "moved": "an array (n, d), or (x, accepted) with accepted (n,)",
    "regressions": "a pair (coefficients, deviations), (d, d) and (d,)",
    "latent_law": "a pair (mean, covariance), (n, k) and (k, k)",
    "latent_moments": "a pair (mean, covariance), (d,) and (d, d)",
    "mapped": "a pair (y, log_det) of the moved points, shaped like x, and log|det| of the"
    " direction taken, (n,)",
    "states": "a pair (x, v), two arrays (n, d)",
    "carried": "a pair (x, log_density), (n, d) and (n,)",
    "flow_gradient": "a pair (x, parameters), (n, d) and (p,): of the mean, not of the sum",
    "ode_gradients": "a pair (dx0, dtheta), (n, d) and (p,) ordered like .parameters",
    "time_gradients": "a pair of numbers (dt0, dt1)",
    "sensitivities": "a pair of (n, d, d), derivative index last, and (n, d, p)",
    "chain": "an array (n, d), the last points; or all of them, (n_steps, n, d), or with the start"
    " (n_steps + 1, n, d)",
}

PARTS: dict[str, tuple[str, ...]] = {
    "quantised": ("codes", "values"),
    "averages": ("codebook", "counts", "sums"),
    "estimate": ("estimate", "standard_error"),
    "pair": ("alpha", "sigma"),
    "pair_of_rates": ("alpha_rate", "sigma_rate"),
    "drift_and_diffusion": ("drift_rate", "diffusion"),
    "transition": ("ratio", "standard_deviation"),
    "schedule": ("betas", "alpha_bars"),
    "table": ("alphas", "sigmas"),
    "posterior": ("mean", "covariance"),
    "affine": ("matrix", "offset"),
    "coefficients": ("c_skip", "c_out", "c_in", "c_noise"),
    "mean_and_precision": ("mean", "precision"),
    "moved": ("x", "accepted"),
    "regressions": ("coefficients", "deviations"),
    "latent_law": ("mean", "covariance"),
    "latent_moments": ("mean", "covariance"),
    "mapped": ("y", "log_det"),
    "states": ("x", "v"),
    "ode_gradients": ("x0", "parameters"),
    "time_gradients": ("t0", "t1"),
    "sensitivities": ("x0", "parameters"),
    "carried": ("x", "log_density"),
    "flow_gradient": ("x", "parameters"),
}

"""The ports of other model families, one small exact model each."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
FAMILIES: list[tuple[str, str, str, str, str | None, bool]] = [
    ("conditional_log_densities", "mean covariance x", "points",
     "of a normal law: log p(x_j | x_1, ..., x_(j-1)) for every coordinate j", None, True),
    ("autoregressive_coefficients", "covariance", "regressions",
     "(B, s): x_j = sum over i < j of B_ji x_i + s_j times noise, of a normal law around 0", None,
     False),
    ("autoregressive_draws", "mean covariance standard_normals", "points",
     "draws of the normal law, coordinate after coordinate, the noise of coordinate j the j-th",
     None, False),
    ("latent_log_density", "loadings offset sigma x", "values",
     "log density of loadings z + offset + sigma e, z and e standard normal", None, True),
    ("latent_posterior", "loadings offset sigma x", "latent_law",
     "mean and covariance of z given x", None, True),
    ("latent_elbo", "loadings offset sigma x latent_mean latent_covariance", "values",
     "the bound on log p(x) of a normal q(z), its means row by row, its covariance for all",
     None, False),
    ("fit_latent", "x n_latent", "latent_moments",
     "mean and covariance of that model's x at maximum likelihood, n_latent columns of loadings",
     None, False),
    ("discriminator", "law other_law x", "values",
     "the best probability, p / (p + q), that x comes from p = law, not q = other_law, as often;"
     " laws are normal or mixtures of normal ones",
     None, True),
    ("discriminator_gradient", "law other_law x", "points",
     "the gradient in x of its log odds", None, True),
    ("game_value", "data_log_odds model_log_odds", "number",
     "mean log D over the data plus mean log(1 - D) over the model's points, D = 1 / (1 + exp(-log"
     " odds))", None, False),
    ("game_slopes", "data_log_odds model_log_odds", "vector",
     "its derivatives in the log odds, those of the data first", None, False),
    ("generator_loss", "name model_log_odds", "number",
     'what a generator makes small: "saturating" mean log(1 - D), "non-saturating" -mean log D,'
     ' "likelihood" -mean D / (1 - D)', None, False),
    ("generator_slopes", "name model_log_odds", "vector",
     "its derivatives in the log odds", None, False),
    ("jensen_shannon", "law other_law", "number",
     "1/2 KL(p || m) + 1/2 KL(q || m), m = (p + q) / 2, nats", None, False),
    ("optimal_critic", "name log_ratio", "vector",
     'f\'(p/q) at log p/q: "kl" f = r log r, "reverse kl" -log r, "pearson" (r - 1)^2, "hellinger"'
     ' (sqrt r - 1)^2, "jensen-shannon" r log r - (r + 1) log((r + 1) / 2), "gan" r log r -'
     " (r + 1) log(r + 1)", None, False),
    ("critic_bound", "name critic_x critic_y x_weights y_weights", "number",
     "weighted mean of T over x less that of f*(T) over y, f* the convex conjugate of f", None,
     False),
    ("wasserstein_1", "law other_law", "number",
     "the Wasserstein-1 distance of two normal laws of the line", None, False),
    ("log_normaliser", "energy low high", "number",
     "log of the integral of exp(-E); outside the box [low, high] in every coordinate nothing"
     " counts; energy.dim coordinates", None, False),
    ("likelihood_gradient", "energy x low high", "gradient",
     "of the mean log density exp(-E) / Z at x, in the energy's parameters", None, False),
    ("importance_log_normaliser", "log_unnormalised log_proposal", "number",
     "log of the mean of p / q, from log p and log q at draws of q", None, False),
    ("importance_variance", "dim proposal_scale", "number",
     "of one such term over Z: its variance, p = N(0, I) without its normaliser, q = N(0, scale^2"
     " I); inf where it is infinite", None, False),
]  # fmt: skip

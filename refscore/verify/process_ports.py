"""The ports of processes, tables, grids and Wiener paths."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
PROCESSES: list[tuple[str, str, str, str, str | None, bool]] = [
    ("process_marginal", "process t", "pair",
     "(alpha, sigma) of X_t = alpha X_0 + sigma Z of a described process", None, False),
    ("process_rates", "process t", "drift_and_diffusion",
     "(f, g) of dx = f(t) x dt + g(t) dw of a described process", None, False),
    ("process_transition", "process t s", "transition",
     "(a, b) of X_s = a X_t + b Z, t <= s, of a described process", None, False),
    ("marginal_rates", "t", "pair_of_rates",
     "(d alpha / dt, d sigma / dt) of `marginal`", None, False),
    ("transition", "t s", "transition", "(a, b) of X_s = a X_t + b Z, t <= s", None, False),
    ("log_snr", "t", "number", "log(alpha / sigma): half the log of alpha^2 / sigma^2", None,
     False),
    ("time_at", "log_snr", "number", "the time t at which log_snr(t) has this value", None, False),
    ("prior_std", "", "number", "standard deviation of the Gaussian that stands for the law at the"
     " final time: 1 where the variance is preserved, sigma there where it explodes; or sigma there"
     " of any process (`conventions`)", None, False),
    ("time_grid", "spacing n_steps start end", "vector",
     'n_steps + 1 descending times from start to end, equally spaced in t ("uniform"), in'
     ' (sigma / alpha)^(1/7) ("karras") or in log(alpha / sigma) ("log_snr")', None, False),
    ("discrete_schedule", "name n_steps", "schedule",
     '(betas, alpha_bars) of the table "linear" (0.1 to 20 per unit of time, so 1e-4 to 0.02 at'
     ' 1000 levels), "scaled_linear" (roots from 0.85 to 12), "sigmoid" (0.1 to 20 over sigmoid'
     ' of -6 to 6) or "cosine" (offset 0.008, clipped at 0.999), rates divided by n_steps',
     None, False),
    ("table_marginals", "betas", "table", "(alpha, sigma) at every level of the chain"
     " x_i = sqrt(1 - beta_i) x_{i-1} + sqrt(beta_i) z", None, False),
    ("ladder_increments", "sigmas", "vector", "standard deviations of the noise that takes"
     " X_0 to the smallest level, and every level to the next larger one, in that order",
     None, False),
    ("karras_sigmas", "n_levels sigma_min sigma_max rho", "vector",
     "levels from sigma_max down to sigma_min, equally spaced in sigma^(1/rho)", None, False),
    ("integer_grid", "n_train n_steps spacing", "vector",
     'descending indices into 0 ... n_train - 1: "leading" k floor(N/n), "linspace"'
     ' round(k (N-1)/(n-1)), k = n-1 ... 0, "trailing" round(N - k N/n) - 1, k = 0 ... n-1',
     None, False),
    ("wiener_increments", "times", "increments",
     "sqrt(|t_{i+1} - t_i|) noise_i, noise (n, ...) for n + 1 times, rising or falling",
     "noise", False),
    ("brownian_bridge", "t start end w_start w_end noise", "points",
     "W(t) given W(start) and W(end): its mean plus its standard deviation times noise",
     None, True),
    ("euler_maruyama_path", "drift_of diffusion_of x0 times increments", "path",
     "all states of x + f(x, t) h + g(x, t) dW", None, False),
    ("milstein_path", "drift_of diffusion_of diffusion_slope x0 times increments", "path",
     "the same plus 1/2 g g' (dW^2 - h), a noise for every coordinate", None, False),
]  # fmt: skip

"""The ports of steps and samplers from noise back to data, and of their exact laws."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
REVERSE: list[tuple[str, str, str, str, str | None, bool]] = [
    ("reverse_drift", "score_at x t stochasticity time_direction", "points",
     'f - 1/2 (1 + l^2) g^2 score of dx = . dt + l g dw run "backward", to the data (dt < 0), l = '
     'stochasticity; f - 1/2 (1 - l^2) g^2 score "forward", to the noise', None, True),
    ("euler_maruyama_step", "score_at x t s", "points",
     "x - (t - s) (f - g^2 score) + g sqrt(t - s) noise, all at t, from t to s < t", "noise", True),
    ("reverse_family_step", "score_at x t s stochasticity", "points",
     "x - (t - s) (f - 1/2 (1 + l^2) g^2 score) + l g sqrt(t - s) noise, l = stochasticity",
     "noise", True),
    ("stochastic_heun_step", "score_at x t s", "points",
     "euler_maruyama_step with the drifts at t and, where it comes to with this noise, at s "
     "averaged, and g too", "noise", True),
    ("flow_euler_step", "score_at x t s", "points",
     "x - (t - s) v(x, t), v = flow_velocity", None, True),
    ("flow_heun_step", "score_at x t s", "points",
     "x - (t - s) (v(x, t) + v(y, s)) / 2, y = flow_euler_step", None, True),
    ("ancestral_step", "score_at x t s", "points",
     "a draw of X_s given X_t = x and X_0 = (x + sigma_t^2 score) / alpha_t; the variance that of "
     "this posterior, or larger (`conventions`); no noise in the step to sigma_s = 0, whatever the "
     "variance", "noise", True),
    ("ddim_step", "score_at x t s eta", "points",
     "alpha_s X + sqrt(sigma_s^2 - eta^2 v) E + eta sqrt(v) noise with X = (x + sigma_t^2 score) / "
     "alpha_t, E = -sigma_t score, v the variance of X_s given X_t and X_0", "noise", True),
    ("predictor_corrector_step", "score_at x t s step_size", "points",
     "euler_maruyama_step with noise[0], then langevin_step at time s with noise[1]; noise "
     "(2, n, d)", "noise", False),
    ("reverse_sample", "score_at x_T times", "points",
     "euler_maruyama_step over descending times, from x_T at times[0]; noise (N, n, d) for N + 1 "
     "times; the last step as the others (`conventions`)", "noise", False),
    ("sampler_law", "law sampler times mean covariance last", "law",
     "exact law of a sampler on Gaussian data at times[-1], from N(mean, covariance) at times[0]",
     None, False),
    ("sampler_density", "law sampler times mean covariance points", "vector",
     "exact density at points of a sampler on data on the line, from N(mean, covariance)",
     None, False),
]  # fmt: skip

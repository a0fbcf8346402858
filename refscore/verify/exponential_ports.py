"""The ports of parametrisations, exponential and multistep samplers, EDM's steps."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
EXPONENTIAL: list[tuple[str, str, str, str, str | None, bool]] = [
    ("predict_convert", "x t value source target", "points",
     'a prediction `value` at x and t of the kind source in the kind target, of "data" x0, "noise" '
     'eps, "score" -eps / sigma, "velocity" alpha eps - sigma x0, "flow" alpha\' x0 + sigma\' eps, '
     "with x = alpha x0 + sigma eps", None, True),
    ("exponential_step", "score_at x t s", "points",
     "alpha_s X + sigma_s E from t to s < t, with E = -sigma_t score and X = (x - sigma_t E) / "
     "alpha_t: DDIM with eta = 0, DPM-Solver-1", None, True),
    ("heun_step", "score_at x t s", "points",
     "Heun's step of d(x / alpha) = E d(sigma / alpha) from t to s < t: EDM's without churn; "
     "exponential_step where sigma_s = 0", None, True),
    ("edm_step", "score_at x t s churn n_steps churn_min churn_max noise_scale", "points",
     "noise_scale sqrt(r'^2 - r^2) noise is added to x / alpha, r = sigma / alpha at t, "
     "r' = (1 + g) r, g = min(churn / n_steps, sqrt 2 - 1) where churn_min <= r <= churn_max, "
     "else 0; then heun_step from r' to s", "noise", True),
    ("dpm_solver_2_step", "score_at x t s", "points",
     "DPM-Solver-2 on the noise, the inner time half-way in log(alpha / sigma); the line through "
     "both predictions at its middle, or integrated (`conventions`)", None, True),
    ("dpm_solver_3_step", "score_at x t s", "points",
     "DPM-Solver-3 on the noise, inner times at 1/3 and 2/3 in log(alpha / sigma)", None, True),
    ("dpm_solver_data_2_step", "score_at x t s", "points",
     "DPM-Solver++ (2S) on the data, the inner time half-way in log(alpha / sigma); the line as in "
     "dpm_solver_2_step (`conventions`)", None, True),
    ("flow_midpoint_step", "score_at x t s", "points",
     "x - (t - s) v(y, (t + s) / 2), y = x - (t - s) / 2 v(x, t), v = flow_velocity", None, True),
    ("sde_dpm_step", "score_at x t s", "points",
     "SDE-DPM-Solver++ (1): a draw of X_s given X_t = x and X_0 = (x + sigma_t^2 score) / alpha_t",
     "noise", True),
    ("sde_dpm_2_step", "score_at x t s", "points",
     "SDE-DPM-Solver++ (2S), the inner time half-way in log(alpha / sigma): sde_dpm_step there "
     "with noise[0]; to s with the data predicted there, noise[0] carried on and noise[1] new; "
     "noise (2, n, d)", "noise", False),
    ("dpm_multistep_sample", "score_at x_T times", "points",
     "DPM-Solver++ (2M) over descending times from x_T at times[0]; the first step is "
     "exponential_step, so is one to sigma = 0", None, True),
    ("dpm_multistep_3_sample", "score_at x_T times", "points",
     "DPM-Solver++ (3M) as published; its first two steps those of dpm_multistep_sample", None,
     True),
    ("exponential_multistep_sample", "score_at x_T times order", "points",
     "the polynomial in log(alpha / sigma) through the last `order` data predictions, fewer at the "
     "start, integrated exactly", None, True),
    ("sde_dpm_multistep_sample", "score_at x_T times", "points",
     "SDE-DPM-Solver++ (2M), solver type midpoint; the first step sde_dpm_step; noise (N, n, d) "
     "for N + 1 times", "noise", False),
    ("lms_sample", "score_at x_T times order", "points",
     "Adams-Bashforth of d(x / alpha) = E d(sigma / alpha): the polynomial in sigma / alpha "
     "through the last `order` noise predictions, fewer at the start", None, True),
    ("deis_sample", "score_at x_T times order", "points",
     "the same with the polynomial in time (tAB-DEIS)", None, True),
    ("plms_sample", "score_at x_T times", "points",
     "pseudo linear multistep: exponential_step with (55, -59, 37, -9) / 24 of the last four noise "
     "predictions; first heun_step, then (3, -1) / 2 and (23, -16, 5) / 12", None, True),
]  # fmt: skip

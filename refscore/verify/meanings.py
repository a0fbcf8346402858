"""What every value of every convention means, in one line."""

from __future__ import annotations

from typing import Any

_UNIT = (
    "E v vᵀ = I / d: given probes are handed over as v / √d (signs then have length one), and the"
    " result is multiplied by d before it is compared; a port that normalises what it is given"
    " differs on Gaussian probes, so let it take rng only; one that itself multiplies by d"
    " declares nothing"
)
MEANINGS: dict[str, dict[Any, str]] = {
    "dtype": {
        "float64": "answers are held to double precision",
        "float32": "arrays are handed over, and answers judged, in single precision",
    },
    "log_density": {"log density": "log p(x)", "energy": "-log p(x)"},
    "score_sign": {
        "gradient of log density": "∇ log p(x)",
        "gradient of energy": "-∇ log p(x), and so its Jacobian and divergence",
    },
    "normalised": {
        True: "exp(log density) integrates to one",
        False: "log p(x) up to a constant in x, so that no integral is checked",
    },
    "half": {True: "½‖·‖² + tr ∇s", False: "‖·‖² + 2 tr ∇s: every loss is doubled"},
    "dimensions": {
        "sum": "squares and traces are summed over the d coordinates",
        "mean": "the whole loss is divided by d; ratio matching by the number of bits",
    },
    "batch": {
        "mean": "a scalar loss, and every gradient, is that of the mean over points",
        "sum": "a scalar loss, and every gradient, is that of the sum over points; the"
        " noise-contrastive loss is n_x times that of the mean",
    },
    "sigma_power": {
        0: "the denoising loss, controlled or not, has no weight",
        1: "it is multiplied by σ",
        2: "it is multiplied by σ²: ½‖σ s(x + σz) + z‖²",
        4: "it is multiplied by σ⁴",
    },
    "sliced_form": {
        "plain": "½ (v·s)² along every probe",
        "variance reduced": "½‖s‖² in place of ½ (v·s)²",
    },
    "probes": {"identity covariance": "E v vᵀ = I: Gaussian or signs", "unit norm": _UNIT},
    "bit_order": {
        "first highest": "the first coordinate is the highest bit of a code",
        "first lowest": "it is the lowest",
    },
    "trace_probes": {"identity covariance": "E v vᵀ = I: Gaussian or signs", "unit norm": _UNIT},
    "step": {
        "eta": "x + η/2 s(x) + √η z with step_size = η",
        "epsilon": "x + ε²/2 s(x) + ε z with step_size = ε",
        "h": "x + h s(x) + √(2h) z with step_size = h",
    },
    "splitting": {
        "BAOAB": "kick, drift, friction with noise, drift, kick: half steps but for the O",
        "ABOBA": "drift, kick, friction with noise, kick, drift",
        "OBABO": "half a friction with noise on either side of leapfrog; noise (2, n, d)",
        "OABAO": "half a friction with noise on either side of drift, kick, drift; noise (2, n, d)",
    },
    "root": {
        "cholesky": "√η L z with G = L Lᵀ, L lower triangular",
        "symmetric": "√η G^½ z with the symmetric root",
    },
    "norms": {
        "row": "every row's step by its own ‖z‖ and ‖s‖",
        "batch mean": "one step for all rows, by the means of their ‖z‖ and of their ‖s‖",
    },
    "last_step": {
        "noisy": "the points after the last noisy step",
        "denoised": "x + σ_T² s(x, σ_T) of them",
    },
    "scale_of": {
        "exp": "exp(s) multiplies",
        "sigmoid(s + 2)": "1 / (1 + exp(-s - 2)) multiplies",
        "1 / sigmoid(s + 2)": "1 + exp(-s - 2) multiplies",
        "softplus": "log(1 + exp(s)) multiplies",
        "exp(tanh(s))": "exp(tanh(s)) multiplies",
        "sigmoid(s + 2) + 0.001": "0.001 more than 1 / (1 + exp(-s - 2)) multiplies",
    },
    "affine_form": {
        "x scale + shift": "forward maps x to x scale + shift",
        "(x - shift) / scale": "forward maps x to (x - shift) / scale",
        "(x + shift) scale": "forward maps x to (x + shift) scale",
    },
    "flow_direction": {
        "base to data": "the layers carry the base's points to the data",
        "data to base": "the layers carry the data to the base: log p(x) = log p₀(f(x)) + log|det|",
    },
    "planar_bend": {
        "as given": "u = bend",
        "made invertible": "u = bend + (log(1 + exp(w·bend)) - 1 - w·bend) w / |w|²",
    },
    "radial_swelling": {
        "as given": "x + swelling (x - c) / (softening + r)",
        "made invertible": "log(1 + exp(swelling)) - softening in place of swelling",
    },
    "deviation": {
        "n": "the sum of squares over n",
        "n - 1": "the sum of squares over n - 1",
        "n - 1, plus 1e-6": "1e-6 more than its root, the sum of squares over n - 1",
    },
    "marginal": {
        "alpha, sigma": "X_t = alpha X_0 + sigma Z",
        "alpha, variance": "sigma² is returned second",
        "alpha squared, sigma": "alpha² is returned first",
        "alpha squared, variance": "(alpha², sigma²)",
    },
    "clock": {
        "data at 0": "time runs from data to noise",
        "data at 1": "time runs from noise to data: every time of the process stands for 1 - t,"
        " also in every score_at handed over, so that steps go from t to s > t and times rise;"
        " drifts, velocities and rates are those in that time, and have the other sign",
    },
    "log_snr": {
        "half": "log(alpha/sigma)",
        "whole": "log(alpha²/sigma²), twice that",
        "noise over signal": "log(sigma/alpha), its negative",
    },
    "guidance_weight": {
        "u + w (c - u)": "no guidance at w = 1",
        "(1 + w) c - w u": "no guidance at w = 0",
    },
    "prior": {
        "limit": "N(0, s² I), s what σ tends to where the data are forgotten: 1 where the variance"
        " is preserved, σ at the final time where it explodes",
        "noise at the end": "s = σ at the final time of any process",
    },
    "likelihood": {
        "nats": "log p(x), natural logarithm",
        "negative nats": "-log p(x)",
        "bits per dimension": "-log p(x) / (d log 2)",
    },
    "likelihood_probes": {
        "velocity": "probes estimate the whole divergence, v·∇(f x - ½ g² s) v",
        "score": "they estimate that of -½ g² s; that of f x is exact, f d",
    },
    "ancestral_variance": {
        "small": "the variance of X_s given X_t and X_0, β σ_s²/σ_t²",
        "large": "the variance of X_t given X_s, β = σ_t² - (α_t/α_s)² σ_s²; in the step to"
        " σ_s = 0 none, as with the small one",
    },
    "velocity_sign": {
        "noise minus data": "the velocity prediction is v = α ε - σ x₀",
        "data minus noise": "it is σ x₀ - α ε",
    },
    "flow_clock": {
        "data at 0": "the flow's velocity is dx/dt, time running from data to noise",
        "noise at 0": "it is -dx/dt, `t` handed over as it is; so too where `clock` has data at 1",
    },
    "multistep_rule": {
        "midpoint": "2M as published, solver type midpoint; 3M as published, half of its last term",
        "integrated": "the polynomial through the predictions is integrated: solver type heun",
    },
    "singlestep_rule": {
        "midpoint": "the second-order solvers as published: the line at its middle",
        "integrated": "the line through both predictions is integrated: solver type taylor",
    },
    "embedded_weights": {
        "Dormand and Prince": "dormand_prince's error by b̂ = 5179/57600, ..., 1/40, as published",
        "Shampine": "by b̂ = 1951/21600, 0, 22642/50085, 451/720, -12231/42400, 649/6300, 1/60",
    },
    "step_control": {
        "row": "every row has step sizes of its own: it does not depend on the others",
        "batch": "one step size for all rows, which then depend on each other within the tolerance",
    },
    "flow_density": {
        "nats": "log p(x), natural logarithm",
        "negative nats": "-log p(x)",
        "bits per dimension": "-log p(x) / (d log 2)",
    },
    "reverse_last": {
        "noise": "the last step as all others",
        "mean": "the last step without its noise",
        "denoise": "(x + σ² s)/α of the last points",
    },
}

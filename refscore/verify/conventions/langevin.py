"""How Langevin steps are spelled: eta, epsilon with eta = epsilon^2, or h with eta = 2 h; which
splitting, which root of a preconditioner, which norms, and what the last step is."""

from __future__ import annotations

import numpy as np

from .base import Convention, Family

# ports whose step size is the eta of x + (eta / 2) score + sqrt(eta) noise
_SPELLED = (
    "langevin_step", "langevin_law", "langevin_stationary", "langevin_sample", "annealed_sample",
    "annealed_step_sizes", "preconditioned_step", "sgld_step", "metropolis_log_ratio", "mala_step",
    "preconditioned_law", "sgld_law", "annealed_law", "mala_acceptance", "wasserstein_bias",
    "autocorrelation_time", "stability_limit", "signal_to_noise", "chain_distribution",
    "annealed_distribution", "predictor_corrector_step", "contrastive_divergence",
)  # fmt: skip
_RETURNED = ("annealed_step_sizes", "stability_limit")  # which return step sizes
CONVENTIONS = {
    "step": Convention(
        {
            "eta": "x + η/2 s(x) + √η z with step_size = η",
            "epsilon": "x + ε²/2 s(x) + ε z with step_size = ε",
            "h": "x + h s(x) + √(2h) z with step_size = h",
        },
        ports=_SPELLED,
    ),
    "splitting": Convention(
        {
            "BAOAB": "kick, drift, friction with noise, drift, kick: half steps but for the O",
            "ABOBA": "drift, kick, friction with noise, kick, drift",
            "OBABO": "half a friction with noise on either side of leapfrog; noise (2, n, d)",
            "OABAO": "half a friction with noise on either side of drift, kick, drift; noise"
            " (2, n, d)",
        },
        ports=("underdamped_step",),
        right_side=True,
    ),
    "root": Convention(
        {
            "cholesky": "√η L z with G = L Lᵀ, L lower triangular",
            "symmetric": "√η G^½ z with the symmetric root",
        },
        ports=("preconditioned_step",),
        right_side=True,
    ),
    "norms": Convention(
        {
            "row": "every row's step by its own ‖z‖ and ‖s‖",
            "batch mean": "one step for all rows, by the means of their ‖z‖ and of their ‖s‖",
        },
        ports=("corrector_step",),
        right_side=True,
    ),
    "last_step": Convention(
        {
            "noisy": "the points after the last noisy step",
            "denoised": "x + σ_T² s(x, σ_T) of them",
        },
        ports=("annealed_sample",),
        right_side=True,
    ),
}


def _handed(port, arguments, meant):
    if port not in _SPELLED or "step_size" not in arguments:
        return arguments
    eta = arguments["step_size"]
    spelled = {"eta": eta, "epsilon": np.sqrt(eta), "h": eta / 2}[meant.step]
    return {**arguments, "step_size": float(spelled)}


def _read(port, arguments, output, meant):
    if port not in _RETURNED:
        return output
    return {"eta": output, "epsilon": output**2, "h": 2 * output}[meant.step]


FAMILY = Family(__doc__, CONVENTIONS, _handed, _read)

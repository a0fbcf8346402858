"""Which way time runs; what `marginal`, likelihoods and velocities are; the prior; the variance
of ancestral steps, how samplers end, what weights guidance."""

from __future__ import annotations

import numpy as np

from . import clocks
from .base import Convention, Family
from .units import NATS, in_nats

_MARGINALS = ("marginal", "process_marginal", "table_marginals")
_WEIGHTED = ("classifier_free_score", "guided_law")
CONVENTIONS = {
    "marginal": Convention(
        {
            "alpha, sigma": "X_t = alpha X_0 + sigma Z",
            "alpha, variance": "sigma² is returned second",
            "alpha squared, sigma": "alpha² is returned first",
            "alpha squared, variance": "(alpha², sigma²)",
        },
        ports=_MARGINALS,
    ),
    "clock": Convention(clocks.VALUES, ports=clocks.TIMED),
    "log_snr": Convention(
        {
            "half": "log(alpha/sigma)",
            "whole": "log(alpha²/sigma²), twice that",
            "noise over signal": "log(sigma/alpha), its negative",
        },
        ports=("log_snr", "time_at"),
    ),
    "prior": Convention(
        {
            "limit": "N(0, s² I), s what σ tends to where the data are forgotten: 1 where the"
            " variance is preserved, σ at the final time where it explodes",
            "noise at the end": "s = σ at the final time of any process",
        },
        ports=("prior_std", "prior_mismatch", "log_likelihood"),
        right_side=True,
    ),
    "likelihood": Convention(NATS, ports=("log_likelihood",)),
    "likelihood_probes": Convention(
        {
            "velocity": "probes estimate the whole divergence, v·∇(f x - ½ g² s) v",
            "score": "they estimate that of -½ g² s; that of f x is exact, f d",
        },
        ports=("log_likelihood",),
        right_side=True,
    ),
    "ancestral_variance": Convention(
        {
            "small": "the variance of X_s given X_t and X_0, β σ_s²/σ_t²",
            "large": "the variance of X_t given X_s, β = σ_t² - (α_t/α_s)² σ_s²; in the step to"
            " σ_s = 0 none, as with the small one",
        },
        ports=("ancestral_step", "guided_ancestral_step"),
        right_side=True,
    ),
    "reverse_last": Convention(
        {
            "noise": "the last step as all others",
            "mean": "the last step without its noise",
            "denoise": "(x + σ² s)/α of the last points",
        },
        ports=("reverse_sample",),
        right_side=True,
    ),
    "velocity_sign": Convention(
        {
            "noise minus data": "the velocity prediction is v = α ε - σ x₀",
            "data minus noise": "it is σ x₀ - α ε",
        },
        ports=("predict_convert",),
    ),
    "flow_clock": Convention(
        {
            "data at 0": "the flow's velocity is dx/dt, time running from data to noise",
            "noise at 0": "it is -dx/dt, `t` handed over as it is; so too where `clock` has data"
            " at 1",
        },
        ports=("predict_convert",),
    ),
    "multistep_rule": Convention(
        {
            "midpoint": "2M as published, solver type midpoint; 3M as published, half of its last"
            " term",
            "integrated": "the polynomial through the predictions is integrated: solver type heun",
        },
        ports=("dpm_multistep_sample", "dpm_multistep_3_sample", "sde_dpm_multistep_sample"),
        right_side=True,
    ),
    "singlestep_rule": Convention(
        {
            "midpoint": "the second-order solvers as published: the line at its middle",
            "integrated": "the line through both predictions is integrated: solver type taylor",
        },
        ports=("dpm_solver_2_step", "dpm_solver_data_2_step"),
        right_side=True,
    ),
    "guidance_weight": Convention(
        {
            "u + w (c - u)": "no guidance at w = 1",
            "(1 + w) c - w u": "no guidance at w = 0",
        },
        ports=_WEIGHTED,
    ),
}
_RATIOS = {"half": 1.0, "whole": 2.0, "noise over signal": -1.0}


def _handed(port, arguments, meant):
    if meant.clock == "data at 1":
        arguments = clocks.turned(arguments)
    if port in _WEIGHTED and meant.guidance_weight != "u + w (c - u)":
        return {**arguments, "weight": arguments["weight"] - 1}
    if port == "predict_convert":
        return {**arguments, "value": _turned(arguments["value"], arguments["source"], meant)}
    if port == "time_at":
        return {**arguments, "log_snr": _RATIOS[meant.log_snr] * arguments["log_snr"]}
    return arguments


def _read(port, arguments, output, meant):
    if meant.clock == "data at 1":
        output = clocks.turned_back(port, output)
    if port == "log_snr":
        return output / _RATIOS[meant.log_snr]
    if port in _MARGINALS:
        return _rooted(output, meant.marginal)
    if port == "predict_convert":
        return _turned(output, arguments["target"], meant)
    return in_nats(arguments, output, meant.likelihood)


def _rooted(output, squared: str):
    """Alpha and sigma of an answer in which either is squared."""
    alpha, sigma = output
    if squared.startswith("alpha squared"):
        alpha = np.sqrt(alpha)
    return alpha, np.sqrt(sigma) if squared.endswith("variance") else sigma


def _turned(value, kind, meant):
    """A prediction with the sign of the subject's convention, or back."""
    if kind == "velocity":
        return -value if meant.velocity_sign == "data minus noise" else value
    rises = meant.flow_clock == "noise at 0" or meant.clock == "data at 1"
    return -value if kind == "flow" and rises else value


FAMILY = Family(__doc__, CONVENTIONS, _handed, _read)

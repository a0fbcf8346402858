"""Conventions: the finite set of readings that are a choice, not a mistake.

A subject that declares `conventions = {"half": False}` is judged by what it declared: the
kit turns its answers into the default reading before comparing. `"denoising_loss.half"`
declares it for one port alone. What is not declared has the default, the first value.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from refscore import oracles
from refscore.verify import clocks
from refscore.verify.errors import NotOffered, SubjectError
from refscore.verify.ports import PORTS


@dataclass(frozen=True)
class DensityConventions:
    """How densities and scores are returned."""

    log_density: str = "log density"
    score_sign: str = "gradient of log density"
    normalised: bool = True

    VALUES = {
        "log_density": ("log density", "energy"),
        "score_sign": ("gradient of log density", "gradient of energy"),
        "normalised": (True, False),
    }


@dataclass(frozen=True)
class ObjectiveConventions:
    """How losses are scaled; which bit of a code is which."""

    half: bool = True
    dimensions: str = "sum"
    batch: str = "mean"
    sigma_power: int = 0
    sliced_form: str = "plain"
    probes: str = "identity covariance"
    step: str = "eta"  # of LangevinConventions, for losses that run a chain
    bit_order: str = "first highest"

    VALUES = {
        "half": (True, False),
        "dimensions": ("sum", "mean"),
        "batch": ("mean", "sum"),
        "sigma_power": (0, 1, 2, 4),
        "sliced_form": ("plain", "variance reduced"),
        "probes": ("identity covariance", "unit norm"),
        "bit_order": ("first highest", "first lowest"),
    }


@dataclass(frozen=True)
class TraceConventions:
    """How probes are normalised."""

    trace_probes: str = "identity covariance"

    VALUES = {"trace_probes": ("identity covariance", "unit norm")}


@dataclass(frozen=True)
class LangevinConventions:
    """How Langevin steps are spelled: eta, epsilon with eta = epsilon^2, or h with eta = 2 h; which
    splitting, which root of a preconditioner, which norms, and what the last step is."""

    step: str = "eta"
    splitting: str = "BAOAB"
    root: str = "cholesky"
    norms: str = "row"
    last_step: str = "noisy"

    VALUES = {
        "step": ("eta", "epsilon", "h"),
        "splitting": ("BAOAB", "ABOBA", "OBABO", "OABAO"),
        "root": ("cholesky", "symmetric"),
        "norms": ("row", "batch mean"),
        "last_step": ("noisy", "denoised"),
    }


@dataclass(frozen=True)
class ProcessConventions:
    """Which way time runs; what `marginal`, likelihoods and velocities are; the prior; the variance
    of ancestral steps, how samplers end, what weights guidance."""

    marginal: str = "alpha, sigma"
    clock: str = "data at 0"
    log_snr: str = "half"
    prior: str = "limit"
    likelihood: str = "nats"
    likelihood_probes: str = "velocity"
    ancestral_variance: str = "small"
    reverse_last: str = "noise"
    velocity_sign: str = "noise minus data"
    flow_clock: str = "data at 0"
    multistep_rule: str = "midpoint"
    singlestep_rule: str = "midpoint"
    guidance_weight: str = "u + w (c - u)"
    step: str = "eta"  # of LangevinConventions, for correctors

    VALUES = {
        "marginal": ("alpha, sigma", "alpha, variance", "alpha squared, sigma",
                     "alpha squared, variance"),
        "clock": ("data at 0", "data at 1"),
        "log_snr": ("half", "whole", "noise over signal"),
        "prior": ("limit", "noise at the end"),
        "likelihood": ("nats", "negative nats", "bits per dimension"),
        "likelihood_probes": ("velocity", "score"),
        "ancestral_variance": ("small", "large"),
        "reverse_last": ("noise", "mean", "denoise"),
        "velocity_sign": ("noise minus data", "data minus noise"),
        "flow_clock": ("data at 0", "noise at 0"),
        "multistep_rule": ("midpoint", "integrated"),
        "singlestep_rule": ("midpoint", "integrated"),
        "guidance_weight": ("u + w (c - u)", "(1 + w) c - w u"),
    }  # fmt: skip


@dataclass(frozen=True)
class OdeConventions:
    """Whose error sets the step sizes of an adaptive solve, and the weights that estimate it; the
    unit of log densities of flows."""

    step_control: str = "row"
    embedded_weights: str = "Dormand and Prince"
    flow_density: str = "nats"

    VALUES = {
        "step_control": ("row", "batch"),
        "embedded_weights": ("Dormand and Prince", "Shampine"),
        "flow_density": ("nats", "negative nats", "bits per dimension"),
    }


@dataclass(frozen=True)
class FlowConventions:
    """What multiplies and what is added in affine layers; which way a flow's layers go; how planar
    and radial maps are kept invertible; how a standard deviation is estimated."""

    scale_of: str = "exp"
    affine_form: str = "x scale + shift"
    flow_direction: str = "base to data"
    planar_bend: str = "as given"
    radial_swelling: str = "as given"
    deviation: str = "n"

    VALUES = {
        "scale_of": ("exp", "sigmoid(s + 2)", "1 / sigmoid(s + 2)", "softplus", "exp(tanh(s))",
                     "sigmoid(s + 2) + 0.001"),
        "affine_form": ("x scale + shift", "(x - shift) / scale", "(x + shift) scale"),
        "flow_direction": ("base to data", "data to base"),
        "planar_bend": ("as given", "made invertible"),
        "radial_swelling": ("as given", "made invertible"),
        "deviation": ("n", "n - 1", "n - 1, plus 1e-6"),
    }  # fmt: skip


FAMILIES: dict[str, Any] = {
    "densities": DensityConventions(),
    "objectives": ObjectiveConventions(),
    "discrete": ObjectiveConventions(),
    "estimators": ObjectiveConventions(),
    "weightings": ObjectiveConventions(),
    "traces": TraceConventions(),
    "langevin": LangevinConventions(),
    "processes": ProcessConventions(),
    "reverse": ProcessConventions(),
    "likelihood": ProcessConventions(),
    "guidance": ProcessConventions(),
    "flows": FlowConventions(),
    "ode": OdeConventions(),
}


_AFFINE = (
    "coupling_forward", "coupling_inverse", "autoregressive_forward", "autoregressive_inverse",
)  # fmt: skip
LOSSES = tuple(name for name, port in PORTS.items() if port.group == "objectives")
_RATIO = ("ratio_loss", "boltzmann_ratio_gradient")
_QUANTISED = (
    "vq_codebook_loss", "vq_commitment_loss", "vq_point_gradient", "vq_codebook_gradient",
)  # fmt: skip
_SUMMED = {name for name, port in PORTS.items() if port.returns == "gradient"} | {
    "vq_point_gradient", "vq_codebook_gradient",
}  # fmt: skip
_DENOISING = (
    "denoising_loss", "denoising_loss_gradient", "controlled_denoising_loss",
    "controlled_denoising_loss_gradient",
)  # fmt: skip
_SLICED = ("sliced_loss", "sliced_loss_gradient")
PROBED = ("trace_estimate", "divergence_estimate", "diagonal_estimate", "curvature_propagation")
# ports whose step size is the eta of x + (eta / 2) score + sqrt(eta) noise
SPELLED = (
    "langevin_step", "langevin_law", "langevin_stationary", "langevin_sample", "annealed_sample",
    "annealed_step_sizes", "preconditioned_step", "sgld_step", "metropolis_log_ratio", "mala_step",
    "preconditioned_law", "sgld_law", "annealed_law", "mala_acceptance", "wasserstein_bias",
    "autocorrelation_time", "stability_limit", "signal_to_noise", "chain_distribution",
    "annealed_distribution", "predictor_corrector_step", "contrastive_divergence",
)  # fmt: skip
_STEPS = ("annealed_step_sizes", "stability_limit")  # which return step sizes
APPLIES: dict[str, tuple[str, ...]] = {
    "log_density": ("log_density",),
    "score_sign": ("score", "score_jacobian", "divergence"),
    "normalised": ("log_density",),
    "half": (*LOSSES, "uncertainty_loss"),
    "dimensions": (*LOSSES, *_RATIO, *_QUANTISED),
    "batch": (*LOSSES, *_RATIO, *_QUANTISED, "noise_contrastive_loss", "contrastive_divergence"),
    "sigma_power": _DENOISING,
    "sliced_form": _SLICED,
    "bit_order": ("lookup_free",),
    "probes": _SLICED,
    "trace_probes": PROBED,
    "step": SPELLED,
    "splitting": ("underdamped_step",),
    "root": ("preconditioned_step",),
    "norms": ("corrector_step",),
    "last_step": ("annealed_sample",),
    "marginal": ("marginal", "process_marginal", "table_marginals"),
    "clock": clocks.TIMED,
    "prior": ("prior_std", "prior_mismatch", "log_likelihood"),
    "log_snr": ("log_snr", "time_at"),
    "likelihood": ("log_likelihood",),
    "likelihood_probes": ("log_likelihood",),
    "guidance_weight": ("classifier_free_score", "guided_law"),
    "ancestral_variance": ("ancestral_step", "guided_ancestral_step"),
    "reverse_last": ("reverse_sample",),
    "velocity_sign": ("predict_convert",),
    "step_control": ("ode_solve", "ode_path"),
    "embedded_weights": ("ode_error",),
    "flow_density": (
        "flow_log_density",
        "flow_log_density_estimate",
        "flow_log_density_on_grid",
        "flow_log_density_gradient",
        "flow_log_density_estimate_gradient",
    ),
    "flow_clock": ("predict_convert",),
    "scale_of": _AFFINE,
    "affine_form": _AFFINE,
    "flow_direction": ("layered_log_density", "layered_log_density_gradient"),
    "planar_bend": ("planar_forward", "planar_inverse"),
    "radial_swelling": ("radial_forward", "radial_inverse"),
    "deviation": ("actnorm_forward",),
    "singlestep_rule": ("dpm_solver_2_step", "dpm_solver_data_2_step"),
    "multistep_rule": (
        "dpm_multistep_sample",
        "dpm_multistep_3_sample",
        "sde_dpm_multistep_sample",
    ),
}


def values_of(name: str) -> tuple:
    """The values a convention may take, the default first."""
    for family in FAMILIES.values():
        if name in family.VALUES:
            return family.VALUES[name]
    known = sorted({key for family in FAMILIES.values() for key in family.VALUES})
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
    raise SubjectError(f"unknown convention {name!r}{hint}")


def spoken_by(port: str) -> list[str]:
    """The names of the conventions that change what a port takes or returns."""
    return [name for name, ports in APPLIES.items() if port in ports]


def check_declared(declared: dict, offered: Iterable[str] = ()) -> dict:
    """`declared` itself, or an error naming the key or value that is not known.

    With the `offered` ports, what applies to none of them is an error too.
    """
    present = list(offered)
    for key, value in declared.items():
        port, _, name = str(key).rpartition(".")
        if port and port not in PORTS:
            raise SubjectError(f"convention {key!r} names no port: {port!r}")
        values = values_of(name)
        if value not in values or isinstance(value, bool) != isinstance(values[0], bool):
            raise SubjectError(f"{key!r} must be one of {values}, got {value!r}")
        meant = _listed(APPLIES[name])
        if port and port not in APPLIES[name]:
            raise SubjectError(
                f"convention {key!r}: {name!r} does not apply to {port}, but to {meant}"
            )
        if present and not set(present) & set([port] if port else APPLIES[name]):
            raise SubjectError(
                f"convention {key!r} applies to no port offered, only to {port or meant}"
                + (_ENDS if "t0" in {a for p in present for a in PORTS[p].arguments} else "")
                * (name == "clock")
            )
    return declared


_ENDS = (
    "; ports of flows and solves have no clock: they are handed t0 and t1, the base at t0 and the "
    "data at t1; where the code has the data at its start, hand it t1 and t0"
)


def _listed(ports: tuple[str, ...]) -> str:
    """All of a few, the first of many."""
    if len(ports) <= 6:
        return ", ".join(ports)
    return f"{', '.join(ports[:5])} and {len(ports) - 5} more"


def declines(check: str, declared: dict) -> str:
    """Why a check says nothing of a subject with these conventions; empty where it does."""
    if check == "density_integrates_to_one" and not for_port("log_density", declared).normalised:
        return "declared as not normalised: its integral is not checked"
    return ""


def for_port(port: str, declared: dict):
    """The record one port is judged by."""
    record = FAMILIES.get(PORTS[port].group)
    if record is None:
        return None
    names = {field.name for field in fields(record)} & set(spoken_by(port))
    chosen = {}
    for key, value in declared.items():
        owner, _, name = key.rpartition(".")
        if name in names and (owner == port or (not owner and name not in chosen)):
            chosen[name] = value
    return replace(record, **chosen)


_RATIOS = {"half": 1.0, "whole": 2.0, "noise over signal": -1.0}


def to_subject(port: str, arguments: dict, record) -> dict:
    """The arguments as a subject of these conventions expects them."""
    if getattr(record, "clock", None) == "data at 1":
        arguments = clocks.turned(arguments)
    if port in SPELLED and "step_size" in arguments:
        eta = arguments["step_size"]
        spelled = {"eta": eta, "epsilon": np.sqrt(eta), "h": eta / 2}[record.step]
        return {**arguments, "step_size": float(spelled)}
    if port in APPLIES["guidance_weight"] and record.guidance_weight != "u + w (c - u)":
        return {**arguments, "weight": arguments["weight"] - 1}
    if port == "predict_convert":
        return {**arguments, "value": _turned(arguments["value"], arguments["source"], record)}
    if port == "time_at":
        return {**arguments, "log_snr": _RATIOS[record.log_snr] * arguments["log_snr"]}
    unit = (port in _SLICED and record.probes == "unit norm") or (
        port in PROBED and record.trace_probes == "unit norm"
    )
    if unit and arguments.get("probes") is not None:
        probes = np.asarray(arguments["probes"])
        return {**arguments, "probes": probes / np.sqrt(probes.shape[-1])}
    return arguments


def from_subject(port: str, arguments: dict, output, record):
    """The output in the default reading."""
    if isinstance(record, DensityConventions):
        return _density(port, arguments, output, record)
    if isinstance(record, ObjectiveConventions):
        return _objective(port, arguments, output, record)
    if port in PROBED and record.trace_probes == "unit norm":
        return _scaled(output, _dim(port, arguments))
    if port in _STEPS:
        return {"eta": output, "epsilon": output**2, "h": 2 * output}[record.step]
    if isinstance(record, ProcessConventions):
        return _process(port, arguments, output, record)
    if port in APPLIES["flow_density"]:
        return _in_nats(arguments, output, record.flow_density)
    return output


def _dim(port, arguments) -> int:
    if port == "curvature_propagation":  # probes multiply the factor's transpose
        return np.shape(arguments["factor"])[0]
    return arguments["dim"] if "dim" in arguments else np.shape(arguments["x"])[-1]


def _scaled(output, factor):
    return tuple(o * factor for o in output) if isinstance(output, tuple) else output * factor


def _density(port, arguments, output, record):
    if port == "log_density":
        if record.log_density == "energy":
            output = -output
        if not record.normalised:
            with np.errstate(all="ignore"):
                exact = oracles.scores.log_density(arguments["law"], arguments["x"])
                finite = np.isfinite(exact) & np.isfinite(output)
                if finite.any():
                    output = output + (exact - output)[finite][0]
        return output
    if port in ("score", "score_jacobian", "divergence"):
        return -output if record.score_sign == "gradient of energy" else output
    return output


def _objective(port, arguments, output, record):
    if record == FAMILIES["objectives"]:
        return output
    if port == "lookup_free":  # in another order of bits
        codes, d = np.asarray(output[0]).astype(np.int64), np.shape(arguments["x"])[1]
        bits = codes[:, None] >> np.arange(d) & 1
        return (bits << np.arange(d - 1, -1, -1)).sum(1), output[1]
    n, d = np.shape(arguments["x"]) if "x" in arguments else (1, 1)
    loss = port.removesuffix("_gradient")
    factor = 1.0 if record.half else 0.5
    if record.dimensions == "mean":
        factor *= d
    if record.batch == "sum" and (port in _SUMMED or np.ndim(output) == 0):
        factor /= n
    if record.sigma_power:
        factor *= float(arguments["sigma"]) ** -record.sigma_power
    if record.probes == "unit norm":
        factor *= d
    output = output * factor
    if loss == "sliced_loss" and record.sliced_form == "variance reduced":
        output = output + _plain_minus_reduced(port != loss, arguments, np.ndim(output))
    return output


def _plain_minus_reduced(gradient, arguments, ndim):
    """What turns a variance-reduced value on these probes into the plain one."""
    probes = arguments.get("probes")
    field, x = arguments["field"], arguments["x"]
    if probes is None:
        raise NotOffered("sliced_form can only be read from a subject that takes probes")
    if gradient:
        sliced, reduced = oracles.objectives.sliced, oracles.objectives.variance_reduced_sliced
        return oracles.objectives.gradient(sliced, field, x, probes) - (
            oracles.objectives.gradient(reduced, field, x, probes)
        )
    difference = oracles.objectives.sliced(field, x, probes) - (
        oracles.objectives.variance_reduced_sliced(field, x, probes)
    )
    return difference.mean() if ndim == 0 else difference


def _turned(value, kind, record):
    """A prediction with the sign of the subject's convention, or back."""
    if kind == "velocity":
        return -value if record.velocity_sign == "data minus noise" else value
    rises = record.flow_clock == "noise at 0" or record.clock == "data at 1"
    return -value if kind == "flow" and rises else value


def _process(port, arguments, output, record):
    if record.clock == "data at 1":
        output = clocks.turned_back(port, output)
    if port == "log_snr":
        return output / _RATIOS[record.log_snr]
    if port in APPLIES["marginal"]:
        alpha, sigma = output
        if record.marginal.startswith("alpha squared"):
            alpha = np.sqrt(alpha)
        if record.marginal.endswith("variance"):
            sigma = np.sqrt(sigma)
        return alpha, sigma
    if port == "predict_convert":
        return _turned(output, arguments["target"], record)
    if port == "log_likelihood":
        return _in_nats(arguments, output, record.likelihood)
    return output


def _in_nats(arguments, output, unit):
    """A log density in natural units, (n,), or its gradients."""
    if unit == "nats":
        return output
    per = np.log(2) * np.shape(arguments["x"])[-1] if unit == "bits per dimension" else 1.0
    return _scaled(output, -per)

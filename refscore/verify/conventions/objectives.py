"""How losses are scaled."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.verify.errors import NotOffered
from refscore.verify.ports import PORTS

from .base import Convention, Family
from .units import PROBES, of_unit_norm

_LOSSES = tuple(name for name, port in PORTS.items() if port.group == "objectives")
_RATIO = ("ratio_loss", "boltzmann_ratio_gradient")
_QUANTISED = (
    "vq_codebook_loss", "vq_commitment_loss", "vq_point_gradient", "vq_codebook_gradient",
)  # fmt: skip
_SLICED = ("sliced_loss", "sliced_loss_gradient")
_TOTALS = {name for name, port in PORTS.items() if port.returns == "gradient"} | {
    "vq_point_gradient", "vq_codebook_gradient",
}  # fmt: skip
CONVENTIONS = {
    "half": Convention(
        {True: "½‖·‖² + tr ∇s", False: "‖·‖² + 2 tr ∇s: every loss is doubled"},
        ports=(*_LOSSES, "uncertainty_loss"),
    ),
    "dimensions": Convention(
        {
            "sum": "squares and traces are summed over the d coordinates",
            "mean": "the whole loss is divided by d; ratio matching by the number of bits",
        },
        ports=(*_LOSSES, *_RATIO, *_QUANTISED),
    ),
    "batch": Convention(
        {
            "mean": "a scalar loss, and every gradient, is that of the mean over points",
            "sum": "a scalar loss, and every gradient, is that of the sum over points; the"
            " noise-contrastive loss is n_x times that of the mean",
        },
        ports=(*_LOSSES, *_RATIO, *_QUANTISED, "noise_contrastive_loss", "contrastive_divergence"),
    ),
    "sigma_power": Convention(
        {
            0: "the denoising loss, controlled or not, has no weight",
            1: "it is multiplied by σ",
            2: "it is multiplied by σ²: ½‖σ s(x + σz) + z‖²",
            4: "it is multiplied by σ⁴",
        },
        ports=(
            "denoising_loss", "denoising_loss_gradient", "controlled_denoising_loss",
            "controlled_denoising_loss_gradient",
        ),
    ),
    "sliced_form": Convention(
        {
            "plain": "½ (v·s)² along every probe",
            "variance reduced": "½‖s‖² in place of ½ (v·s)²",
        },
        ports=_SLICED,
    ),
    "probes": Convention(PROBES, ports=_SLICED),
}  # fmt: skip


def _handed(port, arguments, meant):
    return of_unit_norm(arguments) if meant.probes == "unit norm" else arguments


def _read(port, arguments, output, meant):
    if all(getattr(meant, name) == known.default for name, known in CONVENTIONS.items()):
        return output
    output = output * _factor(port, arguments, np.ndim(output), meant)
    if meant.sliced_form == "variance reduced":
        output = output + _plain_minus_reduced(port, arguments, np.ndim(output))
    return output


def _factor(port, arguments, ndim, meant) -> float:
    """The loss of the default reading is this times the loss in the subject's."""
    n, d = np.shape(arguments["x"]) if "x" in arguments else (1, 1)
    factor = 1.0 if meant.half else 0.5
    if meant.dimensions == "mean":
        factor *= d
    if meant.batch == "sum" and (port in _TOTALS or ndim == 0):
        factor /= n
    if meant.sigma_power:
        factor *= float(arguments["sigma"]) ** -meant.sigma_power
    return factor * d if meant.probes == "unit norm" else factor


def _plain_minus_reduced(port, arguments, ndim):
    """What turns a variance-reduced value on these probes into the plain one."""
    probes = arguments.get("probes")
    field, x = arguments["field"], arguments["x"]
    if probes is None:
        raise NotOffered("sliced_form can only be read from a subject that takes probes")
    losses = oracles.objectives
    if port == "sliced_loss_gradient":
        plain = losses.gradient(losses.sliced, field, x, probes)
        return plain - losses.gradient(losses.variance_reduced_sliced, field, x, probes)
    gap = losses.sliced(field, x, probes) - losses.variance_reduced_sliced(field, x, probes)
    return gap.mean() if ndim == 0 else gap


FAMILY = Family(__doc__, CONVENTIONS, _handed, _read)

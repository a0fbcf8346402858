"""Units that several families share: of log densities, and of probes."""

from __future__ import annotations

import numpy as np

NATS = {
    "nats": "log p(x), natural logarithm",
    "negative nats": "-log p(x)",
    "bits per dimension": "-log p(x) / (d log 2)",
}
PROBES = {
    "identity covariance": "E v vᵀ = I: Gaussian or signs",
    "unit norm": "E v vᵀ = I / d: given probes are handed over as v / √d (signs then have length"
    " one), and the result is multiplied by d before it is compared; a port that normalises what"
    " it is given differs on Gaussian probes, so let it take rng only; one that itself multiplies"
    " by d declares nothing",
}


def in_nats(arguments: dict, output, unit: str):
    """A log density in natural units, (n,), or its gradients."""
    if unit == "nats":
        return output
    per = np.log(2) * np.shape(arguments["x"])[-1] if unit == "bits per dimension" else 1.0
    return scaled(output, -per)


def of_unit_norm(arguments: dict) -> dict:
    """The arguments with their probes, where some are given, divided by √d."""
    if arguments.get("probes") is None:
        return arguments
    probes = np.asarray(arguments["probes"])
    return {**arguments, "probes": probes / np.sqrt(probes.shape[-1])}


def scaled(output, factor):
    """An output, or every part of it, times a factor."""
    return tuple(o * factor for o in output) if isinstance(output, tuple) else output * factor

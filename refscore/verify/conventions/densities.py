"""How densities and scores are returned."""

from __future__ import annotations

import numpy as np

from refscore import oracles

from .base import Convention, Family

_SCORES = ("score", "score_jacobian", "divergence")
CONVENTIONS = {
    "log_density": Convention(
        {"log density": "log p(x)", "energy": "-log p(x)"}, ports=("log_density",)
    ),
    "score_sign": Convention(
        {
            "gradient of log density": "∇ log p(x)",
            "gradient of energy": "-∇ log p(x), and so its Jacobian and divergence",
        },
        ports=_SCORES,
    ),
    "normalised": Convention(
        {
            True: "exp(log density) integrates to one",
            False: "log p(x) up to a constant in x, so that no integral is checked",
        },
        ports=("log_density",),
    ),
}


def declines(check: str, declared: dict) -> str:
    """Why a check says nothing of a subject with these conventions; empty where it does."""
    normalised = declared.get("log_density.normalised", declared.get("normalised", True))
    if check == "density_integrates_to_one" and not normalised:
        return "declared as not normalised: its integral is not checked"
    return ""


def _read(port, arguments, output, meant):
    if port in _SCORES:
        return -output if meant.score_sign == "gradient of energy" else output
    if port != "log_density":
        return output
    if meant.log_density == "energy":
        output = -output
    return output if meant.normalised else _shifted(arguments, output)


def _shifted(arguments, output):
    """Log densities with the constant that their first finite one shows to be left out."""
    with np.errstate(all="ignore"):
        exact = oracles.scores.log_density(arguments["law"], arguments["x"])
        finite = np.isfinite(exact) & np.isfinite(output)
        return output + (exact - output)[finite][0] if finite.any() else output


FAMILY = Family(__doc__, CONVENTIONS, read=_read)

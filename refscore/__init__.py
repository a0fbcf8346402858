"""refscore: the mathematics of score-based generative modelling, explicit and checked.

The library says what is computed, `refscore.identities` says why it is right, and
`refscore.verify` holds any implementation, this one first, against those identities.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# In reading order: what is computed, what it is checked by, what is shown.
__all__ = [
    "fields",
    "networks",
    "distributions",
    "nodes",
    "traces",
    "objectives",
    "bayes",
    "recovery",
    "calculus",
    "langevin",
    "processes",
    "diffusion",
    "ode",
    "flows",
    "discrete",
    "laws",
    "discrepancies",
    "diagnostics",
    "estimation",
    "families",
    "oracles",
    "identities",
    "verify",
    "strategies",
    "plotting",
]

if TYPE_CHECKING:
    from refscore import (
        bayes,
        calculus,
        diagnostics,
        diffusion,
        discrepancies,
        discrete,
        distributions,
        estimation,
        families,
        fields,
        flows,
        identities,
        langevin,
        laws,
        networks,
        nodes,
        objectives,
        ode,
        oracles,
        plotting,
        processes,
        recovery,
        strategies,
        traces,
        verify,
    )


def __getattr__(name: str):
    if name in __all__:
        return import_module(f"refscore.{name}")
    raise AttributeError(f"module 'refscore' has no attribute {name!r}")


def __dir__():
    return [*__all__, "__version__"]

"""Evidence that may be looked at after every batch and continued later.

An e-process E_n >= 0 has E[E_τ] <= 1 at every stopping time τ under the law it speaks
against, so that P(sup_n E_n >= 1/a) <= a (Ville), however often one looks. Weighted averages
of e-processes are e-processes; e-values of independent runs multiply.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "Betting": "betting",
    "Catoni": "catoni",
    "CatoniSide": "catoni",
    "Engine": "engine",
    "Excess": "catoni",
    "NormalInverseWishart": "gaussian",
    "Plan": "planning",
    "Sequence": "sequence",
    "Symmetric": "symmetric",
    "interval": "bounds",
    "plan": "planning",
}

__all__ = [
    "Betting", "Catoni", "CatoniSide", "Engine", "Excess", "NormalInverseWishart", "Plan",
    "Sequence", "Symmetric", "interval", "plan",
]  # fmt: skip

if TYPE_CHECKING:
    from refscore.verify.evidence.betting import Betting
    from refscore.verify.evidence.bounds import interval
    from refscore.verify.evidence.catoni import Catoni, CatoniSide, Excess
    from refscore.verify.evidence.engine import Engine
    from refscore.verify.evidence.gaussian import NormalInverseWishart
    from refscore.verify.evidence.planning import Plan, plan
    from refscore.verify.evidence.sequence import Sequence
    from refscore.verify.evidence.symmetric import Symmetric


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f"refscore.verify.evidence.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'refscore.verify.evidence' has no attribute {name!r}")

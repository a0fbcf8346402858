"""Remarks on an adapter that are no verdicts: what it may have meant, what was not checked."""

from __future__ import annotations

import re

from refscore.verify.ports import PORTS
from refscore.verify.report import Report
from refscore.verify.subject import Subject

# what torch and jax code says when it is handed NumPy arrays
_TORCH = (
    r"'numpy\.ndarray' object has no attribute '(?:requires_grad_?|detach|clone|dim|unsqueeze"
    r"|device|numel|cpu|backward|to|float|double|pow|new_\w+|log|exp|norm|unbind|permute)'"
    r"|must be (?:a )?(?:Tensor|tuple of Tensors)|expected (?:a )?Tensor|[Tt]ensors?, not"
    r"|unexpected keyword argument '(?:dim|keepdim)'|on Tensor that requires grad"
    r"|not (?:a )?(?:torch )?[Tt]ensors?\b|element 0 of tensors"
)
_JAX = (
    r"'numpy\.ndarray' object has no attribute 'at'|TracerArrayConversionError|traced array"
    r"|TracerBoolConversionError|must be a.* JAX|jax\.Array"
)


def hints(report: Report, subject: Subject, wanted: set[str]) -> list[str]:
    """The remarks on a run; `wanted`: the ports its checks call."""
    found = subject.misspelt()
    if subject.narrow and subject.dtype == "float64":
        found.append('answers come in single precision; declare dtype = "float32" if meant')
    found += _framework(report, subject) + _gradients(subject, wanted)
    if not subject.offered():
        found.append("this subject offers no port; `refscore ports` lists them")
    return found


def _framework(report: Report, subject: Subject) -> list[str]:
    if subject.framework_name != "numpy":
        return []
    notes = " ".join(check.note for check in report.checks if check.verdict == "error")
    for name, pattern in (("jax", _JAX), ("torch", _TORCH)):
        if re.search(pattern, notes):
            return [f'arrays arrive as NumPy\'s; for {name} code declare framework = "{name}"']
    return []


def _gradients(subject: Subject, wanted: set[str]) -> list[str]:
    """Losses of a differentiable framework whose gradients nobody looked at."""
    if subject.framework_name == "numpy":
        return []
    offered = set(subject.offered())
    return [
        f"gradients of {loss} in the field's parameters were not checked; offer {loss}_gradient"
        " (`refscore ports` shows one)"
        for loss in sorted(offered & wanted)
        if f"{loss}_gradient" in PORTS and f"{loss}_gradient" not in offered
    ]

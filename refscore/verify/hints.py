"""Remarks on an adapter that are no verdicts: what it may have meant, what was not checked."""

from __future__ import annotations

import re

from refscore.verify.conventions import APPLIES, for_port, spoken_by
from refscore.verify.ports import PORTS
from refscore.verify.readings import UNNAMED
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
    found += _framework(report, subject)
    found += _splitting(report, subject)
    found += _steps(report, subject)
    found += _pairs(report, subject) + _other_forms(report, subject)
    found += [hint for hint in _gradients(report, subject, wanted) if hint]
    if not subject.offered():
        found.append("this subject offers no port; `refscore ports` lists them")
    return found


def _steps(report: Report, subject: Subject) -> list[str]:
    """A solve that is wrong in no listed way, whose steps were not shown."""
    unnamed = any(
        c.verdict == "fails"
        and "ode_solve" in c.ports
        and c.diagnosis
        and c.diagnosis.explanation.startswith(UNNAMED)
        for c in report.checks
    )
    if not unnamed or {"ode_step", "ode_steps"} & set(subject.offered()):
        return []
    return ["ode_solve fails unnamed: offer ode_step or ode_steps of the method inside, where a "
            "wrong weight or the wrong time of a stage is named"]  # fmt: skip


def _framework(report: Report, subject: Subject) -> list[str]:
    if subject.framework_name != "numpy":
        return []
    notes = " ".join(check.note for check in report.checks if check.verdict == "error")
    for name, pattern in (("jax", _JAX), ("torch", _TORCH)):
        if re.search(pattern, notes):
            return [f'arrays arrive as NumPy\'s; for {name} code declare framework = "{name}"']
    return []


def _splitting(report: Report, subject: Subject) -> list[str]:
    """Another splitting is handed noise of another shape, so that it may not even run."""
    name = "underdamped_step"
    said = {key.rpartition(".")[2] for key in subject.declared}
    errors = any(c.verdict == "error" and name in c.ports for c in report.checks)
    if not errors or "splitting" in said:
        return []
    return [
        f"{name} is handed noise (n, d) as for BAOAB; a splitting with two O gets (2, n, d) once"
        ' declared, conventions = {"splitting": "OBABO"} or "OABAO"'
    ]


def _pairs(report: Report, subject: Subject) -> list[str]:
    """A map and its inverse that are declared otherwise, and do not undo each other."""
    found = []
    for check in report.checks:
        if check.verdict != "fails" or not check.name.endswith("_returns") or len(check.ports) < 2:
            continue
        for name in spoken_by(check.ports[0]):
            values = [getattr(for_port(port, subject.declared), name) for port in check.ports]
            if len(set(values)) > 1:
                said = " but ".join(f"{port} {v!r}" for port, v in zip(check.ports, values))
                found.append(f"{name} is declared of {said}: such maps do not undo each other")
    return found


def _other_forms(report: Report, subject: Subject) -> list[str]:
    """Affine layers of a form that no convention names are still maps with a determinant."""
    failing = {
        check.ports[0] for check in report.checks
        if check.verdict == "fails" and len(check.ports) == 1 and check.id != "P"
        and not (check.diagnosis and check.diagnosis.named)
    } & set(APPLIES["affine_form"])  # fmt: skip
    explained = report.convention or any("every check holds" in hint for hint in report.hints)
    if not failing or explained or "bijection_forward" in subject.offered():
        return []
    return [
        f"{', '.join(sorted(failing))}: where scale or shift are meant in a form that no convention"
        " names (additive, gated, clamped otherwise), offer the layer with a network of your own as"
        " bijection_forward and bijection_inverse: its determinant is checked by differences"
    ]


def _gradients(report: Report, subject: Subject, wanted: set[str]) -> list[str]:
    """Losses of a differentiable framework that hold, without a gradient or with a wrong one."""
    if subject.framework_name == "numpy":
        return []
    offered = set(subject.offered())
    open_ = [name for name in sorted(offered & wanted) if f"{name}_gradient" in PORTS]
    return [
        _gradient(subject, loss)
        for loss in open_
        if f"{loss}_gradient" not in offered and _holds(report, loss)
    ]


def _holds(report: Report, port: str) -> bool:
    verdicts = {check.verdict for check in report.checks if port in check.ports}
    return "holds" in verdicts and not verdicts - {"holds", "not offered"}


def _gradient(subject: Subject, loss: str) -> str:
    from refscore.verify.gradients import differentiated

    try:
        found = differentiated(subject, loss)
    except Exception:  # a remark must not end a run
        found = None
    if found is not None and found.verdict == "holds":
        return ""
    if found is not None and found.verdict == "fails" and found.worst is not None:
        case, judgement = found.worst
        return (
            f"{loss} is right, but {subject.framework_name} differentiates it wrongly in the"
            f" field's parameters (gap {judgement.gap:.2g} on {case}): a term is detached,"
            " create_graph=True missing say. Where it is trained with, offer"
            f" {loss}_gradient and see {found.name}"
        )
    where = " in the field's parameters" if "field" in PORTS[loss].arguments else ""
    return (
        f"gradients of {loss}{where} were not checked; offer {loss}_gradient"
        " (`refscore ports` shows one)"
    )

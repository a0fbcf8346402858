"""Gradients of losses that offer none, by the differentiation of the subject's own framework.

What they reveal is a remark, no verdict: a loss may be meant for evaluation alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from refscore.identities import catalogue
from refscore.verify import conventions
from refscore.verify.compare import ALPHA
from refscore.verify.judging import evaluate
from refscore.verify.report import CheckResult
from refscore.verify.subject import Subject


def differentiated(subject: Subject, loss: str) -> CheckResult | None:
    """The gradient identity of a loss, on its mean differentiated in field.parameters.

    None where the catalogue has no such identity; a loss that does not depend on the
    parameters in the framework's eyes gives an error, as does one that is no plain array.
    """
    port = f"{loss}_gradient"
    entry = next((e for e in catalogue().values() if e.ports == (port,)), None)
    if entry is None:
        return None
    meant = conventions.for_port(loss, subject.declared)
    declared = {
        f"{port}.{name}": getattr(meant, name)
        for name in conventions.spoken_by(loss)
        if getattr(meant, name) != conventions.CONVENTIONS[name].default
    }
    source = subject.source
    function = source[loss] if isinstance(source, dict) else getattr(source, loss)
    derive = _by_torch if subject.framework_name == "torch" else _by_jax
    derived = {
        port: derive(function, total=meant.batch == "sum"),
        "framework": subject.framework_name,
        "dtype": subject.dtype,
    }
    return evaluate(entry, Subject(derived, declared=declared), ALPHA)


def _by_torch(loss: Callable, *, total: bool) -> Callable:
    """∇_θ of the mean (or the total) of a loss, by torch.autograd."""

    @functools.wraps(loss)
    def gradient(field, *more, **draws):
        import torch

        value = loss(field, *more, **draws)
        value = value.sum() if total else value.mean()
        return torch.autograd.grad(value, field.parameters)[0]

    return gradient


def _by_jax(loss: Callable, *, total: bool) -> Callable:
    """∇_θ of the mean (or the total) of a loss, by jax.grad."""

    @functools.wraps(loss)
    def gradient(field, *more, **draws):
        import jax

        def reduced(theta):
            value = loss(field.with_parameters(theta), *more, **draws)
            return value.sum() if total else value.mean()

        return jax.grad(reduced)(field.parameters)

    return gradient

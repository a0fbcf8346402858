"""The conformance kit: hold an implementation against the catalogue of identities.

import refscore.verify as rv
report = rv.run(subject)          # an object whose functions are ports
report.raise_if_failed()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from refscore.verify.errors import NotOffered, SubjectError

_HOMES = {
    "run": "runner",
    "evaluate": "judging",
    "Subject": "subject",
    "load": "subject",
    "replay": "replaying",
    "parametrize": "pytest_support",
    "reproduce": "reproduction",
    "PORTS": "ports",
    "mistakes": "mutants",
    "Report": "report",
    "schema": "report",
}

__all__ = [
    "PORTS", "NotOffered", "Report", "Subject", "SubjectError", "evaluate", "load", "mistakes",
    "parametrize", "replay", "reproduce", "run", "schema",
]  # fmt: skip

if TYPE_CHECKING:
    from refscore.verify.judging import evaluate
    from refscore.verify.mutants import mistakes
    from refscore.verify.ports import PORTS
    from refscore.verify.pytest_support import parametrize
    from refscore.verify.replaying import replay
    from refscore.verify.report import Report, schema
    from refscore.verify.reproduction import reproduce
    from refscore.verify.runner import run
    from refscore.verify.subject import Subject, load


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f"refscore.verify.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'refscore.verify' has no attribute {name!r}")

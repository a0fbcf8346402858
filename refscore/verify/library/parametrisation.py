"""Ports of the library: one prediction of a network in another parametrisation."""

from __future__ import annotations

from refscore import diffusion as flows
from refscore.verify.setting import PROCESS

__all__ = ["predict_convert"]


class Parametrisations:
    """The ports of one process."""

    def __init__(self, process):
        self.process = process

    def predict_convert(self, x, t, value, source, target):
        """A prediction in another parametrisation."""
        return flows.convert(self.process, x, t, value, source, target)


predict_convert = Parametrisations(PROCESS).predict_convert

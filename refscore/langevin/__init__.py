"""Langevin chains: steps are pure maps of (x, noise), one runner draws the noise."""

from refscore.langevin import spellings
from refscore.langevin.runner import Run, run
from refscore.langevin.unadjusted import ula

__all__ = ["Run", "run", "spellings", "ula"]

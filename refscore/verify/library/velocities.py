"""What the solver and flow ports of the library are handed: velocities of their descriptions."""

from __future__ import annotations

from refscore.verify.frameworks.numpy_arrays import velocity

__all__ = ["velocity"]

"""Noise-conditional families handed to a subject: family(x, sigma), with `.at(sigma)` a field."""

from __future__ import annotations

import numpy as np

from refscore.fields.levels import PerLevel

_SAME = 1e-4  # relative: a subject in single precision hands levels back rounded


def family_of(framework, description):
    """The described family, one field a level, in a framework; NumPy's is the library's own."""
    fields = [framework.field(field) for field in description.fields]
    if framework.name == "numpy":
        return PerLevel(fields, description.sigmas)
    return FamilyOf(framework, fields, description.sigmas)


class FamilyOf:
    """A torch or JAX family: sigma one level or one a point (n,), each a level of the ladder.

    `parameters` is one flat array, those of every level's field one after the other; every
    value depends on it, so that gradients flow.
    """

    def __init__(self, framework, fields, sigmas, theta=None):
        self.framework, self.sigmas = framework, sigmas
        self.dim = fields[0].dim
        sizes = [int(np.prod(field.parameters.shape)) for field in fields]
        self._ends = np.concatenate([[0], np.cumsum(sizes)])
        if theta is None:
            theta = framework.to(np.concatenate([framework.back(f.parameters) for f in fields]))
            if hasattr(theta, "requires_grad_"):
                theta.requires_grad_()
        if tuple(theta.shape) != (self._ends[-1],):
            raise ValueError(f"theta must have shape ({self._ends[-1]},), got {tuple(theta.shape)}")
        self.parameters = theta
        bounds = zip(self._ends[:-1], self._ends[1:])
        parts = [theta[int(start) : int(stop)] for start, stop in bounds]
        self._fields = [f.with_parameters(part) for f, part in zip(fields, parts, strict=True)]

    def with_parameters(self, theta) -> FamilyOf:
        """The same family on theta (p,), traced or not."""
        if not hasattr(theta, "shape") or isinstance(theta, np.ndarray):
            theta = self.framework.to(np.asarray(theta))
        return FamilyOf(self.framework, self._fields, self.sigmas, theta)

    def at(self, sigma):
        """The field of one level."""
        return self._fields[int(self._index(np.float64(self.framework.back(sigma))))]

    def __call__(self, x, sigma):
        """s(x, sigma), (n, d): every level's field on all points, each point keeping its own."""
        seen = self._seen(sigma)
        if seen is not None and seen.ndim == 0:
            return self.at(seen)(x)
        if tuple(sigma.shape) not in ((), tuple(x.shape[:-1])):
            raise ValueError(
                f"sigma must be one level or one a point, {tuple(x.shape[:-1])};"
                f" got shape {tuple(sigma.shape)}"
            )
        if seen is None:  # traced: no values to look at
            index = abs(sigma[..., None] / self.framework.to(self.sigmas) - 1).argmin(-1)
        else:
            index = self.framework.to(self._index(seen))
        values = [field(x) for field in self._fields]
        return sum((index == level)[..., None] * value for level, value in enumerate(values))

    def _seen(self, sigma):
        """The levels as numbers, None while they are traced."""
        try:
            return np.asarray(self.framework.back(sigma), dtype=float)
        except Exception:  # whatever a framework raises for a traced array
            return None

    def _index(self, sigma):
        gaps = np.abs(sigma[..., None] / self.sigmas - 1)
        if gaps.size and gaps.min(-1).max() > _SAME:
            worst = np.ravel(sigma)[gaps.min(-1).argmax()]
            raise ValueError(f"sigma must be levels of the ladder {self.sigmas}, got {worst!r}")
        return gaps.argmin(-1)

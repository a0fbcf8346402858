"""Noise-conditional families handed to a subject: family(x, sigma), with `.at(sigma)` a field."""

from __future__ import annotations

import copy

import numpy as np

from refscore.fields.levels import PerLevel

_SAME = 1e-4  # relative: a subject in single precision hands levels back rounded


def family_of(framework, description):
    """The described family, one field a level, in a framework; NumPy's is the library's own."""
    fields = [framework.field(field) for field in description.fields]
    if framework.name == "numpy":
        return OnColumns(fields, description.sigmas)
    return framework.static(FamilyOf)(framework, fields, description.sigmas)


class OnColumns(PerLevel):
    """The library's family, to which levels one a point may also come as a column (n, 1)."""

    def __call__(self, x, t):
        """s(x, sigma), (n, d)."""
        return super().__call__(x, _without_column(np.asarray(t, dtype=float), x))

    def with_parameters(self, theta) -> OnColumns:
        """The same family on theta (p,)."""
        return OnColumns(super().with_parameters(theta).fields, self.sigmas)


def _without_column(sigma, x):
    """A column (..., 1) beside points (..., d) as (...,)."""
    rows = tuple(np.shape(x))[:-1]
    return sigma[..., 0] if tuple(sigma.shape) == (*rows, 1) != rows else sigma


class _Static:
    """What JAX compiles once for: `key` says when two are the same."""

    def __init__(self, key: tuple, made: FamilyOf):
        self.key, self.made = key, made

    def __eq__(self, other):
        return isinstance(other, _Static) and self.key == other.key

    def __hash__(self):
        return hash(self.key)


class FamilyOf:
    """A torch or JAX family: sigma one level or one a point, (n,) or (n, 1), each a
    level of the ladder.

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
        self._own = fields

    @property
    def _fields(self) -> list:
        """Every level's field on its part of the parameters."""
        bounds = zip(self._ends[:-1], self._ends[1:])
        parts = [self.parameters[int(start) : int(stop)] for start, stop in bounds]
        return [f.with_parameters(part) for f, part in zip(self._own, parts, strict=True)]

    def tree_flatten(self):
        """For JAX, as its fields: the parameters are the leaf, all else is static."""
        formulas = tuple(field.tree_flatten()[1] for field in self._own)
        return (self.parameters,), _Static((formulas, tuple(map(float, self.sigmas))), self)

    @classmethod
    def tree_unflatten(cls, static, leaves):
        """The family of other parameters."""
        family = copy.copy(static.made)
        (family.parameters,) = leaves
        return family

    def with_parameters(self, theta) -> FamilyOf:
        """The same family on theta (p,), traced or not."""
        if not hasattr(theta, "shape") or isinstance(theta, np.ndarray):
            theta = self.framework.to(np.asarray(theta))
        return FamilyOf(self.framework, self._own, self.sigmas, theta)

    def at(self, sigma):
        """The field of one level."""
        return self._fields[int(self._index(np.float64(self.framework.back(sigma))))]

    def __call__(self, x, sigma):
        """s(x, sigma), (n, d): every level's field on all points, each point keeping its own."""
        sigma = _without_column(sigma, x) if getattr(sigma, "ndim", 0) > 1 else sigma
        seen = self._seen(sigma)
        if seen is not None and seen.ndim == 0:
            return self.at(seen)(x)
        if tuple(sigma.shape) not in ((), tuple(x.shape[:-1])):
            raise ValueError(
                f"sigma must be one level or one a point, {tuple(x.shape[:-1])} or with an axis 1;"
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


class NoisedScores:
    """score_at(x, sigma): the exact score of a law with noise sigma added, in a framework."""

    def __init__(self, framework, law):
        self.framework, self.law = framework, law

    def __call__(self, x, sigma):
        """The score at one level, or at one level a point (n,)."""
        levels = np.asarray(self.framework.back(sigma), dtype=float)
        if levels.size and np.ptp(levels) == 0:
            return self.at(levels.flat[0])(x)
        raise ValueError(f"score_at takes one level for all points, got {levels.size} of them")

    def at(self, sigma):
        """The field of one level."""
        from refscore.identities import Law
        from refscore.identities.smoothing import score_of
        from refscore.verify import library

        level = float(np.asarray(self.framework.back(sigma)))
        noised = Law(self.law.kind, **library.diffuse(self.law, 1.0, level))
        return self.framework.field(score_of(noised))


def noisy_gradient(framework, description, dtype=None):
    """gradient(x, xi) = score(x) + C xi, a described "noisy" (law, root C): a stochastic score."""
    from refscore.identities.smoothing import score_of

    field = framework.field(score_of(description.law))
    root = framework.to(np.array(description.root), dtype)
    return lambda x, xi: field(x) + xi @ root.T

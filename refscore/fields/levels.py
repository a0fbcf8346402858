"""A separate field for every noise level, and any family near points of different levels."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_ladder, as_positive
from refscore.fields.base import as_field
from refscore.fields.families import Family
from refscore.fields.linearisation import Local

_SAME = 1e-6  # levels this close are one: a level may have passed through single precision


class PerLevel(Family):
    """Separate fields s_l, one for every level σ_l of a ladder.

    fields: L Fields of one dimension; sigmas (L,), strictly decreasing and positive.
    Parameters: those of every field, one after the other, so that a loss over levels is fitted
    by fitting each level alone. `at(sigma)` is the field of the level equal to sigma to 1e-6.

    Checked by: ladder_given_noise, ladder_gradient
    """

    def __init__(self, fields, sigmas):
        if not isinstance(fields, (list, tuple)):
            raise TypeError(f"fields must be a list of Fields, got {type(fields).__name__}")
        self.fields = tuple(as_field(f, f"fields[{i}]") for i, f in enumerate(fields))
        self.sigmas = as_ladder(sigmas, "sigmas").copy()
        if len(self.fields) != len(self.sigmas):
            raise ValueError(
                f"fields and sigmas must be equally many, got {len(self.fields)} and"
                f" {len(self.sigmas)}"
            )
        self.dim = self.fields[0].dim
        for i, field in enumerate(self.fields):
            if field.dim != self.dim:
                raise ValueError(f"fields[{i}] must have dim {self.dim}, got {field.dim}")
        self.rows_at_once = min(field.rows_at_once for field in self.fields)
        sizes = [field.parameters.size for field in self.fields]
        self._ends = np.concatenate([[0], np.cumsum(sizes)])

    def at(self, sigma):
        """The field of the level sigma; raises ValueError where the ladder has none."""
        return self.fields[self._index(as_positive(sigma, "sigma"))]

    @property
    def parameters(self) -> np.ndarray:
        """The parameters of every field, a copy (p,)."""
        return np.concatenate([field.parameters for field in self.fields])

    def with_parameters(self, theta) -> PerLevel:
        """The same family with parameters `theta` (p,)."""
        theta = as_array(theta, "theta", (int(self._ends[-1]),))
        parts = np.split(theta, self._ends[1:-1])
        fields = [f.with_parameters(part) for f, part in zip(self.fields, parts, strict=True)]
        return PerLevel(fields, self.sigmas)

    def own_parameters(self, sigma) -> slice:
        """Where the parameters of one level stand in `parameters`."""
        index = self._index(sigma)
        return slice(int(self._ends[index]), int(self._ends[index + 1]))

    def _near(self, x, t, workspace=None) -> Local:
        """As of a `Family`: near points of one level too, in the parameters of all levels."""
        return self._local(x, np.broadcast_to(t, len(x)), workspace)

    def _index(self, sigma) -> int:
        index = int(np.abs(self.sigmas / sigma - 1).argmin())
        if abs(self.sigmas[index] / sigma - 1) > _SAME:
            raise ValueError(f"sigma must be a level of {self.sigmas}, got {sigma!r}")
        return index


def local_of(family, x, sigma, workspace=None) -> Local:
    """The family near x (n, d) with levels sigma (n,): in one pass where it can."""
    return family._local(x, sigma, workspace)

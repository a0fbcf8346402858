"""A family at one time or level, as a field."""

from __future__ import annotations

from refscore.fields.base import Field


class AtTime(Field):
    """A family at one number t; its parameters are the whole family's. A subclass writes hooks."""

    def __init__(self, family, t):
        super().__init__(family.dim)
        self.family, self.t = family, t
        self.rows_at_once = getattr(family, "rows_at_once", Field.rows_at_once)

    @property
    def parameters(self):
        """Those of the family, a copy (p,)."""
        return self.family.parameters

    def with_parameters(self, theta):
        """The family with parameters `theta` (p,) at the same time."""
        return self.family.with_parameters(theta).at(self.t)

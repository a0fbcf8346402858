"""Fields read off their linearisation, a block of points at a time."""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float
from refscore.fields import Field
from refscore.fields.linearisation import borrowed_workspace, rows_in_blocks


class BlockField(Field):
    """A field that defines `_local(x, workspace)` and `rows_at_once`, and no more."""

    def _blockwise(self, x, read):
        """read(local, rows) over blocks of points that fit the cache, joined."""
        blocks = rows_in_blocks(len(x), self.rows_at_once)
        with borrowed_workspace() as space, beyond_float():
            return np.concatenate([read(self._local(x[rows], space), rows) for rows in blocks])

    def _value(self, x):
        return self._blockwise(x, lambda local, rows: local.value)

    def _jvp(self, x, v):
        return self._blockwise(x, lambda local, rows: local.jvp(v[None, rows])[0])

    def _vjp(self, x, v):
        return self._blockwise(x, lambda local, rows: local.vjp(v[rows]))

    def _jacobian(self, x):
        return self._blockwise(x, lambda local, rows: local.jacobian())

    def _divergence(self, x):
        return self._blockwise(x, lambda local, rows: local.divergence())

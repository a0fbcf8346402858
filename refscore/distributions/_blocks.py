"""Points taken a block at a time, so that workspace does not grow with their number."""

from __future__ import annotations

from functools import cache

import numpy as np

BLOCK_BYTES = 1 << 20
FAINT = 1e-200  # a sum of exponentials that may have lost terms to underflow


def blockwise(function, x: np.ndarray, shape: tuple, per_point: int, *more) -> np.ndarray:
    """Fill an (n,) + shape array from function(columns (d, m), *more) -> shape + (m,) blocks.

    `per_point` is the number of float64 entries of workspace a point takes. Columns are
    feature-major copies: reductions over components then run along contiguous rows.
    """
    keep_freed_memory()
    out = np.empty((len(x), *shape))
    rows = min(max(BLOCK_BYTES // (8 * per_point), 16), 32768)
    with np.errstate(all="ignore"):
        for start in range(0, len(x), rows):
            block = slice(start, start + rows)
            columns = [np.ascontiguousarray(a[block].T) for a in (x, *more)]
            _write(function(*columns), out[block])
    return out


def _write(found: np.ndarray, out: np.ndarray) -> None:
    """Columns found (..., m) into rows out (m, ...); one by one where they are few."""
    if found.ndim == 2 and len(found) < 8:
        for i, row in enumerate(found):
            out[:, i] = row
    else:
        out[...] = found.T if found.ndim < 3 else np.moveaxis(found, -1, 0)


@cache
def keep_freed_memory() -> None:
    """Allocate and free 4 MB, once a process.

    glibc then keeps freed blocks up to that size: temporaries are not mapped and faulted in
    again at every call, which would cost up to three times the arithmetic. Elsewhere no effect.
    """
    np.empty(1 << 19)


def softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over axis 0, in place: responsibilities that sum to one, and log Σ exp."""
    top = logits.max(axis=0)
    finite_top = np.where(np.isfinite(top), top, 0.0)
    logits -= finite_top
    np.exp(logits, out=logits)
    total = logits.sum(axis=0)
    logits /= total
    return logits, finite_top + np.log(total)

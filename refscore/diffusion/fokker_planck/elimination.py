"""Elimination of the cells of a grid by sums of positive numbers only, block after block."""

from __future__ import annotations

import numpy as np

from refscore.diffusion.fokker_planck.grid import Grid

_PANEL = 16  # cells eliminated between two products of matrices
_LEAST = 64  # cells in a block


class Blocks:
    """A = leak + out - C over cells, C >= 0 the rates between them, factored without a minus.

        d_k = leak_k + Σ_{i>k} C_ik;  C_ij += C_ik C_kj/d_k,  leak_j += leak_k C_kj/d_k  (i, j > k)

    So every number of the factors has full relative precision, and A⁻¹ >= 0 keeps what it
    should keep (Grassmann, Taksar and Heyman 1985). Cells in an order in which no rate leads
    further than one block ahead. Cost: cells block² and 3 cells block numbers.
    """

    def __init__(self, couplings, leak: np.ndarray, order: np.ndarray, reach: int):
        """`couplings` sparse C[to, from] without diagonal; leak (cells,)."""
        self.order, self.size = order, self.size_for(reach)
        C, leak = couplings.tocsr()[order][:, order], leak[order]
        self._parts: list[tuple] = []
        carried = np.zeros((1, 0))  # what the blocks before lead through themselves
        for k in range(0, len(order), self.size):
            W, n = _window(C, leak, k, self.size)
            W[: len(carried) - 1, : carried.shape[1]] += carried[:-1]
            W[-1, : carried.shape[1]] += carried[-1]
            pivots = _eliminate(W, n)
            packed = -W[:n, :n]
            np.fill_diagonal(packed, pivots)
            self._parts.append((slice(k, k + n), packed, W[n:-1, :n].copy(), W[:n, n:].copy()))
            carried = W[n:, n:].copy()

    @staticmethod
    def size_for(reach: int) -> int:
        """Cells in a block."""
        return max(reach, _LEAST)

    @property
    def pivots(self) -> np.ndarray:
        """d, in the cells' order."""
        return np.concatenate([np.diagonal(packed) for _, packed, _, _ in self._parts])

    def solve(self, b: np.ndarray) -> np.ndarray:
        """A⁻¹ b for b (cells,)."""
        from scipy.linalg import solve_triangular

        y = b[self.order]
        for here, packed, ahead, _ in self._parts:
            y[here] = solve_triangular(packed, y[here], lower=True, unit_diagonal=True)
            y[_after(here, len(ahead))] += ahead @ y[here]
        for here, packed, _, back in reversed(self._parts):
            y[here] += back @ y[_after(here, back.shape[1])]
            y[here] = solve_triangular(packed, y[here])
        x = np.empty_like(y)
        x[self.order] = y
        return x

    def null(self) -> np.ndarray:
        """y >= 0, in the cells' order, with A y = 0 where nothing leaks: the last pivot is 0."""
        from scipy.linalg import solve_triangular

        y = np.zeros(len(self.order))
        y[-1] = self._parts[-1][1][-1, -1] = 1.0
        for here, packed, _, back in reversed(self._parts):
            gets = y[here] + back @ y[_after(here, back.shape[1])]
            for scale in (1.0, 1e-150, 1e-300):  # the fullest cells may come late
                with np.errstate(over="ignore", invalid="ignore"):
                    found = solve_triangular(packed, scale * gets, check_finite=False)
                if found.max() < 1e150:
                    break
            y *= scale
            y[here] = found
        return y


def _after(here: slice, n: int) -> slice:
    return slice(here.stop, here.stop + n)


def _window(C, leak, k: int, size: int) -> tuple[np.ndarray, int]:
    """Rates among a block and to and from the next; last row, to nowhere. And the block's size."""
    middle, end = min(k + size, len(leak)), min(k + 2 * size, len(leak))
    n = middle - k
    W = np.zeros((end - k + 1, end - k), order="F")
    W[:-1, :n] = C[k:end, k:middle].toarray()
    W[:n, n:] = C[k:middle, middle:end].toarray()
    W[-1, :n] = leak[k:middle]
    return W, n


def _eliminate(W: np.ndarray, n: int) -> np.ndarray:
    """The pivots of the first n cells; below the diagonal C_ik/d_k, above it C_kj, in place."""
    pivots = np.zeros(n)
    for p in range(0, n, _PANEL):
        q = min(p + _PANEL, n)
        for k in range(p, q):
            below = W[k + 1 :, k]
            pivots[k] = below.sum()
            if pivots[k] > 0:
                below /= pivots[k]
            W[k + 1 :, k + 1 : q] += below[:, None] * W[k, k + 1 : q]
        for k in range(p, q - 1):
            W[k + 1 : q, q:] += W[k + 1 : q, k, None] * W[k, q:]
        W[q:, q:] += W[q:, p:q] @ W[p:q, q:]
    return pivots


def ordering(grid: Grid, last: tuple[int, ...] | None = None) -> tuple[np.ndarray, int]:
    """The cells, `last` (if given) last, and how far ahead in that order a rate may lead.

    Row by row of the direction that makes it shorter; rows of a periodic direction, and all
    where a cell has to come last, from far to near on both sides of the last: twice the reach.
    """
    cells = np.arange(int(np.prod(grid.shape))).reshape(grid.shape)
    if grid.dim == 1:
        cells = cells[:, None]
    folds = [last is not None or axis.periodic for axis in grid.axes] + [False] * (2 - grid.dim)
    reach = [cells.shape[1 - j] * (1 + folds[j]) for j in (0, 1)]
    j = 0 if grid.dim == 1 or reach[0] <= reach[1] else 1
    for i, axis in enumerate(grid.axes):
        if folds[i] and (i == j or last is not None):
            cells = np.take(cells, _from_far(len(axis), last[i] if last else 0, axis.periodic), i)
    return (cells if j == 0 else cells.T).ravel(), reach[j]


def _from_far(n: int, near: int, ring: bool) -> np.ndarray:
    """0 ... n - 1 by their distance from `near`, the farthest first."""
    away = np.abs(np.arange(n) - near)
    return np.argsort(-(np.minimum(away, n - away) if ring else away), kind="stable")

"""The eigenvalues of smallest real part where fluxes go round: disks up the imaginary axis."""

from __future__ import annotations

import numpy as np

from refscore.diffusion.fokker_planck.elimination import Blocks, ordering
from refscore.diffusion.fokker_planck.grid import Grid
from refscore.diffusion.fokker_planck.rates import Rates
from refscore.diffusion.fokker_planck.steps import couplings

_MORE = 12  # eigenvalues asked for around a point, beyond those wanted
_SETTLING = 6  # solves, after which the weight is near the stationary masses
_LOWEST = 1e-3  # of the rates wanted: what is added to them to have an inverse
_EDGE = 1e-7  # of a disk's radius, within which two computations of an eigenvalue may differ


def smallest_real_parts(grid: Grid, found: list[Rates], L, n: int) -> np.ndarray:
    """The n smallest real parts of the eigenvalues of L = exits - C, rising (n,).

        Re λ <= r  ⟹  |Im λ| <= H = β √(r + ε),  `height_rate`

    The k eigenvalues nearest a point fill a disk that holds no others. Disks up the imaginary
    axis cover the box of the λ with Re λ <= r and 0 <= Im λ <= H, r the n-th smallest real part
    met so far; below the axis are their conjugates.
    """
    disks = Disks(L)
    values, reach, r = disks.first(n)
    lowest = max(_LOWEST * r, disks.aside)
    beta = height_rate(grid, found, lowest)
    top = _cut(np.abs(values.imag), 0.0, reach)
    kept = values[np.abs(values.imag) <= top]
    while top < beta * (r + lowest) ** 0.5:
        centre = top + 0.9 * reach
        values, reach = disks.around(centre, r, n)
        if centre - reach > top:  # a gap: the next disk nearer
            reach = 0.5 * (centre - top)
            continue
        above = _cut(values.imag, centre, reach)
        inside = values[(values.imag > top) & (values.imag <= above)]
        kept, top = np.concatenate([kept, inside, inside.conj()]), above
        if len(kept) >= n:
            r = min(r, np.sort(kept.real)[n - 1])
    return np.sort(kept.real)[:n]


def height_rate(grid: Grid, found: list[Rates], lowest: float) -> float:
    """β, with which |Im λ| <= β √(Re λ + ε) for every eigenvalue of L, ε = `lowest`.

        β² = 2 max_i Σ_j k_ij²/(w_ij π_i),  k, w = ½ (F_ij ∓ F_ji),  F = C diag(π),  (L + ε) π >= 0

    For φ = π u the real part of ūᵀ (L + ε) φ is at least Σ w |u_i - u_j|², and the imaginary part
    is Σ 2 k Im(ū_i (u_j - u_i)): Cauchy and Schwarz. In the limit β is the fastest circulation,
    |f - D ∇ log π|, over √D. Any π will do; that nearest the stationary masses is the best.
    """
    C, _, out = couplings(grid, found)
    blocks, pi = Blocks(C, out + lowest, *ordering(grid)), grid.volumes.ravel()
    for _ in range(_SETTLING):
        pi = blocks.solve(pi)
        pi = pi / pi.max()
    F = C.multiply(pi[None, :]).tocsr()
    both, net = (F + F.T).tocoo(), (F - F.T).tocsr()
    over = np.asarray(net[both.row, both.col]).ravel() ** 2 / (2 * both.data)
    with np.errstate(all="ignore"):
        beta = float((2 * np.bincount(both.row, over, len(pi)) / pi).max() ** 0.5)
    if not np.isfinite(beta):
        raise ValueError("drift and diffusion must leave rates between cells that floats carry")
    return beta


def _cut(heights, centre: float, reach: float) -> float:
    """A height near the upper end of a disk, in the widest gap between what it found there."""
    if not np.isfinite(reach):
        return np.inf
    low, high = centre + 0.6 * reach, centre + reach
    ends = np.sort(np.append(heights[(heights > low) & (heights < high)], [low, high]))
    i = int(np.argmax(np.diff(ends)))
    return float(ends[i : i + 2].mean())


class Disks:
    """The eigenvalues of L nearest a point of the imaginary axis, as many as a box needs."""

    def __init__(self, L):
        self.L, self.size = L.tocsc(), L.shape[0]
        self.aside = 1e-6 * float(L.diagonal().mean())  # L + that has an inverse

    def first(self, n: int) -> tuple[np.ndarray, float, float]:
        """(values, reach, r) around 0, r the n-th smallest real part."""
        k, reach = n + _MORE, 0.0
        while not reach > 0:
            values, radius = self._nearest(0.0, k)
            r = max(float(np.sort(values.real)[n - 1]), 0.0)
            reach, k = _half(radius, r), 2 * k
        return values, reach, r

    def around(self, height: float, r: float, n: int) -> tuple[np.ndarray, float]:
        """(values, reach): all with real parts up to r within `reach` of the height."""
        k, reach = n + _MORE, 0.0
        while not reach > 0:
            values, radius = self._nearest(height, k)
            reach, k = _half(radius, r), 2 * k
        return values, reach

    def _nearest(self, height: float, k: int) -> tuple[np.ndarray, float]:
        """(values (k,), radius); all of them, and inf, where that is as cheap."""
        from scipy.sparse.linalg import eigs

        if 3 * k > self.size:
            return np.linalg.eigvals(self.L.toarray()), np.inf
        at = complex(-self.aside, height) if height else -self.aside
        start = np.linspace(1.0, 2.0, self.size).astype(type(at))
        values = eigs(self.L.astype(type(at)), k=k, sigma=at, v0=start,
                      return_eigenvectors=False)  # fmt: skip
        return values, float(np.abs(values - at).max()) * (1 - _EDGE) - self.aside


def _half(radius: float, r: float) -> float:
    """Half the height over which a disk holds the real parts up to r; 0 where it is too small."""
    return radius * (1 - (r / radius) ** 2) ** 0.5 if radius > 1.2 * r else 0.0

"""What the equation ends in, and how fast: stationary densities and relaxation rates."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_scalar
from refscore.diffusion.fokker_planck.circulation import smallest_real_parts
from refscore.diffusion.fokker_planck.coefficients import Coefficients
from refscore.diffusion.fokker_planck.elimination import Blocks, ordering
from refscore.diffusion.fokker_planck.grid import Grid, as_grid
from refscore.diffusion.fokker_planck.implicit import Chain
from refscore.diffusion.fokker_planck.rates import Rates, rates
from refscore.diffusion.fokker_planck.steps import couplings, generator

_ROUNDS = 300  # of inverse iteration, before all rates are asked for
_BALANCED = 1e-9  # of log π around a square: what rounding leaves of no circulation
_STEEPEST = 1e9  # of log π, which rounding leaves known to 1e-7
_SPAN = 460  # of log π in a block of cells: 1e200
_NOISE = 1e-15  # of |L|: what rounding leaves of a rate
_SMALL = 64  # cells, up to which a dense matrix is as cheap
_RARE = 1e-3  # of all exits
_APART = (
    "drift and diffusion leave parts of the grid without a way between them that floats carry, so"
    " there is no one stationary density"
)


def stationary_density(drift, diffusion, grid: Grid, t=0.0) -> np.ndarray:
    """The density that the equation keeps, with drift and diffusion held at time t.

        L p = 0;  without flux  p ∝ D⁻¹ exp ∫ f/D dx,  D = g²/2

    On a line with reflecting ends the second form, as a product over the cells: exact but for
    the quadrature of ∫ f/D, sixth order in the width. On a rectangle the same where the drift
    has no circulation, else, and on a periodic line, the null vector of the cells' rates.
    Arguments: as `density_evolution`'s; t. Returns: the grid's shape, mass 1. Raises:
    ValueError where mass can leave, or stays apart in parts of the grid, as without diffusion
    around several attractors, or, null vector, where p falls below 1e-308 between them. Cost:
    O(cells); for a null vector cells times the shorter side squared.
    Source: Risken 1989, chapters 5 and 6; Grassmann, Taksar and Heyman 1985.
    Checked by: stationary_density
    """
    grid, found = _rates_at(drift, diffusion, grid, t)
    if not grid.conservative:
        raise ValueError("grid must have no absorbing end: all mass leaves, nothing is stationary")
    log_p = balance(grid, found)
    if log_p is None:
        return _null_vector(grid, found) / grid.volumes
    p = np.exp(log_p - log_p.max())
    return p / np.sum(p * grid.volumes)


def relaxation_rates(drift, diffusion, grid: Grid, n: int = 2, t=0.0) -> np.ndarray:
    """The n smallest rates λ at which densities relax: p(t) = Σ c_k e^{-λ_k t} φ_k.

        L φ = -λ φ

    Arguments: as `stationary_density`'s; n, at most the number of cells. Returns: (n,), rising;
    the first is 0 to rounding where no mass can leave. With circulation L has no symmetric
    form and the λ may be complex: the n smallest real parts, however fast they turn.
    Raises: ValueError naming the argument. Cost: on a line without periodic end O(cells) a
    rate, else a sparse LU and a few solves; with circulation cells times the shorter side
    squared, and a complex LU for every disk of n + 12 eigenvalues up to the height that bounds
    their imaginary parts, some. To an error of order h², and 1e-15 |L|.
    Source: Risken 1989, section 5.4; the symmetric form by detailed balance.
    Tested in: tests/diffusion/test_fokker_planck.py
    """
    grid, found = _rates_at(drift, diffusion, grid, t)
    n = as_count(n, "n")
    cells = int(np.prod(grid.shape))
    if n > cells:
        raise ValueError(f"n must be at most {cells}, the number of cells, got {n}")
    if grid.dim == 1 and found[0].wrap is None:
        return _of_line(found[0], n)
    return _of_cells(grid, found, n)


def spectral_gap(drift, diffusion, grid: Grid, t=0.0) -> float:
    """The smallest rate above 0 at which densities relax; with absorbing ends, that of escape.

        p(t) - p_∞ ~ e^{-λ t};  two wells: 1/λ is the time between them

    Arguments: as `stationary_density`'s. Returns: λ > 0, of a line without periodic end to full
    relative precision of the cells' rates, however small; else to an error of 1e-15 |L|.
    Raises: ValueError naming the argument, and where λ is not above that error, or 0. Cost:
    O(cells) an inverse iteration, some tens; else as `relaxation_rates`.
    Source: Risken 1989, section 5.4; the dual chain: Siegmund 1976; Eyring-Kramers: Berglund 2013.
    Checked by: spectral_gap, eyring_kramers
    """
    grid, found = _rates_at(drift, diffusion, grid, t)
    if grid.dim == 1 and found[0].wrap is None:
        slowest = _slowest(found[0], grid.conservative)
        if slowest is not None:
            return slowest
    skipped = 1 if grid.conservative else 0
    gap = float(relaxation_rates(drift, diffusion, grid, skipped + 1, t)[skipped])
    noise = _NOISE * sum(2 * r.exits.max() for r in found)
    if gap <= noise:
        raise ValueError(
            f"drift and diffusion must relax at a rate above {noise:.3g}, 1e-15 of the fastest on"
            f" this grid, below which is rounding; got {gap:.3g}"
        )
    return gap


def _slowest(r: Rates, conservative: bool) -> float | None:
    """The slowest rate of a line by inverse iteration, all of it sums of positive numbers.

    The rates above 0 of a chain that loses nothing are those of its dual on the n - 1 walls:
    from wall e to e + 1 at down_e, to e - 1 at up_e, and lost beyond the ends. None where the
    iteration is slow to settle: two rates are close.
    """
    leak, up, down = r.out, r.up, r.down
    if conservative:
        leak = np.zeros_like(up)
        leak[:, 0] += up[:, 0]
        leak[:, -1] += down[:, -1]
        up, down = down[:, :-1], up[:, 1:]
    if not ((up > 0).all() and (down > 0).all()):
        return None
    solve, x, before = Chain(leak, up, down).general(), np.ones(leak.shape), 0.0
    for _ in range(_ROUNDS):
        longer = solve(x)
        rate = float(x.sum() / longer.sum())
        if abs(rate - before) <= 1e-14 * rate:
            return rate
        x, before = longer / longer.sum(), rate
    return None


def balance(grid: Grid, found: list[Rates]) -> np.ndarray | None:
    """log p without flux, or None where fluxes go round: log p has a value after every way."""
    if any(r.wrap is not None or np.abs(r.jumps).max() > _STEEPEST or r.still for r in found):
        return None
    if grid.dim == 1:
        return _summed(found[0].jumps)[0]
    across, along = _summed(found[0].jumps).T, _summed(found[1].jumps)  # (n_x, n_y) both
    log_p = across[:, :1] + along
    around = np.abs(log_p - (across + along[:1]))
    return log_p if around.max() <= _BALANCED * max(1.0, np.abs(log_p).max()) else None


def _summed(jumps: np.ndarray) -> np.ndarray:
    """log p along every line, 0 in its first cell."""
    return np.concatenate([np.zeros((len(jumps), 1)), np.cumsum(jumps, axis=1)], axis=1)


def _rates_at(drift, diffusion, grid, t):
    grid = as_grid(grid)
    return grid, rates(Coefficients(drift, diffusion), grid, as_scalar(t, "t"))


def _of_line(r: Rates, n: int) -> np.ndarray:
    """-λ of the tridiagonal made symmetric: diagonal the exits, beside it -√(up down)."""
    from scipy.linalg import eigh_tridiagonal

    off = -np.sqrt(r.up[0]) * np.sqrt(r.down[0])
    return eigh_tridiagonal(r.exits[0], off, eigvals_only=True, select="i", select_range=(0, n - 1))


def _of_cells(grid: Grid, found: list[Rates], n: int) -> np.ndarray:
    from scipy.sparse import diags
    from scipy.sparse.linalg import eigs, eigsh

    L = -generator(grid, found)
    if n > L.shape[0] - 2 or L.shape[0] <= _SMALL:
        return np.sort(np.linalg.eigvals(L.toarray()).real)[:n]
    start = np.linspace(1.0, 2.0, L.shape[0])
    near = -1e-6 * L.diagonal().mean()  # below every λ, so that L - near has an inverse
    log_p = balance(grid, found)
    if log_p is not None and np.ptp(log_p) < 1300:
        root = np.exp(0.5 * (log_p - log_p.max()) + 0.5 * np.log(grid.volumes)).ravel()
        symmetric = diags(1 / root) @ L @ diags(root)
        symmetric = 0.5 * (symmetric + symmetric.T)
        values = eigsh(symmetric.tocsc(), k=n, sigma=near, v0=start, return_eigenvectors=False)
        return np.sort(values)
    if log_p is None:
        return smallest_real_parts(grid, found, L, n)
    values = eigs(L.tocsc(), k=n, sigma=near, v0=start, return_eigenvectors=False)
    return np.sort(values.real)


def _null_vector(grid: Grid, found: list[Rates]) -> np.ndarray:
    """Masses m >= 0 with L m = 0, Σ m = 1, by sums of positive numbers only: in full precision.

    The cells that mass leaves for good hold none; from those it stays in there must be a way
    from each to each.
    """
    C, exits, _ = couplings(grid, found)
    order, reach = _order(grid, found)
    order = order[_recurrent(C)[order]]
    blocks = Blocks(C, np.zeros(C.shape[0]), order, reach)
    if not (blocks.pivots[:-1] > 0).all():  # so weak a way that it underflows
        raise ValueError(_APART)
    held = blocks.null()
    m = np.zeros(C.shape[0])
    m[order] = held / held.max()
    if not np.isfinite(m).all():
        raise ValueError("drift and diffusion are beyond what floats carry: m is not finite")
    _require_all_attractors(C, exits, m)
    return (m / m.sum()).reshape(grid.shape)


def _classes(C) -> tuple[np.ndarray, np.ndarray]:
    """Of every cell the part of cells with ways between them; of every part, whether it is left."""
    from scipy.sparse.csgraph import connected_components

    n, part = connected_components(C, directed=True, connection="strong")
    to, source = C.nonzero()
    left = np.zeros(n, dtype=bool)
    left[part[source[part[to] != part[source]]]] = True
    return part, left


def _recurrent(C) -> np.ndarray:
    """Whether mass stays for good among a cell and those that it gets to, (cells,)."""
    part, left = _classes(C)
    if np.count_nonzero(~left) != 1:
        raise ValueError(_APART)
    return ~left[part]


def _require_all_attractors(C, exits: np.ndarray, m: np.ndarray) -> None:
    """Raise where a part left only by rare exits holds 0: lost beyond a valley under 1e-308."""
    often = C.tocoo()
    kept = often.data >= _RARE * exits[often.col]
    often = type(often)((often.data[kept], (often.row[kept], often.col[kept])), shape=C.shape)
    part, left = _classes(often)
    if not (left | (np.bincount(part, m > 0) > 0)).all():
        raise ValueError(_APART)


def _order(grid: Grid, found: list[Rates]) -> tuple[np.ndarray, int]:
    """`ordering`; the fullest cell last where p may span more than floats within a block.

    Fullest were there no circulation and no way round.
    """
    sums = [_summed(np.clip(r.jumps, -1e3, 1e3)) for r in found]
    log_p = sums[0][0] if grid.dim == 1 else sums[0].T[:, :1] + sums[1]
    order, reach = ordering(grid)
    along, block = log_p.ravel()[order], Blocks.size_for(reach)
    if max(np.ptp(along[k : k + block]) for k in range(0, len(along), block)) < _SPAN:
        return order, reach
    return ordering(grid, tuple(int(i) for i in np.unravel_index(log_p.argmax(), log_p.shape)))

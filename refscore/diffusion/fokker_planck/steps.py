"""Steps in time of the masses: implicit Euler, Crank-Nicolson, BDF2; split or whole."""

from __future__ import annotations

import numpy as np

from refscore.diffusion.fokker_planck.elimination import Blocks, ordering
from refscore.diffusion.fokker_planck.grid import Grid
from refscore.diffusion.fokker_planck.implicit import Implicit
from refscore.diffusion.fokker_planck.rates import Rates

METHODS = ("implicit_euler", "crank_nicolson", "bdf2")
# where in a step the rates are taken: at its end, or in its middle
AT = {"implicit_euler": 1.0, "crank_nicolson": 0.5, "bdf2": 1.0}
_LONG = 1e4  # τ |L|, times 2e-16 what of the mass a sparse LU may lose


class Whole:
    """A step by one solve with all directions at once.

        implicit Euler   m' = (1 - τL)⁻¹ m
        Crank-Nicolson   m' = 2 (1 - ½τL)⁻¹ m - m
        BDF2             m' = (1 - ⅔τL)⁻¹ (4 m - m₋)/3;  implicit Euler where there is no m₋

    `enter` and `leave` turn masses into what `advance` works on: m/√π where detailed balance
    makes the system symmetric.
    """

    def __init__(self, grid: Grid, rates: list[Rates], tau: float, method: str):
        self.method, self.shape = method, grid.shape
        self._make = lambda share: _implicit(grid, rates, share * tau)
        self._main = self._make({"crank_nicolson": 0.5, "bdf2": 2 / 3}.get(method, 1.0))
        self.root = getattr(self._main, "root", None)

    def enter(self, m: np.ndarray) -> np.ndarray:
        """What stands for masses of the grid's shape."""
        m = m.reshape(1, -1) if len(self.shape) == 1 else m
        return m.copy() if self.root is None else m / self.root

    def leave(self, u: np.ndarray) -> np.ndarray:
        """The masses again."""
        return (u if self.root is None else u * self.root).reshape(self.shape)

    def advance(self, u: np.ndarray, before: np.ndarray | None) -> np.ndarray:
        """u after the step; `before`, what it was a step ago."""
        if self.method == "crank_nicolson":
            return _reflected(self._main, u)
        if self.method == "implicit_euler":
            return self._main.balanced(u)
        if before is None:
            return self._make(1.0).balanced(u)
        return self._main.balanced((4 * u - before) / 3)


class Split:
    """A step on a rectangle, direction by direction: tridiagonal solves only.

        implicit Euler   m' = (1 - τL_y)⁻¹ (1 - τL_x)⁻¹ m
        Crank-Nicolson   m' = (1 - ½τL_y)⁻¹ (1 + ½τL_x) (1 - ½τL_x)⁻¹ (1 + ½τL_y) m

    The second is Peaceman and Rachford's. Every factor keeps the mass; where f is D times a
    score, L_x π = L_y π = 0 to the quadrature's sixth order, and both keep π, whatever τ.
    """

    def __init__(self, grid: Grid, rates: list[Rates], tau: float, method: str):
        self._half = 0.5 * tau if method == "crank_nicolson" else None
        self._along_y = rates[1]
        self._x, self._y = (Implicit(r, self._half or tau) for r in rates)
        self._into, self._back, self._out = _scalings(self._x.root, self._y.root)

    def enter(self, m: np.ndarray) -> np.ndarray:
        """What stands for masses (n_x, n_y): they, or (1 - ½τL_y) of them, over √π_y."""
        if self._half is not None:
            m = m - self._half * self._along_y.apply(m)
        return m / self._out

    def leave(self, u: np.ndarray) -> np.ndarray:
        """The masses again."""
        return (u if self._half is None else self._y.balanced(u)) * self._out

    def advance(self, u: np.ndarray, before=None) -> np.ndarray:
        """u after the step; (1 + ½τL)(1 - ½τL)⁻¹ is 2 (1 - ½τL)⁻¹ - 1."""
        if self._half is None:
            v = self._x.balanced(np.multiply(u.T, self._into, order="C"))
            return self._y.balanced(np.multiply(v.T, self._back, order="C"))
        v = np.multiply(_reflected(self._y, u).T, self._into, order="C")
        return np.multiply(_reflected(self._x, v).T, self._back, order="C")


def _reflected(step, u: np.ndarray) -> np.ndarray:
    """2 (1 - ½τL)⁻¹ u - u."""
    v = step.balanced(u)
    v *= 2
    v -= u
    return v


def _scalings(root_x, root_y):
    """Factors √π_y/√π_x (n_y, n_x), back (n_x, n_y), and √π_y; ones where there is no √π."""
    x, y = (np.ones(()) if root is None else root for root in (root_x, root_y))
    return y.T / x, x.T / y, y


def stepper(grid: Grid, rates: list[Rates], tau: float, method: str, split: bool):
    """The step of a size: split where asked for on a rectangle, else whole."""
    made = Split if split and grid.dim == 2 else Whole
    return made(grid, rates, tau, method)


def _implicit(grid: Grid, rates: list[Rates], tau: float):
    if grid.dim == 1:
        return Implicit(rates[0], tau)
    return _Sparse(grid, rates, tau)


class _Sparse:
    """(1 - τL)⁻¹ on a rectangle by a sparse LU of the whole; of long steps by `Blocks`."""

    root = None

    def __init__(self, grid: Grid, rates: list[Rates], tau: float):
        from scipy.sparse import diags
        from scipy.sparse.linalg import splu

        C, exits, out = couplings(grid, rates)
        if tau * exits.max() > _LONG:
            self._lu = Blocks(tau * C, 1 + tau * out, *ordering(grid))
            return
        matrix = diags(1 + tau * exits) - tau * C
        options = {"SymmetricMode": True}
        self._lu = splu(
            matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options
        )

    def balanced(self, m: np.ndarray) -> np.ndarray:
        """The masses after the step."""
        return self._lu.solve(m.ravel()).reshape(m.shape)


def generator(grid: Grid, rates: list[Rates]):
    """The generator L, dm/dt = L m, as a sparse matrix over the cells, last direction fastest.

    Column j: what leaves cell j, minus on the diagonal, and where it goes.
    """
    from scipy.sparse import diags

    C, exits, _ = couplings(grid, rates)
    return (C - diags(exits)).tocsc()


def couplings(grid: Grid, rates: list[Rates]):
    """The rates between cells, sparse [to, from]; all that leaves a cell; what leaves the grid."""
    from scipy.sparse import coo_matrix

    size = int(np.prod(grid.shape))
    cells = np.arange(size).reshape(grid.shape)
    rows, columns, values = [], [], []
    exits, out = np.zeros(grid.shape), np.zeros(grid.shape)

    def add(to, source, rate):
        rows.append(to.ravel())
        columns.append(source.ravel())
        values.append(np.broadcast_to(rate, source.shape).ravel())

    for j, r in enumerate(rates):
        turned = grid.dim == 2 and j == 0
        exits += r.exits.T if turned else r.exits.reshape(grid.shape)
        out += r.out.T if turned else r.out.reshape(grid.shape)
        lines = cells.T if turned else np.atleast_2d(cells)
        add(lines[:, 1:], lines[:, :-1], r.up)
        add(lines[:, :-1], lines[:, 1:], r.down)
        if r.wrap is not None:
            add(lines[:, 0], lines[:, -1], r.wrap[0])
            add(lines[:, -1], lines[:, 0], r.wrap[1])
    joined = (np.concatenate(part) for part in (values, rows, columns))
    value, row, column = joined
    C = coo_matrix((value, (row, column)), shape=(size, size)).tocsc()
    C.eliminate_zeros()
    return C, exits.ravel(), out.ravel()

"""Cells of a line or a rectangle, and what happens at their ends."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_callable, as_count, as_real, as_scalar, require_finite

ENDS = ("reflecting", "absorbing", "periodic")


class Axis:
    """One direction: edges (n + 1,), centres (n,), widths (n,), and its two ends."""

    def __init__(self, edges: np.ndarray, ends: tuple[str, str]):
        self.edges, self.ends = _kept(edges), ends
        self.widths = _kept(np.diff(edges))
        self.centres = _kept(edges[:-1] + self.widths / 2)

    @property
    def periodic(self) -> bool:
        """Whether the last cell is a neighbour of the first."""
        return self.ends[0] == "periodic"

    def __len__(self):
        return len(self.centres)


class Grid:
    """Cells of an interval, or of a rectangle, on which densities are numbers.

        Grid(edges)  or  Grid(edges_x, edges_y);   density p_i: mass m_i = p_i w_i of cell i

    Arguments: edges (n + 1,), increasing, n >= 2 (3 where periodic), equally spaced or not; two
    for a rectangle; ends, for all directions or a tuple with one for each: "reflecting" (no
    flux), "absorbing" (density 0 there: mass leaves), "periodic" (the last edge is the first),
    or a pair (low, high) of the first two. Attributes: shape, (n,) or (n_x, n_y); centres
    (*shape, d); volumes, of shape; axes; arrays are read-only.
    Raises: ValueError for edges that do not increase, ends that are none.
    Checked by: density_evolution, stationary_density, spectral_gap
    """

    def __init__(self, *edges, ends="reflecting"):
        if len(edges) not in (1, 2):
            raise ValueError(f"a Grid has edges of one direction or of two, got {len(edges)}")
        given = _ends_of(ends, len(edges))
        names = ("edges",) if len(edges) == 1 else ("edges of x", "edges of y")
        self.axes = tuple(
            Axis(_increasing(e, name, pair), pair) for e, name, pair in zip(edges, names, given)
        )
        self.shape = tuple(len(axis) for axis in self.axes)
        sides = np.meshgrid(*(axis.centres for axis in self.axes), indexing="ij")
        self.centres = _kept(np.stack(sides, axis=-1))
        self.volumes = self.axes[0].widths
        if self.dim == 2:
            with np.errstate(all="ignore"):
                self.volumes = _kept(np.outer(self.axes[0].widths, self.axes[1].widths))
        with np.errstate(all="ignore"):
            if not (np.isfinite(1 / self.volumes).all() and np.isfinite(self.volumes.sum())):
                raise ValueError("edges must leave volumes of cells, and 1 over them, to floats")

    @property
    def dim(self) -> int:
        """1 or 2."""
        return len(self.axes)

    @property
    def conservative(self) -> bool:
        """Whether no mass can leave."""
        return all("absorbing" not in axis.ends for axis in self.axes)

    def mass(self, density) -> float:
        """Σ p_i w_i.

        Checked by: density_evolution
        """
        return float(np.sum(as_array(density, "density", self.shape) * self.volumes))

    def density(self, of) -> np.ndarray:
        """A density on the cells: p at the centres, scaled to the mass 1.

            p_i = p(x_i) / Σ_j p(x_j) w_j

        Arguments: of, a law with log_density, a function log p of points (m, d) -> (m,), or
        numbers of the grid's shape, at least 0. Returns: the grid's shape. Raises: ValueError
        where all is 0 or below 0. Cost: one evaluation a cell.
        Tested in: tests/diffusion/test_fokker_planck.py
        """
        if hasattr(of, "log_density") or callable(of):
            log_p = as_callable(getattr(of, "log_density", of), "of")(self.points.copy())
            log_p = as_real(log_p, "of(centres)").reshape(self.shape)
            if np.isnan(log_p).any() or not np.isfinite(log_p.max()):
                raise ValueError("of(centres), a log density, must not be NaN or inf everywhere")
            values = np.exp(log_p - log_p.max())
        else:
            values = as_array(of, "of", self.shape)
            _at_least_zero(values, "of")
        total = np.sum(values * self.volumes)
        if not total > 0:
            raise ValueError("of must be positive in some cell, got 0 in all of them")
        return values / total

    @property
    def points(self) -> np.ndarray:
        """The centres as rows (m, d), the last direction fastest."""
        return self.centres.reshape(-1, self.dim)

    def __repr__(self):
        ends = [(a.edges[0], a.edges[-1], *a.ends) for a in self.axes]
        said = ", ".join(f"[{low:g}, {high:g}] {a}/{b}" for low, high, a, b in ends)
        return f"Grid({' x '.join(map(str, self.shape))} cells, {said})"


def uniform_grid(low, high, n, *, ends="reflecting") -> Grid:
    """A Grid of equal cells.

    Arguments: low < high, numbers, or pairs for a rectangle; n cells, or a pair; ends, as
    `Grid`'s. Raises: ValueError for ends out of order.
    Checked by: density_evolution, stationary_density, spectral_gap
    """
    sides = (low, high, n)
    pairs = [len(side) if isinstance(side, (tuple, list, np.ndarray)) else 0 for side in sides]
    if pairs == [0, 0, 0]:
        sides = [low], [high], [n]
    elif pairs != [2, 2, 2]:
        raise ValueError(f"low, high and n must be three numbers or three pairs, got {sides!r}")
    edges = [
        np.linspace(as_scalar(a, "low"), as_scalar(b, "high"), as_count(k, "n", minimum=2) + 1)
        for a, b, k in zip(*sides)
    ]
    return Grid(*edges, ends=ends)


def _kept(array: np.ndarray) -> np.ndarray:
    """An array of one's own, read-only."""
    array.flags.writeable = False
    return array


def as_grid(grid) -> Grid:
    """`grid`, which must be a Grid."""
    if not isinstance(grid, Grid):
        raise TypeError(f"grid must be a Grid, got {type(grid).__name__}")
    return grid


def as_density(density, grid: Grid) -> np.ndarray:
    """A density on the cells: at least 0, of mass 1 (at most 1 where mass can leave)."""
    density = as_array(density, "density", grid.shape)
    _at_least_zero(density, "density")
    mass = grid.mass(density)
    if abs(mass - 1) > 1e-6 and not (0 < mass < 1 and not grid.conservative):
        raise ValueError(
            f"density must have mass 1 on the grid, got {mass:.9g}; grid.density(...) scales it"
        )
    return density


def _at_least_zero(values: np.ndarray, name: str) -> None:
    if values.min() < 0:
        at = tuple(int(i) for i in np.argwhere(values < 0)[0])
        raise ValueError(f"{name} must be at least 0, got {values[at]:.3g} at index {at}")


def _increasing(edges, name: str, ends: tuple[str, str]) -> np.ndarray:
    edges = require_finite(as_real(edges, name), name)
    least = 4 if ends[0] == "periodic" else 3
    if edges.ndim != 1 or len(edges) < least:
        raise ValueError(f"{name} must have shape (n + 1,) with n >= {least - 1}: {edges.shape}")
    for i in np.flatnonzero(np.diff(edges) <= 0)[:1] + 1:
        before, here = edges[i - 1 : i + 1].tolist()
        raise ValueError(f"{name} must increase, got {here!r} at index {i} after {before!r}")
    return edges.copy()


def _ends_of(ends, dim: int) -> list[tuple[str, str]]:
    """A pair of ends for every direction."""
    wanted = f"ends must be one of {', '.join(ENDS)}, a pair of them, or one or a pair a direction"
    if not isinstance(ends, (str, tuple, list)):
        raise TypeError(f"{wanted}; got {ends!r}")
    given = [ends] * dim if isinstance(ends, str) else list(ends)
    if dim == 1 and len(given) == 2:  # the two ends of the one direction
        given = [given]
    pairs = [(one, one) if isinstance(one, str) else tuple(one) for one in given]
    if len(pairs) != dim or any(len(p) != 2 or not set(p) <= set(ENDS) for p in pairs):
        raise ValueError(f"{wanted}; got {ends!r}")
    for low, high in pairs:
        if (low == "periodic") != (high == "periodic"):
            raise ValueError(f"ends must both be periodic, or neither; got {low!r} and {high!r}")
    return pairs

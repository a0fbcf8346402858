"""Exponentially fitted rates of mass between neighbouring cells."""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float
from refscore.diffusion.fokker_planck.coefficients import Coefficients
from refscore.diffusion.fokker_planck.grid import Axis, Grid

# Gauss-Legendre on (0, 1): the drift between two centres is averaged to sixth order
_NODES, _WEIGHTS = (v / 2 for v in np.polynomial.legendre.leggauss(3))
_NODES, _STOPS = _NODES + 0.5, np.array([0.0, 0.5, 1.0])
_POINTS = 2**19  # at which drift and diffusion are evaluated at a time
_NO_DIFFUSION = 1e-200  # stands for D = 0: the rates are those of upwinding


def bernoulli(z) -> np.ndarray:
    """B(z) = z / (e^z - 1), to full relative precision: B(0) = 1, B(z) - B(-z) = -z.

    Arguments: z, of any shape. Returns: its shape, at least 0.
    Checked by: density_evolution, stationary_density
    """
    z = np.asarray(z, dtype=float)
    with np.errstate(all="ignore"):
        return np.where(z == 0, 1.0, z / np.expm1(z))


class Rates:
    """Rates of mass along the lines of one direction, each array (k lines, n - 1 or n cells).

        dm_i/dt = up_{i-1} m_{i-1} + down_i m_{i+1} - (up_i + down_{i-1} + out_i) m_i

    A birth-death chain: every column sums to minus what leaves, so mass is kept. `up[:, i]`
    goes from cell i to i + 1, `down[:, i]` back, `out` (k, n) through absorbing ends; `wrap`,
    of a periodic line, from the last cell to the first and back, (k,) each. `jumps` (k, n - 1):
    log(p_{i+1}/p_i) without flux. `exits` (k, n): all that leaves a cell by these lines;
    `still`: whether nothing moves between some two neighbours.
    """

    def __init__(self, axis: Axis, speed, jumps):
        """`speed` D/gap (k, n - 1) and `jumps` between the centres."""
        with beyond_float():
            self.up = speed * bernoulli(-jumps) / axis.widths[:-1]
            self.down = speed * bernoulli(jumps) / axis.widths[1:]
        self.axis, self.jumps = axis, jumps
        self.still = not (np.maximum(self.up, self.down) > 0).all()
        self.out = np.zeros((len(speed), len(axis)))
        self.wrap: tuple[np.ndarray, np.ndarray] | None = None
        self.exits = self.out.copy()
        self.exits[:, :-1] += self.up
        self.exits[:, 1:] += self.down

    def open_end(self, cell: int, speed, jump) -> None:
        """Mass leaves from a cell through its wall; speed and jump (k,) from centre to wall."""
        rate = speed * bernoulli(-jump) / self.axis.widths[cell]
        self.out[:, cell] += rate
        self.exits[:, cell] += rate

    def close_round(self, speed, jump) -> None:
        """The last cell becomes a neighbour of the first: speed and jump (k,) from it."""
        up = speed * bernoulli(-jump) / self.axis.widths[-1]
        down = speed * bernoulli(jump) / self.axis.widths[0]
        self.exits[:, -1] += up
        self.exits[:, 0] += down
        self.wrap = up, down

    def apply(self, m: np.ndarray) -> np.ndarray:
        """dm/dt by these lines, (k, n), from masses (k, n); flux by flux, so its sum is 0."""
        rate = -self.out * m
        flux = self.up * m[:, :-1] - self.down * m[:, 1:]
        rate[:, :-1] -= flux
        rate[:, 1:] += flux
        if self.wrap is not None:
            flux = self.wrap[0] * m[:, -1] - self.wrap[1] * m[:, 0]
            rate[:, -1] -= flux
            rate[:, 0] += flux
        return rate


def rates(coefficients: Coefficients, grid: Grid, t: float) -> list[Rates]:
    """The rates of every direction at time t.

        J = (D/h) (B(-P) p_i - B(P) p_{i+1}),  D = g²/2,  P = ∫ (f - D')/D dx

    between the centres x_i and x_{i+1} = x_i + h: the flux (f - D') p - D p' were it constant
    there, so a density without flux is exact. ∫ f/D by three Gauss points, ∫ D'/D = log D's
    change; where D touches 0, f - D' is upwinded.
    Source: Scharfetter and Gummel 1969; Chang and Cooper 1970.
    """
    found = [_of_direction(coefficients, grid, j, t) for j in range(grid.dim)]
    for r in found:
        if not np.isfinite(r.exits).all():
            raise ValueError(
                "drift and diffusion over widths of the grid must be rates that floats carry,"
                f" got {r.exits.max():.3g} at t = {t:g}"
            )
    return found


def _of_direction(coefficients, grid: Grid, j: int, t: float) -> Rates:
    axis = grid.axes[j]
    others = grid.axes[1 - j].centres if grid.dim == 2 else None

    def between(a, b):
        return _link(coefficients, a, b, others, j, t)

    x, e = axis.centres, axis.edges
    found = Rates(axis, *between(x[:-1], x[1:]))
    if axis.periodic:
        found.close_round(*_wrapped(between, x[-1], e[-1], e[0], x[0]))
    for cell, end in zip((0, -1), axis.ends):
        if end == "absorbing":
            speed, jump = between(x[[cell]], e[[cell]])
            found.open_end(cell, speed[:, 0], jump[:, 0])
    return found


def _wrapped(between, last, high, low, first):
    """The link over the periodic end: half in the last cell, half in the first."""
    one, two = (between(np.array([a]), np.array([b])) for a, b in ((last, high), (low, first)))
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = 1 / (1 / one[0][:, 0] + 1 / two[0][:, 0])
    return speed, one[1][:, 0] + two[1][:, 0]


def _link(coefficients, a, b, others, j: int, t: float):
    """D/h and P from points a to b (m,) of every line, (lines, m); h = |b - a|."""
    if others is None:
        return _link_of(coefficients, a, b, None, j, t)
    lines = max(1, _POINTS // (3 * len(a)))  # at a time: the points of all may be too many
    parts = [
        _link_of(coefficients, a, b, others[k : k + lines], j, t)
        for k in range(0, len(others), lines)
    ]
    return tuple(np.concatenate(part) for part in zip(*parts))


def _link_of(coefficients, a, b, others, j: int, t: float):
    span, lines = b - a, 1 if others is None else len(others)
    inner = _points(a + _NODES[:, None] * span, others, j)
    f = coefficients.drift(inner, t)[:, j].reshape(lines, 3, -1)
    squared = coefficients.squared(inner, t)
    if squared.ndim == 0:  # one number everywhere
        with beyond_float():
            return _moved(0.5 * squared, span, span / _least(0.5 * squared) * _mean(f))
    outer = coefficients.squared(_points(a + _STOPS[:, None] * span, others, j), t)
    inside, ends = (0.5 * _along(v, j).reshape(lines, 3, -1) for v in (squared, outer))
    low, middle, high = np.moveaxis(ends, 1, 0)
    with np.errstate(all="ignore"):
        P = span * _mean(f / inside) - np.log(high / low)
        positive = np.minimum(inside.min(axis=1), ends.min(axis=1)) > 0
        if not positive.all():
            carried = span * _mean(f) - (high - low)
            P = np.where(positive, P, carried / _least(middle))
        return _moved(middle, span, P)


def _least(D):
    return np.maximum(D, _NO_DIFFUSION)


def _moved(D, span, P):
    """D/h and P; both 0 where nothing moves."""
    return np.where((D <= _NO_DIFFUSION) & (P == 0), 0.0, _least(D) / np.abs(span)), P


def _mean(values: np.ndarray) -> np.ndarray:
    """Gauss's mean over the middle axis of (lines, 3, m)."""
    w = _WEIGHTS
    return w[0] * values[:, 0] + w[1] * values[:, 1] + w[2] * values[:, 2]


def _along(squared: np.ndarray, j: int) -> np.ndarray:
    return squared if squared.ndim == 1 else squared[:, j]


def _points(along: np.ndarray, others, j: int) -> np.ndarray:
    """Points (lines * stops * m, d): every line's own coordinate beside those along it."""
    if others is None:
        return along.reshape(-1, 1)
    here = np.broadcast_to(along, (len(others), *along.shape))
    there = np.broadcast_to(others[:, None, None], here.shape)
    return np.stack([here, there] if j == 0 else [there, here], axis=-1).reshape(-1, 2)

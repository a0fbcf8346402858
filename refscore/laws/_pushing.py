"""A density on the line pushed forward by maps without noise, its folds and steep places found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

GRID = 4096  # points that the image is first seen at
_MOST = 1 << 17  # and at most
_EVEN = 3.0  # slopes of neighbouring cells over each other, where a cell is resolved
_LEVEL = 1e-9  # of the interval: rises that are flat, where the image turns back
_ALLOWED = 1e-8  # error of a density, over itself or over that of an even spread
_ENOUGH = 1e-12  # error of a slope over itself, where halving steps ends
_FIRST = 2.0**-9  # of the interval: the first step of a difference
_HALVINGS, _COLUMNS = 28, 5
_TRIALS = 60
_ROOM = 1 << 21  # pairs of points and cells compared at a time
_NOTHING = 1e-12  # density whose images need not be known where they turn back
_OFF = "points must lie off those where the image turns back, where the density is infinite"


def pushed(density: Callable, maps: list[Callable], c, low: float, high: float) -> np.ndarray:
    """Σ ρ(x)/|F'(x)| over all x with F(x) = c, F the maps one after the other, for every c (k,).

    All roots: F is seen at points that come nearer where its slope changes, to where it turns
    back. F' by the chain rule, each map's own slope by Romberg's differences with steps halved
    until they agree. Raises: ValueError where F folds too often, or F' is not known to 1e-8.
    """
    c = np.asarray(c)
    if not maps:
        return by_parts(lambda y: np.where((low <= y) & (y <= high), density(y), 0.0), c, 1024)

    def image(x):
        for m in maps:
            x = m(x)
        return x

    x, y = _resolved(image, np.linspace(low, high, GRID), high - low)
    _require_off(c, _turns(x, y, density), _LEVEL * (high - low))

    def one_part(c):
        out, error = np.zeros((2, len(c)))
        i, j = np.nonzero((y[None, :-1] <= c[:, None]) != (y[None, 1:] <= c[:, None]))
        roots = _roots(lambda u, k: image(u) - c[i[k]], x[j], x[j + 1])
        slope, off = _slope_of(maps, roots, _FIRST * (high - low))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(density(roots) > 0, density(roots) / np.abs(slope), 0.0)
            np.add.at(out, i, share)
            np.add.at(error, i, np.where(share > 0, share * off, 0.0))
        _require_known(c, out, error, 1 / (high - low))
        return out

    return by_parts(one_part, c, max(1, _ROOM // len(x)))


def by_parts(function: Callable, c: np.ndarray, size: int) -> np.ndarray:
    """function(c) (k,), of at most `size` points at a time."""
    parts = [function(c[k : k + size]) for k in range(0, len(c), size)]
    return np.concatenate([np.zeros(0), *parts])


def _resolved(image: Callable, x: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Points x and images, cells cut in four until slopes change by a factor of 3 at most."""
    y = image(x)
    while True:
        gaps, rises = np.diff(x), np.diff(y)
        a, b = np.abs(rises / gaps)[:-1], np.abs(rises / gaps)[1:]
        even = (rises[:-1] * rises[1:] > 0) & (np.maximum(a, b) <= _EVEN * np.minimum(a, b))
        rises = np.abs(rises)
        even |= np.maximum(rises[:-1], rises[1:]) <= _LEVEL * length
        cut = np.append(~even, False) | np.append(False, ~even)
        cut &= gaps > 8 * np.spacing(np.abs(x).max())
        if not cut.any():
            return x, y
        new = (x[:-1, None] + gaps[:, None] * [0.25, 0.5, 0.75])[cut].ravel()
        if len(x) + len(new) > _MOST:
            raise ValueError(
                f"step and times must fold the line less often: {_MOST} points of low to high do"
                " not show where its image turns back"
            )
        at = np.searchsorted(x, new)
        x, y = np.insert(x, at, new), np.insert(y, at, image(new))


def _roots(function: Callable, a, b) -> np.ndarray:
    """Zeros between a and b, where function(·, index) changes sign, by the Pegasus rule."""
    k, result = np.arange(len(a)), b.copy()
    f_a, f_b = function(a, k), function(b, k)
    for _ in range(_TRIALS):
        with np.errstate(divide="ignore", invalid="ignore"):
            step = f_b * (b - a) / (f_b - f_a)
            c = np.where(f_b == 0, b, b - step)
            f_c = function(c, k)
            crossed = f_c * f_b < 0
            f_a = np.where(crossed, f_b, np.where(f_b == 0, f_a, f_a * f_b / (f_b + f_c)))
        a, moved = np.where(crossed, b, a), np.abs(c - b)
        b, f_b = c, f_c
        result[k] = b
        left = moved > 1e-15 * np.abs(b)
        if not left.any():
            break
        a, b, f_a, f_b, k = a[left], b[left], f_a[left], f_b[left], k[left]
    return result


def _slope_of(maps: list[Callable], x: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """(F', its error over itself) (n,): the product of the maps' slopes along the way."""
    slope, off = np.ones(len(x)), np.zeros(len(x))
    for m in maps:
        own, error = _difference(m, x, step)
        slope *= own
        with np.errstate(divide="ignore", invalid="ignore"):
            off += np.where(own == 0, np.inf, error / np.abs(own))
        x = m(x)
    return slope, off


def _difference(m: Callable, x: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """(m'(x), its error) (n,), each x with the step at which Romberg's table agrees best.

    T_k0 = (m(x + h_k) - m(x - h_k))/2h_k,  h_k = h/2^k,  T_kj = T_k(j-1) + ΔT/(4^j - 1)
    """
    best, error = np.zeros(len(x)), np.full(len(x), np.inf)
    k, row = np.arange(len(x)), list[np.ndarray]()
    for _ in range(_HALVINGS):
        if not len(k):
            break
        up, down = x[k] + step, x[k] - step
        new = [(m(up) - m(down)) / (up - down)]
        for j, before in enumerate(row[:_COLUMNS]):
            new.append(new[j] + (new[j] - before) / (4.0 ** (j + 1) - 1))
            off = np.maximum(np.abs(new[j + 1] - new[j]), np.abs(new[j + 1] - before))
            better = off < error[k]
            best[k], error[k] = (
                np.where(better, new[j + 1], best[k]),
                np.where(better, off, error[k]),
            )
        left = error[k] > _ENOUGH * np.abs(best[k])
        k, row, step = k[left], [t[left] for t in new], step / 2
    return best, error


def _turns(x, y, density: Callable) -> np.ndarray:
    """The images at which F turns back, rising, but for those that next to nothing comes to."""
    back = np.flatnonzero((y[1:-1] - y[:-2]) * (y[2:] - y[1:-1]) <= 0) + 1
    return np.sort(y[back][density(x[back]) > _NOTHING])


def _require_off(c, turns: np.ndarray, level: float) -> None:
    near = np.searchsorted(turns, c - level) < np.searchsorted(turns, c + level, side="right")
    for point in c[near][:1]:
        raise ValueError(f"{_OFF}; got {point:.6g}, which is at one to {level:.2g}")


def _require_known(c, density, error, even: float) -> None:
    bad = ~(error <= _ALLOWED * np.maximum(density, even))
    for i in np.flatnonzero(bad)[:1]:
        raise ValueError(
            f"{_OFF}: at {c[i]:.6g} it is {density[i]:.6g}, known to {error[i]:.2g} only"
        )

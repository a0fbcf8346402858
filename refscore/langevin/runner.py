"""The runner: draws the noise, iterates a step, keeps running moments; nothing else is random."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_callable, as_count, as_points, as_positive, as_rng

_BLOCK = 1 << 16


class Run(NamedTuple):
    """What a chain leaves behind.

    x, the last points (..., d); mean (d,) and covariance (d, d) of all kept points of all
    chains (None unless asked for, covariance with 1/n_points); n_points, how many those are;
    trajectory, the kept points (n_kept, ..., d), or None.
    """

    x: np.ndarray
    mean: np.ndarray | None
    covariance: np.ndarray | None
    n_points: int
    trajectory: np.ndarray | None


def run(
    step: Callable, x0, n_steps: int, *, rng=None, burn_in: int = 0, thin: int = 1,
    moments: bool = True, trajectory: bool = False, callback: Callable | None = None,
    noise_shape: tuple | None = None, memory_limit: float = 2.0**30,
) -> Run:  # fmt: skip
    """x_k = step(x_{k-1}, z_k) for k = 1 .. n_steps, z_k ~ N(0, I); chains along leading axes.

    Kept are the points after steps burn_in + thin, burn_in + 2 thin, ... <= n_steps.
    Arguments: step(x, noise) -> x; x0 (..., d), untouched; rng: anything
    numpy.random.default_rng takes, a Generator used as given; moments, keep the running mean
    and covariance; trajectory, keep every kept point; callback(k, x) at every kept point, x
    read-only; noise_shape, that of x unless given; memory_limit in bytes for the trajectory.
    Returns: Run; same seed, same points, whatever is kept.
    Raises: ValueError when the chain leaves the finite numbers (naming step and step size),
    when the trajectory would not fit, or naming the argument.
    Cost: n_steps steps; memory of a few blocks of noise beside the trajectory.
    Tested in: tests/langevin/test_runner.py
    """
    step, x = as_callable(step, "step"), as_points(x0, "x0").copy()
    n_steps, thin = as_count(n_steps, "n_steps", minimum=0), as_count(thin, "thin")
    burn_in, rng = as_count(burn_in, "burn_in", minimum=0), as_rng(rng)
    memory_limit = as_positive(memory_limit, "memory_limit")
    n_kept = max(0, n_steps - burn_in) // thin
    kept = _reserve((n_kept, *x.shape), memory_limit) if trajectory else None
    running = _Moments(x.shape[-1]) if moments else None
    if not isinstance(noise_shape, (tuple, list, type(None))):
        raise TypeError(f"noise_shape must be a tuple of whole numbers, got {noise_shape!r}")
    shape = x.shape if noise_shape is None else tuple(noise_shape)
    for start, noise in _blocks(shape, n_steps, rng):
        before = x
        for k, z in enumerate(noise, start + 1):
            x = _advance(step, x, z, k)
            index, off = divmod(k - burn_in, thin)
            if k <= burn_in or off:
                continue
            if kept is not None:
                kept[index - 1] = x
            if running is not None:
                running.add(x)
            if callback is not None:
                callback(k, _read_only(x))
        _require_finite(step, x, before, noise, start)
        x = x.copy() if np.may_share_memory(x, noise) else x
    mean, covariance = (None, None) if running is None else running.result()
    return Run(x, mean, covariance, n_kept * (x.size // x.shape[-1]), kept)


def _advance(step, x, z, k) -> np.ndarray:
    """One step; a shape that changes is an error, and so is a step that refuses its own output."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            new = np.asarray(step(x, z))
    except ValueError:
        if np.isfinite(x).all():
            raise
        raise _divergence(step, k - 1) from None
    if new.shape != x.shape:
        raise ValueError(f"step must keep the shape of x, {x.shape}, got shape {new.shape}")
    return new


def _require_finite(step, last, x, noise, start: int) -> None:
    """Raise if the last points are not finite, naming the first such step by a replay."""
    if np.isfinite(last).all():
        return
    for k, z in enumerate(noise, start + 1):
        x = _advance(step, x, z, k)
        if not np.isfinite(x).all():
            raise _divergence(step, k)


def _divergence(step, k: int) -> ValueError:
    size = getattr(step, "step_size", None)
    named = "its step size is not known" if size is None else f"step_size is {size:.6g}"
    return ValueError(f"the chain left the finite numbers at step {k} ({named}; try a smaller one)")


def _blocks(shape: tuple, n_steps: int, rng: np.random.Generator):
    """(first step, noise (b, *shape)) over one reused buffer; the stream ignores the blocks."""
    each = max(1, math.prod(as_count(s, "noise_shape", minimum=0) for s in shape))
    length = max(1, min(n_steps, _BLOCK // each))
    buffer = np.empty((length, *shape))
    for start in range(0, n_steps, length):
        noise = buffer[: min(length, n_steps - start)]
        rng.standard_normal(out=noise)
        yield start, noise


def _reserve(shape: tuple, memory_limit) -> np.ndarray:
    needed = 8.0 * np.prod(shape, dtype=float)
    if needed > memory_limit:
        raise ValueError(
            f"trajectory would take {needed:.3g} bytes, above memory_limit {memory_limit:.3g};"
            " thin the chain, or use moments or callback"
        )
    return np.empty(shape)


def _read_only(x: np.ndarray) -> np.ndarray:
    view = x.view()
    view.flags.writeable = False
    return view


class _Moments:
    """Running mean and scatter, merged batch by batch (Chan, Golub and LeVeque 1983)."""

    def __init__(self, dim: int):
        self.count, self.mean = 0, np.zeros(dim)
        self.scatter = np.zeros((dim, dim))

    def add(self, x: np.ndarray) -> None:
        rows = x.reshape(-1, x.shape[-1])
        n, total = len(rows), self.count + len(rows)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.full(n, 1 / n) @ rows if n else self.mean
            centred = _less(rows, mean)
            shift = mean - self.mean
            self.scatter += centred.T @ centred
            self.scatter += np.outer(shift, shift) * (self.count * n / max(1, total))
            self.mean = self.mean + shift * (n / max(1, total))
        self.count = total

    def result(self):
        if not self.count:
            return None, None
        return self.mean, self.scatter / self.count


def _less(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Rows - mean, several rows at a time: short rows make slow inner loops."""
    together = math.gcd(len(rows), 64) or 1
    wide = rows.reshape(-1, together * rows.shape[1])
    return (wide - np.tile(mean, together)).reshape(rows.shape)

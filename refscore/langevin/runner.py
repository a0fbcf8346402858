"""The runner: draws the noise, iterates a step, keeps running moments; nothing else is random."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_callable, as_count, as_points, as_positive, as_rng
from refscore.fields.base import read_only
from refscore.langevin.chains import Chains
from refscore.langevin.moments import Moments
from refscore.langevin.noise import Drawn, given, shapes_for
from refscore.langevin.progress import Progress

ROWS = 1024  # chains that share a stream when there are workers
_BLOCKS = 16  # of noise that a worker uses before all workers meet


class Run(NamedTuple):
    """What a chain leaves behind.

    x, the last points (..., d); mean (d,) and covariance (d, d) of all kept points of all
    chains (None unless asked for, covariance with 1/n_points); n_points, how many those are;
    trajectory, the kept points (n_kept, ..., d), or None; acceptance (...,), the part of the
    proposals each chain took, None for steps without a test; n_steps, how many were made.
    """

    x: np.ndarray
    mean: np.ndarray | None
    covariance: np.ndarray | None
    n_points: int
    trajectory: np.ndarray | None
    acceptance: np.ndarray | None = None
    n_steps: int = 0


def run(
    step: Callable, x0, n_steps: int, *, rng=None, noise=None, burn_in: int = 0, thin: int = 1,
    moments: bool = True, trajectory: bool = False, callback: Callable | None = None,
    progress: bool = False, workers: int | None = None, noise_shape: tuple | None = None,
    memory_limit: float = 2.0**30,
) -> Run:  # fmt: skip
    """x_k = step(x_{k-1}, z_k) for k = 1 .. n_steps, z_k the noise the step takes.

    Kept are the points after steps burn_in + thin, burn_in + 2 thin, ... <= n_steps.
    Arguments: step(x, noise) -> x, taking the parts it names (`step.parts`; N(0, I) of the shape
    of x, or noise_shape, if it names none); x0 (..., d), untouched, chains along leading axes;
    rng: anything numpy.random.default_rng takes, a Generator used as given; or noise, all of it,
    (n_steps, ...) for each part; moments, keep the running mean and covariance; trajectory,
    keep every kept point; callback(k, x) at every kept point, x read-only; progress, show it
    (tqdm where installed); workers, threads: blocks of 1024 chains (first axis) with streams of
    their own, spawned from rng, so that the result is the same for 1, 2, 3, ... workers (None:
    one stream for all, in the order of the steps); memory_limit in bytes for the trajectory.
    Returns: Run; same seed, same points, whatever is kept. With a Generator for rng, a second
    run from run.x goes on where the first ended.
    Raises: ValueError when the chain leaves the finite numbers (naming step and step size),
    when the trajectory would not fit, or naming the argument. An exception on the way,
    KeyboardInterrupt included, carries what was kept so far as its attribute `run` (with
    workers some blocks may be ahead: its trajectory goes as far as all have come).
    Cost: n_steps steps; memory of a few blocks of noise beside the trajectory.
    Checked by: langevin_chain, langevin_chain_draws, mixture_chain_draws
    """
    step, x = as_callable(step, "step"), as_points(x0, "x0").copy()
    n_steps, thin = as_count(n_steps, "n_steps", minimum=0), as_count(thin, "thin")
    burn_in, rng = as_count(burn_in, "burn_in", minimum=0), _source(rng, noise)
    memory_limit = as_positive(memory_limit, "memory_limit")
    if callback is not None:
        as_callable(callback, "callback")
    if not isinstance(progress, (bool, np.bool_)):
        raise TypeError(f"progress must be True or False, got {progress!r}")
    n_kept = max(0, n_steps - burn_in) // thin
    kept = _reserve((n_kept, *x.shape), memory_limit) if trajectory else None
    _keep_freed_memory()
    rows = _rows(step, x, workers)
    supplies = _supplies(step, x, rows, n_steps, rng, noise, noise_shape)
    chains = []
    for block, supply in zip(rows, supplies):
        part = Chains(step, x[block], supply, burn_in, thin)
        part.moments = Moments(x.shape[-1]) if moments else None
        part.kept = None if kept is None else kept[(slice(None), *block)]
        chains.append(part)
    return _loop(chains, n_steps, callback, progress, workers, x.shape, kept)


def _loop(chains, n_steps, callback, progress, workers, shape, kept) -> Run:
    n_told = 0
    try:
        with _pool(workers, chains) as pool, Progress(n_steps, bool(progress)) as shown:
            for stop in _stops(chains[0], n_steps, callback, workers, progress):
                for _ in pool.map(Chains.advance_to, chains, [stop] * len(chains)):
                    pass
                shown.update(stop)
                if callback is not None and chains[0].n_kept > n_told:
                    n_told = chains[0].n_kept
                    callback(stop, read_only(_together(chains, shape)))
    except BaseException as error:
        with contextlib.suppress(Exception):  # one that cannot carry it is raised all the same
            error.run = _result(chains, shape, kept)  # type: ignore[attr-defined]
        raise
    return _result(chains, shape, kept)


def _result(chains: list[Chains], shape: tuple, kept) -> Run:
    total, d = Moments(shape[-1]), shape[-1]
    for part in chains:
        if part.moments is not None:
            total.merge(part.moments)
    n_points = sum(part.n_kept * (part.x.size // d) for part in chains)
    trajectory = None if kept is None else kept[: min(part.n_kept for part in chains)]
    rates = [part.acceptance() for part in chains]
    known = [np.atleast_1d(rate) for rate in rates if rate is not None]
    acceptance = np.concatenate(known).reshape(shape[:-1]) if len(known) == len(chains) else None
    n_steps = min(part.k for part in chains)
    return Run(_together(chains, shape), *total.result(), n_points, trajectory, acceptance, n_steps)


def _together(chains: list[Chains], shape: tuple) -> np.ndarray:
    if len(chains) == 1:
        return chains[0].x
    return np.concatenate([part.x for part in chains]).reshape(shape)


def _stops(first: Chains, n_steps: int, callback, workers, progress) -> Iterator[int]:
    """Where all chains meet: at every kept point for a callback, else now and then."""
    if callback is not None:
        yield from range(first.burn_in + first.thin, n_steps + 1, first.thin)
    elif workers is not None or progress:
        segment = first.supply.length * _BLOCKS
        yield from range(segment, n_steps, segment)
    yield n_steps


def _rows(step, x: np.ndarray, workers) -> list[tuple]:
    """The blocks of chains that have a stream of their own, as indices of the first axis."""
    if workers is None:
        return [()]
    as_count(workers, "workers")
    if getattr(step, "coupled", False):
        raise ValueError("workers must be None: this step couples its chains")
    if x.ndim == 1:
        return [()]
    return [(slice(i, i + ROWS),) for i in range(0, max(1, len(x)), ROWS)]


def _supplies(step, x, rows, n_steps, rng, noise, noise_shape) -> list:
    parts, shapes = shapes_for(step, x.shape, noise_shape)
    if noise is not None:
        whole = given(noise, parts, shapes, n_steps)
        return [whole.rows(*block) if block else whole for block in rows]
    if rows == [()]:
        return [Drawn(parts, shapes, n_steps, rng)]
    sizes = [len(x[block]) for block in rows]
    return [
        Drawn(parts, tuple((n, *shape[1:]) for shape in shapes), n_steps, stream, len(rows))
        for n, stream in zip(sizes, _streams(rng, len(rows)))
    ]


def _source(rng, noise) -> np.random.Generator | None:
    if noise is None:
        return as_rng(rng, "chain")
    if rng is not None:
        raise ValueError("noise and rng must not both be given")
    return None


def _streams(rng: np.random.Generator, n: int) -> list[np.random.Generator]:
    """n independent generators, of the kind of rng, which moves on."""
    seeds = np.random.SeedSequence(rng.integers(2**32, size=8).tolist()).spawn(n)
    kind = type(rng.bit_generator)
    return [np.random.Generator(kind(seed)) for seed in seeds]


def _reserve(shape: tuple, memory_limit) -> np.ndarray:
    needed = 8.0 * math.prod(map(float, shape))
    if needed > memory_limit:
        raise ValueError(
            f"trajectory would take {needed:.3g} bytes, above memory_limit {memory_limit:.3g};"
            " thin the chain, or use moments or callback"
        )
    return np.empty(shape)


@cache
def _keep_freed_memory() -> None:
    """Allocate and free 4 MB, once a process.

    glibc then keeps freed blocks up to that size, and the temporaries of a step are not mapped
    and faulted in again at every step: a sixth of the time of 10,000 chains. Elsewhere no effect.
    """
    np.empty(1 << 19)


class _Serial:
    """What stands for a pool of threads when there is none."""

    map = staticmethod(map)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


def _pool(workers, chains):
    several = workers is not None and workers > 1 and len(chains) > 1
    return ThreadPoolExecutor(workers) if several else _Serial()

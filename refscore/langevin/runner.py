"""The runner: draws the noise, iterates a step, keeps running moments; nothing else is random."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_count, as_points, as_positive, as_rng, as_switch
from refscore.distributions._blocks import keep_freed_memory
from refscore.langevin.blocks import Blocks, Run
from refscore.langevin.chains import Chains
from refscore.langevin.moments import bytes_for
from refscore.langevin.noise import Drawn, given, shapes_for
from refscore.langevin.saved import Saver

ROWS = 1024  # chains that share a stream, at least, when there are workers
LARGEST = 1 << 14  # numbers in a block of more chains than that


def run(
    step: Callable, x0, n_steps: int, *, rng=None, noise=None, burn_in: int = 0, thin: int = 1,
    moments: bool = True, trajectory: bool = False, callback: Callable | None = None,
    progress: bool = False, workers: int | None = None, noise_shape: tuple | None = None,
    memory_limit: float = 2.0**30, checkpoint=None, checkpoint_seconds: float = 30.0,
) -> Run:  # fmt: skip
    """x_k = step(x_{k-1}, z_k) for k = 1 .. n_steps, z_k the noise the step takes.

    Kept are the points after steps burn_in + thin, burn_in + 2 thin, ... <= n_steps.
    Arguments: step(x, noise) -> x, taking the parts it names (`step.parts`; N(0, I) of the shape
    of x, or noise_shape, if it names none); x0 (..., d), untouched, chains along leading axes;
    rng: anything numpy.random.default_rng takes, a Generator used as given; or noise, all of it,
    (n_steps, ...) for each part; moments, keep the running mean and covariance; trajectory,
    keep every kept point; callback(k, x) at every kept point, x a read-only copy; progress, show
    it (tqdm where installed); workers, threads: blocks of 1024 or more chains (first axis) with
    streams of their own, spawned from rng, so that the result is the same for 1, 2, 3, ...
    workers (None: one stream for all, in the order of the steps; else noise_shape begins with
    the number of chains); they pay where a step of a block takes milliseconds outside Python's
    lock, for steps of cheap scores None is as fast; memory_limit in bytes for the trajectory,
    and for the moments, 8 d² (b + 2) with b blocks; it may be inf; checkpoint, a
    path to an .npz written whole (nothing pickled) about every checkpoint_seconds and at the end,
    the kept trajectory with it: where the file exists the run goes on from it, to the same bits,
    callbacks only from there; n_steps may be larger than it was, and noise longer.
    Returns: Run; same seed, same points, whatever is kept. With a Generator for rng, a second
    run from run.x goes on where the first ended (with workers on streams spawned anew, not
    those of one longer run).
    Raises: ValueError at the first step that is not finite (naming the score's row where the
    score is at fault, else the step size); for noise that is not finite;
    where log p or s is not finite at x0 (Metropolis steps; −inf too, no chain of p starts where
    p is 0), naming the row; when trajectory or moments would not fit; at the end, where the
    covariance leaves float64; where the checkpoint is of
    another run (a rng that is no seed is not compared); or naming the argument. An
    exception on the way, KeyboardInterrupt included, carries what was kept so far, all of it
    finite, as its attribute `run`: after run.n_steps steps of every chain (blocks that run side
    by side meet about ten times a second, and go back to where they last met).
    Cost: n_steps steps; memory of a few blocks of noise beside trajectory and moments.
    Checked by: langevin_chain, langevin_chain_draws, mixture_chain_draws
    """
    step, x = as_callable(step, "step"), as_points(x0, "x0").copy()
    n_steps, thin = as_count(n_steps, "n_steps", minimum=0), as_count(thin, "thin")
    burn_in = as_count(burn_in, "burn_in", minimum=0)
    saver = checkpoint if checkpoint is None else Saver(
        checkpoint, checkpoint_seconds, rng,
        {"step": step, "x0": x, "burn_in": burn_in, "thin": thin, "moments": bool(moments),
         "trajectory": bool(trajectory), "noise_shape": noise_shape,
         "workers (a number, or None)": workers is None},
    )  # fmt: skip
    rng = _source(rng, noise)
    memory_limit = _limit(memory_limit)
    rows = _rows(step, x, workers)
    if moments:
        _require_room(x.shape[-1], len(rows), workers, memory_limit)
    if callback is not None:
        as_callable(callback, "callback")
    progress = as_switch(progress, "progress")
    n_kept = max(0, n_steps - burn_in) // thin
    kept = _reserve((n_kept, *x.shape), memory_limit) if trajectory else None
    keep_freed_memory()
    supplies = _supplies(step, x, rows, n_steps, rng, noise, noise_shape)
    chains = []
    for block, supply in zip(rows, supplies):
        part = Chains(step, x[block], supply, burn_in, thin, first=block[0].start if block else 0)
        if moments:
            part.keep_moments()
        part.kept = None if kept is None else kept[(slice(None), *block)]
        chains.append(part)
    return Blocks(chains, x.shape, kept, saver).run(n_steps, callback, progress, workers)


def _rows(step, x: np.ndarray, workers) -> list[tuple]:
    """The blocks of chains that have a stream of their own, as indices of the first axis."""
    if workers is None:
        return [()]
    as_count(workers, "workers")
    if getattr(step, "coupled", False):
        raise ValueError("workers must be None: this step couples its chains")
    if x.ndim == 1:
        return [()]
    size = _block_size(len(x), x.size // max(1, len(x)))
    return [(slice(i, i + size),) for i in range(0, max(1, len(x)), size)]


def _block_size(n: int, width: int) -> int:
    """Chains in a block: small points in larger blocks, whose steps else cost Python's time only.

    It depends on nothing else, so that results do not depend on the number of workers.
    """
    return max(ROWS, min(-(-n // 8), LARGEST // max(1, width)))


def _supplies(step, x, rows, n_steps, rng, noise, noise_shape) -> list:
    parts, shapes = shapes_for(step, x.shape, noise_shape)
    if rows != [()]:
        name = "step.noise_shapes" if noise_shape is None else "noise_shape"
        _require_chains_first(shapes, len(x), name)
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


def _require_chains_first(shapes, n: int, name: str) -> None:
    for shape in shapes:
        if not shape or shape[0] != n:
            raise ValueError(
                f"{name} must begin with the number of chains, {n}, where workers is given;"
                f" got {shape}"
            )


def _limit(memory_limit) -> float:
    if isinstance(memory_limit, float) and memory_limit == math.inf:
        return memory_limit
    return as_positive(memory_limit, "memory_limit")


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


def _require_room(dim: int, n_blocks: int, workers, memory_limit) -> None:
    """Raise where the moments would not fit."""
    needed = bytes_for(dim, n_blocks, workers)
    if needed > memory_limit:
        raise ValueError(
            f"moments of {dim} dimensions would take {needed:.3g} bytes, above memory_limit"
            f" {memory_limit:.3g}; give moments=False"
        )


def _reserve(shape: tuple, memory_limit) -> np.ndarray:
    needed = 8.0 * math.prod(map(float, shape))
    if needed > memory_limit:
        raise ValueError(
            f"trajectory would take {needed:.3g} bytes, above memory_limit {memory_limit:.3g};"
            " thin the chain, or use moments or callback"
        )
    return np.empty(shape)

"""The runner of reverse steps: noise at time t_0 carried to data over descending times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_points,
    as_positive,
    as_rng,
    as_switch,
    beyond_float,
    require_finite,
    require_one,
)
from refscore._progress import Progress
from refscore.diffusion._moves import MixtureMove
from refscore.diffusion.base import ReverseStep
from refscore.distributions._blocks import keep_freed_memory
from refscore.laws.samplers import descending, last_rule

GROUP = 1 << 18  # numbers of x whose rows share a stream and go through all steps together
PIECE = 1 << 14  # numbers of x that a cache holds with what a step makes of them


def sample(
    step, x_T, times, *, noise=None, rng=None, last: str = "noise", trajectory: bool = False,
    progress: bool = False, memory_limit: float = 2.0**30,
) -> np.ndarray:  # fmt: skip
    """x at the last of descending times: x_{k+1} = step(x_k, t_k, t_{k+1}, z_k), k = 0 .. N - 1.

    Arguments: step, a reverse step; x_T (..., d), points at times[0], untouched; times (N + 1,),
    strictly descending, within the process's range (one time: no step); noise, all of it,
    (N, ..., d), or (N, 2, ..., d) for steps that take two; or rng, anything
    numpy.random.default_rng takes (neither for steps without noise): an integer seeds a stream of
    the noise's own, not the draws of default_rng(seed), which x_T may be; last "noise": every
    step takes its noise; "mean": the last step takes zeros (its row of `noise` is there but not
    used); "denoise": after the last time, E[X_0 | x] = (x + σ² s)/α replaces x; trajectory, keep
    the points of every time; progress, show it (tqdm where installed); memory_limit in bytes
    for the trajectory, which may be inf.
    Returns: x (..., d); or the trajectory (N + 1, ..., d), its first row x_T, one row more for
    "denoise". Rows go in groups of 2¹⁸ // d, one after the other. One group's points are those
    of noise = Generator.standard_normal((N, ..., d)); of more groups the first has that very
    generator, each later one a stream of its own, spawned from it after the first: the rows of
    a full group depend neither on how many follow nor on what is kept. Beside x_T and the
    result the memory is that of one group. A step that couples its rows takes all as one group.
    Raises: ValueError at the first step that is not finite, naming it, its times and whether
    the score was finite; TypeError or ValueError naming the argument. An exception on the way,
    KeyboardInterrupt included, carries the rows that were finished as its attribute `finished`,
    (m, d). Cost: N steps.
    Checked by: reverse_sampler_given_noise, reverse_sampler_draws
    """
    job = _job(step, x_T, times, noise, rng, last)
    memory_limit = _limit(memory_limit)
    trajectory = as_switch(trajectory, "trajectory")
    progress = as_switch(progress, "progress")
    kept = _reserve(job, memory_limit) if trajectory else None
    keep_freed_memory()
    out, done, total = np.empty_like(job.rows), 0, len(job.rows) * job.n_steps
    try:
        with beyond_float(), Progress(total, progress, "row steps") as shown:
            for rows, source in job.groups():
                part = None if kept is None else kept[:, rows]
                out[rows] = _carried(job, rows, source, part, shown)
                done = rows.stop
    except BaseException as error:
        error.finished = out[:done]  # type: ignore[attr-defined]
        raise
    return out.reshape(job.shape) if kept is None else kept.reshape(-1, *job.shape)


class Job(NamedTuple):
    """What is carried: rows (n, d) over times (N + 1,), noise (N, k, n, d), a generator or None."""

    step: ReverseStep
    rows: np.ndarray
    shape: tuple
    times: list[float]
    noise: np.ndarray | np.random.Generator | None
    last: str

    @property
    def n_steps(self) -> int:
        """N."""
        return len(self.times) - 1

    def groups(self) -> Iterator[tuple[slice, np.ndarray | np.random.Generator | None]]:
        """(rows, their noise or generator), one group after the other."""
        n, d = self.rows.shape
        size = max(1, n) if self.step.coupled else max(1, GROUP // d)
        starts = range(0, n, size)
        source, streams = self.noise, []
        for i, start in enumerate(starts):
            rows = slice(start, min(start + size, n))
            if i == 1 and isinstance(source, np.random.Generator):  # the first group is done
                streams = _streams(source, len(starts) - 1)
            if streams:
                yield rows, streams[i - 1]
            else:
                yield rows, source[:, :, rows] if isinstance(source, np.ndarray) else source


def _job(step, x_T, times, noise, rng, last) -> Job:
    if not isinstance(step, ReverseStep):
        raise TypeError(f"step must be a reverse step, got {type(step).__name__}")
    x, times = as_points(x_T, "x_T", step.dim), descending(times, step.process)
    require_one("noise", noise, rng)
    n_steps, k = len(times) - 1, step.noises
    if noise is not None:
        shape = (n_steps, *x.shape) if k == 1 else (n_steps, k, *x.shape)
        if k == 0:
            raise ValueError("noise must be None: the step takes none")
        noise = as_array(noise, "noise", shape).reshape(
            n_steps, k, x.size // x.shape[-1], x.shape[-1]
        )
    elif k and n_steps:
        noise = as_rng(rng, "noise")
    return Job(step, x.reshape(-1, x.shape[-1]), x.shape, times, noise, last_rule(last))


def _carried(job: Job, rows: slice, source, kept, shown) -> np.ndarray:
    """The points of a group at the end; `kept` (N + 1 [+ 1], m, d) gets all of them."""
    step, times, done = job.step, job.times, rows.start * job.n_steps
    x = job.rows[rows].copy()
    state = None if step.memory == 0 else step.start(x, times[0])
    if kept is not None:
        kept[0] = x
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        still = job.last == "mean" and k == job.n_steps - 1
        try:
            if state is None:
                new = _moved(step, x, t, s, source, k, still)
            else:
                state = step.advance(state, t, s, _noise(step, x, source, k, still))
                new = state[0]
        except ValueError as error:
            where = f"step {k + 1}, from t = {t:.6g} to {s:.6g}"
            raise ValueError(f"{error} (at {where})") from error
        _require_finite(step, x, new, k, t, s, rows.start)
        x = new
        if kept is not None:
            kept[k + 1] = x
        shown.update(done + (k + 1) * len(x))
    if job.last == "denoise":
        x = require_finite(step.denoised(x, times[-1]), "the denoised points")
        if kept is not None:
            kept[-1] = x
    return x


def _moved(step, x, t, s, source, k: int, still: bool) -> np.ndarray:
    """One step of a group, piece by piece where the score works row by row."""
    move, size = step.plan(t, s), max(1, PIECE // x.shape[-1])
    if isinstance(move, MixtureMove):
        return _moved_in_place(step, move, x, source, k, still)
    if len(x) <= size or step.noises > 1 or step.coupled or not getattr(move, "by_rows", False):
        return move(x, _noise(step, x, source, k, still))
    out = np.empty_like(x)
    for i in range(0, len(x), size):
        piece = slice(i, i + size)
        given = source[:, :, piece] if isinstance(source, np.ndarray) else source
        out[piece] = move(x[piece], _noise(step, x[piece], given, k, still))
    return out


def _moved_in_place(step, move, x, source, k: int, still: bool) -> np.ndarray:
    """One step of a group over its own points, which a mixture's score cannot spoil."""
    size = max(1, PIECE // x.shape[-1])
    buffer = np.empty((min(size, len(x)), x.shape[-1]))
    for i in range(0, len(x), size):
        points, noise = x[i : i + size], None
        if step.noises and not still:
            noise = buffer[: len(points)]
            if isinstance(source, np.random.Generator):
                source.standard_normal(out=noise)
            else:
                noise = source[k, 0, i : i + size]
        move.advance(points, noise)
    return x


def _noise(step, x, source, k: int, still: bool):
    """The noise of step k for rows x, (m, d) or (2, m, d); None for steps that take none."""
    if not step.noises:
        return None
    shape = x.shape if step.noises == 1 else (step.noises, *x.shape)
    if still:
        return np.zeros(shape)
    if isinstance(source, np.random.Generator):
        return source.standard_normal(shape)
    return source[k].reshape(shape)


def _require_finite(step, x, new, k: int, t: float, s: float, first: int) -> None:
    if math.isfinite(new.sum()) or np.isfinite(new).all():
        return
    row = int(np.argmax(~np.isfinite(new).all(-1)))
    why = f"the points left the finite numbers at step {k + 1}, from t = {t:.6g} to {s:.6g}"
    for u in (t, s):
        try:
            score = step.score_at(u)(x)
        except Exception:  # what is wrong with it at s need not be what went wrong
            continue
        if not np.isfinite(score[row]).all():
            why = f"the score is not finite at step {k + 1}, time {u:.6g}"
            break
    raise ValueError(f"{why} (first at row {row + first})")


def _streams(rng: np.random.Generator, n: int) -> list[np.random.Generator]:
    """n independent generators, of the kind of rng, which moves on."""
    seeds = np.random.SeedSequence(rng.integers(2**32, size=8).tolist()).spawn(n)
    kind = type(rng.bit_generator)
    return [np.random.Generator(kind(seed)) for seed in seeds]


def _limit(memory_limit) -> float:
    if isinstance(memory_limit, float) and memory_limit == math.inf:
        return memory_limit
    return as_positive(memory_limit, "memory_limit")


def _reserve(job: Job, memory_limit: float) -> np.ndarray:
    shape = (job.n_steps + 1 + (job.last == "denoise"), *job.rows.shape)
    needed = 8.0 * math.prod(shape)
    if needed > memory_limit:
        raise ValueError(
            f"trajectory would take {needed:.3g} bytes, above memory_limit {memory_limit:.3g}"
        )
    return np.empty(shape)

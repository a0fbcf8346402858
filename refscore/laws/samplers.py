"""Exact laws of reverse samplers: affine ones by propagation, on the line over a grid."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_covariance, as_offering, beyond_float
from refscore.distributions.gaussian import Gaussian
from refscore.laws._shared import finite
from refscore.processes import as_time

LAST = ("noise", "mean", "denoise")


def sampler_law(step, mean, covariance, times, *, last: str = "noise") -> Gaussian:
    """The exact Gaussian law of an affine sampler's points at the last of descending times.

        [x', memory'] = M [x, memory] + c + B z,   m ← M m + c,   C ← M C Mᵀ + B Bᵀ

    Every step's map is found by probing it around the present mean, in units of the present
    standard deviation, so the step itself is judged, its memory and its one or two noises
    included. On Gaussian data with exact scores every fixed-step sampler without clipping is
    affine.
    Arguments: step, a reverse step; mean (d,), covariance (d, d) at times[0], zeros for a
    point; times (N + 1,), strictly descending; last, as in `diffusion.sample`.
    Returns: Gaussian, which may be singular. Raises: ValueError when a step is not affine to
    1e-8, couples its rows, or leaves the finite numbers.
    Cost: N steps of (1 + memory + noises) d + 5 rows, and O((1 + memory)³ d³) each.
    Source: row F9 of the catalogue; Pierret and Galerne 2025.
    Checked by: sampler_law
    """
    step = as_reverse_step(step)
    m = as_array(mean, "mean", (getattr(step, "dim", None),))
    C = as_covariance(covariance, "covariance", len(m), singular=True)
    last = last_rule(last)
    if step.coupled:
        raise ValueError("step must not couple its rows: its law is not Gaussian")
    times, d, when = descending(times, step.process), len(m), ()
    with beyond_float():
        for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
            noises = 0 if last == "mean" and k == len(times) - 2 else step.noises
            try:
                m, M, B, when = _advanced(step, m, C, when, d, t, s, noises)
            except ValueError as error:
                where = f"step {k + 1}, from t = {t:.6g} to {s:.6g}"
                raise ValueError(f"{error} (at {where})") from error
            C = M @ C @ M.T + B @ B.T
            C = (C + C.T) / 2
        if last == "denoise":
            scale = _scale(m, C)[:d]
            m, M, _ = _probed(lambda y, z: step.denoised(y, times[-1]), m[:d], scale, 0)
            C = M @ C[:d, :d] @ M.T
    return finite(m[:d], C[:d, :d], len(times) - 1)


def _advanced(step, m, C, when, d: int, t: float, s: float, noises: int):
    """(mean, M, B, times of the memory) of one step from a state of this mean and spread."""
    after: list = []

    def state_after(y, z):
        parts = y.reshape(len(y), -1, d)
        memory = tuple((u, parts[:, i + 1]) for i, u in enumerate(when))
        x = parts[:, 0]
        state = (x, *memory) if step.memory else step.start(x, t)
        shape = x.shape if step.noises == 1 else (step.noises, *x.shape)
        full = np.zeros(shape) if step.noises else None
        if noises:
            full[...] = np.moveaxis(z.reshape(len(y), noises, d), 1, 0).reshape(shape)
        x, *memory = step.advance(state, t, s, full)
        after[:] = [tuple(u for u, _ in memory)]
        return np.concatenate([x, *(array for _, array in memory)], axis=-1)

    m, M, B = _probed(state_after, m, _scale(m, C), noises * d)
    return m, M, B, after[0]


def _scale(m, C) -> np.ndarray:
    """A length for every coordinate to probe with."""
    sd = np.sqrt(np.maximum(np.diagonal(C), 0))
    return np.where(sd > 0, sd, np.maximum(1.0, np.abs(m)))


def _probed(function, m, scale, n_noise: int):
    """(image of m, M, B) of an affine map (y, z) -> y', rows; checked at four other points."""
    D, tests = len(m), _tests(4, len(m) + n_noise)
    unit = np.vstack([np.zeros((1, D + n_noise)), np.eye(D + n_noise), tests])
    try:
        images = function(m + unit[:, :D] * scale, unit[:, D:].copy())
    except ValueError as error:
        raise ValueError(f"step must be affine around the mean of the law: {error}") from error
    if not np.isfinite(images).all():
        raise ValueError("step must be affine, and is not finite around the mean of the law")
    columns = images[1 : D + n_noise + 1] - images[0]
    gap = np.abs(tests @ columns + images[0] - images[D + n_noise + 1 :]).max()
    if gap > 1e-8 * (np.abs(images[0]).max() + np.abs(columns).sum()):
        raise ValueError(f"step must be affine, but differs by {gap:.3g} from its map")
    return images[0], columns[:D].T / scale, columns[D:].T


def _tests(n: int, dim: int) -> np.ndarray:
    """Fixed points without symmetry."""
    k = np.arange(1, n * dim + 1).reshape(n, dim)
    return 2 * np.sin(1.7 * k)


def as_reverse_step(step):
    """`step`, which must be a reverse step; those live a layer above."""
    return as_offering(
        step,
        "step",
        "process",
        "plan",
        "start",
        "advance",
        "noises",
        "memory",
        "coupled",
        "denoised",
    )


def descending(times, process) -> list[float]:
    """Times (N + 1,) of the process, N >= 0, strictly descending, as numbers."""
    times = as_time(times, process, "times")
    if times.ndim != 1 or not times.size:
        raise ValueError(f"times must have shape (N + 1,), N >= 0, got shape {times.shape}")
    for k in np.flatnonzero(~(np.diff(times) < 0))[:1] + 1:
        raise ValueError(
            f"times must be strictly descending, from noise to data, got {times[k]:.6g} at index"
            f" {k} after {times[k - 1]:.6g}"
        )
    return times.tolist()


def last_rule(last) -> str:
    """What is done at the last time."""
    if not isinstance(last, str) or last not in LAST:
        raise ValueError(f"last must be one of {', '.join(LAST)}; got {last!r}")
    return last

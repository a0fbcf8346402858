"""The exact law of a reverse sampler on the line, carried over a grid step after step."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_offering, beyond_float
from refscore.laws._grid import MOST, as_ends
from refscore.laws._pushing import pushed
from refscore.laws.samplers import as_reverse_step, descending, last_rule

_LOST = 1e-7  # mass that may leave the interval
_REACH = 8.5  # standard deviations a kernel is looked at
_LEAST = 2000  # points on the interval for the start, an eighth of them later
_FINE = 1.6  # points for a width: the trapezoid rule then errs by e^{-2π² 1.6²}


class Stage(NamedTuple):
    """Maps without noise, then noise of standard deviation sd (0 after the last stage)."""

    maps: list[Callable]
    sd: float

    def map(self, x: np.ndarray) -> np.ndarray:
        """The maps one after the other."""
        for m in self.maps:
            x = m(x)
        return x


def sampler_density(step, start, times, points, low, high, *, last: str = "noise") -> np.ndarray:
    """The exact density of a reverse sampler's points on the line, without a draw.

        x' = m(x) + b z:  ρ'(y) = ∫ N(y; m(x), b²) ρ(x) dx        x' = m(x):  ρ'(y) = Σ ρ(x)/|m'(x)|

    Arguments: step, a one-step reverse step without noise or with one that it adds as b z, b the
    same for every x; start, the law of x at times[0], with .log_density, smooth over a
    thousandth of the interval; times (N + 1,), strictly descending; points (k,); low < high, an
    interval that holds the law at every time; last, as in `diffusion.sample`.
    Returns: the density (k,), to about 1e-8 of its height. Raises: ValueError naming the
    argument, where the noise depends on x, or the law leaves the interval, or the grid that
    resolves the narrowest noise has above 8192 points, or steps without noise fold the line so
    often that 131072 points do not show it, or a point lies where the line turns back, the
    density being infinite, or so near that it is not known to 1e-8 of itself or of 1/(high - low).
    Cost: two rows of a step for every point of the grid and step, and 20 points of each kernel;
    after the last noise 4096 rows a step, and about 40 for every point and x that it comes from.
    Source: the Chapman-Kolmogorov equation.
    Checked by: sampler_density
    """
    step = as_reverse_step(step)
    start, (low, high) = as_offering(start, "start", "log_density"), as_ends(low, high)
    if getattr(start, "dim", 1) != 1:
        raise ValueError(f"start must be a law on the line, got one of dimension {start.dim}")
    c = as_array(points, "points", (None,))
    stages = _stages(step, descending(times, step.process), last_rule(last), low, high)

    def density(x):
        return np.exp(start.log_density(x[:, None]))

    before, least = (high - low) / 100, _LEAST
    with beyond_float():
        x = np.linspace(low, high, _LEAST + 1)
        _require_mass(float(density(x).sum() * (x[1] - x[0])), low, high)
        for stage in stages[:-1]:
            density = _after(density, stage, _grid(stage, before, low, high, least))
            before, least = stage.sd, _LEAST // 8
        return pushed(density, stages[-1].maps, c, low, high)


def _stages(step, times, last: str, low: float, high: float) -> list[Stage]:
    """Runs of maps, each ended by its noise; the last has none."""
    stages: list[Stage] = []
    maps: list[Callable] = []
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        mean, sd = _kernel(step, t, s, low, high)
        maps.append(mean)
        if sd > 0 and not (last == "mean" and k == len(times) - 2):
            stages.append(Stage(maps, sd))
            maps = []
    if last == "denoise":
        maps.append(lambda x: step.denoised(x[:, None], times[-1])[:, 0])
    return [*stages, Stage(maps, 0.0)]


def _kernel(step, t: float, s: float, low: float, high: float) -> tuple[Callable, float]:
    """(m, b) of x' = m(x) + b z."""
    if step.noises > 1 or step.memory or step.coupled:
        raise ValueError("step must be a one-step method with at most one noise, rows apart")
    if getattr(step, "dim", None) not in (None, 1):
        raise ValueError(f"step must have a score on the line, its law has dimension {step.dim}")
    move = step.plan(*step.times(t, s))

    def moved(x, z):
        image = move(x[:, None], np.full((len(x), 1), z) if step.noises else None)[:, 0]
        if not np.isfinite(image).all():
            at = x[~np.isfinite(image)][0]
            raise ValueError(
                f"step must be finite on low to high, and is not at x = {at:.6g}, from t = {t:.6g}"
                f" to {s:.6g}"
            )
        return image

    def mean(x):
        return moved(x, 0.0)

    if step.noises == 0:
        return mean, 0.0
    x = np.linspace(low, high, 9)
    middle = mean(x)
    noise = np.array([moved(x, z) - middle for z in (1.0, -2.0)]) / [[1.0], [-2.0]]
    if np.ptp(noise) > 1e-9 * (np.abs(noise).max() + np.abs(middle).max()):
        raise ValueError("step must add b z, b the same for every x")
    return mean, abs(float(noise[0, 4]))


def _grid(stage: Stage, before: float, low: float, high: float, least: int) -> np.ndarray:
    """Points (n,) that resolve ρ, smooth over `before`, times the noise seen through the map."""
    x = np.linspace(low, high, _LEAST + 1)
    y = stage.map(x)
    middle = (y[1:] + y[:-1]) / 2
    inside = (low <= middle) & (middle <= high)
    steep = np.abs(np.diff(y) / np.diff(x))[inside].max(initial=0.0)
    width = 1 / np.hypot(1 / before, steep / stage.sd)
    count = max((high - low) / width * _FINE, least)
    if not count <= MOST:
        raise ValueError(
            f"low, high and times must allow a grid of at most {MOST} points, got {count:.3g}"
        )
    return np.linspace(low, high, int(np.ceil(count)) + 1)


def _after(density: Callable, stage: Stage, x: np.ndarray) -> Callable:
    """The density after a stage, y (k,) -> (k,), from that before it on the points x."""
    weights, images = density(x) * (x[1] - x[0]), stage.map(x)
    from scipy.special import ndtr

    _require_mass(float(weights.sum()), x[0], x[-1])
    kept = ndtr((x[-1] - images) / stage.sd) - ndtr((x[0] - images) / stage.sd)
    _require_mass(float(weights @ kept), x[0], x[-1])
    order = np.argsort(images)
    images, weights = images[order], weights[order]

    def after(y):
        first, stop = np.searchsorted(images, [y - _REACH * stage.sd, y + _REACH * stage.sd])
        band = first[:, None] + np.arange(max(1, (stop - first).max(initial=0)))
        within = band < stop[:, None]
        band = np.where(within, band, 0)
        gap = (y[:, None] - images[band]) / stage.sd
        kernel = np.exp(-0.5 * gap * gap) / (np.sqrt(2 * np.pi) * stage.sd)
        return np.sum(np.where(within, weights[band] * kernel, 0.0), axis=1)

    return after


def _require_mass(mass: float, low: float, high: float) -> None:
    if not abs(mass - 1) < _LOST:
        raise ValueError(
            f"low and high must hold the whole law at every time: its mass is {mass:.9g} on"
            f" {low:.6g} to {high:.6g}"
        )

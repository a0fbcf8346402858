"""A density carried in time by the Fokker-Planck equation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_count, as_scalar, as_switch, beyond_float
from refscore._progress import Progress
from refscore.diffusion.fokker_planck.coefficients import Coefficients
from refscore.diffusion.fokker_planck.grid import Grid, as_density, as_grid
from refscore.diffusion.fokker_planck.rates import rates
from refscore.diffusion.fokker_planck.steps import AT, METHODS, stepper

_TOLD = 256  # steps between two signs of life where the rates do not change


class Evolution(NamedTuple):
    """Where a density came to.

    density, of the grid's shape, at the end; times (k,) and densities (k, *shape), what was
    kept on the way (`every`), the start first; mass, at the end: 1 but for what was absorbed.
    Tested in: tests/diffusion/test_fokker_planck.py
    """

    density: np.ndarray
    times: np.ndarray
    densities: np.ndarray
    mass: float


def density_evolution(
    density, drift, diffusion, grid: Grid, t0, t1, *, n_steps: int,
    method: str = "crank_nicolson", split: bool = True, every: int | None = None,
    progress: bool = False,
) -> Evolution:  # fmt: skip
    """The density at time t1 of dX = f dt + g dw (Itô), from that at time t0.

        ∂p/∂t = -Σ_i ∂_i(f_i p) + ½ Σ_i ∂_i²(g_i² p)

    Exponentially fitted cells: mass is kept to rounding, second order in the width, and what
    has no flux stays. In time, with L the rates between cells and τ the step:
    "implicit_euler", order 1: positive whatever τ. "crank_nicolson", order 2: positive for
    τ <= `positive_step`, may ring where τ is large and the start rough. "bdf2", order 2,
    damps: may fall below 0 by its error. No linear one-step or multistep method of order 2 is
    positive whatever τ (Bolley and Crouzeix 1978).

    Arguments: density, of the grid's shape, at least 0 and of mass 1 (`grid.density`; at most 1
    where mass can leave); drift, f(x) or f(x, t) from points (m, d) to (m, d), such as a score
    or `langevin_terms`, `forward_terms`, `reverse_terms`; diffusion g, a number, g(x) or g(x, t)
    giving a number, (m,), or (m, d) where it is diagonal; a full matrix is not offered: cross
    derivatives on such cells lose positivity. A second argument is the time, with a default too
    where it is called t, time, u or tau. Both without t: the matrices are factored once;
    else every step, taken at its end (at its middle by Crank-Nicolson). grid; t0 < t1; n_steps
    equal steps; split, on a rectangle, direction by direction (an error of order τ, or τ² by
    Crank-Nicolson; bdf2 never); every, keep every so many steps; progress.
    Returns: Evolution. Raises: ValueError naming the argument, and drift or diffusion that is
    not finite with its point and time. Cost: a step O(cells), by a sparse LU where not split
    (n³ᐟ² to factor; where τ |L| > 1e4 by sums that lose no mass, cells times the shorter side
    squared, that side's numbers a cell); memory some 20 numbers a cell, beside what is kept.
    Source: Scharfetter and Gummel 1969; Chang and Cooper 1970; Peaceman and Rachford 1955.
    Checked by: density_evolution, second_order_in_width, density_stays_positive,
    fixed_score_keeps_target
    """
    coefficients, grid = Coefficients(drift, diffusion), as_grid(grid)
    start, end, n = _times(t0, t1, n_steps)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    every = None if every is None else as_count(every, "every")
    split = as_switch(split, "split") and method != "bdf2"
    progress = as_switch(progress, "progress")
    m = as_density(density, grid) * grid.volumes
    walk = _Walk(coefficients, grid, start, (end - start) / n, method, split)
    kept = [(start, m)] if every else []
    with Progress(n, progress, "steps") as shown:
        done, stride = 0, every or (_TOLD if coefficients.still else 1)
        while done < n:
            steps = min(stride, n - done)
            m = walk.advance(m, done, steps)
            done += steps
            shown.update(done)
            if every and (done % every == 0 or done == n):
                kept.append((start + done * walk.tau if done < n else end, m))
    return _result(m, kept, grid)


class _Walk:
    """Steps of one size from a start; the last masses but one are remembered for BDF2."""

    def __init__(self, coefficients, grid, start, tau, method, split):
        self.coefficients, self.grid, self.start, self.tau = coefficients, grid, start, tau
        self.method, self.split, self.before = method, split, None
        self._still = self._stepper(start) if coefficients.still else None

    def _stepper(self, t: float):
        found = rates(self.coefficients, self.grid, t)
        with beyond_float():
            if not np.isfinite(self.tau * sum(r.exits.max() for r in found)):
                raise ValueError(f"t1 must leave steps below 1.8e308 over the rates: {self.tau:g}")
        return stepper(self.grid, found, self.tau, self.method, self.split)

    def advance(self, m: np.ndarray, done: int, steps: int) -> np.ndarray:
        """The masses after so many steps more."""
        if self._still is None:
            for k in range(done, done + steps):
                step = self._stepper(self.start + (k + AT[self.method]) * self.tau)
                m = self._taken(step, m, 1)
            return m
        return self._taken(self._still, m, steps)

    def _taken(self, step, m, steps: int) -> np.ndarray:
        u, remember = step.enter(m), self.method == "bdf2"
        before = step.enter(self.before) if self.before is not None else None
        advance = step.advance
        for _ in range(steps):
            u, before = advance(u, before), u if remember else None
        if remember:
            self.before = step.leave(before)
        return step.leave(u)


def _times(t0, t1, n_steps) -> tuple[float, float, int]:
    start, end = as_scalar(t0, "t0"), as_scalar(t1, "t1")
    if not start < end:
        raise ValueError(
            f"t1 must be after t0 = {start:g}, got {end:g}: the equation runs forward only"
            " (reverse_terms gives the one that leads back)"
        )
    return start, end, as_count(n_steps, "n_steps")


def _result(m: np.ndarray, kept: list, grid: Grid) -> Evolution:
    if not np.isfinite(m).all():
        raise ValueError(
            "drift or diffusion is beyond what floats carry: the density is not finite"
        )
    times = np.array([t for t, _ in kept])
    densities = np.array([one / grid.volumes for _, one in kept]).reshape(-1, *grid.shape)
    return Evolution(m / grid.volumes, times, densities, float(m.sum()))


def positive_step(drift, diffusion, grid: Grid, t=0.0, *, split: bool = True) -> float:
    """The largest step with which Crank-Nicolson is sure to keep a density positive.

        τ = 2 / max_i |L_ii|;  of a split step, L that of one direction, the greater maximum

    Arguments: as `density_evolution`'s; t, the time of the rates. Returns: a number, inf where
    nothing moves. Cost: the rates once. Source: Bolley and Crouzeix 1978.
    Tested in: tests/diffusion/test_fokker_planck.py
    """
    split = as_switch(split, "split")
    found = rates(Coefficients(drift, diffusion), as_grid(grid), as_scalar(t, "t"))
    exits = [r.exits for r in found]
    if len(exits) == 2 and not split:
        exits = [exits[0].T + exits[1]]
    fastest = max(float(out.max()) for out in exits)
    return 2 / fastest if fastest > 0 else np.inf

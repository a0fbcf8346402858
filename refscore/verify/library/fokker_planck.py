"""Ports of the library: the Fokker-Planck equation, its solver, what it ends in."""

from __future__ import annotations

import math

import numpy as np

from refscore.diffusion import fokker_planck as fp

__all__ = [
    "continuity_residual",
    "density_evolution",
    "fokker_planck_residual",
    "spectral_gap",
    "stationary_density",
]


def fokker_planck_residual(log_density_at, drift, diffusion, x, t):
    """The residual of log p."""
    return fp.fokker_planck_residual(log_density_at, drift, diffusion, x, t)


def continuity_residual(log_density_at, velocity, x, t):
    """The residual of the continuity equation of log p."""
    return fp.continuity_residual(log_density_at, velocity, x, t)


def density_evolution(density, drift, diffusion, grid, t0, t1):
    """The density at time t1, by Crank-Nicolson; where that falls below 0, by shorter steps."""
    cells = cells_of(grid)
    mass, n_steps = cells.mass(density), 32
    given = np.asarray(density) / mass, drift, diffusion, cells, t0, t1
    p = fp.density_evolution(*given, n_steps=n_steps).density
    if p.min() < 0:
        safe = min(fp.positive_step(drift, diffusion, cells, t) for t in (t0, t1))
        p = fp.density_evolution(*given, n_steps=math.ceil((t1 - t0) / safe)).density
    return mass * p


def stationary_density(drift, diffusion, grid):
    """The density that stays."""
    return fp.stationary_density(drift, diffusion, cells_of(grid))


def spectral_gap(drift, diffusion, grid):
    """The slowest rate."""
    return fp.spectral_gap(drift, diffusion, cells_of(grid))


def cells_of(grid) -> fp.Grid:
    """The cells whose centres these points are."""
    half = (grid[1] - grid[0]) / 2
    return fp.uniform_grid(grid[0] - half, grid[-1] + half, len(grid))

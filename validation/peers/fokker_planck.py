"""fokker-planck: densities on a line by Lax-Wendroff and Crank-Nicolson steps, one diffusion."""

from __future__ import annotations

import functools
from importlib.metadata import version as _version

import numpy as np
from fokker_planck.integrator import FokkerPlanck1D

name, version = "fokker-planck", _version("fokker-planck")
_WALLS = "pushed against a wall, it does not converge (deviations/fokker_planck_hard_walls.py)"
expected_failures = {
    "density_evolution": _WALLS,
    "density_stays_positive": "Lax-Wendroff fluxes are centred: below 0 where the drift is steep",
}


def density_evolution(density, drift, diffusion, grid, t0, t1):
    x, h = grid[:, None], grid[1] - grid[0]
    D, *more = np.unique(np.round([diffusion(x, t) ** 2 / 2 for t in (t0, t1)], 12))
    if more:
        raise NotImplementedError("one diffusion coefficient")
    force = functools.cache(lambda y: drift(np.array([[y]]), t0)[0, 0] / D)  # is all it takes
    n = int(np.ceil((t1 - t0) / min(0.5 * h / max(abs(drift(x, t0)).max(), 1e-9), 2 * h * h / D)))
    solver = FokkerPlanck1D(D, (t1 - t0) / n, h, np.array(grid))
    solver.prob, solver.sparse_calc = np.array(density), False
    for _ in range(n):
        solver.integrate_step((), lambda y, _: force(y))
    return solver.prob

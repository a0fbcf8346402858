"""Implicit steps of the Fokker-Planck equation: 1000 cells of a line, 256 x 256 of a plane."""

from __future__ import annotations

import numpy as np

from refscore import diffusion
from refscore.diffusion.fokker_planck.coefficients import Coefficients
from refscore.diffusion.fokker_planck.rates import rates
from validation.benchmarks.timing import Case

WORKLOAD = "Fokker-Planck, {}, {} implicit Euler steps"
LINE_STEPS, PLANE_STEPS, TAU = 1000, 100, 1e-3
TURN = np.array([[-1.0, 0.8], [-0.5, -0.7]])


def cases():
    return [_line(), _plane()]


def well(x):
    return x - x**3


def turn(x):
    return x @ TURN.T


def _line():
    grid = diffusion.uniform_grid(-3.0, 3.0, 1000)
    start = grid.density(lambda x: -((x[:, 0] - 0.5) ** 2))
    (r,) = rates(Coefficients(well, 0.7), grid, 0.0)
    system, m = _tridiagonal(r), start * grid.volumes
    given = start, well, 0.7, grid, 0.0, LINE_STEPS * TAU
    way = {"n_steps": LINE_STEPS, "method": "implicit_euler"}

    def ours():
        return (diffusion.density_evolution(*given, **way).density * grid.volumes,)

    def floor():
        for _ in range(LINE_STEPS):
            m.copy()

    others = {
        "numba, Thomas": _numba(system, m, False),
        "numba, Thomas factored once": _numba(system, m, True),
        "SciPy, solve_banded": lambda: (_banded(system, m),),
        "SciPy, a sparse LU kept": _sparse_lu(system, m),
    }
    name = WORKLOAD.format("1000 cells of a line", LINE_STEPS)
    return Case(name, ours, others, floor, "a copy of the density a step", 1e-9)


def _plane():
    grid = diffusion.uniform_grid((-4.0, -4.0), (4.0, 4.0), (256, 256))
    start = grid.density(lambda x: -((x - 0.5) ** 2).sum(-1))
    along = rates(Coefficients(turn, 1.0), grid, 0.0)
    m = start * grid.volumes
    given = start, turn, 1.0, grid, 0.0, PLANE_STEPS * TAU
    way = {"n_steps": PLANE_STEPS, "method": "implicit_euler"}

    def ours():
        return (diffusion.density_evolution(*given, **way).density * grid.volumes,)

    def floor():
        for _ in range(4 * PLANE_STEPS):
            m.copy()

    others = {
        "numba, Thomas line by line": _numba_lines(along, m),
        "SciPy, solve_banded on all lines": lambda: (_banded_lines(along, m),),
    }
    name = WORKLOAD.format("256 x 256 cells, a turning drift", PLANE_STEPS)
    return Case(name, ours, others, floor, "four copies of the density a step", 1e-9)


def _tridiagonal(r):
    """(below, diagonal, above) of 1 - τL, all lines after one another."""
    k = len(r.up)
    none = np.zeros((k, 1))
    below, above = (
        np.concatenate([-TAU * part, none], axis=1).ravel()[:-1] for part in (r.up, r.down)
    )
    return below, (1 + TAU * r.exits).ravel(), above


def _banded(system, m, steps=LINE_STEPS):
    from scipy.linalg import solve_banded

    below, diagonal, above = system
    bands = np.zeros((3, len(m)))
    bands[0, 1:], bands[1], bands[2, :-1] = above, diagonal, below
    for _ in range(steps):
        m = solve_banded((1, 1), bands, m, check_finite=False)
    return m


def _banded_lines(along, m):
    x, y = (_tridiagonal(r) for r in along)
    for _ in range(PLANE_STEPS):
        m = _banded(x, m.T.ravel(), 1).reshape(m.T.shape).T
        m = _banded(y, m.ravel(), 1).reshape(m.shape)
    return m


def _sparse_lu(system, m):
    def call():
        from scipy.sparse import diags
        from scipy.sparse.linalg import splu

        solve = splu(diags(system, (-1, 0, 1), format="csc")).solve
        p = m
        for _ in range(LINE_STEPS):
            p = solve(p)
        return (p,)

    return call


def _thomas():
    """Elimination and back substitution, compiled; None where numba is missing."""
    try:
        from numba import njit
    except ImportError:
        return None

    @njit
    def factor(below, diagonal, above):
        scale, pivots = np.empty_like(below), diagonal.copy()
        for i in range(len(below)):
            scale[i] = below[i] / pivots[i]
            pivots[i + 1] -= scale[i] * above[i]
        return scale, 1 / pivots

    @njit
    def solve(scale, inverse, above, m):
        p = m.copy()
        for i in range(len(scale)):
            p[i + 1] -= scale[i] * p[i]
        p[-1] *= inverse[-1]
        for i in range(len(scale) - 1, -1, -1):
            p[i] = (p[i] - above[i] * p[i + 1]) * inverse[i]
        return p

    return factor, solve


def _numba(system, m, kept: bool):
    compiled = _thomas()
    if compiled is None:
        return "numba is not installed"
    factor, solve = compiled

    def call():
        p, factors = m, factor(*system)
        for _ in range(LINE_STEPS):
            p = solve(*(factors if kept else factor(*system)), system[2], p)
        return (p,)

    return call


def _numba_lines(along, m):
    compiled = _thomas()
    if compiled is None:
        return "numba is not installed"
    factor, solve = compiled

    def call():
        systems, p = [_tridiagonal(r) for r in along], m
        kept = [factor(*system) for system in systems]
        for _ in range(PLANE_STEPS):
            for system, factors in zip(systems, kept):  # x, then y: transposed in between
                p = np.ascontiguousarray(p.T) if system is systems[0] else p
                p = solve(*factors, system[2], p.ravel()).reshape(p.shape)
                p = np.ascontiguousarray(p.T) if system is systems[0] else p
        return (p,)

    return call

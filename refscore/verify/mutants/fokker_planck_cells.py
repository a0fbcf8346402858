"""Mistakes in solvers of the Fokker-Planck equation, stationary densities and spectral gaps."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _square_slope(diffusion, x, t, h=2e-3):
    """(g²)' on the line, (n, 1)."""
    return ((diffusion(x + h, t) ** 2 - diffusion(x - h, t) ** 2) / (2 * h))[:, None]


def _root_of_two(diffusion):
    return lambda x, t: np.sqrt(2.0) * diffusion(x, t)


def _root_of_root(diffusion):
    return lambda x, t: np.sqrt(diffusion(x, t))


def _against(drift):
    return lambda x, t: -drift(x, t)


def _pushed(drift, diffusion, share):
    """The drift with a share of (g²)' added."""
    return lambda x, t: drift(x, t) + share * _square_slope(diffusion, x, t)


_READINGS = {
    "without_half": (
        "R33", "The noise spreads by g², not ½ g²: twice the temperature.",
        lambda f, g: (f, _root_of_two(g)),
    ),
    "g_for_square": (
        "classic: g for g²", "The noise spreads by ½ g.", lambda f, g: (f, _root_of_root(g))
    ),
    "drift_sign": (
        "classic: sign of the drift's flux", "The drift has the wrong sign.",
        lambda f, g: (_against(f), g),
    ),
    "stratonovich": (
        "classic: Stratonovich for Itô", "The noise is read in the sense of Stratonovich.",
        lambda f, g: (_pushed(f, g, 0.25), g),
    ),
    "fick": (
        "classic: Fick's law ∂(D ∂p) for ∂²(D p)", "The noise's flux is -D ∂p.",
        lambda f, g: (_pushed(f, g, 0.5), g),
    ),
}  # fmt: skip


def _read(port, name, reading):
    source, said, change = _READINGS[reading]
    right = getattr(library, port)
    at = 1 if port == "density_evolution" else 0

    def wrong(*args):
        args = list(args)
        args[at : at + 2] = change(*args[at : at + 2])
        return right(*args)

    def of_terms(drift, diffusion, grid):
        return wrong(drift, diffusion, grid)

    def of_density(density, drift, diffusion, grid, t0, t1):
        return wrong(density, drift, diffusion, grid, t0, t1)

    shown = of_density if port == "density_evolution" else of_terms
    shown.__doc__ = said
    mistake(f"{name}_{reading}", port=port, source=source)(shown)


for _reading in _READINGS:
    _read("density_evolution", "evolution", _reading)
    _read("stationary_density", "stationary", _reading)
    _read("spectral_gap", "gap", _reading)


@mistake("evolution_time_reversed", port="density_evolution", source="A02: the field at -t")
def _(density, drift, diffusion, grid, t0, t1):
    """Drift and diffusion are taken at the mirrored time."""
    f, g = ((lambda x, t, h=h: h(x, t0 + t1 - t)) for h in (drift, diffusion))
    return library.density_evolution(density, f, g, grid, t0, t1)


@mistake("evolution_frozen", port="density_evolution", source="classic: coefficients of the start")
def _(density, drift, diffusion, grid, t0, t1):
    """Drift and diffusion are those of the start at all times."""
    f, g = ((lambda x, t, h=h: h(x, t0)) for h in (drift, diffusion))
    return library.density_evolution(density, f, g, grid, t0, t1)


@mistake("evolution_half_cell_off", port="density_evolution", source="classic: edges for centres")
def _(density, drift, diffusion, grid, t0, t1):
    """The drift is taken half a cell, and then a whole one, too far to the right."""
    h = grid[1] - grid[0]
    return library.density_evolution(
        density, lambda x, t: drift(x + 1.5 * h, t), diffusion, grid, t0, t1
    )


def _ends_of(grid):
    half = (grid[1] - grid[0]) / 2
    return grid[0] - half, grid[-1] + half


def _by_cells(density, drift, diffusion, grid, t0, t1, ends):
    from refscore.diffusion import fokker_planck as fp

    cells = fp.uniform_grid(*_ends_of(grid), len(grid), ends=ends)
    mass = cells.mass(density)
    given = density / mass, drift, diffusion, cells, t0, t1
    return mass * fp.density_evolution(*given, n_steps=32).density


@mistake("evolution_absorbing_ends", port="density_evolution", source="classic: Dirichlet ends")
def _(density, drift, diffusion, grid, t0, t1):
    """The density is 0 at the ends, and mass leaves."""
    return _by_cells(density, drift, diffusion, grid, t0, t1, "absorbing")


@mistake("evolution_periodic_ends", port="density_evolution", source="classic: numpy.roll")
def _(density, drift, diffusion, grid, t0, t1):
    """What leaves at one end comes in at the other."""
    return _by_cells(density, drift, diffusion, grid, t0, t1, "periodic")


@mistake("evolution_rescaled", port="density_evolution", source="classic: lost mass divided away")
def _(density, drift, diffusion, grid, t0, t1):
    """The density is 0 at the ends, and the mass that leaves is divided away."""
    p = _by_cells(density, drift, diffusion, grid, t0, t1, "absorbing")
    return p / (np.sum(p) * (grid[1] - grid[0]))


def _stepped(density, drift, diffusion, grid, t0, t1, operator, steps=48):
    """Crank-Nicolson with a tridiagonal `operator(t)`: (below, diagonal, above)."""
    from scipy.linalg import solve_banded

    p, tau = np.array(density), (t1 - t0) / steps
    for k in range(steps):
        below, middle, above = operator(t0 + (k + 0.5) * tau)
        bands = np.zeros((3, len(p)))
        bands[0, 1:], bands[1], bands[2, :-1] = -above, -middle, -below
        bands *= tau / 2
        bands[1] += 1
        p = 2 * solve_banded((1, 1), bands, p) - p
    return p


def _fluxes(drift, diffusion, grid, upwind):
    """The operator of J = f p - (D p)' with the drift's flux centred, or upwinded."""
    h, x = grid[1] - grid[0], grid[:, None]
    edges = x[:-1] + h / 2

    def operator(t):
        D, f = diffusion(x, t) ** 2 / 2, drift(edges, t)[:, 0]
        left, right = (np.maximum(f, 0), np.minimum(f, 0)) if upwind else (f / 2, f / 2)
        up, down = left / h + D[:-1] / h**2, -right / h + D[1:] / h**2
        middle = -np.append(up, 0) - np.append(0, down)
        return up, middle, down

    return operator


@mistake("evolution_central_differences", port="density_evolution", source="Chang and Cooper 1970")
def _(density, drift, diffusion, grid, t0, t1):
    """Centred fluxes: below 0 where the drift outweighs the diffusion in a cell."""
    operator = _fluxes(drift, diffusion, grid, upwind=False)
    return _stepped(density, drift, diffusion, grid, t0, t1, operator)


@mistake("evolution_upwind", port="density_evolution", source="classic: lost order of upwinding")
def _(density, drift, diffusion, grid, t0, t1):
    """The drift's flux is upwinded: first order in the width."""
    operator = _fluxes(drift, diffusion, grid, upwind=True)
    return _stepped(density, drift, diffusion, grid, t0, t1, operator)


@mistake("evolution_not_conservative", port="density_evolution", source="classic: f ∂p for ∂(f p)")
def _(density, drift, diffusion, grid, t0, t1):
    """The drift's divergence is left out: mass is lost or made."""
    h, x = grid[1] - grid[0], grid[:, None]

    def operator(t):
        D, f = diffusion(x, t) ** 2 / 2, drift(x, t)[:, 0]
        below, above = f[1:] / (2 * h) + D[:-1] / h**2, -f[:-1] / (2 * h) + D[1:] / h**2
        return below, -2 * D / h**2, above

    return _stepped(density, drift, diffusion, grid, t0, t1, operator)


@mistake("stationary_sums_to_one", port="stationary_density", source="classic: h left out")
def _(drift, diffusion, grid):
    """The values sum to one: masses of cells, not a density."""
    return library.stationary_density(drift, diffusion, grid) * (grid[1] - grid[0])


@mistake("stationary_square", port="stationary_density", source="C: a factor 2 of the temperature")
def _(drift, diffusion, grid):
    """The exponent is doubled: half the temperature."""
    return library.stationary_density(lambda x, t: 2 * drift(x, t), diffusion, grid)


@mistake("stationary_backward", port="stationary_density", source="classic: L for its adjoint")
def _(drift, diffusion, grid):
    """The null vector of the backward equation: a constant."""
    return np.full(len(grid), 1 / (len(grid) * (grid[1] - grid[0])))


@mistake("stationary_upwind", port="stationary_density", source="classic: order of upwinding")
def _(drift, diffusion, grid):
    """The drift's flux is upwinded: first order in the width."""
    up, _, down = _fluxes(drift, diffusion, grid, upwind=True)(0.0)
    p = np.exp(np.append(0.0, np.cumsum(np.log(up / down))))
    return p / (np.sum(p) * (grid[1] - grid[0]))


@mistake("gap_upwind", port="spectral_gap", source="classic: order of upwinding")
def _(drift, diffusion, grid):
    """The drift's flux is upwinded: first order in the width."""
    from scipy.linalg import eigvalsh_tridiagonal

    up, middle, down = _fluxes(drift, diffusion, grid, upwind=True)(0.0)
    return float(np.sort(eigvalsh_tridiagonal(-middle, np.sqrt(up * down)))[1])


@mistake("gap_sign", port="spectral_gap", source="classic: sign of an eigenvalue")
def _(drift, diffusion, grid):
    """The eigenvalue of the equation, below 0."""
    return -library.spectral_gap(drift, diffusion, grid)


def _rates(drift, diffusion, grid, n, ends="reflecting"):
    from refscore.diffusion import fokker_planck as fp

    cells = fp.uniform_grid(*_ends_of(grid), len(grid), ends=ends)
    return fp.relaxation_rates(drift, diffusion, cells, n)


@mistake("gap_of_second", port="spectral_gap", source="classic: the eigenvalue after")
def _(drift, diffusion, grid):
    """The second rate above 0."""
    return float(_rates(drift, diffusion, grid, 3)[2])


@mistake("gap_of_stationary", port="spectral_gap", source="classic: the eigenvalue before")
def _(drift, diffusion, grid):
    """The rate of the stationary density: 0."""
    return float(abs(_rates(drift, diffusion, grid, 1)[0]))


@mistake("gap_is_time", port="spectral_gap", source="classic: a time for a rate")
def _(drift, diffusion, grid):
    """The relaxation time."""
    return 1 / library.spectral_gap(drift, diffusion, grid)


@mistake("gap_absorbing_ends", port="spectral_gap", source="classic: Dirichlet ends")
def _(drift, diffusion, grid):
    """The first rate above that of escape, between absorbing ends."""
    escape, after = _rates(drift, diffusion, grid, 2, "absorbing")
    return float(after - escape)


@mistake("gap_of_difference_matrix", port="spectral_gap", source="classic: h left out")
def _(drift, diffusion, grid):
    """The rate a cell: the width of the cells is taken for one."""
    return library.spectral_gap(drift, diffusion, grid) * (grid[1] - grid[0]) ** 2

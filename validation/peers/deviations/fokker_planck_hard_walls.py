"""fokker-planck: between hard walls a steady push gives a density that does not converge.

integrator.py of 1.0.17: `_matrix_boundary_A` and `_B` make the rows of the walls those of an
implicit step while the others are Crank-Nicolson's, and with (1 + 2a, -2a) on the first node the
columns do not sum to 1; `_calc_flux_lax_wendroff` lets the drift's flux ½ F p through the wall.
`normalize_prob` then scales away what was lost. A push v = 0.8, D = 0.3 on (-0.5, 1), time 0.3,
from the law it should end in and a share of the slowest mode.
"""

import numpy as np
from fokker_planck.integrator import FokkerPlanck1D
from fokker_planck.types.basetypes import DiffScheme
from scipy.linalg import expm

v, D, T, length = 0.8, 0.3, 0.3, 1.5
g, q = v / (2 * D), np.pi / length


def closed(y, t):
    """What is kept, and the mode e^{gy}(cos qy + g/q sin qy), whose rate is D (q² + g²)."""
    kept = 2 * g * np.exp(2 * g * y) / np.expm1(2 * g * length)
    mode = np.exp(g * y) * (np.cos(q * y) + g / q * np.sin(q * y))
    return kept + 0.2 * np.exp(-D * (q * q + g * g) * t) * mode


def library(n, scheme):
    h = length / n
    y = (np.arange(n) + 0.5) * h
    steps = int(np.ceil(T / (0.25 * h / v)))
    solver = FokkerPlanck1D(D, T / steps, h, y - 0.5, diff_scheme=scheme)
    solver.prob, solver.sparse_calc = closed(y, 0.0), False
    for _ in range(steps):
        solver.integrate_step((), lambda x, _: v / D + 0 * x)
    return y, solver.prob


def centred(n):
    """Centred fluxes, none through the walls, by a matrix exponential."""
    h = length / n
    y, flux = (np.arange(n) + 0.5) * h, np.zeros((n + 1, n))
    for i in range(1, n):
        flux[i, i - 1], flux[i, i] = v / 2 + D / h, v / 2 - D / h
    return y, expm(-T * np.diff(flux, axis=0) / h) @ closed(y, 0.0)


print("at the walls, over the closed form, on 60, 120, 240 cells:")
for name, solve in (
    ("library, Crank-Nicolson", lambda n: library(n, DiffScheme.CrankNicolson)),
    ("library, implicit", lambda n: library(n, DiffScheme.Implicit)),
    ("centred fluxes, expm", centred),
):
    ends = [(p / closed(y, T))[[0, -1]] for y, p in map(solve, (60, 120, 240))]
    print(f"{name:<26}" + "   ".join(f"{a:.4f} and {b:.4f}" for a, b in ends))

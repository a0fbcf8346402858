"""The ports of the Fokker-Planck equation."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
FOKKER_PLANCK: list[tuple[str, str, str, str, str | None, bool]] = [
    ("fokker_planck_residual", "log_density_at drift diffusion x t", "values",
     "d log p/dt + div f + f.s - 1/2 lap(g^2 p)/p at points, s = grad log p: 0 where p solves the "
     "equation of dX = f dt + g dw (Ito)", None, True),
    ("continuity_residual", "log_density_at velocity x t", "values",
     "d log p/dt + div v + v.s at points: 0 where the flow dx/dt = v carries p", None, True),
    ("density_evolution", "density drift diffusion grid t0 t1", "vector",
     "the density at time t1 of dX = f dt + g dw (Ito) on the line, from that at t0; no flux "
     "through the ends, half a spacing beyond the grid; the error is to fall as the spacing "
     "squared, and no density may be negative", None, False),
    ("stationary_density", "drift diffusion grid", "vector",
     "the density that dX = f(X, 0) dt + g(X, 0) dw keeps between such ends: its sum times the "
     "spacing is 1", None, False),
    ("spectral_gap", "drift diffusion grid", "number",
     "the smallest positive rate at which densities relax to it", None, False),
]  # fmt: skip

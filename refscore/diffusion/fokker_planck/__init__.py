"""The Fokker-Planck equation: residuals of densities, a solver on cells, what it ends in."""

from refscore.diffusion.fokker_planck.densities import (
    DiffusedDensity,
    FunctionDensity,
    StillDensity,
)
from refscore.diffusion.fokker_planck.evolution import Evolution, density_evolution, positive_step
from refscore.diffusion.fokker_planck.grid import Grid, uniform_grid
from refscore.diffusion.fokker_planck.residual import continuity_residual, fokker_planck_residual
from refscore.diffusion.fokker_planck.stationary import (
    relaxation_rates,
    spectral_gap,
    stationary_density,
)
from refscore.diffusion.fokker_planck.terms import (
    Terms,
    forward_terms,
    langevin_terms,
    reverse_terms,
)

__all__ = [
    "DiffusedDensity",
    "Evolution",
    "FunctionDensity",
    "Grid",
    "StillDensity",
    "Terms",
    "continuity_residual",
    "density_evolution",
    "fokker_planck_residual",
    "forward_terms",
    "langevin_terms",
    "positive_step",
    "relaxation_rates",
    "reverse_terms",
    "spectral_gap",
    "stationary_density",
    "uniform_grid",
]

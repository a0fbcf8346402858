"""The catalogue: every theorem as a function returning its two sides.

One file per chapter of the lectures' mathematics; `catalogue()` loads them all.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from refscore.identities.base import (
    Bound,
    Draws,
    Identity,
    Mean,
    Normal,
    Order,
    Same,
    Sides,
    Uniform,
    identity,
)
from refscore.identities.cases import Case, FieldDescription, Law

CHAPTERS = (
    "scores", "derivatives", "conservation", "densities", "smoothing", "objectives", "slicing",
    "gradients", "means", "perturbed", "noisy_data", "shortcuts", "perturbed_gradients", "ladder",
    "weightings", "levels", "bounded", "boundary", "simplex", "binary", "kernels", "kernel_fits",
    "contrasts", "noise_contrasts", "estimators", "uncertainty", "finite_samples", "traces",
    "low_rank", "langevin", "langevin_chains", "langevin_metropolis", "langevin_kinetic",
    "langevin_annealed", "langevin_laws", "langevin_stationarity", "langevin_ascent",
    "langevin_basins", "langevin_errata", "discrepancies", "distances", "processes", "schedules",
    "paths", "diffusion", "likelihood", "guidance", "inverse", "fokker_planck",
    "fokker_planck_cells", "fokker_planck_limits", "reverse", "reverse_draws", "samplers",
    "reverse_orders", "reversals", "parametrisations", "exponential", "exponential_multistep",
    "exponential_draws", "flow_densities", "flow_estimates", "flow_gradients",
    "flow_paths", "flow_errata",
    "ode_steps", "ode_solves", "adjoint_gradients",
    "adjoint_steps", "bijections",
    "bijection_linear", "bijection_layers", "orders", "proofs", "errata", "omissions", "blindness",
    "gumbel", "gumbel_orders", "concrete", "concrete_densities", "concrete_bits",
    "concrete_divergence",     "discrete_gradients", "elbo", "adversarial", "families",
    "discrete_bits", "discrete_moments", "discrete_draws", "discrete_seeded",
    "quantisation", "codebooks", "scalar_quantisation",
)  # fmt: skip

__all__ = [
    "Bound", "Case", "Draws", "FieldDescription", "Identity", "Law", "Mean", "Normal",
    "Order", "Same", "Sides", "Uniform", "catalogue", "find", "identity",
]  # fmt: skip


def catalogue() -> dict[str, Identity]:
    """Every entry by name, in the order of the chapters."""
    from refscore.identities.base import REGISTRY

    _load(CHAPTERS)
    return {name: REGISTRY[name] for name in _order(CHAPTERS, tuple(REGISTRY))}


@lru_cache(maxsize=2)
def _load(chapters: tuple[str, ...]) -> None:
    for chapter in chapters:
        import_module(f"{__name__}.{chapter}")


@lru_cache(maxsize=2)
def _order(chapters: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    """The names of the entries, by the place of their module among the chapters."""
    from refscore.identities.base import REGISTRY

    place = {f"{__name__}.{chapter}": i for i, chapter in enumerate(chapters)}
    last = len(place)  # entries of the user's own
    return sorted(names, key=lambda name: place.get(REGISTRY[name].sides.__module__, last))


def find(key: str) -> list[Identity]:
    """The entries with this id, name, row (`B2`) or chapter (`B`)."""
    entries = catalogue().values()
    exact = [e for e in entries if key in (e.id, e.name)]
    if exact and exact[0].id != exact[0].row:
        return exact
    found = [e for e in entries if key in (e.id, e.name, e.row, e.chapter)]
    if not found:
        import difflib

        names = [k for e in entries for k in (e.id, e.name)]
        close = difflib.get_close_matches(key, names, n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise KeyError(f"no identity {key!r} in the catalogue{hint}")
    return found

"""The catalogue: every theorem as a function returning its two sides.

One file per chapter of the lectures' mathematics; `catalogue()` loads them all.
"""

from __future__ import annotations

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
)  # fmt: skip

__all__ = [
    "Bound", "Case", "Draws", "FieldDescription", "Identity", "Law", "Mean", "Normal",
    "Order", "Same", "Sides", "Uniform", "catalogue", "find", "identity",
]  # fmt: skip


def catalogue() -> dict[str, Identity]:
    """Every entry by name, in the order of the chapters."""
    from refscore.identities.base import REGISTRY

    for chapter in CHAPTERS:
        import_module(f"refscore.identities.{chapter}")
    order = {f"{__name__}.{chapter}": i for i, chapter in enumerate(CHAPTERS)}
    last = len(order)  # entries of the user's own
    return dict(sorted(REGISTRY.items(), key=lambda e: order.get(e[1].sides.__module__, last)))


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

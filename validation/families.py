"""What the model families can do, computed: one small exact model each, on the same points."""

from __future__ import annotations

import numpy as np

from refscore.families import comparison

MEAN, COVARIANCE = [0.5, -1.0], [[1.3, 0.7], [0.7, 0.8]]


def markdown() -> str:
    """The table: density, latent, draws, and what they cost."""
    x = np.random.default_rng(0).multivariate_normal(MEAN, COVARIANCE, 500)
    lines = [
        "Every family fitted to 500 points of a Gaussian of the plane, where each can be exact. A"
        " cost is the number of points at which the model was evaluated." + _with_dimensions(),
        "",
        "| family | log p(x) | largest error | cost of one | latent | W₂ of the draws' law |"
        " W₂ of 2,000 draws' moments | cost of a draw |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = comparison(x, n_draws=2000, rng=1)
    for row in rows:
        if row.density_error is None:
            density, error, cost = "none", "", ""
        else:
            density = "through an integral" if row.integral else "exact"
            error, cost = f"{row.density_error:.0e}", f"{row.density_cost:,}"
        latent = f"{row.latent}-dimensional" if row.latent else "none"
        cells = [row.family, density, error, cost, latent, f"{row.bias:.0e}"]
        cells += [f"{row.distance:.3f}", f"{row.draw_cost:g}"]
        lines.append("| " + " | ".join(cells) + " |")
    row = rows[0]
    lines += [
        "",
        f"The moments of 2,000 exact draws are {row.floor:.4f} away on average (standard error"
        f" {row.floor_error:.4f}, deviation {10 * row.floor_error:.3f}): so many draws do not tell"
        " the families apart, their laws do.",
    ]
    return "\n".join(lines)


def _with_dimensions() -> str:
    """What one log density costs in more dimensions, where it goes through an integral."""
    said = []
    for d in (3, 4):
        x = np.random.default_rng(d).standard_normal((100, d))
        costs = {row.family: row for row in comparison(x, n_draws=2, rng=1) if row.integral}
        each = " and ".join(f"{row.density_cost:,} of the {name}" for name, row in costs.items())
        said.append(f" In {d} dimensions one log p takes {each} model.")
    return "".join(said)

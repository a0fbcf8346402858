"""What a flow makes of a law at every time, and the equation it keeps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_offering, as_scalar
from refscore.diffusion.fokker_planck import FunctionDensity
from refscore.diffusion.fokker_planck import continuity_residual as residual_of
from refscore.fields import as_velocity
from refscore.flows._carried import KnownFlow


def carried_density(velocity, law, t0) -> FunctionDensity:
    """The densities p_t of z(t) with z(t0) ~ law, for a velocity whose flow is known.

        log p_t(x) = log p₀(z) + log|det dz/dx|,   z = z(t0) with z(t) = x

    Arguments: velocity, one of the velocities of this package with `.flow` and `.log_det`; law
    with `.log_density`; t0. Returns: a density with .log_density, .score, .jacobian and .rate
    of (x, t), the last three by differences. Raises: TypeError naming the argument; ValueError
    at points whose path back is infinite.
    Checked by: flow_keeps_the_continuity_equation
    """
    if not isinstance(velocity, KnownFlow):
        raise TypeError(
            "velocity must be one whose flow is known, such as Linear or Hopf, got"
            f" {type(velocity).__name__}"
        )
    law, t0 = as_offering(law, "law", "log_density"), as_scalar(t0, "t0")

    def log_density(x, t):
        *_, z, log_det = velocity._both(x, t, t0)
        return law.log_density(z) + log_det

    return FunctionDensity(log_density)


def continuity_residual(velocity, log_density_at: Callable, x, t) -> np.ndarray:
    """The continuity equation of log p under a velocity, left side minus right.

        r = ∂_t log p + div f + f·∇ log p

    0 at every point and time where the flow of f carries p.
    Arguments: velocity f, a Family or a Field; log_density_at, a function log p(x, t),
    differentiated by differences, or a density with .score, .jacobian and .rate of (x, t),
    such as a `carried_density`; x (..., d); t. Returns: (...,). Raises: TypeError, ValueError
    naming the argument. Cost: a velocity, its divergence, and 4 (d + 1) log densities.
    Source: derived: seed 003, from d log p/dt = -tr ∂f/∂z along a path.
    Tested in: tests/flows/test_continuity.py
    """
    velocity, density = as_velocity(velocity, "velocity"), log_density_at
    if not all(hasattr(density, name) for name in ("score", "jacobian", "rate")):
        density = FunctionDensity(as_callable(log_density_at, "log_density_at"))
    return residual_of(density, velocity, x, t)

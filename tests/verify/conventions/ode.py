"""Solves, and densities of flows in continuous time, in every reading."""

import numpy as np

from refscore import ode
from refscore.verify import library

from .subjects import subject

SHARED = {"rtol": 1e-7, "atol": 1e-7, "shared_steps": True}


def by_shampines_weights(velocity, x, t, step_size, method):
    """Weights of order 4 other than Dormand and Prince's own, as torchdiffeq and diffrax have."""
    table = ode.tableau(method)
    if method == "dormand_prince":
        ratios = ((1951, 21600), (0, 1), (22642, 50085), (451, 720), (-12231, 42400), (649, 6300),
                  (1, 60))  # fmt: skip
        table = table._replace(b_low=np.array([p / q for p, q in ratios]))
    return ode.runge_kutta_error(table, velocity, x, t, step_size)


SUBJECTS = {
    ("embedded_weights", "Shampine"): subject(ode_error=by_shampines_weights),
    ("step_control", "batch"): subject(
        ode_solve=lambda f, x, t0, t1: ode.solve(f, x, t0, t1, **SHARED).x1,
        ode_path=lambda f, x, times: ode.solve_path(f, x, times, **SHARED),
    ),
    ("flow_density", "negative nats"): subject(
        flow_log_density=lambda *given: -library.flow_log_density(*given)
    ),
    ("flow_density", "bits per dimension"): subject(
        flow_log_density=lambda f, x, *more: (
            -library.flow_log_density(f, x, *more) / (x.shape[1] * np.log(2))
        )
    ),
}

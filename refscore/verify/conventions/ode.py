"""Whose error sets the step sizes of an adaptive solve, and the weights that estimate it; the
unit of log densities of flows."""

from __future__ import annotations

from .base import Convention, Family
from .units import NATS, in_nats

CONVENTIONS = {
    "step_control": Convention(
        {
            "row": "every row has step sizes of its own: it does not depend on the others",
            "batch": "one step size for all rows, which then depend on each other within the"
            " tolerance",
        },
        ports=("ode_solve", "ode_path"),
        right_side=True,
    ),
    "embedded_weights": Convention(
        {
            "Dormand and Prince": "dormand_prince's error by b̂ = 5179/57600, ..., 1/40, as"
            " published",
            "Shampine": "by b̂ = 1951/21600, 0, 22642/50085, 451/720, -12231/42400, 649/6300, 1/60",
        },
        ports=("ode_error",),
        right_side=True,
    ),
    "flow_density": Convention(
        NATS,
        ports=(
            "flow_log_density",
            "flow_log_density_estimate",
            "flow_log_density_on_grid",
            "flow_log_density_gradient",
            "flow_log_density_estimate_gradient",
        ),
    ),
}


def _read(port, arguments, output, meant):
    return in_nats(arguments, output, meant.flow_density)


FAMILY = Family(__doc__, CONVENTIONS, read=_read)

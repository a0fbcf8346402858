"""Forward processes dx = f(t) x dt + g(t) dw with their marginals X_t = α_t X_0 + σ_t Z."""

from refscore.processes.base import Process, as_process, as_time, linear_drift, rowwise
from refscore.processes.exploding import EDM, VE
from refscore.processes.given import from_marginal, from_rates, variance_preserving
from refscore.processes.grids import integer_grid, karras_sigmas, time_grid, times_of_sigmas
from refscore.processes.preserving import VP, SubVP
from refscore.processes.simulate import euler_maruyama_path, forward_path, milstein_path
from refscore.processes.straight import Cosine, Straight
from refscore.processes.tables import (
    Table,
    continuous_limit,
    discrete_schedule,
    from_betas,
    from_sigmas,
    zero_terminal_snr,
)
from refscore.processes.wiener import WienerPath, brownian_bridge, wiener_increments

__all__ = [
    "EDM",
    "VE",
    "VP",
    "Cosine",
    "Process",
    "Straight",
    "SubVP",
    "Table",
    "WienerPath",
    "as_process",
    "as_time",
    "brownian_bridge",
    "continuous_limit",
    "discrete_schedule",
    "euler_maruyama_path",
    "forward_path",
    "from_betas",
    "from_marginal",
    "from_rates",
    "from_sigmas",
    "integer_grid",
    "karras_sigmas",
    "linear_drift",
    "milstein_path",
    "rowwise",
    "time_grid",
    "times_of_sigmas",
    "variance_preserving",
    "wiener_increments",
    "zero_terminal_snr",
]

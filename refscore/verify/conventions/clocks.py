"""The other clock: time from noise to data, for every port that speaks of the process's time.

Every time t of the process is handed over, and read back, as 1 - t, and every score_at is asked
with 1 - t; what is a rate in time comes with the other sign. Samplers so get rising times.
"""

from __future__ import annotations

from refscore.identities.cases import Description
from refscore.verify.ports import PORTS

VALUES = {
    "data at 0": "time runs from data to noise",
    "data at 1": "time runs from noise to data: every time of the process stands for 1 - t,"
    " also in every score_at handed over, so that steps go from t to s > t and times rise;"
    " drifts, velocities and rates are those in that time, and have the other sign",
}
_TIMES = ("t", "s", "times", "start", "end")
_SCORES = ("score_at", "likelihood_score_at", "conditional_at", "unconditional_at")
_GROUPS = ("processes", "reverse", "likelihood", "guidance")
# processes handed over with a time of their own, Wiener paths, equations of any drift
_OWN_TIME = (
    "process_marginal", "process_rates", "process_transition", "wiener_increments",
    "brownian_bridge", "euler_maruyama_path", "milstein_path", "fokker_planck_residual",
    "continuity_residual", "density_evolution",
)  # fmt: skip
_RATES = ("marginal_rates", "drift", "flow_velocity", "reverse_drift")
TIMED = tuple(
    name
    for name, port in PORTS.items()
    if port.group in _GROUPS
    and name not in _OWN_TIME
    and (name == "time_at" or {*_TIMES, *_SCORES} & {*port.arguments})
)


def turned(arguments: dict) -> dict:
    """The arguments as one is handed them whose time runs from noise to data."""
    times = {name: 1 - arguments[name] for name in _TIMES if name in arguments}
    scores = {
        name: Description("turned", law=arguments[name]) for name in _SCORES if name in arguments
    }
    return {**arguments, **times, **scores}


def turned_back(port: str, output):
    """Such a one's answer in the time that runs from data to noise."""
    if port in ("time_at", "time_grid"):
        return 1 - output
    if port in _RATES:
        return tuple(-rate for rate in output) if isinstance(output, tuple) else -output
    return output


def elsewhere(offered: set[str]) -> str:
    """What is said where ports are offered that have the base and the data at t0 and t1."""
    if not any("t0" in PORTS[name].arguments for name in offered):
        return ""
    return (
        "; ports of flows and solves have no clock: they are handed t0 and t1, the base at t0 and"
        " the data at t1; where the code has the data at its start, hand it t1 and t0"
    )

"""Options of a continuous flow, checked when it is made."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_switch
from refscore.ode._schemes import as_tolerances
from refscore.ode.tableaux import tableau
from refscore.traces.divergences import point_probes

TRACES = ("exact", "hutchinson")
GRADIENTS = ("adjoint", "backpropagation", "checkpointed")


def one_of(value, name: str, known: tuple) -> str:
    """One of the known words."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")
    return value


def as_probe(value, dim: int) -> str:
    """A kind of real probes."""
    point_probes(np.empty((0, dim)), None, rng=0, probe=value)
    return value


def solve_options(method, rtol, atol, n_steps, shared_steps, gradient) -> dict:
    """Those of `ode.solve`, of which some gradient asks more."""
    shared_steps = as_switch(shared_steps, "shared_steps")
    if n_steps is not None:
        n_steps = as_count(n_steps, "n_steps")
    if n_steps is not None or not is_dop853(method):
        tableau(method)
    if gradient == "checkpointed" and n_steps is None and not shared_steps:
        raise ValueError('gradient "checkpointed" must come with n_steps or shared_steps=True')
    tolerances = dict(zip(("rtol", "atol"), as_tolerances(rtol, atol, n_steps=n_steps)))
    control = tolerances if n_steps is None else {"n_steps": n_steps}
    return {"method": method, "shared_steps": shared_steps, **control}


def is_dop853(method) -> bool:
    """Whether this is the method without a tableau."""
    return isinstance(method, str) and method == "dop853"


def require_gradients(method) -> None:
    """Raise for a method that nothing is pulled back through."""
    if is_dop853(method):
        raise ValueError(
            'method "dop853" of a flow gives densities and draws, and no gradients; give one with'
            ' both, as "dormand_prince" or "tsitouras"'
        )

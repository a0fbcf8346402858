"""The arguments of an objective: which draws it makes, which belong to its points one by one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import numpy as np

from refscore._arguments import as_array, as_noise_levels

BY_ROW = ("noise", "probes", "levels", "sigma", "factor")
DRAWN = ("noise", "probes", "levels")


def names_of(function):
    """The names of a function's arguments, none where it does not tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def draws(objective, given: dict) -> bool:
    """Whether an objective takes `rng` and something is left for it to draw."""
    names = names_of(objective)
    if "rng" not in names:
        return False
    could = [name for name in DRAWN if name in names]
    must = names["rng"].default is inspect.Parameter.empty
    return must or not could or any(given.get(name) is None for name in could)


def goes_by_row(name: str, value, n: int) -> bool:
    """Whether an argument of an objective belongs to its points one by one."""
    return name in BY_ROW and np.shape(value)[:1] == (n,)


def rows_of(given: dict, rows, n: int) -> dict:
    """The arguments for some of the n points: those that go with points are taken by row."""
    return {
        name: value[rows] if goes_by_row(name, value, n) else value for name, value in given.items()
    }


def checked_rows(objective, given: dict, x: np.ndarray) -> dict:
    """The arguments, those by row as arrays; for an objective of refscore, every row checked.

    A minibatch would complain later, and of a row of its own.
    """
    ours = getattr(objective, "__module__", "").startswith("refscore.objectives.")
    n, found = len(x), dict(given)
    for name, value in given.items():
        if not goes_by_row(name, value, n):
            continue
        found[name] = np.asarray(value)
        if ours and name == "sigma":
            as_noise_levels(value, name, (n,))
        elif ours and name == "levels":
            _require_levels(as_array(value, name, (n,)), given.get("sigmas"))
        elif ours:
            as_array(value, name, x.shape if name == "noise" else None)
    return found


def held_out_arguments(objective, held_out, own, given, n) -> dict:
    """The arguments of the objective on held_out: all but those of x by row, and its own."""
    if own is not None and (held_out is None or not isinstance(own, Mapping)):
        wanted = "be a mapping of names to values" if held_out is not None else "go with held_out"
        raise ValueError(f"held_out_given must {wanted}, got {own!r}"[:200])
    if held_out is None:
        return {}
    by_row = {name for name, value in given.items() if goes_by_row(name, value, n)}
    found = {k: v for k, v in given.items() if k not in by_row} | dict(own or {})
    for name, one in names_of(objective).items():
        if name in by_row and name not in found and one.default is one.empty:
            raise ValueError(
                f"held_out needs its own {name}: the one given has a row for every row of x; give"
                f" held_out_given={{{name!r}: ...}} with {len(held_out)} rows"
            )
    return found


def _require_levels(levels, sigmas):
    count = np.inf if sigmas is None else np.size(sigmas)
    for row in np.flatnonzero((levels != np.rint(levels)) | (levels < 0) | (levels >= count))[:1]:
        raise ValueError(
            f"levels must be whole numbers from 0 to {count - 1}, got {levels[row]:g} at row {row}"
        )

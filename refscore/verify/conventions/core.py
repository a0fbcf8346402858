"""All conventions in one table, and how a port is asked and read by what was declared of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from . import densities, discrete, flows, langevin, objectives, ode, processes, traces
from .base import Convention, Family

FAMILIES: tuple[Family, ...] = (
    densities.FAMILY, objectives.FAMILY, discrete.FAMILY, traces.FAMILY, langevin.FAMILY,
    processes.FAMILY, flows.FAMILY, ode.FAMILY,
)  # fmt: skip
CONVENTIONS: dict[str, Convention] = {
    name: convention for family in FAMILIES for name, convention in family.conventions.items()
}
APPLIES = {name: convention.ports for name, convention in CONVENTIONS.items()}
RIGHT_SIDE = {name for name, convention in CONVENTIONS.items() if convention.right_side}
_DEFAULTS = {name: convention.default for name, convention in CONVENTIONS.items()}


def spoken_by(port: str) -> list[str]:
    """The names of the conventions that change what a port takes or returns."""
    return [name for name, ports in APPLIES.items() if port in ports]


def for_port(port: str, declared: dict[str, Any]) -> SimpleNamespace:
    """What one port is judged by: a value of every convention, the default of all others."""
    names, chosen = spoken_by(port), {}
    for key, value in declared.items():
        owner, _, name = key.rpartition(".")
        if name in names and (owner == port or (not owner and name not in chosen)):
            chosen[name] = value
    return SimpleNamespace(**{**_DEFAULTS, **chosen})


def to_subject(port: str, arguments: dict, meant: SimpleNamespace) -> dict:
    """The arguments as a subject of these conventions expects them."""
    for family in FAMILIES:
        arguments = family.handed(port, arguments, meant)
    return arguments


def from_subject(port: str, arguments: dict, output, meant: SimpleNamespace):
    """The output in the default reading."""
    for family in FAMILIES:
        output = family.read(port, arguments, output, meant)
    return output

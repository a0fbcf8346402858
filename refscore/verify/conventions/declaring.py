"""What an adapter may declare, and what is said of what it may not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from refscore.verify.errors import SubjectError
from refscore.verify.ports import PORTS

from . import clocks
from .core import APPLIES, CONVENTIONS


def values_of(name: str) -> tuple:
    """The values a convention may take, the default first."""
    if name in CONVENTIONS:
        return tuple(CONVENTIONS[name].values)
    close = difflib.get_close_matches(name, sorted(CONVENTIONS), n=1)
    known = ", ".join(sorted(CONVENTIONS))
    hint = f"; did you mean {close[0]!r}?" if close else f"; known: {known}"
    raise SubjectError(f"unknown convention {name!r}{hint}")


def check_declared(declared: dict[str, Any], offered: Iterable[str] = ()) -> dict[str, Any]:
    """`declared` itself, or an error naming the key or value that is not known.

    With the `offered` ports, what applies to none of them is an error too.
    """
    present = set(offered)
    for key, value in declared.items():
        port, _, name = str(key).rpartition(".")
        if port and port not in PORTS:
            raise SubjectError(f"convention {key!r} names no port: {port!r}")
        values = values_of(name)
        if value not in values or isinstance(value, bool) != isinstance(values[0], bool):
            raise SubjectError(f"{key!r} must be one of {values}, got {value!r}")
        meant = _listed(APPLIES[name])
        if port and port not in APPLIES[name]:
            raise SubjectError(
                f"convention {key!r}: {name!r} does not apply to {port}, but to {meant}"
            )
        if present and not present & set([port] if port else APPLIES[name]):
            more = clocks.elsewhere(present) if name == "clock" else ""
            raise SubjectError(
                f"convention {key!r} applies to no port offered, only to {port or meant}{more}"
            )
    return declared


def _listed(ports: tuple[str, ...]) -> str:
    """All of a few, the first of many."""
    if len(ports) <= 6:
        return ", ".join(ports)
    return f"{', '.join(ports[:5])} and {len(ports) - 5} more"

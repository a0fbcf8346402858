"""What a convention is, and a family of them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple


class Convention(NamedTuple):
    """A choice: its values with what each means, the default first, and the ports it is about.

    `right_side`: what is right is made by it, in the oracles and the library; all others turn
    arguments and answers."""

    values: dict[Any, str]
    ports: tuple[str, ...]
    right_side: bool = False

    @property
    def default(self):
        """The value that need not be declared."""
        return next(iter(self.values))


def _as_it_is(port: str, arguments: dict, meant: SimpleNamespace) -> dict:
    return arguments


def _as_it_came(port: str, arguments: dict, output, meant: SimpleNamespace):
    return output


class Family(NamedTuple):
    """Conventions of one kind of ports, and how the kit hands over and reads in them.

    `handed(port, arguments, meant)`, the arguments in the subject's reading, and
    `read(port, arguments, output, meant)`, its output in the default one, are asked of every
    port; `meant` has a value of every convention, the default where the port is read by none.
    """

    about: str
    conventions: dict[str, Convention]
    handed: Callable[[str, dict, SimpleNamespace], dict] = _as_it_is
    read: Callable[[str, dict, Any, SimpleNamespace], Any] = _as_it_came

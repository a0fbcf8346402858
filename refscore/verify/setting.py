"""What a mistaken library computes under: the process, conventions, precision of the one judged.

The library as a subject, and with it every named mistake, has the process VP, the default
conventions and double precision unless it is run inside `under(setting)`; so a mistake is called
by name under any process, under the conventions that change what is right, and in single
precision, where it is handed single precision too: what overflows there overflows as it would.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import Any, NamedTuple

from refscore.identities.cases import Description
from refscore.identities.settings import VP, process_of
from refscore.verify.conventions import RIGHT_SIDE


class Setting(NamedTuple):
    """A process as its kind and numbers, the declared conventions that change what is right, a
    precision, and how many draws a call averages; hashable."""

    process: tuple[str, tuple[tuple[str, Any], ...]]
    conventions: tuple[tuple[str, Any], ...] = ()
    dtype: str = "float64"
    draws: int = 64  # of which an estimate that draws by itself is the mean

    @property
    def described(self) -> Description:
        """The process as a plain description."""
        kind, numbers = self.process
        return Description(kind, **dict(numbers))

    @property
    def declared(self) -> dict[str, Any]:
        """The conventions as a subject declares them."""
        return dict(self.conventions)


def _told(process) -> tuple:
    numbers = {k: v if isinstance(v, bool) else float(v) for k, v in vars(process).items()
               if k != "kind"}  # fmt: skip
    return process.kind, tuple(sorted(numbers.items()))


DEFAULT = Setting(_told(VP))
ANY = 0  # draws: as many as explain how much the estimates vary
_SETTING: ContextVar[Setting] = ContextVar("setting", default=DEFAULT)


def setting_of(subject) -> Setting:
    """The setting a subject declares."""
    own = {k: v for k, v in subject.declared.items() if k.rpartition(".")[2] in RIGHT_SIDE}
    return Setting(_told(process_of(subject)), tuple(sorted(own.items())), subject.dtype)


@contextlib.contextmanager
def under(setting: Setting):
    """Inside, the library as a subject has this process and these conventions."""
    token = _SETTING.set(setting)
    try:
        yield
    finally:
        _SETTING.reset(token)


def current() -> Setting:
    """The present setting."""
    return _SETTING.get()


def described() -> Description:
    """The process of the present setting as a plain description."""
    return current().described


def convention(port: str, name: str, default):
    """The value of a convention for one port of the library."""
    declared = current().declared
    return declared.get(f"{port}.{name}", declared.get(name, default))


class _Process:
    """Stands for the library's process of the present setting, whatever that is."""

    def __getattr__(self, name: str):
        return getattr(present(), name)

    def __repr__(self):
        return repr(present())


def present():
    """The library's process of the present setting."""
    from refscore.verify.timed import forward

    setting = current()
    if setting.process not in _MADE:
        _MADE[setting.process] = forward(setting.described)
    return _MADE[setting.process]


_MADE: dict[tuple, Any] = {}
PROCESS: Any = _Process()

"""What a mistaken library computes under: the process and the conventions of the one judged.

The library as a subject, and with it every named mistake, has the process VP and the default
conventions unless it is run inside `under(setting)`; so a mistake is called by name under any
process, and under the conventions that change what is right.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import Any, NamedTuple

from refscore.identities.cases import Description
from refscore.identities.settings import VP, process_of


class Setting(NamedTuple):
    """A process as its kind and numbers, and the declared conventions that change what is right;
    hashable."""

    process: tuple[str, tuple[tuple[str, Any], ...]]
    conventions: tuple[tuple[str, Any], ...] = ()

    @property
    def described(self) -> Description:
        """The process as a plain description."""
        kind, numbers = self.process
        return Description(kind, **dict(numbers))

    @property
    def declared(self) -> dict[str, Any]:
        """The conventions as a subject declares them."""
        return dict(self.conventions)


# what is declared of these is what the right side is made by; all others turn answers
RIGHT_SIDE = {
    "splitting", "root", "norms", "last_step", "likelihood_probes", "reverse_last", "prior",
    "ancestral_variance", "multistep_rule", "singlestep_rule", "step_control", "scale_of",
    "embedded_weights", "affine_form", "flow_direction", "planar_bend", "radial_swelling",
    "deviation",
}  # fmt: skip


def _told(process) -> tuple:
    numbers = {k: v if isinstance(v, bool) else float(v) for k, v in vars(process).items()
               if k != "kind"}  # fmt: skip
    return process.kind, tuple(sorted(numbers.items()))


DEFAULT = Setting(_told(VP))
_SETTING: ContextVar[Setting] = ContextVar("setting", default=DEFAULT)


def setting_of(subject) -> Setting:
    """The setting a subject declares."""
    own = {k: v for k, v in subject.declared.items() if k.rpartition(".")[2] in RIGHT_SIDE}
    return Setting(_told(process_of(subject)), tuple(sorted(own.items())))


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

"""With what the catalogue first calls a port: its identities are run until they do."""

from __future__ import annotations

from refscore.identities.base import Draws
from refscore.verify.errors import NotOffered
from refscore.verify.ports import PORTS

_FEW = 64  # rows of a first call


def first_call(subject, port: str, entries, *, draws: str = "") -> dict | None:
    """The arguments with which the catalogue first calls this port on this subject.

    `draws="rng"`: only a call that hands over a generator counts.
    """
    for entry in entries:
        if port not in entry.ports or (draws and entry.draws != draws):
            continue
        for case in entry.cases():
            found = _asked(subject, port, entry, case)
            if found is None or (draws and draws not in found):
                continue
            if _answers(subject, port, found):
                return found
    return None


class _Asked(Exception):
    """Ends an identity at its first call of the port looked for."""


class _Until:
    """A subject that ends at the first call of one port."""

    def __init__(self, subject, port: str):
        self._subject, self._port, self.arguments = subject, port, None

    def __getattr__(self, name):
        if name != self._port:
            return getattr(self._subject, name)
        return self._stop

    def _stop(self, *args, **draws):
        self.arguments = {**dict(zip(PORTS[self._port].arguments, args)), **draws}
        raise _Asked


def _asked(subject, port, entry, case) -> dict | None:
    until = _Until(subject, port)
    try:
        for outcome in entry.sides(until, case):
            if isinstance(outcome, Draws):  # nothing is asked before it is drawn
                outcome.draw(0, _FEW)
    except Exception:  # also of another port: that port has prerequisites of its own
        pass
    return until.arguments


def _answers(subject, port, arguments) -> bool:
    """False where the subject declines these arguments; an error is an answer."""
    try:
        call(subject, port, arguments)
    except (NotOffered, NotImplementedError):
        return False
    except Exception:
        return True
    return True


def call(subject, port: str, arguments: dict):
    """The answer of a port to arguments and draws by their names."""
    table = PORTS[port]
    args = tuple(arguments[n] for n in table.arguments if n in arguments)
    draws = {k: v for k, v in arguments.items() if k not in table.arguments}
    return subject.call(table, args, draws)

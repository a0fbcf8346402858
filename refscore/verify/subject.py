"""A subject: somebody's implementation, called in its own framework and conventions."""

from __future__ import annotations

import difflib
import inspect
import time
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np

from refscore.identities.settings import process_of
from refscore.oracles._memory import Memory
from refscore.verify import answers, conventions
from refscore.verify.errors import PASSED_ON, NotOffered, Stopped, SubjectError, said
from refscore.verify.frameworks.draws import UNASKED, Unasked
from refscore.verify.handing import LEVELED, handed_over
from refscore.verify.loading import load, misspelt
from refscore.verify.ports import PORTS, Port
from refscore.verify.signatures import Takes, takes

__all__ = ["Subject", "load"]

_FRAMEWORKS = ("numpy", "torch", "jax")
_MOST = 1_000  # answers kept of one subject


class Subject:
    """The functions under test, by port name, NumPy in and NumPy out.

    `ports.implicit_loss(field, x)` hands the described field over in the subject's own
    framework, applies its declared conventions both ways, and gives a NumPy answer.
    """

    def __init__(self, source: Any, *, declared: dict | None = None):
        source = _instance(source)
        self.source = source
        self.name = _one_line(_attribute(source, "name", None) or _default_name(source))
        self.version = _one_line(_attribute(source, "version", "") or "")
        self.framework_name = _framework_name(source)
        # "float32", numpy.float32, torch.float32 and jax.numpy.float32 are one
        said = str(_attribute(source, "dtype", "float64"))
        self.dtype = said.rpartition(".")[2].removesuffix("'>")
        if self.dtype not in ("float64", "float32"):
            raise SubjectError(f"dtype must be 'float64' or 'float32', got {said!r}")
        own = _attribute(source, "conventions", {}) or {}
        if not isinstance(own, dict):
            raise SubjectError(f"conventions must be a dict, got {type(own).__name__}")
        self.declared = conventions.check_declared({**own, **(declared or {})}, self.offered())
        failures = _attribute(source, "expected_failures", {}) or {}
        if not isinstance(failures, dict):
            raise SubjectError("expected_failures must be a dict {check: reason}")
        for key, reason in failures.items():
            if not isinstance(reason, str) or not reason.strip():
                raise SubjectError(f"expected_failures[{key!r}] must give a reason, got {reason!r}")
        self.expected_failures = dict(failures)
        self.process = _process(source)
        self._framework: Any = None
        self.calls: list[tuple[str, dict]] = []
        self.seconds = 0.0
        self.products = 0
        self.narrow: set[str] = set()  # the ports seen to answer in less than double precision
        self.unasked: list[Unasked] = []  # draws left by a library that was to be handed them
        self._taken: dict[str, Takes] = {}
        self._answered, self._again = Memory(_MOST, copied=deepcopy), False

    @property
    def framework(self):
        """The conversions of the subject's framework, imported when first needed."""
        if self._framework is None:
            from refscore.verify.frameworks import framework

            self._framework = framework(self.framework_name)
        return self._framework

    def redeclared(self, **declared) -> Subject:
        """The same subject judged by other conventions; what it is asked again it answers once."""
        other = Subject(self.source, declared=declared)
        other._answered, other._again = self._answered, True
        return other

    def offered(self) -> list[str]:
        """The names of the ports this subject has."""
        return [name for name in PORTS if callable(_attribute(self.source, name, None))]

    def misspelt(self) -> list[str]:
        """A sentence for every public callable whose name is nearly a port's."""
        return misspelt(self.source)

    def takes(self, port: str) -> Takes:
        """The names under which a port takes given draws and a generator, if it does."""
        if port not in self._taken:
            self._taken[port] = takes(_attribute(self.source, port, None), PORTS[port])
        return self._taken[port]

    def __getattr__(self, name: str):
        if name.startswith("_") or name not in PORTS:
            raise AttributeError(name)
        if not callable(_attribute(self.source, name, None)):
            raise NotOffered(f"{name} is not offered")
        return lambda *args, **draws: self.call(PORTS[name], args, draws)

    def call(self, port: Port, args: tuple, draws: dict):
        """One call of a port: converted, in the declared conventions, and back."""
        arguments = {**dict(zip(port.arguments, args)), **draws}
        self.calls.append((port.name, arguments))
        meant = conventions.for_port(port.name, self.declared)
        handed = conventions.to_subject(port.name, arguments, meant)
        start = time.perf_counter()
        with np.errstate(all="ignore"), self.framework.session(self.dtype):
            try:
                answer = self._once(port, handed, draws)
            except PASSED_ON:
                raise
            except BaseException as error:  # SystemExit must end neither the run nor pytest
                why = f"{type(error).__name__}: {said(error)}"
                raise Stopped(f"{port.name} raised {why}") from error
            self.seconds += time.perf_counter() - start
            return conventions.from_subject(port.name, arguments, answer, meant)

    def _once(self, port: Port, handed: dict, draws: dict):
        """The answer; of a subject judged by other conventions, the one it gave before."""
        if not self._again or "rng" in draws or "matvec" in handed:  # whose products are counted
            return self._answer(port, handed, draws)
        timed = any(name in handed for name in LEVELED)  # where the process makes a difference
        asked = port.name, self.dtype, process_of(self) if timed else "any", tuple(handed.items())
        return self._answered.of(asked, lambda: self._answer(port, handed, draws))

    def _answer(self, port: Port, handed: dict, draws: dict):
        """What the subject's function returns, in NumPy."""
        positional = [self._convert(n, handed[n]) for n in port.arguments if n in handed]
        more, keywords = self._draws(port, {n: handed[n] for n in draws})
        token = UNASKED.set(self.unasked)
        try:
            raw = _attribute(self.source, port.name, None)(*positional, *more, **keywords)
        finally:
            UNASKED.reset(token)
        raw = answers.unpacked(port, handed, raw)
        if answers.narrow(raw):
            self.narrow.add(port.name)
        return answers.arrays(port, self.framework.back(raw))

    def _convert(self, name: str, value):
        return handed_over(self, name, value)

    def _draws(self, port: Port, draws: dict) -> tuple[tuple, dict]:
        """The draws or the generator, by position or by keyword."""
        if not draws:
            return (), {}
        given, generator, by_position, _, more = self.takes(port.name)
        if "rng" in draws:
            if generator is None:
                raise NotOffered(f"{port.name} draws nothing by itself: it is handed its draws")
            seed = int(draws["rng"])
            name, value = generator, seed if generator == "seed" else self.framework.rng(seed)
        elif given is None:
            raise NotOffered(f"{port.name} draws by itself: it takes no {port.given}")
        else:
            return self._given(port, draws, (given, *more), by_position)
        return ((value,), {}) if by_position else ((), {name: value})

    def _given(self, port: Port, draws: dict, names: tuple, by_position) -> tuple[tuple, dict]:
        """Every draw under the name the subject has for it."""
        ordered = [draws[n] for n in (port.given, *port.more)] if port.more else draws.values()
        values = [self._convert(name, value) for name, value in zip(names, ordered)]
        return (tuple(values), {}) if by_position else ((), dict(zip(names, values)))


def _process(source):
    """The process it declares, or an error if that is none; a function of that name is a helper."""
    own = _attribute(source, "process", None)
    if own is None or inspect.isroutine(own) or inspect.ismodule(own):
        return None
    try:
        return process_of(SimpleNamespace(process=own))
    except ValueError as error:
        raise SubjectError(str(error)) from None


def _framework_name(source) -> str:
    name = _attribute(source, "framework", "numpy")
    if name not in _FRAMEWORKS:
        close = difflib.get_close_matches(str(name).lower(), _FRAMEWORKS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise SubjectError(f"framework must be one of {_FRAMEWORKS}, got {name!r}{hint}")
    return name


def _instance(source):
    """A class stands for its instance; one that cannot be made without arguments, for itself."""
    if not inspect.isclass(source):
        return source
    try:
        return source()
    except SystemExit as error:
        raise SubjectError(f"{source.__name__}() raised SystemExit: {error}") from None
    except TypeError as error:
        ports = [vars(source)[name] for name in PORTS if name in vars(source)]
        if ports and all(isinstance(port, (staticmethod, classmethod)) for port in ports):
            return source
        raise SubjectError(f"{source.__name__}() failed ({error}); hand over an instance") from None


def _one_line(text) -> str:
    return " ".join(str(text).split())


def _attribute(source, name, default):
    if isinstance(source, dict):
        return source.get(name, default)
    return getattr(source, name, default)


def _default_name(source) -> str:
    if isinstance(source, dict):
        return "subject"
    named = getattr(source, "__name__", None)
    return named or type(source).__name__

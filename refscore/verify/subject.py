"""A subject: somebody's implementation, called in its own framework and conventions."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from refscore.verify import conventions
from refscore.verify.errors import NotOffered, SubjectError
from refscore.verify.ports import GIVEN_NAMES, PORTS, Port
from refscore.verify.signatures import Takes, takes

_FIELDS = {"field", "score"}
_SEVERAL = {"estimate", "pair", "posterior", "affine"}
_ARRAYS = {
    "x", "x0", "y", "H", "noise_cov", "matrix", "offset", "mean", "covariance", "factor",
}  # fmt: skip


class Subject:
    """The functions under test, by port name, NumPy in and NumPy out.

    `ports.implicit_loss(field, x)` hands the described field over in the subject's own
    framework, applies its declared conventions both ways, and gives a NumPy answer.
    """

    def __init__(self, source: Any, *, declared: dict | None = None):
        source = _instance(source)
        self.source = source
        self.name = str(_attribute(source, "name", None) or _default_name(source))
        self.version = str(_attribute(source, "version", "") or "")
        self.framework_name = str(_attribute(source, "framework", "numpy"))
        self.dtype = str(_attribute(source, "dtype", "float64"))
        if self.dtype not in ("float64", "float32"):
            raise SubjectError(f"dtype must be 'float64' or 'float32', got {self.dtype!r}")
        own = _attribute(source, "conventions", {}) or {}
        if not isinstance(own, dict):
            raise SubjectError(f"conventions must be a dict, got {type(own).__name__}")
        self.declared = conventions.check_declared({**own, **(declared or {})})
        failures = _attribute(source, "expected_failures", {}) or {}
        if not isinstance(failures, dict):
            raise SubjectError("expected_failures must be a dict {check: reason}")
        self.expected_failures = dict(failures)
        self.process = _attribute(source, "process", None)
        self._framework: Any = None
        self.calls: list[tuple[str, dict]] = []
        self.seconds = 0.0
        self.products = 0
        self.narrow = False
        self._taken: dict[str, Takes] = {}

    @property
    def framework(self):
        """The conversions of the subject's framework, imported when first needed."""
        if self._framework is None:
            from refscore.verify.frameworks import framework

            self._framework = framework(self.framework_name)
        return self._framework

    def redeclared(self, **declared) -> Subject:
        """The same subject judged by other conventions."""
        return Subject(self.source, declared=declared)

    def offered(self) -> list[str]:
        """The names of the ports this subject has."""
        return [name for name in PORTS if callable(_attribute(self.source, name, None))]

    def strangers(self) -> dict[str, list[str]]:
        """Public callables that are no port, with the ports their names resemble."""
        import difflib

        found = {}
        for name in dir(self.source):
            if name.startswith("_") or name in PORTS or inspect.ismodule(self.source):
                continue
            if callable(getattr(self.source, name, None)):
                close = difflib.get_close_matches(name, PORTS, n=2, cutoff=0.7)
                if close:
                    found[name] = close
        return found

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
        record = conventions.for_port(port.name, self.declared)
        handed = conventions.to_subject(port.name, arguments, record)
        function = _attribute(self.source, port.name, None)
        start = time.perf_counter()
        with np.errstate(all="ignore"), self.framework.session(self.dtype):
            positional = [self._convert(n, handed[n]) for n in port.arguments if n in handed]
            more, keywords = self._draws(port, {n: handed[n] for n in draws})
            raw = function(*positional, *more, **keywords)
            self.narrow = self.narrow or _narrow(raw)
            raw = tuple(raw) if isinstance(raw, list) and port.returns in _SEVERAL else raw
            answer = _plain(port.name, self.framework.back(raw))
            self.seconds += time.perf_counter() - start
            return conventions.from_subject(port.name, arguments, answer, record)

    def _convert(self, name: str, value):
        if name in _FIELDS:
            return self.framework.field(value)
        if name == "score_at":
            from refscore.identities.settings import process_of
            from refscore.verify.timed import ScoreAt

            return ScoreAt(self.framework, value, process_of(self))
        if name == "matvec":
            return self._counted(self.framework.callable(np.array(value)))
        if name in _ARRAYS or name in GIVEN_NAMES:
            return self.framework.to(self._within_range(name, np.array(value)), self.dtype)
        return value

    def _within_range(self, name: str, array):
        if self.dtype == "float32" and np.abs(array).max(initial=0) > np.finfo(np.float32).max:
            raise NotOffered(f"{name} is beyond the range of float32")
        return array

    def _counted(self, matvec):
        """The same product, adding the vectors it is asked for to `products`."""

        def product(v, *more):
            self.products += v.shape[0] if getattr(v, "ndim", 1) > 1 else 1
            return matvec(v, *more)

        return product

    def _draws(self, port: Port, draws: dict) -> tuple[tuple, dict]:
        """The draws or the generator, by position or by keyword."""
        if not draws:
            return (), {}
        given, generator, by_position, _ = self.takes(port.name)
        if "rng" in draws:
            if generator is None:
                raise NotOffered(f"{port.name} draws nothing by itself: it is handed its draws")
            seed = int(draws["rng"])
            name, value = generator, seed if generator == "seed" else self.framework.rng(seed)
        elif given is None:
            raise NotOffered(f"{port.name} draws by itself: it takes no {port.given}")
        else:
            name, value = given, self._convert(port.given or given, next(iter(draws.values())))
        return ((value,), {}) if by_position else ((), {name: value})


def _instance(source):
    """A class stands for its instance; one that cannot be made without arguments, for itself."""
    if not inspect.isclass(source):
        return source
    try:
        return source()
    except TypeError as error:
        ports = [vars(source)[name] for name in PORTS if name in vars(source)]
        if ports and all(isinstance(port, (staticmethod, classmethod)) for port in ports):
            return source
        raise SubjectError(f"{source.__name__}() failed ({error}); hand over an instance") from None


def _narrow(raw) -> bool:
    """True where an answer, or a part of it, has less than double precision."""
    if isinstance(raw, dict):
        return any(map(_narrow, raw.values()))
    if isinstance(raw, (tuple, list)):
        return any(map(_narrow, raw))
    return str(getattr(raw, "dtype", "")).endswith(("float32", "float16"))


def _plain(port: str, answer):
    """Arrays and tuples of arrays; a namedtuple or list counts as a tuple."""
    if answer is None:
        raise SubjectError(f"{port} returned None; is its return statement missing?")
    if isinstance(answer, dict):
        return {k: np.asarray(v) for k, v in answer.items()}
    if isinstance(answer, (tuple, list)):
        return tuple(np.asarray(a) for a in answer)
    return np.asarray(answer)


def _attribute(source, name, default):
    if isinstance(source, dict):
        return source.get(name, default)
    return getattr(source, name, default)


def _default_name(source) -> str:
    if isinstance(source, dict):
        return "subject"
    named = getattr(source, "__name__", None)
    return named or type(source).__name__


def load(target: str) -> Any:
    """The object a command line names: `file.py`, `file.py:object`, `module:object`."""
    path, _, attribute = target.partition(":")
    if path.endswith(".py"):
        file = Path(path)
        if not file.is_file():
            raise SubjectError(f"no file {path!r}")
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(file.stem, module)
        sys.path.insert(0, str(file.parent.resolve()))
        try:
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(file.parent.resolve()))
    else:
        try:
            module = importlib.import_module(path)
        except ModuleNotFoundError as error:
            raise SubjectError(f"no module {path!r} ({error}); a file's name ends in .py") from None
    if not attribute:
        return _only_subject(module)
    if not hasattr(module, attribute):
        raise SubjectError(f"{path} has no {attribute!r}")
    found = getattr(module, attribute)
    return found


def _only_subject(module):
    """The module itself if its functions are ports, else its one `subject` or class."""
    if any(callable(getattr(module, name, None)) for name in PORTS):
        return module
    if hasattr(module, "subject"):
        return module.subject
    classes = [
        c
        for c in vars(module).values()
        if inspect.isclass(c)
        and c.__module__ == module.__name__
        and any(callable(getattr(c, name, None)) for name in PORTS)
    ]
    if len(classes) == 1:
        return classes[0]
    what = "no ports" if not classes else f"{len(classes)} classes with ports"
    raise SubjectError(
        f"{module.__name__} has {what}; name one as {module.__name__}:OBJECT"
        " (the ports are listed by `refscore ports`)"
    )

"""A subject: somebody's implementation, called in its own framework and conventions."""

from __future__ import annotations

import difflib
import inspect
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from refscore.identities import Law
from refscore.identities.cases import VelocityDescription
from refscore.identities.settings import process_of
from refscore.verify import answers, conventions
from refscore.verify.again import Answers
from refscore.verify.errors import PASSED_ON, NotOffered, Stopped, SubjectError, said
from refscore.verify.frameworks import energies
from refscore.verify.frameworks.draws import UNASKED, Unasked
from refscore.verify.loading import load, misspelt
from refscore.verify.ports import GIVEN_NAMES, PORTS, Port
from refscore.verify.signatures import Takes, takes

__all__ = ["Subject", "load"]

_FIELDS = {"field", "score"}
_FRAMEWORKS = ("numpy", "torch", "jax")
_DESCRIBED = {
    "velocities", "drift", "diffusion", "velocity", "log_density_at", "energy", "log_model",
    "log_noise", "log_density", "weight_function", "weight_derivative", "log_odds", "drift_of",
    "diffusion_of", "diffusion_slope", "running", "base_log_density", "f", "surrogate",
}  # fmt: skip
_ARRAYS = {
    "x", "x0", "y", "H", "noise_cov", "matrix", "offset", "mean", "covariance", "factor", "data",
    "couplings", "biases", "basis", "factor_gradient",
    "pattern", "h", "h_slope", "sigmas", "precision",
    "snr", "normals", "squares", "log_variance",
    "preconditioner", "gradient_noise", "proposal", "momentum", "v", "direction", "points",
    "betas", "times", "w_start", "w_end", "increments",
    "weights", "x_weights", "y_weights", "other_mean", "other_covariance", "u",
    "density", "grid", "cotangent", "cotangents",
    "x_T", "value",
    "mask", "hidden_weights", "output_weights", "degrees", "bend", "centre", "lower", "upper",
    "skewness", "tail", "x_knots", "y_knots", "slopes", "images", "deviations",
    "codebook", "counts", "sums", "reproduction",
    "log_likelihoods", "logits", "logit", "log_y", "values",
    "jacobian", "posterior_scores", "prior_score",
    "log_joint", "other_logits", "grid_log_likelihoods", "grid_logits", "standard_normals",
    "loadings", "latent_mean", "latent_covariance", "data_log_odds", "model_log_odds", "log_ratio",
    "critic_x", "critic_y", "log_unnormalised", "log_proposal",
}  # fmt: skip
_LEVELED = (
    "score_at", "gradient", "family", "likelihood_score_at", "conditional_at", "unconditional_at",
)  # fmt: skip


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
        self._answered, self._again = Answers(), False

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
        record = conventions.for_port(port.name, self.declared)
        handed = conventions.to_subject(port.name, arguments, record)
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
            return conventions.from_subject(port.name, arguments, answer, record)

    def _once(self, port: Port, handed: dict, draws: dict):
        """The answer; of a subject judged by other conventions, the one it gave before."""
        if not self._again or "matvec" in handed:  # whose products are counted
            return self._answer(port, handed, draws)
        timed = any(name in handed for name in _LEVELED)  # where the process makes a difference
        asked = port.name, self.dtype, process_of(self) if timed else "any", tuple(handed.items())
        return self._answered.of(asked, draws, lambda: self._answer(port, handed, draws))

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
        if name in _FIELDS:
            return self.framework.field(value)
        if name in ("law", "other_law") and self.framework_name != "numpy":
            return self._law(value)
        if name in _DESCRIBED or isinstance(value, VelocityDescription):
            return self._described(name, value)
        if name in _LEVELED:
            return self._leveled(name, value)
        if name in ("conditioner", "layers"):
            from refscore.verify.layered import LAYERED

            return LAYERED[name](self.framework, value, self.dtype)
        if name in ("levels", "places", "index", "codes", "rows", "bins"):
            whole = self.framework.to(np.array(value))
            return whole.long() if hasattr(whole, "long") else whole.astype(int)
        if name == "matvec":
            return self._counted(self.framework.callable(np.array(value)))
        if (name in _ARRAYS or name in GIVEN_NAMES) and not isinstance(value, float):
            return self.framework.to(self._within_range(name, np.array(value)), self.dtype)
        return value

    def _described(self, name: str, value):
        """Functions that are made of a description: of points, or of points and a time."""
        if isinstance(value, VelocityDescription):
            return self.framework.velocity(value)
        if name == "velocities":
            return tuple(self._described("velocity", one) for one in value)
        if name in ("drift", "diffusion", "velocity", "log_density_at"):
            from refscore.verify.evolving import EVOLVING

            return EVOLVING[name](self.framework, value)
        if name in ("energy", "log_model", "log_noise", "log_density"):
            return energies.handed(name, self.framework, value, self.dtype)
        if name == "base_log_density":
            return energies.with_score(self.framework, value, self.dtype)
        from refscore.verify.functions import FUNCTIONS

        return FUNCTIONS[name](self.framework, value)

    def _leveled(self, name: str, value):
        """Fields of a time or a level as well, and stochastic ones."""
        from refscore.verify import leveled

        if name == "family":
            return leveled.family_of(self.framework, value)
        if name == "gradient":
            return leveled.noisy_gradient(self.framework, value, self.dtype)
        if value.kind == "noised":
            return leveled.NoisedScores(self.framework, value.law)
        from refscore.verify.timed import ClassScoreAt, ScoreAt

        turned = value.kind == "turned"
        value = value.law if turned else value
        made = ClassScoreAt if value.kind == "class" else ScoreAt
        return made(self.framework, value, process_of(self), turned=turned)

    def _law(self, law) -> Law:
        """The same law with its arrays in the subject's framework; numbers stay numbers."""
        return Law(
            law.kind,
            **{
                name: self.framework.to(self._within_range(name, np.array(value)), self.dtype)
                if isinstance(value, np.ndarray)
                else value
                for name, value in law.parameters_by_name.items()
            },
        )

    def _within_range(self, name: str, array):
        finite = array[np.isfinite(array)]
        if self.dtype == "float32" and np.abs(finite).max(initial=0) > np.finfo(np.float32).max:
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

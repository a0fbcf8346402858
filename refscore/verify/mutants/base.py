"""A named mistake: one port of the library replaced by a wrong one.

@mistake("implicit_trace_sign", port="implicit_loss", source="O22")
def _(field, x):
    '''The trace term has the wrong sign.'''
    return 0.5 * (field(x) ** 2).sum(-1) - field.divergence(x)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from refscore.verify.ports import GENERATOR_NAMES, PORTS
from refscore.verify.setting import DEFAULT, Setting, current


class Mistake(NamedTuple):
    """A wrong implementation of one port, with its name and where it was seen.

    `rounding`: the checks in which rounding alone decides what it returns: that it fails there is
    predicted, not how.
    """

    name: str
    group: str
    port: str
    summary: str
    source: str
    function: Callable
    rounding: tuple[str, ...] = ()

    def subject(self, setting: Setting = DEFAULT) -> SimpleNamespace:
        """The library with this one port wrong, declared as the setting says; it has to be run
        `under` that setting."""
        from refscore.verify import library

        ports = {name: getattr(library, name) for name in PORTS if hasattr(library, name)}
        said = {} if setting == DEFAULT else {
            "process": setting.described, "conventions": setting.declared,
            "dtype": setting.dtype}  # fmt: skip
        return SimpleNamespace(**{**ports, self.port: self.function, "name": self.name, **said})


REGISTRY: dict[str, Mistake] = {}


def mistake(name: str, *, port: str, source: str, rounding: tuple[str, ...] = ()):
    """Register the decorated wrong function; its docstring says what is wrong."""
    if port not in PORTS:
        raise ValueError(f"mistake {name!r} names no port: {port!r}")
    if name in REGISTRY:
        raise ValueError(f"mistake {name!r} is listed twice")

    def register(function):
        summary = inspect.getdoc(function).splitlines()[0]
        wrong = _with_generator(function, PORTS[port])
        REGISTRY[name] = Mistake(name, PORTS[port].group, port, summary, source, wrong, rounding)
        return function

    return register


SPELLINGS: dict[str, Mistake] = {}


def spelling(name: str):
    """Register another way to write the named mistake, which rounds or overflows elsewhere."""

    def register(function):
        listed = REGISTRY[name]
        key = f"{name}~{sum(one.startswith(name + '~') for one in SPELLINGS)}"
        wrong = _with_generator(function, PORTS[listed.port])
        SPELLINGS[key] = listed._replace(name=key, function=wrong)
        return function

    return register


def _with_generator(function, port):
    """Let a mistake that takes its draws also draw them, so that it can be run either way.

    One that names them by keyword alone has to be given them, as some subjects have."""
    names = inspect.signature(function).parameters
    drawn = any(name in names for name in GENERATOR_NAMES)
    if port.given in (None, "rng") or drawn or port.given not in names:
        return function
    if names[port.given].kind is inspect.Parameter.KEYWORD_ONLY:
        return function

    def either(*args, **draws):
        if draws.get("rng") is None:
            return function(*args, *(draws.get(name) for name in (port.given, *port.more)))
        return function(*args, *draw(port, args, np.random.default_rng(draws["rng"])))

    kinds = inspect.Parameter
    parameters = [kinds(n, kinds.POSITIONAL_OR_KEYWORD) for n in port.arguments]
    drawn = (port.given, *port.more, "rng")
    parameters += [kinds(n, kinds.KEYWORD_ONLY, default=None) for n in drawn]
    either.__signature__ = inspect.Signature(parameters)
    either.__doc__ = function.__doc__
    return either


def draw(port, args, rng):
    """The draws a port takes when it draws by itself: noise, uniforms, one sign probe a point."""
    if port.given == "probes":
        return (_probes(port, args, rng),)
    arguments = dict(zip(port.arguments, args))
    return [_drawn(name, port.name, arguments, rng) for name in (port.given, *port.more)]


def _drawn(name, port, arguments, rng):
    if name == "gumbels":  # one a code; for one row of logits, several draws
        shape = np.shape(arguments["logits"])
        shape = shape if len(shape) > 1 else (current().draws, *shape)
        return -np.log(rng.standard_exponential(shape))
    if name == "uniforms" and "logits" in arguments:
        return rng.random((current().draws, *np.shape(arguments["logits"])))
    if "logit" in arguments:
        return rng.random(np.shape(arguments["logit"]))
    shape = np.shape(next(arguments[n] for n in ("x0", "x_T", "x") if n in arguments))
    if name == "uniform":
        return rng.random(shape[:-1])
    if name == "uniforms":
        return rng.random(shape)
    if port == "langevin_sample":
        shape = (arguments["n_steps"], *shape)
    if port in ("reverse_sample", "sde_dpm_multistep_sample"):
        shape = (len(arguments["times"]) - 1, *shape)
    if port in ("predictor_corrector_step", "sde_dpm_2_step"):
        shape = (2, *shape)
    if port == "annealed_sample":
        shape = (len(arguments["sigmas"]), arguments["n_steps_each"], *shape)
    return rng.standard_normal(shape)


def _probes(port, args, rng):
    if port.name in ("hutch_plus_plus", "xtrace"):
        return rng.choice([-1.0, 1.0], (6, args[1]))
    if port.group == "traces" and port.name != "divergence_estimate":
        dim = args[1] if len(args) > 1 else np.shape(args[0])[0]
        return rng.choice([-1.0, 1.0], (1, dim))
    n, d = np.shape(args[1])
    if port.name == "flow_log_density_on_grid":
        return rng.choice([-1.0, 1.0], (len(args[3]) - 1, n, 1, d))
    return rng.choice([-1.0, 1.0], (n, 1, d))

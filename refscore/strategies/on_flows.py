"""Families of cases of velocities: points, times, steps, losses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.identities.cases import VelocityDescription
from refscore.identities.ode_steps import METHODS
from refscore.strategies.draws import normals, scales

_BY_COORDINATE = ("cubic", "logistic", "sine")


@st.composite
def velocities(draw, dim: int | None = None):
    """Velocities with known flows: linear, rotating, cubic, logistic, sine, hopf, forced.

    dim, drawn from 1 to 3 unless given; in the plane also rotating ones and those onto a circle.
    """
    dim = draw(st.integers(1, 3)) if dim is None else dim
    plane = ("rotating", "hopf") if dim == 2 else ()
    kind = draw(st.sampled_from(("forced", "linear", *plane, *_BY_COORDINATE)))
    return VelocityDescription(kind, **_PARAMETERS[kind](draw, dim))


@st.composite
def time_mlps(draw, dim: int):
    """Tanh networks of x and t, one hidden layer of 2 to 5."""
    width = draw(st.integers(2, 5))
    weights = (draw(normals(width, dim + 1)), draw(normals(dim, width)) / np.sqrt(width))
    biases = (0.5 * draw(normals(width)), 0.5 * draw(normals(dim)))
    return VelocityDescription("time_mlp", weights=weights, biases=biases)


def _linear(draw, dim) -> dict:
    return {"matrix": 0.5 * draw(normals(dim, dim)), "offset": 0.5 * draw(normals(dim))}


def _rotating(draw, dim) -> dict:
    return {"matrix": 0.6 * draw(normals(2, 2)), "frequency": _signed(draw, 0.5, 3.0)}


def _hopf(draw, dim) -> dict:
    return {"growth": draw(scales(0.2, 1.0)), "frequency": _signed(draw, 0.5, 3.0)}


def _rate(draw, dim) -> dict:
    return {"rate": np.array([draw(scales(0.3, 1.2)) for _ in range(dim)])}


def _forced(draw, dim) -> dict:
    each = [(_signed(draw, 0.2, 1.0), _signed(draw, 0.5, 2.0), draw(scales(1.0, 4.0)))
            for _ in range(dim)]  # fmt: skip
    return dict(zip(("rate", "force", "frequency"), np.array(each).T))


_PARAMETERS: dict[str, Callable] = {
    "linear": _linear, "rotating": _rotating, "hopf": _hopf, "forced": _forced,
    **dict.fromkeys(_BY_COORDINATE, _rate),
}  # fmt: skip


def _signed(draw, low: float, high: float) -> float:
    size = draw(scales(low, high))
    return size if draw(st.booleans()) else -size


def _start(draw, velocity, n: int = 4) -> np.ndarray:
    """Points whose paths stay finite for a time of 1.2, both ways."""
    x = draw(normals(n, dimension(velocity)))
    if velocity.kind == "logistic":
        return 0.1 + 0.8 / (1 + np.exp(-x))
    if velocity.kind in ("cubic", "hopf"):
        return 0.6 * x / np.sqrt(1 + np.sum(x**2, axis=-1, keepdims=True))
    return x


def dimension(velocity) -> int:
    """The d of a velocity."""
    if velocity.kind in ("rotating", "hopf"):
        return 2
    return len(velocity.offset if velocity.kind == "linear" else velocity.rate)


def _interval(draw) -> dict:
    """Half of them backwards, t0 anywhere."""
    velocity = draw(velocities())
    t0, span = draw(st.floats(-1.0, 1.0)), _signed(draw, 0.3, 1.2)
    return {"velocity": velocity, "x0": _start(draw, velocity), "t0": t0, "t1": t0 + span}


def _loss(draw) -> dict:
    interval = _interval(draw)
    return {**interval, "cotangent": draw(normals(*interval["x0"].shape))}


def _step(draw) -> dict:
    dim = draw(st.integers(1, 3))
    velocity = draw(st.one_of(time_mlps(dim), velocities(dim)))
    x = draw(normals(4, dim)) if velocity.kind == "time_mlp" else _start(draw, velocity)
    given = {"t": draw(st.floats(-1.0, 1.0)), "step_size": _signed(draw, 0.2, 0.8)}
    method = draw(st.sampled_from(sorted(METHODS)))
    return {"velocity": velocity, "x": x, **given, "method": method}


ON_FLOWS: dict[str, Callable] = {
    "velocity and interval": _interval,
    "velocity and loss": _loss,
    "velocity and step": _step,
}

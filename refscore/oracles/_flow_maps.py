"""Closed forms of flows in continuous time: where a path goes, and how its volume changes.

All but the network's take complex numbers, for complex steps. Points are (n, d).
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import fields
from ._memory import remembered


def carried(velocity, z, s, t):
    """Where the path through z at time s is at time t, in either direction."""
    if velocity.kind == "time_mlp":
        return _network(velocity, np.asarray(z), s, t, False)
    return _MAPS[velocity.kind](velocity, np.asarray(z), s, t)


def rates(velocity, z, s, t):
    """The integrals over time, from s to t along the path through z at s, of each d f_i / d z_i of
    a velocity whose coordinates do not touch; of the others: of their trace, in one column."""
    if velocity.kind == "time_mlp":
        return _network(velocity, np.asarray(z), s, t, True)[:, -1:]
    return _VOLUMES[velocity.kind](velocity, np.asarray(z), s, t)


def affine_matrix(v):
    d = len(v.matrix)
    m = np.zeros((d + 1, d + 1), dtype=np.result_type(v.matrix, v.offset))
    m[:d, :d], m[:d, d] = v.matrix, v.offset
    return m


def _linear(v, z, s, t):
    from scipy.linalg import expm

    wide = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    return (wide @ expm((t - s) * affine_matrix(v)).T)[:, :-1]


def _turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _rotating(v, z, s, t):
    from scipy.linalg import expm

    still = np.asarray(v.matrix) - v.frequency * np.array([[0.0, -1.0], [1.0, 0.0]])
    return z @ (_turn(v.frequency * t) @ expm((t - s) * still) @ _turn(-v.frequency * s)).T


def _trace(v, z, s, t):
    return np.full((len(z), 1), (t - s) * np.trace(v.matrix))


def _cubic(v, z, s, t):
    return z / np.sqrt(1 + 2 * v.rate * z**2 * (t - s))


def _cubic_volume(v, z, s, t):
    return -1.5 * np.log(1 + 2 * v.rate * z**2 * (t - s))


def _logistic(v, z, s, t):
    growth = np.exp(v.rate * (t - s))
    return z * growth / (1 - z + z * growth)


def _logistic_volume(v, z, s, t):
    span = v.rate * (t - s)
    return span - 2 * np.log(1 - z + z * np.exp(span))


def _sine(v, z, s, t):
    turn = 2 * np.pi * np.rint(z.real / (2 * np.pi))
    return turn + 2 * np.arctan(np.exp(v.rate * (t - s)) * np.tan((z - turn) / 2))


def _sine_volume(v, z, s, t):
    span = v.rate * (t - s)
    return span - np.log(np.cos(z / 2) ** 2 + np.exp(2 * span) * np.sin(z / 2) ** 2)


def _hopf_spread(v, z, s, t):
    growth = np.exp(2 * v.growth * (t - s))
    return 1 + (z**2).sum(-1, keepdims=True) * (growth - 1) / v.growth


def _hopf(v, z, s, t):
    pulled = np.exp(v.growth * (t - s)) / np.sqrt(_hopf_spread(v, z, s, t))
    return pulled * (z @ _turn(v.frequency * (t - s)).T)


def _hopf_volume(v, z, s, t):
    return 2 * v.growth * (t - s) - 2 * np.log(_hopf_spread(v, z, s, t))


def _forced(v, z, s, t):
    """z e^{a T} + b int e^{a (t - u)} cos(w u) du."""
    a, w = v.rate, v.frequency

    def part(u):
        return (w * np.sin(w * u) - a * np.cos(w * u)) / (a**2 + w**2)

    growth = np.exp(a * (t - s))
    return z * growth + v.force * (part(t) - growth * part(s))


def _forced_volume(v, z, s, t):
    return np.broadcast_to(v.rate * (t - s), z.shape) + 0 * z


def velocity_at(v, z, t):
    """f(z, t). z: (n, d)."""
    if v.kind == "time_mlp":
        h = np.column_stack([z, np.full(len(z), t)])
        for weight, bias in zip(v.weights[:-1], v.biases[:-1]):
            h = np.tanh(h @ weight.T + bias)
        return h @ v.weights[-1].T + v.biases[-1]
    if v.kind == "linear":
        return z @ v.matrix.T + v.offset
    if v.kind == "rotating":
        return z @ (_turn(v.frequency * t) @ v.matrix @ _turn(-v.frequency * t)).T
    if v.kind == "hopf":
        pull = v.growth - (z**2).sum(-1, keepdims=True)
        return pull * z + v.frequency * np.stack([-z[:, 1], z[:, 0]], -1)
    if v.kind == "forced":
        return v.rate * z + v.force * np.cos(v.frequency * t)
    return v.rate * {"cubic": -(z**3), "logistic": z * (1 - z), "sine": np.sin(z)}[v.kind]


@remembered
def _network(v, z, s, t, volume):
    """z at t of a tanh network of (z, t), integrated to 1e-13; with the divergence's integral
    beside it where `volume` is asked for."""
    from scipy.integrate import solve_ivp

    n, d = z.shape
    network = SimpleNamespace(kind="mlp", weights=v.weights, biases=v.biases)

    def moved(u, y):
        z = y.reshape(n, -1)[:, :d]
        value = velocity_at(v, z, u)
        if volume:
            wide = np.column_stack([z, np.full(n, u)])
            trace = np.trace(fields.jacobian(network, wide)[..., :d], axis1=-2, axis2=-1)
            value = np.column_stack([value, trace])
        return value.ravel()

    start = np.column_stack([z, np.zeros((n, int(volume)))]).ravel()
    found = solve_ivp(moved, (s, t), start, method="DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    return found.reshape(n, -1)


_MAPS = {"linear": _linear, "rotating": _rotating, "cubic": _cubic, "logistic": _logistic,
         "sine": _sine, "hopf": _hopf, "forced": _forced}  # fmt: skip
_VOLUMES = {"linear": _trace, "rotating": _trace, "cubic": _cubic_volume,
            "logistic": _logistic_volume, "sine": _sine_volume, "hopf": _hopf_volume,
            "forced": _forced_volume}  # fmt: skip

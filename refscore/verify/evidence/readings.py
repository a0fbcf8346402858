"""What draws are read as: statistics in [-1, 1] whose means the law fixes.

A uniform U gives 2U - 1 (where it lies) and 2|2U - 1| - 1 (how far out: the mean of U alone
is blind to scale); two columns their product; two rows cos 2π(U ± U'), which repeated and
antithetic draws push to 1. Rows are independent under every law here, so all of them are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore.identities.base import Draws, Mean, Normal, Same, Uniform

_MANY = 6  # columns up to which every pair of them is read
_PILOT = 400  # draws of an oracle that set the frequencies


class Columns(NamedTuple):
    """Statistics side by side: names, mean and variance under the law, and what matters."""

    names: tuple[str, ...]
    mean: np.ndarray
    variance: np.ndarray
    eps: np.ndarray
    kind: str = "bounded"  # or "variance", "symmetric"
    scale: np.ndarray | float = 1.0  # of the values they were made of
    unit: str = "in a range from -1 to 1"


class Batch(NamedTuple):
    """One batch read: statistics a row, of neighbouring rows and of rows half a batch apart."""

    rows: np.ndarray
    neighbours: np.ndarray
    halves: np.ndarray
    whitened: np.ndarray | None = None


class Reader(NamedTuple):
    """How batches of one outcome are read. `width`: of its rows; `dim`: of the Gaussian law."""

    rows: Columns
    pairs: Columns
    read: Callable[[np.ndarray, int], Batch]
    width: int
    dim: int = 0


_READERS: dict[type, Callable[..., Reader]] = {}


def reader(outcome: Draws) -> Reader:
    """The statistics of an outcome; TypeError for a law of no known kind."""
    for kind, make in _READERS.items():
        if isinstance(outcome.law, kind):
            return make(outcome.law, outcome.eps)
    raise TypeError(f"the law of draws is one of Normal, Uniform, Mean, Same, got {outcome.law!r}")


def _columns(names, eps, mean=0.0, variance=1 / 3, kind="bounded", **said) -> Columns:
    full = [np.broadcast_to(np.asarray(v, float), len(names)).copy() for v in (mean, variance, eps)]
    return Columns(tuple(names), full[0], full[1], full[2], kind, **said)


def _both(u: np.ndarray) -> np.ndarray:
    """Place and spread of every uniform column, in turn."""
    signed = 2 * u - 1
    return np.stack([signed, 2 * np.abs(signed) - 1], -1).reshape(len(u), -1)


def _named(names) -> list[str]:
    return [f"{kind} of {name}" for name in names for kind in ("place", "spread")]


def _pairs(width: int) -> list[tuple[int, int]]:
    if width <= _MANY:
        return [(i, j) for i in range(width) for j in range(i + 1, width)]
    return [(i, i + 1) for i in range(width - 1)]


def _products(columns: np.ndarray) -> np.ndarray:
    chosen = _pairs(columns.shape[1])
    i, j = [p[0] for p in chosen], [p[1] for p in chosen]
    return columns[:, i] * columns[:, j]


def _apart(values: np.ndarray) -> tuple[tuple, tuple]:
    """Neighbouring rows, and rows half a batch apart."""
    half = len(values) // 2
    return (values[: 2 * half : 2], values[1 : 2 * half : 2]), (values[:half], values[half:])


_CIRCLE = ("sum of two rows", "difference of two rows")


def _circle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """cos 2π(a ± b): of mean 0 and variance 1/2 for independent uniforms."""
    a, b = a[: len(b)], b[: len(a)]
    return np.cos(2 * np.pi * np.stack([a + b, a - b], -1))


def _circles(eps: float) -> Columns:
    return _columns(_CIRCLE, 2 * eps, variance=0.5)


def _of_uniforms(rows: np.ndarray, u: np.ndarray, whitened=None) -> Batch:
    near, far = (_circle(*pair) for pair in _apart(u))
    return Batch(rows, near, far, whitened)


def _normal(law: Normal, eps: float) -> Reader:
    """Coordinates, their whitened products, the Mahalanobis radius."""
    mean, cov = np.atleast_1d(np.asarray(law.mean, float)), np.atleast_2d(law.covariance)
    d, sd, factor = len(mean), np.sqrt(np.diag(cov)), np.linalg.cholesky(cov)
    chosen = _pairs(d)
    names = _named([f"coordinate {j}" for j in range(d)] + ["the radius"] * (d > 1))
    names += [f"product of coordinates {i} and {j}, whitened" for i, j in chosen]
    variance = [1 / 3] * (len(names) - len(chosen)) + [1 / 9] * len(chosen)

    def read(x, seed):
        from scipy.special import gammainc, ndtr

        with np.errstate(invalid="ignore", over="ignore"):
            z = np.linalg.solve(factor, (x - mean).T).T
            u = ndtr((x - mean) / sd)
            if d > 1:
                u = np.column_stack([u, gammainc(d / 2, 0.5 * (z * z).sum(-1))])
            white = ndtr(z)
            rows = np.column_stack([_both(u), _products(2 * white - 1)])
        return _of_uniforms(rows, white[:, 0], z)

    return Reader(_columns(names, eps, variance=variance), _circles(eps), read, d, d)


def _uniform(law: Uniform, eps: float) -> Reader:
    """Every column, and their products where they are independent."""
    given = law.names or ("the value",)
    chosen = _pairs(len(given)) if law.independent else []
    names = _named(given) + [f"product of {given[i]} and {given[j]}" for i, j in chosen]
    variance = [1 / 3] * (2 * len(given)) + [1 / 9] * len(chosen)

    def read(u, seed):
        rows = _both(u)
        if chosen:
            rows = np.column_stack([rows, _products(2 * u - 1)])
        return _of_uniforms(rows, u[:, 0])

    return Reader(_columns(names, eps, variance=variance), _circles(eps), read, len(given))


def _mean(law: Mean, eps: float) -> Reader:
    if (law.variance is None) == (law.low is None or law.high is None):
        raise TypeError("Mean needs either low and high, or variance")
    mean = np.atleast_1d(np.asarray(law.mean, float))
    names = law.names or tuple(f"column {j}" for j in range(len(mean)))[: len(mean)]
    if len(mean) == 1 and not law.names:
        names = ("the mean",)
    if law.variance is not None:
        tiny = (1e-9 * np.maximum(1, np.abs(mean))) ** 2
        return _of_scale(names, mean, np.sqrt(np.maximum(law.variance, tiny)), eps, "variance")
    low, high = np.broadcast_arrays(np.asarray(law.low, float), np.asarray(law.high, float))
    return _in_range(names, mean, (low + high) / 2, (high - low) / 2, eps)


def _of_scale(names, mean, sd, eps, kind) -> Reader:
    """x in standard deviations, and products of two rows, whose mean is 0 and variance 1."""

    def read(x, seed):
        with np.errstate(invalid="ignore", over="ignore"):
            z = (x - mean) / sd
            near, far = (a[: len(b)] * b[: len(a)] for a, b in _apart(z))
        return Batch(z, near, far)

    names = tuple(names)
    return Reader(
        _columns(names, eps, variance=1.0, kind=kind, unit="standard deviations"),
        _columns([f"{name}, two rows" for name in names], 2 * eps, variance=1.0, kind=kind,
                 unit="variances"), read,
        len(names),
    )  # fmt: skip


def _in_range(names, mean, middle, half, eps) -> Reader:
    """x mapped to [-1, 1], and the products of two rows about the mean."""
    centre = (mean - middle) / half
    reach = np.maximum((1 + np.abs(centre)) ** 2, 1e-12)

    def read(x, seed):
        y = (x - middle) / half
        near, far = ((a[: len(b)] - centre) * (b[: len(a)] - centre) / reach
                     for a, b in _apart(y))  # fmt: skip
        return Batch(y, near, far)

    variance = np.maximum(1 - centre**2, 1e-3)
    return Reader(
        _columns(names, eps, mean=centre, variance=variance, unit="",
                 scale=np.broadcast_to(half, len(names))),
        _columns([f"{name}, two rows" for name in names], 2 * eps / reach,
                 variance=(variance / reach) ** 2), read, len(names),
    )  # fmt: skip


def _same(law: Same, eps: float) -> Reader:
    """Half the difference of cos and sin of t.x, frequencies set by earlier oracle draws."""
    pilot = _table(law.draw(0, _PILOT))
    d = pilot.shape[1]
    directions = [np.eye(d)[j] for j in range(d)]
    directions += [np.eye(d)[i] + s * np.eye(d)[j] for i, j in _pairs(d) for s in (1, -1)]
    waves = []
    for u in directions:
        spread = np.subtract(*np.percentile(pilot @ u, [75, 25])) / 1.35 or 1.0
        waves += [f * u / spread for f in (0.5, 1.0, 2.0)]
    t, middle = np.array(waves).T, np.median(pilot, axis=0)
    names = [f"{f} of {np.round(w, 3).tolist()}.x" for f in ("cos", "sin") for w in waves]

    def read(x, seed):
        with np.errstate(invalid="ignore", over="ignore"):
            a, b = (np.asarray(v - middle) @ t for v in (x, _table(law.draw(_other(seed), len(x)))))
            rows = 0.5 * np.column_stack([np.cos(a) - np.cos(b), np.sin(a) - np.sin(b)])
            near, far = (p[: len(q)] * q[: len(p)] for p, q in _apart(rows[:, :1]))
        return Batch(rows, near, far)

    return Reader(
        _columns(names, eps, variance=0.25, kind="symmetric"),
        _columns(["the first, two rows"], 2 * eps, variance=1 / 16), read, d,
    )  # fmt: skip


def _other(seed: int) -> int:
    """Another seed, for the oracle's draws."""
    return (seed + 2**30) % 2**31


def _table(x) -> np.ndarray:
    """Rows (n, d) of what may be (n,)."""
    x = np.asarray(x, float)
    return x[:, None] if x.ndim == 1 else x


_READERS.update({Normal: _normal, Uniform: _uniform, Mean: _mean, Same: _same})

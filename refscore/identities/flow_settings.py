"""The velocities, points and times that entries of chapter G are run on.

Chosen so that nothing hides: A(t) that do not commute, a matrix that is not normal, fields that
are no affine maps and laws that are not Gaussian, d = 1, 2 and 3, five points, times that start
away from 0, and steps of unequal length, four of them, forwards and back.
"""

from __future__ import annotations

import functools

import numpy as np

from refscore.identities import settings
from refscore.identities.cases import Case, VelocityDescription

# a solver's fixed steps do not fit in between them a whole number of times
TIMES = tuple(float(np.sqrt(t)) for t in (0.1, 0.18, 0.5, 0.73, 1.2))
T0, T1 = TIMES[0], TIMES[-1]
N_POINTS = 5


@functools.cache
def linear(dim: int = 3) -> VelocityDescription:
    """W z + b with W not normal: W Wᵀ ≠ Wᵀ W."""
    offset = np.linspace(-0.4, 0.9, dim) if dim > 1 else [0.6]
    return VelocityDescription("linear", matrix=0.6 * settings.matrix(dim, 3), offset=offset)


@functools.cache
def rotating() -> VelocityDescription:
    """Linear in the plane, with A(t) that do not commute."""
    return VelocityDescription("rotating", matrix=[[-0.6, 1.9], [0.2, 0.4]], frequency=1.7)


@functools.cache
def forced(dim: int = 1) -> VelocityDescription:
    """Driven at another frequency in every coordinate."""
    rates, forces = np.array([-0.7, 0.5, 0.3]), np.array([1.2, -0.8, 0.5])
    frequencies = np.array([2.3, 1.1, 3.7])
    return VelocityDescription(
        "forced", rate=rates[:dim], force=forces[:dim], frequency=frequencies[:dim]
    )


@functools.cache
def by_coordinate(kind: str, dim: int) -> VelocityDescription:
    """A cubic, logistic or sine velocity, with another rate in every coordinate."""
    largest = 0.5 if kind == "cubic" else 1.4
    return VelocityDescription(kind, rate=largest * np.array([1.0, -0.6, 0.8])[:dim])


@functools.cache
def hopf() -> VelocityDescription:
    """Onto a circle, and round."""
    return VelocityDescription("hopf", growth=0.8, frequency=-1.3)


@functools.cache
def network(dim: int = 2, widths: tuple[int, ...] = (4,)) -> VelocityDescription:
    """A tanh network of z and t: neither linear in z nor still in t."""
    sizes = tuple(zip((*widths, dim), (dim + 1, *widths)))
    weights = tuple(settings.normals(*size, key=11) / np.sqrt(size[1]) for size in sizes)
    biases = tuple(0.5 * settings.normals(size, key=12) for size, _ in sizes)
    return VelocityDescription("time_mlp", weights=weights, biases=biases)


def points(velocity: VelocityDescription, n: int = N_POINTS, key: int = 0) -> np.ndarray:
    """n points whose paths stay finite over [T0, T1] both ways."""
    x = settings.points(n, dimension(velocity), key, spread=1.0)
    if velocity.kind == "logistic":
        return 0.1 + 0.8 / (1 + np.exp(-x))
    if velocity.kind in ("cubic", "hopf"):
        return 0.8 * x / np.sqrt(1 + (x**2).sum(axis=-1, keepdims=True))
    return x


def dimension(velocity: VelocityDescription) -> int:
    """The d of a velocity."""
    if velocity.kind in ("rotating", "hopf"):
        return 2
    if velocity.kind == "time_mlp":
        return len(velocity.biases[-1])
    return len(velocity.offset if velocity.kind == "linear" else velocity.rate)


def velocities() -> dict[str, VelocityDescription]:
    """Those with a known flow, by what each is for."""
    return {
        "non-normal, d = 3": linear(3),
        "non-autonomous, d = 2": rotating(),
        "forced, d = 1": forced(1),
        "forced, d = 3": forced(3),
        "cubic, d = 2": by_coordinate("cubic", 2),
        "logistic, d = 1": by_coordinate("logistic", 1),
        "sine, d = 3": by_coordinate("sine", 3),
        "hopf": hopf(),
    }


def spans(*names: str, backwards: bool = True, **more) -> list[Case]:
    """Cases of a velocity, points x0, t0 and t1: the named ones, or all; one of them backwards."""
    found = velocities()
    chosen = {name: found[name] for name in names or found}
    cases = [
        Case(name, velocity=v, x0=points(v), t0=T0, t1=T1, **more) for name, v in chosen.items()
    ]
    if backwards:
        name, v = next(iter(chosen.items()))
        cases.append(Case(f"{name}, back", velocity=v, x0=points(v), t0=T1, t1=T0, **more))
    return cases

"""What the Fokker-Planck ports are handed: drifts, diffusions, densities of points and a time."""

from __future__ import annotations

import numpy as np

from refscore.diffusion.fokker_planck import DiffusedDensity, FunctionDensity, StillDensity
from refscore.flows.continuity import carried_density
from refscore.verify import library
from refscore.verify.timed import forward


class Moving:
    """A function of points (n, d) and a time in a framework, with its parts as further ones.

    `parts`: name -> (x, t) -> array, rowwise in NumPy; `value` is the function itself.
    """

    def __init__(self, framework, value, pullback=None, **parts):
        self._framework, self._value, self._pullback = framework, value, pullback
        for name, part in parts.items():
            setattr(self, name, Moving(framework, part))

    def __call__(self, x, t):
        """The value at points (n, d) and time t."""
        time = float(np.ravel(self._framework.back(t))[0])
        back = self._pullback
        vjp = None if back is None else (lambda y, w: back(y, time, w))
        return self._framework.callable(lambda y: self._value(y, time), vjp)(x)


def drift_of(framework, described):
    """f(x, t), a described "transport" or "langevin", with .divergence(x, t)."""
    if described.kind == "langevin":
        score, c = library.distribution(described.law).score, described.factor
        return Moving(
            framework, lambda x, t: c * score(x), lambda x, t, w: c * score.vjp(x, w),
            divergence=lambda x, t: c * score.divergence(x),
        )  # fmt: skip
    (a, b), offset, cubic = described.matrices, described.offset, described.cubic
    return Moving(
        framework,
        lambda x, t: x @ (a + t * b).T + offset - cubic * x**3,
        lambda x, t, w: w @ (a + t * b) - 3 * cubic * x**2 * w,
        divergence=lambda x, t: np.trace(a + t * b) - 3 * cubic * np.sum(x**2, axis=-1),
    )


def diffusion_of(framework, described):
    """g(x, t) (n,), a described "spread"."""
    a, b = described.rates
    floor, c = described.floor, described.curvature

    def value(x, t):
        return np.sqrt((a + b * t) * (floor + c * np.sum(x**2, axis=-1)))

    def pullback(x, t, w):
        return (w * (a + b * t) * c / value(x, t))[:, None] * x

    return Moving(framework, value, pullback)


def density_of(framework, described):
    """log p(x, t) (n,), with .score, .jacobian and .rate of (x, t)."""
    law = library.distribution(described.law)
    p: StillDensity | FunctionDensity
    if described.kind == "carried":
        p = carried_density(library.velocity(described.velocity), law, described.t0)
    elif described.kind == "diffused":
        p = DiffusedDensity(forward(described.process), law)
    else:
        p = StillDensity(law)
    return Moving(
        framework, p.log_density, lambda x, t, w: w[:, None] * p.score(x, t),
        score=p.score, jacobian=p.jacobian, rate=p.rate,
    )  # fmt: skip


def velocity_of(framework, described):
    """drift - ½ g² score of a density, with .divergence(x, t)."""
    drift, g, p = (
        made(_NumPy(), part)
        for made, part in (
            (drift_of, described.drift),
            (diffusion_of, described.diffusion),
            (density_of, described.density),
        )
    )
    return Moving(
        framework,
        lambda x, t: drift(x, t) - 0.5 * g(x, t)[:, None] ** 2 * p.score(x, t),
        divergence=lambda x, t: (
            drift.divergence(x, t)
            - 0.5 * g(x, t) ** 2 * np.trace(p.jacobian(x, t), axis1=-2, axis2=-1)
        ),
    )


class _NumPy:
    """Arrays as they are."""

    def back(self, value):
        return value

    def callable(self, f, vjp=None):
        return f


EVOLVING = {
    "drift": drift_of,
    "diffusion": diffusion_of,
    "log_density_at": density_of,
    "velocity": velocity_of,
}

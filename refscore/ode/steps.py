"""One step of any explicit Runge-Kutta method, and its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_points, as_scalar, beyond_float
from refscore.fields import Family, as_velocity
from refscore.ode.tableaux import Tableau, tableau


class Stages(NamedTuple):
    """Slopes k (s, ..., d) of a step, and the points (s, ..., d) they were taken at."""

    slopes: np.ndarray
    points: np.ndarray


def runge_kutta_step(method, velocity, x, t, step_size) -> np.ndarray:
    """One step of dx/dt = f(x, t) from x at time t to time t + h.

        x' = x + h Σᵢ bᵢ kᵢ,  kᵢ = f(x + h Σⱼ aᵢⱼ kⱼ, t + cᵢ h)

    Arguments: method, a name of `TABLEAUX` or a Tableau; velocity f, a Family or a Field; x
    (..., d); t; step_size h, of either sign. Returns: (..., d), float64. Raises: TypeError,
    ValueError naming the argument. Cost: one f a stage; f is not called for a last stage of
    weight 0. Source: Hairer, Nørsett and Wanner 1993, II.1, definition 1.1.
    Checked by: runge_kutta_steps
    """
    method, velocity, x, t, h = _checked(method, velocity, x, t, step_size)
    with beyond_float():
        k, _ = stages_of(method, slope_of(velocity), x, t, h, last=False)
        return x + h * combined(method.b, k)


def runge_kutta_stages(method, velocity, x, t, step_size) -> Stages:
    """The slopes kᵢ of one step and the points they are taken at, for whoever needs the parts.

        pᵢ = x + h Σⱼ aᵢⱼ kⱼ,  kᵢ = f(pᵢ, t + cᵢ h)

    Arguments: as of `runge_kutta_step`. Returns: Stages, slopes and points (s, ..., d) each.
    Raises: as `runge_kutta_step`. Cost: s evaluations of f. Source: Hairer, Nørsett and Wanner
    1993, II.1.
    Checked by: runge_kutta_errors
    """
    method, velocity, x, t, h = _checked(method, velocity, x, t, step_size)
    with beyond_float():
        return Stages(*map(np.stack, stages_of(method, slope_of(velocity), x, t, h)))


def runge_kutta_error(method, velocity, x, t, step_size) -> np.ndarray:
    """The embedded estimate of a step's error.

        h Σᵢ (bᵢ - b̂ᵢ) kᵢ

    Arguments: as of `runge_kutta_step`; the method has embedded weights b̂ (`b_low`): midpoint,
    heun and ralston (Euler's), bogacki_shampine, dormand_prince, tsitouras. Returns: (..., d).
    Raises: as `runge_kutta_step`, and ValueError for a method without. Cost: s evaluations of f.
    Source: Hairer, Nørsett and Wanner 1993, II.4, equation 4.4.
    Checked by: runge_kutta_errors
    """
    method = embedded(method)
    slopes, _ = runge_kutta_stages(method, velocity, x, t, step_size)
    with beyond_float():
        return float(step_size) * combined(method.b - method.b_low, slopes)


def runge_kutta_interpolate(method, velocity, x, t, step_size, fraction) -> np.ndarray:
    """The state within a step, at t + θh, from the stages of that step.

        x + h Σᵢ bᵢ(θ) kᵢ,  bᵢ(θ) = Σₘ denseᵢₘ θᵐ⁺¹

    Arguments: as of `runge_kutta_step`; fraction θ, one number or an array (m,), within [0, 1].
    Returns: (..., d), or (m, ..., d). Raises: as `runge_kutta_step`. Cost: s evaluations of f.
    Source: Hairer, Nørsett and Wanner 1993, II.6; Shampine 1986; Tsitouras 2011.
    Checked by: runge_kutta_interpolants
    """
    fraction = as_array(fraction, "fraction")
    if fraction.ndim > 1 or ((fraction < 0) | (fraction > 1)).any():
        raise ValueError(f"fraction must be numbers within [0, 1], got {fraction}")
    method, velocity, x, t, h = _checked(method, velocity, x, t, step_size)
    with beyond_float():
        k, _ = stages_of(method, slope_of(velocity), x, t, h)
        weights = interpolation_weights(method, np.atleast_1d(fraction))
        states = np.stack([x + h * combined(b, k) for b in weights])
    return states[0] if fraction.ndim == 0 else states


def embedded(method) -> Tableau:
    """A method with an error estimate."""
    method = tableau(method)
    if method.b_low is None:
        raise ValueError(
            f"method must have an embedded error estimate, and {method.name} has none; give"
            " n_steps or times for a fixed grid"
        )
    return method


def _checked(method, velocity, x, t, step_size):
    method, velocity = tableau(method), as_velocity(velocity, "velocity")
    x = as_points(x, "x", velocity.dim)
    return method, velocity, x, as_scalar(t, "t"), as_scalar(step_size, "step_size")


def slope_of(velocity: Family) -> Callable:
    """f(x, t) at one time t, whatever the leading shape of x."""

    def slope(x, t):
        return velocity.at(t)(x)

    return slope


def stages_of(method: Tableau, slope: Callable, x, t, h, *, end=None, first=None, last=True):
    """Lists of the slopes kᵢ and points pᵢ of one step; `end` stands for t + h, to the bit.

    first: k₀ where it is known. last: whether the stage at x' of a method that has one counts.
    """
    end = t + h if end is None else end
    k, points = [slope(x, t) if first is None else first], [x]
    for a, c in zip(method.A[1 : None if last or not method.fsal else -1], method.c[1:]):
        points.append(x + h * combined(a, k))
        k.append(slope(points[-1], end if c == 1 else t + c * h))
    return k, points


def combined(weights, k) -> np.ndarray:
    """Σᵢ wᵢ kᵢ over the slopes there are; a weight of 0 costs nothing."""
    total = None
    for w, slope in zip(weights, k):
        if w != 0:
            total = w * slope if total is None else total + w * slope
    return np.zeros_like(k[0]) if total is None else total


def interpolation_weights(method, fraction) -> np.ndarray:
    """bᵢ(θ) of what has `dense` (s, ·), for fractions (m,): (m, s)."""
    powers = np.asarray(fraction)[:, None] ** np.arange(1, method.dense.shape[1] + 1)
    return powers @ method.dense.T

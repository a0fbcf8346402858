"""Mistakes about paths: Picard's iteration, solutions of x' = √|x|, the way back in time."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _iterated(velocity, x0, times, n, slope, start=None):
    """Iterates with `slope(k, x)` for the slopes over `times`, `start(x)` for where they start."""
    from scipy.interpolate import CubicSpline

    sign = np.sign(times[-1] - times[0])
    x = np.broadcast_to(x0, (len(times), *x0.shape))
    for k in range(n):
        integral = CubicSpline(sign * times, sign * slope(k, x)).antiderivative()
        x = (x0 if start is None else start(x)) + integral(sign * times)
    return x


def _along(velocity, times):
    return lambda k, x: np.stack([velocity(one, t) for one, t in zip(x, times, strict=True)])


@mistake("picard_one_less", port="picard_iterate", source="classic: one round too few")
def _(velocity, x0, times, n_iterations):
    """The constant path counts as the first iterate."""
    return _iterated(velocity, x0, times, n_iterations - 1, _along(velocity, times))


@mistake("picard_from_last_path", port="picard_iterate", source="classic: x in place of x0")
def _(velocity, x0, times, n_iterations):
    """The integral is added to the last path, not to where it starts."""
    slope = _along(velocity, times)
    return _iterated(velocity, x0, times, n_iterations, slope, start=lambda x: x)


@mistake("picard_slope_at_start", port="picard_iterate", source="classic: f(x0) throughout")
def _(velocity, x0, times, n_iterations):
    """The slope is that of the start at every time."""
    start = np.broadcast_to(x0, (len(times), *x0.shape))
    return _iterated(
        velocity, x0, times, n_iterations, lambda k, x: _along(velocity, times)(k, start)
    )


@mistake("picard_left_sums", port="picard_iterate", source="A11: quadrature of order one")
def _(velocity, x0, times, n_iterations):
    """The integral is a sum over the left ends of the intervals."""
    x, steps = np.broadcast_to(x0, (len(times), *x0.shape)), np.diff(times)[:, None, None]
    for k in range(n_iterations):
        slopes = _along(velocity, times)(k, x)[:-1] * steps
        x = x0 + np.concatenate([np.zeros((1, *x0.shape)), np.cumsum(slopes, axis=0)])
    return x


@mistake("picard_integral_sign", port="picard_iterate", source="J8: sign of the integral")
def _(velocity, x0, times, n_iterations):
    """The integral is taken away."""
    slope = _along(velocity, times)
    return _iterated(velocity, x0, times, n_iterations, lambda k, x: -slope(k, x))


@mistake("root_without_wait", port="square_root_solution", source="classic: one solution of many")
def _(times, wait):
    """The path leaves at once, however long it is to wait."""
    return library.square_root_solution(times, 0.0)


@mistake("root_without_quarter", port="square_root_solution", source="classic: ∫ dx/√x = 2√x")
def _(times, wait):
    """The path is (t - w)²: twice the root is left out."""
    return 4 * library.square_root_solution(times, wait)


@mistake("root_half", port="square_root_solution", source="classic: (u/2)² for u²/2")
def _(times, wait):
    """The path is (t - w)²/2."""
    return 2 * library.square_root_solution(times, wait)


@mistake("root_before_wait", port="square_root_solution", source="classic: no positive part")
def _(times, wait):
    """The path comes down to 0 before it waits no longer."""
    return (np.asarray(times) - wait) ** 2 / 4


@mistake("root_linear", port="square_root_solution", source="classic: x' = 1/2 for √x' = 1/2")
def _(times, wait):
    """The path is √x = (t - w)/2 itself."""
    return np.sqrt(library.square_root_solution(times, wait))


@mistake("inverse_integral_sign", port="flow_inverse", source="J5: ∫ from 0 to 1, as printed")
def _(velocity, x, t0, t1):
    """The integral from t0 to t1 along the path is added to x, not taken away."""
    return 2 * x - library.flow_inverse(velocity, x, t0, t1)


@mistake(
    "continuity_velocity_frozen", port="continuity_residual", source="classic: f(x) for f(x, t)"
)
def _(log_density_at, velocity, x, t):
    """The velocity is asked for at time 0, whatever the time."""
    s, carrying = log_density_at.score(x, t), velocity(x, 0.0)
    moved = velocity.divergence(x, 0.0) + np.sum(carrying * s, axis=-1)
    return log_density_at.rate(x, t) + moved


@mistake("ode_backwards_step_positive", port="ode_solve", source="J8: steps of |t1 - t0|/n")
def _(velocity, x0, t0, t1):
    """The step is taken positive, so that a solve back in time runs on beyond its start."""
    return library.ode_solve(velocity, x0, t0, t0 + abs(t1 - t0))


@mistake("picard_one_more", port="picard_iterate", source="classic: one round too many")
def _(velocity, x0, times, n_iterations):
    """The constant path is not counted, and a round too many is made."""
    return _iterated(velocity, x0, times, n_iterations + 1, _along(velocity, times))


@mistake("picard_time_stands", port="picard_iterate", source="an autonomous iteration")
def _(velocity, x0, times, n_iterations):
    """The velocity is that of the first time throughout."""
    slope = _along(velocity, np.full(len(times), times[0]))
    return _iterated(velocity, x0, times, n_iterations, slope)


@mistake("picard_starts_at_zero", port="picard_iterate", source="t0 forgotten")
def _(velocity, x0, times, n_iterations):
    """The velocity is asked at the time since t0."""
    return _iterated(velocity, x0, times, n_iterations, _along(velocity, times - times[0]))


@mistake("picard_equal_times", port="picard_iterate", source="times taken for a count")
def _(velocity, x0, times, n_iterations):
    """The path at as many equally spaced times."""
    times = np.linspace(times[0], times[-1], len(times))
    return _iterated(velocity, x0, times, n_iterations, _along(velocity, times))

"""Mistakes in step-size control, in paths at several times, and in residual networks."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.ode_solves import solved


@mistake("ode_next_step_power_of_fifth", port="ode_next_step", source="A12: torchdiffeq 3d45786")
def _(step_size, error_ratio, order):
    """The exponent is 1/5 whatever the order."""
    return ode.next_step_size(step_size, error_ratio, 5)


@mistake("ode_next_step_order_less_one", port="ode_next_step", source="A12: 1/p for 1/(p + 1)")
def _(step_size, error_ratio, order):
    """The exponent is that of an order less."""
    return ode.next_step_size(step_size, error_ratio, order - 1)


@mistake("ode_next_step_order_more", port="ode_next_step", source="A12: 1/(p + 1) for 1/p")
def _(step_size, error_ratio, order):
    """The exponent is that of an order more."""
    return ode.next_step_size(step_size, error_ratio, order + 1)


@mistake("ode_next_step_of_square", port="ode_next_step", source="A12: the mean square not rooted")
def _(step_size, error_ratio, order):
    """The mean square of the error stands where its root belongs."""
    return ode.next_step_size(step_size, error_ratio**2, order)


@mistake("ode_next_step_inverted", port="ode_next_step", source="A12: the ratio upside down")
def _(step_size, error_ratio, order):
    """The ratio is upside down: good steps are followed by small ones."""
    return step_size * 0.9 * error_ratio ** (1 / order)


@mistake("ode_next_step_not_scaled", port="ode_next_step", source="A12: google/jax f20521326")
def _(step_size, error_ratio, order):
    """The factor alone is returned."""
    return ode.next_step_size(1.0, error_ratio, order)


def _path(velocity, x0, times):
    pieces = [np.asarray(x0)]
    for t, end in zip(times[:-1], times[1:]):
        pieces.append(solved(velocity, pieces[-1], t, end, 15))
    return np.stack(pieces)


@mistake("ode_path_restarts", port="ode_path", source="A11: every piece from the start")
def _(velocity, x0, times):
    """Every piece starts from x0 at its own first time."""
    return np.stack(
        [x0, *(solved(velocity, x0, t, end, 15) for t, end in zip(times[:-1], times[1:]))]
    )


@mistake("ode_path_time_restarts", port="ode_path", source="A11: the clock restarts")
def _(velocity, x0, times):
    """Every piece runs from time 0."""
    path = [np.asarray(x0)]
    for span in np.diff(times):
        path.append(solved(velocity, path[-1], 0.0, span, 15))
    return np.stack(path)


@mistake("ode_path_equal_times", port="ode_path", source="times taken for a count")
def _(velocity, x0, times):
    """The path at as many equally spaced times."""
    return _path(velocity, x0, np.linspace(times[0], times[-1], len(times)))


@mistake("ode_path_shifted", port="ode_path", source="A11: index shifted by one")
def _(velocity, x0, times):
    """The start is left out and the end stands twice."""
    path = _path(velocity, x0, times)
    return np.concatenate([path[1:], path[-1:]])


@mistake("ode_path_reversed", port="ode_path", source="falling times answered in rising order")
def _(velocity, x0, times):
    """Falling times are answered in rising order."""
    path = _path(velocity, x0, times)
    return path[::-1] if times[-1] < times[0] else path


@mistake("ode_path_between_lines", port="ode_path", source="A14: lines between large steps")
def _(velocity, x0, times):
    """Lines between the states at eight equal steps."""
    grid = np.linspace(times[0], times[-1], 9)
    path, at = _path(velocity, x0, grid), (np.asarray(times) - times[0]) / (grid[1] - grid[0])
    low = np.minimum(at.astype(int), 7)
    return path[low] + (at - low)[:, None, None] * (path[low + 1] - path[low])


@mistake("residual_without_skip", port="residual_network", source="the identity left out")
def _(velocities, x):
    """The identity is left out: f is applied to f."""
    for f in velocities:
        x = f(x, 0.0)
    return x


@mistake("residual_step_by_depth", port="residual_network", source="h = 1/L for 1")
def _(velocities, x):
    """Every block counts one part in their number."""
    for f in velocities:
        x = x + f(x, 0.0) / len(velocities)
    return x


@mistake("residual_in_parallel", port="residual_network", source="blocks beside each other")
def _(velocities, x):
    """All blocks see the input: their sum is added once."""
    return x + sum(f(x, 0.0) for f in velocities)


@mistake("residual_reversed", port="residual_network", source="order of composition")
def _(velocities, x):
    """The last block comes first."""
    for f in reversed(velocities):
        x = x + f(x, 0.0)
    return x


@mistake("residual_last_block_lost", port="residual_network", source="index shifted by one")
def _(velocities, x):
    """The last block is left out."""
    for f in velocities[:-1]:
        x = x + f(x, 0.0)
    return x


@mistake("residual_blocks_repeated", port="residual_network", source="classic: a nested loop")
def _(velocities, x):
    """Every block is applied twice in a row."""
    for f in velocities:
        for _ in range(2):
            x = x + f(x, 0.0)
    return x


@mistake("residual_first_block_for_all", port="residual_network", source="N11: one block shared")
def _(velocities, x):
    """The first block stands in every place."""
    for _ in velocities:
        x = x + velocities[0](x, 0.0)
    return x


@mistake("residual_skip_from_input", port="residual_network", source="the skip of another layer")
def _(velocities, x):
    """Every block is added to the input, not to what it was applied to."""
    y = x
    for f in velocities:
        y = x + f(y, 0.0)
    return y

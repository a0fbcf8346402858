"""Mistakes in gradients with losses at several times, and in the times themselves."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.adjoint_solving import gradient, over_path, path
from refscore.verify.mutants.base import mistake

JUMPS = "classic: Chen et al. 2018, figure 2"


def _ends(velocity, x0, t0, t1, cotangent):
    """Slopes at the start and the end, and the adjoint at the start."""
    points = path(velocity, x0, t0, t1)
    lam = gradient(velocity, x0, t0, t1, cotangent, points=points)[0]
    return velocity(x0, t0), velocity(points[-1][1], t1), lam, points[-1][1]


def _dot(a, b):
    return np.sum(a * b)


@mistake("start_time_missing", port="ode_time_gradient", source="A09")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in t0 is not computed."""
    _, last, _, _ = _ends(velocity, x0, t0, t1, cotangent)
    return 0.0, _dot(cotangent, last)


@mistake("start_time_sign", port="ode_time_gradient", source="A09: sign debate")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in t0 has the wrong sign."""
    first, last, lam, _ = _ends(velocity, x0, t0, t1, cotangent)
    return _dot(lam, first), _dot(cotangent, last)


@mistake("start_time_without_adjoint", port="ode_time_gradient", source="A09: r for a(t0)")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in t0 takes the loss's derivative, not the adjoint at t0."""
    first, last, _, _ = _ends(velocity, x0, t0, t1, cotangent)
    return -_dot(cotangent, first), _dot(cotangent, last)


@mistake("start_time_from_the_end", port="ode_time_gradient", source="A09: autonomous only")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in t0 is minus that in t1, true where nothing moves with time."""
    _, last, _, _ = _ends(velocity, x0, t0, t1, cotangent)
    return -_dot(cotangent, last), _dot(cotangent, last)


@mistake("end_time_missing", port="ode_time_gradient", source="A09: both ends")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in t1 is not computed."""
    first, _, lam, _ = _ends(velocity, x0, t0, t1, cotangent)
    return -_dot(lam, first), 0.0


@mistake("end_time_sign", port="ode_time_gradient", source="A09: sign debate")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in t1 has the wrong sign."""
    first, last, lam, _ = _ends(velocity, x0, t0, t1, cotangent)
    return -_dot(lam, first), -_dot(cotangent, last)


@mistake("end_time_of_start_slope", port="ode_time_gradient", source="A02: clock at t0")
def _(velocity, x0, t0, t1, cotangent):
    """The slope of the end is taken at the time of the start."""
    first, _, lam, end = _ends(velocity, x0, t0, t1, cotangent)
    return -_dot(lam, first), _dot(cotangent, velocity(end, t0))


@mistake("end_times_swapped", port="ode_time_gradient", source="classic: order of outputs")
def _(velocity, x0, t0, t1, cotangent):
    """The gradients in t1 and t0 are returned in this order."""
    first, last, lam, _ = _ends(velocity, x0, t0, t1, cotangent)
    return _dot(cotangent, last), -_dot(lam, first)


@mistake("end_times_averaged", port="ode_time_gradient", source="classic: mean over the batch")
def _(velocity, x0, t0, t1, cotangent):
    """The gradients in the times are means over the rows."""
    first, last, lam, _ = _ends(velocity, x0, t0, t1, cotangent)
    return -_dot(lam, first) / len(x0), _dot(cotangent, last) / len(x0)


@mistake("jumps_forgotten", port="ode_path_gradient", source=JUMPS)
def _(velocity, x0, times, cotangents):
    """Only the last loss counts."""
    last = len(times) - 1
    return over_path(
        velocity, x0, times, cotangents,
        jump=lambda k, lam: lam + cotangents[k] if k == last else lam,
    )[:2]  # fmt: skip


@mistake("first_jump_forgotten", port="ode_path_gradient", source=JUMPS)
def _(velocity, x0, times, cotangents):
    """The loss at the start is left out."""
    return over_path(
        velocity, x0, times, cotangents, jump=lambda k, lam: lam + cotangents[k] if k else lam
    )[:2]


@mistake("jumps_twice", port="ode_path_gradient", source=JUMPS)
def _(velocity, x0, times, cotangents):
    """The losses between the ends are counted at both of the intervals they join."""
    inner = range(1, len(times) - 1)
    return over_path(
        velocity, x0, times, cotangents,
        jump=lambda k, lam: lam + (2 if k in inner else 1) * cotangents[k],
    )[:2]  # fmt: skip


@mistake("jumps_subtracted", port="ode_path_gradient", source=JUMPS)
def _(velocity, x0, times, cotangents):
    """Before the end the adjoint jumps by minus the loss's derivative."""
    last = len(times) - 1
    return over_path(
        velocity, x0, times, cotangents,
        jump=lambda k, lam: lam + cotangents[k] if k == last else lam - cotangents[k],
    )[:2]  # fmt: skip


@mistake("jumps_replace", port="ode_path_gradient", source="classic: = for +=")
def _(velocity, x0, times, cotangents):
    """At each loss's time the adjoint starts anew, forgetting the later losses."""
    return over_path(velocity, x0, times, cotangents, jump=lambda k, lam: cotangents[k])[:2]


@mistake("jumps_early", port="ode_path_gradient", source="classic: off by one")
def _(velocity, x0, times, cotangents):
    """Each loss stands at the time before its own, the first one with the second."""
    last = len(times) - 1

    def jump(k, lam):
        later = cotangents[k + 1] if k < last else 0
        return lam + later + (cotangents[0] if k == 0 else 0)

    return over_path(velocity, x0, times, cotangents, jump=jump)[:2]


@mistake("jumps_at_the_end", port="ode_path_gradient", source="classic: summed first")
def _(velocity, x0, times, cotangents):
    """All losses stand at the last time."""
    last, whole = len(times) - 1, np.sum(cotangents, axis=0)
    return over_path(
        velocity, x0, times, cotangents, jump=lambda k, lam: lam + whole if k == last else lam
    )[:2]


@mistake("jumps_reversed", port="ode_path_gradient", source="classic: order of the losses")
def _(velocity, x0, times, cotangents):
    """The losses are read from the last to the first."""
    return over_path(velocity, x0, times, cotangents[::-1])[:2]


@mistake("path_parameters_of_first_interval", port="ode_path_gradient", source="N11: overwritten")
def _(velocity, x0, times, cotangents):
    """Every interval's parameter integral overwrites that of the later one."""
    return over_path(velocity, x0, times, cotangents, collect=lambda total, own: own)[:2]


def _time_parts(velocity, x0, times, cotangents):
    """gₖ·fₖ at every time, the adjoint at the start before its own loss, the slope there."""
    _, _, lam, pieces = over_path(velocity, x0, times, cotangents)
    states = [x0, *(piece[-1][1] for piece in pieces)]
    slopes = [velocity(x, t) for x, t in zip(states, times)]
    return np.array([_dot(g, f) for g, f in zip(cotangents, slopes)]), lam, slopes


@mistake("path_start_time_counts_its_loss", port="ode_path_time_gradient", source="A09: a(t0-)")
def _(velocity, x0, times, cotangents):
    """The loss at the start moves with t0 too, though x(t0) does not."""
    clock, lam, slopes = _time_parts(velocity, x0, times, cotangents)
    clock[0] = -_dot(lam + cotangents[0], slopes[0])
    return clock


@mistake("path_start_time_missing", port="ode_path_time_gradient", source="A09")
def _(velocity, x0, times, cotangents):
    """The gradient in the first time is zero."""
    clock, _, _ = _time_parts(velocity, x0, times, cotangents)
    clock[0] = 0.0
    return clock


@mistake("path_start_time_like_others", port="ode_path_time_gradient", source="A09: +g·f at t0")
def _(velocity, x0, times, cotangents):
    """The first time is treated as all others."""
    return _time_parts(velocity, x0, times, cotangents)[0]


@mistake("path_inner_times_missing", port="ode_path_time_gradient", source="A09: ends alone")
def _(velocity, x0, times, cotangents):
    """Only the gradients in the two ends are computed."""
    clock, lam, slopes = _time_parts(velocity, x0, times, cotangents)
    clock[0], clock[1:-1] = -_dot(lam, slopes[0]), 0.0
    return clock


@mistake("path_times_sign", port="ode_path_time_gradient", source="A09: sign debate")
def _(velocity, x0, times, cotangents):
    """The gradients in all times have the wrong sign."""
    clock, lam, slopes = _time_parts(velocity, x0, times, cotangents)
    clock[0] = -_dot(lam, slopes[0])
    return -clock


@mistake("path_times_of_earlier_slopes", port="ode_path_time_gradient", source="off by one")
def _(velocity, x0, times, cotangents):
    """The slope at each loss is that at the time before it."""
    clock, lam, slopes = _time_parts(velocity, x0, times, cotangents)
    clock[1:] = [_dot(g, f) for g, f in zip(cotangents[1:], slopes[:-1])]
    clock[0] = -_dot(lam, slopes[0])
    return clock

"""Mistakes in Runge-Kutta steps: entries of their tables, stages, what a step is made of."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.ode import TABLEAUX
from refscore.verify.mutants.base import mistake


def _array(array, changes: dict):
    array = np.array(array)
    for place, value in changes.items():
        array[place] = value
    return array


def _entries(name, A=None, b=None, c=None):
    """The step with entries of one table changed; other methods as they are."""
    table = TABLEAUX[name]
    A, b, c = (_array(old, new or {}) for old, new in zip(table[2:5], (A, b, c)))
    wrong = table._replace(A=A, b=b, c=c, fsal=False)

    def step(velocity, x, t, step_size, method):
        return ode.runge_kutta_step(wrong if method == name else method, velocity, x, t, step_size)

    return step


def _listed(name, summary, source="wrong tableau entry", **changes):
    """One mistake of a table."""
    step = _entries(name, **changes)

    def wrong(velocity, x, t, step_size, method):
        return step(velocity, x, t, step_size, method)

    wrong.__doc__ = summary
    return wrong


_TABLES: dict[str, tuple[str, str, dict]] = {
    "midpoint_time_not_moved": ("midpoint", "The midpoint's slope is taken at the start's time.",
                                {"c": {1: 0.0}}),
    "heun_stage_half_way": ("heun", "Heun's second slope is taken half-way, where the midpoint's "
                            "belongs.", {"A": {(1, 0): 0.5}, "c": {1: 0.5}}),
    "ralston_three_quarters": ("ralston", "Ralston's stage stands at 3/4, as an encyclopedia has "
                               "it, with weights 1/3 and 2/3.",
                               {"A": {(1, 0): 0.75}, "b": {0: 1 / 3, 1: 2 / 3}, "c": {1: 0.75}}),
    "kutta_first_entry_sign": ("rk3", "The -1 of Kutta's third stage has lost its sign.",
                               {"A": {(2, 0): 1.0}}),
    "rk4_weights_of_three_eighths": ("rk4", "The classical stages are weighted by the 3/8 rule.",
                                     {"b": {0: 1 / 8, 1: 3 / 8, 2: 3 / 8, 3: 1 / 8}}),
    "three_eighths_entry_sign": ("rk4_38", "The -1/3 of the 3/8 rule has lost its sign.",
                                 {"A": {(2, 0): 1 / 3}}),
    "bogacki_shampine_low_order": ("bogacki_shampine", "The solution of order 2 is carried on.",
                                   {"b": {0: 7 / 24, 1: 1 / 4, 2: 1 / 3, 3: 1 / 8}}),
    "rk4_last_stage_half_way": ("rk4", "The last stage is reached with half its slope.",
                                {"A": {(3, 2): 0.5}}),
    "rk4_weights_equal": ("rk4", "Every stage weighs a quarter.", {"b": {0: 1 / 4, 1: 1 / 4,
                          2: 1 / 4, 3: 1 / 4}}),
    "rk4_weights_shifted": ("rk4", "The weights are 1/6, 1/6, 1/3, 1/3, in this order.",
                            {"b": {0: 1 / 6, 1: 1 / 6, 2: 1 / 3, 3: 1 / 3}}),
    "dormand_prince_time_of_fifth": ("dormand_prince", "The fifth stage's time is 7/9, not 8/9.",
                                     {"c": {4: 7 / 9}}),
    "dormand_prince_2178": ("dormand_prince", "-25360/2187 is typed -25360/2178.",
                            {"A": {(4, 1): -25360 / 2178}}),
    "dormand_prince_digits_swapped": ("dormand_prince", "9017/3168 is typed 9017/3186.",
                                      {"A": {(5, 0): 9017 / 3186}}),
    "tsitouras_digits_swapped": ("tsitouras", "The weight 0.4798... is typed 0.4789....",
                                 {"b": {2: 0.4789896504144996}}),
}  # fmt: skip

for _name, (_method, _summary, _changes) in _TABLES.items():
    _source = "A13: patrick-kidger/diffrax eefbd5a" if "ralston" in _name else "wrong tableau entry"
    mistake(_name, port="ode_step", source=_source)(_listed(_method, _summary, **_changes))


@mistake("euler_slope_at_end", port="ode_step", source="wrong tableau entry")
def _(velocity, x, t, step_size, method):
    """Euler's slope is taken at the time the step ends."""
    at = t + step_size if method == "euler" else t
    return ode.runge_kutta_step(method, velocity, x, at, step_size)


@mistake("dormand_prince_low_order", port="ode_step", source="order 4 carried on, not 5")
def _(velocity, x, t, step_size, method):
    """Dormand and Prince's solution of order 4 is carried on: no local extrapolation."""
    if method != "dormand_prince":
        return ode.runge_kutta_step(method, velocity, x, t, step_size)
    k = ode.runge_kutta_stages(method, velocity, x, t, step_size).slopes
    return x + step_size * np.tensordot(TABLEAUX[method].b_low, k, 1)


def _by_stages(velocity, x, t, h, method, point, time=None, weigh=None):
    """A step whose stage points are x + point(h, a, k), at t + h time(c)."""
    table, k = TABLEAUX[method], []
    for a, c in zip(table.A, table.c):
        at = t + h * (c if time is None else time(table, c))
        k.append(velocity(x + point(h, a, k), at))
    return x + (h * _sum(table.b, k) if weigh is None else weigh(table.b, k))


def _sum(weights, k):
    return sum((w * slope for w, slope in zip(weights, k)), np.zeros(()))


def _point(h, a, k):
    return h * _sum(a, k)


@mistake("ode_stages_without_step", port="ode_step", source="h missing in the stages")
def _(velocity, x, t, step_size, method):
    """The stages are x + Σ a k: the step size is missing there."""
    return _by_stages(velocity, x, t, step_size, method, lambda h, a, k: _sum(a, k))


@mistake("ode_step_without_step_size", port="ode_step", source="h missing in the sum")
def _(velocity, x, t, step_size, method):
    """The slopes are added without the step size."""
    return _by_stages(velocity, x, t, step_size, method, _point, weigh=_sum)


@mistake("ode_stages_at_start_time", port="ode_step", source="stages at the wrong time")
def _(velocity, x, t, step_size, method):
    """All stages are taken at the time the step starts: autonomous velocities do not tell."""
    return _by_stages(velocity, x, t, step_size, method, _point, lambda table, c: 0.0)


@mistake("ode_stages_at_end_time", port="ode_step", source="stages at the wrong time")
def _(velocity, x, t, step_size, method):
    """Stages after the first are taken at the time the step ends."""
    return _by_stages(velocity, x, t, step_size, method, _point, lambda table, c: float(c > 0))


@mistake("ode_stages_by_last_slope", port="ode_step", source="only the diagonal of the table")
def _(velocity, x, t, step_size, method):
    """Every stage uses the slope before it alone, over c h."""
    return _by_stages(
        velocity, x, t, step_size, method, lambda h, a, k: h * a.sum() * k[-1] if k else 0.0
    )


@mistake("ode_stages_aliased", port="ode_step", source="N11: one buffer for all stages")
def _(velocity, x, t, step_size, method):
    """All stages are written into one buffer, so that the last one stands for each."""
    table, k = TABLEAUX[method], np.empty_like(x)
    for a, c in zip(table.A, table.c):
        k[:] = velocity(x + step_size * a.sum() * k if c else x, t + c * step_size)
    return x + step_size * table.b.sum() * k


@mistake("ode_state_in_place", port="ode_step", source="N11: state updated in place")
def _(velocity, x, t, step_size, method):
    """The state moves in place after every stage, and later stages start from there."""
    table, k, state = TABLEAUX[method], [], np.array(x)
    for a, b, c in zip(table.A, table.b, table.c):
        k.append(velocity(state + _point(step_size, a, k), t + c * step_size))
        state += step_size * b * k[-1]
    return state


@mistake("ode_step_size_unsigned", port="ode_step", source="A11: the sign of the step lost")
def _(velocity, x, t, step_size, method):
    """The step goes forward whatever its sign."""
    return ode.runge_kutta_step(method, velocity, x, t, abs(step_size))


@mistake("ode_step_time_of_end", port="ode_step", source="A02: time shifted by a step")
def _(velocity, x, t, step_size, method):
    """Time is moved on before the stages, so that all of them are a step late."""
    return ode.runge_kutta_step(method, velocity, x, t + step_size, step_size)


@mistake("ode_step_size_squared", port="ode_step", source="h twice")
def _(velocity, x, t, step_size, method):
    """The sum of slopes is multiplied by h twice."""
    return x + step_size * (ode.runge_kutta_step(method, velocity, x, t, step_size) - x)


@mistake("ode_stages_step_size_squared", port="ode_step", source="h twice")
def _(velocity, x, t, step_size, method):
    """The stages are x + h² Σ a k."""
    return _by_stages(velocity, x, t, step_size, method, lambda h, a, k: h * h * _sum(a, k))


@mistake("ode_step_taken_away", port="ode_step", source="the sign of the sum")
def _(velocity, x, t, step_size, method):
    """The sum of slopes is taken away."""
    return 2 * x - ode.runge_kutta_step(method, velocity, x, t, step_size)


@mistake("ode_weights_reversed", port="ode_step", source="slopes kept last first")
def _(velocity, x, t, step_size, method):
    """The first weight multiplies the last slope."""
    return _by_stages(
        velocity, x, t, step_size, method, _point, weigh=lambda b, k: step_size * _sum(b[::-1], k)
    )


@mistake("ode_stage_times_without_step", port="ode_step", source="t + c for t + c h")
def _(velocity, x, t, step_size, method):
    """The stages' times are t + c: the step size is missing there."""
    return _by_stages(velocity, x, t, step_size, method, _point, lambda table, c: c / step_size)


@mistake("ode_all_stages_at_end_time", port="ode_step", source="stages at the wrong time")
def _(velocity, x, t, step_size, method):
    """All stages, the first too, stand at the time the step ends."""
    return _by_stages(velocity, x, t, step_size, method, _point, lambda table, c: 1.0)

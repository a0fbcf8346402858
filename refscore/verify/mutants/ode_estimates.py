"""Mistakes in what a Runge-Kutta step gives beside its end: error estimates and interpolants."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.ode import TABLEAUX
from refscore.verify.library.declared import with_error
from refscore.verify.mutants.base import mistake


def _estimate(velocity, x, t, h, method, weights):
    table = with_error(method)
    k = ode.runge_kutta_stages(method, velocity, x, t, h).slopes
    return np.tensordot(weights(table), k, 1)


@mistake("ode_error_without_step", port="ode_error", source="A12: torchdyn 27bdc84")
def _(velocity, x, t, step_size, method):
    """The error estimate is Σ (b - b̂) k: the step size is missing."""
    return _estimate(velocity, x, t, step_size, method, lambda table: table.b - table.b_low)


@mistake("ode_error_of_low_order", port="ode_error", source="b̂ for b - b̂")
def _(velocity, x, t, step_size, method):
    """The embedded increment itself is taken for its difference to the step."""
    return step_size * _estimate(velocity, x, t, step_size, method, lambda table: table.b_low)


@mistake("ode_error_without_last_stage", port="ode_error", source="the stage at x' forgotten")
def _(velocity, x, t, step_size, method):
    """The stage at the new state, of weight 0 in the step, is left out of the estimate."""
    return step_size * _estimate(
        velocity, x, t, step_size, method,
        lambda table: (table.b - table.b_low) * (1 - table.fsal * (table.c == 1) * (table.b == 0)),
    )  # fmt: skip


@mistake("ode_error_last_stage_is_first", port="ode_error", source="first same as last, misread")
def _(velocity, x, t, step_size, method):
    """The slope at the start stands for that at the end."""
    table = with_error(method)
    k = np.array(ode.runge_kutta_stages(method, velocity, x, t, step_size).slopes)
    if table.fsal:
        k[-1] = k[0]
    else:
        k[-1] = velocity(x, t + step_size)
    return step_size * np.tensordot(table.b - table.b_low, k, 1)


@mistake("ode_error_absolute", port="ode_error", source="signs lost")
def _(velocity, x, t, step_size, method):
    """The weights' absolute values are taken."""
    return step_size * _estimate(
        velocity, x, t, step_size, method, lambda table: np.abs(table.b - table.b_low)
    )


def _within(velocity, x, t, h, fraction, method, weights):
    table = TABLEAUX[method]
    stages = ode.runge_kutta_stages(method, velocity, x, t, h)
    return x + h * np.tensordot(weights(table, stages), stages.slopes, 1)


def _powers(table, fraction):
    return table.dense @ fraction ** np.arange(1, table.dense.shape[1] + 1)


@mistake("ode_interpolate_linear", port="ode_interpolate", source="the line between the ends")
def _(velocity, x, t, step_size, fraction, method):
    """The line between the two ends."""
    new = ode.runge_kutta_step(method, velocity, x, t, step_size)
    return x + fraction * (new - x)


@mistake(
    "ode_interpolate_cubic", port="ode_interpolate", source="A14: the order of the method lost"
)
def _(velocity, x, t, step_size, fraction, method):
    """The cubic through the ends and their slopes, whatever the method."""
    h, s, k = step_size, fraction, velocity(x, t)
    new = ode.runge_kutta_step(method, velocity, x, t, h)
    move, last = new - x, velocity(new, t + h)
    return x + s * move + s * (1 - s) * ((1 - s) * (h * k - move) - s * (h * last - move))


@mistake(
    "ode_interpolate_foreign_middle", port="ode_interpolate", source="A14: torchdiffeq 54a5013"
)
def _(velocity, x, t, step_size, fraction, method):
    """Tsitouras's stages are interpolated with the coefficients of Dormand and Prince."""
    table = TABLEAUX["dormand_prince" if method == "tsitouras" else method]
    return _within(velocity, x, t, step_size, fraction, method, lambda *_: _powers(table, fraction))


@mistake("ode_interpolate_middle_by_stage", port="ode_interpolate", source="A14: torchdiffeq")
def _(velocity, x, t, step_size, fraction, method):
    """Bogacki and Shampine's cubic is bent to pass x + h/2 k₂ in the middle, O(h²) off the path."""
    found = ode.runge_kutta_interpolate(method, velocity, x, t, step_size, fraction)
    if method != "bogacki_shampine":
        return found
    middle = ode.runge_kutta_interpolate(method, velocity, x, t, step_size, 0.5)
    slope = velocity(x + step_size / 2 * velocity(x, t), t + step_size / 2)
    return found + 16 * (fraction * (1 - fraction)) ** 2 * (x + step_size / 2 * slope - middle)


@mistake("ode_interpolate_mirrored", port="ode_interpolate", source="θ for 1 - θ")
def _(velocity, x, t, step_size, fraction, method):
    """The fraction is counted from the end of the step."""
    return ode.runge_kutta_interpolate(method, velocity, x, t, step_size, 1 - fraction)


@mistake("ode_interpolate_short_step", port="ode_interpolate", source="a step of θh instead")
def _(velocity, x, t, step_size, fraction, method):
    """A step of θ h of its own is taken for the interpolant."""
    return ode.runge_kutta_step(method, velocity, x, t, fraction * step_size)


@mistake("ode_interpolate_powers_shifted", port="ode_interpolate", source="θᵐ for θᵐ⁺¹")
def _(velocity, x, t, step_size, fraction, method):
    """The polynomials are evaluated one power too low."""
    return _within(
        velocity, x, t, step_size, fraction, method,
        lambda table, stages: _powers(table, fraction) / fraction,
    )  # fmt: skip


@mistake("ode_error_of_any_sign", port="ode_error", source="signs lost")
def _(velocity, x, t, step_size, method):
    """The absolute value of the estimate is returned."""
    return np.abs(ode.runge_kutta_error(method, velocity, x, t, step_size))


@mistake("ode_interpolate_fraction_times_step", port="ode_interpolate", source="θh for θ")
def _(velocity, x, t, step_size, fraction, method):
    """The time since the start of the step is taken for the fraction."""
    return _within(
        velocity, x, t, step_size, fraction, method,
        lambda table, stages: _powers(table, fraction * step_size),
    )  # fmt: skip

"""Mistakes in the continuous adjoint: its equation, its start, its clock, its states, its sums."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.adjoint_solving import back, gradient, path, pull, push
from refscore.verify.mutants.base import mistake

CLASSIC = "classic: Chen et al. 2018, algorithm 1"


@mistake("adjoint_sign", port="ode_gradient", source=CLASSIC)
def _(velocity, x0, t0, t1, cotangent):
    """The adjoint equation has the wrong sign: a' = +Jᵀ a."""
    P = pull(velocity)
    return gradient(velocity, x0, t0, t1, cotangent, P=lambda x, t, lam: -P(x, t, lam))


@mistake("adjoint_transposed", port="ode_gradient", source="classic: J a for Jᵀ a")
def _(velocity, x0, t0, t1, cotangent):
    """The Jacobian is not transposed."""
    return gradient(velocity, x0, t0, t1, cotangent, P=lambda x, t, lam: velocity.at(t).jvp(x, lam))


@mistake("adjoint_from_ones", port="ode_gradient", source="classic: terminal condition")
def _(velocity, x0, t0, t1, cotangent):
    """The adjoint starts from ones, whatever the loss's derivative is."""
    return gradient(velocity, x0, t0, t1, np.ones_like(cotangent))


@mistake("adjoint_from_the_state", port="ode_gradient", source="classic: terminal condition")
def _(velocity, x0, t0, t1, cotangent):
    """The adjoint starts from the state x(t1), as if the loss were half its square."""
    points = path(velocity, x0, t0, t1)
    return gradient(velocity, x0, t0, t1, points[-1][1], points=points)


@mistake("adjoint_frozen", port="ode_gradient", source="classic: detached state")
def _(velocity, x0, t0, t1, cotangent):
    """The adjoint is not carried: it stays what it was at t1."""
    return gradient(velocity, x0, t0, t1, cotangent, P=lambda x, t, lam: 0 * lam)


@mistake("adjoint_start_negated", port="ode_gradient", source="classic: -a(t0) for a(t0)")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in x0 has the other sign."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return -points, parameters


@mistake("adjoint_parameters_missing", port="ode_gradient", source="classic: no parameter integral")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in the parameters is zero."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return points, 0 * parameters


@mistake("adjoint_parameters_negated", port="ode_gradient", source="A16")
def _(velocity, x0, t0, t1, cotangent):
    """The parameter integral has the wrong sign, or its limits are not reversed."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return points, -parameters


@mistake("adjoint_both_signs", port="ode_gradient", source=CLASSIC)
def _(velocity, x0, t0, t1, cotangent):
    """The adjoint equation and the parameter integral both have the wrong sign."""
    P = pull(velocity)
    points, parameters = gradient(
        velocity, x0, t0, t1, cotangent, P=lambda x, t, lam: -P(x, t, lam)
    )
    return points, -parameters


@mistake("adjoint_interval_unsigned", port="ode_gradient", source="A16: |dt| for dt")
def _(velocity, x0, t0, t1, cotangent):
    """The parameter integral takes |dt|, wrong where t1 < t0."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return points, np.sign(t1 - t0) * parameters


@mistake("adjoint_parameters_over_time", port="ode_gradient", source="classic: mean for integral")
def _(velocity, x0, t0, t1, cotangent):
    """The parameter integral is a mean over time."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return points, parameters / (t1 - t0)


@mistake("adjoint_parameters_averaged", port="ode_gradient", source="classic: mean over the batch")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in the parameters is averaged over the rows, not summed."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return points, parameters / len(x0)


@mistake("adjoint_averaged", port="ode_gradient", source="classic: mean over the batch")
def _(velocity, x0, t0, t1, cotangent):
    """Both gradients are divided by the number of rows."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    return points / len(x0), parameters / len(x0)


@mistake("adjoint_parameters_of_last_row", port="ode_gradient", source="classic: no sum over rows")
def _(velocity, x0, t0, t1, cotangent):
    """The gradient in the parameters is that of the last row alone."""
    alone = gradient(velocity, x0[-1:], t0, t1, cotangent[-1:])[1]
    return gradient(velocity, x0, t0, t1, cotangent)[0], alone


@mistake("adjoint_parameters_before_the_way", port="ode_gradient", source="classic: stale adjoint")
def _(velocity, x0, t0, t1, cotangent):
    """The parameter integral holds the adjoint at its value at t1."""
    points, G = path(velocity, x0, t0, t1), push(velocity)
    lam = gradient(velocity, x0, t0, t1, cotangent, points=points)[0]
    return lam, back(points, cotangent, lambda x, t, a: 0 * a, G)[1]


@mistake("adjoint_parameters_after_the_way", port="ode_gradient", source="N11: in-place state")
def _(velocity, x0, t0, t1, cotangent):
    """The adjoint was overwritten before the parameter integral: its value at t0 throughout."""
    points, G = path(velocity, x0, t0, t1), push(velocity)
    lam = gradient(velocity, x0, t0, t1, cotangent, points=points)[0]
    return lam, back(points, lam, lambda x, t, a: 0 * a, G)[1]


@mistake("adjoint_matrix_transposed", port="ode_gradient", source="classic: x aᵀ for a xᵀ")
def _(velocity, x0, t0, t1, cotangent):
    """The outer product of a matrix's gradient is transposed."""
    points, parameters = gradient(velocity, x0, t0, t1, cotangent)
    d = x0.shape[1]
    if parameters.size in (d * d + d, d * d + 1):
        matrix = parameters[: d * d].reshape(d, d).T
        parameters = np.concatenate([matrix.ravel(), parameters[d * d :]])
    return points, parameters


def _on_clock(velocity, x0, t0, t1, cotangent, clock):
    P, G = pull(velocity), push(velocity)
    return gradient(
        velocity, x0, t0, t1, cotangent,
        P=lambda x, t, a: P(x, clock(t), a), G=lambda x, t, a: G(x, clock(t), a),
    )  # fmt: skip


@mistake("adjoint_time_negated", port="ode_gradient", source="A02")
def _(velocity, x0, t0, t1, cotangent):
    """On the way back the velocity is asked at -t."""
    return _on_clock(velocity, x0, t0, t1, cotangent, lambda t: -t)


@mistake("adjoint_time_mirrored", port="ode_gradient", source="A03")
def _(velocity, x0, t0, t1, cotangent):
    """On the way back time runs from t0 to t1 again."""
    return _on_clock(velocity, x0, t0, t1, cotangent, lambda t: t0 + t1 - t)


@mistake("adjoint_time_elapsed", port="ode_gradient", source="A02: T - u with T = t1 - t0")
def _(velocity, x0, t0, t1, cotangent):
    """On the way back times count from the start: t - t0 for t."""
    return _on_clock(velocity, x0, t0, t1, cotangent, lambda t: t - t0)


def _on_states(velocity, x0, t0, t1, cotangent, pick):
    points = path(velocity, x0, t0, t1)
    states = [pick(points, i) for i in range(len(points))]
    points = [(t, x) for (t, _), x in zip(points, states)]
    return gradient(velocity, x0, t0, t1, cotangent, points=points)


@mistake("adjoint_state_at_the_end", port="ode_gradient", source="classic: states not restored")
def _(velocity, x0, t0, t1, cotangent):
    """On the way back the state stays at x(t1)."""
    return _on_states(velocity, x0, t0, t1, cotangent, lambda points, i: points[-1][1])


@mistake("adjoint_state_at_the_start", port="ode_gradient", source="classic: states not restored")
def _(velocity, x0, t0, t1, cotangent):
    """On the way back the state stays at x(t0)."""
    return _on_states(velocity, x0, t0, t1, cotangent, lambda points, i: points[0][1])


@mistake("adjoint_state_driven_on", port="ode_gradient", source="classic: -f for f")
def _(velocity, x0, t0, t1, cotangent):
    """On the way back the state has the wrong sign of its velocity and does not return."""
    end = path(velocity, x0, t0, t1)[-1][1]
    points = path(lambda x, t: -velocity(x, t), end, t1, t0)[::-1]
    return gradient(velocity, x0, t0, t1, cotangent, points=points)


@mistake("adjoint_steps_positive", port="ode_gradient", source="J5, J8: the sign of dt < 0")
def _(velocity, x0, t0, t1, cotangent):
    """Every solve takes |dt|: what should go back from t1 goes on from it."""
    span = abs(t1 - t0)
    end = path(velocity, x0, t0, t0 + span)[-1][1]
    points = path(velocity, end, t1, t1 + span)[::-1]
    return gradient(velocity, x0, t0, t1, cotangent, points=points)


@mistake("adjoint_parameters_at_start_time", port="ode_gradient", source="A02: t0 for t")
def _(velocity, x0, t0, t1, cotangent):
    """The parameters collect df/dθ at the time t0 throughout."""
    G = push(velocity)
    return gradient(velocity, x0, t0, t1, cotangent, G=lambda x, t, lam: G(x, t0, lam))


@mistake("adjoint_states_forward", port="ode_gradient", source="classic: states not reversed")
def _(velocity, x0, t0, t1, cotangent):
    """The stored states are read from the first to the last on the way back."""
    return _on_states(velocity, x0, t0, t1, cotangent, lambda points, i: points[-1 - i][1])

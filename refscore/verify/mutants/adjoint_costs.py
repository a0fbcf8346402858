"""Mistakes in gradients of running costs, and in forward sensitivities."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.adjoint_solving import back, path, pull, push
from refscore.verify.mutants.base import mistake

COST = "classic: Pontryagin's running cost"


def _driven(velocity, x0, t0, t1, running, source=1.0, moved=1.0, clock=lambda t: t):
    """The adjoint from zero with source · l_x, on the cost's clock; moved · Jᵀa."""
    P = pull(velocity)

    def rate(x, t, lam):
        return moved * P(x, t, lam) + source * running.gradient(x, clock(t))

    points = path(velocity, x0, t0, t1)
    return back(points, np.zeros_like(x0), rate, push(velocity))


@mistake("cost_forgotten", port="ode_cost_gradient", source=COST)
def _(velocity, x0, t0, t1, running):
    """The running cost does not reach the adjoint: all gradients are zero."""
    return _driven(velocity, x0, t0, t1, running, source=0.0)


@mistake("cost_sign", port="ode_cost_gradient", source=COST)
def _(velocity, x0, t0, t1, running):
    """The running cost drives the adjoint with the wrong sign."""
    return _driven(velocity, x0, t0, t1, running, source=-1.0)


@mistake("cost_adjoint_sign", port="ode_cost_gradient", source=COST)
def _(velocity, x0, t0, t1, running):
    """The source is right and the adjoint's own term has the wrong sign."""
    return _driven(velocity, x0, t0, t1, running, moved=-1.0)


@mistake("cost_not_carried", port="ode_cost_gradient", source="classic: detached state")
def _(velocity, x0, t0, t1, running):
    """The source is integrated along the path without the flow's derivative."""
    return _driven(velocity, x0, t0, t1, running, moved=0.0)


@mistake("cost_clock_stuck", port="ode_cost_gradient", source="A02: clock of the cost")
def _(velocity, x0, t0, t1, running):
    """The running cost is asked at the time of the start throughout."""
    return _driven(velocity, x0, t0, t1, running, clock=lambda t: t0)


@mistake("cost_clock_mirrored", port="ode_cost_gradient", source="A03: clock of the cost")
def _(velocity, x0, t0, t1, running):
    """On the way back the running cost's time runs forward."""
    return _driven(velocity, x0, t0, t1, running, clock=lambda t: t0 + t1 - t)


@mistake("cost_of_the_end", port="ode_cost_gradient", source="classic: terminal for running")
def _(velocity, x0, t0, t1, running):
    """The cost of the end, times the length of the interval, stands for the integral."""
    points = path(velocity, x0, t0, t1)
    start = (t1 - t0) * running.gradient(points[-1][1], t1)
    return back(points, start, pull(velocity), push(velocity))


@mistake("cost_averaged_over_time", port="ode_cost_gradient", source="classic: mean for integral")
def _(velocity, x0, t0, t1, running):
    """The integral over time is a mean."""
    points, parameters = _driven(velocity, x0, t0, t1, running)
    return points / (t1 - t0), parameters / (t1 - t0)


@mistake("cost_averaged_over_rows", port="ode_cost_gradient", source="classic: mean over the batch")
def _(velocity, x0, t0, t1, running):
    """The rows are averaged, not summed."""
    points, parameters = _driven(velocity, x0, t0, t1, running)
    return points / len(x0), parameters / len(x0)


@mistake("cost_parameters_missing", port="ode_cost_gradient", source=COST)
def _(velocity, x0, t0, t1, running):
    """The parameters are said not to move the cost, since it does not name them."""
    points, parameters = _driven(velocity, x0, t0, t1, running)
    return points, 0 * parameters


@mistake("cost_parameters_negated", port="ode_cost_gradient", source="A16")
def _(velocity, x0, t0, t1, running):
    """The parameter integral has the wrong sign."""
    points, parameters = _driven(velocity, x0, t0, t1, running)
    return points, -parameters


def _carried(velocity, x0, t0, t1, right=False, forced=1.0, moved=1.0):
    """J and S by Runge-Kutta's method of order 4; `right`: J' = J A."""
    n, d = x0.shape
    p = velocity.parameters.size
    J, S = np.broadcast_to(np.eye(d), (n, d, d)).copy(), np.zeros((n, d, p))
    points = path(velocity, x0, t0, t1)
    local = [_derivatives(velocity, x, t) for t, x in points]

    def rate(at, J, S):
        A, B = local[at]
        turned = J @ A if right else A @ J
        return turned, moved * (A @ S) + forced * B

    for i in range(0, len(points) - 1, 2):
        h = points[i + 2][0] - points[i][0]
        a = rate(i, J, S)
        b = rate(i + 1, J + h / 2 * a[0], S + h / 2 * a[1])
        c = rate(i + 1, J + h / 2 * b[0], S + h / 2 * b[1])
        e = rate(i + 2, J + h * c[0], S + h * c[1])
        J = J + h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + e[0])
        S = S + h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + e[1])
    return J, S


def _derivatives(velocity, x, t):
    field, units = velocity.at(t), np.eye(x.shape[1])
    rows = [field.linearise(row[None]) for row in x]
    return field.jacobian(x), np.array(
        [[one.gradient(value=e[None]) for e in units] for one in rows]
    )


@mistake("sensitivities_transposed", port="ode_sensitivities", source="classic: index order")
def _(velocity, x0, t0, t1):
    """The derivative index comes first."""
    J, S = _carried(velocity, x0, t0, t1)
    return np.swapaxes(J, 1, 2), S


@mistake("sensitivities_order", port="ode_sensitivities", source="classic: J A for A J")
def _(velocity, x0, t0, t1):
    """The Jacobian of the velocity multiplies from the right, true where all commute."""
    return _carried(velocity, x0, t0, t1, right=True)


@mistake("sensitivities_unforced", port="ode_sensitivities", source="classic: f_theta left out")
def _(velocity, x0, t0, t1):
    """The velocity's own dependence on the parameters is left out: S stays 0."""
    return _carried(velocity, x0, t0, t1, forced=0.0)


@mistake("sensitivities_not_carried", port="ode_sensitivities", source="classic: f_z S left out")
def _(velocity, x0, t0, t1):
    """S is the integral of f_theta along the path alone."""
    return _carried(velocity, x0, t0, t1, moved=0.0)


@mistake("sensitivities_inverted", port="ode_sensitivities", source="classic: dx0/dx1")
def _(velocity, x0, t0, t1):
    """The derivative of the start in the end is returned."""
    J, S = _carried(velocity, x0, t0, t1)
    return np.linalg.inv(J), S

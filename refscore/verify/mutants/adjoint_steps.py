"""Mistakes in backpropagation through Runge-Kutta steps, and in the adjoint by Euler's method."""

from __future__ import annotations

import numpy as np

from refscore.ode import tableau
from refscore.verify.mutants.adjoint_solving import pull, push
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.once import once

BACK = "classic: reverse accumulation"


@once
def _forward(velocity, x, times, method):
    """Of every step its h, and of its stages the points and times; the states."""
    m, steps, states = tableau(method), [], [x]
    for s, t in zip(times[:-1], times[1:]):
        h, k, stages = t - s, [], []
        for a, c in zip(m.A, m.c):
            point = x + h * sum((w * slope for w, slope in zip(a, k)), np.zeros_like(x))
            stages.append((point, s + c * h))
            k.append(velocity(*stages[-1]))
        x = x + h * sum(w * slope for w, slope in zip(m.b, k))
        steps.append((h, stages))
        states.append(x)
    return steps, states


def _step_back(velocity, m, h, stages, lam, *, b=None, collecting=None, coupled=1.0, kept=1.0):
    """λ before a step and its part of θ̄; b, collecting: weights in λ and θ̄, those of m."""
    b = m.b if b is None else b
    back, total = {}, 0.0
    for i in range(len(b) - 1, -1, -1):
        x, t = stages[i]
        local = velocity.at(t).linearise(x)
        inner = sum((m.A[j, i] * back[j] for j in back), np.zeros_like(lam))
        bar = h * (b[i] * lam + coupled * inner)
        own = bar if collecting is None else h * collecting[i] * lam
        back[i], total = local.vjp(bar), total + local.gradient(value=own)
    return kept * lam + sum(back.values()), total


@once
def _all_back(velocity, x0, times, cotangent, method, order=None, stages_of=None, **options):
    """The gradient through all steps; `order` of the way back; stages_of(step, states, i)."""
    m, (steps, states) = tableau(method), _forward(velocity, x0, times, method)
    lam, total = cotangent, 0.0
    for i in range(len(steps) - 1, -1, -1) if order is None else order(len(steps)):
        h, stages = steps[i]
        if stages_of is not None:
            h, stages = stages_of(steps, states, i)
        lam, own = _step_back(velocity, m, h, stages, lam, **options)
        total = total + own
    return lam, total


@mistake("steps_in_forward_order", port="ode_steps_gradient", source=BACK)
def _(velocity, x0, times, cotangent, method):
    """The steps' Jacobians are applied from the first step to the last."""
    return _all_back(velocity, x0, times, cotangent, method, order=range)


@mistake("steps_without_the_last", port="ode_steps_gradient", source="A11: off by one")
def _(velocity, x0, times, cotangent, method):
    """The last step is left out on the way back."""
    return _all_back(velocity, x0, times, cotangent, method, lambda n: range(n - 2, -1, -1))


@mistake("steps_without_the_first", port="ode_steps_gradient", source="A11: off by one")
def _(velocity, x0, times, cotangent, method):
    """The first step is left out on the way back."""
    return _all_back(velocity, x0, times, cotangent, method, lambda n: range(n - 1, 0, -1))


@mistake("steps_from_the_next_state", port="ode_steps_gradient", source="classic: off by one")
def _(velocity, x0, times, cotangent, method):
    """Every step is linearised where it ended, not where it began."""

    def stages(steps, states, i):
        h, own = steps[i]
        return h, [(p + states[i + 1] - states[i], t) for p, t in own]

    return _all_back(velocity, x0, times, cotangent, method, stages_of=stages)


@mistake("steps_linearised_at_the_start", port="ode_steps_gradient", source="classic: stages")
def _(velocity, x0, times, cotangent, method):
    """All stages of a step are linearised at the state it began from."""

    def stages(steps, states, i):
        h, own = steps[i]
        return h, [(states[i], t) for _, t in own]

    return _all_back(velocity, x0, times, cotangent, method, stages_of=stages)


@mistake("steps_with_one_time", port="ode_steps_gradient", source="A02: stage times")
def _(velocity, x0, times, cotangent, method):
    """On the way back all stages of a step have the time it began at."""

    def stages(steps, states, i):
        h, own = steps[i]
        return h, [(p, times[i]) for p, _ in own]

    return _all_back(velocity, x0, times, cotangent, method, stages_of=stages)


@mistake("steps_of_mean_size", port="ode_steps_gradient", source="classic: equal steps assumed")
def _(velocity, x0, times, cotangent, method):
    """On the way back all steps are of one size."""
    mean = (times[-1] - times[0]) / (len(times) - 1)
    return _all_back(
        velocity, x0, times, cotangent, method, stages_of=lambda steps, _, i: (mean, steps[i][1])
    )


@mistake("steps_of_the_next_size", port="ode_steps_gradient", source="classic: off by one")
def _(velocity, x0, times, cotangent, method):
    """On the way back every step has the size of the one after it."""
    return _all_back(
        velocity, x0, times, cotangent, method,
        stages_of=lambda steps, _, i: (steps[min(i + 1, len(steps) - 1)][0], steps[i][1]),
    )  # fmt: skip


@mistake("steps_weighted_equally", port="ode_steps_gradient", source="classic: wrong weights")
def _(velocity, x0, times, cotangent, method):
    """On the way back all stages weigh the same."""
    m = tableau(method)
    s = len(m.b) - m.fsal
    b = np.append(np.full(s, 1 / s), np.zeros(len(m.b) - s))
    return _all_back(velocity, x0, times, cotangent, method, b=b)


@mistake("steps_uncoupled", port="ode_steps_gradient", source="classic: detached stages")
def _(velocity, x0, times, cotangent, method):
    """The stages of a step are taken for independent of each other."""
    return _all_back(velocity, x0, times, cotangent, method, coupled=0.0)


@mistake("steps_without_identity", port="ode_steps_gradient", source="classic: residual left out")
def _(velocity, x0, times, cotangent, method):
    """The derivative of a step lacks that of x itself."""
    return _all_back(velocity, x0, times, cotangent, method, kept=0.0)


@mistake("steps_parameters_uncoupled", port="ode_steps_gradient", source="classic: b alone")
def _(velocity, x0, times, cotangent, method):
    """The parameters collect h bᵢ λ' at every stage, not what comes back through later stages."""
    return _all_back(velocity, x0, times, cotangent, method, collecting=tableau(method).b)


@mistake("steps_parameters_of_first_step", port="ode_steps_gradient", source="N11: overwritten")
def _(velocity, x0, times, cotangent, method):
    """Every step's parameter gradient overwrites that of the later one."""
    m, (steps, _) = tableau(method), _forward(velocity, x0, times, method)
    lam, total = cotangent, 0.0
    for h, stages in reversed(steps):
        lam, total = _step_back(velocity, m, h, stages, lam)
    return lam, total


@mistake("steps_parameters_averaged", port="ode_steps_gradient", source="classic: mean over batch")
def _(velocity, x0, times, cotangent, method):
    """The gradient in the parameters is averaged over the rows."""
    points, parameters = _all_back(velocity, x0, times, cotangent, method)
    return points, parameters / len(x0)


@mistake("steps_transposed", port="ode_steps_gradient", source="classic: J a for Jᵀ a")
def _(velocity, x0, times, cotangent, method):
    """The gradient in x0 is J times the loss's derivative, not Jᵀ."""
    units = np.eye(x0.shape[1])
    rows = [_all_back(velocity, x0, times, 0 * x0 + e, method)[0] for e in units]
    points = np.einsum("inj,nj->ni", np.stack(rows), cotangent)
    return points, _all_back(velocity, x0, times, cotangent, method)[1]


@mistake("steps_by_the_adjoint", port="ode_steps_gradient", source="classic: optimise, then step")
def _(velocity, x0, times, cotangent, method):
    """Euler's method solves the adjoint equation over the same times."""
    return _euler(velocity, x0, times, cotangent, method)


def _euler(
    velocity, x0, times, cotangent, method="euler", state=1, clock=1, late=False, sign=1
):  # fmt: skip
    """λᵢ from λᵢ₊₁, J at xᵢ₊₁ and times[i + 1]; θ̄ collects λᵢ₊₁, or λᵢ if `late`."""
    states = _forward(velocity, x0, times, method)[1]
    P, G, lam, total = pull(velocity), push(velocity), cotangent, 0.0
    for i in range(len(times) - 2, -1, -1):
        h, x, t = times[i + 1] - times[i], states[i + state], times[i + clock]
        new = lam + sign * h * P(x, t, lam)
        total = total + h * G(x, t, new if late else lam)
        lam = new
    return lam, total


@mistake("euler_adjoint_is_the_steps", port="adjoint_euler_gradient", source="classic: the reverse")
def _(velocity, x0, times, cotangent):
    """The gradient of the steps is returned: states and times at the earlier ends."""
    return _euler(velocity, x0, times, cotangent, state=0, clock=0)


@mistake("euler_adjoint_earlier_states", port="adjoint_euler_gradient", source="off by one")
def _(velocity, x0, times, cotangent):
    """The states are those of the steps' earlier ends, the times those of the later."""
    return _euler(velocity, x0, times, cotangent, state=0)


@mistake("euler_adjoint_earlier_times", port="adjoint_euler_gradient", source="A02: off by one")
def _(velocity, x0, times, cotangent):
    """The times are those of the steps' earlier ends, the states those of the later."""
    return _euler(velocity, x0, times, cotangent, clock=0)


@mistake("euler_adjoint_updated_first", port="adjoint_euler_gradient", source="N11: in place")
def _(velocity, x0, times, cotangent):
    """λ is overwritten by its new value before the parameters collect it."""
    return _euler(velocity, x0, times, cotangent, late=True)


@mistake("euler_adjoint_sign", port="adjoint_euler_gradient", source="classic: +fᵀ for -fᵀ")
def _(velocity, x0, times, cotangent):
    """λ' = +Jᵀ λ is solved on the way back."""
    return _euler(velocity, x0, times, cotangent, sign=-1)


@mistake("euler_adjoint_reconstructed", port="adjoint_euler_gradient", source="G3: backward states")
def _(velocity, x0, times, cotangent):
    """The states are carried back from the end by Euler's method, not those of the way forward."""
    x = _forward(velocity, x0, times, "euler")[1][-1]
    P, G, lam, total = pull(velocity), push(velocity), cotangent, 0.0
    for t, s in zip(times[:0:-1], times[-2::-1]):
        h = t - s
        total = total + h * G(x, t, lam)
        x, lam = x - h * velocity(x, t), lam + h * P(x, t, lam)
    return lam, total

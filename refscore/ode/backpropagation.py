"""Gradients of a solve as it was computed: back through the steps, stage by stage.

    x' = x + h Σᵢ bᵢ kᵢ,   kᵢ = f(pᵢ, t + cᵢ h),   pᵢ = x + h Σⱼ aᵢⱼ kⱼ
    k̄ᵢ = h (bᵢ λ' + Σⱼ aⱼᵢ p̄ⱼ),   p̄ᵢ = (∂f/∂x)ᵀ k̄ᵢ,   λ = λ' + Σᵢ p̄ᵢ,   θ̄ += Σᵢ (∂f/∂θ)ᵀ k̄ᵢ

λ is the derivative of the loss in x and jumps by gₘ where a loss stands.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_positive, beyond_float
from refscore.fields.linearisation import borrowed_workspace
from refscore.ode._accepted import Controlled, FixedGrid, per_row, require_sharing, staged
from refscore.ode._grids import as_times
from refscore.ode._stopped import Stopped, first_not_finite
from refscore.ode._tapes import near, tape
from refscore.ode.gradients import Gradients, Problem, problem
from refscore.ode.steps import embedded
from refscore.ode.tableaux import Tableau, own_stages, tableau


def backpropagate(
    velocity, x0, times, cotangent, *, method="dormand_prince", rtol=None, atol=None,
    shared_steps=False, running=None, weights=None,
) -> Gradients:  # fmt: skip
    """The exact gradient of the loss of the computed solution, through stored stages.

    Arguments: velocity f, a Family or Field; x0 (..., d); times (k,), rising or falling;
    cotangent, the loss's derivative in the states: (..., d) at the last of the times, or a
    function that gives it from the state there, or (k, ..., d) at each; method, a name of
    `TABLEAUX` or a Tableau. Without rtol and atol there is one step from each time to the next.
    With one of them or both (the other is the same) steps are chosen as `solve` does, and meet
    the times of losses alone: a step size for each row, or with shared_steps one for all: True,
    the strictest row's, or "rms", by the root mean square of all errors, as torchdiffeq and
    diffrax have it. The gradient is then that of the accepted steps, their sizes held fixed.
    running: a RunningCost l(x, t), integrated by the same steps along the times, so with a minus
    where they fall; weights (...,), the loss's derivative in its integral, ones if None.
    Returns: Gradients; x0, parameters of the computed solution, to rounding; t0, t1, times by the
    flow's formulas -λ·f and g·f, right to the order of the method. Raises: TypeError, ValueError
    naming the argument, or the row where a solve fails or the gradient is not finite. Cost: s
    evaluations of f a step, as many pullbacks; memory: all stages of all steps (with a step size
    for each row: all states, stages run again).
    Source: Chen et al. 2018; Hairer, Lubich and Wanner 2006, VI.10 (the adjoint of a method).
    Checked by: gradients_in_the_end_times, adjoint_with_jumps
    """
    return _gradient(False, velocity, x0, times, cotangent, method, rtol, atol, shared_steps,
                     running, weights)  # fmt: skip


def checkpointed(
    velocity, x0, times, cotangent, *, method="dormand_prince", rtol=None, atol=None,
    shared_steps=True, running=None, weights=None,
) -> Gradients:  # fmt: skip
    """`backpropagate` in less memory, to the same bits: states are kept every √n steps or so.

    Arguments, returns: as of `backpropagate`; adaptive steps must be shared. Raises: as there.
    Cost: every step twice forward and once back; memory: the states of at most 2 √n steps and the
    stages of √n steps, of n steps in all. Source: Griewank 1992; Chen et al. 2016.
    Checked by: backpropagation_through_steps, gradients_of_steps_converge
    """
    return _gradient(True, velocity, x0, times, cotangent, method, rtol, atol, shared_steps,
                     running, weights)  # fmt: skip


def _gradient(
    thrifty, velocity, x0, times, cotangent, method, rtol, atol, shared, running, weights
):
    p = problem(velocity, x0, times, cotangent, running, weights, ends=True)
    method = tableau(method)
    require_sharing(shared, "shared_steps")
    with beyond_float(), np.errstate(divide="ignore"), borrowed_workspace() as space:
        if rtol is None and atol is None:
            return _through(p, FixedGrid(p, method, as_times(times)), method, space, thrifty)
        rtol, atol = _tolerances(rtol, atol)
        if shared:
            return _through(p, Controlled(p, method, rtol, atol, shared), method, space, thrifty)
        if thrifty:
            raise ValueError(
                'shared_steps must be True or "rms" for adaptive steps with checkpoints'
            )
        return _row_by_row(p, embedded(method), rtol, atol, space)


def _tolerances(rtol, atol):
    """Both; one that is None is the other."""
    if rtol is not None:
        rtol = as_positive(rtol, "rtol")
    if atol is not None:
        atol = as_positive(atol, "atol")
    return (atol if rtol is None else rtol), (rtol if atol is None else atol)


class _Checkpoints:
    """States every `stride` steps, at most 2 stride + 1 of them; the stride grows with need."""

    def __init__(self):
        self.stride, self.kept = 1, {}

    def __call__(self, j: int, x):
        if j % self.stride == 0:
            self.kept[j] = x
        if len(self.kept) > 2 * self.stride + 1:
            self.stride *= 2
            self.kept = {j: x for j, x in self.kept.items() if j % self.stride == 0}


def _through(p: Problem, walk, method: Tableau, space, thrifty: bool) -> Gradients:
    """Forward, and back over segments of steps that are on tape or run again for it."""
    on = tape(p.velocity, space)
    marks = _Checkpoints()
    states, slopes = walk.forward(*(None, marks) if thrifty else (on, None))
    p, firsts = p.closed(states), sorted(marks.kept) if thrifty else [0]
    lam, last = p.cotangents[-1].copy(), len(walk.plan)
    for first in reversed(firsts):
        if thrifty:
            on.forget()
            walk.again(on, first, last, marks.kept[first])
        for j in range(last - 1, first - 1, -1):
            lam = pulled(walk.A, walk.b, on, j - first, walk.plan[j].h, lam)
            mark = walk.plan[j].mark
            if mark:
                lam += p.cotangents[mark]
        last = first
    return finished(p, lam, on.gradient, states, slopes)


def finished(p: Problem, lam, parameters, states, known=None) -> Gradients:
    """The answer for λ at t₀ before the first loss's own part: times by -λ·f and gₘ·fₘ."""
    row = first_not_finite(lam)
    if row is not None or not np.isfinite(parameters).all():
        what = f"the gradient of the solve from {p.times[0]:g} to {p.times[-1]:g}"
        raise Stopped(f"{what} is not finite", "" if row is not None else "in the parameters", row)
    slopes = [
        near(p.velocity, x, t).value if f is None else f
        for t, x, f in zip(p.times, states, known or [None] * len(states))
    ]
    times = np.array([np.sum(g * f) for g, f in zip(p.cotangents, slopes)])
    times[0] = -np.sum(lam * slopes[0])
    return p.gradients(lam + p.cotangents[0], parameters, times, states)


def pulled(A, b, on, step: int, h, lam) -> np.ndarray:
    """λ before a step whose stages are on tape, from λ' after it; θ̄ goes to the tape."""
    width, total = len(b), lam.copy()
    back: dict[int, np.ndarray] = {}
    for i in range(width - 1, -1, -1):
        parts = [A[j, i] * point for j, point in back.items() if A[j, i] != 0]
        if b[i] != 0:
            parts.append(b[i] * lam)
        if parts:
            back[i] = on.pullback(step * width + i, h * sum(parts[1:], parts[0]))
            total += back[i]
    return total


def _row_by_row(p: Problem, method: Tableau, rtol, atol, space) -> Gradients:
    """Every row with its own accepted steps: states are kept, stages run again on the way back."""
    b = method.b[: own_stages(method)]  # the last stage of the others weighs nothing
    on, (rounds, states) = tape(p.velocity, space), per_row(p, method, rtol, atol)
    p = p.closed(states)
    lam = p.cotangents[-1].copy()
    for m in range(len(rounds) - 1, -1, -1):
        for step in reversed(rounds[m]):
            on.forget()
            h = step.h[:, None]
            staged(p.velocity, method, on, 0, step.x, step.t[:, None], h)
            lam[step.rows] = pulled(method.A, b, on, 0, h, lam[step.rows])
        if m:
            lam += p.cotangents[m]
    return finished(p, lam, on.gradient, states)

"""The continuous adjoint: a second differential equation, solved from t₁ back to t₀.

    λ' = -(∂f/∂x)ᵀ λ,   λ(t₁) = g,   θ̄ = ∫ (∂f/∂θ)ᵀ λ dt,   λ jumps by gₘ at a loss's time

It needs x(t) on the way back, and how it gets it is what makes adjoints differ.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_scalar, as_switch, beyond_float
from refscore.fields.linearisation import Workspace
from refscore.ode._accepted import OwnTimes, Rows, accepted, require_sharing, rounds, run_of
from refscore.ode._grids import as_times_between, require_apart
from refscore.ode._paths import Path, StoredStages
from refscore.ode._schemes import as_tolerances, scheme_of
from refscore.ode._tapes import near
from refscore.ode.backpropagation import finished
from refscore.ode.gradients import Gradients, Problem, problem
from refscore.ode.steps import combined, embedded, stages_of
from refscore.ode.tableaux import Tableau, tableau

RECONSTRUCT = ("store", "interpolate", "backward")


def adjoint(
    velocity, x0, t0, t1, cotangent, *, times=None, method="dormand_prince", rtol=None, atol=None,
    n_steps=None, reconstruct="interpolate", controlled=True, shared_steps=False, running=None,
    weights=None,
) -> Gradients:  # fmt: skip
    """The gradient by the continuous adjoint: right as steps shrink, at the order of the method.

    Arguments: velocity f; x0 (..., d); t0, t1, in any order; cotangent (..., d) at t1, or a
    function that gives it from x(t1), or with times (k,), from t0 to t1, one at each (k, ..., d);
    method, a name of `TABLEAUX`; rtol, atol, the error a step of each row, 1e-6 where not given,
    or n_steps equal steps from each of the times to the next.
    reconstruct, where x(t) comes from on the way back: "interpolate", the dense output of the steps
    forward; "store" (with n_steps), states computed forward at the very times the adjoint's stages
    ask for; "backward", f integrated back beside λ, which needs no memory and errs by up to e^{LT}
    times its own error, L the Lipschitz constant of -f: worthless for stiff f. controlled: the
    adjoint has its own step sizes, for the error of λ (and of x, going backward); otherwise it
    takes the forward steps in reverse. θ̄ is summed along the way, under no control of its own
    (Kidger, Chen and Lyons 2021). shared_steps, running, weights: as of
    `backpropagate`.
    Returns: Gradients. Raises: TypeError, ValueError naming the argument, or the row where a solve
    fails or the gradient is not finite.
    Cost: a solve forward, and back with one pullback a stage, twice that where controlled; memory:
    the stages of all steps; of none, going backward.
    Source: Pontryagin et al. 1962; Chen et al. 2018, algorithm 1 and appendix B; seed 000.
    Checked by: adjoint_of_a_linear_velocity, adjoint_of_flows, gradients_in_every_time,
    adjoint_of_a_running_cost, adjoint_solved_by_euler, adjoint_converges,
    adjoint_differs_from_the_steps_by_a_factor
    """
    times = _times(t0, t1, times)
    p, method = problem(velocity, x0, times, cotangent, running, weights), tableau(method)
    controlled = as_switch(controlled, "controlled")
    require_sharing(shared_steps, "shared_steps")
    if reconstruct not in RECONSTRUCT:
        raise ValueError(f"reconstruct must be one of {RECONSTRUCT}, got {reconstruct!r}")
    tolerances = *as_tolerances(rtol, atol, n_steps=n_steps), shared_steps
    if n_steps is not None:
        n_steps = as_count(n_steps, "n_steps")
    else:
        method = embedded(method)
    if n_steps is None and reconstruct == "store":
        raise ValueError('n_steps must be given to reconstruct by "store"')
    with beyond_float(), np.errstate(divide="ignore"):
        return _Adjoint(p, method, n_steps, tolerances, reconstruct, controlled).gradients()


def _times(t0, t1, times):
    t0, t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
    if t0 == t1:
        raise ValueError(f"t1 must differ from t0, got {t1} for both")
    return np.array([t0, t1]) if times is None else as_times_between(times, t0, t1)


class _Adjoint:
    """One gradient: forward, then back over the intervals between losses."""

    def __init__(self, p: Problem, method: Tableau, n_steps, tolerances, reconstruct, controlled):
        self.p, self.method, self.n_steps, self.tolerances = p, method, n_steps, tolerances
        self.reconstruct, self.controlled = reconstruct, controlled and n_steps is None
        self.dim = p.x0.shape[1]
        self.theta, self.space = np.zeros(p.velocity.parameters.size), Workspace()

    def gradients(self) -> Gradients:
        p, states, paths = self.p, [self.p.x0], []
        for start, end in zip(p.times, p.times[1:]):
            steps, end_state = self._forward(states[-1], float(start), float(end))
            paths.append(steps)
            states.append(end_state)
        p = p.closed(states)
        lam = p.cotangents[-1].copy()
        for m in range(len(paths) - 1, -1, -1):
            lam = self._back(lam, states[m + 1], paths[m], float(p.times[m]), float(p.times[m + 1]))
            if m:
                lam += p.cotangents[m]
        return finished(p, lam, self.theta, states)

    def _forward(self, x, start, end):
        """The steps forward, with their slopes where they are interpolated, and the end."""
        slopes = self.reconstruct == "interpolate"
        if self.n_steps is None:
            keep, f = "slopes" if slopes else None if self.controlled else "times", self.p.velocity
            return accepted(f, self.method, x, start, end, *self.tolerances, keep=keep)
        grid = require_apart(np.linspace(start, end, self.n_steps + 1), "n_steps")
        steps, width, index = [], len(self.method.b), np.arange(len(x))
        if self.reconstruct == "store":
            stored = StoredStages(self.p.velocity, self.method, x, grid)
            return stored, stored.end
        for t, to in zip(grid, grid[1:]):
            k, _ = stages_of(self.method, self._slope, x, t, to - t, end=to, last=slopes)
            at, h, last = (np.broadcast_to(u, len(x)) for u in (t, to - t, to))
            K = np.stack(k[:width], axis=1) if slopes else None
            steps.append(Rows(index, at, h, x if slopes else None, last, K))
            x = x + (to - t) * combined(self.method.b, k)
        return steps, x

    def _slope(self, x, t):
        return near(self.p.velocity, x, t, self.space).value

    def _back(self, lam, x, steps, start, end):
        """λ at the start of an interval from λ at its end."""
        backward, where = self.reconstruct == "backward", None
        if not len(lam):
            return lam
        if self.reconstruct == "store":
            return self._over_stored(lam, steps)
        if not backward:
            where = Path(self.method, steps, len(lam), end > start)
        y = np.concatenate([x, lam], axis=1) if backward else lam
        if self.controlled:
            steps = self._own_steps(y, where, end, start)
        for step in steps if self.controlled else reversed(steps):
            t, h = (step.t, step.h) if self.controlled else (step.end, -step.h)
            at = step.rows
            y[at] = self._step(y[at], t[:, None], h[:, None], _at_rows(where, at))
        return y[:, -self.dim :]

    def _own_steps(self, y, where, end, start):
        """The steps the adjoint chooses for itself."""
        slope = _AdjointSlope(self.p.velocity, where, self.dim)
        rtol, atol, shared = self.tolerances
        run = run_of(slope, end, start, y.T.copy(), rtol, atol, scheme_of(self.method), shared)
        t = np.full(len(y), end)
        for _, index, target, _ in rounds(run):
            if len(index):
                yield Rows(index, t[index], target - t[index], None, target, None)
                t[index] = target

    def _over_stored(self, lam, stored):
        for j in range(len(stored.grid) - 2, -1, -1):
            stages = iter(stored.states[j])
            t, to = stored.grid[j + 1], stored.grid[j]
            lam = self._step(lam, t, to - t, lambda u, stages=stages: next(stages), to)
        return lam

    def _step(self, y, t, h, where, end=None):
        """One step of the adjoint of size h, against h of the forward solve; adds to θ̄."""
        weights, count = self.method.b, iter(range(len(self.method.b)))

        def slope(y, u):
            u = u if np.ndim(u) == 0 else np.broadcast_to(u, (len(y), 1))[:, 0]
            x, lam = (where(u), y) if where else (y[:, : self.dim], y[:, self.dim :])
            local, w = near(self.p.velocity, x, u, self.space), h * weights[next(count)]
            if np.all(w != 0):
                points, parameters = local.gradients(w * lam, None, None, None)
                self.theta -= parameters
                rate = -points / w
            else:
                rate = -local.vjp(lam)
            return rate if where else np.concatenate([local.value, rate], axis=1)

        k, _ = stages_of(self.method, slope, y, t, h, end=end, last=False)
        return y + h * combined(self.method.b, k)


class _AdjointSlope(OwnTimes):
    """The adjoint as the adaptive solver calls it: λ, or x and λ, feature by feature."""

    def __init__(self, velocity, where, dim):
        super().__init__(velocity)
        self.where, self.dim = where, dim

    def __call__(self, t, y, index):
        """The slope of y (p, m)."""
        y = np.ascontiguousarray(y.T)
        x, lam = (self.where(t, index), y) if self.where else (y[:, : self.dim], y[:, self.dim :])
        local = near(self.velocity, x, t, self.space)
        rate = -local.vjp(np.ascontiguousarray(lam))
        return (rate if self.where else np.concatenate([local.value, rate], axis=1)).T


def _at_rows(where, index):
    return None if where is None else lambda u: where(u, index)

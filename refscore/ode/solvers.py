"""Solving dx/dt = f(x, t): on a fixed grid, or with a step size of its own for every sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from refscore._arguments import as_count, as_points, as_positive, as_scalar, as_switch
from refscore._progress import Progress
from refscore.fields import as_velocity
from refscore.ode import _per_sample
from refscore.ode._between import Between
from refscore.ode._grids import Slope, as_times, as_times_between, require_apart, walk
from refscore.ode._per_sample import Run, step_factor
from refscore.ode._schemes import as_tolerances, scheme, scheme_of
from refscore.ode.solutions import Solution
from refscore.ode.tableaux import own_stages, tableau


def solve(
    velocity, x0, t0, t1, *, method="dormand_prince", n_steps=None, times=None, rtol=None,
    atol=None, max_steps=20_000, shared_steps=False, keep="end", progress=False,
) -> Solution:  # fmt: skip
    """x(t1) for dx/dt = f(x, t), x(t0) = x0: Runge-Kutta steps, fixed or under error control.

        each row alone: accepted where rms over d of error / (atol + rtol max(|x|, |x'|)) < 1,
        next step h · 0.9 (that norm)^(-1/q), within a factor of .2 to 10; q = order of b̂ + 1

    Arguments: velocity f, a Family or a Field; x0 (..., d); t0, t1 in any order; method, a name
    of `TABLEAUX`, a Tableau, or "dop853" (order 8); n_steps equal steps, or those over `times`
    (m + 1,), strictly monotone from t0 to t1, which are met to the bit; neither: error control
    (methods with embedded weights), to rtol and atol, both positive, 1e-6 where not given (rtol
    counts from 2.2e-14 on), in at most max_steps steps a row; shared_steps: one step size for all
    rows, the strictest row's, at which a velocity that takes one t at a time is called once a
    stage; keep: "end", or "steps" for `.at` and the steps themselves; progress: shows how far.
    Returns: Solution. A row's steps are its own: with the others it differs only as the sums of a
    batch round, a difference the steps carry on, below the tolerance (shared_steps: within it).
    t0 = t1 gives x0 without an evaluation. A row that comes to where state or velocity is not
    finite, or takes more than max_steps steps, as stiff equations do with these explicit methods
    (`solve_scipy` has implicit ones), has x1 = nan and says why in `status` and `message`; the
    others go on. Raises: TypeError, ValueError naming the argument. Cost: one f a stage; for
    error control on rows of different times the velocity's own values at many times, for a
    function of (x, t) one call a row. Source: Hairer, Nørsett and Wanner 1993, II.1 and II.4.
    Checked by: solved_flows, solved_backwards, constant_velocity, rows_solved_alone,
    steps_over_a_grid, orders_of_methods, backward_reconstruction_drifts
    """
    velocity, x0, shared = _checked(velocity, x0, shared_steps)
    rtol, atol = as_tolerances(rtol, atol, n_steps=n_steps, times=times)
    t0, t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
    if not np.isfinite(t1 - t0):
        raise ValueError(f"t1 - t0 must be finite, got t0 = {t0:g} and t1 = {t1:g}")
    if keep not in ("end", "steps"):
        raise ValueError(f'keep must be "end" or "steps", got {keep!r}')
    max_steps, steps = as_count(max_steps, "max_steps"), keep == "steps"
    rows, slope = x0.reshape(-1, x0.shape[-1]), Slope(velocity)
    if n_steps is not None or times is not None:
        grid = _grid(t0, t1, n_steps, times)
        return _on_grid(tableau(method), slope, rows, grid, steps, progress, x0.shape)
    options = {"shared": shared, "keep": steps}
    run = _run((slope, t0, t1, rows.T, rtol, atol, scheme(method)), options, max_steps, progress)
    return _adapted(run, x0.shape)


def next_step_size(step_size, error_ratio, order) -> float:
    """The step size after one of a given error, as `solve` chooses it.

        h · 0.9 E^(-1/q), within [0.2 h, 10 h];  E the error over the tolerance, E < 1 accepted

    Arguments: step_size h; error_ratio E, at least 0; order q, the power of h in the estimated
    error: one more than the order of the embedded weights, 5 for dormand_prince. Returns: a
    number. Raises: TypeError, ValueError naming the argument. Source: Hairer, Nørsett and Wanner
    1993, II.4, equation 4.13.
    Checked by: step_size_control
    """
    h, error = as_scalar(step_size, "step_size"), as_positive(error_ratio, "error_ratio", zero=True)
    order = as_count(order, "order")
    return float(h * step_factor(np.float64(error), 1 / order, False))


def solve_path(
    velocity, x0, times, *, method="dormand_prince", n_steps=None, rtol=None, atol=None,
    max_steps=20_000, shared_steps=False, progress=False,
) -> np.ndarray:  # fmt: skip
    """The solution at several times: x(times[k]) for dx/dt = f(x, t), x(times[0]) = x0.

    Arguments: as of `solve`; times (k,), strictly monotone, each met to the bit by a step of its
    own (for many more times than steps, `Solution.at` interpolates); n_steps: that many equal
    steps from each time to the next, without error control. Returns: (k, ..., d), x0 first, nan
    from where a row does not go on. Raises: as `solve`. Cost: one solve, and at most two steps
    more a time.
    Checked by: paths_of_flows
    """
    velocity, x0, shared = _checked(velocity, x0, shared_steps)
    rtol, atol = as_tolerances(rtol, atol, n_steps=n_steps)
    times, rows, slope = as_times(times, least=1), x0.reshape(-1, x0.shape[-1]), Slope(velocity)
    if n_steps is not None:
        n, method = as_count(n_steps, "n_steps"), tableau(method)
        pieces = [np.linspace(a, b, n, endpoint=False) for a, b in zip(times[:-1], times[1:])]
        grid = require_apart(np.concatenate([*pieces, times[-1:]]), "n_steps")
        with Progress(len(grid) - 1, bool(progress), "steps") as shown:
            states, _ = walk(method, slope, rows, grid, keep=True, shown=shown.update)
        return states[::n].reshape(len(times), *x0.shape)
    max_steps = as_count(max_steps, "max_steps")
    options = {"shared": shared, "stops": times[1:-1]}
    inputs = slope, times[0], times[-1], rows.T, rtol, atol, scheme(method)
    run = _run(inputs, options, max_steps, progress)
    path = [rows.T[None], run.met, *([run.answers[None]] if len(times) > 1 else [])]
    return np.concatenate(path).swapaxes(1, 2).reshape(len(times), *x0.shape)


def _run(inputs, options, max_steps, progress) -> Run:
    with np.errstate(all="ignore"), Progress(100, bool(progress), "% of the time") as shown:
        run = Run(*inputs, **options)
        run.finish(max_steps, lambda part: shown.update(int(100 * part)))
    return run


def _checked(velocity, x0, shared_steps):
    velocity = as_velocity(velocity, "velocity")
    shared = as_switch(shared_steps, "shared_steps")
    x0 = as_points(x0, "x0", velocity.dim)
    return velocity, x0, shared


def _grid(t0, t1, n_steps, times) -> np.ndarray:
    if n_steps is not None and times is not None:
        raise ValueError("n_steps and times must not both be given")
    if times is None:
        n = as_count(n_steps, "n_steps")
        return require_apart(np.linspace(t0, t1, n + 1 if t0 != t1 else 1), "n_steps")
    return as_times_between(times, t0, t1, least=1)


def _on_grid(method, slope, rows, grid, keep, progress, shape) -> Solution:
    steps, lead = len(grid) - 1, shape[:-1]
    with Progress(steps, bool(progress), "steps") as shown:
        states, broken = walk(method, slope, rows, grid, keep=keep, shown=shown.update)
    sound, end = np.isnan(broken), states[-1] if keep else states
    x1 = np.where(sound[:, None], end, np.nan).reshape(shape)
    why = ""
    if not sound.all():
        first = broken[~sound][np.argmin(np.abs(broken[~sound] - grid[0]))]
        why = f"state or slope is not finite at t = {first:g}"
    status = np.where(sound, _per_sample.ARRIVED, _per_sample.NOT_FINITE).reshape(lead)
    sign = np.sign(grid[-1] - grid[0])
    made = np.where(sound, steps, np.searchsorted(sign * grid, sign * broken)).reshape(lead)
    accepted = made - (status != _per_sample.ARRIVED)
    message = _message(sound, grid[-1], why)
    result = Solution(x1, own_stages(method) * made, accepted, made - accepted, status, message)
    if not keep:
        return result
    between = Between(scheme_of(method), slope, grid[:, None], states, grid[-1])
    return replace(result, times=grid, states=states.reshape(len(grid), *shape), _between=between)


def _adapted(run: Run, shape) -> Solution:
    lead = shape[:-1]
    counts = run.evaluations, run.accepted, run.tried - run.accepted, run.status
    evaluations, accepted, rejected, status = (a.reshape(lead) for a in counts)
    message = _message(run.status == _per_sample.ARRIVED, run.end, run.why)
    x1 = run.answers.T.reshape(shape)
    result = Solution(x1, evaluations, accepted, rejected, status, message)
    if run.kept is None:
        return result
    times, states = run.steps()
    between = Between(run.scheme, run.slope, times, states, run.end)
    m = len(times)
    times, states = times.reshape(m, *lead), states.reshape(m, *shape)
    return replace(result, times=times, states=states, _between=between)


def _message(sound, t1, why) -> str:
    if sound.all():
        return ""
    return f"{(~sound).sum()} of {sound.size} rows did not arrive at t = {t1:g}: {why}"

"""What keeps the paths of a continuous flow simple: energies summed along them.

Straight paths of constant speed take an adaptive solver few steps. Every function takes the path
through x at time t0 to time t1 and has no sign: with t1 < t0 it is the integral from t1 to t0,

    |∫_{t0}^{t1} l(z(t), t) dt| = ∫ l |dt|,  l ≥ 0

so that a penalty on data x may be had on the solve that gives its log density. A running cost of
`ode.adjoint` and `ode.backpropagate` is the signed integral, minus this where t1 < t0.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_points, as_scalar
from refscore.fields import as_velocity
from refscore.flows.running import Joint, Layout, arrived
from refscore.ode.solvers import solve
from refscore.traces.divergences import point_probes


def kinetic_energy(velocity, x, t0, t1, **options) -> np.ndarray:
    """The kinetic energy of a path, what optimal transport keeps least.

        |∫_{t0}^{t1} ½ |f(z, t)|² dt|,  z' = f(z, t),  z(t0) = x

    Arguments: velocity f, a Family or a Field; x (..., d); t0, t1, in either order; options of
    `ode.solve`. Returns: (...,), never negative: with t1 < t0 the integral from t1 to t0, while
    an `ode.RunningCost` has the sign of t1 - t0. Raises: ValueError naming the argument, or where
    the path does not reach t1. Cost: one solve.
    Source: Benamou and Brenier 2000; Finlay et al. 2020, equation 6, without the half.
    Checked by: kinetic_energies
    """
    return _summed("kinetic", velocity, x, t0, t1, None, options)


def jacobian_energy(
    velocity, x, t0, t1, probes=None, *, rng=None, n_probes=1, probe="rademacher", **options
) -> np.ndarray:
    """How much the velocity varies across a path: the squared Frobenius norm of its Jacobian.

        |∫_{t0}^{t1} |J|²_F dt|,  or with probes the mean over m of |J v|²,  unbiased: E v vᵀ = I

    Arguments: as of `kinetic_energy`; probes (..., m, d), or rng, which draws n_probes of the
    kind `probe`; neither: exact. Returns: (...,), never negative, as there. Raises: as
    `kinetic_energy`. Cost: one solve with d or m products J v an evaluation.
    Source: Finlay et al. 2020, equation 7 (with vᵀJ for J v, of the same mean).
    Checked by: jacobian_energies
    """
    if probes is not None or rng is not None:
        x = as_points(x, "x")
        probes = point_probes(x, probes, rng=rng, n_probes=n_probes, probe=probe)
    return _summed("jacobian", velocity, x, t0, t1, probes, options)


def directional_energy(velocity, x, t0, t1, **options) -> np.ndarray:
    """How much a path bends: its acceleration at frozen time.

        |∫_{t0}^{t1} |J f|² dt|,  J f = z'' - ∂f/∂t

    0 where f is the same all along a path, as in optimal transport. Arguments, returns (never
    negative), raises: as of `kinetic_energy`. Cost: one solve with a product J f an evaluation.
    Source: Finlay et al. 2020, section 3 (their implementation's third penalty); Kelly et al.
    2020 penalise z'' and higher derivatives.
    Checked by: directional_energies
    """
    return _summed("directional", velocity, x, t0, t1, None, options)


def _summed(term, velocity, x, t0, t1, probes, options):
    velocity = as_velocity(velocity, "velocity")
    x = as_points(x, "x", velocity.dim)
    t0, t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
    rows = x.reshape(-1, x.shape[-1])
    m = 0 if probes is None else probes.shape[-2]
    layout = Layout(x.shape[-1], (term,), m)
    y = layout.start(rows, None if probes is None else probes.reshape(len(rows), m, -1))
    options = layout.tolerances(options)
    end = arrived(solve(Joint(velocity, layout), y, t0, t1, **options), t0, t1)
    return np.abs(end[:, layout.dim]).reshape(x.shape[:-1])

"""Continuous normalising flows: a base law carried along a velocity, and its log density.

z' = f(z, t),  z(t0) = z ~ p0,  x = z(t1)
log p(x) = log p0(z) - ∫_{t0}^{t1} tr J(z(t), t) dt,   J = ∂f/∂z
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_offering, as_points, as_positive, as_rng, as_scalar
from refscore._progress import Progress
from refscore.fields import as_velocity
from refscore.flows._differentiated import (
    AT_ONCE,
    differentiated,
    layout_of,
    log_density_on_grid,
    log_of_base,
    summed_rows,
)
from refscore.flows._options import GRADIENTS, TRACES, as_probe, one_of, solve_options
from refscore.flows._results import FlowDensity, FlowGradient, standard_error
from refscore.flows.running import arrived
from refscore.ode.solvers import solve, solve_path
from refscore.traces.divergences import point_probes


class ContinuousFlow:
    """The law of z(t1) for z' = f(z, t) from z(t0) ~ base.

        log p(x) = log p0(z) - ∫_{t0}^{t1} div f dt,  z the start of the path that ends in x

    The divergence is summed along the path as one more coordinate of the state, so the solver's
    error control covers it (`refscore.flows.running`).
    Arguments: velocity, a Family or a Field; base, a law with .log_density, .score and
    .sample; t0, t1, numbers, t1 < t0 too; trace "exact", or "hutchinson" for n_probes fixed
    probes of the kind `probe` a solve; gradient, how the log density is differentiated: by the
    "adjoint", by "backpropagation" through the steps, or "checkpointed", the same in less
    memory, with n_steps or shared_steps; kinetic, jacobian, directional, weights of the penalties
    that `negative_log_likelihood_and_gradient` adds (see `refscore.flows.regularisers`); method,
    rtol, atol, n_steps, shared_steps as of `ode.solve`: "dop853" has no gradients here, and a
    method without an error estimate and n_steps serves `log_density_on_grid` alone.
    Raises: TypeError, ValueError naming the argument. Cost: one solve of the velocity and its
    divergence from data to base; rows are independent.
    Source: Chen et al. 2018, theorem 1; Grathwohl et al. 2019.
    Checked by: flow_densities, flow_density_at_rest
    """

    def __init__(
        self, velocity, base, t0=0.0, t1=1.0, *, trace="exact", n_probes=1, probe="rademacher",
        gradient="adjoint", kinetic=0.0, jacobian=0.0, directional=0.0, method="dormand_prince",
        rtol=None, atol=None, n_steps=None, shared_steps=False,
    ):  # fmt: skip
        self.velocity = as_velocity(velocity, "velocity")
        self.base = as_offering(base, "base", "log_density", "sample", "score", "dim")
        self.dim = as_count(base.dim, "base.dim")
        if self.velocity.dim not in (None, self.dim):
            raise ValueError(
                f"velocity and base must have one dim, got {self.velocity.dim} and {self.dim}"
            )
        self.t0, self.t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
        self.trace = one_of(trace, "trace", TRACES)
        self.gradient = one_of(gradient, "gradient", GRADIENTS)
        self.n_probes, self.probe = as_count(n_probes, "n_probes"), as_probe(probe, self.dim)
        weights = {"kinetic": kinetic, "jacobian": jacobian, "directional": directional}
        self.penalties = {
            name: as_positive(weight, name, zero=True) for name, weight in weights.items()
        }
        self.options = solve_options(method, rtol, atol, n_steps, shared_steps, gradient)

    def _keywords(self) -> dict:
        return {
            "trace": self.trace, "n_probes": self.n_probes, "probe": self.probe,
            "gradient": self.gradient, **self.penalties, **self.options,
        }  # fmt: skip

    @property
    def parameters(self) -> np.ndarray:
        """The velocity's parameters, a copy (p,)."""
        return self.velocity.parameters

    def with_parameters(self, theta) -> ContinuousFlow:
        """The same flow with parameters `theta` (p,)."""
        velocity = self.velocity.with_parameters(theta)
        return ContinuousFlow(velocity, self.base, self.t0, self.t1, **self._keywords())

    def log_density(self, x, probes=None, *, rng=None) -> np.ndarray:
        """log p(x), (...,), as `density` says.

        Checked by: flow_densities, flow_estimates_on_probes
        """
        return self.density(x, probes, rng=rng).log_density

    def density(self, x, probes=None, *, rng=None) -> FlowDensity:
        """The log density of data x with its parts.

            log p(x) = log p0(z) - ∫ tr J dt,  or with probes: - ∫ mean over m of vᵀ J v dt

        Arguments: x (..., d); probes (..., m, d), each held fixed along its row's path, E vvᵀ = I
        for an unbiased log density; or rng, which draws `n_probes` of them for every row; neither:
        the exact divergence, unless the flow's trace is "hutchinson". Returns: FlowDensity.
        Raises: ValueError naming the argument, or where a path does not reach t0. Cost: per
        evaluation of f its divergence, d products J e at worst, or m products J v.
        Source: Grathwohl et al. 2019, equation 8.
        Checked by: flow_densities, flow_estimates_on_probes, flow_estimate_is_unbiased,
        flow_estimate_mean, flow_probes_are_held
        """
        x, rows, probes = self._given(x, probes, rng)
        layout = layout_of(self.dim, probes)
        y, evaluations = summed_rows(self, layout, rows, probes, self.t1, self.t0)
        z, volumes = y[:, : self.dim].reshape(x.shape), y[:, self.dim :]
        log_base, log_det = log_of_base(self.base, z), volumes.mean(axis=1)
        lead = x.shape[:-1]
        return FlowDensity(
            log_base + log_det.reshape(lead), standard_error(volumes, probes).reshape(lead), z,
            log_base, log_det.reshape(lead), evaluations.reshape(lead),
        )  # fmt: skip

    def inverse(self, x) -> np.ndarray:
        """z at t0 of data x at t1, (..., d). Raises: ValueError where a path does not reach t0.

        Checked by: flow_inverses
        """
        return self._carried(as_points(x, "x", self.dim), self.t1, self.t0)

    def forward(self, z) -> np.ndarray:
        """x at t1 of z at t0, (..., d). Raises: ValueError where a path does not reach t1.

        Tested in: tests/flows/test_continuous.py
        """
        return self._carried(as_points(z, "z", self.dim), self.t0, self.t1)

    def forward_and_log_density(self, z) -> tuple[np.ndarray, np.ndarray]:
        """x at t1 of z at t0 (..., d), and log p(x) (...,), by one solve of both.

            [x, log p(x)] = [z, log p0(z)] + ∫_{t0}^{t1} [f, -tr J] dt

        Raises: ValueError where a path does not reach t1. Source: seed 000.
        Checked by: flow_forwards
        """
        z = as_points(z, "z", self.dim)
        layout, rows = layout_of(self.dim, None), z.reshape(-1, self.dim)
        y, _ = summed_rows(self, layout, rows, None, self.t0, self.t1)
        volume = y[:, self.dim].reshape(z.shape[:-1])
        return y[:, : self.dim].reshape(z.shape), log_of_base(self.base, z) - volume

    def sample(self, n: int, *, rng, chunk: int | None = None, progress: bool = False):
        """n independent draws of x, (n, d).

        Arguments: n; rng, anything numpy.random.default_rng takes; chunk, how many are carried at
        a time (memory beside the draws grows with it, the draws do not depend on it); progress,
        show it. Raises: ValueError as `forward`. Cost: n paths, no divergence.
        Tested in: tests/flows/test_continuous.py
        """
        n = as_count(n, "n", minimum=0)
        z = np.array(as_points(self.base.sample(n, rng=as_rng(rng)), "base.sample(n)", self.dim))
        size = AT_ONCE // self.dim if chunk is None else as_count(chunk, "chunk")
        with Progress(n, progress, "draws") as shown:
            for start in range(0, n, size):
                part = slice(start, start + size)
                z[part] = self._carried(z[part], self.t0, self.t1)
                shown.update(min(start + size, n))
        return z

    def path(self, z, times) -> np.ndarray:
        """The states at `times` (k,) of paths from z at times[0], (k, ..., d).

        Raises: ValueError naming the argument; nan from where a path does not go on.
        Tested in: tests/flows/test_continuous.py
        """
        return solve_path(self.velocity, as_points(z, "z", self.dim), times, **self.options)

    def log_density_on_grid(self, x, times, probes=None, *, rng=None) -> np.ndarray:
        """The log density on a fixed grid, with fresh probes for every step.

            log p0(z) - Σ_k ∫_{t_k}^{t_{k+1}} mean over m of v_kᵀ J v_k dt

        The mean over probes is the log density that this grid gives with the exact divergence:
        paths do not depend on the probes. The steps' errors are independent, so N of them have
        about 1/N of the variance of one probe held throughout; steps under error control would
        not know a fresh probe's jump from an error of their own.
        Arguments: x (..., d); times (N + 1,), from t0 to t1; probes (N, ..., m, d), probes[k]
        between times[k] and times[k + 1]; or rng, which draws `n_probes` a step and row. The
        flow's method steps. Returns: (...,). Raises: ValueError naming the argument. Cost: N steps.
        Source: Grathwohl et al. 2019, section 3.1; derived.
        Checked by: flow_estimates_on_fresh_probes, fresh_probes_are_unbiased
        """
        return log_density_on_grid(self, as_points(x, "x", self.dim), times, probes, rng)

    def score(self, x) -> np.ndarray:
        """∇ log p(x), (..., d): of every row by itself, by `gradient`.

        Tested in: tests/flows/test_continuous.py
        """
        return self.log_density_and_gradient(x).score

    def log_density_and_gradient(self, x, probes=None, *, rng=None) -> FlowGradient:
        """log p(x), its gradient in every x, and that of the sum over rows in the parameters.

            Σ log p = Σ [log p0(z) - ∫ tr J dt]:  the trace is a running cost

        Arguments: as of `density`; with probes the derivatives are those of the estimate that
        these probes give. Returns: FlowGradient. Raises: as `density`; NotImplementedError for a
        velocity without second derivatives (a function's are autograd's); ValueError with the
        row where a derivative is not finite. Cost: by "adjoint" a solve and one back that carries
        the adjoint; by "backpropagation" one solve and a pull back through every stage.
        Source: Chen et al. 2018, appendix B; Grathwohl et al. 2019, section 3.
        Checked by: flow_gradients, flow_gradients_of_curved, flow_gradients_on_probes,
        erratum_likelihood_adjoint
        """
        x, rows, held = self._given(x, probes, rng)
        return FlowGradient(*differentiated(self, x, rows, held, {}))

    def negative_log_likelihood_and_gradient(self, x, rng=None, probes=None):
        """The mean of -log p, plus the flow's penalties, and its gradient (p,), for fits.

            mean [-log p(x) + Σ weight · penalty(x)],  penalties along the path from x to the base

        Arguments: x (n, d), at least one; rng, from which "hutchinson" flows draw their probes;
        or probes (n, m, d). Returns: (number, (p,)). Raises: as `log_density_and_gradient`.
        Source: Finlay et al. 2020, equation 8, for the penalties.
        Tested in: tests/flows/test_continuous.py
        """
        if self.trace == "exact":
            rng = None
        weights = {name: weight for name, weight in self.penalties.items() if weight}
        x, rows, held = self._given(x, probes, rng)
        if not len(rows):
            raise ValueError(f"x must hold at least one point for a mean, got shape {x.shape}")
        value, _, parameters = differentiated(self, x, rows, held, weights)
        return -float(value.sum()) / len(rows), -parameters / len(rows)

    def _given(self, x, probes, rng):
        """x, its rows (n, d), and their probes (n, m, d) or None."""
        x = as_points(x, "x", self.dim)
        rows = x.reshape(-1, self.dim)
        if probes is None and rng is None:
            if self.trace == "hutchinson":
                raise ValueError('probes or rng must be given where the trace is "hutchinson"')
            return x, rows, None
        own = {"n_probes": self.n_probes, "probe": self.probe}
        probes = point_probes(x, probes, rng=rng, **own)
        return x, rows, probes.reshape(len(rows), -1, self.dim)

    def _carried(self, x, s, t):
        return arrived(solve(self.velocity, x, s, t, **self.options), s, t)

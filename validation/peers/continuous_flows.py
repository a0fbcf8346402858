"""Continuous flows: zuko's free-form Jacobian, flow_matching's ODESolver, torchdyn's CNF."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import torch
import zuko
from flow_matching.solver import ODESolver

TOLERANCE = {"rtol": 1e-8, "atol": 1e-8}


def given(probes):
    """torch.randn_like that hands out the probes of points that stand once for every probe."""
    return mock.patch.object(torch, "randn_like", lambda x: probes.flatten(0, 1).to(x))


class FreeForm:
    """FreeFormJacobianTransform, of the times t0 and t1; its gradients by its own adjoint."""

    name, framework, version = "zuko, FreeFormJacobianTransform", "torch", version_of("zuko")

    def _transform(self, velocity, t0, t1, exact=True):
        module = velocity.as_module()
        phi = (module.theta,)
        return module.theta, zuko.transforms.FreeFormJacobianTransform(
            module, t0, t1, phi, exact=exact, **TOLERANCE
        )

    def flow_log_density(self, velocity, x, base_log_density, t0, t1, exact=True):
        _, flow = self._transform(velocity, t0, t1, exact)
        z, log_det = flow.inv.call_and_ladj(x)
        return (base_log_density(z) + log_det).detach()

    def flow_log_density_estimate(self, velocity, x, base_log_density, t0, t1, probes):
        n, m, _ = probes.shape
        with given(probes):
            rows, inputs = x.repeat_interleave(m, 0), (base_log_density, t0, t1, False)
            return self.flow_log_density(velocity, rows, *inputs).reshape(n, m).mean(1)

    def flow_log_density_gradient(self, velocity, x, base_log_density, t0, t1, exact=True):
        theta, flow = self._transform(velocity, t0, t1, exact)
        x = x.clone().requires_grad_()
        z, log_det = flow.inv.call_and_ladj(x)
        return torch.autograd.grad((base_log_density(z) + log_det).mean(), (x, theta))

    def flow_log_density_estimate_gradient(self, velocity, x, base_log_density, t0, t1, probes):
        n, m, d = probes.shape
        with given(probes):
            rows, inputs = x.repeat_interleave(m, 0), (base_log_density, t0, t1, False)
            in_x, in_theta = self.flow_log_density_gradient(velocity, rows, *inputs)
        return in_x.reshape(n, m, d).sum(1), in_theta

    def flow_forward(self, velocity, x0, base_log_density, t0, t1):
        x, log_det = self._transform(velocity, t0, t1)[1].call_and_ladj(x0)
        return x.detach(), (base_log_density(x0) - log_det).detach()

    def flow_inverse(self, velocity, x, t0, t1):
        return self._transform(velocity, t0, t1)[1].inv(x).detach()


class Matching:
    """ODESolver, whose times are 0 and 1: the velocity's are t0 + (t1 - t0) of them."""

    name, framework = "flow_matching, ODESolver", "torch"
    version = version_of("flow_matching")
    _options = {"step_size": None, "method": "dopri5", **TOLERANCE}
    expected_failures = dict.fromkeys(
        ("flow_gradients", "flow_gradients_of_curved", "erratum_likelihood_adjoint"),
        "gradients stop at the velocity: deviations/flow_matching_likelihood_gradient",
    )

    def _solver(self, velocity, t0, t1):
        return ODESolver(lambda x, t: (t1 - t0) * velocity(x, t0 + (t1 - t0) * t))

    def flow_log_density(self, velocity, x, base_log_density, t0, t1, exact=True):
        solver = self._solver(velocity, t0, t1)
        with torch.no_grad():
            return solver.compute_likelihood(
                x, base_log_density, exact_divergence=exact, **self._options
            )[1]

    def flow_log_density_estimate(self, velocity, x, base_log_density, t0, t1, rng):
        return self.flow_log_density(velocity, x, base_log_density, t0, t1, exact=False)

    def flow_log_density_gradient(self, velocity, x, base_log_density, t0, t1):
        theta, x = velocity.parameters, x.clone().requires_grad_()
        inputs = {"exact_divergence": True, "enable_grad": True, **self._options}
        solver = self._solver(velocity, t0, t1)
        value = solver.compute_likelihood(x, base_log_density, **inputs)[1].mean()
        got = torch.autograd.grad(value, (x, theta), allow_unused=True)
        return got[0], torch.zeros_like(theta) if got[1] is None else got[1]

    def flow_inverse(self, velocity, x, t0, t1):
        solver, times = self._solver(velocity, t0, t1), torch.tensor([1.0, 0.0])
        return solver.sample(x, time_grid=times, **self._options)


def doubled(velocity, x, base_log_density, t0, t1):
    """The log-determinant of the forward transform added instead of the inverse's."""
    flow = FreeForm()._transform(velocity, t0, t1)[1]
    z, log_det = flow.inv.call_and_ladj(x)
    return (base_log_density(z) - log_det).detach()


PLANTED = SimpleNamespace(
    name="zuko, planted: the divergence added", framework="torch", version=FreeForm.version,
    flow_log_density=doubled,
    expected_failures=dict.fromkeys(("flow_densities", "flow_density_at_rest"), "planted"),
)  # fmt: skip
SUBJECTS = [FreeForm(), Matching(), PLANTED]

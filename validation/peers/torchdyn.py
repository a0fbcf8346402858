"""torchdyn: steps of its solvers, odeint, the sensitivities of ODEProblem, and its CNF."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import torch

from refscore.verify import NotOffered
from validation.peers.stand_ins import modules

NAMES = ("numerics.odeint", "numerics.solvers.ode", "models.cnf", "core.problems")
odeint, solvers, cnf, problems = modules("torchdyn", NAMES, ("torchcde",))
VERSION = version_of("torchdyn")
TOLERANCE = {"atol": 1e-8, "rtol": 1e-8}
METHODS = {
    "euler": "euler", "midpoint": "midpoint", "rk4": "rk4", "dormand_prince": "dopri5",
    "tsitouras": "tsit5",
}  # fmt: skip


def standard(velocity):
    """A velocity as torchdyn calls it."""
    return lambda t, x, args=None: velocity(x, t.reshape(())).detach()


class Steps:
    """Single steps, their error estimates, and grids of fixed steps."""

    name, framework, version = "torchdyn, steps", "torch", VERSION
    conventions = {"embedded_weights": "Shampine"}
    expected_failures = dict.fromkeys(
        ("runge_kutta_steps", "steps_over_a_grid", "orders_of_methods"),
        "rk4's stages at wrong times: deviations/torchdyn_rk4_times",
    )

    def _step(self, velocity, x, t, h, method):
        if method not in METHODS:
            raise NotImplementedError(f"no {method}")
        solver = solvers.str_to_solver(METHODS[method], x.dtype)
        solver.sync_device_dtype(x, torch.zeros(2))
        return solver.step(standard(velocity), x, torch.tensor(t), torch.tensor(h))

    def ode_step(self, velocity, x, t, step_size, method):
        return self._step(velocity, x, t, step_size, method)[1]

    def ode_error(self, velocity, x, t, step_size, method):
        error = self._step(velocity, x, t, step_size, method)[2]
        if error is None:
            raise NotImplementedError(f"no error of {method}")
        return error

    def ode_steps(self, velocity, x0, times, method):
        if method not in ("euler", "midpoint", "rk4"):
            raise NotImplementedError(f"no fixed steps of {method}")
        return odeint.odeint(standard(velocity), x0, times, METHODS[method])[1][-1]


class Solver:
    """odeint by one method."""

    framework, version, conventions = "torch", VERSION, {"step_control": "batch"}

    def __init__(self, method):
        self.name, self._method = f"torchdyn, odeint, {method}", method

    def ode_path(self, velocity, x0, times):
        return odeint.odeint(standard(velocity), x0, times, self._method, **TOLERANCE)[1]

    def ode_solve(self, velocity, x0, t0, t1):
        return self.ode_path(velocity, x0, torch.tensor([t0, t1]))[-1]


class Field(torch.nn.Module):
    """A velocity as a module of time and state."""

    def __init__(self, velocity):
        super().__init__()
        self.inner = velocity.as_module()

    def forward(self, t, x, args=None):
        return self.inner(t.reshape(()), x)


class Problem:
    """The gradients of ODEProblem."""

    framework, version = "torch", VERSION

    def __init__(self, sensitivity, **expected_failures):
        self.name, self._sensitivity = f"torchdyn, ODEProblem, {sensitivity}", sensitivity
        self.expected_failures = expected_failures

    def ode_path_gradient(self, velocity, x0, times, cotangents):
        field, x = Field(velocity), x0.clone().requires_grad_()
        problem = problems.ODEProblem(
            field, solvers.str_to_solver("dopri5", x.dtype), sensitivity=self._sensitivity,
            atol_adjoint=1e-8, rtol_adjoint=1e-8, **TOLERANCE,
        )  # fmt: skip
        path = problem.odeint(x, times)[1]
        return torch.autograd.grad((cotangents * path).sum(), (x, field.inner.theta))

    def ode_gradient(self, velocity, x0, t0, t1, cotangent):
        both = torch.stack([torch.zeros_like(cotangent), cotangent])
        return self.ode_path_gradient(velocity, x0, torch.tensor([t0, t1]), both)


class Flow:
    """CNF, whose network sees no time: told it from outside."""

    name, framework, version = "torchdyn, CNF", "torch", VERSION

    def _solved(self, velocity, x, t0, t1, trace=None, probes=None):
        now = {}
        flow = cnf.CNF(lambda z: velocity(z, now["t"]), trace or cnf.autograd_trace, object())
        flow.noise = probes

        def slope(t, state, args=None):
            now["t"] = t.reshape(())
            return flow(state).detach()

        state, times = torch.cat([torch.zeros(len(x), 1), x], 1), torch.tensor([t1, t0])
        end = odeint.odeint(slope, state, times, "dopri5", **TOLERANCE)[1][-1]
        return end[:, 1:], end[:, 0]

    def flow_log_density(self, velocity, x, base_log_density, t0, t1):
        z, change = self._solved(velocity, x, t0, t1)
        return base_log_density(z) - change

    def flow_log_density_estimate(self, velocity, x, base_log_density, t0, t1, probes):
        if probes.shape[1] != 1:
            raise NotOffered("it takes one probe a point")
        z, change = self._solved(velocity, x, t0, t1, cnf.hutch_trace, probes[:, 0])
        return base_log_density(z) - change

    def flow_inverse(self, velocity, x, t0, t1):
        return self._solved(velocity, x, t0, t1)[0]


def added(velocity, x, base_log_density, t0, t1):
    """The change of the log density with the other sign."""
    z, change = Flow()._solved(velocity, x, t0, t1)
    return base_log_density(z) + change


PLANTED = SimpleNamespace(
    name="torchdyn, planted: the divergence added", framework="torch", version=VERSION,
    flow_log_density=added,
    expected_failures=dict.fromkeys(("flow_densities", "flow_density_at_rest"), "planted"),
)  # fmt: skip
SUBJECTS = [
    Steps(),
    Solver("dopri5"),
    Solver("tsit5"),
    Problem("autograd"),
    Problem(
        "adjoint",
        **dict.fromkeys(
            ("adjoint_of_a_linear_velocity", "adjoint_of_flows", "adjoint_with_jumps"),
            "where t1 < t0: deviations/torchdyn_adjoint_backwards",
        ),
    ),
    Flow(),
    PLANTED,
]

"""torchdiffeq: every solver of odeint, its tables, and gradients through odeint and its adjoint."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import torch
import torchdiffeq
from torchdiffeq._impl import interp, rk_common
from torchdiffeq._impl.odeint import SOLVERS

VERSION = version_of("torchdiffeq")
SHARED = {"step_control": "batch"}
TOLERANCE = {"rtol": 1e-8, "atol": 1e-8}
MIDDLE = "off by O(h^2) within a step of bosh3: deviations/torchdiffeq_bosh3_middle"


class Module(torch.nn.Module):
    """A velocity, with a running cost where there is one, of time and state."""

    def __init__(self, velocity, running=None):
        super().__init__()
        self.inner, self.running = velocity.as_module(), running

    def forward(self, t, state):
        if self.running is None:
            return self.inner(t, state)
        return self.inner(t, state[0]), self.running(state[0], t)


class Solver:
    """odeint, or odeint_adjoint, by one method; ends are paths of two times."""

    framework, version, conventions = "torch", VERSION, SHARED

    def __init__(self, name, method, solve=torchdiffeq.odeint, **options):
        self.name, self._solve = f"torchdiffeq, {name}", solve
        self._options = {"method": method, **TOLERANCE, **options}

    def ode_path(self, velocity, x0, times):
        with torch.no_grad():
            return self._solve(Module(velocity), x0, times, **self._options)

    def ode_solve(self, velocity, x0, t0, t1):
        return self.ode_path(velocity, x0, torch.tensor([t0, t1]))[-1]


class Differentiated(Solver):
    """Its gradients too."""

    def _gradients(self, velocity, x0, times, cotangents):
        module, x, t = Module(velocity), x0.clone().requires_grad_(), times.clone().requires_grad_()
        path = self._solve(module, x, t, **self._options)
        return torch.autograd.grad((cotangents * path).sum(), (x, module.inner.theta, t))

    def ode_path_gradient(self, velocity, x0, times, cotangents):
        return self._gradients(velocity, x0, times, cotangents)[:2]

    def ode_path_time_gradient(self, velocity, x0, times, cotangents):
        return self._gradients(velocity, x0, times, cotangents)[2]

    def _ends(self, velocity, x0, t0, t1, cotangent):
        both = torch.stack([torch.zeros_like(cotangent), cotangent])
        return self._gradients(velocity, x0, torch.tensor([t0, t1]), both)

    def ode_gradient(self, velocity, x0, t0, t1, cotangent):
        return self._ends(velocity, x0, t0, t1, cotangent)[:2]

    def ode_time_gradient(self, velocity, x0, t0, t1, cotangent):
        return tuple(self._ends(velocity, x0, t0, t1, cotangent)[2])

    def ode_cost_gradient(self, velocity, x0, t0, t1, running):
        module, x = Module(velocity, running), x0.clone().requires_grad_()
        state, times = (x, torch.zeros(len(x))), torch.tensor([t0, t1])
        cost = self._solve(module, state, times, **self._options)[1][-1].sum()
        return torch.autograd.grad(cost, (x, module.inner.theta))


class Grid:
    """The methods of fixed steps; gradients back through the steps."""

    name, framework, version = "torchdiffeq, fixed steps", "torch", VERSION
    _methods = {"euler": "euler", "midpoint": "midpoint", "heun": "heun2", "rk4_38": "rk4"}

    def _method(self, method):
        if method not in self._methods:
            raise NotImplementedError(f"no fixed steps of {method}")
        return self._methods[method]

    def ode_steps(self, velocity, x0, times, method):
        module = Module(velocity)
        return torchdiffeq.odeint(module, x0, times, method=self._method(method))[-1].detach()

    def ode_steps_gradient(self, velocity, x0, times, cotangent, method):
        module, x = Module(velocity), x0.clone().requires_grad_()
        end = torchdiffeq.odeint(module, x, times, method=self._method(method))[-1]
        return torch.autograd.grad((cotangent * end).sum(), (x, module.inner.theta))

    def ode_step(self, velocity, x, t, step_size, method):
        return self.ode_steps(velocity, x, torch.tensor([t, t + step_size]), method)

    def residual_network(self, velocities, x):
        for velocity in velocities:
            x = self.ode_step(velocity, x, 0.0, 1.0, "euler")
        return x


class Tables:
    """A step of the adaptive methods, their error estimates and interpolants."""

    name, framework, version = "torchdiffeq, tables", "torch", VERSION
    conventions = {"embedded_weights": "Shampine"}
    expected_failures = {"runge_kutta_interpolants": MIDDLE}
    _methods = {"heun": "adaptive_heun", "bogacki_shampine": "bosh3", "dormand_prince": "dopri5"}

    def _step(self, velocity, x, t, h, method):
        if method not in self._methods:
            raise NotImplementedError(f"no table of {method}")
        solver = SOLVERS[self._methods[method]](None, x, 0.0, 0.0, norm=None)
        f = lambda t, y, perturb=None: velocity(y, t).detach()  # noqa: E731
        t, h = torch.tensor(t), torch.tensor(h)
        made = rk_common._runge_kutta_step(f, x, f(t, x), t, h, t + h, solver.tableau)
        return solver, *made

    def ode_step(self, velocity, x, t, step_size, method):
        return self._step(velocity, x, t, step_size, method)[1]

    def ode_error(self, velocity, x, t, step_size, method):
        return self._step(velocity, x, t, step_size, method)[3]

    def ode_interpolate(self, velocity, x, t, step_size, fraction, method):
        solver, end, _, _, k = self._step(velocity, x, t, step_size, method)
        made = solver._interp_fit(x, end, k, torch.tensor(step_size))
        zero, one = torch.zeros(()), torch.ones(())
        return interp._interp_evaluate(made, zero, one, torch.tensor(fraction))

    def ode_next_step(self, step_size, error_ratio, order):
        numbers = map(torch.tensor, (step_size, error_ratio, 0.9, 10.0, 0.2))
        return rk_common._optimal_step_size(*numbers, order)


def chosen(solver, *ports, **more):
    """Some ports of a solver."""
    offered = {port: getattr(solver, port) for port in ports}
    same = {"framework": "torch", "version": VERSION, "name": solver.name}
    return SimpleNamespace(**{**same, **offered, **more})


def forgetful(velocity, x0, times, cotangents):
    """The gradient of the last of several losses."""
    last = torch.cat([torch.zeros_like(cotangents[:-1]), cotangents[-1:]])
    return ADJOINT.ode_path_gradient(velocity, x0, times, last)


ADJOINT = Differentiated("odeint_adjoint, dopri5", "dopri5", torchdiffeq.odeint_adjoint)
SEMINORM = Differentiated(
    "odeint_adjoint, seminorm", "dopri5", torchdiffeq.odeint_adjoint,
    adjoint_options={"norm": "seminorm"},
)  # fmt: skip
PLANTED = chosen(
    ADJOINT, name="torchdiffeq, planted: losses before the last forgotten",
    ode_path_gradient=forgetful, expected_failures={"adjoint_with_jumps": "planted"},
)  # fmt: skip
CUBIC = {"step_size": 0.005, "interp": "cubic"}  # lines between steps are off by more
# of order 12, the default, it is all but never stable
ADAMS = {"step_size": 0.0025, "max_order": 5, "interp": "cubic"}
SUBJECTS = [
    Grid(),
    Tables(),
    Differentiated("odeint, dopri5", "dopri5"),
    ADJOINT,
    chosen(SEMINORM, "ode_gradient", "ode_path_gradient"),
    Solver("odeint, dopri8", "dopri8", rtol=1e-9, atol=1e-9),
    chosen(
        Solver("odeint, bosh3", "bosh3", rtol=1e-7, atol=1e-7),
        "ode_path",
        expected_failures=dict.fromkeys(("paths_of_flows", "paths_never_cross"), MIDDLE),
    ),
    Solver("odeint, scipy_solver", "scipy_solver", options={"solver": "DOP853"}),
    Solver("odeint, heun3", "heun3", options=CUBIC),
    Solver("odeint, rk4", "rk4", options=CUBIC),
    Solver("odeint, explicit_adams", "explicit_adams", options=ADAMS),
    Solver("odeint, implicit_adams", "implicit_adams", options=CUBIC),
    PLANTED,
]

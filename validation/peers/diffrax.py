"""diffrax: its solvers step by step and adaptively, a row at a time, and every adjoint it has."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version as version_of
from types import SimpleNamespace

import diffrax as dx
import jax
import jax.numpy as jnp

VERSION = version_of("diffrax")
TERM = dx.ODETerm(lambda t, y, velocity: velocity(y, t))
METHODS = {
    "euler": dx.Euler, "midpoint": dx.Midpoint, "heun": dx.Heun, "ralston": dx.Ralston,
    "bogacki_shampine": dx.Bosh3, "dormand_prince": dx.Dopri5, "tsitouras": dx.Tsit5,
}  # fmt: skip


def solver_of(method, known=tuple(METHODS)):
    if method not in known:
        raise NotImplementedError(f"no {method}")
    return METHODS[method]()


@partial(jax.jit, static_argnums=0)
def stepped(solver, velocity, x, t, s, time):
    """From t to s: the state, the error estimate and the state at a time between."""
    state = solver.init(TERM, t, s, x, velocity)
    end, error, dense, _, _ = solver.step(TERM, t, s, x, velocity, state, False)
    return end, error, solver.interpolation_cls(t0=t, t1=s, **dense).evaluate(time)


@partial(jax.jit, static_argnums=0)
def steps(solver, velocity, x0, times):
    """Steps over a grid."""
    grid, ends = dx.StepTo(ts=times), (times[0], times[-1])
    return dx.diffeqsolve(
        TERM, solver, *ends, None, x0, velocity, stepsize_controller=grid, max_steps=64
    ).ys[-1]


@partial(jax.jit, static_argnums=0)
def pulled(function, velocity, x0, times, cotangent):
    """The gradient of sum(cotangent * function) in state and parameters."""
    velocity, x = jax.vjp(lambda v, x: function(v, x, times), velocity, x0)[1](cotangent)
    return x, velocity.parameters


class Steps:
    """Single steps, grids, error estimates and interpolants of the explicit solvers."""

    name, framework, version = "diffrax, steps", "jax", VERSION
    conventions = {"embedded_weights": "Shampine"}

    def _step(self, velocity, x, t, h, method, fraction=0.5):
        return stepped(solver_of(method), velocity, x, t, t + h, t + fraction * h)

    def ode_step(self, velocity, x, t, step_size, method):
        return self._step(velocity, x, t, step_size, method)[0]

    def ode_error(self, velocity, x, t, step_size, method):
        return self._step(velocity, x, t, step_size, method)[1]

    def ode_interpolate(self, velocity, x, t, step_size, fraction, method):
        return self._step(velocity, x, t, step_size, method, fraction)[2]

    def ode_steps(self, velocity, x0, times, method):
        return steps(solver_of(method), velocity, x0, times)

    def ode_steps_gradient(self, velocity, x0, times, cotangent, method):
        """Of two methods: each is compiled anew for every grid."""
        solver = solver_of(method, ("euler", "dormand_prince"))
        return pulled(_grid(solver), velocity, x0, times, cotangent)

    def residual_network(self, velocities, x):
        for velocity in velocities:
            x = steps(dx.Euler(), velocity, x, jnp.array([0.0, 1.0]))
        return x


_GRIDS = {}


def _grid(solver):
    return _GRIDS.setdefault(type(solver), partial(steps, solver))


class Solver:
    """diffeqsolve of every row by itself; ends are paths of two times."""

    framework, version = "jax", VERSION

    def __init__(self, name, solver, adjoint=None, max_steps=4096):
        self.name = f"diffrax, {name}"
        adjoint = adjoint or dx.RecursiveCheckpointAdjoint()
        accurate = dx.PIDController(rtol=1e-8, atol=1e-8)

        def row(velocity, x, times):
            return dx.diffeqsolve(
                TERM, solver, times[0], times[-1], None, x, velocity, adjoint=adjoint,
                saveat=dx.SaveAt(ts=times), stepsize_controller=accurate, max_steps=max_steps,
            ).ys  # fmt: skip

        self.row, self._row = row, jax.jit(row)

    def ode_path(self, velocity, x0, times):
        return jnp.stack([self._row(velocity, x, times) for x in x0], 1)

    def ode_solve(self, velocity, x0, t0, t1):
        return self.ode_path(velocity, x0, jnp.array([t0, t1]))[-1]

    def ode_path_gradient(self, velocity, x0, times, cotangents):
        rows = zip(x0, jnp.moveaxis(cotangents, 1, 0))
        in_x, in_theta = zip(*(pulled(self.row, velocity, x, times, g) for x, g in rows))
        return jnp.stack(in_x), sum(in_theta)

    def ode_gradient(self, velocity, x0, t0, t1, cotangent):
        both = jnp.stack([jnp.zeros_like(cotangent), cotangent])
        return self.ode_path_gradient(velocity, x0, jnp.array([t0, t1]), both)


def sensitivities(velocity, x0, t0, t1):
    """By ForwardMode."""
    rows = [JACOBIANS(x, velocity, jnp.array([t0, t1])) for x in x0]
    return jnp.stack([x for x, _ in rows]), jnp.stack([v.parameters for _, v in rows])


def in_times(velocity, x0, times, cotangents):
    """By RecursiveCheckpointAdjoint."""
    rows = zip(x0, jnp.moveaxis(cotangents, 1, 0))
    return sum(SLOPE(times, velocity, x, g) for x, g in rows)


def chosen(solver, *ports, **more):
    """Some ports of a solver."""
    offered = {port: getattr(solver, port) for port in ports}
    same = {"framework": "jax", "version": VERSION, "name": solver.name}
    return SimpleNamespace(**{**same, **offered, **more})


CHECKPOINTED = Solver("RecursiveCheckpointAdjoint", dx.Tsit5())
FORWARD = Solver("ForwardMode", dx.Tsit5(), dx.ForwardMode())
JACOBIANS = jax.jit(jax.jacfwd(lambda x, v, t: FORWARD.row(v, x, t)[-1], (0, 1)))
SLOPE = jax.jit(jax.grad(lambda t, v, x, g: jnp.sum(g * CHECKPOINTED.row(v, x, t))))
GRADIENTS = "ode_gradient", "ode_path_gradient"
PLANTED = chosen(
    CHECKPOINTED, name="diffrax, planted: the tables of Heun and of the midpoint exchanged",
    ode_step=lambda v, x, t, h, m: Steps().ode_step(
        v, x, t, h, {"heun": "midpoint", "midpoint": "heun"}.get(m, "")
    ),
    expected_failures={"runge_kutta_steps": "planted"},
)  # fmt: skip
CHECKPOINTED.ode_path_time_gradient = in_times
SUBJECTS = [
    Steps(),
    CHECKPOINTED,
    chosen(Solver("DirectAdjoint", dx.Tsit5(), dx.DirectAdjoint(), 256), "ode_gradient"),
    chosen(Solver("BacksolveAdjoint", dx.Tsit5(), dx.BacksolveAdjoint()), *GRADIENTS),
    chosen(FORWARD, ode_sensitivities=sensitivities, name="diffrax, ForwardMode"),
    chosen(Solver("Dopri8", dx.Dopri8()), "ode_solve", "ode_path"),
    chosen(Solver("Kvaerno5", dx.Kvaerno5()), "ode_solve"),
    PLANTED,
]

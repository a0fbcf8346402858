"""SciPy: solve_ivp by every method, the rows of a batch as one system; its Runge-Kutta tables."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import scipy
from scipy.integrate import RK23, RK45, solve_ivp
from scipy.integrate._ivp import rk


def flat(velocity, shape):
    """The velocity of all rows as one vector."""
    return lambda t, y: velocity(y.reshape(shape), t).ravel()


class Solver:
    """solve_ivp by one method."""

    framework, version, conventions = "numpy", scipy.__version__, {"step_control": "batch"}

    def __init__(self, method, tolerance=1e-9):
        self.name = f"SciPy, solve_ivp, {method}"
        self._options = {"method": method, "rtol": tolerance, "atol": tolerance}

    def ode_path(self, velocity, x0, times):
        ends, f = (times[0], times[-1]), flat(velocity, x0.shape)
        found = solve_ivp(f, ends, x0.ravel(), t_eval=times, **self._options)
        return found.y.T.reshape(-1, *x0.shape)

    def ode_solve(self, velocity, x0, t0, t1):
        return self.ode_path(velocity, x0, np.array([t0, t1]))[-1]


class Tables:
    """One step of RK23 and RK45, their error estimates and dense output."""

    name, framework, version = "SciPy, RK23 and RK45", "numpy", scipy.__version__
    _methods = {"bogacki_shampine": RK23, "dormand_prince": RK45}

    def _step(self, velocity, x, t, h, method):
        if method not in self._methods:
            raise NotImplementedError(f"no {method}")
        f, y, end = flat(velocity, x.shape), x.ravel(), t + h
        solver = self._methods[method](f, t, y, end, rtol=1.0, atol=1e9, first_step=abs(h))
        solver.step()
        assert solver.t == end
        return solver

    def ode_step(self, velocity, x, t, step_size, method):
        return self._step(velocity, x, t, step_size, method).y.reshape(x.shape)

    def ode_error(self, velocity, x, t, step_size, method):
        solver = self._step(velocity, x, t, step_size, method)
        return solver._estimate_error(solver.K, step_size).reshape(x.shape)

    def ode_interpolate(self, velocity, x, t, step_size, fraction, method):
        dense = self._step(velocity, x, t, step_size, method).dense_output()
        return dense(t + fraction * step_size).reshape(x.shape)


def switched(velocity, x, t, step_size, method):
    """One step whose middle stages are evaluated at each other's times."""
    table = Tables._methods.get(method) or Tables()._step(velocity, x, t, step_size, method)
    y, f = x.ravel(), flat(velocity, x.shape)
    times, stages = np.array(table.C), np.empty((table.n_stages + 1, y.size))
    times[[1, 2]] = times[[2, 1]]
    made = rk.rk_step(f, t, y, f(t, y), step_size, table.A, table.B, times, stages)
    return made[0].reshape(x.shape)


PLANTED = SimpleNamespace(
    name="SciPy, planted: two stages at each other's times", framework="numpy",
    version=scipy.__version__, ode_step=switched,
    expected_failures={"runge_kutta_steps": "planted"},
)  # fmt: skip
SUBJECTS = [
    Tables(),
    *map(Solver, ("RK45", "DOP853", "Radau", "BDF", "LSODA")),
    Solver("RK23", 1e-7),
    PLANTED,
]

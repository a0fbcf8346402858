"""The ports of ordinary differential equations: steps, solves, paths."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
ODE: list[tuple[str, str, str, str, str | None, bool]] = [
    ("ode_step", "velocity x t step_size method", "points",
     "one step of the named Runge-Kutta method for dx/dt = velocity(x, t), from t to t + "
     "step_size, of either sign", None, True),
    ("ode_error", "velocity x t step_size method", "points",
     "the embedded estimate of that step's error, h sum_i (b_i - b^_i) k_i, or minus it; b^ of "
     "dormand_prince those of its authors or Shampine's (`conventions`)", None, True),
    ("ode_interpolate", "velocity x t step_size fraction method", "points",
     "the state at t + fraction step_size by that step's own interpolant; asked of "
     "bogacki_shampine, dormand_prince and tsitouras, which have one", None, True),
    ("ode_steps", "velocity x0 times method", "points",
     "steps of the named method over `times`, from x0 at the first: the state at the last",
     None, True),
    ("ode_next_step", "step_size error_ratio order", "number",
     "the step size after an accepted step whose error is error_ratio < 1 times the tolerance: "
     "step_size times a constant times error_ratio^(-1/order); limits of its growth are not asked "
     "for; order is that of the error estimate in h", None, False),
    ("ode_solve", "velocity x0 t0 t1", "points",
     "x(t1) for dx/dt = velocity(x, t), x(t0) = x0, t1 before or after t0 (t1 = t0 may be declined"
     "); to 1e-5 of the size of "
     "the answer; row by row, or with one step size for the batch (`conventions`)", None, False),
    ("ode_path", "velocity x0 times", "path",
     "the same solution at all `times`, x0 at the first; rising or falling", None, False),
    ("ode_gradient", "velocity x0 t0 t1 cotangent", "ode_gradients",
     "the derivatives of sum(cotangent * x(t1)), x(t1) as of ode_solve, in x0 and in the "
     "velocity's parameters; sums over the rows", None, False),
    ("ode_time_gradient", "velocity x0 t0 t1 cotangent", "time_gradients",
     "the derivatives of the same in t0 and in t1", None, False),
    ("ode_path_gradient", "velocity x0 times cotangents", "ode_gradients",
     "the derivatives of sum over k of sum(cotangents[k] * x(times[k])), x as of ode_path and "
     "x(times[0]) = x0", None, False),
    ("ode_path_time_gradient", "velocity x0 times cotangents", "vector",
     "the derivatives of the same in every one of the times", None, False),
    ("ode_cost_gradient", "velocity x0 t0 t1 running", "ode_gradients",
     "the derivatives of the sum over rows of the integral from t0 to t1 of running(x(t), t) dt",
     None, False),
    ("ode_steps_gradient", "velocity x0 times cotangent method", "ode_gradients",
     "the derivatives of sum(cotangent * ode_steps(velocity, x0, times, method)), of the steps as "
     "computed: exact", None, False),
    ("adjoint_euler_gradient", "velocity x0 times cotangent", "ode_gradients",
     "Euler's steps of the adjoint equation backwards over the times, from the states x_i of "
     "Euler's steps forward: l_i = l_{i+1} + h J^T l_{i+1}, dtheta = sum of h (df/dtheta)^T "
     "l_{i+1}, J and df/dtheta at x_{i+1}, times[i+1]", None, False),
    ("ode_sensitivities", "velocity x0 t0 t1", "sensitivities",
     "the derivatives of x(t1) in x0 and in the velocity's parameters, row by row", None, False),
    ("picard_iterate", "velocity x0 times n_iterations", "path",
     "x^n at all `times`, x^0 = x0 throughout, x^(k+1)(t) = x0 + the integral from times[0] to t of"
     " velocity(x^k(s), s), by a rule of order 3 or more on `times`", None, False),
    ("square_root_solution", "times wait", "vector",
     "the solution of x' = sqrt|x|, x(0) = 0, that stays at 0 up to `wait`, then leaves",
     None, False),
    ("residual_network", "velocities x", "points",
     "x + f(x) for one f after another, all autonomous", None, True),
]  # fmt: skip

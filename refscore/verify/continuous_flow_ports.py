"""The ports of continuous normalising flows: log densities, their gradients, energies of paths."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
CONTINUOUS_FLOWS: list[tuple[str, str, str, str, str | None, bool]] = [
    ("flow_log_density", "velocity x base_log_density t0 t1", "values",
     "log p(x) of data x at t1, the base at t0: base_log_density at z minus the integral from t0 "
     "to t1 of the trace of the velocity's Jacobian, z the point at t0 whose path ends in x; to "
     "1e-5, as all flows", None, False),
    ("flow_log_density_estimate", "velocity x base_log_density t0 t1", "values",
     "the same with the mean over probes v of v.(J v) for the trace of J, every point with "
     "probes of its own, held fixed along its path", "probes", False),
    ("flow_log_density_on_grid", "velocity x base_log_density times", "values",
     "the same on a fixed grid from the base at times[0] to the data at times[-1], rising, by a "
     "method of order 4 or more, with probes[k] (n, m, d) from times[k] to times[k + 1]; probes "
     "(N, n, m, d) for N + 1 times", "probes", False),
    ("flow_log_density_gradient", "velocity x base_log_density t0 t1", "flow_gradient",
     "of the mean of flow_log_density over the points, in its unit and sign (`conventions`): in "
     "every point, (n, d), and in the velocity's parameters, (p,)", None, False),
    ("flow_log_density_estimate_gradient", "velocity x base_log_density t0 t1", "flow_gradient",
     "the same of the mean of flow_log_density_estimate on the same probes", "probes", False),
    ("flow_inverse", "velocity x t0 t1", "points",
     "the points at t0 whose paths end in x at t1", None, False),
    ("flow_forward", "velocity x0 base_log_density t0 t1", "carried",
     "(x, log p(x)) at t1 of the paths that start from x0 at t0", None, False),
    ("kinetic_energy", "velocity x t0 t1", "values",
     "the integral over |dt| of 1/2 |velocity|^2 along the path that ends in x at t1: never "
     "negative, also where t1 < t0", None, False),
    ("jacobian_energy", "velocity x t0 t1", "values",
     "that of the mean over probes v of |J v|^2, J the velocity's Jacobian, the probes held fixed",
     "probes", False),
    ("directional_energy", "velocity x t0 t1", "values",
     "that of |J v|^2 with the velocity itself for v", None, False),
]  # fmt: skip

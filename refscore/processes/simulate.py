"""Forward paths of dx = f(x, t) dt + g(x, t) dw on given increments of w."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_array, as_callable, as_offering, as_points, beyond_float
from refscore.processes.wiener import as_times


def forward_path(process, x0, times, noise) -> np.ndarray:
    """The process's own path from data, without error at any step, at all the times.

        x_{i+1} = a x_i + b z_i,  (a, b) = process.transition(t_i, t_{i+1})

    Cov(X_s, X_t) = (α_t/α_s) Var X_s for s <= t. Arguments: process with .transition; x0 (..., d),
    states at times[0]; times (n + 1,), rising; noise (n, ..., d), standard normal. Returns:
    (n + 1, ..., d), x0 first. Raises: ValueError naming what is wrong. Source: Särkkä and Solin
    2019.
    Tested in: tests/processes/test_wiener.py
    """
    process = as_offering(process, "process", "transition")
    x, t, noise = _arguments(x0, times, noise, "noise")
    if noise.shape[1:] != x.shape:
        raise ValueError(f"noise must have shape {(len(t) - 1, *x.shape)}, got {noise.shape}")
    a, b = process.transition(t[:-1], t[1:])
    return _path(x, t, noise, lambda x, i, z: a[i] * x + b[i] * z)


def euler_maruyama_path(drift, diffusion, x0, times, increments) -> np.ndarray:
    """Euler-Maruyama states of dx = f(x, t) dt + g(x, t) dw at all the times.

        x_{i+1} = x_i + f(x_i, t_i) h_i + g(x_i, t_i) ΔW_i,  h_i = t_{i+1} - t_i

    Strong order 1/2, or 1 where g does not depend on x; weak order 1. Arguments: drift f(x, t)
    -> (..., d); diffusion g(x, t), a number or (..., d), a noise for every coordinate, or
    (..., d, m), m noises for all; x0 (..., d); times (n + 1,), rising; increments (n, ..., d) or
    (n, ..., m), such as WienerPath.increments(times) or wiener_increments(times, noise).
    Returns: (n + 1, ..., d), x0 first. Raises: ValueError naming what is wrong. Cost: n
    evaluations. Source: Kloeden and Platen 1992, 10.2.
    Checked by: euler_maruyama_states, euler_maruyama_orders, additive_noise_order
    """
    x, t, increments = _arguments(x0, times, increments)
    f, g = as_callable(drift, "drift"), as_callable(diffusion, "diffusion")

    def step(x, i, dw):
        return x + _drift(f, x, t[i]) * (t[i + 1] - t[i]) + _kick(g(x, t[i]), dw)

    return _path(x, t, increments, step)


def milstein_path(drift, diffusion, diffusion_slope, x0, times, increments) -> np.ndarray:
    """Milstein states of dx_k = f_k dt + g_k(x_k, t) dw_k at all the times: diagonal noise.

        x_{i+1} = x_i + f h + g ΔW + ½ g g' (ΔW² - h),  g' = ∂g_k/∂x_k

    Strong order 1, weak order 1; where coordinates share noises that do not commute it would
    need Lévy areas, so diffusion matrices are refused. Arguments: as `euler_maruyama_path`, with
    diffusion_slope g'(x, t), a number or (..., d), and increments (n, ..., d). Returns:
    (n + 1, ..., d), x0 first. Raises: ValueError naming what is wrong. Cost: n evaluations.
    Source: Kloeden and Platen 1992, 10.3.
    Checked by: milstein_states, milstein_orders
    """
    x, t, increments = _arguments(x0, times, increments)
    f, g = as_callable(drift, "drift"), as_callable(diffusion, "diffusion")
    slope = as_callable(diffusion_slope, "diffusion_slope")

    def step(x, i, dw):
        h, noise = t[i + 1] - t[i], _fitting(g(x, t[i]), x, "diffusion")
        bend = 0.5 * noise * _fitting(slope(x, t[i]), x, "diffusion_slope") * (dw**2 - h)
        return x + _drift(f, x, t[i]) * h + _kick(noise, dw) + bend

    return _path(x, t, increments, step)


def _path(x, times, increments, step: Callable) -> np.ndarray:
    out = np.empty((len(times), *x.shape))
    out[0] = x
    with beyond_float():
        for i, dw in enumerate(increments):
            out[i + 1] = step(out[i], i, dw)
    return out


def _arguments(x0, times, increments, name: str = "increments"):
    x, t = as_points(x0, "x0"), as_times(times)
    if t[0] > t[-1]:
        raise ValueError("times must rise: the path runs forward")
    increments = as_array(increments, name, None)
    wanted = (len(t) - 1, *x.shape[:-1])
    if increments.shape[:-1] != wanted:
        raise ValueError(
            f"{name} must have shape ({', '.join(map(str, wanted))}, noises),"
            f" got shape {increments.shape}"
        )
    return x, t, increments


def _drift(f, x, t) -> np.ndarray:
    return _fitting(f(x, t), x, "drift")


def _fitting(value, x, name: str) -> np.ndarray:
    """A number, or an array of x's shape: nothing is broadcast."""
    value = np.asarray(value, dtype=float)
    if value.shape not in ((), x.shape):
        raise ValueError(f"{name} must return a number or shape {x.shape}, got {value.shape}")
    return value


def _kick(g, dw) -> np.ndarray:
    """g ΔW: by coordinate, or of matrices (..., d, m) on noises (..., m)."""
    g = np.asarray(g, dtype=float)
    if g.shape in ((), dw.shape):
        return g * dw
    if g.ndim == dw.ndim + 1 and g.shape[:-2] == dw.shape[:-1] and g.shape[-1] == dw.shape[-1]:
        return (g @ dw[..., None])[..., 0]
    raise ValueError(f"diffusion must return a number, shape {dw.shape} or {(*dw.shape[:-1], 'd')}"
                     f" with {dw.shape[-1]} columns, got {g.shape}")  # fmt: skip

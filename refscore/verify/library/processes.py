"""The library's ports of processes, tables, grids and Wiener paths."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify.setting import PROCESS

PRESERVING = PROCESS


def _of(process):
    from refscore.verify.timed import forward

    return forward(process)


def process_marginal(process, t):
    """(alpha, sigma) of a described process."""
    return _of(process).marginal(t)


def process_rates(process, t):
    """(f, g) of a described process."""
    made = _of(process)
    return made.drift_rate(t), made.diffusion(t)


def process_transition(process, t, s):
    """(a, b) of X_s = a X_t + b Z."""
    return _of(process).transition(t, s)


def marginal_rates(t):
    """(alpha', sigma')."""
    return PRESERVING.marginal_rates(t)


def transition(t, s):
    """(a, b) of X_s = a X_t + b Z."""
    return PRESERVING.transition(t, s)


def log_snr(t):
    """log(alpha/sigma)."""
    return PRESERVING.log_snr(t)


def time_at(log_snr):
    """Its inverse."""
    return PRESERVING.time_at(log_snr)


def prior_std():
    """The prior's standard deviation."""
    from refscore.verify.library.likelihood import end_std

    return end_std("prior_std")


def time_grid(spacing, n_steps, start, end):
    """Descending times."""
    return processes.time_grid(PRESERVING, n_steps, spacing, start=start, end=end)


def discrete_schedule(name, n_steps):
    """(betas, alpha bars) of a named table."""
    table = processes.discrete_schedule(name, n_steps)
    return table.betas, table.alpha_bars


def table_marginals(betas):
    """(alphas, sigmas) of a table of rates."""
    table = processes.from_betas(betas)
    return table.alphas, table.sigmas


def ladder_increments(sigmas):
    """The noise from level to level."""
    return processes.from_sigmas(sigmas).added


def karras_sigmas(n_levels, sigma_min, sigma_max, rho):
    """Descending noise levels."""
    return processes.karras_sigmas(n_levels, sigma_min, sigma_max, rho)


def integer_grid(n_train, n_steps, spacing):
    """Descending indices."""
    return processes.integer_grid(n_train, n_steps, spacing)


def wiener_increments(times, noise=None, *, rng=None):
    """The root of the time that passes, times standard normals."""
    if noise is None:
        noise = np.random.default_rng(rng).standard_normal(len(times) - 1)
    return processes.wiener_increments(times, noise)


def brownian_bridge(t, start, end, w_start, w_end, noise):
    """W(t) between two known values."""
    return processes.brownian_bridge(t, start, end, w_start, w_end, noise)


def euler_maruyama_path(drift_of, diffusion_of, x0, times, increments):
    """All Euler-Maruyama states."""
    return processes.euler_maruyama_path(drift_of, diffusion_of, x0, times, increments)


def milstein_path(drift_of, diffusion_of, diffusion_slope, x0, times, increments):
    """All Milstein states."""
    return processes.milstein_path(drift_of, diffusion_of, diffusion_slope, x0, times, increments)

"""Where a sampler stops on its way from noise to data: descending times and levels."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_positive, as_scalar
from refscore.processes.base import as_process, as_time

SPACINGS = ("uniform", "power", "geometric", "karras", "log_snr")
WHOLE = ("leading", "linspace", "trailing")


def time_grid(process, n_steps, spacing="uniform", *, start=None, end=0.0, rho=7.0) -> np.ndarray:
    """Descending times of n_steps steps from `start` to `end`, equally spaced in a quantity.

        uniform t;  power t^{1/ρ};  geometric log t;  karras (σ_t/α_t)^{1/ρ};  log_snr log(α_t/σ_t)

    On EDM power and karras are one. Arguments: process; n_steps >= 1; start, T unless given;
    0 <= end < start, above 0 where the quantity is infinite at 0 (geometric, log_snr); rho ρ.
    Returns: (n_steps + 1,), strictly descending, both ends exact. Raises: ValueError naming what
    is wrong. Source: Karras et al. 2022, equation 5; Lu et al. 2022.
    Checked by: grids_are_equally_spaced
    """
    process = as_process(process)
    n, rho = as_count(n_steps, "n_steps"), as_positive(rho, "rho")
    high = process.final_time if start is None else start
    high, low = (_end(value, process, name) for value, name in ((high, "start"), (end, "end")))
    if not low < high:
        raise ValueError(f"end must be below start = {high:g}, got {low:g}")
    if spacing not in SPACINGS:
        raise ValueError(f"spacing must be one of {', '.join(SPACINGS)}; got {spacing!r}")
    times = _spaced(process, n, spacing, high, low, rho)
    times = np.concatenate([[high], times[1:-1], [low]])
    if not (np.diff(times) < 0).all():
        raise ValueError(f"n_steps = {n} steps between {high:g} and {low:g} are too close together")
    return times


def karras_sigmas(n_levels, sigma_min=0.002, sigma_max=80.0, rho=7.0, *, zero=False) -> np.ndarray:
    """Noise levels equally spaced in σ^{1/ρ}, descending.

        σ_i = (σ_max^{1/ρ} + i/(n - 1) (σ_min^{1/ρ} - σ_max^{1/ρ}))^ρ,  i = 0, ..., n - 1

    Arguments: n_levels n; 0 < sigma_min < sigma_max; rho ρ; zero, append the level 0 that
    samplers end on. Returns: (n,), or (n + 1,); one level is sigma_max. Raises: ValueError
    naming what is wrong. Source: Karras et al. 2022, equation 5.
    Checked by: karras_levels
    """
    n, rho = as_count(n_levels, "n_levels"), as_positive(rho, "rho")
    low, high = as_positive(sigma_min, "sigma_min"), as_positive(sigma_max, "sigma_max")
    if not low < high:
        raise ValueError(f"sigma_min must be below sigma_max, {high}, got {low}")
    u = np.linspace(0, 1, n)
    levels = (high ** (1 / rho) + u * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    levels[0] = high
    if n > 1:
        levels[-1] = low
    return np.append(levels, 0.0) if zero else levels


def times_of_sigmas(process, sigmas) -> np.ndarray:
    """The times at which noise over signal σ_t/α_t takes given values.

        t with log(α_t/σ_t) = -log σ

    So a grid of levels (karras_sigmas, a ladder) becomes a grid of times of any process.
    Arguments: process; sigmas (...,) >= 0, within the process's values of σ_t/α_t. Returns:
    (...,). Raises: ValueError naming what is wrong. Source: Karras et al. 2022, table 1.
    Tested in: tests/processes/test_grids.py
    """
    sigmas = as_array(sigmas, "sigmas", None)
    if (sigmas < 0).any():
        raise ValueError(f"sigmas must be at least 0, got {sigmas.min():.6g}")
    with np.errstate(divide="ignore"):
        return as_process(process).time_at(-np.log(sigmas))


def integer_grid(n_train, n_steps, spacing="leading", *, offset=0) -> np.ndarray:
    """Descending indices of n_steps of the n_train levels of a table, 0 the least noise.

        leading  k floor(N/n) + offset,  k = n - 1, ..., 0
        linspace round(k (N - 1)/(n - 1)),  k = n - 1, ..., 0
        trailing round(N - k N/n) - 1,  k = 0, ..., n - 1

    Only linspace and trailing start at the last level N - 1; halves are rounded to even.
    Arguments: n_train N >= n_steps n >= 1; offset, for leading only. Returns: integers (n,).
    Raises: ValueError naming what is wrong. Source: Lin et al. 2024, table 2.
    Checked by: integer_grids
    """
    N, n = as_count(n_train, "n_train"), as_count(n_steps, "n_steps")
    if n > N:
        raise ValueError(f"n_steps must be at most n_train, {N}, got {n}")
    if spacing not in WHOLE:
        raise ValueError(f"spacing must be one of {', '.join(WHOLE)}; got {spacing!r}")
    offset = as_count(offset, "offset", minimum=0)
    if offset and spacing != "leading":
        raise ValueError(f"offset is for leading spacing, got {offset} with {spacing!r}")
    k = np.arange(n)
    if spacing == "leading":
        if (n - 1) * (N // n) + offset >= N:
            raise ValueError(f"offset {offset} passes the last level {N - 1}")
        return k[::-1] * (N // n) + offset
    if spacing == "linspace":
        return np.round(np.linspace(0, N - 1, n)).astype(int)[::-1] if n > 1 else np.array([N - 1])
    return np.round(N - k * (N / n)).astype(int) - 1


def _end(value, process, name: str) -> float:
    return float(as_time(as_scalar(value, name), process, name))


def _spaced(process, n: int, spacing: str, high: float, low: float, rho: float) -> np.ndarray:
    if spacing == "uniform":
        return np.linspace(high, low, n + 1)
    if spacing == "power":
        return np.linspace(high ** (1 / rho), low ** (1 / rho), n + 1) ** rho
    if spacing == "geometric":
        if low == 0:
            raise ValueError("end must be positive for geometric times")
        return np.geomspace(high, low, n + 1)
    first, last = (float(process.log_snr(t)) for t in (high, low))
    if spacing == "karras":
        if not np.isfinite(first):
            raise ValueError("start must be a time with alpha > 0 for karras times")
        ratio = np.linspace(np.exp(-first / rho), np.exp(-last / rho), n + 1)
        with np.errstate(divide="ignore"):
            levels = -rho * np.log(ratio)
    else:
        for value, name in ((first, "start"), (last, "end")):
            if not np.isfinite(value):
                raise ValueError(f"{name} must be a time of finite log_snr, got log_snr {value}")
        levels = np.linspace(first, last, n + 1)
    inner = process.time_at(levels[1:-1]) if n > 1 else np.zeros(0)
    return np.concatenate([[high], inner, [low]])

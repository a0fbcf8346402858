"""Mistakes in a process's velocities, its log signal-to-noise ratio, its grids and prior."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify.mutants.base import mistake
from refscore.verify.setting import PROCESS

VP = PROCESS


@mistake("velocity_of_alpha_bar", port="marginal_rates", source="F26: the chain rule's half")
def _(t):
    """alpha' is -β alpha: the rate of alpha-bar over alpha."""
    up, rate = VP.marginal_rates(t)
    return 2 * up, rate


@mistake("velocity_of_noise_twice", port="marginal_rates", source="F09: deepinv #1343")
def _(t):
    """sigma' is (σ²)'/σ, without the factor 2 of the chain rule."""
    up, rate = VP.marginal_rates(t)
    return up, 2 * rate


@mistake("velocity_of_variance", port="marginal_rates", source="F11: (σ²)' for σ'")
def _(t):
    """The rate of the variance is returned for that of sigma."""
    up, rate = VP.marginal_rates(t)
    return up, 2 * rate * VP.marginal(t)[1]


@mistake("velocity_time_reversed", port="marginal_rates", source="conventions 1: data at 1")
def _(t):
    """Both rates have the sign of a time that runs to the data."""
    up, rate = VP.marginal_rates(t)
    return -up, -rate


@mistake("velocity_without_drift", port="marginal_rates", source="classic: g²/2σ alone")
def _(t):
    """sigma' is g²/(2σ): noise that is there does not shrink."""
    return VP.marginal_rates(t)[0], VP.diffusion(t) ** 2 / (2 * VP.marginal(t)[1])


@mistake("velocity_difference", port="marginal_rates", source="O12: a coarse difference")
def _(t):
    """The rates are differences over 0.001."""
    (a, s), (b, r) = VP.marginal(t), VP.marginal(t + 1e-3)
    return (b - a) / 1e-3, (r - s) / 1e-3


@mistake("transition_alpha_bar", port="transition", source="F26, per step for cumulative")
def _(t, s):
    """The ratio is that of alpha-bars."""
    a, b = VP.transition(t, s)
    return a * a, b


@mistake("transition_marginal", port="transition", source="classic: the marginal at s")
def _(t, s):
    """The marginal from the data is returned."""
    return VP.marginal(s)


@mistake("transition_backwards", port="transition", source="classic: t and s exchanged")
def _(t, s):
    """The ratio is α_t/α_s."""
    a, b = VP.transition(t, s)
    return 1 / a, b


@mistake("transition_difference", port="transition", source="classic: σ_s² - σ_t²")
def _(t, s):
    """The variances are subtracted without shrinking the earlier one."""
    return VP.transition(t, s)[0], np.sqrt(VP.marginal(s)[1] ** 2 - VP.marginal(t)[1] ** 2)


@mistake("transition_variance", port="transition", source="R35, F11")
def _(t, s):
    """The variance is returned for the standard deviation."""
    a, b = VP.transition(t, s)
    return a, b * b


@mistake("transition_cancels", port="transition", source="N01, N15: small steps")
def _(t, s):
    """1 - (α_s/α_t)² is formed in single precision."""
    a, _ = VP.transition(t, s)
    return a, float(np.sqrt(max(np.float32(1) - np.float32(a) ** 2, np.float32(0))))


@mistake("transition_first_order", port="transition", source="classic: β(t)(s - t)")
def _(t, s):
    """One Euler step: 1 - ½β(t)h and √(β(t)h)."""
    h = s - t
    return 1 + VP.drift_rate(t) * h, VP.diffusion(t) * np.sqrt(h)


@mistake("log_snr_not_halved", port="log_snr", source="conventions 1: λ of DPM-Solver is half")
def _(t):
    """The log of the signal-to-noise ratio itself, twice λ."""
    return 2 * VP.log_snr(t)


@mistake("log_snr_of_noise", port="log_snr", source="AZ: log(σ/α)")
def _(t):
    """The log of noise over signal."""
    return -VP.log_snr(t)


@mistake("log_snr_of_alpha_bar", port="log_snr", source="O06: ᾱ/σ")
def _(t):
    """log(alpha-bar/sigma): alpha is squared, sigma is not."""
    return VP.log_snr(t) + np.log(VP.marginal(t)[0])


@mistake("log_snr_of_variance", port="log_snr", source="F11: α/σ²")
def _(t):
    """log(alpha/variance)."""
    return VP.log_snr(t) - np.log(VP.marginal(t)[1])


@mistake("log_snr_decimal", port="log_snr", source="classic: log10")
def _(t):
    """The decimal logarithm."""
    return VP.log_snr(t) / np.log(10)


@mistake("log_snr_cancels", port="log_snr", source="N15")
def _(t):
    """1 - e^{-B} is formed in single precision."""
    a = np.float32(VP.marginal(t)[0])
    return float(np.log(a) - 0.5 * np.log(np.float32(1) - a * a))


@mistake("time_of_whole_log", port="time_at", source="conventions 1: λ of DPM-Solver is half")
def _(log_snr):
    """The argument is taken for the log of the whole ratio."""
    return VP.time_at(np.clip(log_snr / 2, VP.log_snr(VP.final_time), None))


@mistake("time_of_negative", port="time_at", source="AZ: log(σ/α)")
def _(log_snr):
    """The argument is taken for the log of noise over signal."""
    return VP.time_at(np.clip(-log_snr, VP.log_snr(VP.final_time), None))


@mistake("time_without_slope", port="time_at", source="C07: inverted with another schedule")
def _(log_snr):
    """The rate is taken for constant, its mean."""
    return np.logaddexp(0, -2 * log_snr) / (0.5 * (VP.beta_min + VP.beta_max))


@mistake("time_unstable_root", port="time_at", source="N15: the root's difference")
def _(log_snr):
    """The quadratic's root is the difference of two near numbers, in single precision."""
    B = np.float32(np.logaddexp(0, -2 * log_snr))
    low, slope = np.float32(VP.beta_min), np.float32(VP.beta_max - VP.beta_min)
    return float((np.sqrt(low * low + 2 * slope * B) - low) / slope)


@mistake("prior_doubled", port="prior_std", source="conventions 2: init_noise_sigma √(σ² + 1)")
def _():
    """The prior has the data's variance on top of the noise, though α has shrunk them away."""
    return np.sqrt(2.0)


@mistake("prior_halved", port="prior_std", source="conventions 2: β is half of Song's")
def _():
    """The prior is stationary for dx = -βx dt + √β dw."""
    return np.sqrt(0.5)


@mistake("prior_of_signal", port="prior_std", source="classic: α_T for σ_T")
def _():
    """What is left of the signal is returned."""
    return VP.marginal(VP.final_time)[0]


@mistake("grid_rises", port="time_grid", source="R31: a grid from data to noise")
def _(spacing, n_steps, start, end):
    """The times rise."""
    return processes.time_grid(VP, n_steps, spacing, start=start, end=end)[::-1]


@mistake("grid_one_short", port="time_grid", source="R15: N points for N steps")
def _(spacing, n_steps, start, end):
    """n_steps times are spread over the interval, and the last one stands twice."""
    if n_steps == 1:
        return processes.time_grid(VP, 1, spacing, start=start, end=end)
    times = processes.time_grid(VP, n_steps - 1, spacing, start=start, end=end)
    return np.append(times, times[-1])


@mistake("grid_uniform_always", port="time_grid", source="C09")
def _(spacing, n_steps, start, end):
    """The spacing asked for is ignored."""
    return processes.time_grid(VP, n_steps, start=start, end=end)


@mistake("grid_karras_of_time", port="time_grid", source="classic: ρ on t for VP")
def _(spacing, n_steps, start, end):
    """Karras spacing steps in the root of time, not of noise over signal."""
    chosen = {"karras": "power"}.get(spacing, spacing)
    return processes.time_grid(VP, n_steps, chosen, start=start, end=end)


@mistake("grid_karras_without_alpha", port="time_grid", source="classic: σ for σ/α")
def _(spacing, n_steps, start, end):
    """Karras spacing steps in the root of sigma, not divided by alpha."""
    if spacing != "karras":
        return processes.time_grid(VP, n_steps, spacing, start=start, end=end)
    roots = [VP.marginal(t)[1] ** (1 / 7) for t in (start, end)]
    variances = np.linspace(*roots, n_steps + 1) ** 14
    return VP.time_at(0.5 * (np.log1p(-variances) - np.log(variances)))


@mistake("grid_geometric_for_log_snr", port="time_grid", source="classic: log t for λ")
def _(spacing, n_steps, start, end):
    """log_snr spacing steps in the log of time."""
    chosen = {"log_snr": "geometric"}.get(spacing, spacing)
    return processes.time_grid(VP, n_steps, chosen, start=start, end=end)


@mistake("grid_ends_at_zero", port="time_grid", source="conventions 1: cut-offs")
def _(spacing, n_steps, start, end):
    """The grid runs to the data whatever end is asked for."""
    return np.append(processes.time_grid(VP, n_steps, spacing, start=start, end=end)[:-1], 0.0)

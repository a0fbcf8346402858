"""Mistakes in Wiener increments and bridges, Euler-Maruyama and Milstein paths."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _shaped(h, noise):
    return h.reshape(-1, *[1] * (np.ndim(noise) - 1)) * noise


@mistake("increments_not_rooted", port="wiener_increments", source="classic: dt for √dt")
def _(times, noise):
    """The noise is multiplied by the time, not by its root."""
    return _shaped(np.abs(np.diff(times)), noise)


@mistake("increments_of_signed_time", port="wiener_increments", source="J17: √dt, dt < 0")
def _(times, noise):
    """Backwards the time is negative, and its root is taken for 0."""
    return _shaped(np.sqrt(np.maximum(np.diff(times), 0)), noise)


@mistake("increments_of_mean_step", port="wiener_increments", source="R15: one step for all")
def _(times, noise):
    """All steps are taken to be of one size."""
    h = np.abs(times[-1] - times[0]) / (len(times) - 1)
    return np.sqrt(h) * noise


@mistake("increments_of_next_step", port="wiener_increments", source="F18: another step's noise")
def _(times, noise):
    """Every increment has the size of the next step, the last of the first."""
    return _shaped(np.sqrt(np.roll(np.abs(np.diff(times)), -1)), noise)


@mistake("increments_are_values", port="wiener_increments", source="classic: W for dW")
def _(times, noise):
    """The path's values are returned, not its increments."""
    return np.cumsum(processes.wiener_increments(times, noise), axis=0)


@mistake("increments_from_the_start", port="wiener_increments", source="classic: √t for √Δt")
def _(times, noise):
    """Every increment has the size of the whole time that has passed."""
    return _shaped(np.sqrt(np.abs(times[1:] - times[0])), noise)


@mistake("increments_share_noise", port="wiener_increments", source="N20: one generator a step")
def _(times, noise):
    """All steps use the first one's noise."""
    return processes.wiener_increments(times, np.broadcast_to(noise[:1], np.shape(noise)).copy())


def _parts(t, start, end):
    return (t - start) / (end - start), (end - t) / (end - start), (t - start) * (end - t)


@mistake("bridge_weights_swapped", port="brownian_bridge", source="classic")
def _(t, start, end, w_start, w_end, noise):
    """The nearer end has the smaller weight."""
    left, right, area = _parts(t, start, end)
    return left * w_start + right * w_end + np.sqrt(area / (end - start)) * noise


@mistake("bridge_midpoint", port="brownian_bridge", source="classic: weights of the middle")
def _(t, start, end, w_start, w_end, noise):
    """Both ends have weight one half."""
    _, _, area = _parts(t, start, end)
    return (w_start + w_end) / 2 + np.sqrt(area / (end - start)) * noise


@mistake("bridge_variance", port="brownian_bridge", source="F11")
def _(t, start, end, w_start, w_end, noise):
    """The noise is multiplied by the variance."""
    left, right, area = _parts(t, start, end)
    return right * w_start + left * w_end + area / (end - start) * noise


@mistake("bridge_not_divided", port="brownian_bridge", source="classic")
def _(t, start, end, w_start, w_end, noise):
    """The variance is (t - s)(e - t), not divided by e - s."""
    left, right, area = _parts(t, start, end)
    return right * w_start + left * w_end + np.sqrt(area) * noise


@mistake("bridge_of_unit_interval", port="brownian_bridge", source="classic: t (1 - t)")
def _(t, start, end, w_start, w_end, noise):
    """The variance is u (1 - u) of the relative time."""
    left, right, _ = _parts(t, start, end)
    return right * w_start + left * w_end + np.sqrt(left * right) * noise


@mistake("bridge_free", port="brownian_bridge", source="F23: DiffEqNoiseProcess #131")
def _(t, start, end, w_start, w_end, noise):
    """The end is forgotten: a free Wiener process from the start."""
    return w_start + np.sqrt(t - start) * noise


@mistake("bridge_without_noise", port="brownian_bridge", source="F18: an increment interpolated")
def _(t, start, end, w_start, w_end, noise):
    """The path is interpolated, without noise."""
    left, right, _ = _parts(t, start, end)
    return right * w_start + left * w_end


@mistake("bridge_redrawn", port="brownian_bridge", source="F18: OrdinaryDiffEq.jl #4095")
def _(t, start, end, w_start, w_end, noise):
    """The mean is that of the bridge, the noise that of a free path."""
    left, right, _ = _parts(t, start, end)
    return right * w_start + left * w_end + np.sqrt(t - start) * noise


@mistake("bridge_of_increment", port="brownian_bridge", source="classic: W_e for W_e - W_s")
def _(t, start, end, w_start, w_end, noise):
    """The end's value is taken for the increment."""
    left, _, area = _parts(t, start, end)
    return w_start + left * w_end + np.sqrt(area / (end - start)) * noise


def _path(x0, times, increments, step):
    states = [np.asarray(x0, float)]
    for i, dw in enumerate(increments):
        states.append(step(states[-1], times[i], times[i + 1] - times[i], dw))
    return np.array(states)


def _euler(f, g, x, t, h, dw):
    return x + f(x, t) * h + g(x, t) * dw


@mistake("euler_at_next_time", port="euler_maruyama_path", source="R31, F18: the end's time")
def _(drift_of, diffusion_of, x0, times, increments):
    """The coefficients are taken at the step's end."""
    return _path(x0, times, increments,
                 lambda x, t, h, dw: _euler(drift_of, diffusion_of, x, t + h, h, dw))  # fmt: skip


@mistake("euler_noise_rooted_again", port="euler_maruyama_path", source="classic: √h ΔW")
def _(drift_of, diffusion_of, x0, times, increments):
    """The increments are multiplied by √h a second time."""
    return _path(x0, times, increments,
                 lambda x, t, h, dw: _euler(drift_of, diffusion_of, x, t, h, np.sqrt(h) * dw)
                 )  # fmt: skip


@mistake("euler_equal_steps", port="euler_maruyama_path", source="R15: δ = 1/N")
def _(drift_of, diffusion_of, x0, times, increments):
    """The drift has the mean step whatever the grid."""
    mean = (times[-1] - times[0]) / len(increments)
    return _path(x0, times, increments,
                 lambda x, t, h, dw: _euler(drift_of, diffusion_of, x, t, mean, dw))  # fmt: skip


@mistake("euler_drift_rooted", port="euler_maruyama_path", source="classic: √h on the drift")
def _(drift_of, diffusion_of, x0, times, increments):
    """The drift is multiplied by √h."""
    return _path(x0, times, increments,
                 lambda x, t, h, dw: _euler(drift_of, diffusion_of, x, t, np.sqrt(h), dw)
                 )  # fmt: skip


@mistake("euler_diffusion_squared", port="euler_maruyama_path", source="classic: g² for g")
def _(drift_of, diffusion_of, x0, times, increments):
    """The noise is multiplied by g²."""
    return _path(x0, times, increments, lambda x, t, h, dw:
                 x + drift_of(x, t) * h + diffusion_of(x, t) ** 2 * dw)  # fmt: skip


@mistake("euler_diffusion_moved", port="euler_maruyama_path", source="classic: g of the new state")
def _(drift_of, diffusion_of, x0, times, increments):
    """The diffusion is taken at the state that the drift has moved."""

    def step(x, t, h, dw):
        moved = x + drift_of(x, t) * h
        return moved + diffusion_of(moved, t) * dw

    return _path(x0, times, increments, step)


@mistake("euler_stratonovich", port="euler_maruyama_path", source="F21: Ito and Stratonovich")
def _(drift_of, diffusion_of, x0, times, increments):
    """The diffusion is averaged over the step's ends: another equation's solution."""

    def step(x, t, h, dw):
        ahead = _euler(drift_of, diffusion_of, x, t, h, dw)
        return x + drift_of(x, t) * h + (diffusion_of(x, t) + diffusion_of(ahead, t + h)) / 2 * dw

    return _path(x0, times, increments, step)


@mistake("euler_increments_reversed", port="euler_maruyama_path", source="N09: noise order")
def _(drift_of, diffusion_of, x0, times, increments):
    """The increments are used from the last to the first."""
    return library.euler_maruyama_path(drift_of, diffusion_of, x0, times, increments[::-1])


@mistake("euler_start_left_out", port="euler_maruyama_path", source="off by one")
def _(drift_of, diffusion_of, x0, times, increments):
    """The states begin after the first step, and the last stands twice."""
    states = library.euler_maruyama_path(drift_of, diffusion_of, x0, times, increments)
    return np.concatenate([states[1:], states[-1:]])


@mistake("euler_drift_sign", port="euler_maruyama_path", source="R24")
def _(drift_of, diffusion_of, x0, times, increments):
    """The drift is subtracted."""
    return _path(x0, times, increments, lambda x, t, h, dw:
                 x - drift_of(x, t) * h + diffusion_of(x, t) * dw)  # fmt: skip


def _milstein(f, g, slope, x, t, h, dw, *, half=0.5, less=1.0):
    bend = half * g(x, t) * slope(x, t) * (dw**2 - less * h)
    return _euler(f, g, x, t, h, dw) + bend


def _bent(name, source, summary, step):
    def path(drift_of, diffusion_of, diffusion_slope, x0, times, increments):
        return _path(x0, times, increments, lambda x, t, h, dw:
                     step(drift_of, diffusion_of, diffusion_slope, x, t, h, dw))  # fmt: skip

    path.__doc__ = summary
    mistake(name, port="milstein_path", source=source)(path)


_bent("milstein_is_euler", "lost order", "Milstein's term is left out.",
      lambda f, g, s, *a: _euler(f, g, *a))  # fmt: skip
_bent("milstein_without_half", "classic", "Milstein's term lacks its half.",
      lambda f, g, s, *a: _milstein(f, g, s, *a, half=1.0))  # fmt: skip
_bent("milstein_sign", "classic", "Milstein's term is subtracted.",
      lambda f, g, s, *a: _milstein(f, g, s, *a, half=-0.5))  # fmt: skip
_bent("milstein_square_alone", "F21: the Stratonovich form", "Milstein's term is ½gg'ΔW², without"
      " - h.", lambda f, g, s, *a: _milstein(f, g, s, *a, less=0.0))  # fmt: skip
_bent("milstein_h_added", "classic: + h", "Milstein's term is ½gg'(ΔW² + h).",
      lambda f, g, s, *a: _milstein(f, g, s, *a, less=-1.0))  # fmt: skip
_bent("milstein_without_slope", "classic: g² for gg'", "Milstein's term has g for g'.",
      lambda f, g, s, *a: _milstein(f, g, g, *a))  # fmt: skip
_bent("milstein_slope_alone", "classic: g' for gg'", "Milstein's term has g' without g.",
      lambda f, g, s, x, t, h, dw: _euler(f, g, x, t, h, dw) + s(x, t) * (dw**2 - h) / 2
      )  # fmt: skip
_bent("milstein_rooted", "classic: √h for h", "Milstein's term is ½gg'(ΔW² - √h).",
      lambda f, g, s, x, t, h, dw: _euler(f, g, x, t, h, dw)
      + g(x, t) * s(x, t) * (dw**2 - np.sqrt(h)) / 2)  # fmt: skip
_bent("milstein_at_next_time", "R31", "Milstein's coefficients are taken at the step's end.",
      lambda f, g, s, x, t, h, dw: _milstein(f, g, s, x, t + h, h, dw))  # fmt: skip

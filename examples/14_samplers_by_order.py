"""What does a better sampler buy, and what can no sampler buy?

Theorem. A sampler of order p errs by h^p in its steps h, in the Wasserstein-2 distance of its law:
exact here, since flows keep the order of points on the line. Two floors remain: W₂(p_ε, p₀) where
it ends at a time ε, and what is left at t = 0 of the distance of N(0, 1), where it starts, to p₁.
"""

import numpy as np
from course import compare, options, plotting
from scipy.special import ndtr

from refscore import diffusion, laws, processes
from refscore.discrepancies import wasserstein_1d, wasserstein_gaussian
from refscore.distributions import Gaussian, GaussianMixture

MISTAKES = {
    "stale_time": "Heun's second score is asked at the old time",
    "rounded_time": "scores are asked at times rounded to thousandths, as some networks are",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
vp, data = processes.VP(0.1, 8), GaussianMixture([0.35, 0.65], [[-1.5], [1.0]], [0.05, 0.15])
line, u, END, d = np.arange(-6, 6, 0.002), np.linspace(0.005, 0.995, 100), 0.1, diffusion
p, one = (d.DiffusedDensity(vp, law) for law in (data, Gaussian([0.4], 0.1)))
score = (lambda t: p.at(round(t, 3)).score) if chosen.mistake == "rounded_time" else data
grids = {n: processes.time_grid(vp, n, "log_snr", end=END) for n in (10, 30, 90)}

# %% The laws p_t: below x[t] lie the shares u
times, c = (1.0, END, 0.05, 0.01, 0.0), line[500:-500:5]
F = {t: 0.002 * np.cumsum(np.exp(p.log_density(line[:, None] - 0.001, t))) for t in times}
x = {t: np.interp(u, F[t], line)[:, None] for t in times}
flowed = d.decode(vp, data, x[1.0], start=END, rtol=1e-9, atol=1e-10)
compare("flow from p₁ to p_ε: distance", 0.0, wasserstein_1d(x[END], flowed, 2), 1e-5)


# %% The obvious way: Heun's step by hand
def by_hand(times):
    v, y = d.flow_velocity(vp, score), x[1.0]
    for t, s in zip(times, times[1:]):
        slope, late = v(y, t), t if chosen.mistake == "stale_time" else s
        y = y - (t - s) / 2 * (slope + v(y - (t - s) * slope, late))
    return wasserstein_1d(y, flowed, 2)


# %% refscore's way: flows from points of p₁; with noise laws.sampler_density, laws.sampler_law
def error(step, order, n):
    if not step.noises:
        return wasserstein_1d(d.sample(step, x[1.0], grids[n]), flowed, 2)
    if order == 1:
        density = laws.sampler_density(step, p.at(1.0), grids[n], c - 0.005, -8, 8)
        return wasserstein_1d(np.interp(u, 0.01 * np.cumsum(density), c), x[END], 2)
    law = laws.sampler_law(step, one.at(1.0).mean, one.at(1.0).covariance, grids[n])
    return wasserstein_gaussian(law, one.at(END))


on, easy, panels = (vp, score), (vp, one.law), plotting.axes(3, width=16.5, height=4.8)
FLOWS = {
    "Euler": (1, d.flow_euler(*on)), "DDIM": (1, d.ddim(*on)), "Heun": (2, d.flow_heun(*on)),
    "EDM": (2, d.edm(*on)), "DPM-Solver-2": (2, d.dpm_solver(*on, 2)), "PLMS": (2, d.plms(*on)),
    "DPM-Solver++ 2M": (2, d.dpm_multistep(*on)), "DPM-Solver-3": (3, d.dpm_solver(*on, 3)),
    "exponential 3": (3, d.exponential_multistep(*on, 3, start="singlestep")),
    "Adams-Bashforth": (4, d.adams_bashforth(*on, 4, start="singlestep")),
    "Runge-Kutta": (4, d.flow_matching(*on, "rk4")),
}  # fmt: skip
NOISY = {
    "Euler-Maruyama": (1, d.euler_maruyama(*on)), "DDIM, η = ½": (1, d.ddim(*on, 0.5)),
    "ancestral, small": (1, d.ancestral(*on)), "ancestral, large": (1, d.ancestral(*on, "large")),
    "Heun*": (2, d.stochastic_heun(*easy)), "SDE-2*": (2, d.sde_dpm_solver(*easy)),
    "SDE-2M*": (2, d.sde_dpm_multistep(*easy)),
}  # fmt: skip
for methods, curves, ax in ((FLOWS, {}, panels[0]), (NOISY, {}, panels[1])):
    for name, (order, step) in methods.items():
        errors = [error(step, order, n) for n in grids]
        curves[name] = np.multiply(list(grids), step.evaluations), errors
        compare(f"{name}: order", order, np.log(errors[1] / errors[2]) / np.log(3), 0.45)
    plotting.work_precision(curves, orders={k: p for k, (p, _) in methods.items()}, ax=ax)
compare("Heun by hand: 30 steps", error(d.flow_heun(*on), 2, 30), by_hand(grids[30]), 1e-6)

# %% The floors: what remains to a sampler of third order
normal, few, curves, floors = np.interp(u, ndtr(line), line)[:, None], (3, 6, 12, 24, 48), {}, {}
prior = normal, np.interp(np.interp(normal, line, F[1.0]), F[0.0], line), 1e-4
ideals = {"ends at 0.05": (x[1.0], x[0.05], 0.05), "ends at 0.01": (x[1.0], x[0.01], 0.01)}
for name, (start, ideal, end) in {**ideals, "from N(0, 1)": prior}.items():
    times = [processes.time_grid(vp, n, "log_snr", end=end) for n in few]
    errors = [wasserstein_1d(d.sample(d.dpm_solver(*on, 3), start, t), x[0.0], 2) for t in times]
    curves[name], floors[name] = (np.multiply(3, few), errors), wasserstein_1d(ideal, x[0.0], 2)
    compare(f"floor, {name}", floors[name], errors[-1], 0.02 * floors[name])
plotting.work_precision(curves, floors=floors, ax=panels[2])
for ax, title in zip(panels, ("Flows (dashed: orders)", "With noise (*: Gaussian)", "Floors")):
    plotting.label(ax, title, "scores", "Wasserstein-2 distance")
plotting.finish(panels, chosen.save, warning=chosen.warning)

"""What does a better sampler buy, and what can no sampler buy?

Theorem. The error of a sampler of order p falls as h^p in its steps h, in the Wasserstein-2 distance
of its law, exact here: on the line the flow's is √E(x̂ − x)² over x₁. It ends at two floors that
no solver passes: W₂(p_ε, p₀) where it stops at a time ε, and what the flow makes of W₂(N(0, 1), p₁)
where it starts from the prior.
"""

import numpy as np
from course import compare, options, plotting

from refscore import diffusion, discrepancies, laws, processes
from refscore.distributions import Gaussian, GaussianMixture

MISTAKES = {
    "stale_time": "Heun asks its second score at the old time",
    "rounded_time": "scores are asked at times rounded to thousandths, as a network's labels are",
    "equal_steps": "a multistep method takes its steps for equal (PLMS for Adams-Bashforth)",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
vp, data = processes.VP(0.1, 8), GaussianMixture([0.35, 0.65], [[-1.5], [1.0]], [0.05, 0.15])
p, END, COUNTS = diffusion.DiffusedDensity(vp, data), 0.02, (8, 16, 32, 64, 128, 256)
line, u = np.arange(-6, 6, 0.002), np.linspace(0.0025, 0.9975, 200)
score = (lambda t: p.at(round(t, 3)).score) if chosen.mistake == "rounded_time" else data


def points(density):
    """The points (200, 1) below which lie the shares u."""
    return np.interp(u, np.cumsum(density) * (line[1] - line[0]), line + (line[1] - line[0]) / 2)[:, None]


def law(t):
    return np.exp(p.log_density(line[:, None], t))


def distance(x, y):
    return np.sqrt(np.mean((x - y) ** 2))


# %% The obvious way: Heun's step by hand
def by_hand(x, times):
    v = diffusion.flow_velocity(vp, score)
    for t, s in zip(times, times[1:]):
        slope = v(x, t)
        second = v(x - (t - s) * slope, t if chosen.mistake == "stale_time" else s)
        x = x - (t - s) / 2 * (slope + second)
    return x


# %% refscore's way: samplers without noise, from exact points of p₁ to exact points of p_ε
late = {"start": "singlestep"}
multistep = diffusion.plms(vp, score) if chosen.mistake == "equal_steps" else diffusion.adams_bashforth(vp, score, 4, **late)
flows = {
    "Euler": (diffusion.flow_euler(vp, score), 1),
    "DDIM": (diffusion.ddim(vp, score), 1),
    "Heun": (diffusion.flow_heun(vp, score), 2),
    "EDM": (diffusion.edm(vp, score), 2),
    "DPM-Solver-2": (diffusion.dpm_solver(vp, score, 2), 2),
    "DPM-Solver++ 2M": (diffusion.dpm_multistep(vp, score, 2), 2),
    "PLMS": (diffusion.plms(vp, score), 2),
    "DPM-Solver-3": (diffusion.dpm_solver(vp, score, 3), 3),
    "exponential 3": (diffusion.exponential_multistep(vp, score, 3, **late), 3),
    "Adams-Bashforth": (multistep, 4),
    "Runge-Kutta": (diffusion.flow_matching(vp, score, "rk4"), 4),
}
x1 = points(law(1.0))
x_end = diffusion.decode(vp, data, x1, start=END, rtol=1e-11, atol=1e-12)
compare("flow: points of p₁ end on points of p_ε", 0.0, distance(points(law(END)), x_end), 2e-5)
curves = {}
for name, (step, order) in flows.items():
    ends = [diffusion.sample(step, x1, np.linspace(1, END, n + 1)) for n in COUNTS]
    errors = [distance(x, x_end) for x in ends]
    curves[name] = np.multiply(COUNTS, step.evaluations), errors
    compare(f"{name}: order", order, np.log2(errors[-2] / errors[-1]), 0.3)

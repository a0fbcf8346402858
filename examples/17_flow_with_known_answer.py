"""Is the density that a continuous flow computes the right one?

Theorem. Where z' = f(z, t) is Lipschitz, paths never cross, and along each d/dt log p(z(t), t) =
−tr J, so log p(x) = log p₀(z) − ∫ tr J dt. With vᵀJv for the trace, one probe v held through the
solve, this is right on average. On f = (1 − |z|²) z + ω z⊥ all is known: ∫ tr J dt = 2T − 2 log D,
D = 1 + |z|² (e^{2T} − 1). For z' = √|z| paths through 0 meet: it is not Lipschitz there.
"""

import numpy as np
from course import compare, options, plotting

from refscore import flows, nodes, ode
from refscore.distributions import Gaussian

MISTAKES = {
    "divergence_added": "log p₀(z) + ∫ tr J dt: the wrong sign",
    "wrong_way": "the data are carried forwards, away from the base",
    "base_at_data": "log p₀ is taken at x, not at z",
    "probe_redrawn": "another probe for every step",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
mistake, T, v = chosen.mistake, 0.6, nodes.signs(2).points[2:]  # (1, -1) and (1, 1)
hopf, base = flows.Hopf(1.0, 3.0), Gaussian([0.55, 0.0], [0.12, 0.04])
flow = flows.ContinuousFlow(hopf, base, 0, T, method="dop853", rtol=1e-8, atol=1e-8)


def exact(x):
    return base.log_density(hopf.flow(x, T, 0)) + hopf.log_det(x, T, 0)


# %% The obvious way: log p₀ and the divergence along the path, mistakes included
def log_density(x, probes=None):
    if mistake == "wrong_way":
        return flows.ContinuousFlow(hopf, base, T, 0).log_density(x, probes)
    if mistake == "probe_redrawn" and probes is not None:
        grid = flows.ContinuousFlow(hopf, base, 0, T, method="rk4")
        turned = np.broadcast_to(np.tile(v, (6, 1))[:, None, None], (12, len(x), 1, 2))
        return grid.log_density_on_grid(x, np.linspace(0, T, 13), turned)
    found, sign = flow.density(x, probes), -1 if mistake == "divergence_added" else 1
    at = base.log_density(x) if mistake == "base_at_data" else found.log_base
    return at + sign * found.log_det


# %% The density in the plane: 1 in all, and 0 beyond the circle that paths from infinity reach
reach, side = 0.98 / np.sqrt(1 - np.exp(-2 * T)), np.linspace(-1.16, 1.16, 93)
plane = np.stack(np.meshgrid(side, side), axis=-1)
inside = (plane**2).sum(-1) < reach**2
density, turn = np.zeros(inside.shape), np.linspace(0, 2.4, 25)
density[inside] = np.exp(log_density(plane[inside]))
arc = 0.8 * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
for k in (6, 12, 18):
    compare(f"log p on the circle at {turn[k]:.2f}", exact(arc[k]), log_density(arc)[k], 1e-4)
compare("mass", 1.0, density.sum() * (side[1] - side[0]) ** 2, 2e-3)

# %% One probe, held: exact too, by the integral of J along the path; the mean of both is log p
times, weights = (a * T / 2 for a in np.polynomial.legendre.leggauss(24))
whole = sum(w * hopf.at(t).jacobian(hopf.flow(arc, T, t + T / 2)) for t, w in zip(times, weights))
held = [base.log_density(hopf.flow(arc, T, 0)) - (whole @ u) @ u for u in v]
found = [log_density(arc, np.broadcast_to(u, (len(arc), 1, 2))) for u in v]
for u, one, other in zip(v, held, found):
    compare(f"log p with the probe ({u[0]:g}, {u[1]:g})", one[12], other[12], 1e-4)
compare("mean over probes", exact(arc)[12], np.mean(found, axis=0)[12], 1e-4)
drawn = flow.density(arc[::3], np.random.default_rng(0).choice([-1.0, 1.0], (9, 16, 2)))

# %% Paths that never cross, and paths that do
clock, z = np.linspace(0, 4, 81), np.linspace(-3, 3, 13)
sine = ode.solve_path(flows.Sine([1.0]), z[:, None], clock, rtol=1e-8, atol=1e-8)[:, :, 0]
ends = 2 * np.arctan(np.exp(4) * np.tan(z / 2))
compare("z' = sin z: least gap at time 4", np.diff(ends).min(), np.diff(sine[-1]).min(), 1e-5)
for start, end in ((0.0, 0.0), (1e-12, 4.0)):
    found = ode.solve(ode.SquareRoot(1), [start], 0, 4).x1[0]
    compare(f"z' = √|z| from {start:g}: z(4)", end, found, 1e-2)
root = np.stack([ode.square_root_solution(clock, w) for w in (0, 1, 2, 4)], axis=1)

# %% The figure
panels = plotting.axes(4, width=19, height=4.4)
panels[0].contourf(side, side, density, 12, cmap="Blues")
paths = flow.path(base.sample(12, rng=1), np.linspace(0, T, 30))
panels[0].plot(*paths.transpose(2, 0, 1), color="#D55E00", linewidth=0.9)
plotting.exact_curve(turn, exact(arc), ax=panels[1])
for one in held:
    plotting.exact_curve(turn, one, name="exact, one probe", dashed=True, ax=panels[1])
plotting.estimates(turn[::3], *drawn[:2], name="mean of 16 probes", ax=panels[1])
plotting.trajectories(clock, sine, name="z' = sin z", ax=panels[2])
plotting.trajectories(clock, root, name="z' = √|z|", colour="#D55E00", ax=panels[3])
plotting.label(panels[0], "The density at time T, and paths", "x₁", "x₂")
plotting.label(panels[1], "Along a circle", "angle", "log p")
plotting.label(panels[2], "Lipschitz: paths never cross", "time", "z")
plotting.label(panels[3], "Not Lipschitz: all these start from 0", "time", "z")
plotting.finish(panels, chosen.save, warning=chosen.warning)

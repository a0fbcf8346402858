"""An SDE and an ODE both carry noise back to data: what do they share, and what not?

Theorem. Run backwards, dx = [f x − ½(1 + l²) g² s_t] dt + l g dw has at every time the law p_t of
dx = f x dt + g dw, whatever l. The paths differ: at l = 1 their two ends correlate as α sd₀/sd₁; at
l = 0, the flow, x₀ = F₀⁻¹(F₁(x₁)) on the line, and log p₀(x₀) = log p₁(x₁) + ∫ div v dt. Of four
choices of the signs of f and s only one keeps p_t; nor does ½ g² s beside g dw.
"""

import numpy as np
from course import compare, options, plotting

from refscore import diffusion, laws, processes
from refscore.distributions import Gaussian, GaussianMixture

MISTAKES = {
    "score_turned": "dx = [f x + g² s] dt + g dw: the score has the wrong sign",
    "drift_turned": "dx = [−f x − g² s] dt + g dw: the drift has the wrong sign",
    "half_score": "dx = [f x − ½ g² s] dt + g dw: the flow's drift, the SDE's noise",
    "no_volume": "log p₁(x₁) alone is taken for the log-likelihood",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
vp, data = processes.VP(0.1, 8), GaussianMixture([0.35, 0.65], [[-1.5], [1.0]], [0.05, 0.15])
rng, n, times, line = np.random.default_rng(3), 4000, np.linspace(1, 0, 121), np.arange(-6, 6, 0.01)
p, one = diffusion.DiffusedDensity(vp, data), diffusion.DiffusedDensity(vp, Gaussian([0.4], 0.3))
turned = processes.from_rates(lambda t: -vp.drift_rate(t), vp.diffusion, 1.0)


# %% The obvious way: Euler steps with the signs, and factors, of f and s as one remembers them
def reverse(p, f, s):
    return diffusion.euler_maruyama(vp if f > 0 else turned, lambda t: s * p.at(t).score)


SIGNS = {"right": (1, 1), "score_turned": (1, -1), "drift_turned": (-1, 1), "both": (-1, -1)}
SIGNS["half_score"] = 1, 0.5
taken = chosen.mistake if chosen.mistake in SIGNS else "right"

# %% refscore's way: the exact law of all these steps, no draw. Variances, of Gaussian data
exact, found = [one.at(t).covariance[0, 0] for t in times], {}
for name, signs in SIGNS.items():
    found[name] = exact[:1]
    for ends in zip(times, times[1:]):  # the variances do not depend on the mean
        law = laws.sampler_law(reverse(one, *signs), [0.0], [[found[name][-1]]], ends)
        found[name].append(law.covariance[0, 0])
for k in (60, 90, 120):
    compare(f"SDE: variance at t = {times[k]:g}", exact[k], found[taken][k], 0.02 * exact[k])

# %% Draws of a mixture: one law at the end; but how does the end depend on the start?
given, steps = (p.at(1.0).sample(n, rng=rng), times), {"SDE": reverse(p, *SIGNS[taken])}
steps, more = {**steps, "flow": diffusion.flow_heun(vp, data)}, {"rng": rng, "trajectory": True}
paths = {name: diffusion.sample(step, *given, **more)[..., 0] for name, step in steps.items()}
shades = np.exp([p.log_density(line[:, None], t) for t in times])
F1, F0 = 0.01 * np.cumsum(shades[[0, -1]], axis=1)  # at line + 0.005
curve = np.interp(F1, F0, line)  # F₀⁻¹(F₁(x))
(m1, sd1), (m0, sd0) = ((p.at(t).mean[0], p.at(t).covariance[0, 0] ** 0.5) for t in (1.0, 0.0))
upper, few = np.interp(-0.005, line, 1 - F0), np.array([480, 650, 730])
flow = 0.01 * shades[0] @ ((line - m1) * (curve - m0)) / (sd0 * sd1)
for (name, path), r in zip(paths.items(), (vp.marginal(1.0)[0] * sd0 / sd1, flow)):
    compare(f"{name}: P(X > 0) at t = 0", upper, (path[-1] > 0).mean(), 0.045)
    between, error = np.corrcoef(path[[0, -1]])[0, 1], (1 - r * r) / np.sqrt(n)
    compare(f"{name}: correlation of the ends", r, between, 5 * error)
for k, end in zip(few, diffusion.decode(vp, data, line[few, None] + 0.005)[:, 0]):
    compare(f"flow: where {line[k] + 0.005:.3f} ends", curve[k] + 0.005, end, 1e-4)

# %% The log-likelihood, by the flow
x0 = np.linspace(-2.4, 2.2, 24)[:, None]
logs = diffusion.log_likelihood(vp, data, x0)
if chosen.mistake == "no_volume":
    logs = p.log_density(diffusion.encode(vp, data, x0), 1.0)
for k in (2, 9, 17):
    compare(f"log p({x0[k, 0]:.1f})", data.log_density(x0[k]), logs[k], 1e-4)

# %% The figure
panels, blue, red = plotting.axes(4, width=20, height=4.6), "#0072B2", "#D55E00"
colours = blue, red, "#009E73", "#9B5FC0", "#C98A00"
plotting.density_map(times, line[300:-300], shades[:, 300:-300], ax=panels[0])
for (name, path), colour in zip(paths.items(), (red, blue)):
    plotting.trajectories(times, path[:, :6], name=name, colour=colour, ax=panels[0])
    panels[1].plot(*path[[0, -1], :400], ".", color=colour, alpha=0.5, label=name)
plotting.exact_curve(line[250:-250], curve[250:-250], name="F₀⁻¹(F₁(x))", ax=panels[1])
for (name, variances), colour in zip(found.items(), colours):
    plotting.exact_curve(times, variances, name=name, colour=colour, ax=panels[2])
plotting.exact_curve(times, exact, name="of the process", dashed=True, ax=panels[2])
panels[2].set(yscale="log", xlim=(1, 0), ylim=(0.1, 1e3))
plotting.exact_curve(line[350:840], np.log(shades[-1, 350:840]), ax=panels[3])
plotting.estimates(x0[:, 0], logs, 0 * logs, name="by the flow", ax=panels[3])
plotting.label(panels[0], "One law at every time, two kinds of path", "time, backwards", "x")
plotting.label(panels[1], "Where noise ends", "x at time 1", "x at time 0")
plotting.label(panels[2], "Signs of f and s: the variance", "time, backwards", "variance")
plotting.label(panels[3], "The log-likelihood", "x", "log p(x)")
plotting.finish(panels, chosen.save, warning=chosen.warning)

"""Where is a learnt score right, and what must a loss weigh so that no level drowns the others?

Theorem. The field that denoises n data best at noise σ is ŝ, the score of their kernel density;
n Var σŝ(y) → E[φ(u)² (u − σs(y))²] / (σq(y))² with u = (X − y)/σ, φ standard normal, q the law with
noise, s its score: ŝ is right only where q has mass, and noise fills the gaps. Weighted by σ², the
zero field has the loss d/2 at every level, the best one ½(d − σ² I(q)): equal before learning only.
"""

import numpy as np
from course import compare, options, plotting

from refscore import nodes, objectives
from refscore.distributions import Empirical, GaussianMixture
from refscore.fields import PerLevel, Zero

MISTAKES = {
    "no_weight": "the losses of all levels are averaged as they are",
    "fourth_power": "they are weighted by σ⁴, as if the target were −z, not −z/σ",
    "noise_twice": "noise σ is added to the data, and the kernel of width σ on top of it",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
law, rng = GaussianMixture([0.6, 0.4], [[2.0], [-2.0]], [0.25, 0.16]), np.random.default_rng(9)
line, n, repeats = nodes.trapezoid(-16, 16, 4000), 500, 400
clean = line.under(law.log_density)


# %% The obvious way: one score, that of the data. refscore's way: one a noise level, σŝ(y)
def learnt(y, sigma):
    x = law.sample(n, rng=rng)
    x = x + sigma * rng.standard_normal(x.shape) if chosen.mistake == "noise_twice" else x
    return sigma * Empirical(x, sigma).score(y)[:, 0]


def exactly(y, sigma):  # σs(y), and the standard deviation of σŝ(y)
    q, u = law.diffuse(1.0, sigma), (clean.points - y[:, 0]) / sigma
    s, phi = sigma * q.score(y)[:, 0], np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    return s, np.sqrt(clean.mean((phi * (u - s)) ** 2) / n) / sigma / np.exp(q.log_density(y))


# %% One set of data, and the error over many
y, fine = (np.linspace(-3.5, 4, k)[:, None] for k in (16, 200))
levels = {0.2: "#D55E00", 0.5: "#009E73", 1.5: "#0072B2"}
left, middle, right = plotting.axes(3, width=15.5, height=4.4)
for sigma, colour in levels.items():
    s, spread = exactly(y, sigma)
    found = np.array([learnt(y, sigma) for _ in range(repeats)])
    rms, squares = np.sqrt(((found - s) ** 2).mean(0)), (found - s) ** 2
    error = squares.std(0) / (2 * rms * np.sqrt(repeats))
    for i in (3, 7, 11) if sigma > 0.4 else (3, 11):  # y = −2, 0, 2
        at = f"noise {sigma}, y = {y[i, 0]:g}:"
        compare(f"{at} sigma score", s[i], found[:, i].mean(), 5 * spread[i] / np.sqrt(repeats))
        compare(f"{at} its error", spread[i], rms[i], 5 * error[i])
    name, (truth, width) = rf"$\sigma$ = {sigma}", exactly(fine, sigma)
    for ax, curve, dots, bar in ((left, truth, found[0], spread), (middle, width, rms, error)):
        plotting.exact_curve(fine[:, 0], curve, name="", colour=colour, ax=ax)
        plotting.estimates(y[:, 0], dots, bar, name=name, colour=colour, ax=ax)

# %% The loss at every level of a ladder: of the zero field, and of the best one
sigmas, m, fine = np.geomspace(3, 0.1, 8), 40_000, np.geomspace(3, 0.1, 60)
best = PerLevel([law.diffuse(1.0, sigma).score for sigma in sigmas], sigmas)
weights = {"no_weight": "none", "fourth_power": lambda sigma: sigma**4}


def floor(sigma):
    q = law.diffuse(1.0, sigma)
    return (1 - sigma**2 * line.under(q.log_density).mean(lambda x: q.score(x) ** 2)[0]) / 2


def losses(family, l):
    x, weight = law.sample(m, rng=rng), weights.get(chosen.mistake, "sigma_squared")
    return objectives.ladder_loss(family, x, np.full(m, l), sigmas, weighting=weight, rng=rng)


for name, colour, family, exact in (
    ("zero field", "#D55E00", PerLevel([Zero(1)] * 8, sigmas), lambda sigma: 0.5),
    ("best field", "#0072B2", best, floor),
):
    values = np.array([losses(family, l) for l in range(8)])
    found, error = values.mean(1), values.std(1) / np.sqrt(m)
    for l in (0, 3, 7):
        compare(f"{name}, level {sigmas[l]:.2f}: loss", exact(sigmas[l]), found[l], 5 * error[l])
    plotting.exact_curve(fine, [exact(s) for s in fine], name="", colour=colour, ax=right)
    plotting.estimates(sigmas, found, error, name=name, colour=colour, ax=right)
left.set(ylim=(-4, 4))
middle.set(yscale="log")
right.set(xscale="log")
plotting.label(left, f"Scores learnt from {n} data", "y", r"$\sigma \cdot$ score")
plotting.label(middle, f"Their error over {repeats} sets of data", "y", r"$\sigma \cdot$ error")
plotting.label(right, r"The loss, weighted by $\sigma^2$", r"$\sigma$", "loss")
plotting.finish(left, chosen.save, warning=chosen.warning)

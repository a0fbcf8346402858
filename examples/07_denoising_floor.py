"""Why does a denoising loss never reach zero, and why does it explode when the noise is small?

Theorem. For X̃ = X + σZ of law q:  ½E‖s(X̃) + Z/σ‖² = ½E‖s − ∇log q‖² + ½(d/σ² − I(q)), where
I(q) = E‖∇log q‖²: the best field leaves that floor, for X̃ does not tell X, only E[X|X̃ = y] =
y + σ²∇log q(y). The variance of one draw grows as d/2σ⁴. It stays bounded when the control
variate Z·s(X)/σ + (‖Z‖² − d)/2σ² is subtracted, whose mean is zero.
"""

import numpy as np
from course import compare, options, plotting

from refscore import bayes, nodes, objectives
from refscore.distributions import Empirical, GaussianMixture

MISTAKES = {
    "tweedie_without_square": "y + σ∇log q(y) is taken for E[X|y], not y + σ²∇log q(y)",
    "control_at_noisy_point": "Z·s(X̃)/σ is subtracted, whose mean is not zero",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)

# %% Two hills on a line; the score of the clean data, s, is a wrong field at every σ > 0
law, n = GaussianMixture([0.35, 0.65], [[-1.2], [0.9]], [0.16, 0.25]), 4000
x, z = law.sample(n, rng=3), np.random.default_rng(4).standard_normal((n, 1))
line = nodes.trapezoid(-15, 15, 4000)
plane = nodes.trapezoid([-4.5, -8], [4.5, 8], 400)  # of X and Z
plane = plane.under(lambda p: law.log_density(p[:, :1]) - p[:, 1] ** 2 / 2)


def exactly(sigma, best=False):
    q, under = law.diffuse(1.0, sigma), line.under(law.diffuse(1.0, sigma).log_density)
    floor = (1 / sigma**2 - under.mean(lambda y: q.score(y) ** 2)[0]) / 2
    return floor if best else floor + objectives.fisher_divergence(law.score, q, under)


# %% The obvious way: the loss as it stands; refscore's way: with its control variate
def controlled(field, x, sigma, z):
    if chosen.mistake == "control_at_noisy_point":
        control = z * field(x + sigma * z) / sigma + (z**2 - 1) / (2 * sigma**2)
        return raw(field, x, sigma, z) - control.sum(-1)
    return objectives.controlled_denoising_loss(field, x, sigma, z)


def spread(sigma, loss=objectives.controlled_denoising_loss):
    values = loss(law.score, plane.points[:, :1], sigma, plane.points[:, 1:])
    return plane.mean((values - plane.mean(values)) ** 2)


def moments(values):
    squares = (values - values.mean()) ** 2
    return np.ravel([(v.mean(), v.std() / np.sqrt(n)) for v in (values, squares)])


raw = objectives.denoising_loss
sigmas, fine = np.geomspace(0.06, 1, 8), np.geomspace(0.06, 1, 60)
best = np.array([moments(raw(law.diffuse(1.0, s).score, x, s, z)) for s in sigmas]).T
clean = np.array([moments(raw(law.score, x, s, z)) for s in sigmas]).T
calm = np.array([moments(controlled(law.score, x, s, z)) for s in sigmas]).T
for i, s in ((3, sigmas[3]), (7, sigmas[7])):
    compare(f"sigma {s:.1f}: loss of the best field", exactly(s, True), best[0, i], 4 * best[1, i])
    compare(f"sigma {s:.1f}: loss of the clean score", exactly(s), clean[0, i], 4 * clean[1, i])
compare("sigma 0.06: loss, controlled", exactly(0.06), calm[0, 0], 4 * calm[1, 0])
compare("sigma 0.06: variance", spread(0.06, raw), clean[2, 0], 4 * clean[3, 0])
compare("sigma 0.06: variance, controlled", spread(0.06), calm[2, 0], 4 * calm[3, 0])

# %% What X̃ tells of X at σ = 0.7: from the score of noisy data, and by conditioning
y, power = np.linspace(-3, 3, 61)[:, None], 1 if chosen.mistake == "tweedie_without_square" else 2
told = y + 0.7**power * Empirical(x, 0.7).score(y)
near = np.exp(-((y - x.T) ** 2) / (2 * 0.7**2))
error = np.linalg.norm(near * (x.T - told), axis=1) / near.sum(1)
exact = np.array([bayes.posterior(law, [[1.0]], at, [[0.7**2]]).mean[0] for at in y])
compare("E[X | y = 1.5]", exact[45], told[45, 0], 4 * error[45])

# %% The figure: the floor, the posterior mean, the variance with and without the control
panels, blue, red = plotting.axes(3, width=15, height=4.3), "#0072B2", "#D55E00"
for ax, found, curve, name, colour in (
    (0, clean[:2] * 2 * sigmas**2, lambda s: 2 * s**2 * exactly(s), "the clean score", red),
    (0, best[:2] * 2 * sigmas**2, lambda s: 2 * s**2 * exactly(s, True), "the best field", blue),
    (2, clean[2:], lambda s: spread(s, raw), "as it stands", red),
    (2, calm[2:], spread, "less its control variate", blue),
):
    plotting.exact_curve(fine, [curve(s) for s in fine], name="", colour=colour, ax=panels[ax])
    plotting.estimates(sigmas, *found, name=name, colour=colour, ax=panels[ax])
    panels[ax].set(xscale="log", yscale="log")
plotting.exact_curve(y[:, 0], exact, name="by conditioning", ax=panels[1])
plotting.estimates(y[3::6, 0], told[3::6, 0], error[3::6], name="from the score", ax=panels[1])
plotting.label(panels[0], "The best field leaves a floor", r"$\sigma$", r"loss $\cdot\,2\sigma^2$")
plotting.label(panels[1], r"It knows $E[X|y]$ alone ($\sigma = 0.7$)", "y")
plotting.label(panels[2], "The variance of one draw", r"$\sigma$", "variance of the loss")
plotting.finish(panels, chosen.save, warning=chosen.warning)

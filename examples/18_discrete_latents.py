"""A latent is one of a few codes, and the decoder is trained through it: whose gradient is that?

Theorem. For b ~ Categorical(softmax l) the score function f(b)(b − π) has the mean ∂E f/∂l, also
less a baseline that does not see b. Relaxed draws softmax((l + g)/τ), which the lectures write with
"=", follow another objective: with f = (b − .45)², π = (.8, .2) in the wrong direction from
τ = .1746 to 6.5508; straight-through does so too. K levels keep of a normal law the distortion
.3634, .1175, .0345, .0095 (K = 2, 4, 8, 16), towards (√3 π/2)/K².
"""

import functools

import numpy as np
from course import compare, options, plotting
from scipy.optimize import brentq

from refscore import discrete as d

MISTAKES = {
    "temperature_multiplies": "draws are softmax(τ (l + g))",
    "baseline_sees_its_draw": "the baseline is the mean of all values, the own one included",
    "cells_of_equal_mass": "levels are the means of cells of probability 1/K",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
mistake, t, l, rng, m = chosen.mistake, 0.45, np.log([0.8, 0.2]), np.random.default_rng(18), 20_000
f = functools.partial(lambda y: (y[..., 1] - t) ** 2)  # of one-hot and of relaxed rows
f.gradient = lambda y: np.stack([0 * y[..., 1], 2 * (y[..., 1] - t)], axis=-1)
truth = d.expectation_gradient(l, f)[1]
compare("∂E f/∂l₁", 0.2 * 0.8 * (0.55**2 - 0.45**2), truth, 1e-12)


# %% The obvious way: two classes by their difference, and baselines from groups of four draws
def by_hand(gumbels, tau):
    factor = tau if mistake == "temperature_multiplies" else 1 / tau
    y = 1 / (1 + np.exp(-factor * (l[1] - l[0] + gumbels[:, 1] - gumbels[:, 0])))
    return 2 * (y - t) * y * (1 - y) * factor


def with_baseline(gumbels):
    b = (l + gumbels).argmax(-1).reshape(-1, 4)
    value, seen = (b - t) ** 2, mistake == "baseline_sees_its_draw"
    baseline = (value.sum(1, keepdims=True) - (0 if seen else value)) / (4 if seen else 3)
    return ((value - baseline) * (b - 0.2)).mean(1)


# %% refscore's way: estimates on draws, their exact means and variances
taus, fine, hands = np.array([0.1, 0.17, 0.5, 1, 2, 4, 9]), np.geomspace(0.07, 12, 60), []
relaxed = functools.partial(d.relaxed_moments, l, f)
for tau in taus:
    g, one = d.gumbel((m, 2), rng=rng), relaxed(tau)
    hands.append((by_hand(g, tau).mean(), (one.covariance[1, 1] / m) ** 0.5))
    compare(f"τ = {tau:g}: mean of {m} draws", one.mean[1], hands[-1][0], 5.5 * hands[-1][1])
    ours = d.relaxed_gradient(l, f, tau, g)[:, 1].mean()
    compare(f"τ = {tau:g}: refscore", one.mean[1], ours, 5.5 * hands[-1][1])
for low, high, root in ((0.1, 0.3, 0.174637), (4, 9, 6.550783)):
    compare("the sign turns at τ", root, brentq(lambda a: relaxed(a).mean[1], low, high), 1e-4)
g, best = d.gumbel((m, 2), rng=rng), {"baseline": d.best_baseline(l, f)}
score, through = d.score_function_gradient, d.straight_through_gradient(l, f, g)
WAYS = {
    "score function": (d.score_function_moments(l, f), score(l, f, g)[:, 1]),
    "best baseline": (d.score_function_moments(l, f, **best), score(l, f, g, **best)[:, 1]),
    "mean of others": (d.leave_one_out_moments(l, f, 4), with_baseline(g)),
    "straight-through": (d.straight_through_moments(l, f), through[:, 1]),
}
for name, (one, drawn) in WAYS.items():
    error = 5.5 * (one.covariance[1, 1] / len(drawn)) ** 0.5
    compare(f"{name}: mean", one.mean[1], drawn.mean(), error + 1e-9)

# %% The best levels for a normal law, and k-means on draws of it
counts, known = np.array([2, 4, 8, 16]), [0.3633802276, 0.1174818478, 0.0345477608, 0.0095010080]
z, losses, (first, second, third) = rng.standard_normal(m), [], plotting.axes(3, width=16.5)
for K, least in zip(counts, known):
    equal = mistake == "cells_of_equal_mass"
    levels = np.sort(z).reshape(K, -1).mean(1) if equal else d.lloyd_max(int(K)).levels
    compare(f"K = {K}: distortion", least, d.scalar_distortion(levels), 1e-5)
    losses.append(d.lloyd(z[:, None], levels[:, None]).errors[-1])
    compare(f"K = {K}: k-means on {m} draws", least, losses[-1], 0.08 * least)
curve, place = [relaxed(tau).mean[1] for tau in fine], np.log2(counts)
plotting.exact_curve(np.log10(fine), curve, name="relaxed, exact", ax=first)
plotting.exact_curve([-1.1, 1], [truth] * 2, name="∂E f/∂l", colour="#009E73", ax=first)
plotting.estimates(np.log10(taus), *np.array(hands).T, name=f"{m} draws", ax=first)
shown = [(one.mean[1], b.mean(), (m / len(b)) ** 0.5 * b.std()) for one, b in WAYS.values()]
plotting.exact_and_estimates(list(WAYS), *np.transpose(shown), bars=1.0, ax=second)
plotting.exact_curve(place, known, name="Lloyd-Max", ax=third)
plotting.exact_curve(place, 2.7207 / counts**2.0, name="(√3 π/2)/K²", dashed=True, ax=third)
plotting.estimates(place, losses, 0 * place, name="k-means", ax=third)
third.set(yscale="log", xticks=place, xticklabels=counts)
plotting.label(first, "The relaxed gradient's mean", "log₁₀ of the temperature τ", "gradient")
plotting.label(second, "Other ways: mean, and ± sd × √draws used", "gradient")
plotting.label(third, "K levels for a normal law", "K", "distortion")
plotting.finish(first, chosen.save, warning=chosen.warning)

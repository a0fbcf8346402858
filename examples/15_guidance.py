"""Whoever tilts every score towards a condition: which law does he sample?

Theorem. Let p(x|c) = N(0, 1), p(x) = N(0, 2), noise without end. Strength γ makes of every p_t(x|c)
p_t(x|c)^γ p_t(x)^{1−γ}, of variance 2/(γ + 1) at t = 0; but the flow samples 2^{1−γ}, the reverse
SDE (2 − 2^{2−2γ})/(2γ − 1): .5, .25, .3875 at γ = 3. Given y = x + n, s_t + ∇ log p_t(y|x_t) leads
to the posterior; with p(y | E[x₀|x_t]) for p_t(y|x_t) it does not.
"""

import numpy as np
from course import compare, options, plotting

from refscore import bayes, diffusion, laws, processes
from refscore.distributions import Gaussian, GaussianMixture

MISTAKES = {
    "other_spelling": "γ is handed to (1 + w) c − w u, where it means γ + 1",
    "tilt_expected": "the tilted law is taken for what is sampled",
    "denoised_likelihood": "p(y | E[x₀|x_t]) stands for p_t(y|x_t)",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
blue, red, green, violet, gold = "#0072B2", "#D55E00", "#009E73", "#9B5FC0", "#C98A00"
ve, u, c = processes.VE(0.01, 300, exact=True), Gaussian([0.0], 2.0), Gaussian([0.0], 1.0)
FORMS = {
    "tilted": (lambda g: 2 / (g + 1), green),
    "flow": (lambda g: 2 ** (1 - g), blue),
    "SDE": (lambda g: (2 - 2 ** (2 - 2 * g)) / (2 * g - 1), red),
}
LAWS = dict.fromkeys(FORMS, FORMS["tilted"]) if chosen.mistake == "tilt_expected" else FORMS


# %% The obvious way: add up the scores, and trust
def steps(strength):
    spelling = diffusion.SPELLINGS[chosen.mistake == "other_spelling"]
    score_at = diffusion.classifier_free(ve, c, u, strength, spelling=spelling)
    flow, sde = diffusion.dpm_solver(ve, score_at), diffusion.sde_dpm_multistep(ve, score_at)
    return {"flow": flow, "SDE": sde}


# %% refscore's way: the law of all steps; and draws
first, second, third = plotting.axes(3, width=16, height=4.6)
start, times = 1 + ve.marginal(1.0)[1] ** 2, processes.time_grid(ve, 100, "log_snr", end=1e-3)
n, rng, x, fine = 5000, np.random.default_rng(2), np.linspace(-3, 3, 301), np.linspace(1, 5, 81)
strengths, noise = np.array([1.0, 2.0, 3.0, 5.0]), start**0.5 * rng.standard_normal((n, 1))
for name, (_, colour) in FORMS.items():
    form = LAWS[name][0]
    density = np.exp(Gaussian([0.0], form(3.0)).log_density(x[:, None]))
    plotting.exact_curve(fine, form(fine), name=name, colour=colour, ax=first)
    plotting.exact_curve(x, density, name=name, colour=colour, ax=second)
    if name != "tilted":
        ends = [laws.sampler_law(steps(g)[name], [0.0], [[start]], times) for g in strengths]
        found = np.array([law.covariance[0, 0] for law in ends])
        for g, exact, v in zip(strengths, form(strengths), found):
            compare(f"{name}, γ = {g:g}: variance", exact, v, 0.01 * exact)
        plotting.estimates(
            strengths, found, 0 * found, name=f"{name}, 100 steps", colour=colour, ax=first
        )
        draws = diffusion.sample(steps(3.0)[name], noise, times, rng=rng)[:, 0]
        error = form(3.0) * np.sqrt(2 / n)
        compare(f"{name}, γ = 3: variance of {n} draws", form(3.0), draws.var(), 5.5 * error)
        plotting.histogram(
            draws, -3, 3, n_bins=40, name=f"{name}, {n} draws", colour=colour, ax=second
        )

# %% An inverse problem, y = x + n: the law of 100 steps with each score, without a draw
vp, prior = processes.VP(), GaussianMixture([0.4, 0.6], [[-1.0], [1.2]], [0.1, 0.3])
known = bayes.posterior(prior, *(given := ([[1.0]], [0.2], 0.3)))
scores = {
    "exact scores": diffusion.posterior_score(vp, prior, *given),
    "p(y | E[x₀|x_t])": diffusion.dps_score(vp, prior, *given),
    "x₀ given x_t as if Gaussian": diffusion.moment_score(vp, prior, *given),
    "flat prior for x₀ given x_t": diffusion.flat_prior_score(vp, prior, *given),
}
if chosen.mistake == "denoised_likelihood":
    scores["exact scores"] = scores["p(y | E[x₀|x_t])"]
truth, h = np.exp(known.log_density(x[:, None])), 0.02
plotting.exact_curve(x, truth, name="posterior", ax=third)
for (name, score_at), colour in zip(scores.items(), (blue, red, violet, gold)):
    step, begin = diffusion.euler_maruyama(vp, score_at), diffusion.diffused(vp, known, 1.0)
    density = laws.sampler_density(step, begin, np.linspace(1, 1e-3, 101), x, -8, 8)
    if name == "exact scores":
        plotting.estimates(x[::8], density[::8], 0 * x[::8], name=name, colour=colour, ax=third)
        for what, f in (("mean", x), ("second moment", x**2), ("P(X > 0)", x > 0)):
            compare(f"y = x + n: {what}", h * truth @ f, h * density @ f, 0.01)
    else:
        plotting.exact_curve(x, density, name=name, colour=colour, dashed=True, ax=third)
plotting.label(first, "The variance that guidance leaves", "strength γ", "variance")
plotting.label(second, "Strength 3", "x", "density")
plotting.label(third, "From y = x + n: the posterior, and what is sampled", "x", "density")
plotting.finish(first, chosen.save, warning=chosen.warning)

"""What does score matching pay for not knowing the normaliser?

Theorem. Both estimates are normal in the limit: n Cov θ̂ → D⁻¹ V D⁻¹ with D the mean Hessian of
the loss and V the variance of its gradient; for likelihood that is 1/V, the least there is. For
p ∝ exp(−θ|x|^a/a) score matching is efficient at a = 2 alone, and for the weight of two hills
at ±a its need of data grows as e^{a²/2}: the gap hides what lies across it.
"""

import numpy as np
from course import compare, options, plotting

from refscore import estimation

MISTAKES = {
    "no_sandwich": "the inverse Hessian D⁻¹ is taken for the variance D⁻¹ V D⁻¹",
    "no_slope": "the gradient for the hills lacks the trace term, ∂u/∂x",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
rng = np.random.default_rng(3)
n, repeats = 2000, 800


def ratio_and_error(first, second):
    """The ratio of two estimates' variances over the repeats, with a jackknife error."""
    a, b = np.square(first - first.mean()), np.square(second - second.mean())
    ratio = a.mean() / b.mean()
    return ratio, (a / a.mean() - b / b.mean()).std() * ratio / np.sqrt(len(a))


# %% The rate of exp(−|x|^a/a): |x|^a/a is a Gamma(1/a) variable
powers = np.array([1.75, 2, 2.5, 3, 4, 6, 8])
found, error = np.empty((2, len(powers)))
for k, a in enumerate(powers):
    # The obvious way: likelihood, 1/mean |x|^a, whose normaliser happens to be known
    x = (a * rng.gamma(1 / a, size=(repeats, n))) ** (1 / a)
    likelihood = 1 / (x**a).mean(1)
    # refscore's way: the closed-form minimiser; fit_implicit gives its error as well
    matching = (a - 1) * (x ** (a - 2)).mean(1) / (x ** (2 * a - 2)).mean(1)
    fit = estimation.fit_implicit(estimation.generalised_normal_rate(a), x[0][:, None])
    assert abs(fit.parameters[0] - matching[0]) < 1e-9
    found[k], error[k] = ratio_and_error(likelihood, matching)
    exact = estimation.generalised_normal_efficiency(a)
    if chosen.mistake == "no_sandwich":
        found[k] = likelihood.var() * n / (matching**2 / (x ** (2 * a - 2)).mean(1)).mean()
    compare(f"efficiency, power {a:g}", exact, found[k], 4 * error[k] + 1e-9)

# %% The weight of two hills at ±a: one Newton step of each from the truth, which is enough
separations = np.array([0.5, 1, 1.5, 2, 2.5])
cost, cost_error = np.empty((2, len(separations)))
for k, a in enumerate(separations):
    x = rng.normal(size=(repeats, n)) + a * rng.choice([-1, 1], (repeats, n))
    tanh = np.tanh(a * x)
    score, u = -x + a * tanh, 2 * a * (1 - tanh**2)  # u = ds/dw at w = 1/2
    slope = 0 if chosen.mistake == "no_slope" else -2 * a * tanh * u
    likelihood = (2 * tanh).mean(1) / (4 * tanh**2).mean()
    matching = -(score * u + slope).mean(1) / (u**2).mean()
    cost[k], cost_error[k] = ratio_and_error(matching, likelihood)
    if chosen.mistake == "no_sandwich":
        cost[k] = 1 / ((u**2).mean() * n * likelihood.var())
    best = estimation.mixture_weight_variances(a)
    compare(f"cost of a weight, hills at ±{a:g}", best[0] / best[1], cost[k], 4 * cost_error[k])

# %% The figure: exact curves, and variances over repeated samples
left, right = plotting.axes(2, width=11.4, height=4.3)
grid = np.linspace(1.51, 8.5, 200)
curve = np.array([estimation.generalised_normal_efficiency(a) for a in grid])
plotting.exact_curve(grid, curve, ax=left)
plotting.estimates(powers, found, error, name=f"{repeats} samples of {n}", ax=left)
plotting.label(left, "Share of the data that is used", "power a of exp(−θ|x|ᵃ/a)", "efficiency")
grid = np.linspace(0.3, 4.2, 200)
curve = np.array([np.divide(*estimation.mixture_weight_variances(a)) for a in grid])
plotting.exact_curve(grid, curve, ax=right)
plotting.estimates(separations, cost, cost_error, name=f"{repeats} samples of {n}", ax=right)
right.set_yscale("log")
plotting.label(right, "Data needed to see a weight", "hills at ±a", "times likelihood's")
plotting.finish([left, right], chosen.save, warning=chosen.warning)

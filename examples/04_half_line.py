"""What does score matching lose where the data end?

Theorem. With a weight h(0) = 0 no boundary term is left:
½E h (s − (log p)′)² = E[½ h s² + h s′ + h′ s] + ½E h (log p)′².  For s(x) = μ − x on [0, ∞) the
least loss is at μ = mean(h x − h′)/mean h, and n E μ̂² → E[h² + h′²]/(E h)² at μ = 0: 7 for h = x²,
π for h = x, and never below what likelihood attains, 1/Var X = 1/(1 − 2/π) = 2.752.
"""

import numpy as np
from course import compare, options, plotting

from refscore import estimation, nodes, objectives
from refscore.distributions import HalfNormal, TruncatedNormal
from refscore.fields import LinearInParameters

MISTAKES = {
    "no_weight": "h = 1: data on the half-line are treated as data on the whole line",
    "slope_left_out": "the term h′ s is left out, as if h were constant",
    "slope_sign": "the term h′ s has the wrong sign",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
law, n, repeats = HalfNormal([1.0]), 1000, 10_000  # N(μ, 1) cut at 0, with μ = 0


# %% The obvious way: likelihood, whose normaliser Φ(μ) must be known: E_μ X = mean x, inverted
def likelihood(x):
    guesses = np.linspace(-1, 1, 2001)
    return np.interp(x.mean(-1), TruncatedNormal(guesses, 1.0, 0.0, np.inf).mean, guesses)


# %% refscore's way: the least mean loss of s(x) = μ − x for a weight h
feature, derivative = lambda x: np.ones((len(x), 1, 1)), lambda x: np.zeros((len(x), 1, 1, 1))
model = LinearInParameters(feature, derivative, [0.0], 1)  # fitted on top of the score of μ = 0
power, cap = objectives.power_weight, objectives.capped_weight
weights = {"h = x²": power(2), "h = x": power(1), "h = min(x, 2)": cap(2), "h = min(x, 1)": cap(1)}
weights["h = log(1 + x)"] = objectives.log_weight()


def matched(x, weight):  # the same for every row of x at once
    h, slope = weight(x), weight.derivative(x)
    if chosen.mistake == "no_weight":
        h, slope = np.ones_like(x), 0.0
    slope = {"slope_left_out": 0.0, "slope_sign": -slope}.get(chosen.mistake, slope)
    return (h * x - slope).mean(-1) / h.mean(-1)


x = law.sample(n, rng=4)
for name in ("h = x", "h = log(1 + x)"):
    least = estimation.fit_generalised(model, x, weights[name], fixed=law.score)
    compare(f"{name}: μ on {n} data", least.parameters[0], matched(x.T, weights[name])[0], 1e-6)

# %% n times the mean square of μ̂: exact in the limit, and over many data sets
points = (0.5 + np.arange(24_000))[:, None] / 2000  # no kink of h on a point
grid = nodes.Nodes(points, np.exp(law.log_density(points)) / 2000)


def limit(weight):
    h, slope = weight(points)[:, 0], weight.derivative(points)[:, 0]
    return grid.mean(h**2 + slope**2) / grid.mean(h) ** 2


caps = np.array([0.15, 0.3, 0.6, 1.5, 3.0])
every = weights | {c: cap(c) for c in caps}


def ways(x):
    return {"likelihood": likelihood(x)} | {way: matched(x, h) for way, h in every.items()}


rng = np.random.default_rng(5)
parts = [ways(law.sample(n * repeats // 20, rng=rng).reshape(-1, n)) for _ in range(20)]
squares = {way: n * np.concatenate([part[way] for part in parts]) ** 2 for way in parts[0]}
found = {way: (s.mean(), s.std() / np.sqrt(repeats)) for way, s in squares.items()}
exact = {name: limit(h) for name, h in weights.items()} | {"likelihood": 1 / law.covariance[0, 0]}
for name, value in exact.items():
    compare(f"{name}: n mean square of μ", value, found[name][0], 4 * found[name][1])

# %% The figure: the weights of the theorem, and every cap of min(x, c)
left, right = plotting.axes(2, width=11.4, height=4.3)
table = np.transpose([found[name] for name in exact])
titles = "Growing weights listen to the tail", "A cap near 1 comes close to the bound"
titles = ["n μ̂² grows with n: the estimate is biased"] * 2 if chosen.mistake else titles
plotting.exact_and_estimates(list(exact), list(exact.values()), *table, ax=left)
plotting.label(left, titles[0], "n mean square of the estimate", legend="center right")
curve = np.linspace(0.1, 3.5, 120)
plotting.exact_curve(curve, [limit(cap(c)) for c in curve], ax=right)
plotting.exact_curve(curve, np.full(120, exact["likelihood"]), name="bound", dashed=True, ax=right)
plotting.estimates(caps, *np.transpose([found[c] for c in caps]), ax=right)
plotting.label(right, titles[1], "c of h = min(x, c)", legend="center right")
plotting.finish([left, right], chosen.save, warning=chosen.warning)

"""A density is e^{−E(x)}/Z, and Z is out of reach: which ways lead around it, and at what price?

Theorem. Autoregressive: log p = Σ log p(x_j|x_<j). Latent: log p(x) = bound + KL(q ‖ p(z|x)). Flow:
log p(x) = log p₀(z) − log|det|. Adversarial: no density, at best the game is worth 2 JSD − log 4.
Score: ∇ log p knows no Z. Z: weights of N(0, I) from N(0, τ²I) vary by (τ²/√(2τ² − 1))^d − 1.
"""

import numpy as np
from course import compare, options, plotting

from refscore import families, nodes
from refscore.distributions import Gaussian

MISTAKES = {
    "independent": "the autoregressive factors are marginals",
    "divergence_added": "the bound of the latent model adds KL(q ‖ p(z)) where it subtracts it",
    "no_determinant": "the flow's log|det| is forgotten",
    "z_forgotten": "−E(x) is taken for log p(x)",
    "labels_exchanged": "the discriminator takes data for the model's points",
}
chosen, rng = options(__doc__.splitlines()[0], MISTAKES), np.random.default_rng(19)
mistake, law = chosen.mistake, Gaussian([0.5, -1.0], [[1.3, 0.7], [0.7, 0.8]])
m, S, x = law.mean, law.covariance, np.array([[1.4, -0.2]])


def normal(z, variance):
    return -0.5 * (z**2 / variance + np.log(2 * np.pi * variance))


def energy(x):
    return 0.5 * ((x - m) @ np.linalg.inv(S) * (x - m)).sum(-1)


# %% The obvious way: every density by hand
def by_hand(x):
    off, (values, vectors), root = x - m, np.linalg.eigh(S), np.linalg.cholesky(S)
    slope = (mistake != "independent") * S[0, 1] / S[0, 0]
    then = normal(off[:, 1] - slope * off[:, 0], S[1, 1] - slope * S[0, 1])
    yield "autoregressive", normal(off[:, 0], S[0, 0]) + then
    noise, w = values[0], np.sqrt(values[1] - values[0]) * vectors[:, 1]  # x = m + w z + noise
    z, var = off @ w / (w @ w + noise), noise / (w @ w + noise)  # given x: mean and variance
    given = normal(off - z[:, None] * w, noise).sum(-1) - 0.5 * w @ w * var / noise
    divergence = 0.5 * (var + z**2 - 1 - np.log(var))
    yield "latent", given + divergence * (1 if mistake == "divergence_added" else -1)
    log_det = (mistake != "no_determinant") * np.log(np.diag(root)).sum()
    yield "flow", normal(np.linalg.solve(root, off.T).T, 1.0).sum(-1) - log_det
    grid = nodes.trapezoid(m - 9, m + 9, 200)
    Z = 1.0 if mistake == "z_forgotten" else grid.weights @ np.exp(-energy(grid.points))
    yield "energy", -energy(x) - np.log(Z)


for name, found in by_hand(x):
    compare(f"{name}, by hand: log p", law.log_density(x[0]), found[0], 1e-4)

# %% refscore's way: all fitted to the same points, every evaluation of a model counted
table = families.comparison(law.sample(400, rng=rng), rng=rng)
for row in zip(families.Ability._fields, *table):
    print(" ".join(f"{v:<15.3g}" if isinstance(v, float) else f"{v!s:<15}" for v in row))
compare("largest error of log p", 0, max(row.density_error or 0 for row in table), 1e-8)
compare("chains' law: W₂", 2**0.5 * ((1 - 0.05 / 4) ** -0.5 - 1), table[-1].bias, 1e-4)
compare("largest W₂ of draws' moments", table[0].floor, max(row.distance for row in table), 0.08)

# %% How hard Z is, and what the game is worth
dims, tau, n, weights, shifts = np.arange(1, 13), 1.3, 20_000, [], np.linspace(0, 4, 9)
exact = np.array([families.importance_variance(int(d), tau) for d in dims])
for d in dims:  # |z|² of draws is τ² chi-square
    square = (tau**d * np.exp(-0.5 * rng.chisquare(d, n) * (tau**2 - 1)) - 1) ** 2
    weights.append((square.mean(), square.std() / n**0.5))
for k in (0, 3, 7):
    compare(f"d = {k + 1}: variance of weights", exact[k], weights[k][0], 6 * weights[k][1])
p, grid, worth, played = Gaussian([0.0], 1.0), nodes.trapezoid(-12, 16, 700), [], []
for q in (Gaussian([shift], 0.5) for shift in shifts):
    under = (grid.under(each.log_density) for each in (p, q))
    worth.append(2 * families.jensen_shannon(p, q, *under) - np.log(4))
    odds = [families.log_ratio(p, q, each.sample(n, rng=rng)) for each in (p, q)]
    played.append(families.game(*(odds[::-1] if mistake == "labels_exchanged" else odds)).value)
    compare(f"shift {q.mean[0]:g}: value of the game", worth[-1], played[-1], 0.03)
left, middle, right = plotting.axes(3, width=16.5)
left.set_yticks(range(6), [row.family for row in table])
for k, name, c in ((2, "log p(x)", "#D55E00"), (-1, "a draw", "#0072B2")):  # None: no log p, no dot
    has = np.array([(np.log10(row[k]), i + 0.07 * k) for i, row in enumerate(table) if row[k]])
    plotting.estimates(*has.T, 0 * has[:, 0], name=name, colour=c, ax=left)
plotting.exact_curve(dims, exact, ax=middle)
plotting.estimates(dims, *np.transpose(weights), name=f"{n} draws", ax=middle)
plotting.exact_curve(shifts, worth, name="2 JSD − log 4", ax=right)
plotting.estimates(shifts, played, 0 * shifts, name=f"the game, {n} points", ax=right)
plotting.label(left, "Evaluations of the model", "log₁₀ of their number", "")
plotting.label(middle, f"Weights for Z from N(0, {tau}² I)", "d", "relative variance")
plotting.label(right, "What the best discriminator earns", "difference of the means", "value")
plotting.finish(left, chosen.save, warning=chosen.warning)

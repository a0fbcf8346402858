"""Which way is up, when nobody knows the normaliser?

Theorem. For p = q/Z the score ∇ log p = ∇ log q needs no Z. Of a mixture it is Σ_k r_k(x) s_k(x),
r_k the responsibilities, so it flips where two basins meet; and along a path it still tells
every ratio of densities:  log p(b) − log p(a) = E[s(a + U(b−a))·(b−a)],  U uniform on (0, 1).
"""

import numpy as np
from course import compare, options, plotting

from refscore import nodes
from refscore.distributions import GaussianMixture

MISTAKES = {
    "prior_weights": "components are weighted by π_k where r_k(x) belongs",
    "gradient_of_density": "∇p is returned instead of ∇ log p",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)

# %% A law with three hills, and q = 1000 p, all that one is given of it
weights = np.array([0.5, 0.3, 0.2])
means = np.array([[-1.9, -0.7], [1.8, -0.9], [0.3, 1.9]])
covariances = np.array([[[0.9, 0.4], [0.4, 0.5]], [[0.5, -0.2], [-0.2, 0.7]], [[0.6, 0], [0, 0.3]]])
law = GaussianMixture(weights, means, covariances)
low, high = np.array([-5.2, -3.6]), np.array([5.2, 4.2])


def q(x):
    return 1000 * np.exp(law.log_density(x))


# %% The obvious way: find Z by a sum over a grid, then difference log(q/Z)
grid = nodes.trapezoid([-8, -8], [8, 8], 200)
Z = grid.mean(q)


def obvious(x, h=1e-5):
    steps = h * np.eye(2)
    return np.stack([np.log(q(x + e) / Z) - np.log(q(x - e) / Z) for e in steps], -1) / (2 * h)


# %% refscore's way: the score, in closed form (or with a mistake, on request)
def score(x):
    if chosen.mistake == "prior_weights":
        slopes = -np.linalg.solve(covariances, (x[..., None, :] - means)[..., None])[..., 0]
        return weights @ slopes
    if chosen.mistake == "gradient_of_density":
        return np.exp(law.log_density(x))[..., None] * law.score(x)
    return law.score(x)


x = law.sample(200, rng=1)
compare("score: largest gap to the obvious way", 0, np.abs(score(x) - obvious(x)).max(), 1e-6)


# %% From hill a to hill b: the ratio of densities, from a few random looks at each stretch
a, b = means[:2]
t, width = np.linspace(0, 1, 16, retstep=True)
looks = t[:-1, None] + width * np.random.default_rng(2).random((15, 20))
steps = width * score(a + looks[..., None] * (b - a)) @ (b - a)
rise, error = steps.mean(1).cumsum(), np.sqrt((steps.var(1, ddof=1) / 20).cumsum())
path = np.linspace(0, 1, 400)
exact = law.log_density(a + path[:, None] * (b - a)) - law.log_density(a)
compare("log p(b) - log p(a)", exact[-1], rise[-1], 4 * error[-1])
saddle = path[100:300][exact[100:300].argmin()]


# %% The figure: arrows coloured by the hill they climb, and the climb from a to b
def hill(x):
    for _ in range(600):
        x = x + 0.03 * score(x)
    return np.linalg.norm(x[:, None] - means, axis=-1).argmin(-1)


left, right = plotting.axes(2, width=11.4, height=4.3)
plotting.score_arrows(score, low, high, law=law, n=25, limit=2.5, labels=hill, ax=left)
left.plot(*np.array([a, b]).T, color=plotting.INK, linewidth=1, linestyle=":", zorder=4)
left.plot(*(a + saddle * (b - a)), "o", color="white", markeredgecolor=plotting.INK, zorder=5)
for name, point in (("a", a), ("b", b)):
    left.plot(*point, "o", color=plotting.INK, markersize=5, zorder=5)
    left.text(*(point - [0.1, 0.6]), name, fontsize=12, fontweight="bold", zorder=6)
plotting.exact_curve(path, exact, name="exact: $\\log p(x_t)-\\log p(a)$", ax=right)
plotting.estimates(t[1:], rise, error, name="from 300 scores, ± 2 standard errors", ax=right)
right.axvline(saddle, color=plotting.SOFT, linewidth=1, linestyle=":", zorder=0)
plotting.label(left, "The score, by the hill it climbs", "$x_1$", "$x_2$")
plotting.label(right, "What it knows without Z", "$t$ along $x_t = a + t(b - a)$")
plotting.finish(left, chosen.save, warning=chosen.warning)

"""Does Langevin's chain become the distribution, as its histogram seems to show?

Theorem. A step of the chain carries a density ρ to ∫ N(y; x + (η/2) s(x), η) ρ(x) dx, exactly,
without a draw. On .6 N(2, .5²) + .4 N(−2, .2²) a hundred steps leave the hills what the start
has in their basins: .632 in the upper one from U[−3, 3], where its basin has .637, and 1.000 from
U[0, 3]. Down a ladder of noise the weights come right, from any start, if the steps suffice.
"""

import numpy as np
from course import compare, options, plotting

from refscore import langevin, laws, nodes
from refscore.distributions import GaussianMixture

MISTAKES = {
    "not_squared": "step sizes in proportion to σ, not to σ²",
    "one_step_size": "the last level's step size at every level",
    "ladder_up": "the levels in the wrong order, from the least noise to the most",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
law = GaussianMixture([0.6, 0.4], [[2.0], [-2.0]], [0.25, 0.04])
n, rng, edges = 10_000, np.random.default_rng(4), np.linspace(-4, 4.5, 341)
sigmas, last = np.geomspace(3, 0.05, 10), 5e-4  # the ladder, and the step size at its end


# %% A start: its draws, and weighted points that stand for it
def uniform(low, high):
    return rng.uniform(low, high, (n, 1)), laws.uniform_start(low, high)


low_hill = np.full((n, 1), -2.0), nodes.Nodes(np.array([[-2.0]]), np.ones(1))


# %% The obvious way: a hundred steps of the plain chain. Beside its points, P(X ≤ c) of its law
def plain(start, step_size):
    end = langevin.run(langevin.ula(law.score, step_size), start[0], 100, rng=rng).x
    return end, laws.chain_distribution(law.score, step_size, 100, start[1], edges, -8, 8)


# %% refscore's way: langevin.annealed, steps of last · (σ/σ_T)² at every level σ
def noised(x, sigma):
    return law.diffuse(1.0, sigma).score(x)


def annealed(start, n_each):
    exact = laws.annealed_distribution(noised, sigmas, last, n_each, start[1], edges, -30, 30)
    if chosen.mistake is None:
        return langevin.annealed(noised, start[0], sigmas, last, n_each, rng=rng).x, exact
    end, power = start[0], {"not_squared": 1, "one_step_size": 0}.get(chosen.mistake, 2)
    for sigma in sigmas[::-1] if chosen.mistake == "ladder_up" else sigmas:
        step = langevin.ula(law.diffuse(1.0, sigma).score, last * (sigma / sigmas[-1]) ** power)
        end = langevin.run(step, end, n_each, rng=rng).x
    return end, exact


# %% The mass of the upper hill, X > 0, and near −2, where |X + 2| < 0.2
chains = {
    "plain, U[−3, 3]": plain(uniform(-3, 3), 0.02),
    "plain, U[0, 3]": plain(uniform(0, 3), 0.02),
    "plain, −2, steps of 0.1": plain(low_hill, 0.1),
    "annealed, 10 × 10, −2": annealed(low_hill, 10),
    "annealed, 10 × 100, −2": annealed(low_hill, 100),
    "annealed, 10 × 100, U[−3, 3]": annealed(uniform(-3, 3), 100),
}
upper = {}
for name, (end, exact) in chains.items():
    p, q = 1 - exact[160], exact[88] - exact[72]  # edges[160] is 0, the others −1.8 and −2.2
    upper[name] = p, (end > 0).mean(), np.sqrt(p * (1 - p) / n)
    compare(f"{name}: X > 0", *upper[name][:2], 5 * upper[name][2] + 5 / n)
    near, error = (abs(end + 2) < 0.2).mean(), np.sqrt(q * (1 - q) / n)
    compare(f"{name}: near −2", q, near, 5 * error + 5 / n)

# %% The figure: exact laws over histograms, and who finds the weight .6
panels, centres = plotting.axes(3, width=15.5, height=4.4), (edges[1:] + edges[:-1]) / 2
for ax, name, title in (
    (panels[0], "plain, U[−3, 3]", "Plain: looks right, and is not"),
    (panels[1], "annealed, 10 × 100, −2", "Annealed, 10 × 100, all from −2"),
):
    end, exact = chains[name]
    plotting.histogram(end[:, 0], -4, 4.5, n_bins=85, name=f"{n} chains", ax=ax)
    plotting.exact_curve(centres, np.diff(exact) / np.diff(edges), name="exact law", ax=ax)
    density = np.exp(law.log_density(centres[:, None]))
    plotting.exact_curve(centres, density, name="target", colour="#D55E00", dashed=True, ax=ax)
    plotting.label(ax, title, "x", "density", legend="upper right")
plotting.exact_and_estimates(list(upper), *np.transpose(list(upper.values())), ax=panels[2])
panels[2].axvline(0.6, color="#D55E00", linestyle="--", label="target")
plotting.label(panels[2], "The weight of the upper hill", "P(X > 0)", legend="lower right")
plotting.finish(panels, chosen.save, warning=chosen.warning)

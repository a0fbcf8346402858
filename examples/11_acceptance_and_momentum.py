"""How often should a proposal be refused, and which way of using a velocity has no bias?

Theorem. Step size × acceptance is largest, as d → ∞, where .234 of a random walk's proposals are
taken (step size τ²), .574 of Langevin's, .651 of Hamiltonian ones of fixed length; on N(0, I) the
acceptance is known for every d. A velocity step of size h is split into drift A, kick B, friction
O: Var x is 1 at every h < 2 by BAOAB and ABOBA, 1/(1 − h²/4) by OBABO, 1 − h²/4 by OABAO.
"""

import numpy as np
from course import compare, options, plotting

from refscore import langevin, laws
from refscore.distributions import Gaussian

MISTAKES = {
    "kinetic_left_out": "Hamiltonian proposals are judged by the density of x alone",
    "no_way_back": "Langevin's are judged by p(y)/p(x), as if they were symmetric",
    "kicks_twice": "both kicks of a splitting last h, not h/2",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
rng, d, n, length = np.random.default_rng(8), 100, 4000, 2.5 * np.pi
law, line = Gaussian(np.zeros(d), 1.0), Gaussian([0.0], 1.0)


# %% A proposal y from draws x of p, and the log ratio that judges it
def gain(x, y):
    return law.log_density(y) - law.log_density(x)


def drifted(x, z, eta):
    y = langevin.ula(law.score, eta)(x, z)
    if chosen.mistake == "no_way_back":
        return gain(x, y)
    return langevin.metropolis_log_ratio(law.log_density, law.score, x, y, eta)


def hamiltonian(x, v, h):
    y, w = langevin.leapfrog(law.score, x, v, h, round(length / h))
    kinetic = 0 if chosen.mistake == "kinetic_left_out" else ((w**2 - v**2) / 2).sum(-1)
    return gain(x, y) - kinetic


# %% The obvious way: try step sizes and look. refscore's way: the exact acceptance of all of them
left, middle, right = plotting.axes(3, width=15.5, height=4.4)
for name, colour, best, ratio, exact, speed, fine, sizes in (
    ("random walk", "#009E73", 0.234, lambda x, z, tau: gain(x, x + tau * z),
     laws.random_walk_acceptance, lambda tau: tau**2,
     np.linspace(0.02, 0.6, 90), np.array([0.06, 0.14, 0.24, 0.34, 0.44])),
    ("Langevin", "#0072B2", 0.574, drifted, laws.mala_acceptance, lambda eta: eta,
     np.linspace(0.02, 1.6, 90), np.array([0.16, 0.28, 0.4, 0.58, 0.8])),
    ("Hamiltonian", "#D55E00", 0.651, hamiltonian,
     lambda law, h: laws.hmc_acceptance(law, h, round(length / h)), lambda h: h,
     length / np.arange(90, 6, -1), length / np.array([33, 18, 13, 10, 8])),
):  # fmt: skip
    draws = [(law.sample(n, rng=rng), rng.standard_normal((n, d))) for _ in sizes]
    taken = [langevin.acceptance(ratio(x, z, size)) for (x, z), size in zip(draws, sizes)]
    found, error = np.mean(taken, axis=1), np.std(taken, axis=1) / np.sqrt(n)
    for size, a, e in zip(sizes, found, error):
        compare(f"{name}, size {size:.2f}: acceptance", exact(law, size), a, 5 * e)
    curve = np.array([exact(law, size) for size in fine])
    most = (speed(fine) * curve).max()
    plotting.exact_curve(curve, speed(fine) * curve / most, name="", colour=colour, ax=left)
    heights = speed(sizes) * np.array([found, error]) / most
    plotting.estimates(found, *heights, name=name, colour=colour, ax=left)
    left.axvline(best, color=colour, linestyle=":", linewidth=1.2)


# %% With a velocity: four ways to split a step, 20 000 chains of 40 steps
def force(x):
    return (2 if chosen.mistake == "kicks_twice" else 1) * line.score(x)


m, fine, share = 20_000, np.linspace(0.02, 1.9, 60), np.sqrt(2 / 20_000)
for j, scheme in enumerate(("BAOAB", "ABOBA", "OBABO", "OABAO")):
    sizes = np.array([0.4, 0.8, 1.2, 1.6]) + 0.06 * j
    style = {"colour": ("#0072B2", "#D55E00", "#009E73", "#9B5FC0")[j]}
    steps = [langevin.underdamped(force, h, 1.0, scheme) for h in sizes]
    ends = [langevin.run(step, rng.standard_normal((m, 2)), 40, rng=rng).x for step in steps]
    for i, (of, ax) in enumerate((("x", middle), ("v", right))):
        exact = [laws.kinetic_stationary(line, h, scheme).covariance[i, i] for h in (*sizes, *fine)]
        found = np.array([end[:, i].var() for end in ends])
        for h, value, v in list(zip(sizes, exact, found))[1::2]:
            compare(f"{scheme}, h = {h:.2f}: Var {of}", value, v, 5 * value * share)
        plotting.exact_curve(fine, exact[4:], name="", dashed=j % 2 == 1, ax=ax, **style)
        plotting.estimates(sizes, found, found * share, name=scheme, ax=ax, **style)
for ax, of in ((middle, "x"), (right, "v")):
    ax.set(yscale="log", ylim=(0.05, 20))
    plotting.label(ax, f"The variance of {of} (target: 1)", "h", f"Var {of}")
plotting.label(left, f"Speed by acceptance, d = {d}", "acceptance", "speed / the best")
plotting.finish(left, chosen.save, warning=chosen.warning)

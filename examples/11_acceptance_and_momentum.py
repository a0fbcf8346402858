"""How often should a proposal be refused, and which way of using momentum has no bias?

Theorem. Step size × acceptance is largest, as d → ∞, where .234 of a random walk's proposals are
accepted, .574 of Langevin's, .651 of Hamiltonian ones of fixed length; on N(0, I) acceptance is
known for every d. With a velocity, each step of size h split into drift A, kick B and friction O:
Var x is 1 at every h < 2 by BAOAB and ABOBA, 1/(1 − h²/4) by OBABO, 1 − h²/4 by OABAO.
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
rng, d, n, length = np.random.default_rng(8), 100, 4000, 1.5 * np.pi
law, line = Gaussian(np.zeros(d), 1.0), Gaussian([0.0], 1.0)


# %% refscore's way: a proposal y from draws x of p, and the log ratio that judges it
def gain(x, y):
    return law.log_density(y) - law.log_density(x)


def random_walk(x, z, tau):
    return gain(x, x + tau * z)


def langevin_step(x, z, eta):
    y = langevin.ula(law.score, eta)(x, z)
    if chosen.mistake == "no_way_back":
        return gain(x, y)
    return langevin.metropolis_log_ratio(law.log_density, law.score, x, y, eta)


def hamiltonian(x, v, h):
    y, w = langevin.leapfrog(law.score, x, v, h, round(length / h))
    kinetic = 0 if chosen.mistake == "kinetic_left_out" else ((w**2 - v**2) / 2).sum(-1)
    return gain(x, y) - kinetic


def exact_hamiltonian(law, h):
    return laws.hmc_acceptance(law, h, round(length / h))


# %% The obvious way: try step sizes; but the acceptance of each is known
methods = {  # log ratio, exact acceptance, sizes for a curve, what speed is, sizes tried
    "random walk": (random_walk, laws.random_walk_acceptance, np.linspace(0.02, 0.6, 90), 2,
                    [0.06, 0.14, 0.24, 0.34, 0.44]),
    "Langevin": (langevin_step, laws.mala_acceptance, np.linspace(0.02, 2.2, 90), 1,
                 [0.16, 0.35, 0.58, 0.9, 1.3]),
    "Hamiltonian": (hamiltonian, exact_hamiltonian, length / np.arange(60, 3, -1), 1,
                    length / np.array([20, 11, 8, 6, 5])),
}  # fmt: skip
left, middle, right = plotting.axes(3, width=15.5, height=4.4)
for (name, (log_ratio, exact, fine, power, sizes)), colour, best in zip(
    methods.items(), ("#009E73", "#0072B2", "#D55E00"), (0.234, 0.574, 0.651)
):
    curve = np.array([exact(law, size) for size in fine])
    top = (fine**power * curve).max()
    plotting.exact_curve(curve, fine**power * curve / top, name="", colour=colour, ax=left)
    left.axvline(best, color=colour, linestyle=":", linewidth=1)
    for size in sizes:
        taken = langevin.acceptance(log_ratio(law.sample(n, rng=rng), rng.normal(size=(n, d)), size))
        a, error = taken.mean(), taken.std() / np.sqrt(n)
        compare(f"acceptance, {name}, size {size:.2f}", exact(law, size), a, 5 * error)
        plotting.estimates([a], [size**power * a / top], [size**power * error / top],
                           name=name if size == sizes[0] else "", colour=colour, ax=left)  # fmt: skip
plotting.label(left, f"Size × acceptance, d = {d}", "acceptance", "speed / best speed")

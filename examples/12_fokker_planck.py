"""Where does a density go when every point follows dX = f dt + g dw?

Theorem. It follows ∂p/∂t = −∂(f p) + ½ ∂²(g² p). On cells that exchange mass at the right rates
no mass is lost, nothing falls below 0, and the error falls as h². With f = ½ g² ∇log π it ends in
π; what is slowest on the way dies as e^{−λt}: between two wells U = x⁴/4 − x²/2 at inverse
temperature β, λ nears Eyring and Kramers' (√2/π) e^{−β/4}, from above, then from below.
"""

import numpy as np
from course import compare, options, plotting

from refscore import diffusion, langevin, processes
from refscore.distributions import Gaussian, GaussianMixture

MISTAKES = {
    "no_half": "the noise spreads by g², not by ½ g²",
    "uphill": "the drift has the wrong sign",
    "open_ends": "the density is 0 at the ends: mass leaves",
    "frozen": "drift and noise stay those of the start",
}
chosen = options(__doc__.splitlines()[0], MISTAKES, film=True)
ends = "absorbing" if chosen.mistake == "open_ends" else "reflecting"


# %% The equation as refscore takes it, with the mistake if one was asked for
def equation(f, g):
    sign, factor = (-1 if chosen.mistake == "uphill" else 1), 1 + (chosen.mistake == "no_half")
    at = (lambda t: 0.1) if chosen.mistake == "frozen" else (lambda t: t)
    return lambda x, t: sign * f(x, at(t)), lambda x, t: factor**0.5 * g(x, at(t))


# %% A forward process, whose p_t is known: a quarter of the error on cells of half the width
data = GaussianMixture([0.35, 0.65], [[-1.2], [1.0]], [0.05, 0.15])
p, terms = diffusion.DiffusedDensity(processes.VP(), data), diffusion.forward_terms(processes.VP())
errors = []
for n in (60, 120, 240):
    grid, way = diffusion.uniform_grid(-5, 5, n, ends=ends), {"n_steps": n, "every": n // 12}
    given = grid.density(p.at(0.1)), *equation(*terms), grid, 0.1, 0.4
    end = diffusion.density_evolution(*given, **way)
    x, exact = grid.points[:, 0], [np.exp(p.log_density(grid.points, t)) for t in end.times]
    errors.append(np.abs(end.density - exact[-1]).max())
compare("VP: p at time 0.4, near 0", exact[-1][n // 2], end.density[n // 2], 1e-4)
compare("VP: order of the error in h", 2.0, np.log2(errors[1] / errors[2]), 0.2)
if chosen.animate:
    plotting.animate(x, end.densities, end.times, chosen.animate, exact=np.array(exact))

# %% Heat between walls: the first wave of a box dies as e^{−½π²t}
box = diffusion.uniform_grid(0, 1, 100, ends=ends)
wave, still = np.cos(np.pi * box.centres[:, 0]), equation(lambda x, t: 0 * x, lambda x, t: 1.0)
heat = diffusion.density_evolution(1 + 0.8 * wave, *still, box, 0, 0.2, n_steps=50)
size = 2 * np.mean(heat.density * wave)
compare("box: the wave at time 0.2", 0.8 * np.exp(-0.1 * np.pi**2), size, 2e-3)
compare("box: mass at time 0.2", 1.0, heat.mass, 1e-9)

# %% Two wells. P(X > 0) at times 2, 4, 6, 8, and λ, from another method: sinc functions
BETAS, KNOWN = (2, 8, 16, 32, 64), (0.42294465, 0.05681833, 0.0074449)
line, start = diffusion.uniform_grid(-2.6, 2.6, 260, ends=ends), Gaussian([-1.0], 0.02)
wells = [equation(lambda x, t: x - x**3, lambda x, t, b=b: (2 / b) ** 0.5) for b in BETAS]
gaps = [diffusion.spectral_gap(*pair, line) for pair in wells]
for b, known, gap in zip(BETAS, KNOWN, gaps):
    compare(f"two wells: λ at β = {b}", known, gap, 1e-3 * known)
# The obvious way: chains with noise, ½ η s = 0.02 f. refscore's way: their density on cells
UPPER = 0.03483847, 0.08441982, 0.12905196, 0.16889819
rng, n, chains = np.random.default_rng(6), 4000, []
step, y = langevin.ula(lambda x: 8 * (x - x**3), 0.005), start.sample(n, rng=rng)
given = line.density(start), *wells[1], line, 0, 8
moved = diffusion.density_evolution(*given, n_steps=160, every=10)
upper = moved.densities[:, 130:].sum(axis=1) * line.volumes[0]
for k, known in enumerate(UPPER):
    y = langevin.run(step, y, 100, rng=rng).x
    chains.append((y > 0).mean())
    compare(f"cells: P(X > 0) at time {2 * k + 2}", known, upper[4 * k + 4], 1e-4)
    compare(f"chains: P(X > 0) at time {2 * k + 2}", known, chains[-1], 5 * np.sqrt(known / n))

# %% The figure
first, second, third = plotting.axes(3, width=15.5, height=4.4)
plotting.density_frames(x, end.densities[::4], end.times[::4], ax=first)
for q in exact[::4]:
    plotting.exact_curve(x, q, name="", dashed=True, ax=first)
plotting.exact_curve(moved.times, upper, name="density on cells", ax=second)
bars, betas = np.sqrt(np.array(UPPER) / n), np.linspace(1, 66, 60)
plotting.estimates([2, 4, 6, 8], chains, bars, name=f"{n} chains", ax=second)
rule = {"name": "Eyring-Kramers", "dashed": True, "ax": third}
plotting.exact_curve(betas, 2**0.5 / np.pi * np.exp(-betas / 4), **rule)
plotting.estimates(BETAS, np.abs(gaps), np.zeros(5), name="λ on cells", ax=third)
third.set_yscale("log")
plotting.label(first, "A forward process: exact (dashed) over cells", "x", "density")
plotting.label(second, "Two wells, β = 8: all from the lower", "time", "P(X > 0)")
plotting.label(third, "The slowest rate between the wells", "β", "λ")
plotting.finish(first, chosen.save, warning=chosen.warning)

"""How far from its target does Langevin's chain settle, and what brings it back?

Theorem. On N(0, S) the step x + (η/2) s(x) + √η z settles at N(0, S(I − (η/4)S⁻¹)⁻¹), for
η < 4 λ_min: too wide, most of all where S is narrow. To accept the step to y with chance
min(1, p(y) q(y→x) / p(x) q(x→y)) brings N(0, S) back, whatever η. Without q it does not, however
small η is: the chain then tends to p², a distance (1 − 1/√2) √tr S away.
"""

import numpy as np
from course import compare, options, plotting

from refscore import langevin, laws
from refscore.distributions import Gaussian
from refscore.identities.base import Draws, Normal
from refscore.verify import evidence

MISTAKES = {
    "spellings_mixed": "noise √(2η) z beside the drift (η/2) s: two spellings of one step",
    "no_way_back": "the test is p(y)/p(x), as if the proposal were symmetric",
    "stale_score": "the way back from y is proposed with the score of x",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
widths, turn = np.sqrt([1.0, 0.15]), np.array([[0.8, -0.6], [0.6, 0.8]])
law = Gaussian([0.0, 0.0], (turn * widths**2) @ turn.T)
etas, n, rng = np.array([0.1, 0.2, 0.3, 0.4, 0.5]), 20_000, np.random.default_rng(5)


# %% The obvious way: the plain chain, and hope that η is small
def plain(eta):
    noise = np.sqrt(2 if chosen.mistake == "spellings_mixed" else 1)
    return lambda x, z: langevin.ula(law.score, eta)(x, noise * z)


# %% refscore's way: langevin.mala; and its test by hand, where a mistake can be made
def adjusted(eta, mistake=chosen.mistake):
    if mistake not in ("no_way_back", "stale_score"):
        return langevin.mala(law.log_density, law.score, eta)

    def step(x, noise):
        y, drift = langevin.ula(law.score, eta)(x, noise[0]), eta / 2 * law.score(x)
        log_ratio = law.log_density(y) - law.log_density(x)
        if mistake == "stale_score":
            log_ratio += ((y - x - drift) ** 2 - (x - y - drift) ** 2).sum(-1) / (2 * eta)
        return np.where((np.log(noise[1]) < log_ratio)[:, None], y, x)

    step.parts = "normal", "uniform"
    return step


# %% n chains from the target: 60 steps later, how far are they, in Wasserstein distance?
ends, found, paths, most = {}, {}, {}, widths.max() / np.sqrt(2 * n)
for name, way in (("plain", plain), ("adjusted", adjusted)):
    ends[name] = [langevin.run(way(eta), law.sample(n, rng=rng), 60, rng=rng).x for eta in etas]
    sds = np.array([(x @ turn).std(0) for x in ends[name]])
    gap = np.linalg.norm(sds - widths, axis=1)
    found[name] = gap, np.linalg.norm((sds - widths) * sds, axis=1) / gap / np.sqrt(2 * n)
for eta, gap, error, other in zip(etas, *found["plain"], found["adjusted"][0]):
    compare(f"distance, plain, step size {eta}", laws.wasserstein_bias(law, eta), gap, 5 * error)
    compare(f"distance, adjusted, step size {eta}", 0, other, 5 * most)

# %% One step from draws of the target, at η = 0.4: how soon does a wrong one show?
steps = {"adjusted": adjusted(0.4), "plain": lambda x, noise: plain(0.4)(x, noise[0])}
steps |= {f"with {wrong}": adjusted(0.4, wrong) for wrong in ("no_way_back", "stale_score")}
for name, step in steps.items():
    seen = evidence.Sequence(Draws(name, None, Normal(law.mean, law.covariance), eps=0.02))
    while (known := seen.decide(1e-6, 1e-6)).verdict == "undecided":
        noise = rng.standard_normal((500, 2)), rng.random(500)
        seen.update(step(law.sample(500, rng=rng), noise))
    paths[name] = seen.path
    print(f"{name}: {known.verdict} after {known.n} draws")

# %% The figure: laws, distances, and the evidence as it comes in
panels, blue, gold, red = plotting.axes(3, width=15, height=4.4), "#0072B2", "#C98A00", "#D55E00"
circle, fine = np.exp(2j * np.pi * np.arange(20) / 20), np.linspace(0.005, 0.52, 100)
for name, k, colour in (("adjusted", 4, blue), ("plain", 2, gold), ("plain", 4, red)):
    exact = law if name == "adjusted" else laws.langevin_stationary(law, etas[k])
    at = rf"{name}, $\eta$ = {etas[k]}"
    plotting.ellipse(law.mean, exact.covariance, name=at, colour=colour, ax=panels[0])
    dots = np.linalg.cholesky(np.cov(ends[name][k].T)) @ [circle.real, circle.imag]
    panels[0].plot(*dots, "o", color=colour, ms=4)
biases = [laws.wasserstein_bias(law, eta) for eta in fine]
for name, colour, exact in (("plain", red, biases), ("adjusted", blue, 0 * fine)):
    plotting.exact_curve(fine, exact, name="", colour=colour, ax=panels[1])
    plotting.estimates(etas, *found[name], name=f"{name}, {n} chains", colour=colour, ax=panels[1])
plotting.evidence_paths(paths, ax=panels[2])
panels[0].set(ylim=(-1.15, 1.75))
plotting.label(panels[0], "Where they settle (adjusted: the target)", "x", "y", legend="upper left")
plotting.label(panels[1], "The plain chain's bias grows", r"$\eta$", "Wasserstein distance")
plotting.label(panels[2], r"One step from exact draws, $\eta$ = 0.4", "draws", r"$\log_{10} E$")
plotting.finish(panels, chosen.save, warning=chosen.warning)

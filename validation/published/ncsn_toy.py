"""The toy of the first noise-conditional score networks: does annealing find the weight .8?

Two hills of the plane, .8 N((5, 5), I) + .2 N((−5, −5), I), chains from U[−8, 8]². Along
u = (x + y)/√2 the chain goes on by itself, on .8 N(√50, 1) + .2 N(−√50, 1), so the exact law of
its weights is carried over a grid; across, it is a chain on N(0, 1). The annealed scores are those
of hills whose standard deviation is σ itself (not √(1 + σ²), as of data with noise).
"""

from __future__ import annotations

import numpy as np

from refscore import langevin, laws
from refscore.distributions import GaussianMixture
from refscore.nodes import Nodes
from validation.published import ERRORS, Row, say

CHAINS, FEWER = 20_000, 5000  # as in the first column
STEP, SIGMAS = 0.1, np.geomspace(20, 1, 10)
TITLE = (
    "The toy of Song and Ermon 2019 (runners/toy_runner.py of their ncsn) with exact scores: the"
    " chains that end in the hill at (5, 5), of weight .8, and the variance across. First column:"
    " a separate implementation, run with as many chains; exact: the law of the chain over a grid."
)
STEPS_EACH = {10: 0.674, 30: 0.749, 100: 0.789, 300: 0.805}


class Simulated(Row):
    """A number whose first column has a Monte-Carlo error of its own, that of `found`."""

    __slots__ = ()

    @property
    def holds(self) -> bool:
        """Both runs within five errors of the exact value."""
        return max(abs(self.published - self.exact) / self.error, abs(self.apart)) < ERRORS


def _hills(points, sigma=1.0):
    """The score of the plane's hills, or of the line's, by the dimension of the points."""
    far = np.full(points.shape[-1], 5.0 if points.shape[-1] == 2 else np.sqrt(50))
    return GaussianMixture([0.8, 0.2], [far, -far], [sigma**2, sigma**2]).score(points)


def _start() -> Nodes:
    """u = (x + y)/√2 of a uniform point: a triangle over ±8√2."""
    end = 8 * np.sqrt(2)
    flat = laws.uniform_start(-end, end, 1200)
    return Nodes(flat.points, flat.weights * 2 * (1 - np.abs(flat.points[:, 0]) / end))


def _plain():
    below = laws.chain_distribution(_hills, STEP, 1000, _start(), np.zeros(1), -25, 25)
    step = langevin.ula(_hills, STEP)
    return 1 - below[0], lambda x, rng: langevin.run(step, x, 1000, rng=rng, moments=False).x


def _annealed(n_each, step_size=STEP):
    reach = -180, 180  # nine standard deviations of the first level
    below = laws.annealed_distribution(
        _hills, SIGMAS, step_size, n_each, _start(), np.zeros(1), *reach
    )
    return 1 - below[
        0
    ], lambda x, rng: langevin.annealed(_hills, x, SIGMAS, step_size, n_each, rng=rng).x


def _weight(name, published, chain, n, rng):
    """The row of a chain's weight at (5, 5), and its last points."""
    say(name)
    exact, run = chain
    x = run(rng.uniform(-8, 8, (n, 2)), rng)
    error = np.sqrt(exact * (1 - exact) / n)
    return Simulated(name, published, float(exact), (x.sum(1) > 0).mean(), error), x


def _across(name, published, step_size, x):
    """The row of the variance of (x − y)/√2, 1/(1 − η/4) after so many steps."""
    exact = 1 / (1 - step_size / 4)
    found = ((x[:, 0] - x[:, 1]) ** 2 / 2).mean()
    return Row(name, published, exact, found, exact * np.sqrt(2 / len(x)))


def toy_table(chains=CHAINS, fewer=FEWER, *, rng=None) -> list[Row]:
    """Weights and variances of plain and annealed chains, in both spellings of the step."""
    rng = np.random.default_rng(rng)
    plain, x = _weight("Langevin, 1000 steps: weight", 0.511, _plain(), chains, rng)
    rows = [plain, _across("the same: variance across", 1.026, STEP, x)]
    ten, _ = _weight("annealed, 10 × 100: weight", 0.784, _annealed(100), chains, rng)
    twice = "annealed, 10 × 100, steps twice as long: weight"
    long, x = _weight(twice, 0.787, _annealed(100, 2 * STEP), chains, rng)
    rows += [ten, long, _across("the same: variance across", 1.053, 2 * STEP, x)]
    for n_each, published in STEPS_EACH.items():
        name = f"annealed, 10 × {n_each}, {fewer} chains: weight"
        rows.append(_weight(name, published, _annealed(n_each), fewer, rng)[0])
    return rows

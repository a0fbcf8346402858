"""How far samplers end from Gaussian data: their exact laws after N steps, no draw.

Twenty eigenvalues from .001 to 1, a variance-preserving process with β from .1 to 20, exact
scores, start from N(0, I), cut-off ε = .001. Beside `laws.sampler_law`, which probes the step
itself, stands the recursion of each variance written out by hand.
"""

from __future__ import annotations

import numpy as np

from refscore import diffusion, discrepancies, distributions, laws, processes
from refscore.diffusion.euler import Euler
from validation.published import Row

LOW, HIGH, END = 0.1, 20.0, 1e-3
EIGENVALUES = np.logspace(-3, 0, 20)
COUNTS = (50, 250, 500, 1000)
TITLE = (
    "Wasserstein-2 distance from N(0, S), S of twenty eigenvalues from .001 to 1, of samplers"
    " with exact scores under a variance-preserving process (β from .1 to 20, down to t = .001,"
    " ancestral ones down to 0), after N steps. Exact: the law of the library's own steps; found:"
    " the recursion of every variance, written out by hand. The last two rows are the distances"
    " of the exact flow, stopped at t = .001 and .00001: what no solver can be below but by"
    " cancellation."
)
PUBLISHED = {
    "Euler-Maruyama": (0.1479, 0.0132, 0.0075, 0.0051),
    "Euler-Maruyama, no noise in the last step": (0.1184, 0.0110, 0.0028, 0.0015),
    "Euler-Maruyama on score_sde's grid, no last noise": (0.1196, 0.0171, 0.0070, 0.0021),
    "ancestral, small variance": (0.1980, 0.0551, 0.0309, 0.0171),
    "ancestral, large variance": (0.0724, 0.0125, 0.0061, 0.0030),
    "probability flow, Euler": (0.0384, 0.0068, 0.0029, 0.0020),
    "probability flow, Heun": (0.0233, 0.0040, 0.0033, 0.0031),
}
FLOORS = {1e-3: 3.09e-3, 1e-5: 3.96e-5}


class Recursed(Row):
    """A number by the library's law and by a recursion, which share no rounding."""

    __slots__ = ()

    @property
    def holds(self) -> bool:
        """The recursion agrees to rounding, and the law is as printed."""
        decimals = 7 if self.published < 1e-4 else 5 if self.name.startswith("exact") else 4
        printed = abs(self.exact - self.published) <= 0.5001 * 10.0**-decimals
        return abs(self.found - self.exact) < self.error and printed


class ScoreSdeGrid(Euler):
    """Euler-Maruyama on N times from 1 to ε, every step 1/N long: from 1, and past ε."""

    def __init__(self, process, score_at, n):
        super().__init__(process, score_at)
        self.h = 1 / n

    def plan(self, t, s):
        h, (a, b, c) = self.h, self.slopes(t)
        return self.linear(t, 1 - h * a, h * b, h**0.5 * c)


def sampler_table(counts=COUNTS) -> list[Row]:
    """Every scheme at every number of steps, and the floors."""
    rows = []
    for name, published in PUBLISHED.items():
        for n, number in zip(COUNTS, published):
            if n in counts:
                exact, found = _distance(_law(name, n)), _w2(_recursion(name, n))
                rows.append(Recursed(f"{name}, N = {n}", number, exact, found, 1e-9))
    return rows + [_floor(end, number) for end, number in FLOORS.items()]


def _law(name: str, n: int):
    data, vp = distributions.Gaussian(np.zeros(20), EIGENVALUES), processes.VP(LOW, HIGH)
    grid, last = np.linspace(1, END, n + 1), "noise"
    if name.startswith("ancestral"):
        table = processes.from_betas(np.linspace(LOW / n, HIGH / n, n)).process()
        step = diffusion.ancestral(table, data, name.split()[1])
        grid, last = np.linspace(1, 0, n + 1), "mean"
    elif "score_sde" in name:
        step, last = ScoreSdeGrid(vp, data, n), "mean"
        grid = np.append(np.linspace(1, END, n), 0)
    elif name.startswith("Euler"):
        step, last = diffusion.euler_maruyama(vp, data), "mean" if "no noise" in name else "noise"
    else:
        make = diffusion.flow_heun if "Heun" in name else diffusion.flow_euler
        step = make(vp, data)
    return laws.sampler_law(step, np.zeros(20), np.eye(20), grid, last=last)


def _distance(law) -> float:
    data = distributions.Gaussian(np.zeros(20), EIGENVALUES)
    return float(discrepancies.wasserstein_gaussian(law, data))


def _w2(variances) -> float:
    return float(np.sqrt(np.sum((np.sqrt(variances) - np.sqrt(EIGENVALUES)) ** 2)))


def _recursion(name: str, n: int) -> np.ndarray:
    """The variances at the end: v ← a² v + b², eigenvalue by eigenvalue."""
    v, grid, h = np.ones(20), np.linspace(1, END, n + 1), (1 - END) / n
    if name.startswith("ancestral"):
        return _ancestral(name, n)
    if "score_sde" in name:
        grid, h = np.append(np.linspace(1, END, n), 0), 1 / n
    share = 1.0 if name.startswith("Euler") else 0.5
    for k, t in enumerate(grid[:-1]):
        a = 1 + h * _rate(t, share)
        if "Heun" in name:
            a = 1 + h / 2 * (_rate(t, share) + _rate(t - h, share) * a)
        still = share < 1 or (k == n - 1 and "no " in name)
        v = a * a * v + (0 if still else h * _beta(t))
    return v


def _ancestral(name: str, n: int) -> np.ndarray:
    betas = np.linspace(LOW / n, HIGH / n, n)
    kept, v = np.cumprod(1 - betas), np.ones(20)
    for k in range(n - 1, -1, -1):
        before = kept[k - 1] if k else 1.0
        a = (1 - betas[k] / (kept[k] * EIGENVALUES + 1 - kept[k])) / np.sqrt(1 - betas[k])
        small = betas[k] * (1 - before) / (1 - kept[k])
        v = a * a * v + (0 if k == 0 else small if "small" in name else betas[k])
    return v


def _beta(t: float) -> float:
    return LOW + (HIGH - LOW) * t


def _marginal(t: float) -> tuple[float, float]:
    """(α², σ²)."""
    area = LOW * t + (HIGH - LOW) * t * t / 2
    return np.exp(-area), -np.expm1(-area)


def _rate(t: float, share: float) -> np.ndarray:
    """The slope of a deviation: β/2 - share β/(α² λ + σ²)."""
    a2, s2 = _marginal(t)
    return _beta(t) * (0.5 - share / (a2 * EIGENVALUES + s2))


def _floor(end: float, published: float) -> Row:
    """The exact flow from N(0, I) at t = 1."""
    data, vp = distributions.Gaussian(np.zeros(20), EIGENVALUES), processes.VP(LOW, HIGH)
    matrix = diffusion.flow_map(data, vp, 1.0, end).matrix
    exact = _distance(distributions.Gaussian(np.zeros(20), matrix @ matrix.T))
    (a_s, s_s), (a_t, s_t) = _marginal(end), _marginal(1.0)
    found = _w2((a_s * EIGENVALUES + s_s) / (a_t * EIGENVALUES + s_t))
    return Recursed(f"exact flow to t = {end:g}", published, exact, found, 1e-9)

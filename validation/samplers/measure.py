"""What is measured of a sampler: its exact law, its orders, its distance to a written formula.

A sampler here is `run(denoise, x, levels) -> x at levels[-1]`, in x / α, from exact starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.linalg import sqrtm
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from validation.samplers.noise import Given, Units, Zeros, drawn
from validation.samplers.problems import GAUSSIAN, MIXTURE, graded, levels


@dataclass(frozen=True)
class Sampler:
    """One sampler of one library.

    run(denoise, x, levels); published: the order its source gives, None where it gives none;
    source: where; reference: the formula it cites, written in references.py, the same way;
    one_step: no memory between steps; starts: its first steps are of lower order (unless one_step);
    alternating: takes uneven levels; floor: errors below
    are rounding (tables in float32); counts of steps; note, for the table.
    """

    library: str
    name: str
    run: Callable
    published: int | None = None
    source: str = ""
    reference: Callable | None = None
    one_step: bool = True
    starts: bool = True
    alternating: bool = True
    framework: str = "torch"
    floor: float = 1e-10
    counts: tuple[int, ...] = (16, 32, 64, 128)
    note: str = ""

    def levels(self, n: int) -> np.ndarray:
        return levels(n, self.alternating)

    def __call__(self, law, x, at, draw) -> np.ndarray:
        """The samples at at[-1] from x (rows, d) at at[0], its noise from `draw`."""
        if self.framework == "torch":
            return _torch(self.run, law, x, at, draw)
        return self.run(law, x, at, draw)


def _torch(run, law, x, at, draw) -> np.ndarray:
    import torch

    exact = law.denoiser()

    def denoise(y, level):
        return torch.from_numpy(exact(y.double().numpy(), float(level))).to(y.dtype)

    with drawn(draw), torch.no_grad():
        return run(denoise, torch.from_numpy(x), at).double().numpy()


def formula(reference) -> Callable:
    """A formula of references.py, called as a Sampler is."""
    return lambda law, x, at, draw: reference(law.denoiser(), x, at, draw)


def affine_law(sampler, at) -> tuple[np.ndarray, np.ndarray, int]:
    """(mean, covariance, draws) of what comes out on Gaussian data, by probing an affine map."""
    d, start = len(GAUSSIAN.mean), GAUSSIAN.covariance_at(at[0])
    count = Zeros()
    sampler(GAUSSIAN, np.zeros((1, d)), at, count)
    x = np.zeros((1 + d * (1 + count.count), d))
    x[1 : 1 + d] = np.eye(d)
    out = sampler(GAUSSIAN, x, at, Units(1 + d))
    offset, parts = out[0], out[1:] - out[0]
    M, B = parts[:d], parts[d:]
    _must_be_affine(sampler, at, offset, M, B.reshape(-1, d, d))
    noisy = count.count if np.abs(B).max(initial=0.0) > 0 else 0
    return GAUSSIAN.mean @ M + offset, M.T @ start @ M + B.T @ B, noisy


def _must_be_affine(sampler, at, offset, M, B) -> None:
    rng = np.random.default_rng()
    d = len(offset)
    x, z = rng.standard_normal((5, d)), rng.standard_normal((len(B), 5, d))
    out = sampler(GAUSSIAN, x, at, Given(z))
    expected = offset + x @ M + np.einsum("knd,kde->ne", z, B)
    gap = np.abs(out - expected).max() / np.abs(expected).max()
    if not gap < 1e-4:
        raise ValueError(f"not affine on Gaussian data, or its rows are coupled: {gap:.1e}")


def gaussian_error(sampler, at) -> float:
    """The W2 distance of its law to the data's at the last level.

    |m - m'| and |√S - √S'|, which is W2 where S and S' commute, as here, and resolves 1e-15.
    """
    mean, covariance, _ = affine_law(sampler, at)
    exact = GAUSSIAN.covariance_at(at[-1])
    spread = np.linalg.norm(np.real(sqrtm(covariance)) - np.real(sqrtm(exact)))
    return float(np.hypot(np.linalg.norm(mean - GAUSSIAN.mean), spread))


def flow_error(sampler, n: int) -> float:
    """Root mean square distance to the exact flow of the mixture, over 64 quantiles."""
    p, at = (np.arange(64) + 0.5) / 64, sampler.levels(n)
    out = sampler(MIXTURE, MIXTURE.quantiles(p, at[0]), at, Zeros())
    return float(np.sqrt(np.mean((out - MIXTURE.quantiles(p, at[-1])) ** 2)))


TESTS = (
    lambda x: x,
    lambda x: x**2,
    np.cos,
    np.sin,
    lambda x: np.cos(2 * x),
    lambda x: np.tanh(3 * x),
)


def weak_error(sampler, n: int) -> float:
    """The largest error of E f over six functions f, on the mixture.

    One-step methods: E[f | x] is carried back step by step on a grid, noise by
    Gauss-Hermite nodes, then integrated against the law at the start: no draws. Others: a
    randomised net of normal draws for the start and all noise.
    """
    at = sampler.levels(n)
    found = _carried_back(sampler, at) if sampler.one_step else _net(sampler, at)
    x = np.linspace(-9, 9, 20001)
    exact = [np.trapezoid(MIXTURE.density(x, at[-1]) * f(x), x) for f in TESTS]
    return float(np.abs(found - exact).max())


def _carried_back(sampler, at, points=160, nodes=16) -> np.ndarray:
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    values = None
    for k in range(len(at) - 2, -1, -1):
        grid = _grid(at[k], points)
        count = Zeros()
        sampler(MIXTURE, grid[:1, None], at[k : k + 2], count)
        draws = np.meshgrid(*[z] * count.count, indexing="ij") if count.count else []
        mass = np.ones(1)
        for _ in range(count.count):
            mass = np.multiply.outer(mass, w)
        mass = mass.ravel()
        rows = np.repeat(grid, len(mass))[:, None]
        given = Given(np.tile(u.ravel(), points)[:, None] for u in draws)
        out = sampler(MIXTURE, rows, at[k : k + 2], given)[:, 0]
        ahead = [f(out) for f in TESTS] if values is None else values(out)
        values = _interpolant(grid, (np.reshape(ahead, (len(TESTS), points, -1)) @ mass))
    x = _grid(at[0], 4001)
    return np.array([np.trapezoid(MIXTURE.density(x, at[0]) * v, x) for v in values(x)])


def _grid(level: float, points: int) -> np.ndarray:
    """Points out to nine standard deviations of the noise beyond the data."""
    return np.linspace(-1, 1, points) * (4.0 + 6.5 * level)


def _interpolant(grid, values) -> Callable:
    spline = make_interp_spline(grid, values.T, k=7)
    return lambda x: spline(np.clip(x, grid[0], grid[-1])).T


def _net(sampler, at, power=19) -> np.ndarray:
    count = Zeros()
    sampler(MIXTURE, np.zeros((1, 1)), at, count)
    u = qmc.Sobol(count.count + 1, rng=np.random.default_rng()).random_base2(power)
    u = np.clip(u, 1e-12, 1 - 1e-12)
    start = _start(u[:, 0], at[0])
    out = sampler(MIXTURE, start[:, None], at, Given(ndtri(c)[:, None] for c in u.T[1:]))[:, 0]
    return np.array([f(out).mean() for f in TESTS])


def _start(u, level: float) -> np.ndarray:
    """Quantiles of the mixture at a level, by Newton's method on a table of its distribution."""
    x = np.linspace(-1, 1, 200001) * (4.0 + 8.0 * level)
    total = np.sqrt(MIXTURE.stds**2 + level**2)
    distribution = ndtr((x[:, None] - MIXTURE.means) / total) @ MIXTURE.weights
    return np.interp(u, distribution, x)


def order(errors, floor: float) -> float:
    """The last slope of log error against log n, among errors above the floor, doubling n."""
    good = [e for e in errors if e > floor]
    return float(np.log2(good[-2] / good[-1])) if len(good) > 1 else float("nan")


def law_gap(sampler, n: int = 12) -> float:
    """The largest relative difference of mean and covariance to the formula's, n steps."""
    at = sampler.levels(n)
    (m, S, _), (m0, S0, _) = affine_law(sampler, at), affine_law(formula(sampler.reference), at)
    return float(
        max(np.abs(m - m0).max() / np.abs(m0).max(), np.abs(S - S0).max() / np.abs(S0).max())
    )


@dataclass(frozen=True)
class Measured:
    """Orders on the Gaussian, there from a graded start, and on the mixture; gap to the formula."""

    sampler: Sampler
    stochastic: bool
    gaussian: float
    graded: float | None
    mixture: float
    gap: float | None

    @property
    def own(self) -> float:
        """The order as it is run: the smaller of the two."""
        return min(self.gaussian, self.mixture)

    @property
    def verdict(self) -> str:
        """What it says of the published order, within 15 %, and of the formula, within 1e-4."""
        published, said = self.sampler.published, []
        if published is not None and not self.own > 0.85 * published:
            graded = self.graded is not None and self.graded > 0.85 * published
            said.append("its start lowers it" if graded else "lower")
        if self.gap is not None and not self.gap < 1e-4:
            said.append("another formula")
        return ", ".join(said) or ("holds" if published is not None or self.gap is not None else "")


def measure(sampler) -> Measured:
    """All of it for one sampler."""
    counts, floor = sampler.counts, sampler.floor
    stochastic = affine_law(sampler, sampler.levels(counts[0]))[2] > 0
    gaussian = [gaussian_error(sampler, sampler.levels(n)) for n in counts]
    smooth = None
    if sampler.starts and not (sampler.one_step or stochastic) and sampler.alternating:
        smooth = order([gaussian_error(sampler, graded(sampler.levels(n))) for n in counts], floor)
    few = (8, 16, 32) if stochastic and not sampler.one_step else counts
    on_mixture = [(weak_error if stochastic else flow_error)(sampler, n) for n in few]
    gap = law_gap(sampler) if sampler.reference else None
    return Measured(
        sampler, stochastic, order(gaussian, floor), smooth, order(on_mixture, floor), gap
    )

"""The probability flow of many points, each at a time of its own: velocity and divergence."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable

import numpy as np

from refscore._arguments import as_points
from refscore.diffusion._by_fields import FieldFlow
from refscore.diffusion.probability_flow import diffused, score_at_time
from refscore.distributions._components import components_of

_CHUNK = 1 << 15  # numbers of a working array: what stays in the second-level cache
_FAR = 1e4  # |s|² beyond which it is not taken off a sum of its size
_STEEP = 1e3  # |f| T beyond which f x and g² s nearly cancel


def flow_of(process, score_at, x: np.ndarray, times, probes=None, divergence=True) -> Callable:
    """The right-hand side of the flow: flow(flow.at(times)[i], y (d, n), index) -> (d + c, n).

    `flow.at(times (m, n))` holds what depends on times alone, m at once. Below the velocity
    stand c rows of its divergence: none without `divergence`, one, or vᵀ (∂v/∂x) v for each of
    the probes (n, m, d). In closed form, all points at once, for Gaussians, mixtures and
    empirical laws; field by field of every distinct time for others. `times`: where the law
    must have a score, which is tried on a row of x.
    """
    components = components_of(score_at)
    if components is not None:
        for t in times if len(x) else ():
            diffused(process, score_at, t).score(x[:1])
        return _MixtureFlow(process, components, probes, divergence)
    return FieldFlow(process, score_at_time(process, score_at), probes, divergence, x.shape[1])


def points_of(score_at, x) -> np.ndarray:
    """Points x (..., d), d that of the law or family where it has one."""
    dim = getattr(score_at, "dim", None)
    return as_points(x, "x", dim if isinstance(dim, int) else None)


class _MixtureFlow:
    """The flow of Σ_k π_k N(m_k, S_k) in closed form, structure of arrays.

        v = f x - ½ g² s,  div v = f d - ½ g² div s
        s = -Σ_k r_k q_k,  div s = Σ_k r_k (|q_k|² - tr P_k) - |s|²
        q_k = P_k z_k,  z_k = x - α m_k,  P_k = (α² S_k + σ² I)⁻¹

    In the eigenbasis of S_k, P_k is diagonal at every time. Where α is nearly 0, f x and g² s
    nearly cancel; there each component moves by its own flow, and nothing is divided by α:

        v = Σ_k r_k v_k,  v_k = α' m_k + R_k z_k,  R_k = (α α' S_k + ½ (σ²)' I) P_k
        div v = Σ_k r_k (tr R_k - (q_k - Σ_j r_j q_j)·(v_k - v))
    """

    trouble = ""

    def __init__(self, process, components, probes, divergence):
        self.process, self.probes, self.divergence = process, probes, divergence
        weights, means, spread = components
        alive = np.flatnonzero(weights > 0)
        self.log_weights, means = np.log(weights[alive])[:, None], means[alive]
        used, self.index = np.unique(spread.index[alive], return_inverse=True)
        self.index = self.index.reshape(-1)
        self._turn(spread.values[used], means)
        self.memory, self.held, self.rooms = np.empty(0), -1, []

    def _turn(self, values, means):
        """Variances (U, d, 1) and means (K, d, 1) along each component's eigenvectors."""
        self.count, self.dim = means.shape
        self.turn = None
        if values.ndim == 3:
            values, vectors = np.linalg.eigh(values)
            turn = vectors[self.index].swapaxes(1, 2)
            means = np.einsum("kij,kj->ki", turn, means)
            self.turn = np.ascontiguousarray(turn.reshape(-1, self.dim))
            self.turn_back = np.ascontiguousarray(self.turn.T)
        elif (values == values[:, :1]).all():
            values = values[:, :1]
        self.variances, self.means = values[:, :, None], np.ascontiguousarray(means[:, :, None])
        self.alone = len(values) == 1 or np.array_equal(self.index, np.arange(self.count))

    def _room(self, n):
        """Memory for n points, used again by the next call: P, three (K, d, n), two (K, n)."""
        if self.held != n:
            few, many, rows = self.variances.shape[:2], (self.count, self.dim), (self.count,)
            shapes = [(*lead, n) for lead in (few, many, many, many, rows, rows)]
            ends = np.cumsum([0, *(math.prod(shape) for shape in shapes)]).tolist()
            if self.memory.size < ends[-1]:
                self.memory = np.empty(ends[-1])
            blocks = (self.memory[i:j] for i, j in itertools.pairwise(ends))
            self.rooms = [block.reshape(shape) for block, shape in zip(blocks, shapes)]
            self.held = n
        return self.rooms

    def at(self, times):
        """(t, α, α², σ², f, ½ g²) of every row; f and g² nan where α is 0."""
        with np.errstate(all="ignore"):
            alpha, sigma = (np.broadcast_to(a, times.shape) for a in self.process.marginal(times))
            f, half = np.full((2, *times.shape), np.nan)
            some = alpha > 0 if (alpha == 0).any() else ...
            f[some] = self.process.drift_rate(times[some])
            half[some] = 0.5 * self.process.diffusion(times[some]) ** 2
        return list(zip(times, alpha, alpha**2, sigma**2, f, half, strict=True))

    def __call__(self, moment, y, index):
        size, n, y = max(1, _CHUNK // (self.count * self.dim)), len(index), y[: self.dim]
        with np.errstate(all="ignore"):
            if n <= size:
                return self._chunk(*moment, y, index)
            parts = [slice(i, i + size) for i in range(0, n, size)]
            chunks = [self._chunk(*(a[p] for a in moment), y[:, p], index[p]) for p in parts]
        return np.concatenate(chunks, axis=1)

    def _chunk(self, t, alpha, alpha2, sigma2, f, half, x, index):
        inverse, z, q, *_ = self._room(len(t))
        np.multiply(alpha2, self.variances, out=inverse)
        inverse += sigma2
        np.divide(1.0, inverse, out=inverse)
        np.multiply(alpha, self.means, out=q)
        np.subtract(self._turned(x, z), q, out=z)
        np.multiply(z, self._each(inverse), out=q)
        r = self._responsibilities(z, q, inverse)
        if self.probes is None and np.abs(f).max() * self.process.final_time < _STEEP:
            return self._by_score(x, q, r, inverse, f, half)
        return self._by_component(t, x, z, q, r, inverse, index)

    def _responsibilities(self, z, q, inverse):
        """r_k ∝ π_k √det P_k exp(-½ zᵀ P_k z), (K, n)."""
        room, r = self.rooms[3].reshape(-1)[: inverse.size], self.rooms[4]
        np.einsum("kdn,kdn->kn", z, q, out=r)
        r *= -0.5
        r += self.log_weights
        if len(inverse) > 1:
            r += self._each(
                0.5 * _summed(np.log(inverse, out=room.reshape(inverse.shape)), self.dim)
            )
        r -= r.max(axis=0)
        np.exp(r, out=r)
        r /= r.sum(axis=0)
        return r

    def _by_score(self, x, q, r, inverse, f, half):
        product, trace = self.rooms[3], self.rooms[5]
        result = np.empty((self.dim + self.divergence, x.shape[1]))
        pull = self._back(np.multiply(r[:, None], q, out=product))
        np.multiply(half, pull, out=result[: self.dim])
        result[: self.dim] += f * x
        if self.divergence:
            square = np.einsum("dn,dn->n", pull, pull)
            if square.max() > _FAR:
                q, square = q - self._turned(pull), 0.0
            np.einsum("kdn,kdn->kn", q, q, out=trace)
            np.subtract(self._each(_summed(inverse, self.dim)), trace, out=trace)
            trace *= r
            result[self.dim] = self.dim * f + half * (trace.sum(axis=0) + square)
        return result

    def _by_component(self, t, x, z, q, r, inverse, index):
        alpha, slope, growth = rates_of(self.process, t)
        rate = (alpha * slope * self.variances + growth) * inverse
        own = z * self._each(rate) + slope * self.means
        velocity = self._back(r[:, None] * own)
        if not self.divergence:
            return velocity
        pull = self._back(r[:, None] * q)
        if self.probes is not None:
            return np.concatenate([velocity, self._probed(q, own, r, pull, velocity, rate, index)])
        q, own = q - self._turned(pull), own - self._turned(velocity)
        trace = self._each(_summed(rate, self.dim)) - np.einsum("kdn,kdn->kn", q, own)
        return np.concatenate([velocity, np.einsum("kn,kn->n", r, trace)[None]])

    def _probed(self, q, own, r, pull, velocity, rate, index):
        """uᵀ (∂v/∂x) u a probe: Σ_k r_k (uᵀ R_k u - u·(q_k - q) u·(v_k - v)), q and v the means."""
        rate, rows = self._each(rate), []
        for v in self.probes[index].transpose(1, 2, 0):
            turned = self._turned(v)
            along = (turned * q).sum(axis=1) - (v * pull).sum(axis=0)
            along *= (turned * own).sum(axis=1) - (v * velocity).sum(axis=0)
            rows.append(np.einsum("kn,kn->n", r, (turned**2 * rate).sum(axis=1) - along))
        return np.array(rows)

    def _each(self, distinct):
        """What is given for every distinct covariance, for every component."""
        return distinct if self.alone else distinct[self.index]

    def _turned(self, x, out=None):
        """x along every component's eigenvectors, (K, d, n), or x itself where there are none."""
        if self.turn is None:
            return x
        flat = None if out is None else out.reshape(len(self.turn), -1)
        return np.matmul(self.turn, x, out=flat).reshape(self.count, self.dim, -1)

    def _back(self, turned):
        if self.turn is None:
            return turned.sum(axis=0)
        return self.turn_back @ turned.reshape(self.count * self.dim, -1)


def rates_of(process, t: np.ndarray) -> tuple[np.ndarray, ...]:
    """(α, α', ½ (σ²)') at times t (n,), finite also where α or σ is 0."""
    alpha, sigma = process.marginal(t)
    if hasattr(process, "marginal_rates"):
        slope, sigma_slope = process.marginal_rates(t)
        growth = np.array(np.broadcast_to(sigma * sigma_slope, t.shape))
        for i in np.flatnonzero(~np.isfinite(growth)):  # noise that starts like √t
            growth[i] = 0.5 * process.diffusion(t[i]) ** 2
    else:
        f = process.drift_rate(t)
        slope, growth = f * alpha, f * sigma**2 + 0.5 * process.diffusion(t) ** 2
    return tuple(np.broadcast_to(a, t.shape) for a in (alpha, slope, growth))


def _summed(along, dim):
    """Σ over the d coordinates of what is given for each, or for all alike: (U, n)."""
    if along.shape[1] == 1:
        return along[:, 0] * dim
    return along.sum(axis=1) if dim > 4 else functools.reduce(np.add, along.swapaxes(0, 1))

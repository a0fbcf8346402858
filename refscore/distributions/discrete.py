"""Laws on finite sets: binary pairwise models and one categorical variable; no score."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_points, as_real, as_rng, as_symmetric
from refscore.distributions.base import Distribution

MOST_BITS = 20


class BoltzmannBinary(Distribution):
    """The pairwise binary model p(x) ∝ exp(½ xᵀWx + bᵀx) on {0, 1}^d.

    conditional log odds: ln p(xᵢ = 1 | rest) − ln p(xᵢ = 0 | rest) = bᵢ + Σ_j W_ij x_j

    weights W (d, d) symmetric with zero diagonal, biases b (d,). For d ≤ 20 the normaliser
    is an enumeration of all 2^d states, made once: log densities are exact, draws and
    moments too. Above that `normalised` is False, and draws and moments raise ValueError.
    Points must hold 0 and 1 only (ValueError). Cost O(d²) a point; O(d 2^d) once.

    Checked by: ratio_loss_pointwise
    """

    smooth = False
    support = "{0, 1}^d"

    def __init__(self, weights, biases):
        with np.errstate(over="ignore", invalid="ignore"):
            self.weights = as_symmetric(weights, "weights").copy()
        self.dim = len(self.weights)
        self.biases = as_array(biases, "biases", (self.dim,)).copy()
        if np.diag(self.weights).any():
            raise ValueError("weights must have a zero diagonal (x² = x: put it into biases)")
        with np.errstate(over="ignore"):
            if not np.isfinite(np.abs(self.weights).sum() + np.abs(self.biases).sum()):
                raise ValueError("weights and biases must have absolute sums below 1.8e308")
        self.normalised = self.dim <= MOST_BITS
        self._table = None

    @property
    def score(self):
        """A discrete law has none: AttributeError."""
        raise AttributeError("BoltzmannBinary is discrete and has no score")

    def _enumerated(self):
        """Probabilities of all states, (2,)*d in the order x₁ … x_d, and log Z."""
        if not self.normalised:
            raise ValueError(f"enumeration needs dim <= {MOST_BITS}, got dim {self.dim}")
        if self._table is None:
            log_q = np.zeros(1)
            for i in range(self.dim):
                field = np.full(1, self.biases[i])
                for j in range(i):
                    field = (field[:, None] + np.array([0.0, self.weights[i, j]])).ravel()
                log_q = np.stack([log_q, log_q + field], axis=1).ravel()
            top = log_q.max()
            with np.errstate(over="ignore", under="ignore"):
                q = np.exp(log_q - top)
                total = q.sum()
                self._table = (q / total).reshape((2,) * self.dim), top + np.log(total)
        return self._table

    def _binary(self, x):
        if not ((x == 0) | (x == 1)).all():
            raise ValueError("x must hold only 0 and 1")
        return x

    def _log_density(self, x):
        x = self._binary(x)
        log_q = 0.5 * np.einsum("ni,ni->n", x @ self.weights, x) + x @ self.biases
        return log_q - self._enumerated()[1] if self.normalised else log_q

    def conditional_log_odds(self, x) -> np.ndarray:
        """b + Wx: the log odds of each coordinate given the others; x (..., d) binary."""
        x = self._binary(as_points(x, "x", self.dim))
        return x @ self.weights + self.biases

    def states(self) -> tuple[np.ndarray, np.ndarray]:
        """All states (2^d, d) and their probabilities (2^d,)."""
        table = self._enumerated()[0]
        return np.indices(table.shape).reshape(self.dim, -1).T.astype(float), table.ravel().copy()

    def sample(self, n, *, rng):
        """n exact draws (n, d) of 0.0 and 1.0, by inverting the cumulative table.

        rng: anything numpy.random.default_rng takes.
        """
        index = _draws(self._enumerated()[0].ravel(), as_count(n, "n", minimum=0), as_rng(rng))
        bits = np.arange(self.dim - 1, -1, -1)
        return ((index[:, None] >> bits) & 1).astype(float)

    @property
    def mean(self):
        """P(xᵢ = 1), (d,)."""
        return np.diag(self._pair_moments()).copy()

    @property
    def covariance(self):
        """P(xᵢ = xⱼ = 1) − P(xᵢ = 1) P(xⱼ = 1), (d, d)."""
        pairs = self._pair_moments()
        return pairs - np.outer(np.diag(pairs), np.diag(pairs))

    def _pair_moments(self):
        table, axes = self._enumerated()[0], range(self.dim)
        pairs = np.empty((self.dim, self.dim))
        for i in axes:
            given = np.take(table, 1, axis=i)[..., None]
            for j in axes:
                others = given if j == i else np.take(given, 1, axis=j - (j > i))
                pairs[i, j] = others.sum()
        return 0.5 * (pairs + pairs.T)


class Categorical:
    """One variable on {0, …, K−1}: p(k) = e^{l_k} / Σ_j e^{l_j}.

    logits l (K,), −inf allowed (probability 0) but not everywhere. Codes are whole numbers
    of any shape, without a trailing axis of coordinates; moments are those of the one-hot
    vector. Cost O(K) once, O(1) a code.

    Tested in: tests/distributions/test_discrete.py
    """

    normalised, smooth = True, False

    def __init__(self, logits):
        logits = as_real(logits, "logits")
        if logits.ndim != 1 or logits.size == 0:
            raise ValueError(f"logits must have shape (K,) with K >= 1, got shape {logits.shape}")
        if np.isnan(logits).any() or (logits == np.inf).any():
            raise ValueError("logits must be finite or -inf")
        if np.isneginf(logits).all():
            raise ValueError("logits must not all be -inf")
        self.logits = logits.copy()
        self.logits.flags.writeable = False
        top = logits.max()
        with np.errstate(over="ignore", under="ignore"):
            self._log_p = (logits - top) - np.log(np.exp(logits - top).sum())
        self.support = f"{{0, ..., {logits.size - 1}}}"

    def __repr__(self):
        return f"Categorical(K={self.logits.size})"

    @property
    def probabilities(self):
        """p(k), (K,)."""
        with np.errstate(under="ignore"):
            return np.exp(self._log_p)

    mean = probabilities

    @property
    def covariance(self):
        """diag(p) − p pᵀ, (K, K)."""
        p = self.probabilities
        return np.diag(p) - np.outer(p, p)

    def log_density(self, x) -> np.ndarray:
        """ln p(x) of codes x (...,), whole numbers in 0 … K−1; result (...,)."""
        codes = as_array(x, "x")
        if not ((codes >= 0) & (codes < len(self._log_p)) & (codes == np.floor(codes))).all():
            raise ValueError(f"x must hold whole numbers from 0 to {len(self._log_p) - 1}")
        return self._log_p[codes.astype(int)]

    def sample(self, n, *, rng) -> np.ndarray:
        """n draws (n,) of codes, whole numbers; rng: anything numpy.random.default_rng takes.

        Cost: O(K) once, then a uniform number and a look-up each, whatever K, where draws are many
        more than codes, and O(log K) each where they are few.
        """
        return _draws(self.probabilities, as_count(n, "n", minimum=0), as_rng(rng))


BLOCK = 1 << 15  # draws at once
FINE, MOST_CELLS = 128, 1 << 22  # cells a code; of a table, 32 MB


def _draws(p, n, rng):
    """n indices: of each uniform number u the first whose cumulative mass exceeds u.

    [0, 1) is cut into equal cells. Where one index fills its cell it is looked up, elsewhere the
    cumulative masses are searched (Chen and Asau 1974). Never one without mass.
    """
    mass = np.cumsum(p)
    mass /= mass[-1]
    cells = 1 << max(0, min(FINE * len(p), n // 2, MOST_CELLS).bit_length() - 1)
    table = _up_to(np.ceil(mass * cells), cells)  # how many masses are at most a cell's low end,
    table[table != _up_to(np.floor(mass * cells), cells)] = -1  # how many are below its high end
    out, u = np.empty(n, dtype=np.intp), np.empty(min(BLOCK, n))
    for start in range(0, n, BLOCK):
        here, part = out[start : start + BLOCK], u[: n - start]
        cell = (rng.random(out=part) * cells).astype(np.intp)
        table.take(cell, out=here, mode="clip")  # other modes copy; u < 1, so nothing is clipped
        shared = np.flatnonzero(here < 0)
        here[shared] = np.searchsorted(mass, part[shared], side="right")
    return out


def _up_to(at, n):
    """How many are at most i, for i = 0 ... n - 1."""
    return np.bincount(at.astype(np.intp), minlength=n)[:n].cumsum()

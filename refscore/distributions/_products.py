"""The logits and score of a mixture by two matrix products, near the data.

With y = (x − c) ∘ scale around the middle c of the means, and P_k, m_k in those coordinates,

    ℓ_k = const_k − ½ m_kᵀ P_k m_k + (P_k m_k)·y − ½ yᵀ P_k y
    s   = Σ_k r_k P_k m_k − (Σ_k r_k P_k) y

is linear in the features [y; −½ y_i y_j; 1] on one side and in the weights r_k on the other,
both through the same matrix [P_k m_k; P_k; ·]. Isotropic components need |y|² only, diagonal
ones y_i². The price is rounding: the terms of ℓ_k are up to the *reach* p (|y| + |m|)², with p
the largest eigenvalue of any P_k and |m| the largest mean, so that ℓ_k errs by about ε/4 of it.
Up to `EXACT` that is below 5e-13, what subtracting means first would leave. Farther out, up to
`SCREENED`, the logits still tell which components cannot matter.
"""

from __future__ import annotations

import numpy as np

from refscore.distributions._blocks import FAINT, softmax

EXACT, SCREENED = 8000.0, 1e13
LARGEST_ODDS = 700.0  # e^ℓ₁/e^ℓ₂ is taken no larger than e^700, so that it is finite
MOST_QUADRATIC = 36  # features of a full covariance at d = 8


class Products:
    """Σ_k exp(ℓ_k) and its score from features; made by `products_of`."""

    def __init__(self, constants, means, spread):
        self.dim = means.shape[1]
        precision = spread.precision[spread.index]
        diagonal = np.diagonal(precision, axis1=1, axis2=2) if spread.full else precision
        self.scale = np.sqrt(diagonal.mean(axis=0))[:, None]
        self.centre = (0.5 * means.min(axis=0) + 0.5 * means.max(axis=0))[:, None]
        m = (means - self.centre.T) * self.scale.T
        self.full, self.isotropic = spread.full, bool((diagonal == diagonal[:, :1]).all())
        if spread.full:
            precision = precision / (self.scale * self.scale.T)
            self.row, self.column = np.triu_indices(self.dim)
            self.times = np.where(self.row == self.column, -0.5, -1.0)[:, None]
            linear = np.einsum("kij,kj->ki", precision, m)
            quadratic = precision[:, self.row, self.column]
            steepest = np.linalg.norm(precision, 2, axis=(1, 2)).max()
        else:
            self.times = -0.5
            precision = precision / (self.scale**2).T
            linear = precision * m
            quadratic = precision[:, :1] if self.isotropic else precision
            steepest = precision.max()
        self.highest = constants.max()  # taken off, so that no logit is above 0
        offset = constants - self.highest - 0.5 * (m * linear).sum(axis=1)
        self.from_features = np.hstack([linear, quadratic, offset[:, None]])  # (K, F)
        self.to_sums = np.vstack([linear.T, quadratic.T, np.ones(len(m))])  # (F, K)
        if not spread.full:  # in the coordinates of x; for full ones that is done at the end
            self.to_sums[: self.dim] *= self.scale
            self.to_sums[self.dim : -1] *= self.scale[: quadratic.shape[1]]
        self.size, self.two = len(m) + 2 * len(self.to_sums), len(m) == 2
        self.steepest = np.sqrt(steepest)
        self.radius = np.sqrt((m**2).sum(axis=1).max())

    def features(self, x):
        """The features (F, n) of columns x, and |y|² of every column (n,)."""
        features = np.empty((self.to_sums.shape[0], x.shape[1]))
        y, squares, features[-1] = features[: self.dim], features[self.dim : -1], 1.0
        np.subtract(x, self.centre, out=y)
        y *= self.scale
        square = np.einsum("dn,dn->n", y, y)
        if self.full:
            np.multiply(y[self.row], y[self.column], out=squares)
        elif self.isotropic:
            squares[0] = square
        else:
            np.square(y, out=squares)
        squares *= self.times
        return features, square

    def reach(self, square):
        """The reach p (|y| + |m|)² from |y|²."""
        return (self.steepest * (np.sqrt(square) + self.radius)) ** 2

    def logits(self, features):
        """ℓ_k − max const for all components, (K, n)."""
        return self.from_features @ features

    def score(self, features):
        """The score in the coordinates of x, (d, n); the features are used up."""
        sums, total = (self._sums_of_two if self.two else self._sums)(features)
        y, s, quadratic = features[: self.dim], sums[: self.dim], sums[self.dim :]
        if self.full:
            for i, j, entry in zip(self.row, self.column, quadratic, strict=True):
                s[i] -= entry * y[j]
                if i != j:
                    s[j] -= entry * y[i]
            s *= self.scale
        else:
            y *= quadratic
            s -= y
        if total is not None:
            s /= total
        return s

    def _sums(self, features):
        """Σ_k w_k [P_k m_k; P_k] (F − 1, n) and Σ_k w_k for weights w_k = exp(ℓ_k)."""
        weights = self.logits(features)
        sums = self.to_sums @ np.exp(weights, out=weights)
        faint = np.flatnonzero(sums[-1] < FAINT)
        if faint.size:
            sums[:, faint] = self.to_sums @ softmax(self.logits(features[:, faint]))[0]
        return sums[:-1], sums[-1]

    def _sums_of_two(self, features):
        """The same for two components by one exponential: r₂ = 1/(1 + e^{ℓ₁−ℓ₂}), sum 1."""
        r = np.empty((2, features.shape[1]))
        odds = np.dot(self.from_features[0] - self.from_features[1], features, out=r[0])
        np.minimum(odds, LARGEST_ODDS, out=odds)
        np.exp(odds, out=odds)
        np.add(odds, 1.0, out=r[1])
        np.reciprocal(r[1], out=r[1])
        odds *= r[1]
        return self.to_sums[:-1] @ r, None


def products_of(constants, means, spread) -> Products | None:
    """The products where they pay: diagonal covariances, or full ones in few dimensions."""
    dim = means.shape[1]
    if spread.full and dim * (dim + 1) // 2 > MOST_QUADRATIC:
        return None
    with np.errstate(all="ignore"):
        products = Products(constants, means, spread)
    return products if np.isfinite(products.from_features).all() else None

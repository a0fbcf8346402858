"""Log densities, scores, their derivatives and moments of every described law.

Gaussian forms are exact rationals, everything else extended precision, rounded once to float64.
Points are (..., d); outside the support the log density is -inf and the score nan.
"""

from __future__ import annotations

import numpy as np

from . import _curved, _elliptical, _mixtures, _products
from ._exact import as_float, extended
from ._memory import remembered
from .cumulative import marginal_cdf, projected_cdf

__all__ = [
    "covariance",
    "divergence",
    "log_density",
    "marginal_cdf",
    "mean",
    "projected_cdf",
    "responsibilities",
    "score",
    "score_jacobian",
]

DENSE = {
    "gaussian": _elliptical.gaussian,
    "student_t": _elliptical.student_t,
    "mixture": _mixtures.mixture,
    "empirical": _mixtures.empirical,
    "funnel": _curved.funnel,
    "banana": _curved.banana,
}


@remembered
def log_density(law, x):
    """log p(x), normalised. x: (..., d). Returns (...,)."""
    return _rowwise(law, x, _log_density, ())


@remembered
def score(law, x):
    """grad log p(x). x: (..., d). Returns (..., d)."""
    d = np.shape(x)[-1]
    return _rowwise(law, x, _score, (d,))


@remembered
def score_jacobian(law, x):
    """The second derivatives of log p. x: (..., d). Returns (..., d, d)."""
    d = np.shape(x)[-1]
    return _rowwise(law, x, _score_jacobian, (d, d))


@remembered
def divergence(law, x):
    """The Laplacian of log p. x: (..., d). Returns (...,)."""
    return _rowwise(law, x, lambda law, x: np.einsum("nii->n", _score_jacobian(law, x)), ())


def mean(law):
    """E[X], (d,)."""
    if law.kind in DENSE:
        return as_float(DENSE[law.kind].mean(law))
    return as_float(_products.KINDS[law.kind].mean(*_products.arguments(law)))


def covariance(law):
    """Cov[X], (d, d)."""
    if law.kind in DENSE:
        return as_float(DENSE[law.kind].covariance(law))
    return np.diag(as_float(_products.KINDS[law.kind].variance(*_products.arguments(law))))


@remembered
def responsibilities(law, x):
    """P(component k | x) of a mixture or kernel density. x: (..., d). Returns (..., K)."""
    if law.kind == "empirical":
        count = len(np.asarray(law.data))
        return _rowwise(law, x, lambda law, x: _mixtures.empirical.parts(law, x)[0], (count,))
    count = len(np.asarray(law.weights))
    return _rowwise(law, x, _mixtures.mixture.responsibilities, (count,))


def _rowwise(law, x, f, shape, rows=256):
    x = np.asarray(x, dtype=extended)
    points = x.reshape(-1, x.shape[-1])
    with np.errstate(over="ignore", under="ignore"):
        blocks = [f(law, points[i : i + rows]) for i in range(0, len(points), rows)]
    values = np.concatenate(blocks) if blocks else np.zeros((0, *shape))
    return as_float(values.reshape((*x.shape[:-1], *shape)))


def _log_density(law, x):
    if law.kind in DENSE:
        return DENSE[law.kind].log_density(law, x)
    return _products.KINDS[law.kind].log_density(x, *_products.arguments(law)).sum(-1)


def _score(law, x):
    if law.kind in DENSE:
        return DENSE[law.kind].score(law, x)
    values = _products.KINDS[law.kind].score(x, *_products.arguments(law))
    return _no_score_outside(values, values)


def _score_jacobian(law, x):
    if law.kind in DENSE:
        return DENSE[law.kind].score_jacobian(law, x)
    slopes = _products.KINDS[law.kind].slope(x, *_products.arguments(law))
    slopes = _no_score_outside(slopes, slopes)
    return np.where(
        np.isnan(slopes).any(-1)[:, None, None], np.nan, slopes[..., None] * np.eye(x.shape[-1])
    )


def _no_score_outside(values, marks):
    return np.where(np.isnan(marks).any(-1, keepdims=True), np.nan, values)

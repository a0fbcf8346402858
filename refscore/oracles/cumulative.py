"""Cumulative distributions of coordinates and projections, to judge samples by the DKW bound.

P(sup |F_n - F| > e) <= 2 exp(-2 n e^2) for n independent draws and any law F.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import _products


def marginal_cdf(law, j, values):
    """P(X_j <= v). values: any shape. Returns that shape.

    Laws of independent coordinates in closed form; gaussian, mixture, empirical and student_t
    are projected; curved laws integrate over their first coordinate (error below 1e-13)."""
    values = np.asarray(values, dtype=float)
    if law.kind in _products.KINDS:
        own = [a[j] for a in _products.arguments(law)]
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(_products.KINDS[law.kind].cdf(values * 1, *own), dtype=float)
    if law.kind in ("funnel", "banana"):
        return _curved_cdf(law, j, values)
    return projected_cdf(law, np.eye(_dimension(law))[j], values)


def projected_cdf(law, direction, values):
    """P(direction . X <= v) for gaussian, mixture, empirical and student_t laws.

    direction: (d,) not zero. u.X is N(u.m, u^T S u), their mixture, or a Student t."""
    from scipy.special import ndtr, stdtr

    u, values = np.asarray(direction, dtype=float), np.asarray(values, dtype=float)
    if law.kind == "student_t":
        centre, spread = u @ np.asarray(law.location), _spread(law.shape, u)
        return stdtr(float(law.dof), (values - centre) / spread)
    if law.kind == "gaussian":
        return ndtr((values - u @ np.asarray(law.mean)) / _spread(law.covariance, u))
    if law.kind == "mixture":
        weights = np.asarray(law.weights) / np.sum(law.weights)
        terms = zip(weights, law.means, law.covariances)
        return sum(w * ndtr((values - u @ np.asarray(m)) / _spread(c, u)) for w, m, c in terms)
    if law.kind == "empirical":
        centres = np.asarray(law.data) @ u
        return ndtr((values[..., None] - centres) / (law.bandwidth * np.linalg.norm(u))).mean(-1)
    raise ValueError(f"projected_cdf has no closed form for a {law.kind} law")


def dkw_distance(cdf, values):
    """sup |F_n - F| of draws (n,) against a cdf, evaluated on both sides of every jump."""
    values = np.sort(np.asarray(values, dtype=float))
    exact, n = cdf(values), len(values)
    steps = np.arange(n)
    return float(max(np.max((steps + 1) / n - exact), np.max(exact - steps / n)))


def dkw_bound(n, level):
    """The distance exceeded with probability at most `level`: sqrt(log(2/level)/(2 n))."""
    return float(np.sqrt(np.log(2 / level) / (2 * n)))


def _spread(covariance, u):
    c = np.asarray(covariance, dtype=float)
    c = c * np.eye(len(u)) if c.ndim == 0 else np.diag(c) if c.ndim == 1 else c
    return np.sqrt(u @ c @ u)


def _dimension(law):
    names = {"gaussian": "mean", "student_t": "location", "mixture": "means", "empirical": "data"}
    return np.shape(getattr(law, names[law.kind]))[-1]


def _curved_cdf(law, j, values):
    """E[Phi((v - m(x_1))/sd(x_1))], x_1 = scale z, by the trapezoid rule in z."""
    from scipy.special import ndtr

    if j == 0:
        return ndtr(values / law.scale)
    z = np.linspace(-12, 12, 4801)
    weight = np.exp(-z * z / 2)
    first = float(law.scale) * z
    if law.kind == "funnel":
        given = SimpleNamespace(centre=0.0, spread=np.exp(first / 2))
    else:
        c = float(law.curvature)
        given = SimpleNamespace(centre=c * (first**2 - float(law.scale) ** 2), spread=1.0)
    terms = ndtr((values[..., None] - given.centre) / given.spread)
    return terms @ (weight / weight.sum())

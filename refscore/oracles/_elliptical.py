"""Gaussians and Student t laws: quadratic forms in exact rational arithmetic."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ._exact import (
    LOG_2PI,
    PI,
    adjugate,
    extended,
    integers,
    log_gamma_ratio,
    log_integer,
    ratio,
)


def square_matrix(a, d):
    """A (d, d), (d,) diagonal or scalar covariance as a full extended matrix."""
    a = np.asarray(a, dtype=extended)
    return a * np.eye(d) if a.ndim == 0 else np.diag(a) if a.ndim == 1 else a


def forms(x, centre, matrix):
    """Exact u = P y and q = y^T P y for y = x - m, P = S^-1, as integers over det.

    x: (n, d). Returns a namespace: u (n, d) and q (n,) objects, det, u_shift, q_shift with
    P y = u 2^u_shift / det; adj and p_shift with P = adj 2^p_shift / det; log_det of S."""
    n, d = x.shape
    together, e = integers(np.concatenate([x, centre[None]]))
    y = together[:-1] - together[-1]
    s, f = integers(matrix)
    adj, det = adjugate(s)
    u = y.dot(adj)
    q = (u * y).sum(-1)
    log_det = log_integer(det, -f * d)
    names = {"u_shift": f - e, "q_shift": f - 2 * e, "p_shift": f, "log_det": log_det}
    return SimpleNamespace(u=u, q=q, adj=adj, det=det, **names)


def precision(form):
    """P rounded once."""
    return ratio(form.adj, form.det, form.p_shift)


class gaussian:
    """N(mean, covariance): log p = -1/2 (x-m)^T P (x-m) - 1/2 log det S - d/2 log 2 pi."""

    @staticmethod
    def _form(law, x):
        m = np.asarray(law.mean, dtype=extended)
        return forms(x, m, square_matrix(law.covariance, len(m)))

    @staticmethod
    def log_density(law, x):
        form = gaussian._form(law, x)
        q = ratio(form.q, form.det, form.q_shift)
        return -q / 2 - form.log_det / 2 - x.shape[-1] * LOG_2PI / 2

    @staticmethod
    def score(law, x):
        form = gaussian._form(law, x)
        return -ratio(form.u, form.det, form.u_shift)

    @staticmethod
    def score_jacobian(law, x):
        return np.broadcast_to(-precision(gaussian._form(law, x[:1])), (*x.shape, x.shape[-1]))

    @staticmethod
    def mean(law):
        return np.asarray(law.mean, dtype=extended)

    @staticmethod
    def covariance(law):
        return square_matrix(law.covariance, len(law.mean))


class student_t:
    """p ∝ (1 + q/nu)^{-(nu+d)/2}, q = (x-m)^T P (x-m), P the inverse of the shape matrix."""

    @staticmethod
    def _parts(law, x):
        m = np.asarray(law.location, dtype=extended)
        form = forms(x, m, square_matrix(law.shape, len(m)))
        q = ratio(form.q, form.det, form.q_shift)
        u = ratio(form.u, form.det, form.u_shift)
        return form, q, u, extended(law.dof), x.shape[-1]

    @staticmethod
    def log_density(law, x):
        """log Gamma((nu+d)/2) - log Gamma(nu/2) - d/2 log(nu pi) - 1/2 log det - ..."""
        form, q, _, nu, d = student_t._parts(law, x)
        constant = log_gamma_ratio(nu / 2, extended(d) / 2) - d * np.log(nu * PI) / 2
        return constant - form.log_det / 2 - (nu + d) / 2 * np.log1p(q / nu)

    @staticmethod
    def score(law, x):
        """-(nu+d) u / (nu+q), u = P (x-m)."""
        _, q, u, nu, d = student_t._parts(law, x)
        return -(nu + d) * u / (nu + q)[:, None]

    @staticmethod
    def score_jacobian(law, x):
        """-(nu+d) [P/(nu+q) - 2 u u^T/(nu+q)^2]."""
        form, q, u, nu, d = student_t._parts(law, x)
        scaled = u / (nu + q)[:, None]
        outer = scaled[:, :, None] * scaled[:, None, :]
        return -(nu + d) * (precision(form) / (nu + q)[:, None, None] - 2 * outer)

    @staticmethod
    def mean(law):
        m = np.asarray(law.location, dtype=extended)
        return m if law.dof > 1 else np.full_like(m, np.nan)

    @staticmethod
    def covariance(law):
        """nu/(nu-2) times the shape for nu > 2, infinite (nan for nu <= 1) below."""
        shape = square_matrix(law.shape, len(law.location))
        nu = extended(law.dof)
        if nu > 2:
            return nu / (nu - 2) * shape
        return np.full_like(shape, np.inf if nu > 1 else np.nan)

"""Forward diffusions dx = f(t) x dt + g(t) dw: marginals, probability flow, likelihoods.

A process is an object with .kind
  vp      beta_min, beta_max: beta(t) linear on [0, 1], f = -beta/2, g^2 = beta
  sub_vp  the same f, g^2 = beta (1 - e^{-2 int beta})
  ve      sigma_min, sigma_max: f = 0, g^2 = d sigma_t^2/dt, sigma_t = sigma_min
          (sigma_max/sigma_min)^t; `exact` (default True): the marginal from a point at t = 0 is
          sigma_t^2 - sigma_0^2; False: the usual approximation sigma_t^2
X_t = alpha X_0 + sigma Z. t = 0 is data.
"""

from __future__ import annotations

import numpy as np

from . import scores
from ._elliptical import square_matrix
from ._exact import LOG_2PI, as_float, eigh, extended
from ._interval import panels
from .bayes import diffused


def rates(process, t):
    """(f(t), g(t)^2)."""
    if process.kind == "ve":
        ratio = process.sigma_max / process.sigma_min
        return 0.0 * t, 2 * np.log(ratio) * (process.sigma_min * ratio**t) ** 2
    b = _beta(process, t)
    if process.kind == "vp":
        return -b / 2, b
    if process.kind == "sub_vp":
        return -b / 2, -b * np.expm1(-2 * _area(process, t))
    raise ValueError(f"process kind must be vp, sub_vp or ve, got {process.kind!r}")


def marginal(process, t):
    """(alpha, sigma) of X_t given X_0, by quadrature of the rates.

    alpha = e^{int_0^t f}; (sigma/alpha)^2 = int_0^t g^2/alpha^2, a positive integrand."""
    if process.kind == "ve":
        start = 0.0 if getattr(process, "exact", True) else float(process.sigma_min) ** 2
        return 1.0, float(np.sqrt(start + _integral(lambda u: rates(process, u)[1], 0.0, t)))

    def growth(u):
        b, lost = _beta(process, u), _area(process, u)
        g2 = b if process.kind == "vp" else -b * np.expm1(-2 * lost)
        return g2 * np.exp(lost - _area(process, t))

    alpha = np.exp(-_area(process, t) / 2)
    return float(alpha), float(np.sqrt(_integral(growth, 0.0, t)))


def marginal_by_ode(process, t):
    """(alpha, sigma) by integrating alpha' = f alpha, (sigma^2)' = 2 f sigma^2 + g^2.

    DOP853 at relative tolerance 1e-12."""
    start = 0.0
    if process.kind == "ve" and not getattr(process, "exact", True):
        start = float(process.sigma_min) ** 2

    def f_and_g2(u):
        return rates(process, u)

    alpha, variance = moments_by_ode(f_and_g2, 0.0, t, 1.0, start)
    return alpha, float(np.sqrt(variance))


def moments_by_ode(f_and_g2, s, t, alpha, variance):
    """(alpha, variance) at t of a linear SDE from their values at s; f_and_g2(u) -> (f, g^2)."""
    from scipy.integrate import solve_ivp

    if s == t:
        return float(alpha), float(variance)

    def slope(u, m):
        f, g2 = f_and_g2(u)
        return [f * m[0], 2 * f * m[1] + g2]

    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}
    return tuple(map(float, solve_ivp(slope, (s, t), [alpha, variance], **options).y[:, -1]))


def law_at(law, process, t):
    """The law of X_t, as a description."""
    return diffused(law, *marginal(process, t))


def flow_velocity(law, process, x, t):
    """f x - 1/2 g^2 grad log p_t(x). x: (..., d)."""
    f, g2 = rates(process, float(t))
    return f * np.asarray(x) - g2 / 2 * scores.score(law_at(law, process, t), x)


def flow_divergence(law, process, x, t):
    """d f - 1/2 g^2 lap log p_t(x). x: (..., d). Returns (...,)."""
    f, g2 = rates(process, float(t))
    return np.shape(x)[-1] * f - g2 / 2 * scores.divergence(law_at(law, process, t), x)


def flow_map(law, process, x, s, t):
    """The probability flow from time s to t on gaussian data, exactly.

    x -> alpha_t m + S_t^{1/2} S_s^{-1/2} (x - alpha_s m), S_t = alpha_t^2 S + sigma_t^2 I."""
    m, _, vectors, (alpha_s, v_s), (alpha_t, v_t) = _spectra(law, process, s, t)
    gap = (np.asarray(x, dtype=extended) - alpha_s * m) @ vectors
    return as_float(alpha_t * m + (gap * np.sqrt(v_t / v_s)) @ vectors.T)


def flow_log_det(law, process, s, t):
    """log|det| of that map: 1/2 log det S_t - 1/2 log det S_s."""
    *_, (_, v_s), (_, v_t) = _spectra(law, process, s, t)
    return as_float(np.sum(np.log(v_t / v_s)) / 2)


def divergence_matrix(law, process, s, t):
    """int_s^t (f I + 1/2 g^2 S_u^-1) du = 1/2 log(S_t S_s^-1) on gaussian data.

    Its trace is the log-determinant; a fixed probe v estimates it by v^T A v, variance D2."""
    _, _, vectors, (_, v_s), (_, v_t) = _spectra(law, process, s, t)
    return as_float((vectors * (np.log(v_t / v_s) / 2)) @ vectors.T)


def log_likelihood(law, process, x, t=0.0):
    """The exact log p_t(x), t = 0 being the data law itself."""
    return scores.log_density(law_at(law, process, t) if t > 0 else law, x)


def log_likelihood_with_prior(law, process, x, prior_std, t=0.0, end=1.0):
    """log N(x_T; 0, prior_std^2 I) + log|det dx_T/dx| along the exact flow of gaussian data:
    what a correct solver reports when its prior replaces p_T. x: (..., d)."""
    end_point = flow_map(law, process, x, t, end)
    d, std = end_point.shape[-1], float(prior_std)
    prior = -np.sum((end_point / std) ** 2, -1) / 2 - d * (float(LOG_2PI) / 2 + np.log(std))
    return prior + flow_log_det(law, process, t, end)


def _spectra(law, process, s, t):
    if law.kind != "gaussian":
        raise ValueError(f"the exact flow map needs gaussian data, got {law.kind!r}")
    m = np.asarray(law.mean, dtype=extended)
    values, vectors = eigh(square_matrix(law.covariance, len(m)))
    ends = []
    for time in (s, t):
        alpha, sigma = (extended(v) for v in marginal(process, time))
        ends.append((alpha, alpha**2 * values + sigma**2))
    return m, values, vectors, *ends


def _beta(process, t):
    return process.beta_min + (process.beta_max - process.beta_min) * t


def _area(process, t):
    """int_0^t beta by four-point Gauss-Legendre, exact for beta of degree at most 7. Any t."""
    node, weight = np.polynomial.legendre.leggauss(4)
    t = np.asarray(t, dtype=float)
    return t / 2 * (_beta(process, t[..., None] * (node + 1) / 2) @ weight)


def _integral(f, start, stop):
    """Composite Gauss-Legendre, 8 panels of 24 nodes: these integrands are entire."""
    node, weight = panels(float(start), float(stop))
    return float(f(node.astype(float)) @ weight.astype(float))

"""Forward diffusions dx = f(t) x dt + g(t) dw: marginals, probability flow, likelihoods.

A process is an object with .kind
  vp      beta_min, beta_max: beta(t) linear on [0, 1], f = -beta/2, g^2 = beta
  sub_vp  the same f, g^2 = beta (1 - e^{-2 int beta})
  ve      sigma_min, sigma_max: f = 0, g^2 = d sigma_t^2/dt, sigma_t = sigma_min
          (sigma_max/sigma_min)^t; `exact` (default True): the marginal from a point at t = 0 is
          sigma_t^2 - sigma_0^2; False: the usual approximation sigma_t^2
  edm     sigma_max: alpha = 1, sigma = t on [0, sigma_max]
  straight  alpha = 1 - t, sigma = t on [0, 1]
  cosine  offset, final_time: alpha = cos(a(t)) / cos(a(0)), a(t) = pi/2 (t + offset)/(1 + offset),
          alpha^2 + sigma^2 = 1
X_t = alpha X_0 + sigma Z. t = 0 is data.
"""

from __future__ import annotations

import numpy as np

from . import scores
from ._elliptical import square_matrix
from ._exact import LOG_2PI, PI, as_float, eigh, extended
from ._interval import legendre, panels
from .bayes import diffused


def rates(process, t):
    """(f(t), g(t)^2)."""
    if process.kind in _SCHEDULES:
        return _schedule_rates(process, t)
    if process.kind not in ("vp", "sub_vp", "ve"):
        raise ValueError(f"process kind must be one of {KINDS}, got {process.kind!r}")
    if process.kind == "ve":
        ratio = process.sigma_max / process.sigma_min
        return 0.0 * t, 2 * np.log(ratio) * (process.sigma_min * ratio**t) ** 2
    b = _beta(process, t)
    if process.kind == "vp":
        return -b / 2, b
    return -b / 2, -b * np.expm1(-2 * _area(process, t))


def final_time(process):
    """The end of the process's time."""
    if process.kind == "edm":
        return float(getattr(process, "sigma_max", 80.0))
    return float(getattr(process, "final_time", 1.0))


def marginal(process, t):
    """(alpha, sigma) of X_t given X_0, by quadrature of the rates.

    alpha = e^{int_0^t f}; (sigma/alpha)^2 = int_0^t g^2/alpha^2, a positive integrand. What is
    defined by alpha and sigma comes from that definition, in extended precision."""
    if process.kind in _SCHEDULES:
        alpha, variance = _SCHEDULES[process.kind](process, extended(t))
        return float(alpha), float(np.sqrt(variance))
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


def prior_std(process, prior="limit"):
    """Of the law the end is taken for: sigma_T where data keep their size, else its limit 1;
    "noise at the end": sigma_T of any process."""
    exploding = process.kind in ("ve", "edm")
    kept = exploding or prior == "noise at the end"
    return marginal(process, final_time(process))[1] if kept else 1.0


def log_likelihood_with_prior(law, process, x, prior_std, t=0.0, end=None):
    """log N(x_T; 0, prior_std^2 I) + log|det dx_T/dx| along the exact flow of gaussian data:
    what a correct solver reports when its prior replaces p_T. x: (..., d)."""
    end = final_time(process) if end is None else end
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


def _schedule_rates(process, t):
    """f = alpha'/alpha and g^2 = (sigma^2)' - 2 f sigma^2 by complex steps."""
    t = np.asarray(t, dtype=extended)
    alpha, variance = _SCHEDULES[process.kind](process, t)
    moved = _SCHEDULES[process.kind](process, t + np.clongdouble(1e-60j))
    slope, gain = (np.imag(m) / extended(1e-60) for m in moved)
    with np.errstate(divide="ignore"):
        f = slope / alpha
        return as_float(f), as_float(gain - 2 * f * variance)


def _edm(process, t):
    return 1 + 0 * t, t * t


def _straight(process, t):
    return 1 - t, t * t


def _cosine(process, t):
    offset = extended(getattr(process, "offset", 0.008))
    unit = PI / 2 / (1 + offset)
    if np.iscomplexobj(t):
        alpha = np.cos(unit * (t + offset)) / np.cos(unit * offset)
        return alpha, 1 - alpha**2
    alpha = np.sin(unit * (1 - t)) / np.sin(unit)  # cos(pi/2 - x) = sin x: 0 at t = 1
    low, high = np.tan(unit * offset / 2), np.tan(unit * (t + offset) / 2)  # half angles
    apart = 2 * (high - low) * (high + low) / ((1 + high**2) * (1 + low**2))
    return alpha, apart / np.cos(unit * offset) * (1 + alpha)  # (1 - alpha)(1 + alpha)


_SCHEDULES = {"edm": _edm, "straight": _straight, "cosine": _cosine}
KINDS = ("vp", "sub_vp", "ve", "cosine", "edm", "straight")


def _beta(process, t):
    return process.beta_min + (process.beta_max - process.beta_min) * t


def _area(process, t):
    """int_0^t beta by four-point Gauss-Legendre, exact for beta of degree at most 7. Any t."""
    node, weight = legendre(4)
    t = np.asarray(t, dtype=float)
    return t / 2 * (_beta(process, t[..., None] * (node + 1) / 2) @ weight)


def _integral(f, start, stop):
    """Composite Gauss-Legendre, 8 panels of 24 nodes: these integrands are entire."""
    node, weight = panels(float(start), float(stop))
    return float(f(node.astype(float)) @ weight.astype(float))

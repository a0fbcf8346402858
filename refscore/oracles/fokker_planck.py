"""The Fokker-Planck equation by other routes: products differentiated, closed forms, sinc series.

drift      f(x, t) = (M_0 + t M_1) x + b - cubic x^3 (by coordinate)
diffusion  g(x, t)^2 = (a_0 + a_1 t)(floor + curvature |x|^2), isotropic
"""

from __future__ import annotations

import numpy as np

from . import diffusion


def residual(density, drift, spread, x, t):
    """[dp/dt + sum_i d_i(f_i p) - 1/2 sum_i d_i^2(g^2 p)] / p of points (n, d): p, not log p."""
    p, slope, curvature = _derivatives(_at(density, t), x)
    f, div = value(drift, x, t), divergence(drift, x, t)
    g2, g2_slope, g2_laplacian = squared(spread, x, t)
    moved = div * p + np.sum(f * slope, -1)
    spreads = g2_laplacian * p + 2 * np.sum(g2_slope * slope, -1) + g2 * curvature
    return (_rate(density, x, t) + moved - spreads / 2) / p


def continuity(density, velocity, x, t):
    """[dp/dt + div(v p)] / p for a velocity a f + b g(t)^2 s, s the score at time t of a law."""
    p, slope, _ = _derivatives(_at(density, t), x)
    v, div = flow(velocity, x, t)
    return (_rate(density, x, t) + div * p + np.sum(v * slope, -1)) / p


def flow(velocity, x, t):
    """The velocity (n, d) and its divergence: drift - 1/2 g^2 score of its own density."""
    p, slope, curvature = _derivatives(_at(velocity.density, t), x)
    g2, *_ = squared(velocity.diffusion, x, t)
    s = slope / p[:, None]
    of_score = curvature / p - np.sum(s * s, -1)
    v = value(velocity.drift, x, t) - g2[:, None] / 2 * s
    return v, divergence(velocity.drift, x, t) - g2 / 2 * of_score


def value(drift, x, t):
    """f (n, d)."""
    if drift.kind == "langevin":
        p, slope, _ = _derivatives(drift.law, x)
        return drift.factor * slope / p[:, None]
    matrix = drift.matrices[0] + t * drift.matrices[1]
    return x @ matrix.T + drift.offset - drift.cubic * x**3


def divergence(drift, x, t):
    """div f (n,)."""
    if drift.kind == "langevin":
        p, slope, curvature = _derivatives(drift.law, x)
        return drift.factor * (curvature / p - np.sum(slope**2, -1) / p**2)
    trace = np.trace(drift.matrices[0] + t * drift.matrices[1])
    return trace - 3 * drift.cubic * np.sum(x**2, -1)


def squared(spread, x, t):
    """g^2 (n,), its gradient (n, d) and its Laplacian (n,)."""
    size, c = spread.rates[0] + t * spread.rates[1], spread.curvature
    square = np.sum(x**2, -1)
    laplacian = np.full(len(x), 2 * x.shape[-1] * c * size)
    return size * (spread.floor + c * square), 2 * c * size * x, laplacian


def _at(density, t):
    return diffusion.law_at(density.law, density.process, t) if _moves(density) else density.law


def _moves(density):
    return density.kind == "diffused"


def _rate(density, x, t):
    """dp/dt by eight points."""
    if not _moves(density):
        return np.zeros(len(x))
    h = 2e-3
    steps = ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280))

    def p(u):
        return _derivatives(_at(density, u), x)[0]

    return sum(c * (p(t + k * h) - p(t - k * h)) for k, c in steps) / h


def _derivatives(law, x):
    """p (n,), its gradient (n, d) and its Laplacian (n,) of a gaussian or a mixture."""
    if law.kind == "gaussian":
        parts = [(1.0, np.asarray(law.mean), np.asarray(law.covariance))]
    else:
        parts = list(zip(law.weights, law.means, law.covariances))
    p, slope, curvature = 0.0, 0.0, 0.0
    for w, m, C in parts:
        P = np.linalg.inv(C)
        u = (x - m) @ P
        n = w * np.exp(-np.sum(u * (x - m), -1) / 2) / np.sqrt(np.linalg.det(2 * np.pi * C))
        p, slope = p + n, slope - n[:, None] * u
        curvature = curvature + n * (np.sum(u * u, -1) - np.trace(P))
    return p, slope, curvature


def linear_density(law, drift, spread, points, t0, t1):
    """The density at time t1 of numbers `points`, from a gaussian or mixture at t0 on the line.

    dX = ((m_0 + t m_1) X + b) dt + sqrt(a_0 + a_1 t) dw: every component stays Gaussian."""
    from scipy.integrate import solve_ivp

    (m0, m1), b, (a0, a1) = np.ravel(drift.matrices), float(drift.offset[0]), spread.rates

    def slope(t, y):
        m = m0 + m1 * t
        return [m * y[0], m * y[1] + b, 2 * m * y[2] + (a0 + a1 * t) * spread.floor]

    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}
    alpha, shift, added = solve_ivp(slope, (t0, t1), [1.0, 0.0, 0.0], **options).y[:, -1]
    one = law.kind == "gaussian"
    weights = [1.0] if one else law.weights
    means = np.ravel(law.mean if one else law.means)
    variances = np.ravel(law.covariance if one else law.covariances)
    return sum(
        w * _normal(points, alpha * m + shift, alpha**2 * v + added)
        for w, m, v in zip(weights, means, variances)
    )


def _normal(x, mean, variance):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def lognormal_density(log_mean, log_variance, points):
    """The density of e^N(log_mean, log_variance) at numbers above 0."""
    return _normal(np.log(points), log_mean, log_variance) / points


def box_density(low, high, velocity, D, amplitudes, points, t):
    """Drift `velocity` and diffusion D between walls: p_inf + sum_k c_k e^{-l_k t} phi_k.

    phi_k = e^{g y}(cos q_k y + g/q_k sin q_k y), y = x - low, g = v/2D, q_k = k pi/L, l_k =
    D (q_k^2 + g^2): no flux v phi - D phi' at either wall."""
    y, length, g = points - low, high - low, velocity / (2 * D)
    if g == 0:
        p = np.full_like(y, 1 / length)
    else:
        p = 2 * g * np.exp(2 * g * y) / np.expm1(2 * g * length)
    for k, c in enumerate(amplitudes, 1):
        q = k * np.pi / length
        mode = np.exp(g * y) * (np.cos(q * y) + g / q * np.sin(q * y))
        p = p + c * np.exp(-D * (q**2 + g**2) * t) * mode
    return p


def stationary_of_law(law, low, high, points):
    """What Langevin's equation with the score of a law keeps between walls: the law, cut off."""
    return _cut(lambda x: np.log(_derivatives(law, x.reshape(-1, 1))[0]).reshape(x.shape), low,
                high, points)  # fmt: skip


def stationary_double_well(beta, low, high, points):
    """e^{-beta (x^4/4 - x^2/2)}, which dX = (X - X^3) dt + sqrt(2/beta) dw keeps."""
    return _cut(lambda x: -beta * (x**4 / 4 - x**2 / 2), low, high, points)


def stationary_pearson(pull, size, curvature, low, high, points):
    """Of dX = -pull X dt + g dw, g^2 = size (1 + curvature x^2): a Student t."""
    power = 1 + pull / (size * curvature)
    return _cut(lambda x: -power * np.log1p(curvature * x**2), low, high, points)


def _cut(log_shape, low, high, points):
    """exp(log_shape) at points over its integral on (low, high), by Gauss-Legendre panels."""
    edges = np.linspace(low, high, 41)
    node, weight = np.polynomial.legendre.leggauss(20)
    half = np.diff(edges) / 2
    x = (edges[:-1] + half)[:, None] + half[:, None] * node
    return np.exp(log_shape(points)) / np.sum(half[:, None] * weight * np.exp(log_shape(x)))


def double_well_gap(beta, half_width=6.0, n=220):
    """The gap of the double well by sinc functions, in the symmetric (Schroedinger) form.

    e^{beta U/2} L e^{-beta U/2} = D d^2/dx^2 - (beta U'^2/4 - U''/2), D = 1/beta: exact to 1e-10
    here, since the eigenfunctions are entire and vanish like e^{-beta x^4/8}."""
    x, h = np.linspace(-half_width, half_width, n, retstep=True)
    gap = np.subtract.outer(np.arange(n), np.arange(n))
    with np.errstate(divide="ignore"):
        second = np.where(gap == 0, np.pi**2 / 3, 2.0 * (-1.0) ** gap / gap.astype(float) ** 2)
    slope, bend = x**3 - x, 3 * x**2 - 1
    H = second / (beta * h**2) + np.diag(beta * slope**2 / 4 - bend / 2)
    return float(np.linalg.eigvalsh(H)[1])


def kramers_ratio(beta):
    """That gap over (sqrt 2/pi) e^{-beta/4}: both wells' escapes, U'' = 2 in them, -1 between."""
    return double_well_gap(beta) * np.pi / np.sqrt(2) * np.exp(beta / 4)

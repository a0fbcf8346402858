"""Closed forms: estimators: exact optima, variances, intervals.

Optima: least squares on stacked rows (SVD), not normal equations. Gradients at every point by
complex steps through `objectives` where a described field exists. Population variances by
enumeration, Gauss-Hermite nodes, or adaptive quadrature of the definitions.
"""

from __future__ import annotations

import itertools

import numpy as np


def gaussian(x):
    """Mean and precision of maximum likelihood, from the singular values of the centred data."""
    x = np.asarray(x, dtype=float)
    mean = np.mean(x, axis=0)
    _, s, vt = np.linalg.svd((x - mean) / np.sqrt(len(x)), full_matrices=False)
    return {"mean": mean, "precision": (vt.T / s**2) @ vt}


def sparse_precision(x, pattern):
    """argmin of 1/2 tr K S K - tr K over symmetric K that vanish where pattern does.

    A least-squares problem: 1/2 |R K - R^-T|^2 with S = R^T R, stacked for the free entries."""
    x = np.asarray(x, dtype=float)
    d = x.shape[1]
    r = np.linalg.qr((x - x.mean(0)) / np.sqrt(len(x)), mode="r")
    free = [(i, j) for i, j in itertools.product(range(d), repeat=2) if i <= j and pattern[i, j]]
    columns = []
    for i, j in free:
        basis = np.zeros((d, d))
        basis[i, j] = basis[j, i] = 1
        columns.append((r @ basis).ravel())
    target = np.linalg.inv(r).T.ravel()
    found = np.linalg.lstsq(np.array(columns).T, target, rcond=None)[0]
    k = np.zeros((d, d))
    for (i, j), value in zip(free, found):
        k[i, j] = k[j, i] = value
    return k


def diagonal_precision(x):
    """1 / mean x^2 of every coordinate."""
    return 1 / np.mean(np.square(x), axis=0)


def sliced_precision(x, probes):
    """The stationary point of mean [ -v^T L v + 1/2 (v.Lx)^2 ], L diagonal, with its errors."""
    x, v = np.asarray(x), np.asarray(probes)
    return _stationary(_sliced_gradients, x.shape[1], x, v)


def variance_reduced_precision(x, probes):
    """The stationary point of mean [ -v^T L v ] + 1/2 |Lx|^2, L diagonal."""
    return np.mean(np.square(probes), axis=(0, 1)) / np.mean(np.square(x), axis=0)


def denoised_precision(x, sigma, noise):
    """mean y z / (sigma mean y^2) with y = x + sigma z: regress the target on the noised data."""
    y = x + sigma * noise
    return np.mean(y * noise, axis=0) / (sigma * np.mean(y * y, axis=0))


def generalised_normal_rate(x, power):
    """(p-1) sum |x|^(p-2) / sum |x|^(2p-2)."""
    a = np.abs(x)
    return (power - 1) * np.sum(a ** (power - 2)) / np.sum(a ** (2 * power - 2))


def half_normal_mean(x, weight, weight_derivative):
    """(sum h x - sum h') / sum h: the mean of a unit normal on the half-line, weight h."""
    return np.sum(weight * x - weight_derivative) / np.sum(weight)


def half_normal_square(x, weight, weight_derivative):
    """1/k where sum k^2 x^2 h/2 - k (h + h' x) is least: sigma^2 of a half-normal law."""
    return np.sum(weight * x * x) / np.sum(weight + weight_derivative * x)


def exponential_rate(x, weight, weight_derivative):
    """sum h' / sum h: the rate of an exponential law; with h = x it is 1 over the mean."""
    return np.sum(weight_derivative) / np.sum(weight)


def diagonal_errors(x):
    """Standard errors of `diagonal_precision`: its influence at x is lam - lam^2 x^2."""
    return _errors(_influence(_implicit_gradients, diagonal_precision(x), np.asarray(x)))


def sliced_errors(x, probes):
    """Standard errors of `sliced_precision`, the points with all their probes independent."""
    x, v = np.asarray(x), np.asarray(probes)
    return _errors(_influence(_sliced_gradients, sliced_precision(x, v), x, v))


def interval(estimate, error, level):
    """estimate +- z error, P(|Z| < z) = level, (d, 2)."""
    from scipy.special import erfinv

    z = np.sqrt(2) * erfinv(level)
    return np.stack([estimate - z * error, estimate + z * error], axis=-1)


def sliced_precision_variance(precision, probe, n_probes, reduced):
    """n Var by enumeration: E over probe nodes and 3-point Hermite nodes of x ~ N(0, 1/precision).

    Cov of the probe-averaged gradient plus the mean conditional covariance over n_probes."""
    lam = np.asarray(precision, dtype=float)
    d = len(lam)
    z, wz = _tensor(*_hermite(4), d)
    x = z / np.sqrt(lam)
    v, wv = _probe_nodes(probe, d)
    each = np.stack([_gradients(lam, x, p[None, None], reduced) for p in v])  # (probes, x, d)
    mean = np.einsum("k,knd->nd", wv, each)
    across = np.einsum("n,nd,ne->de", wz, mean, mean)
    within = np.einsum("k,n,knd,kne->de", wv, wz, each, each) - across
    hessian = np.diag(1 / lam)  # E x_i^2, for any probe of identity covariance
    bread = np.linalg.inv(hessian)
    return np.diag(bread @ (across + within / n_probes) @ bread)


def generalised_normal_efficiency(power):
    """Variance bound over D^-2 V of score matching, by quadrature of the density at rate 1."""

    def density(x):
        return np.exp(-(x**power) / power)

    total = _half_line(density)
    hessian = _half_line(lambda x: x ** (2 * power - 2) * density(x)) / total
    spread = (
        _half_line(
            lambda x: (x ** (2 * power - 2) - (power - 1) * x ** (power - 2)) ** 2 * density(x)
        )
        / total
    )
    first = _half_line(lambda x: x**power / power * density(x)) / total
    second = _half_line(lambda x: (x**power / power) ** 2 * density(x)) / total
    return hessian**2 / spread / (second - first**2)


def mixture_weight_ratio(separation):
    """n Var of score matching over that of maximum likelihood, weight of 1/2 N(+-a, 1).

    Gauss-Legendre panels of the definitions: score, its derivative in the weight and in x."""
    a = separation
    x, dx = _panels(-a - 12, a + 12, 60)
    up, down = (np.exp(-((x - m) ** 2) / 2) / np.sqrt(2 * np.pi) for m in (a, -a))
    p = (up + down) / 2
    share = up / (up + down)
    score = -x + a * (2 * share - 1)
    # d share / d weight at 1/2 is 4 share (1 - share); d share / d x is 2 a share (1 - share)
    product = up * down / (up + down) ** 2
    in_weight = 2 * a * 4 * product
    slope = 2 * a * 4 * 2 * a * product * (1 - 2 * share)
    hessian = np.sum(dx * p * in_weight**2)
    variance = np.sum(dx * p * (score * in_weight + slope) ** 2)
    information = np.sum(dx * (up - down) ** 2 / p)
    return variance / hessian**2 * information


def half_normal_variance(power):
    """n Var of the generalised estimate of the mean, h = x^power, in absolute normal moments."""
    from scipy.special import gamma

    def moment(k):
        return 2 ** (k / 2) * gamma((k + 1) / 2) / np.sqrt(np.pi)

    return (moment(2 * power) + power**2 * moment(2 * power - 2)) / moment(power) ** 2


def _implicit_gradients(lam, x):
    return lam * x * x - 1


def _sliced_gradients(lam, x, v):
    """v_i x_i (v.Lx) - v_i^2, averaged over the probes of a point."""
    along = np.einsum("nmi,ni->nm", v, lam * x)
    return (v * x[:, None] * along[..., None] - v * v).mean(1)


def _gradients(lam, x, v, reduced):
    v = np.broadcast_to(v, (len(x), *v.shape[1:]))
    return lam * x * x - (v * v).mean(1) if reduced else _sliced_gradients(lam, x, v)


def _stationary(gradients, p, *given):
    """The zero of the mean of gradients that are affine in the parameters."""
    at_zero = gradients(np.zeros(p), *given).mean(0)
    hessian = np.array([gradients(e, *given).mean(0) - at_zero for e in np.eye(p)]).T
    return np.linalg.lstsq(hessian, -at_zero, rcond=None)[0]


def _influence(gradients, theta, *given):
    """-D^-1 g_i, (n, p)."""
    at_zero = gradients(np.zeros(len(theta)), *given).mean(0)
    hessian = np.array([gradients(e, *given).mean(0) - at_zero for e in np.eye(len(theta))]).T
    return -np.linalg.solve(hessian, gradients(theta, *given).T).T


def _errors(influence):
    return np.sqrt(np.sum(influence**2, axis=0)) / len(influence)


def _hermite(order):
    z, w = np.polynomial.hermite_e.hermegauss(order)
    return z, w / w.sum()


def _tensor(z, w, d):
    nodes = np.array(list(itertools.product(z, repeat=d)))
    return nodes, np.prod(list(itertools.product(w, repeat=d)), axis=1)


def _probe_nodes(kind, d):
    """Nodes with the fourth moments of the probe: signs, Hermite; the sphere by a design."""
    if kind == "rademacher":
        return _tensor(np.array([-1.0, 1.0]), np.array([0.5, 0.5]), d)
    if kind == "gaussian":
        return _tensor(*_hermite(4), d)
    # the sphere of radius sqrt d, exact to degree 5: axes and corners, whose entries are +-1, so
    # that E v_i^2 v_k^2 = d/(d+2) is the corners' share
    axes = np.concatenate([np.eye(d), -np.eye(d)]) * np.sqrt(d)
    corners, even = _tensor(np.array([-1.0, 1.0]), np.array([0.5, 0.5]), d)
    share = d / (d + 2)
    weights = [np.full(2 * d, (1 - share) / (2 * d)), share * even]
    return np.concatenate([axes, corners]), np.concatenate(weights)


def _half_line(f):
    from scipy.integrate import quad

    cuts = [0.0, 0.5, 1.5, 3.0, 6.0, 40.0]
    return sum(quad(f, a, b, epsabs=1e-15, epsrel=1e-12)[0] for a, b in zip(cuts, cuts[1:]))


def _panels(low, high, count):
    z, w = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(low, high, count + 1)
    half = np.diff(edges)[:, None] / 2
    centre = (edges[1:, None] + edges[:-1, None]) / 2
    return (centre + half * z).ravel(), (half * w).ravel()

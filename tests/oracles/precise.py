"""Log densities from their definitions in mpmath, far from NumPy: the oracles' own judge."""

from __future__ import annotations

import mpmath as mp
import numpy as np


def log_density(law, x):
    """log p(x) for one point x, a list of mp numbers or floats."""
    return globals()["_law_" + law.kind](law, [mp.mpf(v) for v in x])


def _gauss_mp(y, s):
    """log N(y; 0, s) for mp entries."""
    s = mp.matrix(np.asarray(s, dtype=float).tolist())
    y = mp.matrix(y)
    q = (y.T * mp.lu_solve(s, y))[0]
    return -q / 2 - mp.log(mp.det(s)) / 2 - len(y) * mp.log(2 * mp.pi) / 2


def _shift(x, m):
    return [a - mp.mpf(float(b)) for a, b in zip(x, m)]


def _law_gaussian(law, x):
    return _gauss_mp(_shift(x, law.mean), law.covariance)


def _law_mixture(law, x):
    total = mp.fsum(mp.mpf(float(w)) for w in law.weights)
    logs = [
        mp.log(mp.mpf(float(w)) / total) + _gauss_mp(_shift(x, m), c)
        for w, m, c in zip(law.weights, law.means, law.covariances)
    ]
    top = max(logs)
    return top + mp.log(mp.fsum(mp.exp(v - top) for v in logs))


def _law_empirical(law, x):
    h2 = mp.mpf(float(law.bandwidth)) ** 2
    d = len(x)
    logs = [-mp.fsum(v * v for v in _shift(x, m)) / (2 * h2) for m in law.data]
    top = max(logs)
    total = top + mp.log(mp.fsum(mp.exp(v - top) for v in logs) / len(logs))
    return total - mp.mpf(d) / 2 * mp.log(2 * mp.pi * h2)


def _law_student_t(law, x):
    y, s = mp.matrix(_shift(x, law.location)), mp.matrix(np.asarray(law.shape).tolist())
    q, nu, d = (y.T * mp.lu_solve(s, y))[0], mp.mpf(float(law.dof)), len(x)
    top = mp.loggamma((nu + d) / 2) - mp.loggamma(nu / 2) - mp.mpf(d) / 2 * mp.log(nu * mp.pi)
    return top - mp.log(mp.det(s)) / 2 - (nu + d) / 2 * mp.log(1 + q / nu)


def _each(law, x, names, f):
    arrays = np.broadcast_arrays(*(np.atleast_1d(getattr(law, n)) for n in names), np.zeros(len(x)))
    rows = zip(x, *arrays[:-1])
    return mp.fsum(f(v, *(mp.mpf(float(a)) for a in own)) for v, *own in rows)


def _law_laplace(law, x):
    return _each(law, x, ("location", "scale"), lambda v, m, s: -abs(v - m) / s - mp.log(2 * s))


def _law_logistic(law, x):
    def one(v, m, s):
        z = abs(v - m) / s
        return -z - 2 * mp.log1p(mp.exp(-z)) - mp.log(s)

    return _each(law, x, ("location", "scale"), one)


def _law_generalised_normal(law, x):
    def one(v, m, s, k):
        return mp.log(k / (2 * s)) - mp.loggamma(1 / k) - (abs(v - m) / s) ** k

    return _each(law, x, ("location", "scale", "power"), one)


def _tail(z):
    """P(N > z) at high precision, far tails by the continued fraction's asymptotic series."""
    if z < 1e5:
        return mp.erfc(z / mp.sqrt(2)) / 2
    series = mp.fsum((-1) ** j * mp.fac2(2 * j - 1) / z ** (2 * j) for j in range(12))
    return mp.exp(-z * z / 2) / (z * mp.sqrt(2 * mp.pi)) * series


def _law_smoothed_uniform(law, x):
    def one(v, low, high, sigma):
        ends = sorted([(v - high) / sigma, (v - low) / sigma], key=abs)
        b, a = (abs(ends[0]), abs(ends[1])) if ends[0] * ends[1] > 0 else (None, None)
        outside = _tail(abs(ends[0])) + _tail(abs(ends[1]))
        mass = 1 - outside if b is None else _tail(b) - _tail(a)
        return mp.log(mass / (high - low))

    return _each(law, x, ("low", "high", "sigma"), one)


def _law_truncated_normal(law, x):
    def one(v, m, s, low, high):
        mass = (mp.erf((high - m) / s / mp.sqrt(2)) - mp.erf((low - m) / s / mp.sqrt(2))) / 2
        return -(((v - m) / s) ** 2) / 2 - mp.log(s * mp.sqrt(2 * mp.pi) * mass)

    return _each(law, x, ("mean", "sd", "low", "high"), one)


def _law_half_normal(law, x):
    return _each(law, x, ("sd",), lambda v, s: mp.log(mp.sqrt(2 / mp.pi) / s) - (v / s) ** 2 / 2)


def _normal(v, variance):
    return -v * v / (2 * variance) - mp.log(2 * mp.pi * variance) / 2


def _law_funnel(law, x):
    scale = mp.mpf(float(law.scale))
    return _normal(x[0], scale**2) + mp.fsum(_normal(v, mp.exp(x[0])) for v in x[1:])


def _law_banana(law, x):
    s, c = mp.mpf(float(law.scale)), mp.mpf(float(law.curvature))
    return _normal(x[0], s * s) + _normal(x[1] - c * x[0] ** 2 + c * s * s, mp.mpf(1))


def derivatives(law, x, digits):
    """(log p, gradient, Hessian) at one point by central differences at `digits` digits."""
    d = len(x)
    with mp.workdps(digits):
        x = [mp.mpf(float(v)) for v in x]
        size = max([mp.mpf(1), *(abs(v) for v in x)])
        # the step leaves digits/3 of accuracy in second differences of smooth functions
        h = mp.mpf(10) ** (-digits // 4) / size

        def f(*moves):
            y = list(x)
            for i, k in moves:
                y[i] += k * h
            return log_density(law, y)

        here = f()
        up, down = [f((i, 1)) for i in range(d)], [f((i, -1)) for i in range(d)]
        gradient = [(a - b) / (2 * h) for a, b in zip(up, down)]
        hessian = np.zeros((d, d))
        for i in range(d):
            hessian[i, i] = float((up[i] - 2 * here + down[i]) / h**2)
            for j in range(i):
                corners = f((i, 1), (j, 1)) - f((i, 1), (j, -1)) - f((i, -1), (j, 1))
                hessian[i, j] = hessian[j, i] = float((corners + f((i, -1), (j, -1))) / (4 * h**2))
        return float(here), np.array([float(g) for g in gradient]), hessian

"""Derivatives of a log density in many digits, by differences of the log density alone.

With D digits the step is h = 10^(−D/4), so central differences are good to h² ≈ 10^(−D/2):
the score, Jacobian and divergence here use no formula for a derivative at all.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np


def derivatives(log_density, x, digits: int, scale=None):
    """(log p, score, Jacobian) at one point x (d,) as mpmath numbers; `scale` of the step."""
    d = len(x)
    with mp.workdps(digits):
        h = mp.mpf(10) ** (-digits // 4) * (1 if scale is None else mp.mpf(scale))
        point = [mp.mpf(float(value)) for value in x]

        def at(*moves):
            moved = list(point)
            for i, sign in moves:
                moved[i] += sign * h
            return log_density(moved)

        centre = log_density(point)
        plus = [at((i, 1)) for i in range(d)]
        minus = [at((i, -1)) for i in range(d)]
        score = [(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)]
        jacobian = [[None] * d for _ in range(d)]
        for i in range(d):
            jacobian[i][i] = (plus[i] - 2 * centre + minus[i]) / h**2
            for j in range(i):
                crossed = at((i, 1), (j, 1)) + at((i, -1), (j, -1))
                crossed -= at((i, 1), (j, -1)) + at((i, -1), (j, 1))
                jacobian[i][j] = jacobian[j][i] = crossed / (4 * h**2)
    return centre, score, jacobian


def relative_errors(law, log_density, points, digits: int, scale=None) -> dict:
    """Worst error of log_density, score, jacobian and divergence of `law` over `points`.

    A log density is measured against max(1, |log p|), a score and a Jacobian against their
    largest entry, a divergence against the largest entry of the Jacobian.
    """
    got = [law.log_density(points), law.score(points)]
    got += [law.score.jacobian(points), law.score.divergence(points)]
    worst = dict.fromkeys(("log_density", "score", "jacobian", "divergence"), 0.0)
    with mp.workdps(digits):
        for row, x in enumerate(points):
            value, score, jacobian = derivatives(log_density, x, digits, scale)
            trace = mp.fsum(jacobian[i][i] for i in range(len(x)))
            flat = [entry for line in jacobian for entry in line]
            largest = max(abs(entry) for entry in flat)
            gaps = (
                _gap(got[0][row], [value], max(abs(value), 1)),
                _gap(got[1][row], score, max(abs(entry) for entry in score)),
                _gap(got[2][row], flat, largest),
                _gap(got[3][row], [trace], largest),
            )
            for name, gap in zip(worst, gaps, strict=True):
                worst[name] = max(worst[name], gap)
    return worst


def _gap(got, reference, scale) -> float:
    values = np.ravel(got)
    if not np.isfinite(values).all():
        return float("inf")
    gaps = [abs(mp.mpf(float(g)) - r) for g, r in zip(values, reference, strict=True)]
    if scale == 0:
        return 0.0 if max(gaps) == 0 else float("inf")
    return float(max(gaps) / scale)


def mixture_log_density(weights, means, covariances, digits: int):
    """The function log Σ_k π_k N(x; m_k, S_k) of a list of mpmath numbers."""
    with mp.workdps(digits):
        parts = []
        for weight, mean, covariance in zip(weights, means, covariances, strict=True):
            if weight > 0:
                matrix = mp.matrix(covariance.tolist())
                constant = mp.log(weight) - mp.log((2 * mp.pi) ** len(mean) * mp.det(matrix)) / 2
                parts.append((constant, [mp.mpf(float(m)) for m in mean], matrix**-1))

    def log_density(x):
        logs = []
        for constant, mean, precision in parts:
            u = mp.matrix([a - b for a, b in zip(x, mean, strict=True)])
            logs.append(constant - (u.T * precision * u)[0] / 2)
        top = max(logs)
        return top + mp.log(mp.fsum(mp.exp(value - top) for value in logs))

    return log_density

"""Mean acceptance of Metropolis steps on a Gaussian, started from it.

One coordinate, or equal ones: 2 F_{d,d}(1/k^2), k the largest singular value of the symplectic
or proposal matrix. Two different ones: the log ratio is R m(f) - R' n(g) with R, R' independent
exponentials and f, g independent angles, and P(R m > R' n) = m/(m + n).
"""

from __future__ import annotations

import numpy as np

from ._elliptical import square_matrix
from ._exact import as_float, eigh


def mala(law, step_size):
    """log r = (eta/8) sum (x^2 - y^2)/l^2, y = (1 - eta/(2 l)) x + sqrt(eta) z."""
    eta = float(step_size)
    forms = []
    for l in _variances(law):
        a, t = 1 - eta / (2 * l), np.sqrt(eta / l)
        moved = np.array([a, t])  # y/sqrt(l) in (x/sqrt(l), z)
        forms.append(eta / (8 * l) * (np.diag([1.0, 0.0]) - np.outer(moved, moved)))
    return _acceptance(forms)


def random_walk(law, scale):
    """log r = sum (x^2 - y^2)/(2 l), y = x + scale z."""
    forms = []
    for l in _variances(law):
        moved = np.array([1.0, scale / np.sqrt(l)])
        forms.append((np.diag([1.0, 0.0]) - np.outer(moved, moved)) / 2)
    return _acceptance(forms)


def hamiltonian(law, step_size, n_leapfrog):
    """log r = (|w|^2 - |T w|^2)/2, w = (x/sqrt(l), v), T the power of the leapfrog matrix."""
    forms = []
    for l in _variances(law):
        h = step_size / np.sqrt(l)
        kick, drift = np.array([[1.0, 0.0], [-h / 2, 1.0]]), np.array([[1.0, h], [0.0, 1.0]])
        T = np.linalg.matrix_power(kick @ drift @ kick, n_leapfrog)
        forms.append((np.eye(2) - T.T @ T) / 2)
    return _acceptance(forms)


def barker(law, scale):
    """One dimension: int int p(x) 2 n(w) min(F(w s(x)), p(y)/p(x) F(-w s(y))) dw dx, y = x + w.

    By the midpoint rule, to 1e-5: the integrand has a kink."""
    from scipy.special import expit

    l = float(np.ravel(law.covariance)[0])
    x = np.sqrt(l) * (np.arange(-500, 500) + 0.5) / 62.5
    w = scale * (np.arange(-500, 500)[:, None] + 0.5) / 62.5
    y = x + w
    there = np.exp(-x * x / (2 * l)) * expit(-w * x / l)
    back = np.exp(-y * y / (2 * l)) * expit(w * y / l)
    density = 2 * np.exp(-w * w / (2 * scale**2)) / (2 * np.pi * scale * np.sqrt(l))
    return float((density * np.minimum(there, back)).sum() * (x[1] - x[0]) * (w[1] - w[0])[0])


def _acceptance(forms):
    """2 P(sum of the forms > 0); each has one eigenvalue of each sign."""
    from scipy.special import betainc

    pairs = np.array([np.linalg.eigvalsh(f) for f in forms])
    down, up = -pairs[:, 0], pairs[:, 1]
    d = len(pairs)
    if np.ptp(up) <= 1e-12 * up.max() and np.ptp(down) <= 1e-12 * down.max():
        return 2 * betainc(d / 2, d / 2, up[0] / (up[0] + down[0]))
    if d != 2:
        raise ValueError("different eigenvalues need d = 2")
    angles = 2 * np.pi * np.arange(500) / 500
    m, n = (a[0] * np.cos(angles) ** 2 + a[1] * np.sin(angles) ** 2 for a in (up, down))
    return 2 * float((m[:, None] / (m[:, None] + n)).mean())


def _variances(law):
    values, _ = eigh(square_matrix(law.covariance, len(law.mean)))
    return as_float(values)

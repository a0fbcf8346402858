"""Closed forms: ladders of noise levels and their weightings.

A family is described by `fields`, one description a level, and its `sigmas` (L,).
"""

from __future__ import annotations

import numpy as np

from . import fields, objectives, scores
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended


def ladder(family, x, levels, noise):
    """1/2 |sigma s(x + sigma z, sigma) + z|^2 at every point, sigma of the point's own level.

    The weight sigma^2 is inside the square. x, noise: (n, d); levels: (n,). Returns (n,)."""
    rows = zip(x, levels, noise)
    return np.array([_at_point(family.fields[l], family.sigmas[l], a, z) for a, l, z in rows])


def ladder_gradient(family, x, levels, noise):
    """Gradient (p,) of the mean over all points, level by level: each has its own parameters."""
    parts = []
    for level, (field, sigma) in enumerate(zip(family.fields, family.sigmas)):
        rows = np.flatnonzero(levels == level)

        def share(f, rows=rows, sigma=sigma):
            return sum(_at_point(f, sigma, x[i], noise[i]) for i in rows) / len(x)

        own = fields.parameter_gradient(share, field) if len(rows) else None
        parts.append(np.zeros(len(fields.parameters(field))) if own is None else own)
    return np.concatenate(parts)


def _at_point(field, sigma, x, z):
    residual = sigma * fields.value(field, x + sigma * z) + z
    return (residual * residual).sum() / 2


def optimum(law, sigma):
    """1/2 (d - sigma^2 I(q)), q the law of X + sigma Z: the least mean sigma^2-weighted loss.

    Gaussian: 1/2 sum_i l_i/(l_i + sigma^2) over the eigenvalues of S. A point mass: 0."""
    if law.kind == "point":
        return 0.0
    if law.kind == "gaussian":
        values = eigh(square_matrix(law.covariance, len(law.mean)))[0]
        return as_float(np.sum(values / (values + extended(sigma) ** 2)) / 2)
    return sigma**2 * objectives.denoising_constant(law, sigma)


def min_snr(snr, gamma, prediction):
    """The weight 1 up to SNR = gamma, gamma/SNR beyond, of a squared error of the noise.

    With alpha^2 + sigma^2 = 1: |noise error|^2 = SNR |data error|^2 = SNR/(SNR + 1) |v error|^2."""
    snr = np.asarray(snr, dtype=extended)
    of_noise = np.where(snr <= gamma, 1, gamma / snr)
    reading = {"noise": 1, "data": snr, "velocity": snr / (snr + 1)}[prediction]
    return as_float(of_noise * reading)


def edm_preconditioning(sigma, sigma_data):
    """(c_skip, c_out, c_in, c_noise): c_skip regresses data on noisy data, the others normalise.

    c_skip = Cov(x, y)/Var y, c_out^2 = Var(x - c_skip y), c_in^2 = 1/Var y, y = x + sigma z."""
    sigma, spread = np.asarray(sigma, dtype=extended), extended(sigma_data) ** 2
    total = spread + sigma**2
    skip = spread / total
    left = (1 - skip) ** 2 * spread + skip**2 * sigma**2
    parts = (skip, np.sqrt(left), np.sqrt(1 / total), np.log(sigma) / 4)
    return tuple(as_float(part) for part in parts)


def edm_weight(sigma, sigma_data):
    """1/c_out^2, the reciprocal of the variance that skipping leaves."""
    return edm_preconditioning(sigma, sigma_data)[1] ** -2.0


def score_weight(weight, target, alpha, sigma):
    """weight times the square of how far a prediction moves when the score moves by one.

    At fixed y the noise -sigma s moves by -sigma, the data (y + sigma^2 s)/alpha by
    sigma^2/alpha; a velocity is alpha times the noise less sigma times the data, a flow is the
    noise less the data."""
    noise, data = -sigma, sigma * sigma / alpha
    moves = {
        "score": 1.0,
        "noise": noise,
        "data": data,
        "velocity": alpha * noise - sigma * data,
        "flow": noise - data,
    }
    return weight * moves[target] ** 2


def geometric(sigma_max, sigma_min, n):
    """n levels of one ratio from sigma_max down to sigma_min, multiplied up."""
    ratio = (extended(sigma_min) / extended(sigma_max)) ** (extended(1) / (n - 1))
    return as_float(np.array([extended(sigma_max) * ratio**i for i in range(n)]))


def log_uniform(uniforms, sigma_min, sigma_max):
    """sigma_min (sigma_max/sigma_min)^u."""
    return sigma_min * (sigma_max / sigma_min) ** np.asarray(uniforms)


def log_normal(normals, mean, sd):
    """e^mean (e^sd)^z."""
    return np.exp(mean) * np.exp(sd) ** np.asarray(normals)


def uncertainty(squares, log_variance):
    """-log N(r; 0, e^u) - 1/2 log 2 pi at r = sqrt(squares), one number a row."""
    from types import SimpleNamespace

    pairs = zip(np.ravel(squares), np.ravel(log_variance))
    logs = [
        scores.log_density(
            SimpleNamespace(kind="gaussian", mean=np.zeros(1), covariance=np.array([[np.exp(u)]])),
            np.array([[np.sqrt(s)]]),
        )[0]
        for s, u in pairs
    ]
    return -np.array(logs) - np.log(2 * np.pi) / 2

"""The same steps as a reader would write them: one point at a time, densities from scipy.stats."""

import math

import numpy as np
from scipy import stats

WEIGHTS, MEANS = (0.3, 0.7), ((-1.0, 0.5), (1.0, -1.0))
COVARIANCES = (((1.0, 0.4), (0.4, 0.5)), ((0.6, -0.2), (-0.2, 1.5)))


def density(x):
    parts = zip(WEIGHTS, MEANS, COVARIANCES)
    return sum(w * stats.multivariate_normal(m, S).pdf(x) for w, m, S in parts)


def log_density(x):
    return math.log(density(x))


def score(x):
    pull = np.zeros(2)
    for w, m, S in zip(WEIGHTS, MEANS, COVARIANCES):
        share = w * stats.multivariate_normal(m, S).pdf(x) / density(x)
        pull -= share * np.linalg.solve(S, x - np.array(m))
    return pull


def ula(x, z, eta, G=None):
    G = np.eye(len(x)) if G is None else G
    return x + eta / 2 * G @ score(x) + math.sqrt(eta) * np.linalg.cholesky(G) @ z


def log_q(x, y, eta, G):
    """The density of the Langevin proposal y from x."""
    return stats.multivariate_normal(x + eta / 2 * G @ score(x), eta * np.array(G)).logpdf(y)


def mala_log_ratio(x, y, eta, G=None):
    G = np.eye(len(x)) if G is None else G
    return log_density(y) + log_q(y, x, eta, G) - log_density(x) - log_q(x, y, eta, G)


def barker_log_q(x, y, tau):
    """Every coordinate: twice the normal density of the move times the chance of its sign."""
    w, total = y - x, 0.0
    for wi, si in zip(w, score(x)):
        total += math.log(2) + stats.norm(0, tau).logpdf(wi) - math.log1p(math.exp(-wi * si))
    return total


def barker_log_ratio(x, y, tau):
    there, back = barker_log_q(x, y, tau), barker_log_q(y, x, tau)
    return log_density(y) + back - log_density(x) - there


def barker_proposal(x, z, u, tau):
    signs = [
        1 if ui < 1 / (1 + math.exp(-tau * zi * si)) else -1 for zi, ui, si in zip(z, u, score(x))
    ]
    return x + np.array(signs) * tau * z


def leapfrog(x, v, h, n):
    for _ in range(n):
        middle = v + h / 2 * score(x)
        x = x + h * middle
        v = middle + h / 2 * score(x)
    return x, v


def energy(x, v):
    return -log_density(x) + v @ v / 2


def baoab(x, v, z, h, gamma):
    v = v + h / 2 * score(x)
    x = x + h / 2 * v
    v = math.exp(-gamma * h) * v + math.sqrt(1 - math.exp(-2 * gamma * h)) * z
    x = x + h / 2 * v
    return x, v + h / 2 * score(x)


def aboba(x, v, z, h, gamma):
    x = x + h / 2 * v
    v = v + h / 2 * score(x)
    v = math.exp(-gamma * h) * v + math.sqrt(1 - math.exp(-2 * gamma * h)) * z
    v = v + h / 2 * score(x)
    return x + h / 2 * v, v


def obabo(x, v, z, y, h, gamma):
    v = math.exp(-gamma * h / 2) * v + math.sqrt(1 - math.exp(-gamma * h)) * z
    x, v = leapfrog(x, v, h, 1)
    return x, math.exp(-gamma * h / 2) * v + math.sqrt(1 - math.exp(-gamma * h)) * y


def oabao(x, v, z, y, h, gamma):
    v = math.exp(-gamma * h / 2) * v + math.sqrt(1 - math.exp(-gamma * h)) * z
    x = x + h / 2 * v
    v = v + h * score(x)
    x = x + h / 2 * v
    return x, math.exp(-gamma * h / 2) * v + math.sqrt(1 - math.exp(-gamma * h)) * y


def corrector(x, z, snr, alpha):
    s = score(x)
    epsilon = 2 * alpha * (snr * np.linalg.norm(z) / np.linalg.norm(s)) ** 2
    return x + epsilon * s + math.sqrt(2 * epsilon) * z

"""Langevin steps on given noise, one formula each, with exact scores and log densities."""

from __future__ import annotations

import numpy as np

from . import bayes, scores
from .langevin import step

SCHEMES = ("BAOAB", "ABOBA", "OBABO", "OABAO")


def chain(law, x, step_size, noise):
    """Every point (n_steps, n, d) of the chain whose noise is (n_steps, n, d)."""
    points = []
    for z in noise:
        x = step(law, x, step_size, z)
        points.append(x)
    return np.array(points)


def annealed(law, x, sigmas, step_size, noise, denoise=False):
    """Noise (levels, n_each, n, d); at sigma the step size is step_size (sigma/sigmas[-1])^2."""
    for sigma, own in zip(sigmas, noise):
        noised = bayes.diffused(law, 1.0, sigma)
        x = chain(noised, x, step_size * (sigma / sigmas[-1]) ** 2, own)[-1]
    if denoise:
        return x + sigmas[-1] ** 2 * scores.score(noised, x)
    return x


def step_sizes(sigmas, step_size):
    """step_size (sigma/sigmas[-1])^2 from logarithms."""
    sigmas = np.asarray(sigmas, dtype=float)
    return np.exp(np.log(step_size) + 2 * (np.log(sigmas) - np.log(sigmas[-1])))


def preconditioned(law, x, step_size, G, noise, root="cholesky"):
    """x + (eta/2) G s(x) + sqrt(eta) L z with L L^T = G."""
    if root == "cholesky":
        L = np.linalg.cholesky(G)
    else:
        values, vectors = np.linalg.eigh(G)
        L = (vectors * np.sqrt(values)) @ vectors.T
    drift = scores.score(law, x) @ G
    return x + step_size / 2 * drift + np.sqrt(step_size) * np.asarray(noise) @ L.T


def stochastic(law, x, step_size, root, gradient_noise, noise):
    """x + (eta/2) (s(x) + C xi) + sqrt(eta) z."""
    drift = scores.score(law, x) + gradient_noise @ np.asarray(root).T
    return x + step_size / 2 * drift + np.sqrt(step_size) * np.asarray(noise)


def corrector(law, x, snr, noise, norm="row"):
    """x + e s(x) + sqrt(2 e) z, e = 2 (snr |z|/|s|)^2, norms of each row or their batch means."""
    s, z = scores.score(law, x), np.asarray(noise)
    sizes = [np.sqrt((a * a).sum(1, keepdims=True)) for a in (z, s)]
    if norm == "batch mean":
        sizes = [a.mean() * np.ones_like(a) for a in sizes]
    e = 2 * (snr * sizes[0] / sizes[1]) ** 2
    return x + e * s + np.sqrt(2 * e) * z


def log_ratio(law, x, y, step_size):
    """log p(y) q(x | y) - log p(x) q(y | x) with q(. | x) = N(x + (eta/2) s(x), eta I)."""
    there = y - x - step_size / 2 * scores.score(law, x)
    back = x - y - step_size / 2 * scores.score(law, y)
    gain = scores.log_density(law, y) - scores.log_density(law, x)
    return gain + ((there**2).sum(1) - (back**2).sum(1)) / (2 * step_size)


def random_walk_log_ratio(law, x, y):
    """log p(y) - log p(x)."""
    return scores.log_density(law, y) - scores.log_density(law, x)


def barker_proposal(law, x, scale, noise, uniforms):
    """x + b w, w = scale z, b = 1 where u < 1/(1 + exp(-w s(x))), else -1."""
    from scipy.special import expit

    w = scale * np.asarray(noise)
    return np.where(uniforms < expit(w * scores.score(law, x)), x + w, x - w)


def barker_log_ratio(law, x, y):
    """log p(y)/p(x) + sum log F(-w s(y)) - log F(w s(x)), w = y - x, F the logistic function."""
    from scipy.special import log_expit

    w = y - x
    there, back = log_expit(w * scores.score(law, x)), log_expit(-w * scores.score(law, y))
    return random_walk_log_ratio(law, x, y) + (back - there).sum(1)


def leapfrog(law, x, v, h, n):
    """(x, v) after n steps by positions alone: x_{k+1} = 2 x_k - x_{k-1} + h^2 s(x_k)."""
    before, now = x, x + h * v + h * h / 2 * scores.score(law, x)
    for _ in range(n - 1):
        before, now = now, 2 * now - before + h * h * scores.score(law, now)
    after = 2 * now - before + h * h * scores.score(law, now)
    return now, (after - before) / (2 * h)


def hamiltonian_log_ratio(law, x, v, h, n):
    """(proposal, minus the change of -log p + |v|^2/2) of n leapfrog steps."""
    y, w = leapfrog(law, x, v, h, n)
    return y, random_walk_log_ratio(law, x, y) - ((w * w).sum(1) - (v * v).sum(1)) / 2


def underdamped(law, x, v, h, friction, noise, scheme):
    """(x, v) after the letters of a scheme; noise (n, d), or (2, n, d) where O stands twice."""
    noise = iter(np.reshape(noise, (-1, *np.shape(x))))
    share = {letter: h / scheme.count(letter) for letter in "ABO"}
    keep = np.exp(-friction * share["O"])
    for letter in scheme:
        if letter == "A":
            x = x + share["A"] * v
        elif letter == "B":
            v = v + share["B"] * scores.score(law, x)
        else:
            v = keep * v + np.sqrt(1 - keep * keep) * next(noise)
    return x, v

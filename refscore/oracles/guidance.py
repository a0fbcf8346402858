"""Guided scores, the laws they lead to, and posterior scores of linear inverse problems.

Scores are written from component densities and joint Gaussian conditioning (E[X_0 | x_t] and
Cov[X_0 | x_t], whose multiple alpha/sigma^2 is the denoiser's Jacobian), never from derivatives
of a score. Laws of guided samplers on Gaussians of common eigenvectors are integrals in time.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import bayes, diffusion, reverse, scores
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended
from ._interval import panels


def class_score(law, members, process, x, t):
    """grad log p_t(y | x), y the event that the data come from the components `members`."""
    given = conditional(law, members)
    return _score(given, process, x, t) - _score(law, process, x, t)


def conditional(law, members):
    """A mixture's law given that event."""
    weights, means, covariances = bayes.components(law)
    k = np.asarray(members, dtype=int)
    chosen = weights[k] / np.sum(weights[k])
    parts = {"weights": chosen, "means": means[k], "covariances": np.array(covariances)[k]}
    return SimpleNamespace(kind="mixture", **{n: as_float(v) for n, v in parts.items()})


def classifier_free(law, other, process, x, t, weight):
    """weight s_c - (weight - 1) s_u."""
    c, u = _score(law, process, x, t), _score(other, process, x, t)
    return weight * c - (weight - 1) * u


def softmax_score(logits, jacobian, label, temperature):
    """sum_j p_j (J_y - J_j) / temperature, p_j = 1 / sum_k e^{(l_k - l_j)/temperature}."""
    l, J = np.asarray(logits, extended), np.asarray(jacobian, extended)
    p = 1 / np.exp((l[:, None, :] - l[:, :, None]) / temperature).sum(-1)
    return as_float(np.einsum("nj,njd->nd", p, J[:, label, None] - J) / temperature)


def guided_ancestral(law, members, process, x, t, s, weight, noise, variance="small"):
    """The ancestral step of variance v, its mean moved by v weight times the class's score there,
    at time s."""
    v = reverse.posterior(process, t, s)[2 if variance == "small" else 3]
    mean = reverse.ancestral(law, process, x, t, s, np.zeros_like(x))
    pull = class_score(law, members, process, mean, s)
    spread = reverse.spread_of(process, t, s, variance)
    return mean + v * weight * pull + np.sqrt(spread) * noise


def guided_law(law, other, process, weight, level):
    """(mean, covariance) at time 0 of dx = [f x - k g^2 s] dt + level g dw from N(0, I) at T,
    k = (1 + level^2)/2, s = w s_c - (w - 1) s_u, gaussians of common eigenvectors.

    Along an eigenvector, with S_i = alpha^2 v_i + sigma^2, d log S_i = (2 f + g^2/S_i) dt, so the
    homogeneous flow is h = prod S_i^{k w_i} alpha^{1 - 2k}, and the covariance is
    h^2 [C_T/h_T^2 + level^2 int g^2/h^2], the mean h [m_T/h_T + int k g^2 sum w_i alpha m_i/S_i/h].
    """
    level, end = extended(level), diffusion.final_time(process)
    k, w = (1 + level**2) / 2, np.array([weight, 1 - weight], dtype=extended)
    S = [square_matrix(a.covariance, len(a.mean)) for a in (law, other)]
    E = eigh(S[0] + extended(0.37) * S[1])[1]
    v = np.array([np.diagonal(E.T @ a @ E) for a in S])
    m = np.array([E.T @ np.asarray(a.mean, dtype=extended) for a in (law, other)])
    node, step = panels(0.0, end, count=8, order=14)
    rows = [_rates(process, t, v, w, k) for t in np.append(np.asarray(node, float), [0.0, end])]
    h, g2, pull = (np.array(a) for a in zip(*[(h, g2, (w[:, None] * a * m / s).sum(0))
                                              for h, g2, a, s in rows]))  # fmt: skip
    inner, (h_0, h_T) = slice(None, -2), h[-2:]
    noise = (step * level**2 * g2[inner]) @ h[inner] ** -2
    drift = (step * k * g2[inner]) @ (pull[inner] / h[inner])
    return as_float(E @ (h_0 * drift)), as_float((E * (h_0**2 * (h_T**-2 + noise))) @ E.T)


def _rates(process, t, v, w, k):
    """h (d,), g^2, alpha, and S (2, d) at time t."""
    alpha, sigma = (extended(a) for a in diffusion.marginal(process, t))
    S = alpha**2 * v + sigma**2
    h = np.exp(k * (w[:, None] * np.log(S)).sum(0)) * alpha ** (1 - 2 * k)
    return h, extended(diffusion.rates(process, float(t))[1]), alpha, S


def posterior_score(law, process, x, t, H, y, noise_covariance):
    """The score of the posterior's law, diffused."""
    return _score(bayes.posterior(law, H, y, noise_covariance), process, x, t)


def approximate(law, process, x, t, H, y, noise_covariance, kind):
    """s + J^T H^T M^-1 (y - H D) with M = R ("dps"), r^2 H H^T + R ("pigdm") or H C H^T + R
    ("moment"), D and C the mean and covariance of X_0 given x_t, J = alpha C / sigma^2."""
    alpha, sigma = diffusion.marginal(process, t)
    D, C = bayes.tweedie(law, x, alpha, sigma)
    H, y, R = np.asarray(H), np.asarray(y), np.asarray(noise_covariance)
    V = {
        "dps": 0.0 * R,
        "pigdm": H @ H.T / (alpha**2 / sigma**2 + 1),
        "moment": np.einsum("ki,nij,lj->nkl", H, C, H),
    }[kind]
    M = np.broadcast_to(V + R, (len(D), *R.shape))
    u = np.linalg.solve(M, (y - D @ H.T)[..., None])[..., 0]
    return _score(law, process, x, t) + alpha / sigma**2 * np.einsum("nij,kj,nk->ni", C, H, u)


def flat_prior(law, process, x, t, H, y, noise_covariance):
    """s + grad log N(y; H x / alpha, (sigma/alpha)^2 H H^T + R)."""
    alpha, sigma = diffusion.marginal(process, t)
    H = np.asarray(H) / alpha
    M = sigma**2 * H @ H.T + np.asarray(noise_covariance)
    return _score(law, process, x, t) + (np.asarray(y) - x @ H.T) @ np.linalg.inv(M).T @ H


def replacement(law, process, x, t, s, H, y, noise):
    """alpha_s X + sigma_s E of the guesses of data and noise at t, then H^T H of it replaced."""
    alpha, sigma = diffusion.marginal(process, s)
    data, of_noise = reverse.guesses(law, process, x, t)
    moved, H = alpha * data + sigma * of_noise, np.asarray(H)
    P = H.T @ H
    return moved @ (np.eye(len(P)) - P) + alpha * (H.T @ np.asarray(y)) + sigma * noise @ P


def _score(law, process, x, t):
    return scores.score(diffusion.law_at(law, process, t), x)

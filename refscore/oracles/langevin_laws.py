"""Laws of affine Langevin chains on N(m, S), step after step in extended precision.

The matrices of a step are read off the step itself, run on unit vectors; nothing is diagonalised
but for roots.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import bayes, langevin, langevin_steps
from ._exact import as_float, extended, inverse


def propagated(m, c, q, n_steps, mean, covariance):
    """The law after x' = M x + c + noise of covariance Q, n times."""
    m, c, q = (np.asarray(a, dtype=extended) for a in (m, c, q))
    mean, covariance = np.asarray(mean, dtype=extended), np.asarray(covariance, dtype=extended)
    for _ in range(n_steps):
        mean, covariance = m @ mean + c, m @ covariance @ m.T + q
    return gaussian(mean, covariance)


def fixed(m, c, q):
    """The law that x' = M x + c + noise leaves unchanged: vec C = (I - M (x) M)^-1 vec Q."""
    m = as_float(m)
    mean = np.linalg.solve(np.eye(len(m)) - m, as_float(c))
    return gaussian(mean, _fixed_covariance(m, as_float(q)))


def _fixed_covariance(m, q):
    d = len(m)
    return np.linalg.solve(np.eye(d * d) - np.kron(m, m), q.ravel()).reshape(d, d)


def preconditioned(law, step_size, G):
    """(M, c, Q) of the preconditioned step."""
    P, G = _precision(law), np.asarray(G, dtype=extended)
    m = np.eye(len(P)) - extended(step_size) / 2 * G @ P
    return m, _fixing(m, law.mean), extended(step_size) * G


def noisy(law, step_size, gradient_covariance):
    """(M, c, Q) of the step with a stochastic score of this covariance."""
    P, eta = _precision(law), extended(step_size)
    m = np.eye(len(P)) - eta / 2 * P
    q = eta * np.eye(len(P)) + eta**2 / 4 * np.asarray(gradient_covariance, dtype=extended)
    return m, _fixing(m, law.mean), q


def annealed(law, sigmas, step_size, n_each, mean, covariance, denoise=False):
    """The law after n_each steps at every level, with the exact noised scores."""
    for sigma, eta in zip(sigmas, langevin_steps.step_sizes(sigmas, step_size)):
        level = bayes.diffused(law, 1.0, sigma)
        now = propagated(
            *preconditioned(level, eta, np.eye(len(law.mean))), n_each, mean, covariance
        )
        mean, covariance = now.mean, now.covariance
    if denoise:
        m = np.eye(len(mean)) - sigmas[-1] ** 2 * as_float(_precision(level))
        return propagated(m, _fixing(m, law.mean), 0 * m, 1, mean, covariance)
    return gaussian(mean, covariance)


def underdamped(law, h, friction, scheme):
    """(M, c, Q) of a splitting step of the state (x, v), read off unit vectors."""
    d, n = len(law.mean), scheme.count("O")

    def at(states, noise):
        out = langevin_steps.underdamped(
            law, states[:, :d], states[:, d:], h, friction,
            noise.reshape(-1, n, d).swapaxes(0, 1), scheme,
        )  # fmt: skip
        return np.hstack(out)

    c = at(np.zeros((1, 2 * d)), np.zeros((1, n * d)))[0]
    m = (at(np.eye(2 * d), np.zeros((2 * d, n * d))) - c).T
    b = (at(np.zeros((n * d, 2 * d)), np.eye(n * d)) - c).T
    return m, c, b @ b.T


def unadjusted_hamiltonian(law, h, n_leapfrog):
    """(M, c, Q) of leapfrog from a fresh momentum, read off unit vectors."""
    d, zero = len(law.mean), np.zeros((1, len(law.mean)))

    def at(x, v):
        return langevin_steps.leapfrog(law, x, v, h, n_leapfrog)[0]

    c = at(zero, zero)[0]
    m = (at(np.eye(d), np.zeros((d, d))) - c).T
    b = (at(np.zeros((d, d)), np.eye(d)) - c).T
    return m, c, b @ b.T


def autocorrelation_time(law, step_size, direction):
    """1 + 2 sum_k rho_k of u.x along the unadjusted chain: sum_{k>=1} M^k = (I - M)^-1 M."""
    m, _, q = preconditioned(law, step_size, np.eye(len(law.mean)))
    u, m = np.asarray(direction, dtype=float), as_float(m)
    cov = _fixed_covariance(m, as_float(q))
    tail = np.linalg.solve(np.eye(len(u)) - m, m @ cov @ u)
    return 1 + 2 * (u @ tail) / (u @ cov @ u)


def wasserstein_bias(law, step_size):
    """W_2 between the target and the unadjusted chain's stationary law, by the optimal map."""
    return langevin.wasserstein_gaussian(law, langevin.stationary(law, step_size))


def stability_limit(law):
    """4 over the largest eigenvalue of the exact precision."""
    return 4 / np.linalg.eigvalsh(as_float(_precision(law)))[-1]


def signal_to_noise(law, sigmas, step_size):
    """eta_t I(q_t)/(4 d): E |(eta_t/2) s|^2 over eta_t d, I by precision or by quadrature."""
    found = []
    for sigma, eta in zip(sigmas, langevin_steps.step_sizes(sigmas, step_size)):
        level = bayes.diffused(law, 1.0, sigma)
        d = np.shape(getattr(law, "mean", None) if law.kind == "gaussian" else law.means[0])[-1]
        found.append(eta * _fisher_information(level) / (4 * d))
    return np.array(found)


def kl_to(law, other):
    """KL(N(m, S) || N(m', S')) = 1/2 [tr P' S - d + log det S'/det S + |m - m'|^2 in P']."""
    P = as_float(_precision(other))
    gap = np.asarray(law.mean) - np.asarray(other.mean)
    eigenvalues = np.linalg.eigvals(P @ law.covariance).real
    return 0.5 * float((eigenvalues - 1 - np.log(eigenvalues)).sum() + gap @ P @ gap)


def fisher(law, other):
    """1/2 E_law |grad log law - grad log other|^2 of two Gaussians."""
    P, R = as_float(_precision(law)), as_float(_precision(other))
    gap = R @ (np.asarray(law.mean) - np.asarray(other.mean))
    return 0.5 * float(np.trace((R - P) @ law.covariance @ (R - P)) + gap @ gap)


def gaussian(mean, covariance):
    """The law as a gaussian description."""
    covariance = (covariance + covariance.T) / 2
    return SimpleNamespace(kind="gaussian", mean=as_float(mean), covariance=as_float(covariance))


def _fisher_information(law):
    if law.kind == "gaussian":
        return float(np.trace(as_float(_precision(law))))
    from .langevin_transfer import mixture_on_a_line  # q'^2/q over the line

    if np.shape(law.means)[-1] > 1:
        return _fisher_information_on_the_plane(law)
    weights, means, variances = mixture_on_a_line(law)
    reach = 14 * np.sqrt(variances.max())
    count = 60_000 * max(1, int(2 * reach / np.sqrt(variances.min()) / 6_000))
    x = np.linspace(means.min() - reach, means.max() + reach, count + 1)
    gap = x[:, None] - means
    parts = weights / np.sqrt(2 * np.pi * variances) * np.exp(-gap * gap / (2 * variances))
    q, slope = parts.sum(1), (-gap / variances * parts).sum(1)
    return float((slope**2 / np.maximum(q, 1e-300)).sum() * (x[1] - x[0]))


def _fisher_information_on_the_plane(law):
    """|grad q|^2/q by the trapezoid rule, 401 points an axis."""
    means, covariances = np.asarray(law.means), np.asarray(law.covariances)
    reach = 9 * np.sqrt(covariances[:, [0, 1], [0, 1]].max())
    axes = [np.linspace(m.min() - reach, m.max() + reach, 401) for m in means.T]
    x = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    q, slope = np.zeros(x.shape[:-1]), np.zeros(x.shape)
    for weight, mean, covariance in zip(law.weights, means, covariances):
        pull = (x - mean) @ np.linalg.inv(covariance)
        part = weight * np.exp(-0.5 * (pull * (x - mean)).sum(-1))
        part /= 2 * np.pi * np.sqrt(np.linalg.det(covariance))
        q, slope = q + part, slope + part[..., None] * pull
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    return float(((slope**2).sum(-1) / np.maximum(q, 1e-300)).sum() * cell)


def _precision(law):
    return inverse(np.asarray(law.covariance, dtype=float))[0]


def _fixing(m, mean):
    """The offset that leaves the mean where it is."""
    mean = np.asarray(mean, dtype=extended)
    return mean - m @ mean

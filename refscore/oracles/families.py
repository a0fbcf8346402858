"""Other model families: normal laws by Schur complements, games and divergences by quadrature.

Laws are described as everywhere; an energy is a "polynomial" with exponents and coefficients.
"""

from __future__ import annotations

import math

import numpy as np

from . import contrasts, quadrature, scores
from ._memory import remembered

# f, its slope, and the r at which f'(r) = t: of sup over r of r t - f(r)
_F = {
    "kl": (lambda r: r * np.log(r), lambda t: np.exp(t - 1)),
    "reverse kl": (lambda r: -np.log(r), lambda t: -1 / t),
    "pearson": (lambda r: (r - 1) ** 2, lambda t: 1 + t / 2),
    "hellinger": (lambda r: (np.sqrt(r) - 1) ** 2, lambda t: (1 - t) ** -2.0),
    "jensen-shannon": (
        lambda r: r * np.log(r) - (r + 1) * np.log((r + 1) / 2),
        lambda t: np.exp(t) / (2 - np.exp(t)),
    ),
    "gan": (
        lambda r: r * np.log(r) - (r + 1) * np.log(r + 1),
        lambda t: np.exp(t) / (1 - np.exp(t)),
    ),
}


def _leading(mean, covariance, x, size):
    """log density of the first coordinates, by their determinant and solve."""
    if size == 0:
        return np.zeros(len(x))
    s, off = np.asarray(covariance)[:size, :size], x[:, :size] - np.asarray(mean)[:size]
    square = (off * np.linalg.solve(s, off.T).T).sum(1)
    return -0.5 * (square + np.linalg.slogdet(2 * np.pi * s)[1])


def conditionals(mean, covariance, x):
    """log p(x_j | x_<j) (n, d): log densities of j coordinates less those of j - 1."""
    joint = [_leading(mean, covariance, x, j) for j in range(len(mean) + 1)]
    return np.stack([b - a for a, b in zip(joint, joint[1:])], axis=1)


def regressions(covariance):
    """(B, s) of each coordinate on those before it, by Schur complements."""
    s, d = np.asarray(covariance), len(covariance)
    coefficients, deviations = np.zeros((d, d)), np.zeros(d)
    for j in range(d):
        seen = np.linalg.solve(s[:j, :j], s[:j, j]) if j else np.zeros(0)
        coefficients[j, :j] = seen
        deviations[j] = math.sqrt(s[j, j] - seen @ s[:j, j])
    return coefficients, deviations


def ordered_draws(mean, covariance, normals):
    """Draws (n, d), every coordinate from its conditional law given those drawn."""
    coefficients, deviations = regressions(covariance)
    x = np.zeros(np.shape(normals))
    for i, row in enumerate(np.asarray(normals)):
        for j, z in enumerate(row):
            x[i, j] = mean[j] + coefficients[j] @ (x[i] - mean * (np.arange(len(mean)) < j))
            x[i, j] += deviations[j] * z
    return x


def latent_covariance(loadings, sigma):
    """W W^T + sigma^2 I, entry by entry."""
    w = np.asarray(loadings)
    inner = [[math.fsum(a * b) for b in w] for a in w]
    return np.array(inner) + sigma**2 * np.eye(len(w))


def latent_log_density(loadings, offset, sigma, x):
    """log p(x) (n,) from the full covariance."""
    return _leading(offset, latent_covariance(loadings, sigma), x, len(offset))


def latent_posterior(loadings, offset, sigma, x):
    """(mean, covariance) of z given x, by conditioning the joint normal law of (z, x)."""
    w = np.asarray(loadings)
    gain = np.linalg.solve(latent_covariance(w, sigma), w).T
    return (x - offset) @ gain.T, np.eye(w.shape[1]) - gain @ w


def latent_bound(loadings, offset, sigma, x, mean, covariance):
    """The bound (n,): log p(x|z) + log p(z) - log q(z) averaged over a cubature that is exact for
    quadratics, the points mean +- sqrt(k) columns of a root of the covariance."""
    w, k = np.asarray(loadings), np.shape(loadings)[1]
    values, vectors = np.linalg.eigh(covariance)
    directions = math.sqrt(k) * (vectors * np.sqrt(values)).T
    total = np.zeros(len(x))
    noise, none = sigma**2 * np.eye(len(offset)), np.zeros(len(offset))
    for direction in np.concatenate([directions, -directions]):
        z = mean + direction
        given = _leading(none, noise, x - offset - z @ w.T, len(offset))
        prior = _leading(np.zeros(k), np.eye(k), z, k)
        own = _leading(np.zeros(k), covariance, z - mean, k)
        total += given + prior - own
    return total / (2 * k)


def latent_fit(x, n_latent):
    """(mean, covariance) at maximum likelihood, from singular values of the centred points."""
    x = np.asarray(x)
    mean = x.sum(0) / len(x)
    _, singular, rows = np.linalg.svd((x - mean) / math.sqrt(len(x)))
    values = singular**2
    noise = values[n_latent:].sum() / (x.shape[1] - n_latent)
    values = np.where(np.arange(len(values)) < n_latent, values, noise)
    return mean, rows.T @ np.diag(values) @ rows


def discriminator(law, other, x):
    """p / (p + q), (n,)."""
    p, q = (np.exp(np.longdouble(1) * scores.log_density(each, x)) for each in (law, other))
    return np.asarray(p / (p + q), dtype=float)


def score_difference(law, other, x):
    """grad log p - grad log q (n, d)."""
    return scores.score(law, x) - scores.score(other, x)


def _odds_of(log_odds):
    """D and 1 - D, each by its own quotient."""
    return 1 / (1 + np.exp(-log_odds)), 1 / (1 + np.exp(log_odds))


def game(data_log_odds, model_log_odds):
    """mean log D + mean log(1 - D)."""
    won = math.fsum(np.log(_odds_of(data_log_odds)[0])) / len(data_log_odds)
    return won + math.fsum(np.log(_odds_of(model_log_odds)[1])) / len(model_log_odds)


def game_slopes(data_log_odds, model_log_odds):
    """Its derivatives, the data's first: 1 - D over n, -D over m."""
    of_data = _odds_of(data_log_odds)[1] / len(data_log_odds)
    return np.concatenate([of_data, -_odds_of(model_log_odds)[0] / len(model_log_odds)])


def generator(name, model_log_odds):
    """(loss, slopes) of a generator's log odds: complex steps of formulas in D and 1 - D."""

    def loss(a):
        d, rest = _odds_of(a)
        terms = {"saturating": np.log(rest), "non-saturating": -np.log(d), "likelihood": -d / rest}
        return terms[name].mean()

    steps = 1e-30j * np.eye(len(model_log_odds))
    moved = [loss(model_log_odds + step).imag for step in steps]
    return float(loss(np.asarray(model_log_odds))), np.array(moved) / 1e-30


@remembered
def jensen_shannon(law, other):
    """H((p + q)/2) - H(p)/2 - H(q)/2, entropies by the trapezoid rule on one grid for all."""
    ends = []
    for each in (law, other):
        m, reach = scores.mean(each), 11 * np.sqrt(np.diag(scores.covariance(each)))
        ends += [m - reach, m + reach]
    low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    axes = np.linspace(low, high, 2001 if len(low) == 1 else 81).T
    x = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(low))
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    logs = [scores.log_density(each, x) for each in (law, other)]
    logs.append(np.logaddexp(*logs) - math.log(2))
    p, q, both = (-math.fsum(np.exp(log) * log) * cell for log in logs)
    return both - (p + q) / 2


def jensen_shannon_of_atoms(counts, other_counts):
    """Of two laws on the same atoms, from how often each atom is drawn."""
    total = []
    n, m = sum(counts), sum(other_counts)
    for a, b in zip(counts, other_counts):
        p, q = a / n, b / m
        total += [p * math.log(2 * p / (p + q)) / 2, q * math.log(2 * q / (p + q)) / 2]
    return math.fsum(total)


@remembered
def f_divergence(name, law, other):
    """E_q f(p/q) of two normal laws of the line, by quadrature; closed forms hold the tests."""

    def ratio(x):
        return np.exp(scores.log_density(law, x) - scores.log_density(other, x))

    if name == "pearson":  # E_p of p/q less 1
        return quadrature.expectation(law, ratio) - 1
    if name == "kl":
        return quadrature.expectation(law, lambda x: np.log(ratio(x)))
    return quadrature.expectation(other, lambda x: _F[name][0](ratio(x)))


def critic(name, log_ratio):
    """f'(r) (n,), by complex steps."""
    return _F[name][0](np.exp(np.asarray(log_ratio)) + 1e-30j).imag / 1e-30


def critic_bound(name, critic_x, critic_y, x_weights, y_weights):
    """mean T less mean f*(T), f* = r t - f(r) at the r where f'(r) = t."""
    t = np.asarray(critic_y, dtype=float)
    f, best = _F[name]
    r = best(t)
    conjugate = r * t - f(r)
    return math.fsum(x_weights * critic_x) - math.fsum(y_weights * conjugate)


def wasserstein_1(law, other):
    """Of two normal laws of the line: |difference of quantiles| integrated, cut at its zero."""
    from scipy.integrate import quad

    shift = float(law.mean[0] - other.mean[0])
    spread = math.sqrt(law.covariance[0, 0]) - math.sqrt(other.covariance[0, 0])
    cut = min(max(-shift / spread, -38.0), 38.0) if spread else 0.0

    def signed(low, high):
        return quad(lambda z: (shift + spread * z) * math.exp(-z * z / 2), low, high,
                    epsabs=1e-13, epsrel=1e-13, limit=200)[0]  # fmt: skip

    return (abs(signed(-38, cut)) + abs(signed(cut, 38))) / math.sqrt(2 * math.pi)


@remembered
def normaliser(energy, low, high):
    """(log Z, mean of the monomials (p,)) by the trapezoid rule on a fine grid of the box."""
    d = np.shape(energy.exponents)[1]
    axis, step = np.linspace(low, high, 4001 if d == 1 else 301, retstep=True)
    x = np.stack(np.meshgrid(*[axis] * d, indexing="ij"), -1).reshape(-1, d)
    logs = contrasts.log_value(energy, x)
    mass = np.exp(logs - logs.max())
    monomials = mass @ contrasts.statistics(energy, x) / mass.sum()
    return float(logs.max() + math.log(mass.sum()) + d * math.log(step)), monomials


def likelihood_gradient(energy, x, low, high):
    """(p,): the model's mean monomials less the data's."""
    return normaliser(energy, low, high)[1] - contrasts.statistics(energy, x).mean(0)


def importance_estimate(log_unnormalised, log_proposal):
    """log of the mean ratio."""
    ratios = np.exp(np.longdouble(1) * (np.asarray(log_unnormalised) - log_proposal))
    return float(np.log(ratios.mean()))


def importance_variance(dim, scale):
    """(integral of p^2/q on the line)^dim - 1, by quadrature; infinite where p^2/q grows."""
    from scipy.integrate import quad

    if scale**2 <= 0.5:
        return math.inf

    def integrand(x):
        return scale / math.sqrt(2 * math.pi) * math.exp(-x * x * (1 - 0.5 / scale**2))

    return quad(integrand, -np.inf, np.inf, epsabs=1e-13, epsrel=1e-13)[0] ** dim - 1

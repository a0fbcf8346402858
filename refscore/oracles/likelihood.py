"""What likelihoods by the flow must give: errors of priors and cut-offs, divergences of laws.

The flow of a law on the line keeps its distribution function, F_T(x_T) = F_0(x), so its end is a
quantile; divergences of laws on the line are integrals by composite Gauss-Legendre quadrature.
"""

from __future__ import annotations

import numpy as np

from . import diffusion, scores
from ._elliptical import square_matrix
from ._exact import LOG_2PI, as_float, extended, inverse
from ._interval import panels
from .bayes import components


def flow_end(law, process, x, start=0.0):
    """Where the probability flow takes x (n, d) from `start` to the final time: gaussian data, or
    any mixture on the line."""
    end = diffusion.final_time(process)
    if law.kind == "gaussian":
        return diffusion.flow_map(law, process, x, start, end)
    return _quantiles(law, process, np.asarray(x), start, end)


def _quantiles(law, process, x, start, end):
    from scipy.optimize import brentq
    from scipy.special import log_ndtr, ndtr

    def parts(t):
        w, m, v = components(diffusion.law_at(law, process, t))
        sd = np.sqrt(np.array([c[0, 0] for c in v], dtype=float))
        return np.asarray(w, float), np.asarray(m, float)[:, 0], sd

    def gap(z, target, side, at):
        w, m, sd = at
        if side > 0:  # the upper tail keeps its digits
            return target - np.logaddexp.reduce(np.log(w) + log_ndtr((m - z) / sd))
        return np.logaddexp.reduce(np.log(w) + log_ndtr((z - m) / sd)) - target

    first, last, ends = parts(start), parts(end), []
    for value in x[:, 0]:
        w, m, sd = first
        side = 1 if w @ ndtr((value - m) / sd) > 0.5 else -1
        target = np.logaddexp.reduce(np.log(w) + log_ndtr(-side * (value - m) / sd))
        ends.append(brentq(gap, -60.0, 60.0, args=(target, side, last), xtol=1e-13, rtol=1e-14))
    return np.array(ends)[:, None]


def prior_mismatch(law, process, x, prior_std, start=0.0):
    """log N(x_T; 0, prior_std^2 I) - log p_T(x_T), x_T the end of the flow of x (n, d)."""
    ends, std = flow_end(law, process, x, start), float(prior_std)
    prior = -np.sum((ends / std) ** 2, -1) / 2 - ends.shape[-1] * (float(LOG_2PI) / 2 + np.log(std))
    return prior - scores.log_density(
        diffusion.law_at(law, process, diffusion.final_time(process)), ends
    )


def cutoff_error(law, process, x, start):
    """log p_start(x) - log p_0(x)."""
    return diffusion.log_likelihood(law, process, x, start) - scores.log_density(law, x)


def on_probes(law, process, x, probes, prior_std, part="velocity"):
    """The log-likelihood of gaussian data that probes (n, m, d), held fixed, give:
    log prior(x_T) + mean over m of v^T A v, A = 1/2 log(S_T S_0^-1); part "score": with
    v^T (A - a I) v + a d for it, a = int f = log alpha_T."""
    end = diffusion.final_time(process)
    exact = diffusion.log_likelihood_with_prior(law, process, x, prior_std, 0.0, end)
    A = diffusion.divergence_matrix(law, process, 0.0, end)
    estimates = np.einsum("nmi,ij,nmj->nm", probes, A, probes).mean(-1)
    if part == "score":
        area = np.log(diffusion.marginal(process, end)[0])
        estimates = estimates + area * (probes.shape[-1] - np.sum(probes**2, -1).mean(-1))
    return exact - diffusion.flow_log_det(law, process, 0.0, end) + estimates


def bits(log_density, dim, width):
    """-log2 of the probability of a bin of this width in each of dim coordinates, a coordinate."""
    log_density = np.asarray(log_density, dtype=extended)
    return as_float(-(log_density / np.log(extended(2)) + dim * np.log2(extended(width))) / dim)


def kl(law, other):
    """E_p[log p - log q]: gaussians in closed form, mixtures on the line by quadrature."""
    if law.kind == other.kind == "gaussian":
        return _gaussian_kl(law, other)
    weights, means, covariances = components(law)
    spread = max(float(np.sqrt(c[0, 0])) for c in covariances)
    low, high = float(means.min()) - 14 * spread, float(means.max()) + 14 * spread
    node, weight = panels(low, high, count=40)
    x = np.asarray(node, float)[:, None]
    p, q = scores.log_density(law, x), scores.log_density(other, x)
    return float(np.sum(np.asarray(weight, float) * np.exp(p) * (p - q)))


def _gaussian_kl(law, other):
    m, n = (np.asarray(a.mean, dtype=extended) for a in (law, other))
    S, T = (square_matrix(a.covariance, len(m)) for a in (law, other))
    (P, log_t), log_s = inverse(T), inverse(S)[1]
    gap = n - m
    return as_float((np.sum(P * S) + gap @ P @ gap - len(m) + log_t - log_s) / 2)

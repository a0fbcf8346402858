"""Mean acceptance of Metropolis steps on a Gaussian N(μ, S), started from it.

The log ratio of a reversible step is a quadratic form of the point and the noise. Along every
eigenvector of S it is (s/2) (a²/κ - κ b²) with a, b ~ N(0, 1) independent and κ - 1/κ = s, and
the mean acceptance is twice the probability that the sum is positive. It is at most 2√d/s for
the largest s; where that is below 2e-16, 0 is returned unless all s are equal.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_positive
from refscore.laws._shared import eigenbasis
from refscore.laws.kinetic import chebyshev


def mala_acceptance(law, step_size) -> float:
    """The mean acceptance of the Metropolis-adjusted Langevin step.

        s = (η/λ)^{3/2}/4;  d = 1: (4/π) arctan(1/κ),  N(μ, λI): 2 F_{d,d}(κ⁻²)

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η > 0. Returns: a number.
    Raises: ValueError naming the argument. Cost: O(d³), and about 10³ d for eigenvalues that
    differ. Source: derived; F_{d,d} the distribution function of the F law.
    Checked by: mala_acceptance
    """
    eta, (_, variances, _) = as_positive(step_size, "step_size"), eigenbasis(law)
    with np.errstate(all="ignore"):
        return _acceptance((eta / variances) ** 1.5 / 4)


def random_walk_acceptance(law, scale) -> float:
    """The mean acceptance of the random-walk step with proposals x + τ z.

        s = τ/√λ;  d = 1: (4/π) arctan(1/κ),  N(μ, λI): 2 F_{d,d}(κ⁻²)

    Arguments: law with .mean (d,) and .covariance (d, d); scale τ > 0. Returns, raises, cost,
    source: as `mala_acceptance`.
    Checked by: random_walk_acceptance
    """
    tau, (_, variances, _) = as_positive(scale, "scale"), eigenbasis(law)
    with np.errstate(all="ignore"):
        return _acceptance(tau / np.sqrt(variances))


def hmc_acceptance(law, step_size, n_leapfrog: int) -> float:
    """The mean acceptance of the Hamiltonian step of L leapfrog steps of size h.

        s = (h²/λ)^{3/2}/4 |U_{L-1}(1 - h²/(2λ))|;  κ is the leapfrog matrix's largest
        singular value;  d = 1: (4/π) arctan(1/κ),  N(μ, λI): 2 F_{d,d}(κ⁻²)

    Arguments: law with .mean (d,) and .covariance (d, d); step_size h > 0; n_leapfrog L >= 1.
    Returns, raises, cost, source: as `mala_acceptance`; L = 1 is that with η = h².
    Checked by: hmc_acceptance
    """
    h, L = as_positive(step_size, "step_size"), as_count(n_leapfrog, "n_leapfrog")
    variances = eigenbasis(law)[1]
    with np.errstate(all="ignore"):
        _, U = chebyshev(1 - h * h / (2 * variances), L)
        return _acceptance((h * h / variances) ** 1.5 / 4 * np.abs(U))


def _acceptance(s) -> float:
    """2 P(Σ s_i (a_i²/κ_i - κ_i b_i²) > 0)."""
    from scipy.special import fdtr

    s = np.where(np.isnan(s), np.inf, s)  # beyond stability: inf - inf on the way
    s = s[s > 0]
    if not s.size:
        return 1.0
    below = 2 / (np.hypot(s, 2) + s)  # 1/κ
    if s.min() >= (1 - 1e-14) * s.max():
        return min(1.0, float(2 * fdtr(s.size, s.size, below[0] ** 2)))
    if s.max() > 1e16 * s.size**0.5:
        return 0.0
    return _inverted(np.concatenate([s * below, -s / below]))


def _inverted(weights) -> float:
    """2 P(Σ w_j c_j² > 0) = 1 + (2/π) ∫ sin θ(u)/(u ρ(u)) du over u > 0,

    θ = ½ Σ arctan(w_j u), ρ = Π (1 + w_j² u²)^{1/4}: Imhof 1961. In t = log u the integrand is
    analytic and falls at both ends, so equal steps converge faster than any power; they are
    halved until two sums agree."""
    sizes = np.log(np.abs(weights))
    low = -45 - sizes.max()
    high = min(160 / len(weights) - sizes.min(), 205 - sizes.max())
    step, before, now = 0.1, np.inf, _sum(weights, low, high, 0.1)
    while abs(now - before) > 1e-13 and step > 1e-3:
        step, before = step / 2, now
        now = _sum(weights, low, high, step)
    return min(1.0, max(0.0, 1 + 2 / np.pi * now))


def _sum(weights, low: float, high: float, step: float) -> float:
    wu = weights[:, None] * np.exp(np.arange(low, high, step))
    theta = 0.5 * np.arctan(wu).sum(0)
    return float(step * (np.sin(theta) * np.exp(-0.25 * np.log1p(wu * wu).sum(0))).sum())

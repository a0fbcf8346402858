"""Mistakes in the errors and units of likelihoods by the flow, and in divergences by scores."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.distributions import Gaussian
from refscore.nodes import gauss_hermite
from refscore.verify.library import likelihood as library
from refscore.verify.mutants.base import mistake

VP, PRIOR = library.VP, library.standard_normal


@mistake("mismatch_sign", port="prior_mismatch", source="classic: which minus which")
def _(law, x):
    """The law minus the prior."""
    return -library.prior_mismatch(law, x)


@mistake("mismatch_at_data", port="prior_mismatch", source="classic: x for x_T")
def _(law, x):
    """The two densities at time T are compared at the data, not where their flow ends."""
    p = library.distribution(law).diffuse(*map(float, VP.marginal(VP.final_time)))
    return PRIOR(x) - p.log_density(x)


@mistake("mismatch_of_clean_law", port="prior_mismatch", source="S05")
def _(law, x):
    """The prior is compared with the clean law."""
    p = library.distribution(law)
    ends = flows.encode(VP, p, x)
    return PRIOR(ends) - p.log_density(ends)


@mistake("mismatch_ignores_mean", port="prior_mismatch", source="L13: of N(0, α²V + σ²I)")
def _(law, x):
    """The law at time T is taken for N(0, α² Cov + σ² I)."""
    p, (alpha, sigma) = library.distribution(law), VP.marginal(VP.final_time)
    ends = flows.encode(VP, p, x)
    centred = Gaussian(0 * p.mean, p.covariance).diffuse(float(alpha), float(sigma))
    return PRIOR(ends) - centred.log_density(ends)


@mistake("cutoff_sign", port="cutoff_error", source="classic: which minus which")
def _(law, x, start):
    """The data's log density minus that at the cut-off."""
    return -library.cutoff_error(law, x, start)


@mistake("cutoff_without_shrinking", port="cutoff_error", source="S07: α left out")
def _(law, x, start):
    """At the cut-off noise has been added, the data not shrunk."""
    p, sigma = library.distribution(law), float(VP.marginal(start)[1])
    return p.diffuse(1.0, sigma).log_density(x) - p.log_density(x)


@mistake("cutoff_follows_flow", port="cutoff_error", source="classic: p_t(x_t) for p_t(x)")
def _(law, x, start):
    """The density at the cut-off is taken where the flow carries the point."""
    p = library.distribution(law)
    moved = flows.encode(VP, p, x, end=start)
    return p.diffuse(*map(float, VP.marginal(start))).log_density(moved) - p.log_density(x)


@mistake("bits_in_nats", port="bits_per_dimension", source="L15")
def _(log_likelihoods, dim, bin_width):
    """The logarithm of two is left out: nats a dimension."""
    return -(log_likelihoods / dim + np.log(bin_width))


@mistake("bits_not_per_dimension", port="bits_per_dimension", source="L15")
def _(log_likelihoods, dim, bin_width):
    """Bits of the whole point."""
    return -(log_likelihoods + dim * np.log(bin_width)) / np.log(2)


@mistake("bits_offset_sign", port="bits_per_dimension", source="classic: log δ for -log δ")
def _(log_likelihoods, dim, bin_width):
    """The offset has the wrong sign."""
    return -log_likelihoods / (dim * np.log(2)) + np.log2(bin_width)


@mistake("bits_without_offset", port="bits_per_dimension", source="classic: density for mass")
def _(log_likelihoods, dim, bin_width):
    """The width of the bins is left out."""
    return -log_likelihoods / (dim * np.log(2))


@mistake("bits_offset_in_nats", port="bits_per_dimension", source="L15")
def _(log_likelihoods, dim, bin_width):
    """The offset is the natural logarithm of the width."""
    return -log_likelihoods / (dim * np.log(2)) - np.log(bin_width)


@mistake("bits_offset_once", port="bits_per_dimension", source="classic: δ for δ^d")
def _(log_likelihoods, dim, bin_width):
    """A bin's volume is taken for its width."""
    return -(log_likelihoods + np.log(bin_width)) / (dim * np.log(2))


@mistake("bits_sign", port="bits_per_dimension", source="classic: log p for -log p")
def _(log_likelihoods, dim, bin_width):
    """The log-likelihood in bits, not the code length."""
    return -library.bits_per_dimension(log_likelihoods, dim, bin_width)


def _divergence(law, other, *, power=2, start=0.0, clean=False, scale=0.5):
    """The path's part with another power of g, law of the mean, or factor; and the end's."""
    p, q = library.distribution(law), library.distribution(other)
    order = 80 if p.dim == 1 else 6
    times, weights = np.polynomial.legendre.leggauss(48)
    times, weights = start + (1 - start) * (times + 1) / 2, weights * (1 - start) / 2
    path = 0.0
    for t, w in zip(times.tolist(), weights):
        a, b = (flows.diffused(VP, one, t) for one in (p, q))
        mean = gauss_hermite(p if clean else a, order)
        gap = ((a.score(mean.points) - b.score(mean.points)) ** 2).sum(-1)
        path += w * scale * float(VP.diffusion(t)) ** power * mean.mean(gap)
    ends = [flows.diffused(VP, one, VP.final_time) for one in (p, q)]
    return path + flows.kl(*ends, nodes=order)


@mistake("kl_without_half", port="kl_by_scores", source="classic: g² for ½ g²")
def _(law, other_law):
    """The half before g² is missing."""
    return _divergence(law, other_law, scale=1.0)


@mistake("kl_g_not_squared", port="kl_by_scores", source="classic: g for g²")
def _(law, other_law):
    """The weight is g, not g²."""
    return _divergence(law, other_law, power=1)


@mistake("kl_unweighted", port="kl_by_scores", source="classic: no likelihood weighting")
def _(law, other_law):
    """The scores' distance is not weighted by g²."""
    return _divergence(law, other_law, power=0)


@mistake("kl_under_clean", port="kl_by_scores", source="S05")
def _(law, other_law):
    """The mean is taken under the clean law at every time."""
    return _divergence(law, other_law, clean=True)


@mistake("kl_from_cutoff", port="kl_by_scores", source="L14")
def _(law, other_law):
    """The integral begins at t = 0.01."""
    return _divergence(law, other_law, start=0.01)


@mistake("kl_swapped", port="kl_by_scores", source="B1")
def _(law, other_law):
    """The two laws are exchanged."""
    return library.kl_by_scores(other_law, law)

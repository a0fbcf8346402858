"""Mistakes in likelihoods by the flow, in their errors, and in divergences by scores."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.distributions import Gaussian
from refscore.nodes import gauss_hermite
from refscore.verify.library import likelihood as library
from refscore.verify.mutants.base import mistake

VP, PRIOR = library.VP, library.standard_normal


def _parts(score_at, x, probes=None, **options):
    """The library's likelihood with its parts: end points, log prior there, volume."""
    law = library.data_of(score_at)
    return flows.likelihood(VP, law, x, probes=probes, terminal=PRIOR, **options)


def _drift(x):
    """∫ f d dt = -½ d ∫ β."""
    return 0.5 * x.shape[-1] * -(VP.beta_min + 0.5 * (VP.beta_max - VP.beta_min))


@mistake("likelihood_divergence_sign", port="log_likelihood", source="L01")
def _(score_at, x):
    """The divergence is subtracted."""
    parts = _parts(score_at, x)
    return parts.log_terminal - parts.volume


@mistake("likelihood_without_divergence", port="log_likelihood", source="J13: no trace terms")
def _(score_at, x):
    """The change of volume is left out."""
    return _parts(score_at, x).log_terminal


@mistake("likelihood_without_end_point", port="log_likelihood", source="classic: volume alone")
def _(score_at, x):
    """The prior's quadratic term is left out: the end point does not matter."""
    parts = _parts(score_at, x)
    return parts.log_density + 0.5 * (parts.end_points**2).sum(-1)


@mistake("likelihood_without_half", port="log_likelihood", source="R33: g² s for ½ g² s")
def _(score_at, x):
    """The divergence has g² without the half, the path is right."""
    parts = _parts(score_at, x)
    return parts.log_terminal + 2 * parts.volume - _drift(x)


@mistake("likelihood_without_drift", port="log_likelihood", source="classic: tr ∇s alone")
def _(score_at, x):
    """The divergence is that of the score term: f d is forgotten."""
    parts = _parts(score_at, x)
    return parts.log_density - _drift(x)


@mistake("likelihood_drift_once", port="log_likelihood", source="classic: f for f d")
def _(score_at, x):
    """The drift adds f to the divergence, not f d."""
    return _parts(score_at, x).log_density - _drift(x) * (1 - 1 / x.shape[-1])


@mistake("likelihood_prior_at_data", port="log_likelihood", source="classic: log p_T(x_0)")
def _(score_at, x):
    """The prior is evaluated at the data, not where the flow ends."""
    return PRIOR(x) + _parts(score_at, x).volume


@mistake("likelihood_prior_unnormalised", port="log_likelihood", source="J4: the normaliser")
def _(score_at, x):
    """The prior has no factor (2π)^{-d/2}."""
    return _parts(score_at, x).log_density + 0.5 * x.shape[-1] * np.log(2 * np.pi)


@mistake("likelihood_prior_norm", port="log_likelihood", source="classic: ‖x‖ for ½‖x‖²")
def _(score_at, x):
    """The prior's exponent is not halved."""
    parts = _parts(score_at, x)
    return parts.log_density - 0.5 * (parts.end_points**2).sum(-1)


@mistake("likelihood_wrong_way", port="log_likelihood", source="L12: time runs the wrong way")
def _(score_at, x):
    """The flow is followed from T to 0, the data taken for noise."""
    return _parts(score_at, x, start=1.0, end=0.0).log_density


@mistake("likelihood_per_dimension", port="log_likelihood", source="L15")
def _(score_at, x):
    """The log-likelihood is divided by the dimension."""
    return library.log_likelihood(score_at, x) / x.shape[-1]


@mistake("likelihood_at_cutoff", port="log_likelihood", source="L14")
def _(score_at, x):
    """The density at the cut-off t = 0.01 is reported as that of the data."""
    return _parts(score_at, x, start=0.01).log_density


@mistake("likelihood_stops_early", port="log_likelihood", source="C05: the prior before the end")
def _(score_at, x):
    """The flow ends at t = 0.9, where the prior is not reached."""
    return _parts(score_at, x, end=0.9).log_density


@mistake("likelihood_probes_summed", port="log_likelihood", source="T-row: sum for mean")
def _(score_at, x, probes):
    """The estimates of the probes are summed, not averaged."""
    if probes is None:
        return library.log_likelihood(score_at, x)
    parts = _parts(score_at, x, probes)
    return parts.log_terminal + probes.shape[1] * parts.volume


@mistake("likelihood_first_probe", port="log_likelihood", source="classic: probes[:, 0]")
def _(score_at, x, probes):
    """Only the first probe is used."""
    return library.log_likelihood(score_at, x, None if probes is None else probes[:, :1])


@mistake("likelihood_probes_shared", port="log_likelihood", source="classic: one probe a batch")
def _(score_at, x, probes):
    """The first point's probes are used for all."""
    shared = None if probes is None else np.repeat(probes[:1], len(x), axis=0)
    return library.log_likelihood(score_at, x, shared)


@mistake("likelihood_probes_redrawn", port="log_likelihood", source="G6: a fresh probe a step")
def _(score_at, x, probes):
    """In every part of the time another of the given probes is used."""
    if probes is None:
        return library.log_likelihood(score_at, x)
    law, total, y = library.data_of(score_at), 0.0, x
    times = np.linspace(0.0, 1.0, 13)
    for k, (t, u) in enumerate(zip(times[:-1], times[1:])):
        one = probes[:, [k % probes.shape[1]]]
        parts = flows.likelihood(VP, law, y, probes=one, terminal=PRIOR, start=t, end=u)
        total, y = total + parts.volume, parts.end_points
    return PRIOR(y) + total


@mistake("likelihood_probe_norms", port="log_likelihood", source="classic: f d in place of f |v|²")
def _(score_at, x, probes):
    """The drift's divergence is exact though the score's is estimated: right on signs alone."""
    if probes is None:
        return library.log_likelihood(score_at, x)
    gap = (probes**2).sum(-1).mean(-1) / x.shape[-1] - 1
    return _parts(score_at, x, probes).log_density - _drift(x) * gap


@mistake("mismatch_sign", port="prior_mismatch", source="classic: which minus which")
def _(law, x):
    """The law minus the prior."""
    return -library.prior_mismatch(law, x)


@mistake("mismatch_at_data", port="prior_mismatch", source="classic: x for x_T")
def _(law, x):
    """The two densities at time T are compared at the data, not where their flow ends."""
    p = library.distribution(law).diffuse(*map(float, VP.marginal(1.0)))
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
    p, (alpha, sigma) = library.distribution(law), VP.marginal(1.0)
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
    ends = [flows.diffused(VP, one, 1.0) for one in (p, q)]
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

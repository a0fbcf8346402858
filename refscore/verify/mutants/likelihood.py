"""Mistakes in likelihoods by the flow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from refscore import diffusion as flows
from refscore.verify.library import likelihood as library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.once import once
from refscore.verify.setting import current

VP, PRIOR = library.VP, library.standard_normal


def by_law(solve):
    """`once` for what is asked of a score: told by the law behind it, in the present setting."""
    known = once(lambda score_at, x, setting, *more, **named: solve(score_at, x, *more, **named))

    def solved(score_at, x, *more, **named):
        law = getattr(score_at, "law", None)
        asked = score_at if law is None else SimpleNamespace(law=law)
        return known(asked, x, current(), *(part for part in more if part is not None), **named)

    return solved


right = by_law(library.log_likelihood)


@by_law
def _parts(score_at, x, probes=None, **options):
    """The library's likelihood with its parts: end points, log prior there, volume."""
    law = library.data_of(score_at)
    return flows.likelihood(VP, law, x, probes=probes, terminal=PRIOR, **options)


def _drift(x):
    """∫ f d dt = d log α_T."""
    return x.shape[-1] * np.log(float(VP.marginal(VP.final_time)[0]))


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
    return _parts(score_at, x, start=VP.final_time, end=0.0).log_density


@mistake("likelihood_per_dimension", port="log_likelihood", source="L15")
def _(score_at, x):
    """The log-likelihood is divided by the dimension."""
    return right(score_at, x) / x.shape[-1]


@mistake("likelihood_at_cutoff", port="log_likelihood", source="L14")
def _(score_at, x):
    """The density at the cut-off t = 0.001 is reported as that of the data."""
    return _parts(score_at, x, start=1e-3).log_density


@mistake("likelihood_stops_early", port="log_likelihood", source="C05: the prior before the end")
def _(score_at, x):
    """The flow ends at t = 0.9, where the prior is not reached."""
    return _parts(score_at, x, end=0.9).log_density


@mistake("likelihood_probes_summed", port="log_likelihood", source="T-row: sum for mean")
def _(score_at, x, probes):
    """The estimates of the probes are summed, not averaged."""
    if probes is None:
        return right(score_at, x)
    parts = _parts(score_at, x, probes)
    return parts.log_terminal + probes.shape[1] * parts.volume


@mistake("likelihood_first_probe", port="log_likelihood", source="classic: probes[:, 0]")
def _(score_at, x, probes):
    """Only the first probe is used."""
    return right(score_at, x, None if probes is None else probes[:, :1])


@mistake("likelihood_probes_shared", port="log_likelihood", source="classic: one probe a batch")
def _(score_at, x, probes):
    """The first point's probes are used for all."""
    shared = None if probes is None else np.repeat(probes[:1], len(x), axis=0)
    return right(score_at, x, shared)


@mistake("likelihood_probes_redrawn", port="log_likelihood", source="G6: a fresh probe a step")
def _(score_at, x, probes):
    """In every part of the time another of the given probes is used."""
    if probes is None:
        return right(score_at, x)
    total, y = 0.0, x
    times = np.linspace(0.0, 1.0, 13)
    for k, (t, u) in enumerate(zip(times[:-1], times[1:])):
        one = probes[:, [k % probes.shape[1]]]
        parts = _parts(score_at, y, one, start=t, end=u)
        total, y = total + parts.volume, parts.end_points
    return PRIOR(y) + total

"""Mistakes in likelihoods by the flow: what is integrated, and what is added at the end."""

from __future__ import annotations

import numpy as np

from refscore.verify.library import likelihood as library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.likelihood import PRIOR, VP, _drift, _parts, by_law


@mistake("likelihood_prior_averaged", port="log_likelihood", source="L15: mean for sum")
def _(score_at, x):
    """The prior's quadratic term is averaged over the dimensions, not summed."""
    parts = _parts(score_at, x)
    square = (parts.end_points**2).sum(-1)
    return parts.log_density + 0.5 * square * (1 - 1 / x.shape[-1])


@mistake("likelihood_prior_normalised_once", port="log_likelihood", source="J4: √2π for √2π^d")
def _(score_at, x):
    """The prior is normalised as on the line, whatever the dimension."""
    return _parts(score_at, x).log_density + 0.5 * (x.shape[-1] - 1) * np.log(2 * np.pi)


@mistake("likelihood_score_averaged", port="log_likelihood", source="L15: tr/d for tr")
def _(score_at, x):
    """The trace of the score's Jacobian is divided by the dimension; the drift's is not."""
    parts, drift = _parts(score_at, x), _drift(x)
    return parts.log_terminal + drift + (parts.volume - drift) / x.shape[-1]


@mistake("likelihood_volume_averaged", port="log_likelihood", source="L15: mean for sum")
def _(score_at, x):
    """The whole divergence is divided by the dimension."""
    parts = _parts(score_at, x)
    return parts.log_terminal + parts.volume / x.shape[-1]


@mistake("likelihood_negated", port="log_likelihood", source="L15: a loss reported")
def _(score_at, x):
    """The negative log-likelihood is returned."""
    return -_parts(score_at, x).log_density


@by_law
def _carried(score_at, x, *, times=1.0, power=2, steps=48):
    """Runge-Kutta along f y - ½ times gᵖ s: where the points end, and ∫ of its divergence."""
    law, d = library.data_of(score_at), x.shape[-1]
    dense = VP.final_time * np.linspace(0.0, 1.0, steps + 1) ** 2

    def slopes(t, y):
        score, f = _score(law, t), float(VP.drift_rate(t))
        rate = 0.5 * times * float(VP.diffusion(t)) ** power
        divergence = f * d - rate * score.divergence(y)
        return np.column_stack([f * y - rate * score(y), divergence])

    z = np.column_stack([x, np.zeros(len(x))])
    for t, u in zip(dense[:-1], dense[1:]):
        h, m = u - t, (t + u) / 2
        first = slopes(t, z[:, :d])
        second = slopes(m, (z + h / 2 * first)[:, :d])
        third = slopes(m, (z + h / 2 * second)[:, :d])
        z = z + h / 6 * (first + 2 * second + 2 * third + slopes(u, (z + h * third)[:, :d]))
    return z[:, :d], z[:, d]


def _score(law, t):
    from refscore import diffusion as flows

    return law.at(t) if hasattr(law, "at") else flows.diffused(VP, law, t).score


@mistake("likelihood_of_reverse_drift", port="log_likelihood", source="R33: the SDE's drift")
def _(score_at, x):
    """The drift of the reverse SDE, with g² for ½g², is followed and its divergence summed."""
    ends, volume = _carried(score_at, x, times=2.0, steps=96)  # it grows like e^5
    return PRIOR(ends) + volume


@mistake("likelihood_g_not_squared", port="log_likelihood", source="classic: g for g²")
def _(score_at, x):
    """The score has g where g² belongs, in the path and in the divergence."""
    ends, volume = _carried(score_at, x, power=1)
    return PRIOR(ends) + volume


@mistake("likelihood_volume_alone", port="log_likelihood", source="classic: the prior left out")
def _(score_at, x):
    """The prior is left out: the change of volume alone."""
    return _carried(score_at, x)[1]

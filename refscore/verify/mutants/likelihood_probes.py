"""Mistakes in probes of likelihoods; those of subjects that have to be given probes, too."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.likelihood import _drift, _parts, right


def _unit(probes):
    return probes / np.linalg.norm(probes, axis=-1, keepdims=True)


def _summed(score_at, x, probes):
    parts = _parts(score_at, x, probes)
    return parts.log_terminal + probes.shape[1] * parts.volume


@mistake("likelihood_probes_normalised", port="log_likelihood", source="T-row: vᵀv = 1, not d")
def _(score_at, x, probes):
    """The probes are scaled to length 1, so that the trace is divided by the dimension."""
    return right(score_at, x, None if probes is None else _unit(probes))


@mistake("likelihood_given_probes_normalised", port="log_likelihood", source="T-row: vᵀv = 1")
def _(score_at, x, *, probes):
    """The probes, which have to be given, are scaled to length 1."""
    return right(score_at, x, _unit(probes))


@mistake("likelihood_given_probes_summed", port="log_likelihood", source="T-row: sum for mean")
def _(score_at, x, *, probes):
    """The estimates of the probes, which have to be given, are summed, not averaged."""
    return _summed(score_at, x, probes)


@mistake("likelihood_given_first_probe", port="log_likelihood", source="classic: probes[:, 0]")
def _(score_at, x, *, probes):
    """Of the probes, which have to be given, only the first is used."""
    return right(score_at, x, probes[:, :1])


@mistake("likelihood_given_probes_summed_beside_drift", port="log_likelihood", source="T-row")
def _(score_at, x, *, probes):
    """The drift's divergence is exact; the score's estimates, on given probes, are summed."""
    parts, drift = _parts(score_at, x, probes), _drift(x)
    share = drift * (probes**2).sum(-1).mean(-1) / x.shape[-1]
    return parts.log_terminal + drift + probes.shape[1] * (parts.volume - share)

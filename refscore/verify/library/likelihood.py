"""Ports of the library: likelihoods by the flow, their errors, divergences by scores."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore import processes

__all__ = [
    "bits_per_dimension", "cutoff_error", "kl_by_scores", "log_likelihood", "prior_mismatch",
]  # fmt: skip

VP = processes.VP()


def standard_normal(x):
    """log N(x; 0, I), the prior."""
    return -0.5 * np.sum(x**2 + np.log(2 * np.pi), axis=-1)


def data_of(score_at):
    """The law behind a described score, where there is one: all points are carried at once."""
    law = getattr(score_at, "law", None)
    return score_at if law is None else distribution(law)


def distribution(law):
    """The library's distribution of a plain description."""
    from refscore.verify import library

    return library.distribution(law)


def log_likelihood(score_at, x, probes=None):
    """log p_0 by the probability flow, from the prior N(0, I)."""
    law = data_of(score_at)
    return flows.log_likelihood(VP, law, x, probes=probes, terminal=standard_normal)


def prior_mismatch(law, x):
    """What the prior adds to the log-likelihood."""
    return flows.likelihood_errors(VP, distribution(law), x).prior_mismatch


def cutoff_error(law, x, start):
    """What a cut-off adds to the log-likelihood."""
    return flows.likelihood_errors(VP, distribution(law), x, start=start).cut_off


def bits_per_dimension(log_likelihoods, dim, bin_width):
    """Nats to bits a dimension."""
    return flows.bits_per_dimension(log_likelihoods, dim, bin_width=bin_width)


def kl_by_scores(law, other_law):
    """KL of two laws by their scores along the process."""
    p, q = distribution(law), distribution(other_law)
    return flows.kl_by_scores(VP, p, q, nodes=80 if p.dim == 1 else 6).total

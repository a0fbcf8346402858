"""Ports of the library: likelihoods by the flow, their errors, divergences by scores."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.verify.setting import PROCESS, convention

__all__ = [
    "bits_per_dimension", "cutoff_error", "kl_by_scores", "log_likelihood", "prior_mismatch",
]  # fmt: skip

VP = PROCESS


def standard_normal(x):
    """log N(x; 0, s² I), the prior; s = 1 but where the process has another, or is declared to."""
    s = end_std("log_likelihood")
    return -0.5 * np.sum((x / s) ** 2 + np.log(2 * np.pi * s**2), axis=-1)


def end_std(port) -> float:
    """What σ tends to, or σ at the end where that is declared."""
    if convention(port, "prior", "limit") == "limit":
        return float(VP.prior_std())
    return float(VP.marginal(VP.final_time)[1])


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
    found = flows.log_likelihood(VP, law, x, probes=probes, terminal=standard_normal)
    part = convention("log_likelihood", "likelihood_probes", "velocity")
    if probes is None or part == "velocity":
        return found
    shrunk = np.log(float(VP.marginal(VP.final_time)[0]))  # ∫ f, of which the trace is exact
    return found + shrunk * (np.shape(x)[-1] - (np.asarray(probes) ** 2).sum(-1).mean(-1))


def prior_mismatch(law, x):
    """What the prior adds to the log-likelihood."""
    s = end_std("prior_mismatch")

    def prior(x):
        return -0.5 * np.sum((x / s) ** 2 + np.log(2 * np.pi * s**2), axis=-1)

    return flows.likelihood_errors(VP, distribution(law), x, terminal=prior).prior_mismatch


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

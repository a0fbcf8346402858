"""The divergence of two laws from the scores along one diffusion: likelihood weighting."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_callable, as_count, as_offering, as_points
from refscore.diffusion.probability_flow import diffused, one_time, score_at_time
from refscore.fields.base import handed_to
from refscore.nodes import Nodes, gauss_hermite
from refscore.processes import as_process


class ScoreDivergence(NamedTuple):
    """½ ∫ g² E‖s_p - s_q‖² dt along the `path`, the `terminal` divergence, and their sum."""

    path: float
    terminal: float

    @property
    def total(self) -> float:
        """The sum: KL(p_0 ‖ q_0), or its bound."""
        return self.path + self.terminal


def kl_by_scores(
    process, law, score_at, *, terminal: Callable | None = None, start=0.0, end=None,
    n_times=64, nodes: Callable | int = 30,
) -> ScoreDivergence:  # fmt: skip
    """The divergence of a law from another by their scores along one diffusion.

        KL(p_s ‖ q_s) = ½ ∫_s^T g² E_{p_t}‖∇ log p_t - ∇ log q_t‖² dt + KL(p_T ‖ q_T)

    With any field s_θ in place of ∇ log q_t the right side bounds KL(p_s ‖ q_θ), q_θ what the
    reverse SDE (not the flow) makes of q_T with s_θ; it is equal only where s_θ is the score
    of q_θ's own diffusion. The weight g² makes denoising score matching fit by likelihood.
    Arguments: process; law p, with .diffuse; score_at: the law q, a family or a function t ->
    field; terminal, log q_T as a function (..., d) -> (...,): the exact diffused law's where q
    is a law, else N(0, prior_std² I); start, end within [0, T]; n_times, Gauss-Legendre nodes
    in time; nodes, a function law -> Nodes for E_{p_t}, or the order of Gauss-Hermite nodes
    (exact for Gaussians; p a Gaussian or a mixture). Returns: ScoreDivergence.
    Cost: n_times scores of both on the nodes. Source: Song, Durkan, Murray and Ermon 2021,
    theorem 1.
    Checked by: kl_along_a_diffusion
    """
    process = as_process(process)
    end = process.final_time if end is None else one_time(end, process, "end")
    start = one_time(start, process, "start")
    times, weights = _gauss_legendre(start, end, as_count(n_times, "n_times"))
    under = _expectation(nodes)
    score_of = score_at_time(process, score_at)
    path = 0.0
    for t, w in zip(times.tolist(), weights, strict=True):
        half = 0.5 * float(process.diffusion(t)) ** 2
        path += w * half * _gap(diffused(process, law, t), score_of(t), under)
    return ScoreDivergence(float(path), _terminal(process, law, score_at, terminal, end, under))


def kl(law, other, *, nodes: Callable | int = 30) -> float:
    """The Kullback-Leibler divergence of two laws, E_p[log p - log q].

        KL(p ‖ q) = ∫ p (log p - log q)

    Arguments: law p and other q, with .log_density; nodes, a function law -> Nodes, or the
    order of Gauss-Hermite nodes (exact for two Gaussians). Source: Kullback and Leibler 1951.
    Tested in: tests/diffusion/test_weighting.py
    """
    under = _expectation(nodes)
    law, other = (
        as_offering(p, name, "log_density") for p, name in ((law, "law"), (other, "other"))
    )
    return _kl(law, other.log_density, under)


def prior_divergence(process, law, *, nodes: Callable | int = 30) -> float:
    """KL(p_T ‖ N(0, prior_std² I)): what starting a sampler at the prior costs, in nats.

    Arguments: process; law of the data, a Gaussian or a mixture unless nodes say otherwise;
    nodes, a function law -> Nodes, or the order of Gauss-Hermite nodes (exact for Gaussians).
    Source: Song, Durkan, Murray and Ermon 2021, theorem 1.
    Tested in: tests/diffusion/test_weighting.py
    """
    process = as_process(process)
    under = _expectation(nodes)
    return _terminal(process, law, None, None, process.final_time, under)


def _expectation(nodes) -> Callable:
    """The nodes of a law: as given, or Gauss-Hermite of this order."""
    if callable(nodes):
        return nodes
    order = as_count(nodes, "nodes")
    return lambda law: gauss_hermite(law, order)


def _terminal(process, law, score_at, terminal, end, under) -> float:
    last = diffused(process, law, end)
    if terminal is None:
        from refscore.diffusion.likelihood import prior_log_density

        terminal = prior_log_density(process, score_at, end, last.dim)
    return _kl(last, as_callable(terminal, "terminal"), under)


def _kl(law, log_density, under) -> float:
    mean: Nodes = under(law)
    return float(mean.mean(law.log_density(mean.points) - log_density(mean.points)))


def _gap(law, score, under) -> float:
    """E_p‖∇ log p - s‖²."""
    mean: Nodes = under(law)
    x = as_points(mean.points, "nodes")
    return float(mean.mean(np.sum((law.score(x) - score(handed_to(score, x))) ** 2, axis=-1)))


def _gauss_legendre(start: float, end: float, n: int):
    if not start < end:
        raise ValueError(f"start must be before end = {end:g}, got {start:g}")
    node, weight = np.polynomial.legendre.leggauss(n)
    return start + (end - start) * (node + 1) / 2, weight * (end - start) / 2

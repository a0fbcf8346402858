"""The divergence of two laws from the scores along one diffusion: likelihood weighting."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_count, as_offering, as_points, require_finite
from refscore.diffusion._given import whole
from refscore.diffusion.likelihood import log_density_by, prior_log_density
from refscore.diffusion.probability_flow import diffused, one_time, score_at_time, score_values
from refscore.nodes import Nodes, gauss_hermite
from refscore.processes import as_process

REACH, NOTHING = 27.0, 1e-6  # how far λ is followed where σ or α is 0, and what counts as nothing
MOST = 1024  # nodes in λ


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
    n_times=40, nodes: Callable | int = 30,
) -> ScoreDivergence:  # fmt: skip
    """The divergence of a law from another by their scores along one diffusion.

        KL(p_s ‖ q_s) = ½ ∫_s^T g² E_{p_t}‖∇ log p_t - ∇ log q_t‖² dt + KL(p_T ‖ q_T)

    computed in half log-SNR, where ½ g² dt = -σ² dλ: near time 0 narrow laws change fast in t.
    With any field s_θ in place of ∇ log q_t the right side bounds KL(p_s ‖ q_θ), q_θ what the
    reverse SDE (not the flow) makes of q_T with s_θ; it is equal only where s_θ is the score
    of q_θ's own diffusion. The weight g² makes denoising score matching fit by likelihood.
    Arguments: process; law p, with .diffuse; score_at: the law q, a family or a function t ->
    field; terminal, log q_T as a function (..., d) -> (...,): the exact diffused law's where q
    is a law, else N(0, prior_std² I); start, end within [0, T]; n_times, Gauss-Legendre nodes
    in λ, half as many more until two rules agree to 1e-6 of the path, or 1e-9; nodes, a
    function law -> Nodes for E_{p_t}, the same at every call, or the order of Gauss-Hermite nodes
    (exact for Gaussians; p a Gaussian or a mixture, whose error comes on top: compare two orders).
    Returns: ScoreDivergence. Raises: ValueError where no two rules agree, and at σ = 0 where the
    divergence is infinite, as of data on points or a plane, or the data are narrower than 1e-8.
    Cost: from 2.5 n_times scores of both on the nodes. Source: Song, Durkan, Murray and Ermon
    2021, theorem 1.
    Checked by: kl_along_a_diffusion
    """
    process, n = whole(process), as_count(n_times, "n_times")
    end = process.final_time if end is None else one_time(end, process, "end")
    start = one_time(start, process, "start")
    if not start < end:
        raise ValueError(f"start must be before end = {end:g}, got {start:g}")
    under, score_of = _expectation(nodes), score_at_time(process, score_at)

    def rate(log_snr: float) -> float:
        t = min(max(float(process.time_at(log_snr)), start), end)
        gap = _gap(diffused(process, law, t), score_of(t), t, under)
        return float(process.marginal(t)[1]) ** 2 * gap

    last = _terminal(process, law, score_at, terminal, end, under)
    low, high = (float(process.log_snr(t)) for t in (end, start))
    return ScoreDivergence(_integral(rate, low, high, n), last)


def _integral(rate: Callable, low: float, high: float, n: int) -> float:
    """∫ rate dλ; at an infinite end rate falls like e^{-2|λ|}, and half of it is what is beyond."""
    beyond = 0.0
    if high == np.inf:
        high, value = _reach(rate, max(low, 0.0) + REACH, -2.0, low)
        beyond += value / 2
    if low == -np.inf:
        low, value = _reach(rate, min(high, 0.0) - REACH, 2.0, high)
        beyond += value / 2
    before = _by_gauss(rate, low, high, n)
    while True:
        n, fewer = n + (n + 1) // 2, n
        path = _by_gauss(rate, low, high, n)
        if abs(path - before) <= 1e-6 * abs(path) + 1e-9:
            return path + beyond
        if n > MOST // 2:
            raise ValueError(
                f"n_times: {fewer} and {n} nodes in log-SNR do not agree; is a score discontinuous"
                " in time, or do the nodes change from call to call?"
            )
        before = path


def _reach(rate: Callable, far: float, step: float, other: float) -> tuple[float, float]:
    """The first λ from far inwards, short of the other end, beyond which nearly nothing lies."""
    value = rate(far)
    if not value < NOTHING:
        end = "start must be above the time of sigma = 0" if step < 0 else "end must be before T"
        raise ValueError(
            f"{end}: the scores are still apart at log(alpha/sigma) = {far:.3g}, by {value:.3g}"
            " nats for a unit of it. The divergence is infinite, as of data on points or a plane"
            " from a law with a density, or the laws are narrower or wider than can be told"
        )
    while True:
        nearer = far + step
        if (other - nearer) * step <= 0:
            return far, value
        found = rate(nearer)
        if found > NOTHING:
            return far, value
        far, value = nearer, found


def _by_gauss(rate: Callable, low: float, high: float, n: int) -> float:
    node, weight = np.polynomial.legendre.leggauss(n)
    at = low + (high - low) * (node + 1) / 2
    values = [rate(log_snr) for log_snr in at.tolist()]
    return float(np.dot(weight, values) * (high - low) / 2)


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
        terminal = prior_log_density(process, score_at, end, last.dim)
    return _kl(last, log_density_by(terminal), under)


def _kl(law, log_density, under) -> float:
    mean: Nodes = under(law)
    return float(mean.mean(law.log_density(mean.points) - log_density(mean.points)))


def _gap(law, score, t: float, under) -> float:
    """E_p‖∇ log p - s‖²."""
    mean: Nodes = under(law)
    x = as_points(mean.points, "nodes")
    s = require_finite(score_values(score, x, t), f"the score at time {t:.6g}")
    return float(mean.mean(np.sum((law.score(x) - s) ** 2, axis=-1)))

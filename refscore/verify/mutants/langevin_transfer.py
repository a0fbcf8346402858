"""Mistakes in the laws of chains on the line: starts taken for ends, steps, levels."""

from __future__ import annotations

import numpy as np

from refscore import laws
from refscore.verify.mutants.base import mistake


def _distribution(law, low, high, step_size, n_steps, points, *, drift=1.0):
    from refscore.verify import library

    p, size = library.distribution(law), step_size
    ends = min(low, float(np.min(p.means if hasattr(p, "means") else p.mean)) - 6), 8.0
    start = laws.uniform_start(low, high)
    score = p.score if drift == 1.0 else (lambda x: drift * p.score(x))
    return laws.chain_distribution(score, size, n_steps, start, points, *ends)


@mistake("chain_law_is_target", port="chain_distribution", source="erratum J18; seed 004")
def _(law, low, high, step_size, n_steps, points):
    """The chain is taken to have become the target."""
    return _target(law, points)


def _target(law, points):
    from scipy.special import ndtr

    means, spreads = np.ravel(law.means), np.sqrt(np.ravel(law.covariances))
    return ndtr((np.asarray(points)[:, None] - means) / spreads) @ law.weights


@mistake("chain_law_is_start", port="chain_distribution", source="classic: nothing is done")
def _(law, low, high, step_size, n_steps, points):
    """The start's distribution is returned."""
    return np.clip((np.asarray(points) - low) / (high - low), 0, 1)


@mistake("chain_law_drift_not_halved", port="chain_distribution", source="M25")
def _(law, low, high, step_size, n_steps, points):
    """The drift is η s."""
    return _distribution(law, low, high, step_size, n_steps, points, drift=2.0)


@mistake("chain_law_one_step_more", port="chain_distribution", source="R31: off by one")
def _(law, low, high, step_size, n_steps, points):
    """One step too many."""
    return _distribution(law, low, high, step_size, n_steps + 1, points)


@mistake("chain_law_step_spelt_h", port="chain_distribution", source="conventions 5")
def _(law, low, high, step_size, n_steps, points):
    """The step is spelled h: twice the step size."""
    return _distribution(law, low, high, 2 * step_size, n_steps, points)


def _annealed(law, low, high, sigmas, step_size, n, points, *, scores=None, sizes=None):
    """Level by level; `scores` and `sizes`: the levels asked for, and the step of each."""
    from refscore.nodes import Nodes
    from refscore.verify import library

    p, start = library.distribution(law), laws.uniform_start(low, high)
    sizes = step_size * (sigmas / sigmas[-1]) ** 2 if sizes is None else sizes
    for t, sigma in enumerate(sigmas if scores is None else scores):
        score, eta = p.diffuse(1.0, sigma).score, min(sizes[t:])
        grid = np.linspace(-22, 22, int(44 * 6 / np.sqrt(eta)))
        T = laws.transfer_operator(score, sizes[t], grid)
        density = T.apply(T.after(start), n - 2)
        if t < len(sizes) - 1:
            start = Nodes(grid[:, None], T.apply(density) * T.spacing)
    return T.distribution(density, points)


@mistake("annealed_chain_is_target", port="annealed_distribution", source="erratum J18; seed 001")
def _(law, low, high, sigmas, step_size, n_steps_each, points):
    """The chain is taken to have become the target."""
    return _target(law, points)


@mistake("annealed_chain_steps_linear", port="annealed_distribution", source="conventions 5")
def _(law, low, high, sigmas, step_size, n_steps_each, points):
    """The step size is proportional to σ."""
    sizes = step_size * sigmas / sigmas[-1]
    return _annealed(law, low, high, sigmas, step_size, n_steps_each, points, sizes=sizes)


@mistake(
    "annealed_chain_scores_of_last", port="annealed_distribution", source="O11: a label left out"
)
def _(law, low, high, sigmas, step_size, n_steps_each, points):
    """Every level uses the step of its own but the score of the last."""
    last = np.full(len(sigmas), sigmas[-1])
    inputs = law, low, high, sigmas, step_size, n_steps_each, points
    return _annealed(*inputs, scores=last, sizes=np.full(len(sigmas), step_size))

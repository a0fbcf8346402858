"""Mistakes in the Metropolis-adjusted Langevin step: its ratio and its decisions."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def square(a):
    """|a|² a row."""
    return (a * a).sum(-1)


def gain(log_density, x, y):
    """log p(y) - log p(x)."""
    return log_density(y) - log_density(x)


def _log_q(score, x, y, eta, *, drift=0.5, spread=1.0):
    """log q(y | x) up to its constant."""
    return -square(y - x - drift * eta * score(x)) / (2 * spread * eta)


def _ratio(log_density, score, x, y, eta, **change):
    there, back = _log_q(score, x, y, eta, **change), _log_q(score, y, x, eta, **change)
    return gain(log_density, x, y) + back - there


@mistake("ratio_without_proposals", port="metropolis_log_ratio", source="classic: a random walk's")
def _(log_density, score, x, proposal, step_size):
    """The proposal's densities are left out."""
    return gain(log_density, x, proposal)


@mistake("ratio_proposals_exchanged", port="metropolis_log_ratio", source="M27")
def _(log_density, score, x, proposal, step_size):
    """The proposal's densities have their signs exchanged."""
    likelier = gain(log_density, x, proposal)
    return 2 * likelier - _ratio(log_density, score, x, proposal, step_size)


@mistake("ratio_old_proposal_sign", port="metropolis_log_ratio", source="M12: pyro 4acf3ea6c")
def _(log_density, score, x, proposal, step_size):
    """The density of the proposal made is added, not subtracted."""
    there = _log_q(score, x, proposal, step_size)
    return _ratio(log_density, score, x, proposal, step_size) + 2 * there


@mistake("ratio_density_cancels", port="metropolis_log_ratio", source="M09: walnuts #27")
def _(log_density, score, x, proposal, step_size):
    """The new log density is subtracted from itself."""
    back, there = (_log_q(score, *pair, step_size) for pair in ((proposal, x), (x, proposal)))
    return back - there


@mistake("ratio_inverted", port="metropolis_log_ratio", source="classic: old over new")
def _(log_density, score, x, proposal, step_size):
    """The ratio is turned over."""
    return -_ratio(log_density, score, x, proposal, step_size)


@mistake("ratio_score_not_renewed", port="metropolis_log_ratio", source="classic: a score kept")
def _(log_density, score, x, proposal, step_size):
    """The way back uses the score of the old point."""
    s = score(x)
    return _ratio(log_density, lambda _: s, x, proposal, step_size)


@mistake("ratio_variance_doubled", port="metropolis_log_ratio", source="classic: σ² for 2σ²")
def _(log_density, score, x, proposal, step_size):
    """The proposal's exponent is divided by 4η for 2η."""
    return _ratio(log_density, score, x, proposal, step_size, spread=2.0)


@mistake("ratio_drift_not_halved", port="metropolis_log_ratio", source="M25")
def _(log_density, score, x, proposal, step_size):
    """The proposal's mean has the drift η s."""
    return _ratio(log_density, score, x, proposal, step_size, drift=1.0)


@mistake("ratio_drift_sign", port="metropolis_log_ratio", source="O01")
def _(log_density, score, x, proposal, step_size):
    """The proposal's mean follows the energy's gradient uphill."""
    return _ratio(log_density, score, x, proposal, step_size, drift=-0.5)


def moved(x, y, taken):
    """The points after the decision, and the decision."""
    return np.where(taken[:, None], y, x), taken


def _proposed(score, x, eta, z):
    return x + eta / 2 * score(x) + np.sqrt(eta) * z


@mistake("mala_never_rejects", port="mala_step", source="M05: caustics #388")
def _(log_density, score, x, step_size, noise, uniform):
    """Every proposal is taken: the unadjusted step."""
    return moved(x, _proposed(score, x, step_size, noise), np.ones(len(x), bool))


@mistake("mala_without_proposals", port="mala_step", source="classic: a random walk's ratio")
def _(log_density, score, x, step_size, noise, uniform):
    """The proposal's densities are left out of the ratio."""
    y = _proposed(score, x, step_size, noise)
    return moved(x, y, np.log(uniform) < gain(log_density, x, y))


@mistake("mala_proposals_exchanged", port="mala_step", source="M27")
def _(log_density, score, x, step_size, noise, uniform):
    """The proposal's densities have their signs exchanged in the ratio."""
    y = _proposed(score, x, step_size, noise)
    r = 2 * gain(log_density, x, y) - _ratio(log_density, score, x, y, step_size)
    return moved(x, y, np.log(uniform) < r)


@mistake("mala_inverted", port="mala_step", source="classic: accepted where it is to be rejected")
def _(log_density, score, x, step_size, noise, uniform):
    """Proposals are taken where they are to be rejected."""
    y = _proposed(score, x, step_size, noise)
    return moved(x, y, np.log(uniform) >= _ratio(log_density, score, x, y, step_size))


@mistake("mala_ratio_turned_over", port="mala_step", source="classic: old over new")
def _(log_density, score, x, step_size, noise, uniform):
    """The ratio is turned over."""
    y = _proposed(score, x, step_size, noise)
    return moved(x, y, np.log(uniform) < -_ratio(log_density, score, x, y, step_size))


@mistake("mala_uniform_without_log", port="mala_step", source="classic: u against log r")
def _(log_density, score, x, step_size, noise, uniform):
    """The uniform number is compared with the log ratio."""
    y = _proposed(score, x, step_size, noise)
    return moved(x, y, uniform < _ratio(log_density, score, x, y, step_size))


@mistake("mala_one_uniform", port="mala_step", source="O26: one draw for the batch")
def _(log_density, score, x, step_size, noise, uniform):
    """All chains share the first chain's uniform number."""
    y = _proposed(score, x, step_size, noise)
    return moved(x, y, np.log(uniform[:1]) < _ratio(log_density, score, x, y, step_size))


@mistake("mala_batch_ratio", port="mala_step", source="classic: a sum over the batch as well")
def _(log_density, score, x, step_size, noise, uniform):
    """The batch is taken or rejected as a whole, by the sum of its log ratios."""
    y = _proposed(score, x, step_size, noise)
    r = _ratio(log_density, score, x, y, step_size).sum()
    return moved(x, y, np.log(uniform[:1]) < np.full(len(x), r))


@mistake("mala_uphill_only", port="mala_step", source="classic: a greedy test")
def _(log_density, score, x, step_size, noise, uniform):
    """Only proposals of a ratio above one are taken."""
    y = _proposed(score, x, step_size, noise)
    return moved(x, y, _ratio(log_density, score, x, y, step_size) > 0)


@mistake("mala_noise_sd_is_step", port="mala_step", source="M01")
def _(log_density, score, x, step_size, noise, uniform):
    """The proposal's noise has standard deviation η; the ratio is the right step's."""
    y = x + step_size / 2 * score(x) + step_size * noise
    return moved(x, y, np.log(uniform) < _ratio(log_density, score, x, y, step_size))


@mistake("mala_drift_not_halved", port="mala_step", source="M25: drift alone, ratio consistent")
def _(log_density, score, x, step_size, noise, uniform):
    """The proposal's drift is η s, in the ratio as well: another valid step."""
    y = x + step_size * score(x) + np.sqrt(step_size) * noise
    r = _ratio(log_density, score, x, y, step_size, drift=1.0)
    return moved(x, y, np.log(uniform) < r)


@mistake("mala_says_all_accepted", port="mala_step", source="classic: what is told is not what is")
def _(log_density, score, x, step_size, noise, uniform):
    """Everybody is said to be accepted."""
    y = _proposed(score, x, step_size, noise)
    taken = np.log(uniform) < _ratio(log_density, score, x, y, step_size)
    return moved(x, y, taken)[0], np.ones(len(x), bool)

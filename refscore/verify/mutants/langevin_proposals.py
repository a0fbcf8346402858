"""Mistakes in random-walk, Barker and Hamiltonian steps: proposals, leapfrog, decisions."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.langevin_metropolis import gain, moved, square


@mistake("walk_scale_is_variance", port="random_walk_step", source="M01: a variance for an sd")
def _(log_density, x, scale, noise, uniform):
    """The scale is taken for a variance."""
    y = x + np.sqrt(scale) * noise
    return moved(x, y, np.log(uniform) < gain(log_density, x, y))


@mistake("walk_density_cancels", port="random_walk_step", source="M09: walnuts #27")
def _(log_density, x, scale, noise, uniform):
    """The new log density is subtracted from itself: a free random walk."""
    return moved(x, x + scale * noise, np.ones(len(x), bool))


@mistake("walk_ratio_turned_over", port="random_walk_step", source="classic: old over new")
def _(log_density, x, scale, noise, uniform):
    """The ratio is turned over."""
    y = x + scale * noise
    return moved(x, y, np.log(uniform) < gain(log_density, y, x))


@mistake("walk_energy_taken", port="random_walk_step", source="classic: a density for its log")
def _(log_density, x, scale, noise, uniform):
    """The difference of log densities is taken for the ratio itself."""
    y = x + scale * noise
    return moved(x, y, uniform < gain(log_density, x, y))


@mistake("walk_tempered", port="random_walk_step", source="classic: a tempering power left in")
def _(log_density, x, scale, noise, uniform):
    """The ratio has the power one half: a law twice as wide."""
    y = x + scale * noise
    return moved(x, y, np.log(uniform) < 0.5 * gain(log_density, x, y))


@mistake("walk_with_jacobian", port="random_walk_step", source="M13: dealii/code-gallery #64")
def _(log_density, x, scale, noise, uniform):
    """The ratio has the Jacobian of a walk in log x, which this is not."""
    y = x + scale * noise
    r = gain(log_density, x, y) + np.log(np.abs(y / x)).sum(-1)
    return moved(x, y, np.log(uniform) < r)


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _barker(log_density, score, x, scale, noise, uniforms, uniform, *, lean=1.0, ratio=1.0):
    w = scale * noise
    s = score(x)
    y = np.where(uniforms < _sigmoid(lean * w * s), x + w, x - w)
    w, t = y - x, score(y)
    turned = np.log1p(np.exp(-w * s)) - np.log1p(np.exp(w * t))
    r = gain(log_density, x, y) + ratio * turned.sum(-1)
    return moved(x, y, np.log(uniform) < r)


@mistake("barker_leans_downhill", port="barker_step", source="O01: the sign of a gradient")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """The signs lean against the gradient."""
    return _barker(log_density, score, x, scale, noise, uniforms, uniform, lean=-1.0)


@mistake("barker_without_proposals", port="barker_step", source="classic: a random walk's ratio")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """The signs' probabilities are left out of the ratio."""
    return _barker(log_density, score, x, scale, noise, uniforms, uniform, ratio=0.0)


@mistake("barker_proposals_exchanged", port="barker_step", source="M27")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """The signs' probabilities enter the ratio the wrong way round."""
    return _barker(log_density, score, x, scale, noise, uniforms, uniform, ratio=-1.0)


@mistake("barker_one_sign_a_point", port="barker_step", source="classic: one draw for all axes")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """All coordinates share the first one's uniform number."""
    first = np.broadcast_to(uniforms[:, :1], uniforms.shape)
    return _barker(log_density, score, x, scale, noise, first, uniform)


@mistake("barker_never_rejects", port="barker_step", source="M05")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """Every proposal is taken."""
    y = np.where(
        uniforms < _sigmoid(scale * noise * score(x)), x + scale * noise, x - scale * noise
    )
    return moved(x, y, np.ones(len(x), bool))


@mistake("barker_leans_twice", port="barker_step", source="classic: (1 + tanh a)/2 for F(a)")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """The signs follow twice the gradient; the ratio is the right step's."""
    return _barker(log_density, score, x, scale, noise, uniforms, uniform, lean=2.0)


@mistake("barker_leans_halfway", port="barker_step", source="classic: F(a/2) for F(a)")
def _(log_density, score, x, scale, noise, uniforms, uniform):
    """The signs follow half the gradient; the ratio is the right step's."""
    return _barker(log_density, score, x, scale, noise, uniforms, uniform, lean=0.5)


def _flow(score, x, v, h, n, *, first=0.5, last=0.5, drift=1.0):
    v = v + first * h * score(x)
    for i in range(n):
        x = x + drift * h * v
        v = v + (h if i < n - 1 else last * h) * score(x)
    return x, v


def _hmc(log_density, score, x, v, h, n, uniform, *, kinetic=0.5, sign=1.0, **flow):
    y, w = _flow(score, x, v, h, n, **flow)
    r = gain(log_density, x, y) - kinetic * (square(w) - square(v))
    return moved(x, y, np.log(uniform) < sign * r)


@mistake("hmc_first_kick_whole", port="hmc_step", source="M30: Neal 2011")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The first kick is a whole step."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, first=1.0)


@mistake("hmc_last_kick_whole", port="hmc_step", source="M30")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The last kick is a whole step."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, last=1.0)


@mistake("hmc_last_kick_missing", port="hmc_step", source="M30")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The last half kick is left out."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, last=0.0)


@mistake("hmc_one_leapfrog_short", port="hmc_step", source="R31: off by one")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """One leapfrog step too few."""
    n = max(n_leapfrog - 1, 1)
    return _hmc(log_density, score, x, momentum, step_size, n, uniform)


@mistake("hmc_one_leapfrog_more", port="hmc_step", source="R31: off by one")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """One leapfrog step too many."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog + 1, uniform)


@mistake("hmc_number_ignored", port="hmc_step", source="classic: L left out")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """One leapfrog step is made for L of them."""
    return _hmc(log_density, score, x, momentum, step_size, 1, uniform)


@mistake("hmc_momentum_ignored", port="hmc_step", source="classic: a momentum drawn again")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The momentum handed over is not used: another is drawn inside."""
    own = np.random.default_rng(int(1e6 * abs(momentum.flat[0]))).standard_normal(x.shape)
    return _hmc(log_density, score, x, own, step_size, n_leapfrog, uniform)


@mistake("hmc_one_uniform", port="hmc_step", source="O26: one draw for the batch")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """All trajectories share the first one's uniform number."""
    first = np.broadcast_to(uniform[:1], uniform.shape)
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, first)


@mistake("hmc_without_kinetic_energy", port="hmc_step", source="classic: a potential alone")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The ratio has no kinetic energy."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, kinetic=0.0)


@mistake("hmc_kinetic_not_halved", port="hmc_step", source="classic: |v|² for |v|²/2")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The kinetic energy is |v|²."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, kinetic=1.0)


@mistake("hmc_kinetic_sign", port="hmc_step", source="classic: a Lagrangian")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The kinetic energy enters with the wrong sign."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, kinetic=-0.5)


@mistake("hmc_ratio_turned_over", port="hmc_step", source="classic: ΔH for -ΔH")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """Trajectories are judged by ΔH for -ΔH."""
    return _hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform, sign=-1.0)


@mistake("hmc_inverted", port="hmc_step", source="classic: accepted where it is to be rejected")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """Trajectories are taken where they are to be rejected."""
    y, w = _flow(score, x, momentum, step_size, n_leapfrog)
    r = gain(log_density, x, y) - 0.5 * (square(w) - square(momentum))
    return moved(x, y, np.log(uniform) >= r)


@mistake("hmc_never_rejects", port="hmc_step", source="M05")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """Every trajectory is taken."""
    y, _ = _flow(score, x, momentum, step_size, n_leapfrog)
    return moved(x, y, np.ones(len(x), bool))


@mistake("hmc_kicks_downhill", port="hmc_step", source="O01: the sign of a gradient")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The kicks follow the energy's gradient uphill."""
    flow = step_size, n_leapfrog, uniform
    return _hmc(log_density, lambda y: -score(y), x, momentum, *flow)


@mistake("hmc_momentum_negated", port="hmc_step", source="classic: the flip before the trajectory")
def _(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    """The momentum is negated at the start: the trajectory runs backwards."""
    return _hmc(log_density, score, x, -momentum, step_size, n_leapfrog, uniform)

"""Langevin chains: steps are pure maps of (x, noise), one runner draws the noise."""

from refscore.langevin import spellings
from refscore.langevin.annealed import annealed, annealed_step_sizes
from refscore.langevin.barker import barker
from refscore.langevin.corrector import corrector
from refscore.langevin.hamiltonian import hmc, leapfrog
from refscore.langevin.metropolis import acceptance, mala, metropolis_log_ratio, random_walk
from refscore.langevin.runner import Run, run
from refscore.langevin.stochastic import minibatch_score, sgld
from refscore.langevin.unadjusted import gradient_ascent, preconditioned, ula
from refscore.langevin.underdamped import underdamped

__all__ = [
    "Run", "acceptance", "annealed", "annealed_step_sizes", "barker", "corrector",
    "gradient_ascent", "hmc", "leapfrog", "mala", "metropolis_log_ratio", "minibatch_score",
    "preconditioned", "random_walk", "run", "sgld", "spellings", "ula", "underdamped",
]  # fmt: skip

"""The other model families: one small exact model each, and what each can do.

Autoregressive (a chain of regressions), latent-variable (probabilistic principal components),
adversarial (the game at its optimum, divergences by critics), energy (Z by quadrature); normalising
flows are `refscore.flows`, scores the rest of the library. `comparison` runs all on the same data.
"""

from refscore.families.adversarial import (
    Game,
    game,
    generator_loss,
    jensen_shannon,
    log_ratio,
    log_ratio_gradient,
    wasserstein_1_gaussian,
)
from refscore.families.autoregressive import AutoregressiveGaussian, chain_rule
from refscore.families.comparison import Ability, comparison
from refscore.families.critics import (
    DIVERGENCES,
    Divergence,
    critic_bound,
    f_divergence,
    log_ratio_bound,
    optimal_critic,
)
from refscore.families.energy import (
    importance_log_normaliser,
    importance_variance,
    likelihood_gradient,
    log_normaliser,
)
from refscore.families.latent import Posterior, ProbabilisticPCA

__all__ = [
    "AutoregressiveGaussian", "chain_rule",
    "Posterior", "ProbabilisticPCA",
    "Game", "game", "generator_loss", "jensen_shannon", "log_ratio", "log_ratio_gradient",
    "wasserstein_1_gaussian",
    "DIVERGENCES", "Divergence", "critic_bound", "f_divergence", "log_ratio_bound",
    "optimal_critic",
    "importance_log_normaliser", "importance_variance", "likelihood_gradient", "log_normaliser",
    "Ability", "comparison",
]  # fmt: skip

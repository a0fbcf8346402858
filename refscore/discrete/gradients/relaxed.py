"""Straight-through and relaxed estimators: gradients that pass through the sample."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_positive
from refscore.discrete._logits import as_logits, softmax
from refscore.discrete.concrete import gumbel_softmax
from refscore.discrete.gradients._inputs import (
    as_gumbels,
    drawn,
    pulled_back,
    slopes_of,
)


def straight_through_gradient(logits, f, gumbels=None, *, rng=None, n_draws=1) -> np.ndarray:
    """The straight-through estimate: the sample is hard, its derivative that of π.

        ĝ_i = π ∘ (∇f(b_i) - π·∇f(b_i)),  b_i = one-hot argmax(l + g_i)

    Biased unless f is affine; the sign may be wrong. Arguments: logits l (..., K); f, a function
    of vectors with `.gradient`, vectors (..., K) to (..., K); gumbels (m, ..., K), or `n_draws`
    drawn from `rng`. Returns: (m, ..., K), one a draw. Raises: ValueError or TypeError naming the
    argument. Cost: m gradients of f. Source: Bengio, Léonard and Courville 2013.
    Checked by: straight_through_given_draws, straight_through_mean_is_reached,
    straight_through_drawn_mean
    """
    logits = as_logits(logits)
    gumbels = as_gumbels(gumbels, logits, rng, n_draws)
    return pulled_back(softmax(logits), slopes_of(f, drawn(logits, gumbels)))


def relaxed_gradient(logits, f, temperature, gumbels=None, *, rng=None, n_draws=1) -> np.ndarray:
    """The reparametrised gradient of the relaxed objective E f(y) (Gumbel-softmax, Concrete).

        y_i = softmax((l + g_i)/τ),  ĝ_i = y_i ∘ (∇f(y_i) - y_i·∇f(y_i))/τ

    Unbiased for ∂E f(y)/∂l; for ∂E f(b)/∂l, of the discrete variable, biased in general.
    Arguments and cost as `straight_through_gradient`; temperature τ > 0. Returns: (m, ..., K).
    Source: Jang, Gu and Poole 2017; Maddison, Mnih and Teh 2017.
    Checked by: relaxed_given_draws, relaxed_drawn_mean
    """
    logits, tau = as_logits(logits), as_positive(temperature, "temperature")
    soft = gumbel_softmax(logits, tau, as_gumbels(gumbels, logits, rng, n_draws))
    return pulled_back(soft, slopes_of(f, soft), tau)


def straight_through_relaxed_gradient(
    logits, f, temperature, gumbels=None, *, rng=None, n_draws=1
) -> np.ndarray:
    """The straight-through Gumbel-softmax estimate: hard forward, relaxed backward.

        ĝ_i = y_i ∘ (∇f(b_i) - y_i·∇f(b_i))/τ,  b_i = one-hot argmax y_i

    Biased. Arguments, returns and cost as `relaxed_gradient`. Source: Jang, Gu and Poole 2017.
    Checked by: straight_through_relaxed_given_draws, straight_through_relaxed_drawn_mean
    """
    logits, tau = as_logits(logits), as_positive(temperature, "temperature")
    gumbels = as_gumbels(gumbels, logits, rng, n_draws)
    soft = gumbel_softmax(logits, tau, gumbels)
    return pulled_back(soft, slopes_of(f, drawn(logits, gumbels)), tau)

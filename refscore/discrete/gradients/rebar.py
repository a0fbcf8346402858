"""REBAR and RELAX: the score function with a relaxed control variate that is reparametrised."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_like, as_positive, as_rng, as_scalar, beyond_float
from refscore.discrete._logits import as_logits, log_softmax, softmax
from refscore.discrete.concrete import gumbel_softmax
from refscore.discrete.gradients._inputs import (
    as_gumbels,
    as_uniforms,
    drawn,
    pulled_back,
    scores,
    slopes_of,
    values_of,
)
from refscore.discrete.gumbel import gumbel_from_uniforms
from refscore.discrete.truncated import posterior_gumbels


def relax_gradient(
    logits, f, surrogate, gumbels=None, uniforms=None, *, rng=None, n_draws=1
) -> np.ndarray:
    """The RELAX estimate of ∂E f/∂l: unbiased for every surrogate c of the relaxed sample.

        z = log π + g,  b = one-hot argmax z,  z̃ ~ p(z | b)
        ĝ = (f(b) - c(z̃))(b - π) + ∂c(z)/∂l - ∂c(z̃)/∂l

    the last two along the reparametrisations: with E_i = -log u_i and b the class drawn,
    z̃_b = -log E_b and z̃_i = -log(E_i/π_i + E_b).
    Arguments: logits (..., K); f, of one-hot vectors; surrogate c, a function of vectors z with
    `.gradient`; gumbels and uniforms (m, ..., K), both given or both drawn from `rng`;
    uniforms in [0, 1).
    Returns: (m, ..., K), one a draw. Raises: ValueError naming the argument; also where c is not
    finite, as it may be for z = -inf of a class without probability.
    Cost: m values of f, m values and 2m gradients of c. Source: Grathwohl et al. 2018.
    Checked by: relax_given_draws, relax_mean, rebar_unbiased
    """
    logits = as_logits(logits)
    gumbels, uniforms = _both(gumbels, uniforms, logits, rng, n_draws)
    pi, log_pi = softmax(logits), log_softmax(logits)
    hot, z = drawn(logits, gumbels), log_pi + gumbels
    conditional, share = _given_code(np.broadcast_to(log_pi, z.shape), hot, uniforms)
    values = values_of(f, hot) - values_of(surrogate, conditional, "surrogate")
    slopes = slopes_of(surrogate, z, "surrogate")
    slopes = slopes - share * slopes_of(surrogate, conditional, "surrogate")
    passed = slopes - pi * slopes.sum(-1, keepdims=True)
    return values[..., None] * scores(hot, pi) + passed


def rebar_gradient(
    logits, f, temperature, scale=1.0, gumbels=None, uniforms=None, *, rng=None, n_draws=1
) -> np.ndarray:
    """The REBAR estimate: RELAX with the relaxed function itself, c(z) = η f(softmax(z/τ)).

    Unbiased for every temperature τ > 0 and every scale η; η = 0 is the score function.
    Arguments as `relax_gradient`; f with `.gradient`; temperature; scale η, a number.
    Returns: (m, ..., K), one a draw. Source: Tucker et al. 2017.
    Checked by: rebar_given_draws, rebar_unbiased, rebar_mean
    """
    surrogate = Relaxed(f, temperature, scale)
    return relax_gradient(logits, f, surrogate, gumbels, uniforms, rng=rng, n_draws=n_draws)


class Relaxed:
    """c(z) = η f(softmax(z/τ)), the surrogate of REBAR, with its gradient in z.

        ∇c = η/τ y ∘ (∇f(y) - y·∇f(y)),  y = softmax(z/τ)

    Arguments: f, a function of vectors with `.gradient`; temperature τ > 0; scale η, a number.
    Checked by: rebar_given_draws
    """

    def __init__(self, f, temperature, scale=1.0):
        self.f, self.scale = f, as_scalar(scale, "scale")
        self.temperature = as_positive(temperature, "temperature")

    def __call__(self, z) -> np.ndarray:
        """η f(softmax(z/τ)) of z (..., K); (...,)."""
        with beyond_float():
            return self.scale * values_of(self.f, self._relaxed(z))

    def _relaxed(self, z):
        return gumbel_softmax(z, self.temperature, np.zeros(np.shape(z)))

    def gradient(self, z) -> np.ndarray:
        """∇c(z), of the shape of z."""
        y = self._relaxed(z)
        with beyond_float():
            return self.scale * pulled_back(y, slopes_of(self.f, y), self.temperature)


def _both(gumbels, uniforms, logits, rng, n_draws):
    """Gumbels and uniforms, both given or both drawn."""
    if (gumbels is None) != (uniforms is None):
        raise ValueError("gumbels and uniforms must both be given, or neither")
    if gumbels is None:
        rng = as_rng(rng, "gumbels")
        gumbels = as_gumbels(None, logits, rng, n_draws)
        return gumbels, as_uniforms(None, logits, rng, n_draws)
    gumbels = as_gumbels(gumbels, logits, rng, n_draws)
    return gumbels, as_uniforms(as_like(uniforms, "uniforms", gumbels, "gumbels"), logits, None, 1)


def _given_code(log_pi, hot, uniforms):
    """z̃ ~ p(z | b), and ∂z̃_i/∂log π_i: e^{z̃_i}/e^{log π_i + g_i}, 0 for the class drawn."""
    gumbels = gumbel_from_uniforms(uniforms)
    conditional = posterior_gumbels(log_pi, hot.argmax(-1), gumbels)
    with np.errstate(invalid="ignore", under="ignore"):
        share = np.exp(np.where(np.isinf(log_pi), 0.0, conditional - (log_pi + gumbels)))
    return conditional, np.where(hot == 1, 0.0, share)

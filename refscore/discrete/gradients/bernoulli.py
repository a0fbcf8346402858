"""Gradients of expectations over independent bits: exact, score function, relaxed, ARM.

θ = σ(l) = 1/(1 + e^{-l}), ±inf allowed; a bit is drawn from its uniform number as
b = 1[u > σ(-l)], 1 for l = inf whatever u.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, require_finite
from refscore.discrete._logits import sigmoid
from refscore.discrete.binary_concrete import binary_concrete_pullback, logit_binary_concrete
from refscore.discrete.gradients._inputs import (
    as_baseline,
    as_bit_logits,
    as_uniforms,
    slopes_of,
    values_of,
    without_own,
)
from refscore.nodes import enumerate_binary

MOST_BITS = 20


def _bits(logits, uniforms):
    return ((uniforms > sigmoid(-logits)) | (logits == np.inf)).astype(np.float64)


def bit_scores(bits, logits):
    """b - θ, of a bit that is 1 as σ(-l)."""
    return np.where(bits == 1, sigmoid(-logits), -sigmoid(logits))


def enumerated_bits(logits) -> tuple[np.ndarray, np.ndarray]:
    """All 2^d vectors of bits and their probabilities under logits (d,)."""
    logits = as_bit_logits(logits, one=True)
    if len(logits) > MOST_BITS:
        raise ValueError(f"logits must be of at most {MOST_BITS} bits, got {len(logits)}")
    bits = enumerate_binary(len(logits)).points
    return bits, np.where(bits == 1, sigmoid(logits), sigmoid(-logits)).prod(-1)


def bernoulli_expectation(logits, f) -> float:
    """E f(b) over independent bits, every vector of bits visited.

        E f = Σ_b f(b) Π_i θ_i^{b_i} (1-θ_i)^{1-b_i}

    Arguments: logits (d,), d <= 20; f, a function of vectors of bits (n, d) that gives (n,).
    Returns: a number. Raises: ValueError or TypeError naming the argument. Cost: 2^d values of f.
    Source: definition.
    Tested in: tests/discrete/test_bernoulli_gradients.py
    """
    bits, weights = enumerated_bits(logits)
    return float(weights @ values_of(f, bits))


def bernoulli_expectation_gradient(logits, f) -> np.ndarray:
    """∂E f/∂l over independent bits, exactly.

        ∂E f/∂l_i = E[(f(b) - E f)(b_i - θ_i)] = θ_i (1-θ_i) E[f(b | b_i = 1) - f(b | b_i = 0)]

    Taken by the differences, each averaged over the other bits: no digits are lost where a bit
    hardly changes. Arguments and errors as `bernoulli_expectation`. Returns: (d,).
    Cost: 2^d values of f, d 2^d operations. Source: derived.
    Checked by: bernoulli_gradient_is_a_difference
    """
    bits, logits = enumerated_bits(logits)[0], as_bit_logits(logits)
    values = values_of(f, bits).reshape((2,) * len(logits))
    chances = np.stack([sigmoid(-logits), sigmoid(logits)], -1)
    changes = [_mean_change(values, i, chances) for i in range(len(logits))]
    return chances.prod(-1) * np.array(changes)


def _mean_change(values, i, chances):
    """E[f(b | b_i = 1) - f(b | b_i = 0)] of values (2, ..., 2)."""
    left = values.take(1, i) - values.take(0, i)
    for j in reversed([j for j in range(len(chances)) if j != i]):
        left = left @ chances[j]
    return left


def bernoulli_score_function_gradient(
    logits, f, uniforms=None, *, rng=None, n_draws=1, baseline=0.0
) -> np.ndarray:
    """The score-function estimate over independent bits, one a draw.

        ĝ = (f(b) - β)(b - θ)

    Arguments: logits (..., d); f, a function of vectors (..., d) that gives (...,); uniforms
    (m, ..., d), or `n_draws` drawn from `rng`; baseline β, a number or an array of the shape of
    f's values (m, ...). Returns: (m, ..., d), one a draw. Raises: ValueError or TypeError naming
    the argument. Cost: m values of f.
    Source: Williams 1992.
    Tested in: tests/discrete/test_bernoulli_gradients.py
    """
    logits = as_bit_logits(logits)
    bits = _bits(logits, as_uniforms(uniforms, logits, rng, n_draws))
    values = values_of(f, bits)
    return (values - as_baseline(baseline, values))[..., None] * bit_scores(bits, logits)


def bernoulli_leave_one_out_gradient(
    logits, f, uniforms=None, *, rng=None, n_draws=2
) -> np.ndarray:
    """The score-function estimate over bits whose baseline is the mean of the other draws' values.

        ĝ_i = (f(b_i) - 1/(m-1) Σ_{j≠i} f(b_j))(b_i - θ)

    Unbiased. Arguments as `bernoulli_score_function_gradient`, m >= 2. Returns: (m, ..., d).
    Cost: m values of f. Source: Kool, van Hoof and Welling 2019.
    Tested in: tests/discrete/test_bernoulli_moments.py
    """
    logits = as_bit_logits(logits)
    if uniforms is None:
        n_draws = as_count(n_draws, "n_draws", minimum=2)
    uniforms = as_uniforms(uniforms, logits, rng, n_draws)
    if len(uniforms) < 2:
        raise ValueError("uniforms must hold at least two draws to leave one out, got 1")
    bits = _bits(logits, uniforms)
    return without_own(values_of(f, bits))[..., None] * bit_scores(bits, logits)


def bernoulli_straight_through_gradient(
    logits, f, uniforms=None, *, rng=None, n_draws=1
) -> np.ndarray:
    """The straight-through estimate over independent bits: θ(1-θ) ∘ ∇f(b).

    Biased unless f is affine in every bit. Arguments as `bernoulli_score_function_gradient`; f
    with `.gradient`. Returns: (m, ..., d). Cost: m gradients of f.
    Source: Bengio, Léonard and Courville 2013.
    Tested in: tests/discrete/test_bernoulli_gradients.py
    """
    logits = as_bit_logits(logits)
    bits = _bits(logits, as_uniforms(uniforms, logits, rng, n_draws))
    return sigmoid(logits) * sigmoid(-logits) * slopes_of(f, bits)


def bernoulli_relaxed_gradient(
    logits, f, temperature, uniforms=None, *, rng=None, n_draws=1
) -> np.ndarray:
    """The reparametrised gradient of the relaxed objective over independent bits.

        y = σ((l + log u - log(1-u))/τ),  ĝ = y (1-y) ∘ ∇f(y)/τ

    Unbiased for the relaxed objective, biased for the discrete one. Arguments as
    `bernoulli_straight_through_gradient`, logits finite; temperature τ > 0. Returns: (m, ..., d).
    Cost: m gradients of f. Source: Maddison, Mnih and Teh 2017.
    Checked by: bernoulli_relaxed_given_draws, bernoulli_relaxed_mean
    """
    logits = require_finite(as_bit_logits(logits), "logits")
    z = logit_binary_concrete(logits, temperature, as_uniforms(uniforms, logits, rng, n_draws))
    slopes = slopes_of(f, sigmoid(z))
    return binary_concrete_pullback(z, temperature, slopes, log_odds=True)


def arm_gradient(logits, f, uniforms=None, *, rng=None, n_draws=1) -> np.ndarray:
    """The augment-REINFORCE-merge estimate over independent bits: two antithetic values of f.

        ĝ = (f(1[u > σ(-l)]) - f(1[u < σ(l)]))(u - ½)

    Unbiased; needs no derivative of f. Arguments as `bernoulli_score_function_gradient`.
    Returns: (m, ..., d). Cost: 2m values of f. Source: Yin and Zhou 2019.
    Checked by: arm_given_draws, arm_unbiased, arm_mean
    """
    logits = as_bit_logits(logits)
    uniforms = as_uniforms(uniforms, logits, rng, n_draws)
    above, below = _antithetic(logits, uniforms)
    return (values_of(f, above) - values_of(f, below))[..., None] * (uniforms - 0.5)


def disarm_gradient(logits, f, uniforms=None, *, rng=None, n_draws=1) -> np.ndarray:
    """ARM with its uniform number averaged out given both vectors of bits.

        ĝ = ½ (f(b) - f(b'))(b - b') σ(|l|),  b = 1[u > σ(-l)],  b' = 1[u < σ(l)]

    Unbiased, of no larger variance than ARM. Arguments, returns and cost as `arm_gradient`.
    Source: Dong, Mnih and Tucker 2020.
    Checked by: disarm_given_draws, disarm_unbiased, disarm_mean
    """
    logits = as_bit_logits(logits)
    above, below = _antithetic(logits, as_uniforms(uniforms, logits, rng, n_draws))
    difference = 0.5 * (values_of(f, above) - values_of(f, below))
    return difference[..., None] * (above - below) * sigmoid(np.abs(logits))


def _antithetic(logits, uniforms):
    """1[u > σ(-l)] and, of the mirrored number 1 - u, 1[u < σ(l)]."""
    return _bits(logits, uniforms), (uniforms < sigmoid(logits)).astype(np.float64)

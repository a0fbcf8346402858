"""Expectations over a categorical variable, and their gradients, by enumeration."""

from __future__ import annotations

import numpy as np

from refscore.discrete._logits import as_logits, softmax
from refscore.discrete.gradients._inputs import gradient_of, values_at_codes


def expectation(logits, f) -> np.ndarray:
    """E f(b) for b ~ Categorical(softmax l), every class visited.

        E f = Σ_k π_k f(e_k),  π = softmax(l)

    Arguments: logits l (..., K), -inf allowed (probability 0); f, a function of one-hot vectors
    (n, K) that gives (n,), or its values at the classes, (K,); the same for every variable.
    Returns: (...,). Raises: ValueError naming the argument. Cost: K values of f, which sees K²
    numbers; O(K) where the values are given.
    Tested in: tests/discrete/test_gradient_estimators.py
    """
    logits = as_logits(logits)
    values = values_at_codes(f, logits.shape[-1])
    return (softmax(logits) @ values)[()]


def expectation_gradient(logits, f) -> np.ndarray:
    """∂E f/∂l, exactly: what every estimator of this package is held against.

        ∂E f/∂l_k = π_k (f(e_k) - E f)

    Arguments and errors as `expectation`. Returns: (..., K), rows that sum to 0. Values are
    taken from that of the likeliest class, so that its own entry keeps its digits as π_k → 1.
    Cost: that of `expectation`, and O(K) a row. Source: derived.
    Checked by: expectation_gradient_is_centred
    """
    logits = as_logits(logits)
    return gradient_of(softmax(logits), values_at_codes(f, logits.shape[-1]))

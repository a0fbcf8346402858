"""Mistakes of weights in estimates of gradients: values centred by another mean or over their
deviation, one draw for all, a factor lost."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.discrete_bits import ARM
from refscore.verify.mutants.discrete_gradients import EXACT, LEFT_OUT, _scored, sigmoid, softmax


@mistake("expectation_gradient_centred_by_mean", port=EXACT, source="classic: v - v.mean()")
def _(logits, f):
    """The plain mean of f over the classes is subtracted, not that weighted by probabilities."""
    values = f(np.eye(len(logits)))
    return softmax(logits) * (values - values.mean())


def _over_deviation(logits, f, gumbels, ddof, eps):
    """Values less their mean, over their standard deviation."""
    b, pi, values = _scored(logits, f, gumbels)
    with np.errstate(all="ignore"):
        spread = values.std(ddof=ddof) if len(values) > ddof else np.nan
        advantages = (values - values.mean()) / (spread + eps)
    return (advantages[:, None] * (b - pi)).mean(0)


@mistake("leave_one_out_over_deviation", port=LEFT_OUT,
         source="Shao et al. 2024 (GRPO): (r - mean) / std")  # fmt: skip
def _(logits, f, gumbels):
    """Values have the mean of all taken off and are divided by their standard deviation."""
    return _over_deviation(logits, f, gumbels, 1, 1e-8)


@spelling("leave_one_out_over_deviation")
def _(logits, f, gumbels):
    """That of m, as NumPy and JAX have it."""
    return _over_deviation(logits, f, gumbels, 0, 1e-8)


@spelling("leave_one_out_over_deviation")
def _(logits, f, gumbels):
    """1e-4 is added, as in TRL."""
    return _over_deviation(logits, f, gumbels, 1, 1e-4)


@mistake("leave_one_out_one_draw_for_all", port=LEFT_OUT, source="classic: a key used again")
def _(logits, f, gumbels):
    """All draws are the first: their values do not differ, and the gradient is 0."""
    return library.leave_one_out_gradient(logits, f, np.broadcast_to(gumbels[0], gumbels.shape))


@mistake("arm_halved", port=ARM, source="classic: a mean over the two values")
def _(logits, f, uniforms):
    """The difference is halved."""
    return library.arm_gradient(logits, f, uniforms) / 2


@mistake("arm_score_function", port=ARM, source="classic: REINFORCE for ARM, unbiased")
def _(logits, f, uniforms):
    """One value of f multiplies the score: the score-function estimate."""
    below = 1.0 * (uniforms < sigmoid(logits))
    return (f(below)[:, None] * (below - sigmoid(logits))).mean(0)

"""Mistakes of calls in gradients over discrete variables: shapes that broadcast, other draws for
a baseline, another softmax behind, weights that are not normalised."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.discrete_bits import ARM
from refscore.verify.mutants.discrete_gradients import (
    CONTROL,
    EXACT,
    LEFT_OUT,
    SCORE,
    _scored,
    hot,
    jacobian_times,
    sigmoid,
    softmax,
)
from refscore.verify.mutants.discrete_rebar import REBAR, _Parts, _Relaxed
from refscore.verify.mutants.discrete_relaxed import HARD, RELAXED, THROUGH


@mistake("expectation_gradient_at_mean", port=EXACT, source="classic: f(E b) for E f(b)")
def _(logits, f):
    """f is differentiated at the probabilities, as if it were linear."""
    pi = softmax(logits)
    return jacobian_times(pi, f.gradient(pi[None])[0])


@mistake("score_function_broadcast", port=SCORE, source="N14: values (m, 1) times scores (m,)")
def _(logits, f, baseline, gumbels):
    """Every value multiplies every draw's score: the product of the means, not their mean."""
    b, pi, values = _scored(logits, f, gumbels)
    return (values - baseline).mean() * (b - pi).mean(0)


@mistake("score_function_averaged_over_classes", port=SCORE, source="classic: mean() for sum(-1)")
def _(logits, f, baseline, gumbels):
    """The log probability of the class drawn is averaged over the one-hot row: K times less."""
    return library.score_function_gradient(logits, f, baseline, gumbels) / len(logits)


@mistake("score_function_of_perturbed_logits", port=SCORE, source="classic: log_softmax(l + g)")
def _(logits, f, baseline, gumbels):
    """The score is that of the logits with their Gumbel numbers, by which the class was chosen."""
    b, _, values = _scored(logits, f, gumbels)
    return ((values - baseline)[:, None] * (b - softmax(logits + gumbels))).mean(0)


@mistake("score_function_of_softmax_twice", port=SCORE,
         source="D07: Categorical(logits=softmax(logits))")  # fmt: skip
def _(logits, f, baseline, gumbels):
    """Probabilities are taken for logits, in the draws and in their log probabilities."""
    pi = softmax(logits)
    b = hot(pi + gumbels)
    score = jacobian_times(pi, b - softmax(pi))
    return ((f(b) - baseline)[:, None] * score).mean(0)


@mistake("leave_one_out_of_one_other_draw", port=LEFT_OUT, source="classic: roll(1)")
def _(logits, f, gumbels):
    """The baseline is the value of the draw before, not the mean of all the others."""
    b, pi, values = _scored(logits, f, gumbels)
    return ((values - np.roll(values, 1))[:, None] * (b - pi)).mean(0)


@mistake("leave_one_out_of_the_mode", port=LEFT_OUT,
         source="Rennie et al. 2017: self-critical, the value at the likeliest class")  # fmt: skip
def _(logits, f, gumbels):
    """The baseline is the value at the likeliest class, not the mean of the other draws."""
    b, pi, values = _scored(logits, f, gumbels)
    return ((values - f(hot(logits)[None])[0])[:, None] * (b - pi)).mean(0)


@mistake("control_not_linear", port=CONTROL, source="classic: s(b) for its expansion")
def _(logits, f, surrogate, gumbels):
    """The surrogate at the draw is taken off, whose mean is not s at the probabilities."""
    b, pi, values = _scored(logits, f, gumbels)
    terms = ((values - surrogate(b))[:, None] * (b - pi)).mean(0)
    return terms + jacobian_times(pi, surrogate.gradient(pi[None])[0])


@mistake("straight_through_log_probabilities", port=THROUGH,
         source="classic: b + log p - log p.detach()")  # fmt: skip
def _(logits, f, gumbels):
    """Log probabilities stand behind the sample, and their Jacobian."""
    slope = f.gradient(hot(logits + gumbels)).mean(0)
    return slope - softmax(logits) * slope.sum()


@mistake("straight_through_sigmoids", port=THROUGH, source="classic: sigmoid for softmax")
def _(logits, f, gumbels):
    """Every class has a sigmoid of its own behind the sample."""
    theta = sigmoid(logits)
    return theta * (1 - theta) * f.gradient(hot(logits + gumbels)).mean(0)


@mistake("relaxed_gradient_in_probabilities", port=RELAXED, source="classic: probs for logits")
def _(logits, f, temperature, gumbels):
    """The derivative is that in the probabilities: their reciprocals are left in."""
    return library.relaxed_gradient(logits, f, temperature, gumbels) / softmax(logits)


@mistake("relaxed_gradient_of_mean_row", port=RELAXED, source="classic: f(E y) for E f(y)")
def _(logits, f, temperature, gumbels):
    """f is differentiated at the mean of the relaxed rows."""
    y = softmax((logits + gumbels) / temperature)
    return (jacobian_times(y, f.gradient(y.mean(0)[None])) / temperature).mean(0)


@mistake("hard_relaxed_not_detached", port=HARD, source="classic: h + y for h + y - y.detach()")
def _(logits, f, temperature, gumbels):
    """The soft row is added and not taken off: f is differentiated at b + y."""
    y = softmax((logits + gumbels) / temperature)
    return (jacobian_times(y, f.gradient(hot(y) + y)) / temperature).mean(0)


@mistake("rebar_value_at_free_sample", port=REBAR, source="classic: the wrong sample")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The relaxed value beside f is taken at the free sample, not at that given the class."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    return p(p.f - c(p.z), c.gradient(p.z) - p.share * c.gradient(p.w))


@mistake("rebar_logits_not_normalised", port=REBAR, source="classic: logits for log p")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """Logits as they come stand for log probabilities, in both samples and in the score."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    apart = p.own + np.where(p.b == 1, 0, p.e / np.exp(logits))
    w, share = -np.log(apart), 1 - p.own / apart
    slope = c.gradient(p.z) - share * c.gradient(w)
    return ((p.f - c(w))[:, None] * p.b + slope).mean(0)


@mistake("rebar_largest_at_own_rate", port=REBAR, source="classic: E_b / p_b for E_b")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The others are cut off at the largest as if that had the rate of its own class, not one."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    top = p.own / (p.b * p.pi).sum(1, keepdims=True)
    apart = np.where(p.b == 1, p.own, top + p.e / p.pi)
    w, slope = -np.log(apart), c.gradient(-np.log(apart))
    others = np.where(p.b == 1, 0.0, slope)
    by_top = (others * top / apart).sum(1, keepdims=True)
    moved = others * (p.e / p.pi) / apart + p.b * by_top
    return p(p.f - c(w), c.gradient(p.z) - moved)


@mistake("arm_one_evaluation", port=ARM, source="Yin and Zhou 2019: AR, not merged")
def _(logits, f, uniforms):
    """One vector of bits alone, doubled: the estimate before it is merged with its mirror."""
    below = 1.0 * (uniforms < sigmoid(logits))
    return 2 * (f(below)[:, None] * (0.5 - uniforms)).mean(0)


@mistake("arm_logits_for_probabilities", port=ARM, source="D07")
def _(logits, f, uniforms):
    """Uniform numbers are compared with logits, not with probabilities."""
    above, below = 1.0 * (uniforms > 1 - logits), 1.0 * (uniforms < logits)
    return ((f(above) - f(below))[:, None] * (uniforms - 0.5)).mean(0)


@mistake("arm_factor_averaged_over_bits", port=ARM, source="classic: mean() for mean(0)")
def _(logits, f, uniforms):
    """The difference is multiplied by the mean of all bits' numbers."""
    above, below = 1.0 * (uniforms > sigmoid(-logits)), 1.0 * (uniforms < sigmoid(logits))
    each = ((f(above) - f(below)) * (uniforms - 0.5).mean(1)).mean()
    return np.full(len(logits), each)

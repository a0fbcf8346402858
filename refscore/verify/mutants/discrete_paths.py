"""Mistakes of automatic differentiation in gradients over discrete variables: what was not
detached, what was differentiated as it was wrongly put together."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.discrete_gradients import SCORE, hot, jacobian_times, softmax
from refscore.verify.mutants.discrete_rebar import REBAR, RELAX, _Parts, _Relaxed


@mistake("score_function_values_over_deviation", port=SCORE, source="classic: / v.std(), unbiased")
def _(logits, f, baseline, gumbels):
    """Values are divided by their standard deviation over the draws, that of m - 1."""
    b, pi = hot(logits + gumbels), softmax(logits)
    values = f(b) - baseline
    return (values[:, None] * (b - pi)).mean(0) / _deviation(values)


def _deviation(values):
    """As it is added to in practice."""
    return values.std(ddof=1) + 1e-8 if len(values) > 1 else np.nan


@spelling("score_function_values_over_deviation")
def _(logits, f, baseline, gumbels):
    """Nothing is added to it."""
    b, pi = hot(logits + gumbels), softmax(logits)
    values = f(b) - baseline
    spread = values.std(ddof=1) if len(values) > 1 else np.nan
    with np.errstate(all="ignore"):
        return (values[:, None] * (b - pi)).mean(0) / spread


@mistake("score_function_values_whitened", port=SCORE,
         source="classic: (v - v.mean()) / (v.std() + 1e-8)")  # fmt: skip
def _(logits, f, baseline, gumbels):
    """Values have their mean over the draws taken off and are divided by their deviation."""
    b, pi = hot(logits + gumbels), softmax(logits)
    values = f(b)
    values = (values - values.mean()) / _deviation(values)
    return (values[:, None] * (b - pi)).mean(0)


@mistake("straight_through_not_detached", port="straight_through_gradient",
         source="classic: b + p for b + p - p.detach()")  # fmt: skip
def _(logits, f, gumbels):
    """Probabilities are added and not taken off: f is differentiated at b + π."""
    b, pi = hot(logits + gumbels), softmax(logits)
    return jacobian_times(pi, f.gradient(b + pi).mean(0))


def _not_detached(p, c):
    """The derivative of (f(b) - c(w)) log π(b) + c(z) - c(w), with that of its first c(w)."""
    weight = 1 + np.log((p.b * p.pi).sum(1, keepdims=True))
    return p(p.f - c(p.w), c.gradient(p.z) - weight * p.share * c.gradient(p.w))


@mistake("rebar_not_detached", port=REBAR, source="classic: detach() left out")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """f(b) - c(w) before the score is differentiated too."""
    return _not_detached(_Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale))


@mistake("relax_not_detached", port=RELAX, source="classic: detach() left out")
def _(logits, f, surrogate, gumbels, uniforms):
    """f(b) - c(w) before the score is differentiated too."""
    return _not_detached(_Parts(logits, f, gumbels, uniforms), surrogate)

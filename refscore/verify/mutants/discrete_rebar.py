"""Mistakes in REBAR and RELAX."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.discrete_gradients import hot, jacobian_times, softmax

REBAR, RELAX = "rebar_gradient", "relax_gradient"


class _Relaxed:
    """scale f(softmax(z/τ))."""

    def __init__(self, f, temperature, scale):
        self.f, self.temperature, self.scale = f, temperature, scale

    def __call__(self, z):
        return self.scale * self.f(softmax(z / self.temperature))

    def gradient(self, z):
        y = softmax(z / self.temperature)
        return self.scale / self.temperature * jacobian_times(y, self.f.gradient(y))


class _Parts:
    """What REBAR and RELAX are made of: every mistake puts it together otherwise."""

    def __init__(self, logits, f, gumbels, uniforms):
        self.pi, self.b = softmax(logits), hot(logits + gumbels)
        self.z, e = np.log(self.pi) + gumbels, -np.log(uniforms)
        self.e, self.own = e, (self.b * e).sum(1, keepdims=True)
        self.apart = self.own + np.where(self.b == 1, 0, e / self.pi)
        self.w = -np.log(self.apart)
        self.share = 1 - self.own / self.apart
        self.f = f(self.b)

    def __call__(self, value, slope):
        score = self.b - self.pi
        held = slope - self.pi * slope.sum(1, keepdims=True)
        return (value[:, None] * score + held).mean(0)


@mistake("rebar_conditional_path_held", port=REBAR, source="classic: detached")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The sample given the class is held fixed: its derivative is left out."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    return p(p.f - c(p.w), c.gradient(p.z))


@mistake("rebar_paths_exchanged", port=REBAR, source="classic: sign")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The derivatives of both relaxed samples have each other's sign."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    return p(p.f - c(p.w), p.share * c.gradient(p.w) - c.gradient(p.z))


@mistake("rebar_surrogate_added", port=REBAR, source="classic: sign")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The relaxed value is added to f, not subtracted."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    return p(p.f + c(p.w), c.gradient(p.z) - p.share * c.gradient(p.w))


@mistake("rebar_surrogate_left_out", port=REBAR, source="classic: no control variate in the score")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The relaxed value is not subtracted from f, its derivatives are added."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    return p(p.f, c.gradient(p.z) - p.share * c.gradient(p.w))


@mistake("rebar_scale_on_value_alone", port=REBAR, source="classic: factor")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The scale multiplies the relaxed value, not its derivatives."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, 1.0)
    return p(p.f - scale * c(p.w), c.gradient(p.z) - p.share * c.gradient(p.w))


@mistake("rebar_scale_on_paths_alone", port=REBAR, source="classic: factor")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The scale multiplies the derivatives, not the relaxed value."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, 1.0)
    return p(p.f - c(p.w), scale * (c.gradient(p.z) - p.share * c.gradient(p.w)))


@mistake("rebar_scale_ignored", port=REBAR, source="classic: factor")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The scale is one."""
    return library.rebar_gradient(logits, f, temperature, 1.0, gumbels, uniforms)


@mistake("rebar_temperature_ignored", port=REBAR, source="D05")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The relaxation has τ = 1."""
    return library.rebar_gradient(logits, f, 1.0, scale, gumbels, uniforms)


@mistake("rebar_one_relaxed_sample", port=REBAR, source="classic: no conditional sample")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """One relaxed sample stands for both: the derivatives cancel, and a bias is left."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    return p(p.f - c(p.z), 0 * p.z)


@mistake("rebar_sample_not_conditional", port=REBAR, source="classic: fresh noise")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The second sample is drawn afresh, not given the class."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    w = np.log(p.pi) - np.log(p.e)
    return p(p.f - c(w), c.gradient(p.z) - c.gradient(w))


@mistake("rebar_probabilities_left_out", port=REBAR, source="classic: truncation at log(E_i + E_b)")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """Given the class, the others are drawn as if equally likely."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    apart = p.own + np.where(p.b == 1, 0, p.e)
    w, share = -np.log(apart), 1 - p.own / apart
    return p(p.f - c(w), c.gradient(p.z) - share * c.gradient(w))


@mistake("rebar_score_of_probability", port=REBAR, source="classic: logarithm left out")
def _(logits, f, temperature, scale, gumbels, uniforms):
    """The gradient of π(b) stands for that of its logarithm."""
    p, c = _Parts(logits, f, gumbels, uniforms), _Relaxed(f, temperature, scale)
    value = (p.f - c(p.w)) * (p.b @ p.pi)
    return p(value, c.gradient(p.z) - p.share * c.gradient(p.w))


@mistake("relax_conditional_path_held", port=RELAX, source="classic: detached")
def _(logits, f, surrogate, gumbels, uniforms):
    """The sample given the class is held fixed: its derivative is left out."""
    p = _Parts(logits, f, gumbels, uniforms)
    return p(p.f - surrogate(p.w), surrogate.gradient(p.z))


@mistake("relax_free_path_left_out", port=RELAX, source="classic: detached")
def _(logits, f, surrogate, gumbels, uniforms):
    """The derivative along the free sample is left out."""
    p = _Parts(logits, f, gumbels, uniforms)
    return p(p.f - surrogate(p.w), -p.share * surrogate.gradient(p.w))


@mistake("relax_paths_exchanged", port=RELAX, source="classic: sign")
def _(logits, f, surrogate, gumbels, uniforms):
    """The derivatives along both samples have each other's sign."""
    p = _Parts(logits, f, gumbels, uniforms)
    return p(p.f - surrogate(p.w), p.share * surrogate.gradient(p.w) - surrogate.gradient(p.z))


@mistake("relax_value_at_free_sample", port=RELAX, source="classic: the wrong sample")
def _(logits, f, surrogate, gumbels, uniforms):
    """The surrogate beside f is taken at the free sample, not at that given the class."""
    p = _Parts(logits, f, gumbels, uniforms)
    return p(p.f - surrogate(p.z), surrogate.gradient(p.z) - p.share * surrogate.gradient(p.w))


@mistake("relax_surrogate_added", port=RELAX, source="classic: sign")
def _(logits, f, surrogate, gumbels, uniforms):
    """The surrogate's value is added to f."""
    p = _Parts(logits, f, gumbels, uniforms)
    return p(p.f + surrogate(p.w), surrogate.gradient(p.z) - p.share * surrogate.gradient(p.w))


@mistake("relax_sample_not_truncated", port=RELAX, source="classic: fresh noise")
def _(logits, f, surrogate, gumbels, uniforms):
    """Given the class, the others are not kept below the largest."""
    p = _Parts(logits, f, gumbels, uniforms)
    w = np.where(p.b == 1, p.w, np.log(p.pi) - np.log(p.e))
    share = np.where(p.b == 1, 0.0, 1.0)
    return p(p.f - surrogate(w), surrogate.gradient(p.z) - share * surrogate.gradient(w))


@mistake("relax_conditional_path_as_free", port=RELAX, source="classic: derivative of -log(E/π)")
def _(logits, f, surrogate, gumbels, uniforms):
    """The sample given the class is differentiated as if all of it moved with the logits."""
    p = _Parts(logits, f, gumbels, uniforms)
    return p(p.f - surrogate(p.w), surrogate.gradient(p.z) - surrogate.gradient(p.w))


@mistake("relax_logits_not_normalised", port=RELAX, source="classic: logits for log π")
def _(logits, f, surrogate, gumbels, uniforms):
    """The free sample is that of the logits as they come, not of log probabilities."""
    p = _Parts(logits, f, gumbels, uniforms)
    free = surrogate.gradient(logits + gumbels).mean(0)
    return p(p.f - surrogate(p.w), -p.share * surrogate.gradient(p.w)) + free

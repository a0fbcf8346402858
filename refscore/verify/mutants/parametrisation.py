"""Mistakes in turning one prediction of a network into another."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _converted(x, t, value, source, target, *, changed=None, alpha_of=lambda a: a):
    """The conversion through (x0, eps), solved from two equations; some kinds written wrongly."""
    alpha, sigma = library.marginal(t)
    alpha = alpha_of(alpha)
    f, g = library.drift(np.ones((1, 1)), t)[0, 0], library.diffusion(t)
    kinds = {
        "data": (1.0, 0.0), "noise": (0.0, 1.0), "score": (0.0, -1 / sigma),
        "velocity": (-sigma, alpha),
        "flow": (f * alpha, f * sigma + g**2 / (2 * sigma)),
    }  # fmt: skip
    kinds.update((changed or {}) if not callable(changed) else changed(alpha, sigma, f, g))
    given = np.array([[alpha, sigma], kinds[source]])
    a, b = np.array(kinds[target]) @ np.linalg.inv(given)
    return a * x + b * value


@mistake("convert_score_by_variance", port="predict_convert", source="S08: -ε/σ² for -ε/σ")
def _(x, t, value, source, target):
    """The score is -ε/σ²."""
    changed = lambda alpha, sigma, f, g: {"score": (0.0, -1 / sigma**2)}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)


@mistake("convert_score_without_sigma", port="predict_convert", source="S08: -ε for -ε/σ")
def _(x, t, value, source, target):
    """The score is -ε."""
    return _converted(x, t, value, source, target, changed={"score": (0.0, -1.0)})


@mistake("convert_score_sign", port="predict_convert", source="R24: the sign of the score")
def _(x, t, value, source, target):
    """The score is ε/σ."""
    changed = lambda alpha, sigma, f, g: {"score": (0.0, 1 / sigma)}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)


@mistake("convert_noise_sign", port="predict_convert", source="R06: lucidrains 37334ae")
def _(x, t, value, source, target):
    """The noise from the data has its sign reversed."""
    right = library.predict_convert(x, t, value, source, target)
    return -right if (source, target) == ("data", "noise") else right


@mistake("convert_data_undivided", port="predict_convert", source="classic: x - σε is α x0")
def _(x, t, value, source, target):
    """The data from the noise are not divided by alpha."""
    right = library.predict_convert(x, t, value, source, target)
    return library.marginal(t)[0] * right if (source, target) == ("noise", "data") else right


@mistake("convert_alpha_bar", port="predict_convert", source="F26: alpha-bar for its root")
def _(x, t, value, source, target):
    """alpha² stands for alpha."""
    return _converted(x, t, value, source, target, alpha_of=lambda alpha: alpha**2)


@mistake("convert_velocity_swapped", port="predict_convert", source="classic: σε - αx0")
def _(x, t, value, source, target):
    """The velocity is σε - α x0."""
    changed = lambda alpha, sigma, f, g: {"velocity": (-alpha, sigma)}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)


@mistake("convert_velocity_inverse_sign", port="predict_convert", source="classic: αx + σv")
def _(x, t, value, source, target):
    """The data from the velocity are αx + σv."""
    if (source, target) == ("velocity", "data"):
        alpha, sigma = library.marginal(t)
        return alpha * x + sigma * value
    return library.predict_convert(x, t, value, source, target)


@mistake("convert_flow_is_velocity", port="predict_convert", source="F10: two velocities, one name")
def _(x, t, value, source, target):
    """The flow's velocity is taken for αε - σx0."""
    changed = lambda alpha, sigma, f, g: {"flow": (-sigma, alpha)}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)


@mistake("convert_flow_of_straight_path", port="predict_convert", source="flow matching's ε - x0")
def _(x, t, value, source, target):
    """The flow's velocity is ε - x0, whatever the process."""
    return _converted(x, t, value, source, target, changed={"flow": (-1.0, 1.0)})


@mistake("convert_flow_rate_twice", port="predict_convert", source="F09: deepinv #1343")
def _(x, t, value, source, target):
    """σ' lacks the half of g²/2σ."""
    changed = lambda alpha, sigma, f, g: {"flow": (f * alpha, f * sigma + g**2 / sigma)}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)


@mistake("convert_flow_of_variance", port="predict_convert", source="classic: (σ²)' for σ'")
def _(x, t, value, source, target):
    """(σ²)' stands for σ'."""
    changed = lambda alpha, sigma, f, g: {"flow": (f * alpha, 2 * f * sigma**2 + g**2)}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)


@mistake("convert_flow_without_drift", port="predict_convert", source="classic: f forgotten in σ'")
def _(x, t, value, source, target):
    """σ' is g²/2σ alone."""
    changed = lambda alpha, sigma, f, g: {"flow": (f * alpha, g**2 / (2 * sigma))}  # noqa: E731
    return _converted(x, t, value, source, target, changed=changed)

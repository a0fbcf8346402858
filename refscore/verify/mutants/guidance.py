"""Mistakes in guided scores and steps, and in the laws they lead to."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.verify.library import guidance as library
from refscore.verify.mutants.base import mistake

VP = library.VP


def _levels(t):
    return tuple(float(a) for a in VP.marginal(t))


@mistake("guided_by_sigma", port="guided_score", source="G10: √(1-ᾱ) in the score's own form")
def _(score_at, likelihood_score_at, x, t, weight):
    """The likelihood's score is multiplied by sigma, as if it were added to predicted noise."""
    return score_at(x, t) + weight * _levels(t)[1] * likelihood_score_at(x, t)


@mistake("guided_sign", port="guided_score", source="G10: the sign")
def _(score_at, likelihood_score_at, x, t, weight):
    """The likelihood's score is subtracted: repelled from the condition."""
    return score_at(x, t) - weight * likelihood_score_at(x, t)


@mistake("guided_weight_ignored", port="guided_score", source="classic: w left at 1")
def _(score_at, likelihood_score_at, x, t, weight):
    """The weight is not used."""
    return score_at(x, t) + likelihood_score_at(x, t)


@mistake("guided_interpolates", port="guided_score", source="classic: (1 - w) s + w ∇ log p(y|x)")
def _(score_at, likelihood_score_at, x, t, weight):
    """Score and likelihood score are interpolated."""
    return (1 - weight) * score_at(x, t) + weight * likelihood_score_at(x, t)


@mistake("guided_by_clean_classifier", port="guided_score", source="classic: trained without noise")
def _(score_at, likelihood_score_at, x, t, weight):
    """The classifier is that of clean data."""
    return score_at(x, t) + weight * likelihood_score_at(x, 0.0)


@mistake("guided_whole", port="guided_score", source="classic: w (s + ∇ log p(y|x))")
def _(score_at, likelihood_score_at, x, t, weight):
    """The weight multiplies the whole posterior score."""
    return weight * (score_at(x, t) + likelihood_score_at(x, t))


@mistake("free_null_condition", port="classifier_free_score", source="G07: diffusers #596")
def _(conditional_at, unconditional_at, x, t, weight):
    """The null condition stands in both places: no information."""
    return unconditional_at(x, t)


@mistake("free_swapped", port="classifier_free_score", source="classic: c + w (u - c)")
def _(conditional_at, unconditional_at, x, t, weight):
    """The two scores are exchanged."""
    c, u = conditional_at(x, t), unconditional_at(x, t)
    return c + weight * (u - c)


@mistake("free_not_subtracted", port="classifier_free_score", source="classic: u + w c")
def _(conditional_at, unconditional_at, x, t, weight):
    """The unconditional score is added whole."""
    return unconditional_at(x, t) + weight * conditional_at(x, t)


@mistake("free_mixed_spellings", port="classifier_free_score", source="FP01 read half: c + w (c-u)"
         " + (1 - w) u")  # fmt: skip
def _(conditional_at, unconditional_at, x, t, weight):
    """One spelling's factor 1 + w on c, the other's 1 - w on u: they do not add up to one."""
    return (1 + weight) * conditional_at(x, t) + (1 - weight) * unconditional_at(x, t)


@mistake("free_by_variance", port="classifier_free_score", source="classic: σ in the difference")
def _(conditional_at, unconditional_at, x, t, weight):
    """The difference is scaled by sigma, as that of predicted noises."""
    c, u = conditional_at(x, t), unconditional_at(x, t)
    return u + weight * _levels(t)[1] * (c - u)


def _softmax(logits, temperature):
    p = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    return p / p.sum(axis=-1, keepdims=True)


@mistake("classifier_not_normalised", port="classifier_score", source="G14")
def _(logits, jacobian, label, temperature):
    """The gradient of the logit alone, without the normaliser's."""
    return jacobian[:, label] / temperature


@mistake(
    "classifier_temperature_once", port="classifier_score", source="G14: τ in the softmax only"
)
def _(logits, jacobian, label, temperature):
    """The temperature enters the probabilities, not the gradient's scale."""
    mean = np.einsum("nc,ncd->nd", _softmax(logits, temperature), jacobian)
    return jacobian[:, label] - mean


@mistake("classifier_temperature_outside", port="classifier_score", source="G14: τ outside only")
def _(logits, jacobian, label, temperature):
    """The temperature scales the gradient, not the logits of the probabilities."""
    mean = np.einsum("nc,ncd->nd", _softmax(logits, 1.0), jacobian)
    return (jacobian[:, label] - mean) / temperature


@mistake("classifier_temperature_inverted", port="classifier_score", source="classic: τ l for l/τ")
def _(logits, jacobian, label, temperature):
    """The logits are multiplied by the temperature."""
    return library.classifier_score(logits, jacobian, label, 1 / temperature)


@mistake("classifier_probability", port="classifier_score", source="J16: ∇p for ∇ log p")
def _(logits, jacobian, label, temperature):
    """The gradient of the probability, not of its logarithm."""
    p = _softmax(logits, temperature)[:, label, None]
    return p * library.classifier_score(logits, jacobian, label, temperature)


@mistake("composed_prior_counted", port="composed_score", source="G13: prior counted m times")
def _(posterior_scores, prior_score):
    """The scores are summed, and the prior counted once for every observation."""
    return posterior_scores.sum(axis=0)


@mistake("composed_prior_taken_off", port="composed_score", source="G13: m for m - 1")
def _(posterior_scores, prior_score):
    """The prior is taken off once too often."""
    return posterior_scores.sum(axis=0) - len(posterior_scores) * prior_score


@mistake("composed_averaged", port="composed_score", source="G13: mean for sum")
def _(posterior_scores, prior_score):
    """The scores are averaged."""
    return posterior_scores.mean(axis=0)


@mistake("composed_prior_once", port="composed_score", source="G13: Σ s_i - s_0")
def _(posterior_scores, prior_score):
    """One prior score is taken off, right for two observations only."""
    return posterior_scores.sum(axis=0) - prior_score


def _ancestral(score_at, x, t, s):
    """Mean and variance of the small-variance step."""
    mean = flows.ancestral(VP, score_at)(x, t, s, np.zeros(np.shape(x)))
    r, (a, b) = _levels(t)[0] / _levels(s)[0], (_levels(t)[1], _levels(s)[1])
    beta = a**2 - r**2 * b**2
    return mean, beta * b**2 / a**2, beta


@mistake("guided_step_at_point", port="guided_ancestral_step", source="G01: guided-diffusion #51")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The classifier is asked at x_t and time t, not at the mean and time s."""
    mean, v, _ = _ancestral(score_at, x, t, s)
    return mean + v * weight * likelihood_score_at(x, t) + np.sqrt(v) * noise


@mistake("guided_step_at_time", port="guided_ancestral_step", source="G01: the mean at time t")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The classifier is asked at the mean, but of time t."""
    mean, v, _ = _ancestral(score_at, x, t, s)
    return mean + v * weight * likelihood_score_at(mean, t) + np.sqrt(v) * noise


@mistake("guided_step_by_sd", port="guided_ancestral_step", source="classic: sd for variance")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The shift is by the standard deviation, not by the variance."""
    mean, v, _ = _ancestral(score_at, x, t, s)
    return mean + np.sqrt(v) * (weight * likelihood_score_at(mean, s) + noise)


@mistake("guided_step_by_beta", port="guided_ancestral_step", source="classic: β for β̃")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The shift is by the larger variance, that of X_t given X_s."""
    mean, v, beta = _ancestral(score_at, x, t, s)
    return mean + beta * weight * likelihood_score_at(mean, s) + np.sqrt(v) * noise


@mistake("guided_step_noisy_mean", port="guided_ancestral_step", source="classic: after the noise")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The classifier is asked where the noise has already been added."""
    mean, v, _ = _ancestral(score_at, x, t, s)
    moved = mean + np.sqrt(v) * noise
    return moved + v * weight * likelihood_score_at(moved, s)


@mistake("guided_step_sign", port="guided_ancestral_step", source="G10: the sign")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The shift points away from the condition."""
    mean, v, _ = _ancestral(score_at, x, t, s)
    return mean - v * weight * likelihood_score_at(mean, s) + np.sqrt(v) * noise


@mistake("guided_step_unweighted", port="guided_ancestral_step", source="classic: w left at 1")
def _(score_at, likelihood_score_at, x, t, s, weight, noise):
    """The weight is not used."""
    return library.guided_ancestral_step(score_at, likelihood_score_at, x, t, s, 1.0, noise)


@mistake("guided_law_tilted", port="guided_law", source="A7: one level taken for all")
def _(law, other_law, weight, stochasticity):
    """The law is taken for the tilted density c^w u^{1-w}."""
    P, Q = (np.linalg.inv(one.covariance) for one in (law, other_law))
    covariance = np.linalg.inv(weight * P + (1 - weight) * Q)
    mean = covariance @ (weight * P @ law.mean + (1 - weight) * Q @ other_law.mean)
    return {"mean": mean, "covariance": covariance}


@mistake("guided_law_of_flow", port="guided_law", source="oracles 5: 2^{1-γ} for every sampler")
def _(law, other_law, weight, stochasticity):
    """The flow's law is given for every amount of noise."""
    return library.guided_law(law, other_law, weight, 0.0)


@mistake("guided_law_of_sde", port="guided_law", source="oracles 5: one law for every sampler")
def _(law, other_law, weight, stochasticity):
    """The reverse SDE's law is given for every amount of noise."""
    return library.guided_law(law, other_law, weight, 1.0)


@mistake("guided_law_unguided", port="guided_law", source="G07")
def _(law, other_law, weight, stochasticity):
    """The unconditional law: guidance does nothing."""
    return library.guided_law(law, other_law, 0.0, stochasticity)


@mistake("guided_law_swapped", port="guided_law", source="classic: c and u exchanged")
def _(law, other_law, weight, stochasticity):
    """The two laws are exchanged."""
    return library.guided_law(other_law, law, weight, stochasticity)

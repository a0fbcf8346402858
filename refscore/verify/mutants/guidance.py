"""Mistakes in guided scores and steps, and in scores of linear inverse problems."""

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


def _denoised(score_at, x, t):
    """s, D, its Jacobian J, and α, σ."""
    field, (alpha, sigma) = score_at.at(t), _levels(t)
    s = field(x)
    J = (np.eye(x.shape[-1]) + sigma**2 * field.jacobian(x)) / alpha
    return s, (x + sigma**2 * s) / alpha, J, alpha, sigma


def _pull(J, H, M, residual):
    """Jᵀ Hᵀ M⁻¹ residual, a row each."""
    u = np.linalg.solve(np.broadcast_to(M, (len(residual), *M.shape[-2:])), residual[..., None])
    return np.einsum("nij,ki,nk->nj", J, H, u[..., 0])


@mistake("posterior_score_guided", port="posterior_score", source="A7: one level taken for all")
def _(law, x, t, H, y, noise_cov):
    """The clean likelihood's score is added at every level."""
    score = flows.diffused(VP, library.distribution(law), t).score
    return score(x) + np.linalg.solve(noise_cov, (y - x @ H.T).T).T @ H


@mistake("posterior_score_clean", port="posterior_score", source="S05")
def _(law, x, t, H, y, noise_cov):
    """The score of the clean posterior is used at every level."""
    return flows.posterior_score(VP, library.distribution(law), H, y, noise_cov)(0.0)(x)


@mistake("posterior_score_rescaled_noise", port="posterior_score", source="F13: deepinv #736")
def _(law, x, t, H, y, noise_cov):
    """The observation's noise is four times too precise: the data were rescaled, it was not."""
    return library.posterior_score(law, x, t, H, y, noise_cov / 4)


@mistake("posterior_score_sd", port="posterior_score", source="classic: sd for variance")
def _(law, x, t, H, y, noise_cov):
    """The covariance of the observation's noise is replaced by its root."""
    values, vectors = np.linalg.eigh(noise_cov)
    return library.posterior_score(law, x, t, H, y, (vectors * np.sqrt(values)) @ vectors.T)


@mistake("posterior_score_prior", port="posterior_score", source="G07")
def _(law, x, t, H, y, noise_cov):
    """The observation is ignored."""
    return flows.diffused(VP, library.distribution(law), t).score(x)


@mistake("dps_without_jacobian", port="dps_score", source="classic: no gradient through D")
def _(score_at, x, t, H, y, noise_cov):
    """The denoiser's Jacobian is left out."""
    s, D, J, _, _ = _denoised(score_at, x, t)
    return s + _pull(0 * J + np.eye(x.shape[-1]), H, noise_cov, y - D @ H.T)


@mistake("dps_norm", port="dps_score", source="G05: DPS2022 #6, #20")
def _(score_at, x, t, H, y, noise_cov):
    """The norm of the whitened residual is differentiated, not half its square."""
    s, D, J, _, _ = _denoised(score_at, x, t)
    gap = y - D @ H.T
    size = np.sqrt(np.einsum("nk,nk->n", gap, np.linalg.solve(noise_cov, gap.T).T))
    return s + _pull(J, H, noise_cov, gap) / size[:, None]


@mistake("dps_without_half", port="dps_score", source="G05: ‖r‖² for ½‖r‖²")
def _(score_at, x, t, H, y, noise_cov):
    """The squared residual is differentiated without the half."""
    s, D, J, _, _ = _denoised(score_at, x, t)
    return s + 2 * _pull(J, H, noise_cov, y - D @ H.T)


@mistake("dps_sign", port="dps_score", source="classic: H D - y")
def _(score_at, x, t, H, y, noise_cov):
    """The residual has the wrong sign."""
    s, D, J, _, _ = _denoised(score_at, x, t)
    return s - _pull(J, H, noise_cov, y - D @ H.T)


@mistake("dps_without_noise", port="dps_score", source="G05: no 1/σ_y²")
def _(score_at, x, t, H, y, noise_cov):
    """The residual is not divided by the noise's covariance."""
    s, D, J, _, _ = _denoised(score_at, x, t)
    return s + _pull(J, H, np.eye(len(y)), y - D @ H.T)


@mistake("dps_noised_point", port="dps_score", source="classic: x for D(x)")
def _(score_at, x, t, H, y, noise_cov):
    """The residual is that of the noised point."""
    s, _, J, _, _ = _denoised(score_at, x, t)
    return s + _pull(J, H, noise_cov, y - x @ H.T)


@mistake("dps_sigma", port="dps_score", source="classic: σ for σ² in Tweedie")
def _(score_at, x, t, H, y, noise_cov):
    """The denoiser has sigma for its square."""
    s, _, _, alpha, sigma = _denoised(score_at, x, t)
    J = (np.eye(x.shape[-1]) + sigma * score_at.at(t).jacobian(x)) / alpha
    return s + _pull(J, H, noise_cov, y - (x + sigma * s) @ H.T / alpha)


@mistake("dps_unscaled", port="dps_score", source="S07: α left out of D")
def _(score_at, x, t, H, y, noise_cov):
    """The denoised point is not divided by alpha."""
    s, D, J, alpha, _ = _denoised(score_at, x, t)
    return s + _pull(alpha * J, H, noise_cov, y - alpha * D @ H.T)


def _gaussian(score_at, x, t, H, y, M_of):
    s, D, J, alpha, sigma = _denoised(score_at, x, t)
    return s + _pull(J, H, M_of(J, alpha, sigma), y - D @ H.T)


@mistake("pigdm_without_noise", port="pigdm_score", source="classic: R left out")
def _(score_at, x, t, H, y, noise_cov):
    """The observation's noise is left out."""
    return _gaussian(
        score_at, x, t, H, y, lambda J, a, s: s**2 / (a**2 + s**2) * H @ H.T
    )  # fmt: skip


@mistake("pigdm_without_spread", port="pigdm_score", source="classic: r = 0, which is DPS")
def _(score_at, x, t, H, y, noise_cov):
    """The spread of x_0 given x_t is left out."""
    return _gaussian(score_at, x, t, H, y, lambda J, a, s: noise_cov)


@mistake("pigdm_identity", port="pigdm_score", source="classic: r² I for r² H Hᵀ")
def _(score_at, x, t, H, y, noise_cov):
    """H Hᵀ is taken for the identity."""
    return _gaussian(
        score_at, x, t, H, y, lambda J, a, s: s**2 / (a**2 + s**2) * np.eye(len(y)) + noise_cov
    )


@mistake("pigdm_spread_of_exploding", port="pigdm_score", source="F03: σ²/(1 + σ²) for VP")
def _(score_at, x, t, H, y, noise_cov):
    """r² is that of a variance-exploding process."""
    return _gaussian(score_at, x, t, H, y, lambda J, a, s: s**2 / (1 + s**2) * H @ H.T + noise_cov)


@mistake("pigdm_sd", port="pigdm_score", source="classic: r for r²")
def _(score_at, x, t, H, y, noise_cov):
    """r stands where its square belongs."""
    return _gaussian(score_at, x, t, H, y, lambda J, a, s: s / np.hypot(a, s) * H @ H.T + noise_cov)


@mistake("pigdm_without_jacobian", port="pigdm_score", source="classic: no gradient through D")
def _(score_at, x, t, H, y, noise_cov):
    """The denoiser's Jacobian is left out."""
    s, D, J, alpha, sigma = _denoised(score_at, x, t)
    M = sigma**2 / (alpha**2 + sigma**2) * H @ H.T + noise_cov
    return s + _pull(0 * J + np.eye(x.shape[-1]), H, M, y - D @ H.T)


@mistake("moment_without_covariance", port="moment_score", source="classic: C left out, DPS again")
def _(score_at, x, t, H, y, noise_cov):
    """H C Hᵀ is left out."""
    return _gaussian(score_at, x, t, H, y, lambda J, a, s: noise_cov)


@mistake("moment_unscaled", port="moment_score", source="A6: σ² J for σ² J / α")
def _(score_at, x, t, H, y, noise_cov):
    """The covariance is not divided by alpha."""
    return _gaussian(score_at, x, t, H, y, lambda J, a, s: s**2 * H @ J @ H.T + noise_cov)


@mistake("moment_averaged", port="moment_score", source="classic: tr C / d for C")
def _(score_at, x, t, H, y, noise_cov):
    """The covariance is replaced by its mean variance."""

    def spread(J, a, s):
        mean = np.trace(J, axis1=-2, axis2=-1) / x.shape[-1]
        return s**2 / a * mean[:, None, None] * H @ H.T + noise_cov

    return _gaussian(score_at, x, t, H, y, spread)


@mistake("moment_without_jacobian", port="moment_score", source="classic: no gradient through D")
def _(score_at, x, t, H, y, noise_cov):
    """The denoiser's Jacobian is left out of the gradient."""
    s, D, J, alpha, sigma = _denoised(score_at, x, t)
    M = sigma**2 / alpha * H @ J @ H.T + noise_cov
    return s + _pull(0 * J + np.eye(x.shape[-1]), H, M, y - D @ H.T)


def _flat(score_at, x, t, H, y, M_of, *, inner=None, outer=None):
    alpha, sigma = _levels(t)
    inner, outer = inner or alpha, outer or alpha
    gap = y - x @ H.T / inner
    pull = np.linalg.solve(M_of(alpha, sigma), gap.T).T @ H / outer
    return score_at(x, t) + pull


@mistake("flat_without_noise_level", port="flat_prior_score", source="A7: one level taken for all")
def _(score_at, x, t, H, y, noise_cov):
    """The noise of the point itself is left out of the likelihood."""
    return _flat(score_at, x, t, H, y, lambda a, s: noise_cov)


@mistake("flat_identity", port="flat_prior_score", source="Jalal et al. 2021: γ² I for H Hᵀ")
def _(score_at, x, t, H, y, noise_cov):
    """H Hᵀ is taken for the identity."""
    return _flat(score_at, x, t, H, y, lambda a, s: (s / a) ** 2 * np.eye(len(y)) + noise_cov)


@mistake("flat_unscaled_noise", port="flat_prior_score", source="classic: σ² for (σ/α)²")
def _(score_at, x, t, H, y, noise_cov):
    """The noise is not divided by alpha."""
    return _flat(score_at, x, t, H, y, lambda a, s: s**2 * H @ H.T + noise_cov)


@mistake("flat_unscaled_point", port="flat_prior_score", source="S07: α left out")
def _(score_at, x, t, H, y, noise_cov):
    """The point is not divided by alpha."""
    spread = lambda a, s: (s / a) ** 2 * H @ H.T + noise_cov  # noqa: E731
    return _flat(score_at, x, t, H, y, spread, inner=1.0)


@mistake("flat_chain_rule", port="flat_prior_score", source="classic: the inner derivative 1/α")
def _(score_at, x, t, H, y, noise_cov):
    """The derivative of x/alpha is left out."""
    spread = lambda a, s: (s / a) ** 2 * H @ H.T + noise_cov  # noqa: E731
    return _flat(score_at, x, t, H, y, spread, outer=1.0)


def _replaced(score_at, x, t, s, H, seen):
    moved = flows.ddim(VP, score_at)(x, t, s)
    return moved + (seen - moved @ H.T) @ H


@mistake("replaced_without_noise", port="replacement_step", source="classic: α y alone")
def _(score_at, x, t, s, H, y, noise):
    """The observed part is put in without noise."""
    return _replaced(score_at, x, t, s, H, _levels(s)[0] * y + 0 * noise @ H.T)


@mistake("replaced_variance", port="replacement_step", source="F11: diffusers 2f023d7b84")
def _(score_at, x, t, s, H, y, noise):
    """The observed part's noise is scaled by the variance."""
    alpha, sigma = _levels(s)
    return _replaced(score_at, x, t, s, H, alpha * y + sigma**2 * noise @ H.T)


@mistake("replaced_unscaled", port="replacement_step", source="S07: α left out")
def _(score_at, x, t, s, H, y, noise):
    """The observed part is not scaled by alpha."""
    return _replaced(score_at, x, t, s, H, y + _levels(s)[1] * noise @ H.T)


@mistake("replaced_at_start", port="replacement_step", source="classic: levels of t for those of s")
def _(score_at, x, t, s, H, y, noise):
    """The observed part is noised to the level the step begins at."""
    alpha, sigma = _levels(t)
    return _replaced(score_at, x, t, s, H, alpha * y + sigma * noise @ H.T)


@mistake("replaced_before", port="replacement_step", source="G09: replaced before the step only")
def _(score_at, x, t, s, H, y, noise):
    """The observed part is put in before the step, at time t, and not after it."""
    alpha, sigma = _levels(t)
    seen = alpha * y + sigma * noise @ H.T
    return flows.ddim(VP, score_at)(x + (seen - x @ H.T) @ H, t, s)


@mistake("replaced_never", port="replacement_step", source="G09")
def _(score_at, x, t, s, H, y, noise):
    """The observed part is not put in."""
    return flows.ddim(VP, score_at)(x, t, s)

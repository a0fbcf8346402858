"""Mistakes in posterior scores of linear inverse problems, and in steps that replace."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.verify.library import guidance as library
from refscore.verify.mutants.base import mistake

VP = library.VP


def _levels(t):
    return tuple(float(a) for a in VP.marginal(t))


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

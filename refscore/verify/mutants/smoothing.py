"""Mistakes in denoising, conditioning, diffusing, and in using scores."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _tweedie(score, y, alpha, sigma, *, mean_power=2, scale=None, sign=1.0, jacobian_power=4):
    d = y.shape[-1]
    scale = alpha if scale is None else scale
    mean = (y + sign * sigma**mean_power * score(y)) / scale
    jac = score.jacobian(y)
    return mean, (sigma**2 * np.eye(d) + sigma**jacobian_power * jac) / scale**2


@mistake("tweedie_sd_for_variance", port="denoise", source="classic: sigma for sigma squared")
def _(score, y, alpha, sigma):
    """The score is multiplied by the noise's standard deviation, not its variance."""
    return _tweedie(score, y, alpha, sigma, mean_power=1)


@mistake("tweedie_without_scale", port="denoise", source="S01: alpha = 1 hides it")
def _(score, y, alpha, sigma):
    """The division by alpha is left out."""
    return _tweedie(score, y, alpha, sigma, scale=1.0)


@mistake("tweedie_sign", port="denoise", source="O01")
def _(score, y, alpha, sigma):
    """The score is subtracted: the point moves away from the data."""
    return _tweedie(score, y, alpha, sigma, sign=-1.0)


@mistake("tweedie_covariance_power", port="denoise", source="classic")
def _(score, y, alpha, sigma):
    """The Jacobian in the covariance has sigma squared instead of its fourth power."""
    return _tweedie(score, y, alpha, sigma, jacobian_power=2)


@mistake(
    "posterior_ignores_weight", port="posterior", source="G-family: guidance weight 1 hides it"
)
def _(law, H, y, noise_cov, weight):
    """The likelihood's power is ignored."""
    return library.posterior(law, H, y, noise_cov, 1.0)


@mistake("posterior_noise_sd", port="posterior", source="F11, G05: variance and sd confused")
def _(law, H, y, noise_cov, weight):
    """The noise covariance is squared, as if it were a standard deviation."""
    return library.posterior(law, H, y, noise_cov @ noise_cov, weight)


@mistake("posterior_keeps_weights", port="posterior", source="classic")
def _(law, H, y, noise_cov, weight):
    """A mixture's weights are not updated by the evidence of its components."""
    out = library.posterior(law, H, y, noise_cov, weight)
    return {**out, "weights": law.weights} if "weights" in out else out


@mistake("posterior_evidence_without_noise", port="posterior", source="classic")
def _(law, H, y, noise_cov, weight):
    """The components' evidence leaves out the noise covariance."""
    out = library.posterior(law, H, y, noise_cov, weight)
    if "weights" not in out:
        return out
    tight = library.posterior(law, H, y, 1e-3 * noise_cov, weight)
    return {**out, "weights": tight["weights"]}


@mistake(
    "posterior_counts_prior_twice", port="posterior", source="G13: prior counted once a factor"
)
def _(law, H, y, noise_cov, weight):
    """The prior enters twice."""
    out = library.posterior(law, H, y, noise_cov, weight)
    if law.kind != "gaussian":
        return out
    prior = np.linalg.inv(law.covariance)
    first = np.linalg.inv(out["covariance"])
    covariance = np.linalg.inv(first + prior)
    mean = covariance @ (first @ out["mean"] + prior @ law.mean)
    return {"mean": mean, "covariance": covariance}


def _diffused(law, out, alpha, sigma, *, shift=1.0, scale=2, noise=2):
    """The diffused Gaussian or mixture with the exponents a mistake may change."""
    if law.kind not in ("gaussian", "mixture"):
        return out
    mean, cov = ("mean", "covariance") if law.kind == "gaussian" else ("means", "covariances")
    eye = np.eye(np.shape(getattr(law, mean))[-1])
    factor = alpha if shift else 1.0
    covariance = alpha**scale * getattr(law, cov) + sigma**noise * eye
    return {**out, mean: factor * getattr(law, mean), cov: covariance}


@mistake("diffuse_mean_not_scaled", port="diffuse", source="S07")
def _(law, alpha, sigma):
    """The means are not multiplied by alpha."""
    return _diffused(law, library.diffuse(law, alpha, sigma), alpha, sigma, shift=0.0)


@mistake(
    "diffuse_covariance_scaled_once", port="diffuse", source="F10, F26: alpha for alpha squared"
)
def _(law, alpha, sigma):
    """The covariance is multiplied by alpha instead of its square."""
    return _diffused(law, library.diffuse(law, alpha, sigma), alpha, sigma, scale=1)


@mistake("diffuse_covariance_not_scaled", port="diffuse", source="S05: clean covariance at level t")
def _(law, alpha, sigma):
    """The clean covariance is kept and noise added to it."""
    return _diffused(law, library.diffuse(law, alpha, sigma), alpha, sigma, scale=0)


@mistake("diffuse_adds_sd", port="diffuse", source="F11: sd for variance")
def _(law, alpha, sigma):
    """The noise's standard deviation is added to the covariance."""
    return _diffused(law, library.diffuse(law, alpha, sigma), alpha, sigma, noise=1)


@mistake("diffuse_replaces_covariance", port="diffuse", source="conventions 4.1: ncsn's toy")
def _(law, alpha, sigma):
    """The noise replaces the component's covariance instead of convolving it."""
    out = library.diffuse(law, alpha, sigma)
    return _diffused(law, out, alpha, sigma, scale=400)


@mistake("smoothed_edge_sign", port="score", source="classic")
def _(law, x):
    """The two edges of a smoothed uniform are added instead of subtracted."""
    if law.kind != "smoothed_uniform":
        return library.score(law, x)
    from scipy.special import ndtr

    a, b = (x - law.low) / law.sigma, (x - law.high) / law.sigma
    phi = lambda u: np.exp(-0.5 * u * u) / np.sqrt(2 * np.pi)  # noqa: E731
    with np.errstate(all="ignore"):
        return (phi(a) + phi(b)) / (law.sigma * (ndtr(a) - ndtr(b)))


@mistake("recovered_midpoint_only", port="recover_log_density", source="classic")
def _(score, x, x0):
    """The path integral is one evaluation at the segment's middle."""
    gap = x - x0
    return (score(x0 + 0.5 * gap) * gap).sum(-1)


@mistake("recovered_sign", port="recover_log_density", source="classic")
def _(score, x, x0):
    """The path runs from x to x0."""
    return -library.recover_log_density(score, x, x0)


@mistake(
    "projection_symmetrises",
    port="conservative_projection",
    source="classic: isotropic data hide it",
)
def _(matrix, offset, mean, covariance):
    """The matrix is symmetrised, whatever the data's covariance."""
    b = 0.5 * (matrix + matrix.T)
    return b, offset + (matrix - b) @ mean


@mistake("projection_keeps_offset", port="conservative_projection", source="classic")
def _(matrix, offset, mean, covariance):
    """The offset is not moved with the matrix."""
    b, _ = library.conservative_projection(matrix, offset, mean, covariance)
    return b, offset

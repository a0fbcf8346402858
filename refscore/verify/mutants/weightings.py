"""Mistakes in weightings of noise levels, and in preconditioning."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


@mistake("min_snr_max", port="min_snr_weight", source="O03: lucidrains b8f8e40, ecd4582")
def _(snr, gamma, prediction):
    """SNR is clamped from below: max in place of min."""
    divisor = {"noise": snr, "velocity": snr + 1, "data": 1.0}[prediction]
    return np.maximum(snr, gamma) / divisor


@mistake("min_snr_inverted", port="min_snr_weight", source="O06: diffusers #1733")
def _(snr, gamma, prediction):
    """SNR is σ²/α²."""
    return library.min_snr_weight(1 / snr, gamma, prediction)


@mistake("min_snr_square_root", port="min_snr_weight", source="classic: α/σ")
def _(snr, gamma, prediction):
    """SNR is α/σ, not its square."""
    return library.min_snr_weight(np.sqrt(snr), gamma, prediction)


@mistake("min_snr_velocity_as_noise", port="min_snr_weight", source="conventions 4: diffusers")
def _(snr, gamma, prediction):
    """A velocity's weight is divided by SNR, not SNR + 1."""
    prediction = "noise" if prediction == "velocity" else prediction
    return library.min_snr_weight(snr, gamma, prediction)


@mistake("min_snr_data_as_noise", port="min_snr_weight", source="classic")
def _(snr, gamma, prediction):
    """A data prediction's weight is divided by SNR."""
    prediction = "noise" if prediction == "data" else prediction
    return library.min_snr_weight(snr, gamma, prediction)


@mistake("min_snr_noise_undivided", port="min_snr_weight", source="classic")
def _(snr, gamma, prediction):
    """A noise prediction's weight is not divided by SNR."""
    prediction = "data" if prediction == "noise" else prediction
    return library.min_snr_weight(snr, gamma, prediction)


@mistake("min_snr_without_gamma", port="min_snr_weight", source="classic")
def _(snr, gamma, prediction):
    """SNR is not clamped."""
    return library.min_snr_weight(snr, 1e300, prediction)


@mistake("edm_weight_inverted", port="edm_weight", source="classic")
def _(sigmas, sigma_data):
    """The weight is c_out², not its reciprocal."""
    return 1 / library.edm_weight(sigmas, sigma_data)


@mistake("edm_weight_of_sum", port="edm_weight", source="classic: (σ + σ_d)² below")
def _(sigmas, sigma_data):
    """The divisor is the square of the sum, not of the product."""
    return (sigmas**2 + sigma_data**2) / (sigmas + sigma_data) ** 2


@mistake("edm_weight_product_not_squared", port="edm_weight", source="classic")
def _(sigmas, sigma_data):
    """The divisor is the product, not its square."""
    return (sigmas**2 + sigma_data**2) / (sigmas * sigma_data)


@mistake("edm_weight_square_of_sum", port="edm_weight", source="classic: (σ + σ_d)² above")
def _(sigmas, sigma_data):
    """The dividend is the square of the sum, not the sum of squares."""
    return (sigmas + sigma_data) ** 2 / (sigmas * sigma_data) ** 2


@mistake("edm_weight_unit_data", port="edm_weight", source="conventions 1: sigma_data 1")
def _(sigmas, sigma_data):
    """The data's standard deviation is taken to be 1."""
    return library.edm_weight(sigmas, 1.0)


@mistake("edm_weight_of_score", port="edm_weight", source="derived: the factor σ⁴")
def _(sigmas, sigma_data):
    """The weight is that of ‖s + z/σ‖², σ⁴ times as large."""
    return sigmas**4 * library.edm_weight(sigmas, sigma_data)


@mistake("edm_skip_and_out_swapped", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_skip and c_out have changed places."""
    skip, out, into, noise = library.edm_preconditioning(sigmas, sigma_data)
    return out, skip, into, noise


@mistake("edm_skip_of_noise", port="edm_preconditioning", source="classic: σ² above")
def _(sigmas, sigma_data):
    """c_skip is σ²/(σ² + σ_d²)."""
    skip, *rest = library.edm_preconditioning(sigmas, sigma_data)
    return 1 - skip, *rest


@mistake("edm_skip_not_squared", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_skip is σ_d/√(σ² + σ_d²)."""
    skip, *rest = library.edm_preconditioning(sigmas, sigma_data)
    return np.sqrt(skip), *rest


@mistake("edm_out_without_root", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_out is divided by σ² + σ_d², not by its root."""
    skip, out, into, noise = library.edm_preconditioning(sigmas, sigma_data)
    return skip, out * into, into, noise


@mistake("edm_out_without_data", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_out has lost its factor σ_d."""
    skip, out, into, noise = library.edm_preconditioning(sigmas, sigma_data)
    return skip, out / sigma_data, into, noise


@mistake("edm_in_without_root", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_in is 1/(σ² + σ_d²)."""
    skip, out, into, noise = library.edm_preconditioning(sigmas, sigma_data)
    return skip, out, into**2, noise


@mistake("edm_in_unit_data", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_in is 1/√(σ² + 1), whatever the data."""
    skip, out, into, noise = library.edm_preconditioning(sigmas, sigma_data)
    return skip, out, 1 / np.sqrt(sigmas**2 + 1), noise


@mistake("edm_noise_without_quarter", port="edm_preconditioning", source="conventions 3")
def _(sigmas, sigma_data):
    """c_noise is log σ."""
    *rest, noise = library.edm_preconditioning(sigmas, sigma_data)
    return *rest, 4 * noise


@mistake("edm_noise_common_logarithm", port="edm_preconditioning", source="classic")
def _(sigmas, sigma_data):
    """c_noise is ¼ of the logarithm to base 10."""
    *rest, noise = library.edm_preconditioning(sigmas, sigma_data)
    return *rest, noise / np.log(10)


@mistake("edm_noise_is_sigma", port="edm_preconditioning", source="conventions 3: VE's label")
def _(sigmas, sigma_data):
    """c_noise is σ itself."""
    *rest, _ = library.edm_preconditioning(sigmas, sigma_data)
    return *rest, np.array(sigmas)


def _converted(target, wrong):
    """A converter whose factor for one target is another."""

    def convert(weight, asked, alpha, sigma):
        if asked == target:
            return weight * wrong(alpha, sigma)
        return library.score_weight(weight, asked, alpha, sigma)

    return convert


@mistake("score_weight_noise_power", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """A noise error counts σ, not σ²."""
    return _converted("noise", lambda a, s: s)(weight, target, alpha, sigma)


@mistake("score_weight_noise_inverse", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """A noise error counts 1/σ²."""
    return _converted("noise", lambda a, s: s**-2)(weight, target, alpha, sigma)


@mistake("score_weight_data_power", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """A data error counts σ²/α², as if the denoiser moved by σ."""
    return _converted("data", lambda a, s: (s / a) ** 2)(weight, target, alpha, sigma)


@mistake("score_weight_data_without_alpha", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """A data error counts σ⁴ even where α is not 1."""
    return _converted("data", lambda a, s: s**4)(weight, target, alpha, sigma)


@mistake("score_weight_velocity_preserving", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """A velocity error counts σ²/α², true where α² + σ² = 1 alone."""
    return _converted("velocity", lambda a, s: (s / a) ** 2)(weight, target, alpha, sigma)


@mistake("score_weight_velocity_sign", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """The velocity is α z + σ x."""
    wrong = _converted("velocity", lambda a, s: (s / a * (a**2 - s**2)) ** 2)
    return wrong(weight, target, alpha, sigma)


@mistake("score_weight_flow_sign", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """The flow is z + x."""
    return _converted("flow", lambda a, s: (s / a * (a - s)) ** 2)(weight, target, alpha, sigma)


@mistake("score_weight_flow_linear", port="score_weight", source="O12: the linear interpolant")
def _(weight, target, alpha, sigma):
    """A flow error counts σ²/α², true where α + σ = 1 alone."""
    return _converted("flow", lambda a, s: (s / a) ** 2)(weight, target, alpha, sigma)


@mistake("score_weight_of_score", port="score_weight", source="classic")
def _(weight, target, alpha, sigma):
    """A score's own error is weighted by σ² once more."""
    return _converted("score", lambda a, s: s**2)(weight, target, alpha, sigma)


@mistake("uncertainty_without_half", port="uncertainty_loss", source="O20: k-diffusion 16a9f1c")
def _(squares, log_variance):
    """The one half is left out."""
    return 2 * library.uncertainty_loss(squares, log_variance)


@mistake("uncertainty_without_logarithm", port="uncertainty_loss", source="classic")
def _(squares, log_variance):
    """The log variance is not added: the best variance is infinite."""
    return 0.5 * squares * np.exp(-log_variance)


@mistake("uncertainty_sign", port="uncertainty_loss", source="classic")
def _(squares, log_variance):
    """The squares are multiplied by the variance."""
    return 0.5 * (squares * np.exp(log_variance) + log_variance)


@mistake("uncertainty_of_sd", port="uncertainty_loss", source="classic: u is log σ, or log σ²")
def _(squares, log_variance):
    """The log variance is taken for a log standard deviation."""
    return 0.5 * squares * np.exp(-2 * log_variance) + log_variance

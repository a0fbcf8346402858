"""Mistakes in ladders of noise levels and their weightings."""

from __future__ import annotations

import numpy as np

from refscore.fields.levels import local_of
from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.objectives import half_square


def _ladder(family, x, levels, sigmas, noise, *, at=None, told=None, target=None, weight=None):
    """The ladder's loss with any of its parts replaced."""
    sigma = sigmas[levels][:, None]
    s = family(x + sigma * noise if at is None else at, sigma[:, 0] if told is None else told)
    weight = sigma[:, 0] ** 2 if weight is None else weight
    return weight * half_square(s + (noise / sigma if target is None else target))


@mistake("ladder_without_weight", port="ladder_loss", source="conventions 4")
def _(family, x, levels, sigmas, noise):
    """The weight σ² is left out."""
    return _ladder(family, x, levels, sigmas, noise, weight=1.0)


@mistake("ladder_weight_sigma", port="ladder_loss", source="conventions 4: anneal_power 1")
def _(family, x, levels, sigmas, noise):
    """The weight is σ."""
    return _ladder(family, x, levels, sigmas, noise, weight=sigmas[levels])


@mistake("ladder_weight_fourth_power", port="ladder_loss", source="conventions 4: ½‖σ²s + σz‖²")
def _(family, x, levels, sigmas, noise):
    """The weight is σ⁴, that of a squared error of the data."""
    return _ladder(family, x, levels, sigmas, noise, weight=sigmas[levels] ** 4)


@mistake("ladder_weight_inverse", port="ladder_loss", source="O06")
def _(family, x, levels, sigmas, noise):
    """The weight is 1/σ²."""
    return _ladder(family, x, levels, sigmas, noise, weight=sigmas[levels] ** -2.0)


@mistake("ladder_weight_normalised", port="ladder_loss", source="classic")
def _(family, x, levels, sigmas, noise):
    """The weights are divided by their mean over the ladder."""
    weight = sigmas[levels] ** 2 / (sigmas**2).mean()
    return _ladder(family, x, levels, sigmas, noise, weight=weight)


@mistake("ladder_weight_of_next_level", port="ladder_loss", source="classic: an index off by one")
def _(family, x, levels, sigmas, noise):
    """The weight is that of the next level."""
    weight = np.roll(sigmas, -1)[levels] ** 2
    return _ladder(family, x, levels, sigmas, noise, weight=weight)


@mistake("ladder_at_clean_point", port="ladder_loss", source="seed 004, erratum J11")
def _(family, x, levels, sigmas, noise):
    """The field is evaluated at the clean point."""
    return _ladder(family, x, levels, sigmas, noise, at=x)


@mistake("ladder_without_level", port="ladder_loss", source="seed 004, erratum J11")
def _(family, x, levels, sigmas, noise):
    """The field is not told the level: the smallest one serves all."""
    return _ladder(family, x, levels, sigmas, noise, told=sigmas[-1])


@mistake("ladder_told_next_level", port="ladder_loss", source="classic: an index off by one")
def _(family, x, levels, sigmas, noise):
    """The field is told the next level; noise, target and weight are right."""
    return _ladder(family, x, levels, sigmas, noise, told=np.roll(sigmas, -1)[levels])


@mistake("ladder_next_level", port="ladder_loss", source="classic: an index off by one")
def _(family, x, levels, sigmas, noise):
    """Everything is done at the next level of the ladder."""
    return library.ladder_loss(family, x, (levels + 1) % len(sigmas), sigmas, noise)


@mistake("ladder_upside_down", port="ladder_loss", source="classic: sigmas ascending")
def _(family, x, levels, sigmas, noise):
    """The levels are counted from the other end of the ladder."""
    return library.ladder_loss(family, x, len(sigmas) - 1 - levels, sigmas, noise)


@mistake("ladder_one_level_for_the_batch", port="ladder_loss", source="classic: sigma of row 0")
def _(family, x, levels, sigmas, noise):
    """The first point's level serves the whole batch."""
    return library.ladder_loss(family, x, np.full_like(levels, levels[0]), sigmas, noise)


@mistake("ladder_noise_of_first_level", port="ladder_loss", source="classic")
def _(family, x, levels, sigmas, noise):
    """Noise of the first point's level is added to every point; all else is right."""
    return _ladder(family, x, levels, sigmas, noise, at=x + sigmas[levels[0]] * noise)


@mistake("ladder_sigma_along_coordinates", port="ladder_loss", source="O11: no sigma[:, None]")
def _(family, x, levels, sigmas, noise):
    """σ multiplies along the coordinates, which goes unnoticed where there are as many points."""
    if len(x) != x.shape[1]:
        return library.ladder_loss(family, x, levels, sigmas, noise)
    sigma = sigmas[levels]
    return _ladder(
        family, x, levels, sigmas, noise, at=x + sigma * noise, target=noise / sigma
    )  # fmt: skip


@mistake("ladder_target_sign", port="ladder_loss", source="O01")
def _(family, x, levels, sigmas, noise):
    """The target has the sign of an energy's gradient."""
    sigma = sigmas[levels][:, None]
    return _ladder(family, x, levels, sigmas, noise, target=-noise / sigma)


@mistake("ladder_target_variance", port="ladder_loss", source="O24: sigma counted twice")
def _(family, x, levels, sigmas, noise):
    """The target is -z/σ² with unit noise z."""
    sigma = sigmas[levels][:, None]
    return _ladder(family, x, levels, sigmas, noise, target=noise / sigma**2)


@mistake("ladder_target_scaled_noise", port="ladder_loss", source="O24")
def _(family, x, levels, sigmas, noise):
    """The target is -σz: the noise added, not the score."""
    sigma = sigmas[levels][:, None]
    return _ladder(family, x, levels, sigmas, noise, target=sigma * noise)


@mistake("ladder_target_bare_noise", port="ladder_loss", source="S08")
def _(family, x, levels, sigmas, noise):
    """The target is -z, a noise prediction."""
    return _ladder(family, x, levels, sigmas, noise, target=noise)


@mistake("ladder_noise_variance", port="ladder_loss", source="F11")
def _(family, x, levels, sigmas, noise):
    """Noise is added with σ² where σ belongs, the target unchanged."""
    sigma = sigmas[levels][:, None]
    return _ladder(family, x, levels, sigmas, noise, at=x + sigma**2 * noise)


@mistake("ladder_noise_unscaled", port="ladder_loss", source="classic")
def _(family, x, levels, sigmas, noise):
    """Noise is added without σ, the target unchanged."""
    return _ladder(family, x, levels, sigmas, noise, at=x + noise)


@mistake("ladder_noise_shared", port="ladder_loss", source="O26: one draw for the whole batch")
def _(family, x, levels, sigmas, noise):
    """The first point's noise serves the whole batch."""
    shared = np.broadcast_to(noise[:1], noise.shape)
    return library.ladder_loss(family, x, levels, sigmas, shared)


@mistake("ladder_sum_over_levels", port="ladder_loss", source="seed 004: the sum, not the mean")
def _(family, x, levels, sigmas, noise):
    """The loss is that of a sum over levels: L times the mean."""
    return len(sigmas) * library.ladder_loss(family, x, levels, sigmas, noise)


@mistake("ladder_without_half", port="ladder_loss", source="conventions 4")
def _(family, x, levels, sigmas, noise):
    """The one half is left out."""
    return 2 * library.ladder_loss(family, x, levels, sigmas, noise)


@mistake("ladder_mean_over_dimensions", port="ladder_loss", source="conventions 4: reduce_mean")
def _(family, x, levels, sigmas, noise):
    """The square is averaged over dimensions."""
    return library.ladder_loss(family, x, levels, sigmas, noise) / x.shape[-1]


def _gradient(family, x, levels, sigmas, noise, *, at=None, sign=1.0, power=2, shares=None):
    """The gradient pulled back by hand, with any of its parts replaced."""
    sigma = sigmas[levels][:, None]
    local = local_of(family, x + sigma * noise if at is None else at, sigma[:, 0])
    residual = local.value + sign * noise / sigma
    shares = np.full(len(x), 1 / len(x)) if shares is None else shares
    return local.gradient(shares[:, None] * sigma**power * residual, None, None, None)


@mistake("ladder_gradient_sum", port="ladder_loss_gradient", source="O-family: sum for mean")
def _(family, x, levels, sigmas, noise):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.ladder_loss_gradient(family, x, levels, sigmas, noise)


@mistake("ladder_gradient_at_clean_point", port="ladder_loss_gradient", source="erratum J11")
def _(family, x, levels, sigmas, noise):
    """Field and pullback are those of the clean point."""
    return _gradient(family, x, levels, sigmas, noise, at=x)


@mistake("ladder_gradient_target_sign", port="ladder_loss_gradient", source="O01")
def _(family, x, levels, sigmas, noise):
    """The residual has the target's sign wrong."""
    return _gradient(family, x, levels, sigmas, noise, sign=-1.0)


@mistake("ladder_gradient_without_weight", port="ladder_loss_gradient", source="conventions 4")
def _(family, x, levels, sigmas, noise):
    """The weight σ² does not reach the gradient."""
    return _gradient(family, x, levels, sigmas, noise, power=0)


@mistake("ladder_gradient_weight_twice", port="ladder_loss_gradient", source="classic")
def _(family, x, levels, sigmas, noise):
    """The weight reaches the gradient twice."""
    return _gradient(family, x, levels, sigmas, noise, power=4)


@mistake("ladder_gradient_mean_by_level", port="ladder_loss_gradient", source="classic")
def _(family, x, levels, sigmas, noise):
    """Every level's loss is averaged over its own points, then summed."""
    shares = 1 / np.bincount(levels, minlength=len(sigmas))[levels]
    return _gradient(family, x, levels, sigmas, noise, shares=shares)


@mistake(
    "ladder_gradient_last_level_only", port="ladder_loss_gradient", source="N12: zeroed between"
)
def _(family, x, levels, sigmas, noise):
    """Gradients are zeroed between levels: only the last point's level keeps its own."""
    shares = (levels == levels[-1]) / len(x)
    return _gradient(family, x, levels, sigmas, noise, shares=shares)


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


@mistake("edm_levels_exchanged", port="edm_sigmas", source="O09: milmor #3")
def _(normals, p_mean, p_std):
    """Mean and standard deviation are exchanged."""
    return np.exp(p_std + p_mean * normals)


@mistake("edm_levels_exchanged_signs", port="edm_sigmas", source="O09: exp(z P_mean − P_std)")
def _(normals, p_mean, p_std):
    """Mean and standard deviation are exchanged and the second subtracted."""
    return np.exp(normals * p_mean - p_std)


@mistake("edm_levels_variance", port="edm_sigmas", source="classic")
def _(normals, p_mean, p_std):
    """The standard deviation is taken for a variance."""
    return np.exp(p_mean + np.sqrt(p_std) * normals)


@mistake("edm_levels_of_variance", port="edm_sigmas", source="classic")
def _(normals, p_mean, p_std):
    """What is log-normal is σ², not σ."""
    return np.exp((p_mean + p_std * normals) / 2)


@mistake("edm_levels_not_exponentiated", port="edm_sigmas", source="classic")
def _(normals, p_mean, p_std):
    """The levels are log σ."""
    return p_mean + p_std * normals


@mistake("log_uniform_is_uniform", port="log_uniform_sigmas", source="C12")
def _(uniforms, sigma_min, sigma_max):
    """The levels themselves are uniform."""
    return sigma_min + (sigma_max - sigma_min) * uniforms


@mistake("log_uniform_reversed", port="log_uniform_sigmas", source="classic")
def _(uniforms, sigma_min, sigma_max):
    """Uniform numbers count from the largest level down."""
    return library.log_uniform_sigmas(1 - uniforms, sigma_min, sigma_max)


@mistake("log_uniform_of_variance", port="log_uniform_sigmas", source="classic: log σ² for log σ")
def _(uniforms, sigma_min, sigma_max):
    """The range is that of log σ²."""
    return sigma_min * (sigma_max / sigma_min) ** (2 * uniforms)


@mistake("geometric_is_linear", port="geometric_sigmas", source="C12")
def _(sigma_max, sigma_min, n):
    """The levels are equally far apart, not of one ratio."""
    return np.linspace(sigma_max, sigma_min, n)


@mistake("geometric_without_end", port="geometric_sigmas", source="classic: n for n - 1")
def _(sigma_max, sigma_min, n):
    """The exponent is l/n: the smallest level is missing."""
    return np.geomspace(sigma_max, sigma_min, n + 1)[:-1]


@mistake("geometric_ascending", port="geometric_sigmas", source="classic")
def _(sigma_max, sigma_min, n):
    """The ladder goes up."""
    return np.geomspace(sigma_min, sigma_max, n)


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
    """The log variance is not added: the best one is infinite."""
    return 0.5 * squares * np.exp(-log_variance)


@mistake("uncertainty_sign", port="uncertainty_loss", source="classic")
def _(squares, log_variance):
    """The squares are multiplied by the variance."""
    return 0.5 * (squares * np.exp(log_variance) + log_variance)


@mistake("uncertainty_of_sd", port="uncertainty_loss", source="classic: u is log σ, or log σ²")
def _(squares, log_variance):
    """The log variance is taken for a log standard deviation."""
    return 0.5 * squares * np.exp(-2 * log_variance) + log_variance


@mistake("levels_without_first", port="draw_levels", source="O27: randint(1, T)")
def _(n, n_levels, rng):
    """The first level is never drawn."""
    return np.random.default_rng(rng).integers(1, n_levels, size=n)


@mistake("levels_without_last", port="draw_levels", source="O27: randint(T - 1)")
def _(n, n_levels, rng):
    """The last level is never drawn."""
    return np.random.default_rng(rng).integers(n_levels - 1, size=n)


@mistake("levels_rounded", port="draw_levels", source="classic: round(u (T - 1))")
def _(n, n_levels, rng):
    """Uniform numbers are rounded: the two ends are drawn half as often."""
    return np.rint(np.random.default_rng(rng).random(n) * (n_levels - 1)).astype(int)


@mistake("levels_beyond_last", port="draw_levels", source="classic: both ends included")
def _(n, n_levels, rng):
    """One level too many is drawn."""
    return np.random.default_rng(rng).integers(n_levels + 1, size=n)


@mistake("levels_one_for_the_batch", port="draw_levels", source="O26")
def _(n, n_levels, rng):
    """One level is drawn for the whole batch."""
    return np.full(n, np.random.default_rng(rng).integers(n_levels))

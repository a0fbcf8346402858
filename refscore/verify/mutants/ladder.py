"""Mistakes in the losses of ladders of noise levels."""

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


@mistake("ladder_level_is_row_number", port="ladder_loss", source="classic: enumerate for levels")
def _(family, x, levels, sigmas, noise):
    """A point's row number, not its level, picks sigma."""
    return library.ladder_loss(family, x, np.arange(len(x)) % len(sigmas), sigmas, noise)


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

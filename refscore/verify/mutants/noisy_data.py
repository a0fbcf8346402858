"""Mistakes with noise: a control variate, the implicit loss at noised points, its regulariser."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gradients import parts
from refscore.verify.mutants.objectives import half_square


def _controlled(field, x, sigma, noise, *, cross=1.0, square=1.0, dims=1.0, at=None):
    """The denoising loss − cross z·s(x)/σ − square (‖z‖² − dims d)/(2σ²)."""
    along = (noise * field(x if at is None else at)).sum(-1) / sigma
    excess = ((noise**2).sum(-1) - dims * x.shape[-1]) / (2 * sigma**2)
    plain = half_square(field(x + sigma * noise) + noise / sigma)
    return plain - cross * along - square * excess


@mistake("controlled_cross_sign", port="controlled_denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """The control variate's z·s(x)/σ is added: the variance grows."""
    return _controlled(field, x, sigma, noise, cross=-1.0)


@mistake("controlled_target_sign", port="controlled_denoising_loss", source="O01")
def _(field, x, sigma, noise):
    """The denoising target has the sign of an energy's gradient, the control variate is right."""
    noised = field(x + sigma * noise)
    return _controlled(field, x, sigma, noise) - 2 * (noise * noised).sum(-1) / sigma


@mistake("controlled_square_sign", port="controlled_denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """The control variate's (‖z‖² − d)/(2σ²) is added."""
    return _controlled(field, x, sigma, noise, square=-1.0)


@mistake("controlled_at_noised_point", port="controlled_denoising_loss", source="seed 004; derived")
def _(field, x, sigma, noise):
    """The control variate takes the field at the noised point: its mean is E div s, not 0."""
    return _controlled(field, x, sigma, noise, at=x + sigma * noise)


@mistake("controlled_without_dimension", port="controlled_denoising_loss", source="seed 004; J3")
def _(field, x, sigma, noise):
    """‖z‖²/(2σ²) is subtracted without its mean d/(2σ²)."""
    return _controlled(field, x, sigma, noise, dims=0.0)


@mistake("controlled_one_dimension", port="controlled_denoising_loss", source="O23")
def _(field, x, sigma, noise):
    """The mean of ‖z‖² is taken to be 1, not d."""
    return _controlled(field, x, sigma, noise, dims=1 / x.shape[-1])


@mistake("controlled_without_cross", port="controlled_denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """The control variate lacks z·s(x)/σ."""
    return _controlled(field, x, sigma, noise, cross=0.0)


@mistake("controlled_without_square", port="controlled_denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """The control variate lacks (‖z‖² − d)/(2σ²)."""
    return _controlled(field, x, sigma, noise, square=0.0)


@mistake("controlled_cross_variance", port="controlled_denoising_loss", source="O24")
def _(field, x, sigma, noise):
    """The control variate has z·s(x)/σ²."""
    return _controlled(field, x, sigma, noise, cross=1 / sigma)


@mistake("controlled_cross_unscaled", port="controlled_denoising_loss", source="S08")
def _(field, x, sigma, noise):
    """The control variate has z·s(x) without 1/σ."""
    return _controlled(field, x, sigma, noise, cross=sigma)


@mistake("controlled_square_without_half", port="controlled_denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """The control variate has (‖z‖² − d)/σ²."""
    return _controlled(field, x, sigma, noise, square=2.0)


@mistake("controlled_square_by_sigma", port="controlled_denoising_loss", source="M01")
def _(field, x, sigma, noise):
    """The control variate has (‖z‖² − d)/(2σ)."""
    return _controlled(field, x, sigma, noise, square=sigma)


@mistake("controlled_without_half", port="controlled_denoising_loss", source="conventions 4")
def _(field, x, sigma, noise):
    """The whole loss is doubled."""
    return 2 * library.controlled_denoising_loss(field, x, sigma, noise)


@mistake("controlled_noise_redrawn", port="controlled_denoising_loss", source="F04")
def _(field, x, sigma, noise):
    """The control variate uses other draws than the loss: right in the mean, no control."""
    other = np.flip(noise, axis=-1) * (-1.0) ** np.arange(x.shape[-1])
    other = -noise if x.shape[-1] == 1 else other
    variate = (other * field(x)).sum(-1) / sigma
    plain = library.denoising_loss(field, x, sigma, noise)
    return plain - variate - ((other**2).sum(-1) - x.shape[-1]) / (2 * sigma**2)


@mistake("controlled_gradient_of_plain_loss", port="controlled_denoising_loss_gradient",
         source="seed 004; O18: detached")  # fmt: skip
def _(field, x, sigma, noise):
    """The control variate was detached: the gradient is the plain loss's, variance and all."""
    return library.denoising_loss_gradient(field, x, sigma, noise)


@mistake("controlled_gradient_sign", port="controlled_denoising_loss_gradient", source="classic")
def _(field, x, sigma, noise):
    """The control variate's gradient is added."""
    variate = parts(field, x, value=noise / sigma) / len(x)
    return library.denoising_loss_gradient(field, x, sigma, noise) + variate


@mistake("controlled_gradient_at_noised_point", port="controlled_denoising_loss_gradient",
         source="seed 004; derived")  # fmt: skip
def _(field, x, sigma, noise):
    """The control variate is pulled back at the noised point: only ½‖s‖² is left."""
    noised = x + sigma * noise
    return parts(field, noised, value=field(noised)) / len(x)


@mistake("controlled_gradient_sum", port="controlled_denoising_loss_gradient",
         source="O-family: sum for mean")  # fmt: skip
def _(field, x, sigma, noise):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.controlled_denoising_loss_gradient(field, x, sigma, noise)


def _noisy(field, x, sigma, noise, *, at=None, square=1.0, trace=1.0):
    noised = x + sigma * noise if at is None else at
    return square * half_square(field(noised)) + trace * field.divergence(noised)


@mistake("noisy_implicit_at_clean_point", port="noisy_implicit_loss", source="classic")
def _(field, x, sigma, noise):
    """No noise is added."""
    return _noisy(field, x, sigma, noise, at=x)


@mistake("noisy_implicit_noise_variance", port="noisy_implicit_loss", source="F11, M01")
def _(field, x, sigma, noise):
    """Noise is added with σ² where σ belongs."""
    return _noisy(field, x, sigma, noise, at=x + sigma**2 * noise)


@mistake("noisy_implicit_unscaled_noise", port="noisy_implicit_loss", source="classic")
def _(field, x, sigma, noise):
    """Noise is added without σ."""
    return _noisy(field, x, sigma, noise, at=x + noise)


@mistake("noisy_implicit_noise_subtracted", port="noisy_implicit_loss", source="classic")
def _(field, x, sigma, noise):
    """Noise is subtracted: the same law, not the same loss on given noise."""
    return _noisy(field, x, sigma, noise, at=x - sigma * noise)


@mistake("noisy_implicit_trace_at_clean_point", port="noisy_implicit_loss", source="O18")
def _(field, x, sigma, noise):
    """The trace is taken at the clean point."""
    return half_square(field(x + sigma * noise)) + field.divergence(x)


@mistake("noisy_implicit_square_at_clean_point", port="noisy_implicit_loss", source="classic")
def _(field, x, sigma, noise):
    """The square is taken at the clean point."""
    return half_square(field(x)) + field.divergence(x + sigma * noise)


@mistake("noisy_implicit_by_parts", port="noisy_implicit_loss", source="classic: Stein's identity")
def _(field, x, sigma, noise):
    """The trace is replaced by z·s(x̃)/σ: right in the mean over the noise alone."""
    s = field(x + sigma * noise)
    return half_square(s) + (noise * s).sum(-1) / sigma


@mistake("noisy_implicit_trace_sign", port="noisy_implicit_loss", source="O22")
def _(field, x, sigma, noise):
    """The trace term has the wrong sign."""
    return _noisy(field, x, sigma, noise, trace=-1.0)


@mistake("noisy_implicit_trace_halved", port="noisy_implicit_loss", source="classic")
def _(field, x, sigma, noise):
    """The trace is halved with the square."""
    return _noisy(field, x, sigma, noise, trace=0.5)


@mistake("noisy_implicit_square_without_half", port="noisy_implicit_loss", source="classic")
def _(field, x, sigma, noise):
    """The square has lost its one half."""
    return _noisy(field, x, sigma, noise, square=2.0)


@mistake("noisy_implicit_without_half", port="noisy_implicit_loss", source="conventions 4")
def _(field, x, sigma, noise):
    """The whole loss is doubled."""
    return 2 * _noisy(field, x, sigma, noise)


@mistake("noisy_implicit_gradient_at_clean_point", port="noisy_implicit_loss_gradient",
         source="classic")  # fmt: skip
def _(field, x, sigma, noise):
    """The gradient is that at the clean points."""
    return library.implicit_loss_gradient(field, x)


@mistake("noisy_implicit_gradient_without_trace", port="noisy_implicit_loss_gradient",
         source="O18: detached second derivatives")  # fmt: skip
def _(field, x, sigma, noise):
    """The trace term was detached."""
    noised = x + sigma * noise
    return parts(field, noised, value=field(noised)) / len(x)


@mistake("noisy_implicit_gradient_sum", port="noisy_implicit_loss_gradient",
         source="O-family: sum for mean")  # fmt: skip
def _(field, x, sigma, noise):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.noisy_implicit_loss_gradient(field, x, sigma, noise)

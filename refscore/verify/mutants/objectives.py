"""Mistakes in score-matching losses."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def half_square(s):
    """½‖s‖² at every point."""
    return 0.5 * (s**2).sum(-1)


def _implicit(field, x, *, square=1.0, trace=1.0):
    return square * half_square(field(x)) + trace * field.divergence(x)


@mistake("fisher_without_half", port="fisher_loss", source="conventions 4")
def _(field, score, x):
    """The one half is left out."""
    return 2 * library.fisher_loss(field, score, x)


@mistake("fisher_adds_scores", port="fisher_loss", source="O01: the sign of a score")
def _(field, score, x):
    """The scores are added: one of them is an energy's gradient."""
    return half_square(field(x) + score(x))


@mistake("fisher_mean_over_dimensions", port="fisher_loss", source="O23")
def _(field, score, x):
    """The square is averaged over dimensions."""
    return library.fisher_loss(field, score, x) / x.shape[-1]


@mistake("fisher_norm_not_squared", port="fisher_loss", source="G05")
def _(field, score, x):
    """The norm is not squared."""
    return 0.5 * np.linalg.norm(field(x) - score(x), axis=-1)


@mistake("implicit_trace_sign", port="implicit_loss", source="O22; seed 004, erratum J1")
def _(field, x):
    """The trace term has the wrong sign: the minimiser is negated."""
    return _implicit(field, x, trace=-1.0)


@mistake("implicit_trace_mean", port="implicit_loss", source="O23")
def _(field, x):
    """The trace is a mean over dimensions beside a full square."""
    return _implicit(field, x, trace=1 / x.shape[-1])


@mistake("implicit_square_mean", port="implicit_loss", source="O23")
def _(field, x):
    """The square is a mean over dimensions beside a full trace."""
    return _implicit(field, x, square=1 / x.shape[-1])


@mistake("implicit_square_without_half", port="implicit_loss", source="classic")
def _(field, x):
    """The square has lost its one half, the trace has not."""
    return _implicit(field, x, square=2.0)


@mistake("implicit_trace_halved", port="implicit_loss", source="classic")
def _(field, x):
    """The trace is halved with the square."""
    return _implicit(field, x, trace=0.5)


@mistake("implicit_without_half", port="implicit_loss", source="conventions 4")
def _(field, x):
    """The whole loss is doubled."""
    return 2 * _implicit(field, x)


@mistake(
    "implicit_without_trace", port="implicit_loss", source="O18: a derivative of the wrong variable"
)
def _(field, x):
    """The trace term is zero: the derivative was taken of something detached."""
    return half_square(field(x))


@mistake("implicit_trace_squared", port="implicit_loss", source="seed 004, erratum J1 as printed")
def _(field, x):
    """The second derivatives are squared."""
    jac = field.jacobian(x)
    return half_square(field(x)) + (np.einsum("nii->ni", jac) ** 2).sum(-1)


@mistake("implicit_sum_of_jacobian", port="implicit_loss", source="classic: grad(s.sum()).sum()")
def _(field, x):
    """All entries of the Jacobian are summed in place of its diagonal."""
    return half_square(field(x)) + field.jacobian(x).sum((-1, -2))


@mistake("implicit_jacobian_norm", port="implicit_loss", source="classic")
def _(field, x):
    """The Frobenius norm of the Jacobian stands for its trace."""
    return half_square(field(x)) + (field.jacobian(x) ** 2).sum((-1, -2))


def _denoising(field, x, sigma, noise, *, target=None, at=None):
    noised = x + sigma * noise if at is None else at
    target = -noise / sigma if target is None else target
    return half_square(field(noised) - target)


@mistake("denoising_target_sign", port="denoising_loss", source="O01: torchebm #318, #333")
def _(field, x, sigma, noise):
    """The target has the sign of an energy's gradient."""
    return _denoising(field, x, sigma, noise, target=noise / sigma)


@mistake("denoising_target_variance", port="denoising_loss", source="O24: sigma counted twice")
def _(field, x, sigma, noise):
    """The target is -z/σ² with unit noise z."""
    return _denoising(field, x, sigma, noise, target=-noise / sigma**2)


@mistake("denoising_target_scaled_noise", port="denoising_loss", source="O24, S08")
def _(field, x, sigma, noise):
    """The target is -σz: the noise added, not the score."""
    return _denoising(field, x, sigma, noise, target=-sigma * noise)


@mistake("denoising_target_bare_noise", port="denoising_loss", source="S08")
def _(field, x, sigma, noise):
    """The target is -z, a noise prediction."""
    return _denoising(field, x, sigma, noise, target=-noise)


@mistake("denoising_at_clean_point", port="denoising_loss", source="seed 004, erratum J11")
def _(field, x, sigma, noise):
    """The field is evaluated at the clean point."""
    return _denoising(field, x, sigma, noise, at=x)


@mistake("denoising_noise_variance", port="denoising_loss", source="F11, M01")
def _(field, x, sigma, noise):
    """Noise is added with σ² where σ belongs, the target unchanged."""
    return _denoising(field, x, sigma, noise, at=x + sigma**2 * noise)


@mistake("denoising_unscaled_noise", port="denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """Noise is added without σ, the target unchanged."""
    return _denoising(field, x, sigma, noise, at=x + noise)


@mistake("denoising_noise_subtracted", port="denoising_loss", source="classic")
def _(field, x, sigma, noise):
    """Noise is subtracted in the point, the target unchanged."""
    return _denoising(field, x, sigma, noise, at=x - sigma * noise)


@mistake("denoising_without_half", port="denoising_loss", source="conventions 4")
def _(field, x, sigma, noise):
    """The one half is left out."""
    return 2 * library.denoising_loss(field, x, sigma, noise)


@mistake("denoising_mean_over_dimensions", port="denoising_loss", source="conventions 4")
def _(field, x, sigma, noise):
    """The square is averaged over dimensions."""
    return library.denoising_loss(field, x, sigma, noise) / x.shape[-1]


@mistake("denoising_sigma_weight", port="denoising_loss", source="conventions 4: anneal_power 2")
def _(field, x, sigma, noise):
    """The loss is weighted by σ²."""
    return sigma**2 * library.denoising_loss(field, x, sigma, noise)


@mistake("denoising_drops_constant", port="denoising_loss", source="seed 004, erratum J3")
def _(field, x, sigma, noise):
    """The square of the target is dropped as a constant."""
    return library.denoising_loss(field, x, sigma, noise) - half_square(noise / sigma)


@mistake(
    "denoising_small_sigma_expansion",
    port="denoising_loss",
    source="seed 004, erratum J3 as printed",
)
def _(field, x, sigma, noise):
    """The expansion drops every term without σ, the implicit objective among them."""
    cross = (noise * field(x)).sum(-1) / sigma
    return cross + half_square(noise / sigma)


@mistake(
    "denoising_noise_shared", port="denoising_loss", source="O26: one draw for the whole batch"
)
def _(field, x, sigma, noise):
    """The first point's noise serves the whole batch."""
    shared = np.broadcast_to(noise[:1], noise.shape)
    return _denoising(field, x, sigma, shared)


@mistake(
    "denoising_noise_redrawn", port="denoising_loss", source="F04: the noise argument is ignored"
)
def _(field, x, sigma, noise):
    """Point and target use different draws."""
    return _denoising(field, x, sigma, noise, at=x + sigma * np.flip(noise, axis=-1))


@mistake("denoising_half_noise", port="denoising_loss", source="classic: std for a diameter")
def _(field, x, sigma, noise):
    """Noise is added with σ/2 where σ belongs, the target unchanged."""
    return _denoising(field, x, sigma, noise, at=x + 0.5 * sigma * noise)


@mistake("denoising_uniform_noise", port="denoising_loss", source="classic: rand for randn")
def _(field, x, sigma, rng):
    """The noise is uniform, of the mean and variance of normal noise."""
    z = np.sqrt(12) * (np.random.default_rng(rng).random(x.shape) - 0.5)
    return _denoising(field, x, sigma, z)


@mistake("denoising_noise_added_twice", port="denoising_loss", source="F04: noised, then again")
def _(field, x, sigma, rng):
    """Noise that is not in the target is added to the noised point."""
    z, more = np.random.default_rng(rng).standard_normal((2, *x.shape))
    return _denoising(field, x, sigma, z, at=x + sigma * (z + more))


@mistake("denoising_fresh_target", port="denoising_loss", source="F04: randn_like called twice")
def _(field, x, sigma, rng):
    """Point and target have different noise, drawn independently."""
    z, other = np.random.default_rng(rng).standard_normal((2, *x.shape))
    return _denoising(field, x, sigma, z, at=x + sigma * other)

"""Mistakes in contrastive divergence and noise-contrastive estimation."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

_DIVERGENCE, _NOISE = "contrastive_divergence", "noise_contrastive_loss"


def _given(noise, rng, x, n_steps):
    if noise is None:
        noise = np.random.default_rng(rng).standard_normal((n_steps, *np.shape(x)))
    return noise


def _chain(energy, x, noise, *, force, spread):
    for z in noise:
        x = x - force * energy.gradient(x) + spread * z
    return x


def _difference(energy, x, end):
    return (energy.parameter_gradient(x) - energy.parameter_gradient(end)).mean(0)


@mistake("divergence_sign_of_phases", port=_DIVERGENCE, source="O01; conventions: ascent")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The data term is subtracted from the model term: the likelihood is descended."""
    return -library.contrastive_divergence(energy, x, step_size, n_steps, noise, rng=rng)


@mistake("divergence_chain_from_noise", port=_DIVERGENCE, source="classic: Langevin from a prior")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The chain starts at noise, not at the data."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, noise[0], noise, force=step_size / 2, spread=step_size**0.5)
    return _difference(energy, x, end)


@mistake("divergence_noise_without_root", port=_DIVERGENCE, source="M01")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The noise has standard deviation η, not √η."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise, force=step_size / 2, spread=step_size)
    return _difference(energy, x, end)


@mistake("divergence_noise_of_other_step", port=_DIVERGENCE, source="conventions 4: √2η for √η")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The noise has standard deviation √(2η) beside a force of η/2."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise, force=step_size / 2, spread=(2 * step_size) ** 0.5)
    return _difference(energy, x, end)


@mistake("divergence_step_spelt_h", port=_DIVERGENCE, source="conventions 4: step h = η/2")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The step is read as h: a force h and noise √2h, twice the step meant."""
    return library.contrastive_divergence(energy, x, 2 * step_size, n_steps, noise, rng=rng)


@mistake("divergence_force_without_half", port=_DIVERGENCE, source="M-family: η for η/2")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The force has lost its one half, the noise has not changed."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise, force=step_size, spread=step_size**0.5)
    return _difference(energy, x, end)


@mistake("divergence_climbs_energy", port=_DIVERGENCE, source="O01: the sign of a score")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The chain climbs the energy."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise, force=-step_size / 2, spread=step_size**0.5)
    return _difference(energy, x, end)


@mistake("divergence_without_noise", port=_DIVERGENCE, source="seed 001: all points collapse")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """No noise enters the chain."""
    end = _chain(energy, x, np.zeros((n_steps, *x.shape)), force=step_size / 2, spread=0.0)
    return _difference(energy, x, end)


@mistake("divergence_without_model_term", port=_DIVERGENCE, source="classic: Z held fixed")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The model term is missing: the normaliser is taken for a constant."""
    return energy.parameter_gradient(x).mean(0)


@mistake("divergence_without_data_term", port=_DIVERGENCE, source="classic")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The data term is missing."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise, force=step_size / 2, spread=step_size**0.5)
    return -energy.parameter_gradient(end).mean(0)


@mistake("divergence_one_step_short", port=_DIVERGENCE, source="R-family: range(1, k)")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The chain takes one step too few."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise[:-1], force=step_size / 2, spread=step_size**0.5)
    return _difference(energy, x, end)


@mistake("divergence_noise_reused", port=_DIVERGENCE, source="N-family: one key for all steps")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """Every step uses the first step's noise."""
    noise = np.repeat(_given(noise, rng, x, n_steps)[:1], n_steps, axis=0)
    return library.contrastive_divergence(energy, x, step_size, n_steps, noise)


@mistake("divergence_sum_over_points", port=_DIVERGENCE, source="O-family: sum for mean")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """Points are summed, not averaged."""
    return len(x) * library.contrastive_divergence(energy, x, step_size, n_steps, noise, rng=rng)


@mistake("divergence_energy_of_mean", port=_DIVERGENCE, source="classic: Jensen's gap")
def _(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """The gradient is taken at the mean point, not averaged over points."""
    noise = _given(noise, rng, x, n_steps)
    end = _chain(energy, x, noise, force=step_size / 2, spread=step_size**0.5)
    return _difference(energy, x.mean(0, keepdims=True), end.mean(0, keepdims=True))


def _loss(log_model, log_noise, x, y, *, signs=(1, -1), shift=-1.0, weight=1.0, of=(1.0, 1.0)):
    """The loss with G = ±log_model ± log_noise + shift log ν and ν^weight before the noise."""
    nu = len(y) / len(x)
    a, b = signs
    gap_x, gap_y = (a * log_model(z) + b * log_noise(z) + shift * np.log(nu) for z in (x, y))
    data, noise = np.logaddexp(0, -gap_x).mean(), np.logaddexp(0, gap_y).mean()
    return of[0] * data + of[1] * nu**weight * noise


@mistake("contrast_without_log_ratio", port=_NOISE, source="classic")
def _(log_model, log_noise, x, y):
    """log ν is left out of the log odds: the normaliser comes out wrong by ν."""
    return _loss(log_model, log_noise, x, y, shift=0.0)


@mistake("contrast_ratio_sign", port=_NOISE, source="classic")
def _(log_model, log_noise, x, y):
    """log ν is added to the log odds."""
    return _loss(log_model, log_noise, x, y, shift=1.0)


@mistake("contrast_ratio_inverted", port=_NOISE, source="classic: ν = n_x/n_y")
def _(log_model, log_noise, x, y):
    """ν is the ratio of data to noise."""
    return _loss(log_model, log_noise, x, y, shift=1.0, weight=-1.0)


@mistake("contrast_noise_unweighted", port=_NOISE, source="classic: two means")
def _(log_model, log_noise, x, y):
    """The mean over the noise is not multiplied by ν."""
    return _loss(log_model, log_noise, x, y, weight=0.0)


@mistake("contrast_without_noise_density", port=_NOISE, source="O-family: a plain classifier")
def _(log_model, log_noise, x, y):
    """The noise's log density is left out of the log odds."""
    return _loss(log_model, log_noise, x, y, signs=(1, 0))


@mistake("contrast_densities_swapped", port=_NOISE, source="O01")
def _(log_model, log_noise, x, y):
    """Noise over model: the log odds have the wrong sign, log ν has not."""
    return _loss(log_model, log_noise, x, y, signs=(-1, 1))


@mistake("contrast_classes_swapped", port=_NOISE, source="classic: labels 0 and 1 exchanged")
def _(log_model, log_noise, x, y):
    """The labels are exchanged: data are called noise."""
    return _loss(log_model, log_noise, x, y, signs=(-1, 1), shift=1.0)


@mistake("contrast_sign", port=_NOISE, source="classic: an objective to maximise")
def _(log_model, log_noise, x, y):
    """The log-likelihood is returned, to be maximised."""
    return -library.noise_contrastive_loss(log_model, log_noise, x, y)


@mistake("contrast_sum_over_points", port=_NOISE, source="O-family: sum for mean")
def _(log_model, log_noise, x, y):
    """Points are summed, not averaged over the data."""
    return len(x) * library.noise_contrastive_loss(log_model, log_noise, x, y)


@mistake("contrast_mean_over_both", port=_NOISE, source="classic: mean binary cross-entropy")
def _(log_model, log_noise, x, y):
    """The loss is averaged over data and noise together."""
    return library.noise_contrastive_loss(log_model, log_noise, x, y) / (1 + len(y) / len(x))


@mistake("contrast_data_only", port=_NOISE, source="classic")
def _(log_model, log_noise, x, y):
    """The noise term is missing: the normaliser grows without end."""
    return _loss(log_model, log_noise, x, y, of=(1.0, 0.0))


@mistake("contrast_noise_only", port=_NOISE, source="classic")
def _(log_model, log_noise, x, y):
    """The data term is missing."""
    return _loss(log_model, log_noise, x, y, of=(0.0, 1.0))


@mistake("contrast_clipped_sigmoid", port=_NOISE, source="N-family: log(sigmoid + 1e-12)")
def _(log_model, log_noise, x, y):
    """The sigmoid is computed first and clipped: its logarithm never passes 27.6."""
    log_nu = np.log(len(y) / len(x))
    gap_x, gap_y = (log_model(z) - log_noise(z) - log_nu for z in (x, y))
    data, noise = (np.minimum(np.logaddexp(0, g), 12 * np.log(10)) for g in (-gap_x, gap_y))
    return data.mean() + len(y) / len(x) * noise.mean()


@mistake("contrast_model_normalised_on_batch", port=_NOISE, source="classic: softmax over x")
def _(log_model, log_noise, x, y):
    """The model's values are normalised over the batch, so a free normaliser is lost."""
    log_z = np.logaddexp.reduce(np.concatenate([log_model(x), log_model(y)]))
    return _loss(lambda z: log_model(z) - log_z, log_noise, x, y)

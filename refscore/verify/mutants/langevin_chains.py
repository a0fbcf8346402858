"""Mistakes in chains of Langevin steps, plain and annealed, and in steps sized by norms."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def _step(score, x, eta, z):
    return x + 0.5 * eta * score(x) + np.sqrt(eta) * z


def _chain(score, x, eta, noise):
    for z in noise:
        x = _step(score, x, eta, z)
    return x


@mistake("chain_noise_reused", port="langevin_sample", source="N20: a generator made anew")
def _(score, x0, step_size, n_steps, noise):
    """Every step uses the noise of the first."""
    return _chain(score, x0, step_size, [noise[0]] * n_steps)


@mistake("chain_noise_shared", port="langevin_sample", source="O26")
def _(score, x0, step_size, n_steps, noise):
    """All chains share the first chain's noise."""
    return _chain(score, x0, step_size, np.broadcast_to(noise[:, :1], noise.shape))


@mistake("chain_noise_backwards", port="langevin_sample", source="classic: a list popped")
def _(score, x0, step_size, n_steps, noise):
    """The noise is used from its end."""
    return _chain(score, x0, step_size, noise[::-1])


@mistake("chain_one_step_short", port="langevin_sample", source="R31: off by one")
def _(score, x0, step_size, n_steps, noise):
    """The state before the last step is returned."""
    return _chain(score, x0, step_size, noise[: n_steps - 1])


@mistake("chain_thinned_twice", port="langevin_sample", source="classic: a stride counted twice")
def _(score, x0, step_size, n_steps, noise):
    """Every second point is asked for, and half the steps are made."""
    return _chain(score, x0, step_size, noise[: (n_steps + 1) // 2])


@mistake("chain_trajectory_thinned", port="langevin_sample", source="classic: a stride's phase")
def _(score, x0, step_size, n_steps, noise):
    """The trajectory starts with x0 and leaves the last point out."""
    points = [x0]
    for z in noise[:-1]:
        points.append(_step(score, points[-1], step_size, z))
    return np.array(points)


@mistake("chain_score_frozen", port="langevin_sample", source="classic: a gradient kept too long")
def _(score, x0, step_size, n_steps, noise):
    """Every step follows the score of the start."""
    s = score(x0)
    return _chain(lambda x: s, x0, step_size, noise)


@mistake("chain_returns_mean", port="langevin_sample", source="classic: an average for a draw")
def _(score, x0, step_size, n_steps, noise):
    """The mean of the chain is returned for its end."""
    total, x = 0.0 * x0, x0
    for z in noise:
        x = _step(score, x, step_size, z)
        total = total + x
    return total / len(noise)


@mistake("chain_cold", port="langevin_sample", source="M04: openai/ebm_code_release #2")
def _(score, x0, step_size, n_steps, noise):
    """The noise is scaled by hand, beside the step size: a tempered law."""
    return _chain(score, x0, step_size, 0.5 * noise)


@mistake("chain_seed_reused", port="langevin_sample", source="N20: one seed for every call")
def _(score, x0, step_size, n_steps, noise=None, *, rng=None):
    """Where it draws by itself, every step draws from the same seed."""
    if noise is None:
        z = np.random.default_rng(rng).standard_normal(x0.shape)
        noise = np.broadcast_to(z, (n_steps, *z.shape))
    return _chain(score, x0, step_size, noise)


def _annealed(score_at, x, sigmas, step_size, noise, *, power=2, last=-1, scores=None):
    scores = sigmas if scores is None else scores
    for sigma, seen, own in zip(sigmas, scores, noise):
        eta = step_size * (sigma / sigmas[last]) ** power
        x = _chain(lambda y, s=seen: score_at(y, s), x, eta, own)
    return x


@mistake("annealed_step_linear", port="annealed_sample", source="conventions 5: step ∝ σ")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The step size is proportional to σ."""
    return _annealed(score_at, x0, sigmas, step_size, noise, power=1)


@mistake("annealed_step_constant", port="annealed_sample", source="classic: no ladder of steps")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The step size is the same at every level."""
    return _annealed(score_at, x0, sigmas, step_size, noise, power=0)


@mistake("annealed_step_inverted", port="annealed_sample", source="classic: a ratio turned over")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The smallest steps are made at the largest noise."""
    return _annealed(score_at, x0, sigmas, step_size, noise, power=-2)


@mistake("annealed_step_by_first_level", port="annealed_sample", source="classic: σ_1 for σ_T")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The step sizes are those of the first level's σ, not of the last's."""
    return _annealed(score_at, x0, sigmas, step_size, noise, last=0)


@mistake("annealed_ascending", port="annealed_sample", source="M29")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The levels are walked from the smallest up."""
    own = sigmas[::-1]
    return _annealed(score_at, x0, own, step_size, noise, last=0)


@mistake("annealed_labels_reversed", port="annealed_sample", source="M29: score_sde losses.py")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The score of the mirrored level is asked for."""
    return _annealed(score_at, x0, sigmas, step_size, noise, scores=sigmas[::-1])


@mistake("annealed_score_of_last_level", port="annealed_sample", source="O11: a label left out")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """Every level uses the score of the smallest noise."""
    return _annealed(score_at, x0, sigmas, step_size, noise, scores=[sigmas[-1]] * len(sigmas))


@mistake("annealed_restarted", port="annealed_sample", source="classic: x0 not carried on")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """Every level starts from x0 again."""
    return _chain(lambda y: score_at(y, sigmas[-1]), x0, step_size, noise[-1])


@mistake("annealed_noise_reused", port="annealed_sample", source="N20")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """Every level uses the noise of the first."""
    return _annealed(score_at, x0, sigmas, step_size, np.broadcast_to(noise[:1], noise.shape))


@mistake("annealed_noise_sd_is_step", port="annealed_sample", source="M01: edward #722")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The noise has standard deviation η_t: the square root is missing."""
    root = np.sqrt(step_size) * np.asarray(sigmas) / sigmas[-1]
    return _annealed(score_at, x0, sigmas, step_size, noise * root[:, None, None, None])


@mistake("annealed_last_level_missing", port="annealed_sample", source="O27: range bounds")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The last level is left out."""
    eta = step_size * (sigmas[-2] / sigmas[-1]) ** 2
    return _annealed(score_at, x0, sigmas[:-1], eta, noise[:-1])


@mistake("annealed_denoised", port="annealed_sample", source="M22: ncsnv2 151e713")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The last points are denoised: a convention where it is declared."""
    x = _annealed(score_at, x0, sigmas, step_size, noise)
    return x + sigmas[-1] ** 2 * score_at(x, sigmas[-1])


@mistake("annealed_denoised_by_sigma", port="annealed_sample", source="M22 with σ for σ²")
def _(score_at, x0, sigmas, step_size, n_steps_each, noise):
    """The last points are denoised by σ s for σ² s."""
    x = _annealed(score_at, x0, sigmas, step_size, noise)
    return x + sigmas[-1] * score_at(x, sigmas[-1])


def _sizes(sigmas, step_size, power=2.0, last=-1):
    return step_size * (np.asarray(sigmas) / sigmas[last]) ** power


@mistake("ladder_steps_linear", port="annealed_step_sizes", source="conventions 5: step ∝ σ")
def _(sigmas, step_size):
    """The step size is proportional to σ."""
    return _sizes(sigmas, step_size, power=1.0)


@mistake("ladder_steps_by_first_level", port="annealed_step_sizes", source="classic: σ_1 for σ_T")
def _(sigmas, step_size):
    """The step sizes are those of the first level's σ, not of the last's."""
    return _sizes(sigmas, step_size, last=0)


@mistake("ladder_steps_inverted", port="annealed_step_sizes", source="classic: a ratio turned over")
def _(sigmas, step_size):
    """The smallest steps are made at the largest noise."""
    return _sizes(sigmas, step_size, power=-2.0)


def _norms(a):
    return np.linalg.norm(a, axis=-1, keepdims=True)


def _corrected(score, x, z, epsilon, factor=2.0):
    return x + epsilon * score(x) + np.sqrt(factor * epsilon) * z


@mistake("corrector_snr_not_squared", port="corrector_step", source="classic: an exponent lost")
def _(score, x, snr, noise):
    """The ratio of norms is not squared."""
    return _corrected(score, x, noise, 2 * snr * _norms(noise) / _norms(score(x)))


@mistake("corrector_without_two", port="corrector_step", source="classic: a factor lost")
def _(score, x, snr, noise):
    """The step is (snr |z|/|s|)² without the 2."""
    return _corrected(score, x, noise, (snr * _norms(noise) / _norms(score(x))) ** 2)


@mistake("corrector_noise_halved", port="corrector_step", source="M25")
def _(score, x, snr, noise):
    """The noise has variance ε beside the drift ε s."""
    epsilon = 2 * (snr * _norms(noise) / _norms(score(x))) ** 2
    return _corrected(score, x, noise, epsilon, factor=1.0)


@mistake("corrector_norms_exchanged", port="corrector_step", source="classic: a ratio turned over")
def _(score, x, snr, noise):
    """The ratio of norms is turned over."""
    return _corrected(score, x, noise, 2 * (snr * _norms(score(x)) / _norms(noise)) ** 2)


@mistake("corrector_batch_norms", port="corrector_step", source="M19: score_sde_pytorch #41")
def _(score, x, snr, noise):
    """One step size for all rows, of the means of their norms: a convention where declared."""
    epsilon = 2 * (snr * _norms(noise).mean() / _norms(score(x)).mean()) ** 2
    return _corrected(score, x, noise, epsilon)


@mistake(
    "corrector_norm_without_dimension", port="corrector_step", source="classic: a norm per entry"
)
def _(score, x, snr, noise):
    """The noise's norm is divided by √d, the score's is not."""
    sizes = _norms(noise) / np.sqrt(x.shape[-1]) / _norms(score(x))
    return _corrected(score, x, noise, 2 * (snr * sizes) ** 2)

"""Langevin steps in every reading."""

import numpy as np

from refscore import langevin as langevin_steps
from refscore.verify import library
from refscore.verify.library.langevin import splitting

from .subjects import subject


def langevin(drift, spread):
    return subject(langevin_step=lambda s, x, h, noise: x + drift(h) * s(x) + spread(h) * noise)


def by_h(score, x, h, noise):
    return x + h * score(x) + np.sqrt(2 * h) * noise


def two_frictions(middle):
    """Half a friction with noise on either side, as somebody would write it."""

    def step(score, x, v, step_size, friction, noise=None, *, rng=None):
        z = np.random.default_rng(rng).standard_normal((2, *x.shape)) if noise is None else noise
        c = np.exp(-friction * step_size / 2)
        v = c * v + np.sqrt(1 - c * c) * z[0]
        for letter in middle:
            t = step_size / middle.count(letter)
            x, v = (x + t * v, v) if letter == "A" else (x, v + t * score(x))
        return x, c * v + np.sqrt(1 - c * c) * z[1]

    return step


def symmetric_root(score, x, step_size, preconditioner, noise):
    values, E = np.linalg.eigh(preconditioner)
    root = (E * np.sqrt(values)) @ E.T
    drift = step_size / 2 * score(x) @ preconditioner
    return x + drift + np.sqrt(step_size) * noise @ root


def batch_corrector(score, x, snr, noise):
    return langevin_steps.corrector(score, snr, norm="batch")(x, noise)


def denoised(score_at, x0, sigmas, step_size, n_steps_each, noise=None, *, rng=None):
    inputs = score_at, x0, sigmas, step_size, n_steps_each
    return langevin_steps.annealed(*inputs, noise=noise, rng=rng, denoise=True).x


def corrected_by(step):
    """Predictor and corrector, the Langevin step spelled by h: one that reuses the other."""

    def predictor_corrector_step(score_at, x, t, s, step_size, noise):
        y = library.euler_maruyama_step(score_at, x, t, s, noise[0])
        return step(score_at.at(s), y, step_size, noise=noise[1])

    return predictor_corrector_step


SUBJECTS = {
    ("step", "epsilon"): langevin(lambda e: e**2 / 2, lambda e: e),
    ("step", "h"): subject(
        langevin_step=by_h,
        predictor_corrector_step=corrected_by(by_h),
        contrastive_divergence=lambda energy, x, h, n_steps, noise: library.contrastive_divergence(
            energy, x, 2 * h, n_steps, noise
        ),
    ),
    ("splitting", "ABOBA"): subject(underdamped_step=splitting("ABOBA")),
    ("splitting", "OBABO"): subject(underdamped_step=two_frictions("BAB")),
    ("splitting", "OABAO"): subject(underdamped_step=two_frictions("ABA")),
    ("root", "symmetric"): subject(preconditioned_step=symmetric_root),
    ("norms", "batch mean"): subject(corrector_step=batch_corrector),
    ("last_step", "denoised"): subject(annealed_sample=denoised),
}

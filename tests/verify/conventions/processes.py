"""Processes, ways back and guidance in every reading."""

import numpy as np

from refscore import diffusion
from refscore.verify import library

from .subjects import subject


def marginal(alpha_power, sigma_power):
    def port(t):
        alpha, sigma = library.marginal(t)
        return alpha**alpha_power, sigma**sigma_power

    return subject(marginal=port, drift=library.drift, diffusion=library.diffusion)


def bits(score_at, x):
    return -library.log_likelihood(score_at, x) / (x.shape[1] * np.log(2))


def turned(kind):
    """predict_convert with the sign of one kind of velocity exchanged."""

    def predict_convert(x, t, value, source, target):
        value = -value if source == kind else value
        out = library.predict_convert(x, t, value, source, target)
        return -out if target == kind else out

    return subject(predict_convert=predict_convert)


def integrated(score_at, x_T, times):
    return library.exponential_multistep_sample(score_at, x_T, times, 2)


def taylor(score_at, x, t, s):
    """DPM-Solver-2 with ((e^h - 1)/h - 1)/r for the change of the noises."""
    (a, b), (c, d) = library.marginal(t), library.marginal(s)
    start, end = library.log_snr(t), library.log_snr(s)
    h, u = end - start, library.time_at((start + end) / 2)
    now, (inner_a, inner_b) = -b * score_at(x, t), library.marginal(u)
    inner = inner_a / a * x - inner_b * np.expm1(h / 2) * now
    change = -inner_b * score_at(inner, u) - now
    return c / a * x - d * (np.expm1(h) * now + 2 * (np.expm1(h) / h - 1) * change)


def ratios(factor):
    """log_snr times a factor, and time_at of such values."""
    return subject(
        log_snr=lambda t: factor * library.log_snr(t),
        time_at=lambda log_snr: library.time_at(max(log_snr / factor, library.log_snr(1.0))),
    )


def large_variance(score_at, x, t, s, noise):
    return diffusion.ancestral(library.VP, score_at, "large")(x, t, s, noise)


def guided_large_variance(score_at, likelihood_score_at, x, t, s, weight, noise):
    mean = large_variance(score_at, x, t, s, 0 * noise)
    (a, b), (c, d) = library.marginal(t), library.marginal(s)
    beta = b**2 - (a * d / c) ** 2
    return mean + beta * weight * likelihood_score_at(mean, s) + np.sqrt(beta) * noise


def probes_on_the_score(score_at, x, probes):
    area = np.log(library.marginal(1.0)[0])
    norms = (probes**2).sum(-1).mean(-1)
    return library.log_likelihood(score_at, x, probes) + area * (x.shape[1] - norms)


def mismatch_of_the_noise(law, x):
    """Of N(0, σ_T² I) where the library has N(0, I)."""
    if law.kind != "gaussian":
        raise NotImplementedError
    ends, variance = library.flow_map(law, x, 0.0, 1.0), library.marginal(1.0)[1] ** 2
    gap = (ends**2).sum(1) * (1 - 1 / variance) - x.shape[1] * np.log(variance)
    return library.prior_mismatch(law, x) + gap / 2


def ending(last):
    def reverse_sample(score_at, x_T, times, noise):
        step = diffusion.euler_maruyama(library.VP, score_at)
        return diffusion.sample(step, x_T, times, noise=noise, last=last)

    return subject(reverse_sample=reverse_sample)


SUBJECTS = {
    ("marginal", "alpha, variance"): marginal(1, 2),
    ("marginal", "alpha squared, sigma"): marginal(2, 1),
    ("marginal", "alpha squared, variance"): marginal(2, 2),
    ("clock", "data at 1"): subject(
        marginal=lambda t: library.marginal(1 - t),
        marginal_rates=lambda t: tuple(-rate for rate in library.marginal_rates(1 - t)),
        log_snr=lambda t: library.log_snr(1 - t),
        time_at=lambda log_snr: 1 - library.time_at(log_snr),
        flow_velocity=lambda score_at, x, t: (10 - 9.95 * t) * (x + score_at(x, t)),
        drift=lambda x, t: (10 - 9.95 * t) * x,
        flow_euler_step=lambda score_at, x, t, s: (
            x + (s - t) * (10 - 9.95 * t) * (x + score_at(x, t))
        ),
        guided_score=lambda score_at, class_at, x, t, w: score_at(x, t) + w * class_at(x, t),
    ),
    ("prior", "noise at the end"): subject(prior_mismatch=mismatch_of_the_noise),
    ("log_snr", "whole"): ratios(2.0),
    ("log_snr", "noise over signal"): ratios(-1.0),
    ("likelihood", "bits per dimension"): subject(log_likelihood=bits),
    ("likelihood", "negative nats"): subject(
        log_likelihood=lambda score_at, x: -library.log_likelihood(score_at, x)
    ),
    ("likelihood_probes", "score"): subject(log_likelihood=probes_on_the_score),
    ("ancestral_variance", "large"): subject(
        ancestral_step=large_variance, guided_ancestral_step=guided_large_variance
    ),
    ("reverse_last", "mean"): ending("mean"),
    ("reverse_last", "denoise"): ending("denoise"),
    ("velocity_sign", "data minus noise"): turned("velocity"),
    ("flow_clock", "noise at 0"): turned("flow"),
    ("singlestep_rule", "integrated"): subject(dpm_solver_2_step=taylor),
    ("multistep_rule", "integrated"): subject(dpm_multistep_sample=integrated),
    ("guidance_weight", "(1 + w) c - w u"): subject(
        classifier_free_score=lambda c, u, x, t, w: (1 + w) * c(x, t) - w * u(x, t)
    ),
}

"""Mistakes in samplers of many steps and in their exact laws."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import beta, pair, shrink
from refscore.verify.setting import convention


def _run(score_at, x, times, noise, *, ends=None, at=None, clip=None):
    ends, last = times[1:] if ends is None else ends, _last()
    for k, (t, s) in enumerate(zip(times[:-1], ends)):
        u = t if at is None else at(k)
        h = t - s
        z = 0.0 if last == "mean" and k == len(ends) - 1 else noise[k]
        slope = 0.5 * shrink(u) * x + beta(u) * score_at(x, u)
        x = x + h * slope + np.sqrt(beta(u) * h) * z
        x = x if clip is None else np.clip(x, -clip, clip)
    return _denoised(score_at, x, times[-1]) if last == "denoise" else x


def _last() -> str:
    """What the last step is declared to be."""
    return convention("reverse_sample", "reverse_last", "noise")


def _denoised(score_at, x, t):
    return (x + pair(t)[1] ** 2 * score_at(x, t)) / pair(t)[0]


@mistake("sampler_uniform_steps", port="reverse_sample", source="R15: score_sde_pytorch")
def _(score_at, x_T, times, noise):
    """Every step is 1/N long, whatever the grid."""
    ends = times[:-1] - (times[0] - times[-1]) / (len(times) - 1)
    return _run(score_at, x_T, times, noise, ends=ends)


@mistake("sampler_whole_unit", port="reverse_sample", source="R15: δ = 1/N on linspace(1, ε, N)")
def _(score_at, x_T, times, noise):
    """The steps are stretched so that they reach 0, not the last time."""
    ends = times[:-1] + np.diff(times) * times[0] / (times[0] - times[-1])
    return _run(score_at, x_T, times, noise, ends=ends)


@mistake("sampler_off_by_one", port="reverse_sample", source="R02, R31")
def _(score_at, x_T, times, noise):
    """Every step is taken with the time it ends at."""
    return _run(score_at, x_T, times, noise, at=lambda k: times[k + 1])


@mistake("sampler_time_frozen", port="reverse_sample", source="classic: t not passed on")
def _(score_at, x_T, times, noise):
    """All steps use the first time."""
    return _run(score_at, x_T, times, noise, at=lambda k: times[0])


@mistake("sampler_times_mirrored", port="reverse_sample", source="R23: t and 1 - t")
def _(score_at, x_T, times, noise):
    """All steps use the time 1 - t."""
    return _run(score_at, x_T, times, noise, at=lambda k: 1 - times[k])


@mistake("sampler_last_step_lost", port="reverse_sample", source="classic: range(N - 1)")
def _(score_at, x_T, times, noise):
    """The last step is left out."""
    return _run(score_at, x_T, times[:-1], noise)


@mistake("sampler_first_step_lost", port="reverse_sample", source="classic: range(1, N)")
def _(score_at, x_T, times, noise):
    """The first step is left out."""
    return _run(score_at, x_T, times[1:], noise[1:])


@mistake("sampler_one_giant_step", port="reverse_sample", source="R13: dpm-solver 8acf2bb")
def _(score_at, x_T, times, noise):
    """The interval is crossed in one step."""
    return _run(score_at, x_T, times[[0, -1]], noise)


@mistake("sampler_noise_frozen", port="reverse_sample", source="one generator state for all steps")
def _(score_at, x_T, times, noise):
    """Every step uses the first step's noise."""
    return _run(score_at, x_T, times, np.broadcast_to(noise[:1], noise.shape))


@mistake("sampler_noise_backwards", port="reverse_sample", source="classic: order of use")
def _(score_at, x_T, times, noise):
    """The steps use the noise in reverse order."""
    return _run(score_at, x_T, times, noise[::-1])


@mistake("sampler_clipped", port="reverse_sample", source="conventions 5: clip_sample")
def _(score_at, x_T, times, noise):
    """The points are clipped to [-1, 1] after every step."""
    return _run(score_at, x_T, times, noise, clip=1.0)


@mistake("sampler_batch_coupled", port="reverse_sample", source="M19; batch statistics")
def _(score_at, x_T, times, noise):
    """Scores are rescaled to the batch's mean norm, so that rows move each other."""

    def coupled(x, t):
        s = score_at(x, t)
        norms = np.linalg.norm(s, axis=-1, keepdims=True)
        return s * norms.mean() / norms

    return _run(coupled, x_T, times, noise)


@mistake("sampler_rates_of_variance", port="reverse_sample", source="classic: g for g²")
def _(score_at, x_T, times, noise):
    """The score has g where g² belongs."""
    return _run(lambda x, t: score_at(x, t) / np.sqrt(beta(t)), x_T, times, noise)


def _law(law, sampler, times, mean, covariance, last):
    return library.sampler_law(law, sampler, times, mean, covariance, last)


@mistake("sampler_law_without_noise", port="sampler_law", source="classic: BBᵀ left out")
def _(law, sampler, times, mean, covariance, last):
    """The noise of the steps is left out."""
    d = len(mean)
    points = np.vstack([mean, mean + np.linalg.cholesky(covariance).T])
    ends = np.array([_law(law, sampler, times, p, np.zeros((d, d)), last)["mean"] for p in points])
    root = ends[1:] - ends[0]
    return {"mean": ends[0], "covariance": root.T @ root}


@mistake("sampler_law_of_data", port="sampler_law", source="S12: the ideal for the finite-step law")
def _(law, sampler, times, mean, covariance, last):
    """The diffused data law at the last time is returned: what infinitely many steps reach."""
    alpha, sigma = (float(v) for v in library.marginal(times[-1]))
    if last == "denoise":
        alpha, sigma = 1.0, 0.0
    return {
        "mean": alpha * law.mean,
        "covariance": alpha**2 * law.covariance + sigma**2 * np.eye(len(mean)),
    }


@mistake("sampler_law_last_ignored", port="sampler_law", source="R01: the last rule")
def _(law, sampler, times, mean, covariance, last):
    """The last step is always as all others."""
    return _law(law, sampler, times, mean, covariance, "noise")


@mistake("sampler_law_of_point", port="sampler_law", source="classic: the start's covariance")
def _(law, sampler, times, mean, covariance, last):
    """The start is taken for a point."""
    return _law(law, sampler, times, mean, 0 * covariance, last)


@mistake("sampler_law_prior_mean", port="sampler_law", source="A06: the start's mean")
def _(law, sampler, times, mean, covariance, last):
    """The start is taken to have mean 0."""
    return _law(law, sampler, times, 0 * mean, covariance, last)


@mistake("sampler_law_uniform_steps", port="sampler_law", source="R15")
def _(law, sampler, times, mean, covariance, last):
    """The times are taken to be evenly spaced."""
    even = np.linspace(times[0], times[-1], len(times))
    return _law(law, sampler, even, mean, covariance, last)


@mistake("sampler_law_other_variance", port="sampler_law", source="conventions 5: small, large")
def _(law, sampler, times, mean, covariance, last):
    """The small and the large ancestral variance are exchanged."""
    other = {"ancestral_small": "ancestral_large", "ancestral_large": "ancestral_small"}
    return _law(law, other.get(sampler, sampler), times, mean, covariance, last)


def _density(law, sampler, times, mean, covariance, points):
    return library.sampler_density(law, sampler, times, mean, covariance, points)


@mistake("sampler_density_gaussian", port="sampler_density", source="an affine score hides it")
def _(law, sampler, times, mean, covariance, points):
    """The data are replaced by the Gaussian of their moments, so that the law is Gaussian."""
    from refscore.identities import Law

    p = library.distribution(law)
    stand_in = Law("gaussian", mean=p.mean, covariance=p.covariance)
    return _density(stand_in, sampler, times, mean, covariance, points)


@mistake("sampler_density_of_data", port="sampler_density", source="S12")
def _(law, sampler, times, mean, covariance, points):
    """The diffused data density at the last time is returned."""
    alpha, sigma = (float(v) for v in library.marginal(times[-1]))
    p = library.distribution(law).diffuse(alpha, sigma)
    return np.exp(p.log_density(points[:, None]))


@mistake("sampler_density_log", port="sampler_density", source="classic: log density")
def _(law, sampler, times, mean, covariance, points):
    """The logarithm is returned."""
    return np.log(_density(law, sampler, times, mean, covariance, points))


@mistake("sampler_density_start_sd", port="sampler_density", source="variance for sd")
def _(law, sampler, times, mean, covariance, points):
    """The start's variance is squared."""
    return _density(law, sampler, times, mean, covariance @ covariance, points)

"""Mistakes in what a step size costs: acceptance, bias, correlation, stability, signal to noise."""

from __future__ import annotations

import numpy as np

from refscore import laws
from refscore.verify.mutants.base import mistake


def _variances(law):
    return np.linalg.eigvalsh(law.covariance)


def _like(law, variance):
    from refscore.distributions import Gaussian

    return Gaussian(law.mean, variance * np.eye(len(law.mean)))


def _of(law):
    from refscore.distributions import Gaussian

    return Gaussian(law.mean, law.covariance)


@mistake("mala_rate_not_doubled", port="mala_acceptance", source="classic: P(r > 0) alone")
def _(law, step_size):
    """Only the proposals of a ratio above one are counted."""
    return laws.mala_acceptance(_of(law), step_size) / 2


@mistake("mala_rate_of_mean_variance", port="mala_acceptance", source="isotropic thinking")
def _(law, step_size):
    """The law is taken to be isotropic with its mean variance."""
    return laws.mala_acceptance(_like(law, _variances(law).mean()), step_size)


@mistake("mala_rate_asymptotic", port="mala_acceptance", source="Roberts and Rosenthal 1998")
def _(law, step_size):
    """The limit of many dimensions is taken: 2 Φ(-s √d/2)."""
    from scipy.special import ndtr

    s = (step_size / _variances(law)) ** 1.5 / 4
    return 2 * ndtr(-np.sqrt((s * s).sum()) / 2)


@mistake("mala_rate_step_spelt_h", port="mala_acceptance", source="conventions 5")
def _(law, step_size):
    """The step is spelled h: twice the step size."""
    return laws.mala_acceptance(_of(law), 2 * step_size)


@mistake("walk_rate_asymptotic", port="random_walk_acceptance", source="Roberts et al. 1997")
def _(law, scale):
    """The limit of many dimensions is taken: 2 Φ(-s √d/2)."""
    from scipy.special import ndtr

    return 2 * ndtr(-np.sqrt((scale**2 / _variances(law)).sum()) / 2)


@mistake("walk_rate_scale_is_variance", port="random_walk_acceptance", source="M01")
def _(law, scale):
    """The scale is taken for a variance."""
    return laws.random_walk_acceptance(_of(law), np.sqrt(scale))


@mistake("walk_rate_not_doubled", port="random_walk_acceptance", source="classic: P(r > 0) alone")
def _(law, scale):
    """Only the proposals of a ratio above one are counted."""
    return laws.random_walk_acceptance(_of(law), scale) / 2


@mistake("hmc_rate_of_one_leapfrog", port="hmc_acceptance", source="classic: L left out")
def _(law, step_size, n_leapfrog):
    """The acceptance of a single leapfrog step is given."""
    return laws.hmc_acceptance(_of(law), step_size, 1)


@mistake("hmc_rate_of_mean_variance", port="hmc_acceptance", source="isotropic thinking")
def _(law, step_size, n_leapfrog):
    """The law is taken to be isotropic with its mean variance."""
    return laws.hmc_acceptance(_like(law, _variances(law).mean()), step_size, n_leapfrog)


@mistake("hmc_rate_not_doubled", port="hmc_acceptance", source="classic: P(ΔH < 0) alone")
def _(law, step_size, n_leapfrog):
    """Only the trajectories that lose energy are counted."""
    return laws.hmc_acceptance(_of(law), step_size, n_leapfrog) / 2


def _inflated(law, step_size, factor=4.0):
    values = _variances(law)
    return values, values / (1 - step_size / (factor * values))


@mistake("bias_of_variances", port="wasserstein_bias", source="classic: v - λ for √v - √λ")
def _(law, step_size):
    """Variances are compared for standard deviations."""
    values, v = _inflated(law, step_size)
    return np.sqrt(((v - values) ** 2).sum())


@mistake("bias_squared", port="wasserstein_bias", source="classic: W² for W")
def _(law, step_size):
    """The square of the distance is returned."""
    values, v = _inflated(law, step_size)
    return ((np.sqrt(v) - np.sqrt(values)) ** 2).sum()


@mistake("bias_step_spelt_h", port="wasserstein_bias", source="conventions 5")
def _(law, step_size):
    """The step is spelled h: twice the step size."""
    values, v = _inflated(law, step_size, 2.0)
    return np.sqrt(((np.sqrt(v) - np.sqrt(values)) ** 2).sum())


@mistake("time_without_two", port="autocorrelation_time", source="classic: 1 + Σρ for 1 + 2Σρ")
def _(law, step_size, direction):
    """The autocorrelations are counted once."""
    return (laws.autocorrelation_time(_of(law), step_size, direction) + 1) / 2


@mistake("time_of_slowest", port="autocorrelation_time", source="classic: the worst direction")
def _(law, step_size, direction):
    """The slowest direction's time is given for every direction."""
    return laws.autocorrelation_time(_of(law), step_size)


@mistake("time_weighted_by_target", port="autocorrelation_time", source="classic: λ for v")
def _(law, step_size, direction):
    """The directions are weighted by the target's variances, not the chain's."""
    values, E = np.linalg.eigh(law.covariance)
    w = (direction @ E) ** 2 * values
    return w @ ((4 * values - step_size) / step_size) / w.sum()


@mistake("limit_step_spelt_h", port="stability_limit", source="conventions 5")
def _(law):
    """The step is spelled h: half the limit."""
    return 2 * _variances(law).min()


@mistake("limit_of_largest", port="stability_limit", source="classic: the wrong end")
def _(law):
    """The largest variance is taken for the smallest."""
    return 4 * _variances(law).max()


@mistake("limit_of_diagonal", port="stability_limit", source="isotropic thinking: a diagonal")
def _(law):
    """The smallest entry of the diagonal is taken for the smallest eigenvalue."""
    return 4 * np.diag(law.covariance).min()


@mistake("limit_of_monotone_decay", port="stability_limit", source="classic: 1/L for 2/L")
def _(law):
    """The step size from which the chain overshoots is given: λ_min."""
    return _variances(law).min()


def _ratios(law, sigmas, step_size, power=2, clean=False):
    from refscore.verify import library

    p, sigmas = library.distribution(law), np.asarray(sigmas)
    found = laws.signal_to_noise(p, sigmas, step_size)
    if clean:
        d, eta = p.dim, step_size * (sigmas / sigmas[-1]) ** 2
        quiet = laws.signal_to_noise(p, [1e-9], step_size)[0]
        return quiet / step_size * eta * np.ones(d)[0]
    return found * (sigmas / sigmas[-1]) ** (power - 2)


@mistake("signal_constant", port="signal_to_noise", source="Song and Ermon 2019: as constant")
def _(law, sigmas, step_size):
    """The ratio is taken to be η/(4σ_T²) at every level, as for a point mass."""
    return np.full(len(sigmas), step_size / (4 * sigmas[-1] ** 2))


@mistake("signal_step_linear", port="signal_to_noise", source="conventions 5: step ∝ σ")
def _(law, sigmas, step_size):
    """The step size is proportional to σ."""
    return _ratios(law, sigmas, step_size, power=1)


@mistake("signal_not_squared", port="signal_to_noise", source="classic: norms for squares")
def _(law, sigmas, step_size):
    """The root of the ratio is returned."""
    return np.sqrt(_ratios(law, sigmas, step_size))


@mistake("signal_of_clean_law", port="signal_to_noise", source="J11: s(x) for s(x, σ)")
def _(law, sigmas, step_size):
    """The Fisher information is that of the law without noise."""
    return _ratios(law, sigmas, step_size, clean=True)

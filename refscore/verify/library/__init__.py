"""The library itself as a subject: the first implementation held against the catalogue."""

from __future__ import annotations

import numpy as np

import refscore
from refscore import (
    bayes,
    calculus,
    distributions,
    objectives,
    recovery,
    traces,
)
from refscore import diffusion as _diffusion
from refscore.verify.kept import kept
from refscore.verify.library.bijections import *  # noqa: F403
from refscore.verify.library.bounded import *  # noqa: F403
from refscore.verify.library.continuous_flows import *  # noqa: F403
from refscore.verify.library.contrasts import *  # noqa: F403
from refscore.verify.library.discrepancies import *  # noqa: F403
from refscore.verify.library.discrete_gradients import *  # noqa: F403
from refscore.verify.library.elbo import *  # noqa: F403
from refscore.verify.library.estimators import *  # noqa: F403
from refscore.verify.library.exponential import *  # noqa: F403
from refscore.verify.library.families import *  # noqa: F403
from refscore.verify.library.fokker_planck import *  # noqa: F403
from refscore.verify.library.guidance import *  # noqa: F403
from refscore.verify.library.gumbel import *  # noqa: F403
from refscore.verify.library.kernels import *  # noqa: F403
from refscore.verify.library.ladder import *  # noqa: F403
from refscore.verify.library.langevin import *  # noqa: F403
from refscore.verify.library.likelihood import *  # noqa: F403
from refscore.verify.library.ode import *  # noqa: F403
from refscore.verify.library.ode_gradients import *  # noqa: F403
from refscore.verify.library.parametrisation import *  # noqa: F403
from refscore.verify.library.paths import *  # noqa: F403
from refscore.verify.library.perturbed import *  # noqa: F403
from refscore.verify.library.processes import *  # noqa: F403
from refscore.verify.library.quantisation import *  # noqa: F403
from refscore.verify.library.reverse import *  # noqa: F403
from refscore.verify.library.velocities import *  # noqa: F403
from refscore.verify.setting import PROCESS

name = "refscore"
version = refscore.__version__

KINDS = {
    "gaussian": "Gaussian",
    "mixture": "GaussianMixture",
    "empirical": "Empirical",
    "student_t": "StudentT",
    "laplace": "Laplace",
    "logistic": "Logistic",
    "generalised_normal": "GeneralisedNormal",
    "uniform": "Uniform",
    "smoothed_uniform": "SmoothedUniform",
    "truncated_normal": "TruncatedNormal",
    "half_normal": "HalfNormal",
    "funnel": "Funnel",
    "banana": "Banana",
}


@kept
def distribution(law):
    """The library's distribution of a plain description."""
    return getattr(distributions, KINDS[law.kind])(**law.parameters_by_name)


def log_density(law, x):
    """log p(x)."""
    return distribution(law).log_density(x)


def score(law, x):
    """∇ log p(x)."""
    return distribution(law).score(x)


def score_jacobian(law, x):
    """The Jacobian of the score."""
    return distribution(law).score.jacobian(x)


def divergence(law, x):
    """The divergence of the score."""
    return distribution(law).score.divergence(x)


def sample(law, n, rng):
    """n independent draws."""
    return distribution(law).sample(n, rng=rng)


def denoise(score, y, alpha, sigma):
    """Tweedie's mean and covariance."""
    return tuple(bayes.denoise(score, y, alpha, sigma))


def diffuse(law, alpha, sigma):
    """The law of alpha X + sigma Z as named arrays."""
    return _named(distribution(law).diffuse(alpha, sigma))


def posterior(law, H, y, noise_cov, weight):
    """The tilted posterior as named arrays."""
    return _named(bayes.posterior(distribution(law), H, y, noise_cov, weight))


def _named(p) -> dict:
    if isinstance(p, distributions.Gaussian):
        return {"mean": p.mean, "covariance": p.covariance}
    if isinstance(p, distributions.GaussianMixture):
        return {"weights": p.weights, "means": p.means, "covariances": p.covariances}
    if isinstance(p, distributions.Empirical):
        return {"data": p.data, "bandwidth": np.asarray(p.bandwidth)}
    return {"low": p.low, "high": p.high, "sigma": np.asarray(p.sigma)}


def recover_log_density(score, x, x0):
    """log p(x) - log p(x0) by a path integral of the score."""
    return recovery.log_density_from_score(score, x, x0)


def conservative_projection(matrix, offset, mean, covariance):
    """The nearest gradient field of an affine one."""
    return tuple(calculus.conservative_projection(matrix, offset, mean, covariance))


def fisher_loss(field, score, x):
    """½‖s - ∇ log π‖²."""
    return objectives.fisher_loss(field, score, x)


def implicit_loss(field, x):
    """½‖s‖² + tr ∇s."""
    return objectives.implicit_loss(field, x)


def implicit_loss_gradient(field, x):
    """Its parameter gradient."""
    return objectives.implicit_loss_gradient(field, x)


def sliced_loss(field, x, probes=None, *, rng=None):
    """vᵀ∇s v + ½(v·s)², averaged over the probes."""
    return objectives.sliced_loss(field, x, probes, rng=rng)


def sliced_loss_gradient(field, x, probes=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.sliced_loss_gradient(field, x, probes, rng=rng)


def variance_reduced_sliced_loss(field, x, probes=None, *, rng=None):
    """vᵀ∇s v, averaged over the probes, plus ½‖s‖²."""
    return objectives.variance_reduced_sliced_loss(field, x, probes, rng=rng)


def variance_reduced_sliced_loss_gradient(field, x, probes=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.variance_reduced_sliced_loss_gradient(field, x, probes, rng=rng)


def denoising_loss(field, x, sigma, noise=None, *, rng=None):
    """½‖s(x + σz) + z/σ‖²."""
    return objectives.denoising_loss(field, x, sigma, noise, rng=rng)


def denoising_loss_gradient(field, x, sigma, noise=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.denoising_loss_gradient(field, x, sigma, noise, rng=rng)


def trace_estimate(matvec, dim, probes=None, *, rng=None):
    """Hutchinson's estimate and its standard error."""
    return _with_error(traces.hutchinson(matvec, dim, probes, rng=rng))


def divergence_estimate(field, x, probes=None, *, rng=None):
    """Hutchinson's estimate of the divergence at every point."""
    return traces.divergence_estimate(field, x, probes, rng=rng)


def diagonal_estimate(matvec, dim, probes=None, *, rng=None):
    """Hutchinson's estimate of the diagonal."""
    return traces.diagonal(matvec, dim, probes, rng=rng).estimate


def hutch_plus_plus(matvec, dim, probes=None, *, rng=None):
    """Hutch++: the first half of the given probes is its sketch."""
    if probes is None:
        return _with_error(traces.hutch_plus_plus(matvec, dim, rng=rng))
    k = len(probes) // 2
    return _with_error(traces.hutch_plus_plus(matvec, dim, sketch=probes[:k], probes=probes[k:]))


def xtrace(matvec, dim, probes=None, *, rng=None):
    """XTrace."""
    return _with_error(traces.xtrace(matvec, dim, probes, rng=rng))


def curvature_propagation(factor, probes=None, *, rng=None):
    """((Cᵀv)_i)², averaged over the probes."""
    return traces.curvature_propagation(factor, probes, rng=rng).estimate


def _with_error(result):
    return result.estimate, result.standard_error


VP = PROCESS


def marginal(t):
    """(alpha, sigma) of the variance-preserving process."""
    return VP.marginal(t)


def drift(x, t):
    """f(x, t)."""
    return VP.drift(x, t)


def diffusion(t):
    """g(t)."""
    return VP.diffusion(t)


def flow_velocity(score_at, x, t):
    """f - ½ g² score."""
    return _diffusion.flow_velocity(VP, score_at)(x, t)


def flow_map(law, x, t, s):
    """The exact flow of a Gaussian; a mixture's by an ODE solver."""
    return _diffusion.flow_map(distribution(law), VP, t, s)(x)

"""Ports of the library: Langevin steps, chains and their exact laws."""

from __future__ import annotations

import numpy as np

from refscore import langevin, laws
from refscore.verify.setting import convention

__all__ = [
    "annealed_distribution",
    "annealed_law",
    "annealed_sample",
    "annealed_step_sizes",
    "autocorrelation_time",
    "barker_step",
    "chain_distribution",
    "corrector_step",
    "hmc_acceptance",
    "hmc_step",
    "langevin_law",
    "langevin_sample",
    "langevin_stationary",
    "langevin_step",
    "mala_acceptance",
    "mala_step",
    "metropolis_log_ratio",
    "preconditioned_law",
    "preconditioned_step",
    "random_walk_acceptance",
    "random_walk_step",
    "sgld_law",
    "sgld_step",
    "signal_to_noise",
    "stability_limit",
    "unadjusted_hmc_law",
    "underdamped_law",
    "underdamped_stationary",
    "underdamped_step",
    "wasserstein_bias",
]


def langevin_step(score, x, step_size, noise=None, *, rng=None):
    """One unadjusted Langevin step."""
    return _stepped(langevin.ula(score, step_size), x, noise, rng)


def langevin_sample(score, x0, step_size, n_steps, noise=None, *, rng=None):
    """The last points of a chain."""
    return langevin.run(langevin.ula(score, step_size), x0, n_steps, noise=noise, rng=rng).x


def annealed_sample(score_at, x0, sigmas, step_size, n_steps_each, noise=None, *, rng=None):
    """The last points of an annealed chain."""
    last = convention("annealed_sample", "last_step", "noisy")
    return langevin.annealed(
        score_at, x0, sigmas, step_size, n_steps_each, noise=noise, rng=rng,
        denoise=last == "denoised",
    ).x  # fmt: skip


def annealed_step_sizes(sigmas, step_size):
    """η (σ_t/σ_T)²."""
    return langevin.annealed_step_sizes(sigmas, step_size)


def preconditioned_step(score, x, step_size, preconditioner, noise=None, *, rng=None):
    """One preconditioned step, its noise by the root that is declared."""
    step = langevin.preconditioned(score, step_size, preconditioner)
    if convention("preconditioned_step", "root", "cholesky") == "cholesky":
        return _stepped(step, x, noise, rng)
    noise = np.random.default_rng(rng).standard_normal(np.shape(x)) if noise is None else noise
    values, vectors = np.linalg.eigh(preconditioner)
    root = (vectors * np.sqrt(values)) @ vectors.T
    return step(x, 0 * noise) + np.sqrt(step_size) * noise @ root


def sgld_step(gradient, x, step_size, gradient_noise, noise=None, *, rng=None):
    """One stochastic-gradient step."""
    if noise is None:
        noise = np.random.default_rng(rng).standard_normal(np.shape(x))
    return langevin.sgld(gradient, step_size)(x, (noise, gradient_noise))


def corrector_step(score, x, snr, noise=None, *, rng=None):
    """One corrector step, every row by its own norms but where declared otherwise."""
    norm = {"row": "row", "batch mean": "batch"}[convention("corrector_step", "norms", "row")]
    return _stepped(langevin.corrector(score, snr, norm=norm), x, noise, rng)


def metropolis_log_ratio(log_density, score, x, proposal, step_size):
    """The log ratio of a Metropolis-adjusted Langevin step."""
    return langevin.metropolis_log_ratio(log_density, score, x, proposal, step_size)


def mala_step(log_density, score, x, step_size, noise=None, uniform=None, *, rng=None):
    """One Metropolis-adjusted Langevin step, and who was accepted."""
    step = langevin.mala(log_density, score, step_size)
    return step.inform(x, _both(step, x, (noise, uniform), rng))


def random_walk_step(log_density, x, scale, noise=None, uniform=None, *, rng=None):
    """One random-walk step, and who was accepted."""
    step = langevin.random_walk(log_density, scale)
    return step.inform(x, _both(step, x, (noise, uniform), rng))


def barker_step(log_density, score, x, scale, noise=None, uniforms=None, uniform=None, *, rng=None):
    """One Barker step, and who was accepted."""
    step = langevin.barker(log_density, score, scale)
    return step.inform(x, _both(step, x, (noise, uniforms, uniform), rng))


def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform=None, *, rng=None):
    """One Hamiltonian step, and who was accepted."""
    if uniform is None:
        uniform = np.random.default_rng(rng).random(len(x))
    step = langevin.hmc(log_density, score, step_size, n_leapfrog)
    return step.inform(x, (momentum, uniform))


def underdamped_step(score, x, v, step_size, friction, noise=None, *, rng=None):
    """One BAOAB step, or one of the splitting that is declared."""
    scheme = convention("underdamped_step", "splitting", "BAOAB")
    return splitting(scheme)(score, x, v, step_size, friction, noise, rng=rng)


def splitting(scheme):
    """The port `underdamped_step` by another splitting."""

    def step_of(score, x, v, step_size, friction, noise=None, *, rng=None):
        step, d = langevin.underdamped(score, step_size, friction, scheme), np.shape(x)[-1]
        if noise is None:
            noise = np.random.default_rng(rng).standard_normal((len(step.parts), *np.shape(x)))
            noise = noise if len(step.parts) > 1 else noise[0]
        state = step(np.concatenate([x, v], -1), noise if len(step.parts) == 1 else tuple(noise))
        return state[..., :d], state[..., d:]

    return step_of


def _stepped(step, x, noise, rng):
    if noise is None:
        noise = np.random.default_rng(rng).standard_normal(np.shape(x))
    return step(x, noise)


def _both(step, x, noise, rng):
    """The given parts, or drawn ones."""
    if noise[0] is not None:
        return noise
    rng = np.random.default_rng(rng)
    drawn = {"normal": rng.standard_normal, "uniforms": rng.random, "uniform": rng.random}
    shapes = step.noise_shapes(np.shape(x))
    return tuple(drawn[part](shape) for part, shape in zip(step.parts, shapes))


def langevin_law(law, step_size, n_steps, mean, covariance):
    """The chain's exact law after n_steps."""
    return _moments(laws.langevin_law(_of(law), step_size, n_steps, mean, covariance))


def langevin_stationary(law, step_size):
    """The chain's stationary law."""
    return _moments(laws.langevin_stationary(_of(law), step_size))


def preconditioned_law(law, step_size, preconditioner, n_steps, mean, covariance):
    """The preconditioned chain's exact law."""
    return _moments(
        laws.preconditioned_law(_of(law), step_size, preconditioner, n_steps, mean, covariance)
    )


def sgld_law(law, step_size, gradient_covariance, n_steps, mean, covariance):
    """The exact law with noise of a covariance on the gradient."""
    step = laws.sgld_step(_of(law), step_size, gradient_covariance)
    return _moments(laws.affine_law(step, mean, covariance, n_steps))


def annealed_law(law, sigmas, step_size, n_steps_each, mean, covariance):
    """The annealed chain's exact law."""
    return _moments(laws.annealed_law(_of(law), sigmas, step_size, n_steps_each, mean, covariance))


def underdamped_law(law, step_size, friction, scheme, n_steps, mean, covariance):
    """The exact law of (x, v)."""
    step = laws.kinetic_step(_of(law), step_size, friction, scheme)
    return _moments(laws.affine_law(step, mean, covariance, n_steps))


def underdamped_stationary(law, step_size, friction, scheme):
    """The stationary law of (x, v), of any friction."""
    return _moments(laws.kinetic_stationary(_of(law), step_size, scheme))


def unadjusted_hmc_law(law, step_size, n_leapfrog, n_steps, mean, covariance):
    """The exact law of Hamiltonian steps without acceptance."""
    step = laws.unadjusted_hmc_step(_of(law), step_size, n_leapfrog)
    return _moments(laws.affine_law(step, mean, covariance, n_steps))


def mala_acceptance(law, step_size):
    """The mean acceptance on a Gaussian."""
    return laws.mala_acceptance(_of(law), step_size)


def random_walk_acceptance(law, scale):
    """The mean acceptance on a Gaussian."""
    return laws.random_walk_acceptance(_of(law), scale)


def hmc_acceptance(law, step_size, n_leapfrog):
    """The mean acceptance on a Gaussian."""
    return laws.hmc_acceptance(_of(law), step_size, n_leapfrog)


def wasserstein_bias(law, step_size):
    """The distance of the target from the chain's stationary law."""
    return laws.wasserstein_bias(_of(law), step_size)


def autocorrelation_time(law, step_size, direction):
    """The autocorrelation time of direction.x."""
    return laws.autocorrelation_time(_of(law), step_size, direction)


def stability_limit(law):
    """4 λ_min(S)."""
    return laws.stability_limit(_of(law))


def signal_to_noise(law, sigmas, step_size):
    """η_t I(q_t)/(4d)."""
    return laws.signal_to_noise(_of(law), sigmas, step_size)


def chain_distribution(law, low, high, step_size, n_steps, points):
    """P(X_n <= point) of the chain, by its transfer operator."""
    p, start = _of(law), laws.uniform_start(low, high)
    ends = _reach(p, low, high, step_size)
    return laws.chain_distribution(p.score, step_size, n_steps, start, points, *ends)


def annealed_distribution(law, low, high, sigmas, step_size, n_steps_each, points):
    """P(X <= point) of the annealed chain, by its transfer operators."""
    p, start = _of(law), laws.uniform_start(low, high)
    widest = p.diffuse(1.0, sigmas[0])
    ends = _reach(widest, low, high, step_size * (sigmas[0] / sigmas[-1]) ** 2)

    def score_at(x, sigma):
        return p.diffuse(1.0, sigma).score(x)

    return laws.annealed_distribution(
        score_at, sigmas, step_size, n_steps_each, start, points, *ends
    )


def _reach(p, low, high, step_size):
    """An interval that holds the chain: nine standard deviations of every component, or steps."""
    means = np.ravel(getattr(p, "means", p.mean))
    variances = np.ravel(getattr(p, "covariances", p.covariance))
    far = 9 * np.sqrt(np.maximum(variances, 1.2 * step_size))
    return min(low, (means - far).min()), max(high, (means + far).max())


def _of(law):
    from refscore.verify import library

    return library.distribution(law)


def _moments(p):
    return {"mean": p.mean, "covariance": p.covariance}

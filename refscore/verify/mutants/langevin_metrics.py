"""Mistakes in preconditioned and stochastic-gradient steps, and in the laws of both."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def _metric(score, x, eta, drift, root, z):
    return x + 0.5 * eta * score(x) @ drift.T + np.sqrt(eta) * z @ root.T


@mistake("metric_missing_in_drift", port="preconditioned_step", source="classic: G forgotten once")
def _(score, x, step_size, preconditioner, noise):
    """The drift is not preconditioned."""
    L = np.linalg.cholesky(preconditioner)
    return _metric(score, x, step_size, np.eye(len(L)), L, noise)


@mistake("metric_missing_in_noise", port="preconditioned_step", source="classic: G forgotten once")
def _(score, x, step_size, preconditioner, noise):
    """The noise is not preconditioned."""
    return _metric(score, x, step_size, preconditioner, np.eye(len(preconditioner)), noise)


@mistake("metric_noise_without_root", port="preconditioned_step", source="M01: G for its root")
def _(score, x, step_size, preconditioner, noise):
    """The noise is multiplied by G, not by a root of it."""
    return _metric(score, x, step_size, preconditioner, preconditioner, noise)


@mistake("metric_root_transposed", port="preconditioned_step", source="classic: z @ L for z @ Lᵀ")
def _(score, x, step_size, preconditioner, noise):
    """The noise is multiplied by Lᵀ: its covariance is Lᵀ L."""
    L = np.linalg.cholesky(preconditioner)
    return _metric(score, x, step_size, preconditioner, L.T, noise)


@mistake("metric_diagonal_only", port="preconditioned_step", source="classic: a diagonal metric")
def _(score, x, step_size, preconditioner, noise):
    """Only the metric's diagonal is used."""
    G = np.diag(np.diag(preconditioner))
    return _metric(score, x, step_size, G, np.sqrt(G), noise)


@mistake("metric_symmetric_root", port="preconditioned_step", source="classic: another root of G")
def _(score, x, step_size, preconditioner, noise):
    """The noise is multiplied by the symmetric root: a convention where it is declared."""
    values, E = np.linalg.eigh(preconditioner)
    return _metric(score, x, step_size, preconditioner, E * np.sqrt(values) @ E.T, noise)


@mistake("sgld_drift_not_halved", port="sgld_step", source="M25")
def _(gradient, x, step_size, gradient_noise, noise):
    """The drift is η g."""
    return x + step_size * gradient(x, gradient_noise) + np.sqrt(step_size) * noise


@mistake("sgld_without_noise", port="sgld_step", source="classic: stochastic gradient ascent")
def _(gradient, x, step_size, gradient_noise, noise):
    """No noise is added beside the gradient's own."""
    return x + step_size / 2 * gradient(x, gradient_noise)


@mistake("sgld_gradient_exact", port="sgld_step", source="classic: a batch ignored")
def _(gradient, x, step_size, gradient_noise, noise):
    """The stochastic score is asked without its randomness."""
    return x + step_size / 2 * gradient(x, 0 * gradient_noise) + np.sqrt(step_size) * noise


@mistake("sgld_noise_for_both", port="sgld_step", source="N09: one draw used twice")
def _(gradient, x, step_size, gradient_noise, noise):
    """The gradient's randomness is the step's noise as well."""
    return x + step_size / 2 * gradient(x, noise) + np.sqrt(step_size) * noise


@mistake("sgld_noise_sd_is_step", port="sgld_step", source="M01")
def _(gradient, x, step_size, gradient_noise, noise):
    """The noise has standard deviation η."""
    return x + step_size / 2 * gradient(x, gradient_noise) + step_size * noise


def _propagated(m, q, mean, cov, law, n):
    for _ in range(n):
        mean, cov = law.mean + m @ (mean - law.mean), m @ cov @ m.T + q
    return {"mean": mean, "covariance": cov}


@mistake("metric_law_noise_plain", port="preconditioned_law", source="classic: G forgotten once")
def _(law, step_size, preconditioner, n_steps, mean, covariance):
    """The noise of every step is taken to be η I."""
    I, P = np.eye(len(law.mean)), np.linalg.inv(law.covariance)
    m = I - step_size / 2 * preconditioner @ P
    return _propagated(m, step_size * I, mean, covariance, law, n_steps)


@mistake("metric_law_order_exchanged", port="preconditioned_law", source="classic: P G for G P")
def _(law, step_size, preconditioner, n_steps, mean, covariance):
    """The contraction has P G for G P."""
    m = np.eye(len(law.mean)) - step_size / 2 * np.linalg.inv(law.covariance) @ preconditioner
    return _propagated(m, step_size * preconditioner, mean, covariance, law, n_steps)


@mistake("metric_law_drift_not_halved", port="preconditioned_law", source="M25")
def _(law, step_size, preconditioner, n_steps, mean, covariance):
    """The contraction is I - η G P without the half."""
    m = np.eye(len(law.mean)) - step_size * preconditioner @ np.linalg.inv(law.covariance)
    return _propagated(m, step_size * preconditioner, mean, covariance, law, n_steps)


def _noisy(law, eta, q, n, mean, covariance):
    I = np.eye(len(law.mean))
    m = I - eta / 2 * np.linalg.inv(law.covariance)
    return _propagated(m, eta * I + q, mean, covariance, law, n)


@mistake("sgld_law_without_gradient_noise", port="sgld_law", source="Welling and Teh: as η → 0")
def _(law, step_size, gradient_covariance, n_steps, mean, covariance):
    """The gradient's noise is left out."""
    return _noisy(law, step_size, 0 * gradient_covariance, n_steps, mean, covariance)


@mistake("sgld_law_noise_not_halved", port="sgld_law", source="classic: η² for η²/4")
def _(law, step_size, gradient_covariance, n_steps, mean, covariance):
    """The gradient's noise enters with η² for η²/4."""
    return _noisy(law, step_size, step_size**2 * gradient_covariance, n_steps, mean, covariance)


@mistake("sgld_law_noise_first_order", port="sgld_law", source="classic: an exponent lost")
def _(law, step_size, gradient_covariance, n_steps, mean, covariance):
    """The gradient's noise enters with η/4 for η²/4."""
    return _noisy(law, step_size, step_size / 4 * gradient_covariance, n_steps, mean, covariance)


@mistake("sgld_law_one_step_short", port="sgld_law", source="R31: off by one")
def _(law, step_size, gradient_covariance, n_steps, mean, covariance):
    """One step too few."""
    q = step_size**2 / 4 * gradient_covariance
    return _noisy(law, step_size, q, max(n_steps - 1, 0), mean, covariance)


def _levels(law, sigmas, step_size, n, mean, cov, *, power=2, smooth=True, last=-1):
    I = np.eye(len(law.mean))
    for sigma in sigmas:
        eta = step_size * (sigma / sigmas[last]) ** power
        m = I - eta / 2 * np.linalg.inv(law.covariance + (sigma**2 * I if smooth else 0))
        found = _propagated(m, eta * I, mean, cov, law, n)
        mean, cov = found["mean"], found["covariance"]
    return {"mean": mean, "covariance": cov}


@mistake("annealed_law_of_clean_scores", port="annealed_law", source="J11: s(x) for s(x, σ)")
def _(law, sigmas, step_size, n_steps_each, mean, covariance):
    """Every level has the score of the law without noise."""
    return _levels(law, sigmas, step_size, n_steps_each, mean, covariance, smooth=False)


@mistake("annealed_law_steps_linear", port="annealed_law", source="conventions 5: step ∝ σ")
def _(law, sigmas, step_size, n_steps_each, mean, covariance):
    """The step size is proportional to σ."""
    return _levels(law, sigmas, step_size, n_steps_each, mean, covariance, power=1)


@mistake("annealed_law_ascending", port="annealed_law", source="M29")
def _(law, sigmas, step_size, n_steps_each, mean, covariance):
    """The levels are walked from the smallest up."""
    return _levels(law, sigmas[::-1], step_size, n_steps_each, mean, covariance, last=0)


@mistake("annealed_law_is_noised_target", port="annealed_law", source="erratum J6b")
def _(law, sigmas, step_size, n_steps_each, mean, covariance):
    """The chain is taken to end in the noised target of the last level."""
    I = np.eye(len(law.mean))
    return {"mean": law.mean, "covariance": law.covariance + sigmas[-1] ** 2 * I}

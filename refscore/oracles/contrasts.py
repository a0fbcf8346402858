"""Closed forms: contrastive divergence and noise-contrastive estimation.

An energy is a description "polynomial": exponents (p, d) and coefficients (p,),
E(x) = sum_k c_k prod_i x_i^n_ki. Points are (n, d).
"""

from __future__ import annotations

import numpy as np

from . import scores

_STEP = 1e-30


def statistics(energy, x):
    """The monomials (..., p), through logarithms of magnitudes and signs; x may be complex."""
    x = np.asarray(x)[..., None, :]
    return np.prod(np.power(x, np.asarray(energy.exponents).astype(int)), axis=-1)


def slopes(energy, x):
    """Derivatives of the monomials (n, d, p), by complex steps."""
    x = np.asarray(x, dtype=complex)
    steps = _STEP * 1j * np.eye(x.shape[-1])
    return np.stack([statistics(energy, x + s).imag / _STEP for s in steps], axis=-2)


def energy_gradient(energy, x):
    """grad E (n, d)."""
    return slopes(energy, x) @ energy.coefficients


def log_value(description, x):
    """log p of a law (n,), or -E of an energy."""
    if description.kind == "polynomial":
        return -statistics(description, x) @ description.coefficients
    return scores.log_density(description, x)


def contrastive_divergence(energy, x, step_size, noise):
    """mean of the monomials at x minus at the end of the chain, one point after the other."""
    total = np.zeros(len(energy.coefficients))
    for i, start in enumerate(x):
        now = np.array(start)
        for z in noise[:, i]:
            force = energy_gradient(energy, now[None])[0]
            now = now - step_size * force / 2 + step_size**0.5 * z
        total += statistics(energy, start) - statistics(energy, now)
    return total / len(x)


def implicit_gradient(energy, x):
    """Gradient of mean[1/2 |grad E|^2 - lap E] in the coefficients: grad m.grad E - lap m."""
    n = np.asarray(energy.exponents)
    curvature = np.zeros((len(x), len(n)))
    for j in range(n.shape[1]):
        lower = n.copy()
        lower[:, j] = np.maximum(n[:, j] - 2, 0)
        monomials = np.prod(np.asarray(x)[:, None, :] ** lower, axis=-1)
        curvature += n[:, j] * (n[:, j] - 1) * monomials
    along = np.einsum("njp,nj->np", slopes(energy, x), energy_gradient(energy, x))
    return (along - curvature).mean(0)


def divergence_fixed_point(law, step_size):
    """The precision at which the step's stationary law is N(m, S): (2/eta)(I - (I - eta S^-1)^1/2).

    One step multiplies by I - (eta/2) T and adds eta I; S = (I - eta T/2) S (I - eta T/2) + eta I.
    Raises ValueError when eta > lambda_min(S): there is none."""
    values, vectors = np.linalg.eigh(law.covariance)
    if step_size > values.min():
        raise ValueError(f"step_size must be at most lambda_min = {values.min()}")
    lost = step_size / values
    precision = 2 / values / (1 + np.sqrt(1 - lost))
    return (vectors * precision) @ vectors.T


def noise_contrastive(log_model, log_noise, x, y):
    """-mean_x log(p/(p + nu q)) - nu mean_y log(nu q/(p + nu q)), p, q by their logarithms."""
    nu = len(y) / len(x)
    total = 0.0
    for points, weight, of_model in ((x, 1.0, True), (y, nu, False)):
        p = log_value(log_model, points)
        q = log_value(log_noise, points) + np.log(nu)
        both = np.maximum(p, q) + np.log1p(np.exp(-np.abs(p - q)))
        total += weight * np.mean(both - (p if of_model else q))
    return total


def noise_contrastive_bound(data, noise, nu):
    """The least mean loss: E_p log(1 + nu q/p) + nu E_q log(1 + p/(nu q)), by quadrature."""
    from .quadrature import expectation

    def odds(x):
        return scores.log_density(data, x) - scores.log_density(noise, x) - np.log(nu)

    of_data = expectation(data, lambda x: np.logaddexp(0.0, -odds(x)))
    return of_data + nu * expectation(noise, lambda x: np.logaddexp(0.0, odds(x)))


def sliced_fisher_affine(field, law, second_moment):
    """1/2 [tr(V B S B^T) + u^T V u], B = A + S^-1, u = A m + b: the sliced Fisher divergence."""
    v = np.asarray(second_moment)
    gap = field.matrix + np.linalg.inv(law.covariance)
    u = field.matrix @ law.mean + field.offset
    return (np.trace(v @ gap @ law.covariance @ gap.T) + u @ v @ u) / 2


def kl_divergence(p, q):
    """KL(p||q) of laws on the line, by quadrature."""
    from .quadrature import expectation

    return expectation(p, lambda x: scores.log_density(p, x) - scores.log_density(q, x))


def fisher_between_weights(law, other):
    """1/2 E|s - s'|^2 for two components of one covariance: s - s' = P (m_0 - m_1)(r - r')."""
    from .quadrature import expectation

    far = np.linalg.solve(law.covariances[0], law.means[0] - law.means[1])
    quadratic = (law.means**2 @ np.diag(np.linalg.inv(law.covariances[0]))) / 2

    def share(mixture, x):
        odds = np.log(mixture.weights[0] / mixture.weights[1]) + x @ far
        return 1 / (1 + np.exp(-(odds - quadratic[0] + quadratic[1])))

    return expectation(law, lambda x: far @ far * (share(law, x) - share(other, x)) ** 2 / 2)

"""Densities and scores in every reading."""

import numpy as np

from refscore.verify import library

from .subjects import subject


def unnormalised(law, x):
    """Without the powers of 2π."""
    return library.log_density(law, x) + 0.5 * x.shape[1] * np.log(2 * np.pi)


def quadratic(law, x, normaliser=lambda covariance: 0.0):
    """-q/2 of a Gaussian, and what is made of its covariance."""
    if law.kind != "gaussian":
        raise NotImplementedError
    gap = x - law.mean
    q = (gap * np.linalg.solve(law.covariance, gap.T).T).sum(-1)
    return -0.5 * q - normaliser(law.covariance)


SUBJECTS = {
    ("log_density", "energy"): subject(log_density=lambda law, x: -library.log_density(law, x)),
    ("score_sign", "gradient of energy"): subject(
        score=lambda law, x: -library.score(law, x),
        score_jacobian=lambda law, x: -library.score_jacobian(law, x),
        divergence=lambda law, x: -library.divergence(law, x),
    ),
    ("normalised", False): subject(log_density=unnormalised),
}

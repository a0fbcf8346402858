"""scikit-learn: GaussianMixture, KernelDensity and PCA: log densities, draws, a latent model."""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from refscore.verify import NotOffered

name, version = "scikit-learn", sklearn.__version__
expected_failures = {
    "latent_maximum_likelihood": "covariances over n − 1: deviations/scikit_learn_pca_likelihood"
}


def _mixture(weights, means, covariances, seed=None):
    """A fitted GaussianMixture is these four attributes; there is no other way to set them."""
    model = GaussianMixture(len(weights), random_state=seed)
    model.weights_, model.means_, model.covariances_ = weights, means, covariances
    model.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(covariances)).swapaxes(1, 2)
    return model


def _kernels(data, bandwidth):
    return KernelDensity(bandwidth=float(bandwidth), algorithm="kd_tree").fit(data)


def _estimator(law, seed=None):
    if law.kind == "gaussian":
        return _mixture(np.ones(1), law.mean[None], law.covariance[None], seed)
    if law.kind == "mixture":
        return _mixture(law.weights, law.means, law.covariances, seed)
    if law.kind == "empirical":
        return _kernels(law.data, law.bandwidth)
    raise NotOffered(f"scikit-learn has no {law.kind}")


def log_density(law, x):
    return _estimator(law).score_samples(x)


def kernel_density(data, bandwidth, x):
    return _kernels(data, bandwidth).score_samples(x)


def sample(law, n, seed):
    """GaussianMixture draws grouped by component: the order is no part of the law."""
    model = _estimator(law, seed)
    if law.kind == "empirical":
        return model.sample(n, random_state=seed)
    x = model.sample(n)[0]
    return np.random.default_rng(seed).permutation(x)


def fit_latent(x, n_latent):
    model = PCA(n_latent).fit(x)
    return model.mean_, model.get_covariance()

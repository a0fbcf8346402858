"""The targets of the chains' workloads, as refscore, NumPy, torch and JAX would write them."""

from __future__ import annotations

import numpy as np

from refscore.distributions import Gaussian, GaussianMixture

STEPS = 100
WEIGHTS, MEANS = np.array([0.4, 0.6]), np.array([[-1.0, 0.0], [1.0, 0.5]])


class Mixture:
    """Two isotropic components in the plane."""

    def __init__(self, variances):
        self.law = GaussianMixture(WEIGHTS, MEANS, np.array(variances))
        self.variances = np.array(variances)
        self.constants = np.log(WEIGHTS) - np.log(self.variances)

    def numpy_score(self, x):
        gaps = MEANS - x[:, None, :]
        logits = self.constants - (gaps**2).sum(axis=2) / (2 * self.variances)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return ((weights / self.variances)[:, :, None] * gaps).sum(axis=1)

    def torch_score(self):
        import torch

        means, variances, constants = map(torch.tensor, (MEANS, self.variances, self.constants))

        def score(x):
            logits = constants - torch.cdist(x, means) ** 2 / (2 * variances)
            pulls = torch.softmax(logits, dim=1) / variances
            return pulls @ means - pulls.sum(dim=1, keepdim=True) * x

        return score

    def jax_log_density(self, x):
        import jax
        import jax.numpy as jnp

        squares = jnp.sum((MEANS - x) ** 2, axis=1)
        return jax.nn.logsumexp(self.constants - squares / (2 * self.variances))

    def jax_score(self, x):
        """For a batch of points, written out."""
        import jax
        import jax.numpy as jnp

        squares = jnp.sum((MEANS - x[:, None, :]) ** 2, axis=2)
        logits = self.constants - squares / (2 * self.variances)
        pulls = jax.nn.softmax(logits, axis=1) / self.variances
        return pulls @ MEANS - pulls.sum(axis=1, keepdims=True) * x


class Normal:
    """A centred Gaussian with correlations, or with independent coordinates."""

    def __init__(self, covariance):
        self.law = Gaussian(np.zeros(len(covariance)), covariance)
        full = np.diag(covariance) if np.ndim(covariance) == 1 else covariance
        self.precision = np.linalg.inv(full)

    def numpy_score(self, x):
        return -(x @ self.precision)

    def torch_score(self):
        import torch

        precision = torch.tensor(self.precision)
        return lambda x: -(x @ precision)

    def jax_log_density(self, x):
        return -0.5 * x @ self.precision @ x

    def jax_score(self, x):
        return -(x @ self.precision)


def generator():
    return np.random.Generator(np.random.SFC64(0))


def floor(shape, uniforms: int = 0):
    """Drawing the noise of all steps, over the same memory."""
    z, u = np.empty(shape), np.empty(uniforms)

    def call():
        rng = generator()
        for _ in range(STEPS):
            rng.standard_normal(out=z)
            rng.random(out=u)

    return call


def summary(x):
    """Contenders draw their own noise: the variance of all coordinates is what they share."""
    return (np.array([np.asarray(x).var(axis=0).mean()]),)

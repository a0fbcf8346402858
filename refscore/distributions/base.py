"""What every distribution offers: a log density, its score, draws, moments, diffusion.

A family writes `_log_density`, `_score`, `_score_jacobian` and `_score_divergence` for
checked float64 points `(n, d)`; this file gives them their leading shapes, and turns the
three derivatives into the Field `p.score`.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_points, beyond_float
from refscore.fields import Field


class Distribution:
    """A law on R^d.

    `dim` d; `normalised`: log_density integrates to one; `smooth`: log_density is twice
    continuously differentiable inside the support; `support`: a phrase such as "R^d".
    Checked by: density_integrates_to_one, score_ignores_normaliser, stein_identity,
    disconnected_support
    """

    _shown: tuple[str, ...] = ("dim",)  # the attributes its repr shows
    dim: int
    normalised: bool = True
    smooth: bool = True
    support: str = "R^d"

    def __setattr__(self, name, value):
        """A law is set once: its public attributes, and the arrays it holds, are read-only."""
        if not name.startswith("_") and name in self.__dict__:
            raise AttributeError(f"{self._name}.{name} is read-only: make another {self._name}")
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"{self._name}({', '.join(f'{n}={getattr(self, n)!r}' for n in self._shown)})"

    def log_density(self, x) -> np.ndarray:
        """The values log p(x), up to a constant unless `normalised`; (..., d) to (...,)."""
        x = as_points(x, "x", self.dim)
        with beyond_float():
            return self._log_density(x.reshape(-1, self.dim)).reshape(x.shape[:-1])

    @property
    def score(self) -> Field:
        """∇ log p as a Field: call it, or ask for `jacobian`, `divergence`, `jvp`, `vjp`."""
        return Score(self)

    def sample(self, n: int, *, rng) -> np.ndarray:
        """n independent draws, (n, d); rng: anything numpy.random.default_rng takes."""
        raise NotImplementedError(f"{self._name} has no exact sampler")

    @property
    def mean(self) -> np.ndarray:
        """E X, (d,)."""
        raise NotImplementedError(f"{self._name} has no mean in closed form")

    @property
    def covariance(self) -> np.ndarray:
        """Cov X, (d, d)."""
        raise NotImplementedError(f"{self._name} has no covariance in closed form")

    def diffuse(self, alpha, sigma) -> Distribution:
        """The law of alpha X + sigma Z, Z ~ N(0, I), for the families closed under it."""
        raise NotImplementedError(
            f"{self._name} is not closed under alpha X + sigma Z: the diffused law has no"
            " formula of its own family (Gaussian, GaussianMixture and Empirical are closed)"
        )

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _log_density(self, x):
        raise NotImplementedError(f"{self._name} has no log density")

    def _log_density_and_score(self, x):
        """Both at once, for the chains that need both; a family may share the work."""
        return self._log_density(x), self._score(x)

    def _score(self, x):
        raise NotImplementedError(f"{self._name} has no score")

    def _score_jacobian(self, x):
        raise NotImplementedError(f"{self._name} has no score Jacobian")

    def _score_divergence(self, x):
        return np.trace(self._score_jacobian(x), axis1=-2, axis2=-1)

    def _score_jvp(self, x, v):
        return np.einsum("nij,nj->ni", self._score_jacobian(x), v)


class Score(Field):
    """The score of a distribution; its Jacobian is a Hessian, so J = Jᵀ and jvp = vjp.

    Checked by: score_is_gradient, score_jacobian_is_derivative, jacobian_is_of_the_score,
    conservative_score
    """

    def __init__(self, law: Distribution):
        from refscore.distributions.gaussian import Gaussian

        super().__init__(law.dim)
        self.law, self.affine = law, isinstance(law, Gaussian)

    def _value(self, x):
        return self.law._score(x)

    def _jacobian(self, x):
        with np.errstate(divide="ignore", under="ignore"):
            return self.law._score_jacobian(x)

    def _divergence(self, x):
        with np.errstate(divide="ignore", under="ignore"):
            return self.law._score_divergence(x)

    def _jvp(self, x, v):
        with np.errstate(divide="ignore", under="ignore"):
            return self.law._score_jvp(x, v)

    _vjp = _jvp

    def _energy(self, x):
        return -self.law._log_density(x)

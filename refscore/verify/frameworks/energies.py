"""Described energies in a subject's framework, and log densities as functions of its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from refscore.identities.cases import FieldDescription
from refscore.verify.kept import kept


def energy(framework, description, dtype: str | None = None) -> Any:
    """E(x; θ) = Σ_k θ_k Π_i x_i^{n_ki}, a described "polynomial" (exponents, coefficients).

    It is called on points (n, d) for (n,) and has `gradient(x)` (n, d), `parameters` (p,),
    `parameter_gradient(x)` (n, p) and `with_parameters(theta)`.
    """
    if description.kind != "polynomial":
        raise ValueError(f"kind of an energy must be 'polynomial', got {description.kind!r}")
    exponents = np.array(description.exponents)
    if framework.name == "numpy":
        from refscore.estimation import PolynomialEnergy

        return PolynomialEnergy(exponents, np.array(description.coefficients))
    theta = framework.to(np.array(description.coefficients), dtype)
    theta = theta.requires_grad_() if framework.name == "torch" else theta
    return framework.static(Polynomial)(exponents, theta)


class Polynomial:
    """The same energy by products alone, for the arrays of torch and JAX."""

    def __init__(self, exponents, parameters):
        self.exponents, self.parameters = exponents.astype(int), parameters
        self.dim = exponents.shape[1]

    def with_parameters(self, theta) -> Polynomial:
        """Another member of the family."""
        return Polynomial(self.exponents, theta)

    def tree_flatten(self):
        """For JAX: the coefficients are the leaf, the exponents static."""
        return (self.parameters,), tuple(map(tuple, self.exponents.tolist()))

    @classmethod
    def tree_unflatten(cls, exponents, leaves):
        """The energy of other coefficients."""
        return cls(np.array(exponents), leaves[0])

    def __call__(self, x):
        """E(x) (n,)."""
        return sum(t * monomial(x, row) for t, row in self._terms())

    def parameter_gradient(self, x):
        """∂E/∂θ, the monomials (n, p)."""
        return _columns([monomial(x, row) for row in self.exponents])

    def gradient(self, x):
        """∇E (n, d)."""
        return _columns([self._slope(x, j) for j in range(self.dim)])

    def _slope(self, x, j):
        lower = np.eye(self.dim, dtype=int)[j]
        terms = [(t, row) for t, row in self._terms() if row[j]]
        zero = 0.0 * x[..., 0]
        return sum((t * int(row[j]) * monomial(x, row - lower) for t, row in terms), zero)

    def _terms(self):
        return zip(self.parameters, self.exponents, strict=True)


def monomial(x, exponents):
    """Π_i x_i^{n_i} by repeated products, differentiable at 0 as well."""
    value = 0.0 * x[..., 0] + 1.0
    for i, n in enumerate(exponents):
        for _ in range(n):
            value = value * x[..., i]
    return value


def _columns(columns):
    if hasattr(columns[0], "detach"):
        import torch

        return torch.stack(columns, -1)
    import jax.numpy as jnp

    return jnp.stack(columns, -1)


def log_function(description):
    """(f, vjp) of NumPy points for a described law's log density, or −E of a polynomial energy."""
    if description.kind == "polynomial":
        from refscore.estimation import PolynomialEnergy

        own = PolynomialEnergy(description.exponents, description.coefficients)
        return (lambda x: -own(x)), (lambda x, c: -c[..., None] * own.gradient(x))
    from refscore.verify import library

    law = library.distribution(description)
    return law.log_density, (lambda x, c: c[..., None] * law.score(x))


def with_score(framework, description, dtype: str | None = None):
    """log p of a described law as a function of points, with its gradient as `.score(x)`."""
    from refscore.verify import library

    if framework.name == "numpy":
        return _scored(description)
    found = handed("log_density", framework, description, dtype)
    if isinstance(found, LogDensity):
        return found
    score = library.distribution(description).score
    return Scored(found, framework.callable(score, lambda x, c: score.vjp(x, c)))


@kept
def _scored(description):
    from refscore.verify import library

    law = library.distribution(description)
    return Scored(law.log_density, law.score)


class Scored:
    """A log density on a framework's arrays, and its score."""

    def __init__(self, log_density, score):
        self.log_density, self.score = log_density, score

    def __call__(self, x):
        """log p(x), (...,)."""
        return self.log_density(x)


class LogDensity:
    """log p of a normal law or a mixture of them, a pure function of JAX arrays (..., d)."""

    def __init__(self, field):
        self.field = field

    def __call__(self, x):
        """log p(x) = −E(x), (...,)."""
        return -self.field.energy(x)

    def score(self, x):
        """∇ log p(x), (..., d)."""
        return self.field(x)

    def tree_flatten(self):
        """The mixture's field, whose parameters are empty: all else is static."""
        return (self.field,), None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        """The same from its field."""
        return cls(*leaves)


def _as_mixture(law) -> FieldDescription:
    if law.kind == "mixture":
        return FieldDescription("mixture_score", **law.parameters_by_name)
    parts = {"means": law.mean[None], "covariances": law.covariance[None]}
    return FieldDescription("mixture_score", weights=np.ones(1), **parts)


def handed(name: str, framework, description, dtype: str | None = None):
    """What the argument called energy, log_density, log_model or log_noise is to a subject."""
    if name == "energy":
        return energy(framework, description, dtype)
    if framework.name == "jax" and description.kind in ("gaussian", "mixture"):
        return framework.static(LogDensity)(framework.field(_as_mixture(description)))
    return framework.callable(*log_function(description))

"""Fields from functions you write: any function, or features with explicit derivatives."""

from __future__ import annotations

import numpy as np

from refscore import autodiff
from refscore._arguments import as_array, as_callable, as_count
from refscore.fields.base import Field
from refscore.fields.linearisation import Local


class Function(Field):
    """A user's function as a field, differentiated by autograd (`refscore.autodiff`).

    function(x), or function(x, theta) if `parameters` are given, is written in
    autograd.numpy and maps points (n, d) to vectors (n, d) row by row; dim d; parameters (p,).
    Cost: a divergence or Jacobian takes d backward passes, a product one or two.

    Raises ImportError from the derivatives if autograd is not installed.
    Tested in: tests/test_fields.py
    """

    def __init__(self, function, dim: int, parameters=None):
        if not callable(function):
            raise TypeError(f"function must be callable, got {function!r}")
        super().__init__(as_count(dim, "dim"))
        self.function = function
        self._theta = None
        if parameters is not None:
            self._theta = as_array(parameters, "parameters", (None,)).copy()

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        return np.empty(0) if self._theta is None else self._theta.copy()

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        theta = as_array(theta, "theta", self.parameters.shape)
        return self if self._theta is None else Function(self.function, self.dim, theta)

    def _at_parameters(self, x):
        value = self.function(x) if self._theta is None else self.function(x, self._theta)
        if np.iscomplexobj(value):
            raise TypeError("function must return real vectors, got complex ones")
        return value

    def _value(self, x):
        return autodiff.value(self._at_parameters, x)

    def _jvp(self, x, v):
        return autodiff.jvp(self._at_parameters, x, v)

    def _vjp(self, x, v):
        return autodiff.vjp(self._at_parameters, x, v)

    def _jacobian(self, x):
        return autodiff.jacobian(self._at_parameters, x)

    def _divergence(self, x):
        return autodiff.divergence(self._at_parameters, x)

    def _local(self, x, workspace=None):
        return _FunctionLocal(self, x)


class _FunctionLocal(Local):
    def gradient(self, a, c, v, b):
        if self.field._theta is None:
            return np.zeros(0)
        return autodiff.parameter_gradient(
            self.field.function, self.x, self.field._theta, a, c, v, b
        )

    def point_gradient(self, a, c, v, b):
        return autodiff.point_gradient(self.field._at_parameters, self.x, a, c, v, b)


class LinearInParameters(Field):
    """The field s(x) = Σⱼ θⱼ ψⱼ(x) for given vector features ψⱼ and their Jacobians.

    features(x): points (n, d) to (n, p, d); jacobians(x): to (n, p, d, d), derivative index
    last; divergences(x): to (n, p), the trace of the Jacobians if omitted; parameters (p,); dim d.

    The divergence is linear in θ as well, so that implicit, sliced and denoising score
    matching have closed-form minimisers.
    Source: Hyvärinen, Estimation of non-normalized statistical models (2005), section 3.
    Checked by: diagonal_precision_optimum, generalised_normal_optimum
    """

    def __init__(self, features, jacobians, parameters, dim: int, divergences=None):
        super().__init__(as_count(dim, "dim"))
        self._theta = as_array(parameters, "parameters", (None,)).copy()
        as_callable(features, "features"), as_callable(jacobians, "jacobians")
        if divergences is not None:
            as_callable(divergences, "divergences")
        self._given = (features, jacobians, divergences)

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        return self._theta.copy()

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        features, jacobians, divergences = self._given
        theta = as_array(theta, "theta", self._theta.shape)
        return LinearInParameters(features, jacobians, theta, self.dim, divergences)

    def features(self, x) -> np.ndarray:
        """ψⱼ(x): points (..., d) to (..., p, d)."""
        x, rows = self._points(x)
        return self._features(rows).reshape((*x.shape[:-1], self._theta.size, self.dim))

    def feature_divergences(self, x) -> np.ndarray:
        """The divergences of the ψⱼ: points (..., d) to (..., p)."""
        x, rows = self._points(x)
        return self._feature_divergences(rows).reshape((*x.shape[:-1], self._theta.size))

    def _checked(self, name, x, tail):
        values = {"features": self._given[0], "jacobians": self._given[1]}
        function = values.get(name, self._given[2])
        return as_array(function(x), f"{name}(x)", (len(x), self._theta.size, *tail))

    def _features(self, x):
        return self._checked("features", x, (self.dim,))

    def _feature_jacobians(self, x):
        return self._checked("jacobians", x, (self.dim, self.dim))

    def _feature_divergences(self, x):
        if self._given[2] is None:
            return np.einsum("npii->np", self._feature_jacobians(x))
        return self._checked("divergences", x, ())

    def _value(self, x):
        return np.einsum("p,npi->ni", self._theta, self._features(x))

    def _jacobian(self, x):
        return np.einsum("p,npij->nij", self._theta, self._feature_jacobians(x))

    def _divergence(self, x):
        return self._feature_divergences(x) @ self._theta

    def _local(self, x, workspace=None):
        return _LinearLocal(self, x)


class _LinearLocal(Local):
    def __init__(self, field, x):
        self.field, self.x, self._psi = field, x, field._features(x)
        self.value = np.einsum("p,npi->ni", field._theta, self._psi)

    def gradient(self, a, c, v, b):
        """∂/∂θⱼ = Σ a·ψⱼ + Σ c div ψⱼ + Σ b·Jⱼ v."""
        total = np.zeros(self.field._theta.size)
        if a is not None:
            total += np.einsum("npi,ni->p", self._psi, a)
        if c is not None:
            total += c @ self.field._feature_divergences(self.x)
        if v is not None:
            pairs = np.einsum("mni,mnj->nij", b, v)
            total += np.einsum("npij,nij->p", self.field._feature_jacobians(self.x), pairs)
        return total

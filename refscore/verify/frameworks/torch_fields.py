"""The kit's fields as differentiable PyTorch functions and modules."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from refscore.verify.errors import NotOffered
from refscore.verify.frameworks.formulas import (
    Formula,
    check_like,
    check_parameters,
    check_points,
)

XP = SimpleNamespace(
    einsum=torch.einsum,
    tanh=torch.tanh,
    cos=torch.cos,
    sin=torch.sin,
    logsumexp=lambda a: torch.logsumexp(a, dim=-1),
    softmax=lambda a: torch.softmax(a, dim=-1),
    constant=lambda array, like: torch.as_tensor(array, dtype=like.dtype),
)


class TorchField:
    """A field of plain torch operations: autograd, double backward and torch.func pass through.

    `parameters` is one flat float64 leaf on which every value and derivative depends, so that
    `torch.autograd.grad(loss, field.parameters)` works; it is empty for a mixture score.
    """

    def __init__(self, field_formula: Formula, theta=None):
        self._formula = field_formula
        self.dim = field_formula.dim
        if theta is None:
            theta = torch.tensor(field_formula.theta).requires_grad_()
        self.parameters = theta

    def __call__(self, x):
        """s(x): points (..., d) to vectors (..., d), in the precision of x."""
        check_points(x, self.dim, torch.is_floating_point(x))
        return self._formula.value(XP, self.parameters.to(x.dtype), x)

    def with_parameters(self, theta) -> TorchField:
        """The same field on theta (p,): a tensor is used as it is, so its gradient flows."""
        if not isinstance(theta, torch.Tensor):
            theta = torch.tensor(theta, dtype=torch.float64).requires_grad_()
        check_parameters(theta, self._formula)
        return TorchField(self._formula, theta)

    def jvp(self, x, v):
        """J(x) v, (..., d): the transpose of the linear map u ↦ J(x)ᵀ u, applied to v."""
        check_like(v, x)
        return torch.func.vjp(lambda u: self.vjp(x, u), v)[1](v)[0]

    def vjp(self, x, v):
        """J(x)ᵀ v, (..., d)."""
        check_like(v, x)
        return torch.func.vjp(self, x)[1](v)[0]

    def jacobian(self, x):
        """J(x)[i, j] = ∂sᵢ/∂xⱼ, (..., d, d)."""
        check_points(x, self.dim, torch.is_floating_point(x))
        rows = torch.func.vmap(torch.func.jacrev(self))(x.reshape(-1, self.dim))
        return rows.reshape(*x.shape, self.dim)

    def divergence(self, x):
        """The divergence tr J(x), (...,)."""
        return torch.einsum("...ii->...", self.jacobian(x))

    def energy(self, x):
        """E(x) with s = −∇E, (...,); raises NotOffered for a field not known to be a gradient."""
        check_points(x, self.dim, torch.is_floating_point(x))
        return self._require_energy()(XP, self.parameters.to(x.dtype), x)

    def as_module(self) -> torch.nn.Module:
        """A torch.nn.Module whose forward is the field; its one parameter is `theta` (p,)."""
        return _Module(self, "__call__")

    def energy_module(self) -> torch.nn.Module:
        """A torch.nn.Module whose forward is the energy, (n, d) to (n,)."""
        self._require_energy()
        return _Module(self, "energy")

    def _require_energy(self):
        energy = self._formula.energy
        if energy is None or not self._is_gradient():
            raise NotOffered("this field has no energy: it is not known to be a gradient")
        return energy

    def _is_gradient(self):
        try:
            theta = np.array(self.parameters.tolist())
        except RuntimeError:  # theta is being transformed: it has no values to look at
            return True
        return self._formula.is_gradient(theta)


class _Module(torch.nn.Module):
    def __init__(self, field: TorchField, method: str):
        super().__init__()
        self.dim, self._field, self._method = field.dim, field, method
        self.theta = torch.nn.Parameter(field.parameters.detach().clone())

    def forward(self, x):
        return getattr(self._field.with_parameters(self.theta), self._method)(x)

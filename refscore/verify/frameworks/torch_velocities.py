"""The kit's velocities as differentiable PyTorch functions and modules."""

from __future__ import annotations

import torch

from refscore.verify.frameworks.formulas import check_parameters, check_points
from refscore.verify.frameworks.torch_fields import XP, TorchField
from refscore.verify.frameworks.velocities import VelocityFormula, checked_time


class TorchVelocity:
    """velocity(x, t) of plain torch operations, differentiable in x, t and `parameters`.

    x is (..., d), t a number or one a point, (...,) or (..., 1). `parameters` is one flat
    float64 leaf on which every value depends.
    """

    def __init__(self, velocity_formula: VelocityFormula, theta=None):
        self._formula, self.dim = velocity_formula, velocity_formula.dim
        if theta is None:
            theta = torch.tensor(velocity_formula.theta).requires_grad_()
        self.parameters = theta

    def __call__(self, x, t):
        """f(x, t), (..., d), in the precision of x."""
        check_points(x, self.dim, torch.is_floating_point(x))
        t = checked_time(torch.as_tensor(t, dtype=x.dtype), x)
        return self._formula.value(XP, self.parameters.to(x.dtype), x, t)

    def at(self, t) -> TorchField:
        """The field at one time, on the same parameters."""
        return TorchField(self._formula.at(t), self.parameters)

    def with_parameters(self, theta) -> TorchVelocity:
        """The same velocity on theta (p,): a tensor is used as it is, so its gradient flows."""
        if not isinstance(theta, torch.Tensor):
            theta = torch.tensor(theta, dtype=torch.float64).requires_grad_()
        check_parameters(theta, self._formula)
        return TorchVelocity(self._formula, theta)

    def vjp(self, x, t, v):
        """(∂f/∂x)ᵀ v, (..., d)."""
        return torch.func.vjp(lambda y: self(y, t), x)[1](v)[0]

    def vjp_parameters(self, x, t, a):
        """∂/∂θ Σ a·f(x, t), (p,)."""
        pull = torch.func.vjp(lambda theta: self.with_parameters(theta)(x, t), self.parameters)[1]
        return pull(a)[0]

    def divergence(self, x, t):
        """tr ∂f/∂x, (...,)."""
        units = torch.eye(self.dim, dtype=x.dtype)
        parts = [self.vjp(x, t, e.expand_as(x))[..., i] for i, e in enumerate(units)]
        return sum(parts[1:], parts[0])

    def as_module(self) -> torch.nn.Module:
        """A torch.nn.Module of forward(t, x), as solvers take it; its one parameter is `theta`."""
        return _Module(self)


class _Module(torch.nn.Module):
    def __init__(self, velocity: TorchVelocity):
        super().__init__()
        self._velocity = velocity
        self.theta = torch.nn.Parameter(velocity.parameters.detach().clone())

    def forward(self, t, x):
        return self._velocity.with_parameters(self.theta)(x, t)

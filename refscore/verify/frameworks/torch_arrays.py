"""PyTorch subjects: tensors there and back, seeded generators, wrapped NumPy functions."""

from __future__ import annotations

import contextlib

import numpy as np
import torch

from refscore.verify.errors import NotOffered
from refscore.verify.frameworks.base import Framework, as_numpy, check_dtype
from refscore.verify.frameworks.formulas import formula
from refscore.verify.frameworks.torch_fields import TorchField
from refscore.verify.frameworks.torch_velocities import TorchVelocity
from refscore.verify.frameworks.velocities import velocity_formula


class TorchFramework(Framework):
    """CPU tensors."""

    name = "torch"

    def to(self, array, dtype=None):
        """A tensor with its own memory."""
        return torch.from_numpy(np.array(array, dtype=check_dtype(dtype)))

    def field(self, description):
        """A `TorchField`."""
        return TorchField(formula(description))

    def velocity(self, description):
        """A `TorchVelocity`."""
        return TorchVelocity(velocity_formula(description))

    def rng(self, seed):
        """A torch.Generator; torch's global generator is given the same seed."""
        torch.manual_seed(seed)
        return torch.Generator().manual_seed(seed)

    def callable(self, f, vjp=None):
        """An autograd function of tensors; also under torch.func.vmap."""
        if callable(f):
            return _wrapped(f, vjp or getattr(f, "vjp", None))
        matrix = self.to(f)
        return lambda v: v @ matrix.to(v.dtype).T

    @contextlib.contextmanager
    def session(self, dtype=None):
        """Torch's default precision is `dtype` inside, and what it was outside."""
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, check_dtype(dtype)))
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def _wrapped(f, vjp):
    """An autograd function of f; its backward is `vjp`, wrapped likewise, without its own."""

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(x, *rest):
            value = f(as_numpy(x), *map(as_numpy, rest))
            return torch.from_numpy(np.array(value)).to(x.dtype)

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, *ctx.rest = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, cotangent):
            if vjp is None:
                raise NotOffered("this function came from NumPy without its derivative")
            product = _wrapped(vjp, None)(*ctx.saved_tensors, cotangent, *ctx.rest)
            return (product, *(None for _ in ctx.rest))

        @staticmethod
        def vmap(info, in_dims, *args):
            rows = [
                Wrapped.apply(*(_row(a, axis, i) for a, axis in zip(args, in_dims, strict=True)))
                for i in range(info.batch_size)
            ]
            return torch.stack(rows), 0

    return Wrapped.apply


def _row(argument, axis, index):
    return argument if axis is None else argument.select(axis, index)


FRAMEWORK = TorchFramework()

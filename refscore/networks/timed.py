"""A tanh network of a point and a time as a velocity, every derivative written out."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_scalar
from refscore.fields import Family, Field
from refscore.fields.at_time import AtTime
from refscore.fields.linearisation import borrowed_workspace, rows_in_blocks
from refscore.networks.backpropagation import MLPLocal
from refscore.networks.blocks import BlockField
from refscore.networks.layers import Layers, initial_layers


class TimeMLP(Layers, Family):
    """A tanh network of x and t beside it, f(x, t) = F([x, t]): a velocity with parameters.

    weights: matrices (out, in), the first `in` d + 1 and the last `out` d; biases (out,).
    Parameters: W₁ row-major, b₁, W₂, b₂, ... Points may have a time each. The divergence is
    exact, at one matrix product for up to two hidden layers and d products J v for more.
    Raises: ValueError naming the argument. Cost: as an MLP of these widths.

    Checked by: solved_flows, runge_kutta_steps
    """

    dim: int

    def __init__(self, weights, biases):
        inputs, self.dim = self._set_layers(weights, biases)
        if self.dim == 0 or inputs != self.dim + 1:
            raise ValueError(
                "weights must begin with one input more than the outputs they end with;"
                f" got {inputs} and {self.dim}"
            )
        self.rows_at_once = self._rows_at_once(self.dim if len(self.weights) > 3 else 1)
        super().__init__(self.at)

    @classmethod
    def initialise(cls, widths, *, rng=None) -> TimeMLP:
        """A random network with the widths (d, m₁, ..., d): W ~ N(0, 1/in), b = 0.

        rng: anything numpy.random.default_rng takes.
        """
        return cls(*initial_layers(widths, rng, inputs=1))

    def with_parameters(self, theta) -> TimeMLP:
        """The same family with parameters `theta` (p,)."""
        return TimeMLP(*self._layers_of(theta))

    def at(self, t) -> Field:
        """The field f(·, t) at one time."""
        return _AtTime(self, as_scalar(t, "t"))

    def _values(self, x, t):
        """f at points (n, d) and times (n,), over blocks of points that fit the cache."""
        blocks = rows_in_blocks(len(x), self.rows_at_once)
        with borrowed_workspace() as space:
            return np.concatenate([self._forward(_beside(x[b], t[b]), space) for b in blocks])

    def _local(self, x, t, workspace=None):
        return TimeLocal(self, x, t, workspace)


class TimeLocal(MLPLocal):
    """The network near x (n, d) at times t, a number or (n,)."""

    def __init__(self, network, x, t, workspace=None):
        super().__init__(network, _beside(x, t), workspace)

    def jvp(self, v):
        """J v for m stacked directions (m, n, d): time stands still."""
        return super().jvp(_beside(v, 0.0))

    def vjp(self, w):
        """Jᵀ w for w (n, d)."""
        return super().vjp(w)[:, : self.outputs]

    def jacobian(self):
        """J, (n, d, d): derivatives in x alone."""
        return np.moveaxis(super().jvp(self._units()), 0, -1)

    def _backward(self, a, c, v, b, **wanted):
        return super()._backward(a, c, None if v is None else _beside(v, 0.0), b, **wanted)


class _AtTime(AtTime, BlockField):
    """The network at one time."""

    def _value(self, x):
        return self.family._values(x, np.broadcast_to(self.t, len(x)))

    def _local(self, x, workspace=None):
        return TimeLocal(self.family, x, self.t, workspace)


def _beside(x, t):
    """[x, t]: points or stacked directions (..., n, d) with t, a number or (n,), behind."""
    rows = np.empty((*x.shape[:-1], x.shape[-1] + 1))
    rows[..., :-1], rows[..., -1] = x, t
    return rows

"""What the adapters of libraries of normalising flows share: networks, splines, own layers."""

from __future__ import annotations

from collections.abc import Callable

import torch

MINIMUM = 1e-3  # of bin widths, heights and slopes, and what is added to softplus


class Net(torch.nn.Module):
    """A function as the module that a layer asks for; a context is not used."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x, context=None):
        return self.function(x)


class Layer(torch.nn.Module):
    """A handed layer as a module with both directions."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, context=None):
        return self.layer.forward(x)

    def inverse(self, y, context=None):
        return self.layer.inverse(y)


def split(mask):
    """The places of the coordinates that are kept, and of those that move."""
    return torch.nonzero(mask == 1)[:, 0], torch.nonzero(mask == 0)[:, 0]


def rows(moved, log_det):
    """One log-determinant a row, where one stands for all."""
    return moved, log_det.expand(len(moved))


def by_autograd(function, x):
    """The gradient in x of a function of rows."""
    point = x.clone().requires_grad_()
    return torch.autograd.grad(function(point).sum(), point)[0]


def softplus_inverse(value):
    """The inverse of log(1 + exp)."""
    return value + torch.log(-torch.expm1(-value))


def shares(knots):
    """Logarithms whose softmax, with the least width, gives bins between -3 and 3."""
    widths = torch.diff(knots) / 6
    return torch.log((widths - MINIMUM) / (1 - MINIMUM * widths.shape[1]))


def spline(function, x_knots, y_knots, slopes, x, inverse):
    """A spline of nflows' making, which takes unconstrained widths, heights and inner slopes."""
    inner = softplus_inverse(slopes[:, 1:-1] - MINIMUM)
    parts = [part.expand(len(x), -1, -1) for part in (shares(x_knots), shares(y_knots), inner)]
    moved, log_slopes = function(x, *parts, inverse=inverse, tails="linear", tail_bound=3.0)
    return moved, log_slopes.sum(1)


class Splines:
    """The ports of splines, by `rational`, the library's own function of them."""

    rational: Callable

    def spline_forward(self, x_knots, y_knots, slopes, x):
        return spline(self.rational, x_knots, y_knots, slopes, x, False)

    def spline_inverse(self, x_knots, y_knots, slopes, y):
        return spline(self.rational, x_knots, y_knots, slopes, y, True)


class Own:
    """A layer with random parameters, made once for every dimension."""

    framework = "torch"

    def __init__(self, name, version, make, size=0.3):
        self.name, self.version, self._make, self._size, self._made = name, version, make, size, {}

    def _layer(self, dim):
        if dim not in self._made:
            torch.manual_seed(dim)
            self._made[dim] = self._make(dim).eval()
            for part in self._made[dim].parameters():
                part.data += self._size * torch.randn(part.shape)
        return self._made[dim]

    def bijection_forward(self, x):
        return rows(*self._layer(x.shape[1])(x))

    def bijection_inverse(self, y):
        return rows(*self._layer(y.shape[1]).inverse(y))

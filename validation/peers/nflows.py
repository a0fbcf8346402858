"""nflows: couplings, autoregressions, linear maps by factors, splines, 1x1 convolutions."""

from __future__ import annotations

from importlib.metadata import version as version_of

import torch

from validation.peers.bijections import (
    MINIMUM,
    Layer,
    Net,
    Own,
    Splines,
    by_autograd,
    softplus_inverse,
)
from validation.peers.stand_ins import modules

transforms, distributions, flows = modules(
    "nflows", ("transforms", "distributions", "flows"), ("matplotlib", "matplotlib.pyplot")
)
VERSION = version_of("nflows")


class Coupling:
    """Scales are sigmoid(s + 2) + 0.001; a mask of nflows says what moves."""

    name, framework, version = "nflows, AffineCouplingTransform", "torch", VERSION
    conventions = {"scale_of": "sigmoid(s + 2) + 0.001"}

    def _transform(self, conditioner, mask):
        def outputs(kept):
            return torch.cat(conditioner(kept), 1)

        return transforms.AffineCouplingTransform(1 - mask, lambda k, m: Net(outputs))

    def coupling_forward(self, conditioner, mask, x):
        return self._transform(conditioner, mask)(x)

    def coupling_inverse(self, conditioner, mask, y):
        return self._transform(conditioner, mask).inverse(y)


class Autoregressive:
    """Scales are log(1 + exp(s)) + 0.001."""

    name, framework, version = "nflows, MaskedAffineAutoregressiveTransform", "torch", VERSION
    conventions = {"scale_of": "softplus"}

    def _transform(self, conditioner, dim):
        def outputs(x):
            m, s = conditioner(x)
            raw = softplus_inverse(torch.nn.functional.softplus(s) - MINIMUM)
            return torch.stack([raw, m], -1).flatten(1)

        made = transforms.MaskedAffineAutoregressiveTransform(dim, 8)
        made.autoregressive_net = Net(outputs)
        return made

    def autoregressive_forward(self, conditioner, x):
        return self._transform(conditioner, x.shape[1])(x)

    def autoregressive_inverse(self, conditioner, y):
        return self._transform(conditioner, y.shape[1]).inverse(y)


class Layers(Splines):
    """Factors of matrices, permutations, splines, 1x1 convolutions."""

    name, framework, version = "nflows, layers", "torch", VERSION
    conventions = {"deviation": "n - 1"}
    rational = staticmethod(
        transforms.nonlinearities.splines.unconstrained_rational_quadratic_spline
    )
    expected_failures = {
        "linear_flow_inverse_prerequisites": "NaiveLinear's inverse calls torch.solve, which"
        " PyTorch no longer has",
    }

    def _factors(self, lower, upper, made=None):
        made = transforms.LULinear(len(lower)) if made is None else made
        made.lower_entries.data = lower[made.lower_indices]
        made.upper_entries.data = upper[made.upper_indices]
        made.unconstrained_upper_diag.data = softplus_inverse(upper.diagonal() - made.eps)
        return made

    def triangular_flow_forward(self, lower, upper, x):
        return self._factors(lower, upper)(x)

    def triangular_flow_inverse(self, lower, upper, y):
        return self._factors(lower, upper).inverse(y)

    def permutation_forward(self, places, x):
        return transforms.Permutation(places)(x)

    def permutation_inverse(self, places, y):
        return transforms.Permutation(places).inverse(y)

    def actnorm_forward(self, data, x):
        made = transforms.ActNorm(data.shape[1])
        made(data)
        return made(x)

    def linear_flow_forward(self, matrix, offset, x):
        return self._naive(matrix, offset)(x)

    def linear_flow_inverse(self, matrix, offset, y):
        return self._naive(matrix, offset).inverse(y)

    def _naive(self, matrix, offset):
        made = transforms.NaiveLinear(len(matrix))
        made._weight.data, made.bias.data = matrix, offset
        return made


class Stack:
    """Flow of a CompositeTransform, from the data to the base."""

    name, framework, version = "nflows, Flow", "torch", VERSION
    conventions = {"flow_direction": "data to base"}

    def _composite(self, layers):
        return transforms.CompositeTransform(list(map(Layer, layers)))

    def composition_forward(self, layers, x):
        return self._composite(layers)(x)

    def composition_inverse(self, layers, y):
        return self._composite(layers).inverse(y)

    def layered_log_density(self, layers, x):
        base = distributions.StandardNormal([x.shape[1]])
        return flows.Flow(self._composite(layers), base).log_prob(x)

    def layered_log_density_gradient(self, layers, x):
        return by_autograd(lambda z: self.layered_log_density(layers, z), x)


class Planted(Stack):
    """With log-determinants multiplied, as determinants are."""

    name = "nflows, planted: log-determinants multiplied"
    expected_failures = {"layers_compose": "planted"}

    def composition_forward(self, layers, x):
        product = 1.0
        for layer in layers:
            x, log_det = layer.forward(x)
            product = product * log_det
        return x, product


def mask(dim):
    return torch.arange(dim) % 2


def net(k, m):
    return Net(torch.nn.Sequential(torch.nn.Linear(k, 8), torch.nn.Tanh(), torch.nn.Linear(8, m)))


def coupled(kind):
    made = getattr(transforms, f"Piecewise{kind}CouplingTransform")
    return lambda d: made(mask(d), net, tails="linear", tail_bound=4.0)


def masked(kind):
    made = getattr(transforms, f"MaskedPiecewise{kind}AutoregressiveTransform")
    return lambda d: made(features=d, hidden_features=8, num_bins=5, tails="linear", tail_bound=4.0)


OWN = {
    "PiecewiseQuadraticCouplingTransform": coupled("Quadratic"),
    "PiecewiseCubicCouplingTransform": coupled("Cubic"),
    "PiecewiseRationalQuadraticCouplingTransform": coupled("RationalQuadratic"),
    "PiecewiseLinearCouplingTransform": coupled("Linear"),
    "MaskedPiecewiseQuadraticAutoregressiveTransform": masked("Quadratic"),
    "MaskedPiecewiseRationalQuadraticAutoregressiveTransform": masked("RationalQuadratic"),
    "SVDLinear": lambda d: transforms.SVDLinear(d, 2),
    "QRLinear": lambda d: transforms.QRLinear(d, d),
    "LULinear": lambda d: transforms.LULinear(d),
    "HouseholderSequence": lambda d: transforms.HouseholderSequence(d, d),
    "LogTanh": lambda d: transforms.LogTanh(),
    "LeakyReLU": lambda d: transforms.LeakyReLU(),
}
SUBJECTS = [
    Coupling(),
    Autoregressive(),
    Layers(),
    Stack(),
    *(Own(f"nflows, {name}", VERSION, make) for name, make in OWN.items()),
    Planted(),
]

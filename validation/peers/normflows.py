"""normflows: couplings, autoregressions, planar and radial maps, splines, 1x1 convolutions."""

from __future__ import annotations

from importlib.metadata import version as version_of

import normflows as nf
import torch

from validation.peers.bijections import Layer, Net, Own, Splines, by_autograd, rows, split

VERSION = version_of("normflows")


class Masked:
    """MaskedAffineFlow, which hands its networks all coordinates, those that move as zeros."""

    name, framework, version = "normflows, MaskedAffineFlow", "torch", VERSION

    def _flow(self, conditioner, mask):
        kept, moved = split(mask)

        def part(i):
            outputs = lambda z: conditioner(z[:, kept])[i]  # noqa: E731
            return Net(lambda z: torch.zeros_like(z).index_copy(1, moved, outputs(z)))

        return nf.flows.MaskedAffineFlow(mask, t=part(0), s=part(1))

    def coupling_forward(self, conditioner, mask, x):
        return self._flow(conditioner, mask).forward(x)

    def coupling_inverse(self, conditioner, mask, y):
        return self._flow(conditioner, mask).inverse(y)


class Coupling:
    """AffineCoupling, whose network gives shifts and scales in turn."""

    framework, version = "torch", VERSION

    def __init__(self, scale_map, scale_of):
        self.name, self._map = f"normflows, AffineCoupling, {scale_map}", scale_map
        self.conventions = {"scale_of": scale_of}

    def _moved(self, way, conditioner, mask, x):
        kept, moved = split(mask)
        net = Net(lambda z: torch.stack(conditioner(z), -1).flatten(1))
        flow = nf.flows.AffineCoupling(net, scale_map=self._map)
        (_, part), log_det = getattr(flow, way)([x[:, kept], x[:, moved]])
        return x.index_copy(1, moved, part), log_det

    def coupling_forward(self, conditioner, mask, x):
        return self._moved("forward", conditioner, mask, x)

    def coupling_inverse(self, conditioner, mask, y):
        return self._moved("inverse", conditioner, mask, y)


class Layers(Splines):
    """Scales are sigmoid(s + 2) + 0.001; planar and radial maps are made invertible."""

    name, framework, version = "normflows, layers", "torch", VERSION
    conventions = {
        "scale_of": "sigmoid(s + 2) + 0.001", "planar_bend": "made invertible",
        "radial_swelling": "made invertible", "deviation": "n - 1, plus 1e-6",
    }  # fmt: skip
    rational = staticmethod(nf.utils.splines.unconstrained_rational_quadratic_spline)

    def _autoregressive(self, conditioner, dim):
        def outputs(x):
            m, s = conditioner(x)
            return torch.stack([s, m], -1).flatten(1)

        flow = nf.flows.MaskedAffineAutoregressive(dim, 4)
        flow.autoregressive_net = Net(outputs)
        return flow

    def autoregressive_forward(self, conditioner, x):
        return self._autoregressive(conditioner, x.shape[1]).forward(x)

    def autoregressive_inverse(self, conditioner, y):
        return self._autoregressive(conditioner, y.shape[1]).inverse(y)

    def planar_forward(self, bend, direction, shift, x):
        b = torch.tensor([float(shift)])
        return nf.flows.Planar((len(bend),), u=bend[None], w=direction[None], b=b).forward(x)

    def radial_forward(self, centre, softening, swelling, x):
        flow = nf.flows.Radial((len(centre),), z_0=centre[None])
        flow.alpha.data[:], flow.beta.data[:] = softening, swelling
        return flow.forward(x)

    def permutation_forward(self, places, x):
        return self._permute(places).forward(x)

    def permutation_inverse(self, places, y):
        return self._permute(places).inverse(y)

    def _permute(self, places):
        flow = nf.flows.Permute(len(places))
        flow.perm, flow.inv_perm = places, torch.argsort(places)
        return flow

    def actnorm_forward(self, data, x):
        flow = nf.flows.ActNorm((data.shape[1],))
        flow.forward(data)
        return rows(*flow.forward(x))

    def channel_mixing(self, matrix, images):
        flow = nf.flows.Invertible1x1Conv(len(matrix))
        flow.W.data = matrix
        return rows(*flow.inverse(images))


class Stack:
    """NormalizingFlow, from the base to the data."""

    name, framework, version = "normflows, NormalizingFlow", "torch", VERSION

    def _flow(self, layers, dim):
        return nf.NormalizingFlow(nf.distributions.DiagGaussian(dim), list(map(Layer, layers)))

    def composition_forward(self, layers, x):
        return self._flow(layers, x.shape[1]).forward_and_log_det(x)

    def composition_inverse(self, layers, y):
        return self._flow(layers, y.shape[1]).inverse_and_log_det(y)

    def layered_log_density(self, layers, x):
        return self._flow(layers, x.shape[1]).log_prob(x)

    def layered_log_density_gradient(self, layers, x):
        return by_autograd(lambda z: self.layered_log_density(layers, z), x)


class Planted(Layers):
    """With a planar map whose determinant forgets the projection, and a pinch without its power."""

    name = "normflows, planted: planar and radial determinants"
    expected_failures = {"planar_changes_volume": "planted", "radial_changes_volume": "planted"}

    def planar_forward(self, bend, direction, shift, x):
        y, _ = super().planar_forward(bend, direction, shift, x)
        return y, torch.log1p(1 / torch.cosh(x @ direction + shift) ** 2)

    def radial_forward(self, centre, softening, swelling, x):
        y, log_det = super().radial_forward(centre, softening, swelling, x)
        far = torch.linalg.vector_norm(x - centre, dim=1)
        ratio = torch.linalg.vector_norm(y - centre, dim=1) / far
        return y, log_det + torch.log(ratio)


OWN = {
    "CoupledRationalQuadraticSpline": lambda d: nf.flows.CoupledRationalQuadraticSpline(d, 1, 8),
    "AutoregressiveRationalQuadraticSpline": lambda d: (
        nf.flows.AutoregressiveRationalQuadraticSpline(d, 1, 8)
    ),
    "MaskedAffineAutoregressive": lambda d: nf.flows.MaskedAffineAutoregressive(d, 8),
    "LULinearPermute": nf.flows.LULinearPermute,
    "InvertibleAffine": nf.flows.InvertibleAffine,
}
SUBJECTS = [
    Masked(),
    Coupling("exp", "exp"),
    Coupling("sigmoid", "1 / sigmoid(s + 2)"),
    Coupling("sigmoid_inv", "sigmoid(s + 2)"),
    Layers(),
    Stack(),
    *(Own(f"normflows, {name}", VERSION, make) for name, make in OWN.items()),
    Planted(),
]

"""Layers of flows in every reading."""

import numpy as np

from refscore.verify import library

from .subjects import subject


def affine(scale_of=np.exp, form="x scale + shift"):
    """Couplings and autoregressions with another scale, or put together otherwise."""

    def moved(x, shift, s):
        scale = scale_of(s)
        if form == "x scale + shift":
            return x * scale + shift, np.log(scale).sum(1)
        if form == "(x + shift) scale":
            return (x + shift) * scale, np.log(scale).sum(1)
        return (x - shift) / scale, -np.log(scale).sum(1)

    def coupling_forward(conditioner, mask, x):
        y = x.copy()
        y[:, mask == 0], log_det = moved(x[:, mask == 0], *conditioner(x[:, mask == 1]))
        return y, log_det

    def autoregressive_forward(conditioner, x):
        return moved(x, *conditioner(x))

    return subject(coupling_forward=coupling_forward, autoregressive_forward=autoregressive_forward)


def sigmoid(s):
    return 1 / (1 + np.exp(-s - 2))


def inverted_density(layers, x):
    z, log_det = library.composition_forward(layers, x)
    return -0.5 * np.sum(z**2 + np.log(2 * np.pi), axis=1) + log_det


def free_planar(bend, direction, shift, x):
    inner = bend @ direction
    more = (np.logaddexp(0, inner) - 1 - inner) * direction / (direction @ direction)
    return library.planar_forward(bend + more, direction, shift, x)


def free_radial(centre, softening, swelling, x):
    return library.radial_forward(centre, softening, np.logaddexp(0, swelling) - softening, x)


def unbiased_actnorm(data, x, more=0.0):
    sd = data.std(0, ddof=1) + more
    return (x - data.mean(0)) / sd, np.full(len(x), -np.log(sd).sum())


SUBJECTS = {
    ("scale_of", "sigmoid(s + 2)"): affine(sigmoid),
    ("scale_of", "1 / sigmoid(s + 2)"): affine(lambda s: 1 / sigmoid(s)),
    ("scale_of", "softplus"): affine(lambda s: np.logaddexp(0, s)),
    ("scale_of", "exp(tanh(s))"): affine(lambda s: np.exp(np.tanh(s))),
    ("scale_of", "sigmoid(s + 2) + 0.001"): affine(lambda s: sigmoid(s) + 1e-3),
    ("affine_form", "(x - shift) / scale"): affine(form="(x - shift) / scale"),
    ("affine_form", "(x + shift) scale"): affine(form="(x + shift) scale"),
    ("flow_direction", "data to base"): subject(layered_log_density=inverted_density),
    ("planar_bend", "made invertible"): subject(planar_forward=free_planar),
    ("radial_swelling", "made invertible"): subject(radial_forward=free_radial),
    ("deviation", "n - 1"): subject(actnorm_forward=unbiased_actnorm),
    ("deviation", "n - 1, plus 1e-6"): subject(
        actnorm_forward=lambda data, x: unbiased_actnorm(data, x, 1e-6)
    ),
}

"""What the library's ports, and mistakes in them, read of the conventions declared for a port."""

from __future__ import annotations

import numpy as np

from refscore import distributions, flows, ode
from refscore.verify.setting import convention

EPS = 1e-6  # what some add to a standard deviation
SHAMPINE = (1951 / 21600, 0.0, 22642 / 50085, 451 / 720, -12231 / 42400, 649 / 6300, 1 / 60)


def scale_of(port, s):
    """The number that multiplies, from a network's output s."""
    kind = convention(port, "scale_of", "exp")
    gate = 1 / (1 + np.exp(-s - 2))
    return {
        "exp": np.exp(s), "softplus": np.logaddexp(0.0, s), "exp(tanh(s))": np.exp(np.tanh(s)),
        "sigmoid(s + 2)": gate, "1 / sigmoid(s + 2)": 1 / gate,
        "sigmoid(s + 2) + 0.001": gate + 0.001,
    }[kind]  # fmt: skip


def form_of(port):
    """How a shift and a scale move what they are given."""
    return convention(port, "affine_form", "x scale + shift")


def sign_of(port):
    """1 where the scale multiplies on the way forward, -1 where it divides."""
    return -1.0 if form_of(port) == "(x - shift) / scale" else 1.0


def moved(port, x, shift, scale):
    """The coordinates x shifted and scaled forward."""
    return {
        "x scale + shift": x * scale + shift,
        "(x - shift) / scale": (x - shift) / scale,
        "(x + shift) scale": (x + shift) * scale,
    }[form_of(port)]


def unmoved(port, y, shift, scale):
    """The inverse of `moved`."""
    return {
        "x scale + shift": (y - shift) / scale,
        "(x - shift) / scale": y * scale + shift,
        "(x + shift) scale": y / scale - shift,
    }[form_of(port)]


def coupled(port, conditioner, mask, x, way=moved):
    """A coupling, or with `unmoved` its inverse."""
    kept, others = np.flatnonzero(mask == 1), np.flatnonzero(mask == 0)
    shift, s = conditioner(x[:, kept])
    scale, y = scale_of(port, s), x.copy()
    y[:, others] = way(port, x[:, others], shift, scale)
    turned = 1.0 if way is moved else -1.0
    return y, turned * sign_of(port) * np.log(scale).sum(1)


def autoregressed(port, conditioner, x):
    """An autoregressive map."""
    shift, s = conditioner(x)
    scale = scale_of(port, s)
    return moved(port, x, shift, scale), sign_of(port) * np.log(scale).sum(1)


def unregressed(port, conditioner, y):
    """Its inverse, one coordinate after another."""
    x, total = np.zeros_like(y), np.zeros(len(y))
    for i in range(y.shape[1]):
        shift, s = (part[:, i] for part in conditioner(x))
        scale = scale_of(port, s)
        x[:, i] = unmoved(port, y[:, i], shift, scale)
        total -= sign_of(port) * np.log(scale)
    return x, total


def usual(port):
    """True where an affine layer is x exp(s) + shift, as the library's."""
    return convention(port, "scale_of", "exp") == "exp" and form_of(port) == "x scale + shift"


def hat(bend, direction):
    """The bend of a planar map made invertible."""
    inner = bend @ direction
    return bend + (np.logaddexp(0.0, inner) - 1 - inner) * direction / (direction @ direction)


def bend_of(port, bend, direction):
    """The bend that is meant."""
    made = convention(port, "planar_bend", "as given") == "made invertible"
    return hat(bend, direction) if made else bend


def swelling_of(port, softening, swelling):
    """The swelling that is meant."""
    made = convention(port, "radial_swelling", "as given") == "made invertible"
    return float(np.logaddexp(0.0, swelling) - softening) if made else swelling


def planar(port, bend, direction, shift):
    """The library's planar map."""
    return flows.Planar(bend_of(port, bend, direction), direction, shift)


def radial(port, centre, softening, swelling):
    """The library's radial map."""
    return flows.Radial(centre, softening, swelling_of(port, softening, swelling))


def deviations_of(port, data):
    """The standard deviations of data."""
    rule = convention(port, "deviation", "n")
    return data.std(0, ddof=0 if rule == "n" else 1) + (EPS if rule.endswith("1e-6") else 0.0)


def base_of(dim):
    """N(0, I)."""
    return distributions.Gaussian(np.zeros(dim), np.eye(dim))


def generating(port, layers):
    """The map from the base to the data that layers of the library's make."""
    whole = flows.Composition(*layers)
    return whole.inverted if towards_base(port) else whole


def towards_base(port):
    """The layers carry the data to the base."""
    return convention(port, "flow_direction", "base to data") == "data to base"


def with_error(method):
    """A method with the embedded weights that are meant."""
    table = ode.tableau(method)
    weights = convention("ode_error", "embedded_weights", "Dormand and Prince")
    if table.name == "dormand_prince" and weights == "Shampine":
        return table._replace(b_low=np.array(SHAMPINE))
    return table

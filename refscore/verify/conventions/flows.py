"""What multiplies and what is added in affine layers; which way a flow's layers go; how planar
and radial maps are kept invertible; how a standard deviation is estimated."""

from __future__ import annotations

from .base import Convention, Family

_AFFINE = (
    "coupling_forward", "coupling_inverse", "autoregressive_forward", "autoregressive_inverse",
)  # fmt: skip
CONVENTIONS = {
    "scale_of": Convention(
        {
            "exp": "exp(s) multiplies",
            "sigmoid(s + 2)": "1 / (1 + exp(-s - 2)) multiplies",
            "1 / sigmoid(s + 2)": "1 + exp(-s - 2) multiplies",
            "softplus": "log(1 + exp(s)) multiplies",
            "exp(tanh(s))": "exp(tanh(s)) multiplies",
            "sigmoid(s + 2) + 0.001": "0.001 more than 1 / (1 + exp(-s - 2)) multiplies",
        },
        ports=_AFFINE,
        right_side=True,
    ),
    "affine_form": Convention(
        {
            "x scale + shift": "forward maps x to x scale + shift",
            "(x - shift) / scale": "forward maps x to (x - shift) / scale",
            "(x + shift) scale": "forward maps x to (x + shift) scale",
        },
        ports=_AFFINE,
        right_side=True,
    ),
    "flow_direction": Convention(
        {
            "base to data": "the layers carry the base's points to the data",
            "data to base": "the layers carry the data to the base: log p(x) = log p₀(f(x)) +"
            " log|det|",
        },
        ports=("layered_log_density", "layered_log_density_gradient"),
        right_side=True,
    ),
    "planar_bend": Convention(
        {
            "as given": "u = bend",
            "made invertible": "u = bend + (log(1 + exp(w·bend)) - 1 - w·bend) w / |w|²",
        },
        ports=("planar_forward", "planar_inverse"),
        right_side=True,
    ),
    "radial_swelling": Convention(
        {
            "as given": "x + swelling (x - c) / (softening + r)",
            "made invertible": "log(1 + exp(swelling)) - softening in place of swelling",
        },
        ports=("radial_forward", "radial_inverse"),
        right_side=True,
    ),
    "deviation": Convention(
        {
            "n": "the sum of squares over n",
            "n - 1": "the sum of squares over n - 1",
            "n - 1, plus 1e-6": "1e-6 more than its root, the sum of squares over n - 1",
        },
        ports=("actnorm_forward",),
        right_side=True,
    ),
}
FAMILY = Family(__doc__, CONVENTIONS)

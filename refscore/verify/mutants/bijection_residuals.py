"""Mistakes in planar and radial maps: the volume they make, and their inverses."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.library import declared
from refscore.verify.mutants.base import mistake


def _planar(bend, direction, shift, x, log_det):
    bend = declared.bend_of("planar_forward", bend, direction)
    z = x @ direction + shift
    return x + np.tanh(z)[:, None] * bend, log_det(bend @ direction, np.tanh(z))


@mistake("planar_without_projection", port="planar_forward", source="classic: u·w left out")
def _(bend, direction, shift, x):
    """The determinant is one plus the slope of tanh, without u·w."""
    return _planar(bend, direction, shift, x, lambda k, h: np.log(2 - h**2))


@mistake("planar_slope_not_squared", port="planar_forward", source="classic: 1 - tanh")
def _(bend, direction, shift, x):
    """The slope of tanh is 1 - tanh, its square forgotten."""
    return _planar(bend, direction, shift, x, lambda k, h: np.log(np.abs(1 + k * (1 - h))))


@mistake("planar_one_left_out", port="planar_forward", source="classic")
def _(bend, direction, shift, x):
    """The identity's one is left out of the determinant."""
    return _planar(bend, direction, shift, x, lambda k, h: np.log(np.abs(k * (1 - h**2))))


@mistake("planar_log_det_sign", port="planar_forward", source="L01")
def _(bend, direction, shift, x):
    """The log-determinant has the inverse's sign."""
    return _planar(bend, direction, shift, x, lambda k, h: -np.log(1 + k * (1 - h**2)))


@mistake("planar_determinant_not_logged", port="planar_forward", source="classic")
def _(bend, direction, shift, x):
    """The determinant in place of its logarithm."""
    return _planar(bend, direction, shift, x, lambda k, h: 1 + k * (1 - h**2))


@mistake("planar_shift_left_out_of_slope", port="planar_forward", source="classic")
def _(bend, direction, shift, x):
    """The slope is that at w·x, without b."""
    h = np.tanh(x @ direction)
    y, _ = library.planar_forward(bend, direction, shift, x)
    inner = declared.bend_of("planar_forward", bend, direction) @ direction
    return y, np.log(1 + inner * (1 - h**2))


@mistake("planar_hat_in_the_map_alone", port="planar_forward",
         source="classic: û moves, u counts")  # fmt: skip
def _(bend, direction, shift, x):
    """The bend made invertible moves the points; the determinant has the bend as given."""
    h = np.tanh(x @ direction + shift)
    y = x + h[:, None] * declared.hat(bend, direction)
    return y, np.log(np.abs(1 + bend @ direction * (1 - h**2)))


@mistake("planar_inverse_in_one_step", port="planar_inverse",
         source="classic: no algebraic inverse")  # fmt: skip
def _(bend, direction, shift, y):
    """One step of a fixed-point iteration."""
    own = declared.planar("planar_inverse", bend, direction, shift)
    x = y - np.tanh(y @ direction + shift)[:, None] * own.u
    return x, -own.forward(x)[1]


@mistake("planar_inverse_log_det_of_forward", port="planar_inverse", source="L01")
def _(bend, direction, shift, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.planar_inverse(bend, direction, shift, y)
    return x, -log_det


@mistake("planar_inverse_slope_at_output", port="planar_inverse", source="L12: the wrong end")
def _(bend, direction, shift, y):
    """The log-determinant is taken at the point that is inverted."""
    own = declared.planar("planar_inverse", bend, direction, shift)
    return own.inverse(y)[0], -own.forward(y)[1]


def _radial(centre, softening, swelling, x, log_det):
    apart, swelling = x - centre, declared.swelling_of("radial_forward", softening, swelling)
    r = np.linalg.norm(apart, axis=1)
    h = 1 / (softening + r)
    return x + swelling * h[:, None] * apart, log_det(swelling * h, swelling * h**2 * r)


@mistake("radial_exponent_of_d", port="radial_forward", source="classic: d for d - 1")
def _(centre, softening, swelling, x):
    """The directions across count d times."""
    d = x.shape[1]
    return _radial(centre, softening, swelling, x,
                   lambda a, b: d * np.log(1 + a) + np.log(1 + a - b))  # fmt: skip


@mistake("radial_as_in_the_plane", port="radial_forward", source="classic: 1 for d - 1")
def _(centre, softening, swelling, x):
    """The directions across count once, as in the plane."""
    return _radial(centre, softening, swelling, x,
                   lambda a, b: np.log(1 + a) + np.log(1 + a - b))  # fmt: skip


@mistake("radial_slope_left_out", port="radial_forward", source="classic: h' forgotten")
def _(centre, softening, swelling, x):
    """The radius is stretched like the directions across."""
    d = x.shape[1]
    return _radial(centre, softening, swelling, x, lambda a, b: d * np.log(1 + a))


@mistake("radial_slope_sign", port="radial_forward", source="classic: the sign of h'")
def _(centre, softening, swelling, x):
    """The slope of 1/(α + r) has the wrong sign."""
    d = x.shape[1]
    return _radial(centre, softening, swelling, x,
                   lambda a, b: (d - 1) * np.log(1 + a) + np.log(np.abs(1 + a + b)))  # fmt: skip


@mistake("radial_squared_radius", port="radial_forward", source="classic: the root forgotten")
def _(centre, softening, swelling, x):
    """The squared distance stands for the distance in the map."""
    apart, swell = x - centre, declared.swelling_of("radial_forward", softening, swelling)
    square = np.sum(apart**2, axis=1, keepdims=True)
    _, log_det = library.radial_forward(centre, softening, swelling, x)
    return x + swell * apart / (softening + square), log_det


@mistake("radial_squared_throughout", port="radial_forward", source="classic: the root forgotten")
def _(centre, softening, swelling, x):
    """The squared distance stands for the distance in the map, and in its determinant."""
    apart, swell = x - centre, declared.swelling_of("radial_forward", softening, swelling)
    square, d = np.sum(apart**2, axis=1), x.shape[1]
    across, h = 1 + swell / (softening + square), 1 / (softening + square)
    out = np.abs(across - 2 * swell * square * h**2)
    return x + (swell * h)[:, None] * apart, (d - 1) * np.log(np.abs(across)) + np.log(out)


@mistake("radial_slope_without_radius", port="radial_forward", source="classic: h' for h' r")
def _(centre, softening, swelling, x):
    """In the determinant h' is not multiplied by the radius."""
    swell, d = declared.swelling_of("radial_forward", softening, swelling), x.shape[1]
    h = 1 / (softening + np.linalg.norm(x - centre, axis=1))
    return _radial(
        centre, softening, swelling, x,
        lambda a, b: (d - 1) * np.log(1 + a) + np.log(np.abs(1 + a - swell * h**2)),
    )  # fmt: skip


@mistake("radial_inverse_radius_of_output", port="radial_inverse", source="classic")
def _(centre, softening, swelling, y):
    """The radius of the point that is inverted stands for the radius before."""
    own = declared.radial("radial_inverse", centre, softening, swelling)
    apart = y - centre
    r = np.linalg.norm(apart, axis=1, keepdims=True)
    x = centre + apart / (1 + own.beta / (own.alpha + r))
    return x, -own.forward(x)[1]


@mistake("radial_inverse_log_det_of_forward", port="radial_inverse", source="L01")
def _(centre, softening, swelling, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.radial_inverse(centre, softening, swelling, y)
    return x, -log_det

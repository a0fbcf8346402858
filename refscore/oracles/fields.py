"""Values, Jacobians and divergences of described fields, real or complex.

affine: A x + b. mlp: W_L tanh(... tanh(W_1 x + b_1) ...) + b_L. mixture_score: see `scores`.
Affine fields and networks accept complex parameters and points, so that a derivative can be
had from a complex step f(theta + i h)/h, whose error is of order h^2 = 1e-80.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import scores


def value(field, x):
    """s(x). x: (..., d). Returns (..., d)."""
    x = np.asarray(x)
    if field.kind == "affine":
        return _plain(_times(x, field.matrix) + _wide(field.offset))
    if field.kind == "mixture_score":
        return scores.score(_law(field), x)
    h = _wide(x)
    for weight, bias in zip(field.weights[:-1], field.biases[:-1]):
        h = _tanh(_times(h, weight) + _wide(bias))
    return _plain(_times(h, field.weights[-1]) + _wide(field.biases[-1]))


def jacobian(field, x):
    """ds_i/dx_j. x: (..., d). Returns (..., d, d).

    mlp: J = W_L D_{L-1} W_{L-1} ... D_1 W_1 with D = diag(1/cosh^2)."""
    x = np.asarray(x)
    if field.kind == "affine":
        matrix = np.asarray(field.matrix)
        return np.broadcast_to(matrix, (*x.shape, x.shape[-1])).copy()
    if field.kind == "mixture_score":
        return scores.score_jacobian(_law(field), x)
    h = _wide(x)
    chain = np.broadcast_to(np.eye(x.shape[-1]), (*x.shape, x.shape[-1]))
    for weight, bias in zip(field.weights[:-1], field.biases[:-1]):
        before = _times(h, weight) + _wide(bias)
        chain = _tanh_slope(before)[..., None] * np.einsum("ij,...jk->...ik", weight, chain)
        h = _tanh(before)
    return _plain(np.einsum("ij,...jk->...ik", field.weights[-1], chain))


def divergence(field, x):
    """tr J(x). x: (..., d). Returns (...,)."""
    return np.einsum("...ii->...", jacobian(field, x))


def jvp(field, x, v):
    """J(x) v. x, v: (..., d). Returns (..., d)."""
    return np.einsum("...ij,...j->...i", jacobian(field, x), v)


def vjp(field, x, v):
    """J(x)^T v. x, v: (..., d). Returns (..., d)."""
    return np.einsum("...ij,...i->...j", jacobian(field, x), v)


def energy(field, x):
    """Minus a log density whose score is the field: -x^T A x/2 - b.x for symmetric A, or -log p.

    Raises ValueError for a field not known to be a gradient."""
    if field.kind == "mixture_score":
        return -scores.log_density(_law(field), x)
    if field.kind != "affine" or not np.array_equal(field.matrix, np.transpose(field.matrix)):
        raise ValueError(f"energy needs a known gradient field, got {field.kind} without symmetry")
    x = np.asarray(x)
    return -np.einsum("...i,...i->...", x, _times(x, field.matrix) / 2 + field.offset)


def parameters(field):
    """Flat parameters (p,): affine A row-major, b; mlp W_1 row-major, b_1, W_2, b_2, ..."""
    return np.concatenate([np.ravel(a) for a in _arrays(field)] or [np.zeros(0)])


def with_parameters(field, theta):
    """The same field with other flat parameters, real or complex."""
    arrays = _arrays(field)
    ends = np.cumsum([np.size(a) for a in arrays])
    if np.size(theta) != (ends[-1] if arrays else 0):
        raise ValueError(f"theta must hold {ends[-1] if arrays else 0} numbers")
    pieces = np.split(np.asarray(theta), ends[:-1]) if arrays else []
    pieces = [p.reshape(np.shape(a)) for p, a in zip(pieces, arrays)]
    if field.kind == "affine":
        return SimpleNamespace(kind="affine", matrix=pieces[0], offset=pieces[1])
    if field.kind == "mlp":
        return SimpleNamespace(kind="mlp", weights=tuple(pieces[::2]), biases=tuple(pieces[1::2]))
    return field


def parameter_gradient(function_of_field, field, step=1e-40):
    """Gradient in the flat parameters of a scalar function of an affine field or network.

    Im f(theta + i h e_j)/h with h = 1e-40: exact to rounding for a function made of analytic
    operations (no absolute values, conjugates or comparisons). Cost: p evaluations."""
    theta = parameters(field).astype(complex)
    gradient = np.zeros(len(theta))
    for j in range(len(theta)):
        moved = theta.copy()
        moved[j] += 1j * step
        gradient[j] = np.imag(function_of_field(with_parameters(field, moved))) / step
    return gradient


def richardson_gradient(f, theta, step=1e-2, levels=6):
    """Gradient of any smooth real f at theta by Richardson-extrapolated central differences.

    Second witness: no complex numbers. Accuracy about 1e-11 relative to |f| for smooth f."""
    theta = np.asarray(theta, dtype=float)
    gradient = np.zeros(len(theta))
    for j, unit in enumerate(np.eye(len(theta))):
        steps = step / 2.0 ** np.arange(levels)
        row = [(f(theta + h * unit) - f(theta - h * unit)) / (2 * h) for h in steps]
        for k in range(1, levels):
            row = [(4**k * b - a) / (4**k - 1) for a, b in zip(row, row[1:])]
        gradient[j] = row[0]
    return gradient


def _arrays(field):
    if field.kind == "affine":
        return [np.asarray(field.matrix), np.asarray(field.offset)]
    if field.kind == "mlp":
        pairs = zip(field.weights, field.biases)
        return [np.asarray(a) for pair in pairs for a in pair]
    if field.kind == "mixture_score":
        return []
    raise ValueError(f"field kind must be affine, mixture_score or mlp, got {field.kind!r}")


def _law(field):
    names = ("weights", "means", "covariances")
    return SimpleNamespace(kind="mixture", **{n: getattr(field, n) for n in names})


def _wide(a):
    a = np.asarray(a)
    return a.astype(np.clongdouble if np.iscomplexobj(a) else np.longdouble)


def _plain(a):
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(a).astype(complex if np.iscomplexobj(a) else float)


def _times(x, matrix):
    return np.einsum("ij,...j->...i", _wide(matrix), _wide(x))


def _tanh(u):
    """(1 - e)/(1 + e), e = exp(-2|u|), with the sign of the real part."""
    sign = np.where(u.real < 0, -1, 1)
    with np.errstate(under="ignore"):
        return -sign * np.expm1(-2 * sign * u) / (1 + np.exp(-2 * sign * u))


def _tanh_slope(u):
    """1/cosh^2 u = 4 e/(1 + e)^2."""
    with np.errstate(under="ignore"):
        e = np.exp(-2 * np.where(u.real < 0, -1, 1) * u)
    return 4 * e / (1 + e) ** 2

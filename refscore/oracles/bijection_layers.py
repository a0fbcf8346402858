"""What monotone maps and layers of them must give, and densities through them.

Values in another form than the usual one, or number by number; log|det| by complex steps of the
whole map (see `bijections`), or by sixth-order differences of what a subject returns.
"""

from __future__ import annotations

import numpy as np

from . import scores
from .bijections import mapped, numbers, root, unmapped


def sinh_arcsinh(skewness, tail, x):
    """(y, log|det|) of sinh(tail (arcsinh x + skewness))."""
    return mapped(lambda z: np.sinh(tail * (np.arcsinh(z) + skewness)), x)


def sinh_arcsinh_inverse(skewness, tail, y):
    """(x, log|det|) of its inverse."""
    return unmapped(
        lambda z: np.sinh(tail * (np.arcsinh(z) + skewness)),
        lambda z: np.sinh(np.arcsinh(z) / tail - skewness), y,
    )  # fmt: skip


def _spline(x_knots, y_knots, slopes, z):
    """The spline in the form of Gregory and Delbourgo, one number after another."""
    out = np.empty_like(numbers(z))
    for row, col in np.ndindex(z.shape):
        xs, ys, ds, t = x_knots[col], y_knots[col], slopes[col], z[row, col]
        if not xs[0] <= t.real <= xs[-1]:
            end = 0 if t.real < xs[0] else -1
            out[row, col] = ys[end] + ds[end] * (t - xs[end])
            continue
        k = min(int(np.searchsorted(xs, t.real, side="right")) - 1, len(xs) - 2)
        v = (t - xs[k]) / (xs[k + 1] - xs[k])
        s = (ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k])
        top = s * ys[k + 1] * v**2 + s * ys[k] * (1 - v) ** 2
        top = top + (ys[k] * ds[k + 1] + ys[k + 1] * ds[k]) * v * (1 - v)
        bottom = s * v**2 + (ds[k] + ds[k + 1]) * v * (1 - v) + s * (1 - v) ** 2
        out[row, col] = top / bottom
    return out


def spline(x_knots, y_knots, slopes, x):
    """(y, log|det|) of rational-quadratic splines with straight tails."""
    return mapped(lambda z: _spline(x_knots, y_knots, slopes, z), x)


def spline_inverse(x_knots, y_knots, slopes, y):
    """(x, log|det|) of their inverse, by bisection."""

    def solved(z):
        found = np.empty_like(z)
        for row, col in np.ndindex(z.shape):
            one = [a[col : col + 1] for a in (x_knots, y_knots, slopes)]

            def f(t, one=one, c=z[row, col]):
                return float(np.real(_spline(*one, np.array([[t]]))[0, 0])) - c

            found[row, col] = root(f, 0.0, 60.0)
        return found

    return unmapped(lambda z: _spline(x_knots, y_knots, slopes, z), solved, y)


def permuted(places, x):
    """y with y_i = x_{places[i]}."""
    return np.stack([x[:, int(p)] for p in places], axis=1)


def unpermuted(places, y):
    """x with x_{places[i]} = y_i."""
    x = np.empty(np.shape(y))
    for i, p in enumerate(places):
        x[:, int(p)] = y[:, i]
    return x


def standardised(data, x, deviation="n"):
    """(y, log|det|) of x less the data's mean over their standard deviation."""
    n = len(data)
    mean = sum(data) / n
    sd = np.sqrt(sum((row - mean) ** 2 for row in data) / (n if deviation == "n" else n - 1))
    sd = sd + (1e-6 if "plus" in deviation else 0.0)
    return (x - mean) / sd, np.full(len(x), -sum(np.log(s) for s in sd))


def standardised_log_density(law, mean, deviations, x):
    """log p((x - m)/s) - sum log s."""
    volume = np.log(np.abs(np.linalg.det(np.diag(deviations))))
    return scores.log_density(law, (x - mean) / deviations) - volume


def mixed_channels(matrix, images):
    """(y, log|det|) of a matrix on the channels of every pixel: the whole matrix, its slogdet."""
    _, c, h, w = np.shape(images)
    whole = np.kron(matrix, np.eye(h * w))
    flat = np.reshape(images, (len(images), -1))
    log_det = np.full(len(images), np.linalg.slogdet(whole)[1])
    return (flat @ whole.T).reshape(np.shape(images)), log_det


def _through(layers, z):
    for matrix, offset, skewness, tail in _each(layers):
        z = z @ matrix.T + offset
        z = np.sinh(tail * (np.arcsinh(z) + skewness))
    return z


def _each(layers):
    return list(zip(layers.matrices, layers.offsets, layers.skewness, layers.tails))


def _back(layers, z):
    for matrix, offset, skewness, tail in _each(layers)[::-1]:
        z = np.sinh(np.arcsinh(z) / tail - skewness)
        z = np.linalg.solve(matrix, (z - offset).T).T
    return z


def composed(layers, x):
    """(y, log|det|) of linear and sinh-arcsinh layers in turn, by the whole Jacobian."""
    return mapped(lambda z: _through(layers, z), x)


def composed_inverse(layers, y):
    """(x, log|det|) of the inverse, by the whole Jacobian."""
    return mapped(lambda z: _back(layers, z), y)


def layered_log_density(layers, x, direction="base to data"):
    """log density of x where N(0, I) goes through the layers, or x goes through them to it."""
    way = _back if direction == "base to data" else _through
    z, log_det = mapped(lambda v: way(layers, v), x)
    d = x.shape[1]
    return -(z * z).sum(-1) / 2 - d / 2 * np.log(2 * np.pi) + log_det


def layered_log_density_gradient(layers, x, direction="base to data"):
    """Its gradient in x (n, d), by eighth-order differences in extended precision."""
    step, x = np.longdouble(2e-3), np.asarray(x, dtype=np.longdouble)
    weights = [np.longdouble(a) / b for a, b in ((4, 5), (-1, 5), (4, 105), (-1, 280))]
    found = np.zeros(x.shape, dtype=np.longdouble)
    for j in range(x.shape[1]):
        move = np.zeros(x.shape[1], dtype=np.longdouble)
        for k, weight in enumerate(weights, start=1):
            move[j] = k * step
            ends = [_extended(layers, x + s * move, direction) for s in (1, -1)]
            found[:, j] += weight * (ends[0] - ends[1]) / step
    return found.astype(float)


def _extended(layers, x, direction):
    """log p up to a constant, its layers' slopes one by one: no determinant, any precision."""
    total, z = np.zeros(len(x), dtype=x.dtype), x
    if direction != "base to data":
        for matrix, offset, skewness, tail in _each(layers):
            z = z @ matrix.T + offset
            inner = tail * (np.arcsinh(z) + skewness)
            total = total + (np.log(np.cosh(inner)) - np.log1p(z * z) / 2).sum(1)
            z = np.sinh(inner)
        return total - (z * z).sum(1) / 2
    for matrix, offset, skewness, tail in _each(layers)[::-1]:
        inner = np.arcsinh(z) / tail - skewness
        total = total + (np.log(np.cosh(inner)) - np.log1p(z * z) / 2).sum(1)
        z = (np.sinh(inner) - offset) @ np.linalg.inv(matrix).T
    return total - (z * z).sum(1) / 2


def differences(f, x, step=1e-3):
    """The sign (n,) of a map's determinant and log|det| (n,), by sixth-order differences of its
    own values, points in one batch."""
    n, d = np.shape(x)
    shifts = step * np.array([-1, 1, -0.5, 0.5, -0.25, 0.25])
    points = [x + s * e for e in np.eye(d) for s in shifts]
    values = np.reshape(f(np.concatenate(points)), (d, 3, 2, n, d))
    slopes = (values[:, :, 1] - values[:, :, 0]) / (2 * shifts[1::2, None, None])
    first = (4 * slopes[:, 1:] - slopes[:, :-1]) / 3
    jacobian = np.moveaxis((16 * first[:, 1] - first[:, 0]) / 15, 0, -1)
    return tuple(np.linalg.slogdet(jacobian))


def elimination_operations(dim):
    """How many products and quotients eliminate a matrix, counted one by one."""
    count = 0
    for column in range(dim):
        for _row in range(column + 1, dim):
            count += 1  # the quotient
            count += sum(1 for _entry in range(column + 1, dim))
    return float(count)

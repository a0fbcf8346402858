"""What invertible maps must give: maps written out by hand, determinants by complex steps.

A map here takes complex numbers, so that every Jacobian is Im f(x + i h e_j)/h with h = 1e-30,
exact to rounding, and log|det| is NumPy's `slogdet` of it. Inverses are solved coordinate by
coordinate, by substitution or by bisection of the map itself.
"""

from __future__ import annotations

import numpy as np

TINY = 1e-30


def numbers(value):
    """A complex or a float array."""
    return np.asarray(value, dtype=complex if np.iscomplexobj(value) else float)


def jacobians(f, x):
    """The Jacobians (n, d, d) of a rowwise analytic map at x (n, d), derivative last."""
    x = np.asarray(x, dtype=float)
    columns = [np.imag(f(x + 1j * TINY * e)) / TINY for e in np.eye(x.shape[1])]
    return np.stack(columns, axis=-1)


def mapped(f, x):
    """The pair f(x) and log|det f'(x)| by complex steps."""
    return np.real(f(np.asarray(x, dtype=float))), np.linalg.slogdet(jacobians(f, x))[1]


def unmapped(f, inverse, y):
    """The pair x = f⁻¹(y) and −log|det f'(x)|."""
    x = np.asarray(inverse(np.asarray(y, dtype=float)))
    return x, -np.linalg.slogdet(jacobians(f, x))[1]


def scale_of(s, kind):
    """The positive number that multiplies, from a network's output s."""
    if kind == "exp":
        return np.exp(s)
    if kind == "softplus":
        return np.log(1 + np.exp(s))
    if kind == "exp(tanh(s))":
        return np.exp(np.tanh(s))
    sigmoid = 1 / (1 + np.exp(-s - 2))
    if kind.endswith("0.001"):
        return sigmoid + 0.001
    return 1 / sigmoid if kind.startswith("1 /") else sigmoid


def _moved(x, shift, s, kind, form):
    scale = scale_of(s, kind)
    if form == "(x - shift) / scale":
        return (x - shift) / scale
    return (x + shift) * scale if form == "(x + shift) scale" else x * scale + shift


def _unmoved(y, shift, s, kind, form):
    scale = scale_of(s, kind)
    if form == "(x - shift) / scale":
        return y * scale + shift
    return y / scale - shift if form == "(x + shift) scale" else (y - shift) / scale


def _outputs(network, x):
    """Shifts and raw scales of a described network at the rows of x."""
    hidden = np.array([[_dot(w, row) for w in network.hidden_weights] for row in x])
    hidden = np.tanh(hidden + network.hidden_biases)
    out = hidden @ network.output_weights.T + network.output_biases
    half = len(network.output_biases) // 2
    return out[:, :half], out[:, half:]


def _dot(w, row):
    return sum(a * b for a, b in zip(w, row))


def coupling(network, mask, x, kind="exp", form="x scale + shift"):
    """(y, log|det|) of an affine coupling: coordinates of mask 1 kept."""
    return mapped(lambda z: _coupled(network, mask, z, kind, form, _moved), x)


def coupling_inverse(network, mask, y, kind="exp", form="x scale + shift"):
    """(x, log|det|) of the inverse."""
    return unmapped(
        lambda z: _coupled(network, mask, z, kind, form, _moved),
        lambda z: _coupled(network, mask, z, kind, form, _unmoved), y,
    )  # fmt: skip


def _coupled(network, mask, z, kind, form, move):
    kept, others = np.flatnonzero(mask), np.flatnonzero(np.asarray(mask) == 0)
    shift, s = _outputs(network, z[:, kept])
    out = np.array(numbers(z))
    out[:, others] = move(z[:, others], shift, s, kind, form)
    return out


def autoregression(network, x, kind="exp", form="x scale + shift"):
    """(y, log|det|) of an autoregressive affine map, shifts and scales from x."""
    return mapped(lambda z: _moved(z, *_outputs(network, z), kind, form), x)


def autoregression_inverse(network, y, kind="exp", form="x scale + shift"):
    """(x, log|det|) of its inverse, one coordinate after the other."""

    def solved(z):
        x = np.zeros_like(z)
        for i in range(z.shape[1]):
            shift, s = _outputs(network, x)
            x[:, i] = _unmoved(z[:, i], shift[:, i], s[:, i], kind, form)
        return x

    return unmapped(lambda z: _moved(z, *_outputs(network, z), kind, form), solved, y)


def masked_network(hidden_weights, output_weights, degrees, x):
    """The outputs (n, d) of one hidden layer whose links obey the degrees, link by link."""
    n, d = np.shape(x)
    out = np.zeros((n, d))
    for k, degree in enumerate(degrees):
        seen = sum(hidden_weights[k, j] * x[:, j] for j in range(d) if j + 1 <= degree)
        unit = np.tanh(seen + np.zeros(n))
        for i in range(d):
            if degree < i + 1:
                out[:, i] += output_weights[i, k] * unit
    return out


def _bend(bend, direction, reading):
    """The u of a planar map, from what it is given: itself, or made invertible."""
    if reading == "as given":
        return bend
    inner = direction @ bend
    return bend + (np.log(1 + np.exp(inner)) - 1 - inner) * direction / (direction @ direction)


def planar(bend, direction, shift, x, reading="as given"):
    """(y, log|det|) of x + u tanh(w.x + b)."""
    u = _bend(bend, direction, reading)
    return mapped(lambda z: z + np.tanh(z @ direction + shift)[:, None] * u, x)


def planar_inverse(bend, direction, shift, y, reading="as given"):
    """(x, log|det|) of its inverse: the projection by bisection."""
    u = _bend(bend, direction, reading)

    def solved(z):
        a = np.array([root(lambda t, c=c: t + u @ direction * np.tanh(t + shift) - c, c)
                      for c in z @ direction])  # fmt: skip
        return z - np.tanh(a + shift)[:, None] * u

    return unmapped(lambda z: z + np.tanh(z @ direction + shift)[:, None] * u, solved, y)


def _swelling(softening, swelling, reading):
    if reading == "as given":
        return softening, swelling
    return abs(softening), np.log(1 + np.exp(swelling)) - abs(softening)


def radial(centre, softening, swelling, x, reading="as given"):
    """(y, log|det|) of x + b (x - c)/(a + |x - c|)."""
    a, b = _swelling(softening, swelling, reading)
    return mapped(lambda z: z + b * (z - centre) / (a + _length(z - centre)), x)


def radial_inverse(centre, softening, swelling, y, reading="as given"):
    """(x, log|det|) of its inverse: the radius by bisection."""
    a, b = _swelling(softening, swelling, reading)

    def solved(z):
        far = _length(z - centre)[:, 0]
        r = np.array([root(lambda t, c=c: t * (1 + b / (a + abs(t))) - c, c, 1 + abs(b))
                      for c in far])  # fmt: skip
        return centre + (z - centre) * (r / far)[:, None]

    return unmapped(lambda z: z + b * (z - centre) / (a + _length(z - centre)), solved, y)


def _length(z):
    return np.sqrt((z * z).sum(-1, keepdims=True))


def root(f, near, width=12.0):
    """The root of an increasing function near a number."""
    from scipy.optimize import brentq

    return brentq(f, near - width, near + width, xtol=1e-14, rtol=1e-15)


def linear(matrix, offset, x):
    """(y, log|det|) of W x + b, the determinant by its permutations."""
    y = np.array([[_dot(row, z) for row in matrix] for z in x]) + offset
    return y, np.full(len(x), np.log(abs(_expanded(np.asarray(matrix)))))


def linear_inverse(matrix, offset, y):
    """(x, log|det|) of its inverse, by Cramer's rule."""
    matrix, whole = np.asarray(matrix), _expanded(np.asarray(matrix))
    x = np.empty(np.shape(y))
    for row, z in enumerate(y - offset):
        for j in range(len(matrix)):
            swapped = matrix.copy()
            swapped[:, j] = z
            x[row, j] = _expanded(swapped) / whole
    return x, np.full(len(y), -np.log(abs(whole)))


def _expanded(a):
    """The determinant by expansion along the first row: no elimination."""
    if len(a) == 1:
        return a[0, 0]
    minors = (np.delete(a[1:], j, axis=1) for j in range(len(a)))
    return sum((-1) ** j * a[0, j] * _expanded(minor) for j, minor in enumerate(minors))


def triangular(lower, upper):
    """The matrix L U, L with ones on its diagonal, entry by entry."""
    d = len(lower)
    full = [[lower[i, k] if k < i else float(k == i) for k in range(d)] for i in range(d)]
    return np.array([
        [sum(full[i][k] * upper[k, j] for k in range(min(i, j) + 1)) for j in range(d)]
        for i in range(d)
    ])  # fmt: skip

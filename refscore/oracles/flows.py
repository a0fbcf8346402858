"""What flows in continuous time must give: closed forms of their maps, volumes and log densities.

A described velocity f(z, t) carries the base at t0 to the data at t1:

    log p(x) = log p_0(z) - int_{t0}^{t1} tr f_z dt,  z the start of the path that ends in x

Every closed form takes complex numbers, so that derivatives are had by complex steps; those of
linear velocities are Frechet derivatives of the exponential, which the tests hold against them.
A network is integrated to 1e-13.
Points are (n, d), probes (n, m, d); a law is a gaussian or a mixture.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import scores
from ._flow_maps import affine_matrix, carried, rates, velocity_at
from ._memory import remembered

STEP = 1e-30  # of complex steps: exact, and far from the smallest numbers
PARAMETERS = {"linear": ("matrix", "offset"), "rotating": ("matrix", "frequency"),
              "cubic": ("rate",), "logistic": ("rate",), "sine": ("rate",),
              "hopf": ("growth", "frequency"),
              "forced": ("rate", "force", "frequency")}  # fmt: skip


def log_det(velocity, x, t0, t1):
    """log |det| of the map that takes x at t1 back to t0."""
    return rates(velocity, x, t1, t0).sum(-1)


@remembered
def log_density(velocity, x, law, t0, t1):
    """log p at x, the base being this law at t0."""
    return _log_density(velocity, x, law, t0, t1)


def _log_density(velocity, x, law, t0, t1):
    return log_base(law, carried(velocity, x, t1, t0)) + log_det(velocity, x, t0, t1)


def log_base(law, z):
    """log p_0(z) of a gaussian or a mixture, complex points too."""
    weights, means, covariances = _components(law)
    logs = []
    for w, m, c in zip(weights, means, covariances):
        gap = z - m
        square = np.einsum("ni,ij,nj->n", gap, np.linalg.inv(c), gap)
        logs.append(np.log(w) - (square + np.linalg.slogdet(2 * np.pi * c)[1]) / 2)
    logs = np.array(logs)
    top = logs.real.max(axis=0)
    return top + np.log(np.exp(logs - top).sum(axis=0))


def _components(law):
    if law.kind == "gaussian":
        return np.ones(1), law.mean[None], law.covariance[None]
    return law.weights, law.means, law.covariances


# --- with probes -----------------------------------------------------------------------------


def estimate(velocity, x, law, t0, t1, probes):
    """The log density that probes held fixed along every path give: log p_0(z) minus the mean over
    them of int v^T f_z v dt."""
    return _estimate(velocity, x, law, t0, t1, probes)


def _estimate(velocity, x, law, t0, t1, probes):
    base = log_base(law, carried(velocity, x, t1, t0))
    if velocity.kind in ("hopf", "time_mlp"):
        raise ValueError(f"no closed form of v^T int f_z dt v for {velocity.kind}")
    if velocity.kind in ("linear", "rotating"):
        form = integrated_jacobian(velocity, t0, t1)
        return base - np.einsum("nmi,ij,nmj->nm", probes, form, probes).mean(-1)
    return base + (rates(velocity, x, t1, t0) * np.mean(probes**2, axis=1)).sum(-1)


def estimate_on_grid(velocity, x, law, times, probes):
    """The same of a linear velocity with probes[k] (n, m, d) from times[k] to times[k + 1]."""
    base = log_base(law, carried(velocity, x, times[-1], times[0]))
    forms = np.einsum("knmi,ij,knmj->knm", probes, velocity.matrix, probes).mean(-1)
    return base - np.diff(times) @ forms


def integrated_jacobian(velocity, t0, t1):
    """int_{t0}^{t1} f_z dt of a velocity linear in z, its symmetric part alone where it turns.

    R(a) S R(-a) of a symmetric S = s I + [[p, q], [q, -p]] has p cos 2a - q sin 2a for p and
    p sin 2a + q cos 2a for q."""
    a = velocity.matrix
    if velocity.kind == "linear":
        return (t1 - t0) * a
    w, s = velocity.frequency, (a[0, 0] + a[1, 1]) / 2
    p, q = (a[0, 0] - a[1, 1]) / 2, (a[0, 1] + a[1, 0]) / 2
    sine = (np.sin(2 * w * t1) - np.sin(2 * w * t0)) / (2 * w)
    cosine = (np.cos(2 * w * t0) - np.cos(2 * w * t1)) / (2 * w)
    p, q = p * sine - q * cosine, p * cosine + q * sine
    return np.array([[s * (t1 - t0) + p, q], [q, s * (t1 - t0) - p]])


def estimate_variance(matrix, span, kind):
    """The variance over one probe of -span v^T A v, signs or normal numbers."""
    symmetric = span * (matrix + matrix.T) / 2
    own = 0.0 if kind == "gaussian" else np.sum(np.diag(symmetric) ** 2)
    return 2 * (np.sum(symmetric**2) - own)


# --- derivatives -----------------------------------------------------------------------------


def gradient(velocity, x, law, t0, t1, probes=None):
    """Of the mean log density, or of its estimate on probes: in every point (n, d) and in the
    parameters (p,), by complex steps."""

    def value(velocity, x):
        if probes is None:
            return _log_density(velocity, x, law, t0, t1)
        return _estimate(velocity, x, law, t0, t1, probes)

    x = np.asarray(x)
    points = np.empty(x.shape)
    for i in range(x.shape[1]):
        moved = x.astype(complex)
        moved[:, i] += 1j * STEP
        points[:, i] = value(velocity, moved).imag / STEP / len(x)
    slopes = [value(v, x.astype(complex)).imag.mean() / STEP for v in moved_by(velocity)]
    return points, np.array(slopes)


def moved_by(velocity):
    """The velocity with each of its parameters in turn moved by i STEP."""
    if velocity.kind in PARAMETERS:
        names = PARAMETERS[velocity.kind]
        for moved in _moved([getattr(velocity, name) for name in names]):
            yield SimpleNamespace(kind=velocity.kind, **dict(zip(names, moved)))
        return
    layers = zip(velocity.weights, velocity.biases)
    for moved in _moved([part for layer in layers for part in layer]):
        yield SimpleNamespace(kind=velocity.kind, weights=moved[::2], biases=moved[1::2])


def _moved(arrays):
    """The arrays with each of their entries in turn moved by i STEP."""
    for k, array in enumerate(arrays):
        for index in np.ndindex(np.shape(array)):
            moved = np.asarray(array).astype(complex)
            moved[index] += 1j * STEP
            yield [*map(np.asarray, arrays[:k]), moved, *map(np.asarray, arrays[k + 1 :])]


def linear_gradient(velocity, x, law, t0, t1):
    """The same of z' = W z + b, by the Frechet derivative of the exponential.

    With r = grad log p_0 at z_0, E = exp(-M T), M = [[W, b], [0, 0]], x~ = (x, 1):
    d/dx = (E^T r~)_x, d/dM = -T L(-M^T T, mean r~ x~^T), and -T I beside for W."""
    from scipy.linalg import expm, expm_frechet

    span, (n, d), m = t1 - t0, np.shape(x), affine_matrix(velocity)
    r = scores.score(law, carried(velocity, x, t1, t0))
    r, wide = np.column_stack([r, np.zeros(n)]), np.column_stack([x, np.ones(n)])
    slope = -span * expm_frechet(-span * m.T, r.T @ wide / n, compute_expm=False)
    matrix = slope[:d, :d] - span * np.eye(d)
    return (r @ expm(-span * m))[:, :d] / n, np.concatenate([matrix.ravel(), slope[:d, d]])


# --- energies --------------------------------------------------------------------------------


def kinetic_energy(velocity, x, t0, t1):
    """int 1/2 |f|^2 dt along the path that ends in x at t1; linear velocities in closed form."""
    if velocity.kind == "linear":
        m = affine_matrix(velocity)
        return _quadratic(velocity, x, t0, t1, m[:-1].T @ m[:-1]) / 2
    return _summed(velocity, x, t0, t1, lambda f, J: (f**2).sum(-1) / 2)


def jacobian_energy(velocity, x, t0, t1, probes):
    """int of the mean over probes of |f_z v|^2."""

    def value(f, J):
        return (np.einsum("nij,nmj->nmi", J, probes) ** 2).sum(-1).mean(-1)

    if velocity.kind == "linear":
        return (t1 - t0) * value(None, np.broadcast_to(velocity.matrix, (len(x), *2 * x.shape[1:])))
    return _summed(velocity, x, t0, t1, value)


def directional_energy(velocity, x, t0, t1):
    """int |f_z f|^2 dt."""
    if velocity.kind == "linear":
        u = velocity.matrix @ affine_matrix(velocity)[:-1]
        return _quadratic(velocity, x, t0, t1, u.T @ u)
    return _summed(velocity, x, t0, t1, lambda f, J: (np.einsum("nij,nj->ni", J, f) ** 2).sum(-1))


def _quadratic(velocity, x, t0, t1, form):
    """int z~^T Q z~ dt along z~ = exp(M (t - t1)) x~, the Gramian by a block exponential."""
    from scipy.linalg import expm

    m = -affine_matrix(velocity)
    k, zero = len(m), np.zeros_like(m)
    blocks = expm((t1 - t0) * np.block([[-m.T, form], [zero, m]]))
    gramian = blocks[k:, k:].T @ blocks[:k, k:]
    wide = np.column_stack([x, np.ones(len(x))])
    return np.einsum("ni,ij,nj->n", wide, gramian, wide)


def _summed(velocity, x, t0, t1, value, panels=6, order=12):
    """By Gauss-Legendre panels along the path."""
    node, weight = np.polynomial.legendre.leggauss(order)
    edges, total = np.linspace(t0, t1, panels + 1), 0.0
    for a, b in zip(edges[:-1], edges[1:]):
        for u, w in zip((a + b) / 2 + (b - a) / 2 * node, (b - a) / 2 * weight):
            total = total + w * value(*slope(velocity, carried(velocity, x, t1, u), u))
    return total


def slope(velocity, z, t):
    """f(z, t) and f_z (n, d, d), by complex steps."""

    def f(z):
        return velocity_at(velocity, z, t)

    columns = []
    for i in range(z.shape[1]):
        moved = z.astype(complex)
        moved[:, i] += 1j * STEP
        columns.append(f(moved).imag / STEP)
    return f(z), np.stack(columns, -1)

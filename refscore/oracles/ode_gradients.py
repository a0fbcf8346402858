"""What gradients through a solve must be, from closed forms of the solution.

A described velocity f(z, t; theta) takes x0 at t0 to z(t1). Derivatives of a closed form are had by
complex steps; those of linear velocities by the Frechet derivative of the exponential, and
networks by their variational equation to 1e-13. Points are (n, d), cotangents like them.
"""

from __future__ import annotations

import numpy as np

from . import flows, ode
from ._flow_maps import affine_matrix, velocity_at
from ._memory import remembered
from .flows import moved_by

STEP = flows.STEP


@remembered
def gradient(velocity, x0, t0, t1, cotangent):
    """Of sum cotangent z(t1): in x0 (n, d), in the parameters (p,), in t0 and in t1."""
    return path_gradient(velocity, x0, np.array([t0, t1]), _last(cotangent, 2))


@remembered
def path_gradient(velocity, x0, times, cotangents):
    """Of sum_k sum cotangents[k] z(times[k]): in x0, in the parameters, in every time, (k,)."""
    if velocity.kind == "linear":
        return _linear(velocity, x0, times, cotangents)
    if velocity.kind not in flows.PARAMETERS:
        return _variational(velocity, x0, times, cotangents)

    def value(velocity, x0, times):
        path = [flows.carried(velocity, x0, times[0], t) for t in times[1:]]
        return sum(np.sum(g * z, axis=-1) for g, z in zip(cotangents, [x0, *path]))

    return _stepped(value, velocity, x0, times)


@remembered
def cost_gradient(velocity, x0, t0, t1, cost):
    """Of the sum over rows of int l(z(t), t) dt, l = 1/2 (rate + ramp t) |z|^2 + level sum z."""

    def value(velocity, x0, times):
        node, weight = np.polynomial.legendre.leggauss(40)
        start, end = times
        middle, half = (start + end) / 2, (end - start) / 2
        total = 0.0
        for u, w in zip(node, weight):
            t = middle + half * u
            z = flows.carried(velocity, x0, start, t)
            density = (cost.rate + cost.ramp * t) * (z * z).sum(-1) / 2 + cost.level * z.sum(-1)
            total = total + half * w * density
        return total

    return _stepped(value, velocity, x0, np.array([t0, t1]))


@remembered
def steps_gradient(velocity, x0, times, cotangent, method):
    """Of sum cotangent x_N, x_N the end of the named method's steps: in x0, in the parameters."""

    def value(velocity, x0, times):
        return np.sum(cotangent * ode.steps(velocity, x0, times, method), axis=-1)

    return _stepped(value, velocity, x0, times, clock=False)[:2]


@remembered
def adjoint_euler_gradient(velocity, x0, times, cotangent):
    """What Euler's steps of the adjoint give with states known: x_{n+1} beside lambda_{n+1}."""
    if velocity.kind == "linear":
        return _powers(velocity, x0, times, cotangent, 1)
    states = [np.asarray(x0)]
    for s, t in zip(times[:-1], times[1:]):
        states.append(states[-1] + (t - s) * flows.slope(velocity, states[-1], s)[0])
    lam, total = np.asarray(cotangent), 0.0
    for x, s, t in zip(states[:0:-1], times[-2::-1], times[:0:-1]):
        total = total + (t - s) * _parameter_slope(velocity, x, t, lam)
        lam = lam + (t - s) * np.einsum("nij,ni->nj", flows.slope(velocity, x, t)[1], lam)
    return lam, total


@remembered
def sensitivities(velocity, x0, t0, t1):
    """d z(t1)/d x0 (n, d, d), derivative last, and d z(t1)/d theta (n, d, p)."""
    units = np.eye(x0.shape[1])
    parts = [_rowwise(velocity, x0, t0, t1, e) for e in units]
    return np.stack([a for a, _ in parts], 1), np.stack([b for _, b in parts], 1)


def _rowwise(velocity, x0, t0, t1, e):
    points = gradient(velocity, x0, t0, t1, np.broadcast_to(e, x0.shape))[0]
    rows = [gradient(velocity, x[None], t0, t1, e[None])[1] for x in x0]
    return points, np.array(rows)


def _last(cotangent, k):
    zero = np.zeros_like(cotangent)
    return np.stack([*[zero] * (k - 1), cotangent])


def _stepped(value, velocity, x0, times, clock=True):
    """Derivatives of the sum of value(velocity, x0, times) (n,), by complex steps."""
    x0, times = np.asarray(x0, dtype=float), np.asarray(times, dtype=float)
    points, slopes_in_time = np.empty(x0.shape), []
    for i in range(x0.shape[1]):
        moved = x0.astype(complex)
        moved[:, i] += 1j * STEP
        points[:, i] = value(velocity, moved, times).imag / STEP
    slopes = [value(v, x0.astype(complex), times).imag.sum() / STEP for v in moved_by(velocity)]
    for i in range(len(times) if clock else 0):
        moved = times.astype(complex)
        moved[i] += 1j * STEP
        slopes_in_time.append(value(velocity, x0.astype(complex), moved).imag.sum() / STEP)
    return points, np.array(slopes), np.array(slopes_in_time)


def _linear(velocity, x0, times, cotangents):
    """By Frechet derivatives of the exponential, one loss at a time: with M = [[W, b], [0, 0]],
    d/dx0 = e^(M^T T) r~, d/dM = T L(T M^T, r~ x~^T), d/dt = r.f(z(t)) and minus that at t0."""
    from scipy.linalg import expm, expm_frechet

    M, d = affine_matrix(velocity), np.shape(x0)[1]
    wide = np.column_stack([x0, np.ones(len(x0))])
    points, slope = np.array(cotangents[0], dtype=float), np.zeros_like(M)
    clock = np.zeros(len(times))
    for k in range(1, len(times)):
        T, r = times[k] - times[0], np.column_stack([cotangents[k], np.zeros(len(x0))])
        points += (r @ expm(M * T))[:, :d]
        slope += T * expm_frechet(T * M.T, r.T @ wide, compute_expm=False)
        clock[k] = np.sum(r * (wide @ (M @ expm(M * T)).T))
        clock[0] -= clock[k]
    return points, np.concatenate([slope[:d, :d].ravel(), slope[:d, d]]), clock


def _powers(velocity, x0, times, cotangent, ahead):
    """sum_n h (G^T)^(N-1-n) r~ (G^(n+ahead) x~)^T, G = I + h M; and (G^T)^N r~."""
    M, d, N = affine_matrix(velocity), np.shape(x0)[1], len(times) - 1
    h = (times[-1] - times[0]) / N
    G, wide = np.eye(d + 1) + h * M, np.column_stack([x0, np.ones(len(x0))])
    r = np.column_stack([cotangent, np.zeros(len(x0))])
    power = np.linalg.matrix_power
    slope = sum(h * (r @ power(G, N - 1 - n)).T @ (wide @ power(G, n + ahead).T) for n in range(N))
    return (r @ power(G, N))[:, :d], np.concatenate([slope[:d, :d].ravel(), slope[:d, d]])


def _parameter_slope(velocity, x, t, a):
    """d/d theta of sum a.f(x, t)."""
    return np.array(
        [np.sum(a * velocity_at(v, x.astype(complex), t).imag) / STEP for v in moved_by(velocity)]
    )


# --- networks, by their variational equation ---------------------------------------------------


def _variational(velocity, x0, times, cotangents):
    """V' = f_z V + [0, f_theta] beside z' = f, V(t0) = [I, 0], by DOP853 to 1e-13."""
    from scipy.integrate import solve_ivp

    n, d = np.shape(x0)
    count = sum(w.size + b.size for w, b in zip(velocity.weights, velocity.biases))
    start = np.zeros((n, d, 1 + d + count))
    start[:, :, 0], start[:, :, 1 : d + 1] = x0, np.eye(d)

    def rate(t, y):
        y = y.reshape(start.shape)
        f, J, P = network(velocity, y[:, :, 0], t)
        moved = np.einsum("nij,njk->nik", J, y[:, :, 1:])
        moved[:, :, d:] += P
        return np.concatenate([f[:, :, None], moved], axis=2).ravel()

    path = solve_ivp(
        rate, (times[0], times[-1]), start.ravel(), "DOP853", times, rtol=1e-13, atol=1e-13
    ).y.T.reshape(len(times), *start.shape)
    whole = np.einsum("kni,knij->nj", cotangents, path[:, :, :, 1:])
    f = [network(velocity, y[:, :, 0], t)[0] for t, y in zip(times, path)]
    clock = np.array([np.sum(g * own) for g, own in zip(cotangents, f)])
    clock[0] = -np.sum((whole[:, :d] - cotangents[0]) * f[0])
    return whole[:, :d], whole[:, d:].sum(axis=0), clock


def network(velocity, z, t):
    """A tanh network of [z, t]: f (n, d), f_z (n, d, d) and f_theta (n, d, p), layer by layer."""
    n, d = z.shape
    h, kept = np.column_stack([z, np.full(n, t)]), []
    for weight, bias in zip(velocity.weights[:-1], velocity.biases[:-1]):
        kept.append(h)
        h = np.tanh(h @ weight.T + bias)
    kept.append(h)
    f = h @ velocity.weights[-1].T + velocity.biases[-1]
    back, parts = np.broadcast_to(np.eye(d), (n, d, d)), []
    for layer in range(len(kept) - 1, -1, -1):
        own = np.einsum("nia,nb->niab", back, kept[layer]).reshape(n, d, -1)
        parts = [own, back, *parts]
        back = back @ velocity.weights[layer]
        if layer:
            back = back * (1 - kept[layer] ** 2)[:, None, :]
    return f, back[:, :, :d], np.concatenate(parts, axis=2)

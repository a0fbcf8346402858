"""A right adjoint in Runge-Kutta's fourth order, whose parts the mistakes of adjoints replace."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.once import once

STEPS = 24  # an interval, enough for 1e-5


def pull(velocity):
    """P(x, t, l) = J(x, t)ᵀ l, what the adjoint moves by going back."""
    return lambda x, t, lam: velocity.at(t).vjp(x, lam)


def push(velocity):
    """G(x, t, l) = (df/dθ)ᵀ l, summed over the rows: what the parameters collect."""
    return lambda x, t, lam: velocity.at(t).linearise(x).gradient(value=lam)


@once
def path(velocity, x, t0, t1, steps=STEPS):
    """x at equal times from t0 to t1 and in their middles: a list of (t, x), 2 steps + 1."""
    times, found = np.linspace(t0, t1, steps + 1), [(t0, x)]
    f = velocity(x, t0)
    for s, t in zip(times[:-1], times[1:]):
        h, m = t - s, (s + t) / 2
        k2 = velocity(x + h / 2 * f, m)
        k3 = velocity(x + h / 2 * k2, m)
        new = x + h / 6 * (f + 2 * k2 + 2 * k3 + velocity(x + h * k3, t))
        slope = velocity(new, t)
        found += [(m, (x + new) / 2 + h / 8 * (f - slope)), (t, new)]
        x, f = new, slope
    return found


def back(points, lam, P, G):
    """λ at the first of the points from λ at the last, and ∫ G(x, t, λ) dt."""
    t, z = points[-1]
    k1, collected, total = P(z, t, lam), G(z, t, lam), 0.0
    for (s, x), (m, y), (t, _) in zip(points[-3::-2], points[-2::-2], points[:0:-2]):
        h = t - s
        k2 = P(y, m, lam + h / 2 * k1)
        k3 = P(y, m, lam + h / 2 * k2)
        new = lam + h / 6 * (k1 + 2 * k2 + 2 * k3 + P(x, s, lam + h * k3))
        slope, further = P(x, s, new), G(x, s, new)
        middle = (lam + new) / 2 + h / 8 * (k1 - slope)
        total = total + h / 6 * (collected + 4 * G(y, m, middle) + further)
        lam, k1, collected = new, slope, further
    return lam, total


@once
def gradient(velocity, x0, t0, t1, lam, P=None, G=None, points=None):
    """The right gradient (dx0, dθ), or with other parts."""
    points = path(velocity, x0, t0, t1) if points is None else points
    return back(points, lam, P or pull(velocity), G or push(velocity))


def over_path(velocity, x0, times, cotangents, jump=None, collect=None):
    """Losses at several times: λ after the jump at k is jump(k, λ), θ̄ collect(θ̄, of interval)."""
    jump = jump or (lambda k, lam: lam + cotangents[k])
    pieces, x = [], x0
    for s, t in zip(times[:-1], times[1:]):
        pieces.append(path(velocity, x, s, t, STEPS // 2))
        x = pieces[-1][-1][1]
    lam, total = jump(len(times) - 1, np.zeros_like(x0)), 0.0
    for k in range(len(pieces) - 1, -1, -1):
        lam, own = back(pieces[k], lam, pull(velocity), push(velocity))
        total = collect(total, own) if collect else total + own
        before, lam = lam, jump(k, lam)
    return lam, total, before, pieces

"""Wiener paths, transitions, tables, grids and simulated paths: closed forms and quadrature.

A process is a description as in `diffusion`; an affine function of x and t has .rate, .ramp,
.level: (rate + ramp t) x + level.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from . import diffusion
from ._exact import PI, as_float, extended
from ._interval import panels


def wiener_covariance(times):
    """Cov(W_s, W_t) = min(s, t). times: (n,)."""
    return np.minimum.outer(times, times)


def bridge(t, start, end):
    """(weight of W_start, weight of W_end, variance) of W_t given both.

    By conditioning the increment W_t - W_start on W_end - W_start: covariance t - start over
    variance end - start."""
    s, e, t = extended(start), extended(end), extended(t)
    gain = (t - s) / (e - s)
    return as_float(1 - gain), as_float(gain), as_float((t - s) - gain * (t - s))


def transition(process, t, s):
    """(a, b) of X_s = a X_t + b Z, t <= s: a = e^{int f}, b^2 = int g^2 e^{2 int_u^s f} du."""
    u, weight = panels(float(t), float(s), count=2, order=12)
    _, g2 = diffusion.rates(process, u.astype(float))
    ratio, kept = (np.exp(_drift_area(process, v, s)) for v in (t, u))
    return float(ratio), float(np.sqrt((g2 * kept**2) @ weight))


def _drift_area(process, start, stop):
    u, weight = panels(start, stop, count=2, order=12)
    f, _ = diffusion.rates(process, u.astype(float))
    return as_float((f * weight).sum(-1))


def marginal_rates(process, t):
    """(alpha', sigma') = (f alpha, (2 f sigma^2 + g^2) / (2 sigma))."""
    alpha, sigma = diffusion.marginal(process, t)
    f, g2 = diffusion.rates(process, float(t))
    return f * alpha, f * sigma + g2 / (2 * sigma)


def log_snr(process, t):
    """log(alpha / sigma)."""
    alpha, sigma = (extended(v) for v in diffusion.marginal(process, t))
    return as_float(np.log(alpha) - np.log(sigma))


def betas(name, n):
    """The rates of a named table of n levels, one after the other, in extended precision."""
    one, out = extended(1), np.zeros(n, dtype=extended)
    for i in range(n):
        u = one * i / (n - 1)
        if name == "linear":
            rate = one / 10 + u * (20 - one / 10)
        elif name == "scaled_linear":
            low = np.sqrt(extended(17) / 20)
            rate = (low + u * (np.sqrt(extended(12)) - low)) ** 2
        elif name == "sigmoid":
            rate = one / 10 + (20 - one / 10) / (1 + np.exp(-(12 * u - 6)))
        else:
            after, before = (_cosine(one * (i + k) / n) for k in (1, 0))
            rate = n * min(one - after / before, extended(999) / 1000)
        out[i] = rate / n
    return out


def _cosine(t):
    offset = extended(8) / 1000
    return np.cos(PI / 2 * (t + offset) / (1 + offset)) ** 2


def alpha_bars(rates):
    """The running products of 1 - beta."""
    product, out = extended(1), []
    for rate in rates:
        product = product * (1 - extended(rate))
        out.append(product)
    return np.array(out)


def ladder_increments(sigmas):
    """Standard deviations of the noise from level to level, the smallest from nothing."""
    rising = sorted(extended(v) for v in sigmas)
    squares = [v * v for v in rising]
    return as_float(np.sqrt(np.diff(np.array(squares), prepend=extended(0))))


def karras(n, low, high, rho):
    """Levels whose 1/rho-th powers step down by one amount."""
    top, bottom = (extended(v) ** (1 / extended(rho)) for v in (high, low))
    gap = (top - bottom) / (n - 1)
    return as_float(np.array([(top - i * gap) ** extended(rho) for i in range(n)]))


def integer_grid(total, n, spacing):
    """Descending indices, by exact fractions; halves go to the even neighbour."""
    if spacing == "leading":
        indices = [k * (total // n) for k in reversed(range(n))]
    elif spacing == "linspace":
        indices = [round(Fraction(k * (total - 1), n - 1)) for k in reversed(range(n))]
    else:
        indices = [round(Fraction(total) - Fraction(k * total, n)) - 1 for k in range(n)]
    return np.array(indices, dtype=float)


def affine(description, x, t):
    """(rate + ramp t) x + level."""
    d = description
    return (d.rate + d.ramp * t) * np.asarray(x) + d.level


def euler_maruyama(drift, diffusion_of, x0, times, increments, bend=0.0):
    """All states; with bend = 1 Milstein's term (1/2) g g' (dw^2 - h) is added."""
    path = [np.asarray(x0, dtype=float)]
    for i in range(len(times) - 1):
        x, t, h, dw = path[-1], times[i], times[i + 1] - times[i], increments[i]
        g = affine(diffusion_of, x, t)
        extra = g * (diffusion_of.rate + diffusion_of.ramp * t) * (dw * dw - h) / 2
        path.append(x + h * affine(drift, x, t) + g * dw + bend * extra)
    return np.array(path)


def geometric_step_moments(rate, volatility, h, milstein=False):
    """(E R, E R^2, E R Q) of one step's factor R and the exact factor Q of geometric Brownian
    motion dx = rate x dt + volatility x dw over h."""
    m, v = extended(rate) * h, extended(volatility) ** 2 * h
    more = v * v / 2 if milstein else extended(0)
    return tuple(map(as_float, (1 + m, (1 + m) ** 2 + v + more, np.exp(m) * (1 + m + v + more))))


def geometric_moments(rate, volatility, t):
    """(E, E of the square) of the exact solution at t from 1."""
    return np.exp(rate * t), np.exp((2 * rate + volatility**2) * t)


def linear_path_error(coefficients, start, decay, volatility, times, x0):
    """Mean squared error at the last time of x0 start + sum_i c_i dW_i, as a value of
    dx = -decay x dt + volatility dw driven by the same w: int (c(u) - volatility
    e^{-decay (T - u)})^2 du + (start - e^{-decay T})^2 x0^2."""
    end, total = times[-1], (start - np.exp(-decay * (times[-1] - times[0]))) ** 2 * x0**2
    for c, a, b in zip(coefficients, times[:-1], times[1:]):
        u, weight = panels(a, b, count=1, order=12)
        total += float((c - volatility * np.exp(-decay * (end - u))) ** 2 @ weight)
    return total

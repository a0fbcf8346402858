"""Samplers of the probability flow that treat its linear part exactly, step by step.

Three coordinates: y = x/alpha against rho = sigma/alpha, where d y = eps d rho; u = x/sigma against
kappa = alpha/sigma, where d u = x0 d kappa; both against lambda = log kappa, by Gauss-Legendre.
A step goes from time t to s < t. Nothing is said in the exponentials of a step size.
"""

from __future__ import annotations

import numpy as np

from . import cumulative, diffusion, parametrisations
from ._interval import legendre
from .diffusion import final_time


def noise(law, process, x, t):
    """E[eps | X_t = x]."""
    return parametrisations.expected(law, process, x, t, "noise")


def data(law, process, x, t):
    """E[x0 | X_t = x]."""
    return parametrisations.expected(law, process, x, t, "data")


def ratio(process, t):
    """rho = sigma/alpha."""
    alpha, sigma = diffusion.marginal(process, t)
    return sigma / alpha


def time_of(process, rho):
    """The time at which sigma/alpha is rho."""
    from scipy.optimize import brentq

    def gap(t):
        return np.log(ratio(process, t) / rho)

    high = final_time(process) * (1 - 1e-9)
    return float(brentq(gap, 1e-12 * high, high, xtol=1e-300, rtol=4 * np.finfo(float).eps))


def first_order(law, process, x, t, s):
    """x0 and eps held as they are at t: alpha_s x0 + sigma_s eps."""
    alpha, sigma = diffusion.marginal(process, s)
    return alpha * data(law, process, x, t) + sigma * noise(law, process, x, t)


def heun(law, process, x, t, s):
    """The trapezoidal rule for y over rho, its end by Euler's."""
    start, end = ratio(process, t), ratio(process, s)
    first = noise(law, process, x, t)
    guess = _scaled(process, x, t) + (end - start) * first
    second = noise(law, process, _back(process, guess, s), s)
    return _back(process, _scaled(process, x, t) + (end - start) / 2 * (first + second), s)


def heun_or_euler(law, process, x, t, s):
    """Heun's; Euler's where sigma_s = 0."""
    return (heun if ratio(process, s) > 0 else first_order)(law, process, x, t, s)


def edm(law, process, x, t, s, churn, n_steps, low, high, scale, z):
    """Algorithm 2 of EDM, for y and rho; the last step to rho = 0 is Euler's."""
    rho, end, y = ratio(process, t), ratio(process, s), _scaled(process, x, t)
    gamma = min(churn / n_steps, 2**0.5 - 1) if low <= rho <= high else 0.0
    raised = rho + gamma * rho
    y = y + (raised**2 - rho**2) ** 0.5 * scale * np.asarray(z)
    when = time_of(process, raised) if gamma else t
    slope = (y - data(law, process, _back(process, y, when), when)) / raised
    moved = y + (end - raised) * slope
    if end > 0:
        there = (moved - data(law, process, _back(process, moved, s), s)) / end
        moved = y + (end - raised) * (slope + there) / 2
    return _back(process, moved, s)


def singlestep(law, process, x, t, s, order, kind, rule="midpoint"):
    """DPM-Solver-2, -3 (kind "noise") and DPM-Solver++ 2S, 3S ("data").

    The prediction is a line in lambda through those at t and at the last inner time; the line of
    order 2 (inner time half-way) is taken at its middle unless `rule` is "integrated", that of
    order 3 (2/3) is integrated."""
    predict = {"noise": noise, "data": data}[kind]
    rho, end = ratio(process, t), ratio(process, s)
    now, share = predict(law, process, x, t), (0.5,) if order == 2 else (1 / 3, 2 / 3)
    change = np.zeros_like(now)
    for k, r in enumerate(share):
        u = time_of(process, rho ** (1 - r) * end**r)
        inner = _integrated(process, x, t, u, kind, [now, change * (r / share[k - 1] if k else 0)])
        change = predict(law, process, inner, u) - now
    slope = change / share[-1]
    if order == 2 and rule == "midpoint":
        return _integrated(process, x, t, s, kind, [now + slope / 2])
    return _integrated(process, x, t, s, kind, [now, slope])


def multistep(law, process, x, times, order, kind="data", published=True):
    """Walks descending times: DPM-Solver++ 2M, 3M (published) or exact exponential multistep.

    The prediction is a polynomial in lambda through the last `order` ones. Published: with two of
    them the line at its middle, with three half of the second power's coefficient."""
    predict = {"noise": noise, "data": data}[kind]
    past = []
    for t, s in zip(times[:-1], times[1:]):
        past = [*past, (-np.log(ratio(process, t)), predict(law, process, x, t))][-order:]
        here, end = past[-1][0], -np.log(ratio(process, s))
        theta = [(u - here) / (end - here) for u, _ in past]
        powers = _newton(theta[::-1], [m for _, m in past[::-1]])
        if published and len(past) == 2:
            powers = [powers[0] + powers[1] / 2]
        if published and len(past) == 3:
            powers[2] = powers[2] / 2
        x = _integrated(process, x, t, s, kind, powers)
    return x


def multistep_to_end(law, process, x, times, order, published=True):
    """DPM-Solver++ to a last time at which sigma may be 0: E[x0 | x] there."""
    if ratio(process, times[-1]) > 0:
        return multistep(law, process, x, times, order, published=published)
    x = multistep(law, process, x, times[:-1], order, published=published)
    return diffusion.marginal(process, times[-1])[0] * data(law, process, x, times[-2])


def stochastic(law, process, x, times, order, z, published=True):
    """SDE-DPM-Solver++ 1 and 2M: the forward process's own posterior of X_s given X_t and x0, with
    the prediction of x0 in place of x0; for 2M its line half-way, or, not published, where the mean
    of the line under the weight e^{2 lambda} is. z: (n_steps, ..., d)."""
    past = []
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        past = [*past, (-np.log(ratio(process, t)), data(law, process, x, t))][-order:]
        guess = past[-1][1]
        if len(past) == 2:
            (before, old), (here, now) = past
            h = -np.log(ratio(process, s)) - here
            node, weight = legendre(20)
            share = weight * np.exp(h * (node + 1))
            place = 0.5 if published else share @ ((node + 1) / 2) / share.sum()
            guess = now + (now - old) / (here - before) * h * place
        mean, sd = _posterior(process, x, guess, t, s)
        x = mean + sd * np.asarray(z[k])
    return x


def stochastic_singlestep(law, process, x, t, s, z):
    """Two stages of the reverse SDE on one path of noise: posteriors of the forward process, with
    the prediction at t up to half-way in lambda, with that of half-way to the end. z: (2, ...)."""
    u = time_of(process, np.sqrt(ratio(process, t) * ratio(process, s)))
    now = data(law, process, x, t)
    inner, sd = _posterior(process, x, now, t, u)
    mean, _ = _posterior(process, x, data(law, process, inner + sd * z[0], u), t, s)
    kept, last = _posterior(process, 1.0, 0.0, u, s)
    return mean + kept * sd * z[0] + last * z[1]


def _posterior(process, x, guess, t, s):
    """(mean, sd) of X_s given X_t = x and X_0 = guess, by adding precisions."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = (diffusion.marginal(process, u) for u in (t, s))
    kept = alpha_t / alpha_s
    spread = sigma_t**2 - (kept * sigma_s) ** 2
    variance = 1 / (1 / sigma_s**2 + kept**2 / spread)
    return variance * (alpha_s * guess / sigma_s**2 + kept * x / spread), variance**0.5


def flow_midpoint(law, process, x, t, s):
    """The explicit midpoint rule for dx/dt, in time."""
    middle = x + (s - t) / 2 * diffusion.flow_velocity(law, process, x, t)
    return x + (s - t) * diffusion.flow_velocity(law, process, middle, (t + s) / 2)


def transported(law, process, x, t, s):
    """The probability flow on the line, (n, 1): it keeps the distribution function,
    F_s(x_s) = F_t(x_t)."""
    from scipy.optimize import brentq

    start, end = (diffusion.law_at(law, process, u) for u in (t, s))
    levels = cumulative.marginal_cdf(start, 0, x)

    def gap(y, level):
        return float(cumulative.marginal_cdf(end, 0, y)) - level

    found = [brentq(gap, -60.0, 60.0, args=(level,), xtol=1e-14) for level in np.ravel(levels)]
    return np.reshape(found, np.shape(x))


def even_times(process, high, low, n):
    """n + 1 descending times, about equally far apart in log(sigma/alpha), from high to low.

    A smooth clock through 50 exact times; n of one power of two share theirs."""
    from scipy.interpolate import CubicSpline

    clock = final_time(process) * np.geomspace(1e-3, 0.998, 50)
    clock = CubicSpline(np.log([ratio(process, t) for t in clock]), np.log(clock))
    return np.exp(clock(np.linspace(np.log(high), np.log(low), n + 1))).tolist()


def _scaled(process, x, t):
    return np.asarray(x) / diffusion.marginal(process, t)[0]


def _back(process, y, t):
    return diffusion.marginal(process, t)[0] * y


def _integrated(process, x, t, s, kind, powers):
    """x at s when the prediction is sum_k powers[k] theta^k, theta from 0 to 1 in lambda."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = (diffusion.marginal(process, u) for u in (t, s))
    start, end = np.log(alpha_t / sigma_t), np.log(alpha_s / sigma_s)
    node, weight = legendre(20)
    theta, weight = (node + 1) / 2, weight * (end - start) / 2
    at = start + (end - start) * theta
    if kind == "noise":
        linear, rate, outer = alpha_s / alpha_t, np.exp(-at), -alpha_s
    else:
        linear, rate, outer = sigma_s / sigma_t, np.exp(at), sigma_s
    return linear * x + outer * sum((weight * rate) @ theta**k * c for k, c in enumerate(powers))


def _newton(nodes, values):
    """The powers' coefficients of the polynomial through values at nodes, Newton's way."""
    table, coefficients = list(values), [values[0]]
    for k in range(1, len(nodes)):
        table = [
            (table[i + 1] - table[i]) / (nodes[i + k] - nodes[i]) for i in range(len(table) - 1)
        ]
        coefficients.append(table[0])
    powers = [coefficients[-1]]
    for k in range(len(nodes) - 2, -1, -1):  # Horner: p (theta - node) + c
        shifted = [-nodes[k] * p for p in powers] + [0.0]
        powers = [a + b for a, b in zip(shifted, [coefficients[k], *powers])]
    return powers

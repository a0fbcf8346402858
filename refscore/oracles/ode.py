"""Runge-Kutta steps stage by stage as their authors wrote them, and the paths they approximate.

A described velocity is called f(x, t). On z' = W z + b every method is the polynomial R(h M) of
M = [[W, b], [0, 0]] that its order and its stages give, which is summed by matrix powers; on
other velocities the stages are followed one by one. Exact paths are the closed forms of `flows`,
or, for a network, an integration to 1e-13.
"""

from __future__ import annotations

from fractions import Fraction as Q
from math import factorial

import numpy as np

from . import flows
from ._flow_maps import velocity_at as velocity
from ._memory import remembered


def step(v, x, t, h, method):
    """One step. x: (n, d)."""
    if v.kind == "linear":
        return _by_polynomial(v, x, h, method)
    return _WRITTEN[method](lambda x, t: velocity(v, x, t), x, t, h)[0]


def error(v, x, t, h, method, weights="Dormand and Prince"):
    """The embedded estimate: the step's higher order minus its lower, with published weights."""
    new, k = _WRITTEN[method](lambda x, t: velocity(v, x, t), x, t, h)
    if method in ("midpoint", "heun", "ralston"):
        return new - (x + h * k[0])
    e = _ERRORS["Shampine" if (method, weights) == ("dormand_prince", "Shampine") else method]
    return h * sum(float(ei) * slope for ei, slope in zip(e, k))


def interpolate(v, x, t, h, fraction, method):
    """The state at t + fraction h: a cubic, a quartic in nested form, products of roots."""
    new, k = _WRITTEN[method](lambda x, t: velocity(v, x, t), x, t, h)
    s, rest = fraction, 1 - fraction
    if method == "tsitouras":
        return x + h * sum(b * slope for b, slope in zip(_tsitouras_weights(s), k))
    move = new - x
    first, last = h * k[0] - move, move - h * k[-1]
    bent = last - first
    if method == "bogacki_shampine":
        return x + s * (move + rest * (first + s * bent))
    bump = h * sum(float(d) * slope for d, slope in zip(_SHAMPINE, k))
    return x + s * (move + rest * (first + s * (bent + rest * bump)))


def steps(v, x0, times, method):
    """The state at the last of `times`, one step from each to the next."""
    x = np.asarray(x0)
    for t, end in zip(times[:-1], times[1:]):
        x = step(v, x, t, end - t, method)
    return x


@remembered
def path(v, x0, times):
    """The exact solution at all times, x0 at the first. Returns (k, n, d)."""
    if v.kind != "time_mlp":
        return np.stack([flows.carried(v, x0, times[0], t) for t in times])
    from scipy.integrate import solve_ivp

    def slope(t, y):
        return velocity(v, y.reshape(np.shape(x0)), t).ravel()

    options = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-14, "t_eval": times}
    found = solve_ivp(slope, (times[0], times[-1]), np.ravel(x0), **options)
    return found.y.T.reshape(-1, *np.shape(x0))


def solve(v, x0, t0, t1):
    """The exact solution at t1."""
    return path(v, x0, np.array([t0, t1]))[-1]


def residual_network(velocities, x):
    """x + f(x), one f after another."""
    for v in velocities:
        x = x + velocity(v, x, 0.0)
    return x


# --- linear velocities -----------------------------------------------------------------------

_ORDERS = {"euler": 1, "midpoint": 2, "heun": 2, "ralston": 2, "rk3": 3, "rk4": 4, "rk4_38": 4,
           "bogacki_shampine": 3, "dormand_prince": 5, "tsitouras": 5}  # fmt: skip


def order(method):
    """The order of a method."""
    return _ORDERS[method]


def _by_polynomial(v, x, h, method):
    """R(h M) (x, 1), R(z) the exponential's series to the order and what a sixth stage adds."""
    coefficients = [1 / factorial(k) for k in range(_ORDERS[method] + 1)]
    coefficients += {"dormand_prince": [1 / 600], "tsitouras": [_SIXTH]}.get(method, [])
    power = np.column_stack([x, np.ones(len(x))])
    total = np.zeros_like(power)
    for c in coefficients:
        total = total + c * power
        power = h * power @ flows.affine_matrix(v).T
    return total[:, :-1]


# the product of the entries below the diagonal and the last weight
_SIXTH = (
    0.161 * 0.335480655492357 * 4.3622954328695815 * -0.09249506636175525
    * -0.028269050394068383 * 2.324710524099774
)  # fmt: skip

# --- the methods, each written out -----------------------------------------------------------


def _euler(f, x, t, h):
    k = f(x, t)
    return x + h * k, [k]


def _midpoint(f, x, t, h):
    k = f(x, t)
    m = f(x + h / 2 * k, t + h / 2)
    return x + h * m, [k, m]


def _heun(f, x, t, h):
    k = f(x, t)
    m = f(x + h * k, t + h)
    return x + h / 2 * (k + m), [k, m]


def _ralston(f, x, t, h):
    k = f(x, t)
    m = f(x + 2 * h / 3 * k, t + 2 * h / 3)
    return x + h / 4 * (k + 3 * m), [k, m]


def _kutta(f, x, t, h):
    k = f(x, t)
    m = f(x + h / 2 * k, t + h / 2)
    e = f(x - h * k + 2 * h * m, t + h)
    return x + h / 6 * (k + 4 * m + e), [k, m, e]


def _classical(f, x, t, h):
    k = f(x, t)
    m = f(x + h / 2 * k, t + h / 2)
    n = f(x + h / 2 * m, t + h / 2)
    e = f(x + h * n, t + h)
    return x + h / 6 * (k + 2 * m + 2 * n + e), [k, m, n, e]


def _three_eighths(f, x, t, h):
    k = f(x, t)
    m = f(x + h / 3 * k, t + h / 3)
    n = f(x - h / 3 * k + h * m, t + 2 * h / 3)
    e = f(x + h * (k - m + n), t + h)
    return x + h / 8 * (k + 3 * m + 3 * n + e), [k, m, n, e]


def _bogacki_shampine(f, x, t, h):
    k = f(x, t)
    m = f(x + h / 2 * k, t + h / 2)
    n = f(x + 3 * h / 4 * m, t + 3 * h / 4)
    new = x + h / 9 * (2 * k + 3 * m + 4 * n)
    return new, [k, m, n, f(new, t + h)]


def _staged(rows, times, f, x, t, h):
    """Stages by rows of exact fractions or decimals; the last one stands at the new state."""
    k = [f(x, t)]
    for row, c in zip(rows, times):
        new = x + sum(h * float(a) * slope for a, slope in zip(row, k))
        k.append(f(new, t + float(c) * h))
    return new, k


_DORMAND_PRINCE = (
    (Q(1, 5),),
    (Q(3, 40), Q(9, 40)),
    (Q(44, 45), Q(-56, 15), Q(32, 9)),
    (Q(19372, 6561), Q(-25360, 2187), Q(64448, 6561), Q(-212, 729)),
    (Q(9017, 3168), Q(-355, 33), Q(46732, 5247), Q(49, 176), Q(-5103, 18656)),
    (Q(35, 384), 0, Q(500, 1113), Q(125, 192), Q(-2187, 6784), Q(11, 84)),
)
_DORMAND_PRINCE_TIMES = (Q(1, 5), Q(3, 10), Q(4, 5), Q(8, 9), 1, 1)
_TSITOURAS = (
    (0.161,),
    (-0.008480655492356989, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
     -0.028269050394068383),
    (0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
     2.324710524099774),
)  # fmt: skip
_TSITOURAS_TIMES = (0.161, 0.327, 0.9, 0.9800255409045097, 1, 1)
_WRITTEN = {
    "euler": _euler,
    "midpoint": _midpoint,
    "heun": _heun,
    "ralston": _ralston,
    "rk3": _kutta,
    "rk4": _classical,
    "rk4_38": _three_eighths,
    "bogacki_shampine": _bogacki_shampine,
    "dormand_prince": lambda *a: _staged(_DORMAND_PRINCE, _DORMAND_PRINCE_TIMES, *a),
    "tsitouras": lambda *a: _staged(_TSITOURAS, _TSITOURAS_TIMES, *a),
}
_ERRORS = {
    "bogacki_shampine": (Q(-5, 72), Q(1, 12), Q(1, 9), Q(-1, 8)),
    "dormand_prince": (
        Q(71, 57600), 0, Q(-71, 16695), Q(71, 1920), Q(-17253, 339200), Q(22, 525), Q(-1, 40)
    ),
    "Shampine": (
        Q(35, 384) - Q(1951, 21600), 0, Q(500, 1113) - Q(22642, 50085), Q(125, 192) - Q(451, 720),
        Q(-2187, 6784) + Q(12231, 42400), Q(11, 84) - Q(649, 6300), Q(-1, 60),
    ),
    "tsitouras": (
        0.00178001105222577714, 0.0008164344596567469, -0.007880878010261995, 0.1447110071732629,
        -0.5823571654525552, 0.45808210592918697, Q(-1, 66),
    ),
}  # fmt: skip
_SHAMPINE = (
    Q(-12715105075, 11282082432), 0, Q(87487479700, 32700410799), Q(-10690763975, 1880347072),
    Q(701980252875, 199316789632), Q(-1453857185, 822651844), Q(69997945, 29380423),
)  # fmt: skip


def _tsitouras_weights(s):
    """Tsitouras 2011, the weights of the interpolant at a fraction s, as published."""
    return (
        -1.0530884977290216 * s * (s - 1.3299890189751412)
        * (s**2 - 1.4364028541716351 * s + 0.7139816917074209),
        0.1017 * s**2 * (s**2 - 2.1966568338249754 * s + 1.2949852507374631),
        2.490627285651252793 * s**2 * (s**2 - 2.38535645472061657 * s + 1.57803468208092486),
        -16.54810288924490272 * (s - 1.21712927295533244) * (s - 0.61620406037800089) * s**2,
        47.37952196281928122 * (s - 1.203071208372362603) * (s - 0.658047292653547382) * s**2,
        -34.87065786149660974 * (s - 1.2) * (s - 0.666666666666666667) * s**2,
        2.5 * (s - 1) * (s - 0.6) * s**2,
    )  # fmt: skip

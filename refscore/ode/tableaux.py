"""Explicit Runge-Kutta methods as data: their coefficients in exact fractions, and interpolants."""

from __future__ import annotations

from fractions import Fraction as Q
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array


class Tableau(NamedTuple):
    """One explicit Runge-Kutta method of s stages.

        kᵢ = f(x + h Σⱼ aᵢⱼ kⱼ, t + cᵢ h),  x' = x + h Σᵢ bᵢ kᵢ
        error = h Σᵢ (bᵢ - b̂ᵢ) kᵢ,  x(t + θh) ≈ x + h Σᵢ bᵢ(θ) kᵢ,  bᵢ(θ) = Σₖ denseᵢₖ θᵏ⁺¹

    name; order; A (s, s), strictly lower; b (s,); c (s,); b_low (s,), weights b̂ of order
    `low_order`, or None; dense (s, m), an interpolant from the same stages, of order
    `dense_order`; fsal: the last stage is f(x', t + h), the first of the next step. Wherever a
    method is taken, one that is none of `TABLEAUX` must have these shapes, A strictly lower, c
    from 0 on and fsal as it is; its numbers and orders are taken at their word: of a method with
    b that do not sum to one nothing converges.
    """

    name: str
    order: int
    A: np.ndarray
    b: np.ndarray
    c: np.ndarray
    b_low: np.ndarray | None
    low_order: int
    dense: np.ndarray
    dense_order: int
    fsal: bool


def _array(values) -> np.ndarray:
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


def _tableau(name, order, rows, b, low=None, low_order=0, dense=None, dense_order=0) -> Tableau:
    """Rows of A below the first as lists; c are their sums; exact until the last moment."""
    A = [[0] * len(b)] + [[*row, *[0] * (len(b) - len(row))] for row in rows]
    c = [sum(row) for row in A]
    if dense is None:
        dense, dense_order = _own_interpolant(b, c, order)
    return Tableau(
        name, order, _array(A), _array(b), _array(c), None if low is None else _array(low),
        low_order, _array(dense), dense_order, A[-1] == list(b) and len(b) > 1,
    )  # fmt: skip


def _own_interpolant(b, c, order):
    """bᵢ(θ) from the stages there are: of order 1, 2 (order 2 or 3), or 3 (order 4), exactly.

    Order 2: θ² bᵢ, and θ - θ² more on the first. Order 3 from order 4: bᵢ ((9 - 12 cᵢ) θ² +
    (12 cᵢ - 8) θ³), and on the first what makes the sum θ (derived from the order conditions).
    """
    if order == 1:
        return [[1]], 1
    if order < 4:
        rows = [[0, bi] for bi in b]
    else:
        rows = [[0, bi * (9 - 12 * ci), bi * (12 * ci - 8)] for bi, ci in zip(b, c)]
    rest = [-sum(column) for column in zip(*rows[1:])]
    rows[0] = [1, *rest[1:]]
    return rows, min(order, 2 if order < 4 else 3)


def _hermite(b):
    """The cubic through both ends and their slopes, the last stage being f(x', t + h)."""
    rows = [[0, 3 * bi, -2 * bi] for bi in b]
    rows[0] = [x + y for x, y in zip(rows[0], [1, -2, 1])]
    rows[-1] = [x + y for x, y in zip(rows[-1], [0, -1, 1])]
    return rows


def _euler_type() -> list[Tableau]:
    one, half = Q(1), Q(1, 2)
    return [
        _tableau("euler", 1, [], [one]),
        _tableau("midpoint", 2, [[half]], [0, one], [one, 0], 1),
        _tableau("heun", 2, [[one]], [half, half], [one, 0], 1),
        _tableau("ralston", 2, [[Q(2, 3)]], [Q(1, 4), Q(3, 4)], [one, 0], 1),
        _tableau("rk3", 3, [[half], [-one, Q(2)]], [Q(1, 6), Q(2, 3), Q(1, 6)]),
        _tableau("rk4", 4, [[half], [0, half], [0, 0, one]], [Q(1, 6), Q(1, 3), Q(1, 3), Q(1, 6)]),
        _tableau("rk4_38", 4, [[Q(1, 3)], [-Q(1, 3), one], [one, -one, one]],
                 [Q(1, 8), Q(3, 8), Q(3, 8), Q(1, 8)]),
    ]  # fmt: skip


def _bogacki_shampine() -> Tableau:
    b = [Q(2, 9), Q(1, 3), Q(4, 9), Q(0)]
    low = [Q(7, 24), Q(1, 4), Q(1, 3), Q(1, 8)]
    rows = [[Q(1, 2)], [Q(0), Q(3, 4)], b[:3]]
    return _tableau("bogacki_shampine", 3, rows, b, low, 2, _hermite(b), 3)


def _dormand_prince() -> Tableau:
    b = [Q(35, 384), Q(0), Q(500, 1113), Q(125, 192), -Q(2187, 6784), Q(11, 84), Q(0)]
    rows = [
        [Q(1, 5)],
        [Q(3, 40), Q(9, 40)],
        [Q(44, 45), -Q(56, 15), Q(32, 9)],
        [Q(19372, 6561), -Q(25360, 2187), Q(64448, 6561), -Q(212, 729)],
        [Q(9017, 3168), -Q(355, 33), Q(46732, 5247), Q(49, 176), -Q(5103, 18656)],
        b[:6],
    ]
    low = [
        Q(5179, 57600), Q(0), Q(7571, 16695), Q(393, 640), -Q(92097, 339200), Q(187, 2100),
        Q(1, 40),
    ]  # fmt: skip
    # Shampine 1986: the cubic of `_hermite` and one multiple of θ² (1 - θ)²
    bump = [
        -Q(12715105075, 11282082432), Q(0), Q(87487479700, 32700410799),
        -Q(10690763975, 1880347072), Q(701980252875, 199316789632), -Q(1453857185, 822651844),
        Q(69997945, 29380423),
    ]  # fmt: skip
    cubic = _hermite(b)
    dense = [[x, y + d, z - 2 * d, d] for (x, y, z), d in zip(cubic, bump)]
    return _tableau("dormand_prince", 5, rows, b, low, 4, dense, 4)


def _tsitouras() -> Tableau:
    """Published to sixteen digits, not in fractions."""
    b = [
        0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
        2.324710524099774, 0.0,
    ]  # fmt: skip
    rows = [
        [0.161],
        [-0.008480655492356989, 0.335480655492357],
        [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
        [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
        [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
         -0.028269050394068383],
        b[:6],
    ]  # fmt: skip
    error = [
        0.00178001105222577714, 0.0008164344596567469, -0.007880878010261995, 0.1447110071732629,
        -0.5823571654525552, 0.45808210592918697, -1 / 66,
    ]  # fmt: skip
    roots = [  # bᵢ(θ) = scale θ² (θ² - sum θ + product)
        (0.1017, 2.1966568338249754, 1.2949852507374631),
        (2.490627285651252793, 2.38535645472061657, 1.57803468208092486),
        (-16.54810288924490272, 1.21712927295533244 + 0.61620406037800089,
         1.21712927295533244 * 0.61620406037800089),
        (47.37952196281928122, 1.203071208372362603 + 0.658047292653547382,
         1.203071208372362603 * 0.658047292653547382),
        (-34.87065786149660974, 1.2 + 2 / 3, 0.8),
        (2.5, 1.6, 0.6),
    ]  # fmt: skip
    dense = [[0, s * product, -s * total, s] for s, total, product in roots]
    first = np.polymul([1, -1.3299890189751412, 0], [1, -1.4364028541716351, 0.7139816917074209])
    dense.insert(0, list(-1.0530884977290216 * first[-2::-1]))
    low = [x - e for x, e in zip(b, error)]
    return _tableau("tsitouras", 5, rows, b, low, 4, dense, 4)


TABLEAUX: dict[str, Tableau] = {
    one.name: one
    for one in (*_euler_type(), _bogacki_shampine(), _dormand_prince(), _tsitouras())
}  # fmt: skip


def tableau(method) -> Tableau:
    """The method of a name, or a Tableau as it is, if its parts fit together.

    Arguments: method, one of `TABLEAUX`: "euler", "midpoint", "heun", "ralston", "rk3" (Kutta's),
    "rk4", "rk4_38", "bogacki_shampine", "dormand_prince", "tsitouras". Raises: ValueError naming
    them, or the part of a Tableau that does not fit. Source: Hairer, Nørsett and Wanner 1993,
    II.1 and II.4-6; Ralston 1962; Bogacki and Shampine 1989; Dormand and Prince 1980; Shampine
    1986; Tsitouras 2011.
    Checked by: runge_kutta_steps
    """
    if isinstance(method, Tableau):
        return _fitting(method)
    if not isinstance(method, str) or method not in TABLEAUX:
        raise ValueError(f"method must be one of {', '.join(TABLEAUX)}; got {method!r}")
    return TABLEAUX[method]


def own_stages(method: Tableau) -> int:
    """How many stages f is evaluated for in a step: a last one at x' is the next step's first."""
    return len(method.b) - method.fsal


def _fitting(method: Tableau) -> Tableau:
    """A Tableau of someone's own, in arrays, which must be what its docstring says."""
    if any(method is known for known in TABLEAUX.values()):
        return method
    b = as_array(method.b, "method.b", (None,))
    s = len(b)
    A, c = as_array(method.A, "method.A", (s, s)), as_array(method.c, "method.c", (s,))
    dense, low = as_array(method.dense, "method.dense", (s, None)), method.b_low
    low = None if low is None else as_array(low, "method.b_low", (s,))
    if np.triu(A).any():
        raise ValueError(f"method.A must be strictly lower triangular, got {A.tolist()}"[:200])
    if s == 0 or c[0] != 0:
        raise ValueError(f"method.c must begin with 0, the time of the first stage, got {c}"[:200])
    if method.fsal and not (s > 1 and np.array_equal(A[-1], b) and abs(c[-1] - 1) < 1e-14):
        raise ValueError("method.fsal must be False unless the last stage is f(x', t + h)")
    fitted = method._replace(A=A, b=b, c=c, dense=dense, b_low=low)
    return method if all(one is own for one, own in zip(fitted, method)) else fitted

"""Velocities that mix coordinates, with their flows in closed form."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_scalar, as_square
from refscore.fields.affine import Affine
from refscore.flows._carried import KnownFlow, bent


class Linear(KnownFlow):
    """The velocity z' = W z + b; parameters W row-major, then b.

        z(t1) = e^{WT} z₀ + ∫₀ᵀ e^{Ws} b ds,   log det = T tr W,   T = t1 - t0

    matrix W (d, d), any square matrix; offset b (d,), zero if omitted. The flow is read off
    the exponential of [[W, b], [0, 0]] T, so that W may be singular.
    Checked by: erratum_inverse_of_a_flow, erratum_solve_back_in_time
    """

    def __init__(self, matrix, offset=None):
        self._affine = Affine(matrix, offset)
        self.matrix, self.offset = self._affine.matrix, self._affine.offset
        super().__init__(self._affine.dim, (self.matrix, self.offset))

    def with_parameters(self, theta):
        """The same velocity with parameters `theta` (p,)."""
        field = self._affine.with_parameters(theta)
        return Linear(field.matrix, field.offset)

    def at(self, t) -> Affine:
        """The affine field it is at every t."""
        as_scalar(t, "t")
        return self._affine

    def _value(self, x, t):
        return self._affine._value(x)

    def _local(self, x, t, workspace=None):
        return self._affine._local(x, workspace)

    def _carried(self, x, t0, t1):
        from scipy.linalg import expm

        T, d = t1 - t0, self.dim
        augmented = np.zeros((d + 1, d + 1))
        augmented[:d, :d], augmented[:d, d] = self.matrix, self.offset
        moved = expm(augmented * T)
        return x @ moved[:d, :d].T + moved[:d, d], np.full(len(x), T * np.trace(self.matrix))


class Rotating(KnownFlow):
    """The velocity z' = A(t) z in the plane, A(t) = R(ωt) A R(-ωt): the A(t) do not commute.

        z(t1) = R(ωt1) e^{(A - ωJ)T} R(-ωt0) z₀,   log det = T tr A,   T = t1 - t0

    R(φ) turns by φ and J = R(π/2). At frozen times every path may shrink and yet grow in truth:
    the eigenvalues of A decide nothing, those of A - ωJ all.
    matrix A (2, 2); frequency ω; parameters A row-major, then ω.
    Source: Markus and Yamabe 1960, for the growth.
    Checked by: erratum_solve_back_in_time
    """

    def __init__(self, matrix, frequency):
        self.matrix = as_square(matrix, "matrix", 2).copy()
        self.frequency = as_scalar(frequency, "frequency")
        super().__init__(2, (self.matrix, self.frequency))

    def with_parameters(self, theta):
        """The same velocity with parameters `theta` (5,)."""
        theta = as_array(theta, "theta", (5,))
        return Rotating(theta[:4].reshape(2, 2), theta[4])

    def _turned_back(self, matrix, t, v):
        """R(ωt) M R(-ωt) v."""
        return turned(turned(v, -self.frequency * t) @ matrix.T, self.frequency * t)

    def _value(self, x, t):
        return self._turned_back(self.matrix, t, x)

    def _jvp(self, x, t, v):
        return self._turned_back(self.matrix, t, v)

    def _vjp(self, x, t, w):
        return self._turned_back(self.matrix.T, t, w)

    def _divergence(self, x, t):
        return np.full(len(x), np.trace(self.matrix))

    def _gradient(self, x, t, a, c, v, b):
        """∂/∂A of a·A(t) x is R(-ωt) a (R(-ωt) x)ᵀ; ∂/∂ω of A(t) is t (J A(t) - A(t) J)."""
        matrix, frequency = np.zeros((2, 2)), 0.0
        bracket = _J @ self.matrix - self.matrix @ _J
        for weight, at in ((a, x), (b, v)):
            if weight is not None:
                own, near = (turned(w, -self.frequency * t) for w in (weight, at))
                matrix += own.reshape(-1, 2).T @ near.reshape(-1, 2)
                frequency += np.sum(t * own * (near @ bracket.T))
        if c is not None:
            matrix += c.sum() * np.eye(2)
        return np.append(matrix.ravel(), frequency)

    def _point_gradient(self, x, t, a, c, v, b):
        return np.zeros(x.shape) if a is None else self._vjp(x, t, a)

    def _carried(self, x, t0, t1):
        from scipy.linalg import expm

        T, w = t1 - t0, self.frequency
        moved = expm((self.matrix - w * _J) * T)
        return (
            turned(turned(x, -w * t0) @ moved.T, w * t1),
            np.full(len(x), T * np.trace(self.matrix)),
        )


class Hopf(KnownFlow):
    """The velocity z' = (μ - |z|²) z + ω J z in the plane: r' = μ r - r³, φ' = ω.

        z(t1) = e^{μT} D^{-1/2} R(ωT) z₀,   log det = 2μT - 2 log D
        D = 1 + |z₀|² (e^{2μT} - 1)/μ,   T = t1 - t0;   with 2T for the quotient at μ = 0

    growth μ, of any sign: above 0 paths wind onto the circle of radius √μ; frequency ω;
    parameters μ, ω. Backwards in time a path from outside the circle is infinite at D = 0.
    Checked by: flow_keeps_the_continuity_equation
    """

    def __init__(self, growth, frequency):
        self.growth = as_scalar(growth, "growth")
        self.frequency = as_scalar(frequency, "frequency")
        super().__init__(2, (self.growth, self.frequency))

    def with_parameters(self, theta):
        """The same velocity with parameters `theta` (2,)."""
        return Hopf(*as_array(theta, "theta", (2,)))

    def _value(self, x, t):
        return (self.growth - _square(x)) * x + self.frequency * (x @ _J.T)

    def _jvp(self, x, t, v):
        own = (self.growth - _square(x)) * v + self.frequency * (v @ _J.T)
        return own - 2 * x * _dot(x, v)

    def _vjp(self, x, t, w):
        own = (self.growth - _square(x)) * w + self.frequency * (w @ _J)
        return own - 2 * x * _dot(x, w)

    def _divergence(self, x, t):
        return 2 * self.growth - 4 * _square(x)[:, 0]

    def _gradient(self, x, t, a, c, v, b):
        growth = 0.0 if c is None else 2 * c.sum()
        frequency = 0.0
        for weight, at in ((a, x), (b, v)):
            if weight is not None:
                growth += np.sum(weight * at)
                frequency += np.sum(weight * (at @ _J.T))
        return np.array([growth, frequency])

    def _point_gradient(self, x, t, a, c, v, b):
        """That of b·J v = (μ - |z|²) b·v + ω b·Jv - 2 (b·z)(z·v) is -2 (z b·v + b z·v + v b·z)."""
        total = np.zeros(x.shape) if a is None else self._vjp(x, t, a)
        if c is not None:
            total = total - 8 * c[:, None] * x
        if v is not None:
            bent = x * _dot(b, v) + b * _dot(x, v) + v * _dot(b, x)
            total = total - 2 * bent.sum(axis=0)
        return total

    def _carried(self, x, t0, t1):
        """By D e^{-2μT} where μT > 0, and far out by logarithms: neither can overflow."""
        T, mu = t1 - t0, self.growth
        grown = mu * T
        k = np.sqrt(-np.expm1(-2 * abs(grown)) / abs(mu) if mu else 2 * abs(T))
        peak = np.abs(x).max(axis=1, keepdims=True)
        unit = np.where(peak > 0, x / peak, 0.0)
        r = np.hypot(unit[:, :1], unit[:, 1:])
        log_r, direction = np.log(peak) + np.log(r), unit / np.where(r > 0, r, 1.0)
        log_r = np.where(peak > 0, log_r, -np.inf)
        z, log_D = bent(x, direction, log_r, k, min(-grown, 0.0), T > 0)
        half = np.exp(min(grown, 0.0) / 2)
        return turned(z * half, self.frequency * T) * half, -2 * abs(grown) - 2 * log_D[:, 0]


_J = np.array([[0.0, -1.0], [1.0, 0.0]])


def turned(v, angle):
    """Vectors of the plane (..., n, 2) turned by an angle, a number or (n, 1)."""
    return np.cos(angle) * v + np.sin(angle) * (v @ _J.T)


def _dot(a, b):
    return np.sum(a * b, axis=-1, keepdims=True)


def _square(x):
    return _dot(x, x)

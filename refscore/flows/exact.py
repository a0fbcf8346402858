"""Velocities that move every coordinate by itself, with their flows in closed form.

    zᵢ' = g(zᵢ, t; θᵢ)

so J is diagonal, with the slope ∂g/∂z there, and the gradients of Q = a·f + c div f + b·J v are

    ∂Q/∂z = a ∂g/∂z + (c + b v) ∂²g/∂z²,   ∂Q/∂θ = Σ a ∂g/∂θ + (c + b v) ∂²g/∂z∂θ
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array
from refscore.flows._carried import KnownFlow, bent


class Coordinatewise(KnownFlow):
    """A velocity zᵢ' = g(zᵢ, t; θᵢ); a subclass names its parameters, each (d,), and writes

    `_value(x, t)` · `_slope(x, t)` ∂g/∂z · `_bend(x, t)` ∂²g/∂z² · `_parts(x, t)`, for each
    parameter the pair (∂g/∂θ, ∂²g/∂z∂θ), all (n, d) or numbers.
    """

    rate: np.ndarray

    def __init__(self, **theta):
        self.names = tuple(theta)
        shape = as_array(theta[self.names[0]], self.names[0], (None,)).shape
        theta = {name: as_array(part, name, shape).copy() for name, part in theta.items()}
        if shape == (0,):
            raise ValueError(f"{self.names[0]} must have at least one coordinate, got none")
        super().__init__(*shape, theta.values())
        vars(self).update(theta)

    def with_parameters(self, theta):
        """The same velocity with parameters `theta` (p,)."""
        theta = as_array(theta, "theta", (self.dim * len(self.names),))
        return type(self)(*theta.reshape(-1, self.dim))

    def _slope(self, x, t):
        raise NotImplementedError(f"{type(self).__name__} does not define _slope")

    def _bend(self, x, t):
        return 0.0

    def _parts(self, x, t):
        raise NotImplementedError(f"{type(self).__name__} does not define _parts")

    def _jvp(self, x, t, v):
        return self._slope(x, t) * v

    def _vjp(self, x, t, w):
        return self._slope(x, t) * w

    def _divergence(self, x, t):
        return np.broadcast_to(self._slope(x, t), x.shape).sum(axis=1)

    def _gradient(self, x, t, a, c, v, b):
        total, curved = np.zeros((len(self.names), self.dim)), _on_slopes(c, v, b)
        for k, (part, slope) in enumerate(self._parts(x, t)):
            if a is not None:
                total[k] += (a * part).sum(axis=0)
            if curved is not None:
                total[k] += np.broadcast_to(curved * slope, x.shape).sum(axis=0)
        return total.ravel()

    def _point_gradient(self, x, t, a, c, v, b):
        curved = _on_slopes(c, v, b)
        total = np.zeros(x.shape) if a is None else self._slope(x, t) * a
        return total if curved is None else total + curved * self._bend(x, t)


def _on_slopes(c, v, b):
    """What weighs the slopes, c + Σ b v: (n, d) or (n, 1), None where nothing does."""
    pairs = None if v is None else (b * v).sum(axis=0)
    if c is None:
        return pairs
    return c[:, None] if pairs is None else c[:, None] + pairs


class Cubic(Coordinatewise):
    """The velocity z' = -θ z³ in every coordinate; parameters θ (d,).

        z(t1) = z₀/√(1 + 2 θ z₀² T),   log det = -3/2 Σ log(1 + 2 θ z₀² T),   T = t1 - t0

    rate θ (d,), of any sign: where 1 + 2 θ z₀² T reaches 0 the path is infinite.
    Checked by: solved_flows
    """

    def __init__(self, rate):
        super().__init__(rate=rate)

    def _value(self, x, t):
        return -self.rate * x**3

    def _slope(self, x, t):
        return -3 * self.rate * x**2

    def _bend(self, x, t):
        return -6 * self.rate * x

    def _parts(self, x, t):
        yield -(x**3), -3 * x**2

    def _carried(self, x, t0, t1):
        T = t1 - t0
        k, rising = np.sqrt(2 * np.abs(self.rate)) * np.sqrt(abs(T)), self.rate * np.sign(T) > 0
        z, log_D = bent(x, np.sign(x), np.log(np.abs(x)), k, 0.0, rising)
        return z, -1.5 * log_D.sum(axis=1)


class Logistic(Coordinatewise):
    """The velocity z' = r z (1 - z) in every coordinate; parameters r (d,).

        z(t1) = z₀ e^{rT}/D,   log det = Σ r T - 2 log D,   D = 1 - z₀ + z₀ e^{rT},   T = t1 - t0

    rate r (d,), of any sign: where D reaches 0, from z₀ outside [0, 1], the path is infinite.
    Checked by: paths_never_cross
    """

    def __init__(self, rate):
        super().__init__(rate=rate)

    def _value(self, x, t):
        return self.rate * x * (1 - x)

    def _slope(self, x, t):
        return self.rate * (1 - 2 * x)

    def _bend(self, x, t):
        return -2 * self.rate

    def _parts(self, x, t):
        yield x * (1 - x), 1 - 2 * x

    def _carried(self, x, t0, t1):
        """By B = p + q e^{-|r|T}, p = 1 - q the part that grows: D, or D e^{-rT} where r T > 0.

        Where p is 0 or next to it, e^{-|r|T} may be none: there by log p and log q.
        """
        grown = self.rate * (t1 - t0)
        forward, size = grown > 0, np.abs(grown)
        p, q = np.where(forward, x, 1 - x), np.where(forward, 1 - x, x)
        B = np.exp(-size) - p * np.expm1(-size)
        logs = np.log(np.abs(p)), np.log(np.abs(q)) - size
        tiny = (p >= 0) & (B < 1e-290)
        log_B = np.where(tiny, np.logaddexp(*logs), np.log(np.where(B > 0, B, np.nan)))
        above = np.where(forward, p, q * np.exp(-size))
        faint = np.exp(np.where(forward, *logs) - log_B)
        return np.where(tiny, faint, above / B), (-size - 2 * log_B).sum(axis=1)


class Sine(Coordinatewise):
    """The velocity z' = r sin z in every coordinate, not injective though its flow is bijective.

        tan(z(t1)/2) = e^{rT} tan(z₀/2) on every branch,   T = t1 - t0
        log det = -Σ log(e^{-rT} cos²(z₀/2) + e^{rT} sin²(z₀/2))

    Parameters: rate r (d,), of any sign.
    Checked by: flow_of_sine_is_bijective
    """

    def __init__(self, rate):
        super().__init__(rate=rate)

    def _value(self, x, t):
        return self.rate * np.sin(x)

    def _slope(self, x, t):
        return self.rate * np.cos(x)

    def _bend(self, x, t):
        return -self.rate * np.sin(x)

    def _parts(self, x, t):
        yield np.sin(x), np.cos(x)

    def _carried(self, x, t0, t1):
        grown, turn = self.rate * (t1 - t0), 2 * np.pi * np.rint(x / (2 * np.pi))
        s, c = np.sin((x - turn) / 2), np.cos((x - turn) / 2)
        with np.errstate(divide="ignore"):
            log_det = -np.logaddexp(-grown + 2 * np.log(np.abs(c)), grown + 2 * np.log(np.abs(s)))
        half = np.exp(-np.abs(grown))
        angle = np.where(grown > 0, np.arctan2(s, half * c), np.arctan2(half * s, c))
        return turn + 2 * angle, log_det.sum(axis=1)


class Forced(Coordinatewise):
    """The velocity z' = a z + b cos ωt in every coordinate: linear, and moving with time.

        z(t1) = e^{aT} z₀ + b Re[e^{iωt0} e^{aT} (e^{(iω - a)T} - 1)/(iω - a)],   T = t1 - t0
        log det = T Σ a

    Parameters: rate a, force b and frequency ω, each (d,), in this order.
    Checked by: paths_never_cross
    """

    force: np.ndarray
    frequency: np.ndarray

    def __init__(self, rate, force, frequency):
        super().__init__(rate=rate, force=force, frequency=frequency)

    def _value(self, x, t):
        return self.rate * x + self.force * np.cos(self.frequency * t)

    def _slope(self, x, t):
        return self.rate

    def _parts(self, x, t):
        turned = self.frequency * t
        yield x, 1.0
        yield np.cos(turned), 0.0
        yield -self.force * t * np.sin(turned), 0.0

    def _carried(self, x, t0, t1):
        """Where aT < 0 by e^{aT} (e^{sT} - 1) = e^{iωT} (1 - e^{-sT}), s = iω - a; else all of it
        times e^{aT} at last, in thirds: so nothing overflows that the end does not."""
        T, s = t1 - t0, 1j * self.frequency - self.rate
        decays, third = self.rate * T < 0, np.exp(self.rate * T / 3)
        sign = np.where(decays, -1.0, 1.0)
        integral = np.where(s == 0, T, sign * np.expm1(sign * s * T) / np.where(s == 0, 1.0, s))
        turned = np.exp(1j * self.frequency * np.where(decays, t1, t0))
        driven = self.force * (turned * integral).real
        moved = np.where(decays, x, x + driven)
        moved = np.where(moved == 0, 0.0, moved * third * third * third)
        return moved + np.where(decays, driven, 0.0), np.full(len(x), T * self.rate.sum())

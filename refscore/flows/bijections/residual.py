"""Maps that add to x: planar and radial flows, their exact inverses.

Source: Rezende and Mohamed, Variational inference with normalizing flows (2015), 4.1 and A.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_positive, as_scalar, beyond_float
from refscore.flows.bijections.base import Bijection, flat


class Planar(Bijection):
    """A bend along a direction, a function of one projection.

        y = x + u tanh(w·x + b),   log|det| = log(1 + u·w / cosh²(w·x + b))

    u, w (d,); b a number. It is invertible if and only if u·w ≥ -1, and its inverse is smooth
    for u·w > -1, which is asked for. constrained=True takes any u and adds to it along w:

        û = u + (log(1 + exp(w·u)) − 1 − w·u) w/‖w‖²,   1 + û·w = log(1 + exp(w·u))

    so that training stays inside; the log-determinant is exact however near the edge it is. The
    inverse is one monotone equation a row, z + u·w tanh z = w·y + b, by Newton steps within a
    shrinking bracket: to rounding over the slope 1 + u·w/cosh² z.
    Checked by: planar_changes_volume, planar_inverse_returns, planar_returns
    """

    def __init__(self, u, w, b=0.0, *, constrained=False):
        self.w = np.array(as_array(w, "w", (None,)))
        self.dim, self.b, self.constrained = len(self.w), as_scalar(b, "b"), constrained
        self.free = self.u = np.array(as_array(u, "u", (self.dim,)))
        with beyond_float():
            self._square, t = float(self.w @ self.w), float(self.free @ self.w)
        if constrained and not 0 < self._square < np.inf:
            raise ValueError("w must not be zero, nor beyond 1e154, where constrained")
        self.product, self._log_room = t, -np.inf  # room = 1 + u·w, the least determinant or most
        if constrained:
            self.u = self.free + (np.logaddexp(0.0, -t) - 1) * self.w / self._square
            self.product, self._log_room = float(np.logaddexp(0.0, t) - 1), _log_softplus(t)
        elif t > -1:
            self._log_room = float(np.log(1 + t))
        if not (self._log_room > -np.inf and self.product < np.inf):
            advice = "a smaller u does" if t > 0 else "constrained=True makes it so"
            raise ValueError(
                f"u must satisfy u·w > -1, where the map is invertible, and be finite, got u·w ="
                f" {self.product:.6g}; {advice}"
            )

    def _parts(self):
        return self.free, self.w, np.array(self.b)

    def _made(self, u, w, b):
        return Planar(u, w, float(b), constrained=self.constrained)

    def _log_volume(self, h, slope, log_slope):
        """log(h² + (1 + u·w)(1 − h²)) at h = tanh: a sum, which nothing is lost in."""
        change = self.product * slope
        near = np.logaddexp(2 * np.log(np.abs(h)), self._log_room + log_slope)
        return np.where(change > -0.5, np.log1p(np.maximum(change, -0.5)), near)

    def _at(self, z):
        """The pair tanh z and its slope, and the logarithms of slope and determinant."""
        h, slope, log_slope = _tanh(z)
        return h, slope, log_slope, self._log_volume(h, slope, log_slope)

    def _forward(self, x):
        h, _, _, log_det = self._at(x @ self.w + self.b)
        return x + h[:, None] * self.u, log_det

    def _inverse(self, y):
        target, k = y @ self.w + self.b, self.product

        def equation(z):
            h, slope, _ = _tanh(z)
            return z + k * h - target, 1 + k * slope

        z = increasing_root(equation, target - abs(k), target + abs(k))
        h, _, _, log_det = self._at(z)
        x = y - h[:, None] * self.u
        # where the bend is most of y, w·x = z − b is known better than the difference
        known = np.abs(k * h) > np.abs(z) + abs(self.b)
        apart = np.where(known, z - self.b - x @ self.w, 0.0)
        return x + apart[:, None] * (self.w / (self._square or 1.0)), -log_det

    def _pullback(self, x, v, c):
        h, slope, log_slope, log_det = self._at(x @ self.w + self.b)
        # h · slope/determinant, and slope · room/determinant, which room may not survive alone
        bent = np.sign(h) * np.exp(np.log(np.abs(h)) + log_slope - log_det)
        z_bar = (v @ self.u) * slope - 2 * self.product * bent * c
        u_bar, w_bar = h @ v, z_bar @ x
        share = float(np.exp(log_slope + self._log_room - log_det) @ c)
        if self.constrained:
            u_bar, more = self._through_constraint(u_bar, share)
            w_bar = w_bar + more
        else:
            share *= np.exp(-self._log_room)
            u_bar, w_bar = u_bar + share * self.w, w_bar + share * self.u
        return v + z_bar[:, None] * self.w, flat(u_bar, w_bar, z_bar.sum())

    def _through_constraint(self, u_bar, log_room_bar):
        """Gradients in the free u and in w of what has these in û and in log(1 + û·w)."""
        t, w, s = float(self.free @ self.w), self.w, self._square
        g, slope = np.logaddexp(0.0, -t) - 1, -1 / (1 + np.exp(t))
        along = float(u_bar @ w) / s
        t_bar = slope * along + log_room_bar * _log_softplus_slope(t)
        return u_bar + t_bar * w, t_bar * self.free + g / s * u_bar - 2 * g * along / s * w

    def _solve_transposed(self, x, h):
        _, _, log_slope, log_det = self._at(x @ self.w + self.b)
        return h - (np.exp(log_slope - log_det) * (h @ self.u))[:, None] * self.w


class Radial(Bijection):
    """A swelling around a point, or a pinch.

        y = x + β (x − x₀)/(α + r),   r = ‖x − x₀‖
        log|det| = (d − 1) log(1 + β/(α + r)) + log(1 + α β/(α + r)²)

    centre x₀ (d,); alpha > 0; beta > -alpha, where it is invertible. constrained=True takes
    α = exp(alpha), alpha within ±700, and β = log(1 + exp(beta)) − α, any beta. The inverse is the
    positive root of r² + (α + β − ρ) r − α ρ = 0, ρ = ‖y − x₀‖; it and the log-determinant are
    sums in α + β, free of cancellation.
    Checked by: radial_changes_volume, radial_inverse_returns, radial_returns
    """

    def __init__(self, centre, alpha, beta, *, constrained=False):
        self.centre = np.array(as_array(centre, "centre", (None,)))
        self.dim, self.constrained = len(self.centre), constrained
        self.free = as_scalar(alpha, "alpha"), as_scalar(beta, "beta")
        self.alpha, self.beta = self.free
        if constrained:
            if abs(self.free[0]) > 700:
                raise ValueError(f"alpha must be within ±700 where constrained, got {alpha}")
            self.alpha, self._room = np.exp(self.free[0]), np.logaddexp(0.0, self.free[1])
            self.beta, self._log_room = self._room - self.alpha, _log_softplus(self.free[1])
            return
        as_positive(self.alpha, "alpha")
        if self.beta <= -self.alpha:
            raise ValueError(
                f"beta must be above -alpha, where the map is invertible, got beta = {self.beta:g}"
                f" and alpha = {self.alpha:g}"
            )
        self._room = self.alpha + self.beta
        self._log_room = np.log(self._room)

    def _parts(self):
        return self.centre, np.array(self.free[0]), np.array(self.free[1])

    def _made(self, centre, alpha, beta):
        return Radial(centre, float(alpha), float(beta), constrained=self.constrained)

    def _logs(self, r):
        """The logarithms of s = α + r, r + α + β and r² + 2 α r + α (α + β)."""
        first, log_alpha = np.log(r), np.log(self.alpha)
        last = np.logaddexp(first + np.log(r + 2 * self.alpha), log_alpha + self._log_room)
        return np.log(self.alpha + r), np.logaddexp(first, self._log_room), last

    def _log_slopes(self, r):
        """The logarithms of the slopes across the radius, (r + α + β)/s, and along it."""
        s = self.alpha + r
        log_s, first, last = self._logs(r)
        changes = self.beta / s, self.beta * (self.alpha / s) / s
        return tuple(
            np.where(np.abs(change) < 0.5, np.log1p(np.clip(change, -0.5, 0.5)), far)
            for change, far in zip(changes, (first - log_s, last - 2 * log_s))
        )

    def _log_det(self, r):
        across, out = self._log_slopes(r)
        return (self.dim - 1) * across + out

    def _forward(self, x):
        apart, r = _apart(x, self.centre)
        s = (self.alpha + r)[:, None]
        pinched = self.centre + apart * ((r + self._room)[:, None] / s)
        return np.where(self.beta < -s / 2, pinched, x + self.beta / s * apart), self._log_det(r)

    def _inverse(self, y):
        apart, rho = _apart(y, self.centre)
        half = (rho - self._room) / 2
        root = np.hypot(half, np.sqrt(self.alpha) * np.sqrt(rho))
        safe = np.where(half >= 0, 1.0, root - half)
        r = np.where(half >= 0, half + root, self.alpha * rho / safe)
        x = self.centre + apart * np.exp(-self._log_slopes(r)[0])[:, None]
        return x, -self._log_det(r)

    def _pullback(self, x, v, c):
        apart, r = _apart(x, self.centre)
        h, along = 1 / (self.alpha + r), np.einsum("ni,ni->n", v, apart)
        unit = apart / np.where(r > 0, r, 1.0)[:, None]
        log_s, first, last = self._logs(r)
        many, alpha, beta, log_room = (self.dim - 1) * c, self.alpha, self.beta, self._log_room
        per_first, per_last = np.exp(-log_s - first), np.exp(-log_s - last)
        # of r; of α while room = α + β stays; of room by way of β alone, and of log room
        r_bar = -beta * (along * h**2 + many * per_first + 2 * alpha * c * per_last)
        r_bar = np.where(r > 0, r_bar, 0.0)
        alpha_bar = -h * along * (1 + beta * h) - many * h
        alpha_bar = alpha_bar + c * (r - alpha) * np.exp(log_room - log_s - last)
        alpha_bar = alpha_bar - c * 2 * alpha * np.exp(np.log(r) - log_s - last)
        log_bar = many * np.exp(log_room - first) + c * np.exp(log_room + np.log(alpha) - last)
        apart_bar = (beta * h)[:, None] * v + r_bar[:, None] * unit
        theta = self._of_parameters(alpha_bar.sum(), (h * along).sum(), log_bar.sum())
        return v + apart_bar, flat(-apart_bar.sum(0), *theta)

    def _of_parameters(self, alpha_bar, room_bar, log_room_bar):
        """Gradients in the two numbers given of what has these in α, room and log room."""
        if self.constrained:
            t = self.free[1]
            room_bar = room_bar / (1 + np.exp(-t)) + log_room_bar * _log_softplus_slope(t)
            return alpha_bar * self.alpha, room_bar
        room_bar = room_bar + log_room_bar / self._room
        return alpha_bar + room_bar, room_bar

    def _solve_transposed(self, x, h):
        apart, r = _apart(x, self.centre)
        unit = apart / np.where(r > 0, r, 1.0)[:, None]
        across, out = (np.exp(-one)[:, None] for one in self._log_slopes(r))
        along = np.einsum("ni,ni->n", h, unit)[:, None] * unit
        return (h - along) * across + along * out


def increasing_root(equation, low, high, n_steps=200):
    """The roots of increasing functions, one a row, between low and high (n,).

    equation(a) gives (values, slopes). Newton steps, halved brackets where they leave them; ends
    where no row moves by more than two units in the last place.
    Checked by: planar_inverse_returns
    """
    low, high = np.array(low), np.array(high)
    a = low + (high - low) / 2
    for _ in range(n_steps):
        value, slope = equation(a)
        low, high = np.where(value <= 0, a, low), np.where(value >= 0, a, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = a - value / slope
        inside = (step > low) & (step < high)
        new = np.where(value == 0, a, np.where(inside, step, low + (high - low) / 2))
        moved = np.abs(new - a) > 2 * np.spacing(np.abs(a))
        a = new
        if not moved.any():
            break
    return a


def _tanh(z):
    """tanh z, its slope 1/cosh² z and the slope's logarithm, accurate in the tails."""
    e = np.exp(-2 * np.abs(z))
    return np.tanh(z), 4 * e / (1 + e) ** 2, np.log(4.0) - 2 * np.abs(z) - 2 * np.log1p(e)


def _log_softplus(t) -> float:
    """log log(1 + exp t), which is nearly t where exp t is nothing beside 1."""
    return float(t - np.exp(t) / 2 if t < -30 else np.log(np.logaddexp(0.0, t)))


def _log_softplus_slope(t) -> float:
    """Its derivative, 1 on the far left and 1/t on the far right."""
    return float(np.exp(-np.logaddexp(0.0, -t) - _log_softplus(t)))


def _apart(x, centre):
    """The pair x − x₀ and its length, beyond 1e154 too."""
    apart = x - centre
    largest = np.abs(apart).max(1)
    unit = np.where(largest > 0, largest, 1.0)
    return apart, unit * np.sqrt(np.sum((apart / unit[:, None]) ** 2, axis=1))

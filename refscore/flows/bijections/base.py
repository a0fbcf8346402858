"""What every bijection offers: both directions, their log-determinants, and pullbacks.

A family writes `_forward`, `_inverse`, `_solve_transposed` and one of `_pullback` and
`_forward_and_back` for checked points (n, d); this file gives them their leading shapes and
derives the pullback of the inverse: with x = f⁻¹(y), ℓ = log|det f'(x)| and cotangents (a, c) of
(x, −ℓ),

    h = a − c ∂ₓℓ,   ȳ = f'(x)⁻ᵀ h,   θ̄ = −(∂f/∂θ)ᵀ ȳ − c ∂ℓ/∂θ
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_points, beyond_float
from refscore.fields.linearisation import rows_in_blocks

_AT_ONCE = 1 << 21  # numbers of points that are moved together
_ROWS = 1 << 13  # and rows at most, for the layers of networks


class Bijection:
    """An invertible map of R^d with its log-determinant, rows independent.

    `dim` d; `parameters` (p,) flat; `with_parameters(theta)` the same map on others. What passes
    1.8e308 becomes inf or NaN in its row, without a warning. `forward` and `inverse` need memory
    beside their answers for a block of rows only.
    Checked by: coupling_changes_volume, layers_compose
    """

    dim: int

    def forward(self, x):
        """The pair y = f(x) (..., d) and log|det f'(x)| (...,)."""
        return self._both(self._forward, x, "x")

    def inverse(self, y):
        """The pair x = f⁻¹(y) (..., d) and log|det (f⁻¹)'(y)| = −log|det f'(x)| (...,)."""
        return self._both(self._inverse, y, "y")

    def pullback(self, x, y_cotangent, log_det_cotangent):
        """The gradients (..., d) and (p,) of Σ a·f(x) + Σ c log|det f'(x)| in x and parameters.

        y_cotangent a (..., d); log_det_cotangent c (...,); parameters' are summed over rows.
        Tested in: tests/flows/test_bijections.py
        """
        return self._gradients(self._pullback, x, y_cotangent, log_det_cotangent, "x", "y")

    def inverse_pullback(self, y, x_cotangent, log_det_cotangent):
        """The same of the inverse map: the gradients of Σ a·f⁻¹(y) + Σ c log|det (f⁻¹)'(y)|.

        Tested in: tests/flows/test_bijections.py
        """
        return self._gradients(self._inverse_pullback, y, x_cotangent, log_det_cotangent, "y", "x")

    def inverse_and_back(self, y):
        """The inverse, its log-determinants, and its pullback, which shares their work.

        Returns x (..., d), log|det (f⁻¹)'(y)| (...,) and a function (x_cotangent,
        log_det_cotangent) -> (ȳ (..., d), θ̄ (p,)).
        Checked by: gradient_through_layers
        """
        y = as_points(y, "y", self.dim)
        with beyond_float(), np.errstate(under="ignore", divide="ignore"):
            x, log_det, pulled = self._inverse_and_back(
                np.ascontiguousarray(y.reshape(-1, self.dim))
            )

        def back(a, c):
            a = as_array(a, "x_cotangent", y.shape).reshape(-1, self.dim)
            c = as_array(c, "log_det_cotangent", y.shape[:-1]).reshape(-1)
            with beyond_float(), np.errstate(under="ignore", divide="ignore"):
                y_bar, theta = pulled(a, c)
            return y_bar.reshape(y.shape), theta

        return x.reshape(y.shape), log_det.reshape(y.shape[:-1]), back

    @property
    def inverted(self) -> Bijection:
        """The inverse as a bijection: `forward` and `inverse` change places.

        Checked by: own_bijection_changes_volume, own_bijection_inverse_returns
        """
        from refscore.flows.bijections.composition import Inverse

        return Inverse(self)

    @property
    def parameters(self) -> np.ndarray:
        """The flat parameters, a copy (p,)."""
        return flat(*self._parts())

    def with_parameters(self, theta) -> Bijection:
        """The same kind of map with parameters `theta` (p,)."""
        theta, parts, start = as_array(theta, "theta", self.parameters.shape), [], 0
        for part in self._parts():
            stop = start + np.size(part)
            parts.append(theta[start:stop].reshape(np.shape(part)))
            start = stop
        return self._made(*parts)

    def _parts(self) -> tuple:
        """The arrays of the parameters, in their order."""
        return ()

    def _made(self, *parts):
        return self

    def _both(self, function, points, name):
        points = as_points(points, name, self.dim)
        rows = np.ascontiguousarray(points.reshape(-1, self.dim))
        with beyond_float(), np.errstate(under="ignore", divide="ignore"):
            blocks = rows_in_blocks(len(rows), rows_at_once(self.dim))
            moved, log_det = map(np.concatenate, zip(*(function(rows[b]) for b in blocks)))
        return moved.reshape(points.shape), log_det.reshape(points.shape[:-1])

    def _gradients(self, function, points, a, c, name, other):
        points = as_points(points, name, self.dim)
        a = as_array(a, f"{other}_cotangent", points.shape).reshape(-1, self.dim)
        c = as_array(c, "log_det_cotangent", points.shape[:-1]).reshape(-1)
        with beyond_float(), np.errstate(under="ignore", divide="ignore"):
            back, theta = function(np.ascontiguousarray(points.reshape(-1, self.dim)), a, c)
        return back.reshape(points.shape), theta

    def _pullback(self, x, a, c):
        if type(self)._forward_and_back is Bijection._forward_and_back:
            raise NotImplementedError(f"{type(self).__name__} has no pullback")
        return self._forward_and_back(x)[2](a, c)

    def _inverse_pullback(self, y, a, c):
        return self._inverse_and_back(y)[2](a, c)

    def _forward_and_back(self, x):
        """y, the log-determinants, and the pullback (a, c) -> (x̄, θ̄), which shares the work."""
        return *self._forward(x), lambda a, c: self._pullback(x, a, c)

    def _inverse_and_back(self, y):
        """The same of the inverse map."""
        x, log_det = self._inverse(y)

        def back(a, c):
            h = a + self._pullback(x, np.zeros_like(a), -c)[0]
            y_bar = self._solve_transposed(x, h)
            return y_bar, self._pullback(x, -y_bar, -c)[1]

        return x, log_det, back

    def _forward(self, x):
        raise NotImplementedError(f"{type(self).__name__} has no forward map")

    def _inverse(self, y):
        raise NotImplementedError(f"{type(self).__name__} has no inverse map")

    def _solve_transposed(self, x, h):
        """The solution of f'(x)ᵀ a = h, row by row."""
        raise NotImplementedError(f"{type(self).__name__} has no transposed solve")


def rows_at_once(dim: int) -> int:
    """How many points are moved together: memory beside the answers is theirs alone."""
    return max(1, min(_ROWS, _AT_ONCE // dim))


def scaled_by(x, a):
    """x exp(a) where exp(a) alone is beyond floats too: 0 exp(800) = 0."""
    half = np.exp(a / 2)
    return x * half * half


def flat(*parts) -> np.ndarray:
    """Gradients of parameters one after the other, (p,)."""
    return np.concatenate([np.zeros(0), *(np.ravel(part) for part in parts)])


def as_bijection(value, name: str) -> Bijection:
    """`value`, which must be a Bijection."""
    if not isinstance(value, Bijection):
        raise TypeError(f"{name} must be a Bijection, got {type(value).__name__}")
    return value

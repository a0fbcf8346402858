"""What velocities with a known flow share: the door of `flow` and `log_det`."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_points, as_scalar, beyond_float
from refscore.fields.explicit import ExplicitFamily


class KnownFlow(ExplicitFamily):
    """A velocity f whose flow is known: z' = f(z, t), z(t0) = x, has z(t1) in closed form.

    A subclass adds to the hooks of an `ExplicitFamily` `_carried(x, t0, t1)`, the pair of
    z(t1) (n, d) and log|det dz(t1)/dx| (n,), NaN in the rows of paths that are infinite by t1.
    """

    def flow(self, x, t0, t1) -> np.ndarray:
        """z(t1) with z(t0) = x: points (..., d) to points (..., d); t1 < t0 is welcome.

        Raises: ValueError where a path is infinite by t1.
        Tested in: tests/flows/test_exact.py
        """
        x, t0, t1, z, log_det = self._both(x, t0, t1)
        _refuse(np.isnan(log_det), x, t0, f"it is infinite before t1 = {t1:g}")
        beyond = f"the closed form passes 1.8e308 by t1 = {t1:g}"
        _refuse(np.isnan(z).any(axis=1), x, t0, beyond)
        return z.reshape(x.shape)

    def log_det(self, x, t0, t1) -> np.ndarray:
        """log|det dz(t1)/dx| at x (..., d), which is ∫ div f(z(t), t) dt from t0 to t1; (...,).

        Raises: ValueError where a path is infinite by t1.
        Tested in: tests/flows/test_exact.py
        """
        x, t0, t1, _, log_det = self._both(x, t0, t1)
        _refuse(np.isnan(log_det), x, t0, f"it is infinite before t1 = {t1:g}")
        return log_det.reshape(x.shape[:-1])

    def _both(self, x, t0, t1):
        x = as_points(x, "x", self.dim)
        t0, t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
        with beyond_float(), np.errstate(divide="ignore", under="ignore"):
            return x, t0, t1, *self._carried(x.reshape(-1, self.dim), t0, t1)

    def _carried(self, x, t0, t1):
        raise NotImplementedError(f"{type(self).__name__} does not define _carried")


def _refuse(lost, x, t0, why):
    """Raise where rows are lost (n,), naming the first."""
    for row in np.flatnonzero(lost)[:1]:
        at = np.unravel_index(row, x.shape[:-1]) if x.ndim > 1 else ()
        where = f" at row {', '.join(str(int(i)) for i in at)}" if at else ""
        raise ValueError(
            f"t1 must be a time at which the path is finite: from t0 = {t0:g}{where} {why}"
        )


def bent(x, direction, log_r, k, log_e, rising):
    """x/√D and log D for D = e² + (k r)², where not `rising` e² - (k r)²: NaN from D = 0 on.

    r = |x| and direction x/r, so that neither a far x nor a small e leaves the floats:
    with q = log(k r/e), √D = e √(1 ± e^{2q}) = k r √(e^{-2q} ± 1).
    """
    q, grown = np.log(k) + log_r - log_e, np.exp(-0.5 * log_e)
    near = np.where(x == 0, 0.0, x * grown * grown)
    up = np.where(
        q > 0, direction / k / np.sqrt(1 + np.exp(-2 * q)), near / np.sqrt(1 + np.exp(2 * q))
    )
    left = np.where(q < 0, -np.expm1(2 * q), np.nan)
    moved = np.where(rising, up, near / np.sqrt(left))
    return moved, 2 * log_e + np.where(rising, np.logaddexp(0.0, 2 * q), np.log(left))

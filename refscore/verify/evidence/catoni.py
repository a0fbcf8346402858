"""Evidence against a mean and a variance where nothing else is known of the law."""

from __future__ import annotations

import numpy as np

from refscore.verify.evidence.betting import as_floats, log_mean, plain

RATES = (0.003, 0.01, 0.03, 0.07, 0.15, 0.3, 0.6, 1.2)
_EXCESS_RATES = (0.005, 0.02, 0.1, 0.4)


class _Grid:
    """Products of factors, one a column and rate, averaged over the rates."""

    def __init__(self, columns: int, rates):
        self.rates = np.atleast_2d(np.asarray(rates, float))
        self.logs = np.zeros((columns, self.rates.shape[-1]))

    def _add(self, x) -> np.ndarray:
        x = np.asarray(x, float).reshape(-1, len(self.logs))
        for start in range(0, len(x), 500):
            part = x[start : start + 500]
            with np.errstate(over="ignore", invalid="ignore"):
                self.logs += self._log_factors(part[..., None]).sum(0)
        self.logs[~np.isfinite(x).all(0)] = np.inf
        return self.log_e

    def _log_factors(self, x) -> np.ndarray:
        raise NotImplementedError

    @property
    def log_e(self) -> np.ndarray:
        """log E of every column."""
        return log_mean(self.logs)

    def state(self) -> dict:
        """What has to be kept to go on."""
        return {"logs": plain(self.logs)}

    def restore(self, state: dict) -> None:
        """Go on from a kept state."""
        self.logs = as_floats(state["logs"], self.logs.shape)


class Catoni(_Grid):
    """Does x, of variance at most v, have the mean m?

    E_n = avg over l, both signs, of Π (1 + y_i + y_i²/2)/(1 + l² v/2),  y_i = l (x_i - m).

    1 + y + y²/2 > 0, and its mean is 1 + l² Var(x)/2 <= 1 + l² v/2 if E x = m: a
    supermartingale under H: mean m, variance at most v. Catoni 2012; Wang and Ramdas 2023.
    """

    def __init__(self, mean, variance, *, rates=RATES):
        self.mean, self.variance = np.atleast_1d(mean).astype(float), np.atleast_1d(variance)
        one = np.asarray(rates, float) / np.sqrt(self.variance)[:, None]
        super().__init__(len(self.mean), np.concatenate([one, -one], axis=1))

    def update(self, x) -> np.ndarray:
        """Take rows (n, k); returns log E, (k,)."""
        return self._add(np.asarray(x, float).reshape(-1, len(self.mean)) - self.mean)

    def _log_factors(self, x):
        y = self.rates * x
        return np.log1p(y + 0.5 * y * y) - np.log1p(0.5 * self.rates**2 * self.variance[:, None])


class CatoniSide(_Grid):
    """Is the mean of x, of variance at most v, above m ("above") or below it?

    E_n = avg over l of Π exp(φ(y_i))/(1 + l² v/2),  φ(y) = ±log(1 ± y + y²/2), ± = sign y,
    y_i = l (x_i - m), l > 0 for "above".

    exp φ(y) <= 1 + y + y²/2, and φ grows with y: for a mean μ <= m the factor is at most that of
    x + m - μ, whose mean is m, so at most 1 in mean. A supermartingale under the composite
    H: mean <= m ("above") or mean >= m ("below"), variance at most v. Catoni 2012.
    """

    def __init__(self, mean, variance, *, side: str, rates=RATES):
        self.mean, self.variance = np.atleast_1d(mean).astype(float), np.atleast_1d(variance)
        sign = 1.0 if side == "above" else -1.0
        one = np.asarray(rates, float) / np.sqrt(self.variance)[:, None]
        super().__init__(len(self.mean), sign * one)

    def update(self, x) -> np.ndarray:
        """Take rows (n, k); returns log E, (k,)."""
        return self._add(np.asarray(x, float).reshape(-1, len(self.mean)) - self.mean)

    def _log_factors(self, x):
        y = self.rates * x
        size = np.abs(y)
        influence = np.sign(y) * np.log1p(size + 0.5 * size * size)
        return influence - np.log1p(0.5 * self.rates**2 * self.variance[:, None])


class Excess(_Grid):
    """Is the mean square of x about m above v?

    E_n = avg over l of Π (1 + l (q_i - 1)),  q_i = (x_i - m)²/v, 0 < l < 1.

    The factors are positive and of mean at most 1 under H: E (x - m)² <= v, a supermartingale.
    """

    def __init__(self, mean, variance, *, rates=_EXCESS_RATES):
        self.mean, self.variance = np.atleast_1d(mean).astype(float), np.atleast_1d(variance)
        super().__init__(len(self.mean), rates)

    def update(self, x) -> np.ndarray:
        """Take rows (n, k); returns log E, (k,)."""
        x = np.asarray(x, float).reshape(-1, len(self.mean))
        with np.errstate(over="ignore"):
            return self._add((x - self.mean) ** 2 / self.variance)

    def _log_factors(self, x):
        return np.log1p(self.rates * (x - 1))

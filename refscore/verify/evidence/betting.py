"""Evidence against the mean of a bounded statistic: the wealth of a fair game."""

from __future__ import annotations

import numpy as np

FRACTIONS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.3, 0.55, 0.9)
_TINY = 1e-9  # an end of the range this near the mean is not told from it
_BLOCK = 200  # factors of one product: 0.05 ** 200 is still a number


class Betting:
    """Does x, in [a, b], have the mean m?

    E_n = Σ_l w_l Π_{i<=n} (1 + l (x_i - m)),  l strictly inside (-1/(b - m), 1/(m - a)).

    Every factor is positive, and E[1 + l (x_i - m) | x_1..x_{i-1}] = 1 if the mean is m; at
    most 1 for l > 0 if it is at most m, and for l < 0 if it is at least m. So E is a
    supermartingale of start 1 under H: mean = m (`side` "both"), mean <= m ("above": evidence
    that it is above), mean >= m ("below"), whatever the law; the rates l are fixed in
    advance. Ville: P(sup_n E_n >= 1/a) <= a. A number outside [a, b], or none, is infinite
    evidence. One process a column; source: Waudby-Smith and Ramdas 2024.
    """

    def __init__(self, mean, low=-1.0, high=1.0, *, side="both", rates=None):
        mean, low, high = np.broadcast_arrays(*(np.atleast_1d(v) for v in (mean, low, high)))
        self.mean, self.low, self.high = (np.array(v, float) for v in (mean, low, high))
        up = 1 / np.maximum(self.mean - self.low, _TINY)[:, None]
        down = -1 / np.maximum(self.high - self.mean, _TINY)[:, None]
        if rates is None:
            both = [up * np.array(FRACTIONS), down * np.array(FRACTIONS)]
        else:  # of every column, positive; kept inside the open interval
            rates = np.abs(np.broadcast_to(rates, (len(self.mean), np.shape(rates)[-1])))
            both = [np.minimum(rates, 0.95 * up), np.maximum(-rates, 0.95 * down)]
        chosen = {"above": both[:1], "below": both[1:], "both": both}[side]
        self.rates = np.concatenate(chosen, axis=1)
        self.logs = np.zeros_like(self.rates)

    def update(self, x) -> np.ndarray:
        """Take rows (n, k); returns log E, (k,)."""
        x = np.asarray(x, float).reshape(-1, len(self.mean))
        for start in range(0, len(x), _BLOCK):
            y = x[start : start + _BLOCK] - self.mean
            with np.errstate(invalid="ignore", over="ignore"):
                self.logs += np.log(np.maximum(_products(y, self.rates), 0))
        slack = _TINY * np.maximum(1, np.abs(self.high - self.low))
        inside = (x >= self.low - slack) & (x <= self.high + slack)  # False for nan too
        self.logs[~inside.all(0)] = np.inf
        return self.log_e

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


def _products(y: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Π_i (1 + l y_i), column by column and rate by rate: (n, k), (k, m) -> (k, m)."""
    return np.multiply.reduce(1 + y.T[:, None, :] * rates[:, :, None], axis=-1)


def log_mean(logs: np.ndarray, weights=None) -> np.ndarray:
    """log of the (weighted) mean over the last axis of exp(logs)."""
    top = logs.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares = np.where(logs == top, 1.0, np.exp(logs - np.where(np.isfinite(top), top, 0)))
        weight = 1 / logs.shape[-1] if weights is None else np.asarray(weights)
        return top[..., 0] + np.log((weight * shares).sum(-1))


def plain(array) -> list:
    """Nested lists of numbers, and of the words for what JSON has no number for."""
    array = np.asarray(array, float)
    if np.isfinite(array).all():
        return array.tolist()
    return [plain(a) for a in array] if array.ndim > 1 else [
        float(v) if np.isfinite(v) else str(float(v)) for v in array
    ]  # fmt: skip


def as_floats(value, shape) -> np.ndarray:
    """The array a plain list stands for; ValueError unless it has this shape and no nan."""
    array = np.array(value, dtype=float)
    if array.shape != tuple(shape) or np.isnan(array).any():
        raise ValueError(f"expected numbers of shape {tuple(shape)}, got shape {array.shape}")
    return array

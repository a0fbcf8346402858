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
        Bundle([self]).update(x)
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


class Bundle:
    """Several games on the same columns, played at once."""

    def __init__(self, games: list[Betting]):
        self.games = games
        self.rates = np.concatenate([g.rates for g in games], axis=1)
        self.rest = np.concatenate([1 - g.rates * g.mean[:, None] for g in games], axis=1)
        self.edges = np.cumsum([g.rates.shape[1] for g in games])[:-1]
        low, high = games[0].low, games[0].high
        slack = _TINY * np.maximum(1, np.abs(high - low))
        self.low, self.high = low - slack, high + slack

    def update(self, x) -> None:
        """Take rows (n, k): factors (1 - l m) + l x of every game, column and rate."""
        x = np.ascontiguousarray(np.asarray(x, float).reshape(-1, len(self.rates)).T)
        inside = ((x >= self.low[:, None]) & (x <= self.high[:, None])).all(-1)  # False for nan
        grown = np.zeros_like(self.rates)
        with np.errstate(all="ignore"):
            for start in range(0, x.shape[1], _BLOCK):
                factors = self.rates[:, :, None] * x[:, None, start : start + _BLOCK]
                factors += self.rest[:, :, None]
                grown += np.log(np.maximum(np.multiply.reduce(factors, axis=-1), 0))
        grown[~inside] = np.inf
        for game, logs in zip(self.games, np.split(grown, self.edges, axis=1)):
            game.logs += logs


def log_mean(logs: np.ndarray) -> np.ndarray:
    """log of the mean over the last axis of exp(logs)."""
    top = logs.max(axis=-1)
    finite = np.isfinite(top)
    with np.errstate(invalid="ignore"):
        mean = np.exp(logs - np.where(finite, top, 0)[..., None]).mean(-1)
        return np.where(finite, top + np.log(mean), top)


def plain(array) -> list:
    """Nested lists of numbers, and of the words for what JSON has no number for."""
    array = np.asarray(array, float)
    if np.isfinite(array).all():
        return array.tolist()
    return [plain(a) for a in array] if array.ndim > 1 else [
        float(v) if np.isfinite(v) else str(float(v)) for v in array
    ]  # fmt: skip


def whole(value, most: int = 2**53) -> int:
    """A kept count; ValueError unless it is a whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"expected a whole number from 0 to {most}, got {value!r:.20}")
    return value


def as_floats(value, shape) -> np.ndarray:
    """The array a plain list stands for; ValueError unless it has this shape and no nan."""
    array = np.array(value, dtype=float)
    if array.shape != tuple(shape) or np.isnan(array).any():
        raise ValueError(f"expected numbers of shape {tuple(shape)}, got shape {array.shape}")
    return array

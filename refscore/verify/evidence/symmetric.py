"""Evidence against equal laws where the other one can only be drawn from."""

from __future__ import annotations

import numpy as np

from refscore.verify.evidence.betting import as_floats, log_mean, plain

STRENGTHS = (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5)


class Symmetric:
    """Is D = f(X) - f(Y) symmetric about 0, as it is where X and Y follow one law?

    E_n = avg over r of (1 + r V)^(-1/2) exp(r S²/(2 (1 + r V))),  S = Σ D_i, V = Σ D_i².

    For symmetric D and every real l, cosh(l D) <= exp(l² D²/2) gives
    E[exp(l D - l² D²/2) | the past and |D|] <= 1: exp(l S - l² V/2) is a supermartingale, and
    so is its mixture over l ~ N(0, r), which is E. Under any one law of X and Y, independent,
    heavy tails included. A row that is no number is infinite evidence. De la Peña 1999.
    """

    def __init__(self, columns: int = 1, *, strengths=STRENGTHS):
        self.strengths = np.asarray(strengths, float)
        self.total, self.squares = np.zeros(columns), np.zeros(columns)

    def update(self, difference) -> np.ndarray:
        """Take rows of D (n, k); returns log E, (k,)."""
        d = np.asarray(difference, float).reshape(-1, len(self.total))
        with np.errstate(over="ignore", invalid="ignore"):
            self.total = self.total + d.sum(0)
            self.squares = self.squares + (d * d).sum(0)
        lost = ~(np.isfinite(self.total) & np.isfinite(self.squares))
        self.total[lost], self.squares[lost] = 0.0, np.inf
        return self.log_e

    @property
    def log_e(self) -> np.ndarray:
        """log E of every column."""
        lost = ~np.isfinite(self.squares)
        s, v = self.total[:, None], np.where(lost, 0, self.squares)[:, None]
        grown = 1 + self.strengths * v
        logs = -0.5 * np.log(grown) + self.strengths * s * s / (2 * grown)
        return np.where(lost, np.inf, log_mean(logs))

    def state(self) -> dict:
        """What has to be kept to go on."""
        return {"total": plain(self.total), "squares": plain(self.squares)}

    def restore(self, state: dict) -> None:
        """Go on from a kept state."""
        self.total = as_floats(state["total"], self.total.shape)
        self.squares = as_floats(state["squares"], self.squares.shape)

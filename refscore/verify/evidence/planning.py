"""How many draws a check takes, before it is run."""

from __future__ import annotations

import math

import numpy as np

SURE = 1e-6  # the chance that a certified statement is wrong
_QUANTILE = 3.4  # of the slowest of some tens of statistics, at .99


def draws_needed(gap, variance, threshold: float, quantile: float = 0.0):
    """Draws until evidence e^threshold against a mean this far off, at a quantile of luck.

    log E grows by s = n gap²/(2 variance), give or take √(2 s): s - q √(2 s) = threshold.
    """
    grown = threshold + math.log(4)  # of four rates one is near the best
    root = (quantile * math.sqrt(2) + math.sqrt(2 * quantile**2 + 4 * grown)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(gap) > 0, 2 * root**2 * variance / np.square(gap), np.inf)

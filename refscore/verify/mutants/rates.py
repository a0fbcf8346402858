"""The rates and marginals that mistakes in steps are made of: those of the process judged."""

from __future__ import annotations

from refscore.verify.setting import PROCESS


def beta(t):
    """g²."""
    return float(PROCESS.diffusion(t)) ** 2


def shrink(t):
    """-2 f, which is β too where the variance is preserved."""
    return -2 * float(PROCESS.drift_rate(t))


def pair(t):
    """(α, σ)."""
    alpha, sigma = PROCESS.marginal(t)
    return float(alpha), float(sigma)

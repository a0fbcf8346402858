"""Processes of which little is given, made whole: f read off the drift, times one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore.processes import Process, as_process, linear_drift

_WHOLE = ("drift_rate", "marginal_rates", "log_snr", "time_at", "prior_std")


class Given(Process):
    """A process of which marginal, drift and diffusion at one time are all that is needed."""

    def __init__(self, process):
        self.given, self.final_time = process, float(process.final_time)
        self.kinks = getattr(process, "kinks", ())

    def marginal(self, t):
        """(α_t, σ_t), shapes of t."""
        alpha, sigma = (_each(lambda u, i=i: self.given.marginal(u)[i], t) for i in (0, 1))
        return alpha, sigma

    def drift_rate(self, t):
        """f(t): its own, or what the drift makes of 1."""
        if hasattr(self.given, "drift_rate"):
            return _each(self.given.drift_rate, t)
        return np.vectorize(lambda u: np.reshape(self.given.drift(np.ones((1, 1)), u), ())[()])(t)

    def diffusion(self, t):
        """g(t), shape of t."""
        return _each(self.given.diffusion, t)

    def drift(self, x, t):
        """f(t) x."""
        return linear_drift(self, x, t)

    def prior_std(self):
        """Its own; raises TypeError where it has none."""
        if not hasattr(self.given, "prior_std"):
            raise TypeError(
                "process must offer .prior_std, or terminal be given; got"
                f" {type(self.given).__name__}"
            )
        return self.given.prior_std()


def whole(process) -> Process:
    """`process` with everything a `Process` has: itself, or with the rest worked out."""
    if all(hasattr(as_process(process), name) for name in _WHOLE):
        return process
    return Given(process)


def _each(function: Callable, t):
    """function of every time: all at once where it takes arrays, else one by one."""
    t = np.asarray(t, dtype=float)
    if t.ndim:
        try:
            values = np.asarray(function(t), dtype=float)
            if values.shape == t.shape:
                return values
        except (TypeError, ValueError):
            pass
    return np.array([float(function(u)) for u in t.ravel().tolist()]).reshape(t.shape)[()]

"""The process of given drift rate and diffusion, its marginals by quadrature on panels."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_callable, as_positive
from refscore.processes._smooth import as_function_of_time, legendre
from refscore.processes.base import Process, as_time


class GivenRates(Process):
    """What `from_rates` returns."""

    def __init__(self, drift_rate, diffusion, final_time, prior_std):
        self.final_time = as_positive(final_time, "final_time")
        self._f = as_function_of_time(as_callable(drift_rate, "drift_rate"), "drift_rate")
        self._g = as_function_of_time(as_callable(diffusion, "diffusion"), "diffusion")
        ends, f, g2 = _panels(self._f, self._g, self.final_time)
        self._integrate(ends, f, g2)
        self._prior = None if prior_std is None else as_positive(prior_std, "prior_std")

    def _integrate(self, ends, f, g2) -> None:
        """log α and σ² at the panels' starts, and the means of f and of g² e^{-2∫f} from there."""
        node, weight, fit, means = legendre()
        width = np.diff(ends)
        self._ends, self._f_means = ends, fit @ (means @ f)
        inner = 0.5 * width * (node[:, None] + 1) * (means @ f)
        grown = g2 * np.exp(-2 * inner)
        self._g_means = fit @ (means @ grown)
        gained, added = 0.5 * width * (weight @ f), 0.5 * width * (weight @ grown)
        self._log_alpha, self._variance = np.zeros(len(width)), np.zeros(len(width))
        for i in range(len(width) - 1):
            self._log_alpha[i + 1] = self._log_alpha[i] + gained[i]
            self._variance[i + 1] = np.exp(2 * gained[i]) * (self._variance[i] + added[i])

    def _place(self, t):
        """The panel of every time, and that time on the panel's [-1, 1]."""
        i = np.clip(np.searchsorted(self._ends, t, side="right") - 1, 0, len(self._ends) - 2)
        start, end = self._ends[i], self._ends[i + 1]
        return i, t - start, 2 * (t - start) / (end - start) - 1

    def _mean(self, means, i, u) -> np.ndarray:
        return np.polynomial.legendre.legval(u, means[:, i], tensor=False)

    def log_alpha(self, t) -> np.ndarray:
        """log α_t, shape of t."""
        i, since, u = self._place(as_time(t, self))
        return self._log_alpha[i] + since * self._mean(self._f_means, i, u)

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        i, since, u = self._place(as_time(t, self))
        gained = since * self._mean(self._f_means, i, u)
        added = since * np.maximum(self._mean(self._g_means, i, u), 0.0)
        sigma = np.exp(gained) * np.sqrt(self._variance[i] + added)
        return np.exp(self._log_alpha[i] + gained)[()], sigma[()]

    def drift_rate(self, t) -> np.ndarray:
        """f(t), shape of t."""
        return np.array(self._f(as_time(t, self)))[()]

    def diffusion(self, t) -> np.ndarray:
        """g(t), shape of t."""
        return np.array(self._g(as_time(t, self)))[()]

    def prior_std(self) -> float:
        """Standard deviation of the Gaussian that stands for the law at time T."""
        return float(self.marginal(self.final_time)[1]) if self._prior is None else self._prior


def _panels(f, g, end: float):
    """Ends of panels (m + 1,), fine at 0, that resolve f, g² and g² e^{-2∫f}; f and g² there."""
    node, _, fit, means = legendre()
    for name, of_time in (("drift_rate", f), ("diffusion", g)):
        _finite(name, of_time(np.array([0.0, end])), end, np.array([0.0, end]))
    cuts = np.append(0.0, end * 2.0 ** np.arange(-24, 1))
    todo, done = list(zip(cuts[:-1], cuts[1:]))[::-1], []
    while todo:
        a, b = todo.pop()
        t = a + 0.5 * (b - a) * (node + 1)
        rate, noise = f(t), g(t)
        _finite("drift_rate", rate, end, t)
        _finite("diffusion", noise, end, t)
        grown = noise**2 * np.exp(np.clip((a - b) * (node + 1) * (means @ rate), -700, 700))
        c = np.abs(fit @ np.stack([rate, noise**2, grown], axis=1))
        if (c[-2:].sum(0) > 1e-13 * c.max(0)).any() and b - a > 2.0**-30 * end:
            todo += [(0.5 * (a + b), b), (a, 0.5 * (a + b))]
        else:
            done.append((a, rate, noise**2))
    starts, rates, squares = zip(*done)
    return np.append(starts, end), np.stack(rates, axis=-1), np.stack(squares, axis=-1)


def _finite(name: str, values, end: float, t) -> None:
    bad = ~np.isfinite(values) | ((values < 0) & (name == "diffusion"))
    if bad.any():
        what = "finite and at least 0" if name == "diffusion" else "finite"
        i = int(np.argmax(bad))
        raise ValueError(f"{name} must be {what} on [0, {end:g}], got {values[i]} at t = {t[i]:g}")

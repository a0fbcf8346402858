"""The process of given drift rate and diffusion, its marginals by quadrature on panels."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_callable, as_positive
from refscore.processes._smooth import as_function_of_time, legendre
from refscore.processes.base import Process, as_time

MOST = 1 << 16  # panels
NARROWEST = 2.0**-40  # of the interval: what a panel around a jump may be


class GivenRates(Process):
    """What `from_rates` returns; `beta`, where f and g come from one function of that name."""

    def __init__(self, drift_rate, diffusion, final_time, prior_std, beta=None, breaks=()):
        self.final_time = as_positive(final_time, "final_time")
        self._f = as_function_of_time(as_callable(drift_rate, "drift_rate"), "drift_rate")
        self._g = as_function_of_time(as_callable(diffusion, "diffusion"), "diffusion")
        names = ("drift_rate", "diffusion") if beta is None else ("beta", "beta")
        sources = (self._f, self._g) if beta is None else (beta, beta)
        breaks = as_time(breaks, self, "breaks").ravel()
        inside = (breaks > 0) & (breaks < self.final_time)
        self.kinks = tuple(np.unique(breaks[inside]).tolist())
        panels = _Panels(self._f, self._g, self.final_time, names, sources, breaks)
        self._integrate(panels.ends, *panels.values[:, 1:-1])
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


class _Panels:
    """Panels of [0, T], fine at 0, halved until they resolve f and g² e^{-2∫f}.

    A panel is good where the last coefficients, and what the polynomial misses at the panel's
    ends (where a kink hides from the nodes), are rounding beside its own values, beside what f
    (or g) makes of rounding in t anywhere on [0, T], or beside what is gained up to there.
    """

    def __init__(self, f, g, end: float, names, sources, breaks):
        self.f, self.g, self.end, self.names, self.sources = f, g, end, names, sources
        self._values(np.array([[0.0, end]]))
        cuts = np.unique([0.0, *(end * 2.0 ** np.arange(-24, 1)), *breaks])
        self.starts, self.stops = cuts[:-1], cuts[1:]
        t = self._nodes(self.starts, self.stops)
        self.values = self._values(t)  # f and g² (2, 18, m), ends first and last
        self.floor = [_reach(values, t) for values in self.values]
        while self._halved():
            pass
        self.ends = np.append(self.starts, end)

    def _halved(self) -> bool:
        """Whether any panel had to be halved."""
        wide = self.stops - self.starts > NARROWEST * self.end
        rough = self._rough() & wide
        split = rough.any(axis=0)
        if len(split) + split.sum() > MOST:
            name, at = self.names[int(rough[0].sum() < rough[1].sum())], self.starts[split][0]
            raise ValueError(
                f"{name} is too rough: it must be smooth but for some times, and {MOST} panels"
                f" of [0, {self.end:g}] do not resolve it, from t = {at:.6g} on"
            )
        if split.any():
            a, b = self.starts[split], self.stops[split]
            middle = 0.5 * (a + b)
            a, b = np.append(a, middle), np.append(middle, b)
            values = self._values(self._nodes(a, b))
            starts, stops = np.append(self.starts[~split], a), np.append(self.stops[~split], b)
            order = np.argsort(starts)
            self.starts, self.stops = starts[order], stops[order]
            kept = self.values[:, :, ~split]
            self.values = np.concatenate([kept, values], axis=2)[:, :, order]
        return bool(split.any())

    def _rough(self) -> np.ndarray:
        """For f and for g² e^{-2∫f} (2, m), whether a panel does not resolve it."""
        node, weight, fit, means = legendre()
        (rate, noise), half = self.values, 0.5 * (self.stops - self.starts)
        gained, inner = half * (weight @ rate[1:-1]), means @ rate[1:-1]
        inner = np.vstack([0 * half, half * (node[:, None] + 1) * inner, gained])
        growth = np.exp(np.clip(-2 * inner, -700, 700))
        parts = np.stack([rate, noise * growth])
        c, own = fit @ parts[:, 1:-1], half * (weight @ np.abs(parts[:, 1:-1]))
        sign = (-1.0) ** np.arange(len(node))[:, None]
        missed = np.abs(parts[:, [0, -1]] - np.stack([(sign * c).sum(1), c.sum(1)], axis=1))
        c = np.abs(c)
        tail = np.maximum(c[:, -2:].sum(1), missed.max(1))
        epsilon = np.array([s.epsilon() for s in self.sources])[:, None]
        steps = np.diff(node, prepend=-1.0, append=1.0)[:, None] * half
        steep = self.stops * np.abs(np.diff(self.values, axis=1) / steps).max(1)  # rounds in t too
        floor = epsilon * np.maximum(np.array(self.floor)[:, None], 0.25 * steep)
        floor = np.where(np.abs(gained) < 1, floor, 0.0)
        floor[1] *= growth.max(0)
        until = np.stack([np.cumsum(own[0]), own[1] + _carried(gained, own[1])])
        return (tail > 1e-13 * c.max(1)) & (tail > 16 * floor) & (half * tail > 1e-15 * until)

    def _nodes(self, a, b) -> np.ndarray:
        node = legendre()[0][:, None]
        return np.vstack([a, a + 0.5 * (b - a) * (node + 1), b])

    def _values(self, t) -> np.ndarray:
        rate, noise = self.f(t), self.g(t)
        bad = ~np.isfinite(rate), ~(np.isfinite(noise) & (noise >= 0))
        for i, what in enumerate(("finite", "finite and at least 0")):
            if bad[i].any():
                value, at = self.sources[i](t)[bad[i]][0], t[bad[i]][0]
                raise ValueError(
                    f"{self.names[i]} must be {what} on [0, {self.end:g}], got {value} at"
                    f" t = {at:g}"
                )
        return np.stack([rate, noise**2])


def _reach(values, t) -> float:
    """max |h| + max |t h'|, by differences between nodes (16, m): what rounding in t moves."""
    h, t = values[1:-1].T.ravel(), t[1:-1].T.ravel()
    return float(np.abs(h).max() + np.abs(t[1:] * np.diff(h) / np.diff(t)).max())


def _carried(gained, added) -> np.ndarray:
    """σ² at the panels' starts, from the gains of log α on them and of σ² e^{-2∫f}."""
    start = np.append(0.0, np.cumsum(gained)[:-1])
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        total = np.logaddexp.accumulate(np.log(added) - 2 * start)
        return np.nan_to_num(np.exp(np.append(-np.inf, total[:-1]) + 2 * start))

"""The probability flow of many points by score fields: one call of the score a distinct time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_real
from refscore.diffusion.probability_flow import score_values
from refscore.fields.base import handed_to


class FieldFlow:
    """The flow by the score field of every distinct time among the points'.

    `trouble` names what was last not finite at finite points, for the solver that gives up.
    """

    trouble = ""

    def __init__(self, process, score_of, probes, divergence, dim):
        self.process, self.score_of, self.dim = process, score_of, dim
        self.probes, self.divergence = probes, divergence
        self.rows = (1 if probes is None else probes.shape[1]) if divergence else 0

    def at(self, times):
        return times

    def __call__(self, t, y, index):
        x = np.ascontiguousarray(y[: self.dim].T)
        out = np.full((len(x), self.dim + self.rows), np.nan)  # where x is not finite, too
        sound = np.isfinite(x).all(axis=1)
        for time in np.unique(t[sound]):
            mine = np.flatnonzero((t == time) & sound)
            out[mine] = self._rows(float(time), x[mine], index[mine])
        return out.T

    def _rows(self, t, x, index):
        score, f = self.score_of(t), self.process.drift_rate(t)
        half = 0.5 * self.process.diffusion(t) ** 2
        parts = [f * x - half * self._finite(score_values(score, x, t), "the score", t)]
        if self.divergence and self.probes is None:
            divergence = self._finite(_divergence(score, x, t), "the score's divergence", t)
            parts.append((f * self.dim - half * divergence)[:, None])
        elif self.divergence:
            v = self.probes[index]
            forms = self._finite(_forms(score, x, t, v), "the score's derivative", t)
            parts.append(f * (v * v).sum(-1) - half * forms)
        return np.concatenate(parts, axis=-1)

    def _finite(self, values, what, t):
        if not np.isfinite(values).all():
            self.trouble = f"{what} at time {t:.6g} is not finite"
        return values


def _divergence(score, x, t) -> np.ndarray:
    """div s (n,)."""
    name = f"the score's divergence at time {t:.6g}"
    found = as_real(_offered(score, "divergence", t)(handed_to(score, x)), name)
    if found.shape != x.shape[:1]:
        raise ValueError(f"{name} must have shape {x.shape[:1]}, got shape {found.shape}")
    return found


def _forms(score, x, t, v) -> np.ndarray:
    """vᵀ (∂s/∂x) v for probes v (n, m, d): (n, m)."""
    jvp, forms = _offered(score, "jvp", t), np.empty(v.shape[:2])
    for j in range(v.shape[1]):
        u = np.ascontiguousarray(v[:, j])
        product = score_values(lambda x, u=u: jvp(x, u.copy()), x, t, "the score's jvp")
        forms[:, j] = np.einsum("nd,nd->n", u, product)
    return forms


def _offered(score, name: str, t) -> Callable:
    if not hasattr(score, name):
        raise TypeError(
            f"score_at must give fields with .{name} for a likelihood, such as fields.Function"
            f"{', or probes with .jvp be used' if name == 'divergence' else ''}; at time"
            f" {t:.6g} it gave a {type(score).__name__}"
        )
    return getattr(score, name)

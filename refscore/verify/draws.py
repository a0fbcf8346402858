"""Samples of what draws by itself, compared in mean and spread."""

from __future__ import annotations

import math

import numpy as np

from refscore.identities import Average, catalogue
from refscore.verify.ports import PORTS
from refscore.verify.subject import Subject

_AGAIN, _PATIENCE = 20, 1.0  # further runs of a check that draws, and seconds for them


def moments(check: str, subject: Subject, seconds: float) -> dict:
    """Values of every average of a check, drawn with further seeds, by case and outcome."""
    entry = catalogue()[check]
    drawn: dict[tuple, list[np.ndarray]] = {}
    again = max(1, min(_AGAIN, int(_PATIENCE / max(seconds, 1e-3))))
    for case in entry.cases():
        for shift in range(again):
            try:
                outcomes = list(entry.sides(_OtherSeeds(subject, 7919 * shift), case))
            except Exception:  # this case is declined
                break
            labels = [o.label for o in outcomes]
            for i, o in enumerate(outcomes):
                if isinstance(o, Average):
                    key = (case.name, (o.label, labels[:i].count(o.label)))
                    drawn.setdefault(key, []).append(np.asarray(o.values, float).ravel())
    return {key: np.concatenate(values) for key, values in drawn.items()}


class _OtherSeeds:
    """A subject whose seeds are moved on."""

    def __init__(self, subject: Subject, shift: int):
        self._subject, self._shift = subject, shift

    def __getattr__(self, name):
        port = getattr(self._subject, name)
        if name not in PORTS:
            return port

        def call(*args, **draws):
            if "rng" in draws:
                draws["rng"] += self._shift
            return port(*args, **draws)

        return call


def agreement_of_moments(x: np.ndarray, y: np.ndarray) -> float | None:
    """A log-likelihood that two samples share their mean and their spread, None if not.

    z = (x̄ - ȳ) / √(s_x²/n + s_y²/m), and the same of log s, whose variance is (κ - 1) / 4n
    with the kurtosis κ seen. Both stay below 4.
    """
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    sx, sy = x.std(ddof=1), y.std(ddof=1)
    tiny = 1e-9 * max(abs(x).max(), abs(y).max(), 1e-300)
    if min(sx, sy) <= tiny:
        return 0.0 if abs(x.mean() - y.mean()) <= tiny and max(sx, sy) <= tiny else None
    z = abs(x.mean() - y.mean()) / math.hypot(sx / math.sqrt(x.size), sy / math.sqrt(y.size))
    tails = [max(((v - v.mean()) ** 4).mean() / v.var() ** 2, 2.0) for v in (x, y)]
    error = math.sqrt(sum((k - 1) / (4 * v.size) for k, v in zip(tails, (x, y))))
    w = abs(math.log(sx / sy)) / error
    return -0.5 * (z * z + w * w) if max(z, w) < 4 else None


def likely(drawn: list[float]) -> bool:
    """The squares of all z, two for every average, are not together too large: p > 10⁻⁴."""
    from scipy.special import chdtrc

    return not drawn or bool(chdtrc(2 * len(drawn), -2 * sum(drawn)) > 1e-4)

"""What rows of a batch may not share, and where rows have to end: exact comparisons beside draws.

A step that draws by itself leaves more than a law to look at: chains of one start never end
alike, and where all but the decision is handed over, whoever moves ends at one known point.
"""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Mean, Sides

_SEED, _ROWS, _COPIES, _STARTS = 3, 250, 100, 20  # rows as many as batches of draws have
_NEAR = 1e-6  # of the usual move; two independent rows of 250 in two columns: probability 2e-8
_FAR = 4.5  # standard deviations
_OFTEN, _SELDOM = 0.7, 0.3  # 100 copies are decided alike with a probability below 1e-14


def far_noise(*shape, key):
    """Standard normal numbers whose last row lies far out, where noise is cut off if it is."""
    z = np.array(settings.normals(*shape, key=key))
    z[..., -1, :] = np.resize([_FAR, -_FAR], shape[-1])
    return z


def distinct(move, at):
    """Chains that start at one point end apart, and not mirrored through it either.

    `move(x, seed)`: the points (n, d) after a step that draws for itself; d >= 2."""
    step = np.asarray(move(np.tile(at, (_ROWS, 1)), _SEED)) - at
    if step.shape != (_ROWS, len(at)):
        return
    size = np.abs(step).max(-1)
    step = np.where((size > 1e-6 * (1 + np.abs(at).max()))[:, None], step, np.nan)
    near = _NEAR * np.median(size[size > 0]) if (size > 0).any() else 0.0
    twins = np.array([_twin(step, i, near) for i in range(_ROWS)])
    found, none = np.append((twins >= 0).sum(), twins), np.append(0.0, -np.ones(_ROWS))
    yield Sides("how many rows repeat one before them, and which", found, none, 1.0)


def _twin(step, i, near) -> float:
    """The first row before i that moved as row i did, or the opposite way; -1 if there is none."""
    before = step[:i]
    apart = np.minimum(np.abs(before - step[i]).max(-1), np.abs(before + step[i]).max(-1))
    alike = np.flatnonzero(apart <= near)
    return float(alike[0]) if len(alike) else -1.0


def _trajectories(law, h, n):
    """Starts and momenta whose trajectories are often taken, not always; ends and acceptances."""
    d = len(law.mean) if law.kind == "gaussian" else law.means.shape[1]
    x, v = settings.points(300, d, 9), settings.normals(300, d, key=19)
    y, r = oracles.langevin_steps.hamiltonian_log_ratio(law, x, v, h, n)
    rate = np.exp(np.minimum(r, 0))
    chosen = np.argsort(np.where(rate > _SELDOM, rate, 2))[:_STARTS]
    return tuple(a[chosen] for a in (x, v, y, rate))


def ends_of_trajectories(step, law, h, n):
    """Whoever moves ends where the leapfrog ends; copies of one start decide by themselves.

    `step(x, v, seed)`: the points after a Hamiltonian step that draws its uniform numbers."""
    x, v, y, rate = _trajectories(law, h, n)
    after = np.asarray(step(np.tile(x, (_COPIES, 1)), np.tile(v, (_COPIES, 1)), _SEED))
    if after.shape != (_COPIES * len(x), x.shape[1]):
        return
    after = after.reshape(_COPIES, *x.shape)
    moved = np.abs(after - x).max(-1) > 1e-6 * (1 + np.abs(x).max(-1))
    first = after[moved.argmax(0), np.arange(len(x))]
    elsewhere = moved & (np.abs(after - first).max(-1) > 1e-6 * (1 + np.abs(first).max(-1)))
    right = np.abs(first - y).max(-1) <= 1e-6 * (1 + np.abs(y).max(-1))
    alike = (moved.all(0) & right | ~moved.any(0)) & (rate < _OFTEN)
    yield Sides("ends of trajectories", first, y)
    yield Sides("rows of one start that end elsewhere", np.array(float(elsewhere.sum())), 0.0, 1.0)
    yield Sides("starts whose rows decide as one", np.array(float(alike.sum())), 0.0, 1.0)


def quadrants(step, law, at, scale):
    """Where a Barker step of two coordinates goes from one point: four directions, or nowhere.

    Stationarity does not see signs that coordinates share, nor a lean that is too strong."""

    def indicators(seed, n):
        away = np.asarray(step(np.tile(at, (n, 1)), seed)) - at
        moved = np.abs(away).max(-1) > 1e-6 * (1 + np.abs(at).max())
        found = np.stack([moved & _towards(away, signs) for signs in _SIGNS], -1).astype(float)
        return np.column_stack([found, found @ _PRODUCT])

    rates = _quadrant_rates(law, at, scale)
    names = (*(f"moved {'+-'[a < 0]}{'+-'[b < 0]}" for a, b in _SIGNS), "product of directions")
    low = np.array([0.0, 0, 0, 0, -1])
    wanted = Mean(np.append(rates, rates @ _PRODUCT), low, 1.0, names=names)
    yield Draws("directions", indicators, wanted, 0.03)


_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_PRODUCT = np.prod(_SIGNS, axis=1)


def _towards(away, signs):
    return (np.sign(away) == signs).all(-1)


def _quadrant_rates(law, at, scale, nodes=32):
    """P(moved, signs) = ∫ Π 2 φ_τ(w_i) F(w_i s_i(x)) min(1, e^r) dw over one quadrant."""
    from scipy.special import expit

    x, (g, v) = at[None], np.polynomial.legendre.leggauss(nodes)
    w, dw = 4 * scale * (1 + g), 4 * scale * v
    density = 2 * np.exp(-0.5 * (w / scale) ** 2) / (scale * np.sqrt(2 * np.pi)) * dw
    weights, s = np.outer(density, density).ravel(), oracles.scores.score(law, x)
    found = []
    for signs in _SIGNS:
        away = np.array(signs) * np.stack(np.meshgrid(w, w, indexing="ij"), -1).reshape(-1, 2)
        start = np.broadcast_to(x, away.shape)
        r = oracles.langevin_steps.barker_log_ratio(law, start, x + away)
        proposed = weights * expit(away * s).prod(-1)
        found.append(float((proposed * np.exp(np.minimum(r, 0))).sum()))
    return np.array(found)

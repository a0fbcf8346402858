"""From a score back to its density: path integrals, circulation, and the normaliser."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_points,
    as_positive,
    beyond_float,
)
from refscore.fields.base import Field, as_field

# Kronrod's 15 points on (−1, 1), x ≥ 0, with his weights and those of the 7 Gauss points
# (0 elsewhere): QUADPACK, qk15.
_X = (0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
      0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
      0.586087235467691130294144691693013, 0.405845151377397166906606412076961,
      0.207784955007898467600689403773245, 0.0)  # fmt: skip
_K = (0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
      0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
      0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
      0.204432940075298892414161999234649, 0.209482141084727828012999174891714)  # fmt: skip
_G = (0.0, 0.129484966168869693270611432679082,
      0.0, 0.279705391489276667901467771423780,
      0.0, 0.381830050505118944950369775488975,
      0.0, 0.417959183673469387755102040816327)  # fmt: skip
NODES = np.array([-x for x in _X] + list(_X[-2::-1]))
KRONROD = np.array(_K + _K[-2::-1])
GAUSS = np.array(_G + _G[-2::-1])
_DEPTH = 45
_MOST_BOXES = 20000
# Uneven, so that the middle between two modes does not fall on a cut and hide.
_FIRST_CUTS = np.array([0.0, 0.2371, 0.4783, 0.7419, 1.0])


def log_density_from_score(score: Field, x, x0, *, breakpoints=(), tolerance=1e-10) -> np.ndarray:
    """The difference log p(x) − log p(x₀) from the score alone, along straight lines.

        log p(x) − log p(x₀) = ∫₀¹ s(x₀ + t(x − x₀))·(x − x₀) dt

    `score` a Field; `x` (..., d); `x0` (d,); `breakpoints` values of t in (0, 1) where the
    lines cross a kink or a narrow mode; `tolerance` of the integral, relative to
    max(1, ∫|integrand|). Returns (...,). Valid only if the whole segment lies in the
    support: on a support of several pieces the score does not determine how the mass is
    shared (½U(0,1) + ½U(2,3) and .9/.1 have one score). A field that is not a gradient gives
    a number that depends on the path: see `circulation`. A mode narrower than about 1/60 of
    the segment can be missed without a breakpoint. Raises RuntimeError if the tolerance is
    not met. Method: adaptive 7-15 Gauss-Kronrod (Piessens et al., QUADPACK, 1983).
    Source: row A3 of the catalogue, `refscore identities A3`.
    Checked by: density_from_score
    """
    x = as_points(x, "x", as_field(score, "score").dim)
    x0 = as_array(x0, "x0", (score.dim,))
    rows = x.reshape(-1, score.dim)
    cuts, tolerance = _cuts(breakpoints), as_positive(tolerance, "tolerance")
    with beyond_float():
        values = [
            _line_integrals(score, np.broadcast_to(x0, part.shape), part, cuts, tolerance)
            for part in (rows[i : i + 2048] for i in range(0, len(rows), 2048))
        ]
    return np.concatenate([*values, np.empty(0)]).reshape(x.shape[:-1])


def circulation(field: Field, vertices, *, tolerance=1e-10) -> float:
    """∮ s·dl around the closed polygon through `vertices` (m, d), in their order.

    Zero for every loop if s is a gradient on a simply connected set; for s(x) = A x + b it is
    the sum of ½ (A − Aᵀ) over the polygon's oriented area. `field` a Field of dimension d;
    `tolerance` of every edge's integral, relative to max(1, ∫|integrand|). Returns a number.
    Raises RuntimeError if the tolerance is not met. Source: Stokes' theorem; row A4 of the
    catalogue, `refscore identities A4`.
    Tested in: tests/test_recovery.py
    """
    corners = as_points(vertices, "vertices", as_field(field, "field").dim)
    if corners.ndim != 2 or len(corners) < 3:
        raise ValueError(f"vertices must have shape (m, d) with m >= 3, got {corners.shape}")
    tolerance = as_positive(tolerance, "tolerance")
    with beyond_float():
        edges = _line_integrals(field, corners, np.roll(corners, -1, axis=0), _cuts(()), tolerance)
    return float(edges.sum())


def normalise(log_density: Callable, low, high, *, pieces=8, tolerance=1e-10) -> float:
    """The normaliser log ∫ exp(log_density(x)) dx over a box in one or two dimensions.

    `log_density` maps points (n, d) to (n,), −inf allowed; `low`, `high` (d,), d = 1 or 2, a
    box that holds the mass; `pieces` first cuts per axis, enough that no mode falls between
    nodes. Subtract the result from log_density to normalise it. Raises RuntimeError if the
    relative `tolerance` is not met. Method: adaptive product 7-15 Gauss-Kronrod, boxes
    halved where the error is. Source: Piessens et al., QUADPACK (1983).
    Tested in: tests/test_recovery.py
    """
    log_density, pieces = as_callable(log_density, "log_density"), as_count(pieces, "pieces")
    low, high = as_points(low, "low"), as_points(high, "high")
    if low.shape != high.shape or low.shape not in ((1,), (2,)):
        raise ValueError(
            "low and high must have shape (1,) or (2,): quadrature is for one or two"
            f" dimensions; got {low.shape} and {high.shape}"
        )
    if not (low < high).all():
        raise ValueError(f"high must be above low, got low {low} and high {high}")
    boxes = _Boxes(log_density, tolerance=as_positive(tolerance, "tolerance"))
    return boxes.integrate(*_grid(low, high, pieces))


def _cuts(breakpoints) -> np.ndarray:
    inner = np.sort(as_array(breakpoints, "breakpoints", (None,)))
    if ((inner <= 0) | (inner >= 1)).any():
        raise ValueError(f"breakpoints must lie in (0, 1), got {inner}")
    return np.unique(np.concatenate([_FIRST_CUTS, inner]))


def _line_integrals(field, start, stop, cuts, tolerance) -> np.ndarray:
    """∫ s·dl along n segments (n, d) → (n, d), each halved where its error estimate is."""
    count, step = len(start), stop - start
    owner = np.repeat(np.arange(count), len(cuts) - 1)
    a, b = np.tile(cuts[:-1], count), np.tile(cuts[1:], count)
    kept = tuple(np.empty(0) for _ in range(6))
    for _ in range(_DEPTH):
        panels = (owner, a, b, *_panels(field, start, step, owner, a, b))
        kept = tuple(np.concatenate(pair) for pair in zip(kept, panels, strict=True))
        owner = kept[0].astype(int)
        total, size, error = (np.bincount(owner, w, count) for w in kept[3:])
        allowed = tolerance * np.maximum(1, size)
        if (error <= allowed).all():
            return total
        share = allowed / (2 * np.bincount(owner, minlength=count))
        split = (error > allowed)[owner] & (kept[5] > share[owner])
        owner, left, right = owner[split], kept[1][split], kept[2][split]
        middle = 0.5 * (left + right)
        kept = tuple(column[~split] for column in kept)
        owner = np.tile(owner, 2)
        a, b = np.concatenate([left, middle]), np.concatenate([middle, right])
    raise RuntimeError(
        f"the path integral did not reach tolerance {tolerance}: error {error.max():.3g};"
        " give breakpoints, or stay inside the support"
    )


def _panels(field, start, step, owner, a, b):
    """Kronrod's value, the integral of the absolute value, and the error, per panel."""
    half = 0.5 * (b - a)
    t = (a + half)[:, None] + half[:, None] * NODES
    along = step[owner][:, None, :]
    f = (field(start[owner][:, None, :] + t[..., None] * along) * along).sum(axis=-1)
    return half * (f @ KRONROD), half * (np.abs(f) @ KRONROD), half * np.abs(f @ (KRONROD - GAUSS))


def _grid(low, high, pieces):
    corners = [np.linspace(lo, hi, pieces + 1) for lo, hi in zip(low, high, strict=True)]
    starts = np.stack(np.meshgrid(*(c[:-1] for c in corners), indexing="ij"), -1)
    starts = starts.reshape(-1, len(low))
    return starts, np.broadcast_to((high - low) / pieces, starts.shape)


class _Boxes:
    """Adaptive quadrature of exp(log_density − shift) over boxes; the shift follows the peak."""

    def __init__(self, log_density, tolerance):
        self.log_density, self.tolerance, self.shift = log_density, tolerance, -np.inf

    def integrate(self, start, width) -> float:
        done = error = 0.0
        for _ in range(_DEPTH):
            before = self.shift
            values, errors = self._evaluate(start, width)
            if self.shift > before:
                done, error = (
                    done * np.exp(before - self.shift),
                    error * np.exp(before - self.shift),
                )
            allowed = self.tolerance * (done + values.sum())
            fine = errors <= allowed / (4 * len(errors))
            if error + errors.sum() <= allowed:
                fine[:] = True
            done, error = done + values[fine].sum(), error + errors[fine].sum()
            if fine.all():
                return float(self.shift + np.log(done))
            start, width = _halved(start[~fine], width[~fine])
            if len(start) > _MOST_BOXES:
                break
        raise RuntimeError(f"the integral did not reach relative tolerance {self.tolerance}")

    def _evaluate(self, start, width):
        """Per box: the product Kronrod value, and its distance from the product Gauss value."""
        dim = start.shape[1]
        offsets = np.stack(np.meshgrid(*[0.5 + 0.5 * NODES] * dim, indexing="ij"), -1)
        points = start[:, None] + width[:, None] * offsets.reshape(-1, dim)
        logs = np.asarray(self.log_density(points.reshape(-1, dim))).reshape(points.shape[:2])
        if np.isnan(logs).any() or (logs == np.inf).any():
            raise ValueError("log_density must be below infinity and never NaN on the box")
        self.shift = max(self.shift, float(logs.max()))
        if self.shift == -np.inf:
            raise ValueError("log_density must be above -inf somewhere on the box's nodes")
        density = np.exp(logs - self.shift) * np.prod(0.5 * width, axis=1)[:, None]
        kronrod, gauss = KRONROD, GAUSS
        if dim == 2:
            kronrod, gauss = np.outer(KRONROD, KRONROD).ravel(), np.outer(GAUSS, GAUSS).ravel()
        return density @ kronrod, np.abs(density @ (kronrod - gauss))


def _halved(start, width):
    half = 0.5 * width
    shifts = np.stack(np.meshgrid(*[[0.0, 1.0]] * start.shape[1], indexing="ij"), -1)
    shifts = shifts.reshape(-1, 1, start.shape[1])
    return (start + shifts * half).reshape(-1, start.shape[1]), np.tile(half, (len(shifts), 1))

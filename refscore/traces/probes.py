"""Random probes v with E v = 0 and E v vᴴ = I, and the variance of vᴴ A v for each kind."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_rng
from refscore.traces.operators import as_matrix


def draw_probes(shape, kind: str = "rademacher", *, rng=None) -> np.ndarray:
    """Independent probes v along the last axis, E v = 0 and E v vᴴ = I.

        gaussian    v_i ~ N(0, 1)             rademacher  v_i = ±1
        sphere      uniform, |v|² = d         coordinate  ±√d e_i, i uniform
        steinhaus   v_i = e^{iφ_i}, complex, φ_i uniform

    Arguments: shape, (..., d) as a tuple, or d; kind, one of the five above; rng: anything
    numpy.random.default_rng takes. Returns: array of that shape, complex for
    steinhaus. Raises: ValueError for another kind. Cost: one draw per entry.
    Source: Girard 1989; Hutchinson 1990.
    Checked by: trace_mean, divergence_mean, sliced_mean
    """
    shape = (shape,) if isinstance(shape, (int, np.integer)) else shape
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"shape must be a tuple (..., d) or a whole number d, got {shape!r}")
    shape = tuple(shape)
    if not shape:
        raise ValueError("shape must be (..., d), d >= 1, got ()")
    for size in shape:
        as_count(size, "shape", minimum=0)
    as_count(shape[-1], "shape[-1]")
    return _draw(kind)(shape, as_rng(rng, "probes"))


def _gaussian(shape, rng):
    return rng.standard_normal(shape)


def _rademacher(shape, rng):
    return 2.0 * rng.integers(0, 2, size=shape) - 1.0


def _sphere(shape, rng):
    z = rng.standard_normal(shape)
    return z * (np.sqrt(shape[-1]) / np.linalg.norm(z, axis=-1, keepdims=True))


def _coordinate(shape, rng):
    d = shape[-1]
    chosen = rng.integers(0, d, size=shape[:-1])
    sign = 2.0 * rng.integers(0, 2, size=shape[:-1]) - 1.0
    return (np.arange(d) == chosen[..., None]) * (np.sqrt(d) * sign[..., None])


def _steinhaus(shape, rng):
    return np.exp(2j * np.pi * rng.random(shape))


_DRAWS = {
    "gaussian": _gaussian,
    "rademacher": _rademacher,
    "sphere": _sphere,
    "coordinate": _coordinate,
    "steinhaus": _steinhaus,
}
KINDS = tuple(_DRAWS)


def _draw(kind: str):
    if kind not in KINDS:
        raise ValueError(f"kind of probe must be one of {', '.join(KINDS)}; got {kind!r}")
    return _DRAWS[kind]


def variance(matrix, kind: str = "rademacher") -> float:
    """The variance of Re vᴴ A v for one probe; divide by the number of probes.

        S = (A + Aᴴ)/2,  F = |S|²_F,  D = Σ_i s_ii²
        gaussian 2F      rademacher 2(F - D)      sphere 2d/(d+2) (F - tr(S)²/d)
        coordinate d D - tr(S)²                   steinhaus F - D

    Only the symmetric part counts: 2|A|²_F is wrong for a matrix that is not symmetric.
    Arguments: matrix (d, d), real (or complex; real probes see the real part of S only);
    kind of probe, one of the five above.
    Returns: float, inf when the squares overflow. Raises: ValueError for another kind or
    shape. Cost: d².
    Source: Hutchinson 1990; Avron and Toledo 2011, table 1.
    Tested in: tests/test_traces.py
    """
    _draw(kind)
    A = as_matrix(matrix, "matrix")
    S = A / 2 + A.conj().T / 2
    S = S if kind == "steinhaus" else S.real
    d, s = len(S), np.diag(S).real
    with np.errstate(over="ignore"):
        squares = np.sum(s**2)
        off_diagonal = np.sum(np.abs(S - np.diag(s)) ** 2)
        scatter = np.sum((s - np.sum(s / d)) ** 2)  # D - tr(S)²/d without cancellation
        formulas = {
            "gaussian": 2 * (off_diagonal + squares),
            "rademacher": 2 * off_diagonal,
            "sphere": 2 * d / (d + 2) * (off_diagonal + scatter),
            "coordinate": d * scatter,
            "steinhaus": off_diagonal,
        }
        return float(formulas[kind])

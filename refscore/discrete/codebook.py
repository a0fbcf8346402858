"""Codebooks that learn by moving averages or by Lloyd's steps; dead codes; how codes are used."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_points,
    as_positive,
    as_rng,
    beyond_float,
    require_one,
)
from refscore.discrete._grouped import counts_and_sums
from refscore.discrete._nearest import nearest
from refscore.discrete.quantisation import as_codes, as_pair, as_some, gaps


class Codebook(NamedTuple):
    """A codebook (K, d) with the moving averages it is made of: counts (K,), sums (K, d).

    Tested in: tests/discrete/test_codebook.py
    """

    codebook: np.ndarray
    counts: np.ndarray
    sums: np.ndarray

    @classmethod
    def start(cls, codebook, counts=1.0) -> Codebook:
        """Codes that stand for `counts` points each, a number or (K,): sums = counts × codes.

        Tested in: tests/discrete/test_codebook.py
        """
        codebook = _float64(as_pair(codebook, codebook)[1])
        n = as_array(counts, "counts")
        n = np.full(len(codebook), float(n)) if n.ndim == 0 else _as_counts(n, len(codebook))
        if (n < 0).any():
            raise ValueError(f"counts must be at least 0, got {n.min():g}")
        with beyond_float():
            return cls(codebook.copy(), n.copy(), n[:, None] * codebook)


class LloydResult(NamedTuple):
    """Codebook (K, d), codes (...,) of the points in it, and the mean squared error after
    0, 1, ..., m steps, (m + 1,).

    Tested in: tests/discrete/test_codebook.py
    """

    codebook: np.ndarray
    codes: np.ndarray
    errors: np.ndarray


def update_codebook(state, z, *, decay: float, epsilon: float = 1e-5) -> Codebook:
    """One exponential-moving-average update of a codebook.

        N_k ← γ N_k + (1 − γ) n_k,   m_k ← γ m_k + (1 − γ) Σ_{i: k(z_i) = k} z_i
        c_k ← m_k / [(N_k + ε)/(N + Kε) · N],   N = Σ_k N_k

    n_k counts the points nearest to the old c_k. The bracket is N_k smoothed by Laplace: ε > 0
    keeps codes without points finite, and draws them to the origin as their N_k decays to ε.
    With γ = 0 and ε = 0 the step is Lloyd's. A code whose bracket is 0 stays where it is.
    Arguments: state, a `Codebook` or its three arrays; z (..., d), at least one point; decay γ
    of [0, 1]; epsilon ≥ 0. Returns: a new `Codebook`; the old is left as it is.
    Raises: ValueError naming the argument. Cost: that of `quantise`, and O((n + K) d).
    Source: van den Oord et al. 2017; Razavi et al. 2019 (ε, as in their code).
    Checked by: moving_average_update, moving_averages_forget
    """
    codebook, counts, sums = as_state(state)
    z = as_pair(z, codebook)[0]
    as_some(z)
    decay, epsilon = as_fraction(decay, "decay"), as_positive(epsilon, "epsilon", zero=True)
    flat = z.reshape(-1, z.shape[-1])
    n, total = counts_and_sums(flat, nearest(flat, codebook), len(codebook))
    with beyond_float():
        counts = decay * counts + (1 - decay) * n
        sums = decay * sums + (1 - decay) * total
        smoothed = smoothed_counts(counts, epsilon)[:, None]
        means = np.divide(sums, smoothed, out=codebook.copy(), where=smoothed > 0)
    return Codebook(means, counts, sums)


def smoothed_counts(counts: np.ndarray, epsilon: float) -> np.ndarray:
    """(N_k + ε)/(N + Kε) · N, whose sum is N."""
    total = counts.sum()
    whole = total + len(counts) * epsilon
    return (counts + epsilon) * (total / whole) if whole > 0 else np.zeros_like(counts)


def replace_dead_codes(state, z, threshold: float, *, rows=None, rng=None) -> Codebook:
    """Codes that stand for fewer points than a threshold become points.

        N_k < θ:   c_k ← z_{rows[j]},   N_k ← θ,   m_k ← θ c_k

    the j-th of these codes, in their order, by the j-th of the rows. Codes beyond the rows there
    are stay as they are; N_k = θ is not dead.
    Arguments: state, a `Codebook` or its three arrays; z (..., d), its points numbered with the
    last index running fastest, whatever its layout; threshold θ > 0; rows (m,), whole numbers, or
    rng, which draws as many different ones as there are dead codes (all points where there are
    fewer).
    Returns: a new `Codebook`. Raises: ValueError naming the argument. Cost: O((n + K) d).
    Source: Dhariwal et al., Jukebox (2020); Williams et al. 2020.
    Checked by: dead_codes_are_replaced
    """
    state = as_state(state)
    codebook, counts, sums = (array.copy() for array in state)
    z = as_pair(z, codebook)[0]
    n, threshold = as_some(z), as_positive(threshold, "threshold")
    require_one("rows", rows, rng)
    dead = np.flatnonzero(counts < threshold)
    if rows is None:
        rows = as_rng(rng, "training").permutation(n)
    rows = as_codes(rows, n, "rows").ravel()[: len(dead)]
    dead = dead[: len(rows)]
    codebook[dead] = z.reshape(-1, z.shape[-1])[rows]
    with beyond_float():
        counts[dead], sums[dead] = threshold, threshold * codebook[dead]
    return Codebook(codebook, counts, sums)


def lloyd_step(z, codebook) -> np.ndarray:
    """One step of Lloyd's algorithm (k-means): every code becomes the mean of its points.

        c_k ← Σ_{i: k(z_i) = k} z_i / n_k;   a code without points stays

    The mean squared error Σ_i ‖z_i − c_{k(z_i)}‖²/n never rises.
    Arguments: z (..., d), at least one point; codebook (K, d). Returns: (K, d).
    Raises: as `quantise`. Cost: that of `quantise`, and O((n + K) d).
    Source: Lloyd, Least squares quantization in PCM (1982).
    Checked by: lloyd_steps, lloyd_errors_fall
    """
    z, codebook = as_pair(z, codebook)
    as_some(z)
    flat, old = z.reshape(-1, z.shape[-1]), _float64(codebook)
    return _means(flat, nearest(flat, codebook), old)


def lloyd(z, codebook, n_steps: int = 100) -> LloydResult:
    """Lloyd's algorithm from a codebook, until no point changes its code or n_steps are done.

    The local minimum of the mean squared error that the start leads to; the sample form of
    `lloyd_max`. Arguments: z (..., d), at least one point; codebook (K, d); n_steps ≥ 0.
    Returns: codebook (K, d), codes (...,), errors (m + 1,), m ≤ n_steps the steps made.
    Raises: as `quantise`. Cost: n_steps times that of `lloyd_step`; the points are never copied.
    Source: Lloyd (1982).
    Tested in: tests/discrete/test_codebook.py
    """
    z, codebook = as_pair(z, codebook)
    as_some(z)
    flat, book = z.reshape(-1, z.shape[-1]), _float64(codebook).copy()
    codes = nearest(flat, book)
    errors = [_error(flat, book, codes)]
    for _ in range(as_count(n_steps, "n_steps", minimum=0)):
        book = _means(flat, codes, book)
        again = nearest(flat, book)
        errors.append(_error(flat, book, again))
        if np.array_equal(again, codes):
            break
        codes = again
    return LloydResult(book, codes.reshape(z.shape[:-1]), np.array(errors))


def code_frequencies(codes, n_codes: int) -> np.ndarray:
    """How often each code is used, p_k = n_k/n, (K,).

    Arguments: codes, whole numbers from 0 to n_codes − 1 of any shape, at least one.
    Raises: ValueError or TypeError naming the argument. Cost: O(n + K).
    Source: definition.
    Checked by: perplexity_of_codes
    """
    n_codes = as_count(n_codes, "n_codes")
    codes = as_codes(codes, n_codes)
    return np.bincount(codes.ravel(), minlength=n_codes) / codes.size


def perplexity(codes, n_codes: int) -> float:
    """How many codes are in use, as if evenly: e^H.

        exp(−Σ_k p_k ln p_k),   0 ln 0 = 0

    1 where one code has all points, K where all codes have as many.
    Arguments and errors: as `code_frequencies`. Returns: a number of [1, K]. Cost: O(n + K).
    Source: van den Oord et al. 2017 (their code).
    Checked by: perplexity_of_codes
    """
    p = code_frequencies(codes, n_codes)
    p = p[p > 0]
    return min(float(np.exp(-(p * np.log(p)).sum())), float(n_codes))  # rounding passes K


def as_state(state) -> Codebook:
    """A codebook with its averages, checked: counts at least 0, shapes that agree."""
    try:
        codebook, counts, sums = state
    except (TypeError, ValueError):
        raise TypeError("state must be a Codebook: codebook, counts, sums") from None
    codebook = _float64(as_pair(codebook, codebook)[1])
    counts = _as_counts(counts, len(codebook))
    if (counts < 0).any():
        raise ValueError(f"counts must be at least 0, got {counts.min():g}")
    sums = as_points(sums, "sums", codebook.shape[1])
    if sums.shape != codebook.shape:
        raise ValueError(f"sums must have shape {codebook.shape}, got shape {sums.shape}")
    return Codebook(codebook, counts, sums)


def as_fraction(value, name: str) -> float:
    """A number of [0, 1]."""
    number = as_positive(value, name, zero=True)
    if number > 1:
        raise ValueError(f"{name} must be at most 1, got {number!r}")
    return number


def _as_counts(counts, n_codes):
    return as_array(counts, "counts", (n_codes,))


def _float64(codebook):
    return np.asarray(codebook, dtype=np.float64)


def _means(z, codes, codebook):
    counts, sums = counts_and_sums(z, codes, len(codebook))
    counts = counts[:, None]
    return np.divide(sums, counts, out=codebook.copy(), where=counts > 0)


def _error(z, codebook, codes) -> float:
    with beyond_float():
        return float(sum(np.einsum("nd,nd->", g, g) for _, g in gaps(z, codebook, codes)) / len(z))

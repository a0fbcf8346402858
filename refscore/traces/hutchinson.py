"""The exact trace, and Hutchinson's estimate of it from random probes."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_numbers, beyond_float, require_finite, require_one
from refscore.traces.operators import Estimate, Operator, as_operator
from refscore.traces.probes import draw_probes

_BLOCK = 1 << 20


def exact_trace(A, dim: int | None = None) -> Estimate:
    """The trace itself, tr A = Σ_i e_iᵀ A e_i.

    Arguments: A (d, d), a scipy LinearOperator, or a function v (d,) -> A v (with dim).
    Returns: Estimate(trace, 0.0, products): d products, none for an array, whose diagonal is
    read. Cost: d products.
    Tested in: tests/test_traces.py
    """
    A = as_operator(A, dim)
    if A.known_diagonal is not None:
        with beyond_float():
            return Estimate(A.known_diagonal.sum()[()], 0.0, 0)
    trace = 0.0
    for start in range(0, A.dim, rows := _rows(A.dim)):
        block = np.eye(min(rows, A.dim - start), A.dim, start)
        with beyond_float():
            trace += np.sum(block * A(block))
    return Estimate(trace, 0.0, A.n_products)


def hutchinson(
    A, dim: int | None = None, probes=None, *, rng=None, n_probes=10, probe="rademacher"
) -> Estimate:
    """Hutchinson's estimate of the trace, the mean over K probes of vᴴ A v.

        tr A = E Re vᴴ A v  when  E v vᴴ = I      (Re tr A when A is complex)

    Arguments: A (d, d), a scipy LinearOperator, or a function v (d,) -> A v (with dim);
    probes (K, d), or drawn: n_probes of the kind `probe`, which is gaussian, rademacher,
    sphere, coordinate or steinhaus (see `draw_probes`); rng: anything
    numpy.random.default_rng takes.
    Returns: Estimate(mean, sample standard deviation / √K, K). Raises: ValueError naming the
    argument. Cost: K products. Source: Hutchinson 1990.
    Checked by: hutchinson_unbiased, hutchinson_given_probes, probe_variances,
    trace_mean, probe_products
    """
    A = as_operator(A, dim)
    probes = as_probes(probes, A.dim, rng=rng, n_probes=n_probes, probe=probe)
    return summary(quadratic_forms(A, probes), A.n_products)


def quadratic_forms(A: Operator, probes: np.ndarray) -> np.ndarray:
    """Re vᴴ A v for every row v of the probes (K, d); K products."""
    rows = _rows(A.dim)
    blocks = [probes[i : i + rows] for i in range(0, len(probes), rows)]
    with beyond_float():
        return np.concatenate([np.sum(v.conj() * A(v), axis=-1).real for v in blocks])


def as_probes(probes, dim: int, *, rng, n_probes, probe, name: str = "probes") -> np.ndarray:
    """Given probes (K, d), checked, or `n_probes` fresh ones."""
    require_one(name, probes, rng)
    if probes is None:
        return draw_probes((as_count(n_probes, "n_probes"), dim), probe, rng=rng)
    probes = as_numbers(probes, name)
    if probes.ndim != 2 or probes.shape[1] != dim or not len(probes):
        raise ValueError(f"{name} must have shape (K, {dim}), K >= 1, got shape {probes.shape}")
    require_finite(probes.view(np.float64), name)
    return probes


def summary(values: np.ndarray, n_products: int) -> Estimate:
    """The mean over the first axis and its standard error, sd / √K (nan when K = 1)."""
    K = len(require_finite(values, "products of probes with A"))
    size = np.abs(values).max() or 1.0  # the squares of a standard deviation stay in range
    values = values / size
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(K) if K > 1 else mean * np.nan
    return Estimate((size * mean)[()], (size * error)[()], n_products)


def _rows(dim: int) -> int:
    return max(1, _BLOCK // dim)

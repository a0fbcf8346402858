"""The diagonal of a matrix: Hutchinson's estimate, and curvature propagation."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, beyond_float, require_finite
from refscore.traces.hutchinson import as_probes, summary
from refscore.traces.operators import Estimate, as_matrix, as_operator
from refscore.traces.probes import _draw

_FOURTH_MOMENT = {"gaussian": 3.0, "rademacher": 1.0}


def diagonal(
    A, dim: int | None = None, probes=None, *, rng=None, n_probes=10, probe="rademacher"
) -> Estimate:
    """The diagonal of A, the mean over probes of Re v̄ ∘ A v.

        a_ii = E Re v̄_i (A v)_i  when  E v vᴴ = I

    Arguments: A (d, d), a scipy LinearOperator, or a function v (d,) -> A v (with dim); probes
    (K, d), or n_probes drawn of the kind `probe` (see `draw_probes`); rng: anything
    numpy.random.default_rng takes. Returns: Estimate with (d,) estimate and standard error.
    Cost: K products. Source: Bekas, Kokiopoulou and Saad 2007 (who divide by Σ v_i², the same
    for signs; the mean is unbiased for every kind).
    Checked by: diagonal_estimate
    """
    A = as_operator(A, dim)
    probes = as_probes(probes, A.dim, rng=rng, n_probes=n_probes, probe=probe)
    with beyond_float():
        return summary((probes.conj() * A(probes)).real, A.n_products)


def diagonal_variance(matrix, kind: str = "rademacher") -> np.ndarray:
    """The variance (d,) of v_i (A v)_i for one probe.

        R_i = Σ_{j≠i} |a_ij|²
        gaussian R_i + 2 a_ii²     rademacher R_i     steinhaus R_i / 2
        sphere d/(d+2) R_i + (3d/(d+2) - 1) a_ii²     coordinate (d - 1) a_ii²

    No symmetric part here: row i of A counts as it stands. Real probes see Re A.
    Arguments: matrix (d, d); kind of probe, one of the five above. Cost: d².
    Tested in: tests/test_traces.py
    """
    _draw(kind)
    A = as_matrix(matrix, "matrix")
    A = A if kind == "steinhaus" else A.real
    d, a = len(A), np.diag(A).real
    with np.errstate(over="ignore"):
        squares = a**2
        R = np.sum(np.abs(A - np.diag(np.diag(A))) ** 2, axis=1)
        spared = squares if d > 1 else np.zeros(1)  # a sphere or coordinate in R¹ is a sign
        formulas = {
            "gaussian": R + 2 * squares,
            "rademacher": R,
            "sphere": d / (d + 2) * R + (2 * d - 2) / (d + 2) * spared,
            "coordinate": (d - 1) * spared,
            "steinhaus": R / 2,
        }
        return formulas[kind]


def curvature_propagation(
    factor, probes=None, *, rng=None, n_probes=10, probe="gaussian"
) -> Estimate:
    """The diagonal of H = Cᵀ C from products with Cᵀ: every estimate is at least zero.

        H_ii = E ((Cᵀ v)_i)²  when  E v vᵀ = I

    Arguments: factor C (m, d); probes (K, m), or n_probes drawn of the kind `probe` (see
    `draw_probes`); rng: anything numpy.random.default_rng takes. Returns: Estimate with (d,)
    estimate and standard error. Raises: ValueError naming the argument. Cost: K products with Cᵀ.
    Source: Martens, Sutskever and Swersky 2012, section 4.
    Checked by: curvature_propagation
    """
    C = as_array(factor, "factor", (None, None))
    probes = as_probes(probes, len(C), rng=rng, n_probes=n_probes, probe=probe)
    with beyond_float():
        return summary(np.abs(probes.conj() @ C) ** 2, len(probes))


def curvature_propagation_variance(factor, kind: str = "gaussian") -> np.ndarray:
    """The variance (d,) of ((Cᵀ v)_i)² for one probe, H = Cᵀ C.

        gaussian 2 H_ii²      rademacher 2 (H_ii² - Σ_k C_ki⁴)

    Arguments: factor C (m, d); kind of probe. Raises: ValueError for another kind.
    Tested in: tests/test_traces.py
    """
    if kind not in tuple(_FOURTH_MOMENT):
        raise ValueError(f"kind must be gaussian or rademacher, got {kind!r}")
    C = as_array(factor, "factor", (None, None))
    with beyond_float():
        fourth = (_FOURTH_MOMENT[kind] - 3) * np.sum(C**4, axis=0)
        return require_finite(2 * np.sum(C**2, axis=0) ** 2 + fourth, "the squares of factor")

"""Hutch++ and XTrace: catch the large part of a matrix in a sketch, estimate only the rest."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_rng, beyond_float, require_one
from refscore.traces.hutchinson import as_probes, quadratic_forms, summary
from refscore.traces.operators import Estimate, Operator, as_operator
from refscore.traces.probes import draw_probes


def hutch_plus_plus(
    A, dim=None, probes=None, *, sketch=None, n_products=30, rng=None, probe="rademacher"
) -> Estimate:
    """Hutch++: the exact trace on the range of a sketch, Hutchinson on the rest.

        Q = orth(A Ω),  P = I - Q Qᵀ,  tr A = tr Qᵀ A Q + E vᵀ P A P v

    Unbiased for every square A, exact when A Ω spans the range of A (rank A <= columns of Ω).
    Arguments: A real (d, d), LinearOperator or function (with dim); n_products, the budget m:
    ⌊m/3⌋ sketch vectors, m - 2⌊m/3⌋ probes; or both given as rows, sketch (k, d) and
    probes (K, d); or probes (m, d) alone, whose first half (⌈m/2⌉ rows) is the sketch;
    probe, the kind of those drawn: gaussian, rademacher, sphere or coordinate; rng: anything
    numpy.random.default_rng takes.
    Returns: Estimate; the standard error is that of the residual part, given the sketch.
    Cost: k + min(k, d) + K products, d k² arithmetic.
    Source: Meyer, Musco, Musco and Woodruff 2021, algorithm 1.
    Checked by: hutch_plus_plus_exact_on_low_rank, hutch_plus_plus_given_probes,
    hutch_plus_plus_products
    """
    A = as_operator(A, dim)
    k = as_count(n_products, "n_products", minimum=3) // 3
    require_one("probes", probes, rng)
    rng = as_rng(rng, "probes")
    if sketch is None and probes is not None:
        sketch, probes = _halves(_rows(probes, A.dim, "probes", 0, probe, rng))
    sketch = _rows(sketch, A.dim, "sketch", k, probe, rng)
    probes = _rows(probes, A.dim, "probes", n_products - 2 * k, probe, rng)
    Y = _real(A, sketch).T
    Q = np.linalg.qr(Y / (np.abs(Y).max() or 1.0))[0]
    with beyond_float():
        captured = np.sum(Q.T * _real(A, Q.T))
    residual = quadratic_forms(A, probes - (probes @ Q) @ Q.T)
    estimate, error, count = summary(residual, A.n_products)
    with beyond_float():
        return Estimate(captured + estimate, error, count)


def xtrace(
    A, dim=None, probes=None, *, n_products=30, rng=None, probe="gaussian", resphere=False
) -> Estimate:
    """XTrace: every test vector probes the part of A which the other ones do not capture.

        t_i = tr Q_iᵀ A Q_i + ω_iᵀ P_i A P_i ω_i,  Q_i = orth(A Ω without ω_i),  P_i = I - Q_i Q_iᵀ
        Q_i Q_iᵀ = Q (I - s_i s_iᵀ) Qᵀ,  s_i the unit vector orthogonal to QᵀAω_j, j ≠ i

    The estimate is the mean of the t_i; unbiased for every square A, exact when the sketch
    without any one vector spans the range of A (rank A < k).
    Arguments: A real (d, d), LinearOperator or function (with dim); n_products, the budget:
    k = ⌊m/2⌋ test vectors; or probes (k, d), k >= 2; probe, the kind of those drawn:
    gaussian, rademacher, sphere or coordinate; rng: anything numpy.random.default_rng takes;
    resphere rescales P_i ω_i to the squared length rank P_i (for gaussian or sphere test
    vectors), which lowers the variance. Returns: Estimate; the standard error treats the t_i
    as independent (a good guide, not a theorem). Cost: k + rank(A Ω) products, d k² arithmetic.
    Source: Epperly, Tropp and Webber 2024, section 2 and algorithm of the supplement.
    Checked by: xtrace_exact_on_low_rank, xtrace_given_probes
    """
    A = as_operator(A, dim)
    if resphere and probes is None and probe not in ("gaussian", "sphere"):
        raise ValueError(f"resphere needs gaussian or sphere test vectors, got {probe!r}")
    k = as_count(n_products, "n_products", minimum=4) // 2
    require_one("probes", probes, rng)
    Omega = _rows(probes, A.dim, "probes", k, probe, rng).T
    if Omega.shape[1] < 2:
        raise ValueError("probes must hold at least two test vectors, got one")
    Y = _real(A, Omega.T).T
    Q, s, needed = _leave_one_out(Y)
    Z = _real(A, Q.T).T if Q.shape[1] else Q
    H = Q.T @ Z
    W = Q.T @ Omega
    U = W - s * np.sum(s * W, axis=0)  # (I - s sᵀ) Qᵀ ω
    rest = Omega - Q @ U  # P_i ω_i
    with beyond_float():
        residual = np.sum(rest * (Y - Z @ U), axis=0)
    if resphere:
        residual = residual * _resphering(rest, Omega, A.dim - Q.shape[1] + needed)
    captured = np.trace(H) - np.sum(s * (H @ s), axis=0)
    return summary(captured + residual, A.n_products)


def _leave_one_out(Y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Q (d, r) spanning Y (d, k); unit s_i (r, k), zero where the others span Y without y_i.

    With Y = Q Σ Vᵀ, the other columns miss Q s iff (V Σ s)_j = 0 for all j ≠ i. Such an s
    exists iff row i of V has length one, and is then s ∝ Σ⁻¹ V_i.
    """
    Q, sizes, Vt = np.linalg.svd(Y, full_matrices=False)
    r = int(np.sum(sizes > sizes[0] * max(Y.shape) * np.finfo(float).eps))
    Q, sizes, Vt = Q[:, :r], sizes[:r], Vt[:r]
    needed = np.sum(Vt**2, axis=0) > 1 - 1e-10
    s = (sizes[-1:] / sizes)[:, None] * Vt * needed
    return Q, s / np.where(needed, np.linalg.norm(s, axis=0), 1.0), needed


def _halves(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(rows) < 2:
        raise ValueError("probes must hold a sketch vector and a probe at least, got one row")
    return rows[: (len(rows) + 1) // 2], rows[(len(rows) + 1) // 2 :]


def _resphering(rest: np.ndarray, Omega: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The factors rank P_i / |P_i ω_i|²; 0 where nothing but rounding is left of ω_i."""
    squares = np.sum(rest**2, axis=0)
    left = squares > 1e-24 * np.sum(Omega**2, axis=0)
    return np.where(left, rank / np.where(left, squares, 1.0), 0.0)


def _rows(given, dim: int, name: str, count: int, kind: str, rng) -> np.ndarray:
    if kind == "steinhaus":
        raise ValueError("probe must be real for low-rank estimates, got 'steinhaus'")
    if given is None:
        return draw_probes((count, dim), kind, rng=rng)
    given = as_array(given, name)
    return as_probes(given, dim, rng=None, n_probes=None, probe=None, name=name)


def _real(A: Operator, rows: np.ndarray) -> np.ndarray:
    products = A(rows)
    if products.dtype.kind == "c":
        raise TypeError("A must be real for low-rank estimates, got a complex matrix")
    return products

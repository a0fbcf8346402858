"""Trace estimates: unbiased and with the stated variance by enumeration, products counted."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator

from refscore import traces
from refscore.distributions import Gaussian, GaussianMixture
from refscore.nodes import Nodes, gauss_hermite, signs

SEEDS = st.integers(0, 2**31)
DIMS = st.integers(1, 5)


def matrix(seed, d, rank=None):
    """Not symmetric, trace away from zero, all entries at work."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(d, d)) + np.diag(np.arange(1.0, d + 1))
    if rank is not None:
        A = rng.normal(size=(d, rank)) @ rng.normal(size=(rank, d))
    return A


def sphere_nodes(d):
    """A degree-5 design of the sphere |v|² = d: the cross-polytope and the cube's corners.

    Degree four in every coordinate fixes the weights: E v_1⁴ = 3d/(d+2).
    """
    axes = np.sqrt(d) * np.vstack([np.eye(d), -np.eye(d)])
    corners = signs(d).points
    on_axes = 2 / (d + 2) if d > 1 else 1.0
    weights = np.r_[np.full(2 * d, on_axes / (2 * d)), np.full(2**d, (1 - on_axes) / 2**d)]
    return Nodes(np.vstack([axes, corners]), weights)


def coordinate_nodes(d):
    return Nodes(np.sqrt(d) * np.vstack([np.eye(d), -np.eye(d)]), np.full(2 * d, 0.5 / d))


def steinhaus_nodes(d, m=5):
    """m-th roots of unity on every axis: exact for the degrees that a variance needs (m > 4)."""
    roots = np.exp(2j * np.pi * np.arange(m) / m)
    return np.array(list(itertools.product(roots, repeat=d)))


REAL_NODES = {
    "rademacher": signs,
    "gaussian": lambda d: gauss_hermite(Gaussian(np.zeros(d), np.eye(d)), 3),
    "sphere": sphere_nodes,
    "coordinate": coordinate_nodes,
}


def forms(A, points):
    return np.array([np.vdot(v, A @ v) for v in points])


@pytest.mark.parametrize("kind", REAL_NODES)
@given(DIMS, SEEDS)
@settings(max_examples=15)
def test_every_real_probe_is_unbiased_with_the_stated_variance(kind, d, seed):
    A, nodes = matrix(seed, d), REAL_NODES[kind](d)
    values = forms(A, nodes.points)
    assert nodes.mean(values) == pytest.approx(np.trace(A), rel=1e-11, abs=1e-11)
    exact = nodes.mean((values - np.trace(A)) ** 2)
    scale = np.sum(A**2)
    assert traces.variance(A, kind) == pytest.approx(exact, rel=1e-10, abs=1e-10 * scale)


@given(st.integers(1, 4), SEEDS, st.booleans())
@settings(max_examples=15)
def test_steinhaus_probes_on_real_and_hermitian_matrices(d, seed, hermitian):
    A = matrix(seed, d)
    A = (A + A.T) / 2 + 1j * (A - A.T) if hermitian else A
    values = forms(A, steinhaus_nodes(d)).real
    assert values.mean() == pytest.approx(np.trace(A).real, rel=1e-11)
    exact = np.mean((values - np.trace(A).real) ** 2)
    assert traces.variance(A, "steinhaus") == pytest.approx(exact, rel=1e-10, abs=1e-11)


def test_the_frobenius_norm_of_a_non_symmetric_matrix_is_the_wrong_variance():
    A = np.array([[1.0, 4.0], [0.0, 2.0]])
    assert traces.variance(A, "gaussian") == pytest.approx(2 * (1 + 4 + 2 * 4), rel=1e-15)
    assert traces.variance(A, "gaussian") < 2 * np.sum(A**2)


def test_zero_variance_cases():
    assert traces.variance(np.diag([1.0, 2.0, 5.0]), "rademacher") == 0
    assert traces.variance(1e8 * np.eye(7), "sphere") == 0
    assert traces.variance(3 * np.eye(4), "coordinate") == 0
    for kind in traces.KINDS:
        assert traces.variance([[3.0]], kind) == (18.0 if kind == "gaussian" else 0.0)


@pytest.mark.parametrize("kind", traces.KINDS)
def test_drawn_probes_have_unit_second_moment_and_their_own_shape(kind):
    v = traces.draw_probes((40_000, 3), kind, rng=0)
    second = v.T @ v.conj() / len(v)
    np.testing.assert_allclose(second, np.eye(3), atol=0.06)
    assert np.abs(v.mean(0)).max() < 0.04
    if kind != "gaussian":
        np.testing.assert_allclose(np.sum(np.abs(v) ** 2, axis=1), 3, rtol=1e-12)
    A = matrix(5, 3)
    values = np.sum(v.conj() * (v @ A.T), axis=1).real
    expected = traces.variance(A, kind)
    error = np.std((values - np.trace(A)) ** 2) / 200
    assert np.var(values) == pytest.approx(expected, abs=5 * error)
    assert traces.draw_probes((2, 0, 4), kind, rng=1).shape == (2, 0, 4)
    np.testing.assert_array_equal(
        traces.draw_probes(3, kind, rng=1), traces.draw_probes((3,), kind, rng=1)
    )


@pytest.mark.parametrize("K", [1, 4, 9])
@given(DIMS, SEEDS)
@settings(max_examples=10)
def test_given_probes_give_the_mean_form_and_its_standard_error(K, d, seed):
    A = matrix(seed, d)
    v = np.random.default_rng(seed).normal(size=(K, d))
    found = traces.hutchinson(A, probes=v)
    values = [row @ A @ row for row in v]
    assert found.estimate == pytest.approx(np.mean(values), rel=1e-11, abs=1e-11)
    assert found.n_products == K
    if K == 1:
        assert np.isnan(found.standard_error)
    else:
        expected = np.sqrt(np.var(values, ddof=1) / K)
        assert found.standard_error == pytest.approx(expected, rel=1e-8, abs=1e-11)


def counted(A):
    calls = []

    def product(v):
        assert v.shape == (len(A),)
        calls.append(1)
        return A @ v

    return product, calls


@pytest.mark.parametrize(
    ("method", "products"),
    [
        (lambda f: traces.exact_trace(f, 9), 9),
        (lambda f: traces.hutchinson(f, 9, rng=0, n_probes=23), 23),
        (lambda f: traces.hutch_plus_plus(f, 9, rng=0, n_products=14), 14),
        (lambda f: traces.hutch_plus_plus(f, 9, rng=0, n_products=60), 20 + 9 + 20),
        (lambda f: traces.xtrace(f, 9, rng=0, n_products=10), 10),
        (lambda f: traces.xtrace(f, 9, rng=0, n_products=40), 20 + 9),
        (lambda f: traces.diagonal(f, 9, rng=0, n_probes=4), 4),
    ],
)
def test_reported_products_are_the_products_made(method, products):
    product, calls = counted(matrix(1, 9))
    assert method(product).n_products == len(calls) == products


@pytest.mark.parametrize("kind", ["function", "linear operator", "array", "float32", "list"])
def test_every_way_to_give_a_matrix_gives_one_answer(kind):
    A = np.round(matrix(2, 6) * 64) / 64
    given_as = {
        "function": lambda v: A @ v,
        "linear operator": aslinearoperator(A),
        "array": np.asfortranarray(A),
        "float32": A.astype(np.float32),
        "list": A.tolist(),
    }[kind]
    for method in (traces.hutchinson, traces.hutch_plus_plus, traces.xtrace, traces.diagonal):
        found, expected = method(given_as, 6, rng=4), method(A, rng=4)
        np.testing.assert_allclose(found.estimate, expected.estimate, rtol=1e-12)
    assert traces.exact_trace(given_as, 6).estimate == pytest.approx(np.trace(A), rel=1e-14)


@given(st.integers(2, 4), SEEDS)
@settings(max_examples=8, deadline=None)
def test_hutch_plus_plus_is_unbiased_over_all_sketches_and_probes(d, seed):
    A = matrix(seed, d)
    estimates = [
        traces.hutch_plus_plus(A, sketch=s[None], probes=signs(d).points).estimate
        for s in signs(d).points
    ]
    assert np.mean(estimates) == pytest.approx(np.trace(A), rel=1e-11, abs=1e-11)
    one = traces.hutch_plus_plus(A, sketch=signs(d).points[:1], probes=signs(d).points)
    assert one.estimate == pytest.approx(np.trace(A), rel=1e-11, abs=1e-11)


def test_hutch_plus_plus_takes_its_sketch_from_the_first_half_of_the_probes():
    A, v = matrix(2, 6), np.random.default_rng(1).normal(size=(5, 6))
    found = traces.hutch_plus_plus(A, 6, v)
    expected = traces.hutch_plus_plus(A, sketch=v[:3], probes=v[3:])
    assert found == expected
    assert found.n_products == 3 + 3 + 2
    with pytest.raises(ValueError, match="got one row"):
        traces.hutch_plus_plus(A, 6, v[:1])


def test_hutch_plus_plus_given_its_basis_has_the_residual_variance():
    A = matrix(3, 5)
    A = A @ A.T
    sketch = np.random.default_rng(0).normal(size=(2, 5))
    Q = np.linalg.qr((sketch @ A.T).T)[0]
    P = np.eye(5) - Q @ Q.T
    values = [
        traces.hutch_plus_plus(A, sketch=sketch, probes=v[None]).estimate for v in signs(5).points
    ]
    assert np.var(values) == pytest.approx(traces.variance(P @ A @ P, "rademacher"), rel=1e-9)


@given(st.integers(2, 4), st.integers(2, 3), SEEDS)
@settings(max_examples=6, deadline=None)
def test_xtrace_is_unbiased_over_all_sign_sketches(d, k, seed):
    A = matrix(seed, d)
    if d * k > 9:
        k = 2
    sketches = signs(d * k).points.reshape(-1, k, d)
    mean = np.mean([traces.xtrace(A, probes=s).estimate for s in sketches])
    assert mean == pytest.approx(np.trace(A), rel=1e-10, abs=1e-10)


def leave_one_out(A, sketch, resphere=False):
    """XTrace by its definition: one QR for every test vector left out."""
    d, values = len(A), []
    for i, w in enumerate(sketch):
        Y = A @ np.delete(sketch, i, axis=0).T
        Q = np.linalg.qr(Y)[0][:, : np.linalg.matrix_rank(Y)]
        r = w - Q @ (Q.T @ w)
        form = r @ A @ r
        if resphere:
            rank = d - Q.shape[1]
            form = form * rank / (r @ r) if rank else 0.0
        values.append(np.trace(Q.T @ A @ Q) + form)
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


@given(st.integers(2, 12), st.integers(2, 6), SEEDS, st.booleans())
@settings(max_examples=60)
def test_xtrace_equals_its_leave_one_out_definition(d, k, seed, resphere):
    A = matrix(seed, d)
    sketch = np.random.default_rng(seed).normal(size=(k, d))
    found = traces.xtrace(A, probes=sketch, resphere=resphere)
    estimate, error = leave_one_out(A, sketch, resphere)
    scale = np.abs(A).sum()
    assert found.estimate == pytest.approx(estimate, rel=1e-7, abs=1e-7 * scale)
    assert found.standard_error == pytest.approx(error, rel=1e-6, abs=1e-7 * scale)


@given(st.integers(1, 30), st.integers(0, 4), st.integers(0, 3), SEEDS)
@settings(max_examples=60)
def test_low_rank_matrices_are_estimated_exactly(d, rank, extra, seed):
    rank = min(rank, d)
    A = matrix(seed, d, rank)
    scale = max(np.linalg.norm(A, "nuc"), 1e-300)
    k = rank + 1 + extra
    rng = np.random.default_rng([seed, 1])
    plus = traces.hutch_plus_plus(A, sketch=rng.normal(size=(k, d)), rng=rng)
    assert abs(plus.estimate - np.trace(A)) < 1e-9 * scale
    for resphere in (False, True):
        if k >= 2:
            x = traces.xtrace(A, probes=rng.normal(size=(k, d)), resphere=resphere)
            assert abs(x.estimate - np.trace(A)) < 1e-8 * scale


def test_resphering_survives_a_test_vector_inside_the_range():
    u, w = np.random.default_rng(0).normal(size=(2, 11))
    probes = np.vstack([3 * u, np.random.default_rng(1).normal(size=(2, 11))])
    found = traces.xtrace(np.outer(u, w), probes=probes, resphere=True)
    assert found.estimate == pytest.approx(u @ w, rel=1e-12)


@pytest.mark.parametrize(("columns", "resphere", "bound"), [(35, True, 1e-5), (60, True, 1e-5)])
def test_published_spectra_at_their_published_accuracy(columns, resphere, bound):
    n = 400
    rng = np.random.default_rng(0)
    U = np.linalg.qr(rng.normal(size=(n, n)))[0]
    values = 0.7 ** np.arange(n) if columns == 35 else np.where(np.arange(n) < 50, 1.0, 1e-3)
    A = U * values @ U.T
    found = traces.xtrace(A, n_products=2 * columns, rng=1, resphere=resphere)
    assert abs(found.estimate / values.sum() - 1) < bound


def test_a_dense_budget_makes_low_rank_estimates_exact_for_any_matrix():
    A = matrix(8, 7)
    for method in (traces.hutch_plus_plus, traces.xtrace):
        found = method(A, n_products=60, rng=2)
        assert found.estimate == pytest.approx(np.trace(A), rel=1e-11)
        assert found.standard_error < 1e-11


DIAGONAL_NODES = dict(REAL_NODES)


@pytest.mark.parametrize("kind", DIAGONAL_NODES)
@given(DIMS, SEEDS)
@settings(max_examples=10)
def test_the_diagonal_is_unbiased_with_the_stated_variance(kind, d, seed):
    A, nodes = matrix(seed, d), DIAGONAL_NODES[kind](d)
    values = nodes.points * (nodes.points @ A.T)
    np.testing.assert_allclose(nodes.mean(values), np.diag(A), atol=1e-11)
    exact = nodes.mean((values - np.diag(A)) ** 2)
    np.testing.assert_allclose(
        traces.diagonal_variance(A, kind), exact, rtol=1e-9, atol=1e-9 * np.sum(A**2)
    )


def test_the_diagonal_variance_of_steinhaus_probes():
    A, points = matrix(4, 3), steinhaus_nodes(3)
    values = (points.conj() * (points @ A.T)).real
    np.testing.assert_allclose(values.mean(0), np.diag(A), atol=1e-12)
    np.testing.assert_allclose(values.var(0), traces.diagonal_variance(A, "steinhaus"), rtol=1e-10)


def test_the_diagonal_of_given_probes_and_its_error():
    A, v = matrix(6, 4), np.random.default_rng(0).normal(size=(5, 4))
    values = np.array([row * (A @ row) for row in v])
    found = traces.diagonal(A, probes=v)
    np.testing.assert_allclose(found.estimate, values.mean(0), rtol=1e-13)
    np.testing.assert_allclose(found.standard_error, values.std(0, ddof=1) / np.sqrt(5), rtol=1e-12)


@pytest.mark.parametrize("kind", ["gaussian", "rademacher"])
@given(st.integers(1, 4), st.integers(1, 3), SEEDS)
@settings(max_examples=15)
def test_curvature_propagation_is_unbiased_with_the_stated_variance(kind, m, d, seed):
    C = np.random.default_rng(seed).normal(size=(m, d))
    H, nodes = C.T @ C, REAL_NODES[kind](m)
    found = [traces.curvature_propagation(C, probes=v[None]).estimate for v in nodes.points]
    np.testing.assert_allclose(nodes.mean(found), np.diag(H), rtol=1e-11)
    exact = nodes.mean((np.array(found) - np.diag(H)) ** 2)
    expected = 2 * np.diag(H) ** 2 - (2 * np.sum(C**4, 0) if kind == "rademacher" else 0)
    np.testing.assert_allclose(exact, expected, atol=1e-10 * np.max(H) ** 2)
    np.testing.assert_allclose(
        traces.curvature_propagation_variance(C, kind), exact, atol=1e-10 * np.max(H) ** 2
    )


MIXTURE = GaussianMixture(
    np.array([0.4, 0.6]),
    np.array([[-1.0, 0.5, 0.0], [1.0, -1.0, 0.3]]),
    np.array([np.eye(3) + 0.3, np.diag([0.5, 1.0, 2.0])]),
)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0,)])
def test_divergence_from_all_signs_is_the_divergence_rowwise(lead):
    field = MIXTURE.score
    x = np.random.default_rng(1).normal(size=(*lead, 3))
    probes = np.broadcast_to(signs(3).points, (*lead, 8, 3))
    found = traces.divergence_estimate(field, x, probes)
    assert found.shape == lead
    np.testing.assert_allclose(found, field.divergence(x), rtol=1e-11, atol=1e-12)


def test_divergence_with_given_probes_uses_each_points_own_probes():
    rng = np.random.default_rng(2)
    x, v = rng.normal(size=(5, 3)), rng.normal(size=(5, 2, 3))
    J = MIXTURE.score.jacobian(x)
    expected = np.einsum("nmi,nij,nmj->n", v, J, v) / 2
    np.testing.assert_allclose(
        traces.divergence_estimate(MIXTURE.score, x, v), expected, rtol=1e-11
    )
    drawn = traces.divergence_estimate(MIXTURE.score, x, rng=7, n_probes=3, probe="sphere")
    v = traces.draw_probes((5, 3, 3), "sphere", rng=7)
    expected = np.einsum("nmi,nij,nmj->n", v, J, v) / 3
    np.testing.assert_allclose(drawn, expected, rtol=1e-11)


def test_the_jacobian_operator_of_a_field_serves_every_estimator():
    x = np.array([0.3, -0.2, 0.9])
    operator = traces.jacobian_operator(MIXTURE.score, x)
    exact = traces.exact_trace(operator)
    assert exact.estimate == pytest.approx(MIXTURE.score.divergence(x), rel=1e-11)
    assert exact.n_products == 3 == operator.n_products
    for method in (traces.hutch_plus_plus, traces.xtrace):
        assert method(operator, rng=0).estimate == pytest.approx(exact.estimate, rel=1e-10)
    assert operator.n_products > 3


def test_arguments_are_not_written_to():
    A, v = matrix(0, 4), np.ones((3, 4))
    for array in (A, v):
        array.flags.writeable = False
    traces.hutchinson(A, probes=v)
    traces.hutch_plus_plus(A, sketch=v, probes=v)
    traces.xtrace(A, probes=v)
    traces.diagonal(A, probes=v)
    traces.curvature_propagation(A, probes=v)
    written = traces.hutchinson(lambda u: np.multiply(u, 2, out=u), 4, probes=v)
    assert written.estimate == pytest.approx(8.0)
    np.testing.assert_array_equal(v, 1.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: traces.hutchinson(np.ones((2, 3))), ValueError, "square"),
        (lambda: traces.hutchinson(np.full((2, 2), np.nan)), ValueError, "A must be finite"),
        (lambda: traces.hutchinson(lambda v: v), ValueError, "dim must be given"),
        (lambda: traces.hutchinson(np.eye(2), 3), ValueError, "dim must be 2"),
        (lambda: traces.hutchinson(np.eye(2), probes=np.ones(2)), ValueError, "probes must have"),
        (lambda: traces.hutchinson(np.eye(2), probes=[[1, np.inf]]), ValueError, "finite"),
        (lambda: traces.hutchinson(np.eye(2), n_probes=0), ValueError, "n_probes"),
        (lambda: traces.hutchinson(np.eye(2), probe="normal"), ValueError, "rademacher"),
        (lambda: traces.hutchinson("A"), TypeError, "A must be"),
        (lambda: traces.hutchinson(lambda v: v[:1], 2), ValueError, "A v must have the shape"),
        (lambda: traces.hutchinson(lambda v: v * np.inf, 2), ValueError, "A v must be finite"),
        (lambda: traces.xtrace(np.eye(2), probes=np.ones((1, 2))), ValueError, "at least two"),
        (lambda: traces.xtrace(1j * np.eye(2)), TypeError, "real"),
        (lambda: traces.xtrace(np.eye(2), probe="rademacher", resphere=True), ValueError, "resph"),
        (lambda: traces.hutch_plus_plus(np.eye(2), n_products=2), ValueError, "n_products"),
        (lambda: traces.variance(np.eye(2), "cauchy"), ValueError, "kind"),
        (lambda: traces.draw_probes((2, 0)), ValueError, "shape"),
        (
            lambda: traces.divergence_estimate(MIXTURE.score, np.ones((2, 3)), np.ones((1, 4, 3))),
            ValueError,
            "probes must have shape",
        ),
        (
            lambda: traces.divergence_estimate(MIXTURE.score, np.ones(3), probe="steinhaus"),
            ValueError,
            "real",
        ),
        (lambda: traces.jacobian_operator(MIXTURE.score, np.ones((2, 3))), ValueError, "one point"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_entries_at_the_end_of_the_range_give_infinity_without_a_warning():
    A = np.diag([1e308, 1e308])
    assert traces.exact_trace(A).estimate == np.inf
    assert traces.exact_trace(lambda v: A @ v, 2).estimate == np.inf
    assert traces.hutch_plus_plus(A, rng=0).estimate == np.inf
    full = np.full((2, 2), 1e308)
    for kind in ("gaussian", "rademacher", "sphere", "steinhaus"):
        assert traces.variance(full, kind) == np.inf
    assert traces.variance(full, "coordinate") == 0
    assert traces.diagonal_variance([[1e200]], "gaussian") == np.inf
    for kind in ("rademacher", "sphere", "coordinate", "steinhaus"):
        assert traces.diagonal_variance([[1e200]], kind) == 0


@pytest.mark.parametrize("shape", [None, 2.5, "ab"])
def test_a_shape_that_is_none_is_refused_by_name(shape):
    with pytest.raises(TypeError, match="shape must be a tuple"):
        traces.draw_probes(shape)

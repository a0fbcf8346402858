"""The Stein estimator at the sample and beyond it."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from refscore.distributions import Gaussian
from refscore.estimation import stein_estimator, stein_field
from refscore.objectives import implicit_loss

RNG = np.random.default_rng(8)
X = RNG.standard_normal((7, 2)) @ [[1.0, 0.4], [0.0, 0.7]] + [3.0, -1.0]
Y, V = RNG.standard_normal((2, 5, 2)) + [3.0, -1.0]
KERNELS = ("rbf", "imq")


def kernel(name, x, z, h):
    q = ((x - z) ** 2).sum() / h**2
    return np.exp(-q / 2) if name == "rbf" else (1 + q) ** -0.5


def complex_gradient(function, z):
    return np.array([function(z + 1e-30j * e).imag / 1e-30 for e in np.eye(len(z))])


@pytest.mark.parametrize("name", KERNELS)
def test_scores_solve_stein_s_equations(name):
    h, eta, n = 1.1, 0.2, len(X)
    K = np.array([[kernel(name, a, b, h) for b in X] for a in X])
    B = sum(np.array([complex_gradient(lambda z: kernel(name, a, z, h), b) for a in X]) for b in X)  # noqa: B023
    G = stein_estimator(X, h, eta, kernel=name)
    np.testing.assert_allclose((K + eta * np.eye(n)) @ G, -B, atol=1e-13)


@pytest.mark.parametrize("name", KERNELS)
def test_stein_s_identity_holds_on_the_sample_without_regularisation(name):
    """(1/n) Σ_i [h(x_i) s(x_i)ᵀ + ∇h(x_i)] = 0 for every feature h = k(x_l, ·)."""
    G = stein_estimator(X, 0.6, 0.0, kernel=name)
    for centre in X:
        total = sum(
            kernel(name, centre, x, 0.6) * g
            + complex_gradient(lambda z: kernel(name, centre, z, 0.6), x)  # noqa: B023
            for x, g in zip(X, G, strict=True)
        )
        np.testing.assert_allclose(total, 0, atol=1e-11)


@pytest.mark.parametrize("name", KERNELS)
def test_the_field_passes_through_the_scores_and_knows_its_derivatives(name):
    field = stein_field(X, 1.1, 0.2, kernel=name)
    np.testing.assert_allclose(field(X), stein_estimator(X, 1.1, 0.2, kernel=name), atol=1e-12)
    np.testing.assert_allclose(field.scores, field(X), atol=1e-12)
    J = field.jacobian(Y)
    numeric = np.stack(
        [(field(Y + 1e-5 * e) - field(Y - 1e-5 * e)) / 2e-5 for e in np.eye(2)], axis=-1
    )
    np.testing.assert_allclose(J, numeric, atol=1e-7)
    assert np.abs(J - J.swapaxes(1, 2)).max() > 1e-2  # not a gradient field: vjp is not jvp
    np.testing.assert_allclose(field.jvp(Y, V), np.einsum("nij,nj->ni", J, V), atol=1e-12)
    np.testing.assert_allclose(field.vjp(Y, V), np.einsum("nij,ni->nj", J, V), atol=1e-12)
    np.testing.assert_allclose(field.divergence(Y), np.einsum("nii->n", J), atol=1e-12)


def test_the_field_minimises_the_regularised_implicit_loss():
    """Against every direction δ = k(c, ·) e_a, of norm 1: the slope of
    (1/n) Σ [½‖s‖² + div s] + (η/2n) ‖s‖² is (1/n) Σ [s·δ + div δ] + (η/n) s_a(c) = 0."""
    h, eta, n = 0.9, 0.3, len(X)
    field = stein_field(X, h, eta)
    for c in Y:
        values = np.array([kernel("rbf", c, x, h) for x in X])
        slopes = np.array([complex_gradient(lambda z: kernel("rbf", c, z, h), x) for x in X])  # noqa: B023
        for a in range(2):
            slope = (field(X)[:, a] * values + slopes[:, a]).mean() + eta / n * field(c)[a]
            assert abs(slope) < 1e-13


def test_the_loss_at_the_field_is_below_that_of_zero():
    field = stein_field(X, 1.1, 0.2)
    assert implicit_loss(field, X).mean() < 0


def test_many_draws_find_the_score():
    """Root mean square error, relative to the score's: .14 to .37 over 20 seeds."""
    law = Gaussian([0.5, -1.0], [[1.0, 0.4], [0.4, 0.7]])
    x = law.sample(400, rng=11)
    truth, G = law.score(x), stein_estimator(x, 2.0, 0.1)
    assert np.sqrt(((G - truth) ** 2).mean() / (truth**2).mean()) < 0.7


def test_far_from_the_sample_the_field_is_zero_without_a_warning():
    for name in KERNELS:
        field = stein_field(X, 1.1, 0.2, kernel=name)
        far = np.array([[1e200, -1e200]])
        np.testing.assert_allclose(field(far), 0, atol=1e-150)
        np.testing.assert_allclose(field.divergence(far), 0, atol=1e-150)


def test_many_queries_take_bounded_memory():
    field = stein_field(RNG.standard_normal((500, 2)), 1.0, 0.1)
    y = RNG.standard_normal((50_000, 2))
    tracemalloc.start()
    field(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 << 20  # the kernel matrix alone would take 200 MB
    np.testing.assert_allclose(field(y)[-3:], field(y[-3:]), atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((0, 2)), 1.0, 0.1), "x must have shape .* at least 2 points"),
        ((np.zeros((1, 2)), 1.0, 0.1), "x must have shape .* at least 2 points"),
        ((X, 0.0, 0.1), "bandwidth must be positive"),
        ((X, -1.0, 0.1), "bandwidth must be positive"),
        ((X, 1e-200, 0.1), "bandwidth must lie between"),
        ((X, 1.0, -0.1), "regularisation must be at least 0"),
        ((X * [1.0, 0.0], 1.0, 0.1), "x must vary in every coordinate: column 1"),
        ((np.r_[X, X[2:3]], 1.0, 0.0), "rows 2 and 7 of x are equal"),
        ((X, 1e4, 0.0), "too close together"),
        ((np.where(X[3, 1] == X, np.nan, X), 1.0, 0.1), r"x must be finite, .* index \(3, 1\)"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        stein_estimator(*arguments)


def test_equal_rows_are_welcome_with_regularisation_and_get_equal_scores():
    G = stein_estimator(np.r_[X, X[2:3]], 1.0, 0.1)
    np.testing.assert_allclose(G[2], G[7], atol=1e-13)


def test_the_field_needs_regularisation_and_kernels_have_names():
    with pytest.raises(ValueError, match="regularisation must be positive"):
        stein_field(X, 1.0, 0.0)
    with pytest.raises(ValueError, match="kernel must be one of rbf, imq"):
        stein_estimator(X, 1.0, 0.1, kernel="cosine")


MANY = RNG.standard_normal((700, 3)) * [1.0, 2.0, 0.5] + [0.0, 3.0, -1.0]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("bandwidth", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("regularisation", [0.01, 5.0])
def test_without_the_matrix_the_equations_hold_as_well(
    name, bandwidth, regularisation, monkeypatch
):
    """Backward error 1e-14: what a factorisation leaves. A product a block of 50 entries."""
    given = MANY, bandwidth, regularisation
    held = stein_estimator(*given, kernel=name)
    monkeypatch.setattr("refscore.estimation.stein._DIRECT", 10)
    monkeypatch.setattr("refscore.estimation._iterative._ENTRIES", 5000)
    monkeypatch.setattr("refscore.estimation.stein.solve_positive", None)  # not called
    got = stein_estimator(*given, kernel=name)
    gap = cdist(MANY, MANY, "sqeuclidean") / bandwidth**2
    K = np.exp(-gap / 2) if name == "rbf" else (1 + gap) ** -0.5
    K += regularisation * np.eye(len(K))
    norm = np.linalg.norm(K, 2)
    slack = 3e-14 * (norm * np.linalg.norm(got, axis=0) + np.linalg.norm(K @ held, axis=0))
    assert (np.linalg.norm(K @ (got - held), axis=0) <= slack).all()
    np.testing.assert_allclose(got, held, atol=1e-13 * norm / regularisation * np.abs(held).max())


def test_where_rounds_do_not_suffice_the_matrix_is_factored(monkeypatch):
    held = stein_estimator(MANY, 0.3, 0.01)
    monkeypatch.setattr("refscore.estimation.stein._DIRECT", 10)
    monkeypatch.setattr("refscore.estimation._iterative._ROUNDS", 1)
    np.testing.assert_array_equal(stein_estimator(MANY, 0.3, 0.01), held)


def test_equal_rows_without_regularisation_are_still_refused(monkeypatch):
    monkeypatch.setattr("refscore.estimation.stein._DIRECT", 10)
    with pytest.raises(ValueError, match="rows 0 and 700 of x are equal"):
        stein_estimator(np.r_[MANY, MANY[:1]], 1.0, 0.0)


def test_many_points_never_meet_all_at_once():
    """4,500 points: the matrix would be 162 MB."""
    x = RNG.standard_normal((4500, 2))
    tracemalloc.start()
    stein_estimator(x, 1.0, 1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6

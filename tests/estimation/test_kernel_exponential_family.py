"""Kernel exponential families: the fit, its field, its log density."""

import tracemalloc

import numpy as np
import pytest

from refscore import estimation
from refscore.distributions import Gaussian, GaussianMixture
from refscore.estimation import kernel_exponential_family
from refscore.fields import Affine
from refscore.objectives import implicit_loss, implicit_loss_gradient

RNG = np.random.default_rng(5)
X = 0.8 * RNG.standard_normal((12, 2)) + [0.4, -0.6]
Z = X[:4] + 0.1
Y, V = RNG.standard_normal((2, 5, 2))
WIDE = Gaussian([0.2, 0.1], [[4.0, 0.5], [0.5, 3.0]])
KERNELS = ("rbf", "imq")


def value(name, x, z, h):
    q = ((x - z) ** 2).sum() / h**2
    return np.exp(-q / 2) if name == "rbf" else (1 + q) ** -0.5


def fit(name="rbf", penalty=0.05, base=None):
    return kernel_exponential_family(X, Z, 0.9, penalty, base=base, kernel=name)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("base", [None, WIDE.score], ids=["flat", "on a base"])
def test_no_other_coefficients_have_a_smaller_objective(name, base):
    """The objective is quadratic: equal central differences of every size mean a zero slope."""
    best = fit(name, base=base)
    K = np.array([[value(name, a, b, 0.9) for b in Z] for a in Z])

    def objective(alpha):
        fitted = fit(name, base=base)
        fitted._alpha[...] = alpha
        return implicit_loss(fitted.score, X).mean() + 0.05 / 2 * alpha @ K @ alpha

    for direction in np.eye(4):
        up, down = (objective(best.coefficients + t * direction) for t in (0.5, -0.5))
        assert up == pytest.approx(down, rel=1e-9, abs=1e-11)
        assert up > objective(best.coefficients)


@pytest.mark.parametrize("name", KERNELS)
def test_log_density_is_the_sum_and_the_score_its_derivative(name):
    fitted = fit(name, base=WIDE.score)
    for y in Y:
        f = sum(a * value(name, y, z, 0.9) for a, z in zip(fitted.coefficients, Z, strict=True))
        assert fitted.log_density(y) == pytest.approx(WIDE.log_density(y) + f, rel=1e-12)
    s, J = fitted.score, fitted.score.jacobian(Y)
    for a, e in enumerate(1e-5 * np.eye(2)):
        slope = (fitted.log_density(Y + e) - fitted.log_density(Y - e)) / 2e-5
        np.testing.assert_allclose(s(Y)[:, a], slope, atol=1e-7)
        np.testing.assert_allclose(J[..., a], (s(Y + e) - s(Y - e)) / 2e-5, atol=1e-6)
    np.testing.assert_allclose(s.jvp(Y, V), np.einsum("nij,nj->ni", J, V), atol=1e-11)
    np.testing.assert_allclose(s.vjp(Y, V), s.jvp(Y, V), atol=1e-11)
    np.testing.assert_allclose(s.divergence(Y), np.einsum("nii->n", J), atol=1e-11)


def test_coefficients_do_not_depend_on_where_the_data_lie():
    turn, shift = np.linalg.qr(RNG.standard_normal((2, 2)))[0], np.array([100.0, -7.0])
    moved = kernel_exponential_family(X @ turn.T + shift, Z @ turn.T + shift, 0.9, 0.05)
    np.testing.assert_allclose(moved.coefficients, fit().coefficients, rtol=1e-8)


def test_copies_of_the_sample_change_nothing():
    again = kernel_exponential_family(np.r_[X, X], Z, 0.9, 0.05)
    np.testing.assert_allclose(again.coefficients, fit().coefficients, rtol=1e-9)


def test_a_doubled_centre_shares_its_coefficient():
    got = kernel_exponential_family(X, np.r_[Z, Z[:1]], 0.9, 0.05)
    want = fit().coefficients
    np.testing.assert_allclose(got.coefficients[[0, 4]], want[0] / 2, rtol=1e-9)
    np.testing.assert_allclose(got.score(Y), fit().score(Y), rtol=1e-9)


def test_crowded_centres_leave_the_fitted_function_unharmed():
    """50 centres too close to tell apart fit what 12 of them do, or slightly better."""
    x = RNG.standard_normal((200, 1))
    few, many = (
        kernel_exponential_family(x, np.linspace(-2, 2, m)[:, None], 1.5, 1e-3) for m in (12, 50)
    )
    y = np.linspace(-2, 2, 9)[:, None]
    np.testing.assert_allclose(many.score(y), few.score(y), atol=1e-3)


def test_the_fit_improves_on_its_base():
    """The mean square error, as a part of the base's: .10 to .20 over 20 seeds."""
    law = GaussianMixture([0.5, 0.5], [[-1.5, 0.0], [1.5, 0.0]], [0.3, 0.5])
    x = law.sample(2000, rng=2)
    base = Gaussian(law.mean, law.covariance).score
    fitted = kernel_exponential_family(x, x[:80], 1.0, 1e-4, base=base)
    truth = law.score(x)
    before, after = (((s(x) - truth) ** 2).mean() for s in (base, fitted.score))
    assert after < 0.4 * before


def test_a_base_that_is_no_gradient_has_a_score_but_no_log_density():
    fitted = fit(base=Affine([[-1.0, 0.5], [-0.5, -1.0]]))
    assert fitted.score(Y).shape == (5, 2)
    with pytest.raises(AttributeError, match="energy"):
        fitted.log_density(Y)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("base", [None, WIDE.score], ids=["flat", "on a base"])
def test_parameter_gradients_are_those_of_the_field(name, base, monkeypatch):
    """s is affine in α: a difference of any size is the derivative. In blocks of two points too."""
    field = fit(name, base=base).score
    a, v, b = RNG.standard_normal((3, 5, 2))
    v, b, c = np.stack([v, a]), np.stack([b, v]), RNG.standard_normal(5)

    def read(alpha):
        at = field.with_parameters(alpha)
        along = sum((one * at.jvp(Y, other)).sum() for one, other in zip(b, v, strict=True))
        return (a * at(Y)).sum(), c @ at.divergence(Y), along

    alpha, local = field.parameters, field.linearise(Y)
    steps = np.array([np.subtract(read(alpha + e), read(alpha - e)) / 2 for e in np.eye(4)])
    np.testing.assert_array_equal(alpha, fit(name, base=base).coefficients)
    for entries in (1 << 20, 8):
        monkeypatch.setattr("refscore.estimation.kernels._ENTRIES", entries)
        for got, want in zip(
            (local.gradient(value=a), local.gradient(divergence=c), local.gradient(jvp=(v, b))),
            steps.T,
            strict=True,
        ):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(local.gradient(a, c, (v, b)), steps.sum(1), atol=1e-10)
    assert field.linearise(Y[:0]).gradient(a[:0]).tolist() == [0.0] * 4


@pytest.mark.parametrize("name", KERNELS)
def test_every_estimator_finds_the_same_coefficients(name):
    """The closed form leaves no gradient, and L-BFGS on the implicit loss gets to it."""
    best = fit(name, penalty=0.05)
    K = np.array([[value(name, a, b, 0.9) for b in Z] for a in Z])
    slope = implicit_loss_gradient(best.score, X) + 0.05 * K @ best.coefficients
    np.testing.assert_allclose(slope, 0.0, atol=1e-11)
    best = fit(name, penalty=0.0)
    start = best.score.with_parameters(np.zeros(4))
    found = estimation.fit("implicit", start, X, tolerance=1e-10)
    np.testing.assert_allclose(found.parameters, best.coefficients, rtol=1e-5)
    with pytest.raises(ValueError, match="theta must have shape"):
        start.with_parameters(np.zeros(3))


def test_leading_shapes():
    assert fit().log_density(Y.reshape(5, 1, 2)).shape == (5, 1)
    assert fit().score(np.zeros((0, 2))).shape == (0, 2)
    assert fit().log_density(Y[0]).shape == ()


def test_many_points_take_bounded_memory():
    x = RNG.standard_normal((50_000, 3))
    tracemalloc.start()
    kernel_exponential_family(x, x[:100], 1.0, 0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20  # all gradients at once would take 120 MB


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((0, 2))}, "x must have shape .* at least 2 points"),
        ({"basis": np.zeros((0, 2))}, "basis must have shape .* at least 1 point"),
        ({"basis": np.zeros((3, 1))}, r"basis must have shape \(..., 2\)"),
        ({"bandwidth": 0.0}, "bandwidth must be positive"),
        ({"regularisation": -1.0}, "regularisation must be at least 0"),
        (
            {"basis": np.r_[Z, Z[:1]], "regularisation": 0},
            r"singular: 5 rows of basis \(4 of them different\)",
        ),
        (
            {"x": X[:2], "basis": X + 0.1, "regularisation": 0.0},
            "4 derivatives of x to fit",
        ),
        ({"base": Affine(np.eye(3))}, r"x must have shape \(..., 3\)"),
        ({"x": np.where(X[3, 1] == X, np.nan, X)}, r"x must be finite, .* index \(3, 1\)"),
    ],
)
def test_bad_input_is_refused_by_name(change, message):
    good = {"x": X, "basis": Z, "bandwidth": 0.9, "regularisation": 0.05}
    with pytest.raises(ValueError, match=message):
        kernel_exponential_family(**{**good, **change})


def test_a_base_must_be_a_field():
    with pytest.raises(TypeError, match="base must be a refscore Field"):
        fit(base=WIDE)

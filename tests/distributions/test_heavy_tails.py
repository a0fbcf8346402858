"""Student's t, Laplace, logistic and exp(−|z|^p) against scipy, mpmath and quadrature."""

import math

import mpmath
import numpy as np
import pytest
import scipy.stats as stats
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import GeneralisedNormal, Laplace, Logistic, StudentT
from tests.distributions.common import (
    check_by_quadrature,
    check_derivatives,
    check_errors,
    check_far,
    check_follows,
    check_rowwise,
    far_points,
)

SEEDS = st.integers(0, 2**31)
SHAPE = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
LOCATION = np.array([1.0, -2.0, 0.5])
PRODUCTS = {
    "laplace": (Laplace([1.0, -2.0], [0.5, 3.0]), stats.laplace),
    "logistic": (Logistic([1.0, -2.0], [0.5, 3.0]), stats.logistic),
    "generalised": (GeneralisedNormal([1.0, -2.0], [0.5, 3.0], [1.3, 4.0]), stats.gennorm),
}


def scipy_law(name, j):
    law, family = PRODUCTS[name]
    shape = (law.power[j],) if name == "generalised" else ()
    return family(*shape, loc=law.location[j], scale=law.scale[j])


def student(seed, dim):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((dim, dim))
    shape = root @ root.T + 0.3 * np.eye(dim)
    return StudentT(rng.standard_normal(dim), shape, rng.uniform(0.3, 9)), rng


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_student_log_density_is_scipys(seed, dim):
    law, rng = student(seed, dim)
    x = 10 ** rng.uniform(-2, 3) * rng.standard_normal((8, dim))
    expected = stats.multivariate_t(law.location, law.shape, law.dof).logpdf(x)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-11, atol=1e-11)


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_student_derivatives(seed, dim):
    law, rng = student(seed, dim)
    check_derivatives(law, law.location + 3 * rng.standard_normal((4, dim)))


@pytest.mark.parametrize("dof", [1e-3, 1.0, 39.99, 40.01, 1e5, 1e12, 1e300])
@pytest.mark.parametrize("dim", [1, 7])
def test_student_keeps_its_digits_at_every_dof(dof, dim):
    law = StudentT(np.zeros(dim), np.eye(dim), dof)
    x = np.full(dim, 1.7)
    with mpmath.workdps(60 + int(math.log10(max(dof, 1)))):
        nu, d, q = mpmath.mpf(dof), dim, dim * mpmath.mpf(1.7) ** 2
        exact = mpmath.loggamma((nu + d) / 2) - mpmath.loggamma(nu / 2)
        exact -= d * mpmath.log(nu * mpmath.pi) / 2 + (nu + d) / 2 * mpmath.log1p(q / nu)
        score = -(nu + d) * mpmath.mpf(1.7) / (nu + q)
    np.testing.assert_allclose(law.log_density(x), float(exact), rtol=1e-13)
    np.testing.assert_allclose(law.score(x), float(score), rtol=1e-14)


def test_student_with_a_shape_of_condition_1e12():
    rng = np.random.default_rng(5)
    basis = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    shape = (basis * np.array([1e6, 1e3, 1.0, 1e-6])) @ basis.T
    shape = 0.5 * (shape + shape.T)
    law, x = StudentT(np.zeros(4), shape, 3.0), rng.standard_normal(4)
    with mpmath.workdps(60):
        m = mpmath.matrix(shape.tolist())
        px = mpmath.lu_solve(m, mpmath.matrix(x.tolist()))
        q = sum(a * b for a, b in zip(mpmath.matrix(x.tolist()), px))
        exact = mpmath.loggamma(3.5) - mpmath.loggamma(1.5) - 2 * mpmath.log(3 * mpmath.pi)
        exact -= mpmath.log(mpmath.det(m)) / 2 + mpmath.mpf(3.5) * mpmath.log1p(q / 3)
        score = np.array([float(-7 * v / (3 + q)) for v in px])
    np.testing.assert_allclose(law.log_density(x), float(exact), rtol=1e-5)
    assert np.linalg.norm(law.score(x) - score) <= 1e-4 * np.linalg.norm(score)


def test_student_far_out_falls_as_a_power():
    law = StudentT(LOCATION, SHAPE, 2.5)
    check_far(law)
    x = far_points(3, 1e150)
    np.testing.assert_allclose(np.einsum("nd,nd->n", law.score(x), x), -(2.5 + 3), rtol=1e-12)
    near, far = law.log_density([[1e20, 0, 0], [1e140, 0, 0]])
    np.testing.assert_allclose(near - far, 5.5 * 120 * math.log(10), rtol=1e-12)
    tiny = StudentT(np.zeros(2), 1e-200 * np.eye(2), 1.0)
    np.testing.assert_allclose(tiny.score([1e150, 0.0]), [-3e-150, 0.0], rtol=1e-12)


def test_student_moments_exist_or_are_refused():
    law = StudentT(LOCATION, SHAPE, 2.5)
    np.testing.assert_array_equal(law.mean, LOCATION)
    np.testing.assert_allclose(law.covariance, 5 * SHAPE, rtol=1e-14)
    with pytest.raises(ValueError, match="dof > 2"):
        StudentT(LOCATION, SHAPE, 2.0).covariance  # noqa: B018
    with pytest.raises(ValueError, match="dof > 1"):
        StudentT(LOCATION, SHAPE, 1.0).mean  # noqa: B018


@pytest.mark.parametrize("dof", [0.05, 1.0, 4.5, 1e9])
def test_student_draws_project_to_one_dimensional_t(dof):
    law, u = StudentT(LOCATION, SHAPE, dof), np.array([0.3, -1.0, 0.7])
    draws = law.sample(20000, rng=None)
    one = stats.t(dof) if dof < 1e8 else stats.norm()
    check_follows(((draws - LOCATION) @ u) / math.sqrt(u @ SHAPE @ u), one.cdf)


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_have_scipys_density_and_moments(name):
    law, _ = PRODUCTS[name]
    x = law.location + law.scale * np.linspace(-6, 6, 24).reshape(12, 2)
    ones = [scipy_law(name, j) for j in (0, 1)]
    expected = sum(one.logpdf(x[:, j]) for j, one in enumerate(ones))
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-12)
    np.testing.assert_allclose(law.mean, [one.mean() for one in ones])
    np.testing.assert_allclose(law.covariance, np.diag([one.var() for one in ones]), rtol=1e-12)


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_draw_from_scipys_cdf(name):
    draws = PRODUCTS[name][0].sample(20000, rng=None)
    for j in (0, 1):
        check_follows(draws[:, j], scipy_law(name, j).cdf)


@given(SEEDS, st.sampled_from(sorted(PRODUCTS)))
@settings(max_examples=25, deadline=None)
def test_product_derivatives_off_the_kink(seed, name):
    law, rng = PRODUCTS[name][0], np.random.default_rng(seed)
    z = rng.uniform(0.3, 3, (5, 2)) * rng.choice([-1, 1], (5, 2))
    check_derivatives(law, law.location + law.scale * z)


def test_far_products():
    for law in (Laplace([1, 2], 3), Logistic([1, 2], 0.1), GeneralisedNormal([1, 2], 3, [2.0, 1])):
        check_far(law)
    steep = GeneralisedNormal(0, 1, 4)
    assert steep.log_density([1e150]) == -np.inf
    assert steep.score([-1e150])[0] == np.inf
    np.testing.assert_allclose(Logistic(0, 2).log_density([[1e150], [-1e150]]), -5e149)


def test_kinks_and_cusps_follow_their_documentation():
    assert Laplace(1, 2).score([1.0])[0] == 0
    assert not Laplace(1, 2).smooth
    for power, slope in [(1.0, 0), (1.5, -np.inf), (0.5, np.inf), (3.0, 0), (2.0, -2)]:
        law = GeneralisedNormal(0, 1, power)
        assert law.score([0.0])[0] == 0
        assert law.score.jacobian([0.0])[0, 0] == slope
        assert law.smooth == (power >= 2)


@pytest.mark.parametrize("power", [0.05, 0.6, 1.0, 7.0, 200.0])
def test_generalised_normal_draws_at_every_power(power):
    law = GeneralisedNormal(0.5, 2.0, power)
    check_follows(law.sample(20000, rng=None)[:, 0], stats.gennorm(power, 0.5, 2).cdf)


def test_logistic_by_quadrature():
    check_by_quadrature(Logistic(0.4, 0.5), [-25], [26], 32)


def test_shared_behaviour():
    rng = np.random.default_rng(1)
    for law in [StudentT(LOCATION, SHAPE, 2.5), *(law for law, _ in PRODUCTS.values())]:
        check_rowwise(law, 2 + 3 * rng.standard_normal((6, law.dim)))
        check_errors(law)
        with pytest.raises(NotImplementedError, match="not closed"):
            law.diffuse(0.5, 1.0)


def test_a_thousand_coordinates():
    law = Laplace(np.zeros(1000), 2.0)
    x = np.random.default_rng(0).standard_normal((20, 1000))
    expected = stats.laplace(scale=2).logpdf(x).sum(-1)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-12)
    big = Logistic(np.zeros(1000), 2.0)
    np.testing.assert_allclose(big.score.jvp(x, x), -x / (8 * np.cosh(x / 4) ** 2), rtol=1e-12)


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda: StudentT([0.0], [[1.0]], 0), "dof"),
        (lambda: StudentT([0.0], [[1.0]], np.nan), "dof"),
        (lambda: StudentT([0.0, 1.0], [[1.0]], 3), "location"),
        (lambda: StudentT([0.0, 1.0], [[1.0, 2.0], [2.0, 1.0]], 3), "shape"),
        (lambda: Laplace([0.0, 1.0], [1.0, 2.0, 3.0]), "scale"),
        (lambda: Laplace(0, -1), "scale"),
        (lambda: Logistic(0, 0), "scale"),
        (lambda: Logistic(np.inf, 1), "location"),
        (lambda: GeneralisedNormal(0, 1, 0), "power"),
        (lambda: Laplace(np.zeros((2, 2)), 1), "location"),
        (lambda: Laplace([], 1), "location"),
    ],
)
def test_bad_parameters_are_named(build, word):
    with pytest.raises(ValueError, match=word):
        build()


def test_parameters_are_copied():
    location, shape = np.zeros(2), np.eye(2)
    law = StudentT(location, shape, 3.0)
    product = Laplace(location, 1.0)
    location += 5
    shape *= 9
    np.testing.assert_array_equal(law.mean, 0)
    np.testing.assert_array_equal(product.mean, 0)
    np.testing.assert_allclose(law.covariance, 3 * np.eye(2))

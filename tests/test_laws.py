"""Exact laws of affine steps against loops, closed forms and the chain itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import laws
from refscore.discrepancies import wasserstein_gaussian
from refscore.distributions import Gaussian, GaussianMixture, StudentT
from refscore.langevin import ula
from refscore.laws import AffineStep

SEEDS = st.integers(0, 2**31)
DIMS = st.integers(1, 5)


def covariance(rng, d):
    root = rng.normal(size=(d, d))
    return root @ root.T + 0.3 * np.eye(d)


def affine_step(rng, d, radius=0.9):
    M = rng.normal(size=(d, d))
    M *= radius / np.abs(np.linalg.eigvals(M)).max()
    return AffineStep(M, rng.normal(size=d), rng.normal(size=(d, d + 1)))


@given(DIMS, SEEDS, st.integers(0, 13))
@settings(max_examples=40)
def test_affine_law_equals_step_by_step_propagation(d, seed, k):
    rng = np.random.default_rng(seed)
    step = affine_step(rng, d)
    mean, C = rng.normal(size=d), covariance(rng, d)
    found = laws.affine_law(step, mean, C, k)
    for _ in range(k):
        mean = step.matrix @ mean + step.offset
        C = step.matrix @ C @ step.matrix.T + step.noise_matrix @ step.noise_matrix.T
    np.testing.assert_allclose(found.mean, mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.covariance, C, rtol=1e-10, atol=1e-9 * np.abs(C).max())


@given(DIMS, SEEDS)
@settings(max_examples=30)
def test_the_stationary_law_is_left_unchanged_and_is_the_limit(d, seed):
    rng = np.random.default_rng(seed)
    step = affine_step(rng, d, 0.7)
    law = laws.stationary_law(step)
    size = np.abs(law.covariance).max()
    for found in (
        laws.affine_law(step, law.mean, law.covariance),
        laws.affine_law(step, law.mean, law.covariance, 400),
    ):
        np.testing.assert_allclose(found.mean, law.mean, atol=1e-9 * (1 + np.abs(law.mean).max()))
        np.testing.assert_allclose(found.covariance, law.covariance, atol=1e-9 * size)
    limit = laws.affine_law(step, np.zeros(d), np.zeros((d, d)), 400)
    np.testing.assert_allclose(limit.covariance, law.covariance, atol=1e-9 * size)


@given(DIMS, SEEDS)
@settings(max_examples=20)
def test_the_affine_map_of_a_step_is_found(d, seed):
    step = affine_step(np.random.default_rng(seed), d)
    found = laws.affine_map_of(step, d, noise_dim=d + 1)
    for a, b in zip(found, step, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@given(DIMS, SEEDS, st.floats(0.05, 0.9))
@settings(max_examples=20)
def test_the_unadjusted_step_has_the_map_of_the_theory(d, seed, fraction):
    rng = np.random.default_rng(seed)
    S, mean = covariance(rng, d), rng.normal(size=d)
    eta = 4 * fraction * np.linalg.eigvalsh(S)[0]
    P = np.linalg.inv(S)
    M, c, B = laws.affine_map_of(ula(Gaussian(mean, S).score, eta), d)
    np.testing.assert_allclose(M, np.eye(d) - eta / 2 * P, atol=1e-9)
    np.testing.assert_allclose(c, eta / 2 * P @ mean, atol=1e-9)
    np.testing.assert_allclose(B, np.sqrt(eta) * np.eye(d), atol=1e-9)


@pytest.mark.parametrize(
    "score", [lambda x: -(x**3), lambda x: np.abs(x), lambda x: -x + 1e-4 * np.sin(x)]
)
def test_a_step_that_is_not_affine_is_refused(score):
    with pytest.raises(ValueError, match="affine"):
        laws.affine_map_of(ula(score, 0.1), 2)


@given(DIMS, SEEDS, st.floats(0.01, 1.3), st.integers(0, 9))
@settings(max_examples=50)
def test_langevin_law_equals_the_recursion_stable_or_not(d, seed, fraction, k):
    rng = np.random.default_rng(seed)
    target = Gaussian(rng.normal(size=d), covariance(rng, d))
    eta = 4 * fraction * np.linalg.eigvalsh(target.covariance)[0]
    mean, C = rng.normal(size=d), covariance(rng, d)
    found = laws.langevin_law(target, eta, k, mean, C)
    P = np.linalg.inv(target.covariance)
    for _ in range(k):
        mean = mean + eta / 2 * P @ (target.mean - mean)
        M = np.eye(d) - eta / 2 * P
        C = M @ C @ M.T + eta * np.eye(d)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.covariance, C, rtol=1e-8, atol=1e-8 * np.abs(C).max())


@pytest.mark.parametrize("eta", [2.0, 4.0, 1.0, 8.0])
def test_langevin_law_at_its_singular_step_sizes(eta):
    """M = 0 at η = 2λ, M = -1 at η = 4λ: the sum is 1 or k."""
    target = Gaussian([0.5], [[1.0]])
    found = laws.langevin_law(target, eta, 6, [3.0], [[0.7]])
    m = 1 - eta / 2
    expected = m**12 * 0.7 + eta * sum(m ** (2 * j) for j in range(6))
    assert found.covariance[0, 0] == pytest.approx(expected, rel=1e-13)
    assert found.mean[0] == pytest.approx(0.5 + m**6 * 2.5, rel=1e-13)


def test_a_tiny_step_keeps_its_digits():
    """k η of noise, less its decay: closed form against 50 digits."""
    import mpmath

    with mpmath.workdps(50):
        eta, k = mpmath.mpf(1e-9), 1000
        m = 1 - eta / 2 / mpmath.mpf(0.3)
        exact = float(eta * (1 - m ** (2 * k)) / (1 - m**2))
    found = laws.langevin_law(Gaussian([0.0], [[0.3]]), 1e-9, k, [0.0], [[0.0]])
    assert found.covariance[0, 0] == pytest.approx(exact, rel=1e-14)


@given(DIMS, SEEDS, st.floats(0.01, 0.97))
@settings(max_examples=40)
def test_langevin_stationary_three_ways(d, seed, fraction):
    rng = np.random.default_rng(seed)
    target = Gaussian(rng.normal(size=d), covariance(rng, d))
    S = target.covariance
    eta = 4 * fraction * np.linalg.eigvalsh(S)[0]
    found = laws.langevin_stationary(target, eta)
    closed = S @ np.linalg.inv(np.eye(d) - eta / 4 * np.linalg.inv(S))
    lyapunov = laws.stationary_law(ula(target.score, eta), d)
    size = np.abs(closed).max()
    np.testing.assert_allclose(found.covariance, closed, atol=1e-9 * size)
    np.testing.assert_allclose(found.covariance, lyapunov.covariance, atol=1e-7 * size)
    np.testing.assert_allclose(found.mean, lyapunov.mean, atol=1e-8 * size)
    once = laws.langevin_law(target, eta, 1, found.mean, found.covariance)
    np.testing.assert_allclose(once.covariance, found.covariance, atol=1e-10 * size)


def test_one_step_from_exact_draws_inflates_the_variance_by_a_quarter_eta_squared():
    target = Gaussian(np.zeros(2), np.eye(2))
    one = laws.langevin_law(target, 0.6, 1, target.mean, target.covariance)
    np.testing.assert_allclose(one.covariance, (1 + 0.09) * np.eye(2), rtol=1e-14)


def test_the_wasserstein_bias_of_the_stationary_law():
    eigen, eta = np.array([0.5, 1.0, 3.0]), 0.8
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    target = Gaussian(np.ones(3), turn @ np.diag(eigen) @ turn.T)
    h = eta / 2
    inflated = 2 * eigen**2 / (2 * eigen - h)
    expected = np.sqrt(np.sum((np.sqrt(inflated) - np.sqrt(eigen)) ** 2))
    found = wasserstein_gaussian(target, laws.langevin_stationary(target, eta))
    assert found == pytest.approx(expected, rel=1e-11)


def test_the_stability_limit_is_an_error_that_names_it():
    target = Gaussian([0.0, 0.0], np.array([[2.0, 0.5], [0.5, 1.0]]))
    limit = 4 * np.linalg.eigvalsh(target.covariance)[0]
    laws.langevin_stationary(target, 0.999 * limit)
    for factor in (1.0, 1.5):
        with pytest.raises(ValueError, match="4 times the smallest variance"):
            laws.langevin_stationary(target, factor * limit)
    with pytest.raises(ValueError, match="spectral radius"):
        laws.stationary_law(ula(target.score, 1.01 * limit), 2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: laws.langevin_law(Gaussian([0.0], 1.0), 40.0, 2000, [1.0], [[1.0]]),
            ValueError,
            "n_steps = 2000",
        ),
        (
            lambda: laws.affine_law((2 * np.eye(1), [1.0], np.eye(1)), [0.0], [[1.0]], 10_000),
            ValueError,
            "n_steps = 10000",
        ),
        (
            lambda: laws.langevin_stationary(StudentT([0.0], [[1.0]], 5.0), 0.1),
            TypeError,
            "Gaussian",
        ),
        (
            lambda: laws.langevin_stationary(
                GaussianMixture([0.5, 0.5], [[0.0], [1.0]], np.ones((2, 1, 1))), 0.1
            ),
            TypeError,
            "mixture",
        ),
        (lambda: laws.langevin_stationary(Gaussian([0.0], 1.0), 0.0), ValueError, "step_size"),
        (
            lambda: laws.langevin_law(Gaussian([0.0], 1.0), 0.1, 1, [0.0, 1.0], np.eye(2)),
            ValueError,
            "mean0 must have shape",
        ),
        (
            lambda: laws.langevin_law(Gaussian([0.0], 1.0), 0.1, 1, [0.0], [[-1.0]]),
            ValueError,
            "covariance0",
        ),
        (lambda: laws.stationary_law(lambda x, z: x), ValueError, "dim must be given"),
        (
            lambda: laws.stationary_law((np.eye(1) / 2, np.zeros(1))),
            ValueError,
            r"step must be \(matrix, offset, noise_matrix\), got 2",
        ),
        (
            lambda: laws.kinetic_step(Gaussian([0.0], 1.0), 0.1, 1.0, np.array(["BAOAB"])),
            ValueError,
            "scheme must be one of",
        ),
        (
            lambda: laws.signal_to_noise(Gaussian([0.0], 1.0), [1e150, 1e-150], 0.1),
            ValueError,
            "sigmas and step_size must be such",
        ),
        (lambda: laws.affine_map_of(lambda x, z: x[:, :1], 2), ValueError, "step must give"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@given(DIMS, SEEDS)
@settings(max_examples=30)
def test_wasserstein_distance_equals_the_trace_formula_and_the_axioms(d, seed):
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(seed)
    p, q, r = (Gaussian(rng.normal(size=d), covariance(rng, d)) for _ in range(3))
    root = sqrtm(p.covariance).real
    cross = sqrtm(root @ q.covariance @ root).real
    square = np.sum((p.mean - q.mean) ** 2) + np.trace(p.covariance + q.covariance - 2 * cross)
    assert wasserstein_gaussian(p, q) == pytest.approx(np.sqrt(square), rel=1e-6)
    assert wasserstein_gaussian(q, p) == pytest.approx(wasserstein_gaussian(p, q), rel=1e-10)
    assert wasserstein_gaussian(p, p) < 1e-12 * np.sqrt(np.trace(p.covariance))
    assert wasserstein_gaussian(p, q) <= (
        wasserstein_gaussian(p, r) + wasserstein_gaussian(r, q) + 1e-12
    )


def test_wasserstein_of_close_and_of_singular_laws_keeps_its_digits():
    p = Gaussian(np.zeros(2), np.diag([4.0, 0.0]))
    q = Gaussian(np.array([0.0, 3.0]), np.diag([(2 + 1e-9) ** 2, 16.0]))
    assert wasserstein_gaussian(p, q) == pytest.approx(5.0, rel=1e-14)
    close = Gaussian(np.zeros(2), np.diag([(2 + 1e-9) ** 2, 0.0]))
    assert wasserstein_gaussian(p, close) == pytest.approx(1e-9, rel=1e-5)
    with pytest.raises(ValueError, match="one dimension"):
        wasserstein_gaussian(p, Gaussian(np.zeros(1), np.eye(1)))


@pytest.mark.parametrize(
    ("step_size", "n_steps", "power"),
    [(1e-12, 10**12, np.exp(-0.5)), (3.0, 3, -0.125), (3.0, 4, 0.0625), (2.0, 3, 0.0)],
)
def test_powers_of_the_contraction_keep_their_digits(step_size, n_steps, power):
    law = laws.langevin_law(Gaussian([0.0], 1.0), step_size, n_steps, [1.0], [[0.0]])
    np.testing.assert_allclose(law.mean, [power], rtol=1e-12)
    spread = laws.langevin_law(Gaussian([0.0], 1.0), step_size, n_steps, [1.0], [[4.0]])
    np.testing.assert_allclose(spread.covariance - law.covariance, [[4 * power**2]], rtol=1e-11)


def test_wasserstein_distances_at_the_ends_of_the_range():
    def distance(mean, spread, other, other_spread):
        return wasserstein_gaussian(Gaussian([mean], spread), Gaussian([other], other_spread))

    assert distance(0.0, 1.0, 1e-200, 1.0) == pytest.approx(1e-200, rel=1e-14)
    assert distance(0.0, 0.0, 1e-200, 0.0) == pytest.approx(1e-200, rel=1e-14)
    assert distance(1e200, 1.0, -1e200, 1.0) == pytest.approx(2e200, rel=1e-14)
    assert distance(0.0, 4e300, 0.0, 1e300) == pytest.approx(1e150, rel=1e-14)
    assert distance(0.0, 4e-300, 0.0, 1e-300) == pytest.approx(1e-150, rel=1e-14)
    assert distance(1.5e308, 1.0, -1.5e308, 1.0) == np.inf


@pytest.mark.parametrize("d", [2, 6])
def test_close_singular_laws_of_any_direction_keep_their_digits(d):
    ones = np.ones((d, d))
    for k in (20, 30):
        p, q = Gaussian(np.zeros(d), ones), Gaussian(np.zeros(d), (1 + 2.0**-k) * ones)
        want = np.sqrt(d) * 2.0**-k / (1 + np.sqrt(1 + 2.0**-k))
        assert wasserstein_gaussian(p, q) == pytest.approx(want, rel=1e-6)
    small = [Gaussian(np.zeros(2), np.diag([1.0, v])) for v in (1e-20, 4e-20)]
    assert wasserstein_gaussian(*small) == pytest.approx(1e-10, rel=1e-5)


def test_a_step_may_be_a_list_of_three():
    law = laws.stationary_law([np.eye(1) / 2, np.ones(1), np.eye(1)])
    np.testing.assert_allclose([law.mean[0], law.covariance[0, 0]], [2, 4 / 3], rtol=1e-14)


def test_a_step_overflows_without_a_warning():
    assert AffineStep(10 * np.eye(1), np.zeros(1), np.eye(1))([1e308], [0.0]) == np.inf


def test_a_radius_that_only_rounding_takes_below_one_is_refused():
    law = Gaussian([1.0], 1.0)
    for h in np.linspace(0.003, 1.9, 60):
        for scheme in ("BAOAB", "ABOBA", "OBABO", "OABAO"):
            with pytest.raises(ValueError, match="no stationary law"):
                laws.stationary_law(laws.kinetic_step(law, h, 0.0, scheme))
    for n in (8, 16, 32):
        with pytest.raises(ValueError, match="no stationary law"):
            laws.stationary_law(laws.unadjusted_hmc_step(law, 2 * np.sin(np.pi / 2 / n), n))
    found = laws.stationary_law(laws.kinetic_step(law, 0.1, 1e-6, "BAOAB"))  # slow, but there
    np.testing.assert_allclose(found.covariance[0, 0], 1.0, rtol=1e-6)
    stiff = Gaussian([0.0, 0.0], [1e-14, 1.0])  # 1e-8 from radius 1, beside entries of 1e7
    found = laws.stationary_law(laws.kinetic_step(stiff, 1e-7, 0.1, "BAOAB"))
    np.testing.assert_allclose(np.diagonal(found.covariance)[:2], [1e-14, 1.0], rtol=1e-6)

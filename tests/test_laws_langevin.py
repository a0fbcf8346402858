"""Exact laws of every Langevin step against its own affine map, limits and published numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import langevin, laws
from refscore.distributions import Gaussian, GaussianMixture

SEEDS = st.integers(0, 2**31)
DIMS = st.integers(1, 4)
SCHEMES = ("BAOAB", "ABOBA", "OBABO", "OABAO")


def covariance(rng, d, low=0.4, high=2.5):
    Q = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (Q * np.geomspace(low, high, d)) @ Q.T


def gaussian(rng, d):
    return Gaussian(rng.normal(size=d), covariance(rng, d))


def close(p, q, tolerance=1e-9):
    scale = max(np.abs(p.covariance).max(), np.abs(p.mean).max(), 1.0)
    np.testing.assert_allclose(p.mean, q.mean, atol=tolerance * scale)
    np.testing.assert_allclose(p.covariance, q.covariance, atol=tolerance * scale)


@given(DIMS, SEEDS, st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_the_preconditioned_law_is_that_of_the_step(d, seed, k):
    rng = np.random.default_rng(seed)
    p, G, start = gaussian(rng, d), covariance(rng, d, 0.3, 1.5), gaussian(rng, d)
    step = langevin.preconditioned(p.score, 0.4, G)
    found = laws.preconditioned_law(p, 0.4, G, k, start.mean, start.covariance)
    map_ = laws.affine_map_of(step, d)
    close(found, laws.affine_law(map_, start.mean, start.covariance, k))
    close(laws.preconditioned_stationary(p, 0.4, G), laws.stationary_law(map_))


@given(DIMS, SEEDS)
@settings(max_examples=20, deadline=None)
def test_the_law_with_gradient_noise_is_that_of_the_step(d, seed):
    rng = np.random.default_rng(seed)
    p, root = gaussian(rng, d), rng.normal(size=(d, d))
    step = langevin.sgld(lambda x, xi: p.score(x) + xi @ root.T, 0.6)
    both = laws.affine_map_of(lambda x, z: step(x, (z[..., :d], z[..., d:])), d, noise_dim=2 * d)
    found = laws.sgld_step(p, 0.6, root @ root.T)
    close(laws.stationary_law(found), laws.stationary_law(both))
    close(laws.affine_law(found, p.mean, p.covariance, 3),
          laws.affine_law(both, p.mean, p.covariance, 3))  # fmt: skip


@pytest.mark.parametrize("scheme", SCHEMES)
@given(DIMS, SEEDS, st.floats(0.05, 1.1), st.floats(0.1, 4.0))
@settings(max_examples=10, deadline=None)
def test_the_kinetic_law_is_that_of_the_step(scheme, d, seed, h, friction):
    p = gaussian(np.random.default_rng(seed), d)
    step = langevin.underdamped(p.score, h, friction, scheme)
    n = len(step.parts)

    def on_parts(x, z):
        return step(x, z if n == 1 else (z[..., :d], z[..., d:]))

    map_ = laws.affine_map_of(on_parts, 2 * d, noise_dim=n * d)
    for found, want in zip(laws.kinetic_step(p, h, friction, scheme), map_, strict=True):
        np.testing.assert_allclose(found, want, atol=1e-10)
    close(laws.kinetic_stationary(p, h, scheme), laws.stationary_law(map_), 1e-7)


@given(DIMS, SEEDS, st.floats(0.05, 1.1), st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_the_unadjusted_hamiltonian_law_is_that_of_the_step(d, seed, h, n):
    p = gaussian(np.random.default_rng(seed), d)
    step = langevin.hmc(p.log_density, p.score, h, n, adjusted=False)
    map_ = laws.affine_map_of(step, d)
    for found, want in zip(laws.unadjusted_hmc_step(p, h, n), map_, strict=True):
        np.testing.assert_allclose(found, want, atol=1e-9)
    limit = laws.unadjusted_hmc_stationary(p, h)
    close(laws.affine_law(map_, limit.mean, limit.covariance), limit)


@given(DIMS, SEEDS)
@settings(max_examples=15, deadline=None)
def test_the_annealed_law_is_that_of_the_chain(d, seed):
    rng = np.random.default_rng(seed)
    p, start, sigmas = gaussian(rng, d), gaussian(rng, d), [2.0, 0.9, 0.4]
    for denoise in (False, True):
        found = laws.annealed_law(p, sigmas, 0.3, 2, start.mean, start.covariance, denoise=denoise)
        # the chain on given noise is affine in the start and in every draw

        def chain(x, z, denoise=denoise):
            noise = z.reshape(len(z), 3, 2, d).transpose(1, 2, 0, 3)
            return langevin.annealed(
                lambda y, s: p.diffuse(1.0, s).score(y), x, sigmas, 0.3, 2, noise=noise,
                denoise=denoise,
            ).x  # fmt: skip

        map_ = laws.affine_map_of(chain, d, noise_dim=6 * d)
        close(found, laws.affine_law(map_, start.mean, start.covariance))


@pytest.mark.parametrize(
    ("dim", "mala", "walk"),
    [(1, 0.6739, 0.4447), (10, 0.5863, 0.2613), (100, 0.5752, 0.2366), (1000, 0.5741, 0.2341)],
)
def test_acceptance_of_the_optimal_scales(dim, mala, walk):
    """Towards .574236 and .233810, at the scales 1.6507 d^(-1/6) and 2.381203 d^(-1/2)."""
    p = Gaussian(np.zeros(dim), np.eye(dim))
    assert laws.mala_acceptance(p, 1.6507**2 * dim ** (-1 / 3)) == pytest.approx(mala, abs=5e-5)
    assert laws.random_walk_acceptance(p, 2.381203 / dim**0.5) == pytest.approx(walk, abs=5e-5)


def test_acceptance_in_one_dimension_is_an_arctangent():
    """κ the top singular value of the leapfrog matrix, itself by powers."""
    p = Gaussian([0.3], 1.7)
    for h, n in ((0.4, 1), (0.9, 4), (1.7, 3)):
        e = h / 1.7**0.5
        kick, drift = np.array([[1, 0], [-e / 2, 1]]), np.array([[1, e], [0, 1]])
        T = np.linalg.matrix_power(kick @ drift @ kick, n)
        kappa = np.linalg.svd(T)[1][0]
        want = 4 / np.pi * np.arctan(1 / kappa)
        assert laws.hmc_acceptance(p, h, n) == pytest.approx(want, rel=1e-12)
        if n == 1:
            assert laws.mala_acceptance(p, h * h) == pytest.approx(want, rel=1e-12)


def test_acceptance_joins_equal_and_unequal_eigenvalues():
    """Inversion of the characteristic function meets the F law where eigenvalues meet."""
    for d in (1, 3, 40):
        near = Gaussian(np.zeros(d), np.diag(1 + 1e-10 * np.arange(d)))
        same = Gaussian(np.zeros(d), np.eye(d))
        for size in (0.1, 1.0, 2.2):
            want = laws.mala_acceptance(same, size)
            assert laws.mala_acceptance(near, size) == pytest.approx(want, abs=1e-8)
            want = laws.random_walk_acceptance(same, size)
            assert laws.random_walk_acceptance(near, size) == pytest.approx(want, abs=1e-8)


def test_acceptance_of_a_trajectory_that_returns_is_one():
    """A quarter turn four times over is the identity: no energy is lost."""
    p = Gaussian(np.zeros(2), 0.5 * np.eye(2))
    assert laws.hmc_acceptance(p, 1.0, 4) == pytest.approx(1.0, abs=1e-7)


def test_bias_and_correlation_against_propagation():
    rng = np.random.default_rng(3)
    p, eta = gaussian(rng, 3), 0.7
    map_ = laws.affine_map_of(langevin.ula(p.score, eta), 3)
    C, u = laws.stationary_law(map_).covariance, np.array([1.0, -2.0, 0.5])
    rho, total, power = u @ C @ u, 0.0, np.eye(3)
    for _ in range(400):
        power = map_.matrix @ power
        total += u @ power @ C @ u
    want = 1 + 2 * total / rho
    assert laws.autocorrelation_time(p, eta, u) == pytest.approx(want, rel=1e-9)
    assert laws.autocorrelation_time(p, eta) == pytest.approx((4 * 2.5 - eta) / eta, rel=1e-9)
    limit = laws.stability_limit(p)
    with pytest.raises(ValueError, match="smallest variance"):
        laws.wasserstein_bias(p, limit)
    assert laws.wasserstein_bias(p, 1e-12 * limit) == pytest.approx(0.0, abs=1e-11)


def test_signal_to_noise_is_constant_for_a_point_alone():
    """η/(4σ_T²) for a point mass; for data as wide as the noise it falls towards the end."""
    sigmas = np.geomspace(10, 0.01, 6)
    point = laws.signal_to_noise(Gaussian([0.0, 1.0], 1e-14 * np.eye(2)), sigmas, 4e-5)
    np.testing.assert_allclose(point, 4e-5 / (4 * 0.01**2), rtol=1e-9)
    wide = laws.signal_to_noise(Gaussian([0.0], 1.0), sigmas, 4e-5)
    assert wide[-1] < 2e-4 * wide[0]
    mixture = GaussianMixture([0.5, 0.5], [[1.0], [-1.0]], [[[1.0]], [[1.0]]])
    # 1 - a² mmse(a²) at a = 1
    found = laws.signal_to_noise(mixture, [1e-9], 4.0)
    assert found[0] == pytest.approx(0.550400, abs=1e-6)


def test_acceptance_beyond_stability_is_about_zero_and_never_above_one():
    line, plane = Gaussian([0.0], 1.0), Gaussian([0.0, 0.0], [1.0, 3.0])
    for law in (line, plane, Gaussian([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])):
        for h, n in ((3.0, 400), (2.2, 1000), (1e200, 1), (1e200, 50), (1e-200, 7)):
            found = laws.hmc_acceptance(law, h, n)
            assert found == (pytest.approx(1.0) if h < 1 else pytest.approx(0.0, abs=1e-12))
        for size in (1e10, 1e100, 1e250, 1e308):
            assert laws.mala_acceptance(law, size) == pytest.approx(0.0, abs=1e-7)
            assert laws.random_walk_acceptance(law, size) == pytest.approx(0.0, abs=1e-7)
        for size in np.geomspace(1e-300, 1e-3, 80):
            assert 0.99 < laws.mala_acceptance(law, size) <= 1
            assert 0.99 < laws.random_walk_acceptance(law, size) <= 1
    with pytest.raises(ValueError, match="step_size must be"):
        laws.unadjusted_hmc_step(line, 1e200, 2)


def test_acceptance_of_a_diagonal_target_is_that_of_its_rotation():
    rng = np.random.default_rng(8)
    Q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    variances = np.array([2.0, 0.4, 1.0, 0.7])
    turned, plain = Gaussian(np.ones(4), (Q * variances) @ Q.T), Gaussian(np.ones(4), variances)
    assert laws.mala_acceptance(plain, 0.9) == pytest.approx(
        laws.mala_acceptance(turned, 0.9), abs=1e-12
    )


def _information(weights, means, variances):
    """E s² by a trapezoid rule of many points, dense at every component."""
    x = [m + v**0.5 * np.linspace(-12, 12, 400_001) for m, v in zip(means, variances)]
    x = np.unique(np.concatenate(x))
    parts = [w * np.exp(-((x - m) ** 2) / (2 * v)) / (2 * np.pi * v) ** 0.5
             for w, m, v in zip(weights, means, variances)]  # fmt: skip
    slopes = [-(x - m) / v * part for m, v, part in zip(means, variances, parts)]
    f = sum(slopes) ** 2 / np.maximum(sum(parts), 1e-300)
    return np.diff(x) @ (f[1:] + f[:-1]) / 2


@pytest.mark.parametrize(
    ("means", "variances"), [((0.0, 0.0), (1.0, 1e-4)), ((0.0, 3.0), (9.0, 0.01)),
                             ((1e6, 1e6 + 3), (1.0, 1e-6)), ((-40.0, 40.0), (1.0, 0.5))]
)  # fmt: skip
def test_signal_to_noise_of_wide_and_narrow_components(means, variances):
    law = GaussianMixture([0.5, 0.5], np.array(means)[:, None], np.array(variances))
    sigmas = np.array([3.0, 1.0, 0.3, 0.1, 0.05, 1e-3])
    found = laws.signal_to_noise(law, sigmas, 0.1)
    for got, sigma in zip(found, sigmas):
        I = _information([0.5, 0.5], np.subtract(means, means[0]), np.add(variances, sigma**2))
        assert got == pytest.approx(0.1 * (sigma / 1e-3) ** 2 * I / 4, rel=1e-7)


def test_signal_to_noise_off_the_line_is_right_or_refused():
    """Two round components apart along one axis: I is that of the line and 1/v more."""
    law = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.5, 2.0]], [0.5, 0.5])
    for sigma in (2.0, 0.5):
        want = _information([0.5, 0.5], (0.0, 2.5), (0.5 + sigma**2,) * 2) + 1 / (0.5 + sigma**2)
        got = laws.signal_to_noise(law, [sigma], 0.1)[0]
        assert got == pytest.approx(0.1 * want / 8, rel=1e-6)
    narrow = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [0.3, 0.2]], [1.0, 1e-4])
    with pytest.raises(ValueError, match="150 Gauss-Hermite nodes"):
        laws.signal_to_noise(narrow, [3.0, 0.05], 0.1)

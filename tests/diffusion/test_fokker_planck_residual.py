"""Residuals of densities given in other ways than the catalogue hands them over."""

import numpy as np
import pytest

from refscore import diffusion as fp
from refscore import processes
from refscore.distributions import Empirical, Gaussian, GaussianMixture, StudentT

LAW = GaussianMixture(
    [0.5, 0.5], [[1.0, 0.5], [-1.0, 0.0]], [[[0.5, 0.2], [0.2, 0.4]], [[0.6, -0.2], [-0.2, 0.7]]]
)
X = np.array([[0.4, -0.9], [1.2, 0.3], [-2.0, 0.7]])
A = np.array([[0.9, 0.4], [-0.3, 0.7]])


def matrix(x):
    """G(x), (..., 2, 2): full, and another at every point."""
    return A + 0.3 * np.sin(x)[..., None] * np.array([1.0, -0.5])


def quadrature_free(x):
    """½ Σ ∂_i∂_j(A_ij p)/p by nested differences of the product A p."""
    h = 1e-3

    def flux(y):
        p = np.exp(LAW.log_density(y))[..., None, None]
        return matrix(y) @ np.swapaxes(matrix(y), -1, -2) * p

    total = 0.0
    for i, e in enumerate(np.eye(2)):
        for j, u in enumerate(np.eye(2)):
            parts = [
                a * b * flux(x + a * h * e + b * h * u)[..., i, j] for a in (-1, 1) for b in (-1, 1)
            ]
            total = total + sum(parts) / (4 * h * h)
    return 0.5 * total / np.exp(LAW.log_density(x))


def test_a_full_noise_matrix_that_depends_on_the_point():
    got = fp.fokker_planck_residual(fp.StillDensity(LAW), lambda x: 0 * x, matrix, X, 0.0)
    np.testing.assert_allclose(got, -quadrature_free(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "process", [processes.VP(), processes.VE(0.05, 4.0), processes.VE(0.05, 4.0, exact=True)],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("law", [LAW, Gaussian([0.3, -1.0], [0.5, 2.0]), Empirical(X, 0.3)])
def test_diffused_laws_solve_the_equation_and_know_their_rate(process, law):
    p, (f, g) = fp.DiffusedDensity(process, law), fp.forward_terms(process)
    for t in (0.03, 0.7):
        by_time = (p.log_density(X, t + 1e-5) - p.log_density(X, t - 1e-5)) / 2e-5
        np.testing.assert_allclose(p.rate(X, t), by_time, rtol=1e-5, atol=1e-5)
        scale = np.abs(by_time).max()
        assert np.abs(fp.fokker_planck_residual(p, f, g, X, t)).max() < 1e-10 * max(scale, 1)
        v = fp.flow_velocity(process, law)
        assert np.abs(fp.continuity_residual(p, v, X, t)).max() < 1e-5 * max(scale, 1)


def test_a_process_that_is_not_the_density_s_own_is_seen():
    p, (f, g) = fp.DiffusedDensity(processes.VP(), LAW), fp.forward_terms(processes.VP(0.1, 10))
    assert np.abs(fp.fokker_planck_residual(p, f, g, X, 0.4)).max() > 0.1


@pytest.mark.parametrize("derivatives", ["differences", "autograd"])
def test_a_log_density_alone(derivatives):
    """Spreading heat, p_t = N(0, (1 + t) I), the constant in t left in."""
    from autograd import numpy as anp

    def log_p(x, t):
        return -anp.sum(x**2, axis=-1) / (2 * (1 + t)) - anp.log(1 + t)

    p = fp.FunctionDensity(log_p, derivatives)
    assert not hasattr(p, "at")  # there is no law, only its density
    np.testing.assert_allclose(p.score(X, 0.5), -X / 1.5, atol=1e-9)
    np.testing.assert_allclose(p.jacobian(X, 0.5), np.tile(-np.eye(2) / 1.5, (3, 1, 1)), atol=1e-7)
    residual = fp.fokker_planck_residual(p, lambda x: 0 * x, 1.0, X, 0.5)
    np.testing.assert_allclose(residual, 0, atol=1e-7)
    if derivatives == "differences":
        np.testing.assert_array_equal(
            fp.fokker_planck_residual(log_p, lambda x: 0 * x, 1.0, X, 0.5), residual
        )


def test_langevin_keeps_a_law_that_is_no_mixture():
    law = StudentT([0.2, -0.4], A @ A.T, 5.0)
    f, g = fp.langevin_terms(law.score, 1.3)
    assert np.abs(fp.fokker_planck_residual(fp.StillDensity(law), f, g, X, 0.0)).max() < 1e-12
    without = fp.fokker_planck_residual(fp.StillDensity(law), lambda x: f(x), g, X, 0.0)
    assert np.abs(without).max() < 1e-9  # the divergence by differences


def test_what_is_wrong_is_named():
    p = fp.StillDensity(LAW)
    with pytest.raises(ValueError, match="drift must return the shape of x"):
        fp.fokker_planck_residual(p, lambda x: x[:, 0], 1.0, X, 0.0)
    with pytest.raises(ValueError, match="diffusion must return"):
        fp.fokker_planck_residual(p, lambda x: x, lambda x: np.ones(7), X, 0.0)
    with pytest.raises(ValueError, match="log_density must map"):
        fp.FunctionDensity(lambda x, t: x).log_density(X, 0.0)
    with pytest.raises(TypeError, match="law must be a Gaussian"):
        fp.DiffusedDensity(processes.VP(), StudentT([0.0], [[1.0]], 3.0))


class _Pull:
    def __call__(self, x, time=None):
        return -x * (1 + 3 * time)


def _bound_late(x, t=0.0):
    return -x * (1 + 3 * t)


@pytest.mark.parametrize("drift", [_bound_late, _Pull(), lambda x, u=0.0: -x * (1 + 3 * u)])
def test_a_time_with_a_default_is_handed_over(drift):
    line, law = fp.uniform_grid(-3.0, 3.0, 20), Gaussian([0.0], [[1.0]])

    def plain(x, t):
        return _bound_late(x, t)

    for of in (
        lambda f: fp.stationary_density(f, 1.0, line, t=0.7),
        lambda f: fp.stationary_density(f, lambda x, t=0.0: 1 + t, line, t=0.7),
        lambda f: fp.fokker_planck_residual(fp.StillDensity(law), f, 1.0, X[:, :1], 0.7),
        lambda f: fp.continuity_residual(fp.StillDensity(law), f, X[:, :1], 0.7),
    ):
        np.testing.assert_array_equal(of(drift), of(plain))
    late = fp.stationary_density(drift, 1.0, line, t=0.7)
    assert np.abs(late - fp.stationary_density(drift, 1.0, line, t=0.0)).max() > 0.1


def test_a_time_by_name_only_is_refused():
    with pytest.raises(TypeError, match="takes t by name only"):
        fp.stationary_density(lambda x, *, t=0.0: -x, 1.0, fp.uniform_grid(-3.0, 3.0, 20))


@pytest.mark.parametrize(
    "process",
    [processes.VP(), processes.VE(exact=True), processes.Cosine(), processes.Straight()],
    ids=repr,
)
def test_the_rate_where_noise_starts_like_a_root(process):
    """At t = 0 the equation holds too: (σ²)' = g², though σ' is infinite."""
    density = fp.DiffusedDensity(process, LAW)
    found = fp.fokker_planck_residual(density, *fp.forward_terms(process), X, 0.0)
    np.testing.assert_allclose(found, 0, atol=1e-12 * (1 + np.abs(density.rate(X, 0.0)).max()))

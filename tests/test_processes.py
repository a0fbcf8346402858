"""Forward processes against their moment equations and 50 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refscore.processes import VE, VP

PROCESSES = [VP(), VP(0.0, 3.0), VP(2.0, 2.0), VE(), VE(0.01, 50.0, exact=True), VE(0.5, 0.6)]
TIMES = st.floats(0.02, 0.98)


def derivative(f, t, h=1e-3):
    """Richardson on central differences, error O(h⁶)."""
    d = [(f(t + k * h) - f(t - k * h)) / (2 * k * h) for k in (1, 2, 3)]
    return 1.5 * d[0] - 0.6 * d[1] + 0.1 * d[2]


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
@given(TIMES)
def test_moments_obey_the_linear_equation(process, t):
    """α' = f α and (σ²)' = 2 f σ² + g², with f and g read off drift and diffusion."""
    alpha, sigma = process.marginal(t)
    f, g = process.drift(np.array([1.0]), t)[0], process.diffusion(t)
    assert derivative(lambda s: process.marginal(s)[0], t) == pytest.approx(
        f * alpha, rel=1e-7, abs=1e-9
    )
    assert derivative(lambda s: process.marginal(s)[1] ** 2, t) == pytest.approx(
        2 * f * sigma**2 + g**2, rel=1e-6, abs=1e-9
    )
    assert f == process.drift_rate(t)


@pytest.mark.parametrize("t", [0.0, 1e-12, 1e-5, 1e-3, 0.3, 1.0])
def test_marginals_to_full_precision(t):
    with mpmath.workdps(50):
        T = mpmath.mpf(t)
        B = T * mpmath.mpf(0.1) + T**2 * (mpmath.mpf(20.0) - mpmath.mpf(0.1)) / 2
        vp = [mpmath.exp(-B / 2), mpmath.sqrt(1 - mpmath.exp(-B))]
        low, ratio = mpmath.mpf(0.01), mpmath.mpf(50.0) / mpmath.mpf(0.01)
        paper = low * ratio**T
        exact = mpmath.sqrt(paper**2 - low**2)
        rate = mpmath.sqrt(2 * mpmath.log(ratio)) * paper
        expected = [float(v) for v in (*vp, paper, exact, rate)]
    found = [*VP().marginal(t), VE().marginal(t)[1], VE(exact=True).marginal(t)[1]]
    np.testing.assert_allclose([*found, VE().diffusion(t)], expected, rtol=2e-15, atol=0)


def test_published_numbers():
    alpha, sigma = VP().marginal(1.0)
    assert alpha**2 == pytest.approx(4.32e-5, rel=1e-3)
    for t, ratio in ((1e-5, 76.6), (1e-3, 7.69), (0.1, 1.11)):
        found = VE().marginal(t)[1] / VE(exact=True).marginal(t)[1]
        assert found == pytest.approx(ratio, rel=5e-3)
    assert VP().prior_std() == 1.0
    assert VE().prior_std() == pytest.approx(50.0, rel=1e-14)
    assert VE(exact=True).prior_std() == pytest.approx(np.sqrt(2500 - 1e-4), rel=1e-14)


@given(st.floats(0, 1))
def test_the_variance_preserving_process_preserves_unit_variance(t):
    alpha, sigma = VP(0.3, 7.0).marginal(t)
    assert alpha**2 + sigma**2 == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_a_time_for_every_point_equals_the_loop(process):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(4, 3, 2)), rng.uniform(size=(4, 3))
    alpha, sigma = process.marginal(t)
    drift, g = process.drift(x, t), process.diffusion(t)
    assert alpha.shape == sigma.shape == g.shape == (4, 3)
    for i in np.ndindex(4, 3):
        np.testing.assert_allclose(drift[i], process.drift(x[i], t[i]), rtol=1e-14)
        np.testing.assert_allclose([alpha[i], sigma[i]], process.marginal(t[i]), rtol=1e-14)
        assert g[i] == pytest.approx(process.diffusion(t[i]), rel=1e-14)
    np.testing.assert_array_equal(process.drift(x, 0.5)[0], process.drift(x[0], 0.5))
    assert np.ndim(process.marginal(0.5)[0]) == np.ndim(process.marginal(0)[1]) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: VP().marginal(1.1), r"t must lie in \[0, 1\], got 1.1"),
        (lambda: VE().diffusion(-1e-9), r"t must lie in \[0, 1\]"),
        (lambda: VP().beta([0.2, np.nan]), "t must be finite"),
        (lambda: VP().drift(np.ones((3, 2)), np.ones(2)), r"t must have shape \(\) or \(3,\)"),
        (lambda: VP(2.0, 1.0), "beta_min must be at most beta_max"),
        (lambda: VP(-1.0, 1.0), "beta_min must be at least 0"),
        (lambda: VP(0.0, 0.0), "beta_max must be positive"),
        (lambda: VE(1.0, 1.0), "sigma_min must be below sigma_max"),
        (lambda: VE(0.0, 1.0), "sigma_min must be positive"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
    with pytest.raises(TypeError, match="exact"):
        VE(exact="yes")


def test_drift_overflows_without_a_warning():
    assert VP().drift([1e308], 1.0) == -np.inf

"""Rates with zeros, kinks, jumps and few digits: marginals as exact as the rates, or an error."""

import numpy as np
import pytest

from refscore.processes import VP, from_rates, variance_preserving

T = np.linspace(0, 1, 601)


def _bumps(t, k):
    """∫_0^t |sin k u| du."""
    n = np.floor(k * t / np.pi)
    return (2 * n + 1 - np.cos(k * t - n * np.pi)) / k


AREAS = {
    "zeros": (lambda t: np.abs(np.sin(20 * t)), lambda t: _bumps(t, 20)),
    "many zeros": (lambda t: np.abs(np.sin(200 * t)), lambda t: _bumps(t, 200)),
    "cancelling": (lambda t: 1 - np.cos(t) ** 2, lambda t: t / 2 - np.sin(2 * t) / 4),
    "off, then on": (
        lambda t: 20 * np.maximum(t - 0.3, 0),
        lambda t: 10 * np.maximum(t - 0.3, 0) ** 2,
    ),
    "a jump": (lambda t: np.where(t < 0.77, 1.0, 5.0), lambda t: t + 4 * np.maximum(t - 0.77, 0)),
}


@pytest.mark.parametrize("name", AREAS)
def test_rates_smooth_but_at_some_times(name):
    beta, area = AREAS[name]
    alpha, _ = variance_preserving(beta).marginal(T)
    np.testing.assert_allclose(-2 * np.log(alpha), area(T), rtol=0, atol=3e-13)
    process = from_rates(lambda t: -0.5 * beta(t), lambda t: np.sqrt(beta(t)))
    alpha, sigma = process.marginal(T)
    np.testing.assert_allclose(-2 * np.log(alpha), area(T), rtol=0, atol=3e-13)
    np.testing.assert_allclose(sigma**2, -np.expm1(-area(T)), rtol=0, atol=3e-13)


def test_a_jump_of_the_noise_alone():
    process = from_rates(lambda t: 0 * t, lambda t: np.where(t < 0.77, 1.0, 3.0))
    variance = T + 8 * np.maximum(T - 0.77, 0)
    np.testing.assert_allclose(process.marginal(T)[1] ** 2, variance, rtol=0, atol=1e-12)


def test_single_precision_rates():
    """As exact as their own digits."""
    vp = VP()
    single = variance_preserving(lambda t: vp.beta(t).astype(np.float32))
    np.testing.assert_allclose(single.marginal(T), vp.marginal(T), rtol=1e-6)
    rates = from_rates(lambda t: -0.5 * vp.beta(t).astype(np.float32), vp.diffusion)
    np.testing.assert_allclose(rates.marginal(T), vp.marginal(T), rtol=1e-6)


def test_too_rough_a_rate_is_named_at_once():
    def wild(t):
        return 1 + np.sin(1e7 * t)

    with pytest.raises(ValueError, match="beta is too rough"):
        variance_preserving(wild)
    with pytest.raises(ValueError, match="drift_rate is too rough"):
        from_rates(lambda t: -wild(t), lambda t: 1.0 + 0 * t)
    with pytest.raises(ValueError, match="diffusion is too rough"):
        from_rates(lambda t: -1.0, wild)
    with pytest.raises(ValueError, match="beta must be finite and at least 0"):
        variance_preserving(lambda t: -1 + 0 * t)

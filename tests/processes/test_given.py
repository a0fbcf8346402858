"""Schedules of one's own: rates from marginals, marginals from rates, against the named ones."""

import numpy as np
import pytest

from refscore.processes import (
    EDM,
    VE,
    VP,
    Cosine,
    Straight,
    SubVP,
    from_marginal,
    from_rates,
    variance_preserving,
)

NAMED = [VP(), VP(0.0, 3.0), SubVP(), VE(), VE(exact=True), EDM(), Straight(), Cosine()]
PLACES = np.array([1e-7, 1e-4, 3e-3, 0.02, 0.3, 0.7, 0.98])
every = pytest.mark.parametrize("process", NAMED, ids=repr)


def _again(process):
    return from_marginal(
        lambda t: process.marginal(t)[0], lambda t: process.marginal(t)[1], process.final_time
    )


@every
def test_from_marginal_finds_the_rates(process):
    """Noise like √t, like t, from σ_min and over eight orders of magnitude alike."""
    own, t = _again(process), PLACES * process.final_time
    scale = np.abs(process.drift_rate(t)).max() + 1
    np.testing.assert_allclose(own.drift_rate(t), process.drift_rate(t), atol=1e-11 * scale)
    np.testing.assert_allclose(own.diffusion(t), process.diffusion(t), rtol=1e-12)
    for mine, right in zip(own.marginal_rates(t), process.marginal_rates(t)):
        np.testing.assert_allclose(mine, right, rtol=1e-11, atol=1e-11)
    for end in (0.0, process.final_time):
        mine, right = own.marginal_rates(end), process.marginal_rates(end)
        np.testing.assert_allclose(mine, right, rtol=1e-10, atol=2e-11)
    assert own.prior_std() == process.marginal(process.final_time)[1]


def test_from_marginal_takes_absolute_values_for_what_they_are():
    """A complex step would differentiate |.| to 0: f = -½ here, not 0."""
    own = from_marginal(lambda t: np.abs(np.exp(-0.5 * t)), lambda t: np.sqrt(np.abs(t)))
    assert own.drift_rate(0.4) == pytest.approx(-0.5, rel=1e-12)
    assert own.diffusion(0.4) ** 2 == pytest.approx(1 + 0.4, rel=1e-12)


@pytest.mark.parametrize(
    "process", [p for p in NAMED if not isinstance(p, (Straight, Cosine))], ids=repr
)
def test_from_rates_finds_the_marginal(process):
    """To rounding, near t = 0 too; the paper's VE starts from σ_min, what a process cannot."""
    own, t = from_rates(process.drift_rate, process.diffusion, process.final_time), PLACES
    right = VE(exact=True) if isinstance(process, VE) else process
    for mine, want in zip(own.marginal(t), right.marginal(t)):
        np.testing.assert_allclose(mine, want, rtol=1e-13)
    assert own.marginal(0.0) == (1.0, 0.0)
    assert own.time_at(own.log_snr(0.3)) == pytest.approx(0.3, rel=1e-13)


def test_from_rates_up_to_a_steep_end():
    right, t = Straight(), np.linspace(0, 0.999, 31)
    own = from_rates(lambda u: -1 / (1 - u), lambda u: np.sqrt(2 * u / (1 - u)), 0.999)
    np.testing.assert_allclose(np.array(own.marginal(t)), right.marginal(t), rtol=1e-12, atol=1e-15)


def test_from_rates_with_a_jump_and_where_alpha_underflows():
    jump = from_rates(lambda t: np.where(t < 0.31, -1.0, -3.0), lambda t: 1.0, 1.0)
    assert jump.marginal(1.0)[0] == pytest.approx(np.exp(-0.31 - 3 * 0.69), rel=1e-8)
    fast = from_rates(lambda t: -500.0, lambda t: np.sqrt(1000.0), 4.0)
    assert fast.marginal(4.0) == (0.0, pytest.approx(1.0, rel=1e-12))


def test_any_rate_keeps_unit_variance():
    rate = lambda t: 3 + 2 * np.sin(7 * t)  # noqa: E731
    area = lambda t: 3 * t + 2 / 7 * (1 - np.cos(7 * t))  # noqa: E731
    t = np.array([1e-9, 0.1, 0.5, 2.0])
    for own in (variance_preserving(rate, area, 2.0), variance_preserving(rate, final_time=2.0)):
        alpha, sigma = own.marginal(t)
        np.testing.assert_allclose(alpha, np.exp(-area(t) / 2), rtol=1e-13)
        np.testing.assert_allclose(sigma, np.sqrt(-np.expm1(-area(t))), rtol=1e-7)
        np.testing.assert_allclose(alpha**2 + sigma**2, 1, rtol=1e-14)
        np.testing.assert_allclose(own.drift_rate(t), -rate(t) / 2, rtol=1e-15)
        np.testing.assert_allclose(own.diffusion(t), np.sqrt(rate(t)), rtol=1e-15)
        assert own.prior_std() == 1.0


@every
def test_a_given_process_is_a_process(process):
    """Shapes, drift of points, transitions and times as for any other."""
    own, x = _again(process), np.arange(6.0).reshape(3, 2)
    t = np.array([0.1, 0.4, 0.9]) * process.final_time
    np.testing.assert_allclose(own.drift(x, t), process.drift(x, t), rtol=1e-10, atol=1e-10)
    for mine, right in zip(own.transition(t[0], t), process.transition(t[0], t)):
        np.testing.assert_allclose(mine, right, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(own.time_at(own.log_snr(t)), t, rtol=1e-12)
    assert own.diffusion(0.3).shape == own.marginal(0.3)[0].shape == ()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: from_marginal(lambda t: 1 - 2 * t, lambda t: t),
            "alpha must be finite and positive before the end, got -?0",
        ),
        (
            lambda: from_marginal(lambda t: 1 - t, lambda t: 1 - t),
            "sigma must be finite and positive after",
        ),
        (
            lambda: from_marginal(lambda t: 1.0, lambda t: np.sin(3 * t)),
            r"alpha / sigma must not rise with t.* 0.5\d+ and",
        ),
        (
            lambda: from_marginal(lambda t: 1 / t, lambda t: t),
            "alpha must be finite .* got inf at t = 0",
        ),
        (
            lambda: from_marginal(lambda t: np.ones(3), lambda t: t),
            "alpha must return the shape of t",
        ),
        (
            lambda: from_marginal(lambda t: 1 - t, lambda t: t).diffusion(1.0),
            "t must be before the time",
        ),
        (
            lambda: from_marginal(lambda t: 1.0, lambda t: 1 + t + np.abs(t - 0.5)).diffusion(0.5),
            "sigma is too rough",
        ),
        (
            lambda: from_rates(lambda t: -1 / (1 - t), lambda t: t),
            "drift_rate must be finite on .* at t = 1",
        ),
        (
            lambda: from_rates(lambda t: 0 * t, lambda t: t - 0.5),
            "diffusion must be finite and at least 0",
        ),
        (lambda: from_rates(lambda t: t, lambda t: t, 0.0), "final_time must be positive"),
        (
            lambda: variance_preserving(lambda t: t - 0.5, lambda t: t),
            "beta must be at least 0; it does",
        ),
        (lambda: variance_preserving(lambda t: 1 + t, lambda t: 1 - t), "area must not fall"),
        (lambda: variance_preserving(lambda t: 1.0, lambda t: 1 + t), "area must be 0 at t = 0"),
    ],
)
def test_bad_schedules_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
    with pytest.raises(TypeError, match="sigma must be a function"):
        from_marginal(lambda t: t, 3.0)


@pytest.mark.parametrize("factor", [1.5, 0.999])
def test_an_area_must_be_the_integral_of_the_rate(factor):
    with pytest.raises(ValueError, match="area must be the integral of beta: "):
        variance_preserving(lambda t: 2 + t, lambda t: factor * (2 * t + t * t / 2))


def test_areas_of_rough_and_infinite_rates_are_taken():
    def jump(t):
        return np.where(t > 0.3333, 5.0, 1.0)

    process = variance_preserving(jump, lambda t: t + 4 * np.maximum(t - 0.3333, 0))
    assert process.marginal(1.0)[0] == pytest.approx(np.exp(-(1 + 4 * 0.6667) / 2))
    ends = variance_preserving(lambda t: 2 / (1 - t), lambda t: -2 * np.log1p(-t))
    assert ends.marginal(0.5)[0] == pytest.approx(0.5)


def test_a_rate_below_zero_is_said_as_it_is():
    with pytest.raises(ValueError, match="beta must be finite and at least 0 .* got -1"):
        variance_preserving(lambda t: -1 + 0 * t)


@pytest.mark.parametrize("width", [1e-3, 1e-4, 1e-5])
def test_a_spike_at_a_break_is_seen(width):
    def spike(t):
        return np.exp(-0.25 * ((t - 0.4321) / width) ** 2)

    process = from_rates(lambda t: 0 * t, spike, breaks=[0.4321])
    want = (width * (2 * np.pi) ** 0.5) ** 0.5
    assert process.marginal(1.0)[1] == pytest.approx(want, rel=1e-12)
    with pytest.raises(ValueError, match="breaks must lie in"):
        from_rates(lambda t: 0 * t, spike, breaks=[1.5])

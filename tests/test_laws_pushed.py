"""Densities of samplers without noise: steep maps, folded maps, many points, what is refused."""

import tracemalloc

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from refscore import diffusion, laws, processes
from refscore.distributions import Gaussian, GaussianMixture
from refscore.laws._pushing import pushed

VP, START = processes.VP(), Gaussian([0.0], [[1.0]])


def _far_apart(sd):
    return GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[sd**2]], [[sd**2]]])


def _implicit_image(x, times, sd):
    """The deterministic implicit sampler's image of a number, complex ones too."""
    for t, s in zip(times[:-1], times[1:]):
        (a, b), (end_a, end_b) = VP.marginal(t), VP.marginal(s)
        v = a**2 * sd**2 + b**2
        noise = b * (x - a * np.tanh(a * x / v)) / v
        x = end_a * (x - b * noise) / a + end_b * noise
    return x


@pytest.mark.parametrize(("sd", "n"), [(0.1, 100), (0.05, 20)])
def test_a_steep_map_between_two_modes(sd, n):
    """|F'| is 7e6 at 0.2: by a complex step at the one x that comes there."""
    times, points = processes.time_grid(VP, n, "log_snr", end=1e-2), [0.0, 0.2, 0.5, 0.9, 1.02]
    step = diffusion.ddim(VP, _far_apart(sd))
    got = laws.sampler_density(step, START, times, points, -9, 9)
    roots = [
        brentq(lambda x, y=y: _implicit_image(x, times, sd) - y, -6, 6, xtol=1e-15) for y in points
    ]
    slopes = [_implicit_image(x + 1e-40j, times, sd).imag / 1e-40 for x in roots]
    want = norm.pdf(roots) / slopes
    assert np.abs(got - want).max() < 1e-8 * want.max()
    np.testing.assert_allclose(got, want, rtol=1e-6)


def _waves(size, number):
    return lambda x: x + size * np.sin(number * x)


@pytest.mark.parametrize("number", [1.0, 40.0, 350.0])
def test_every_fold_is_found(number):
    """x + A sin(k x) folds the line again and again; all its roots."""
    fold = _waves(3 / number, number)
    x = np.linspace(-6, 6, 40_001)
    y = fold(x)
    points = [0.1234, -0.777, 1.9]
    got = pushed(norm.pdf, [lambda x: 0.5 * x, _waves(3 / number, number)], points, -9, 9)
    for point, density in zip(points, got):
        at = np.flatnonzero((y[:-1] <= point) != (y[1:] <= point))
        roots = [brentq(lambda u, c=point: fold(u) - c, *x[i : i + 2], xtol=1e-15) for i in at]
        roots = np.array(roots)
        want = np.sum(2 * norm.pdf(2 * roots) / np.abs(1 + 3 * np.cos(number * roots)))
        assert density == pytest.approx(want, rel=1e-8), point


def test_memory_does_not_grow_with_the_points():
    points = np.linspace(-3, 3, 10_000)
    tracemalloc.start()
    try:
        got = pushed(norm.pdf, [lambda x: 2 * x], points, -9, 9)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(got, norm.pdf(points / 2) / 2, rtol=1e-9)
    assert peak < 2e7


def test_where_the_density_is_infinite_or_the_map_folds_without_end():
    with pytest.raises(ValueError, match="off those where the image turns back"):
        pushed(norm.pdf, [np.square], [0.0], -9, 9)
    with pytest.raises(ValueError, match="must fold the line less often"):
        pushed(norm.pdf, [_waves(1.0, 1e5)], [0.0], -9, 9)

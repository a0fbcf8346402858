"""Reversal of a forward SDE as a function on data."""

import numpy as np
import pytest

from refscore import diffusion, distributions, processes

VP = processes.VP()
LAW = distributions.GaussianMixture([0.4, 0.6], [[1.0], [-1.5]], [0.3, 0.8])
X = np.array([[0.3], [2.0], [-0.7]])


def _score(x, t):
    return diffusion.diffused(VP, LAW, t).score(x)


def test_l_one_forward_is_the_process_and_l_zero_is_the_flow_both_ways():
    forward = diffusion.reversal(VP.drift, VP.diffusion, _score, 1.0, "forward")
    assert np.array_equal(forward(X, 0.3), VP.drift(X, 0.3))
    velocity = diffusion.flow_velocity(VP, LAW)(X, 0.3)
    for when in ("backward", "forward"):
        flow = diffusion.reversal(VP.drift, VP.diffusion, _score, 0.0, when)
        assert np.allclose(flow(X, 0.3), velocity, rtol=1e-14)


def test_any_drift_may_be_reversed():
    """Langevin dynamics of a stationary law reverse to themselves: f - g² s = -f."""
    drift = diffusion.reversal(lambda x, t: 0.5 * LAW.score(x), lambda t: 1.0,
                               lambda x, t: LAW.score(x))  # fmt: skip
    assert np.allclose(drift(X, 0.0), -0.5 * LAW.score(X), rtol=1e-14)


def test_refusals():
    make = (VP.drift, VP.diffusion, _score)
    with pytest.raises(ValueError, match="direction must be one of backward, forward"):
        diffusion.reversal(*make, 1.0, "back")
    with pytest.raises(ValueError, match="stochasticity must be at least 0"):
        diffusion.reversal(*make, -1.0)
    with pytest.raises(TypeError, match="drift must be a function"):
        diffusion.reversal(1.0, VP.diffusion, _score)
    wide = diffusion.reversal(lambda x, t: np.zeros(2), VP.diffusion, _score)
    with pytest.raises(ValueError, match="drift.* must have the shape of x"):
        wide(X, 0.3)


def test_a_noise_that_is_no_number_is_refused():
    drift = diffusion.reversal(VP.drift, lambda t: np.array([1.0, 2.0]), _score)
    with pytest.raises(ValueError, match=r"diffusion\(t\) must be a number, got shape \(2,\)"):
        drift(X, 0.3)

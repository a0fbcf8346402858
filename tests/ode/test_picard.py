"""Picard's iteration contracts where f is Lipschitz; √|x| has many solutions; blocks are steps."""

from math import factorial

import numpy as np
import pytest

from refscore import flows, networks, ode

TURN = flows.Linear([[0.0, 1.0], [-1.0, 0.0]])  # Lipschitz constant 1
TIMES = np.linspace(0.0, 2.0, 81)


@pytest.mark.parametrize("times", [TIMES, -TIMES])
def test_iterates_are_taylor_sums_within_their_bound(times):
    x0 = np.array([[1.0, 0.0], [-0.3, 2.0]])
    paths = ode.picard(TURN, x0, times, 14)
    exact = np.stack([TURN.flow(x0, 0.0, t) for t in times])
    first = np.linalg.norm(paths[1] - paths[0], axis=-1).max()
    for k, path in enumerate(paths):
        gap = np.linalg.norm(path - exact, axis=-1).max()
        assert gap <= 2.0**k / factorial(k) * np.exp(2.0) * first + 1e-7
    np.testing.assert_allclose(paths[2, :, 0], np.stack([1 - times**2 / 2, -times], -1), atol=1e-9)
    assert np.abs(paths[-1] - exact).max() < 1e-7


def test_iterates_of_a_moving_velocity_reach_the_solver():
    velocity = networks.TimeMLP.initialise((2, 5, 2), rng=1)
    path = ode.picard(velocity, [0.5, -1.0], TIMES, 25)[-1]
    np.testing.assert_allclose(path, ode.solve_path(velocity, [0.5, -1.0], TIMES), atol=1e-5)


def test_many_solutions_leave_zero_when_they_like():
    field, t = ode.SquareRoot(1), np.linspace(0.0, 3.0, 301)
    for wait in (0.0, 0.7, 5.0):
        x = ode.square_root_solution(t, wait)
        assert x[0] == 0
        slopes = np.gradient(x, t, edge_order=2)
        off = np.abs(t - wait) > 0.02  # beside the corner of the derivative
        np.testing.assert_allclose(slopes[off], field(x[:, None])[off, 0], atol=1e-9)
    assert ode.solve(field, [0.0], 0.0, 3.0).x1 == 0.0  # solvers stay
    nudged = ode.solve(field, [1e-12], 0.0, 3.0, rtol=1e-9, atol=1e-14).x1
    assert nudged[0] == pytest.approx(ode.square_root_solution(3.0, 0.0), rel=1e-3)
    jumps = field.jacobian(np.array([[0.25], [-0.25]]))[:, 0, 0]
    np.testing.assert_allclose(jumps, [1.0, -1.0])


def test_bad_input_of_picard_is_named():
    with pytest.raises(ValueError, match="times must be four or more numbers"):
        ode.picard(TURN, [1.0, 0.0], [0.0, 1.0, 2.0], 2)
    with pytest.raises(ValueError, match="must be finite"):
        ode.picard(flows.Cubic([-1.0]), [3.0], TIMES, 12)


def test_a_residual_network_is_eulers_method():
    blocks = [networks.MLP.initialise((2, 4, 2), rng=k) for k in range(3)]
    x = np.array([[0.3, -1.0], [2.0, 0.1]])
    for h in (1.0, 0.25):
        by_hand = x
        for block in blocks:
            by_hand = by_hand + h * block(by_hand)
        np.testing.assert_allclose(ode.residual_network(blocks, h)(x), by_hand, rtol=1e-14)
    still = ode.residual_network([blocks[0]] * 8, 0.25)(x)
    euler = ode.solve(blocks[0], x, 0.0, 2.0, n_steps=8, method="euler").x1
    np.testing.assert_allclose(still, euler, rtol=1e-13)
    np.testing.assert_array_equal(ode.residual_network([])(x), x)
    with pytest.raises(TypeError, match=r"blocks\[1\] must be"):
        ode.residual_network([blocks[0], np.tanh])

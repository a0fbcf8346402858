"""SciPy's solvers on velocities: stiff equations, events, dense output, failures as a status."""

import numpy as np
import pytest

from refscore import flows, ode
from refscore.fields import Affine, Family

X = np.array([[1.0, 2.0], [0.1, 0.0]])
FORCED = flows.Forced([-0.7, 0.3], [1.0, 2.0], [3.0, 1.0])
TURN = Affine([[0.0, 1.0], [-1.0, 0.0]])
METHODS = ("RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_follows_the_flow_both_ways(method):
    for ends in ((0.2, 1.4), (1.4, 0.2)):
        found = ode.solve_scipy(FORCED, X, *ends, method=method, rtol=1e-8, atol=1e-9, dense=True)
        np.testing.assert_allclose(found.x1, FORCED.flow(X, *ends), atol=1e-6)
        np.testing.assert_allclose(found.at([0.5])[0], FORCED.flow(X, ends[0], 0.5), atol=1e-6)
        assert not found.status.any()
        np.testing.assert_array_equal(found.end_times, ends[1])
        assert (found.n_jacobians > 0).all() == (method in ("Radau", "BDF"))


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_stiff_equations_take_few_steps_with_the_velocitys_jacobian(method):
    stiff = flows.Forced([-1e6], [1e6], [1.0])
    found = ode.solve_scipy(stiff, [[2.0]], 0.0, 5.0, method=method)
    assert found.x1[0, 0] == pytest.approx(np.cos(5.0), abs=1e-4)
    assert found.n_evaluations[0] < 1000


def test_events_have_direction_and_may_end_a_row():
    upwards = ode.Event(lambda x, t: x[0], direction=1)
    stop = ode.Event(lambda x, t: x[1] - 0.5, direction=1, terminal=True)
    both = lambda x, t: x[0]  # noqa: E731
    options = {"method": "DOP853", "rtol": 1e-9, "atol": 1e-9}
    x = [[np.sin(0.3), np.cos(0.3)], [1.0, 0.0]]  # turns clockwise: x₁ falls first
    found = ode.solve_scipy(TURN, x, 0.0, 9.0, events=[upwards, both], **options)
    first, crossed = found.events[0]
    np.testing.assert_allclose(first.times, [2 * np.pi - 0.3], atol=1e-6)
    np.testing.assert_allclose(crossed.times, np.pi * np.array([1, 2]) - 0.3, atol=1e-6)
    np.testing.assert_allclose(first.states, [[0.0, 1.0]], atol=1e-6)
    ended = ode.solve_scipy(TURN, x, 0.0, 9.0, events=[stop], dense=True, **options)
    np.testing.assert_allclose(ended.x1[:, 1], 0.5, atol=1e-7)
    assert not ended.status.any()
    np.testing.assert_allclose(ended.end_times[0], 5 / 3 * np.pi - 0.3, atol=1e-6)
    assert np.isnan(ended.at(8.9)).all()


def test_what_cannot_go_on_is_a_status():
    square = Family.from_function(lambda x, t: x**2, 1)
    broken = Family.from_function(lambda x, t: x * (np.nan if t > 1 else 1.0), 1)
    for method in ("RK45", "Radau"):
        found = ode.solve_scipy(square, [[1.0], [0.2]], 0.0, 2.0, method=method, rtol=1e-4)
        assert np.isnan(found.x1[0, 0])
        assert found.x1[1, 0] == pytest.approx(1 / 3, rel=1e-2)
        assert found.status.tolist() == [2, 0]
        assert found.message.startswith("1 of 2 rows did not arrive at t = 2: ")
        nowhere = ode.solve_scipy(broken, [0.2], 0.0, 2.0, method=method)
        assert nowhere.status in (2, 3)
        assert nowhere.message
    assert (ode.solve_scipy(TURN, X, 1.0, 1.0).x1 == X).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"method": "rk4"}, "method must be one of RK23"), ({"rtol": 0}, "rtol must be positive"),
     ({"events": [3]}, "events must be a function"), ({"dense": 2}, "dense must be True or False")],
)  # fmt: skip
def test_bad_input_of_the_bridge_is_named(options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        ode.solve_scipy(TURN, X, 0.0, 1.0, **options)
    with pytest.raises(ValueError, match="dense must be True"):
        ode.solve_scipy(TURN, X, 0.0, 0.1).at(0.05)

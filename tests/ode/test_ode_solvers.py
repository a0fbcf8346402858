"""Solves: accuracy, dense output, status instead of crashes, rows that do not know each other."""

import pickle

import autograd.numpy as anp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from refscore import flows, networks, ode
from refscore.distributions import Gaussian
from refscore.fields import Affine, Family

X = np.array([[1.0, 2.0], [0.1, 0.0], [-3.0, 1.5]])
FORCED = flows.Forced([-0.7, 0.3], [1.0, 2.0], [3.0, 1.0])
NETWORK = networks.TimeMLP.initialise((2, 6, 2), rng=0)
M, C = np.zeros(2), np.eye(2)
SQUARE = Family.from_function(lambda x, t: x**2, 1)
ADAPTIVE = ("heun", "bogacki_shampine", "dormand_prince", "tsitouras", "dop853")


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize("ends", [(0.3, 2.1), (2.1, 0.3)])
def test_errors_follow_the_tolerance(method, ends):
    exact = FORCED.flow(X, *ends)
    loose, tight = (1e-3, 1e-5) if method == "heun" else (1e-4, 1e-8)
    gaps = [
        np.abs(ode.solve(FORCED, X, *ends, method=method, rtol=r, atol=r).x1 - exact).max()
        for r in (loose, tight)
    ]
    assert gaps[0] < 50 * loose
    assert gaps[1] < 50 * tight
    assert gaps[1] < gaps[0] / 10


def test_counts_say_what_was_done():
    calls = []

    def slope(x, t):
        calls.append(len(x))
        return -3 * x + anp.sin(5 * t)

    velocity = Family.from_function(slope, 2)
    found = ode.solve(velocity, X[:1], 0.0, 2.0)
    assert isinstance(found, ode.Solution)
    assert found.n_evaluations[0] == len(calls)
    assert found.n_evaluations[0] == 2 + 6 * (found.n_accepted[0] + found.n_rejected[0])
    peer = solve_ivp(
        lambda t, x: -3 * x + np.sin(5 * t), (0, 2), X[0], rtol=1e-6, atol=1e-6, method="RK45"
    )
    assert found.n_evaluations[0] == peer.nfev  # scipy's step control, one row
    np.testing.assert_allclose(found.x1[0], peer.y[:, -1], rtol=1e-12)
    calls.clear()
    fixed = ode.solve(velocity, X, 0.0, 2.0, n_steps=7, method="rk4")
    assert len(calls) == 28
    assert (fixed.n_evaluations == 28).all()
    assert (fixed.n_accepted == 7).all()
    assert not fixed.n_rejected.any()


@pytest.mark.parametrize("method", ADAPTIVE)
def test_no_row_knows_its_batch(method):
    options = {"method": method, "rtol": 1e-4, "atol": 1e-4, "keep": "steps"}
    together = ode.solve(FORCED, X, 0.0, 1.0, **options)
    for i, one in enumerate(X):
        alone = ode.solve(FORCED, one, 0.0, 1.0, **options)
        np.testing.assert_allclose(alone.x1, together.x1[i], rtol=1e-12)
        assert alone.n_evaluations == together.n_evaluations[i]
        assert alone.n_rejected == together.n_rejected[i]
        np.testing.assert_allclose(together.times[: len(alone.times), i], alone.times, rtol=1e-9)
    shared = ode.solve(FORCED, X, 0.0, 1.0, shared_steps=True, **options)
    assert (shared.times == shared.times[:, :1]).all()
    assert (shared.n_accepted >= together.n_accepted).all()


def test_shared_steps_call_a_velocity_once_a_stage():
    calls = []

    def slope(x, t):
        calls.append(len(x))
        return -x + anp.cos(t)

    found = ode.solve(Family.from_function(slope, 2), X, 0.0, 1.0, shared_steps=True)
    assert len(calls) == found.n_evaluations[0]
    assert set(calls) == {3}


@pytest.mark.parametrize("method", ["rk4", "bogacki_shampine", "tsitouras", "dop853"])
@pytest.mark.parametrize("ends", [(0.0, 1.5), (1.5, 0.0)])
def test_dense_output_between_and_at_the_steps(method, ends):
    options = {"n_steps": 40} if method == "rk4" else {"rtol": 1e-7, "atol": 1e-7}
    found = ode.solve(FORCED, X, *ends, method=method, keep="steps", **options)
    t = np.linspace(*ends, 23)
    exact = np.stack([FORCED.flow(X, ends[0], u) for u in t])
    np.testing.assert_allclose(found.at(t), exact, atol=2e-5)
    np.testing.assert_allclose(found.at(t[3]), found.at(t)[3], rtol=1e-12)
    np.testing.assert_array_equal(found.at(ends[1]), found.x1)
    own = found.times if found.times.ndim == 1 else found.times[:, 1]
    for k in (0, 2, 4):  # at a step's end its state, to the bit
        np.testing.assert_array_equal(found.at(own[k])[1], found.states[k, 1])
    with pytest.raises(ValueError, match="t must lie between 0 and 1.5, got 1.6"):
        found.at(1.6)


def test_the_interpolant_has_its_order():
    gaps = {}
    for name, order in (("rk4", 3), ("dormand_prince", 4), ("tsitouras", 4)):
        for n in (12, 24):
            found = ode.solve(FORCED, X, 0.0, 2.0, method=name, n_steps=n, keep="steps")
            t = np.linspace(0.01, 1.99, 57)
            exact = np.stack([FORCED.flow(X, 0.0, u) for u in t])
            gaps[n] = np.abs(found.at(t) - exact).max()
        assert np.log2(gaps[12] / gaps[24]) == pytest.approx(order + 1, abs=0.4)


def test_paths_meet_their_times():
    times = np.array([0.2, 0.25, 0.9, 1.7])
    exact = np.stack([FORCED.flow(X, 0.2, t) for t in times])
    for options in ({}, {"method": "dop853"}, {"method": "rk4", "n_steps": 60}):
        path = ode.solve_path(FORCED, X, times, **options)
        np.testing.assert_allclose(path, exact, atol=3e-6)
        np.testing.assert_array_equal(path[0], X)
    alone = ode.solve_path(FORCED, X[1], times)
    np.testing.assert_allclose(alone, ode.solve_path(FORCED, X, times)[:, 1], rtol=1e-12)
    back = ode.solve_path(FORCED, exact[-1], times[::-1])
    np.testing.assert_allclose(back, exact[::-1], atol=3e-6)
    np.testing.assert_array_equal(ode.solve_path(FORCED, X, [0.4]), X[None])
    np.testing.assert_array_equal(ode.solve_path(FORCED, X, [0.4], n_steps=2), X[None])


def test_a_grid_is_met_to_the_bit():
    asked = []

    def at(t):
        asked.append(t)
        return Affine(-np.eye(2), [t, 1.0])

    times = [0.1, 0.2, 0.7, 0.1 + 0.7]
    ode.solve(Family(at), X, times[0], times[-1], times=times, method="rk4")
    assert asked[::4] == times[:-1]
    assert asked[3::4] == times[1:]
    asked.clear()
    ode.solve(Family(at), X[:1], 0.1, 0.7, method="dormand_prince")
    assert max(asked) == 0.7


def test_no_time_at_all_is_no_work():
    for options in ({}, {"n_steps": 3}, {"times": [0.5]}):
        found = ode.solve(FORCED, X, 0.5, 0.5, keep="steps", **options)
        np.testing.assert_array_equal(found.x1, X)
        assert not found.n_evaluations.any()
        assert not found.status.any()
        np.testing.assert_array_equal(found.at(0.5), X)


def test_a_row_that_is_not_finite_half_way_says_so_and_the_others_arrive():
    starts = [[1.0], [0.2], [-1.0]]  # 1 / (1 - t) is infinite at 1
    for options in ({}, {"method": "rk4", "n_steps": 40}, {"shared_steps": True}):
        found = ode.solve(SQUARE, starts, 0.0, 2.0, keep="steps", **options)
        assert np.isnan(found.x1[0]).all()
        np.testing.assert_allclose(found.x1[1:, 0], [1 / 3, -1 / 3], rtol=1e-4)
        assert found.status[0] in (2, 3)
        assert not found.status[1:].any()
        assert found.message.startswith("1 of 3 rows did not arrive at t = 2: ")
        assert found.at(0.5)[0] == pytest.approx(2.0, rel=1e-5)
        assert np.isnan(found.at(1.9)[0]).all()
        assert found.at(1.9)[1] == pytest.approx(1 / 3.1, rel=1e-4)
    assert np.isnan(ode.solve_path(SQUARE, starts, [0.0, 0.5, 2.0])[2, 0, 0])

    nowhere = Family(lambda t: Affine(np.eye(2)) * (np.nan if t > 0.5 else 1.0))
    assert np.isnan(ode.solve(nowhere, X, 0.0, 0.4).x1).sum() == 0


def test_a_velocity_without_a_value_is_named_with_its_time():
    broken = Family.from_function(lambda x, t: x * (np.nan if t > 1 else 1.0), 1)
    for options, time in (({}, "at 1 "), ({"n_steps": 10}, "at t = 1.2")):
        found = ode.solve(broken, [[1.0], [0.2]], 0.0, 2.0, **options)
        if options:  # five steps of .2, and a sixth that was none
            assert (found.n_accepted == 5).all()
            assert (found.n_rejected == 1).all()
            assert (found.n_evaluations == 36).all()
        assert (found.status == 3).all()
        assert "not finite" in found.message
        assert time in found.message
    back = ode.solve(broken, [[1.0]], 2.0, 0.0, n_steps=4)
    assert (back.n_accepted[0], back.n_rejected[0]) == (0, 1)
    start = ode.solve(broken, [[1.0]], 1.5, 2.0)
    assert (start.status == 3).all()
    assert start.n_evaluations[0] == 1


def test_a_stiff_equation_runs_out_of_steps_with_an_explicit_method():
    stiff = flows.Forced([-1e6], [1e6], [1.0])
    found = ode.solve(stiff, [[2.0]], 0.0, 5.0, max_steps=300)
    assert found.status[0] == 1
    assert "300 steps do not suffice; is the tolerance below the rounding, or f stiff?" in (
        found.message
    )
    assert set(found.status) <= set(ode.STATUS)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"rtol": 0.0}, "rtol must be positive"), ({"atol": 0.0}, "atol must be positive"),
     ({"method": "rk4"}, "method must have an embedded error estimate, and rk4 has none; give n_s"),
     ({"method": "rk5"}, "method must be one of midpoint, .*, dop853; got 'rk5'"),
     ({"max_steps": 0}, "max_steps must be at"),
     ({"n_steps": 2, "times": [0, 1]}, "n_steps and times must not both"),
     ({"times": [0.0, 0.5]}, "times must lead from t0 = 0.0 to t1 = 1.0"),
     ({"times": [0.0, 0.6, 0.5, 1]}, "times must be one or more numbers that strictly rise or"),
     ({"keep": "all"}, "keep must be"),
     ({"t0": 1e16, "t1": 1e16 + 2, "n_steps": 5}, "n_steps must leave steps above the rounding"),
     ({"x0": np.ma.masked_array(X, X < 0)}, "x0 must have a value everywhere, got an array with"),
     ({"method": "dop853", "n_steps": 3}, "method must be one of euler"),
     ({"velocity": lambda x, t: x}, "velocity must be"), ({"t1": np.inf}, "t1 must be finite"),
     ({"t0": -1e308, "t1": 1e308}, "t1 - t0 must be finite")],
)  # fmt: skip
def test_bad_input_is_named(options, words):
    inputs = {"velocity": FORCED, "x0": X, "t0": 0.0, "t1": 1.0, **options}
    with pytest.raises((ValueError, TypeError), match=words):
        ode.solve(**inputs)
    with pytest.raises(ValueError, match='keep must be "steps"'):
        ode.solve(FORCED, X, 0.0, 1.0).at(0.5)


@pytest.mark.parametrize("options", [{}, {"n_steps": 9, "method": "tsitouras"}])
def test_any_input_gives_float64_and_is_left_alone(options):
    single = X.astype(np.float32)
    single.flags.writeable = False
    found = ode.solve(FORCED, single, 0.0, 1.0, **options)
    assert found.x1.dtype == np.float64
    np.testing.assert_array_equal(
        found.x1, ode.solve(FORCED, single.astype(float), 0, 1, **options).x1
    )
    whole = ode.solve(FORCED, [[1, 2], [0, 3]], 0, 1, **options)
    np.testing.assert_array_equal(
        whole.x1, ode.solve(FORCED, [[1.0, 2], [0, 3]], 0.0, 1.0, **options).x1
    )
    for shape in ((2,), (0, 2), (2, 0, 2), (2, 3, 2)):
        x = np.broadcast_to([0.3, -0.4], shape)
        some = ode.solve(FORCED, x, 0.0, 1.0, keep="steps", **options)
        assert some.x1.shape == shape
        assert some.status.shape == shape[:-1]
        assert some.at([0.1, 0.2]).shape == (2, *shape)
        assert some.states.shape[1:] == shape
    before = X.copy()
    ode.solve(FORCED, X, 0.0, 1.0, **options)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("dim", [1, 1000])
def test_any_dimension(dim):
    rate = np.linspace(-1.0, 0.5, dim)
    velocity = flows.Cubic(np.abs(rate) + 0.1)
    x = np.linspace(-1, 1, 3 * dim).reshape(3, dim)
    exact = velocity.flow(x, 0.0, 1.0)
    np.testing.assert_allclose(ode.solve(velocity, x, 0.0, 1.0).x1, exact, atol=1e-5)
    fixed = ode.solve(velocity, x, 0.0, 1.0, n_steps=20, method="rk4_38")
    np.testing.assert_allclose(fixed.x1, exact, atol=1e-5)


def test_a_tableau_of_ones_own():
    own = ode.tableau("bogacki_shampine")._replace(name="own")
    same = ode.solve(FORCED, X, 0.0, 1.0, method="bogacki_shampine")
    np.testing.assert_array_equal(ode.solve(FORCED, X, 0.0, 1.0, method=own).x1, same.x1)
    lists = own._replace(A=own.A.tolist(), b=own.b.tolist(), c=own.c.tolist())
    np.testing.assert_array_equal(ode.solve(FORCED, X, 0.0, 1.0, method=lists).x1, same.x1)
    step = ode.runge_kutta_step(own, FORCED, X, 0.0, 0.1)
    np.testing.assert_array_equal(
        step, ode.runge_kutta_step(own.name[:0] or own, FORCED, X, 0, 0.1)
    )


def test_one_step_of_a_solve_is_the_step():
    for name, method in ode.TABLEAUX.items():
        once = ode.solve(NETWORK, X, 0.2, 0.5, n_steps=1, method=name).x1
        np.testing.assert_allclose(
            once, ode.runge_kutta_step(method, NETWORK, X, 0.2, 0.5 - 0.2), rtol=1e-14
        )


def test_stages_stand_where_they_say():
    k, points = ode.runge_kutta_stages("dormand_prince", NETWORK, X, 0.2, -0.3)
    c = ode.tableau("dormand_prince").c
    for slope, point, ci in zip(k, points, c):
        np.testing.assert_allclose(slope, NETWORK(point, 0.2 - 0.3 * ci), atol=1e-15)
    np.testing.assert_array_equal(points[0], X)
    new = ode.runge_kutta_step("dormand_prince", NETWORK, X, 0.2, -0.3)
    np.testing.assert_allclose(points[-1], new, atol=1e-15)


def test_progress_is_shown_where_asked(capsys):
    ode.solve(FORCED, X, 0.0, 1.0, progress=True)
    ode.solve(FORCED, X, 0.0, 1.0, n_steps=5, progress=True)
    assert "100" in capsys.readouterr().err
    ode.solve(FORCED, X, 0.0, 1.0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("method", ["heun", "dormand_prince", "dop853"])
def test_states_whose_squares_overflow(method):
    turning = Affine([[0.0, 1.0], [-1.0, 0.0]], [0.0, 0.0])
    tolerance = {"rtol": 1e-3} if method == "heun" else {}
    for options in ({}, {"shared_steps": True}):
        starts = [[1e150, 0.0], [1e200, 0.0], [1.0, 0.0]]
        found = ode.solve(turning, starts, 0.0, 1.0, method=method, **tolerance, **options)
        assert not found.status.any()
        ends = found.x1 / [[1e150], [1e200], [1.0]]
        np.testing.assert_allclose(ends, [[np.cos(1), -np.sin(1)]] * 3, atol=2e-3)
    end = np.array([[1e200, 0.0]])
    pooled = {"shared_steps": "rms", "rtol": 1e-6, "atol": 1e-6}
    back = ode.backpropagate(turning, end, [0.0, 1.0], [[1.0, 0.0]], **pooled)
    np.testing.assert_allclose(back.x0, [[np.cos(1), np.sin(1)]], atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"method": "dop853"}, {"n_steps": 9, "method": "rk4"}])
def test_a_solution_can_be_pickled(options):
    found = ode.solve(NETWORK, X, 0.0, 1.0, keep="steps", **options)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301
    np.testing.assert_array_equal(again.at([0.3, 0.7]), found.at([0.3, 0.7]))


def test_a_residual_network_names_the_block_that_overflows():
    steady, wild = Affine([[0.0]], [1.0]), Affine([[1e200]], [0.0])
    for blocks, k in (([steady, wild, wild, steady], 2), ([wild, wild], 1)):
        with pytest.raises(ValueError, match=rf"the state after blocks\[{k}\] must be finite"):
            ode.residual_network(blocks)([[1.0]])


def test_equal_steps_below_the_rounding_of_the_times_are_refused():
    far = 1e16
    for call in (
        lambda: ode.solve_path(FORCED, X, [far, far + 2], n_steps=5),
        lambda: ode.adjoint(FORCED, X, far, far + 2, X, n_steps=5),
    ):
        with pytest.raises(ValueError, match="n_steps must leave steps above the rounding of the"):
            call()
    assert not ode.solve(Affine(-np.eye(2), [0, 0]), X, far, far + 8, n_steps=4).status.any()


@pytest.mark.parametrize("name", ["rtol", "atol"])
@pytest.mark.parametrize(
    "solve",
    [
        lambda **given: ode.solve(FORCED, X, 0.0, 1.0, n_steps=4, **given),
        lambda **given: ode.solve(FORCED, X, 0.0, 1.0, times=[0.0, 0.4, 1.0], **given),
        lambda **given: ode.solve_path(FORCED, X, [0.0, 1.0], n_steps=4, **given),
        lambda **given: ode.adjoint(FORCED, X, 0.0, 1.0, X, n_steps=4, **given),
        lambda **given: flows.ContinuousFlow(FORCED, Gaussian(M, C), n_steps=4, **given),
        lambda **given: flows.kinetic_energy(FORCED, X, 0.0, 1.0, n_steps=4, **given),
    ],
)
def test_steps_that_are_given_have_no_tolerance(solve, name):
    with pytest.raises(ValueError, match=f"{name} is of error control, of which there is none"):
        solve(**{name: 1e-9})
    solve()


def test_without_them_both_tolerances_are_one_in_a_million():
    usual, given = ({}, {"rtol": 1e-6, "atol": 1e-6})
    ends = [ode.solve(FORCED, X, 0.0, 1.0, **options).x1 for options in (usual, given)]
    np.testing.assert_array_equal(*ends)

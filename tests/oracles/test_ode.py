"""Oracles of differential equations: stability polynomials against stages, paths against SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from refscore.identities.flow_settings import linear, network
from refscore.identities.ode_solves import known
from refscore.identities.ode_steps import DENSE, METHODS
from refscore.oracles import ode

X = np.array([[0.4, -0.9, 1.1], [1.3, 0.2, -0.6]])


@pytest.mark.parametrize("method", METHODS)
def test_stability_polynomials_are_what_the_stages_give(method):
    v, h = linear(), -0.4
    by_stages = ode._WRITTEN[method](lambda x, t: ode.velocity(v, x, t), X, 0.0, h)[0]
    np.testing.assert_allclose(ode.step(v, X, 0.0, h, method), by_stages, rtol=1e-12)
    flat = type(v)("linear", matrix=v.matrix, offset=np.zeros(3))
    gaps = [
        np.abs(ode.step(flat, X, 0.0, k * h, method) - X @ expm(k * h * v.matrix).T).max()
        for k in (0.1, 0.05)
    ]
    # the error of one step is O(h^(p+1))
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(ode.order(method) + 1, abs=0.3)


@pytest.mark.parametrize("method", DENSE)
def test_interpolants_join_both_ends_with_their_slopes(method):
    v, x = network(), X[:, :2]
    at = [ode.interpolate(v, x, 0.3, 0.5, s, method) for s in (0.0, 1e-6, 1 - 1e-6, 1.0)]
    end = ode.step(v, x, 0.3, 0.5, method)
    np.testing.assert_allclose(at[0], x, atol=1e-15)
    np.testing.assert_allclose(at[3], end, atol=1e-14)
    np.testing.assert_allclose((at[1] - at[0]) / 5e-7, ode.velocity(v, x, 0.3), rtol=1e-4)
    np.testing.assert_allclose((at[3] - at[2]) / 5e-7, ode.velocity(v, end, 0.8), rtol=1e-4)


@pytest.mark.parametrize("weights", ["Dormand and Prince", "Shampine"])
def test_errors_are_of_order_five(weights):
    v, x = network(), X[:, :2]
    gaps = [np.abs(ode.error(v, x, 0.3, h, "dormand_prince", weights)).max() for h in (0.1, 0.05)]
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize("case", known(), ids=lambda case: case[0].kind)
def test_paths_satisfy_their_equation(case):
    v, x = case
    times = np.array([0.3, 0.8, 1.4])

    def slope(t, y):
        return ode.velocity(v, y.reshape(x.shape), t).ravel()

    peer = solve_ivp(slope, (0.3, 1.4), x.ravel(), t_eval=times, rtol=1e-10, atol=1e-12)
    expected = peer.y.T.reshape(3, *x.shape)
    np.testing.assert_allclose(ode.path(v, x, times), expected, rtol=1e-7, atol=1e-8)

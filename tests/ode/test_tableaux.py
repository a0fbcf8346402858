"""The methods as algebra: row sums, order conditions of all rooted trees, interpolants."""

from functools import cache
from math import factorial, prod

import numpy as np
import pytest
from scipy.integrate import RK23, RK45

from refscore import ode
from refscore.fields import Affine
from refscore.ode.tableaux import TABLEAUX

METHODS = tuple(TABLEAUX)
EMBEDDED = tuple(name for name in METHODS if TABLEAUX[name].b_low is not None)
FSAL = ("bogacki_shampine", "dormand_prince", "tsitouras")


@cache
def trees(n):
    """Rooted trees with n nodes; a tree is the sorted tuple of its root's subtrees."""

    def forests(n, largest):
        if n == 0:
            yield ()
        for size in range(min(n, largest), 0, -1):
            for tree in trees(size):
                for rest in forests(n - size, size):
                    yield tuple(sorted((tree, *rest)))

    return sorted(set(forests(n - 1, n - 1)))


def size(tree):
    return 1 + sum(map(size, tree))


def density(tree):
    return size(tree) * prod(map(density, tree))


def weight(tree, A):
    """Φ(τ) of Butcher's series, one entry a stage."""
    return prod((A @ weight(branch, A) for branch in tree), start=np.ones(len(A)))


def gap(b, A, n):
    return max(abs(b @ weight(tree, A) - 1 / density(tree)) for tree in trees(n))


def test_there_are_as_many_trees_as_counted():
    assert [len(trees(n)) for n in range(1, 8)] == [1, 1, 2, 4, 9, 20, 48]
    assert max(map(density, trees(5))) == factorial(5)


@pytest.mark.parametrize("name", METHODS)
def test_order_conditions_hold_up_to_the_order_and_no_further(name):
    method = TABLEAUX[name]
    for n in range(1, method.order + 1):
        assert gap(method.b, method.A, n) < 2e-14
    assert gap(method.b, method.A, method.order + 1) > 1e-4


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_weights_have_their_order_and_no_more(name):
    method = TABLEAUX[name]
    assert method.low_order == method.order - 1
    for n in range(1, method.low_order + 1):
        assert gap(method.b_low, method.A, n) < 2e-14
    assert gap(method.b_low, method.A, method.order) > 5e-4


@pytest.mark.parametrize("name", METHODS)
def test_rows_sum_to_the_times_and_stages_are_explicit(name):
    method = TABLEAUX[name]
    np.testing.assert_allclose(method.A.sum(axis=1), method.c, atol=2e-15)
    assert not np.triu(method.A).any()
    assert method.name == name
    assert method.fsal == (name in FSAL)
    if method.fsal:
        np.testing.assert_array_equal(method.A[-1], method.b)
        assert method.c[-1] == pytest.approx(1, abs=2e-15)


@pytest.mark.parametrize("name", METHODS)
def test_interpolants_meet_the_conditions_at_every_fraction(name):
    """Σ bᵢ(θ) Φᵢ(τ) = θⁿ / γ(τ) for trees of n ≤ dense_order nodes; b(1) = b."""
    method, theta = TABLEAUX[name], np.linspace(0, 1, 9)
    b = theta[:, None] ** np.arange(1, method.dense.shape[1] + 1) @ method.dense.T
    np.testing.assert_allclose(b[-1], method.b, atol=1e-14)
    gaps = [
        max(
            np.abs(b @ weight(tree, method.A) - theta**n / density(tree)).max() for tree in trees(n)
        )
        for n in range(1, method.dense_order + 2)
    ]
    assert max(gaps[:-1]) < 1e-13
    assert gaps[-1] > 1e-3


@pytest.mark.parametrize(("name", "peer"), [("bogacki_shampine", RK23), ("dormand_prince", RK45)])
def test_tables_are_scipys(name, peer):
    method = TABLEAUX[name]
    np.testing.assert_allclose(method.A[:-1, : peer.A.shape[1]], peer.A[:, : len(method.b) - 1])
    np.testing.assert_allclose(method.b[:-1], peer.B, atol=1e-16)
    np.testing.assert_allclose(method.dense, peer.P, atol=1e-14)
    error = method.b - method.b_low
    np.testing.assert_allclose(error, peer.E * np.sign(error[0] * peer.E[0]), atol=1e-16)


def test_kutta_and_ralston_by_their_numbers():
    np.testing.assert_array_equal(ode.tableau("rk3").A[2], [-1, 2, 0])
    np.testing.assert_array_equal(ode.tableau("ralston").c, [0, 2 / 3])
    np.testing.assert_allclose(ode.tableau("rk4_38").b * 8, [1, 3, 3, 1])


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match=r"method must be one of euler, .*tsitouras; got 'rk5'"):
        ode.tableau("rk5")
    own = ode.tableau("heun")._replace(name="own")
    assert ode.tableau(own) is own
    with pytest.raises(ValueError, match="read-only"):
        own.A[0, 0] = 1.0


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [("rk4", {"A": np.ones((4, 4))}, "method.A must be strictly lower triangular"),
     ("rk4", {"b": np.ones(3) / 3}, r"method.A must have shape \(3, 3\), got shape \(4, 4\)"),
     ("rk4", {"fsal": True}, "method.fsal must be False unless"),
     ("dormand_prince", {"b_low": np.ones(6) / 6}, r"method.b_low must have shape \(7\)"),
     ("heun", {"c": np.array([0.5, 1.0])}, "method.c must begin with 0"),
     ("heun", {"dense": np.ones(2)}, r"method.dense must have shape \(2, any\)")],
)  # fmt: skip
def test_a_tableau_of_ones_own_must_fit_together(name, wrong, words):
    own, velocity = TABLEAUX[name]._replace(**wrong), Affine([[-1.0]], [0.0])
    for call in (
        lambda: ode.solve(velocity, [1.0], 0, 1, method=own, n_steps=3),
        lambda: ode.runge_kutta_step(own, velocity, [1.0], 0, 1),
    ):
        with pytest.raises(ValueError, match=words):
            call()

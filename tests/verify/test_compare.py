"""The comparer is tested on what it must reject."""

import numpy as np
import pytest

from refscore.identities import Bound, Order, Sides
from refscore.verify.compare import judge

RIGHT = np.array([1.0, -2.0, 0.5])


def exact(left, right=RIGHT, scale=None, tolerance=1e-9, **options):
    return judge(Sides("s", left, right, scale), tolerance, **options)


def test_equal_sides_hold_with_gap_zero():
    assert exact(RIGHT.copy()).holds
    assert exact(RIGHT.copy()).gap == 0.0
    assert exact(RIGHT.tolist()).holds
    assert exact(1.0, np.array(1.0)).holds


@pytest.mark.parametrize(
    "left",
    [
        [1.0, -2.0, np.nan], [np.nan] * 3, [1.0, -2.0, np.inf], [1.0, -np.inf, 0.5],
        [-1.0, 2.0, -0.5], [2.0, -3.0, 0.5], [1.0, -2.0], [[1.0, -2.0, 0.5]],
        [[1.0], [-2.0], [0.5]], 1.0, [], None, ["1", "-2", "0.5"],
        np.array([1.0, -2.0, None], dtype=object), np.array([1.0, -2.0, 0.5], dtype=object),
        [1.0 + 1e-3j, -2.0, 0.5], RIGHT + 1e-6,
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_the_right_side_is_rejected(left):
    assert not exact(left).holds
    assert exact(left).gap > 1e-9


def test_errors_of_opposite_sign_do_not_cancel():
    assert exact(RIGHT + np.array([1e-3, -1e-3, 0.0])).gap == pytest.approx(5e-4)


def test_nan_is_rejected_even_where_the_oracle_has_it():
    nans = np.array([1.0, np.nan, 2.0])
    assert not exact(nans, nans).holds
    assert not exact(nans, RIGHT).holds
    assert not exact(RIGHT, nans).holds


def test_infinities_agree_only_with_their_own_sign():
    right = np.array([np.inf, 1.0])
    assert exact(right.copy(), right).holds
    assert not exact(-right, right).holds
    assert not exact(np.array([1e300, 1.0]), right).holds


def test_empty_sides_compare_nothing_and_do_not_hold():
    seen = exact(np.zeros(0), np.zeros(0))
    assert not seen.holds
    assert seen.detail == "nothing was compared"


def test_the_gap_is_in_units_of_the_scale():
    assert exact(RIGHT + 1e-3).gap == pytest.approx(5e-4)
    assert exact(RIGHT + 1e-3, scale=10.0).gap == pytest.approx(1e-4)
    assert exact(np.array([1e-3]), np.array([0.0]), scale=1.0).gap == pytest.approx(1e-3)
    assert not exact(np.array([1e-300]), np.array([0.0])).holds
    assert not exact(RIGHT + 1e-3, scale=np.nan).holds
    assert not exact(RIGHT + 1e-3, scale=0.0).holds
    rows = np.array([[1e8, 1e8], [1.0, 1.0]])
    by_row = np.abs(rows).max(-1, keepdims=True)
    assert exact(rows + [[0.0, 0.0], [0.1, 0.0]], rows, by_row).gap == pytest.approx(0.1)


def test_a_scalar_is_compared_with_the_mean_only_where_a_mean_may_be_returned():
    mean = RIGHT.mean()
    assert exact(mean, means=True).holds
    assert not exact(mean + 1e-3, means=True).holds
    assert not exact(np.nan, means=True).holds
    assert not exact(mean).holds
    assert not exact(np.array([mean]), means=True).holds
    assert not exact(mean, np.tile(RIGHT, (2, 1)), means=True).holds


@pytest.mark.parametrize(("measured", "holds"), [(2, True), (1.7, True), (1.5, False), (3, False)])
def test_an_order_is_measured_within_less_than_half_the_gap_to_its_neighbours(measured, holds):
    steps = 0.1 / 2.0 ** np.arange(4)
    assert judge(Order("o", steps, 3.0 * steps**measured, 2), 1e-9).holds == holds


@pytest.mark.parametrize(
    "errors",
    [[0.1, np.nan, 0.01], [0.1, 0.0, 0.01], [0.1, -0.05, 0.01], [0.1, 0.05], [], [np.inf] * 3],
)
def test_errors_without_an_order_are_rejected(errors):
    assert not judge(Order("o", [0.4, 0.2, 0.1], errors, 1), 1e-9).holds


def test_one_step_or_none_has_no_order():
    assert not judge(Order("o", [0.1], [0.1], 1), 1e-9).holds
    assert not judge(Order("o", [], [], 1), 1e-9).holds


def test_a_bound_holds_below_and_to_rounding():
    assert judge(Bound("b", [0.1, 1.0], 1.0), 1e-9).holds
    assert judge(Bound("b", [0.0], 0.0), 1e-9).holds
    assert judge(Bound("b", [-5.0], 1.0), 1e-9).holds
    assert judge(Bound("b", [1 + 1e-12], 1.0), 1e-9).holds
    for value in ([1.1, 0.0], [np.nan, 0.0], [np.inf], []):
        assert not judge(Bound("b", value, 1.0), 1e-9).holds


def test_what_is_no_outcome_is_a_programming_error():
    with pytest.raises(TypeError, match="an identity yields outcomes, got tuple"):
        judge((1.0, 1.0), 1e-9)

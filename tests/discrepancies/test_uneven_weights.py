"""U-statistics of two points of which one has next to no weight: one pair is left, as ever."""

import numpy as np
import pytest

from refscore.discrepancies import energy_distance, kernel_stein, mmd

X, Y = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
FLAT = {"x": np.column_stack([X, 0 * X]), "y": np.column_stack([Y, 0 * Y])}


def stein(w):
    return kernel_stein(lambda x: -x, X, statistic="U", weights=w)


def rbf(w):
    return mmd(X, Y, bandwidth=1.0, statistic="U", x_weights=w)


def _rbf(r):
    return np.exp(-(r**2) / 2)


def on_a_line(w):
    return energy_distance(X, Y, statistic="U", x_weights=w)


def in_the_plane(w):
    return energy_distance(**FLAT, statistic="U", x_weights=w)


# with all weight on x = 0; of two points Stein's U is h(0, 1), whatever their weights
LIMITS = [
    (stein, stein(None)),
    (rbf, _rbf(1) + _rbf(2) - _rbf(3) - _rbf(5)),
    (on_a_line, 3 + 5 - 1 - 2),
    (in_the_plane, 3 + 5 - 1 - 2),
]


@pytest.mark.parametrize(("statistic", "limit"), LIMITS)
@pytest.mark.parametrize("small", [1e-15, 1e-17, 1e-200])
def test_a_weight_that_rounding_would_lose_counts(statistic, limit, small):
    assert statistic([1.0, small]) == pytest.approx(limit, rel=1e-13)
    assert statistic([small, 1.0]) == pytest.approx(statistic([small * 3, 3.0]), rel=1e-13)


@pytest.mark.parametrize(("statistic", "limit"), LIMITS)
@pytest.mark.parametrize("small", [0.0, 1e-300])
def test_a_weight_that_leaves_no_pair_is_an_error_that_names_it(statistic, limit, small):
    with pytest.raises(ValueError, match="weights leave weight to one only"):
        statistic([1.0, small])

"""The table of families: every density right, every draw near, every cost counted."""

import numpy as np
import pytest

from refscore.distributions import Gaussian
from refscore.families import comparison, likelihood_gradient
from refscore.families.comparison import Counted, CountedField, quadratic_energy
from refscore.fields import Affine

X = np.random.default_rng(3).multivariate_normal([0.5, -1.0], [[1.3, 0.6], [0.6, 0.7]], 40)


@pytest.fixture(scope="module")
def table():
    return {row.family: row for row in comparison(X, n_draws=3000, rng=5)}


def test_every_family_is_there_and_has_the_density_it_can(table):
    assert list(table) == ["autoregressive", "latent", "adversarial", "flow", "energy", "score"]
    for name, row in table.items():
        if name == "adversarial":
            assert row.density_error is None
            assert row.density_cost is None
        else:
            assert row.density_error < 1e-8


def test_draws_have_the_moments_of_the_data(table):
    """W2 of 3000 draws' moments: each coordinate's mean within sd / sqrt(3000) = 0.02 or so."""
    assert max(row.distance for row in table.values()) < 0.2


def test_costs(table):
    costs = {name: (row.density_cost, row.draw_cost) for name, row in table.items()}
    assert costs["autoregressive"] == (1, 2)
    assert costs["latent"] == costs["flow"] == (1, 1)
    assert costs["adversarial"] == (None, 1)
    for name in ("energy", "score"):
        assert costs[name][0] > 1000
        assert costs[name][1] == 200
    assert {name for name, row in table.items() if row.integral} == {"energy", "score"}
    assert [row.latent for row in table.values()] == [0, 1, 2, 2, 0, 0]


def test_counted_functions_count_points():
    counted = Counted(np.sin)
    np.testing.assert_array_equal(counted(X), np.sin(X))
    counted.seen(X[:3])
    assert counted.spent() == 43
    assert counted.spent() == 0
    field = CountedField(Affine(np.eye(2)))
    np.testing.assert_array_equal(field(X[:4]), X[:4])
    assert field.counted.spent() == 4


def test_quadratic_energy_has_the_greatest_likelihood():
    mean, covariance = X.mean(0), np.cov(X.T, bias=True)
    energy = quadratic_energy(mean, covariance)
    gradient = likelihood_gradient(energy, X, mean - 9, mean + 9)
    np.testing.assert_allclose(gradient, 0, atol=1e-9)
    apart = energy(X) + Gaussian(mean, covariance).log_density(X)
    np.testing.assert_allclose(apart, apart[0], atol=1e-12)


@pytest.mark.parametrize(("change", "shift"), [(0.2, 1e3), ([1.0, 1e-3], 20.0)])
def test_no_row_depends_on_where_the_data_lie_or_on_their_unit(table, change, shift):
    moved = X * change + shift
    for row in comparison(moved, n_draws=3000, rng=5):
        here = table[row.family]
        assert (row.density_cost, row.draw_cost) == (here.density_cost, here.draw_cost)
        np.testing.assert_allclose(row.distance, here.distance, rtol=1e-9)
        assert (row.density_error or 0) < 1e-8


def test_chains_move_with_the_data_even_across_a_thin_law():
    """Correlation .9999: the step is that of L⁻¹(x − m), so is every distance."""
    x = np.random.default_rng(0).standard_normal((30, 2)) @ [[1.0, 1.0], [0.0, 0.02]]
    assert max(row.distance for row in comparison(x, n_draws=400, rng=5)) < 0.5
    with pytest.raises(ValueError, match="must not lie on a line"):
        comparison(np.column_stack([x[:, 0], x[:, 0]]), rng=0)


def test_points_of_another_dimension_are_refused():
    with pytest.raises(ValueError, match="x must have shape"):
        comparison(np.zeros((9, 3)), rng=0)
    with pytest.raises(ValueError, match="four points"):
        comparison(X[:3], rng=0)

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
    return {row.family: row for row in comparison(X, n_draws=5000, rng=None)}


def test_every_family_is_there_and_has_the_density_it_can(table):
    assert list(table) == ["autoregressive", "latent", "adversarial", "flow", "energy", "score"]
    for name, row in table.items():
        if name == "adversarial":
            assert row.density_error is None
            assert row.density_cost is None
        else:
            assert row.density_error < 1e-9


def test_draws_have_the_moments_of_the_data(table):
    """W₂ of 5000 draws' moments, within 5 deviations of what exact draws give."""
    for row in table.values():
        assert abs(row.distance - row.floor) < 50 * row.floor_error + row.bias


def test_biases_are_those_of_the_draws_laws(table):
    """None, or of u' = (1 − η/2) u + √η z from 0, 200 times: its variance in either direction."""
    a, eta = 0.975, 0.05
    variance = sum(eta * a ** (2 * k) for k in range(200))
    for name, row in table.items():
        chain = np.sqrt(2) * (np.sqrt(variance) - 1) if name in ("energy", "score") else 0.0
        np.testing.assert_allclose(row.bias, chain, atol=1e-12)


def test_exact_draws_are_as_far_off_as_theory_has_it(table):
    """E W₂² = d/n + d(d + 1)/4n to O(n⁻²): means, then roots of eigenvalues. 100 repeats: 7 %."""
    row = table["flow"]
    assert {(r.floor, r.floor_error) for r in table.values()} == {(row.floor, row.floor_error)}
    square = row.floor**2 + 100 * row.floor_error**2
    np.testing.assert_allclose(5000 * square, 3.5, rtol=5 * 0.07)
    assert 0.02 < row.floor_error / row.floor < 0.045  # three or so degrees of freedom: .3 / √100


def test_costs(table):
    costs = {name: (row.density_cost, row.draw_cost) for name, row in table.items()}
    assert costs["autoregressive"] == (1, 2)
    assert costs["latent"] == costs["flow"] == (1, 1)
    assert costs["adversarial"] == (None, 1)
    assert costs["energy"] == (1 + 16**2, 200)
    assert costs["score"] == (60 * (1 + 16**2), 200)  # 60 on every path
    assert {name for name, row in table.items() if row.integral} == {"energy", "score"}
    assert [row.latent for row in table.values()] == [0, 1, 2, 2, 0, 0]


def test_three_dimensions_cost_what_two_do_but_for_z():
    x = np.random.default_rng(4).standard_normal((50, 3)) @ [[1, 0.5, 0], [0, 1, -2], [0.3, 0, 1]]
    table = {row.family: row for row in comparison(x, n_draws=600, rng=5)}
    assert max(row.density_error or 0 for row in table.values()) < 1e-9
    assert max(row.distance for row in table.values()) < 0.4
    assert [row.density_cost for row in table.values()] == [1, 1, None, 1, 4097, 245_820]
    assert [row.draw_cost for row in table.values()] == [3, 1, 1, 1, 200, 200]
    assert [row.latent for row in table.values()] == [0, 2, 3, 3, 0, 0]


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
    x = X - X.mean(0)
    energy = quadratic_energy(x.T @ x / len(x))
    np.testing.assert_allclose(likelihood_gradient(energy, x, -9, 9), 0, atol=1e-9)
    each = [likelihood_gradient(energy, row[None], -9, 9) for row in x[:2]]
    both = likelihood_gradient(energy, x[:2], -9, 9)
    np.testing.assert_allclose(np.mean(each, 0), both, atol=1e-9)
    with pytest.raises(ValueError, match="x must hold points"):
        likelihood_gradient(energy, x[:0], -9, 9)


@pytest.mark.parametrize("dim", [2, 3])
def test_quadratic_energies_are_those_of_gaussians(dim):
    covariance = np.diag([0.5, 1.0, 2.0][:dim]) + 0.2
    x = np.random.default_rng(1).standard_normal((7, dim))
    apart = quadratic_energy(covariance)(x) + Gaussian(np.zeros(dim), covariance).log_density(x)
    np.testing.assert_allclose(apart, apart[0], atol=1e-12)


@pytest.mark.parametrize(("change", "shift"), [(0.2, 1e3), ([1.0, 1e-3], 20.0)])
def test_no_row_depends_on_where_the_data_lie_or_on_their_unit(change, shift):
    moved = X * change + shift
    pairs = zip(*(comparison(x, n_draws=300, rng=5) for x in (moved, X)))
    for row, here in pairs:
        assert (row.density_cost, row.draw_cost) == (here.density_cost, here.draw_cost)
        np.testing.assert_allclose(row.distance, here.distance, rtol=1e-9)
        assert (row.density_error or 0) < 1e-9


def test_chains_move_with_the_data_even_across_a_thin_law():
    """Correlation .9999: the step is that of L⁻¹(x − m), so is every distance."""
    x = np.random.default_rng(0).standard_normal((30, 2)) @ [[1.0, 1.0], [0.0, 0.02]]
    assert max(row.distance for row in comparison(x, n_draws=400, rng=5)) < 0.5
    one, other = x[:, 0], np.arange(30.0)
    for columns in ([one, one], [one, -3 * one + 1e-3 * x[:, 1]], [one, other, one - other]):
        with pytest.raises(ValueError, match="not collinear, to what rounding .* above 1e-05"):
            comparison(np.column_stack(columns), rng=0)


def test_points_of_another_dimension_are_refused():
    assert len(comparison(X[:4], n_draws=2, rng=0)) == 6  # the fewest of each
    for refused in (np.zeros((9, 1)), np.zeros((20, 5)), X[:3], X[0]):
        with pytest.raises(ValueError, match="2d points .* a latent has fewer .* Z takes 16"):
            comparison(refused, rng=0)

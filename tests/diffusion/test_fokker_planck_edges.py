"""The Fokker-Planck solver at its edges: long steps, far tails, few cells, no diffusion."""

import numpy as np
import pytest
from scipy.linalg import null_space

from refscore import diffusion as fp
from refscore.diffusion.fokker_planck import stationary
from refscore.diffusion.fokker_planck.coefficients import Coefficients
from refscore.diffusion.fokker_planck.elimination import Blocks, ordering
from refscore.diffusion.fokker_planck.rates import rates
from refscore.diffusion.fokker_planck.steps import couplings, generator
from refscore.distributions import Gaussian, GaussianMixture

THREE = GaussianMixture([0.4, 0.3, 0.3], [[-2, 0], [2, 0], [0, 2]], [0.25 * np.eye(2)] * 3)
TURN = np.array([[-1.0, 0.8], [-0.5, -0.7]])
X = np.array([[0.4, -0.9], [1.2, 0.3]])


def turn(x):
    return x @ TURN.T


def wells(x):
    return x - x**3


def still(x):
    return 0 * x


def test_a_stationary_density_is_exact_in_its_far_tails():
    """Without balance to rounding: the smallest mass, 1e-19 of all, to the quadrature's error."""
    grid = fp.uniform_grid((-4, -4), (4, 4), (48, 50))
    found = fp.stationary_density(*fp.langevin_terms(THREE.score), grid)
    want = grid.density(THREE)
    assert want.min() < 1e-17
    np.testing.assert_allclose(found, want, rtol=1e-4)


@pytest.mark.parametrize("ends", ["reflecting", "periodic", ("reflecting", "periodic")])
@pytest.mark.parametrize("far", [False, True])
def test_elimination_by_sums_is_the_null_vector_and_the_inverse(ends, far):
    """Several blocks, in all orders: beside dense linear algebra, where that has its digits."""
    grid = fp.uniform_grid((-2.0, -1.5), (2.0, 1.5), (18, 11), ends=ends)
    found = rates(Coefficients(turn, 1.0), grid, 0.0)
    L, (C, exits, out) = generator(grid, found).toarray(), couplings(grid, found)
    order, reach = ordering(grid, (4, 7) if far else None)
    assert not far or order[-1] == 4 * 11 + 7
    y, want = Blocks(C, out, order, reach).null(), null_space(L / exits, rcond=1e-10)[:, 0] / exits
    np.testing.assert_allclose(y / y.sum(), (want / want.sum())[order], rtol=1e-9)
    m = np.random.default_rng(0).random(len(L))
    solved = Blocks(0.3 * C, 1 + 0.3 * out, order, reach).solve(m)
    np.testing.assert_allclose(solved, np.linalg.solve(np.eye(len(L)) - 0.3 * L, m), rtol=1e-11)


def test_tails_beyond_floats_and_cells_that_mass_leaves_for_good():
    """log π spans 1e4, and half the rates are 0: the peak is still the cells' own ratio."""
    ring = fp.uniform_grid(-np.pi, np.pi, 200, ends="periodic")
    for g in (0.05, 0.02, 0.003):
        found = fp.stationary_density(lambda x: -np.sin(x), g, ring)
        want = ring.density(lambda x, g=g: 2 / g**2 * np.cos(x[:, 0]))
        np.testing.assert_allclose(found, want, atol=1e-10 * want.max())
    # every row spans 1e-900: the order has to end at the peak
    plane = fp.uniform_grid((-3.0, -3.0), (5.0, 5.0), (80, 80))
    found = fp.stationary_density(lambda x: turn(x) / 0.08, 1.0, plane)
    assert np.isfinite(found).all()
    peak = plane.points[found.argmax()]
    assert np.abs(peak).max() <= 0.051


def test_tails_beyond_floats_over_many_rows():
    """y goes its own way, from 1e-300 of 1e-300 at one end to as little at the other."""
    plane = fp.uniform_grid((-3.0, -30.0), (3.0, 30.0), (8, 120))

    def drift(x):
        return np.stack([0.5 * np.sin(x[:, 1]) - x[:, 0], -x[:, 1]], axis=-1)

    found = np.sum(fp.stationary_density(drift, 1.0, plane) * 0.75, axis=0)
    alone = fp.stationary_density(lambda y: -y, 1.0, fp.uniform_grid(-30.0, 30.0, 120))
    np.testing.assert_allclose(found, alone, rtol=1e-9, atol=1e-300)


def test_the_one_attractor_that_all_mass_comes_to_over_the_end_of_a_ring():
    ring = fp.uniform_grid(0.0, 20.0, 20, ends="periodic")
    back = fp.stationary_density(lambda x: np.where(abs(x - 1) < 0.5, -1.0, 1.0), 0.0, ring)
    np.testing.assert_array_equal(back, np.eye(20)[0])


@pytest.mark.parametrize("g", [0.05, 0.03, 0.015])
def test_two_wells_of_a_ring_hold_half_each_or_it_is_said_that_floats_do_not_carry_it(g):
    """p between them: 1e-87, 1e-242, 1e-965."""
    ring = fp.uniform_grid(-2.0, 2.0, 40, ends="periodic")
    if g > 0.02:
        both = fp.stationary_density(wells, g, ring)
        np.testing.assert_allclose(both, both[::-1], rtol=1e-9)
        line = fp.stationary_density(wells, g, fp.uniform_grid(-2.0, 2.0, 40))
        np.testing.assert_allclose(both, line, atol=1e-9 * both.max())
        return
    for drift in (wells, lambda x: wells(x - 0.4)):
        with pytest.raises(ValueError, match="way between"):
            fp.stationary_density(drift, g, ring)


def test_a_way_whose_rates_multiply_to_0_is_none(monkeypatch):
    """Both wells last: from one to the other 1e-965, no longer cell by cell."""
    wells_last = np.array([*range(5), *range(6, 14), *range(15, 20), 5, 14])
    monkeypatch.setattr(stationary, "_order", lambda *_: (wells_last, 20))
    ring = fp.uniform_grid(-2.0, 2.0, 20, ends="periodic")
    with pytest.raises(ValueError, match="way between"):
        fp.stationary_density(wells, 0.015, ring)


@pytest.mark.parametrize("drift", [wells, still])
def test_without_diffusion_several_attractors_have_no_one_density(drift):
    line = fp.uniform_grid(-2.0, 2.0, 41)
    with pytest.raises(ValueError, match="way between"):
        fp.stationary_density(drift, 0.0, line)
    plane = fp.uniform_grid((-2.0, -1.0), (2.0, 1.0), (21, 5))
    with pytest.raises(ValueError, match="way between"):
        fp.stationary_density(drift, 0.0, plane)
    with pytest.raises(ValueError, match="must relax at a rate above"):
        fp.spectral_gap(drift, 0.0, line)
    one = fp.stationary_density(lambda x: 0.3 - x, 0.0, line)
    assert np.count_nonzero(one) == 1
    assert abs(line.centres[one.argmax(), 0] - 0.3) < 0.05


@pytest.mark.parametrize("ends", ["reflecting", "periodic", ("periodic", "reflecting")])
def test_whole_steps_keep_mass_and_sign_however_long(ends):
    grid = fp.uniform_grid((-4.0, -4.0), (4.0, 4.0), (20, 22), ends=ends)
    start, rest = grid.density(Gaussian([1.0, 0.0], [0.3, 0.3])), fp.stationary_density
    for end in (1e6, 1e15):
        for method in ("implicit_euler", "bdf2"):
            got = fp.density_evolution(
                start, turn, 1.0, grid, 0.0, end, n_steps=2, method=method, split=False
            )
            assert got.mass == pytest.approx(1, abs=1e-13)
            assert got.density.min() > 0
        kept = rest(turn, 1.0, grid)
        np.testing.assert_allclose(got.density, kept, atol=2 / end * kept.max() + 1e-13)


@pytest.mark.parametrize(
    ("n", "ends"),
    [(2, "reflecting"), (2, "absorbing"), (3, "reflecting"), (3, "absorbing"), (3, "periodic")],
)
def test_two_and_three_cells(n, ends):
    grid = fp.uniform_grid(-1.0, 1.0, n, ends=ends)

    def drift(x):
        return 0.4 - x

    L = generator(grid, rates(Coefficients(drift, 1.0), grid, 0.0)).toarray()
    eigenvalues = np.sort(-np.linalg.eigvals(L).real)
    gap = eigenvalues[1 if grid.conservative else 0]
    assert fp.spectral_gap(drift, 1.0, grid) == pytest.approx(gap, rel=1e-12)
    np.testing.assert_allclose(
        fp.relaxation_rates(drift, 1.0, grid, n), eigenvalues, rtol=1e-12, atol=1e-14
    )
    start = grid.density(np.arange(1.0, n + 1))
    for tau in (0.1, 1e5):
        end = fp.density_evolution(
            start, drift, 1.0, grid, 0.0, tau, n_steps=1, method="implicit_euler"
        )
        want = np.linalg.solve(np.eye(n) - tau * L, start * grid.volumes) / grid.volumes
        np.testing.assert_allclose(end.density, want, rtol=1e-10, atol=1e-12)


def test_a_gap_below_rounding_is_said_not_shown():
    plane, line = fp.uniform_grid((-2, -2), (2, 2), (30, 12)), fp.uniform_grid(-2, 2, 30)

    def drift(x):
        return np.stack([wells(x[:, 0]), -3 * x[:, 1]], axis=-1)

    assert fp.spectral_gap(drift, 0.3, plane) == pytest.approx(
        fp.spectral_gap(wells, 0.3, line), rel=1e-9
    )
    assert 0 < fp.spectral_gap(wells, 0.1, line) < 1e-18
    for grid, f in (
        (plane, drift),
        (fp.uniform_grid(-2, 2, 80, ends="periodic"), wells),
        (fp.uniform_grid(-2, 2, 20, ends="periodic"), wells),  # by the dense matrix
    ):
        with pytest.raises(ValueError, match="must relax at a rate above"):
            fp.spectral_gap(f, 0.1, grid)


def test_where_nothing_moves_any_step_is_positive():
    assert fp.positive_step(still, 0.0, fp.uniform_grid(-1, 1, 5)) == np.inf
    assert fp.positive_step(still, 0.0, fp.uniform_grid((0, 0), (1, 1), (3, 4))) == np.inf
    grid = fp.uniform_grid(-1, 1, 5, ends="absorbing")
    assert fp.positive_step(still, lambda x: 0 * x[:, 0], grid) == np.inf
    carried = fp.positive_step(lambda x: 2 + 0 * x, 0.0, fp.uniform_grid(-1, 1, 5))
    assert carried == pytest.approx(0.4)


LINE = fp.uniform_grid(-1.0, 1.0, 6)
LAW = fp.StillDensity(Gaussian([0.0, 0.0], np.eye(2)))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fp.positive_step(still, 1e200, LINE), "diffusion must have a square below"),
        (lambda: fp.positive_step(still, lambda x: 1e200, LINE), r"diffusion\(x, t\) must have a"),
        (lambda: fp.fokker_planck_residual(LAW, still, 1e200, X, 0), "diffusion must have a sq"),
        (lambda: fp.spectral_gap(still, 1.0, fp.Grid([-1e-160, 0, 1e-160])), "rates that floats"),
        (lambda: fp.Grid([0, 1e-160, 2e-160], [0, 1e-160, 2e-160]), "edges must leave volumes"),
        (lambda: fp.positive_step(still, 1.0, LINE, split=1), "split must be True or False, got 1"),
        (lambda: evolve(split="no"), "split must be True or False, got 'no'"),
        (lambda: evolve(progress="x"), "progress must be True or False, got 'x'"),
        (lambda: fp.relaxation_rates(still, 1.0, LINE, 7), "n must be at most 6"),
    ],
)
def test_what_is_out_of_range_is_named(call, said):
    with pytest.raises((ValueError, TypeError), match=said):
        call()


def evolve(**options):
    start = LINE.density(np.ones(6))
    return fp.density_evolution(start, still, 1.0, LINE, 0.0, 1.0, n_steps=2, **options)


class Holes:
    """A density with one of its derivatives NaN."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, name):
        whole = getattr(LAW, name)
        return whole if name != self.name else lambda x, t: np.nan * whole(x, t)


def holes(x):
    return np.where(x > 1, np.nan, x)


@pytest.mark.parametrize("name", ["score", "jacobian", "rate"])
def test_a_residual_of_a_density_that_is_nan_is_named(name):
    with pytest.raises(ValueError, match=rf"density.{name}\(x, t\) must be finite, got nan"):
        fp.fokker_planck_residual(Holes(name), still, 1.0, X, 0.0)
    if name != "jacobian":
        with pytest.raises(ValueError, match=rf"density.{name}\(x, t\) must be finite"):
            fp.continuity_residual(Holes(name), still, X, 0.0)


def test_a_residual_of_terms_that_are_nan_is_named():
    with pytest.raises(ValueError, match=r"drift\(x, t\) must be finite, got nan"):
        fp.fokker_planck_residual(LAW, holes, 1.0, X, 0.0)
    with pytest.raises(ValueError, match=r"velocity\(x, t\) must be finite, got nan"):
        fp.continuity_residual(LAW, holes, X, 0.0)
    with pytest.raises(ValueError, match=r"diffusion\(x, t\) must be finite, got nan"):
        fp.fokker_planck_residual(LAW, still, holes, X, 0.0)
    terms = fp.langevin_terms(LAW.law.score)
    terms.drift.divergence = lambda x: np.full(len(x), np.nan)
    with pytest.raises(ValueError, match=r"drift.divergence\(x, t\) must be finite, got nan"):
        fp.fokker_planck_residual(LAW, *terms, X, 0.0)


def test_functions_may_write_to_the_points_they_are_handed():
    def spoiled(function):
        def of(x, *t):
            value = np.array(function(x.copy(), *t) if t else function(x.copy()))
            x[...] = 7.0
            return value

        return of

    class Drift:
        __call__ = staticmethod(spoiled(turn))
        divergence = staticmethod(spoiled(lambda x: np.full(len(x), np.trace(TURN))))

    def log_p(x, t=0.0):
        return -0.5 * np.sum(x**2, axis=-1)

    x, before = X.copy(), X.copy()
    want = fp.fokker_planck_residual(LAW, turn, 0.8, X, 0.0)

    class Density:
        score, jacobian, rate = (
            staticmethod(spoiled(getattr(LAW, n))) for n in ("score", "jacobian", "rate")
        )

    for density in (spoiled(log_p), fp.FunctionDensity(spoiled(log_p)), LAW, Density):
        for drift in (spoiled(turn), Drift()):
            for g in (0.8, spoiled(lambda x: 0.8 + 0 * x)):
                got = fp.fokker_planck_residual(density, drift, g, x, 0.0)
                np.testing.assert_allclose(got, want, atol=1e-6)
            fp.continuity_residual(density, drift, x, 0.0)
    fp.FunctionDensity(spoiled(log_p)).log_density(x, 0.0)
    np.testing.assert_array_equal(x, before)
    grid = fp.uniform_grid((-1, -1), (1, 1), (3, 4))
    centres = grid.centres.copy()
    np.testing.assert_array_equal(grid.density(spoiled(log_p)), grid.density(log_p))
    np.testing.assert_array_equal(grid.centres, centres)


def test_a_grid_stays_as_it_is():
    for grid in (fp.uniform_grid(0.0, 1.0, 4), fp.uniform_grid((0, 0), (1, 1), (3, 4))):
        kept = grid.centres, grid.volumes, *(a for x in grid.axes for a in (x.edges, x.widths))
        for array in kept:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 1.0

"""The Fokker-Planck solver on cells: conservation, positivity, orders, ends, two dimensions."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

from refscore import diffusion as fp
from refscore import processes
from refscore.diffusion.fokker_planck.coefficients import Coefficients
from refscore.diffusion.fokker_planck.implicit import Implicit
from refscore.diffusion.fokker_planck.rates import bernoulli, rates
from refscore.diffusion.fokker_planck.steps import generator
from refscore.distributions import Gaussian, GaussianMixture

HILLS = GaussianMixture([0.4, 0.6], [[-1.5], [1.2]], [[[0.3]], [[0.5]]])
FLAT = GaussianMixture(
    [0.5, 0.5], [[1.0, 0.5], [-1.0, 0.0]], [[[0.5, 0.2], [0.2, 0.4]], [[0.6, -0.2], [-0.2, 0.7]]]
)
TURN = np.array([[-1.0, 0.8], [-0.5, -0.7]])
START = Gaussian([1.0, 0.3], [[0.6, 0.2], [0.2, 0.5]])
METHODS = {"implicit_euler": 1, "crank_nicolson": 2, "bdf2": 2}


def pull(x):
    return 0.3 - x


def turn(x):
    return x @ TURN.T


def order(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def ou(t, mean=1.0, variance=0.3, g2=0.8):
    """dX = (.3 - X) dt + √g2 dw from N(1, .3)."""
    decay = np.exp(-t)
    return Gaussian([0.3 + (mean - 0.3) * decay], variance * decay**2 + g2 / 2 * (1 - decay**2))


def on(grid, law):
    return np.exp(law.log_density(grid.points)).reshape(grid.shape)


@pytest.mark.parametrize(
    "grid",
    [
        fp.uniform_grid(-2, 3, 30),
        fp.uniform_grid(-2, 3, 30, ends="periodic"),
        fp.uniform_grid(-2, 3, 30, ends=("absorbing", "reflecting")),
        fp.Grid(np.cumsum(np.linspace(0.05, 0.3, 31)) - 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("strength", [1.0, 5e3])  # drift over diffusion a cell: .2 and 1e3
def test_an_implicit_step_is_the_inverse_of_the_generator(grid, strength):
    (r,) = rates(Coefficients(lambda x: strength * np.cos(x), 0.9), grid, 0.0)
    L, m = generator(grid, [r]).toarray(), np.random.default_rng(0).random((1, *grid.shape))
    np.testing.assert_allclose(L @ m[0], r.apply(m)[0], rtol=1e-12, atol=1e-9 * strength)
    np.testing.assert_allclose(-L.sum(0), r.out[0], atol=1e-10 * np.abs(L).max())
    for tau in (1e-3, 0.1, 1e4):
        got = Implicit(r, tau)(m)[0]
        want = np.linalg.solve(np.eye(len(L)) - tau * L, m[0])
        rounding = 1e-12 * (1 + tau * np.abs(L).max())
        np.testing.assert_allclose(got, want, rtol=rounding, atol=rounding * want.max())
        assert (got >= 0).all()
        if grid.conservative:
            assert got.sum() == pytest.approx(m.sum(), rel=1e-13)


def test_bernoulli_is_exact_where_the_formula_cancels():
    import mpmath

    z = np.array([1e-18, -1e-12, 1e-5, -0.3, 2.0, -40.0, 600.0])
    want = [float(mpmath.mpf(v) / mpmath.expm1(mpmath.mpf(v))) for v in z]
    np.testing.assert_allclose(bernoulli(z), want, rtol=1e-15)
    np.testing.assert_array_equal(bernoulli([0.0, 1e200, -1e200]), [1, 0, 1e200])


@pytest.mark.parametrize("method", METHODS)
def test_order_in_time(method):
    """Beside the same cells with far shorter steps."""
    grid = fp.uniform_grid(-3.5, 4.5, 60)
    given = grid.density(ou(0.0)), lambda x, t: (1 + t) * pull(x), lambda x, t: 0.9, grid, 0.0, 0.6
    fine = fp.density_evolution(*given, n_steps=480).density
    steps = np.array([8, 16, 32])
    errors = [
        np.abs(fp.density_evolution(*given, n_steps=n, method=method).density - fine).max()
        for n in steps
    ]
    assert abs(order(1 / steps, errors) - METHODS[method]) < 0.25


@pytest.mark.parametrize("stretch", [0.0, 0.4])
def test_order_in_width(stretch):
    """On equal cells, and on cells that grow by the middle."""
    sizes, errors = np.array([40, 80, 160]), []
    for n in sizes:
        u = np.linspace(-1, 1, n + 1)
        grid = fp.Grid(0.5 + 4 * ((1 - stretch) * u + stretch * u**3))
        end = fp.density_evolution(
            grid.density(ou(0.0)), pull, np.sqrt(0.8), grid, 0.0, 0.5, n_steps=4 * n
        )
        errors.append(np.abs(end.density - on(grid, ou(0.5))).max())
    assert abs(order(1 / sizes, errors) - 2) < 0.2
    assert errors[-1] < 2e-4


def test_order_in_width_where_the_noise_depends_on_the_state():
    def exact(grid, t):
        m, v = 0.1 + (0.5 - 0.125) * t, 0.03 + 0.25 * t
        x = grid.centres[:, 0]
        return np.exp(-((np.log(x) - m) ** 2) / (2 * v)) / (x * np.sqrt(2 * np.pi * v))

    sizes, errors = np.array([100, 200, 400]), []
    for n in sizes:
        grid = fp.uniform_grid(0.05, 7.0, n)
        start = grid.density(exact(grid, 0.0))
        end = fp.density_evolution(
            start, lambda x: 0.5 * x, lambda x: 0.5 * x[:, 0], grid, 0, 0.5, n_steps=n
        )
        errors.append(np.abs(end.density - exact(grid, 0.5)).max())
    assert abs(order(1 / sizes, errors) - 2) < 0.25


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_a_turning_drift_in_the_plane(method, split):
    """Against the exact Gaussian, cells and steps refined together: the order in time."""
    flow = expm(0.5 * TURN)
    node, weight = np.polynomial.legendre.leggauss(12)
    added = sum(w / 4 * expm(s * TURN) @ expm(s * TURN).T for s, w in zip((node + 1) / 4, weight))
    exact = Gaussian(flow @ START.mean, flow @ START.covariance @ flow.T + added)
    errors = []
    for n in (20, 40):
        grid = fp.uniform_grid((-5.0, -4.5), (5.0, 4.5), (n, n + 2))
        end = fp.density_evolution(
            grid.density(START), turn, 1.0, grid, 0.0, 0.5, n_steps=n // 2,
            method=method, split=split,
        )  # fmt: skip
        assert end.mass == pytest.approx(1, abs=1e-13)
        assert end.density.min() > -1e-12
        errors.append(np.abs(end.density - on(grid, exact)).max())
    fall = np.log2(errors[0] / errors[1])
    assert fall > (1.0 if METHODS[method] == 1 else 1.7)


def test_diagonal_noise_and_mixed_ends_in_the_plane():
    """Directions that do not see each other: the product of both lines."""
    grid = fp.uniform_grid((-3.0, 0.0), (4.0, 1.0), (40, 16), ends=("reflecting", "periodic"))
    x, y = (fp.Grid(a.edges, ends=a.ends) for a in grid.axes)
    p, q = x.density(ou(0.0)), y.density(lambda z: np.cos(2 * np.pi * z[:, 0]))

    def drift(z):
        return np.stack([pull(z[:, 0]), 0.7 + 0 * z[:, 1]], axis=-1)

    def noise(z):
        return np.stack([0.8 + 0 * z[:, 0], 0.3 + 0.1 * np.sin(2 * np.pi * z[:, 1])], axis=-1)

    options = {"n_steps": 10, "method": "implicit_euler"}
    both = fp.density_evolution(np.outer(p, q), drift, noise, grid, 0.0, 0.4, **options)
    one = fp.density_evolution(p, pull, 0.8, x, 0.0, 0.4, **options)
    two = fp.density_evolution(
        q, lambda z: 0.7 + 0 * z, lambda z: 0.3 + 0.1 * np.sin(2 * np.pi * z[:, 0]), y, 0.0, 0.4,
        **options,
    )  # fmt: skip
    np.testing.assert_allclose(both.density, np.outer(one.density, two.density), rtol=1e-11)


@pytest.mark.parametrize("peclet", [0.5, 20.0, 1e4, np.inf])
def test_implicit_euler_is_positive_and_keeps_mass_however_steep(peclet):
    grid = fp.uniform_grid(0.0, 1.0, 50)
    g = np.sqrt(2 * 3.0 * 0.02 / peclet)
    spike = grid.density(np.eye(50)[10])
    for tau in (1e-4, 1.0, 1e6):
        end = fp.density_evolution(
            spike, lambda x: 3.0 * np.cos(9 * x), g, grid, 0.0, 3 * tau, n_steps=3,
            method="implicit_euler",
        )  # fmt: skip
        assert end.density.min() >= 0
        assert end.mass == pytest.approx(1, abs=1e-12)


def test_crank_nicolson_is_positive_up_to_its_step_and_not_much_beyond():
    grid = fp.uniform_grid(-2.0, 2.0, 40)
    limit = fp.positive_step(pull, 0.7, grid)
    spike = grid.density(np.eye(40)[20])
    for share, holds in ((0.999, True), (2.0, False)):
        end = fp.density_evolution(spike, pull, 0.7, grid, 0.0, share * limit, n_steps=1)
        assert (end.density.min() >= 0) == holds
        assert end.mass == pytest.approx(1, abs=1e-14)
    plane = fp.uniform_grid((-2.0, -1.0), (2.0, 1.0), (16, 14))
    peak = plane.density(np.eye(224)[100].reshape(plane.shape))
    for split in (True, False):
        limit = fp.positive_step(turn, 0.7, plane, split=split)
        for share, holds in ((0.999, True), (2.0, False)):
            end = fp.density_evolution(
                peak, turn, 0.7, plane, 0.0, share * limit, n_steps=1, split=split
            )
            assert (end.density.min() >= -1e-17) == holds


def test_what_is_stationary_stays_whatever_the_step_also_split():
    terms, line = fp.langevin_terms(HILLS.score, 1.3), fp.uniform_grid(-5, 5, 90)
    plane, flat = fp.uniform_grid((-5, -4), (5, 4), (36, 30)), fp.langevin_terms(FLAT.score)
    for grid, law, (f, g), share in ((line, HILLS, terms, 1e-11), (plane, FLAT, flat, 1e-6)):
        kept = fp.stationary_density(f, g, grid)
        np.testing.assert_allclose(kept, grid.density(law), atol=2e-5 * kept.max())
        for method in ("implicit_euler", "crank_nicolson"):
            end = fp.density_evolution(kept, f, g, grid, 0.0, 50.0, n_steps=7, method=method)
            np.testing.assert_allclose(end.density, kept, rtol=0, atol=share * kept.max())


def test_the_discrete_target_is_that_of_the_cells_to_sixth_order():
    f, g = fp.langevin_terms(HILLS.score, 1.3)
    errors = [
        np.abs(fp.stationary_density(f, g, grid) - grid.density(HILLS)).max()
        for grid in (fp.uniform_grid(-6, 6, n) for n in (60, 120))
    ]
    assert np.log2(errors[0] / errors[1]) > 5.5
    assert errors[1] < 1e-6


def test_stationary_with_circulation_is_the_lyapunov_gaussian():
    grid = fp.uniform_grid((-4, -4), (4, 4), (40, 44))
    exact = Gaussian([0, 0], solve_continuous_lyapunov(TURN, -np.eye(2)))
    found = fp.stationary_density(turn, 1.0, grid)
    assert np.abs(found - grid.density(exact)).max() < 3e-3 * found.max()
    assert found.min() > 0
    assert fp.spectral_gap(turn, 1.0, grid) == pytest.approx(0.85, rel=2e-2)


def test_a_periodic_current():
    """f = a on a ring: a flat density, and waves that decay at D k²."""
    ring = fp.uniform_grid(0, 2 * np.pi, 64, ends="periodic")
    np.testing.assert_allclose(
        fp.stationary_density(lambda x: 0.7 + 0 * x, 1.0, ring), 1 / (2 * np.pi), rtol=1e-12
    )
    assert fp.spectral_gap(lambda x: 0 * x, 1.0, ring) == pytest.approx(0.5, rel=1e-3)
    angle = ring.centres[:, 0]
    start = (1 + 0.8 * np.cos(angle)) / (2 * np.pi)
    end = fp.density_evolution(start, lambda x: 0.7 + 0 * x, 1.0, ring, 0, 0.9, n_steps=60)
    want = (1 + 0.8 * np.exp(-0.45) * np.cos(angle - 0.63)) / (2 * np.pi)
    np.testing.assert_allclose(end.density, want, atol=1e-3 * want.max())
    assert end.mass == pytest.approx(1, abs=1e-13)


def test_mass_leaves_through_absorbing_ends_at_the_rate_of_escape():
    """Pure diffusion between them: sines, slowest rate ½ π²; one wall: ½ (π/2)²."""
    for ends, gap, shape in (
        ("absorbing", np.pi**2 / 2, lambda x: np.sin(np.pi * x)),
        (("absorbing", "reflecting"), np.pi**2 / 8, lambda x: np.sin(np.pi * x / 2)),
    ):
        grid = fp.uniform_grid(0.0, 1.0, 80, ends=ends)
        assert fp.spectral_gap(lambda x: 0 * x, 1.0, grid) == pytest.approx(gap, rel=2e-4)
        start = grid.density(shape(grid.centres[:, 0]))
        end = fp.density_evolution(start, lambda x: 0 * x, 1.0, grid, 0, 0.3, n_steps=60)
        assert end.mass == pytest.approx(np.exp(-0.3 * gap), rel=1e-3)
        np.testing.assert_allclose(end.density / end.mass, start, rtol=2e-3)
        again = fp.density_evolution(end.density, lambda x: 0 * x, 1.0, grid, 0, 0.1, n_steps=20)
        assert again.mass < end.mass
    with pytest.raises(ValueError, match="absorbing"):
        fp.stationary_density(lambda x: 0 * x, 1.0, grid)


@pytest.mark.parametrize(
    "process", [processes.VP(), processes.VE(0.1, 3.0, exact=True)], ids=["VP", "VE"]
)
def test_forward_and_back_by_every_reverse_equation(process):
    grid = fp.uniform_grid(-11, 11, 220)
    p = fp.DiffusedDensity(process, HILLS)
    start, middle = grid.density(p.at(0.1)), grid.density(p.at(0.5))
    f, g = fp.forward_terms(process)
    end = fp.density_evolution(start, f, g, grid, 0.1, 0.5, n_steps=60)
    assert np.abs(end.density - middle).max() < 3e-3 * middle.max()
    for stochasticity, share in ((1.0, 0.01), (0.5, 0.02), (0.0, 0.12)):  # 0: first order
        f, g = fp.reverse_terms(process, HILLS, stochasticity)
        back = fp.density_evolution(middle, f, g, grid, 0.5, 0.9, n_steps=60)
        assert np.abs(back.density - start).max() < share * start.max()
        assert back.mass == pytest.approx(1, abs=1e-12)


def test_terms_say_their_divergence():
    x, h = np.array([[0.4, -0.9], [1.2, 0.3]]), 1e-5
    still = fp.langevin_terms(FLAT.score, 1.4)
    for terms in (
        fp.Terms(lambda y, t: still.drift(y), still.diffusion),
        fp.forward_terms(processes.VP()),
        fp.reverse_terms(processes.VP(), FLAT, 0.7),
    ):

        def at(y, f=terms.drift):
            return f(y, 0.3)

        f = still.drift if terms.diffusion == still.diffusion else terms.drift
        want = sum((at(x + h * e) - at(x - h * e)) @ e for e in np.eye(2)) / (2 * h)
        np.testing.assert_allclose(f.divergence(x, 0.3), want, rtol=1e-7)


def test_double_well_gaps_and_more_rates_than_one():
    for beta, gap in ((2, 0.422944645), (4, 0.187170418), (8, 0.056818325), (16, 0.007444898)):
        found = [
            fp.spectral_gap(lambda x: x - x**3, np.sqrt(2 / beta), fp.uniform_grid(-3.2, 3.2, n))
            for n in (200, 400)
        ]
        assert (4 * found[1] - found[0]) / 3 == pytest.approx(gap, rel=2e-6)
    ladder = fp.relaxation_rates(pull, 1.0, fp.uniform_grid(-5, 5.6, 400), 5)
    np.testing.assert_allclose(ladder, np.arange(5), rtol=3e-3, atol=1e-9)


@pytest.mark.parametrize("beta", [4.0, 60.0, 400.0])
@pytest.mark.parametrize("ends", ["reflecting", "absorbing"])
def test_a_gap_has_full_relative_precision_however_small(beta, ends):
    """Beside the determinant of the same cells' rates, to 400 digits; the last is 1e-44."""
    import mpmath

    grid = fp.uniform_grid(-1.6, 1.6, 32, ends=ends)

    def well(x):
        return x - x**3

    gap = fp.spectral_gap(well, np.sqrt(2 / beta), grid)
    (r,) = rates(Coefficients(well, np.sqrt(2 / beta)), grid, 0.0)
    with mpmath.workdps(400):
        up, down, out = ([mpmath.mpf(float(v)) for v in a[0]] for a in (r.up, r.down, r.out))

        def determinant(z):
            """Of -L - z, over z where 0 is a rate, by the continuants."""
            before, here = mpmath.mpf(1), up[0] + out[0] - z
            for i in range(1, 32):
                leaves = (up[i] if i < 31 else 0) + down[i - 1] + out[i]
                before, here = here, (leaves - z) * here - up[i - 1] * down[i - 1] * before
            return here / z if ends == "reflecting" else here

        low, high = (determinant(gap * (1 + s * mpmath.mpf(10) ** -12)) for s in (-1, 1))
        assert low * high < 0


def test_two_dimensional_gap_of_a_product_is_the_smaller():
    grid = fp.uniform_grid((-3.2, -4), (3.2, 4), (50, 40))

    def drift(z):
        return np.stack([z[:, 0] - z[:, 0] ** 3, -2 * z[:, 1]], axis=-1)

    line = fp.Grid(grid.axes[0].edges)
    one = fp.spectral_gap(lambda x: x - x**3, 0.7, line)
    assert fp.spectral_gap(drift, 0.7, grid) == pytest.approx(one, rel=1e-8)


def test_what_is_kept_and_shown(capsys):
    grid = fp.uniform_grid(-3, 4, 30)
    given = grid.density(ou(0.0)), pull, 0.8, grid, 0.0, 0.5
    end = fp.density_evolution(*given, n_steps=10, every=4, progress=True)
    assert isinstance(end, fp.Evolution)
    np.testing.assert_allclose(end.times, [0, 0.2, 0.4, 0.5])
    np.testing.assert_array_equal(end.densities[-1], end.density)
    np.testing.assert_allclose(end.densities[0], given[0])
    part = fp.density_evolution(*given[:-1], 0.2, n_steps=4).density
    np.testing.assert_allclose(end.densities[1], part, rtol=1e-12)
    np.testing.assert_allclose(end.density, fp.density_evolution(*given, n_steps=10).density)
    assert "steps" in capsys.readouterr().err
    bdf2 = {"n_steps": 10, "method": "bdf2"}
    kept = fp.density_evolution(*given, every=3, **bdf2).density
    np.testing.assert_allclose(kept, fp.density_evolution(*given, **bdf2).density, rtol=1e-11)


GRID = fp.uniform_grid(-3.0, 4.0, 30)
GOOD = GRID.density(ou(0.0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"drift": lambda x: np.where(x > 1, np.nan, x)}, r"drift must be finite.*at x ="),
        ({"drift": lambda x: x[:, 0]}, "drift must return the shape of x"),
        ({"diffusion": lambda x: -np.ones(len(x))}, "diffusion must be at least 0, got -1"),
        ({"diffusion": lambda x: np.eye(1)[None] + np.zeros((len(x), 1, 1))}, "diagonal"),
        ({"diffusion": -1.0}, "diffusion must be at least 0"),
        ({"density": 2 * GOOD}, "density must have mass 1 on the grid, got 2"),
        ({"density": -GOOD}, "density must be at least 0"),
        ({"density": GOOD[:-1]}, "density must have shape"),
        ({"t1": 0.0}, "t1 must be after t0"),
        ({"t1": -1.0}, "t1 must be after t0"),
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"method": "euler"}, "method must be one of"),
        ({"grid": np.linspace(0, 1, 31)}, "grid must be a Grid"),
    ],
)
def test_bad_input_is_named(change, said):
    given = {
        "density": GOOD, "drift": pull, "diffusion": 0.8, "grid": GRID, "t0": 0.0, "t1": 1.0,
        "n_steps": 4,
    }  # fmt: skip
    with pytest.raises((ValueError, TypeError), match=said):
        fp.density_evolution(**{**given, **change})


@pytest.mark.parametrize(
    ("edges", "ends", "said"),
    [
        ([0.0, 1.0, 1.0, 2.0], "reflecting", "edges must increase, got 1.0 at index 2 after 1.0"),
        ([0.0, np.nan, 1.0], "reflecting", "edges must be finite"),
        ([0.0, 1.0], "reflecting", "n >= 2"),
        ([0.0, 1.0, 2.0], "periodic", "n >= 3"),
        ([0.0, 1.0, 2.0], ("periodic", "absorbing"), "both be periodic"),
        ([0.0, 1.0, 2.0], "open", "ends must be one of"),
    ],
)
def test_bad_grids_are_named(edges, ends, said):
    with pytest.raises(ValueError, match=said):
        fp.Grid(edges, ends=ends)


def test_a_grid_in_two_parts_has_no_one_stationary_density():
    ring = fp.uniform_grid(0.0, 1.0, 20, ends="periodic")
    with pytest.raises(ValueError, match="way between"):
        fp.stationary_density(lambda x: np.sin(4 * np.pi * x), 0.0, ring)


def test_drifts_are_called_by_their_arguments_and_may_write_to_them():
    grid = fp.uniform_grid(-1.0, 1.0, 12)

    def scribbling(x):
        x *= -1
        return x

    want = fp.stationary_density(lambda x, t: -x, 0.5, grid)
    for drift in (np.negative, scribbling, lambda x, strength=-1: strength * x):
        np.testing.assert_array_equal(fp.stationary_density(drift, 0.5, grid), want)

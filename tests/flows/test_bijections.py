"""Every bijection: both directions, its log-determinant, its pullbacks, bad and extreme input."""

import mpmath
import numpy as np
import pytest

from refscore.flows.bijections import (
    ActNorm,
    AffineCoupling,
    AutoregressiveAffine,
    ChannelMixing,
    Composition,
    Conditioner,
    Inverse,
    LinearFlow,
    LUFlow,
    Permutation,
    Planar,
    Radial,
    SinhArcsinh,
    Spline,
    Standardise,
)
from refscore.flows.bijections.residual import increasing_root

RNG = np.random.default_rng(7)
D = 4


def _network(widths, masks=None, rng=RNG):
    weights = [0.6 * rng.standard_normal((m, k)) for k, m in zip(widths[:-1], widths[1:])]
    biases = [0.4 * rng.standard_normal(m) for m in widths[1:]]
    return Conditioner(weights, biases, masks)


def _masked(dim, hidden=(7, 6)):
    masks = Conditioner.masked(dim, hidden).masks
    return _network((dim, *hidden, 2 * dim), masks)


def _spline(dim, n=5):
    steps = [0.3 + RNG.random((dim, n)) for _ in range(2)]
    knots = [np.cumsum(np.column_stack([-2.0 * np.ones(dim), s]), axis=1) for s in steps]
    return Spline(*knots, 0.3 + 2 * RNG.random((dim, n + 1)))


def _everything():
    w = RNG.standard_normal(D)
    matrix = RNG.standard_normal((D, D)) + np.eye(D)
    lower, upper = np.tril(RNG.standard_normal((D, D)), -1), np.triu(matrix.T + 2 * np.eye(D))
    bend = -0.9 * w / (w @ w) + np.array([w[1], -w[0], 0.5 * w[3], -0.5 * w[2]])
    coupling = AffineCoupling(_network((2, 6, 4)), [1, 0, 0, 1])
    found = {
        "coupling": coupling,
        "one kept, deep": AffineCoupling(_network((1, 5, 4, 6)), [0, 0, 1, 0]),
        "autoregressive": AutoregressiveAffine(_masked(D)),
        "planar": Planar(RNG.standard_normal(D), w * np.sign(w[0]), 0.3, constrained=True),
        "planar, u.w near -1": Planar(bend, w, -0.2),
        "radial": Radial(RNG.standard_normal(D), 0.7, 1.1),
        "pinch": Radial(RNG.standard_normal(D), 0.7, -0.6),
        "free radial": Radial(RNG.standard_normal(D), -0.4, -1.5, constrained=True),
        "linear": LinearFlow(matrix, RNG.standard_normal(D)),
        "LU": LUFlow(lower, upper, RNG.standard_normal(D), [2, 0, 3, 1]),
        "channels": ChannelMixing(matrix[:2, :2], 1, 2),
        "sinh-arcsinh": SinhArcsinh(RNG.standard_normal(D), 0.4 * RNG.standard_normal(D)),
        "spline": _spline(D),
        "permutation": Permutation([2, 0, 3, 1]),
        "actnorm": ActNorm(RNG.standard_normal(D), RNG.standard_normal(D)),
        "standardise": Standardise(RNG.standard_normal(D), 0.5 + RNG.random(D)),
    }
    found["composition"] = Composition(coupling, found["permutation"], found["spline"],
                                       found["autoregressive"], found["planar"])  # fmt: skip
    return found


EVERY = _everything()
X = 1.4 * RNG.standard_normal((5, D))


def _jacobian(f, x, h=1e-3):
    """Richardson's extrapolation of central differences: an error of order h⁶."""

    def central(k):
        return np.stack([(f(x + k * e) - f(x - k * e)) / (2 * k) for e in np.eye(len(x))], -1)

    one, two, four = central(h), central(h / 2), central(h / 4)
    first, second = (4 * two - one) / 3, (4 * four - two) / 3
    return (16 * second - first) / 15


@pytest.mark.parametrize("name", EVERY)
def test_log_determinants_and_inverses(name):
    for f in (EVERY[name], EVERY[name].inverted):
        y, log_det = f.forward(X)
        for x, value in zip(X, log_det):
            exact = np.linalg.slogdet(_jacobian(lambda z, f=f: f.forward(z)[0], x))[1]
            assert value == pytest.approx(exact, abs=2e-8)
        back, minus = f.inverse(y)
        np.testing.assert_allclose(back, X, rtol=0, atol=2e-12)
        np.testing.assert_allclose(minus, -log_det, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", EVERY)
def test_pullbacks_are_the_gradients(name):
    """In x and in parameters, of the map and of its inverse, against differences."""
    a, c = RNG.standard_normal((5, D)), RNG.standard_normal(5)
    for f in (EVERY[name], EVERY[name].inverted):

        def pairing(x, g):
            y, log_det = g.forward(x)
            return np.atleast_1d(np.sum(a * y) + c @ log_det)

        dx, dtheta = f.pullback(X, a, c)
        for one, other in zip((dx, dtheta), f.inverted.inverse_pullback(X, a, c), strict=True):
            np.testing.assert_array_equal(one, other)
        flat = _jacobian(lambda z, f=f: pairing(z.reshape(X.shape), f), X.ravel())[0]
        np.testing.assert_allclose(dx.ravel(), flat, rtol=0, atol=3e-8)
        theta = f.parameters
        assert dtheta.shape == theta.shape
        if theta.size:
            ways = RNG.standard_normal((theta.size, 12))  # every entry, mixed, in a few directions
            at = lambda s, f=f, t=theta, w=ways: f.with_parameters(t + w @ s)  # noqa: E731
            along = _jacobian(lambda s, at=at: pairing(X, at(s)), np.zeros(12), h=5e-5)[0]
            np.testing.assert_allclose(dtheta @ ways, along, rtol=1e-7, atol=1e-7)
        np.testing.assert_array_equal(f.with_parameters(theta).parameters.shape, theta.shape)


@pytest.mark.parametrize("name", EVERY)
def test_rows_shapes_and_inputs(name):
    """Leading shapes, single points, awkward layouts, integers; rows by themselves; no writing."""
    f, x = EVERY[name], np.round(X).astype(int)
    y, log_det = f.forward(X)
    for i in (0, 3):
        np.testing.assert_allclose(f.forward(X[i])[0], y[i], rtol=1e-13, atol=1e-13)
        assert f.forward(X[i])[1].shape == ()
    wide = np.zeros((5, 2 * D))
    wide[:, ::2] = X
    view = wide[:, ::2]
    view.flags.writeable = False
    np.testing.assert_array_equal(f.forward(view)[0], y)
    np.testing.assert_array_equal(f.forward(np.asfortranarray(X))[1], log_det)
    stacked = f.forward(np.stack([X, X]))
    assert stacked[0].shape == (2, 5, D)
    assert stacked[1].shape == (2, 5)
    np.testing.assert_array_equal(f.forward(x)[0], f.forward(x.astype(float))[0])
    with pytest.raises(ValueError, match=r"must have shape \(\.\.\., 4\)"):
        f.forward(X[:, :3])
    empty, nothing = f.forward(np.zeros((0, D)))
    assert empty.shape == (0, D)
    assert nothing.shape == (0,)


FAR = ("coupling", "autoregressive", "planar", "radial", "pinch", "linear", "LU", "spline",
       "sinh-arcsinh", "actnorm", "composition")  # fmt: skip


@pytest.mark.parametrize("name", FAR)
def test_far_away(name):
    """1e150 from the origin: finite log-determinants, and the inverse returns."""
    x = 1e150 * np.array([[1.0, -2.0, 0.5, 3.0]])
    f = EVERY[name]
    if name == "sinh-arcsinh":  # its own powers of x
        f = SinhArcsinh(np.array([0.3, -0.2, 0.1, 0.5]), np.log([1.3, 0.8, 1.1, 0.9]))
    if name == "composition":
        f = Composition(*EVERY["composition"].layers[:3])
    y, log_det = f.forward(x)
    assert np.isfinite(log_det).all()
    np.testing.assert_allclose(f.inverse(y)[0], x, rtol=1e-11)


def test_scales_beyond_the_range_of_determinants():
    """d = 1000 and scales of 1e±100: log-determinants of ±230,000, no product is formed."""
    d, x = 1000, RNG.standard_normal((2, 1000))
    for size in (1e-100, 1e100):
        expected = d * np.log(size)
        noise = 0.1 * np.tril(RNG.standard_normal((d, d)), -1) / np.sqrt(d)
        for f in (
            LinearFlow(size * (np.eye(d) + noise)),
            LUFlow(noise, size * np.eye(d)),
            ActNorm(np.full(d, np.log(size)), np.zeros(d)),
            Standardise(np.zeros(d), np.full(d, 1 / size)),
            ChannelMixing([[size, 0.0], [0.0, size]], 25, 20),
        ):
            y, log_det = f.forward(x)
            np.testing.assert_allclose(log_det, expected, rtol=1e-12)
            np.testing.assert_allclose(f.inverse(y)[0], x, rtol=1e-10, atol=1e-11)
    wide = AutoregressiveAffine.initialise(d, (8,), rng=1)
    np.testing.assert_array_equal(wide.forward(x)[0], x)


@pytest.mark.parametrize(("b", "k"), [(0.0, -1 + 1e-12), (5.0, -0.999999), (-3.0, 40.0)])
def test_planar_near_the_edge_of_invertibility(b, k):
    """Against fifty digits: the log-determinant and the inverse where u·w is nearly -1."""
    f, x = Planar([k], [1.0], b), np.array([[1e-7], [0.3], [-6.0], [20.0]])
    y, log_det = f.forward(x)
    with mpmath.workdps(50):
        z = [mpmath.mpf(float(v)) + b for v in x[:, 0]]
        exact = [float(mpmath.log(1 + f.product * mpmath.sech(v) ** 2)) for v in z]
    np.testing.assert_allclose(log_det, exact, rtol=3e-9 if b == 0 else 1e-10, atol=1e-16)
    again = f.forward(f.inverse(y)[0])[0]
    np.testing.assert_allclose(again, y, rtol=1e-15, atol=1e-15)


def test_radial_inverse_at_the_centre_and_far_inside():
    for beta in (-0.5 + 1e-9, 3.0):
        f = Radial([1.0, -1.0], 0.5, beta)
        x = np.array([[1.0, -1.0], [1.0 + 1e-9, -1.0], [1e200, 0.0]])
        y, log_det = f.forward(x)
        assert np.isfinite(log_det).all()
        np.testing.assert_allclose(f.forward(f.inverse(y)[0])[0], y, rtol=1e-14, atol=1e-15)
    assert Radial([0.0], 2.0, -1.0).forward([[0.0]])[1][0] == pytest.approx(np.log(0.5))


@pytest.mark.parametrize(("make", "at", "log_det"), [
    # log|det| at the point of least slope as a function of the parameters, in fifty digits
    (lambda t: Planar(t[:1], t[1:2], t[2], constrained=True), (-30.0, 1.0, 0.0), "planar"),
    (lambda t: Planar(t[:1], t[1:2], t[2], constrained=True), (-40.0, 1.0, 1e-9), "planar"),
    (lambda t: Planar(t[:1], t[1:2], t[2], constrained=True), (-900.0, 1.0, 0.0), "planar"),
    (lambda t: Planar(t[:1], t[1:2], t[2], constrained=True), (1e5, 1.0, 0.2), "planar"),
    (lambda t: Radial([0.0, t[0]], *t[1:], constrained=True), (0.0, 3.0, -37.0), "radial"),
    (lambda t: Radial([0.0, t[0]], *t[1:], constrained=True), (1e-9, 8.0, -20.0), "radial"),
    (lambda t: Radial([0.0, t[0]], *t[1:], constrained=True), (0.3, -20.0, -900.0), "radial"),
])  # fmt: skip
def test_constrained_maps_lose_nothing_near_the_edge(make, at, log_det):
    def planar(u, w, b):
        return mpmath.log(1 + (mpmath.log1p(mpmath.exp(u * w)) - 1) * mpmath.sech(b) ** 2)

    def radial(centre, a, b):
        s = mpmath.exp(a) + abs(centre)
        beta = mpmath.log1p(mpmath.exp(b)) - mpmath.exp(a)
        return mpmath.log(1 + beta / s) + mpmath.log(1 + mpmath.exp(a) * beta / s**2)

    f, exact = make(list(at)), {"planar": planar, "radial": radial}[log_det]
    x = np.zeros((1, f.dim))
    gradient = f.pullback(x, np.zeros_like(x), np.ones(1))[1][-3:]
    with mpmath.workdps(600 if min(at) < -100 else 60):
        at = [mpmath.mpf(v) for v in at]
        assert f.forward(x)[1][0] == pytest.approx(float(exact(*at)), rel=1e-14, abs=0)
        units = [tuple(row) for row in np.eye(3, dtype=int).tolist()]
        slopes = [float(mpmath.diff(exact, at, n)) if at[i] or f.dim == 1 else 0.0
                  for i, n in enumerate(units)]  # fmt: skip
    np.testing.assert_allclose(gradient, slopes, rtol=1e-8, atol=1e-14)
    far = f.pullback(x + 0.3, np.ones_like(x), np.ones(1))
    assert np.isfinite(far[0]).all()
    assert np.isfinite(far[1]).all()
    pinch = Radial([0.0, 0.0], 1e8, -1e8 + 1)
    assert pinch.forward([0.0, 0.0])[1] == 2 * np.log(1e-8)
    np.testing.assert_allclose(pinch.forward([0.3, 0.0])[0][0], 0.39 / (1e8 + 0.3), rtol=1e-15)


def test_inverses_are_as_good_as_their_slopes():
    """Splines of slopes e^±8 and planar bends of 1e9: errors as rounding of x and y makes them."""
    rng, eps = np.random.default_rng(0), np.finfo(float).eps
    steps = rng.uniform(0.3, 1.0, (2, 1000, 4))
    f = Spline(*np.cumsum(steps, axis=2), np.exp(4 * rng.standard_normal((1000, 4))))
    x = rng.uniform(f.x_knots[:, 0], f.x_knots[:, -1])
    y = f.forward(x)[0]
    slopes = f.pullback(x, np.ones(1000), 0.0)[0]
    assert (np.abs(f.inverse(y)[0] - x) < 5 * eps * (np.abs(x) + np.abs(y) / slopes)).all()
    for b in (0.7, 1e10):
        bend, x = Planar([1e9], [1.0], b), np.array([[0.2], [-1.0], [0.0], [1e-6]])
        np.testing.assert_allclose(
            bend.inverse(bend.forward(x)[0])[0], x, atol=3e-7 if b > 1 else 1e-15
        )


def test_scales_beyond_floats_leave_zero_alone():
    """0 exp(800) = 0, forward, back and in pullbacks; 1e-200 exp(800) is within floats."""
    net = Conditioner([np.zeros((2, 1))], [[0.5, 800.0]])
    masked = AutoregressiveAffine(Conditioner([np.zeros((4, 2))], [[0, 0.5, 0, 800.0]],
                                              Conditioner.masked(2, ()).masks))  # fmt: skip
    for f in (AffineCoupling(net, [1, 0]), masked, ActNorm([0.0, 800.0], [0.0, 0.5])):
        y, log_det = f.forward([[1.0, 0.0], [1.0, 1e-200]])
        np.testing.assert_allclose(
            y, [[1.0, 0.5], [1.0, np.exp(800 - 200 * np.log(10))]], rtol=1e-12
        )
        np.testing.assert_array_equal(log_det, 800)
        np.testing.assert_array_equal(f.inverse(y)[0][0], [1.0, 0.0])
        for part in f.pullback([[1.0, 0.0]], [[1.0, 0.0]], [1.0]):
            assert np.isfinite(part).all()


def test_increasing_roots_are_found_to_rounding():
    target = np.array([-1e6, -3.0, 0.0, 1e-9, 2.0, 1e8])
    low = np.full(6, -1e3)
    root = increasing_root(lambda a: (a**3 + a - target, 3 * a**2 + 1), low, 1 - low)
    near = root[:, None] + np.array([-1, 0, 1]) * 4 * np.spacing(np.abs(root))[:, None]
    values = near**3 + near - target[:, None]
    assert (values[:, 0] <= 0).all()
    assert (values[:, 2] >= 0).all()


@pytest.mark.parametrize("make", [
    lambda: LinearFlow([[1.0, 2.0], [2.0, 4.0]]),
    lambda: LinearFlow(np.zeros((3, 3))),
    lambda: LinearFlow(np.outer([1.0, 2.0, 3.0], [0.1, 0.7, -0.3]) + 1e-18 * np.eye(3)),
    lambda: LUFlow(np.eye(2), [[1.0, 2.0], [0.0, 0.0]]),
    lambda: ChannelMixing([[1.0, 1.0], [1.0, 1.0]], 2, 2),
])  # fmt: skip
def test_singular_matrices_are_named(make):
    with pytest.raises(ValueError, match="singular"):
        make()


@pytest.mark.parametrize(("make", "said"), [
    (lambda: Planar([-2.0, 0.0], [1.0, 0.0]), "u·w > -1"),
    (lambda: Planar([1.0], [0.0], constrained=True), "w must not be zero"),
    (lambda: Radial([0.0], 1.0, -1.0), "beta must be above -alpha"),
    (lambda: Radial([0.0], -1.0, 1.0), "alpha must be positive"),
    (lambda: AffineCoupling(_network((2, 3, 2)), [1, 0, 0]), "1 kept coordinates to 4"),
    (lambda: AffineCoupling(_network((2, 3, 2)), [1, 0, 0.5]), "mask must hold 0 and 1"),
    (lambda: AffineCoupling.initialise([1, 1]), "at least one of each"),
    (lambda: AutoregressiveAffine(_network((3, 4, 6))), "coordinate 0 depend on input 0"),
    (lambda: Spline([[0.0, 0.0]], [[0.0, 1.0]], [[1.0, 1.0]]), "x_knots must rise"),
    (lambda: Spline([[0.0, 1.0]], [[0.0, 1.0]], [[1.0, 0.0]]), "slopes must be positive"),
    (lambda: Permutation([0, 0, 2]), "each of 0, ..., 2 once"),
    (lambda: Composition(Permutation([0, 1]), Permutation([0])), "got 2 before 1"),
    (lambda: Composition(), "at least one"),
    (lambda: ActNorm.from_data([[1.0, 2.0], [3.0, 2.0]]), "column 1 is constant"),
    (lambda: Standardise([0.0], [0.0]), "deviations must be positive"),
    (lambda: Radial([0.0], 800.0, 1.0, constrained=True), "alpha must be within ±700"),
    (lambda: Conditioner([np.eye(2)], [[0, 0]], [[[1, 0], [0.5, 1]]]), "0 and 1 alone, got 0.5"),
    (lambda: EVERY["coupling"].conditioner.at([[np.nan, 0.0]]), "x must be finite"),
    (lambda: EVERY["coupling"].conditioner([[0.0, 1.0, 2.0]]), r"x must have shape \(any, 2\)"),
    (lambda: EVERY["linear"].forward([[np.nan] * 4]), "x must be finite"),
])  # fmt: skip
def test_bad_input_is_named(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_widths_must_be_a_sequence():
    for make in (lambda: Conditioner.masked(3, 4), lambda: AffineCoupling.initialise([1, 0], 4)):
        with pytest.raises(TypeError, match="hidden must be a sequence of widths"):
            make()


def test_layers_start_as_the_identity_and_invert_twice():
    for f in (AffineCoupling.initialise([1, 0, 1, 0], rng=1), Spline.initialise(D),
              AutoregressiveAffine.initialise(D, (5, 5), rng=2)):  # fmt: skip
        y, log_det = f.forward(X)
        np.testing.assert_allclose(y, X, atol=1e-14)
        np.testing.assert_allclose(log_det, 0, atol=1e-14)
        assert isinstance(f.inverted, Inverse)
        assert f.inverted.inverted is f
    scaled = Standardise.from_data(X).forward(X)[0]
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-14)
    np.testing.assert_allclose(scaled.std(0), 1, rtol=1e-14)


def test_masked_networks_see_what_is_before_alone():
    for dim, hidden in ((1, (3,)), (2, (4,)), (5, (9, 7))):
        network = _masked(dim, hidden)
        x = RNG.standard_normal(dim)
        j = _jacobian(lambda z, net=network: net(z[None])[0], x)
        for half in np.split(j, 2):
            assert not np.triu(half).any()
            assert (np.abs(half)[np.tril_indices(dim, -1)] > 0).all()

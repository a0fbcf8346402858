"""The oracles of bijections against closed forms of their determinants, and mpmath."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from refscore.oracles import bijection_layers, bijections

RNG = np.random.default_rng(11)
X = RNG.standard_normal((4, 3))


def _network(n_in, n_out):
    return SimpleNamespace(
        hidden_weights=RNG.standard_normal((5, n_in)), hidden_biases=RNG.standard_normal(5),
        output_weights=RNG.standard_normal((n_out, 5)), output_biases=RNG.standard_normal(n_out),
    )  # fmt: skip


def _outputs(net, x):
    hidden = np.tanh(x @ net.hidden_weights.T + net.hidden_biases)
    return np.split(hidden @ net.output_weights.T + net.output_biases, 2, axis=1)


SCALES = {
    "exp": np.exp,
    "sigmoid(s + 2)": lambda s: 1 / (1 + np.exp(-s - 2)),
    "1 / sigmoid(s + 2)": lambda s: 1 + np.exp(-s - 2),
    "softplus": lambda s: np.log1p(np.exp(s)),
    "exp(tanh(s))": lambda s: np.exp(np.tanh(s)),
    "sigmoid(s + 2) + 0.001": lambda s: 0.001 + 1 / (1 + np.exp(-s - 2)),
}


@pytest.mark.parametrize("kind", SCALES)
@pytest.mark.parametrize("form", ["x scale + shift", "(x - shift) / scale", "(x + shift) scale"])
def test_couplings_have_the_determinant_of_their_scales(kind, form):
    net, mask = _network(2, 2), np.array([1.0, 0.0, 1.0])
    y, log_det = bijections.coupling(net, mask, X, kind, form)
    shift, scale = _outputs(net, X[:, [0, 2]])
    scale = SCALES[kind](scale)
    sign = -1 if form.startswith("(x -") else 1
    np.testing.assert_allclose(log_det, sign * np.log(scale).sum(1), rtol=1e-12)
    moved = {"x scale + shift": X[:, [1]] * scale + shift,
             "(x - shift) / scale": (X[:, [1]] - shift) / scale,
             "(x + shift) scale": (X[:, [1]] + shift) * scale}[form]  # fmt: skip
    np.testing.assert_allclose(y, np.column_stack([X[:, 0], moved, X[:, 2]]), rtol=1e-13)
    back, minus = bijections.coupling_inverse(net, mask, y, kind, form)
    np.testing.assert_allclose(back, X, atol=1e-13)
    np.testing.assert_allclose(minus, -log_det, atol=1e-12)


def test_planar_and_radial_maps_have_the_determinants_of_the_paper():
    """Rezende and Mohamed 2015, equations 12 and 14."""
    u, w, b, c = np.array([0.7, -0.4, 1.2]), np.array([0.5, 0.3, 0.8]), -0.3, X[0] + 0.1
    log_det = bijections.planar(u, w, b, X)[1]
    psi = (1 - np.tanh(X @ w + b) ** 2)[:, None] * w
    np.testing.assert_allclose(log_det, np.log(np.abs(1 + psi @ u)), rtol=1e-12)
    for alpha, beta in ((0.7, 1.6), (1.2, -1.1)):
        log_det = bijections.radial(c, alpha, beta, X)[1]
        r = np.linalg.norm(X - c, axis=1)
        h, slope = 1 / (alpha + r), -1 / (alpha + r) ** 2
        exact = 2 * np.log(1 + beta * h) + np.log(1 + beta * h + beta * slope * r)
        np.testing.assert_allclose(log_det, exact, rtol=1e-12)


def test_what_is_made_invertible_is_so():
    u, w = np.array([-3.0, 1.0, 0.0]), np.array([1.0, 0.5, -0.2])
    y, _ = bijections.planar(u, w, 0.2, X, "made invertible")
    back, _ = bijections.planar_inverse(u, w, 0.2, y, "made invertible")
    np.testing.assert_allclose(back, X, atol=1e-12)
    y, _ = bijections.radial(w, 0.5, -2.0, X, "made invertible")
    np.testing.assert_allclose(
        bijections.radial_inverse(w, 0.5, -2.0, y, "made invertible")[0], X, atol=1e-12
    )


def test_autoregressions_are_triangular():
    net = _network(3, 6)
    degrees = np.array([1, 2, 1, 2, 2])
    net.hidden_weights *= degrees[:, None] >= np.arange(1, 4)
    net.output_weights *= np.tile(np.arange(1, 4), 2)[:, None] > degrees
    y, log_det = bijections.autoregression(net, X)
    np.testing.assert_allclose(log_det, _outputs(net, X)[1].sum(1), rtol=1e-12)
    np.testing.assert_allclose(bijections.autoregression_inverse(net, y)[0], X, atol=1e-12)
    free, out = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 5))
    found = bijections.masked_network(free, out, degrees, X)
    masks = degrees[:, None] >= np.arange(1, 4), np.arange(1, 4)[:, None] > degrees
    exact = np.tanh(X @ (free * masks[0]).T) @ (out * masks[1]).T
    np.testing.assert_allclose(found, exact, rtol=1e-13, atol=1e-15)


def test_linear_maps_by_expansion_and_by_factors():
    w, b = RNG.standard_normal((3, 3)), RNG.standard_normal(3)
    y, log_det = bijections.linear(w, b, X)
    np.testing.assert_allclose(log_det, np.linalg.slogdet(w)[1], rtol=1e-12)
    np.testing.assert_allclose(bijections.linear_inverse(w, b, y)[0], X, atol=1e-12)
    lower = np.tril(w, -1) + np.eye(3)
    np.testing.assert_allclose(bijections.triangular(lower, np.triu(w)), lower @ np.triu(w))
    whole, log_det = bijection_layers.mixed_channels(w, RNG.standard_normal((2, 3, 2, 5)))
    np.testing.assert_allclose(log_det, 10 * np.linalg.slogdet(w)[1], rtol=1e-12)


def test_splines_have_the_slopes_of_durkan():
    xs, ys = np.array([[-3.0, -1.0, 0.5, 3.0]]), np.array([[-3.0, -2.0, 1.0, 3.0]])
    ds = np.array([[1.0, 0.5, 2.0, 1.0]])
    x = np.array([[-4.0], [-2.2], [0.1], [2.9], [5.0]])
    y, log_det = bijection_layers.spline(xs, ys, ds, x)
    exact = []
    for t in x[:, 0]:
        k = int(np.clip(np.searchsorted(xs[0], t) - 1, 0, 2))
        v, s = (t - xs[0, k]) / np.diff(xs[0])[k], (np.diff(ys[0]) / np.diff(xs[0]))[k]
        a, b = ds[0, k : k + 2]
        slope = s**2 * (b * v**2 + 2 * s * v * (1 - v) + a * (1 - v) ** 2)
        slope /= (s + (a + b - 2 * s) * v * (1 - v)) ** 2
        exact.append(0.0 if abs(t) > 3 else np.log(slope))
    np.testing.assert_allclose(log_det, exact, atol=1e-13)
    np.testing.assert_allclose(y[[0, 4]], x[[0, 4]])
    np.testing.assert_allclose(bijection_layers.spline_inverse(xs, ys, ds, y)[0], x, atol=1e-12)
    knots = bijection_layers.spline(xs, ys, ds, xs.T.copy())[0]
    np.testing.assert_allclose(knots, ys.T)


def _slope(v, e, k):
    return mpmath.diff(lambda t: mpmath.sinh(k * (mpmath.asinh(t) + e)), v)


def test_sinh_arcsinh_against_thirty_digits():
    eps, tau = np.array([0.3, -0.2, 0.5]), np.array([0.7, 1.3, 1.0])
    y, log_det = bijection_layers.sinh_arcsinh(eps, tau, X)
    with mpmath.workdps(30):
        for row, value in zip(X, log_det):
            slopes = [_slope(float(v), e, k) for v, e, k in zip(row, eps, tau)]
            assert value == pytest.approx(float(sum(mpmath.log(s) for s in slopes)), abs=1e-12)
    np.testing.assert_allclose(bijection_layers.sinh_arcsinh_inverse(eps, tau, y)[0], X, atol=1e-13)


def test_differences_and_counted_operations():
    w = RNG.standard_normal((3, 3))
    sign, found = bijection_layers.differences(lambda x: np.sinh(x @ w.T), X)
    np.testing.assert_array_equal(sign, np.sign(np.linalg.det(w)))
    exact = np.linalg.slogdet(w)[1] + np.log(np.cosh(X @ w.T)).sum(1)
    np.testing.assert_allclose(found, exact, atol=1e-9)
    counts = [bijection_layers.elimination_operations(d) for d in (1, 2, 3, 10)]
    assert counts == [0, 2, 8, 330]
    assert bijection_layers.elimination_operations(60) / 60**3 == pytest.approx(1 / 3, abs=1e-3)


def test_densities_through_linear_layers_are_gaussian():
    matrices, offsets = RNG.standard_normal((2, 3, 3)), RNG.standard_normal((2, 3))
    layers = SimpleNamespace(
        matrices=matrices, offsets=offsets, skewness=np.zeros((2, 3)), tails=np.ones((2, 3))
    )
    root, mean = matrices[1] @ matrices[0], matrices[1] @ offsets[0] + offsets[1]
    law = multivariate_normal(mean, root @ root.T)
    found = bijection_layers.layered_log_density(layers, X)
    np.testing.assert_allclose(found, law.logpdf(X), rtol=1e-10)
    gradient = bijection_layers.layered_log_density_gradient(layers, X)
    np.testing.assert_allclose(gradient, -np.linalg.solve(law.cov, (X - mean).T).T, rtol=1e-10)
    other = bijection_layers.layered_log_density(layers, X, "data to base")
    z = X @ root.T + mean
    exact = multivariate_normal(np.zeros(3)).logpdf(z) + np.linalg.slogdet(root)[1]
    np.testing.assert_allclose(other, exact, rtol=1e-12)
    other = bijection_layers.layered_log_density_gradient(layers, X, "data to base")
    np.testing.assert_allclose(other, -z @ root, rtol=1e-10)
    np.testing.assert_allclose(bijection_layers.composed(layers, X)[0], z, rtol=1e-12)
    back, log_det = bijection_layers.composed_inverse(layers, z)
    np.testing.assert_allclose(back, X, atol=1e-10)
    np.testing.assert_allclose(log_det, -np.linalg.slogdet(root)[1], rtol=1e-10)

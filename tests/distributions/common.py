"""Judges shared by the tests of distributions; none of them uses the library's own formulas."""

import numpy as np
import pytest

LEVEL = 1e-9  # of every statistical judgement, so that fresh seeds do not flake


def derivative(f, x, h=1e-2):
    """∂f/∂x by Richardson extrapolation of central differences, derivative index last."""
    columns = []
    for e in np.eye(x.shape[-1]):
        steps = [(f(x + s * e) - f(x - s * e)) / (2 * s) for s in (h, h / 2, h / 4)]
        columns.append((64 * steps[2] - 20 * steps[1] + steps[0]) / 45)
    return np.stack(columns, axis=-1)


def check_derivatives(law, x, h=1e-3, tolerance=1e-7):
    """Score and Jacobian are the derivatives of the levels above; divergence is the trace."""
    score, jacobian = law.score(x), law.score.jacobian(x)
    scale = 1 + np.abs(score).max()
    np.testing.assert_allclose(score, derivative(law.log_density, x, h), atol=tolerance * scale)
    scale = 1 + np.abs(jacobian).max()
    np.testing.assert_allclose(jacobian, derivative(law.score, x, h), atol=tolerance * scale)
    trace = np.einsum("...ii->...", jacobian)
    np.testing.assert_allclose(law.score.divergence(x), trace, rtol=1e-11, atol=1e-13 * scale)
    v = np.cos(np.arange(x.size)).reshape(x.shape)
    product = np.einsum("...ij,...j->...i", jacobian, v)
    np.testing.assert_allclose(law.score.jvp(x, v), product, rtol=1e-11, atol=1e-13 * scale)
    np.testing.assert_allclose(law.score.vjp(x, v), product, rtol=1e-11, atol=1e-13 * scale)


def _values(law, x):
    return (
        law.log_density(x),
        law.score(x),
        law.score.jacobian(x),
        law.score.divergence(x),
        law.score.jvp(x, np.ones(np.shape(x))),
    )


def check_rowwise(law, x):
    """Leading shapes equal the rowwise loop; layouts and types do not matter; x is not written."""
    x = np.asarray(x)[:6]
    before = x.copy()
    whole = _values(law, x)
    assert whole[0].shape == (6,)
    assert whole[2].shape == (6, law.dim, law.dim)
    same = {"rtol": 1e-11, "atol": 1e-13}
    for i, row in enumerate(x):
        for value, expected in zip(_values(law, row), whole):
            np.testing.assert_allclose(value, expected[i], **same)
    for value, expected in zip(_values(law, x.reshape(2, 3, -1)), whole):
        np.testing.assert_allclose(value, expected.reshape((2, 3) + expected.shape[1:]), **same)
    frozen = x.copy()
    frozen.flags.writeable = False
    strided = np.repeat(np.repeat(x, 2, axis=0), 2, axis=1)[::2, ::2]
    for other in (frozen, np.asfortranarray(x), strided, x[::-1][::-1]):
        for value, expected in zip(_values(law, other), whole):
            np.testing.assert_allclose(value, expected, **same)
    for kind in (np.float32, int):
        cast = x.astype(kind)
        for value, expected in zip(_values(law, cast), _values(law, cast.astype(float))):
            assert value.dtype == np.float64
            np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(x, before)
    for value in _values(law, np.empty((0, law.dim))):
        assert value.shape[0] == 0


def check_errors(law):
    """Bad points, counts and generators are refused by name."""
    good = np.ones(law.dim)
    for f in (law.log_density, law.score, law.score.jacobian, law.score.divergence):
        for bad in (np.nan * good, np.inf * good, np.ones(law.dim + 1), 1.0, np.empty((3, 0))):
            with pytest.raises(ValueError, match="^x must"):
                f(bad)
        with pytest.raises(TypeError, match="^x must"):
            f(good * 1j)
    with pytest.raises(ValueError, match="^n must"):
        law.sample(-1, rng=0)
    with pytest.raises(TypeError, match="^n must"):
        law.sample(2.5, rng=0)
    with pytest.raises(TypeError, match="^rng must"):
        law.sample(2, rng="seed")
    assert law.sample(0, rng=0).shape == (0, law.dim)
    np.testing.assert_array_equal(law.sample(5, rng=3), law.sample(5, rng=3))


def far_points(dim, radius):
    eye = radius * np.eye(dim)
    return np.vstack([eye, -eye, np.full((1, dim), radius), np.full((1, dim), -radius)])


def check_far(law, radii=(1e8, 1e100, 1e150)):
    """Far out nothing is NaN, nothing warns, the score is finite and so are its derivatives."""
    for radius in radii:
        log_density, *rest = _values(law, far_points(law.dim, radius))
        assert not np.isnan(log_density).any()
        for value in rest:
            assert np.isfinite(value).all()


def check_follows(values, cdf):
    """Dvoretzky-Kiefer-Wolfowitz: sup |F_n − F| ≤ √(ln(2/level)/2n), any F, any n."""
    values = np.sort(values)
    n, exact = len(values), cdf(values)
    steps = np.arange(n + 1) / n
    distance = max((steps[1:] - exact).max(), (exact - steps[:-1]).max())
    assert distance <= np.sqrt(np.log(2 / LEVEL) / (2 * n))


def panels(low, high, count, order=16):
    node, weight = np.polynomial.legendre.leggauss(order)
    step = (high - low) / count
    points = low + step * (np.arange(count)[:, None] + 0.5 * (1 + node))
    return points.ravel(), np.tile(0.5 * step * weight, count)


def nodes(low, high, count):
    """Composite Gauss-Legendre nodes (m, d) and weights (m,) on a box, d = 1 or 2."""
    axes = [panels(a, b, count) for a, b in zip(low, high)]
    grid = np.stack(np.meshgrid(*(a[0] for a in axes), indexing="ij"), axis=-1)
    weight = axes[0][1] if len(axes) == 1 else np.outer(axes[0][1], axes[1][1]).ravel()
    return grid.reshape(-1, len(axes)), weight


def check_by_quadrature(law, low, high, count, stein=True, tolerance=1e-9):
    """The density integrates to one and has the stated moments; Stein's identities hold."""
    x, weight = nodes(low, high, count)
    p = weight * np.exp(law.log_density(x))
    close = {"rtol": tolerance, "atol": tolerance}
    np.testing.assert_allclose(p.sum(), 1.0, **close)
    np.testing.assert_allclose(p @ x, law.mean, **close)
    off = x - law.mean
    np.testing.assert_allclose((off.T * p) @ off, law.covariance, **close)
    if stein:
        score = law.score(x)
        np.testing.assert_allclose(p @ score, 0.0, **close)
        np.testing.assert_allclose((score.T * p) @ x, -np.eye(law.dim), **close)
    return x, p


def check_sample_by_quadrature(law, x, p, n=20000, waves=6):
    """Means of cos(w·X + c) against quadrature; Hoeffding's bound holds for any law."""
    rng = np.random.default_rng()
    draws = law.sample(n, rng=rng)
    assert draws.shape == (n, law.dim)
    scale = np.sqrt(np.diag(law.covariance))
    bound = np.sqrt(2 * np.log(2 / LEVEL) / n)
    for _ in range(waves):
        w, c = rng.normal(size=law.dim) * rng.choice([1.0, 4.0]) / scale, rng.uniform(0, 6.3)
        exact = p @ np.cos(x @ w + c)
        assert abs(np.cos(draws @ w + c).mean() - exact) <= bound

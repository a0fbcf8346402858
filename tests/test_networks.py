"""The MLP against products of matrices, complex steps and 50-digit arithmetic."""

import mpmath
import numpy as np
import pytest

from refscore.networks import MLP
from tests.objectives import plain

WIDTHS = [(3, 3), (3, 5, 3), (3, 5, 4, 3), (2, 6, 3, 5, 2), (3, 4, 2, 5, 6, 3)]


def network(widths, seed=0, scale=0.8):
    rng = np.random.default_rng(seed)
    pairs = list(zip(widths[:-1], widths[1:], strict=True))
    weights = [scale * rng.standard_normal((m, k)) for k, m in pairs]
    return MLP(weights, [0.5 * rng.standard_normal(m) for _, m in pairs])


def points(widths, n=5, seed=1):
    return np.random.default_rng(seed).standard_normal((n, widths[0]))


def close(got, want, rtol=1e-13):
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * np.abs(want).max())


@pytest.mark.parametrize("widths", WIDTHS)
def test_value_and_derivatives_are_products_of_matrices(widths):
    net, x, v = network(widths), points(widths), points(widths, seed=2)
    for i, row in enumerate(x):
        value, jacobian = plain.mlp(net.weights, net.biases, row)
        close(net(row), value)
        close(net.jacobian(x)[i], jacobian)
        close(net.jvp(x, v)[i], jacobian @ v[i])
        close(net.vjp(x, v)[i], jacobian.T @ v[i])
        close(net.divergence(x)[i], np.trace(jacobian))


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("what", ["value", "divergence", "jvp", "all"])
def test_parameter_gradient_is_the_complex_step(widths, what):
    net, x = network(widths), points(widths, n=3)
    rng = np.random.default_rng(3)
    a, c = rng.standard_normal(x.shape), rng.standard_normal(len(x))
    v, b = rng.standard_normal((2, 2, *x.shape))
    on = {name: what in (name, "all") for name in ("value", "divergence", "jvp")}

    def weighted(theta):
        total = 0
        for i, row in enumerate(x):
            s, jacobian = plain.mlp(*plain.unflatten_mlp(theta, widths), row)
            total += on["value"] * (a[i] @ s) + on["divergence"] * c[i] * np.trace(jacobian)
            total += on["jvp"] * sum(b[k, i] @ jacobian @ v[k, i] for k in range(len(v)))
        return total

    weights = {"value": a, "divergence": c, "jvp": (v, b)}
    chosen = {name: weight for name, weight in weights.items() if on[name]}
    got = net.linearise(x).gradient(**chosen)
    close(got, plain.complex_step(weighted, net.parameters), 1e-12)


def test_parameters_are_row_major_layer_by_layer():
    net = network((2, 3, 2))
    first, second = net.weights
    want = [*first[0], *first[1], *first[2], *net.biases[0], *second[0], *second[1], *net.biases[1]]
    assert net.parameters.tolist() == want
    again = net.with_parameters(np.arange(17.0))
    assert again.weights[0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert again.biases[0].tolist() == [6, 7, 8]
    assert again.weights[1].tolist() == [[9, 10, 11], [12, 13, 14]]
    assert again.biases[1].tolist() == [15, 16]


@pytest.mark.parametrize("widths", [(2, 5, 2), (2, 5, 4, 2), (2, 3, 4, 5, 2)])
def test_blocks_of_points_change_nothing(widths):
    net, x, v = network(widths), points(widths, n=23), points(widths, n=23, seed=4)
    whole = [net(x), net.jvp(x, v), net.vjp(x, v), net.jacobian(x), net.divergence(x)]
    net.rows_at_once = 5
    blocks = [net(x), net.jvp(x, v), net.vjp(x, v), net.jacobian(x), net.divergence(x)]
    for one, other in zip(whole, blocks, strict=True):
        close(one, other)


def test_a_linearisation_can_be_read_in_any_order_and_twice():
    net, x = network((3, 5, 4, 3)), points((3,))
    v, w = points((3,), seed=5), points((3,), seed=6)
    c = np.arange(1.0, 6.0)
    local = net.linearise(x)
    first = local.gradient(value=x, divergence=c, jvp=(v, w))
    kept = first.copy()
    close(local.jvp(w), net.jvp(x, w))
    close(local.divergence(), net.divergence(x))
    close(local.gradient(divergence=c), net.linearise(x).gradient(divergence=c))
    close(local.gradient(value=x, divergence=c, jvp=(v, w)), kept)
    assert np.array_equal(first, kept)


def test_a_direction_changed_in_place_is_noticed():
    net, x = network((2, 5, 4, 2)), points((2,))
    v = points((2,), seed=7)
    local = net.linearise(x)
    local.jvp(v)
    v *= 3
    close(local.gradient(jvp=(v, x)), net.linearise(x).gradient(jvp=(v, x)))


@pytest.mark.parametrize("z", [1e-9, 1e-3, 0.7, 2.9, 3.1, 10.0, 18.0, 40.0, 300.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_slopes_keep_relative_accuracy_in_saturated_units(z, sign):
    net = MLP([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    x = np.array([sign * z])
    with mpmath.workdps(300):
        h = mpmath.tanh(mpmath.mpf(sign * z))
        value, slope = float(h), float(1 - h**2)
    np.testing.assert_allclose(net(x), value, rtol=1e-15)
    np.testing.assert_allclose(net.divergence(x), slope, rtol=3e-13)
    np.testing.assert_allclose(net.jvp(x, [1.0]), slope, rtol=3e-13)


def test_enormous_arguments_saturate_without_warnings():
    net = network((2, 4, 3, 2))
    x = np.array([[1e3, -1e3], [1e300, 1e300]])
    assert np.isfinite(net(x)).all()
    assert np.abs(net.jacobian(x)).max() < 1e-100
    assert np.abs(net.divergence(x)).max() < 1e-100


def test_initialise_is_reproducible_and_scaled_by_the_fan_in():
    net = MLP.initialise([4, 900, 4], rng=3)
    again = MLP.initialise([4, 900, 4], rng=np.random.default_rng(3))
    assert np.array_equal(net.parameters, again.parameters)
    assert abs(net.weights[0].std() * np.sqrt(4) - 1) < 0.06  # 5 sd of 3600 draws
    assert abs(net.weights[1].std() * np.sqrt(900) - 1) < 0.06
    assert not net.biases[0].any()


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        ([np.ones((3, 2))], [np.ones(3)], "2 outputs"),
        ([np.ones((3, 2)), np.ones((2, 4))], [np.ones(3), np.ones(2)], r"weights\[1\].*3"),
        ([np.ones((2, 2))], [np.ones(3)], r"biases\[0\]"),
        ([np.ones((2, 2))], [], "1 and 0"),
        ([np.full((2, 2), np.nan)], [np.ones(2)], r"weights\[0\] must be finite"),
    ],
)
def test_bad_layers_are_refused_by_name(weights, biases, message):
    with pytest.raises(ValueError, match=message):
        MLP(weights, biases)


def test_weights_are_copies_that_cannot_be_changed():
    weight = np.eye(2)
    net = MLP([weight], [np.zeros(2)])
    weight[0, 0] = 5
    assert net([1.0, 0.0]).tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="read-only"):
        net.weights[0][0, 0] = 2


@pytest.mark.parametrize("widths", [[2], [], 3])
def test_too_few_widths_are_refused_by_name(widths):
    with pytest.raises(ValueError, match="widths must be"):
        MLP.initialise(widths, rng=0)

"""ConditionalMLP, the embedding and EDM's preconditioning, against loops and complex steps."""

import numpy as np
import pytest

from refscore.networks import ConditionalMLP, edm_preconditioning
from tests.objectives import plain

SIGMA_DATA, OMEGA = 0.6, np.array([3.0, 7.5])
RNG = np.random.default_rng(0)
X, V, A, B = RNG.standard_normal((4, 6, 2))
C = RNG.standard_normal(6)
SIGMAS = np.array([5.0, 0.3, 1.2, 0.3, 0.02, 80.0])
READINGS = ("score", "noise", "denoiser")
each_reading = pytest.mark.parametrize("reading", READINGS)
each_depth = pytest.mark.parametrize("hidden", [(), (4,), (5, 3), (4, 3, 5)])


def network(reading, hidden=(5, 3), frequencies=OMEGA):
    net = ConditionalMLP.initialise(
        (2, *hidden, 2), rng=1, reading=reading, sigma_data=SIGMA_DATA, frequencies=frequencies
    )
    return net.with_parameters(0.6 * RNG.standard_normal(net.parameters.size))


def by_hand(net, theta, x, sigma):
    """s and its Jacobian at one point, from the definitions alone."""
    widths = [net.weights[0].shape[1], *map(len, net.biases)]
    c = np.log(sigma) / 4
    e = np.concatenate([[c], np.sin(net.frequencies * c), np.cos(net.frequencies * c)])
    total = sigma**2 + net.sigma_data**2
    into = 1 / np.sqrt(total) if net.reading == "denoiser" else 1.0
    F, jacobian = plain.mlp(*plain.unflatten_mlp(theta, widths), np.concatenate([into * x, e]))
    jacobian = into * jacobian[:, :2]
    if net.reading == "score":
        return F, jacobian
    if net.reading == "noise":
        return -F / sigma, -jacobian / sigma
    skip, out = net.sigma_data**2 / total, sigma * net.sigma_data / np.sqrt(total)
    D, D_jacobian = skip * x + out * F, skip * np.eye(2) + out * jacobian
    return (D - x) / sigma**2, (D_jacobian - np.eye(2)) / sigma**2


def close(got, want, rtol=1e-11):
    np.testing.assert_allclose(got, want, rtol=0, atol=rtol * max(1e-300, np.abs(want).max()))


@each_reading
@each_depth
def test_values_and_derivatives_are_the_definition(reading, hidden):
    net = network(reading, hidden)
    values = net(X, SIGMAS)
    for i, sigma in enumerate(SIGMAS):
        field = net.at(sigma)
        s, jacobian = by_hand(net, net.parameters, X[i], sigma)
        close(values[i], s)
        close(field(X[i]), s)
        close(field.jacobian(X)[i], jacobian)
        close(field.jvp(X, V)[i], jacobian @ V[i])
        close(field.vjp(X, V)[i], jacobian.T @ V[i])
        close(field.divergence(X)[i], np.trace(jacobian))


@each_reading
@each_depth
def test_the_parameter_gradient_is_the_complex_step(reading, hidden):
    net = network(reading, hidden)
    sigma = 0.7

    def weighted(theta):
        total = 0
        for i in range(len(X)):
            s, jacobian = by_hand(net, theta, X[i], sigma)
            total += A[i] @ s + C[i] * np.trace(jacobian) + B[i] @ jacobian @ V[i]
        return total

    near = net.at(sigma).linearise(X)
    got = near.gradient(value=A, divergence=C, jvp=(V, B))
    close(got, plain.complex_step(weighted, net.parameters))
    parts = near.gradient(value=A) + near.gradient(divergence=C) + near.gradient(jvp=(V, B))
    close(parts, got)


@each_reading
def test_a_level_a_point_is_a_level_at_a_time(reading):
    net = network(reading)
    x, sigmas = X.reshape(2, 3, 2), SIGMAS.reshape(2, 3)
    want = [net.at(sigma)(row) for row, sigma in zip(X, SIGMAS, strict=True)]
    close(net(x, sigmas), np.reshape(want, x.shape))
    close(net(X, 0.3), net.at(0.3)(X))
    net.rows_at_once = 4
    close(net(X, SIGMAS), want)
    assert net(np.zeros((0, 2)), np.zeros(0)).shape == (0, 2)


def test_a_linear_denoiser_is_exact_for_gaussian_data():
    """F = 0 is the best network for N(0, σ_d² I): the preconditioning is the score itself."""
    net = ConditionalMLP.initialise((2, 3, 2), reading="denoiser", sigma_data=SIGMA_DATA)
    net = net.with_parameters(np.zeros(net.parameters.size))
    total = SIGMAS[:, None] ** 2 + SIGMA_DATA**2
    np.testing.assert_allclose(net(X, SIGMAS), -X / total, rtol=1e-14)


def test_preconditioning_keeps_its_accuracy_at_the_ends():
    skip, out, into, noise = edm_preconditioning([1e-200, 1e200], 0.5)
    np.testing.assert_allclose(skip, [1.0, 0.0], atol=1e-300)
    np.testing.assert_allclose(out, [1e-200, 0.5], rtol=1e-15)
    np.testing.assert_allclose(into, [2.0, 1e-200], rtol=1e-15)
    np.testing.assert_allclose(noise, np.log([1e-200, 1e200]) / 4)


def test_fields_at_a_level_carry_the_parameters_of_the_whole():
    net = network("noise")
    theta = RNG.standard_normal(net.parameters.size)
    close(net.at(0.4).with_parameters(theta)(X), net.with_parameters(theta).at(0.4)(X))
    assert np.array_equal(net.at(0.4).parameters, net.parameters)
    again = net.with_parameters(theta)
    assert (again.reading, again.sigma_data) == (net.reading, net.sigma_data)
    assert np.array_equal(again.frequencies, net.frequencies)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConditionalMLP.initialise((2, 3, 2), reading="energy"), "reading must be one of"),
        (lambda: ConditionalMLP.initialise((2, 3, 2), sigma_data=0.0), "sigma_data must be pos"),
        (lambda: ConditionalMLP([np.ones((2, 2))], [np.zeros(2)]), "weights must begin with 1"),
        (lambda: ConditionalMLP([], []), "weights and biases"),
        (lambda: network("noise")(X, np.ones(5)), r"sigma must have shape \(6\)"),
        (lambda: network("noise")(X, -1.0), "sigma must be positive"),
        (lambda: network("noise").at(0.0), "sigma must be positive"),
    ],
)
def test_bad_input_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()

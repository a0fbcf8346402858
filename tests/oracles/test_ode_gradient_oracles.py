"""The judge of gradients, a second way: other routes to the same derivatives."""

from types import SimpleNamespace

import numpy as np
import pytest

from refscore.identities.cases import VelocityDescription
from refscore.identities.flow_settings import linear, network
from refscore.identities.ode_steps import turning
from refscore.oracles import flows, ode, ode_gradients

RNG = np.random.default_rng(11)
X, G = RNG.standard_normal((2, 4, 2))
TIMES = np.array([0.2, 0.9, 1.3])
LOSSES = RNG.standard_normal((3, 4, 2))


def test_frechet_derivatives_are_complex_steps_of_the_exponential():
    x, losses = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 4, 3))

    def value(velocity, x0, times):
        path = [flows.carried(velocity, x0, times[0], t) for t in times]
        return sum(np.sum(g * z, axis=-1) for g, z in zip(losses, path))

    found = ode_gradients.path_gradient(linear(), x, TIMES, losses)
    other = ode_gradients._stepped(value, linear(), x, TIMES)
    for one, two in zip(found, other):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-11)


def test_the_variational_equation_is_complex_steps_through_fine_steps():
    v, grid = network(), np.linspace(0.2, 1.3, 241)
    found = ode_gradients.gradient(v, X, 0.2, 1.3, G)
    other = ode_gradients.steps_gradient(v, X, grid, G, "tsitouras")
    np.testing.assert_allclose(found[0], other[0], rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(found[1], other[1], rtol=1e-10, atol=1e-11)
    h = 1e-4
    for k, i in ((0, 0), (1, 1)):
        ends = [np.array([0.2, 1.3]) + s * h * np.eye(2)[k] for s in (-1, 1)]
        low, high = (np.sum(G * ode.solve(v, X, *e)) for e in ends)
        np.testing.assert_allclose(found[2][i], (high - low) / (2 * h), rtol=1e-7)


def test_the_cubic_by_its_formula():
    theta, T = np.array([0.7, 1.3]), 1.1
    v = VelocityDescription("cubic", rate=theta)
    found = ode_gradients.gradient(v, X, 0.2, 0.2 + T, G)
    growth = 1 + 2 * theta * X**2 * T
    np.testing.assert_allclose(found[0], G * growth**-1.5, rtol=1e-13)
    np.testing.assert_allclose(found[1], np.sum(-G * X**3 * T * growth**-1.5, 0), rtol=1e-13)


def test_powers_are_complex_steps_through_eulers_steps():
    x, g, grid = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3)), np.linspace(0.2, 1.1, 7)
    found = ode_gradients._powers(linear(), x, grid, g, 0)
    other = ode_gradients.steps_gradient(linear(), x, grid, g, "euler")
    np.testing.assert_allclose(found[0], other[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], other[1], rtol=1e-11, atol=1e-13)


def test_the_adjoint_by_euler_written_out_is_that_of_powers():
    still = VelocityDescription("rotating", matrix=turning().matrix, frequency=1e-300)
    same = VelocityDescription("linear", matrix=turning().matrix, offset=np.zeros(2))
    grid = np.linspace(0.2, 1.1, 7)
    one = ode_gradients.adjoint_euler_gradient(still, X, grid, G)
    two = ode_gradients.adjoint_euler_gradient(same, X, grid, G)
    np.testing.assert_allclose(one[0], two[0], rtol=1e-12)
    np.testing.assert_allclose(one[1][:4], two[1][:4], rtol=1e-12)


def test_running_costs_of_exponentials_by_hand():
    """z' = a z, l = ½ (r + s t) z² + c z: ∫ l = z₀² ∫ ½ (r + s t) e^{2at} + c z₀ (e^{aT} - 1)/a."""
    a, T, cost = 0.6, 1.4, SimpleNamespace(rate=1.3, ramp=-0.7, level=0.4)
    v = VelocityDescription("linear", matrix=[[a]], offset=[0.0])
    z = np.array([[0.8], [-1.1]])
    found = ode_gradients.cost_gradient(v, z, 0.0, T, cost)
    E = np.exp(2 * a * T)
    square = cost.rate * (E - 1) / (4 * a) + cost.ramp / 2 * (
        T * E / (2 * a) - (E - 1) / (4 * a**2)
    )
    right = 2 * z * square + cost.level * (np.exp(a * T) - 1) / a
    np.testing.assert_allclose(found[0], right, rtol=1e-12)
    end = z * np.exp(a * T)
    density = (cost.rate + cost.ramp * T) / 2 * end**2 + cost.level * end
    np.testing.assert_allclose(found[2][1], density.sum(), rtol=1e-11)


@pytest.mark.parametrize("velocity", [linear(2), turning()])
def test_sensitivities_contract_to_gradients(velocity):
    J, S = ode_gradients.sensitivities(velocity, X, 0.2, 1.1)
    found = ode_gradients.gradient(velocity, X, 0.2, 1.1, G)
    np.testing.assert_allclose(np.einsum("nij,ni->nj", J, G), found[0], rtol=1e-11)
    np.testing.assert_allclose(np.einsum("nip,ni->p", S, G), found[1], rtol=1e-10)

"""Gradients through solves: every variant against the derivative of the exact flow, and memory."""

import tracemalloc

import autograd.numpy as anp
import numpy as np
import pytest

from refscore import ode
from refscore.fields import Affine, Family
from refscore.flows import Cubic, Forced, Linear, Rotating, kinetic_energy
from refscore.networks import MLP, TimeMLP

RNG = np.random.default_rng(5)
X, G = 0.6 * RNG.standard_normal((2, 4, 2))
W = np.array([[0.4, -1.1], [0.9, -0.5]])
TURNING = Rotating(W, 1.7)
TIMES = np.array([0.2, 0.5, 1.1])
LOSSES = RNG.standard_normal((3, 4, 2))


def exact(velocity, x, times, losses):
    """The loss by the closed form of the flow."""
    path = [velocity.flow(x, times[0], t) for t in times]
    return sum(np.sum(g * z) for g, z in zip(losses, path))


def slope(f, at, step=1e-5):
    """Central differences of f at an array."""
    at = np.asarray(at, dtype=float)
    units = np.eye(at.size).reshape(-1, *at.shape)
    found = [(f(at + step * e) - f(at - step * e)) / (2 * step) for e in units]
    return np.reshape(found, at.shape)


def against_the_flow(found, velocity, x, times, losses, rtol):
    """Gradients against differences of the closed form."""
    theta = velocity.parameters
    right = {
        "x0": slope(lambda x: exact(velocity, x, times, losses), x),
        "parameters": slope(
            lambda theta: exact(velocity.with_parameters(theta), x, times, losses), theta
        ),
        "times": slope(lambda times: exact(velocity, x, times, losses), times),
    }
    for name, value in right.items():
        got = getattr(found, name)
        np.testing.assert_allclose(
            got, value, rtol=0, atol=rtol * np.abs(value).max(), err_msg=name
        )


VARIANTS = {
    "interpolated": {"controlled": True},
    "on the steps forward": {"controlled": False},
    "shared steps": {"shared_steps": True},
    "pooled steps": {"shared_steps": "rms", "controlled": False},
    "backward": {"reconstruct": "backward"},
    "backward on the steps forward": {"reconstruct": "backward", "controlled": False},
    "stored, fixed": {"reconstruct": "store", "n_steps": 20},
    "stored, Tsitouras": {"reconstruct": "store", "n_steps": 9, "method": "tsitouras"},
    "interpolated, fixed": {"n_steps": 25, "method": "bogacki_shampine"},
    "backward, fixed": {"reconstruct": "backward", "n_steps": 40, "method": "rk4"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_adjoint_is_the_derivative_of_the_flow(name):
    control = {} if "n_steps" in VARIANTS[name] else {"rtol": 1e-8, "atol": 1e-8}
    options = {**control, **VARIANTS[name]}
    found = ode.adjoint(TURNING, X, 0.2, 1.1, LOSSES, times=TIMES, **options)
    against_the_flow(found, TURNING, X, TIMES, LOSSES, 2e-6)
    assert isinstance(found, ode.Gradients)
    assert (found.t0, found.t1) == (found.times[0], found.times[-1])


@pytest.mark.parametrize("shared", [False, True, "rms"])
@pytest.mark.parametrize(
    "velocity", [Forced([0.5, -1.0], [2.0, 1.0], [3.0, 5.0]), Cubic([0.1, 0.2])]
)
def test_backpropagation_through_accepted_steps(velocity, shared):
    found = ode.backpropagate(velocity, X, TIMES, LOSSES, rtol=1e-9, shared_steps=shared)
    against_the_flow(found, velocity, X, TIMES, LOSSES, 2e-6)
    falling = ode.backpropagate(velocity, X, -TIMES, LOSSES, atol=1e-9, shared_steps=shared)
    against_the_flow(falling, velocity, X, -TIMES, LOSSES, 2e-6)


def test_accepted_steps_held_fixed_are_the_gradient_of_that_grid():
    net = TimeMLP.initialise((2, 5, 2), rng=1)
    solved = ode.solve(net, X, 0.2, 1.1, rtol=1e-4, atol=1e-4, shared_steps=True, keep="steps")
    grid = solved.times[:, 0] if solved.times.ndim > 1 else solved.times
    fixed = ode.backpropagate(net, X, grid, G)
    shared = ode.backpropagate(net, X, [0.2, 1.1], G, rtol=1e-4, shared_steps=True)
    np.testing.assert_allclose(shared.x0, fixed.x0, rtol=1e-12)
    np.testing.assert_allclose(shared.parameters, fixed.parameters, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(shared.states[-1], solved.x1, rtol=1e-13)


def test_a_row_does_not_depend_on_its_batch():
    whole = ode.backpropagate(TURNING, X, [0.0, 1.0], G, rtol=1e-5)
    alone = [ode.backpropagate(TURNING, x, [0.0, 1.0], g, rtol=1e-5) for x, g in zip(X, G)]
    np.testing.assert_allclose(whole.x0, [one.x0 for one in alone], rtol=1e-13)
    np.testing.assert_allclose(whole.parameters, sum(one.parameters for one in alone), rtol=1e-12)
    stacked = ode.adjoint(TURNING, X.reshape(2, 2, 2), 0.0, 1.0, G.reshape(2, 2, 2))
    flat = ode.adjoint(TURNING, X, 0.0, 1.0, G)
    np.testing.assert_array_equal(stacked.x0.reshape(4, 2), flat.x0)
    assert stacked.cost.shape == (2, 2)


MOVING = Family.from_function(lambda x, t, theta: theta[0] * x**3 - t * x, 2, [0.3])


@pytest.mark.parametrize(
    "velocity", [MLP.initialise((2, 6, 5, 2), rng=2), TimeMLP.initialise((2, 4, 2), rng=3),
                 MOVING, MLP([W], [W[0]]), TimeMLP([np.eye(2, 3)], [W[0]])],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"rtol": 1e-6, "shared_steps": True}])
def test_checkpoints_change_no_bit(velocity, options):
    times, losses = np.linspace(0.1, 1.3, 11), RNG.standard_normal((11, 4, 2))
    if options:
        times, losses = times[[0, 3, 10]], losses[[0, 3, 10]]
    stored = ode.backpropagate(velocity, X, times, losses, method="dormand_prince", **options)
    again = ode.checkpointed(velocity, X, times, losses, method="dormand_prince", **options)
    for one, other in zip(stored, again):
        np.testing.assert_array_equal(one, other)


def test_networks_on_tape_are_networks_by_linearisation():
    net = TimeMLP.initialise((2, 6, 5, 2), rng=4)
    plain = net + Family.constant(Affine(0 * W))  # a sum knows no tape of its own
    taped, slow = (ode.backpropagate(f, X, TIMES, LOSSES, rtol=1e-6) for f in (net, plain))
    np.testing.assert_allclose(taped.x0, slow.x0, rtol=1e-12)
    p = net.parameters.size
    np.testing.assert_allclose(taped.parameters, slow.parameters[:p], rtol=1e-11, atol=1e-13)


class Growing(Family):
    """(1 + t) times a field that it calls `field`, as a constant family does."""

    def __init__(self, field):
        super().__init__(self.at)
        self.field = field

    @property
    def parameters(self):
        return self.field.parameters

    def at(self, t):
        return (1 + t) * self.field


class Twice(MLP):
    """Two times a network."""

    def _value(self, x):
        return 2 * super()._value(x)

    def _local(self, x, workspace=None):
        return (2 * MLP(self.weights, self.biases))._local(x, workspace)


def test_what_is_made_of_a_network_is_not_taken_for_it():
    net = MLP.initialise((2, 4, 2), rng=1)
    theta = net.parameters
    pairs = (
        (Growing(net), Family(lambda t, own: (1 + t) * net.with_parameters(own), theta)),
        (Twice(net.weights, net.biases), 2 * net),
    )
    for own, plain in pairs:
        found, right = (ode.backpropagate(f, X, TIMES, LOSSES, method="rk4") for f in (own, plain))
        np.testing.assert_allclose(found.x0, right.x0, rtol=1e-12)
        np.testing.assert_allclose(found.parameters, right.parameters, rtol=1e-12)
        np.testing.assert_allclose(found.states, right.states, rtol=1e-12)


def peak(gradient, velocity, x, n):
    """Bytes at the top of one gradient over n steps."""
    times = np.linspace(0.0, 1.0, n + 1)
    gradient(velocity, x, times[:3], x, method="rk4")
    return top_of(lambda: gradient(velocity, x, times, x, method="rk4"))


def top_of(call):
    """Bytes at the top of a call."""
    tracemalloc.start()
    call()
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top


def test_memory_grows_with_the_steps_or_with_their_root():
    velocity, x = Linear(W), RNG.standard_normal((100, 2))
    stored = [peak(ode.backpropagate, velocity, x, n) for n in (64, 256)]
    thrifty = [peak(ode.checkpointed, velocity, x, n) for n in (64, 256)]
    assert stored[1] > 3.2 * stored[0]
    assert thrifty[1] < 3 * thrifty[0]
    assert thrifty[1] < stored[1] / 4


def test_going_backward_memory_does_not_grow_with_the_steps():
    velocity, x = Linear([[0.0, -9.0], [9.0, 0.0]]), RNG.standard_normal((300, 2))
    short, long = (
        top_of(lambda T=T: ode.adjoint(velocity, x, 0.0, T, x, reconstruct="backward"))
        for T in (0.5, 4.0)
    )
    assert long < 1.2 * short


def test_backward_reconstruction_drifts_where_the_velocity_is_stiff():
    """Stable forward at rate 20: back over T = 1 every error grows by e^20."""
    velocity, x, g = Linear([[-20.0, 3.0], [0.0, -0.4]]), X + 1, G
    options = {"rtol": 1e-7, "atol": 1e-7}
    right = ode.backpropagate(velocity, x, [0.0, 1.0], g, rtol=1e-10)
    size = np.abs(right.parameters).max()
    kept = ode.adjoint(velocity, x, 0.0, 1.0, g, **options)
    assert np.abs(kept.parameters - right.parameters).max() < 1e-5 * size
    lost = ode.adjoint(velocity, x, 0.0, 1.0, g, reconstruct="backward", **options)
    assert np.abs(lost.parameters - right.parameters).max() > 1e-2 * size
    back = ode.solve(velocity, kept.states[-1], 1.0, 0.0, **options).x1
    drift = np.abs(back - x).max()
    assert 1e-16 * np.exp(20) < drift < 1e-7 * np.exp(22)


def cost(rate):
    """∫ ½ rate |x|² sin t: a RunningCost."""
    return ode.RunningCost(
        lambda x, t: 0.5 * rate * np.sin(t) * (x * x).sum(1),
        lambda x, t, w: ((w * rate * np.sin(t))[:, None] * x, 0.0),
    )


@pytest.mark.parametrize("shared", [False, True])
def test_a_running_cost_is_one_more_coordinate(shared):
    w = np.array([0.5, -1.0, 2.0, 0.0])
    options = {"running": cost(1.5), "weights": w, "shared_steps": shared}
    found = ode.backpropagate(TURNING, X, [0.2, 1.1], G, rtol=1e-10, **options)
    node, weight = np.polynomial.legendre.leggauss(30)
    times = 0.65 + 0.45 * node

    def value(x, theta):
        f = TURNING.with_parameters(theta)
        parts = [cost(1.5).value(f.flow(x, 0.2, t), np.full(4, t)) for t in times]
        return np.sum(w * (0.45 * weight @ np.array(parts))) + np.sum(G * f.flow(x, 0.2, 1.1))

    theta = TURNING.parameters
    np.testing.assert_allclose(found.x0, slope(lambda x: value(x, theta), X), atol=1e-7)
    np.testing.assert_allclose(
        found.parameters, slope(lambda theta: value(X, theta), theta), atol=1e-7
    )
    again = ode.adjoint(TURNING, X, 0.2, 1.1, G, rtol=1e-9, atol=1e-9, **options)
    np.testing.assert_allclose(again.parameters, found.parameters, atol=1e-7)
    np.testing.assert_allclose(again.cost, found.cost, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"rtol": 1e-5}])
def test_a_cotangent_may_be_a_function_of_the_end(options):
    """L = ½|x(t₁)|²: one solve, and the bits of the gradient for the cotangent x(t₁)."""
    for gradient in (ode.backpropagate, ode.checkpointed):
        shared = {"shared_steps": True} if options else {}
        end = gradient(TURNING, X, TIMES, G, **options, **shared).states[-1]
        right = gradient(TURNING, X, TIMES, end, **options, **shared)
        found = gradient(TURNING, X, TIMES, lambda x: x, **options, **shared)
        for one, other in zip(found, right):
            np.testing.assert_array_equal(one, other)
    w = {"running": cost(1.5), "weights": np.arange(4.0), **options}
    one = ode.adjoint(TURNING, X, 0.2, 1.1, lambda x: 2 * x, **w)
    other = ode.adjoint(TURNING, X, 0.2, 1.1, 2 * one.states[-1], **w)
    np.testing.assert_array_equal(one.x0, other.x0)
    np.testing.assert_array_equal(one.parameters, other.parameters)


def test_a_running_cost_has_a_sign_and_an_energy_has_none():
    still = ode.RunningCost(lambda x, t: np.ones(len(x)), lambda x, t, w: (0 * x, 0.0))
    for gradient in (
        ode.adjoint,
        lambda f, x, s, t, g, **w: ode.backpropagate(f, x, [s, t], g, **w),
    ):
        there, back = (gradient(TURNING, X, *ends, G, running=still) for ends in [(0, 2), (2, 0)])
        np.testing.assert_allclose([there.cost, back.cost], [[2.0] * 4, [-2.0] * 4])
    speed = ode.RunningCost(
        lambda x, t: np.array([0.5 * np.sum(TURNING(z, u) ** 2) for z, u in zip(x, t)]),
        lambda x, t, w: (0 * x, 0.0),
    )
    signed = ode.adjoint(TURNING, X, 1.0, 0.0, G, running=speed, rtol=1e-9, atol=1e-9).cost
    np.testing.assert_allclose(kinetic_energy(TURNING, X, 1.0, 0.0), -signed, rtol=1e-5)


@pytest.mark.filterwarnings("error")
def test_a_gradient_that_is_not_finite_names_its_row():
    root = Family.from_function(lambda x, t: -anp.sqrt(anp.abs(x)), 1)
    x = np.array([[1.0], [2.0], [0.0]])
    for gradient in (
        lambda: ode.backpropagate(root, x, [0, 0.5], x),
        lambda: ode.backpropagate(root, x, [0, 0.5], x, rtol=1e-3),
        lambda: ode.checkpointed(root, x, [0, 0.5], x, rtol=1e-3),
        lambda: ode.adjoint(root, x, 0, 0.5, x),
        lambda: ode.adjoint(root, x, 0, 0.5, x, n_steps=3),
        lambda: ode.sensitivities(root, x, 0, 0.5),
    ):
        with pytest.raises(ValueError, match="row 2"):
            gradient()
    steep = Family.from_function(lambda x, t, theta: x * anp.sqrt(theta[0]), 1, [0.0])
    with pytest.raises(ValueError, match="not finite: in the parameters"):
        ode.backpropagate(steep, x, [0, 0.5], x)


@pytest.mark.parametrize("more", [np.ones(1), np.ones(6), np.ones((5, 1)), 1.5, None])
def test_the_parameter_part_of_a_running_cost_has_their_shape(more):
    wrong = ode.RunningCost(lambda x, t: x[:, 0], lambda x, t, w: (0 * x, more))
    for gradient in (
        lambda: ode.backpropagate(TURNING, X, [0, 1], G, running=wrong),
        lambda: ode.adjoint(TURNING, X, 0, 1, G, running=wrong),
    ):
        with pytest.raises(ValueError, match=r"Σ w ∂l/∂θ of shape \(5,\) or the number 0; got"):
            gradient()


def test_sensitivities_are_what_gradients_contract():
    velocity = TimeMLP.initialise((2, 4, 2), rng=6)
    found = ode.sensitivities(velocity, X, 0.2, 1.1, rtol=1e-9, atol=1e-9)
    right = ode.backpropagate(velocity, X, [0.2, 1.1], G, rtol=1e-11)
    np.testing.assert_allclose(np.einsum("nij,ni->nj", found.x0, G), right.x0, atol=1e-8)
    np.testing.assert_allclose(
        np.einsum("nip,ni->p", found.parameters, G), right.parameters, atol=1e-8
    )
    np.testing.assert_allclose([np.sum(G * found.t0), np.sum(G * found.t1)], right.times, atol=1e-8)
    assert isinstance(found, ode.Sensitivities)
    short = ode.sensitivities(velocity, X[0], 0.2, 1.1, parameters=False)
    assert short.parameters.shape == (2, 0)
    np.testing.assert_allclose(short.x0, found.x0[0], atol=1e-4)


BAD = {
    "atol must be positive": lambda: ode.backpropagate(TURNING, X, [0, 1], G, atol=-1.0),
    "t1 must differ": lambda: ode.adjoint(TURNING, X, 0.3, 0.3, G),
    "times must be two or more": lambda: ode.backpropagate(TURNING, X, [0.0, 1.0, 0.5], G),
    "cotangent must have the shape": lambda: ode.backpropagate(TURNING, X, TIMES, LOSSES[:2]),
    "times must lead from t0": lambda: ode.adjoint(TURNING, X, 0, 1, LOSSES, times=TIMES),
    "reconstruct must be one of": lambda: ode.adjoint(TURNING, X, 0, 1, G, reconstruct="guess"),
    "n_steps must be given": lambda: ode.adjoint(TURNING, X, 0, 1, G, reconstruct="store"),
    "method must have an embedded": lambda: ode.adjoint(TURNING, X, 0, 1, G, method="rk4"),
    "shared_steps must be True": lambda: ode.checkpointed(
        TURNING, X, [0, 1], G, rtol=1e-3, shared_steps=False
    ),
    'shared_steps must be True, False or "rms"': lambda: ode.checkpointed(
        TURNING, X, [0, 1], G, rtol=1e-3, shared_steps="foo"
    ),
    r"cotangent\(x1\) must have the shape of x1": lambda: ode.adjoint(
        TURNING, X, 0, 1, lambda x: x[0]
    ),
    "stopped, row 1:": lambda: ode.adjoint(Cubic([-1.0, -1.0]), [[0, 0], [3, 3]], 0, 9, 0 * X[:2]),
    "running must be a RunningCost": lambda: ode.adjoint(TURNING, X, 0, 1, G, running=cost),
    "running must be given": lambda: ode.adjoint(TURNING, X, 0, 1, G, weights=np.ones(4)),
    "running.value.* must have shape": lambda: ode.backpropagate(
        TURNING, X, [0, 1], G, running=ode.RunningCost(lambda x, t: x, lambda x, t, w: (x, 0))
    ),
    "no finite state at 9": lambda: ode.backpropagate(
        Cubic([-1.0, -1.0]), X + 3, np.linspace(0, 9, 40), G, method="rk4"
    ),
    "stopped": lambda: ode.backpropagate(Cubic([-1.0, -1.0]), X + 3, [0, 9], G, rtol=1e-4),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_wrong_is_said(message):
    with pytest.raises((TypeError, ValueError), match=message):
        BAD[message]()


def test_no_rows_give_no_gradient():
    for gradient in (
        lambda x: ode.backpropagate(TURNING, x, [0.0, 1.0], x),
        lambda x: ode.backpropagate(TURNING, x, [0.0, 1.0], x, rtol=1e-3),
        lambda x: ode.checkpointed(TURNING, x, [0.0, 1.0], x, rtol=1e-3),
        lambda x: ode.adjoint(TURNING, x, 0.0, 1.0, x),
        lambda x: ode.adjoint(TURNING, x, 0.0, 1.0, x, n_steps=3, reconstruct="store"),
    ):
        found = gradient(np.empty((0, 2)))
        assert found.x0.shape == (0, 2)
        assert not found.parameters.any()
    found = ode.sensitivities(TURNING, np.empty((3, 0, 2)), 0.0, 1.0)
    assert [part.shape for part in found[:3]] == [(3, 0, 2), (3, 0, 2, 2), (3, 0, 2, 5)]


def test_a_family_without_parameters_has_gradients_in_the_rest():
    bare = Family(lambda t: Affine(t * np.eye(2), np.zeros(2)))  # its fields have six
    grown = np.exp(0.5 * (1.1**2 - 0.2**2))
    for found in (
        ode.adjoint(bare, X, 0.2, 1.1, G),
        ode.adjoint(bare, X, 0.2, 1.1, G, n_steps=20, reconstruct="backward"),
        ode.backpropagate(bare, X, TIMES, G, rtol=1e-7),
        ode.backpropagate(bare, X, np.linspace(0.2, 1.1, 20), G),
        ode.checkpointed(bare, X, np.linspace(0.2, 1.1, 20), G),
    ):
        np.testing.assert_allclose(found.x0, grown * G, rtol=1e-5)
        assert found.parameters.shape == (0,)
    assert ode.sensitivities(bare, X, 0.2, 1.1).parameters.shape == (4, 2, 0)

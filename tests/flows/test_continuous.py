"""Continuous flows: densities, estimates, derivatives and draws against closed forms and counts."""

import autograd.numpy as anp
import numpy as np
import pytest

from refscore import flows, traces
from refscore.distributions import Gaussian, GaussianMixture
from refscore.estimation import fit_flow
from refscore.fields import Family, Function
from refscore.flows import _differentiated
from refscore.networks import MLP, TimeMLP
from refscore.nodes import signs

MIXTURE = GaussianMixture(
    [0.3, 0.7], [[-0.8, 0.5], [0.6, -0.4]], [[[1.0, 0.3], [0.3, 0.6]], [[0.5, -0.1], [-0.1, 0.8]]]
)
W = np.array([[0.3, -0.7], [0.5, -0.4]])
X = np.array([[0.3, -0.4], [0.5, 0.2], [-0.2, 0.6]])
FINE = {"rtol": 1e-9, "atol": 1e-9}


def network(seed=0):
    net = TimeMLP.initialise((2, 6, 5, 2), rng=seed)
    noise = np.random.default_rng(seed).standard_normal(net.parameters.size)
    return net.with_parameters(net.parameters + 0.1 * noise)


def linear_flow(**options):
    return flows.ContinuousFlow(
        flows.Linear(W, [0.2, -0.1]), MIXTURE, 0.2, 0.9, **{**FINE, **options}
    )


# --- densities -------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (2,), (2, 1), (0,)])
def test_any_leading_shape_and_no_row_depends_on_another(lead):
    flow = flows.ContinuousFlow(network(), MIXTURE)
    x = np.random.default_rng(5).normal(size=(*lead, 2))
    found = flow.density(x)
    assert all(np.shape(part) == lead for part in found if part is not found.base_points)
    assert found.base_points.shape == x.shape
    for i in np.ndindex(lead):
        assert flow.log_density(x[i]) == pytest.approx(found.log_density[i], rel=1e-12)


def test_the_density_integrates_to_one():
    flow = flows.ContinuousFlow(network(), MIXTURE, rtol=1e-7, atol=1e-7)
    line = np.linspace(-9, 9, 91)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    mass = np.exp(flow.log_density(grid)).sum() * (line[1] - line[0]) ** 2
    assert mass == pytest.approx(1.0, abs=2e-4)


def test_blocks_of_rows_give_what_all_rows_at_once_give(monkeypatch):
    flow, v = linear_flow(), np.random.default_rng(0).standard_normal((3, 2, 2))
    whole = flow.density(X, v), *flow.log_density_and_gradient(X, v)
    monkeypatch.setattr(_differentiated, "AT_ONCE", 1)
    monkeypatch.setattr(_differentiated, "_TAPED", 1)
    parts = flow.density(X, v), *flow.log_density_and_gradient(X, v)
    for a, b in zip((*whole[0], *whole[1:]), (*parts[0], *parts[1:])):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("gradient", ["adjoint", "backpropagation", "checkpointed"])
def test_fields_of_a_family_without_parameters_are_held_fixed(gradient):
    net = MLP.initialise((2, 4, 2), rng=1)
    velocity = Family(lambda t: (1 + t) * net)
    options = {"gradient": gradient, "n_steps": 4, "method": "rk4"}
    held = flows.ContinuousFlow(velocity, MIXTURE, **options).log_density_and_gradient(X)
    assert held.parameters.shape == (0,)
    written = Family.from_function(lambda x, t: (1 + t) * _by_autograd(net, x), 2)
    plain = flows.ContinuousFlow(written, MIXTURE, **options).log_density_and_gradient(X)
    np.testing.assert_allclose(held.score, plain.score, rtol=1e-10)


def _by_autograd(net, x):
    (first, last), (offset, end) = net.weights, net.biases
    return anp.dot(anp.tanh(anp.dot(x, first.T) + offset), last.T) + end


def test_no_time_is_the_base():
    flow = flows.ContinuousFlow(network(), MIXTURE, 0.4, 0.4)
    value, score, slope = flow.log_density_and_gradient(X)
    np.testing.assert_array_equal(value, MIXTURE.log_density(X))
    np.testing.assert_array_equal(score, MIXTURE.score(X))
    assert not slope.any()


def test_forward_and_inverse_are_each_other_s():
    flow = flows.ContinuousFlow(network(), MIXTURE, 1.0, -0.5, **FINE)
    np.testing.assert_allclose(flow.inverse(flow.forward(X)), X, atol=1e-7)
    x, value = flow.forward_and_log_density(X)
    np.testing.assert_allclose(value, flow.log_density(x), atol=1e-7)
    path = flow.path(X, [1.0, 0.3, -0.5])
    np.testing.assert_allclose(path[-1], x, atol=1e-7)


def test_the_log_density_is_under_error_control_at_rest_too():
    """At 0 the path does not move, and vᵀA(t)v turns 12 times: alone it asks for small steps."""
    turning = flows.Rotating([[0.4, 1.5], [0.7, -0.8]], 40.0)
    flow = flows.ContinuousFlow(turning, MIXTURE, rtol=1e-8, atol=1e-8)
    v = np.array([[[1.0, 0.5]]])
    found = flow.density(np.zeros((1, 2)), v)
    p, q = (0.4 + 0.8) / 2, (1.5 + 0.7) / 2
    along, across = np.sin(80) / 80, (1 - np.cos(80)) / 80
    form = np.array([[p * along - q * across, p * across + q * along], [0, 0]])
    form[1] = form[0, 1], -form[0, 0]
    exact = v[0, 0] @ (form - 0.2 * np.eye(2)) @ v[0, 0]
    assert -found.log_det[0] == pytest.approx(exact, abs=1e-6)
    assert found.n_evaluations[0] > 200


def test_draws_of_the_base_are_not_written_to():
    class Kept(Gaussian):
        def sample(self, n, *, rng):
            return X[:n]

    before = X.copy()
    flow = flows.ContinuousFlow(flows.Linear(W), Kept([0.0, 0.0], np.eye(2)))
    np.testing.assert_allclose(flow.sample(3, rng=0), flow.forward(X), rtol=1e-12)
    np.testing.assert_array_equal(X, before)


def test_draws_follow_the_flow_and_do_not_depend_on_the_chunk(capsys):
    base = Gaussian([0.5, -0.2], [[1.0, 0.3], [0.3, 0.5]])
    flow = flows.ContinuousFlow(flows.Linear(W, [0.2, -0.1]), base)
    x = flow.sample(4000, rng=1)
    np.testing.assert_allclose(x, flow.sample(4000, rng=1, chunk=1700, progress=True), rtol=1e-12)
    assert "draws" in capsys.readouterr().err
    mean = flow.velocity.flow(base.mean, 0, 1)
    root = flow.velocity.flow(np.eye(2) + base.mean, 0, 1) - mean
    covariance = root.T @ base.covariance @ root
    assert np.abs(x.mean(0) - mean).max() < 5 * np.sqrt(np.diag(covariance).max() / 4000)
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=5 * np.sqrt(2 / 4000) * 2)
    assert flow.sample(0, rng=0).shape == (0, 2)


# --- estimates -------------------------------------------------------------------------------


def test_the_standard_error_is_that_of_the_probes():
    flow, v = linear_flow(), signs(2).points[None].repeat(3, axis=0)
    found = flow.density(X, v)
    form = 0.7 * W
    np.testing.assert_allclose(found.log_density, flow.log_density(X), atol=1e-7)
    expected = np.sqrt(traces.variance(form, "rademacher") / 3)  # four of four probes
    np.testing.assert_allclose(found.standard_error, expected, rtol=1e-6)
    assert np.isnan(flow.density(X, rng=0).standard_error).all()
    assert not flow.density(X).standard_error.any()


def test_a_drawing_flow_needs_its_rng_and_repeats_itself():
    flow = linear_flow(trace="hutchinson", n_probes=3, probe="gaussian")
    with pytest.raises(ValueError, match="probes or rng must be given"):
        flow.log_density(X)
    np.testing.assert_array_equal(flow.log_density(X, rng=4), flow.log_density(X, rng=4))
    assert (flow.log_density(X, rng=4) != flow.log_density(X, rng=5)).all()


def test_probes_do_not_loosen_the_tolerance():
    """Forty probes without an error of their own stand beside z in the state."""
    flow = flows.ContinuousFlow(network(), MIXTURE, rtol=1e-5, atol=1e-5)
    v = np.random.default_rng(0).standard_normal((3, 40, 2))
    few, many = flow.density(X, v[:, :1]), flow.density(X, v)
    assert (many.n_evaluations >= few.n_evaluations - 6).all()


class _Restless:
    """A field whose probes are drawn at every evaluation: what FFJORD warns of."""

    def __init__(self, held):
        self.rng, self.calls, self.v = np.random.default_rng(0), 0, None
        self.held = held

    def __call__(self, t, y):
        self.calls += 1
        if self.v is None or not self.held:
            self.v = self.rng.choice([-1.0, 1.0], 2)
        return np.append(W @ y[:2], -self.v @ W @ self.v)


def test_a_fixed_probe_keeps_an_adaptive_solver_working():
    """What 20 evaluations do with the probe held takes thousands with one drawn at each."""
    from scipy.integrate import solve_ivp

    counts = {}
    for held in (True, False):
        slope = _Restless(held)
        solve_ivp(slope, (0, 1), [0.5, -0.2, 0.0], rtol=1e-5, atol=1e-5)
        counts[held] = slope.calls
    assert counts[True] == 20
    assert counts[False] > 200 * counts[True]
    found = linear_flow(rtol=1e-5, atol=1e-5).density(X, rng=0)
    assert (found.n_evaluations <= 20).all()


def test_fresh_probes_on_a_grid_are_unbiased_with_less_variance():
    x, grid = np.repeat(X[:1], 4000, axis=0), np.linspace(0.2, 0.9, 9)
    fresh = linear_flow(method="rk4").log_density_on_grid(x, grid, rng=0)
    exact, held = linear_flow().log_density(X[:1])[0], traces.variance(0.7 * W, "rademacher")
    assert fresh.mean() == pytest.approx(exact, abs=5 * np.sqrt(held / 8 / 4000))
    assert fresh.var() == pytest.approx(held / 8, rel=5 * np.sqrt(2 / 4000))


# --- derivatives -----------------------------------------------------------------------------


def _numeric(flow, x, probes, penalties, h=1e-5):
    def value(flow):
        return flow.negative_log_likelihood_and_gradient(x, probes=probes)[0]

    theta = flow.parameters
    return np.array([
        (value(flow.with_parameters(theta + h * e)) - value(flow.with_parameters(theta - h * e)))
        / (2 * h)
        for e in np.eye(theta.size)[::13]
    ])  # fmt: skip


@pytest.mark.parametrize("gradient", ["adjoint", "backpropagation"])
@pytest.mark.parametrize("probed", [False, True])
def test_the_gradient_of_a_penalised_likelihood(gradient, probed):
    penalties = {"kinetic": 0.3, "jacobian": 0.2, "directional": 0.1}
    flow = flows.ContinuousFlow(
        network(), MIXTURE, 0.1, 0.8, gradient=gradient, rtol=1e-7, atol=1e-7, **penalties
    )
    v = np.random.default_rng(2).standard_normal((3, 2, 2)) if probed else None
    value, slope = flow.negative_log_likelihood_and_gradient(X, probes=v)
    energies = {
        "kinetic": flows.kinetic_energy(flow.velocity, X, 0.8, 0.1, **FINE),
        "jacobian": flows.jacobian_energy(flow.velocity, X, 0.8, 0.1, v, **FINE),
        "directional": flows.directional_energy(flow.velocity, X, 0.8, 0.1, **FINE),
    }
    total = sum(weight * energies[name] for name, weight in penalties.items())
    assert value == pytest.approx((total - flow.log_density(X, v)).mean(), abs=1e-6)
    numeric = _numeric(flow, X, v, penalties)
    np.testing.assert_allclose(slope[::13], numeric, atol=5e-6)


@pytest.mark.parametrize(
    ("gradient", "steps"), [("backpropagation", 1), ("backpropagation", 3), ("checkpointed", 7)]
)
def test_backpropagation_on_a_grid_is_the_exact_gradient_of_its_value(gradient, steps):
    flow = flows.ContinuousFlow(network(), MIXTURE, gradient=gradient, method="rk4", n_steps=steps)
    slope = flow.negative_log_likelihood_and_gradient(X)[1]
    np.testing.assert_allclose(slope[::13], _numeric(flow, X, None, {}), atol=1e-9)


@pytest.mark.parametrize("velocity", [
    Family.constant(MLP.initialise((2, 4, 2), rng=0)),
    Family.constant(MLP.initialise((2, 3, 4, 3, 2), rng=0)),
    Family.from_function(lambda x, t: 0.3 * x * x[:, ::-1] - t * x, 2),
    flows.Hopf(0.8, 1.1),
], ids=["mlp", "deep", "function", "hopf"])  # fmt: skip
def test_the_score_is_the_derivative_of_the_log_density(velocity):
    flow, h, x = flows.ContinuousFlow(velocity, MIXTURE, method="rk4", n_steps=20), 1e-5, X[:2]
    numeric = [(flow.log_density(x + h * e) - flow.log_density(x - h * e)) / (2 * h)
               for e in np.eye(2)]  # fmt: skip
    np.testing.assert_allclose(flow.score(x), np.transpose(numeric), atol=2e-6)


def test_a_fit_finds_the_covariance_of_the_data():
    """Maximum likelihood of a linear flow from N(0, I): mean and covariance of the data."""
    data = np.random.default_rng(0).standard_normal((200, 2)) @ [[1.2, 0.4], [0.0, 0.6]] + 0.5
    start = flows.ContinuousFlow(
        flows.Linear(np.zeros((2, 2)), np.zeros(2)), Gaussian(np.zeros(2), 1.0),
        gradient="backpropagation", method="rk4", n_steps=4,
    )  # fmt: skip
    found = fit_flow(start, data, steps=150, batch_size=200, learning_rate=0.05, rng=0).field
    likelihood = Gaussian(data.mean(0), np.cov(data.T, bias=True)).log_density(data).mean()
    assert found.log_density(data).mean() == pytest.approx(likelihood, abs=2e-3)


def test_a_fit_with_drawn_probes_improves():
    data = MIXTURE.sample(64, rng=0)
    start = flows.ContinuousFlow(
        MLP.initialise((2, 8, 2), rng=0), Gaussian(np.zeros(2), 1.0), trace="hutchinson",
        gradient="backpropagation", method="heun", n_steps=3, kinetic=0.01,
    )  # fmt: skip
    found = fit_flow(start, data, steps=60, batch_size=64, learning_rate=0.02, rng=0).field
    first = start.log_density(data, signs(2).points[None].repeat(64, axis=0)).mean()
    last = found.log_density(data, signs(2).points[None].repeat(64, axis=0)).mean()
    assert last > first + 0.1


# --- at the door -----------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "words"), [
    ({"trace": "approximate"}, "trace must be one of exact, hutchinson"),
    ({"gradient": "magic"}, "gradient must be one of"),
    ({"kinetic": -1.0}, "kinetic must be"),
    ({"rtol": 0.0}, "rtol must be"),
    ({"n_probes": 0}, "n_probes must be"),
    ({"method": "foo"}, "method must be one of"),
    ({"method": "dop853", "n_steps": 3}, "method must be one of"),
    ({"n_steps": 0}, "n_steps must be at least 1"),
    ({"probe": "foo"}, "kind of probe must be one of"),
    ({"probe": "steinhaus"}, "probes must be real"),
    ({"shared_steps": "rms"}, "shared_steps must be True or False"),
    ({"gradient": "checkpointed"}, '"checkpointed" must come with n_steps or shared_steps=True'),
])  # fmt: skip
def test_bad_options_are_named_when_the_flow_is_made(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        flows.ContinuousFlow(flows.Linear(W), MIXTURE, **options)


def test_bad_input_is_named():
    flow = linear_flow()
    with pytest.raises(ValueError, match="one dim, got 3 and 2"):
        flows.ContinuousFlow(flows.Linear(np.eye(3)), MIXTURE)
    with pytest.raises(TypeError, match=r"velocity must be a refscore Family or Field"):
        flows.ContinuousFlow(lambda x, t: x, MIXTURE)
    with pytest.raises(TypeError, match=r"base must offer .log_density"):
        flows.ContinuousFlow(flows.Linear(W), None)
    with pytest.raises(ValueError, match="probes must have shape"):
        flow.log_density(X, np.ones((3, 2)))
    with pytest.raises(ValueError, match="must not both be given"):
        flow.log_density(X, np.ones((3, 1, 2)), rng=0)
    with pytest.raises(ValueError, match=r"times must lead from t0 = 0.2 to t1 = 0.9"):
        linear_flow(method="rk4").log_density_on_grid(X, [0.2, 0.5], rng=0)
    with pytest.raises(ValueError, match="probes or rng must be given"):
        linear_flow(method="rk4").log_density_on_grid(X, [0.2, 0.9])


def test_a_path_that_is_lost_says_so():
    flow = flows.ContinuousFlow(flows.Cubic([1.0, 1.0]), MIXTURE)  # backwards x³ explodes
    with pytest.raises(ValueError, match=r"could not be followed from 1 to 0, row 1"):
        flow.log_density([[0.1, 0.2], [3.0, 0.1]])
    with pytest.raises(ValueError, match="could not be followed"):
        flows.kinetic_energy(flows.Cubic([1.0, 1.0]), [3.0, 0.1], 1.0, 0.0)


@pytest.mark.parametrize("options", [
    {}, {"gradient": "backpropagation"}, {"gradient": "backpropagation", "n_steps": 2},
    {"gradient": "checkpointed", "shared_steps": True},
], ids=str)  # fmt: skip
def test_a_derivative_that_is_not_finite_is_no_gradient(options, monkeypatch):
    """Far out the density is finite while autograd's second derivative of tanh is not."""
    tanh = Family.from_function(lambda x, t, theta: anp.tanh(theta[0] * x), 2, [0.7])
    flow, x = flows.ContinuousFlow(tanh, MIXTURE, **options), np.array([[0.3, 0.2], [1200, 1200]])
    assert np.isfinite(flow.log_density(x)).all()
    monkeypatch.setattr(_differentiated, "_TAPED", 1)
    with pytest.raises(ValueError, match="row 1"):
        flow.log_density_and_gradient(x)


def test_a_lost_row_is_counted_over_all_blocks(monkeypatch):
    flow, x = flows.ContinuousFlow(flows.Cubic([1.0, 1.0]), MIXTURE), [[0.1, 0.2], [0, 0], [3, 0.1]]
    monkeypatch.setattr(_differentiated, "AT_ONCE", 1)
    monkeypatch.setattr(_differentiated, "_TAPED", 1)
    for ask in (flow.log_density, flow.log_density_and_gradient):
        with pytest.raises(ValueError, match="row 2: "):
            ask(x)


@pytest.mark.parametrize("gradient", ["adjoint", "backpropagation"])
def test_a_gradient_takes_one_solve_forward(gradient):
    """Two steps forward of two stages; the adjoint's stages back; and the velocity at both ends."""
    calls = []
    velocity = Family.from_function(lambda x, t: -(x**3) / 4 - t * x, 2)
    at = velocity.at
    velocity.at = lambda t: calls.append(t) or at(t)
    options = {"method": "heun", "n_steps": 2, "gradient": gradient}
    flows.ContinuousFlow(velocity, MIXTURE, **options).score(X)
    assert len(calls) == {"backpropagation": 4 + 2, "adjoint": 4 + 4 + 2}[gradient]


def test_what_a_flow_cannot_give_it_says():
    flow = linear_flow(method="dop853")
    np.testing.assert_allclose(flow.log_density(X), linear_flow().log_density(X), atol=1e-7)
    with pytest.raises(ValueError, match='"dop853" of a flow gives densities and draws, and no'):
        flow.score(X)
    with pytest.raises(ValueError, match="at least one point for a mean"):
        linear_flow().negative_log_likelihood_and_gradient(np.empty((0, 2)))


def test_what_has_no_second_derivatives_has_densities_and_no_gradient():
    class Half(Function):
        def _local(self, x, workspace=None):
            from refscore.fields.linearisation import Local

            return Local(self, x)

    flow = flows.ContinuousFlow(Half(lambda x: -(x**3) / 4, 2), MIXTURE)
    assert np.isfinite(flow.log_density(X)).all()
    with pytest.raises(NotImplementedError, match="second derivatives"):
        flow.score(X)

"""EDM, exponential and multistep steps on every process: values, exact laws, ends, bad input."""

import numpy as np
import pytest

from refscore import diffusion, laws, oracles, processes
from refscore.distributions import Gaussian, GaussianMixture
from refscore.identities import settings
from refscore.identities.cases import Description
from refscore.verify import library
from refscore.verify.timed import forward

VP = processes.VP()
LAW = Gaussian([0.7, -1.1], [[0.9, 0.4], [0.4, 0.5]])
LINE = GaussianMixture([0.6, 0.4], [[-1.0], [1.5]], [[[0.09]], [[0.25]]])
X, Z = settings.points(4, 2), settings.normals(5, 4, 2)
TIMES = [0.8, 0.55, 0.4, 0.17, 0.06, 0.03]
OTHERS = [
    Description("straight"),
    Description("edm", sigma_max=3.0),
    Description("ve", sigma_min=0.05, sigma_max=20.0, exact=False),
    Description("cosine", offset=0.008, final_time=0.99),
    Description("sub_vp", beta_min=0.1, beta_max=20.0),
]
MULTISTEP = {
    "2M": lambda p, q: diffusion.dpm_multistep(p, q),
    "3M": lambda p, q: diffusion.dpm_multistep(p, q, 3),
    "4": lambda p, q: diffusion.exponential_multistep(p, q, 4, prediction="noise"),
    "LMS": lambda p, q: diffusion.adams_bashforth(p, q),
    "PLMS": lambda p, q: diffusion.plms(p, q),
}


@pytest.mark.parametrize("process", OTHERS, ids=lambda p: p.kind)
def test_every_step_is_its_recursion_on_processes_other_than_preserving(process):
    own, law, t, s = forward(process), settings.mixture(2), 0.6, 0.35
    score_at, inputs, o = library.distribution(law), (law, process, X, t, s), oracles.exponential
    walk = (law, process, X, TIMES)
    pairs = [
        (diffusion.exponential(own, score_at)(X, t, s), o.first_order(*inputs)),
        (diffusion.edm(own, score_at)(X, t, s), o.heun(*inputs)),
        (
            diffusion.edm(own, score_at, churn=3.0, n_steps=10, noise_scale=1.1)(X, t, s, Z[0]),
            o.edm(*inputs, 3.0, 10, 0, 1e9, 1.1, Z[0]),
        ),
        (diffusion.flow_matching(own, score_at, "midpoint")(X, t, s), o.flow_midpoint(*inputs)),
        (
            diffusion.sample(diffusion.sde_dpm_multistep(own, score_at), X, TIMES, noise=Z),
            o.stochastic(*walk, 2, Z),
        ),
        (
            diffusion.sample(diffusion.adams_bashforth(own, score_at, 3), X, TIMES),
            oracles.adams.adams_bashforth(*walk, 3),
        ),
        (diffusion.sample(diffusion.plms(own, score_at), X, TIMES), oracles.adams.plms(*walk)),
    ]
    for kind in ("noise", "data"):
        step = diffusion.dpm_solver(own, score_at, 3, prediction=kind)
        pairs.append((step(X, t, s), o.singlestep(*inputs, 3, kind)))
        step = diffusion.dpm_multistep(own, score_at, 3, prediction=kind)
        pairs.append((diffusion.sample(step, X, TIMES), o.multistep(*walk, 3, kind)))
    for got, right in pairs:
        np.testing.assert_allclose(got, right, rtol=1e-10, atol=1e-10 * np.abs(right).max())


def test_first_order_steps_have_many_names():
    for process in (VP, processes.Straight()):
        right = diffusion.exponential(process, LINE)(X[:, :1], 0.6, 0.2)
        for step in (
            diffusion.ddim(process, LINE),
            diffusion.edm(process, LINE, method="euler"),
            diffusion.dpm_multistep(process, LINE, 3),
            diffusion.adams_bashforth(process, LINE),
        ):
            np.testing.assert_allclose(step(X[:, :1], 0.6, 0.2), right, rtol=1e-12)
    step = diffusion.flow_matching(processes.Straight(), LINE)  # of the straight path alone
    np.testing.assert_allclose(step(X[:, :1], 0.6, 0.2), right, rtol=1e-12)
    sde = diffusion.sde_dpm_multistep(VP, LAW, 1)(X, 0.6, 0.2, Z[0])
    np.testing.assert_allclose(sde, diffusion.ddim(VP, LAW, 1.0)(X, 0.6, 0.2, Z[0]), rtol=1e-12)


def test_second_order_steps_of_the_noise_have_two_names():
    """Heun's and the midpoint step in σ/α are DPM-Solver-2 with r = 1 and with r = ½."""
    for method, ratio in (("heun", 1.0), ("midpoint", 0.5)):
        right = diffusion.dpm_solver(VP, LINE, 2, ratio=ratio)(X[:, :1], 0.6, 0.2)
        got = diffusion.edm(VP, LINE, method=method)(X[:, :1], 0.6, 0.2)
        np.testing.assert_allclose(got, right, rtol=1e-11)


@pytest.mark.parametrize("name", MULTISTEP)
def test_a_state_holds_what_was_predicted_and_a_step_forgets_the_oldest(name):
    step = MULTISTEP[name](VP, LAW)
    state, given = step.start(X, TIMES[0]), X.copy()
    for k, (t, s) in enumerate(zip(TIMES[:-1], TIMES[1:])):
        state = step.advance(state, t, s)
        assert len(state) - 1 == min(k + 1, step.memory)
        assert [u for u, _ in state[1:]] == TIMES[max(0, k + 1 - step.memory) : k + 1]
    np.testing.assert_array_equal(X, given)
    np.testing.assert_array_equal(state[0], diffusion.sample(step, X, TIMES))
    alone = np.concatenate([diffusion.sample(step, X[i : i + 1], TIMES) for i in range(4)])
    np.testing.assert_allclose(state[0], alone, rtol=1e-12)


def test_the_exact_law_of_the_stochastic_sampler_is_that_of_its_recursion():
    law = settings.gaussian(2)
    start = diffusion.diffused(VP, library.distribution(law), TIMES[0])
    step = diffusion.sde_dpm_multistep(VP, library.distribution(law))
    got = laws.sampler_law(step, start.mean, start.covariance, TIMES)
    units = np.eye(10).reshape(10, 5, 2)

    def end(x, noise):
        return oracles.exponential.stochastic(law, settings.VP, x, TIMES, 2, noise)

    still, nodes = np.zeros((5, 1, 2)), np.vstack([np.zeros(2), np.eye(2)])
    image = end(nodes, np.zeros((5, 3, 2)))
    A, c = (image[1:] - image[0]).T, image[0]
    B = np.stack([end(nodes[:1], still + u[:, None])[0] - c for u in units], -1)
    np.testing.assert_allclose(got.mean, A @ start.mean + c, atol=1e-11)
    right = A @ start.covariance @ A.T + B @ B.T
    np.testing.assert_allclose(got.covariance, right, atol=1e-11)


def test_the_first_order_stochastic_step_is_of_weak_order_one_on_a_mixture():
    low, high = -6.0, 6.0
    points = np.linspace(-2.5, 2.5, 41)
    exact = np.exp(diffusion.diffused(VP, LINE, 0.1).log_density(points[:, None]))
    start = diffusion.diffused(VP, LINE, 0.6)
    errors = []
    for n in (8, 16):
        times = VP.time_at(np.linspace(VP.log_snr(0.6), VP.log_snr(0.1), n + 1))
        step = diffusion.sde_dpm_multistep(VP, LINE, 1)
        got = laws.sampler_density(step, start, times, points, low, high)
        errors.append(np.abs(got - exact).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("name", ["2M", "3M", "4", "LMS", "PLMS"])
def test_the_last_step_to_no_noise_is_the_data_prediction_or_the_methods_own(name):
    step = MULTISTEP[name](VP, LAW)
    end = [*TIMES, 0.0]
    before = step.start(X, TIMES[0])
    for t, s in zip(TIMES[:-1], TIMES[1:]):
        before = step.advance(before, t, s)
    got = diffusion.sample(step, X, end)
    data = step.denoised(before[0], TIMES[-1])
    if name in ("LMS", "PLMS"):  # σ/α = 0 is a usual end for a polynomial in σ/α
        assert np.abs(got - data).max() > 1e-5
    else:
        np.testing.assert_allclose(got, data, rtol=1e-12)
    last = {"LMS": diffusion.adams_bashforth, "PLMS": diffusion.plms}
    make = last.get(name, diffusion.dpm_multistep)
    lowered = make(VP, LAW, final=0.0)
    state = lowered.advance((before[0], *before[1 : 1 + lowered.memory]), TIMES[-1], 0.0)
    np.testing.assert_allclose(state[0], data, rtol=1e-12)


def test_a_final_time_lowers_the_order_of_the_step_that_arrives_there():
    plain, lowered = (diffusion.dpm_multistep(VP, LAW, final=f) for f in (None, TIMES[-1]))
    before = diffusion.sample(plain, X, TIMES[:-1])
    got = diffusion.sample(lowered, X, TIMES)
    np.testing.assert_allclose(got, diffusion.exponential(VP, LAW)(before, *TIMES[-2:]))
    assert np.abs(got - diffusion.sample(plain, X, TIMES)).max() > 1e-4


def test_flow_matching_starts_from_pure_noise_for_laws_and_networks_of_the_velocity():
    straight = processes.Straight()

    def velocity(x, u):  # noise at u = 0, data at 1, exact
        return -diffusion.flow_matching(straight, LAW).predicted(1 - u, "flow")(x)

    network = diffusion.predictions(straight, diffusion.from_noise_first(velocity), "flow")
    for make in (
        lambda q: diffusion.flow_matching(straight, q, "rk4"),
        lambda q: diffusion.dpm_multistep(straight, q),
        lambda q: diffusion.dpm_solver(straight, q, 2, prediction="data"),
    ):
        by_law, by_network = (
            diffusion.sample(make(q), X, [1.0, 0.7, 0.3, 0.05]) for q in (LAW, network)
        )
        np.testing.assert_allclose(by_network, by_law, rtol=1e-9)
    step = diffusion.flow_matching(straight, LAW)
    np.testing.assert_allclose(step(X, 1.0, 0.6), X + 0.4 * (LAW.mean - X))
    with pytest.raises(ValueError, match="alpha"):
        diffusion.edm(straight, LAW)(X, 1.0, 0.5)
    with pytest.raises(ValueError, match="alpha above 0"):
        diffusion.plms(straight, LAW)(X, 1.0, 0.5)
    with pytest.raises(ValueError, match="fixes"):  # scores say nothing of the data there
        diffusion.exponential(straight, lambda t: lambda x: -x)(X, 1.0, 0.5)


@pytest.mark.parametrize(("wrong", "match"), [
    (lambda: diffusion.dpm_solver(VP, LAW, 4), "order must be at most 3"),
    (lambda: diffusion.dpm_solver(VP, LAW, 3, ratio=0.5), "ratio must be left out"),
    (lambda: diffusion.dpm_solver(VP, LAW, 2, ratio=1.5), "ratio must lie in"),
    (lambda: diffusion.dpm_multistep(VP, LAW, 4), "order must be at most 3"),
    (lambda: diffusion.dpm_multistep(VP, LAW, prediction="score"), "prediction must be one of"),
    (lambda: diffusion.dpm_multistep(VP, LAW, start="cold"), "start must be one of"),
    (lambda: diffusion.dpm_multistep(VP, LAW, final=2.0), "final must lie in"),
    (lambda: diffusion.edm(VP, LAW, churn=1.0), "n_steps must be given"),
    (lambda: diffusion.edm(VP, LAW, method="rk4"), "method must be one of"),
    (lambda: diffusion.edm(processes.EDM(1.0), LAW, churn=9.0, n_steps=9)(X, 0.9, 0.5, X),
     "churn_max must be at most"),
    (lambda: diffusion.exponential(VP, LAW)(X, 0.3, 0.3), "s must be before t"),
    (lambda: diffusion.exponential(VP, LAW)(X, 0.3, 0.1, X), "noise must be None"),
    (lambda: diffusion.sde_dpm_multistep(VP, LAW)(X, 0.3, 0.1), "noise must be given"),
    (lambda: diffusion.sde_dpm_multistep(VP, LAW).advance((X,), 0.3, 0.1, X[:2]), "shape of x"),
    (lambda: diffusion.exponential(object(), LAW), "process must offer"),
])  # fmt: skip
def test_bad_input_is_named(wrong, match):
    with pytest.raises((ValueError, TypeError), match=match):
        wrong()

"""Samplers at their limits: α near 0, the last steps, tables, groups, and what is refused."""

import numpy as np
import pytest

from refscore import diffusion, distributions, laws, processes
from refscore.diffusion import sampling
from refscore.diffusion._denoiser import MixtureDenoiser
from refscore.distributions._components import components_of

VP, STRAIGHT, EDM = processes.VP(), processes.Straight(), processes.EDM()
MIXTURE = distributions.GaussianMixture(
    [0.3, 0.7], [[1.0, -0.5], [-1.5, 0.6]], [[[0.3, 0.1], [0.1, 0.2]], [[0.5, 0.0], [0.0, 0.8]]]
)
LINE = distributions.GaussianMixture([0.3, 0.7], [[-2.0], [1.0]], [0.2, 0.5])
X = np.array([[0.3, -1.2], [2.0, 0.4], [-0.7, 0.9], [0.1, 0.2]])
Z = np.array([X[::-1], X * [1.0, -1.0]])


@pytest.mark.parametrize("ratio", [0.3, None, 1.0])
def test_the_stochastic_solver_from_pure_noise_is_the_limit(ratio):
    """α_s E[X_0] + σ_s z of one noise, whatever x is; both stages for r = 1."""
    step = diffusion.sde_dpm_solver(STRAIGHT, MIXTURE, ratio=ratio)
    got, near = step(X, 1.0, 0.4, Z), step(X, 1 - 1e-12, 0.4, Z)
    assert np.allclose(got, near, atol=1e-3)
    assert np.array_equal(got, step(X + 5, 1.0, 0.4, Z))
    if ratio != 1:
        assert np.allclose(got, 0.6 * MIXTURE.mean + 0.4 * Z[1], rtol=1e-13)


LAWS = {
    "full": MIXTURE,
    "one": distributions.Gaussian([0.7, -1.1], [[0.9, 0.4], [0.4, 0.5]]),
    "diagonal": distributions.GaussianMixture([0.5, 0.5], [[1, 0.2], [-1, 2]], [[0.4, 1], [2, 0]]),
    "shared": distributions.GaussianMixture([0.2, 0.8], [[1, 0.2], [-1, 2]], [0.3, 0.3]),
    "points": distributions.Empirical(X),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("alpha", "sigma"), [(0.9, 0.6), (0.2, 3.0)])
def test_the_denoiser_is_tweedies(name, alpha, sigma):
    x = sigma * Z
    tweedie = (x + sigma**2 * LAWS[name].diffuse(alpha, sigma).score(x)) / alpha
    held = components_of(LAWS[name])
    assert np.allclose(MixtureDenoiser(held, alpha, sigma)(x), tweedie, rtol=1e-11)


@pytest.mark.parametrize("name", LAWS)
def test_no_digits_are_lost_where_little_of_the_data_is_left(name):
    """x' is smooth in t down to α = 0; ε/α would be 1e-4 here."""
    law, t = LAWS[name], 1 - 2.0**-40
    for step in (diffusion.exponential(STRAIGHT, law), diffusion.dpm_multistep(STRAIGHT, law)):
        slope = (step(X, 1 - 2.0**-20, 0.4) - step(X, 1.0, 0.4)) * 2.0**-20
        assert np.allclose(step(X, t, 0.4) - step(X, 1.0, 0.4), slope, atol=1e-14)
    denoised = diffusion.exponential(STRAIGHT, law).denoised(X, t)
    assert np.allclose(denoised, law.mean, atol=1e-10)


FINAL = {
    "2M": lambda **k: diffusion.dpm_multistep(VP, MIXTURE, 2, start="singlestep", **k),
    "3M": lambda **k: diffusion.dpm_multistep(VP, MIXTURE, 3, start="singlestep", **k),
    "LMS": lambda **k: diffusion.adams_bashforth(VP, MIXTURE, 4, start="singlestep", **k),
    "PLMS": lambda **k: diffusion.plms(VP, MIXTURE, **k),
}


@pytest.mark.parametrize("name", FINAL)
@pytest.mark.parametrize("times", [[0.9, 0.2], [0.9, 0.5, 0.2]], ids=len)
def test_final_is_first_order_also_while_the_method_starts(name, times):
    *_, before, got = diffusion.sample(FINAL[name](final=0.2), X, times, trajectory=True)
    first = diffusion.exponential(VP, MIXTURE)(before, *times[-2:])
    assert np.allclose(got, first, rtol=1e-12)
    if len(times) == 2:
        assert not np.allclose(diffusion.sample(FINAL[name](), X, times), first, rtol=1e-3)


@pytest.mark.parametrize(("t", "s"), [(1 - 1e-8, 0.4), (1 - 1e-9, 0.93), (1 - 1e-6, 0.05)])
def test_full_eta_is_never_refused(t, s):
    step = diffusion.ddim(STRAIGHT, MIXTURE, 1.0)
    assert np.allclose(step(X, t, s, Z[0]), diffusion.ancestral(STRAIGHT, MIXTURE)(X, t, s, Z[0]))
    with pytest.raises(ValueError, match=r"eta must be at most 1.* to s = .*, got 1.1"):
        diffusion.ddim(STRAIGHT, MIXTURE, 1.1)(X, t, s, Z[0])


def test_weights_in_time_are_integrals_across_the_kinks_of_a_table():
    """∫ θ^k dρ by Gauss' rule between the levels, and with the noise that starts like √t."""
    table = processes.discrete_schedule("scaled_linear", 40).process()
    for process, t, s, cuts in (
        (table, 0.93, 0.012, np.append(np.arange(1, 38) / 40, 0.93)),
        (VP, 1.0, 0.0, 2.0 ** np.arange(-50, 1)),
        (processes.SubVP(), 1.0, 0.004, 2.0 ** np.arange(-7, 1)),
    ):
        edges, (node, weight) = np.unique([s, *cuts]), np.polynomial.legendre.leggauss(30)
        half = np.diff(edges) / 2
        u = edges[:-1] + half * (node[:, None] + 1)
        rho, end, start = (np.divide(*process.marginal(v)[::-1]) for v in (u, s, t))
        part = (rho - end) / (start - end) * half * weight[:, None] / (t - s)
        wanted = [1, *((part * k * ((t - u) / (t - s)) ** (k - 1)).sum() for k in (1, 2, 3))]
        step = diffusion.adams_bashforth(process, MIXTURE, variable="time")
        assert np.allclose(step._moments(4, t, s), wanted, rtol=0, atol=3e-15)


def test_one_full_group_is_the_first_of_more(monkeypatch):
    step = diffusion.euler_maruyama(VP, MIXTURE)
    monkeypatch.setattr(sampling, "GROUP", 4)
    one, more, most = (diffusion.sample(step, X[:n], [0.9, 0.5, 0.2], rng=3) for n in (2, 3, 4))
    assert np.array_equal(one, most[:2])
    assert np.array_equal(more[:2], one)
    assert not np.allclose(most[2:], diffusion.sample(step, X[2:], [0.9, 0.5, 0.2], rng=3))


def test_no_step_with_the_noise_of_none():
    step = diffusion.ancestral(VP, MIXTURE)
    assert np.array_equal(diffusion.sample(step, X, [0.5], noise=np.zeros((0, 4, 2))), X)


def test_the_law_must_stay_in_the_interval_to_the_end():
    """After the last noise, and for samplers without any; a score of NaN is no density of 0."""
    start, flow = distributions.Gaussian([0.0], [[1.0]]), diffusion.flow_euler(VP, LINE)
    shrunk, step = distributions.Gaussian([0.0], [[1e-3]]), diffusion.euler_maruyama(VP, LINE)
    assert laws.sampler_density(flow, start, [1, 0.5], [0.0], -9, 9) > 0.3
    for bad, law, times, low, high in ((flow, start, [1, 0.5], -0.5, 0.5),
                                       (flow, start, [1], -0.5, 0.5),
                                       (step, shrunk, [1, 0.9], -2, 2)):  # fmt: skip
        with pytest.raises(ValueError, match="low and high must hold the whole law"):
            laws.sampler_density(bad, law, times, [0.0], low, high)
    nothing = diffusion.flow_euler(VP, lambda t: lambda x: x * np.nan)
    with pytest.raises(ValueError, match="step must be finite .* from t = 0.9 to 0.5"):
        laws.sampler_density(nothing, start, [0.9, 0.5], [0.0], -9, 9)


STEPS = {
    "ancestral": diffusion.ancestral,
    "exponential": diffusion.exponential,
    "multistep": diffusion.dpm_multistep,
}


@pytest.mark.parametrize("name", STEPS)
def test_predictions_of_a_wrong_shape_or_process_are_refused(name):
    for wrong in (lambda y: y[:1], lambda y: 1.0, lambda y: y[:, :1]):
        step = STEPS[name](VP, diffusion.predictions(VP, lambda t: wrong, "noise"))  # noqa: B023
        with pytest.raises(ValueError, match="noise prediction at time 0.9 must have the shape"):
            diffusion.sample(step, X, [0.9, 0.4], **({"rng": 0} if step.noises else {}))
    network = diffusion.predictions(EDM, lambda t: lambda y: y, "noise")
    for scores in (network, diffusion.ladder_scores(EDM, network)):
        with pytest.raises(ValueError, match="score_at must be of the same process: it is of EDM"):
            STEPS[name](VP, scores)
    STEPS[name](processes.VP(), diffusion.predictions(VP, lambda t: lambda y: y, "noise"))


def test_functions_of_points_serve_ladders_and_are_checked_in_networks():
    class Ladder:
        def at(self, sigma):
            return lambda y: -y / (1 + sigma**2)

    at = float(VP.marginal(0.4)[0]), float(VP.marginal(0.4)[1])
    got = diffusion.ladder_scores(VP, Ladder()).at(0.4)(X)
    assert np.allclose(got, -X / (at[0] ** 2 + at[1] ** 2), rtol=1e-13)
    with pytest.raises(ValueError, match="the network at time 1.3 must have the shape of x"):
        diffusion.edm_denoiser(lambda y, label: y[:1], 0.5)(1.3)(X)


def test_messages_name_the_argument_and_the_place():
    wide, times = distributions.Gaussian(np.zeros(3), np.eye(3)), [0.9, 0.4, 0.0]
    singular = distributions.Gaussian([0.0, 1.0], [[1.0, 0.0], [0.0, 0.0]])
    euler, heun = diffusion.flow_euler, diffusion.flow_heun
    refused = [
        (lambda: euler(VP, lambda x, t: -x), TypeError, "score_at must be a function of t alone"),
        (lambda: euler(VP, lambda t: X)(X, 0.9, 0.4), TypeError, "at time 0.9 must be a function"),
        (lambda: euler(VP, lambda t: None)(X, 0.9, 0.4), TypeError, "got NoneType"),
        (lambda: diffusion.sample(euler(VP, wide), X, times), ValueError, r"x_T .*\.\.\., 3"),
        (lambda: diffusion.sample(heun(VP, singular), X, times), ValueError,
         "covariance must .*at step 2, from t = 0.4 to 0"),
        (lambda: diffusion.sample(heun(VP, MIXTURE), X * 8e307, times), ValueError, "at step 1"),
        (lambda: laws.sampler_law(euler(VP, wide), np.zeros(2), np.eye(2), times), ValueError,
         r"mean must have shape \(3\)"),
        (lambda: laws.sampler_law(euler(VP, MIXTURE), np.zeros(2), np.eye(3), times), ValueError,
         "covariance must have shape"),
        (lambda: laws.sampler_density(euler(VP, wide), LINE, times, [0.0], -9, 9), ValueError,
         "its law has dimension 3"),
        (lambda: laws.sampler_density(euler(VP, LINE), wide, times, [0.0], -9, 9), ValueError,
         "start must be a law on the line"),
    ]  # fmt: skip
    for call, kind, message in refused:
        with pytest.raises(kind, match=message):
            call()

"""The probability flow: exact on Gaussians, by the solver on mixtures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from refscore import diffusion
from refscore.distributions import Gaussian, GaussianMixture, StudentT
from refscore.fields import Family
from refscore.processes import VE, VP

PROCESSES = [VP(), VE(0.05, 8.0), VE(0.05, 8.0, exact=True)]
GAUSSIAN = Gaussian(np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]]))
MIXTURE = GaussianMixture(
    np.array([0.3, 0.7]),
    np.array([[-2.0, 0.5], [1.0, -1.0]]),
    np.array([[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.2], [-0.2, 1.5]]]),
)

SINGULAR = Gaussian([0.0, 0.0], [[0.01, 0.07], [0.07, 0.49]])


def spread(process, t, S=GAUSSIAN.covariance):
    alpha, sigma = process.marginal(t)
    return alpha**2 * S + sigma**2 * np.eye(len(S))


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
@settings(max_examples=15, deadline=None)
def test_the_flow_map_is_the_formula_and_carries_the_marginals(process, s, t):
    flow = diffusion.flow_map(GAUSSIAN, process, s, t)
    S_s, S_t = spread(process, s), spread(process, t)
    matrix = np.real(sqrtm(S_t) @ np.linalg.inv(sqrtm(S_s)))
    np.testing.assert_allclose(flow.matrix, matrix, rtol=1e-7, atol=1e-9 * np.abs(matrix).max())
    np.testing.assert_allclose(
        flow.matrix @ S_s @ flow.matrix.T, S_t, rtol=1e-9, atol=1e-10 * np.abs(S_t).max()
    )
    np.testing.assert_allclose(
        flow(process.marginal(s)[0] * GAUSSIAN.mean), process.marginal(t)[0] * GAUSSIAN.mean
    )
    assert flow.log_det == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_flow_maps_compose_and_invert(process):
    x = GAUSSIAN.sample(6, rng=0).reshape(2, 3, 2)
    a, b = 0.1, 0.9
    there = diffusion.flow_map(GAUSSIAN, process, a, b)(x)
    half = diffusion.flow_map(GAUSSIAN, process, a, 0.4)(x)
    np.testing.assert_allclose(diffusion.flow_map(GAUSSIAN, process, 0.4, b)(half), there)
    np.testing.assert_allclose(diffusion.flow_map(GAUSSIAN, process, b, a)(there), x)
    np.testing.assert_allclose(diffusion.flow_map(GAUSSIAN, process, a, a)(x), x, atol=1e-14)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
@given(st.floats(0.02, 0.98), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_the_velocity_is_the_time_derivative_of_the_flow_map(process, t, seed):
    x = np.random.default_rng(seed).normal(size=(4, 2))
    velocity = diffusion.flow_velocity(process, GAUSSIAN)(x, t)
    h, rates = 1e-3, []
    for k in (1, 2, 3):
        ends = [diffusion.flow_map(GAUSSIAN, process, t, t + e * k * h)(x) for e in (1, -1)]
        rates.append((ends[0] - ends[1]) / (2 * k * h))
    rate = 1.5 * rates[0] - 0.6 * rates[1] + 0.1 * rates[2]
    np.testing.assert_allclose(velocity, rate, rtol=1e-6, atol=1e-7 * (1 + np.abs(rate).max()))


def test_law_family_and_function_of_time_give_one_velocity():
    process, x = VP(), GAUSSIAN.sample(3, rng=0)
    expected = diffusion.flow_velocity(process, MIXTURE)(x, 0.4)
    score = MIXTURE.diffuse(*map(float, process.marginal(0.4))).score
    by_hand = -0.5 * process.beta(0.4) * (x + score(x))
    np.testing.assert_allclose(expected, by_hand, rtol=1e-12)
    at = lambda t: MIXTURE.diffuse(*map(float, process.marginal(t))).score  # noqa: E731
    for given_as in (at, Family(at)):
        np.testing.assert_array_equal(diffusion.flow_velocity(process, given_as)(x, 0.4), expected)


@pytest.mark.parametrize("lead", [(), (3,), (2, 2), (0,)])
def test_the_velocity_is_rowwise(lead):
    x = np.random.default_rng(0).normal(size=(*lead, 2))
    velocity = diffusion.flow_velocity(VP(), MIXTURE)
    found = velocity(x, 0.3)
    assert found.shape == x.shape
    for i in np.ndindex(lead):
        np.testing.assert_allclose(found[i], velocity(x[i], 0.3), rtol=1e-12)


def fixed_steps(slope, x, s, t, n, stages):
    """Euler (1), midpoint (2) or classical Runge-Kutta (4) with n steps."""
    h = (t - s) / n
    for u in s + h * np.arange(n):
        k1 = slope(x, u)
        if stages == 1:
            x = x + h * k1
        elif stages == 2:
            x = x + h * slope(x + h / 2 * k1, u + h / 2)
        else:
            k2 = slope(x + h / 2 * k1, u + h / 2)
            k3 = slope(x + h / 2 * k2, u + h / 2)
            k4 = slope(x + h * k3, min(u + h, max(s, t)))
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


@pytest.mark.parametrize(("order", "n"), [(1, 256), (2, 64), (4, 32)])
def test_solvers_reach_the_exact_map_at_their_order(order, n):
    process, x = VP(0.5, 4.0), GAUSSIAN.sample(20, rng=1)
    exact = diffusion.flow_map(GAUSSIAN, process, 0.0, 1.0)(x)
    slope = diffusion.flow_velocity(process, GAUSSIAN)
    errors = [np.abs(fixed_steps(slope, x, 0.0, 1.0, m, order) - exact).max() for m in (n, 2 * n)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.4)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_encode_and_decode_reach_the_exact_map(process):
    x = GAUSSIAN.sample(3, rng=2)
    start = 1e-3
    encoded = diffusion.encode(process, GAUSSIAN, x, start=start)
    exact = diffusion.flow_map(GAUSSIAN, process, start, 1.0)(x)
    np.testing.assert_allclose(encoded, exact, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        diffusion.decode(process, GAUSSIAN, exact, start=start), x, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_encode_then_decode_is_the_identity_on_a_mixture(process):
    x = MIXTURE.sample(3, rng=3)
    there = diffusion.encode(process, MIXTURE, x, rtol=1e-9, atol=1e-9)
    back = diffusion.decode(process, MIXTURE, there, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(back, x, atol=2e-6)
    assert np.abs(there - x).max() > 0.1


def test_in_one_dimension_the_flow_keeps_the_quantiles_of_a_mixture():
    """The only increasing map between the marginals: F_T(x_T) = F_0(x_0)."""
    from scipy.special import ndtr

    process = VP()
    w, m, v = np.array([0.6, 0.4]), np.array([2.0, -2.0]), np.array([0.25, 0.5])
    law = GaussianMixture(w, m[:, None], v[:, None, None])

    def cdf(x, t):
        alpha, sigma = process.marginal(t)
        return ndtr((x - alpha * m) / np.sqrt(alpha**2 * v + sigma**2)) @ w

    x = np.array([[-2.5], [0.3], [1.7]])
    ends = diffusion.encode(process, law, x, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(cdf(ends, 1.0), cdf(x, 0.0), atol=1e-8)


def test_one_sample_does_not_depend_on_its_batch():
    """To rounding, at a tolerance that any sharing of steps would show."""
    x = np.vstack([MIXTURE.sample(2, rng=4), [[40.0, -60.0]]])
    together = diffusion.encode(VP(), MIXTURE, x, rtol=1e-4, atol=1e-4)
    for row, found in zip(x, together, strict=True):
        alone = diffusion.encode(VP(), MIXTURE, row, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(alone, found, rtol=1e-11)


def test_diffused_is_the_marginal_law():
    law = diffusion.diffused(VP(), GAUSSIAN, 0.3)
    np.testing.assert_allclose(law.covariance, spread(VP(), 0.3), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: diffusion.flow_map(MIXTURE, VP(), 0, 1), TypeError, "encode"),
        (lambda: diffusion.flow_map(StudentT([0.0], [[1.0]], 5.0), VP(), 0, 1), TypeError, "Gaus"),
        (lambda: diffusion.flow_map(GAUSSIAN, VP(), 0, 1.5), ValueError, r"t must lie in \[0, 1\]"),
        (lambda: diffusion.flow_velocity(VP(), 3.0), TypeError, "score_at"),
        (
            lambda: diffusion.flow_velocity(VP(), GAUSSIAN)(np.ones((2, 2)), [0.1, 0.2]),
            ValueError,
            "one time",
        ),
        (lambda: diffusion.encode(VP(), GAUSSIAN, [[np.inf, 0]]), ValueError, "x must be finite"),
        (lambda: diffusion.encode(VP(), GAUSSIAN, [0.0, 0], rtol=0.0), ValueError, "rtol"),
        (lambda: diffusion.encode(VP(), GAUSSIAN, np.ones((2, 3))), ValueError, "shape"),
        (lambda: diffusion.encode(VP(), GAUSSIAN, [0.0, 0], method="foo"), ValueError, "^method"),
        (lambda: diffusion.flow_map(SINGULAR, VP(), 0, 1), ValueError, "law.*time s = 0"),
        (lambda: diffusion.flow_map(SINGULAR, VP(), 1, 0), ValueError, "law.*time t = 0"),
        (lambda: diffusion.flow_map(SINGULAR, VE(exact=True), 0, 1), ValueError, "law.*s = 0"),
        (
            lambda: diffusion.gaussian_log_likelihood(SINGULAR, VP(), [0.0, 0.0]),
            ValueError,
            "law.*time s = 0",
        ),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("d", [2, 3, 5])
def test_a_singular_gaussian_flows_between_times_at_which_it_is_not(d):
    v = np.random.default_rng(d).standard_normal(d)
    law = Gaussian(np.zeros(d), np.outer(v, v))
    for start in (1e-4, 0.1):
        flow = diffusion.flow_map(law, VP(), start, 1.0)
        S, T = (diffusion.diffused(VP(), law, t).covariance for t in (start, 1.0))
        np.testing.assert_allclose(flow.matrix @ S @ flow.matrix.T, T, rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="law.*time s = 0"):
        diffusion.flow_map(law, VP(), 0.0, 1.0)


def test_a_badly_scaled_gaussian_is_not_taken_for_a_singular_one():
    flow = diffusion.flow_map(Gaussian([0.0, 0.0], [1e-200, 1.0]), VE(), 0.0, 1.0)
    assert np.isfinite(flow.matrix).all()
    flow = diffusion.flow_map(Gaussian([0.0, 0.0], [1e-20, 1.0]), VP(), 0.0, 1.0)
    sigma = VP().marginal(1.0)[1]
    np.testing.assert_allclose(np.diag(flow.matrix), [sigma * 1e10, 1.0], rtol=1e-12)


def test_the_velocity_lets_no_function_into_the_callers_array():
    x = np.array([[1.0, 2.0]])

    def score(y):
        y *= -1
        return y

    velocity = diffusion.flow_velocity(VE(), lambda t: score)
    np.testing.assert_allclose(velocity(x, 0.5), 0.5 * VE().diffusion(0.5) ** 2 * x)
    np.testing.assert_array_equal(x, [[1.0, 2.0]])


def test_velocities_overflow_without_a_warning():
    assert diffusion.flow_velocity(VP(), lambda t: lambda x: 0 * x)([1e308], 1.0) == -np.inf

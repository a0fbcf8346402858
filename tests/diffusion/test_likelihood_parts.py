"""Likelihoods by the flow in parts: the solver, probes and their error, priors, cut-offs, bits."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from refscore import diffusion, traces
from refscore.distributions import Empirical, Gaussian, GaussianMixture
from refscore.processes import (
    EDM,
    VE,
    VP,
    Straight,
    discrete_schedule,
    from_betas,
    zero_terminal_snr,
)

GAUSSIAN = Gaussian([1.0, -2.0], [[2.0, 0.6], [0.6, 0.5]])
FULL = GaussianMixture(
    [0.3, 0.5, 0.2],
    [[-2.0, 0.5], [1.0, -1.0], [0.4, 2.0]],
    [[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.2], [-0.2, 1.5]], [[1.0, 0.4], [0.4, 0.5]]],
)
DIAGONAL = GaussianMixture([0.6, 0.4], FULL.means[:2], [[0.2, 1.0], [0.7, 0.3]])
ROUND = GaussianMixture([0.6, 0.4], FULL.means[:2], [0.3, 0.3])
LAWS = [GAUSSIAN, FULL, DIAGONAL, ROUND, Empirical([[0.0, 1.0], [2.0, -1.0], [1.0, 1.0]], 0.4)]
X = np.array([[0.5, -1.5], [-2.0, 1.0], [3.0, 0.2], [0.1, 0.1]])


def by_fields(process, law):
    """The same score, of which only a function of time is known."""
    return lambda t: diffusion.diffused(process, law, t).score


@pytest.mark.parametrize("law", LAWS, ids=lambda law: repr(law)[:25])
@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_every_row_takes_scipys_steps(law, method):
    process, options = VP(), {"method": method, "rtol": 1e-4, "atol": 1e-5}
    found = diffusion.likelihood(process, law, X[:2], **options)
    score_at, terminal = by_fields(process, law), diffusion.diffused(process, law, 1.0)

    def slope(t, y):
        t, x = min(max(t, 0.0), 1.0), y[:2]
        f, half, s = process.drift_rate(t), 0.5 * process.diffusion(t) ** 2, score_at(t)
        return np.append(f * x - half * s(x), 2 * f - half * s.divergence(x))

    for i, x in enumerate(X[:2]):
        solution = solve_ivp(slope, (0, 1), [*x, 0.0], **options)
        end = solution.y[:, -1]
        np.testing.assert_allclose(found.end_points[i], end[:2], rtol=1e-8, atol=1e-10)
        exact = terminal.log_density(end[:2]) + end[2]
        assert found.log_density[i] == pytest.approx(exact, rel=1e-8)
        assert abs(found.evaluations[i] - solution.nfev) <= 1


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_scipys_other_methods_are_kept(method):
    found = diffusion.log_likelihood(VP(), FULL, X[:1], method=method, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found, FULL.log_density(X[:1]), atol=1e-3)


@pytest.mark.parametrize("process", [VP(), VE(0.05, 8.0, exact=True)], ids=repr)
def test_closed_forms_are_those_of_the_fields(process):
    """All points at once, and a call of the score for each: the same numbers, probes too."""
    options = {"rtol": 1e-5, "atol": 1e-5}
    v = np.random.default_rng(0).standard_normal((2, 3, 2))
    end = diffusion.diffused(process, FULL, 1.0).log_density
    for probes in (None, v):
        fast = diffusion.likelihood(process, FULL, X[:2], probes=probes, **options)
        slow = diffusion.likelihood(
            process, by_fields(process, FULL), X[:2], probes=probes, terminal=end, **options
        )
        np.testing.assert_allclose(fast.log_density, slow.log_density, rtol=1e-7)
        np.testing.assert_allclose(fast.end_points, slow.end_points, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(fast.standard_error, slow.standard_error.round(12) * 0) if (
            probes is None
        ) else np.testing.assert_allclose(fast.standard_error, slow.standard_error, rtol=1e-5)


@pytest.mark.parametrize("process", [Straight(), EDM(20.0)], ids=repr)
def test_the_flow_is_followed_to_where_nothing_of_the_data_is_left(process):
    """α = 0 at the end of straight paths: nothing is divided by it."""
    found = diffusion.log_likelihood(process, FULL, X)
    np.testing.assert_allclose(found, FULL.log_density(X), atol=2e-6)
    there = diffusion.encode(process, FULL, X)
    np.testing.assert_allclose(diffusion.decode(process, FULL, there), X, atol=2e-6)
    v = np.random.default_rng(0).standard_normal((4, 2, 2))
    found = diffusion.log_likelihood(process, GAUSSIAN, X, probes=v)
    spread = GAUSSIAN.covariance
    alpha, sigma = map(float, process.marginal(process.final_time))
    values, E = np.linalg.eigh(spread)
    A = E * (0.5 * np.log((alpha**2 * values + sigma**2) / values)) @ E.T
    exact = GAUSSIAN.log_density(X) - np.trace(A) + np.einsum("nmi,ij,nmj->n", v, A, v) / 2
    np.testing.assert_allclose(found, exact, atol=1e-5)


@pytest.mark.parametrize(("law", "factor"), [(DIAGONAL, 1e3), (ROUND, 1e5), (GAUSSIAN, 1e8)])
def test_far_points_keep_their_likelihood(law, factor):
    x = factor * X[:2]
    found = diffusion.log_likelihood(VP(), law, x, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found, law.log_density(x), rtol=1e-4)


def test_a_tolerance_below_the_rounding_is_refused(monkeypatch):
    from refscore.ode import _columns

    monkeypatch.setattr(_columns, "STEPS", 30)
    with pytest.raises(ValueError, match="30 steps do not suffice"):
        diffusion.log_likelihood(VP(), FULL, X[:1], method="RK23")


def test_one_far_row_takes_no_answer_from_the_others(monkeypatch):
    """A stiff point is named, Radau suggested, and the error carries what the others are."""
    from refscore.ode import _columns

    monkeypatch.setattr(_columns, "STEPS", 60)
    law = GaussianMixture([0.5, 0.5], np.zeros((2, 2)), [np.diag([1, 0.5]), np.diag([0.3, 2.0])])
    x = np.array([[0.0, 0.0], [7e3, 7e3], [1.0, 0.2]])
    with pytest.raises(ValueError, match=r"row 1 \(1 of 3 rows\): 60 steps .*Radau") as raised:
        diffusion.log_likelihood(VP(), law, x)
    found = raised.value.finished
    right = law.log_density(x[::2])
    np.testing.assert_allclose(found.log_density[::2], right, rtol=1e-6)
    for part in (found.log_density, found.standard_error, found.end_points[:, 0]):
        np.testing.assert_array_equal(np.isnan(part), [False, True, False])


@pytest.mark.parametrize("method", ["DOP853", "Radau"])
def test_a_score_that_breaks_off_breaks_its_own_row_alone(method):
    def score_at(t):
        return lambda x: np.where(x > 3, np.nan, -x)

    x = np.array([[0.0], [7.0], [1.0]])
    with pytest.raises(ValueError, match=r"row 1 \(1 of 3 rows\): the score at time 0") as raised:
        diffusion.encode(VP(), score_at, x, method=method)
    np.testing.assert_allclose(raised.value.finished, [[0.0], [np.nan], [1.0]], rtol=1e-9)


def test_the_standard_error_is_that_of_the_probes():
    process, probes = VP(), np.random.default_rng(1).standard_normal((4, 500, 2))
    found = diffusion.likelihood(process, GAUSSIAN, X, probes=probes, rtol=1e-5, atol=1e-5)
    generator = diffusion.flow_map(GAUSSIAN, process, 0.0, 1.0).generator
    forms = np.einsum("nmi,ij,nmj->nm", probes, generator, probes)  # what each probe finds
    np.testing.assert_allclose(found.standard_error, forms.std(1, ddof=1) / 500**0.5, rtol=1e-3)
    exact = np.sqrt(traces.variance(generator, "gaussian") / 500)
    apart = (found.log_density - GAUSSIAN.log_density(X)) / exact
    assert np.abs(apart).max() < 5
    each = diffusion.likelihood(process, GAUSSIAN, X[:1], probes=probes[:1, :3], rtol=1e-6)
    alone = [
        diffusion.likelihood(process, GAUSSIAN, X[:1], probes=probes[:1, [j]], rtol=1e-6).volume[0]
        for j in range(3)
    ]
    assert each.volume[0] == pytest.approx(np.mean(alone), abs=1e-5)
    assert each.standard_error[0] == pytest.approx(np.std(alone, ddof=1) / np.sqrt(3), abs=1e-5)


def test_probes_are_drawn_once_by_the_generator():
    options = {"n_probes": 2, "probe": "gaussian", "rtol": 1e-4, "atol": 1e-4}
    found = diffusion.likelihood(VP(), FULL, X, rng=3, **options)
    drawn = traces.draw_probes((4, 2, 2), "gaussian", rng=3)
    given = diffusion.likelihood(VP(), FULL, X, probes=drawn, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(found.log_density, given.log_density)
    assert np.isnan(diffusion.likelihood(VP(), FULL, X, rng=3).standard_error).all()
    assert (diffusion.likelihood(VP(), FULL, X).standard_error == 0).all()


def test_the_parts_add_up_and_the_errors_are_what_is_missed():
    process, start = VP(), 0.02
    normal = Gaussian(np.zeros(2), np.eye(2)).log_density
    found = diffusion.likelihood(process, FULL, X, start=start, terminal=normal)
    np.testing.assert_array_equal(found.log_density, found.log_terminal + found.volume)
    errors = diffusion.likelihood_errors(process, FULL, X, start=start)
    missed = found.log_density - FULL.log_density(X)
    np.testing.assert_allclose(errors.cut_off + errors.prior_mismatch, missed, atol=1e-6)
    assert np.abs(errors.cut_off).max() > 0.01 > 1e-3 > np.abs(errors.prior_mismatch).max() > 1e-6


def test_what_the_usual_cut_off_costs():
    """s² = 0.25 at 0, VP: the density at 1e-3 is 1.5e-4 nats below that at 0."""
    errors = diffusion.likelihood_errors(VP(), Gaussian([0.0], [[0.25]]), [[0.0]], start=1e-3)
    assert errors.cut_off[0] == pytest.approx(-1.65e-4, rel=0.02)


def test_bits_per_dimension_bound_the_code_length_of_quantised_data():
    """With uniform noise the mean log density is at most the log of the bin's probability."""
    from scipy.special import ndtr

    width, edges = 0.5, np.arange(-4, 4, 0.5)
    law = Gaussian([0.2], [[0.3]])
    u = (np.arange(400) + 0.5) / 400 * width
    mean = law.log_density((edges[:, None] + u)[..., None]).mean(axis=1)
    bits = diffusion.bits_per_dimension(mean, 1, bin_width=width)
    z = lambda x: ndtr((x - 0.2) / np.sqrt(0.3))  # noqa: E731
    assert (bits >= -np.log2(z(edges + width) - z(edges)) - 1e-9).all()
    assert diffusion.bits_per_dimension(0.0, 3, bin_width=1 / 256) == pytest.approx(8)
    assert diffusion.bits_per_dimension(-3 * np.log(2), 3) == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 7, 3000])
def test_many_points_are_a_point_each(count):
    x = FULL.sample(count, rng=0)
    found = diffusion.log_likelihood(VP(), FULL, x, rtol=1e-3, atol=1e-3)
    for i in (0, count // 2, count - 1):
        alone = diffusion.log_likelihood(VP(), FULL, x[i], rtol=1e-3, atol=1e-3)
        assert found[i] == pytest.approx(float(alone), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: diffusion.likelihood(VP(), FULL, X, probes=np.ones((4, 1, 2)), rng=0), "probes"),
        (lambda: diffusion.likelihood(VP(), FULL, X, rng=0, n_probes=0), "n_probes"),
        (lambda: diffusion.bits_per_dimension(0.0, 3, bin_width=0.0), "bin_width"),
        (lambda: diffusion.encode(VP(), Empirical(X), X), "bandwidth"),
        (lambda: diffusion.encode(VP(), lambda t: lambda x: x * np.nan, X), "could not be integ"),
        (lambda: diffusion.encode(VP(), lambda t: lambda x: x if t < 0.5 else x * np.nan, X),
         "the score at time 0.5 is not finite"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("zero", [False, True])
def test_no_step_passes_the_levels_of_a_table(zero):
    """The rates of a table's process jump at its levels: 6e-5 was missed at 1e-8."""
    table = discrete_schedule("linear", 30)
    process = (from_betas(zero_terminal_snr(table.betas)) if zero else table).process()
    x = np.array([[0.4], [-1.3]])
    law = GaussianMixture([0.4, 0.6], [[-1.0], [1.2]], [[[0.1]], [[0.3]]])
    found = diffusion.likelihood(process, law, x)
    np.testing.assert_allclose(found.log_density, law.log_density(x), rtol=3e-8)
    assert found.evaluations.max() < 1500
    back = diffusion.decode(process, law, found.end_points)
    np.testing.assert_allclose(back, x, rtol=1e-7)
    level = float(table.times[7])
    ends = diffusion.encode(process, law, diffusion.encode(process, law, x, end=level), start=level)
    np.testing.assert_allclose(ends, found.end_points, rtol=1e-7)


def test_laws_of_reverse_equations_stop_at_the_levels_too():
    process, law = discrete_schedule("linear", 30).process(), GAUSSIAN
    end = diffusion.diffused(process, law, 0.9)
    found = diffusion.reverse_law(process, law, end.mean, end.covariance, end=0.9)
    np.testing.assert_allclose(found.covariance, law.covariance, rtol=1e-8)


def test_a_failing_row_does_not_stop_the_others_at_a_level():
    process, x = discrete_schedule("linear", 30).process(), np.array([[0.0], [7.0], [1.0]])

    def score_at(t):
        return lambda x: np.where((x > 1) & (t > 0.5), np.nan, -x)

    with pytest.raises(ValueError, match="row 1") as raised:
        diffusion.encode(process, score_at, x)
    np.testing.assert_allclose(raised.value.finished, [[0.0], [np.nan], [1.0]], rtol=1e-9)

"""What flows, likelihoods, divergences and guidance make of scores and terminals that are wrong."""

import math

import numpy as np
import pytest

from refscore import diffusion
from refscore.distributions import Gaussian, GaussianMixture
from refscore.processes import VP

P = VP()
LAW = Gaussian([1.0, -2.0], [[2.0, 0.6], [0.6, 0.5]])
MIXTURE = GaussianMixture([0.3, 0.7], [[-2.0, 0.5], [1.0, -1.0]], [0.4, 0.9])
X = np.array([[0.5, -1.5], [-2.0, 1.0], [3.0, 0.2], [0.1, 0.1], [1.0, 2.0]])
NOISE = np.zeros((1, 5, 2))

WRONG = {
    "column": (lambda x: -x[:, :1], ValueError, "the shape of x"),
    "first": (lambda x: -x[0], ValueError, "the shape of x"),
    "number": (lambda x: 0.0, ValueError, "the shape of x"),
    "wide": (lambda x: np.zeros((len(x), 3)), ValueError, "the shape of x"),
    "none": (lambda x: None, TypeError, "real numbers"),
    "complex": (lambda x: 1j * x, TypeError, "real numbers"),
}


def sampled(step):
    return diffusion.sample(step, X, [1.0, 0.5], noise=NOISE)


TAKES = {
    "encode": lambda s: diffusion.encode(P, s, X),
    "decode": lambda s: diffusion.decode(P, s, X, shared_steps=True),
    "stiff": lambda s: diffusion.encode(P, s, X, method="BDF"),
    "likelihood": lambda s: diffusion.likelihood(P, s, X),
    "velocity": lambda s: diffusion.flow_velocity(P, s)(X, 0.5),
    "free": lambda s: diffusion.classifier_free(P, LAW, s, 2.0)(0.5)(X),
    "guided": lambda s: diffusion.classifier_guided(P, LAW, s)(0.5)(X),
    "composed": lambda s: diffusion.composed(P, s, [LAW])(0.5)(X),
    "ancestral": lambda s: sampled(diffusion.guided_ancestral(P, LAW, s)),
    "kl": lambda s: diffusion.kl_by_scores(P, LAW, s, nodes=2),
    "reverse_law": lambda s: diffusion.reverse_law(P, s, [0.0, 0.0], np.eye(2)),
}


@pytest.mark.parametrize("name", TAKES)
def test_every_score_goes_through_one_door(name):
    for score, error, words in WRONG.values():
        with pytest.raises(error, match=f"score.* at time .*{words}"):
            TAKES[name](lambda t, score=score: score)
    with pytest.raises(TypeError, match=r"at time .* must be a function"):
        TAKES[name](lambda t: 3.0)


def test_lists_are_scores_everywhere():
    given, listed = lambda t: lambda x: -x, lambda t: lambda x: (-x).tolist()
    for name in set(TAKES) - {"likelihood", "reverse_law"}:
        np.testing.assert_array_equal(TAKES[name](listed), TAKES[name](given))


@pytest.mark.parametrize("options", [{}, {"shared_steps": True}, {"method": "Radau"}])
def test_a_score_that_is_not_finite_is_named_not_the_points(options):
    def halfway(t):
        score = diffusion.diffused(P, LAW, t).score
        return lambda x: score(x) * (np.nan if t > 0.5 else 1.0)

    with pytest.raises(ValueError, match=r"the score at time 0\.\d+ is not finite"):
        diffusion.encode(P, halfway, X[:1], rtol=1e-4, atol=1e-4, **options)
    step = diffusion.guided_ancestral(P, LAW, lambda t: lambda x: x * np.nan)
    with pytest.raises(ValueError, match="the likelihood's score at time 0.5 must be finite"):
        sampled(step)


class Diverging:
    """A score with a divergence of its own."""

    def __init__(self, divergence):
        self.divergence = divergence

    def __call__(self, x):
        return -x


@pytest.mark.parametrize(
    ("divergence", "words"),
    [(lambda x: -2.0, "divergence at time 0 must have shape"),
     (lambda x: np.full((len(x), 1), -2.0), "divergence at time 0 must have shape"),
     (lambda x: np.full(len(x), np.nan), "divergence at time 0 is not finite")],
)  # fmt: skip
def test_a_wrong_divergence_is_named(divergence, words):
    with pytest.raises(ValueError, match=words):
        diffusion.likelihood(P, lambda t: Diverging(divergence), X)


def test_a_likelihood_says_what_the_score_lacks():
    for options, lacks in (({}, "divergence"), ({"rng": 0}, "jvp")):
        with pytest.raises(TypeError, match=rf"score_at must give fields with \.{lacks}"):
            diffusion.likelihood(P, lambda t: lambda x: -x, X, **options)


@pytest.mark.parametrize(
    ("terminal", "error"),
    [(lambda x: np.zeros((len(x), 1)), ValueError), (lambda x: 0.0, ValueError),
     (lambda x: np.full(len(x), np.nan), ValueError), (lambda x: 1j * x[..., 0], TypeError),
     (lambda x: np.full(len(x), np.inf), ValueError)],
)  # fmt: skip
def test_a_wrong_terminal_is_named(terminal, error):
    for call in (
        lambda: diffusion.log_likelihood(P, LAW, X, terminal=terminal, rtol=1e-2),
        lambda: diffusion.likelihood_errors(P, LAW, X, terminal=terminal, rtol=1e-2),
        lambda: diffusion.gaussian_log_likelihood(LAW, P, X, terminal=terminal),
        lambda: diffusion.kl_by_scores(P, LAW, MIXTURE, terminal=terminal, nodes=2),
    ):
        with pytest.raises(error, match="terminal"):
            call()


def test_a_terminal_may_leave_points_out():
    out = diffusion.log_likelihood(P, LAW, X, terminal=lambda x: x[..., 0] * 0 - np.inf, rtol=1e-2)
    assert (out == -np.inf).all()


@pytest.mark.parametrize("shape", [(4, 3), (0, 3), (2, 2, 1)])
def test_points_of_another_dimension_are_reported_whole(shape):
    for call in (diffusion.encode, diffusion.likelihood):
        with pytest.raises(ValueError, match=rf"\(\.\.\., 2\), got shape \({shape[0]}, {shape[1]}"):
            call(P, MIXTURE, np.zeros(shape))


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_shared_steps_are_one_call_a_stage_and_within_the_tolerance(method):
    calls = []

    def score_at(t):
        calls.append(t)
        return diffusion.diffused(P, MIXTURE, t).score

    x = MIXTURE.sample(20, rng=0)
    options = {"method": method, "rtol": 1e-4, "atol": 1e-4}
    found = diffusion.encode(P, score_at, x, shared_steps=True, **options)
    exact = diffusion.encode(P, MIXTURE, x)
    assert np.abs(found - exact).max() < 2e-3
    calls.clear()
    end = diffusion.diffused(P, MIXTURE, 1.0).log_density
    parts = diffusion.likelihood(P, score_at, x, terminal=end, shared_steps=True, **options)
    assert (parts.evaluations == len(calls)).all()
    np.testing.assert_allclose(parts.log_density, MIXTURE.log_density(x), atol=1e-3)
    # the strictest row sets the steps
    alone = [diffusion.likelihood(P, MIXTURE, x[i : i + 1], **options) for i in range(5)]
    assert parts.evaluations[0] >= 0.9 * max(float(one.evaluations[0]) for one in alone)


def test_shared_steps_are_refused_where_there_are_none():
    with pytest.raises(ValueError, match="shared_steps must be used with one of"):
        diffusion.encode(P, LAW, X, method="Radau", shared_steps=True)
    with pytest.raises(TypeError, match="shared_steps must be True or False"):
        diffusion.encode(P, LAW, X, shared_steps=2)


class Bare:
    """β = 10: the marginals, drift and diffusion of single times, and nothing else."""

    final_time = 1.0

    def marginal(self, t):
        return math.exp(-5 * t), math.sqrt(-math.expm1(-10 * t))

    def drift(self, x, t):
        return -5 * x

    def diffusion(self, t):
        return math.sqrt(10.0)


def test_marginal_drift_and_diffusion_suffice():
    bare, same = Bare(), VP(10.0, 10.0)
    options = {"rtol": 1e-6, "atol": 1e-6}
    score_at = lambda t: diffusion.diffused(bare, MIXTURE, t).score  # noqa: E731
    expected = diffusion.encode(same, MIXTURE, X, **options)
    for law in (MIXTURE, score_at):
        there = diffusion.encode(bare, law, X, shared_steps=True, **options)
        np.testing.assert_allclose(there, expected, atol=1e-5)
    found = diffusion.log_likelihood(bare, MIXTURE, X[:2], **options)
    np.testing.assert_allclose(found, MIXTURE.log_density(X[:2]), atol=1e-4)
    end = diffusion.diffused(bare, LAW, 1.0)
    back = diffusion.reverse_law(bare, LAW, end.mean, end.covariance)
    np.testing.assert_allclose(back.covariance, LAW.covariance, atol=1e-7)
    with pytest.raises(TypeError, match=r"process must offer \.prior_std"):
        diffusion.likelihood_errors(bare, MIXTURE, X)
    gaussian = Gaussian([0.0, 0.0], np.eye(2))
    total = diffusion.kl_by_scores(bare, LAW, gaussian).total
    assert total == pytest.approx(diffusion.kl(LAW, gaussian), rel=1e-9)

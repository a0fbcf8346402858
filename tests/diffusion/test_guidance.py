"""Guidance: exact at one level, another law over all of them."""

import numpy as np
import pytest

from refscore import diffusion, laws
from refscore.diffusion import SPELLINGS
from refscore.distributions import Gaussian, GaussianMixture
from refscore.processes import VE, VP, Straight

C, U = Gaussian([0.0], [[1.0]]), Gaussian([0.0], [[2.0]])
MIXTURE = GaussianMixture(
    [0.5, 0.3, 0.2],
    [[1.0, 0.2], [-1.5, 0.6], [0.0, -2.0]],
    [[[1.3, 0.4], [0.4, 0.7]], [[0.5, -0.1], [-0.1, 0.6]], [[0.3, 0.0], [0.0, 1.1]]],
)
X = np.array([[0.4, 0.9], [-0.7, 0.2], [1.1, -1.3]])


@pytest.mark.parametrize("strength", [1.0, 3.0])
@pytest.mark.parametrize("process", [VP(), VE(1e-2, 2e2, exact=True)], ids=repr)
def test_what_samplers_make_of_classifier_free_guidance(process, strength):
    """Tilting gives 2/(γ+1); the flow 2^{1-γ}; the reverse SDE (2 - 2^{2-2γ})/(2γ - 1)."""
    score_at = diffusion.classifier_free(process, C, U, strength)
    start = [process.prior_std() ** 2]
    found = {
        l: diffusion.reverse_law(process, score_at, [0.0], [start], stochasticity=l).covariance[
            0, 0
        ]
        for l in (0.0, 1.0)
    }
    assert found[0.0] == pytest.approx(2 ** (1 - strength), rel=4e-4)
    exact = (2 - 2 ** (2 - 2 * strength)) / (2 * strength - 1)
    assert found[1.0] == pytest.approx(exact, rel=1e-5)
    if strength > 1:
        assert abs(found[1.0] - 2 / (strength + 1)) > 0.05


def test_the_published_variances_hold():
    from validation.published.guidance import guidance_table

    rows = guidance_table((3.0,))
    assert [row.published for row in rows] == [0.5, 0.25, 0.3875]
    assert all(row.holds for row in rows)


def test_one_level_is_the_tilted_density():
    s = diffusion.classifier_free(VP(), C, U, 3.0)(0.0)
    np.testing.assert_allclose(s(np.array([[0.7]])), [[-0.7 / 0.5]])


def test_the_two_spellings_are_one_score():
    one = diffusion.classifier_free(VP(), C, U, 2.5, spelling=SPELLINGS[0])(0.3)
    other = diffusion.classifier_free(VP(), C, U, 1.5, spelling=SPELLINGS[1])(0.3)
    x = np.array([[0.7], [-2.0]])
    np.testing.assert_allclose(one(x), other(x), rtol=1e-13)
    assert diffusion.guidance_weight(1.5, SPELLINGS[1]) == 2.5
    assert diffusion.guidance_weight(2.5, SPELLINGS[0], SPELLINGS[1]) == 1.5
    assert diffusion.guidance_weight(2.5, SPELLINGS[0]) == 2.5


def test_guidance_by_the_exact_classifier_is_the_class():
    process, given = VP(), diffusion.class_law(MIXTURE, [0, 2])
    np.testing.assert_allclose(given.weights, [5 / 7, 2 / 7])

    def classifier(t):
        both = [diffusion.diffused(process, law, t).score for law in (given, MIXTURE)]
        return both[0] - both[1]

    score = diffusion.classifier_guided(process, MIXTURE, classifier)
    for t in (0.05, 0.6):
        exact = diffusion.diffused(process, given, t)
        np.testing.assert_allclose(score(t)(X), exact.score(X), rtol=1e-10, atol=1e-12)
        # the classifier's own log-probability, differentiated
        h, e = 1e-5, np.array([1.0, 0.0])
        prior = diffusion.diffused(process, MIXTURE, t)
        log = lambda x: exact.log_density(x) - prior.log_density(x)  # noqa: B023, E731
        slope = (log(X + h * e) - log(X - h * e)) / (2 * h)
        np.testing.assert_allclose(classifier(t)(X)[:, 0], slope, rtol=1e-6, atol=1e-8)


def test_functions_that_are_no_fields_can_be_guided():
    s = diffusion.classifier_free(VP(), lambda t: lambda x: 2 * x, lambda t: lambda x: 0 * x, 3.0)
    np.testing.assert_array_equal(s(0.2)(X), 6 * X)


def test_the_classifier_score_is_the_slope_of_the_log_probability():
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((4, 2)), rng.standard_normal(4)

    def log_probability(x):
        scaled = (x @ W.T + b) / 0.7
        return scaled[:, 1] - np.log(np.exp(scaled).sum(axis=1))

    found = diffusion.classifier_score(
        X @ W.T + b, np.broadcast_to(W, (3, 4, 2)), 1, temperature=0.7
    )
    for i, e in enumerate(np.eye(2)):
        slope = (log_probability(X + 1e-5 * e) - log_probability(X - 1e-5 * e)) / 2e-5
        np.testing.assert_allclose(found[:, i], slope, rtol=1e-8, atol=1e-9)
    far = diffusion.classifier_score([1e5, 0.0], np.eye(2), 1)
    np.testing.assert_allclose(far, [-1.0, 1.0])


def test_guiding_at_the_mean_and_at_the_point_approach_the_product():
    """N(0, 1) data and the likelihood of y = x + n: the law after the steps, exactly."""
    process, prior, r, y = VP(), Gaussian([0.0], [[1.0]]), 0.5, 1.0
    exact = Gaussian([y / (1 + r)], [[r / (1 + r)]])

    def likelihood(t):
        law = diffusion.diffused(process, exact, t)
        return law.score - diffusion.diffused(process, prior, t).score

    errors = {}
    for n in (40, 160):
        times = np.linspace(1.0, 0.0, n + 1)
        for name, step in (
            ("mean", diffusion.guided_ancestral(process, prior, likelihood)),
            ("point", diffusion.ancestral(
                process, diffusion.classifier_guided(process, prior, likelihood))),
        ):  # fmt: skip
            law = laws.sampler_law(step, [0.0], [[1.0]], times)
            errors[name, n] = abs(law.covariance[0, 0] - exact.covariance[0, 0])
    for name in ("mean", "point"):
        assert errors[name, 40] / errors[name, 160] > 2
    assert abs(errors["mean", 40] - errors["point", 40]) > 1e-3


def test_composed_scores_are_exact_for_clean_points_and_not_for_noised_ones():
    process, prior = VP(), Gaussian([0.0], [[1.0]])
    rows, noise, y = [[1.0]], [0.8], ([0.5], [-0.2], [0.9])
    each = [diffusion.posterior_score(process, prior, rows, one, noise) for one in y]
    together = diffusion.posterior_score(process, prior, [[1.0]] * 3, np.ravel(y), 0.8)
    composed = diffusion.composed(process, prior, each)
    x = np.array([[0.3], [-1.0]])
    np.testing.assert_allclose(composed(0.0)(x), together(0.0)(x), rtol=1e-12)
    assert np.abs(composed(0.2)(x) - together(0.2)(x)).max() > 0.05


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: diffusion.classifier_free(VP(), C, U, 1.0, spelling="w"), ValueError, "spelling"),
        (lambda: diffusion.guidance_weight(1.0, SPELLINGS[0], "w"), ValueError, "target"),
        (lambda: diffusion.classifier_free(VP(), 3.0, U), TypeError, "conditional must"),
        (lambda: diffusion.class_law(C, [0]), TypeError, "law must be a GaussianMixture"),
        (lambda: diffusion.class_law(MIXTURE, [3]), ValueError, "members"),
        (
            lambda: diffusion.classifier_score(np.ones(2), np.ones((3, 2)), 0),
            ValueError,
            "jacobian",
        ),
        (lambda: diffusion.classifier_score(np.ones(2), np.ones((2, 2)), 2), ValueError, "label"),
        (lambda: diffusion.composed(VP(), C, []), ValueError, "posterior_scores"),
        (
            lambda: diffusion.reverse_law(VP(), MIXTURE, np.zeros(2), np.eye(2)),
            ValueError,
            "score_at must be affine",
        ),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_reverse_laws_name_the_order_of_times_and_the_dimension():
    for l in (0.0, 1.0):
        with pytest.raises(ValueError, match="start must not be after end = 0.2, got 0.5"):
            diffusion.reverse_law(
                VP(), Gaussian([0.0], [[2.0]]), [0.0], [[1.0]], start=0.5, end=0.2, stochasticity=l
            )
    with pytest.raises(ValueError, match=r"mean must have shape \(1\), got shape \(2,\)"):
        diffusion.reverse_law(VP(), Gaussian([0.0], [[2.0]]), [0.0, 0.0], np.eye(2))


def test_a_class_of_weight_zero_is_refused():
    law = GaussianMixture([0.0, 1.0], [[0.0], [1.0]], [1.0, 1.0])
    with pytest.raises(ValueError, match="members must hold a component of positive weight"):
        diffusion.class_law(law, [0])


def test_a_mask_is_no_list_of_components():
    with pytest.raises(TypeError, match="got booleans; np.flatnonzero"):
        diffusion.class_law(MIXTURE, [False, True, True])


def test_reverse_laws_say_where_they_may_start():
    with pytest.raises(ValueError, match="give an end below it"):
        diffusion.reverse_law(Straight(), C, [0.0], [[1.0]])
    assert diffusion.reverse_law(Straight(), C, [0.0], [[1.0]], end=0.9).dim == 1
    with pytest.raises(ValueError, match="stochasticity must be at least 0, got -2"):
        diffusion.reverse_law(VP(), C, [0.0], [[1.0]], stochasticity=-2)

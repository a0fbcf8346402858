"""Standard errors, intervals, and models side by side."""

import numpy as np
import pytest

from refscore.distributions import Gaussian, StudentT
from refscore.estimation import (
    Comparison,
    FitResult,
    compare_models,
    diagonal_precision,
    fit_gaussian,
    fit_implicit,
    held_out_loss,
)
from refscore.fields import Affine
from refscore.objectives import implicit_loss

RNG = np.random.default_rng(0)
RESULT = FitResult(
    np.array([2.0, -1.0]), np.array([[0.09, 0.01], [0.01, 0.16]]), 0.5, 40, ("a", "b")
)


def test_errors_intervals_and_efficiency():
    np.testing.assert_allclose(RESULT.standard_errors, [0.3, 0.4])
    z = 1.959963984540054
    want = [[2 - 0.3 * z, 2 + 0.3 * z], [-1 - 0.4 * z, -1 + 0.4 * z]]
    np.testing.assert_allclose(RESULT.confidence_interval(), want, rtol=1e-12)
    np.testing.assert_allclose(RESULT.confidence_interval(0.5)[0, 1], 2 + 0.3 * 0.6744897501960817)
    bound = np.diag([0.045, 0.16])
    np.testing.assert_allclose(RESULT.efficiency(bound), [0.5, 1.0])


def test_it_reads_well():
    lines = repr(RESULT).splitlines()
    assert lines[0] == "FitResult: loss 0.5 on 40 points (closed form)"
    assert lines[1:] == ["  a   2 ± 0.3", "  b  -1 ± 0.4"]
    unfinished = FitResult(np.zeros(20), None, 1.0, 3, tuple("abcdefghijklmnopqrst"), None, False)
    assert "NOT CONVERGED" in repr(unfinished)
    assert repr(unfinished).endswith("... 8 more")


@pytest.mark.parametrize("level", [0, 1, -0.1, 95])
def test_a_level_is_a_probability(level):
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        RESULT.confidence_interval(level)


def test_no_errors_where_there_are_none():
    bare = FitResult(np.zeros(1), None, 1.0, 3, ("a",), message="Adam")
    with pytest.raises(ValueError, match=r"no covariance \(Adam\)"):
        _ = bare.standard_errors


@pytest.mark.parametrize(("n", "want"), [(100, 0.940), (1000, 0.949)])
def test_coverage_of_a_variance_interval_is_asymptotic(n, want):
    """A variance's interval v ± z v √(2/n), of Gaussian data: .940 at 100 points, .949 at 1000.

    The precision's interval has the same width relative to it; it covers by the same order.
    """
    repeats, z = 4000, 1.959963984540054
    mean_square = RNG.chisquare(n, repeats) / n
    inside = np.abs(mean_square - 1) <= z * mean_square * np.sqrt(2 / n)
    assert abs(inside.mean() - want) < 4 * np.sqrt(want * (1 - want) / repeats)


def test_sandwich_covers_where_the_model_is_wrong():
    """Student data, Gaussian model: the sandwich covers, the model's own errors do not."""
    n, repeats, truth = 2000, 300, (9 - 2) / 9
    law = StudentT([0.0], [[1.0]], 9)
    x = law.sample(n * repeats, rng=RNG).reshape(repeats, n, 1)
    fits = [fit_implicit(diagonal_precision(1), row) for row in x]
    ends = np.array([fit.confidence_interval()[0] for fit in fits])
    covered = ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean()
    assert covered > 0.95 - 0.02 - 4 * np.sqrt(0.95 * 0.05 / repeats)
    half = 1.96 * np.sqrt(2 / n) * np.array([fit.parameters[0] for fit in fits])
    centre = ends.mean(axis=1)
    assert (np.abs(centre - truth) <= half).mean() < covered


def test_held_out_losses_and_paired_differences():
    law = Gaussian([0.3, -0.2], [[1.0, 0.5], [0.5, 2.0]])
    x, new = law.sample(400, rng=1), law.sample(200, rng=2)
    models = {
        "full": fit_gaussian(x),
        "diagonal": fit_gaussian(x, np.eye(2)),
        "truth": law,
        "field": Affine(-np.eye(2)),
    }
    losses = implicit_loss(law.score, new)
    mean, error = held_out_loss(law, new)
    np.testing.assert_allclose([mean, error], [losses.mean(), losses.std(ddof=1) / np.sqrt(200)])
    found = compare_models(models, new)
    assert isinstance(found, Comparison)
    assert found.names == tuple(models)
    assert found.best == "full" or found.best == "truth"
    k = found.names.index(found.best)
    assert found.differences[k] == found.difference_errors[k] == 0
    apart = implicit_loss(models["field"], new) - implicit_loss(
        models[found.best].score if found.best == "truth" else models[found.best].field, new
    )
    np.testing.assert_allclose(found.differences[3], apart.mean())
    np.testing.assert_allclose(found.difference_errors[3], apart.std(ddof=1) / np.sqrt(200))
    assert repr(found).splitlines()[1].strip().startswith(found.best)


def test_bad_models_are_refused():
    with pytest.raises(TypeError, match="models must be a mapping"):
        compare_models([Affine(-np.eye(2))], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="at least two points"):
        held_out_loss(Affine(-np.eye(2)), np.zeros((1, 2)))
    with pytest.raises(TypeError, match="without a field"):
        held_out_loss(RESULT, np.zeros((3, 2)))

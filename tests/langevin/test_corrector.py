"""The corrector's step size from the norms, row by row and over the batch."""

import by_hand
import numpy as np
import pytest

from refscore import langevin
from refscore.distributions import GaussianMixture

MIXTURE = GaussianMixture(by_hand.WEIGHTS, by_hand.MEANS, by_hand.COVARIANCES)
X, Z = np.random.default_rng(0).normal(size=(2, 6, 2))


def test_a_row_has_its_own_step_size():
    found = langevin.corrector(MIXTURE.score, 0.16, 0.9)(X, Z)
    for i in range(6):
        expected = by_hand.corrector(X[i], Z[i], 0.16, 0.9)
        np.testing.assert_allclose(found[i], expected, rtol=1e-10)


def test_the_batch_shares_a_step_size_from_mean_norms():
    found = langevin.corrector(MIXTURE.score, 0.16, norm="batch")(X, Z)
    s = np.array([by_hand.score(x) for x in X])
    norms = [np.mean([np.sqrt(a @ a) for a in rows]) for rows in (Z, s)]
    epsilon = 2 * (0.16 * norms[0] / norms[1]) ** 2
    np.testing.assert_allclose(found, X + epsilon * s + np.sqrt(2 * epsilon) * Z, rtol=1e-10)


def test_rows_are_independent_and_a_batch_is_not():
    row, batch = (langevin.corrector(MIXTURE.score, 0.3, norm=n) for n in ("row", "batch"))
    moved = X.copy()
    moved[0] += 3
    np.testing.assert_array_equal(row(moved, Z)[1:], row(X, Z)[1:])
    assert np.abs(batch(moved, Z)[1:] - batch(X, Z)[1:]).min() > 1e-4
    assert (row.coupled, batch.coupled) == (False, True)
    with pytest.raises(ValueError, match="couples its chains"):
        langevin.run(batch, X, 3, rng=0, workers=1)


def test_in_many_dimensions_the_variance_is_inflated_by_the_known_factor():
    """d → ∞ on N(0, v I): v (1 + α snr²), checked at d = 4000 to a few standard errors."""
    d, snr, alpha, v = 4000, 0.3, 0.8, 2.0
    step = langevin.corrector(lambda x: -x / v, snr, alpha)
    x0, squares = np.random.default_rng().normal(size=(4, d)), []
    langevin.run(
        step, x0, 300, burn_in=150, thin=10, moments=False,
        callback=lambda k, x: squares.append(np.mean(x**2)),
    )  # fmt: skip
    assert np.mean(squares) == pytest.approx(v * (1 + alpha * snr**2), rel=0.02)


def test_at_a_mode_the_row_is_lost_and_only_that():
    found = langevin.corrector(lambda x: -x, 0.16)([[0.0, 0.0], [1.0, 0.0]], np.ones((2, 2)))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"snr": 0}, ValueError, "snr must be positive"),
        ({"alpha": -1}, ValueError, "alpha must be positive"),
        ({"norm": "rows"}, ValueError, "norm must be one of row, batch"),
        ({"score": 1}, TypeError, "score must be a function"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        langevin.corrector(**({"score": MIXTURE.score, "snr": 0.16} | arguments))

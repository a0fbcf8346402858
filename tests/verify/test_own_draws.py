"""Losses that draw by themselves: what a mean cannot show is seen, and no name is wrong."""

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify.mutants import mistakes


def denoising(at=lambda z, other: z, target=lambda z, other: z, draw=None):
    """A denoising loss that draws two kinds of noise and uses them as it is told."""

    def denoising_loss(field, x, sigma, rng):
        z, other = (draw or normal)(rng, x), normal(rng, x)
        gap = field(x + sigma * at(z, other)) + target(z, other) / sigma
        return 0.5 * (gap**2).sum(1)

    return denoising_loss


def normal(rng, x):
    return rng.standard_normal(x.shape)


def uniform(rng, x):
    return np.sqrt(12) * (rng.random(x.shape) - 0.5)


def halves(rng, x):
    """The second half of the batch has the first half's noise with the other sign."""
    z = rng.standard_normal(((len(x) + 1) // 2, x.shape[1]))
    return np.concatenate([z, -z])[: len(x)]


LISTED = {
    "denoising_noise_added_twice": denoising(at=lambda z, other: z + other),
    "denoising_fresh_target": denoising(at=lambda z, other: other),
    "denoising_half_noise": denoising(at=lambda z, other: 0.5 * z),
    "denoising_uniform_noise": denoising(draw=uniform),
    "denoising_at_clean_point": denoising(at=lambda z, other: 0 * z),
}
NOT_LISTED = {
    "0.7 of the noise": denoising(at=lambda z, other: 0.7 * z),
    "a tenth of the noise": denoising(at=lambda z, other: 0.1 * z),
    "too much noise": denoising(at=lambda z, other: 1.5 * z),
    "half correlated": denoising(at=lambda z, other: 0.5 * z + 0.75**0.5 * other),
    "another coordinate's": denoising(target=lambda z, other: np.roll(z, 1, 1)),
    "signs": denoising(draw=lambda rng, x: rng.choice([-1.0, 1.0], x.shape)),
    "antithetic": denoising(draw=halves),
    "one a point": denoising(draw=lambda rng, x: rng.standard_normal((len(x), 1)) + 0 * x),
}


def named(report):
    return {name for c in report.checks if c.diagnosis for name in c.diagnosis.mistakes}


@pytest.mark.parametrize("mistake", LISTED)
def test_what_is_listed_is_named_and_nothing_else(mistake):
    assert mistake in mistakes()
    report = rv.run({"denoising_loss": LISTED[mistake]})
    assert report.exit_code == 1
    assert named(report) == {mistake}


@pytest.mark.parametrize("wrong", NOT_LISTED)
def test_what_is_not_listed_has_no_name(wrong):
    report = rv.run({"denoising_loss": NOT_LISTED[wrong]})
    assert report.exit_code == 1
    assert not named(report)


def test_right_losses_hold_by_point_and_as_means():
    assert rv.run({"denoising_loss": denoising()}).exit_code == 0

    def mean_loss(field, x, sigma, rng):
        return denoising()(field, x, sigma, rng).mean()

    assert rv.run({"denoising_loss": mean_loss}).exit_code == 0


def test_a_small_deviation_that_matters_is_no_convention():
    def sliced_loss(field, x, rng):
        v = 1.01 * rng.standard_normal(x.shape)
        return (v * field.jvp(x, v)).sum(1) + 0.5 * (v * field(x)).sum(1) ** 2

    assert rv.run({"sliced_loss": sliced_loss}).exit_code == 0
    report = rv.run({"sliced_loss": sliced_loss}, eps=0.01)
    assert report.exit_code == 1
    assert not report.convention
    assert report.counts["undeclared convention"] == 0


def test_a_balanced_batch_of_levels_is_not_independent():
    def draw_levels(n, n_levels, rng):
        return rng.permutation(np.arange(n) % n_levels)

    report = rv.run({"draw_levels": draw_levels})
    assert report.exit_code == 1
    assert named(report) == {"levels_balanced"}

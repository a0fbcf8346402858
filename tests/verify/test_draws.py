"""Samples of two subjects, compared: what explains a failure must follow the same law."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom

from refscore.identities import Draws, Mean, Normal, Uniform
from refscore.verify import Subject, draws, library
from refscore.verify.draws import Agreement, agreement, samples

LAW = Normal(np.zeros(2), np.array([[1.0, 0.3], [0.3, 2.0]]))


def sample(draw, law=LAW):
    """A sample from seeds nobody has used."""
    key = (str(np.random.default_rng().integers(2**60)),)
    return draws._sample(Draws("x", draw, law), key, False)


def normal(seed, n):
    return np.random.default_rng(seed).standard_normal((n, 2))


def shared(seed, n):
    return normal(seed, n) + 0.5 * normal((seed, 1), 1)


def cauchy(seed, n):
    return np.random.default_rng(seed).standard_cauchy((n, 2))


LAWS = {
    "normal": (normal, LAW),
    "shared within a call": (shared, LAW),
    "heavy tails": (cauchy, LAW),
    "uniforms": (lambda seed, n: np.random.default_rng(seed).random((n, 2)),
                 Uniform(names=("a", "b"))),
    "unbounded": (lambda seed, n: np.random.default_rng(seed).standard_t(3, n),
                  Mean(0.0, variance=3.0)),
    "bounded": (lambda seed, n: np.random.default_rng(seed).random(n) < 0.3, Mean(0.3, 0, 1)),
    "constant": (lambda seed, n: np.ones(n), Mean(0.0, variance=3.0)),
}  # fmt: skip


@pytest.mark.parametrize("kind", LAWS)
def test_samples_of_one_law_agree(kind):
    """Each disagrees by chance with probability near 1e-4: three of 30 never."""
    draw, law = LAWS[kind]
    found = [agreement(sample(draw, law), sample(draw, law)) for _ in range(30)]
    lost = sum(one is None or not one.likely for one in found)
    assert lost <= binom.ppf(1 - 1e-8, 30, 1e-3), found


DIFFERENT = {
    "wider": (normal, lambda seed, n: 1.1 * normal(seed, n)),
    "shifted": (normal, lambda seed, n: normal(seed, n) + 0.1),
    "correlated": (normal, lambda seed, n: normal(seed, n) @ [[1, 0.15], [0, 1]]),
    "shared": (normal, shared),
    "repeated": (normal, lambda seed, n: np.repeat(normal(seed, n), 2, axis=0)[:n]),
    "of other tails": (normal, lambda seed, n: np.tanh(normal(seed, n)) * 1.6),
    "lost": (normal, lambda seed, n: normal(seed, n) * [1, np.nan]),
    "constant": (lambda seed, n: np.ones((n, 2)), lambda seed, n: np.ones((n, 2)) * 1.01),
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_samples_of_two_laws_do_not(kind):
    one, two = (sample(draw) for draw in DIFFERENT[kind])
    found = agreement(one, two)
    assert found is None or not found.likely


def test_what_is_the_same_number_agrees_and_counts_nothing():
    lost = lambda seed, n: np.full((n, 2), np.nan)  # noqa: E731
    found = agreement(sample(lost), sample(lost))
    assert found == Agreement(0.0, 0)
    assert found.likely


def test_samples_of_a_check_by_case_and_label_and_of_a_stream_of_their_own():
    one = samples("one_step_draws", Subject(library), "one")
    again = samples("one_step_draws", Subject(library), "one")
    other = samples("one_step_draws", Subject(library), "other")
    assert {label for _, (label, _) in one} == {"x'", "noise"}
    assert len(one) == 4
    for key, parts in one.items():
        np.testing.assert_array_equal(parts[0].mean, again[key][0].mean)
        assert np.abs(parts[0].mean - other[key][0].mean).max() > 0
        assert agreement(parts, other[key]).likely


def test_a_declined_case_has_no_sample():
    def declines(score, x, step_size, rng):
        raise NotImplementedError

    assert samples("one_step_draws", Subject(SimpleNamespace(langevin_step=declines)), "") == {}

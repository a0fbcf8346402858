"""Codebooks that learn: averages, dead codes, Lloyd's algorithm, perplexity; bad input."""

import numpy as np
import pytest

from refscore.discrete import (
    Codebook,
    LloydResult,
    code_frequencies,
    lloyd,
    lloyd_max,
    lloyd_step,
    perplexity,
    quantise,
    replace_dead_codes,
    update_codebook,
)

RNG = np.random.default_rng(5)
Z, CODES = RNG.standard_normal((60, 3)), RNG.standard_normal((8, 3))


def test_without_memory_an_update_is_lloyds_step():
    state = update_codebook(Codebook.start(CODES), Z, decay=0.0, epsilon=0.0)
    np.testing.assert_allclose(state.codebook, lloyd_step(Z, CODES), rtol=1e-14)
    np.testing.assert_array_equal(state.counts, np.bincount(quantise(Z, CODES).codes, minlength=8))
    assert state.counts.sum() == 60


def test_an_update_of_everything_kept_changes_nothing_but_the_smoothing():
    start = Codebook.start(CODES, np.arange(1.0, 9.0))
    kept = update_codebook(start, Z, decay=1.0, epsilon=0.0)
    for one, other in zip(kept, start):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    smoothed = update_codebook(start, Z, decay=1.0, epsilon=0.5)
    assert (smoothed.counts == start.counts).all()
    shrunk = start.counts / ((start.counts + 0.5) / (36 + 4) * 36)
    np.testing.assert_allclose(smoothed.codebook, CODES * shrunk[:, None], rtol=1e-14)
    few = Codebook.start(CODES, 1e-3)  # averages that stand for less than one point in all
    kept = update_codebook(few, Z, decay=1.0, epsilon=1e-3)
    np.testing.assert_allclose(kept.codebook, CODES, rtol=1e-14)


def test_what_is_left_out_of_a_call():
    plain = Codebook.start(CODES)
    np.testing.assert_array_equal(plain.counts, np.ones(8))
    for one, other in zip(
        update_codebook(plain, Z, decay=0.6), update_codebook(plain, Z, decay=0.6, epsilon=1e-5)
    ):
        np.testing.assert_array_equal(one, other)


def test_started_with_means_for_sums_the_first_update_shrinks_a_code():
    """D14: decay .8, 100 points a code: counts 100, sums the code itself: .208 of it."""
    z = np.tile([[2.0, 1.0]], (100, 1))
    wrong = Codebook(z[:1], np.array([100.0]), z[:1])
    state = update_codebook(wrong, z, decay=0.8, epsilon=0.0)
    np.testing.assert_allclose(state.codebook, 0.208 * z[:1], rtol=1e-12)
    right = update_codebook(Codebook.start(z[:1], 100), z, decay=0.8, epsilon=0.0)
    np.testing.assert_allclose(right.codebook, z[:1], rtol=1e-14)


def test_a_code_without_points_stays_or_decays_to_the_origin():
    codebook, z = np.array([[-30.0, -30.0, -30.0], [50.0, 50.0, 50.0]]), Z - 30
    never = Codebook(codebook, np.zeros(2), np.zeros((2, 3)))
    assert (update_codebook(never, z, decay=0.5, epsilon=0.0).codebook[1] == 50).all()
    state = Codebook.start(codebook)
    for _ in range(60):
        state = update_codebook(state, z, decay=0.5, epsilon=1e-5)
    assert np.abs(state.codebook[1]).max() < 1e-10
    assert np.isfinite(state.codebook).all()


def test_dead_codes_become_points():
    state = Codebook.start(CODES, [3.0, 0.5, 2.0, 0.0, 5.0, 1.99, 2.0, 9.0])
    new = replace_dead_codes(state, Z, 2.0, rng=0)
    dead = np.array([1, 3, 5])
    assert (new.codebook[dead][:, None] == Z).all(-1).any(1).all()
    assert len(np.unique(new.codebook[dead], axis=0)) == 3
    assert (new.counts[dead] == 2).all()
    np.testing.assert_array_equal(new.sums[dead], 2 * new.codebook[dead])
    alive = np.delete(np.arange(8), dead)
    for one, other in zip(new, state):
        np.testing.assert_array_equal(one[alive], other[alive])
    none = replace_dead_codes(new, Z, 2.0, rng=1)
    np.testing.assert_array_equal(none.codebook, new.codebook)
    few = replace_dead_codes(state, Z[:2], 2.0, rng=0)  # two points for three codes
    assert (few.codebook[5] == CODES[5]).all()
    assert set(map(tuple, few.codebook[dead[:2]])) == set(map(tuple, Z[:2]))


def test_after_replacement_the_code_is_what_its_averages_say():
    new = replace_dead_codes(Codebook.start(CODES, 0.1), Z, 1.5, rng=2)
    for one, other in zip(new, Codebook.start(new.codebook, 1.5)):
        np.testing.assert_allclose(one, other, rtol=1e-14)


def test_dead_codes_are_drawn_from_all_points_alike():
    """60 points, 8 codes, 400 seeds: each point is taken about 53 times, sd 6.8."""
    state, taken = Codebook.start(CODES, 0.1), np.zeros(60)
    for seed in range(400):
        found = replace_dead_codes(state, Z, 1.0, rng=seed).codebook
        taken += (found[:, None] == Z).all(-1).any(0)
    assert taken.sum() == 3200
    assert np.abs(taken - 3200 / 60).max() < 6 * np.sqrt(400 * (8 / 60) * (52 / 60))


def test_lloyd_stops_where_nothing_changes():
    found = lloyd(Z, CODES)
    assert isinstance(found, LloydResult)
    assert (np.diff(found.errors) <= 1e-15).all()
    assert len(found.errors) < 30
    before = lloyd(Z, CODES, len(found.errors) - 2)  # a step less: its codes are the last already
    np.testing.assert_array_equal(before.codes, found.codes)
    assert (lloyd(Z, CODES, len(found.errors) - 3).codes != found.codes).any()
    np.testing.assert_allclose(lloyd_step(Z, found.codebook), found.codebook, atol=1e-14)
    np.testing.assert_array_equal(found.codes, quantise(Z, found.codebook).codes)
    squares = ((Z - found.codebook[found.codes]) ** 2).sum(-1)
    assert found.errors[-1] == pytest.approx(squares.mean(), rel=1e-14)
    assert len(lloyd(Z, CODES, 0).errors) == 1
    assert lloyd(Z.reshape(3, 20, 3), CODES, 2).codes.shape == (3, 20)
    one = lloyd(Z, CODES[:1])
    np.testing.assert_allclose(one.codebook[0], Z.mean(0), atol=1e-15)


def test_lloyds_algorithm_on_normal_draws_finds_the_optimal_levels():
    """40,000 draws: levels within 5 standard errors, about .01 each, of the optimal ones."""
    x = np.random.default_rng(8).standard_normal((40_000, 1))
    best = lloyd_max(4)
    found = lloyd(x, [[-1.0], [-0.3], [0.3], [1.0]], 60)
    np.testing.assert_allclose(found.codebook[:, 0], best.levels, atol=0.05)
    assert found.errors[-1] == pytest.approx(best.distortion, abs=5 * 0.19 / 200)
    assert perplexity(found.codes, 4) == pytest.approx(best.perplexity, abs=0.05)


def test_frequencies_and_perplexity():
    codes = np.array([[0, 3, 3], [3, 1, 5]])
    np.testing.assert_allclose(code_frequencies(codes, 6), np.array([1, 1, 0, 3, 0, 1]) / 6)
    p = np.array([1, 1, 3, 1]) / 6
    assert perplexity(codes, 6) == pytest.approx(np.prod(p**-p), rel=1e-14)
    assert perplexity(np.arange(1000), 1000) == pytest.approx(1000, rel=1e-12)
    assert perplexity([2.0, 2.0], 5) == 1


STATE = Codebook.start(CODES)
BAD = {
    "counts below 0": (lambda: Codebook.start(CODES, -1.0), "counts must be at least 0"),
    "counts of another size": (lambda: Codebook.start(CODES, np.ones(3)), "counts must have shape"),
    "no state": (lambda: update_codebook(CODES, Z, decay=0.5), "state must be a Codebook"),
    "sums": (lambda: update_codebook((CODES, np.ones(8), Z), Z, decay=0.5), "sums must have shape"),
    "negative": (lambda: update_codebook((CODES, -np.ones(8), CODES), Z, decay=0.5), "counts"),
    "decay": (lambda: update_codebook(STATE, Z, decay=1.2), "decay must be at most 1"),
    "epsilon": (lambda: update_codebook(STATE, Z, decay=0.2, epsilon=-1.0), "epsilon must be at"),
    "no points": (lambda: update_codebook(STATE, Z[:0], decay=0.2), "z must hold at least one"),
    "no point to replace by": (lambda: replace_dead_codes(STATE, Z[:0], 2.0, rng=0), "z must hold"),
    "both": (lambda: replace_dead_codes(STATE, Z, 2.0, rows=[0], rng=0), "rows and rng"),
    "rows": (lambda: replace_dead_codes(STATE, Z, 2.0, rows=[60]), "rows must lie between 0 and"),
    "threshold": (lambda: replace_dead_codes(STATE, Z, 0.0, rng=0), "threshold must be positive"),
    "codes": (lambda: perplexity([0, 4], 4), "codes must lie between 0 and 3"),
    "code below 0": (lambda: perplexity([2, -1], 4), "codes must lie between 0 and 3, got -1"),
    "no codes": (lambda: perplexity([], 4), "codes must hold at least one number"),
    "half codes": (lambda: perplexity([0.5], 4), "codes must be whole"),
    "no codebook": (lambda: lloyd_step(Z, np.ones((0, 3))), "codebook must have shape"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_what_comes_in_is_left_as_it_is():
    state = Codebook.start(CODES, 0.1)
    copies = [array.copy() for array in state]
    update_codebook(state, Z, decay=0.3)
    replace_dead_codes(state, Z, 2.0, rng=0)
    for one, other in zip(state, copies):
        np.testing.assert_array_equal(one, other)

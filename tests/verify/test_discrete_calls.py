"""Mistakes as people write them, in NumPy and torch, are called by name, in both precisions."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from refscore.verify import run
from refscore.verify.draws import Part, as_many
from refscore.verify.mutants import mistakes
from refscore.verify.mutants.base import SPELLINGS
from refscore.verify.mutants.own_process import candidates, plain
from refscore.verify.setting import Setting, setting_of
from refscore.verify.subject import Subject


def named(report):
    failed = [check for check in report.checks if check.verdict == "fails"]
    assert failed
    return {name for check in failed for name in check.diagnosis.mistakes}


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cosine(x, codebook):
    index = (unit(x) @ unit(codebook).T).argmax(1)
    return index, codebook[index]


def exchanged(logits, other_logits):
    """As torch's kl_div(log q, p) has it."""
    p, log_p = softmax(other_logits, -1), log_softmax(other_logits, -1)
    with np.errstate(all="ignore"):
        return (np.where(p > 0, p * log_p, 0) - p * log_softmax(logits, -1)).sum(-1)


def underflowing(logits, other_logits):
    """A plain formula, fragile where probabilities vanish."""
    q, p = softmax(logits, -1), softmax(other_logits, -1)
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(q / p), 0).sum(-1)


def standardised(logits, f, baseline, gumbels):
    b = np.eye(len(logits))[(logits + gumbels).argmax(-1)]
    with np.errstate(all="ignore"):
        values = f(b) - baseline
        values = values / values.std(ddof=1)
    return (values[:, None] * (b - softmax(logits))).mean(0)


def smoothed_kept(x, codebook, counts, sums, decay, epsilon):
    hot = np.eye(len(codebook))[((x[:, None] - codebook) ** 2).sum(-1).argmin(1)]
    counts, sums = decay * counts + (1 - decay) * hot.sum(0), decay * sums + (1 - decay) * hot.T @ x
    total = counts.sum()
    counts = (counts + epsilon) / (total + len(counts) * epsilon) * total
    return sums / counts[:, None], counts, sums


def heated(logits, temperature, cotangent, gumbels):
    """As automatic differentiation has it."""
    z = logits + gumbels
    y = softmax(z / temperature, -1)
    with np.errstate(all="ignore"):
        return -(y * (z - (y * z).sum(-1, keepdims=True)) * cotangent).sum(-1) / temperature**2


WRITTEN = [
    ("quantise", cosine, "quantise_cosine"),
    ("categorical_kl", exchanged, "kl_div_exchanged"),
    ("categorical_kl", underflowing, "kl_underflow_taken_for_zero"),
    ("score_function_gradient", standardised, "score_function_values_over_deviation"),
    ("codebook_update", smoothed_kept, "ema_smoothed_kept"),
    ("gumbel_softmax_temperature_gradient", heated, "heat_at_impossible_codes"),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("port", "function", "name"), WRITTEN)
def test_they_are_called_by_name(port, function, name, dtype):
    report = run(SimpleNamespace(**{port: function}, dtype=dtype), checks=["H"])
    assert named(report) == {name}


def test_a_mistake_is_predicted_in_the_precision_of_the_subject():
    subject = Subject(SimpleNamespace(quantise=cosine, dtype="float32"))
    assert setting_of(subject).dtype == "float32"
    wrong = Subject(mistakes()["quantise_cosine"].subject(setting_of(subject)))
    assert wrong.dtype == "float32"
    assert Setting(setting_of(subject).process).dtype == "float64"


def leave_one_out(m, baseline):
    """m draws of its own."""

    def estimate(logits, f, rng):
        pi = softmax(logits)
        b = np.eye(len(pi))[rng.choice(len(pi), m, p=pi)]
        values = f(b)
        return ((values - baseline(values))[:, None] * (b - pi)).mean(0)

    return SimpleNamespace(leave_one_out_gradient=estimate)


def others(values):
    return (values.sum() - values) / (len(values) - 1)


@pytest.mark.parametrize("m", [2, 6, 1000])
def test_a_baseline_of_the_other_draws_holds_however_many(m):
    report = run(leave_one_out(m, others), checks=["leave_one_out_of_frequencies"])
    assert report.counts["fails"] == 0
    assert report.counts["holds"] == 2


def test_a_draw_in_its_own_baseline_is_told_of_any_number_of_draws():
    for m in (6, 100):
        report = run(leave_one_out(m, np.mean), checks=["leave_one_out_of_frequencies"])
        assert named(report) == {"leave_one_out_with_own_draw"}


def test_how_many_draws_are_averaged_is_read_off_the_spread():
    def part(variance):
        return (Part(np.zeros(2), variance * np.eye(2), np.ones(2, bool), np.ones(2, bool)),)

    assert as_many({"a": part(4.0)}, {"a": part(1.0)}, 64) == 16
    assert as_many({"a": part(1e-9)}, {"a": part(1.0)}, 64) == 4096
    assert as_many({"a": part(1.0)}, {}, 64) == 64


@pytest.mark.parametrize("key", ["max_gumbel_distribution_function~0",
                                 "score_function_values_over_deviation~0"])  # fmt: skip
def test_another_spelling_goes_by_the_same_name(key):
    assert key in candidates()
    assert key not in mistakes()
    wrong = SPELLINGS[key]
    report = run(SimpleNamespace(**{wrong.port: wrong.function}), checks=["H"])
    assert named(report) == {plain(key)}

"""What must hold before an identity means anything, and what a failure of it blocks."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import distributions
from refscore.verify import library


def verdict(port, function, **declared):
    report = rv.run(SimpleNamespace(**{port: function}, **declared), diagnose=False)
    return report, report[f"{port}_prerequisites"]


def mutating_x(field, x):
    loss = library.implicit_loss(field, x)
    x *= 2
    return loss


def mutating_probes(field, x, probes):
    loss = library.sliced_loss(field, x, probes)
    probes /= 2
    return loss


def mutating_noise(field, x, sigma, noise):
    noise[0] += 1e-12
    return library.denoising_loss(field, x, sigma, noise)


@pytest.mark.parametrize(
    ("port", "function", "argument"),
    [
        ("implicit_loss", mutating_x, "x"),
        ("sliced_loss", mutating_probes, "probes"),
        ("denoising_loss", mutating_noise, "noise"),
    ],
)
def test_writing_to_an_argument_fails(port, function, argument):
    report, root = verdict(port, function)
    assert root.verdict == "fails"
    assert f"wrote to its argument {argument}" in root.note
    assert report.exit_code == 1
    assert report.counts["fails"] == 1
    dependents = [c for c in report.checks if c.ports == (port,) and c is not root]
    assert len(dependents) >= 3
    assert {c.verdict for c in dependents if c.kind != "expectation"} == {"blocked"}
    assert all(f"{port}_prerequisites failed" in c.note for c in dependents)


def batch_coupled(field, x):
    return library.implicit_loss(field, x) - 0.01 * field(x).mean()


def coupled_by_the_last_row(field, x):
    return library.implicit_loss(field, x) + 1e-6 * x[-1, 0]


def wrong_on_one_row(field, x):
    return library.implicit_loss(field, x) if len(x) > 1 else np.zeros(1)


def test_a_batch_of_one_row_is_tried():
    _, root = verdict("implicit_loss", wrong_on_one_row)
    assert root.verdict == "fails"
    assert root.note.startswith("one row alone gives another result than the same row in a batch")
    _, root = verdict("score", lambda law, x: np.squeeze(library.score(law, x)))
    assert root.verdict == "fails"
    for answer in (np.squeeze, np.mean):  # of one loss both are that loss
        _, root = verdict("implicit_loss", lambda f, x, a=answer: a(library.implicit_loss(f, x)))
        assert root.verdict == "holds", root.note


@pytest.mark.parametrize("function", [batch_coupled, coupled_by_the_last_row])
def test_a_row_that_sees_its_neighbours_fails(function):
    _, root = verdict("implicit_loss", function)
    assert root.note.startswith("a row's result changes with the other rows of its batch, by ")


def test_another_result_every_time_fails():
    hidden = np.random.default_rng(0)
    _, root = verdict(
        "implicit_loss", lambda f, x: library.implicit_loss(f, x) * (1 + 1e-9 * hidden.random())
    )
    assert root.note == "the same inputs gave two different results"


def drawing(generator):
    return lambda field, x, rng: library.sliced_loss(field, x, rng=generator(rng))


def test_a_seed_that_is_ignored_or_not_enough_fails():
    _, root = verdict("sliced_loss", drawing(lambda rng: np.random.default_rng(3)))
    assert root.note == "different seeds gave the same result"
    _, root = verdict("sliced_loss", drawing(lambda rng: np.random.default_rng()))
    assert root.note == "the same seed gave two different results"
    _, root = verdict("sliced_loss", drawing(lambda rng: rng))
    assert root.verdict == "holds"


def seed_ignored(field, x, probes=None, rng=None):
    if probes is None:
        probes = np.random.default_rng(0).choice([-1.0, 1.0], (len(x), 1, x.shape[1]))
    return library.sliced_loss(field, x, probes)


def test_an_ignored_seed_blocks_only_what_lets_the_port_draw():
    report, root = verdict("sliced_loss", seed_ignored)
    assert root.note == "different seeds gave the same result"
    assert report["sliced_given_probes"].verdict == "holds"
    assert report["sliced_mean"].verdict == "blocked"
    assert report.exit_code == 1


def test_draws_are_tried_also_where_draws_may_be_given():
    _, root = verdict(
        "sliced_loss",
        lambda f, x, probes=None, rng=None: (
            library.sliced_loss(f, x, probes) if probes is not None else np.full(len(x), np.nan)
        ),
    )
    assert "not finite" in root.note


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        (lambda v: v[:, None], r"(5, 1)"),
        (lambda v: v[None], r"(1, 5)"),
        (lambda v: v[:-1], r"(4,)"),
        (lambda v: np.tile(v, (5, 1)), r"(5, 5)"),
        (lambda v: v[:0], r"(0,)"),
    ],
)
def test_another_shape_fails_and_both_are_named(change, shape):
    _, root = verdict("implicit_loss", lambda f, x: change(library.implicit_loss(f, x)))
    assert f"returned shape {shape}, expected (5,) or () for x of shape (5, 3)" in root.note
    _, root = verdict("log_density", lambda law, x: change(library.log_density(law, x)))
    assert "expected (5,) for x of shape" in root.note


def test_a_mean_will_not_do_where_values_are_asked_for():
    _, root = verdict("log_density", lambda law, x: library.log_density(law, x).mean())
    assert "returned shape (), expected (5,)" in root.note


@pytest.mark.parametrize(
    "wrong",
    [
        lambda v: v * np.nan,
        lambda v: np.where(np.arange(len(v)) == 1, np.inf, v),
        lambda v: v.astype(object),
        lambda v: [str(a) for a in v],
        lambda v: (a for a in v),
    ],
)
def test_what_are_no_finite_numbers_fails(wrong):
    _, root = verdict("implicit_loss", lambda f, x: wrong(library.implicit_loss(f, x)))
    assert root.verdict in ("fails", "error"), root.note


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: (v, v), "returned a tuple of 2, expected an array of one number a point, (n,)"),
        (lambda v: (v,), "returned a tuple of 1, expected an array of one number a point, (n,);"),
        (lambda v: {"value": v}, "returned a mapping, expected an array"),
        (lambda v: v + 0j, "returned complex numbers, expected real ones"),
    ],
)
def test_another_type_fails_and_both_are_named(change, said):
    report, root = verdict("log_density", lambda law, x: change(library.log_density(law, x)))
    assert root.verdict == "fails"
    assert f"log_density {said}" in root.note
    assert report.exit_code == 1


def test_another_type_on_a_later_case_fails():
    def score(law, x):
        answer = library.score(law, x)
        return answer if law.kind == "gaussian" else (answer, answer)

    report, root = verdict("score", score)
    assert root.verdict == "holds"
    assert report["mixture_score"].verdict == "fails"
    assert "score returned a tuple of 2, expected an array (n, d)" in report["mixture_score"].note
    assert "mixture_score" in report.summary()


def test_a_coroutine_is_said():
    async def implicit_loss(field, x):
        return library.implicit_loss(field, x)

    _, root = verdict("implicit_loss", implicit_loss)
    assert root.verdict == "error"
    assert "implicit_loss returned a coroutine: ports are called without await" in root.note


def _stationary(law, step_size):
    return library.langevin_stationary(library_law(law), step_size)


def library_law(law):
    return SimpleNamespace(kind=law.kind, parameters_by_name=law.parameters_by_name)


Pair = namedtuple("Pair", "mean covariance")


@pytest.mark.parametrize(
    "form",
    [
        lambda law: {"kind": "gaussian", **law},
        lambda law: {"kind": "Gaussian", "name": "stationary", **law},
        lambda law: SimpleNamespace(**law),
        lambda law: SimpleNamespace(kind="gaussian", **law),
        lambda law: Pair(**law),
        lambda law: distributions.Gaussian(**law),
    ],
)
def test_a_law_may_be_returned_with_its_kind_or_as_an_object(form):
    report, root = verdict("langevin_stationary", lambda law, eta: form(_stationary(law, eta)))
    assert root.verdict == "holds", root.note
    assert report.exit_code == 0, report.summary()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (lambda law: tuple(law.values()), "returned a tuple of 2, expected a gaussian law"),
        (lambda law: {"mean": 0, "cov": 1}, "returned a mapping with mean, cov, expected"),
        (lambda law: law["mean"], "returned an array of shape (3,), expected a gaussian law"),
        (lambda law: {"kind": "mixture", **law}, "a law of kind 'mixture', expected a gaussian"),
    ],
)
def test_what_is_no_law_fails_and_the_arrays_are_named(form, said):
    report, root = verdict("langevin_stationary", lambda law, eta: form(_stationary(law, eta)))
    assert root.verdict == "fails"
    assert said in root.note
    assert "with mean, covariance" in root.note
    assert report.exit_code == 1


def test_every_kind_of_law_may_carry_its_kind():
    def diffuse(law, alpha, sigma):
        kind = "smoothed_uniform" if law.kind == "uniform" else law.kind
        return {"kind": kind, **library.diffuse(law, alpha, sigma)}

    subject = SimpleNamespace(diffuse=diffuse, log_density=library.log_density)
    assert rv.run(subject, checks="diffused_law").exit_code == 0


def test_a_missing_return_is_said():
    report, root = verdict("implicit_loss", lambda f, x: None)
    assert root.verdict == "error"
    assert "implicit_loss returned None" in root.note
    assert report.exit_code == 2


def test_an_exception_is_an_error_with_its_line():
    def implicit_loss(field, x):
        raise RuntimeError("no kernel for double")

    report, root = verdict("implicit_loss", implicit_loss)
    assert root.verdict == "error"
    assert "RuntimeError: no kernel for double (implicit_loss, line" in root.note
    assert report["implicit_affine"].verdict == "blocked"
    assert report.exit_code == 2


def test_a_root_failure_leaves_other_ports_alone():
    subject = SimpleNamespace(implicit_loss=mutating_x, fisher_loss=library.fisher_loss)
    report = rv.run(subject, diagnose=False)
    assert report["fisher_divergence_affine"].verdict == "holds"
    assert report["implicit_affine"].verdict == "blocked"


def test_a_relation_of_two_ports_is_blocked_by_either():
    subject = SimpleNamespace(
        score=library.score, log_density=lambda law, x: library.log_density(law, x)[:, None]
    )
    report = rv.run(subject, diagnose=False)
    assert report["score_is_gradient"].verdict == "blocked"
    assert report["gaussian_score"].verdict == "holds"

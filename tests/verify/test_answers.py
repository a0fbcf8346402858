"""Answers in the forms people return them: tuples, mappings, objects; and what is none."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

from refscore.verify import library, run
from refscore.verify.arguments import ARGUMENTS
from refscore.verify.ports import GENERATOR_NAMES, PORTS
from refscore.verify.render import listings
from refscore.verify.render.ink import Ink
from refscore.verify.returned import PARTS, RETURNS


def verdicts(port, function, check):
    report = run({port: function}, checks=[check], diagnose=False)
    return report[check].verdict, report.checks[0].note + report[check].note


def parts(form):
    return lambda *arguments: form(library.edm_preconditioning(*arguments))


BACKWARDS = namedtuple("Backwards", "c_noise c_in c_out c_skip")


@pytest.mark.parametrize(
    "form",
    [
        tuple,
        list,
        np.stack,
        lambda c: dict(zip(PARTS["coefficients"], c)),
        lambda c: SimpleNamespace(**dict(zip(PARTS["coefficients"], c)), extra=1),
        lambda c: BACKWARDS(*c[::-1]),
    ],
)
def test_several_parts_come_in_any_form(form):
    verdict, note = verdicts("edm_preconditioning", parts(form), "edm_preconditioning_values")
    assert verdict == "holds", note


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (lambda c: dict(zip("abcd", c)), "a mapping of a, b, c, d; expected a tuple (c_skip"),
        (lambda c: c[:3], "returned a tuple of 3, expected a tuple (c_skip"),
        (lambda c: c[0], "returned an array of shape (5,), expected a tuple (c_skip"),
        (lambda c: (object(), *c[1:]), "a part that is a object, expected a tuple"),
    ],
)
def test_wrong_parts_are_named(form, said):
    verdict, note = verdicts("edm_preconditioning", parts(form), "edm_preconditioning_values")
    assert verdict != "holds"
    assert said in note


def test_a_fit_may_name_its_covariance():
    def fit(x):
        return {"covariance": np.cov(x.T, ddof=0), "mean": x.mean(0)}

    assert verdicts("fit_gaussian", fit, "gaussian_is_maximum_likelihood")[0] == "holds"
    singular = SimpleNamespace(mean=np.zeros(3), covariance=np.zeros((3, 3)))
    _, note = verdicts("fit_gaussian", lambda x: singular, "gaussian_is_maximum_likelihood")
    assert "returned a covariance without inverse" in note


@pytest.mark.parametrize(
    ("port", "check", "change", "said"),
    [
        ("fit_half_normal_mean", "half_normal_mean_optimum", lambda v: v[None],
         "returned an array of shape (1,), expected a number; return its only entry"),
        ("fit_half_normal_mean", "half_normal_mean_optimum", lambda v: object(),
         "returned a object, expected a number"),
        ("fit_half_normal_mean", "half_normal_mean_optimum", lambda v: "3",
         "returned a str, expected a number"),
        ("fit_diagonal_precision", "diagonal_precision_optimum", lambda v: np.diag(v),
         "returned an array of shape (3, 3), expected an array of one axis"),
        ("fit_diagonal_precision", "diagonal_precision_optimum", lambda v: [[1.0], [1.0, 2.0]],
         "returned a list of 2, expected an array of one axis"),
        ("implicit_loss_gradient", "implicit_gradient", lambda v: v.reshape(1, -1),
         "expected one flat array (p,), ordered like .parameters"),
    ],
)  # fmt: skip
def test_what_is_no_answer_says_what_is_meant(port, check, change, said):
    right = getattr(library, port)

    def wrong(*arguments):
        return change(np.asarray(right(*arguments)))

    verdict, note = verdicts(port, wrong, check)
    assert verdict != "holds"
    assert f"{port} {said}" in note or said in note


def test_every_argument_and_answer_is_explained():
    for port in PORTS.values():
        given = [name for name in (port.given, *port.more) if name]
        for name in (*port.arguments, *given):
            assert ARGUMENTS[name], f"{name} of {port.name}"
        assert port.returns in RETURNS, port.name
    assert set(PARTS) <= set(RETURNS)
    assert "rng" in GENERATOR_NAMES


def test_the_listing_explains_them_and_keeps_groups_together():
    records = [
        {**port._asdict(), "signature": port.signature, "conventions": []}
        for port in PORTS.values()
    ]
    text = listings.ports(records, Ink(False))
    for name in (*ARGUMENTS, *RETURNS):
        assert f"\n  {name}" in text
    for group in {port.group for port in PORTS.values()}:
        assert text.count(f"\n{group}\n") == 1
    flat = " ".join(text.split())
    for said in ("their entries are 0.0 and 1.0", "symmetric, its diagonal zero",
                 "(n_steps, n, d) in contrastive_divergence", "one level, or one a point as (n,)",
                 "integers (n,): point i has the noise level sigmas[levels[i]]"):  # fmt: skip
        assert said in flat

"""One convention or several, declared of one port or of all, rightly or wrongly."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify import library

from .objectives import losses
from .subjects import subject


def scaled(half, mean, power):
    """A denoising loss in up to three other readings."""

    def denoising_loss(field, x, sigma, noise):
        loss = library.denoising_loss(field, x, sigma, noise)
        return half * loss * sigma**power / (x.shape[1] if mean else 1)

    return denoising_loss


@pytest.mark.parametrize(
    ("loss", "declared"),
    [
        (scaled(2, False, 2), {"half": False, "sigma_power": 2}),
        (scaled(1, True, 1), {"dimensions": "mean", "sigma_power": 1}),
        (scaled(2, True, 2), {"half": False, "dimensions": "mean", "sigma_power": 2}),
    ],
)
def test_several_conventions_at_once_fail_and_are_said(loss, declared):
    report = rv.run(subject(denoising_loss=loss))
    assert report.exit_code == 1
    assert report.convention == ""
    line = f"every check holds if you declare conventions = {declared}"
    assert [hint for hint in report.hints if hint.replace('"', "'").startswith(line)]
    assert report["denoising_given_noise"].diagnosis.explanation in report.hints
    assert rv.run(subject(denoising_loss=loss, conventions=declared)).exit_code == 0


def test_one_convention_of_one_port_is_said():
    mixed = losses(lambda v, x, sigma: v)
    mixed.denoising_loss = scaled(2, False, 0)
    report = rv.run(mixed)
    assert report.exit_code == 1
    assert '{"denoising_loss.half": False}' in report.hints[0]


@pytest.mark.parametrize("key", ["half", "implicit_loss.half"])
def test_a_convention_declared_wrongly_is_said(key):
    report = rv.run(subject(implicit_loss=library.implicit_loss, conventions={key: False}))
    assert report.exit_code == 1
    assert report.hints[0] == f'every check holds without "{key}": False in conventions'
    mixed = {"dimensions": "mean", "implicit_loss.half": True, key: False}
    if key == "half":
        report = rv.run(subject(implicit_loss=library.implicit_loss, conventions=mixed))
        assert "every check holds without \"dimensions\": 'mean'" in report.hints[0]


def test_single_precision_is_an_undeclared_dtype():
    def rounded(field, x):
        return library.implicit_loss(field, x).astype(np.float32)

    report = rv.run(subject(implicit_loss=rounded))
    assert report.exit_code == 2
    assert report.convention == 'dtype = "float32"'
    assert report.counts["fails"] == 0
    for dtype in ("float32", np.float32, np.dtype("float32")):
        assert rv.run(subject(implicit_loss=rounded, dtype=dtype)).exit_code == 0
    wrong = subject(implicit_loss=lambda f, x: rounded(f, x) * np.float32(1.01))
    assert rv.run(wrong).exit_code == 1
    with pytest.raises(rv.SubjectError, match="dtype must be"):
        rv.run(subject(implicit_loss=rounded, dtype="float16"))


def test_a_convention_in_one_of_several_ports_fails():
    mixed = losses(lambda v, x, sigma: v)
    mixed.denoising_loss = lambda f, x, sigma, noise: 2 * library.denoising_loss(f, x, sigma, noise)
    report = rv.run(mixed)
    assert report.exit_code == 1
    assert report.counts["undeclared convention"] == 0
    assert report["implicit_affine"].verdict == "holds"
    mixed.conventions = {"denoising_loss.half": False}
    assert rv.run(mixed).exit_code == 0


def test_a_convention_declared_wrongly_fails():
    report = rv.run(
        SimpleNamespace(implicit_loss=library.implicit_loss, conventions={"half": False})
    )
    assert report.exit_code == 1
    assert report.convention == ""


def test_a_convention_does_not_excuse_another_mistake():
    report = rv.run(
        subject(
            implicit_loss=lambda f, x: 2 * library.implicit_loss(f, x),
            trace_estimate=lambda matvec, dim, probes: (
                -library.trace_estimate(matvec, dim, probes)[0]
            ),
        )
    )
    assert report.exit_code == 1
    assert report.convention == ""


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"halv": True}, "did you mean 'half'"),
        ({"half": "no"}, r"must be one of \(True, False\), got 'no'"),
        ({"implicit_los.half": False}, "names no port: 'implicit_los'"),
        ({"langevin_step.half": False}, "'half' does not apply to langevin_step, but to"),
        ({"step": "h"}, "applies to no port offered, only to langevin_step"),
        ({"denoising_loss.half": False}, "applies to no port offered, only to denoising_loss"),
        ({"half": 1}, "must be one of"),
        (["half"], "conventions must be a dict, got list"),
    ],
)
def test_what_cannot_be_declared_is_said(declared, message):
    wrong = SimpleNamespace(implicit_loss=library.implicit_loss, conventions=declared)
    with pytest.raises(rv.SubjectError, match=message):
        rv.run(wrong)

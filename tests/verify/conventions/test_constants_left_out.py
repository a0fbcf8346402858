"""A density left unnormalised, and one that is wrong."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv

from .densities import quadratic
from .subjects import subject

WRONG = {
    "determinant without root": lambda c: (
        0.5 * len(c) * np.log(2 * np.pi) + np.linalg.slogdet(c)[1]
    ),
    "diagonal's determinant": lambda c: 0.5 * np.log(2 * np.pi * np.diag(c)).sum(),
    "normaliser twice": lambda c: np.linalg.slogdet(2 * np.pi * c)[1],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_determinant_is_not_a_density_left_unnormalised(wrong):
    report = rv.run(subject(log_density=lambda law, x: quadratic(law, x, WRONG[wrong])))
    assert report.exit_code == 1, report.summary()
    assert report.convention == ""
    assert not report.hints


def test_an_energy_without_its_normaliser_is_unnormalised():
    report = rv.run(subject(log_density=quadratic))
    assert report.convention == 'conventions = {"normalised": False}'
    assert report.exit_code == 2


def test_the_integral_of_a_density_declared_unnormalised_is_not_checked():
    declared = SimpleNamespace(log_density=quadratic, conventions={"normalised": False})
    report = rv.run(declared)
    assert report["density_integrates_to_one"].verdict == "not offered"
    assert "not normalised" in report["density_integrates_to_one"].note
    assert report["log_densities"].verdict == "holds"

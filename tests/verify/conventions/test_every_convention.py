"""Every convention: declared it holds, undeclared it is named."""

from types import SimpleNamespace

import pytest

import refscore.verify as rv
from refscore.verify import conventions
from refscore.verify.ports import PORTS

from . import densities, discrete, flows, langevin, objectives, ode, processes, traces

SUBJECTS = {
    **densities.SUBJECTS, **objectives.SUBJECTS, **discrete.SUBJECTS, **traces.SUBJECTS,
    **langevin.SUBJECTS, **processes.SUBJECTS, **flows.SUBJECTS, **ode.SUBJECTS,
}  # fmt: skip
# a mean over d and a probe of length one instead of √d are one factor, from rng alone
ALIKE = {("probes", "unit norm"): ["dimensions", "probes"]}


def test_every_value_of_every_convention_has_its_subject():
    known = {
        (name, value)
        for name, convention in conventions.CONVENTIONS.items()
        for value in convention.values
        if value != convention.default
    }
    assert known == set(SUBJECTS)
    assert sum(len(family.conventions) for family in conventions.FAMILIES) == len(
        conventions.CONVENTIONS
    )


@pytest.mark.parametrize("convention", SUBJECTS, ids=lambda c: f"{c[0]}={c[1]}")
def test_declared_a_convention_holds(convention):
    declared = SimpleNamespace(**vars(SUBJECTS[convention]), conventions=dict([convention]))
    report = rv.run(declared)
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] >= 2


@pytest.mark.parametrize("convention", SUBJECTS, ids=lambda c: f"{c[0]}={c[1]}")
def test_undeclared_it_is_named_and_nothing_passes(convention):
    name, value = convention
    report = rv.run(SUBJECTS[convention])
    assert report.exit_code == 2, report.summary()
    assert report.counts["fails"] == 0
    assert report.counts["undeclared convention"] >= 1
    lines = report.convention.split(" or ")
    assert f'conventions = {{"{name}": {value!r}}}' in lines
    assert len(lines) == len(ALIKE.get(convention, [name])), report.convention
    explained = [c for c in report.checks if c.verdict == "undeclared convention"]
    assert all(report.convention in check.note for check in explained)


def test_every_value_has_a_meaning_and_every_convention_its_ports():
    for convention in conventions.CONVENTIONS.values():
        assert all(convention.values.values())
        assert convention.ports
        assert set(convention.ports) <= set(PORTS)

"""The catalogue itself: well formed, true of the library, and sharp on both of its sides."""

import re
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import refscore
import refscore.verify.library as library
from refscore import strategies
from refscore.identities import Case, Sides, catalogue
from refscore.identities.base import KINDS
from refscore.oracles._memory import forget
from refscore.verify import Subject, evaluate
from refscore.verify.compare import judge
from refscore.verify.mutants import catches, mistakes
from refscore.verify.ports import PORTS

ENTRIES = list(catalogue().values())
EXACT = [entry for entry in ENTRIES if entry.kind in ("exact", "exact law")]
DRAWN = [entry for entry in ENTRIES if entry.family]
ROWS = {"A": 9, "B": 18, "C": 4, "D": 4, "E": 11, "F": 17, "G": 10, "H": 7, "I": 5, "J": 23}
ALPHA = 1e-6
SUBJECT = Subject(library)


def _named(entry):
    return entry.name


def _problems(result):
    seen = [(case.name, case.note, [j for j in case.judgements or [] if not j.holds])
            for case in result.cases if case.verdict != "holds"]  # fmt: skip
    return f"{result.verdict}: {result.note} {seen}"


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.draws == "given"], ids=_named)
def test_holds_on_the_library(entry):  # those that draw: with everything else, without autograd
    result = evaluate(entry, SUBJECT, ALPHA / len(ENTRIES))
    assert result.verdict == "holds", _problems(result)
    assert all(case.verdict == "holds" for case in result.cases), "a case was declined"


@pytest.mark.parametrize("entry", DRAWN, ids=_named)
def test_drawn_cases_hold_and_catch_what_the_fixed_ones_catch(entry):
    caught = [mistakes()[name] for name in catches().get(entry.name, ()) if name in mistakes()]
    unseen = {mistake.name: Subject(mistake.subject()) for mistake in caught}

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(strategies.cases(entry.family))
    def draw(case):
        result = evaluate(entry, SUBJECT, ALPHA, cases=[case])
        assert result.verdict == "holds", f"{_problems(result)} on {case}"
        for name, wrong in list(unseen.items()):
            if evaluate(entry, wrong, ALPHA, cases=[case]).verdict != "holds":
                del unseen[name]

    draw()
    assert len(unseen) <= len(caught) / 2, sorted(unseen)  # few need more draws than these


def test_every_family_named_is_drawn_and_every_family_drawn_is_named():
    assert {entry.family for entry in DRAWN} == set(strategies.FAMILIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=_named)
def test_is_well_formed(entry):
    row = re.fullmatch(r"([A-J])(\d+)(-[a-z0-9+]+)*", entry.id)
    assert row, entry.id
    assert 1 <= int(row[2]) <= ROWS[row[1]], f"{entry.row} is no row of the list of identities"
    for text in (entry.statement, entry.assumptions, entry.source, entry.summary):
        assert text.strip()
    assert entry.statement.count("{") == entry.statement.count("}")
    assert re.search(r"seed|derived|definition|\d{4}", entry.source), "no seed or paper"
    assert entry.summary.endswith(".")
    assert entry.kind in KINDS
    assert entry.ports
    assert set(entry.ports) <= set(PORTS)
    assert 0 < entry.tolerance <= 1e-4
    cases = list(entry.cases())
    assert cases
    assert all(isinstance(case, Case) for case in cases)
    assert len({case.name for case in cases}) == len(cases), "cases share a name"


def test_ids_and_names_are_unique():
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.terms], ids=_named)
def test_terms_add_up_to_the_right_side(entry):
    for case in entry.cases():
        right = next(iter(entry.sides(SUBJECT, case))).right
        total = sum(entry.terms(case).values())
        np.testing.assert_allclose(total, right, rtol=1e-9, atol=1e-9 * np.abs(right).max())


# --- both sides are noticed ------------------------------------------------------------------


def _size(sides):
    """The right side's largest entry, or the stated scale where that is larger."""
    right = np.asarray(sides.right, dtype=float)
    largest = np.abs(right[np.isfinite(right)]).max(initial=0.0)
    return np.maximum(largest, 0.0 if sides.scale is None else sides.scale)


@pytest.mark.parametrize("entry", EXACT, ids=_named)
def test_either_side_off_by_one_in_a_million_is_noticed(entry):
    by = max(1e-6, 20 * entry.tolerance)
    compared = 0
    for case in entry.cases():
        for sides in entry.sides(SUBJECT, case):
            assert isinstance(sides, Sides)
            assert judge(sides, entry.tolerance).holds
            if not np.any(_size(sides)):
                continue  # 0 = 0, the Jacobian of a Laplace law
            compared += 1
            off = by * _size(sides)
            for wrong in (
                sides._replace(right=sides.right + off),
                sides._replace(left=sides.left + off),
            ):
                assert not judge(wrong, entry.tolerance).holds, (case.name, sides.label)
    assert compared, "nothing but zeros is compared"


def _oracles_named():
    """(module, function) of every oracle that a chapter of the catalogue names."""
    root = Path(refscore.__file__).parent / "identities"
    text = "".join(path.read_text("utf-8") for path in root.glob("*.py"))
    for module, name in sorted(set(re.findall(r"oracles\.(\w+)\.(\w+)", text))):
        yield import_module(f"refscore.oracles.{module}"), name


ORACLES = list(_oracles_named())
CANCELS = {("conservative_score", "score_jacobian"), ("flow_log_likelihood", "log_density"),
           ("log_snr", "marginal"), ("time_of_log_snr", "marginal"),
           ("grids_are_equally_spaced", "marginal"),
           ("prior_matches_the_end", "final_time"), ("prior_matches_the_end", "marginal"),
           ("flow_log_likelihood_on_probes", "final_time"),
           ("flow_probes_are_held", "log_det"),
           ("only_reverse_sde_reverses", "marginal"), ("erratum_flow_more_stable", "marginal"),
           ("best_baseline_is_least", "score_function_moments"),
           # of no effect to first order, as around a minimum
           ("jensen_shannon_of_laws", "log_density"),
           ("latent_bound_and_gap", "latent_posterior"),
           ("flow_densities", "value")}  # of a network that moves points by a tenth  # fmt: skip


def _off(answer, by):
    """An oracle's answer, wrong by a factor."""
    if isinstance(answer, tuple):
        return tuple(_off(a, by) for a in answer)
    if hasattr(answer, "kind"):
        parts = {k: v if k in ("kind", "weights") else _off(v, by) for k, v in vars(answer).items()}
        return type(answer)(**parts)
    return answer * (1 + by)


@pytest.mark.parametrize("entry", EXACT, ids=_named)
def test_an_oracle_off_by_one_in_a_million_is_noticed(entry, monkeypatch):
    asked = set()

    def recorded(key, function):
        def call(*args, **kwargs):
            asked.add(key)
            return function(*args, **kwargs)

        return call

    cases = list(entry.cases())
    with monkeypatch.context() as patch:
        for module, name in ORACLES:
            function = getattr(module, name)
            patch.setattr(module, name, recorded((module.__name__, name, module), function))
        assert evaluate(entry, SUBJECT, ALPHA, cases).verdict == "holds"
    by = max(1e-6, 30 * entry.tolerance)
    for home, name, module in sorted(asked, key=lambda key: key[:2]):
        if (entry.name, name) in CANCELS:
            continue
        right = getattr(module, name)
        with monkeypatch.context() as patch:
            patch.setattr(module, name, partial(_wrong, right, by))
            forget()
            verdicts = (evaluate(entry, SUBJECT, ALPHA, [case]).verdict for case in cases)
            told = next((verdict for verdict in verdicts if verdict != "holds"), "holds")
            forget()
        assert told == "fails", f"{entry.name} does not notice {home}.{name}"


def _wrong(right, by, *args, **kwargs):
    return _off(right(*args, **kwargs), by)

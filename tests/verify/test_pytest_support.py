"""`@refscore.verify.parametrize`: verdicts as pytest's own outcomes."""

from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify import pytest_support

pytest_plugins = ["pytester"]


def _checks(subject, **options):
    @rv.parametrize(subject, **options)
    def test(check):
        check()

    (mark,) = test.pytestmark
    names, parameters = mark.args
    assert names == "check"
    return {p.id: p for p in parameters}


def test_ids_are_the_names_of_checks(kit):
    assert list(_checks(kit)) == [
        "score_prerequisites", "implicit_loss_prerequisites", "trace_estimate_prerequisites",
        "small_score", "small_implicit", "small_relation", "small_trace",
    ]  # fmt: skip
    assert list(_checks(kit, checks="B2")) == ["implicit_loss_prerequisites", "small_implicit"]


def test_a_right_subject_passes_every_check_in_one_run(kit, monkeypatch):
    runs = []
    monkeypatch.setattr(pytest_support, "run", lambda *a, **k: runs.append(1) or rv.run(*a, **k))
    found = _checks(kit)
    assert runs == []
    for parameter in found.values():
        (check,) = parameter.values
        check()
        check.raise_if_failed()
    assert runs == [1]


def test_a_failure_is_the_rendered_one(kit, faulty):
    (check,) = _checks(faulty)["small_implicit"].values
    with pytest.raises(AssertionError, match="small_trace_sign") as failure:
        check()
    assert "J = ½‖s‖² + tr ∇s" in str(failure.value)
    assert "returned          4.49" in str(failure.value)


def test_a_class_of_tests_can_be_decorated(kit, pytester):
    pytester.makepyfile(
        """
        from types import SimpleNamespace
        import refscore.verify as rv

        right = SimpleNamespace(score=lambda law, x: x)

        @rv.parametrize(right, checks="A2")
        class TestScore:
            def test_kind(self, check):
                assert check.result.kind == "exact"
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_absent_ports_are_skipped_with_the_reason(kit, faulty):
    (mark,) = _checks(faulty)["small_relation"].marks
    assert mark.name == "skip"
    assert mark.kwargs["reason"] == "not offered: score"


def test_blocked_checks_are_skipped(kit):
    subject = SimpleNamespace(implicit_loss=lambda field, x: field(x))
    found = _checks(subject)
    with pytest.raises(AssertionError, match="returned shape"):
        found["implicit_loss_prerequisites"].values[0]()
    with pytest.raises(pytest.skip.Exception, match="blocked: implicit_loss_prerequisites failed"):
        found["small_implicit"].values[0]()


def test_an_undeclared_convention_fails_with_its_line(kit):
    subject = SimpleNamespace(implicit_loss=lambda f, x: (f(x) ** 2).sum(-1) + 2 * f.divergence(x))
    with pytest.raises(AssertionError, match=r'conventions = \{"half": False\}'):
        _checks(subject)["small_implicit"].values[0]()


FILE = """
import refscore.verify as rv

class Subject:
    {body}
    def implicit_loss(self, field, x):
        return 0.5 * (field(x) ** 2).sum(-1) {sign} field.divergence(x)

@rv.parametrize(Subject())
def test_conformance(check):
    check()
"""
DECLARED = 'expected_failures = {"small_implicit": "known"}'


@pytest.mark.parametrize(
    ("sign", "body", "outcomes"),
    [
        ("+", "", {"passed": 2, "skipped": 3}),
        ("-", "", {"passed": 1, "failed": 1, "skipped": 3}),
        ("-", DECLARED, {"passed": 1, "xfailed": 1, "skipped": 3}),
        ("+", DECLARED, {"passed": 1, "failed": 1, "skipped": 3}),
    ],
)
def test_outcomes_under_pytest_itself(kit, pytester, sign, body, outcomes):
    pytester.makepyfile(FILE.format(sign=sign, body=body))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rA")
    result.assert_outcomes(**outcomes)
    if outcomes.get("failed") and not body:
        result.stdout.fnmatch_lines(["*FAILS  small_implicit*"])
    if outcomes.get("failed") and body:
        result.stdout.fnmatch_lines(["*XPASS(strict)*"])


def _properties(path):
    cases = ElementTree.parse(path).getroot().iter("testcase")
    return {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in cases
    }


def test_junit_carries_what_the_kit_found(kit, pytester):
    pytester.makepyfile(FILE.format(sign="-", body='name = "mine\\x1b[31m"'))
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "--junitxml=found.xml")
    found = _properties(pytester.path / "found.xml")
    failed = found["test_conformance[small_implicit]"]
    assert float(failed.pop("gap")) > 1
    assert failed == {
        "subject": "mine␛[31m", "id": "B2-small", "kind": "exact", "verdict": "fails",
        "tolerance": "1e-09", "worst_case": "two points", "diagnosis": "small_trace_sign",
    }  # fmt: skip
    assert found["test_conformance[implicit_loss_prerequisites]"]["verdict"] == "holds"
    assert found["test_conformance[small_score]"] == {}  # not offered, so not run


def test_junit_carries_the_evidence_of_draws(kit, pytester):
    pytester.makepyfile(
        """
        import refscore.verify as rv

        class Subject:
            def trace_estimate(self, matvec, dim, rng):
                return 5.0 + rng.choice([-1.0, 1.0])

        class TestIt:
            @rv.parametrize(Subject(), checks="D2")
            def test_kit(self, check, request, tmp_path):
                request.node.user_properties.append(("own", "kept"))
                check()
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "--junitxml=found.xml")
    found = _properties(pytester.path / "found.xml")["test_kit[small_trace]"]
    assert found["own"] == "kept"
    assert found["verdict"] == "fails"
    assert float(found["e_value"]) > 1e6
    assert int(found["draws"]) > 1
    assert "diagnosis" not in found or found["diagnosis"]


@pytest.mark.parametrize(
    ("log_e", "expected"),
    [(0.0, "1"), (np.log(2e6), "2e+06"), (5000.0, "2.97e+2171"), (-5000.0, "3.37e-2172"),
     (np.inf, "inf"), (-np.inf, "0")],
)  # fmt: skip
def test_an_e_value_of_any_size_is_a_number(log_e, expected):
    assert pytest_support.e_value(log_e) == expected

"""Reports for readers: what must be on the screen, on the page and in the JSON."""

import json
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify.compare import Judgement
from refscore.verify.render import (
    counts_line,
    groups_of_failures,
    html,
    markdown,
    short,
    side,
    snippet,
    terminal,
)
from refscore.verify.render.formula import plain
from refscore.verify.render.ink import Ink, wanted
from refscore.verify.render.plots import ratio
from refscore.verify.report import CaseResult, CheckResult, Diagnosis, Report

VERDICTS = [
    "holds",
    "fails",
    "undeclared convention",
    "undecided",
    "not offered",
    "blocked",
    "error",
]


def _check(name, verdict="holds", id="B2", gap=0.0, mistakes=None, **more):
    cases = []
    if verdict not in ("not offered", "blocked"):
        left, right = np.array([1.0, 2.0]), np.array([1.0, np.inf])
        judged = Judgement("loss", verdict == "holds", gap, 1e-9, "", left, right)
        cases = [CaseResult("a case", verdict, [judged])]
    diagnosis = None if mistakes is None else Diagnosis(tuple(mistakes), "it is <wrong>", "2 times")
    return CheckResult(
        id, name, verdict, ("implicit_loss",), r"a < b", "A sentence & more.", "exact", cases,
        diagnosis=diagnosis, **more,
    )  # fmt: skip


def _report(*checks, **more):
    return Report("mine", "1.2", "numpy", list(checks), len(checks) + 3, **more).to_dict()


@pytest.fixture
def everything():
    return _report(*(_check(f"check_{v.replace(' ', '_')}", v) for v in VERDICTS))


def test_every_report_follows_the_schema(kit, faulty, everything):
    wide = SimpleNamespace(implicit_loss=lambda f, x: f(x)[:, :1], score=lambda law, x: x * np.nan)
    reports = [everything, rv.run(kit).to_dict(), rv.run(faulty).to_dict(), rv.run(wide).to_dict()]
    validator = jsonschema.Draft202012Validator(rv.schema())
    validator.check_schema(rv.schema())
    for report in reports:
        validator.validate(json.loads(json.dumps(report, allow_nan=False)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.update(extra=1),
        lambda r: r.pop("ran"),
        lambda r: r["counts"].pop("holds"),
        lambda r: r["checks"][0].update(verdict="passes"),
        lambda r: r["checks"][1].update(gap="large"),
        lambda r: r["checks"][1]["cases"][0]["outcomes"][0].update(right=[1] * 5),
        lambda r: r.update(exit_code=3),
    ],
)
def test_the_schema_is_strict(everything, spoil):
    spoil(everything)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(everything, rv.schema())


def test_the_last_line_counts_against_what_exists(everything):
    assert counts_line(everything) == (
        "ran 5 of 10 checks: 1 held, 1 failed, 1 undecided, 1 undeclared convention, 1 error,"
        " 1 blocked; 4 not offered"
    )
    text = terminal.render(everything)
    assert text.splitlines()[-1] == counts_line(everything)


def test_what_holds_is_counted_and_only_listed_when_asked():
    report = _report(*(_check(f"check_{i}") for i in range(5)))
    assert "check_3" not in terminal.render(report)
    assert "5 hold" in terminal.render(report)
    assert "check_3" in terminal.render(report, verbose=True)


def test_a_failure_shows_theorem_sides_gap_diagnosis_and_reproduction(kit, faulty):
    text = rv.run(faulty).summary()
    for expected in (
        "FAILS  small_implicit  B2-small",
        "J = ½‖s‖² + tr ∇s",
        "returned          4.49        10.01",
        "expected         -1.51         4.01",
        "gap       1.5, allowed 1e-09",
        "small_trace_sign",
        "The trace has the wrong sign.",
        "returned 1 |s|²/2 − 1 trace",
        "reproduce(subject, 'small_implicit', 'two points')",
        "implicit_los is no port; did you mean implicit_loss",
    ):
        assert expected in text


def test_failures_of_one_mistake_are_expanded_once():
    same = [_check(f"check_{i}", "fails", gap=1.0, mistakes=["sign"]) for i in range(4)]
    other = _check("alone", "fails", gap=1.0, mistakes=["factor"])
    report = _report(*same, other)
    assert [len(group) for group in groups_of_failures(report)] == [4, 1]
    text = terminal.render(report)
    assert text.count("FAILS  ") == 2
    assert "and 3 more for the same reason" in text
    assert terminal.render(report, verbose=True).count("FAILS  ") == 5


def test_a_failed_prerequisite_heads_what_it_blocks():
    root = _check("implicit_loss_prerequisites", "fails", id="P", note="returned shape (4, 1)")
    stuck = _check("implicit_affine", "blocked", note="implicit_loss_prerequisites failed")
    text = terminal.render(_report(root, stuck))
    assert "blocks      1 checks: implicit_affine" in text
    assert text.count("implicit_affine") == 1


def test_an_undeclared_convention_shows_the_line_to_declare(kit):
    doubled = SimpleNamespace(
        implicit_loss=lambda field, x: (field(x) ** 2).sum(-1) + 2 * field.divergence(x)
    )
    report = rv.run(doubled).to_dict()
    for text in (terminal.render(report), markdown.render(report), html.render([report])):
        assert 'conventions = {"half": False}' in text.replace("&quot;", '"')
    assert "FAILS" not in terminal.render(report)


def test_expected_failures_are_named_apart():
    report = _report(_check("known", "fails", gap=1.0, expected_failure="issue 7"))
    text = terminal.render(report)
    assert "Failed as declared" in text
    assert "issue 7" in text
    assert "FAILS  known" not in text
    assert "1 as declared" in text


def test_colour_only_where_asked_and_no_color_wins(everything, monkeypatch):
    assert "\033[" not in terminal.render(everything)
    assert "\033[31" in terminal.render(everything, color=True)
    screen = SimpleNamespace(isatty=lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wanted(screen)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wanted(screen)
    assert Ink(False)("text", "red") == "text"


def test_markdown_has_counts_and_folded_failures(everything):
    text = markdown.render(everything)
    assert text.startswith("### ❌ mine 1.2")
    assert text.count("<details>") == text.count("</details>") == 4
    assert counts_line(everything) in text
    assert "A sentence &amp; more." in text


def test_the_page_is_self_contained_and_well_formed(kit, faulty, everything):
    page = html.render([everything, rv.run(kit).to_dict(), rv.run(faulty).to_dict()])
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
    body = page.split("<body>")[1].split("</body>")[0].replace("<br>", "<br/>")
    tree = ElementTree.fromstring(body)
    rows = tree.findall(".//details[@class='check']")
    assert len(rows) == 7 + 7
    assert len(rows[0].findall("summary/span")) == 1 + 3
    assert tree.findall(".//svg")
    assert "it is &lt;wrong&gt;" not in body
    assert "small_trace_sign" in body


def test_the_page_escapes_what_a_subject_says():
    report = _report(_check("check", "fails", gap=1.0, mistakes=["sign"]), hints=["<script>"])
    report["subject"] = "<b>"
    page = html.render([report])
    assert "<script>" not in page
    assert "<title>refscore: &lt;b&gt;</title>" in page
    assert "it is &lt;wrong&gt;" in page


@pytest.mark.parametrize(
    ("gap", "tolerance", "expected"),
    [(1e-9, 1e-9, 0.0), (0, 1e-9, -9.0), ("inf", 1e-9, 9.0), ("nan", 1, 9.0), (1e-6, 1e-9, 3.0),
     (1e30, 1, 9.0), (None, 1, 9.0)],
)  # fmt: skip
def test_the_axis_holds_every_gap(gap, tolerance, expected):
    assert ratio(gap, tolerance) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("target", "case", "expected"),
    [
        ("a.py", "d = 1", "python -c \"from refscore.verify import reproduce; "
         "reproduce('a.py', 'check', 'd = 1')\""),
        ("", "d = 1", "refscore.verify.reproduce(subject, 'check', 'd = 1')"),
        ("a$b.py", None, "python -c 'from refscore.verify import reproduce; "
         "reproduce('\"'\"'a$b.py'\"'\"', '\"'\"'check'\"'\"')'"),
    ],
)  # fmt: skip
def test_snippets_can_be_pasted(target, case, expected):
    assert snippet({"target": target}, {"name": "check", "worst_case": case}) == expected


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\tfrac12\|s\|^2", "½‖s‖²"),
        (r"\nabla\log N(x;\mu,\Sigma) = -\Sigma^{-1}(x-\mu)", "∇log N(x;μ,Σ) = -Σ⁻¹(x-μ)"),
        (r"\mathbb{E}[v^\top A v]", "E[vᵀ A v]"),
        (r"\frac{a+b}{2\sigma}", "(a+b)/(2σ)"),
        (r"\sqrt{2\eta}\,z", "√(2η) z"),
        (r"\sum_k \pi_k", "∑ₖ πₖ"),
        (r"\tfrac1M\sum_k a_k\to 0\quad\text{when } \|a\|\le 1", "1/M ∑ₖ aₖ → 0 when ‖a‖ ≤ 1"),
        (r"\unheard{x}", r"\unheardx"),
        ("", ""),
    ],
)
def test_statements_read_without_latex(latex, expected):
    assert plain(latex) == expected


def test_numbers_are_short_and_sides_line_up():
    assert [short(v) for v in (None, 0, 1.23456e-12, "inf")] == ["none", "0", "1.23e-12", "inf"]
    assert len(side([1.0, 2.0])) == len(side([-1.23456, "inf"]))
    assert side(None) == "none"
    assert side(["(1+2j)"]).strip() == "(1+2j)"


def test_reproduce_prints_both_sides_in_full_and_returns_them(kit, faulty, capsys):
    judged = rv.reproduce(faulty, "small_implicit", "four points")
    text = capsys.readouterr().out
    assert [j.holds for j in judged] == [False]
    np.testing.assert_allclose(judged[0].left - judged[0].right, 6.0)
    for number in judged[0].right:
        assert f"{number:.6g}"[:6] in text
    assert "matrix=array" in text
    assert "small_implicit (B2-small) on faulty, case four points" in text


def test_reproduce_finds_the_case_and_refuses_what_it_does_not_know(kit, faulty, capsys):
    assert not rv.reproduce(faulty, "B2-small")[0].holds
    assert rv.reproduce(kit, "small_score")[0].holds
    assert rv.reproduce(faulty, "implicit_loss_prerequisites") == []
    with pytest.raises(KeyError, match="four points, two points"):
        rv.reproduce(faulty, "small_implicit", "three points")
    with pytest.raises(KeyError, match="no identity"):
        rv.reproduce(faulty, "small_implict")

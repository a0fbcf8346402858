"""Reports for readers: what must be on the screen, on the page and in the JSON."""

import base64
import hashlib
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
    said,
    short,
    side,
    snippet,
    sparkline,
    terminal,
)
from refscore.verify.render.evidence_plots import evidence
from refscore.verify.render.formula import plain
from refscore.verify.render.ink import Ink, wanted
from refscore.verify.render.plots import ratio
from refscore.verify.render.text import clean
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


def _tree(page):
    return ElementTree.fromstring(page.split("<body>")[1].split("</body>")[0])


def test_the_page_is_self_contained_and_well_formed(kit, faulty, everything):
    page = html.render([everything, rv.run(kit).to_dict(), rv.run(faulty).to_dict()])
    assert not re.search(r"src=|https?://|@import|url\(", page)
    assert set(re.findall(r'href="(.)', page)) == {"#", "d"}
    tree = _tree(page)
    rows = tree.findall(".//details[@class='check']")
    assert len(rows) == 7 + 7
    assert len(rows[0].findall("summary/span")) == 1 + 3
    assert tree.findall(".//svg")
    body = page.split("<body>")[1]
    assert "it is &lt;wrong&gt;" not in body
    assert "small_trace_sign" in body
    links = {link.get("href") for link in tree.iter("a")}
    assert links <= {f"#{row.get('id')}" for row in rows}
    assert "#small_implicit" in links


def test_the_page_lets_only_its_own_script_and_style_run(everything):
    page = html.render([everything])
    for tag, text in re.findall(r"<(style|script)>(.*?)</", page, re.S):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r"style=|\son[a-z]+=", page.split("<body>")[1])


def test_the_page_escapes_what_a_subject_says():
    report = _report(_check("check", "fails", gap=1.0, mistakes=["sign"]), hints=["<script>"])
    report["subject"] = "<b>"
    page = html.render([report])
    assert page.count("<script>") == 1
    assert "<title>refscore: &lt;b&gt;</title>" in page
    assert "it is &lt;wrong&gt;" in page


NASTY = "<b>|`x` \"q' ```\n\u2028\u202e\x00\x1b[2J\ud800 " + "long " * 900


def _nasty():
    judged = Judgement(NASTY, False, float("nan"), 1e-9, NASTY, np.array([np.nan]), np.ones(1))
    check = CheckResult(
        "B2", "check", "fails", ("implicit_loss",), NASTY, NASTY, "exact",
        [CaseResult(NASTY, "fails", [judged])], NASTY, Diagnosis((NASTY,), NASTY, NASTY),
    )  # fmt: skip
    return Report(NASTY, NASTY, "numpy", [check], 1, NASTY, [NASTY], 0.1, NASTY).to_dict()


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_no_text_of_a_subject_can_steer_the_screen(form):
    report = _nasty()
    render = {"terminal": terminal.render, "markdown": markdown.render}.get(form)
    text = render(report) if render else html.render([report])
    text.encode()  # no lone surrogates
    assert not set(text) & set("\x00\x1b\u2028\u202e\r")
    assert "more characters" in text
    if form == "html":
        _tree(text)
    if form == "markdown":
        text = re.sub("<summary>.*</summary>", "", text)  # HTML, which is escaped as such
        outside = re.sub(r"^(`{3,})[a-z]*\n.*?^\1$", "", text, flags=re.S | re.M)
        assert "<b>" not in outside
        assert "```" not in outside


@pytest.mark.parametrize(
    ("mistakes", "text", "expected"),
    [
        (["sign"], "sign: It is wrong.", "It is wrong."),
        (["sign"], "consistent with sign: It is wrong.",
         "It is wrong, as far as the draws can tell."),
        ([], "no listed mistake", "no listed mistake"),
    ],
)  # fmt: skip
def test_a_diagnosis_is_said_once(mistakes, text, expected):
    assert said({"mistakes": mistakes, "explanation": text}) == expected


def test_cleaning_leaves_good_texts_alone():
    report = json.loads(json.dumps(_report(_check("check", "fails", gap=1.0, note="½‖s‖²\n\tok"))))
    assert clean(report) == report
    assert clean("a\u2028b") == "a\ufffdb"
    assert clean({"a": ["\x07", 1, None, True]}) == {"a": ["␇", 1, None, True]}


LOOK = {"draws": 32, "log_e": 1.0, "inside": 0.0, "deviation": 0.5, "low": -3.0, "high": 4.0}
EVIDENCE = {
    "verdict": "fails", "draws": 96, "log_e": 20.0, "threshold": 18.0, "inside": 0.0,
    "certain": 13.8, "statistic": "the mean", "deviation": 0.2, "eps": 0.05, "forecast": None,
    "note": "", "path": [LOOK, {**LOOK, "draws": 64}, {**LOOK, "draws": 96, "log_e": 20.0}],
}  # fmt: skip


@pytest.mark.parametrize(
    "spoil",
    [
        {},
        {"log_e": "inf", "inside": "-inf"},
        {"log_e": "nan", "inside": "nan", "deviation": None},
        {"deviation": "inf", "low": None, "high": None},
        {"deviation": "-inf", "low": "-inf", "high": "inf"},
        {"deviation": 1e9},
        {"draws": 0},
        {"draws": 10**12},
    ],
)
def test_every_path_can_be_drawn(spoil):
    found = {**EVIDENCE, "path": [*EVIDENCE["path"], {**LOOK, "draws": 128, **spoil}]}
    for path in (found["path"], found["path"][-1:], [found["path"][0]] * 200):
        drawn = evidence({**found, "path": path})
        numbers = re.findall(r'(?:points|[a-z]?[xy][12]?|width|height)="([^"]*)"', drawn)
        ElementTree.fromstring(drawn)
        assert not re.search("nan|inf", " ".join(numbers))
    assert evidence({**found, "path": []}) == ""


def test_the_path_crosses_the_line_where_the_evidence_does():
    tree = ElementTree.fromstring(evidence(EVIDENCE))
    (limit,) = (line for line in tree.iter("line") if line.get("class") == "limit v-fails")
    curve = next(c for c in tree.iter("polyline") if c.get("class") == "curve v-fails")
    heights = [float(point.split(",")[1]) for point in curve.get("points").split()]
    assert [height < float(limit.get("y1")) for height in heights] == [False, False, True]


def test_evidence_is_in_every_form():
    judged = Judgement("x'", False, 20.0, 18.0, "the mean off by 0.2 after 96 draws", draws=96,
                       evidence=EVIDENCE)  # fmt: skip
    check = CheckResult("E9", "check", "fails", ("langevin_step",), kind="expectation",
                        cases=[CaseResult("a case", "fails", [judged])])  # fmt: skip
    report = _report(check)
    for text in (terminal.render(report), markdown.render(report), html.render([report])):
        assert "the mean off by 0.2 after 96 draws" in text
    for text in (terminal.render(report), markdown.render(report)):
        assert "evidence  ▁▁█  E = 4.85e+08, fails beyond 6.57e+07; 96 draws" in text
        assert "returned" not in text
    assert html.render([report]).count("<figure") == 1
    assert "fails after 96 draws" in html.render([report])
    open_ = {**EVIDENCE, "verdict": "undecided", "forecast": 12345, "note": "a <note>"}
    report["checks"][0]["cases"][0]["outcomes"][0]["evidence"] = open_
    assert "about 12,345 draws would decide; a &lt;note&gt;" in html.render([report])


def test_what_draws_certify_is_said_in_every_form():
    """Once for a subject; what was seen inside the tolerance is not left out."""
    note = "the covariance differs from the law by less than what matters"
    held = {**EVIDENCE, "verdict": "holds", "eps": 0.05}
    judged = [
        Judgement("x'", True, 2.0, 18.0, "it holds", draws=1000, evidence=evidence)
        for evidence in ({**held, "note": note}, {**held, "eps": 0.1})
    ]
    check = CheckResult("E9", "check", "holds", ("langevin_step",), kind="expectation",
                        cases=[CaseResult("a case", "holds", judged)])  # fmt: skip
    report = _report(check)
    draws = 2 * EVIDENCE["draws"]
    for text in (terminal.render(report), markdown.render(report), html.render([report])):
        text = " ".join(text.split())
        assert f"1 check held by {draws:,} draws: every statistic lies within its eps" in text
        assert "(0.05 to 0.1)" in text
        assert note in text
    assert "no more than that is certified" not in terminal.render(_report(_check("b")))


@pytest.mark.parametrize(
    ("logs", "expected"),
    [([0, 9, 18], "▁▄█"), ([-5, "inf"], "▁█"), (["nan", 17.9], "▁▇"), ([], ""),
     ([18.0 * i / 63 for i in range(64)], None)],
)  # fmt: skip
def test_the_line_of_evidence_is_full_where_it_fails(logs, expected):
    drawn = sparkline({"threshold": 18.0, "path": [{"log_e": v} for v in logs]})
    assert expected is None or drawn == expected
    assert len(drawn) == min(len(logs), 32)
    assert drawn == "".join(sorted(drawn))
    assert not logs or drawn[-1] == "▁▇█"[(logs[-1] in (18, "inf")) + (logs[-1] != 0)]


def test_many_subjects_share_one_matrix(everything):
    page = html.render([{**everything, "subject": f"subject {i}"} for i in range(30)])
    tree = _tree(page)
    rows = tree.findall(".//details[@class='check']")
    assert len(rows) == 7
    assert {len(row.findall("summary/span")) for row in rows} == {31}
    assert 'class="matrix many"' in page


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


def test_reproduce_shows_the_evidence_of_draws(kit, capsys):
    def trace_estimate(matvec, dim, rng):
        return 5.0 + rng.uniform(-0.5, 0.5)

    subject = SimpleNamespace(trace_estimate=trace_estimate)
    (judged,) = rv.reproduce(subject, "small_trace")
    out = capsys.readouterr().out
    assert not judged.holds
    assert "mean: FAILS" in out
    assert re.search(r"evidence  [▁-█]*█  E = \S+, fails beyond \S+; \d+ draws", out)


def test_reproduce_finds_the_case_and_refuses_what_it_does_not_know(kit, faulty, capsys):
    assert not rv.reproduce(faulty, "B2-small")[0].holds
    assert rv.reproduce(kit, "small_score")[0].holds
    assert rv.reproduce(faulty, "implicit_loss_prerequisites") == []
    with pytest.raises(KeyError, match="four points, two points"):
        rv.reproduce(faulty, "small_implicit", "three points")
    with pytest.raises(KeyError, match="no identity"):
        rv.reproduce(faulty, "small_implict")

"""A report as text: quiet about what holds, at length about the root of what does not."""

from __future__ import annotations

import textwrap

from refscore.verify.render import (
    LOUD,
    RED,
    blocked_by,
    certified,
    chapter_title,
    chapters,
    counts_line,
    facts,
    groups_of_failures,
    said,
    short,
    side,
    snippet,
    tally,
    worst_outcome,
)
from refscore.verify.render.formula import plain
from refscore.verify.render.ink import PLAIN, Ink
from refscore.verify.render.text import clean

WIDTH = 96
_LABEL = 12


def render(report: dict, *, color: bool = False, verbose: bool = False) -> str:
    """The whole report: header, counts a chapter, every root failure, hints, counts."""
    ink, report = Ink(color), clean(report)
    blocks = [header(report, ink), overview(report, ink, verbose)]
    if report["convention"]:
        blocks.append(_convention(report, ink))
    for group in groups_of_failures(report):
        if group[0]["verdict"] == "undeclared convention" and not verbose:
            continue
        blocks.append(_group(report, group, ink, verbose))
    blocks += [_expected(report, ink), _certified(report, ink), _hints(report, ink)]
    blocks.append(last_line(report, ink))
    return "\n\n".join(block for block in blocks if block) + "\n"


def header(report: dict, ink: Ink) -> str:
    """Who was tested."""
    name = " ".join(part for part in (report["subject"], report["version"]) if part)
    aside = [report["target"]] if report["target"] not in ("", report["subject"]) else []
    aside += [report["framework"], f"{report['seconds']:.1f} s"]
    return f"{ink(name, 'bold')}  {ink(' · '.join(aside), 'dim')}"


def overview(report: dict, ink: Ink, verbose: bool = False) -> str:
    """One line a chapter; with verbose one line a check."""
    found = chapters(report)
    width = max((len(chapter_title(letter)) for letter in found), default=0)
    lines = []
    for letter, checks in found.items():
        counts = tally(checks)
        lines.append(f"  {chapter_title(letter):<{width}}  {_counts(counts, ink)}")
        if verbose:
            lines += [_line(check, ink) for check in checks]
    return "\n".join(lines)


def _counts(counts: dict[str, int], ink: Ink) -> str:
    order = ("holds", *LOUD, "blocked", "not offered")
    said = {"holds": "hold", "fails": "FAIL", "error": "in error"}
    return "   ".join(
        ink.verdict(verdict, f"{counts[verdict]:>3} {said.get(verdict, verdict)}")
        for verdict in order
        if verdict in counts
    )


def _line(check: dict, ink: Ink) -> str:
    verdict = ink.verdict(check["verdict"], f"{check['verdict']:<12}")
    gap = f"gap {short(check['gap'])} of {short(check['tolerance'])}" if check["worst_case"] else ""
    if gap and check["kind"] == "expectation":
        gap += f"; {(worst_outcome(check) or {}).get('detail', '')}"
    note = check["note"] if check["verdict"] in ("not offered", "blocked") else gap
    return f"    {verdict}  {check['id']:<12} {check['name']:<38} {ink(note, 'dim')}".rstrip()


def _convention(report: dict, ink: Ink) -> str:
    names = [c["name"] for c in report["checks"] if c["verdict"] == "undeclared convention"]
    many = len(names) > 1
    said = ("checks disagree", "all hold") if many else ("check disagrees", "it holds")
    lines = [
        ink("UNDECLARED CONVENTION", "yellow", "bold")
        + f"  {len(names)} {said[0]} with the default reading; under another one {said[1]}.",
        "  If that reading is meant, say so in the adapter; until then this is not a pass:",
        "",
        f"      {ink(report['convention'], 'bold')}",
        "",
        _paragraph("checks", ", ".join(names)),
        _paragraph("", _first_diagnosis(report)),
    ]
    return "\n".join(line for line in lines if line is not None)


def _first_diagnosis(report: dict) -> str | None:
    for check in report["checks"]:
        found = check["diagnosis"]
        if check["verdict"] == "undeclared convention" and found and found["mistakes"]:
            names = " or ".join(found["mistakes"])
            return f"the same behaviour as a mistake is: {names}"
    return None


def _group(report: dict, group: list[dict], ink: Ink, verbose: bool) -> str:
    """The root in full; the others with the same explanation in one line each."""
    if verbose:
        return "\n\n".join(failure(report, check, ink) for check in group)
    lines = [failure(report, group[0], ink)]
    if len(group) > 1:
        named = group[0]["diagnosis"] and group[0]["diagnosis"]["mistakes"]
        why = "for the same reason" if named else "of the same ports"
        lines.append(f"  {ink(f'and {len(group) - 1} more {why}', 'dim')}")
        lines += [
            f"    {c['id']:<12} {c['name']:<38} {ink('gap ' + short(c['gap']), 'dim')}"
            for c in group[1:]
        ]
    return "\n".join(lines)


def failure(report: dict, check: dict, ink: Ink = PLAIN) -> str:
    """One check in full: the theorem, both sides, the gap, what explains it, how to see it."""
    loud = (check["verdict"].upper(), "red" if check["verdict"] in RED else "yellow", "bold")
    title = f"{ink(*loud)}  {ink(check['name'], 'bold')}  {ink(check['id'], 'dim')}"
    lines = [title, _paragraph("", check["summary"]), *_theorem(check), *_sides(check, ink)]
    cases = [case["case"] for case in check["cases"] if case["verdict"] in LOUD]
    if len(cases) > 1:
        among = f"{len(cases)} of {len(check['cases'])}: "
        lines.append(_paragraph("cases", among + "; ".join(cases)))
    if check["verdict"] == "undeclared convention" and report["convention"]:
        lines.append(f"  {'declare':<{_LABEL}}{ink(report['convention'], 'bold')}")
    elif check["note"]:
        lines.append(_paragraph("note", check["note"]))
    lines += _diagnosis(check, ink)
    dependents = blocked_by(report, check)
    if dependents:
        lines.append(_paragraph("blocks", f"{len(dependents)} checks: {', '.join(dependents)}"))
    lines.append(f"  {'reproduce':<{_LABEL}}{ink(snippet(report, check), 'cyan')}")
    return "\n".join(line for line in lines if line)


def _theorem(check: dict) -> list[str | None]:
    statement = plain(check["statement"])
    calls = ", ".join(check["ports"])
    return [_paragraph("theorem", statement), _paragraph("ports", calls)]


def _sides(check: dict, ink: Ink) -> list[str]:
    outcome = worst_outcome(check)
    if outcome is None:
        return []
    lines = [f"  {'worst case':<{_LABEL}}{check['worst_case']}, {outcome['label']}"]
    for label, text in facts(outcome):
        colour = "red" if label == "gap" and not outcome["holds"] else ""
        lines.append(f"    {label:<{_LABEL - 2}}{ink(text, colour)}")
    return lines


def _diagnosis(check: dict, ink: Ink) -> list[str | None]:
    found = check["diagnosis"]
    if not found:
        return []
    if not found["mistakes"]:
        return [
            _paragraph("diagnosis", found["explanation"]),
            _paragraph("observed", found["observed"]),
        ]
    names = ink(" or ".join(found["mistakes"]), "yellow", "bold")
    return [
        f"  {'diagnosis':<{_LABEL}}{names}",
        _paragraph("", said(found), indent=2 + _LABEL),
        _paragraph("observed", found["observed"]),
    ]


def _expected(report: dict, ink: Ink) -> str:
    declared = [check for check in report["checks"] if check["expected_failure"]]
    lines = [f"  {c['id']:<12} {c['name']}: {c['expected_failure']}" for c in declared]
    return "\n".join([ink("Failed as declared", "bold"), *lines]) if lines else ""


def _certified(report: dict, ink: Ink) -> str:
    lines = [_paragraph("draws", line) or "" for line in certified(report)[:1]]
    lines += [_paragraph("", line, indent=2 + _LABEL) or "" for line in certified(report)[1:]]
    return ink("\n".join(lines), "dim") if lines else ""


def _hints(report: dict, ink: Ink) -> str:
    return "\n".join(f"{ink('hint', 'cyan')}  {hint}" for hint in report["hints"])


def last_line(report: dict, ink: Ink) -> str:
    """The counts, in the colour of the exit code."""
    style = {0: "green", 1: "red"}.get(report["exit_code"], "yellow")
    return ink(counts_line(report), style, "bold")


def _paragraph(label: str, text: str | None, indent: int = 2) -> str | None:
    """A label and its text, wrapped under itself; None where there is no text."""
    if not text:
        return None
    first = " " * indent + (f"{label:<{_LABEL}}" if label else "")
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def case_lines(case: dict, ink: Ink) -> list[str]:
    """Every comparison of one case with the first entries of its two sides."""
    lines = [f"    {ink.verdict(case['verdict'])}  {case['case']}  {case['note']}".rstrip()]
    for outcome in case["outcomes"]:
        gap = f"gap {short(outcome['gap'])}, allowed {short(outcome['tolerance'])}"
        lines.append(f"      {outcome['label']}: {gap}  {ink(outcome['detail'], 'dim')}".rstrip())
        for name in ("left", "right"):
            if outcome[name] is not None:
                lines.append(ink(f"        {name:<6}{side(outcome[name])}", "dim"))
    return lines

"""A report as Markdown, short enough for a CI summary."""

from __future__ import annotations

import re

from refscore.verify.render import (
    blocked_by,
    certified,
    chapter_title,
    chapters,
    counts_line,
    facts,
    groups_of_failures,
    short,
    snippet,
    tally,
    worst_outcome,
)
from refscore.verify.render.text import clean

_MOST = 30  # groups of failures shown at length
_MARKS = {0: "✅", 1: "❌", 2: "⚠️"}
_COLUMNS = (
    "holds", "fails", "error", "undeclared convention", "undecided", "blocked", "not offered",
)  # fmt: skip


def render(report: dict) -> str:
    """A heading, counts a chapter, every root failure folded, and the last line."""
    report = clean(report)
    name = " ".join(part for part in (report["subject"], report["version"]) if part)
    parts = [f"### {_MARKS[report['exit_code']]} {_cell(name)}", _overview(report)]
    if report["convention"]:
        parts.append(
            "**Undeclared convention.** Every failing check holds once the adapter says\n\n"
            + _fenced("python", report["convention"])
        )
    groups = groups_of_failures(report)
    parts += [_group(report, group) for group in groups[:_MOST]]
    if len(groups) > _MOST:
        parts.append(f"and {len(groups) - _MOST} more that need a look")
    parts += [_cell(line) for line in certified(report)]
    parts += [f"> hint: {_cell(hint)}" for hint in report["hints"]]
    parts.append(f"**{counts_line(report)}**")
    return "\n\n".join(parts) + "\n"


def render_all(reports: list[dict]) -> str:
    """Every report; where there are several, first a line for each."""
    return "\n".join([*_subjects(reports), *(render(report) for report in reports)])


def _subjects(reports: list[dict]) -> list[str]:
    if len(reports) < 2:
        return []
    columns = [v for v in _COLUMNS if any(report["counts"][v] for report in reports)]
    lines = ["| subject | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for report in reports:
        counts = " | ".join(str(report["counts"][v] or "") for v in columns)
        name = _cell(clean(report["subject"]))
        lines.append(f"| {_MARKS[report['exit_code']]} {name} | {counts} |")
    return [*lines, ""]


def _overview(report: dict) -> str:
    columns = [v for v in _COLUMNS if report["counts"][v]]
    lines = ["| chapter | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for letter, checks in chapters(report).items():
        counts = tally(checks)
        cells = " | ".join(str(counts.get(v, "")) for v in columns)
        lines.append(f"| {chapter_title(letter)} | {cells} |")
    return "\n".join(lines)


def _group(report: dict, group: list[dict]) -> str:
    root = group[0]
    found = root["diagnosis"]
    named = f" · {_html(' or '.join(found['mistakes']))}" if found and found["mistakes"] else ""
    lines = [
        f"<details><summary><b>{root['verdict']}</b> <code>{_html(root['name'])}</code>"
        f" ({_html(root['id'])}){named}</summary>",
        "",
        _cell(root["summary"]),
        "",
    ]
    if root["statement"]:
        lines += [_fenced("latex", root["statement"]), ""]
    language = "sh" if report["target"] else "python"
    lines += [_fenced("text", "\n".join(_facts(root))), ""]
    lines.append(_fenced(language, snippet(report, root)))
    others = [f"`{c['name']}` (gap {short(c['gap'])})" for c in group[1:]]
    if others:
        lines += ["", f"Also: {', '.join(others)}."]
    blocked = [f"`{name}`" for name in blocked_by(report, root)]
    if blocked:
        lines += ["", f"Blocks: {', '.join(blocked)}."]
    return "\n".join([*lines, "", "</details>"])


def _facts(check: dict) -> list[str]:
    outcome = worst_outcome(check)
    lines = []
    if outcome:
        lines = [f"case      {check['worst_case']}, {outcome['label']}"]
        lines += [f"{label:<10}{text}" for label, text in facts(outcome)]
    if check["note"]:
        lines.append(f"note      {check['note']}")
    if check["diagnosis"]:
        lines.append(f"diagnosis {check['diagnosis']['explanation']}")
        if check["diagnosis"]["observed"]:
            lines.append(f"observed  {check['diagnosis']['observed']}")
    return lines


def _fenced(language: str, text: str) -> str:
    """A block of code whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _cell(text: str) -> str:
    """A text on one line that is no Markdown and no HTML."""
    return re.sub(r"([`|*\[\]\\])", r"\\\1", _html(text))


def _html(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(text.split()) if "\n" in text else text

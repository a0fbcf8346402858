"""A report as Markdown, short enough for a CI summary."""

from __future__ import annotations

from refscore.verify.render import (
    blocked_by,
    chapter_title,
    chapters,
    counts_line,
    groups_of_failures,
    short,
    side,
    snippet,
    tally,
    worst_outcome,
)

_MARKS = {0: "✅", 1: "❌", 2: "⚠️"}
_COLUMNS = (
    "holds", "fails", "error", "undeclared convention", "undecided", "blocked", "not offered",
)  # fmt: skip


def render(report: dict) -> str:
    """A heading, counts a chapter, every root failure folded, and the last line."""
    name = " ".join(part for part in (report["subject"], report["version"]) if part)
    parts = [f"### {_MARKS[report['exit_code']]} {_cell(name)}", _overview(report)]
    if report["convention"]:
        parts.append(
            "**Undeclared convention.** Every failing check holds once the adapter says\n\n"
            f"```python\n{report['convention']}\n```"
        )
    parts += [_group(report, group) for group in groups_of_failures(report)]
    parts += [f"> hint: {hint}" for hint in report["hints"]]
    parts.append(f"**{counts_line(report)}**")
    return "\n\n".join(parts) + "\n"


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
    named = f" · {' or '.join(found['mistakes'])}" if found and found["mistakes"] else ""
    lines = [
        f"<details><summary><b>{root['verdict']}</b> <code>{root['name']}</code> ({root['id']})"
        f"{named}</summary>",
        "",
        _escaped(root["summary"]),
        "",
    ]
    if root["statement"]:
        lines += [f"```latex\n{root['statement']}\n```", ""]
    language = "sh" if report["target"] else "python"
    lines += ["```text", *_facts(root), "```", ""]
    lines.append(f"```{language}\n{snippet(report, root)}\n```")
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
        lines = [
            f"case      {check['worst_case']}, {outcome['label']}",
            f"returned  {side(outcome['left'])}",
            f"expected  {side(outcome['right'])}",
            f"gap       {short(outcome['gap'])}, allowed {short(outcome['tolerance'])}",
        ]
        lines += [f"          {outcome['detail']}"] if outcome["detail"] else []
    if check["note"]:
        lines.append(f"note      {check['note']}")
    if check["diagnosis"]:
        lines.append(f"diagnosis {check['diagnosis']['explanation']}")
        if check["diagnosis"]["observed"]:
            lines.append(f"observed  {check['diagnosis']['observed']}")
    return lines


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

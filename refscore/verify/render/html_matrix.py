"""The matrix of the page: a row a check, a column a subject, details on a click."""

from __future__ import annotations

from html import escape

from refscore.verify.render import LOUD, chapter_title, chapters
from refscore.verify.render.html_details import details
from refscore.verify.render.plots import css

GLYPHS = {
    "fails": "✗",
    "error": "!",
    "undeclared convention": "⇄",
    "undecided": "?",
    "blocked": "–",
    "not offered": "·",
    "holds": "✓",
}
_SAID = {"undeclared convention": " convention", "holds": "", "not offered": ""}
WIDE = 6  # so many subjects have room for words


def matrix(reports: list[dict]) -> str:
    """All checks by chapter."""
    heads = "".join(
        f'<span class="cell" title="{escape(r["subject"])}">{escape(r["subject"])}</span>'
        for r in reports
    )
    size = "few" if len(reports) <= WIDE else "many"
    parts = [
        f'<div class="matrix {size}"><div class="row head">'
        f'<span class="name">check</span>{heads}</div>'
    ]
    by_name = [{check["name"]: check for check in report["checks"]} for report in reports]
    for letter, names in rows(reports).items():
        title = escape(chapter_title(letter))
        parts.append(f'<section class="chapter" data-chapter="{escape(letter)}"><h3>{title}</h3>')
        parts += [_row(reports, [checks.get(name) for checks in by_name]) for name in names]
        parts.append("</section>")
    return "".join([*parts, "</div>"])


def rows(reports: list[dict]) -> dict[str, list[str]]:
    """Every check's name once, by chapter; the prerequisites, of which little is to see, last."""
    found: dict[str, dict[str, None]] = {}
    for report in reports:
        for letter, checks in chapters(report).items():
            found.setdefault(letter, {}).update(dict.fromkeys(check["name"] for check in checks))
    return {letter: list(found[letter]) for letter in sorted(found, key=lambda p: p == "P")}


def shown(check: dict | None) -> str:
    """The verdict a cell shows: of a check not in this report, that it was not offered."""
    return check["verdict"] if check else "not offered"


def _row(reports: list[dict], found: list[dict | None]) -> str:
    known = next(check for check in found if check)
    cells = "".join(_cell(r, c) for r, c in zip(reports, found, strict=True))
    name = escape(known["name"])
    verdicts = " ".join(dict.fromkeys(css(shown(check)) for check in found))
    return (
        f'<details class="check" id="{name}" data-v="{verdicts}"><summary class="row">'
        f'<span class="name mono"><b>{escape(known["id"])}</b><span>{name}</span></span>{cells}'
        f'</summary><div class="inside">{details(reports, found)}</div></details>'
    )


def _cell(report: dict, check: dict | None) -> str:
    verdict = shown(check)
    glyph, word, kind = GLYPHS[verdict], _SAID.get(verdict, f" {verdict}"), css(verdict)
    about = f"{report['subject']}: {verdict}"
    if check and check["expected_failure"]:
        word, kind, about = " as declared", "v-blocked", f"{about}, as declared"
    if check and check["diagnosis"] and check["diagnosis"]["mistakes"] and verdict in LOUD:
        about += f": {' or '.join(check['diagnosis']['mistakes'])}"
    inside = f"{glyph}<i>{word}</i>" if word else glyph
    return f'<span class="cell {kind}" title="{escape(about)}">{inside}</span>'

"""One self-contained page: checks by subjects, details on a click, no network."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from refscore.verify.render import certified, chapter_title, counts_line, groups_of_failures
from refscore.verify.render.html_matrix import GLYPHS, matrix, rows, shown
from refscore.verify.render.html_script import SCRIPT
from refscore.verify.render.html_style import style
from refscore.verify.render.plots import css, swarm
from refscore.verify.render.text import clean

_ROOTS = 8  # of a subject's failures listed on its card
_VERDICTS = {0: ("holds", "✓ passes"), 1: ("fails", "✗ fails")}


def render(reports: list[dict]) -> str:
    """The page of one or several reports: a card a subject, the matrix, the evidence.

    Nothing is loaded from elsewhere, and nothing but its own style and script is let run.
    """
    reports = [clean(report) for report in reports]
    names = ", ".join(report["subject"] for report in reports)
    body = [
        "<h1>Conformance with the identities of score-based modelling</h1>",
        '<p class="soft">A row is a theorem of the catalogue, a column an implementation. Only ✓'
        " is a pass; · was not offered. Unfold a row for the theorem, both sides, the evidence"
        " and the line that reproduces it.</p>",
        f'<div class="cards">{"".join(_card(report) for report in reports)}</div>',
        f"<h2>Checks</h2>{_filter(reports)}{matrix(reports)}",
        "<h2>Headroom</h2>",
        '<p class="soft">A dot is a check: its largest gap over what is allowed, on a log axis.'
        "</p>",
        *(_headroom(report, open=len(reports) <= 4) for report in reports),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"{_head(f'refscore: {names}', style(len(reports)))}</head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(title: str, sheet: str) -> str:
    policy = (
        f"default-src 'none'; img-src data:; style-src {_digest(sheet)};"
        f" script-src {_digest(SCRIPT)}; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title><style>{sheet}</style><script>{SCRIPT}</script>"
    )


def _digest(text: str) -> str:
    found = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(found).decode()}'"


def _card(report: dict) -> str:
    kind, said = _VERDICTS.get(report["exit_code"], ("undecided", "? not a pass yet"))
    about = " · ".join(
        text
        for text in (report["version"], report["framework"], f"{report['seconds']:.1f} s")
        if text
    )
    target = f'<br/><code class="soft">{escape(report["target"])}</code>' * bool(report["target"])
    notes = "".join(f'<p class="said small">{escape(hint)}</p>' for hint in report["hints"])
    notes += "".join(f'<p class="said small">{escape(line)}</p>' for line in certified(report))
    if report["convention"]:
        notes += f'<p class="said">declare<br/><code>{escape(report["convention"])}</code></p>'
    return (
        f'<section class="card"><h2>{escape(report["subject"])}<span class="v-{kind}">{said}'
        f'</span></h2><span class="soft small">{escape(about)}{target}</span>{_bar(report)}'
        f'<span class="small">{escape(counts_line(report))}</span>{notes}{_roots(report)}</section>'
    )


def _bar(report: dict) -> str:
    """The counts as one bar; what was not offered is left blank."""
    x, parts = 0, []
    for verdict in ("holds", *GLYPHS):
        count = report["counts"][verdict]
        if count and verdict != "not offered" and (verdict != "holds" or not x):
            parts.append(f'<rect class="{css(verdict)}" x="{x}" width="{count}" height="1"/>')
            x += count
    size = max(len(report["checks"]), 1)
    return (
        f'<svg class="bar" viewBox="0 0 {size} 1" preserveAspectRatio="none" role="img"'
        f' aria-label="{report["counts"]["holds"]} of {size} hold">{"".join(parts)}</svg>'
    )


def _roots(report: dict) -> str:
    """What failed, one line for everything with the same explanation."""
    groups = groups_of_failures(report)
    lines = []
    for group in groups[:_ROOTS]:
        root, more = group[0], len(group) - 1
        found = root["diagnosis"]
        named = " or ".join(found["mistakes"]) if found else ""
        said = f"<br/>{escape(named)}" if named else ""
        also = f' <span class="soft">and {more} more</span>' if more else ""
        lines.append(
            f'<li><a class="mono" href="#{escape(root["name"])}"><span class='
            f'"{css(root["verdict"])}">{GLYPHS[root["verdict"]]}</span> {escape(root["name"])}</a>'
            f"{also}{said}</li>"
        )
    if len(groups) > _ROOTS:
        lines.append(f'<li class="soft">and {len(groups) - _ROOTS} more to look at</li>')
    return f'<ul class="roots">{"".join(lines)}</ul>' if lines else ""


def _filter(reports: list[dict]) -> str:
    """Works with the script alone, and is not shown without."""
    present = {shown(check) for report in reports for check in report["checks"]}
    buttons = "".join(
        f'<button type="button" class="{css(v)}" value="{css(v)}" aria-pressed="false">'
        f"{GLYPHS[v]} {v.removeprefix('undeclared ')}</button>"
        for v in GLYPHS
        if v in present
    )
    chapters = "".join(
        f'<option value="{escape(letter)}">{escape(chapter_title(letter))}</option>'
        for letter in rows(reports)
    )
    return (
        '<form id="filter" role="search"><input name="text" type="search" autocomplete="off"'
        ' aria-label="name, theorem or mistake" placeholder="name, theorem or mistake (press /)"/>'
        '<select name="chapter" aria-label="chapter"><option value="">all chapters</option>'
        f'{chapters}</select>{buttons}<button type="button" name="fold">unfold / fold</button>'
        '<output name="count" aria-live="polite"></output></form>'
    )


def _headroom(report: dict, *, open: bool) -> str:
    state = ' open="open"' if open else ""
    ran = sum(bool(check["worst_case"]) for check in report["checks"])
    return (
        f'<details class="card fold"{state}><summary>{escape(report["subject"])}: {ran} checks'
        f'</summary><div class="wide">{swarm(report)}</div></details>'
    )

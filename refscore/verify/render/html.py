"""One self-contained page: checks by subjects, details on a click, no network."""

from __future__ import annotations

from html import escape

from refscore.verify.render import (
    chapter_title,
    chapters,
    counts_line,
    short,
    side,
    snippet,
    worst_outcome,
)
from refscore.verify.render.formula import plain
from refscore.verify.render.html_style import STYLE
from refscore.verify.render.plots import css, headroom

_GLYPHS = {
    "holds": "✓",
    "fails": "✗",
    "error": "error",
    "undeclared convention": "convention",
    "undecided": "?",
    "blocked": "blocked",
    "not offered": "·",
}


def render(reports: list[dict]) -> str:
    """The page of one or several reports: a card a subject, the matrix, the evidence."""
    title = "refscore: " + ", ".join(report["subject"] for report in reports)
    body = [
        "<h1>Conformance with the identities of score-based modelling</h1>",
        '<p class="soft">A row is a check of the catalogue, a column a subject. Only ✓ is a'
        " pass; · was not offered. Click a row for the theorem, both sides and the evidence.</p>",
        '<div class="cards">' + "".join(_card(report) for report in reports) + "</div>",
        "<h2>Checks</h2>",
        _matrix(reports),
        "<h2>Evidence</h2>",
        '<p class="soft">Largest gap of each check over what is allowed, on a log axis.</p>',
        *(_evidence(report, open=len(reports) == 1) for report in reports),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _card(report: dict) -> str:
    counts = report["counts"]
    order = [v for v in _GLYPHS if v != "not offered"]
    bar = "".join(f'<i class="{css(v)}" style="flex:{counts[v]}"></i>' for v in order if counts[v])
    verdict = {0: ("holds", "passes"), 1: ("fails", "fails")}.get(
        report["exit_code"], ("undecided", "not a pass yet")
    )
    about = " · ".join(p for p in (report["version"], report["framework"], report["target"]) if p)
    notes = "".join(f'<p class="said">{escape(hint)}</p>' for hint in report["hints"])
    if report["convention"]:
        notes += f'<p class="said">declare<br><code>{escape(report["convention"])}</code></p>'
    return (
        f'<div class="card"><b>{escape(report["subject"])}</b>'
        f' <span class="{css(verdict[0])}">{verdict[1]}</span>'
        f'<br><span class="soft">{escape(about)}</span><div class="bar">{bar}</div>'
        f"<span>{escape(counts_line(report))}</span>{notes}</div>"
    )


def _matrix(reports: list[dict]) -> str:
    columns = f"grid-template-columns:minmax(36em,1fr) repeat({len(reports)},minmax(7em,9em))"
    heads = "".join(f'<span class="cell">{escape(report["subject"])}</span>' for report in reports)
    parts = [
        '<div class="matrix">'
        f'<div class="row head" style="{columns}"><span>check</span>{heads}</div>'
    ]
    by_name = [{check["name"]: check for check in report["checks"]} for report in reports]
    for letter, names in _rows(reports).items():
        parts.append(f'<div class="chapter">{escape(chapter_title(letter))}</div>')
        for name in names:
            found = [checks.get(name) for checks in by_name]
            parts.append(_row(reports, found, columns))
    return "".join([*parts, "</div>"])


def _rows(reports: list[dict]) -> dict[str, list[str]]:
    """Every check's name once, by chapter, in the order of the catalogue."""
    rows: dict[str, dict[str, None]] = {}
    for report in reports:
        for letter, checks in chapters(report).items():
            rows.setdefault(letter, {}).update(dict.fromkeys(check["name"] for check in checks))
    return {letter: list(names) for letter, names in rows.items()}


def _row(reports: list[dict], found: list[dict | None], columns: str) -> str:
    known = next(check for check in found if check)
    cells = "".join(_cell(check) for check in found)
    name = f'<span class="name"><span>{escape(known["id"])}</span>{escape(known["name"])}</span>'
    inside = [f"<p>{escape(known['summary'])}</p>"]
    if known["statement"]:
        inside.append(f"<pre>{escape(plain(known['statement']))}</pre>")
    inside += [_detail(r, c) for r, c in zip(reports, found, strict=True) if c]
    return (
        f'<details class="check" id="{escape(known["name"])}"><summary class="row"'
        f' style="{columns}">{name}{cells}</summary>'
        f'<div class="inside">{"".join(inside)}</div></details>'
    )


def _cell(check: dict | None) -> str:
    verdict = check["verdict"] if check else "not offered"
    glyph = _GLYPHS[verdict]
    if check and check["expected_failure"]:
        glyph, verdict = "as declared", "blocked"
    mistakes = check["diagnosis"]["mistakes"] if check and check["diagnosis"] else []
    about = ": ".join([verdict, " or ".join(mistakes)] if mistakes else [verdict])
    return f'<span class="cell {css(verdict)}" title="{escape(about)}">{glyph}</span>'


def _detail(report: dict, check: dict) -> str:
    """What one subject did on one check."""
    parts = [f'<h3>{escape(report["subject"])} <span class="{css(check["verdict"])}">'
             f"{escape(check['verdict'])}</span></h3>"]  # fmt: skip
    for text in (
        check["note"],
        check["expected_failure"] and f"declared: {check['expected_failure']}",
    ):
        parts += [f'<p class="soft">{escape(text)}</p>'] if text else []
    found = check["diagnosis"]
    if found:
        observed = f"<br>{escape(found['observed'])}" if found["observed"] else ""
        parts.append(f'<p class="said">{escape(found["explanation"])}{observed}</p>')
    if check["verdict"] not in ("not offered", "blocked"):
        parts += [_sides(check), _cases(check)]
        parts.append(
            '<details class="fold"><summary>reproduce</summary><pre>'
            f"{escape(snippet(report, check))}</pre></details>"
        )
    return "".join(parts)


def _sides(check: dict) -> str:
    outcome = worst_outcome(check)
    if outcome is None:
        return ""
    detail = f'<p class="soft">{escape(outcome["detail"])}</p>' if outcome["detail"] else ""
    rows = [("returned", side(outcome["left"])), ("expected", side(outcome["right"]))]
    rows.append(("gap", f"{short(outcome['gap'])}, allowed {short(outcome['tolerance'])}"))
    cells = "".join(f"<tr><td>{k}</td><td>{escape(v)}</td></tr>" for k, v in rows)
    where = escape(f"{check['worst_case']}, {outcome['label']}")
    return f'<p class="soft">worst case: {where}</p><table class="sides">{cells}</table>{detail}'


def _cases(check: dict) -> str:
    rows = [
        (
            f"{case['case']}, {o['label']}",
            "holds" if o["holds"] else "fails",
            o["gap"],
            o["tolerance"],
        )
        for case in check["cases"]
        for o in case["outcomes"]
    ]
    plot = headroom(rows[:60])
    return (
        f'<details class="fold"><summary>{len(rows)} comparisons</summary>{plot}</details>'
        if rows
        else ""
    )


def _evidence(report: dict, *, open: bool) -> str:
    rows = [
        (check["name"], check["verdict"], check["gap"], check["tolerance"])
        for checks in chapters(report).values()
        for check in checks
        if check["worst_case"]
    ]
    state = " open" if open else ""
    return (
        f'<details class="card fold"{state}><summary>{escape(report["subject"])}:'
        f" {len(rows)} checks</summary>{headroom(rows)}</details>"
    )

"""What unfolds under a row of the page: the theorem, and what every subject made of it."""

from __future__ import annotations

from html import escape

from refscore.verify.render import (
    LOUD,
    blocked_by,
    facts,
    outcomes,
    said,
    short,
    snippet,
    worst_outcome,
)
from refscore.verify.render.evidence_plots import evidence
from refscore.verify.render.formula import plain
from refscore.verify.render.plots import css, headroom

_MOST = 60  # comparisons drawn of one check


def details(reports: list[dict], found: list[dict | None]) -> str:
    """The theorem; those that need a look, at length; the others in a table."""
    known = next(check for check in found if check)
    pairs = [(r, c) for r, c in zip(reports, found, strict=True) if c]
    loud = [(r, c) for r, c in pairs if c["verdict"] in LOUD]
    quiet = [(r, c) for r, c in pairs if c["verdict"] not in LOUD]
    return "".join(
        [
            _about(known),
            *(_finding(r, c) for r, c in loud),
            _table(quiet),
            *(_drawn(r, c, folded=len(reports) > 3) for r, c in quiet),
            _snippets(quiet),
        ]
    )


def _about(check: dict) -> str:
    statement = plain(check["statement"])
    theorem = f'<p class="theorem">{escape(statement)}</p>' if statement else ""
    calls = ", ".join(f"<code>{escape(port)}</code>" for port in check["ports"])
    facts = f"{escape(check['id'])} · compared: {escape(check['kind'])} · calls {calls}"
    return (
        f'<p class="about">{escape(check["summary"])}</p>{theorem}<p class="soft small">{facts}</p>'
    )


def _finding(report: dict, check: dict) -> str:
    """What one subject did wrong on one check."""
    kind = css(check["verdict"])
    head = f"<h3>{escape(report['subject'])} <span>{escape(check['verdict'])}</span></h3>"
    parts = [f'<section class="finding {kind}">{head}']
    if check["expected_failure"]:
        parts.append(f'<p class="soft">declared: {escape(check["expected_failure"])}</p>')
    parts.append(_said(report, check))
    if check["note"]:
        parts.append(f'<p class="pre">{escape(check["note"])}</p>')
    parts += [_sides(check), _figures(check), _comparisons(check), _blocks(report, check)]
    return "".join([*parts, _code(report, check), "</section>"])


def _said(report: dict, check: dict) -> str:
    """The diagnosis: the mistake's name, what it is, what was read off."""
    found, parts = check["diagnosis"], []
    if check["verdict"] == "undeclared convention" and report["convention"]:
        parts.append(f"declare <code>{escape(report['convention'])}</code>")
    if found:
        names = " or ".join(found["mistakes"])
        if names:
            parts.append(f'<b class="mono">{escape(names)}</b>')
        parts += [escape(text) for text in (said(found), found["observed"]) if text]
    return f'<p class="said">{"<br/>".join(parts)}</p>' if parts else ""


def _sides(check: dict) -> str:
    outcome = worst_outcome(check)
    if outcome is None:
        return ""
    rows = [row for row in facts(outcome) if row[0] not in ("evidence", "")]
    cells = "".join(f"<tr><th>{k}</th><td>{escape(v)}</td></tr>" for k, v in rows)
    where = escape(f"{check['worst_case']}, {outcome['label']}")
    detail = f'<p class="pre">{escape(outcome["detail"])}</p>' if outcome["detail"] else ""
    table = f'<div class="wide"><table class="sides mono">{cells}</table></div>' * bool(rows)
    return f'<p class="soft small">worst case: {where}</p>{table}{detail}'


def _figures(check: dict) -> str:
    """The evidence path of every outcome that draws decide."""
    drawn = "".join(_figure(case, o) for case, o in outcomes(check) if o["evidence"])
    key = (
        '<p class="soft small"><span class="key v-fails"></span> evidence against the law'
        ' &#160; <span class="key v-holds"></span> evidence for lying within ε'
        " &#160; below: the statistic furthest off, with its confidence band</p>"
    )
    return f'{key}<div class="figures">{drawn}</div>' if drawn else ""


def _figure(case: str, outcome: dict) -> str:
    found = outcome["evidence"]
    detail = outcome["detail"].partition("; gap and")[0]
    more = f"about {found['forecast']:,} draws would decide" if found["forecast"] else ""
    further = [t for t in (more, found["note"]) if t and t.replace(",", "") not in detail]
    said = "; ".join([detail, *further])
    return (
        f'<figure class="{css(found["verdict"])}"><figcaption><b>{escape(case)},'
        f" {escape(outcome['label'])}</b>: {found['verdict']} after {found['draws']:,} draws;"
        f' <span class="soft">{escape(said)}</span></figcaption>{evidence(found)}</figure>'
    )


def _comparisons(check: dict) -> str:
    rows = [
        (f"{case}, {o['label']}", "holds" if o["holds"] else "fails", o["gap"], o["tolerance"])
        for case, o in outcomes(check)
    ]
    if len(rows) < 2:
        return ""
    more = f", the first {_MOST} drawn" if len(rows) > _MOST else ""
    return (
        f'<details class="fold"><summary>{len(rows)} comparisons{more}</summary>'
        f'<div class="wide">{headroom(rows[:_MOST])}</div></details>'
    )


def _blocks(report: dict, check: dict) -> str:
    names = blocked_by(report, check)
    links = ", ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in names)
    return f'<p class="small">blocks {len(names)} checks: {links}</p>' if names else ""


def _code(report: dict, check: dict) -> str:
    text = escape(snippet(report, check))
    return (
        f'<div class="code"><pre>{text}</pre><button type="button" class="copy">copy</button></div>'
    )


def _table(quiet: list[tuple[dict, dict]]) -> str:
    """A line for every subject that holds, or was not asked."""
    ran = any(check["worst_case"] for _, check in quiet)
    heads = ["", "", *(("largest gap", "allowed", "worst case") if ran else ("note",))]
    numbers = ("largest gap", "allowed")
    titles = "".join(f'<th class="n">{h}</th>' if h in numbers else f"<th>{h}</th>" for h in heads)
    lines = "".join(_line(report, check, ran) for report, check in quiet)
    if not quiet:
        return ""
    return f'<div class="wide"><table class="small"><tr>{titles}</tr>{lines}</table></div>'


def _line(report: dict, check: dict, ran: bool) -> str:
    verdict = check["verdict"]
    start = f'<td>{escape(report["subject"])}</td><td class="{css(verdict)}">{verdict}</td>'
    if not check["worst_case"]:
        span = ' colspan="3"' if ran else ""
        return f'<tr>{start}<td class="t soft"{span}>{escape(check["note"])}</td></tr>'
    gap, allowed = short(check["gap"]), short(check["tolerance"])
    return (
        f'<tr>{start}<td class="n">{gap}</td><td class="n">{allowed}</td>'
        f'<td class="t">{escape(check["worst_case"])}</td></tr>'
    )


def _drawn(report: dict, check: dict, *, folded: bool) -> str:
    """The evidence of a check that holds."""
    figures = _figures(check)
    if not figures:
        return ""
    state = "" if folded else ' open="open"'
    return (
        f'<details class="fold"{state}><summary>evidence of {escape(report["subject"])}</summary>'
        f"{figures}</details>"
    )


def _snippets(quiet: list[tuple[dict, dict]]) -> str:
    codes = "".join(_code(r, c) for r, c in quiet if c["verdict"] == "holds")
    return f'<details class="fold"><summary>reproduce</summary>{codes}</details>' if codes else ""

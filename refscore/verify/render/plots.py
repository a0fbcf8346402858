"""Gaps as inline SVG: how far each lies from what it may be, on a log axis."""

from __future__ import annotations

import html
import math

from refscore.verify.render import as_number, chapter_title, chapters, short

_LEAST, _MOST = -9.0, 9.0
_LEFT, _RIGHT, _ROW = 262, 64, 18
_LANE, _BIN, _DOT = 150, 7, 3.0  # of the picture of all checks: lanes begin, dots stack


def ratio(gap, tolerance) -> float:
    """log10(gap / tolerance), held inside the axis; 0 and infinity sit on its ends."""
    gap, tolerance = as_number(gap), as_number(tolerance)
    if gap == 0:
        return _LEAST
    if not math.isfinite(gap) or not tolerance > 0:
        return _MOST
    return min(max(math.log10(gap / tolerance), _LEAST), _MOST)


def headroom(rows: list[tuple[str, str, object, object]], width: int = 860) -> str:
    """One dot a row of (label, verdict, gap, tolerance); the line is where they are equal."""
    if not rows:
        return ""
    height = _ROW * len(rows) + 34
    inner = width - _LEFT - _RIGHT

    def across(value: float) -> float:
        return _LEFT + inner * (value - _LEAST) / (_MOST - _LEAST)

    parts = [_frame(across, width, height, "gap over tolerance of every comparison")]
    for i, (label, verdict, gap, tolerance) in enumerate(rows):
        y = 4 + _ROW * (i + 0.5)
        x = across(ratio(gap, tolerance))
        name = html.escape(_cut(label))
        title = f"{label}: gap {short(gap)}, allowed {short(tolerance)}"
        parts.append(
            f'<g class="{css(verdict)}"><title>{html.escape(title)}</title>'
            f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" class="label">{name}</text>'
            f'<line x1="{_LEFT}" x2="{x:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="stem"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            f'<text x="{width - _RIGHT + 10}" y="{y + 4:.1f}" class="value">{short(gap)}</text></g>'
        )
    return "".join([*parts, "</svg>"])


def swarm(report: dict, width: int = 1060) -> str:
    """A dot for every check that compared something, a lane for every chapter."""
    inner = width - _LANE - 40

    def across(value: float) -> float:
        return _LANE + inner * (value - _LEAST) / (_MOST - _LEAST)

    lanes, y = [], 4.0
    for letter, checks in chapters(report).items():
        dots, depth = _stacked([c for c in checks if c["worst_case"]], across)
        if dots:
            height = max(22.0, 2 * _DOT * depth + 10)
            lanes.append(_lane(chapter_title(letter), dots, y, height, width))
            y += height
    if not lanes:
        return ""
    frame = _frame(across, width, y + 30, "gap over tolerance of every check, by chapter")
    return "".join([frame, *lanes, "</svg>"])


def _stacked(checks: list[dict], across) -> tuple[list[tuple[float, int, dict]], int]:
    """(place, height in the pile, check) of every dot, and the highest pile."""
    piles: dict[int, int] = {}
    dots = []
    for check in sorted(checks, key=lambda c: c["verdict"] == "holds"):
        value = ratio(check["gap"], check["tolerance"])
        place = round((across(value) - across(0)) / _BIN)
        piles[place] = piles.get(place, 0) + 1
        dots.append((across(0) + place * _BIN, piles[place], check))
    return dots, max(piles.values(), default=0)


def _lane(title: str, dots, y: float, height: float, width: int) -> str:
    base = y + height - 4
    parts = [
        f'<text x="{_LANE - 14}" y="{base - 2:.1f}" class="label">{html.escape(title)}</text>'
        f'<line class="grid" x1="{_LANE}" x2="{width - 40}" y1="{base + 2:.1f}"'
        f' y2="{base + 2:.1f}"/>'
    ]
    for x, level, check in dots:
        name = html.escape(check["name"])
        said = f"{check['name']}: gap {short(check['gap'])}, allowed {short(check['tolerance'])}"
        parts.append(
            f'<a href="#{name}" class="{css(check["verdict"])}"><title>{html.escape(said)}</title>'
            f'<circle cx="{x:.0f}" cy="{base - 2 * _DOT * (level - 0.5):.0f}" r="{_DOT}"/></a>'
        )
    return "".join(parts)


def _frame(across, width: float, height: float, label: str) -> str:
    """The open tag, what lies beyond the tolerance, and the axis."""
    ticks = "".join(_tick(across(power), height, power) for power in range(-9, 10, 3))
    beyond = f'x="{across(0):.1f}" y="4" width="{across(_MOST) - across(0):.1f}"'
    return (
        f'<svg class="plot wider" viewBox="0 0 {width} {height:.0f}" role="img"'
        f' aria-label="{label}"><rect {beyond} height="{height - 30:.0f}" class="beyond"/>{ticks}'
    )


def _tick(x: float, height: float, power: int) -> str:
    name = {-9: "≤ 1e-9", 0: "gap = allowed", 9: "≥ 1e9"}.get(power, f"1e{power}")
    kind = "zero" if power == 0 else "grid"
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - 26:.0f}" class="{kind}"/>'
        f'<text x="{x:.1f}" y="{height - 10:.0f}" class="tick">{name}</text>'
    )


def _cut(label: str, most: int = 38) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def css(verdict: str) -> str:
    """The class a verdict has in the page."""
    return "v-" + verdict.split()[-1]

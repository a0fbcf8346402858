"""Evidence as inline SVG: how far each gap lies from what it may be, on a log axis."""

from __future__ import annotations

import html
import math

from refscore.verify.render import as_number, short

_LEAST, _MOST = -9.0, 9.0
_LEFT, _RIGHT, _ROW = 262, 64, 18


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

    parts = [
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img"'
        ' aria-label="gap over tolerance of every comparison">',
        f'<rect x="{across(0):.1f}" y="4" width="{across(_MOST) - across(0):.1f}"'
        f' height="{height - 30}" class="beyond"/>',
        *(_tick(across(power), height, power) for power in range(-9, 10, 3)),
    ]
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


def _tick(x: float, height: int, power: int) -> str:
    name = {-9: "≤ 1e-9", 0: "gap = allowed", 9: "≥ 1e9"}.get(power, f"1e{power}")
    kind = "zero" if power == 0 else "grid"
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - 26}" class="{kind}"/>'
        f'<text x="{x:.1f}" y="{height - 10}" class="tick">{name}</text>'
    )


def _cut(label: str, most: int = 38) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def css(verdict: str) -> str:
    """The class a verdict has in the page."""
    return "v-" + verdict.split()[-1]

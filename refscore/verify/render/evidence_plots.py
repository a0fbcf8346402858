"""The evidence of draws as inline SVG: how it grew, and where the estimate went."""

from __future__ import annotations

import html
import math

from refscore.verify.render import as_number

_WIDTH, _LEFT, _RIGHT = 460, 54, 12
_TOP, _HIGH, _LOW = 14, 118, 84  # the height of either panel, and what stands above them
_DECADES = math.log(10)


def evidence(found: dict) -> str:
    """Both panels of one outcome over the number of draws; nothing where it was never looked at.

    Above: the evidence E against the law, and that for lying within the tolerance, each with
    the line beyond which it decides. Below: the deviation in units of its tolerance, with its
    confidence band, beside what is expected, 0, and what is allowed, ±1.
    """
    path = found["path"]
    if not path:
        return ""
    last = path[-1]["draws"]
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_TOP + _HIGH + _LOW + 52}" role="img"'
        ' aria-label="evidence and estimated deviation over the number of draws">'
        f"{_growth(found, path, last)}{_deviation(path, last)}{_draws_axis(last)}</svg>"
    )


def _x(draws: float, last: float) -> float:
    return (_WIDTH - _LEFT - _RIGHT) * draws / max(last, 1)


def _panel(top: float, height: float, inside: str) -> str:
    """A nested picture: what leaves it is cut off."""
    width = _WIDTH - _LEFT - _RIGHT + 3  # room for half a dot
    return f'<svg x="{_LEFT}" y="{top}" width="{width}" height="{height}">{inside}</svg>'


def _growth(found: dict, path: list[dict], last: float) -> str:
    limits = found["threshold"], found["certain"]
    top, bottom = max(limits) * 1.3, -max(limits) * 0.3

    def y(value) -> float:
        value = min(max(as_number(value), bottom), top)
        return _HIGH * (top - value) / (top - bottom)

    lines, labels = [], []
    above = limits[0] >= limits[1]
    for kind, limit, up, text in (
        ("v-fails", limits[0], above, "fails beyond"),
        ("v-holds", limits[1], not above, "holds beyond"),
    ):
        at = y(limit)
        lines.append(f'<line class="limit {kind}" x2="{_WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>')
        labels.append(
            f'<text class="named {kind}" x="{_LEFT + 4}" y="{_TOP + at + (-4 if up else 12):.1f}">'
            f"{text} {math.exp(limit):.1g}</text>"
        )
    curves = [
        _curve(path, "inside", last, y, "curve v-holds"),
        _curve(path, "log_e", last, y, "curve v-fails"),
    ]
    decades = [k for k in range(-30, 61, 3) if bottom < k * _DECADES < top]
    axis = [_grid(_TOP + y(k * _DECADES), f"1e{k}" if k else "E = 1") for k in decades]
    inside = "".join([*lines, *curves])
    return "".join(axis) + _panel(_TOP, _HIGH, inside) + "".join(labels)


def _deviation(path: list[dict], last: float) -> str:
    at = _TOP + _HIGH + 16
    settled = [abs(as_number(p["deviation"])) for p in path[len(path) // 3 :]]
    most = max([1.6, *(1.25 * v for v in settled if math.isfinite(v))])

    def y(value) -> float:
        return _LOW * (most - min(max(as_number(value), -2 * most), 2 * most)) / (2 * most)

    tolerated = (
        f'<rect class="within" width="{_WIDTH}" y="{y(1):.1f}" height="{y(-1) - y(1):.1f}"/>'
        f'<line class="zero" x2="{_WIDTH}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>'
    )
    bounded = [p for p in path if None not in (p["low"], p["high"])]
    edge = [(_x(p["draws"], last), y(p["high"])) for p in bounded]
    edge += [(_x(p["draws"], last), y(p["low"])) for p in reversed(bounded)]
    band = f'<polygon class="band" points="{_points(edge)}"/>' if len(bounded) > 1 else ""
    inside = tolerated + band + _curve(path, "deviation", last, y, "found")
    mark = 1 if most <= 4 else math.floor(0.8 * most)
    units = f"{mark:.3g} ε" if mark > 1 else "ε"
    ticks = (mark, f"+{units}"), (0, "expected"), (-mark, f"−{units}")
    axis = [_grid(at + y(v), text) for v, text in ticks]
    return "".join(axis) + _panel(at, _LOW, inside)


def _curve(path: list[dict], name: str, last: float, y, kind: str) -> str:
    """A line through the looks that have this number, with a dot on the last one."""
    seen = [p for p in path if math.isfinite(_infinite(p[name]))]
    points = [(_x(p["draws"], last), y(p[name])) for p in seen]
    if not points:
        return ""
    x, end = points[-1]
    line = f'<polyline class="{kind}" points="{_points(points)}"/>' if len(points) > 1 else ""
    return f'{line}<circle class="{kind.split()[-1]}" cx="{x:.1f}" cy="{end:.1f}" r="3"/>'


def _infinite(value) -> float:
    """Infinite evidence sits on the upper edge; what is no number is left out."""
    number = as_number(value)
    return math.copysign(1e300, number) if math.isinf(number) else number


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _grid(y: float, text: str) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="left" x="{_LEFT - 6}" y="{y + 3.5:.1f}">{html.escape(text)}</text>'
    )


def _draws_axis(last: int) -> str:
    """Round numbers of draws under both panels."""
    y = _TOP + _HIGH + 16 + _LOW + 14
    step = 10 ** math.floor(math.log10(max(last, 1)))
    step = next(step * k for k in (1, 0.5, 0.2) if last / (step * k) >= 3 or k == 0.2)
    ticks = [round(step * k) for k in range(int(last / step) + 1) if k * step <= last]
    kept = [t for t in dict.fromkeys(ticks) if _x(t, last) < _WIDTH - _LEFT - _RIGHT - 26]
    parts = [f'<text class="tick" x="{_LEFT + _x(t, last):.1f}" y="{y}">{t:,}</text>' for t in kept]
    end = f'<text class="tick end" x="{_WIDTH - _RIGHT + 8}" y="{y}">{last:,}</text>'
    middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) / 2
    return "".join(parts) + end + f'<text class="tick" x="{middle}" y="{y + 15}">draws</text>'

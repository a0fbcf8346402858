"""What became of a file of vectors, as text."""

from __future__ import annotations

from refscore.verify.render import short
from refscore.verify.render.ink import Ink
from refscore.verify.render.text import clean


def render(outcomes: list, ink: Ink) -> str:
    """What failed, a line each; then the counts of all outcomes."""
    lines = [_line(o, ink) for o in outcomes if o.verdict in ("fails", "error")]
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.verdict] = counts.get(outcome.verdict, 0) + 1
    shown = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return "\n".join([*lines, f"{len(outcomes)} outcomes: {shown or 'nothing to judge'}"]) + "\n"


def _line(outcome, ink: Ink) -> str:
    gap = f"gap {short(outcome.gap)}" if outcome.verdict == "fails" else ""
    note = clean("  ".join(text for text in (gap, outcome.note) if text))
    where = clean(f"{outcome.check}, {outcome.case}, {outcome.label}")
    return f"{ink.verdict(outcome.verdict)}  {where}  {ink(note, 'dim')}".rstrip()

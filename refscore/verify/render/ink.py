"""Colour where a terminal shows it, and nothing where it does not."""

from __future__ import annotations

import os
from typing import NamedTuple, TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}
OF_VERDICT = {
    "holds": "green",
    "fails": "red",
    "error": "red",
    "undeclared convention": "yellow",
    "undecided": "yellow",
    "not offered": "dim",
    "blocked": "dim",
}


class Ink(NamedTuple):
    """Writes text in a style, or plainly where `color` is false."""

    color: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """The text in these styles (empty ones are ignored)."""
        codes = ";".join(_CODES[style] for style in styles if style)
        return f"\033[{codes}m{text}\033[0m" if self.color and codes else text

    def verdict(self, verdict: str, text: str | None = None) -> str:
        """A text in the colour of a verdict; the verdict itself by default."""
        return self(verdict if text is None else text, OF_VERDICT[verdict])


PLAIN = Ink()


def wanted(stream: TextIO) -> bool:
    """True on a terminal that shows colours, unless NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return hasattr(stream, "isatty") and stream.isatty()

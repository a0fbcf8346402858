"""RESULTS.md: parts between markers, each written on its own, so that nothing measured is lost."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import refscore

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "validation" / "RESULTS.md"


def between(text: str, name: str, body: str) -> str:
    """`text` with what stands between the markers of `name` replaced, or appended."""
    block = f"<!-- {name} -->\n{body}\n<!-- end {name} -->"
    pattern = _pattern(name)
    if pattern.search(text):
        return pattern.sub(lambda _: block, text)
    return f"{text.rstrip()}\n\n{block}\n"


def part(text: str, name: str) -> str:
    """What stands between the markers of `name`; empty if they are not there."""
    found = _pattern(name).search(text)
    return found.group(1) if found else ""


def read() -> str:
    """RESULTS.md as it is now."""
    return RESULTS.read_text("utf-8") if RESULTS.exists() else "# Results\n"


def write(name: str, body: str) -> None:
    """Put one part into RESULTS.md, which is read again first: another run may have written."""
    RESULTS.write_text(between(read(), name, body), "utf-8")


def made() -> str:
    """What a part was made with."""
    return f"refscore {refscore.__version__}, Python {platform.python_version()}"


def _pattern(name: str) -> re.Pattern:
    return re.compile(rf"<!-- {re.escape(name)} -->\n(.*?)\n<!-- end {re.escape(name)} -->", re.S)

"""Texts a subject brought along, made fit for a screen: no control codes, no endless strings."""

from __future__ import annotations

import re
from typing import Any

MOST = 2000
# surrogates, C1 controls, separators of lines, marks that turn the direction of the text,
# and what XML has no place for
_UNFIT = re.compile("[\ud800-\udfff\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069"
                    "\ufeff\ufffe\uffff]")  # fmt: skip
_CONTROLS = {code: 0x2400 + code for code in range(32) if code not in (9, 10)}


def clean(value: Any) -> Any:
    """The same plain values, every string in them fit to be shown; what is cut says so."""
    if isinstance(value, str):
        return _fit(value)
    if isinstance(value, dict):
        return {key: clean(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [clean(entry) for entry in value]
    return value


def _fit(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) <= MOST:
        return text
    if len(text) > MOST:
        text = f"{text[:MOST]} … ({len(text) - MOST} more characters)"
    return _UNFIT.sub("\ufffd", text.translate(_CONTROLS))

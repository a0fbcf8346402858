"""What a run is made of, in words that are the same in every process."""

from __future__ import annotations

import hashlib

import numpy as np


def digest(x, held_out, theta, *given) -> str:
    """A fingerprint of data, start and further arguments."""
    parts = [x, held_out, theta, *([[k, more[k]] for k in sorted(more)] for more in given)]
    return hashlib.sha256(described(parts).encode()).hexdigest()


def described(value) -> str:
    """What a value is, in words that are the same in every process: no memory addresses."""
    if isinstance(value, np.ndarray):
        bytes_ = np.ascontiguousarray(value).tobytes()
        return f"{value.dtype}{value.shape}{hashlib.sha256(bytes_).hexdigest()}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(described, value))}]"
    if value is None or isinstance(value, (str, bool, int, float, np.generic)):
        return repr(value)
    if cells := getattr(value, "__closure__", None):
        held = [described(cell.cell_contents) for cell in cells]
        return f"{value.__module__}.{value.__qualname__}{held}"
    kind = value if hasattr(value, "__qualname__") else type(value)
    inside = getattr(value, "__dict__", {})
    own = {} if kind is value else {k: described(inside[k]) for k in sorted(inside)}
    return f"{kind.__module__}.{kind.__qualname__}{own}"

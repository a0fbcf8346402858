"""Which bit of a code is which."""

from __future__ import annotations

import numpy as np

from .base import Convention, Family

CONVENTIONS = {
    "bit_order": Convention(
        {
            "first highest": "the first coordinate is the highest bit of a code",
            "first lowest": "it is the lowest",
        },
        ports=("lookup_free",),
    ),
}


def _read(port, arguments, output, meant):
    if meant.bit_order == "first highest":
        return output
    codes, d = np.asarray(output[0]).astype(np.int64), np.shape(arguments["x"])[1]
    bits = codes[:, None] >> np.arange(d) & 1
    return (bits << np.arange(d - 1, -1, -1)).sum(1), output[1]


FAMILY = Family(__doc__, CONVENTIONS, read=_read)

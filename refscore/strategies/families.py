"""The families of cases that entries of the catalogue draw from, by name."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from refscore.identities.cases import Case
from refscore.strategies.on_chains import ON_CHAINS
from refscore.strategies.on_codebooks import ON_CODEBOOKS
from refscore.strategies.on_codes import ON_CODES
from refscore.strategies.on_fields import ON_FIELDS
from refscore.strategies.on_flows import ON_FLOWS
from refscore.strategies.on_laws import ON_LAWS
from refscore.strategies.on_levels import ON_LEVELS
from refscore.strategies.on_samples import ON_SAMPLES
from refscore.strategies.on_times import ON_TIMES

FAMILIES = {
    **ON_FIELDS, **ON_LAWS, **ON_CHAINS, **ON_LEVELS, **ON_SAMPLES, **ON_TIMES, **ON_FLOWS,
    **ON_CODES, **ON_CODEBOOKS,
}  # fmt: skip


@st.composite
def cases(draw, family: str):
    """Cases of a family of the catalogue, named as an entry's `family`; arrays are read-only."""
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}; got {family!r}")
    inputs = FAMILIES[family](draw)
    for value in inputs.values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return Case(f"drawn: {family}", **inputs)

"""Families of cases of reverse steps and samplers: laws, points, times on [0, 1], noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.strategies.draws import gaussians, mixtures, normals, scales

_KINDS = ("score", "noise", "data", "velocity", "flow")


def _law(draw):
    dim, condition = draw(st.integers(1, 3)), draw(scales(1.0, 20.0))
    return draw(st.one_of(gaussians(dim, condition=condition), mixtures(dim, condition=condition)))


def _points(draw, law, n: int = 4):
    d = np.shape(law.mean if law.kind == "gaussian" else law.means)[-1]
    return 1.5 * draw(normals(n, d))


def _span(draw) -> dict:
    law = _law(draw)
    t, share = draw(st.floats(0.05, 0.95)), draw(st.floats(0.3, 0.95))
    return {"law": law, "x": _points(draw, law), "t": t, "s": share * t}


def _noised_span(draw) -> dict:
    span = _span(draw)
    noise, eta = draw(normals(*span["x"].shape)), draw(st.floats(0.2, 0.8))
    return {**span, "noise": noise, "eta": eta}


def _walk(draw) -> dict:
    """Four steps of unequal size."""
    law, times = _law(draw), [draw(st.floats(0.6, 0.95))]
    for _ in range(4):
        times.append(times[-1] * draw(st.floats(0.5, 0.9)))
    return {"law": law, "x": _points(draw, law), "times": times}


def _conversion(draw) -> dict:
    source, target = draw(st.permutations(_KINDS))[:2]
    d = draw(st.integers(1, 3))
    pair = {"data": draw(normals(4, d)), "noise": draw(normals(4, d))}
    return {"t": draw(st.floats(0.03, 0.97)), "source": source, "target": target, **pair}


ON_TIMES: dict[str, Callable] = {
    "span of time": _span,
    "noised span of time": _noised_span,
    "walk over times": _walk,
    "conversion": _conversion,
}

"""Error against work on log axes: slopes that are orders, floors that no step passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from refscore._arguments import as_array, as_positive
from refscore.plotting.figures import COLOURS, INK, LINE, drawable

_MARKS = "osD^vP"


def work_precision(
    curves: Mapping[str, Any], *, orders: Mapping[str, float] | None = None,
    floors: Mapping[str, float] | None = None, ax=None,
):  # fmt: skip
    """How errors fall with work, a line and its dots a method.

        order p, dashed through the method's last dot:  error = e_last (work / work_last)^{-p}
        floor, dotted:  error = floor, whatever the work

    Arguments: curves, name -> (2, k), work and errors, positive (an error of 0 is left out);
    orders, name of a curve -> p; floors, name -> positive number.
    Raises: ValueError for other shapes, NaN, work or floors not positive, errors below 0, an
    order of no curve.
    """
    ax, orders = drawable(ax), orders or {}
    for name in set(orders) - set(curves):
        raise ValueError(f"orders must be of curves, got {name!r} beside {', '.join(curves)}")
    for j, (name, curve) in enumerate(curves.items()):
        work, errors = as_array(curve, f"curves[{name!r}]", (2, None))
        if not len(work) or work.min() <= 0 or errors.min() < 0:
            raise ValueError(f"curves[{name!r}] must hold work above 0 and errors of 0 or more")
        colour, mark = COLOURS[j % len(COLOURS)], _MARKS[j // len(COLOURS) % len(_MARKS)]
        ax.plot(
            work, np.where(errors > 0, errors, np.nan), color=colour, marker=mark, markersize=4.5,
            markeredgecolor="white", markeredgewidth=0.6, linewidth=1.5, label=name, zorder=3,
        )  # fmt: skip
        if name in orders:
            line = errors[-1] * (work / work[-1]) ** -float(orders[name])
            ax.plot(work, line, color=INK, linestyle=(0, (4, 2.5)), linewidth=0.8, zorder=2)
    for name, floor in (floors or {}).items():
        height = as_positive(floor, f"floors[{name!r}]")
        ax.axhline(height, color=INK, linestyle=":", linewidth=1.3, zorder=1)
        ax.annotate(
            name, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, 2),
            textcoords="offset points", ha="right", va="bottom", fontsize=8, color=INK,
        )  # fmt: skip
    ax.set(xscale="log", yscale="log")
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    return ax

"""Curves that are known exactly, and estimates with their error bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from refscore._arguments import as_array, as_like, as_positive
from refscore.plotting.figures import COLOURS, INK, LINE, drawable

_DOTS = {
    "fmt": "o", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.7,
    "elinewidth": 1.4, "capsize": 2.5, "capthick": 1.2, "zorder": 4,
}  # fmt: skip


def exact_curve(x, y, *, name: str = "exact", colour: str = INK, dashed: bool = False, ax=None):
    """A curve that is known exactly, as a line through (x_i, y_i).

    Arguments: x and y (m,); name, for the legend.
    """
    x = as_array(x, "x", (None,))
    y = as_like(y, "y", x, "x")
    ax = drawable(ax)
    style = (0, (4, 2.5)) if dashed else "-"
    ax.plot(x, y, color=colour, linestyle=style, linewidth=1.7, label=name, zorder=2)
    return ax


def estimates(
    x, values, standard_error, *, name: str = "estimate", colour: str = COLOURS[0],
    bars: float = 2.0, ax=None,
):  # fmt: skip
    """Estimates as dots, each with a bar of `bars` standard errors to both sides.

        value ± 2 standard errors:  covers the truth in about 95 of 100 estimates

    Arguments: x, values, standard_error (m,); name, for the legend.
    Raises: ValueError for negative standard errors, other shapes, NaN.
    """
    x = as_array(x, "x", (None,))
    values = as_like(values, "values", x, "x")
    ax = drawable(ax)
    reach = as_positive(bars, "bars") * _errors(standard_error, x)
    ax.errorbar(x, values, yerr=reach, color=colour, label=name, **_DOTS)
    return ax


def exact_and_estimates(names, exact, values, standard_error, *, bars: float = 2.0, ax=None):
    """A table as a picture: a row a quantity, a dark tick where it is, a dot where it was found.

    Arguments: names, m strings, from the top; the rest as `estimates`, each (m,).
    Raises: ValueError for negative standard errors, other shapes, NaN.
    """
    names = list(names)
    exact = as_array(exact, "exact", (len(names),))
    values = as_like(values, "values", exact, "exact")
    ax = drawable(ax)
    y = np.arange(len(names))
    reach = as_positive(bars, "bars") * _errors(standard_error, exact)
    ax.vlines(exact, y - 0.32, y + 0.32, color=INK, linewidth=2.4, label="exact", zorder=2)
    ax.errorbar(values, y, xerr=reach, color=COLOURS[0], label="estimate", **_DOTS)
    ax.set_yticks(y, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="x", color=LINE, linewidth=0.6)
    ax.tick_params(axis="y", length=0)
    return ax


def trace_decay(
    products, errors: Mapping[str, Any], *, exact: Mapping[str, Any] | None = None,
    bars: float = 2.0, ax=None,
):  # fmt: skip
    """How the error of trace estimates falls with the number of products, on log axes.

        dot: √(mean e²) over the repeats;  bar: `bars` · sd(e²) / (2 √R √(mean e²))

    Arguments: products (m,), positive; errors, name -> (R, m), R >= 2 errors e at every m;
    exact, name -> (m,) the root mean square they estimate, drawn as a line in the colour of
    that name (ink if no errors carry it).
    Raises: ValueError for other shapes, NaN, fewer than two repeats.
    """
    products = as_array(products, "products", (None,))
    if products.size == 0 or products.min() <= 0:
        raise ValueError(f"products must be positive numbers (m,), got {products}")
    ax, m, bars = drawable(ax), len(products), as_positive(bars, "bars")
    colours = dict(zip(errors, COLOURS * len(errors)))
    for name, curve in (exact or {}).items():
        curve = as_array(curve, f"exact[{name!r}]", (m,))
        shown = f"{name}, exact"
        exact_curve(products, curve, name=shown, colour=colours.get(name, INK), ax=ax)
    for name, one in errors.items():
        squares = as_array(one, f"errors[{name!r}]", (None, m)) ** 2
        if len(squares) < 2:
            raise ValueError(f"errors[{name!r}] must hold at least two repeats, got {len(squares)}")
        rms = np.sqrt(squares.mean(axis=0))
        spread = squares.std(axis=0, ddof=1) / np.sqrt(len(squares))
        reach = spread / (2 * np.where(rms > 0, rms, 1))
        if name not in (exact or {}):
            ax.plot(products, rms, color=colours[name], linewidth=1, alpha=0.35, zorder=1)
        estimates(products, rms, reach, name=name, colour=colours[name], bars=bars, ax=ax)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", nonpositive="clip")
    ax.set_xticks(products, [f"{p:g}" for p in products])
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    ax.minorticks_off()
    return ax


def _errors(standard_error, like):
    errors = as_like(standard_error, "standard_error", like, "the estimates")
    if errors.size and errors.min() < 0:
        raise ValueError(f"standard_error must be at least 0, got {errors.min():.3g}")
    return errors

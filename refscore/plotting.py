"""Figures that hold the exact curve, the estimate and its error bar.

Needs matplotlib (`refscore[plot]`), which is imported only when a function here is called.
Dark lines are exact, coloured dots are estimates. Every function draws into `ax`, or into
axes of a new figure, and returns the axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from refscore._arguments import as_array, as_count, as_like, as_positive, as_real

INK, SOFT, LINE = "#1d2129", "#667085", "#d0d5dd"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#9B5FC0", "#C98A00", "#4FA7DB")
_RED = "#c8321f"
_DENSITY = ("#ffffff", "#d3dae6", "#98a7c0")


def axes(panels: int = 1, *, width: float | None = None, height: float = 3.9):
    """The axes of a new figure, `panels` of them side by side: one Axes, or an array of them.

    Arguments: width and height of the figure in inches.
    Raises: ImportError naming `refscore[plot]` where matplotlib is missing.
    """
    panels, height = as_count(panels, "panels"), as_positive(height, "height")
    width = 5.2 * panels + 0.6 if width is None else as_positive(width, "width")
    figure, grid = _pyplot().subplots(
        1, panels, figsize=(width, height), layout="constrained", squeeze=False
    )
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, wspace=0.04)
    for ax in grid[0]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(SOFT)
        ax.tick_params(color=SOFT, labelcolor=INK, labelsize=9)
    return grid[0] if panels > 1 else grid[0, 0]


def label(ax, title: str = "", x: str = "", y: str = "", *, legend: str | None = "best"):
    """The axes with a title, names for x and y, and a legend of what carries a label.

    Arguments: legend, where matplotlib puts it, or None for no legend.
    """
    ax = _drawable(ax)
    ax.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=9)
    ax.set_xlabel(x, fontsize=9.5, color=INK)
    ax.set_ylabel(y, fontsize=9.5, color=INK)
    if legend is not None and ax.get_legend_handles_labels()[0]:
        frame = {"facecolor": "white", "edgecolor": "none", "framealpha": 0.85}
        ax.legend(loc=legend, fontsize=8.5, labelcolor=INK, handlelength=1.6, **frame)
    return ax


def score_arrows(
    field: Callable, low, high, *, law=None, n: int = 19, limit: float | None = None,
    labels: Callable | None = None, ax=None,
):  # fmt: skip
    """Arrows of a score or any field of the plane, over the density of a law.

        drawn at x:  s(x),  or with a limit L on the length  s / √(1 + ‖s‖²/L²)

    Arguments: field, points (m, 2) -> (m, 2); low, high (2,), the corners; law with
    `log_density`, shaded relative to its highest value in view (it may be unnormalised); n
    arrows along x, as dense along y; labels, points (m, 2) -> whole numbers (m,), which
    colour the arrows. The longest arrow spans 1.6 cells; a row of NaN (outside a support)
    has none.
    Raises: ValueError for corners out of order, arrows not finite, a law without mass in view.
    Cost: about n² values of the field, 160² of the density.
    """
    low, high = as_array(low, "low", (2,)), as_array(high, "high", (2,))
    if not (low < high).all():
        raise ValueError(f"high must exceed low in both coordinates, got {low} and {high}")
    ax = _drawable(ax)
    if law is not None:
        _shade(ax, law, low, high)
    cell = (high[0] - low[0]) / as_count(n, "n", minimum=2)
    rows = max(1, round((high[1] - low[1]) / cell))
    points = _lattice(low + cell / 2, high - cell / 2, (n, rows))
    arrows = as_real(field(points), "field(points)")
    if arrows.shape == points.shape:
        inside = ~np.isnan(arrows).all(axis=-1)
        points, arrows = points[inside], arrows[inside]
    arrows = as_like(arrows, "field(points)", points, "points")
    if limit is not None:
        size = np.linalg.norm(arrows, axis=-1, keepdims=True)
        arrows = arrows / np.hypot(1, size / as_positive(limit, "limit"))
    longest = np.linalg.norm(arrows, axis=-1).max(initial=0) or 1.0
    ax.quiver(
        *points.T, *arrows.T, color=_colours_of(labels, points), angles="xy", pivot="mid",
        scale_units="xy", scale=longest / (1.6 * cell), width=0.0038, headwidth=3.6,
        headlength=4.2, headaxislength=3.8, zorder=3,
    )  # fmt: skip
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    return ax


def exact_curve(x, y, *, name: str = "exact", colour: str = INK, dashed: bool = False, ax=None):
    """A curve that is known exactly, as a line through (x_i, y_i).

    Arguments: x and y (m,); name, for the legend.
    """
    x = as_array(x, "x", (None,))
    y = as_like(y, "y", x, "x")
    ax = _drawable(ax)
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
    ax = _drawable(ax)
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
    ax = _drawable(ax)
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
    ax, m, bars = _drawable(ax), len(products), as_positive(bars, "bars")
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


def finish(ax, path=None, *, warning: str | None = None) -> None:
    """Save the figure of `ax` to `path` if given, else show it where a window or notebook can.

    Without a display (the backend Agg) nothing is shown and nothing warns. Arguments: ax, one
    Axes or an array of them; path, whose suffix decides the format: .png, .svg, .pdf;
    warning, a few words in red below the figure.
    """
    plt = _pyplot()
    figure = _drawable(np.ravel(np.asarray(ax, dtype=object))[0]).figure
    if warning:
        figure.get_layout_engine().set(rect=(0, 0.06, 1, 0.94))
        figure.text(0.99, 0.02, str(warning), ha="right", va="bottom", fontsize=9.5, color=_RED)
    if path is not None:
        figure.savefig(path, dpi=160, facecolor="white")
    elif plt.get_backend().lower() not in _HEADLESS:
        plt.show()
    plt.close(figure)


_HEADLESS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
_DOTS = {
    "fmt": "o", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.7,
    "elinewidth": 1.4, "capsize": 2.5, "capthick": 1.2, "zorder": 4,
}  # fmt: skip


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "refscore.plotting needs matplotlib: pip install 'refscore[plot]'"
        ) from error
    return plt


def _drawable(ax):
    """The axes given, or those of a new figure."""
    if ax is None:
        return axes()
    if not hasattr(ax, "errorbar"):
        raise TypeError(f"ax must be matplotlib Axes, got {type(ax).__name__}")
    return ax


def _errors(standard_error, like):
    errors = as_like(standard_error, "standard_error", like, "the estimates")
    if errors.size and errors.min() < 0:
        raise ValueError(f"standard_error must be at least 0, got {errors.min():.3g}")
    return errors


def _shade(ax, law, low, high) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    points = _lattice(low, high, (160, 160))
    logs = law.log_density(points)
    if not np.isfinite(logs.max()):
        raise ValueError(f"law must have a positive, finite density between {low} and {high}")
    x, y, shades = np.r_[points.T, [np.exp(logs - logs.max())]].reshape(3, 160, 160)
    colours = LinearSegmentedColormap.from_list("density", _DENSITY)
    ax.pcolormesh(x, y, shades, cmap=colours, shading="gouraud", vmin=0, vmax=1, zorder=0)
    levels = [level for level in (0.05, 0.2, 0.5, 0.8) if level > shades.min()]
    if levels:
        ax.contour(x, y, shades, levels=levels, colors="white", linewidths=0.7)


def _lattice(low, high, counts) -> np.ndarray:
    sides = [np.linspace(a, b, count) for a, b, count in zip(low, high, counts)]
    return np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)


def _colours_of(labels, points):
    if labels is None:
        return INK
    chosen = as_array(labels(points), "labels(points)", (len(points),)).astype(int)
    return [COLOURS[i % len(COLOURS)] for i in chosen]

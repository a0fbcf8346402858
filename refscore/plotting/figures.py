"""A figure's axes, their labels, and where the figure goes."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_positive

INK, SOFT, LINE = "#1d2129", "#667085", "#d0d5dd"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#9B5FC0", "#C98A00", "#4FA7DB")
_RED = "#c8321f"
_HEADLESS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")


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
    ax = drawable(ax)
    ax.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=9)
    ax.set_xlabel(x, fontsize=9.5, color=INK)
    ax.set_ylabel(y, fontsize=9.5, color=INK)
    if legend is not None and ax.get_legend_handles_labels()[0]:
        frame = {"facecolor": "white", "edgecolor": "none", "framealpha": 0.85}
        ax.legend(loc=legend, fontsize=8.5, labelcolor=INK, handlelength=1.6, **frame)
    return ax


def finish(ax, path=None, *, warning: str | None = None) -> None:
    """Save the figure of `ax` to `path` if given, else show it where a window or notebook can.

    Without a display (the backend Agg) nothing is shown and nothing warns. Arguments: ax, one
    Axes or an array of them; path, whose suffix decides the format: .png, .svg, .pdf;
    warning, a few words in red below the figure.
    """
    plt = _pyplot()
    figure = drawable(np.ravel(np.asarray(ax, dtype=object))[0]).figure
    if warning:
        figure.get_layout_engine().set(rect=(0, 0.06, 1, 0.94))
        figure.text(0.99, 0.02, str(warning), ha="right", va="bottom", fontsize=9.5, color=_RED)
    if path is not None:
        figure.savefig(path, dpi=160, facecolor="white")
    elif plt.get_backend().lower() not in _HEADLESS:
        plt.show()
    plt.close(figure)


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "refscore.plotting needs matplotlib: pip install 'refscore[plot]'"
        ) from error
    return plt


def drawable(ax):
    """The axes given, or those of a new figure."""
    if ax is None:
        return axes()
    if not hasattr(ax, "errorbar"):
        raise TypeError(f"ax must be matplotlib Axes, got {type(ax).__name__}")
    return ax

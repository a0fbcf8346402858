"""Densities that change in time: as frames on one panel, or as a film."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from refscore._arguments import as_array, as_count
from refscore.plotting.figures import INK, drawable


def density_frames(x, densities, times, *, name: str = "t", ax=None):
    """Densities of the line at several times, from light to dark as time goes on.

    Arguments: x (m,); densities (k, m), k >= 1; times (k,); name, of the time in the legend.
    Raises: ValueError for other shapes, NaN.
    """
    x, times = as_array(x, "x", (None,)), as_array(times, "times", (None,))
    densities = as_array(densities, "densities", (len(times), len(x)))
    if not len(times):
        raise ValueError("times must hold at least one time")
    ax = drawable(ax)
    for k, (t, p) in enumerate(zip(times, densities)):
        share = (k + 1) / len(times)
        colour = _shade(share)
        ax.plot(x, p, color=colour, linewidth=1.7, label=f"{name} = {t:g}", zorder=1 + share)
        ax.fill_between(x, p, color=colour, alpha=0.08, linewidth=0, zorder=0.5)
    ax.set_ylim(bottom=min(0.0, float(densities.min())))
    return ax


def animate(x, densities, times, path, *, exact=None, fps: int = 12) -> None:
    """A film of a density, a frame a time, written as a GIF.

    On the line a curve, with `exact` beside it where given; of a rectangle a picture.
    Arguments: x (m,), or a pair (x (m,), y (l,)); densities (k, m) or (k, m, l); times (k,);
    path, ending in .gif; exact, like densities, on the line; fps, frames a second.
    Raises: ValueError for other shapes, NaN, another suffix; ImportError without matplotlib.
    """
    if Path(path).suffix.lower() != ".gif":
        raise ValueError(f"path must end in .gif, got {str(path)!r}")
    fps, times = as_count(fps, "fps"), as_array(times, "times", (None,))
    draw = _picture if isinstance(x, (tuple, list)) and len(x) == 2 else _curve
    ax = drawable(None)
    update = draw(ax, x, densities, exact, len(times))
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation, PillowWriter

    def frame(k: int):
        ax.set_title(f"t = {times[k]:.3g}", loc="left", fontsize=10.5, color=INK)
        return update(k)

    film = FuncAnimation(ax.figure, frame, frames=len(times), blit=False)
    film.save(path, writer=PillowWriter(fps=fps), dpi=100)
    plt.close(ax.figure)


def _curve(ax, x, densities, exact, k: int):
    x = as_array(x, "x", (None,))
    densities = as_array(densities, "densities", (k, len(x)))
    top = float(densities.max(initial=0.0))
    curves = []
    if exact is not None:
        exact = as_array(exact, "exact", densities.shape)
        top = max(top, float(exact.max(initial=0.0)))
        (line,) = ax.plot(x, exact[0], color=INK, linestyle=(0, (4, 2.5)), label="exact")
        curves.append((line, exact))
    (line,) = ax.plot(x, densities[0], color=_shade(1.0), linewidth=1.9, label="density")
    curves.append((line, densities))
    ax.set(xlim=(x[0], x[-1]), ylim=(0, 1.08 * top))
    ax.legend(loc="upper right", fontsize=8.5)

    def update(k: int):
        for line, values in curves:
            line.set_ydata(values[k])
        return [line for line, _ in curves]

    return update


def _picture(ax, x, densities, exact, k: int):
    if exact is not None:
        raise ValueError("exact is shown on the line only")
    x, y = (as_array(side, "x", (None,)) for side in x)
    densities = as_array(densities, "densities", (k, len(x), len(y)))
    image = ax.imshow(
        densities[0].T, origin="lower", extent=(x[0], x[-1], y[0], y[-1]), aspect="auto",
        vmin=0, vmax=float(densities.max()), cmap="cividis",
    )  # fmt: skip

    def update(k: int):
        image.set_data(densities[k].T)
        return [image]

    return update


def _shade(share: float) -> tuple[float, float, float]:
    """From a light to a dark blue."""
    light, dark = np.array([0.66, 0.82, 0.93]), np.array([0.0, 0.24, 0.45])
    r, g, b = light + share * (dark - light)
    return float(r), float(g), float(b)

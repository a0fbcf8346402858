"""Frames and films of densities: what is drawn is what was handed over."""

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageSequence

from refscore import plotting

matplotlib.use("Agg")
X, TIMES = np.linspace(-2, 2, 9), np.array([0.0, 1.5])
P = np.exp(-(X**2) / (1 + TIMES[:, None]))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_frames_are_the_densities_from_light_to_dark():
    ax = plotting.density_frames(X, P, TIMES)
    for line, p, t in zip(ax.lines, P, TIMES):
        np.testing.assert_array_equal(line.get_xydata(), np.stack([X, p], -1))
        assert line.get_label() == f"t = {t:g}"
    shades = [sum(line.get_color()) for line in ax.lines]
    assert shades == sorted(shades, reverse=True)


def test_a_film_has_a_frame_a_time_and_leaves_no_figure(tmp_path):
    for name, x, p, exact in (
        ("line", X, P, P + 0.01), ("plane", (X, X[:5]), P[:, :, None] * P[:, None, :5], None),
    ):  # fmt: skip
        file = tmp_path / f"{name}.gif"
        plotting.animate(x, p, TIMES, file, exact=exact, fps=20)
        with Image.open(file) as film:
            assert film.n_frames == 2
            frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(film)]
        assert len({frame.tobytes() for frame in frames}) == 2
    assert not matplotlib.pyplot.get_fignums()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "film.mp4"}, "path must end in .gif"),
        ({"densities": P[:1]}, "densities must have shape"),
        ({"exact": P[:, :4]}, "exact must have shape"),
        ({"fps": 0}, "fps must be at least 1"),
        ({"x": (X, X), "densities": P[..., None] * np.ones(9), "exact": P}, "exact is shown"),
    ],
)
def test_wrong_films_are_named(change, said, tmp_path):
    given = {"x": X, "densities": P, "times": TIMES, "path": tmp_path / "film.gif"}
    with pytest.raises(ValueError, match=said):
        plotting.animate(**{**given, **change})
    with pytest.raises(ValueError, match="times must hold"):
        plotting.density_frames(X, P[:0], TIMES[:0])

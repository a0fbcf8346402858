"""Figures: what stands in the artists is what was handed over, number by number."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.quiver import Quiver

from refscore import plotting, traces
from refscore.distributions import Energy, Gaussian, GaussianMixture, TruncatedNormal, Uniform
from refscore.fields import Affine
from refscore.identities.base import Draws, Normal
from refscore.verify import evidence

matplotlib.use("Agg")
MIXTURE = GaussianMixture([0.6, 0.4], [[-1.0, 0.5], [2.0, 0.0]], [[[1.0, 0.3], [0.3, 0.5]]] * 2)
LOW, HIGH = [-3.0, -2.0], [4.0, 2.0]
X = np.array([0.0, 0.5, 2.0])
Y = np.array([1.0, -1.0, 3.0])
ERROR = np.array([0.1, 0.0, 0.5])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def quiver(ax):
    (arrows,) = [c for c in ax.collections if isinstance(c, Quiver)]
    return arrows


def bars(container):
    """The ends of the error bars, (m, 2, 2): point, end, coordinate."""
    (lines,) = container.lines[2]
    return np.array(lines.get_segments())


def test_arrows_are_the_score_where_they_stand():
    arrows = quiver(plotting.score_arrows(MIXTURE.score, LOW, HIGH, n=7))
    points = np.asarray(arrows.XY)
    assert len(points) == 7 * 4
    np.testing.assert_array_equal(np.stack([arrows.U, arrows.V], -1), MIXTURE.score(points))
    assert points.min(0) == pytest.approx([-2.5, -1.5])
    assert points.max(0) == pytest.approx([3.5, 1.5])


def test_the_longest_arrow_spans_its_cells():
    arrows = quiver(plotting.score_arrows(MIXTURE.score, LOW, HIGH, n=7))
    assert np.hypot(arrows.U, arrows.V).max() / arrows.scale == pytest.approx(1.6)
    assert (arrows.angles, arrows.scale_units) == ("xy", "xy")


def test_limited_arrows_keep_direction_and_saturate():
    arrows = quiver(plotting.score_arrows(lambda x: 1e3 * x, [-1, -1], [1, 1], n=4, limit=2.0))
    drawn, field = np.stack([arrows.U, arrows.V], -1), 1e3 * np.asarray(arrows.XY)
    size = np.linalg.norm(field, axis=-1, keepdims=True)
    np.testing.assert_allclose(drawn, field / np.sqrt(1 + size**2 / 4), rtol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=-1), 2, rtol=1e-4)


def test_no_arrow_is_drawn_for_a_field_that_vanishes():
    arrows = quiver(plotting.score_arrows(lambda x: 0 * x, [-1, -1], [1, 1], n=3))
    assert not np.any(arrows.U)
    assert arrows.scale > 0


@pytest.mark.parametrize("constant", [0.0, -800.0, 800.0])
def test_shading_is_the_density_relative_to_its_peak(constant):
    law = Energy(lambda x: 0.5 * (x**2).sum(-1) + constant, dim=2)
    ax = plotting.score_arrows(Affine(-np.eye(2)), [-2, -2], [2, 2], law=law)
    mesh = ax.collections[0]
    x, y = np.moveaxis(mesh.get_coordinates(), -1, 0)
    exact = np.exp(-0.5 * (x**2 + y**2))
    np.testing.assert_allclose(mesh.get_array(), exact / exact.max(), rtol=1e-10)
    assert mesh.get_clim() == (0, 1)


def test_a_bounded_law_has_arrows_and_shade_inside_its_box():
    law = TruncatedNormal([0.0, 0.0], [1.0, 1.0], [-1.0, -1.0], [1.0, 1.0])
    ax = plotting.score_arrows(law.score, [-2, -2], [2, 2], law=law, n=8)
    points = np.asarray(quiver(ax).XY)
    assert len(points) == 16
    assert np.abs(points).max() < 1
    np.testing.assert_array_equal(quiver(ax).U, law.score(points)[:, 0])
    x, y = np.moveaxis(ax.collections[0].get_coordinates(), -1, 0)
    outside = np.maximum(np.abs(x), np.abs(y)) > 1
    assert np.all((np.asarray(ax.collections[0].get_array()) == 0) == outside)


def test_a_flat_law_is_shaded_without_contours():
    ax = plotting.score_arrows(lambda x: 0 * x, [0, 0], [1, 1], law=Uniform([0, 0], [1, 1]))
    np.testing.assert_array_equal(ax.collections[0].get_array(), 1.0)


def test_labels_colour_the_arrows():
    ax = plotting.score_arrows(
        MIXTURE.score, LOW, HIGH, n=6, labels=lambda x: (x[:, 0] > 0).astype(int)
    )
    right = np.asarray(quiver(ax).XY)[:, 0] > 0
    drawn = [to_hex(colour).upper() for colour in quiver(ax).get_facecolor()]
    assert drawn == [plotting.COLOURS[int(one)] for one in right]


def test_an_exact_curve_is_the_line_given():
    ax = plotting.exact_curve(X, Y, name="truth")
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), np.stack([X, Y], -1))
    assert line.get_label() == "truth"


@pytest.mark.parametrize("width", [1.0, 2.0, 3.5])
def test_bars_reach_so_many_standard_errors(width):
    (container,) = plotting.estimates(X, Y, ERROR, bars=width).containers
    np.testing.assert_array_equal(container.lines[0].get_xydata(), np.stack([X, Y], -1))
    np.testing.assert_allclose(bars(container)[:, :, 0], np.stack([X, X], -1))
    np.testing.assert_allclose(
        bars(container)[:, :, 1], np.stack([Y - width * ERROR, Y + width * ERROR], -1)
    )


def test_bars_are_two_standard_errors_unless_said():
    (container,) = plotting.estimates(X, Y, ERROR).containers
    np.testing.assert_allclose(np.ptp(bars(container)[:, :, 1], axis=-1), 4 * ERROR)


def test_rows_hold_the_exact_tick_and_the_estimate():
    exact = np.array([1.5, -2.0, 3.0])
    ax = plotting.exact_and_estimates(["one", "two", "three"], exact, Y, ERROR)
    ticks = np.array(ax.collections[0].get_segments())
    np.testing.assert_allclose(ticks[:, :, 0], np.stack([exact, exact], -1))
    np.testing.assert_allclose(ticks[:, :, 1].mean(-1), [0, 1, 2])
    (container,) = [c for c in ax.containers if hasattr(c, "lines")]
    np.testing.assert_allclose(container.lines[0].get_xydata(), np.stack([Y, [0, 1, 2]], -1))
    np.testing.assert_allclose(
        bars(container)[:, :, 0], np.stack([Y - 2 * ERROR, Y + 2 * ERROR], -1)
    )
    assert [text.get_text() for text in ax.get_yticklabels()] == ["one", "two", "three"]
    assert ax.yaxis_inverted()


def test_decay_is_the_root_mean_square_with_its_standard_error():
    rng = np.random.default_rng(0)
    products, errors = np.array([4, 8, 16]), rng.normal(size=(50, 3)) * [1, 0.5, 0.1]
    curve = np.array([1.0, 0.6, 0.2])
    ax = plotting.trace_decay(products, {"plain": errors}, exact={"plain": curve})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([products, curve], -1))
    (container,) = ax.containers
    rms = np.sqrt(np.mean(errors**2, axis=0))
    np.testing.assert_allclose(container.lines[0].get_ydata(), rms)
    half = 2 * np.std(errors**2, axis=0, ddof=1) / np.sqrt(50) / (2 * rms)
    np.testing.assert_allclose(bars(container)[:, :, 1], np.stack([rms - half, rms + half], -1))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["4", "8", "16"]


def test_decay_bars_cover_the_exact_error_of_hutchinson():
    A, budgets = np.diag(np.arange(1.0, 9)) + 1, np.array([2, 4, 8])
    rng = np.random.default_rng(1)
    errors = [
        [traces.hutchinson(A, n_probes=m, rng=rng).estimate - A.trace() for m in budgets]
        for _ in range(400)
    ]
    exact = np.sqrt(traces.variance(A) / budgets)
    ax = plotting.trace_decay(budgets, {"h": errors}, exact={"h": exact}, bars=4)
    low, high = bars(ax.containers[0])[:, :, 1].T
    assert np.all(low < exact)
    assert np.all(exact < high)


def test_decay_gives_each_method_a_colour_and_its_exact_line_the_same():
    errors = {name: np.ones((3, 2)) * (1 + i) for i, name in enumerate("abcdefgh")}
    ax = plotting.trace_decay([1, 2], errors, exact={"b": [2.0, 2.0], "other": [5.0, 5.0]})
    colours = {c.get_label(): c.lines[0].get_color() for c in ax.containers}
    lines = {line.get_label(): line.get_color() for line in ax.lines}
    assert len({colours[name] for name in "abcdef"}) == 6
    assert lines["b, exact"] == colours["b"]
    assert lines["other, exact"] == plotting.INK


def test_an_error_of_zero_leaves_the_axes_drawable(tmp_path):
    errors = np.array([[1.0, 0.0], [2.0, 0.0]])
    plotting.finish(plotting.trace_decay([2, 4], {"exact at 4": errors}), tmp_path / "zero.png")
    assert (tmp_path / "zero.png").stat().st_size > 1000


def test_axes_given_are_the_axes_returned():
    panels = plotting.axes(4)
    assert plotting.score_arrows(MIXTURE.score, LOW, HIGH, ax=panels[0]) is panels[0]
    assert plotting.estimates(X, Y, ERROR, ax=panels[1]) is panels[1]
    assert plotting.exact_curve(X, Y, ax=panels[2]) is panels[2]
    assert plotting.trace_decay([1, 2], {"a": np.ones((2, 2))}, ax=panels[3]) is panels[3]
    assert len(matplotlib.pyplot.get_fignums()) == 1


def test_label_names_the_axes_and_the_legend_the_artists():
    ax = plotting.estimates(X, Y, ERROR, name="found", ax=plotting.exact_curve(X, Y))
    assert plotting.label(ax, "a title", "across", "up") is ax
    assert (ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()) == (
        "a title", "across", "up",
    )  # fmt: skip
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["exact", "found"]
    assert plotting.label(plotting.axes()).get_legend() is None


def test_a_histogram_is_the_share_of_all_draws_over_the_width():
    draws = np.array([-9.0, 0.1, 0.2, 0.9, 1.5, 1.6, 1.7, 9.0])
    ax = plotting.histogram(draws, 0.0, 2.0, n_bins=2, bars=3.0)
    (patch,) = ax.patches
    values, edges, _ = patch.get_data()
    np.testing.assert_array_equal(edges, [0, 1, 2])
    np.testing.assert_allclose(values, [3 / 8, 3 / 8])
    (container,) = ax.containers
    half = 3 * np.sqrt(3 / 8 * 5 / 8 / 8)
    np.testing.assert_allclose(bars(container)[:, :, 0], [[0.5, 0.5], [1.5, 1.5]])
    np.testing.assert_allclose(bars(container)[:, :, 1], [[3 / 8 - half, 3 / 8 + half]] * 2)
    assert ax.get_xlim() == (0, 2)


def test_the_bars_of_a_histogram_cover_the_density_they_estimate():
    law = GaussianMixture([0.6, 0.4], [[2.0], [-2.0]], [0.25, 0.04])
    edges = np.linspace(-3, 4, 36)
    fine = np.linspace(-3, 4, 35 * 40 + 1)
    density = np.exp(law.log_density(fine[:, None]))
    cells = ((density[1:] + density[:-1]) / 2).reshape(35, 40).mean(1)
    draws = law.sample(20_000, rng=0)[:, 0]
    ax = plotting.histogram(draws, edges[0], edges[-1], n_bins=35, bars=5)
    low, high = bars(ax.containers[0])[:, :, 1].T
    assert np.all(low - 2e-3 < cells)
    assert np.all(cells < high + 2e-3)


@pytest.mark.parametrize("radius", [1.0, 2.5])
def test_an_ellipse_lies_at_its_distance_from_the_mean(radius):
    mean, C = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]])
    ax = plotting.ellipse(mean, C, radius=radius, name="law")
    (line,) = ax.lines
    gap = line.get_xydata() - mean
    np.testing.assert_allclose(np.einsum("ni,ij,nj->n", gap, np.linalg.inv(C), gap), radius**2)
    np.testing.assert_allclose(gap.max(0), radius * np.sqrt(np.diag(C)), rtol=2e-4)
    assert line.get_label() == "law"
    assert ax.get_aspect() == 1


def test_an_ellipse_of_a_line_is_a_segment():
    (line,) = plotting.ellipse([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], dashed=True).lines
    np.testing.assert_allclose(*line.get_xydata().T, atol=1e-7)
    assert line.get_label().startswith("_")
    assert line.is_dashed()


def test_evidence_is_drawn_in_powers_of_ten_beside_its_level():
    path = [[10, 0.0, 1.0, np.nan], [100, np.log(100.0), 2.0, np.nan]]
    ax = plotting.evidence_paths({"one": path, "two": np.array([[5, -1.0]])}, level=1e-3)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[10, 0], [100, 2]])
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[100, 2]])
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), 3)
    labels = ax.get_legend_handles_labels()[1]
    assert labels == ["one", "two", "decides at level 0.001"]
    colours = {line.get_color() for line in ax.lines}
    assert len(colours) == 3
    assert ax.get_xscale() == "log"


def test_evidence_of_a_sequence_is_drawn_as_it_keeps_it():
    sequence = evidence.Sequence(Draws("x", None, Normal(np.zeros(1), np.eye(1))))
    sequence.update(2 + np.random.default_rng(0).standard_normal((200, 1)), level=1e-300)
    ax = plotting.evidence_paths({"shifted by 2": sequence.path})
    n, height = ax.lines[0].get_xydata().T
    assert n[-1] == sequence.n
    assert height[-1] == pytest.approx(sequence.path[-1][1] / np.log(10))
    assert height[-1] > 6


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_finish_saves_and_closes(tmp_path, suffix):
    panels = plotting.axes(2, width=6, height=3)
    plotting.finish(panels, tmp_path / f"figure.{suffix}", warning="with a mistake")
    assert (tmp_path / f"figure.{suffix}").stat().st_size > 1000
    assert panels[0].figure.texts[0].get_text() == "with a mistake"
    assert matplotlib.pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("backend", "shown"), [("agg", 0), ("SVG", 0), ("tkagg", 1), ("inline", 1)]
)
def test_finish_shows_only_where_one_can_look(monkeypatch, recwarn, capsys, backend, shown):
    calls = []
    ax = plotting.exact_curve(X, Y)
    monkeypatch.setattr(matplotlib.pyplot, "get_backend", lambda: backend)
    monkeypatch.setattr(matplotlib.pyplot, "show", lambda: calls.append("show"))
    plotting.finish(ax)
    assert len(calls) == shown
    assert not recwarn.list
    assert capsys.readouterr() == ("", "")


def test_arguments_are_read_in_any_layout_and_left_alone():
    x, y = np.array([1, 2, 3]), np.array([1, 5, 2], dtype=np.float32)
    se = np.array([[0.5, 9], [0.25, 9], [0.0, 9]])[:, 0]
    copies = x.copy(), y.copy(), se.copy()
    for array in (x, y, se):
        array.flags.writeable = False
    (container,) = plotting.estimates(x, y, se).containers
    np.testing.assert_allclose(bars(container)[:, 1, 1], y + 2 * se)
    for before, after in zip(copies, (x, y, se)):
        np.testing.assert_array_equal(before, after)


DECAY = {"a": np.ones((2, 2))}


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: plotting.exact_curve(X, Y[:2]), ValueError, "y must have the shape of x"),
        (lambda: plotting.exact_curve(X, [1, np.nan, 2]), ValueError, "y must be finite"),
        (lambda: plotting.estimates(X, Y, -ERROR), ValueError, "standard_error must be at least 0"),
        (lambda: plotting.estimates(X, Y, 0.1), ValueError, "standard_error must have the shape"),
        (lambda: plotting.estimates(X, Y, ERROR, bars=0), ValueError, "bars must be positive"),
        (lambda: plotting.estimates(X, Y, ERROR, ax="axes"), TypeError, "ax must be matplotlib"),
        (lambda: plotting.exact_and_estimates("ab", X, Y, ERROR), ValueError, "exact must have"),
        (lambda: plotting.trace_decay([0, 1], DECAY), ValueError, "products must be positive"),
        (lambda: plotting.trace_decay([1], DECAY), ValueError, "errors['a'] must have shape"),
        (lambda: plotting.trace_decay([1, 2], {"a": [[1, 2]]}), ValueError, "at least two repeats"),
        (lambda: plotting.trace_decay([1, 2], DECAY, exact={"a": [1]}), ValueError, "exact['a']"),
        (lambda: plotting.score_arrows(MIXTURE.score, HIGH, LOW), ValueError, "high must exceed"),
        (lambda: plotting.score_arrows(MIXTURE.score, -3, 3), ValueError, "low must have shape"),
        (lambda: plotting.score_arrows(lambda x: x[:, 0], LOW, HIGH), ValueError, "field(points)"),
        (
            lambda: plotting.score_arrows(lambda x: x + np.inf, LOW, HIGH),
            ValueError,
            "field(points)",
        ),
        (lambda: plotting.score_arrows(MIXTURE.score, LOW, HIGH, n=1), ValueError, "n must be"),
        (lambda: plotting.score_arrows(MIXTURE.score, LOW, HIGH, limit=0), ValueError, "limit"),
        (
            lambda: plotting.score_arrows(MIXTURE.score, LOW, HIGH, law=Gaussian([0.0], 1.0)),
            ValueError,
            "x must have shape (..., 1)",
        ),
        (
            lambda: plotting.score_arrows(
                MIXTURE.score, LOW, HIGH, law=Uniform([9.0, 9.0], [10.0, 10.0])
            ),
            ValueError,
            "law must have a positive",
        ),
        (lambda: plotting.axes(0), ValueError, "panels must be at least 1"),
        (lambda: plotting.histogram(X, 1, 1), ValueError, "high must exceed low"),
        (lambda: plotting.histogram([], 0, 1), ValueError, "draws must hold"),
        (lambda: plotting.histogram([np.nan], 0, 1), ValueError, "draws must be finite"),
        (lambda: plotting.histogram(X, 0, 1, n_bins=0), ValueError, "n_bins must be"),
        (lambda: plotting.histogram(X, 0, 1, bars=-1), ValueError, "bars must be positive"),
        (lambda: plotting.histogram(X[:, None], 0, 1), ValueError, "draws must have shape"),
        (lambda: plotting.ellipse([0.0], np.eye(2)), ValueError, "mean must have shape"),
        (lambda: plotting.ellipse(LOW, np.diag([1, -1])), ValueError, "covariance must be"),
        (lambda: plotting.ellipse(LOW, np.eye(2), radius=0), ValueError, "radius must be"),
        (lambda: plotting.evidence_paths({"a": [1, 2]}), ValueError, "paths['a'] must have shape"),
        (lambda: plotting.evidence_paths({"a": [[0, 1]]}), ValueError, "draws positive"),
        (lambda: plotting.evidence_paths({"a": [[1, np.inf]]}), ValueError, "paths['a'] must be"),
        (lambda: plotting.evidence_paths({}, level=1), ValueError, "level must be below 1"),
        (lambda: plotting.density_map([0, 0], X, np.ones((2, 3))), ValueError, "times must be"),
        (lambda: plotting.density_map([0, 1], X, -np.eye(2, 3)), ValueError, "at least 0"),
        (lambda: plotting.density_map([0, 1], X, np.eye(3)), ValueError, "densities must have"),
        (lambda: plotting.trajectories(X, Y), ValueError, "paths must have shape"),
        (lambda: plotting.trajectories([], np.ones((0, 1))), ValueError, "paths must hold"),
        (lambda: plotting.work_precision({"a": ([0, 1], [1, 1])}), ValueError, "work above 0"),
        (lambda: plotting.work_precision({}, orders={"a": 1}), ValueError, "orders must be of"),
        (lambda: plotting.work_precision({}, floors={"a": 0}), ValueError, "floors['a'] must be"),
        (lambda: plotting.finish("figure"), TypeError, "ax must be matplotlib"),
    ],
)
def test_bad_arguments_are_named(call, kind, says):
    with pytest.raises(kind) as caught, np.errstate(all="ignore"):
        call()
    assert says in str(caught.value)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"refscore\[plot\]"):
        plotting.exact_curve(X, Y)


def test_importing_plotting_does_not_import_matplotlib():
    code = "import sys, refscore.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_density_over_time_is_shaded_against_its_highest_value_at_each_time():
    times, x = np.array([1.0, 0.5, 0.0]), np.array([-1.0, 0.0, 2.0, 3.0])
    p = np.array([[1.0, 2.0, 0.0, 1.0], [0.0, 0.1, 0.4, 0.2], [5.0, 0.0, 0.0, 1.0]])
    ax = plotting.density_map(times, x, p)
    (mesh,) = ax.collections
    shown = np.asarray(mesh.get_array()).reshape(4, 3)
    np.testing.assert_allclose(shown, (p / [[2.0], [0.4], [5.0]]).T)
    assert mesh.get_coordinates()[3, 1].tolist() == [0.5, 3.0]
    assert (ax.get_xlim(), ax.get_ylim()) == ((1.0, 0.0), (-1.0, 3.0))


def test_trajectories_are_the_paths_given_with_one_name_and_dots_where_they_end():
    times, paths = np.array([1.0, 0.4, 0.0]), np.array([[0.0, 5.0], [1.0, 6.0], [3.0, 4.0]])
    ax = plotting.trajectories(times, paths, name="flow")
    for line, path in zip(ax.lines, paths.T):
        np.testing.assert_array_equal(line.get_xydata(), np.stack([times, path], -1))
    np.testing.assert_array_equal(ax.lines[2].get_xydata(), [[0, 3], [0, 4]])
    assert ax.get_legend_handles_labels()[1] == ["flow"]


def test_work_precision_has_slopes_of_the_orders_through_the_last_dots_and_the_floors():
    work = np.array([10.0, 20.0, 40.0])
    curves = {"Heun": (work, [0.5, 0.1, 0.02]), "exact at 40": (work, [1.0, 0.1, 0.0])}
    ax = plotting.work_precision(curves, orders={"Heun": 2}, floors={"cut-off": 0.01})
    heun, order, exact, floor = ax.lines
    np.testing.assert_allclose(heun.get_xydata(), np.stack([work, [0.5, 0.1, 0.02]], -1))
    np.testing.assert_allclose(order.get_ydata(), [0.32, 0.08, 0.02])
    assert np.isnan(exact.get_ydata()).tolist() == [False, False, True]
    np.testing.assert_allclose(floor.get_ydata(), 0.01)
    assert [text.get_text() for text in ax.texts] == ["cut-off"]
    assert ax.get_legend_handles_labels()[1] == ["Heun", "exact at 40"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_more_curves_than_colours_differ_by_their_marks():
    ax = plotting.work_precision({f"{k}": ([1, 2], [1, 2]) for k in range(12)})
    assert len({(line.get_color(), line.get_marker()) for line in ax.lines}) == 12

"""The course: every example runs, agrees with the exact values, and its mistakes do not."""

import ast
import functools
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(ROOT.glob("examples/[0-9][0-9]_*.py"))
NUMBER = r"(-?\S+)"
ROW = re.compile(
    rf"^(.+?) +exact +{NUMBER} +estimate +{NUMBER} +tolerance +{NUMBER} +(agree|DISAGREE)$"
)


def mistakes(example):
    """The names in the example's table of mistakes, read from its source."""
    for node in ast.parse(example.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "MISTAKES":
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"{example.name} has no MISTAKES")


@functools.cache
def run(example, *arguments, before=""):
    """The example run as a user runs it, with the folder `before` ahead of what is installed."""
    path = os.pathsep.join([*([before] if before else []), str(ROOT)])
    environment = {
        **os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-W", "error", str(example), *arguments],
        env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@functools.cache
def drawn(example):
    """The example run once with its figure saved, and the size of the figure."""
    with tempfile.TemporaryDirectory() as folder:
        figure = Path(folder) / "figure.png"
        result = run(example, "--save", str(figure))
        return result, figure.stat().st_size if figure.exists() else 0


def rows(result):
    """(quantity, exact, estimate, tolerance, verdict) of every line that compares."""
    assert result.returncode == 0, result.stderr
    found = [match.groups() for match in map(ROW.match, result.stdout.splitlines()) if match]
    assert found, result.stdout
    return [(name, *map(float, numbers), verdict) for name, *numbers, verdict in found]


def named(example):
    return example.stem


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A folder that stands for an installation without matplotlib."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "matplotlib.py").write_text("raise ImportError('not installed')\n")
    return str(folder)


BY_HAND = {
    "half-line, explicit loss at 1.2": 0.5 * 1.2**2 * (1.25 + math.sqrt(2 / math.pi)),
    "half-line, the best theta": 0.0,
    "h = x²: n mean square of μ": 7.0,
    "h = x: n mean square of μ": math.pi,
    "likelihood: n mean square of μ": 1 / (1 - 2 / math.pi),
    "traces.hutchinson: m MSE/variance, 1/k": 1.0,
    "zero field, level 0.10: loss": 0.5,
    "distance, plain, step size 0.2": math.hypot(
        1 / math.sqrt(0.95) - 1, math.sqrt(0.15) * (1 / math.sqrt(1 - 0.05 / 0.15) - 1)
    ),
    "plain, U[−3, 3]: X > 0": 0.6318076,  # Gauss-Legendre panels, backwards
    "OBABO, h = 0.92: Var x": 1 / (1 - 0.92**2 / 4),
    "OABAO, h = 0.98: Var x": 1 - 0.98**2 / 4,
    "SDE: P(X > 0) at t = 0": 0.5
    * (0.35 * math.erfc(1.5 / math.sqrt(0.1)) + 0.65 * math.erfc(-1 / math.sqrt(0.3))),
    "SDE: variance at t = 0.5": 1 - 0.7 * math.exp(-1.0375),  # ∫β = 0.05 + 7.9/8
    "log p(-2.0)": math.log(
        0.35 * math.exp(-0.25 / 0.1) / math.sqrt(0.1 * math.pi)
        + 0.65 * math.exp(-9 / 0.3) / math.sqrt(0.3 * math.pi)
    ),
    "flow, γ = 3: variance": 0.25,
    "SDE, γ = 3: variance": 0.3875,
    "y = x + n: mean": 0.36825,  # weights .4 N(.2; -1, .4), .6 N(.2; 1.2, .6)
}


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_agrees_with_the_exact_values(example):
    result, size = drawn(example)
    for name, exact, estimate, tolerance, verdict in rows(result):
        assert abs(estimate - exact) <= tolerance, name
        assert verdict == "agree"
        assert exact == pytest.approx(BY_HAND.get(name, exact), rel=1e-5)
    assert size > 10_000


@pytest.mark.parametrize(
    ("example", "mistake"),
    [(example, mistake) for example in EXAMPLES for mistake in mistakes(example)],
    ids=lambda value: value if isinstance(value, str) else value.stem[:2],
)
def test_mistake_leaves_its_mark_and_numbers_come_without_matplotlib(example, mistake, bare):
    result, wrong = run(example, "--mistake", mistake, before=bare), []
    for name, exact, estimate, tolerance, verdict in rows(result):
        assert (verdict == "DISAGREE") == (abs(estimate - exact) > tolerance), name
        wrong += [name] if abs(estimate - exact) > 1.5 * tolerance else []
    assert wrong
    assert result.stdout.splitlines()[-1].endswith("pip install 'refscore[plot]'")
    assert result.stderr == ""


@pytest.mark.parametrize("example", EXAMPLES[17:18], ids=named)  # whose names are the longest
def test_unknown_mistake_lists_those_there_are(example):
    result = run(example, "--mistake", "nonsense")
    assert result.returncode == 2
    for name in mistakes(example):
        assert re.search(rf"^  {name} {{2,}}\S", result.stderr, re.MULTILINE), name


@pytest.mark.parametrize("example", EXAMPLES[:1], ids=named)
def test_a_missing_folder_is_told_before_the_work(example, tmp_path):
    result = run(example, "--save", str(tmp_path / "missing" / "figure.png"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert f"there is no folder {tmp_path / 'missing'}" in result.stderr


@pytest.mark.parametrize("example", EXAMPLES[::5], ids=named)
def test_numbers_are_the_same_with_and_without_matplotlib(example, bare):
    assert rows(run(example, before=bare)) == rows(drawn(example)[0])


def test_a_figure_that_cannot_be_saved_is_an_error(tmp_path, bare):
    figure = tmp_path / "figure.png"
    result = run(EXAMPLES[1], "--save", str(figure), before=bare)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("pip install 'refscore[plot]'")
    assert not figure.exists()


@pytest.mark.parametrize("mistake", ["trace_sign", "no_boundary_term"])
def test_the_boundary_moves_with_either_mistake(mistake, bare):
    example = ROOT / "examples" / "02_integration_by_parts.py"
    wrong = [name for name, *_, verdict in rows(run(example, "--mistake", mistake, before=bare))
             if verdict == "DISAGREE"]  # fmt: skip
    assert "half-line, the best theta" in wrong
    assert len(wrong) == (3 if mistake == "trace_sign" else 2)


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        (None, None),
        ("target_sign", "denoising_target_sign"),
        ("sigma_twice", "denoising_target_variance"),
        ("probes_summed", "sliced_probes_summed"),
    ],
)
def test_the_kit_names_the_planted_mistake(mistake, named, bare):
    example = ROOT / "examples" / "20_verify_your_own_code.py"
    wrong = mistake and run(example, "--mistake", mistake, before=bare)
    out = (wrong or drawn(example)[0]).stdout
    assert re.findall(r"^ +diagnosis +(\S+)", out, re.MULTILINE) == ([named] if named else [])


@pytest.mark.parametrize("mistake", [None, "no_way_back", "stale_score"])
def test_evidence_tells_the_right_adjustment_from_the_broken_ones(mistake, bare):
    example = ROOT / "examples" / "09_langevin_bias.py"
    wrong = mistake and run(example, "--mistake", mistake, before=bare)
    out = (wrong or drawn(example)[0]).stdout
    verdicts = dict(re.findall(r"^(.+): (holds|fails) after [0-9]+ draws$", out, re.MULTILINE))
    assert verdicts == {
        "adjusted": "fails" if mistake else "holds",
        "plain": "fails", "with no_way_back": "fails", "with stale_score": "fails",
    }  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_reads_as_a_notebook_of_one_screen_or_two(example):
    source = example.read_text("utf-8")
    assert len(source.splitlines()) <= 90
    assert len(re.findall("^# %% ", source, re.MULTILINE)) >= 3
    docstring = ast.get_docstring(ast.parse(source))
    assert docstring.splitlines()[0].endswith("?")
    assert "Theorem." in docstring

"""The command `refscore`, run as a stranger would."""

import json
import subprocess
import sys

import jsonschema
import numpy as np
import pytest

import refscore.verify as rv
from refscore.cli import main
from refscore.verify.mutants import mistakes
from refscore.verify.render.listings import ADAPTER, GRADIENT
from refscore.verify.trials import record, trial

RIGHT = """
name = "right"
def implicit_loss(field, x):
    return 0.5 * (field(x) ** 2).sum(-1) + field.divergence(x)
"""
WRONG = RIGHT.replace('"right"', '"wrong"').replace("+ field", "- field")
DOUBLED = RIGHT.replace("0.5 *", "").replace("+ field", "+ 2 * field")


@pytest.fixture
def adapter(kit, tmp_path):
    def write(text, name="adapter.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RIGHT, 0),
        (WRONG, 1),
        (DOUBLED, 2),
        (DOUBLED + 'conventions = {"half": False}\n', 0),
        (WRONG + 'expected_failures = {"small_implicit": "known"}\n', 0),
        (RIGHT + 'expected_failures = {"small_implicit": "known"}\n', 2),
        ("def implicit_loss(field, x): raise RuntimeError('no')\n", 2),
    ],
)
def test_exit_codes(adapter, capsys, text, code):
    assert main(["verify", adapter(text)]) == code
    assert "checks:" in capsys.readouterr().out.splitlines()[-1]


def test_the_worst_of_several_targets_decides(adapter, capsys):
    right, wrong, doubled = (adapter(t, f"{i}.py") for i, t in enumerate((RIGHT, WRONG, DOUBLED)))
    assert main(["verify", right, doubled]) == 2
    assert main(["verify", doubled, wrong, right]) == 1


def test_without_a_target_the_library_passes_and_the_faulty_subject_is_named(kit, capsys):
    assert main(["verify"]) == 0
    out = capsys.readouterr().out
    assert "7 held, 0 failed" in out
    assert "diagnosis   small_trace_sign" in out
    assert "as declared" in out.splitlines()[-1]


def test_without_a_target_another_outcome_is_not_as_declared(kit, capsys, monkeypatch):
    from refscore.verify import faulty

    monkeypatch.setitem(faulty.EXPECTED, "implicit_loss", "another_mistake")
    assert main(["verify"]) == 1
    assert "another_mistake in implicit_loss is not named" in capsys.readouterr().err


def test_without_a_target_a_failing_library_is_not_as_declared(kit, capsys, monkeypatch):
    from refscore.verify import library

    monkeypatch.setattr(library, "score", lambda law, x: x)
    assert main(["verify"]) == 1
    assert "the library does not pass" in capsys.readouterr().err


def test_machine_output_has_standard_output_for_itself(adapter, capsys):
    assert main(["verify", adapter(WRONG), "--json", "-"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, rv.schema())
    assert report["exit_code"] == 1
    assert main(["verify", adapter(WRONG), "--markdown", "-"]) == 1
    assert capsys.readouterr().out.startswith("### ❌ wrong")


def test_what_a_subject_prints_is_no_part_of_machine_output(adapter, capsys):
    loud = 'print("loading")\n' + RIGHT.replace("    return", '    print("loss")\n    return')
    assert main(["verify", adapter(loud), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    jsonschema.validate(json.loads(out), rv.schema())
    assert "loading" in err
    assert "loss" in err
    main(["verify", adapter(loud), "--markdown", "-"])
    assert capsys.readouterr().out.startswith("### ✅ right")


def test_a_port_cannot_end_the_program(adapter, capsys):
    leaving = "import sys\ndef implicit_loss(field, x): sys.exit(0)\n"
    assert main(["verify", adapter(leaving)]) == 2
    assert "SystemExit: 0 (implicit_loss, line 2)" in capsys.readouterr().out


def test_counts_add_up(adapter, capsys):
    main(["verify", adapter(WRONG), "--json", "-"])
    report = json.loads(capsys.readouterr().out)
    assert sum(report["counts"].values()) == report["total"] == len(report["checks"])
    assert len(report["checks"]) == 4 + 3
    main(["verify", adapter(WRONG)])
    absent = report["counts"]["not offered"]
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"{absent} not offered")


def test_files_are_written_beside_the_text(adapter, capsys, tmp_path):
    right, wrong = adapter(RIGHT, "right.py"), adapter(WRONG, "wrong.py")
    files = [tmp_path / name for name in ("r.json", "r.md", "r.html")]
    forms = zip(("--json", "--markdown", "--html"), map(str, files), strict=True)
    main(["verify", right, wrong, *(word for form in forms for word in form)])
    assert "FAILS" in capsys.readouterr().out
    assert [r["subject"] for r in json.loads(files[0].read_text())] == ["right", "wrong"]
    assert "### ✅ right" in files[1].read_text()
    assert files[2].read_text().startswith("<!doctype html>")


def test_check_and_no_diagnosis_restrict_the_run(adapter, capsys):
    target = adapter(WRONG)
    assert main(["verify", target, "--check", "B3"]) == 2  # not offered: nothing decided it
    assert "of 3 checks" in capsys.readouterr().out
    main(["verify", target, "--no-diagnosis"])
    assert "small_trace_sign" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "nowhere.py"], "no file 'nowhere.py'"),
        (["verify", "no_such_module"], "no module 'no_such_module'"),
        (["verify", "json"], "has no ports"),
        (["verify", "json:nothing"], "json has no 'nothing'"),
        (["verify", "--check", "small_scor"], "did you mean small_score"),
        (["identities", "small_scor"], "did you mean small_score"),
        (["vectors", "--check", "Z9"], "no identity 'Z9'"),
        (["mistakes", "small_trace_sin"], "did you mean small_trace_sign"),
        (
            ["mistakes", "--group", "losses"],
            "no group 'losses'; the groups are densities, objectives",
        ),
        (["mistakes", "--group", "discrete"], "no mistake is listed in the group 'discrete' yet"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(kit, capsys, arguments, message):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


def test_two_reports_do_not_share_standard_output(adapter, capsys):
    assert main(["verify", adapter(RIGHT), "--json", "-", "--markdown", "-"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--json and --markdown cannot both be written to standard output" in err


def test_a_subject_that_changes_the_folder_takes_no_report_along(
    adapter, capsys, tmp_path, monkeypatch
):
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path)
    path = adapter(f"import os\nos.chdir({str(tmp_path / 'away')!r})\n" + RIGHT)
    assert main(["verify", path, "--json", "report.json"]) == 0
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["subject"] == "right"


def test_a_name_of_several_lines_fakes_none(adapter, capsys):
    main(["verify", adapter(RIGHT.replace('"right"', '"one\\nran 9 of 9 checks"'))])
    assert "\nran 9" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import nothing_like_this", "No module named 'nothing_like_this'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
        (RIGHT + 'conventions = {"halve": False}', "did you mean 'half'"),
        (RIGHT + 'conventions = {"half": 2}', "must be one of (True, False), got 2"),
        (RIGHT + 'expected_failures = {"nothing": "why"}', "names no check: 'nothing'"),
        (RIGHT + 'framework = "tensor"', "framework must be one of"),
        (RIGHT + 'framework = "pytorch"', "did you mean 'torch'"),
        (RIGHT + 'expected_failures = {"small_implicit": ""}', "must give a reason"),
        (RIGHT.replace("implicit_loss", "implicit_los"), "did you mean implicit_loss"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_said_in_one_line(adapter, capsys, text, message):
    assert main(["verify", adapter(text)]) == 2
    out, err = capsys.readouterr()
    assert message in err + out
    assert "Traceback" not in err + out


def test_argparse_refuses_with_2(kit, capsys):
    for arguments in ([], ["verify", "--alpha", "2"], ["nonsense"], ["verify", "--alpha", "x"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2


def test_help_teaches(kit, capsys):
    for arguments in (["--help"], ["verify", "--help"], ["identities", "-h"], ["mistakes", "-h"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        assert "\n  refscore " in capsys.readouterr().out


def test_identities_as_json(kit, capsys):
    assert main(["identities", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [r["id"] for r in records] == ["A2-small", "B2-small", "B3-small", "D2-small"]
    score = records[0]
    assert score["status"] == "holds"
    assert score["gap"] < 1e-12
    assert score["catches"] == ["small_score_sign"]
    wanted = {"id", "name", "statement", "source", "status", "gap", "catches", "assumptions",
              "kind", "ports", "tolerance", "summary", "row", "chapter"}  # fmt: skip
    assert wanted <= set(score)


def test_identities_listed_and_explained(kit, capsys):
    assert main(["identities"]) == 0
    out = capsys.readouterr().out
    assert "4 of 4 hold on the library" in out
    assert "Hutchinson's estimate is unbiased." in out
    assert main(["identities", "B2"]) == 0
    out = capsys.readouterr().out
    for expected in (
        "J = ½‖s‖² + tr ∇s",
        r"\operatorname{tr}",
        "a textbook",
        "-1.51",
        "two points",
    ):
        assert expected in out
    assert main(["identities", "B"]) == 0
    assert "small_relation" in capsys.readouterr().out


def test_identities_that_do_not_hold_exit_1(kit, capsys, monkeypatch):
    from refscore.verify import library

    monkeypatch.setattr(library, "score", lambda law, x: x)
    assert main(["identities", "small_score"]) == 1
    assert "fails" in capsys.readouterr().out


def test_mistakes_as_json(kit, capsys):
    assert main(["mistakes", "--json"]) == 0
    records = {r["name"]: r for r in json.loads(capsys.readouterr().out)}
    sign = records["small_trace_sign"]
    assert sign["caught_by"] == ["B2-small"]
    assert sign["diagnosed"] is True
    assert sign["group"] == "objectives"
    assert sign["cost"] == 4 + 2
    assert [r["group"] for r in records.values()] == ["densities", "objectives"]


def test_mistakes_listed_chosen_and_explained(kit, capsys):
    assert main(["mistakes"]) == 0
    assert "2 of 2 caught, 2 called by name" in capsys.readouterr().out
    assert main(["mistakes", "--group", "densities"]) == 0
    assert "small_trace_sign" not in capsys.readouterr().out
    assert main(["mistakes", "small_trace_sign"]) == 0
    out = capsys.readouterr().out
    assert "return 0.5 * (field(x) ** 2).sum(-1) - field.divergence(x)" in out
    assert "small_implicit: fails" in out


def test_a_trial_says_what_was_caught_and_by_what(kit):
    tried = trial(mistakes()["small_score_sign"])
    assert tried.caught_by == ["A2-small"]
    assert tried.diagnosed
    assert tried.verdicts["small_relation"] == "holds"
    assert tried.cost == 6
    assert tried.group == "densities"


def test_what_catches_what_is_the_inverse_of_the_trials(kit):
    assert record([trial(mistake) for mistake in mistakes().values()]) == {
        "small_score": ["small_score_sign"],
        "small_implicit": ["small_trace_sign"],
        "small_relation": [],
        "small_trace": [],
    }


def test_ports_and_conventions(kit, capsys):
    assert main(["ports"]) == 0
    out = capsys.readouterr().out
    assert "trace_estimate(matvec, dim, probes | rng) -> " in out
    assert "sliced_loss(field, x, probes) -> losses" in out  # its draws are judged by no entry here
    assert all(line.strip() in out for line in ADAPTER.splitlines())
    assert main(["ports", "--json"]) == 0
    assert {p["name"] for p in json.loads(capsys.readouterr().out)} == set(rv.PORTS)
    assert main(["conventions"]) == 0
    assert "half" in capsys.readouterr().out
    assert main(["conventions", "--json"]) == 0
    by_name = {c["name"]: c for c in json.loads(capsys.readouterr().out)}
    assert by_name["half"]["values"] == [True, False]
    assert by_name["step"]["groups"] == ["langevin", "reverse", "estimators"]


def test_the_printed_adapter_is_short_and_right(adapter):
    assert len([line for line in ADAPTER.splitlines() if line.strip()]) <= 15
    assert main(["verify", adapter(ADAPTER)]) == 0
    given = {}
    exec(compile(ADAPTER, "adapter", "exec"), given)  # noqa: S102
    rng = np.random.default_rng(0)
    from refscore.fields import Affine

    field, x = Affine(rng.normal(size=(2, 2)), rng.normal(size=2)), rng.normal(size=(3, 2))
    v = rng.normal(size=(3, 4, 2))
    exact = np.einsum("nmi,ij,nmj->nm", v, field.jacobian(x[0]), v) + 0.5 * (
        np.einsum("nmi,ni->nm", v, field(x)) ** 2
    )
    np.testing.assert_allclose(given["sliced_loss"](field, x, v), exact.mean(-1), rtol=1e-12)


def test_ports_say_what_is_handed_over(kit, capsys):
    main(["ports"])
    out = " ".join(capsys.readouterr().out.split())
    for said in (
        "rng, seed, generator or key",
        "beta(t) = 0.1 + 19.9 t on [0, 1]",
        "refscore.verify.NotOffered",
        "one flat array (p,)",
        "truncated_normal mean, sd, low, high",
        "empirical data, bandwidth",
    ):
        assert said in out


def test_the_kinds_of_laws_are_the_library_s():
    import inspect

    from refscore import distributions
    from refscore.verify.ports import LAWS

    kinds = {"gaussian": "Gaussian", "mixture": "GaussianMixture", "empirical": "Empirical"}
    for kind, names in LAWS.items():
        name = kinds.get(kind, kind.title().replace("_", ""))
        constructor = inspect.signature(getattr(distributions, name))
        assert tuple(constructor.parameters)[: len(names)] == names


def test_the_printed_gradient_is_right(adapter):
    pytest.importorskip("torch")
    path = adapter(GRADIENT)
    assert len([line for line in GRADIENT.splitlines() if line.strip()]) <= 15
    run = [sys.executable, "-m", "refscore", "verify", path, "--check", "implicit_gradient"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_schema_and_version(kit, capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == rv.schema()
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("refscore ")


def test_no_progress_and_no_colour_into_a_pipe():
    done = subprocess.run(
        [sys.executable, "-m", "refscore", "conventions"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\033" not in done.stdout + done.stderr
    assert done.stderr == ""

"""Vectors: another language must be able to read them and reach the same verdicts."""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore.cli import main
from refscore.identities import Case, FieldDescription, Law, Sides, catalogue, identity
from refscore.verify.rereading import described, hold, hold_answers, read_answers
from refscore.verify.vectors import plain, vectors


def _held(exported, implementation):
    """What a stranger's reader does: call, compare, count."""
    held, failed = 0, 0
    for check in exported["checks"]:
        for case in check["cases"]:
            answers = [implementation[c["port"]](**c["arguments"]) for c in case["calls"]]
            for outcome in case["outcomes"]:
                if outcome["of"] is None:
                    continue
                answer = answers[outcome["of"]["call"]]
                error = np.abs(np.asarray(answer) - np.asarray(outcome["expected"])).max()
                good = error <= check["tolerance"] * outcome["scale"]
                held, failed = held + good, failed + (not good)
    return held, failed


def _score(law, x):
    return (np.array(law["mean"]) - x) @ np.linalg.inv(law["covariance"])


def _implicit(field, x, sign=1):
    matrix = np.array(field["matrix"])
    s = x @ matrix.T + field["offset"]
    return 0.5 * (s**2).sum(-1) + sign * matrix.trace()


def test_a_stranger_can_run_them_from_the_text(kit):
    exported = json.loads(json.dumps(vectors(), allow_nan=False))
    right = {"score": _score, "implicit_loss": _implicit}
    assert _held(exported, right) == (4, 0)
    wrong = {**right, "implicit_loss": lambda field, x: _implicit(field, x, -1)}
    assert _held(exported, wrong) == (2, 2)


def test_only_exact_checks_with_given_noise_are_exported(kit):
    exported = vectors()
    assert [c["name"] for c in exported["checks"]] == [
        "small_score",
        "small_implicit",
        "small_relation",
    ]
    assert exported["left_out"] == []
    assert exported["checks"][0]["catches"] == ["small_score_sign"]
    assert exported["checks"][0]["statement"].startswith(r"\nabla")


def test_a_side_computed_from_answers_is_no_expected_answer(kit):
    cases = vectors("small_relation")["checks"][0]["cases"]
    assert all(outcome["of"] is None for case in cases for outcome in case["outcomes"])
    assert [call["port"] for call in cases[0]["calls"]] == [
        "score",
        "implicit_loss",
        "implicit_loss",
    ]


def test_parts_of_an_answer_are_told_apart(kit, monkeypatch):
    from refscore.verify import library

    monkeypatch.setattr(library, "denoise", lambda score, y, a, s: (y / a, y * s), raising=False)

    @identity(
        "A6-small",
        ports="denoise",
        statement="",
        source="a textbook",
        cases=lambda: [Case("one", y=np.ones((2, 1)))],
    )
    def small_parts(ports, case):
        """Two parts of one answer."""
        from refscore.identities import FieldDescription

        field = FieldDescription("affine", matrix=[[1.0]], offset=[0.0])
        mean, spread = ports.denoise(field, case.y, 2.0, 3.0)
        yield Sides("mean", mean, case.y / 2)
        yield Sides("spread", spread, case.y * 3)

    case = vectors("small_parts")["checks"][0]["cases"][0]
    assert [o["of"] for o in case["outcomes"]] == [{"call": 0, "part": 0}, {"call": 0, "part": 1}]
    assert case["calls"][0]["arguments"]["score"] == {
        "kind": "affine", "matrix": [[1.0]], "offset": [0.0],
    }  # fmt: skip


def test_cases_the_library_cannot_vouch_for_are_left_out_aloud(kit, monkeypatch):
    from refscore.verify import library

    monkeypatch.setattr(library, "score", lambda law, x: 1 / 0)
    left_out = {entry["check"]: entry["reason"] for entry in vectors()["left_out"]}
    assert left_out["small_score"] == "ZeroDivisionError: division by zero"
    monkeypatch.setattr(library, "score", lambda law, x: x)
    left_out = {entry["check"]: entry["reason"] for entry in vectors()["left_out"]}
    assert left_out["small_score"] == "the library does not hold on this case"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([1.0, np.inf, -np.inf, np.nan]), [1.0, "inf", "-inf", "nan"]),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (2 + 1j, [2.0, 1.0]),
        ((np.eye(1), None, "eta"), [[[1.0]], None, "eta"]),
        (Law("half_normal", sd=[1.0]), {"kind": "half_normal", "sd": [1.0]}),
        (np.zeros((0, 2)), []),
    ],
)  # fmt: skip
def test_plain_values(value, expected):
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_a_function_cannot_be_exported():
    with pytest.raises(TypeError, match="function"):
        plain({"f": np.sin})


def test_the_command_writes_them(kit, tmp_path, capsys):
    path = tmp_path / "vectors.json"
    assert main(["vectors", "--check", "B2", "--output", str(path)]) == 0
    assert [c["id"] for c in json.loads(path.read_text())["checks"]] == ["B2-small"]
    assert main(["vectors"]) == 0
    assert len(json.loads(capsys.readouterr().out)["checks"]) == 3


REAL = [
    "B5", "B8", "C1", "D1", "E1", "E3-mala", "E3-walk", "E3-barker", "E3-hmc", "E7-splitting",
    "ladder_given_noise", "erratum_one_probe",
]  # fmt: skip


@pytest.fixture(scope="module")
def real():
    """Vectors of the real catalogue, as another program gets them."""
    return json.loads(json.dumps(vectors(REAL), allow_nan=False))


def test_every_chapter_hands_its_draws_in(real):
    """Noise, probes and uniforms stand in the file: nothing is left to a generator."""
    assert {check["id"][0] for check in real["checks"]} == set("BCDEJ")
    assert real["left_out"] == []
    calls = [c for check in real["checks"] for case in check["cases"] for c in case["calls"]]
    given = {call["port"]: call["arguments"] for call in calls}
    for port, draws in {
        "denoising_loss": {"noise"}, "sliced_loss": {"probes"}, "langevin_step": {"noise"},
        "mala_step": {"noise", "uniform"}, "barker_step": {"noise", "uniforms", "uniform"},
        "random_walk_step": {"noise", "uniform"}, "underdamped_step": {"noise"},
        "ladder_loss": {"noise"},
    }.items():  # fmt: skip
        assert draws <= set(given[port]), port
    assert not any("rng" in call["arguments"] for call in calls)


def test_the_file_says_what_is_in_it(real):
    """Every port, argument and kind that occurs has its sentence."""
    calls = [c for check in real["checks"] for case in check["cases"] for c in case["calls"]]
    assert {call["port"] for call in calls} == set(real["ports"])
    assert {name for call in calls for name in call["arguments"]} == set(real["arguments"])
    assert real["kinds"]["affine"] == "a field: s(x) = matrix x + offset; parameters: matrix row" \
        " by row, then offset"  # fmt: skip
    assert real["ports"]["barker_step"]["signature"].endswith("noise, uniforms, uniform | rng)")
    assert real["ports"]["barker_step"]["parts"] == ["x", "accepted"]


def test_every_kind_of_the_catalogue_has_a_formula():
    from refscore.verify.ports import LAWS
    from refscore.verify.vector_kinds import KINDS

    assert set(LAWS) <= set(KINDS)
    descriptions = [
        value
        for entry in catalogue().values()
        if entry.kind in ("exact", "exact law")
        for case in entry.cases()
        for value in case.inputs.values()
        if hasattr(value, "kind")
    ]
    not_handed = {"exponential", "dirichlet", "point"}  # the judge alone has these
    assert {value.kind for value in descriptions} <= set(KINDS) | not_handed


STRANGERS = Path(__file__).parent / "strangers"
PROGRAMS = {
    "python": [sys.executable, "-I", "-S", "plain_reader.py"],
    "node": ["node", "plain_reader.js"],
}


@pytest.mark.parametrize("language", PROGRAMS)
@pytest.mark.parametrize("mistake", [None, "drift_not_halved", "sliced_sign"])
def test_a_program_without_refscore_reads_them(real, language, mistake, tmp_path, capsys):
    """It needs the file alone, judges itself, and its answers are judged the same here."""
    command = PROGRAMS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    source, answers = tmp_path / "vectors.json", tmp_path / "answers.json"
    source.write_text(json.dumps(real))
    done = subprocess.run(
        [*command[:-1], STRANGERS / command[-1], source, answers, *filter(None, [mistake])],
        capture_output=True, text=True, check=True, cwd=tmp_path, env={},
    )  # fmt: skip
    counts = json.loads(done.stdout)
    assert counts["held"] > 8
    assert (counts["failed"] > 0) == (mistake is not None)
    code = main(["vectors", "--read", str(source), "--answers", str(answers)])
    out = capsys.readouterr().out
    assert code == (1 if mistake else 0)
    judged = {o.verdict: 0 for o in hold_answers(real, read_answers(answers))}
    assert ("fails" in judged) == (mistake is not None)
    if mistake == "sliced_sign":
        assert "fails  sliced_given_probes" in out
        assert "fails  erratum_one_probe" in out  # which combines answers


def test_the_library_holds_to_its_own_file(real, tmp_path, capsys):
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps(real))
    count = sum(len(case["outcomes"]) for check in real["checks"] for case in check["cases"])
    assert main(["vectors", "--read", str(path)]) == 0
    assert capsys.readouterr().out == f"{count} outcomes: {count} holds\n"
    assert main(["vectors", "--read", str(path), "--check", "C1"]) == 0
    assert main(["vectors", "--read", str(path), "refscore.verify.faulty:subject"]) == 1
    out = capsys.readouterr().out
    assert "fails  denoising_given_noise" in out
    assert "not offered" in out.splitlines()[-1]


def test_a_changed_expected_value_is_noticed(real):
    spoilt = copy.deepcopy(real)
    outcome = next(
        o for check in spoilt["checks"] for case in check["cases"] for o in case["outcomes"]
        if o["of"] and isinstance(o["expected"], list) and isinstance(o["expected"][0], float)
    )  # fmt: skip
    outcome["expected"][0] += 1e-3
    from refscore.verify import library

    verdicts = [o.verdict for o in hold(spoilt, library)]
    assert verdicts.count("fails") == 1


def test_what_a_subject_cannot_do_is_said(kit):
    exported = json.loads(json.dumps(vectors()))
    subject = SimpleNamespace(score=lambda law, x: 1 / 0)
    found = {o.check: o for o in hold(exported, subject)}
    assert found["small_score"].verdict == "error"
    assert "division by zero" in found["small_score"].note
    assert found["small_implicit"].verdict == "not offered"
    assert {o.verdict for o in hold_answers(exported, {})} == {"not offered"}
    answers = {("small_score", "two points"): [[[1.0, "nan"]]]}
    found = [o for o in hold_answers(exported, answers) if o.verdict != "not offered"]
    assert [(o.check, o.verdict) for o in found] == [("small_score", "fails")]
    assert "shape (1, 2), expected (2, 2)" in found[0].note


@pytest.mark.parametrize("answer", ["hello", [[1, 2], [3]], {"a": 1}])
def test_an_answer_that_is_no_array_is_an_error_of_its_own(kit, answer):
    exported = json.loads(json.dumps(vectors()))
    right = SimpleNamespace(score=lambda law, x: (law.mean - x) @ np.linalg.inv(law.covariance))
    case = next(c for c in exported["checks"][0]["cases"] if c["case"] == "two points")
    fine = next(o["expected"] for o in case["outcomes"])
    answers = {("small_score", "four points"): [answer], ("small_score", "two points"): [fine]}
    found = {o.case: o for o in hold_answers(exported, answers) if o.check == "small_score"}
    assert found["four points"].verdict == "error"
    assert "cannot be read as numbers" in found["four points"].note
    assert found["two points"].verdict == "holds"
    assert {o.verdict for o in hold(exported, right) if o.check == "small_score"} == {"holds"}


def test_an_answer_to_what_was_not_asked_is_refused(kit):
    exported = json.loads(json.dumps(vectors()))
    with pytest.raises(rv.SubjectError, match=r"do not hold 'small_scor \| two points'"):
        hold_answers(exported, {("small_scor", "two points"): [[[1.0]]]})


def test_described_gives_back_what_plain_took():
    field = FieldDescription("mlp", weights=(np.ones((3, 2)), np.ones((2, 3))),
                             biases=(np.zeros(3), np.zeros(2)))  # fmt: skip
    law = Law("student_t", location=[0.0, 1.0], shape=np.eye(2), dof=np.inf)
    for value in (field, law, np.array([[1.0, np.inf], [np.nan, -2.0]]), np.arange(3), 2.5, "eta",
                  None, True, 7, -np.inf):  # fmt: skip
        back = described(json.loads(json.dumps(plain(value), allow_nan=False)))
        assert type(back) is type(value)
        assert plain(back) == plain(value)
        if isinstance(value, np.ndarray):
            assert back.dtype == value.dtype


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["--read", "FILE"], "not JSON", "is no JSON"),
        (["--read", "FILE"], "[]", "is no file of vectors"),
        (["--read", "FILE"], '{"vectors": 2}', "is no file of vectors of version 1"),
        (["--read", "FILE"], '{"vectors": 1, "checks": [{"name": "a"}]}', "lacks 'tolerance'"),
        (["--read", "FILE"], '{"vectors": 1, "checks": [{"name": "a", "tolerance": 1, "cases":'
         ' [{"case": "b", "outcomes": [], "calls": [{"port": "eval", "arguments": {}}]}]}]}',
         "'eval', which is no port"),
        (["--read", "FILE"], '{"vectors": 1}', "'checks' must be a list"),
        (["--read", "FILE"], '{"vectors": 1, "checks": [{"name": "a", "tolerance": 1, "cases":'
         ' [{"case": "b", "calls": [], "outcomes": [{"label": "c", "expected": 1, "scale": 1,'
         ' "of": {"call": 0, "part": null}}]}]}]}', "of call 0 of 0"),
        (["--read", "FILE", "json"], '{"vectors": 1, "checks": []}', "has no ports"),
        (["--read", "FILE", "--answers", "FILE"], '{"vectors": 1, "checks": []}', "must hold"),
        (["--read", "FILE", "a.py", "--answers", "b"], '{"vectors": 1, "checks": []}', "not both"),
        (["a.py"], "", "needs --read FILE"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_in_one_line(
    kit, tmp_path, capsys, arguments, text, message
):
    path = tmp_path / "file.json"
    path.write_text(text)
    assert main(["vectors", *(str(path) if a == "FILE" else a for a in arguments)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1

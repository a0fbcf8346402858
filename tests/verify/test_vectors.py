"""Vectors: another language must be able to read them and reach the same verdicts."""

import json

import numpy as np
import pytest

from refscore.cli import main
from refscore.identities import Case, Law, Sides, identity
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

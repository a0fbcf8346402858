"""Evidence files: shared by runs, found unusable before a draw, never believed when altered."""

import copy
import json
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import cli
from refscore.identities.base import Draws, Normal
from refscore.verify import Subject, SubjectError
from refscore.verify.evidence import Engine, Sequence, files, plan
from refscore.verify.evidence.store import Store

OUTCOME = Draws("one", None, Normal(np.zeros(2), np.eye(2)))


def step(score, x, step_size, rng):
    return x + step_size / 2 * score(x) + np.sqrt(step_size) * rng.standard_normal(x.shape)


def subject(name="mine"):
    return SimpleNamespace(name=name, langevin_step=step)


def run(path, **options):
    return rv.run(subject(), checks=["E9-draws"], evidence=path, diagnose=False, **options)


def drawn(n, outcome=OUTCOME):
    sequence = Sequence(outcome)
    sequence.update(np.random.default_rng(n).standard_normal((n, 2)))
    return sequence


def kept(path):
    return json.loads(path.read_text())["subjects"]


def test_two_runs_on_one_file_keep_each_others_outcomes(tmp_path):
    path = tmp_path / "seen.json"
    stores = [Store(path, Subject(subject(name))) for name in ("a", "b", "a")]
    for i, store in enumerate(stores):
        store.keep(drawn(100), ("case", f"label {i}"), OUTCOME)
    stores[0].keep(drawn(100), ("case", "label 3"), OUTCOME)
    names = {e["name"]: sorted(e["outcomes"]) for e in kept(path).values()}
    assert [name.split(" | ")[1] for name in names["a"]] == ["label 0", "label 2", "label 3"]
    assert [name.split(" | ")[1] for name in names["b"]] == ["label 1"]


def test_of_one_outcome_the_most_draws_stay(tmp_path):
    path, key = tmp_path / "seen.json", ("case", "label")
    first, second = (Store(path, Subject(subject())) for _ in range(2))
    first.keep(drawn(600), key, OUTCOME)
    second.keep(drawn(200), key, OUTCOME)
    for store in (first, second, Store(path, Subject(subject()))):
        sequence = Sequence(OUTCOME)
        store.restore(sequence, key, OUTCOME)
        assert sequence.n == 600


@pytest.mark.parametrize("system", [True, False])
def test_many_writers_at_once_lose_nothing(tmp_path, monkeypatch, system):
    if not system:
        monkeypatch.setattr(files, "fcntl", None)
    path, sequence = tmp_path / "seen.json", drawn(10)

    def write(name):
        store = Store(path, Subject(subject(name)))
        for i in range(8):
            store.keep(sequence, ("case", f"label {i}"), OUTCOME)

    writers = [threading.Thread(target=write, args=(f"subject {k}",)) for k in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(len(entry["outcomes"]) for entry in kept(path).values()) == [8] * 5
    assert [p.name for p in tmp_path.iterdir()] == ["seen.json"]


def test_two_processes_at_once_lose_nothing(tmp_path):
    for name in ("a", "b"):
        text = (
            f"import numpy as np\nname = {name!r}\ndef langevin_step(score, x, step_size, rng):\n"
            "    noise = np.sqrt(step_size) * rng.standard_normal(x.shape)\n"
            "    return x + step_size / 2 * score(x) + noise\n"
        )
        (tmp_path / f"{name}.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import sys; from refscore.cli import main; sys.exit(main())"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, "verify", f"{name}.py", "--check", "E9-draws",
             "--evidence", "seen.json"],
            cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL,
        )
        for name in ("a", "b")
    ]  # fmt: skip
    assert [process.wait() for process in runs] == [0, 0]
    assert sorted(e["name"] for e in kept(tmp_path / "seen.json").values()) == ["a", "b"]
    assert all(len(e["outcomes"]) == 4 for e in kept(tmp_path / "seen.json").values())


@pytest.mark.parametrize("system", [True, False])
def test_a_lock_left_behind_is_taken_over(tmp_path, monkeypatch, system):
    if not system:
        monkeypatch.setattr(files, "fcntl", None)
    left = tmp_path / ".seen.json.lock"
    left.touch()
    os.utime(left, (time.time() - 3600,) * 2)
    with files.locked(tmp_path / "seen.json"):
        assert left.exists()
    assert not left.exists()


def test_a_link_stays_a_link_and_a_file_keeps_its_permissions(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    store = Store(link, Subject(subject()))
    store.keep(drawn(10), ("a",), OUTCOME)
    real.chmod(0o640)
    store.keep(drawn(20), ("b",), OUTCOME)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert [len(e["outcomes"]) for e in kept(real).values()] == [2]


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "empty name"), ("missing/seen.json", "no directory"), (".", "the directory")],
)
def test_a_file_that_cannot_be_written_is_found_before_a_draw(
    tmp_path, monkeypatch, capsys, name, said
):
    monkeypatch.chdir(tmp_path)
    called = []

    def never(score, x, step_size, rng):
        called.append(x)

    with pytest.raises(SubjectError, match=said):
        rv.run({"langevin_step": never}, checks=["E9-draws"], evidence=name)
    assert called == []
    Path("mine.py").write_text("def langevin_step(score, x, step_size, rng): raise SystemExit")
    assert cli.main(["verify", "mine.py", "--check", "E9-draws", "--evidence", name]) == 2
    assert capsys.readouterr().err.startswith("refscore: evidence ")
    assert [p.name for p in tmp_path.iterdir() if p.name != "__pycache__"] == ["mine.py"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"n": 1' + "0" * 5000 + "}"], ids=["deep", "big"])
def test_junk_is_one_line_on_the_command_line(tmp_path, capsys, text):
    path, adapter = tmp_path / "junk.json", tmp_path / "mine.py"
    path.write_text(text)
    adapter.write_text("def langevin_step(score, x, step_size, rng): return x")
    base = ["verify", str(adapter), "--check", "E9-draws", "--evidence", str(path)]
    assert cli.main(base) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "is no evidence file" in said
    assert path.read_text() == text


@pytest.mark.parametrize("eps", [1e-300, 1e-12, 0.0, -1.0, math.inf, math.nan])
def test_a_tolerance_that_no_draws_decide_is_refused(tmp_path, eps):
    for ask in (lambda: plan("E9-draws", eps), lambda: Engine(eps=eps), lambda: run(None, eps=eps)):
        with pytest.raises(SubjectError, match="eps must be a finite number"):
            ask()


def test_a_tiny_tolerance_is_one_line_on_the_command_line(tmp_path, capsys):
    adapter = tmp_path / "mine.py"
    adapter.write_text("def langevin_step(score, x, step_size, rng): return x")
    for command in (["verify", str(adapter), "--check", "E9-draws"], ["plan", "E9-draws"]):
        assert cli.main([*command, "--eps", "1e-300"]) == 2
        assert "refscore: eps must be" in capsys.readouterr().err
    assert plan("E9-draws", 1e-9)[0].most > 1e18


CHANGES = {
    "negative n": lambda s: s.update(n=-5),
    "n is no whole number": lambda s: s.update(n=1.5),
    "huge n": lambda s: s.update(n=10**400),
    "negative batches": lambda s: s.update(batches=-1),
    "nan peak": lambda s: s.update(peak="nan"),
    "nan seen": lambda s: s.update(seen="nan"),
    "a peak of nothing": lambda s: s.update(peak=99.0, seen=99.0, failing=None),
    "failed later": lambda s: s.update(failed_at=s["n"] + 1),
    "failing": lambda s: s.update(failing=["x"]),
    "short path": lambda s: s.update(path=[[1, 2]]),
    "path of no draws": lambda s: s.update(path=[[-1, 2, 3, 4, 5, 6]]),
    "path of words": lambda s: s.update(path=["word"]),
    "rows of a group": lambda s: s["groups"][1].update(n=s["n"]),
    "huge number": lambda s: s["groups"][0].update(best=[[10**400] * len(b) for b in
                                                         s["groups"][0]["best"]]),
    "missing": lambda s: s.pop("groups"),
    "gaussian": lambda s: s["gaussian"].update(n=-1),
}  # fmt: skip
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, OverflowError)


@pytest.mark.parametrize("change", CHANGES)
def test_a_state_that_cannot_be_is_refused(change):
    state = drawn(400).state()
    Sequence(OUTCOME).restore(copy.deepcopy(state))
    CHANGES[change](state)
    with pytest.raises(UNREADABLE):
        Sequence(OUTCOME).restore(state)


@pytest.mark.parametrize("change", [*CHANGES, "believable", "swapped", "no digest", "no entry"])
def test_evidence_that_was_altered_is_refused(tmp_path, change):
    path, keys = tmp_path / "seen.json", [("case", "label a"), ("case", "label b")]
    store = Store(path, Subject(subject()))
    for n, key in zip((400, 800), keys):
        store.keep(drawn(n), key, OUTCOME)
    found = json.loads(path.read_text())
    ((fingerprint, entry),) = found["subjects"].items()
    (a, first), (b, second) = entry["outcomes"].items()
    if change == "swapped":
        entry["outcomes"] = {a: second, b: first}
    elif change == "no digest":
        del first["digest"]
    elif change == "no entry":
        entry["outcomes"][a] = ["word"]
    elif change == "believable":
        first["state"]["groups"][0]["best"][0][0] += 1
    else:
        CHANGES[change](first["state"])
    path.write_text(json.dumps(found))
    again = Store(path, Subject(subject()))
    assert again.key == fingerprint
    with pytest.raises(SubjectError, match=r"the evidence on .*label a.* cannot be read"):
        again.restore(Sequence(OUTCOME), keys[0], OUTCOME)

"""Evidence in a file: continued, never inherited, never lost, never executed."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import cli
from refscore.verify import Subject, SubjectError
from refscore.verify.evidence.identity import fingerprint
from refscore.verify.evidence.store import Store

ADAPTER = """\
import time
import numpy as np
name = "mine"
def langevin_step(score, x, step_size, rng):
    time.sleep({pause})
    noise = {scale} * rng.standard_normal(x.shape)
    return x + step_size / 2 * score(x) + np.sqrt(step_size) * noise
"""


def step(score, x, step_size, rng):
    return x + step_size / 2 * score(x) + np.sqrt(step_size) * rng.standard_normal(x.shape)


def run(path, source=None, **options):
    subject = source or SimpleNamespace(name="mine", langevin_step=step)
    return rv.run(subject, checks=["E9-draws"], evidence=path, diagnose=False, **options)


def draws(report):
    return [j.draws for case in report["E9-draws"].cases for j in case.judgements if j.evidence]


def outcomes(path):
    (subject,) = json.loads(path.read_text())["subjects"].values()
    return subject["outcomes"]


def test_a_decided_run_is_read_back_and_more_doubles_it(tmp_path):
    path = tmp_path / "seen.json"
    first = draws(run(path))
    kept = Store(path, Subject(SimpleNamespace(name="mine", langevin_step=step)))
    assert kept.messages == []
    assert draws(run(path)) == first
    again = run(path, more=True)
    assert again["E9-draws"].verdict == "holds"
    assert all(b >= 2 * a for a, b in zip(first, draws(again)))
    assert {name.rpartition(" | eps ")[0] for name in outcomes(path)} == {
        f"one_step_draws | {case.case} | {j.label}#0"
        for case in again["E9-draws"].cases
        for j in case.judgements
        if j.evidence
    }


def test_a_run_in_parts_is_the_run_in_one(tmp_path, monkeypatch):
    path, whole = tmp_path / "parts.json", tmp_path / "whole.json"
    run(whole)
    for most in (500, 3000, 10**9):
        monkeypatch.setattr("refscore.verify.evidence.engine.budget", lambda outcome, m=most: m)
        report = run(path)
    assert report["E9-draws"].verdict == "holds"
    for name, kept in outcomes(path).items():
        other = outcomes(whole)[name]
        for key in ("n", "batches", "peak", "groups", "gaussian"):
            assert kept["state"][key] == other["state"][key]


def test_fresh_seeds_follow_those_already_used(tmp_path):
    log, path = tmp_path / "seeds", tmp_path / "seen.json"

    def told(score, x, step_size, seed):
        with log.open("a") as file:
            file.write(f"{seed}\n")
        return step(score, x, step_size, np.random.default_rng(seed))

    subject = SimpleNamespace(name="told", langevin_step=told)
    run(path, subject)
    before = set(log.read_text().split())
    run(path, subject, more=True)
    assert len(set(log.read_text().split())) > len(before) + 8


def test_a_changed_subject_starts_anew_and_is_told_so(tmp_path):
    path, adapter = tmp_path / "seen.json", tmp_path / "mine.py"
    adapter.write_text(ADAPTER.format(pause=0, scale=1.3))
    wrong = run(path, str(adapter))
    assert wrong["E9-draws"].verdict == "fails"
    adapter.write_text(ADAPTER.format(pause=0, scale=1))
    sys.modules.pop("mine", None)
    right = run(path, str(adapter))
    assert right["E9-draws"].verdict == "holds"
    assert any("so none of it is used" in hint for hint in right.hints)
    assert len(json.loads(path.read_text())["subjects"]) == 2
    adapter.write_text(ADAPTER.format(pause=0, scale=1.3))
    sys.modules.pop("mine", None)
    assert run(path, str(adapter))["E9-draws"].verdict == "fails"
    assert len(json.loads(path.read_text())["subjects"]) == 2


def test_other_laws_and_tolerances_inherit_nothing(tmp_path):
    path = tmp_path / "seen.json"
    first = draws(run(path, eps=0.2))
    assert draws(run(path, eps=0.2)) == first
    fine = draws(run(path))
    assert sum(fine) > 2 * sum(first)
    assert draws(run(path, eps=0.2)) == first  # neither lost the other's
    assert draws(run(path)) == fine
    assert len(outcomes(path)) == 2 * len(first)


def _made(factor):
    def langevin_step(score, x, step_size, rng):
        return x + factor * step_size * score(x)

    return langevin_step


class Stateful:
    name = "stateful"

    def __init__(self, factor):
        self.factor = factor

    def langevin_step(self, score, x, step_size, rng):
        return x + self.factor * step_size * score(x)


def scaled(score, x, step_size, rng, factor=1.0):
    return x + factor * step_size * score(x)


def key(source):
    return fingerprint(Subject(source))


def test_a_fingerprint_tells_versions_settings_and_what_is_closed_over():
    plain = {"name": "a", "langevin_step": step}
    assert key(dict(plain)) == key(dict(plain))
    differ = [
        plain,
        {**plain, "version": "2"},
        {**plain, "dtype": "float32"},
        {**plain, "name": "b"},
        {**plain, "score": lambda law, x: x},
        {**plain, "langevin_step": _made(1.0)},
        {**plain, "langevin_step": _made(2.0)},
        {**plain, "langevin_step": functools.partial(scaled, factor=1.0)},
        {**plain, "langevin_step": functools.partial(scaled, factor=2.0)},
        Stateful(1.0),
        Stateful(2.0),
    ]
    assert len({key(source) for source in differ}) == len(differ)


def test_a_subject_without_a_source_file_has_a_lasting_fingerprint():
    code = "def f(score, x, step_size, rng):\n    def g():\n        return {}\n    return x + g()"

    def made(number):
        space = {}
        exec(compile(code.format(number), "<nowhere>", "exec"), space)  # noqa: S102
        return {"langevin_step": space["f"]}

    assert key(made(1)) == key(made(1))
    assert key(made(1)) != key(made(2))


def test_a_killed_run_loses_nothing_it_had_written(tmp_path):
    path, adapter = tmp_path / "seen.json", tmp_path / "slow.py"
    adapter.write_text(ADAPTER.format(pause=0.05, scale=1))
    command = [sys.executable, "-c", "import sys; from refscore.cli import main; sys.exit(main())",
               "verify", str(adapter), "--check", "E9-draws", "--evidence", str(path)]  # fmt: skip
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=_environment())
    try:
        for _ in range(1200):
            if path.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = outcomes(path)
    assert kept
    before = {name: entry["state"]["n"] for name, entry in kept.items()}
    assert all(n > 0 for n in before.values())
    assert (
        subprocess.run(command, cwd=tmp_path, capture_output=True, env=_environment()).returncode
        == 0
    )
    after = {name: entry["state"]["n"] for name, entry in outcomes(path).items()}
    assert all(after[name] >= n for name, n in before.items())
    assert len(after) == 4


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(["."] + sys.path)}


@pytest.mark.parametrize(
    "text",
    ["", "[1, 2]", "{}", '{"refscore evidence": 99, "subjects": {}}', "\x80\x04",
     '{"refscore evidence": 2, "subjects": {"a": 3}}', "[" * 100_000, "1" * 5000,
     '{"refscore evidence": 2, "subjects": {"a": NaN}}'],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_evidence_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text, "latin-1")
    with pytest.raises(SubjectError, match="is no evidence file"):
        run(path)
    assert path.read_text("latin-1") == text


CONFIGURED = """\
import json
import numpy as np
def langevin_step(score, x, step_size, rng):
    scale = json.load(open({path!r}))["scale"]
    noise = scale * rng.standard_normal(x.shape)
    return x + step_size / 2 * score(x) + np.sqrt(step_size) * noise
"""


def test_what_a_subject_reads_as_it_runs_may_have_changed(tmp_path):
    path, adapter, config = (tmp_path / name for name in ("seen.json", "mine.py", "config.json"))
    adapter.write_text(CONFIGURED.format(path=str(config)))
    config.write_text('{"scale": 1.0}')
    kept = draws(run(path, str(adapter)))
    again = run(path, str(adapter))
    assert (again["E9-draws"].verdict, draws(again), again.hints) == ("holds", kept, [])
    config.write_text('{"scale": 1.3}')  # the code is the same
    wrong = run(path, str(adapter), more=True)
    assert wrong["E9-draws"].verdict == "fails"
    assert any("from the same seeds other draws come" in hint for hint in wrong.hints)
    assert max(draws(wrong)) < min(kept)
    config.write_text('{"scale": 1.0}')
    mended = run(path, str(adapter))
    assert (mended["E9-draws"].verdict, draws(mended)) == ("holds", kept)


def test_damaged_evidence_is_refused(tmp_path):
    path = tmp_path / "seen.json"
    run(path)
    kept = json.loads(path.read_text())
    (subject,) = kept["subjects"].values()
    for entry in subject["outcomes"].values():
        entry["state"]["groups"][0]["best"] = [[1.0]]
    path.write_text(json.dumps(kept))
    report = run(path)
    assert report["E9-draws"].verdict == "error"
    assert "cannot be read" in report["E9-draws"].note


def test_more_needs_a_file():
    with pytest.raises(ValueError, match="more needs evidence"):
        run(None, more=True)


def test_the_command_line_keeps_goes_on_and_plans(tmp_path, capsys):
    path, adapter = tmp_path / "seen.json", tmp_path / "cli_subject.py"
    adapter.write_text(ADAPTER.format(pause=0, scale=1))
    base = ["verify", str(adapter), "--check", "E9-draws", "--evidence", str(path)]
    assert cli.main(base) == 0
    before = {name: entry["state"]["n"] for name, entry in outcomes(path).items()}
    assert cli.main([*base, "--more", "--verbose"]) == 0
    after = {name: entry["state"]["n"] for name, entry in outcomes(path).items()}
    assert all(after[name] >= 2 * n for name, n in before.items())
    assert "draws certify" in capsys.readouterr().out
    assert cli.main(["verify", str(adapter), "--more"]) == 2
    assert "--more needs --evidence" in capsys.readouterr().err
    assert cli.main(["plan", "E9-draws", "--eps", "0.02"]) == 0
    told = capsys.readouterr().out
    assert "one_step_draws" in told
    assert "99 in 100" in told
    assert cli.main(["plan", "E9-draws", "--json"]) == 0
    assert {"usual", "most", "eps", "case"} <= set(json.loads(capsys.readouterr().out)[0])
    assert cli.main(["plan", "B2"]) == 0
    assert "no draws decide" in capsys.readouterr().out


def test_pytest_keeps_evidence_too(tmp_path):
    from refscore.verify.pytest_support import Session

    path = tmp_path / "seen.json"
    subject = SimpleNamespace(name="mine", langevin_step=step)
    session = Session(subject, ["E9-draws"], evidence=path, eps=0.2)
    assert session.report["E9-draws"].verdict == "holds"
    assert len(outcomes(path)) == 4

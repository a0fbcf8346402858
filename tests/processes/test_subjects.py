"""A subject that carries its process is judged by it: every kind, its closed forms and its flow."""

from types import SimpleNamespace

import numpy as np
import pytest

from refscore.identities import Sides, find
from refscore.processes import time_grid
from refscore.verify import run
from refscore.verify.errors import SubjectError
from refscore.verify.runner import evaluate
from refscore.verify.subject import Subject
from refscore.verify.timed import forward

KINDS = {
    "sub_vp": {"beta_min": 0.2, "beta_max": 9.0},
    "ve": {"sigma_min": 0.02, "sigma_max": 8.0, "exact": False},
    "cosine": {"offset": 0.008, "final_time": 1.0},
    "edm": {"sigma_max": 5.0},
    "straight": {},
}
CHECKS = ["linear_sde_moments", "rates_of_marginals", "marginal_rates", "transition", "log_snr",
          "time_of_log_snr", "prior_matches_the_end", "grids_are_equally_spaced", "flow_velocity",
          "flow_marginals"]  # fmt: skip


def _subject(kind, **changed):
    given = {"kind": kind, **KINDS[kind]}
    own = forward(SimpleNamespace(**given))

    def grid(spacing, n_steps, start, end):
        return time_grid(own, n_steps, spacing, start=start, end=end)

    def velocity(score_at, x, t):
        return own.drift_rate(t) * x - 0.5 * own.diffusion(t) ** 2 * score_at(x, t)

    names = ("marginal", "drift", "diffusion", "marginal_rates", "transition", "log_snr", "time_at",
             "prior_std")  # fmt: skip
    ports = {name: getattr(own, name) for name in names}
    return SimpleNamespace(
        process=given,
        name=kind,
        **{**ports, "time_grid": grid, "flow_velocity": velocity, **changed},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_process_is_judged_by_its_own_forms(kind):
    report = run(_subject(kind), checks=CHECKS, diagnose=False)
    verdicts = {check.name: check.verdict for check in report.checks}
    end_of_time = {"flow_velocity"} if kind in ("straight", "cosine") else set()
    assert {name for name, verdict in verdicts.items() if verdict != "holds"} <= end_of_time


@pytest.mark.parametrize("kind", KINDS)
def test_the_processes_are_told_apart(kind):
    """Another process's marginal under this one's name fails."""
    other = _subject("edm" if kind != "edm" else "straight")
    report = run(
        _subject(kind, marginal=other.marginal), checks=["linear_sde_moments"], diagnose=False
    )
    assert {check.name: check.verdict for check in report.checks}["linear_sde_moments"] == "fails"


def test_a_kind_nobody_knows_is_named():
    subject = _subject("edm")
    subject.process = {"kind": "karras"}
    with pytest.raises(SubjectError, match="a kind of vp, sub_vp, ve, cosine, edm, straight"):
        run(subject, checks=["linear_sde_moments"], diagnose=False)


@pytest.mark.parametrize(
    "process",
    ["edm", {"kind": "edm"}, type("Named", (), {"kind": "edm", "sigma_max": 80.0, "rho": 7})],
    ids=["name", "mapping", "class"],
)
def test_a_process_by_its_name_or_as_an_object(process):
    report = run(SimpleNamespace(process=process, marginal=lambda t: (1.0, t)), checks=["F4"])
    assert report.exit_code == 0, report.summary()
    assert not report.hints


@pytest.mark.parametrize(
    ("process", "said"),
    [
        (object(), "the name of a kind, or an object with .kind; got object"),
        ({"kind": "ve", "sigma": 1.0}, "takes sigma_min, sigma_max, exact; got sigma"),
        ("karras", "process must name a kind of vp"),
    ],
)
def test_what_is_no_process_is_said(process, said):
    with pytest.raises(SubjectError, match=said):
        Subject(SimpleNamespace(process=process, diffusion=lambda t: 1.0))


def test_a_helper_called_process_declares_nothing():
    subject = Subject(SimpleNamespace(process=lambda t: t, diffusion=lambda t: 1.0))
    assert subject.process is None


@pytest.mark.parametrize(
    ("port", "wrong", "mistake"),
    [
        ("drift", lambda x, t: (0.05 + 9.95 * t) * x, "drift_sign"),
        ("diffusion", lambda t: 0.1 + 19.9 * t, "diffusion_squared"),
    ],
)
def test_rates_are_judged_without_a_marginal(port, wrong, mistake):
    report = run(SimpleNamespace(**{port: wrong}), checks=["F4"])
    named = [m for check in report.checks if check.diagnosis for m in check.diagnosis.mistakes]
    assert report.exit_code == 1
    assert set(named) == {mistake}


def test_a_velocity_is_not_asked_for_where_its_rates_are_infinite():
    def velocity(score_at, x, t):
        t = np.float64(t)
        return (-x - t * score_at(x, t)) / (1 - t)

    report = run(SimpleNamespace(process="straight", flow_velocity=velocity), checks=["F6"])
    assert report.exit_code == 0, report.summary()
    assert "2 of 6 cases declined" in report["flow_velocity"].note


def test_an_expected_value_that_is_none_is_no_failure():
    entry = find("F4-own-diffusion")[0]

    def sides(ports, case):
        yield Sides("g", np.asarray(ports.diffusion(case.t)), np.array(np.nan))

    subject = Subject({"diffusion": lambda t: 1.0})
    report = evaluate(entry._replace(sides=sides), subject, 0.0)
    assert report.verdict == "error"
    assert report.note == "what was expected is not a number"


def test_another_process_is_hinted_at():
    def marginal(t):
        return np.exp(-t), np.sqrt(-np.expm1(-2 * t))

    report = run(SimpleNamespace(marginal=marginal), checks=["F4"])
    assert any('declare process = {"kind": "vp", "beta_min": 2.0' in h for h in report.hints)
    printed = SimpleNamespace(process="ve", marginal=lambda t: (1.0, 0.01 * 5000.0**t))
    report = run(printed, checks=["F4"])
    assert any('declare process = {"kind": "ve"' in hint for hint in report.hints)
    assert any('"exact": False' in hint for hint in report.hints)
    printed.process = {"kind": "ve", "exact": False}
    assert run(printed, checks=["F4"]).exit_code == 0


def test_a_clock_that_starts_at_the_noise_is_a_convention():
    """Flow matching's libraries have data at time 1; undeclared, the kit says what to declare."""
    flow = SimpleNamespace(
        process={"kind": "straight"},
        marginal=lambda t: (t, 1 - t),
        marginal_rates=lambda t: (1, -1),
    )
    checks = ["linear_sde_moments", "marginal_rates"]
    assert run(flow, checks=checks).convention == "conventions = {\"clock\": 'data at 1'}"
    flow.conventions = {"clock": "data at 1"}
    assert run(flow, checks=checks).exit_code == 0

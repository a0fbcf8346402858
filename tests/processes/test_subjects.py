"""A subject that carries its process is judged by it: every kind, its closed forms and its flow."""

from types import SimpleNamespace

import pytest

from refscore.processes import time_grid
from refscore.verify import run
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
    report = run(subject, checks=["linear_sde_moments"], diagnose=False)
    notes = " ".join(str(check) for check in report.checks)
    assert "process must name a kind of vp, sub_vp, ve, cosine, edm, straight" in notes


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

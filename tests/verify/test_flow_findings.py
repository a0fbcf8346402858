"""Continuous flows and gradients as subjects: their unit, small errors of solvers, their clock."""

import numpy as np
import pytest

import refscore.verify as rv
from refscore import ode
from refscore.verify.errors import SubjectError
from refscore.verify.library import continuous_flows as library


def loss(*given):
    return -library.flow_log_density(*given)


def gradient_of_loss(*given):
    return tuple(-part for part in library.flow_log_density_gradient(*given))


def gradient_without_trace(velocity, x, base, t0, t1):
    from refscore.verify.mutants import mistakes

    wrong = mistakes()["flow_gradient_without_trace"].subject()
    return tuple(-part for part in wrong.flow_log_density_gradient(velocity, x, base, t0, t1))


def test_the_unit_of_a_density_is_that_of_its_gradient():
    ports = {"flow_log_density": loss, "flow_log_density_gradient": gradient_of_loss}
    checks = ["G5-rate", "G9", "J13"]
    assert rv.run(ports, checks=checks).convention == (
        "conventions = {\"flow_density\": 'negative nats'}"
    )
    declared = {**ports, "conventions": {"flow_density": "negative nats"}}
    assert rv.run(declared, checks=checks).exit_code == 0
    wrong = {**declared, "flow_log_density_gradient": gradient_without_trace}
    report = rv.run(wrong, checks=checks)
    assert report["flow_gradients"].diagnosis.mistakes == ("flow_gradient_without_trace",)


def solve(steps=None, **options):
    def ode_solve(velocity, x0, t0, t1):
        return ode.solve(velocity, x0, t0, t1, n_steps=steps, **options).x1

    return ode_solve


def test_another_wrong_port_does_not_hide_a_convention():
    ports = {
        "ode_solve": solve(shared_steps=True, rtol=1e-8, atol=1e-8),
        "flow_inverse": lambda velocity, x, t0, t1: solve(12)(velocity, x, t0, t1),
    }
    report = rv.run(ports, checks=["G1-rows", "G1-solve", "J5"])
    said = report["rows_solved_alone"].diagnosis.explanation
    assert said.endswith(
        "of ode_solve holds if you declare conventions = {\"step_control\": 'batch'};"
        " declare it if this is meant"
    )
    assert report["erratum_inverse_of_a_flow"].verdict == "fails"
    assert said in report.hints
    assert report.exit_code == 1


@pytest.mark.parametrize(("steps", "method"), [(60, "midpoint"), (500, "euler")])
def test_a_coarse_solver_is_told_to_refine(steps, method):
    report = rv.run({"ode_solve": solve(steps, method=method)}, checks=["G1-solve", "G1-constant"])
    said = report["solved_flows"].diagnosis.explanation
    assert "a coarse solver?" in said
    assert report["constant_velocity"].verdict == "holds"
    assert any("offer ode_step" in hint for hint in report.hints)


def test_a_signed_energy_is_named():
    def kinetic_energy(velocity, x, t0, t1):
        return np.sign(t1 - t0) * library.kinetic_energy(velocity, x, t0, t1)

    report = rv.run({"kinetic_energy": kinetic_energy}, checks=["G2-kinetic"])
    assert report["kinetic_energies"].diagnosis.mistakes == ("kinetic_signed",)


def test_a_probe_redrawn_at_every_evaluation_is_read():
    def estimate(velocity, x, base_log_density, t0, t1, *, rng):
        def joint(y, t):
            v = np.sign(rng.normal(size=x.shape))
            field = velocity.at(t)
            z = np.ascontiguousarray(y[:, :-1])
            return np.c_[field(z), (v * field.jvp(z, v)).sum(-1)]

        y, h = np.c_[x, 0 * x[:, :1]], (t0 - t1) / 20
        for t in t1 + h * np.arange(20):
            middle = y + h / 2 * joint(y, t)
            y = y + h * joint(middle, t + h / 2)
        return base_log_density(y[:, :-1].copy()) + y[:, -1]

    report = rv.run({"flow_log_density_estimate": estimate}, checks=["G6-held", "G6-mean"])
    assert "estimate_probe_redrawn" in report["flow_probes_are_held"].diagnosis.explanation


def test_flows_have_no_clock():
    with pytest.raises(SubjectError, match="hand it t1 and t0") as found:
        rv.run({"flow_inverse": solve(), "conventions": {"clock": "data at 1"}})
    assert len(str(found.value)) < 400

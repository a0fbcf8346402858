"""Subjects that solve differential equations: what is left from call to call, where a solve ends,
and what a right one may do as it likes."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import ode
from refscore.verify import library
from refscore.verify.readings import UNNAMED, unnamed


def run(*checks, **ports):
    return rv.run(SimpleNamespace(name="theirs", **ports), checks=checks, diagnose=False)


class Stale:
    """Keeps its last slope, as where the last stage is the next first, for any call of a shape."""

    name, slope = "stale", None

    def ode_step(self, velocity, x, t, step_size, method):
        table, k = ode.tableau(method), []
        kept = self.slope is not None and self.slope.shape == x.shape
        for a, c in zip(table.A, table.c):
            point = x + step_size * sum(w * one for w, one in zip(a, k))
            k.append(self.slope if kept and not k else velocity(point, t + c * step_size))
        self.slope = k[-1]
        return x + step_size * np.tensordot(table.b, np.array(k), 1)


def test_a_slope_left_from_the_call_before_is_noticed():
    report = rv.run(Stale(), checks=["G1-steps"], diagnose=False)
    found = report["ode_step_prerequisites"]
    assert found.verdict == "fails"
    assert "two different results with midpoint: something, a slope say, is left" in found.note


@pytest.mark.parametrize(
    ("h", "rounded", "end"), [(0.05, np.ceil, 1.91623), (0.0137, np.floor, 1.90543)]
)
def test_steps_that_do_not_end_where_they_should(h, rounded, end):
    def solve(velocity, x0, t0, t1):
        n = max(int(rounded(abs(t1 - t0) / h)), 1)
        return ode.solve(velocity, x0, t0, t0 + n * h * np.sign(t1 - t0), n_steps=n).x1

    report = run("G1-solve", "G1-backwards", "G1-constant", ode_solve=solve)
    for name in ("solved_flows", "solved_backwards", "constant_velocity"):
        assert report[name].verdict == "fails"
    said = unnamed(report["solved_flows"], report)
    assert said.startswith(f"{UNNAMED}; it ends at t = {end:g}, not at t1 = 1.90986")


def test_times_are_not_rounded_or_counted():
    def rounded(velocity, x0, times, method):
        return library.ode_steps(velocity, x0, np.round(times, 2), method)

    assert run("G1-grids", ode_steps=rounded)["steps_over_a_grid"].verdict == "fails"


@pytest.mark.parametrize("most", [10, 5, 2, 1.5])
@pytest.mark.parametrize("safety", [0.8, 0.9, 1.0])
def test_controllers_may_limit_growth(most, safety):
    def next_step(h, error, order):
        return h * min(most, max(1.0, safety * error ** (-1 / order)))

    assert run("G1-control", ode_next_step=next_step).exit_code == 0


def test_a_path_without_its_start_fails_and_is_no_error():
    report = run("G1-paths", "G7", ode_path=lambda *a: library.ode_path(*a)[1:])
    assert {report[n].verdict for n in ("paths_of_flows", "paths_never_cross")} == {"fails"}


def test_an_empty_interval_may_be_declined():
    def solve(velocity, x0, t0, t1):
        if t0 == t1:
            raise ValueError("t must be strictly increasing or decreasing")
        return library.ode_solve(velocity, x0, t0, t1)

    assert run("G1-constant", ode_solve=solve).exit_code == 0
    zero = run("G1-constant", ode_solve=lambda v, x, a, b: 0 * x if a == b else solve(v, x, a, b))
    assert zero["constant_velocity"].verdict == "fails"


def test_the_one_wrong_table_is_named():
    table = ode.TABLEAUX["dormand_prince"]
    c = table.c.copy()
    c[3] = 0.75

    def step(velocity, x, t, step_size, method):
        wrong = table._replace(c=c) if method == "dormand_prince" else method
        return ode.runge_kutta_step(wrong, velocity, x, t, step_size)

    report = run("G1-steps", ode_step=step)
    said = unnamed(report["runge_kutta_steps"], report)
    assert said.endswith(
        "dormand_prince alone of 10 methods: an entry of its table, in the times of its stages"
    )

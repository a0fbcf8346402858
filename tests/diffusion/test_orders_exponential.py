"""Measured orders of the exponential and multistep samplers, on the variance and on a mixture."""

import numpy as np
import pytest

from refscore import diffusion, laws, processes
from refscore.distributions import Gaussian, GaussianMixture

VP = processes.VP()
LAW = Gaussian([0.7, -1.1], [[0.9, 0.4], [0.4, 0.5]])
LINE = GaussianMixture([0.6, 0.4], [[-1.0], [1.5]], [[[0.09]], [[0.25]]])
X = np.array([[-1.4], [0.2], [1.1]])
HIGH, LOW = 0.8, 0.05
EXACT = diffusion.decode(VP, LINE, X, start=LOW, end=HIGH, rtol=1e-12, atol=1e-12)


def multistep(order, prediction, **options):
    return lambda p, q: diffusion.dpm_multistep(p, q, order, prediction=prediction, **options)


def exact(order, prediction, **options):
    return lambda p, q: diffusion.exponential_multistep(
        p, q, order, prediction=prediction, **options
    )


def adams(order, variable, **options):
    return lambda p, q: diffusion.adams_bashforth(p, q, order, variable=variable, **options)


def solver(order, prediction, ratio=None):
    return lambda p, q: diffusion.dpm_solver(p, q, order, prediction=prediction, ratio=ratio)


def flow(method):
    return lambda p, q: diffusion.flow_matching(p, q, method)


WELL = {"start": "singlestep"}
# name: (constructor, order, numbers of steps, spaced in "log_snr" or "time")
SAMPLERS = {
    "exponential": (diffusion.exponential, 1, (40, 80), "log_snr"),
    "EDM Heun": (diffusion.edm, 2, (10, 20), "log_snr"),
    "DPM-Solver-2": (solver(2, "noise"), 2, (20, 40), "log_snr"),
    "DPM-Solver-3": (solver(3, "noise"), 3, (20, 40), "log_snr"),
    "DPM-Solver++ 2S": (solver(2, "data"), 2, (20, 40), "log_snr"),
    "DPM-Solver++ 3S": (solver(3, "data"), 3, (20, 40), "log_snr"),
    "DPM-Solver++ 2M": (multistep(2, "data"), 2, (40, 80), "log_snr"),
    "noise 2M": (multistep(2, "noise"), 2, (40, 80), "log_snr"),
    # 3M stays of order 2 after a start of order 3: the fault is in its last term
    "DPM-Solver++ 3M": (multistep(3, "data", **WELL), 2, (80, 160), "log_snr"),
    "noise 3M": (multistep(3, "noise", **WELL), 2, (80, 160), "log_snr"),
    "exponential Adams 3": (exact(3, "data", **WELL), 3, (80, 160), "log_snr"),
    "exponential Adams 4": (exact(4, "data", **WELL), 4, (80, 160), "log_snr"),
    "LMS 2": (adams(2, "sigma"), 2, (40, 80), "log_snr"),
    "LMS 4": (adams(4, "sigma", **WELL), 4, (80, 160), "log_snr"),
    "DEIS 3": (adams(3, "time", **WELL), 3, (40, 80), "log_snr"),
    "PLMS": (diffusion.plms, 2, (80, 160), "time"),
    "flow midpoint": (flow("midpoint"), 2, (40, 80), "time"),
    "flow Runge-Kutta 4": (flow("rk4"), 4, (40, 80), "time"),
}


def clock(n, spacing):
    if spacing == "time":
        return np.linspace(HIGH, LOW, n + 1)
    lam = np.linspace(VP.log_snr(HIGH), VP.log_snr(LOW), n + 1)
    return np.concatenate([[HIGH], VP.time_at(lam[1:-1]), [LOW]])


def covariance_error(make, n, spacing):
    """Of the image of the exact law at the start, read off the sampler's affine map."""
    times, nodes = clock(n, spacing), np.vstack([np.zeros(2), np.eye(2)])
    start, end = (diffusion.diffused(VP, LAW, times[i]) for i in (0, -1))
    image = diffusion.sample(make(VP, LAW), nodes, times)
    A = (image[1:] - image[0]).T
    return np.abs(A @ start.covariance @ A.T - end.covariance).max()


def mixture_error(make, n, spacing):
    got = diffusion.sample(make(VP, LINE), X, clock(n, spacing))
    return np.abs(got - EXACT).max()


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_order_on_a_mixture_and_on_the_variance(name):
    make, order, counts, spacing = SAMPLERS[name]
    errors = [mixture_error(make, n, spacing) for n in counts]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.45)
    errors = [covariance_error(make, n, spacing) for n in counts]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.45)


def test_the_lower_order_start_leaves_order_two_whatever_follows():
    """The first step errs by O(h²), once: published starts cap every multistep method at 2."""
    straight = processes.Straight()
    lam = [np.linspace(straight.log_snr(0.9), straight.log_snr(0.05), n + 1) for n in (60, 120)]
    clocks = [np.concatenate([[0.9], straight.time_at(u[1:-1]), [0.05]]) for u in lam]
    exact_end = diffusion.decode(straight, LINE, X, start=0.05, end=0.9, rtol=1e-12, atol=1e-12)
    measured = {}
    for start in ("lower order", "singlestep"):
        step = diffusion.exponential_multistep(straight, LINE, 4, prediction="noise", start=start)
        errors = [np.abs(diffusion.sample(step, X, c) - exact_end).max() for c in clocks]
        measured[start] = np.log2(errors[0] / errors[1])
    assert measured["lower order"] == pytest.approx(2, abs=0.4)
    assert measured["singlestep"] > 3.4


def sde(order, prediction="data", rule="published", level=1.0):
    return lambda n: diffusion.sde_dpm_multistep(
        VP, LAW, order, prediction=prediction, rule=rule, stochasticity=level
    )


STOCHASTIC = {
    "SDE 1": (sde(1), 1),
    "SDE 2M": (sde(2), 2),
    "SDE 2M, heun": (sde(2, rule="exact"), 2),
    "SDE 2M of the noise": (sde(2, "noise", level=0.5), 2),
    "SDE 2S": (lambda n: diffusion.sde_dpm_solver(VP, LAW), 2),
    # churn is the forward process: it costs nothing in law
    "EDM with churn": (lambda n: diffusion.edm(VP, LAW, churn=5.0, n_steps=n, churn_max=20.0), 2),
}


@pytest.mark.parametrize("name", STOCHASTIC)
def test_the_weak_order_on_the_variance(name):
    make, order = STOCHASTIC[name]

    def error(n):
        times = clock(n, "log_snr")
        start, end = (diffusion.diffused(VP, LAW, times[i]) for i in (0, -1))
        got = laws.sampler_law(make(n), start.mean, start.covariance, times)
        return np.abs(got.covariance - end.covariance).max()

    assert np.log2(error(40) / error(80)) == pytest.approx(order, abs=0.15)

"""How time and memory grow with the points, dimension and components: slopes on log-log axes.

    value ≈ C size^exponent, fitted by least squares to the larger half of the sizes

Time is process CPU time, the best of a few rounds over all sizes; memory is the peak of
`tracemalloc` over the call's inputs, output included.
"""

from __future__ import annotations

import threading
import time
import tracemalloc
from typing import NamedTuple

import numpy as np

from refscore import discrete, ode
from refscore.distributions import GaussianMixture
from refscore.estimation import (
    kernel_exponential_family,
    leave_one_out,
    stein_estimator,
    stein_field,
)
from refscore.objectives import sliced_loss_gradient
from refscore.traces import divergence_estimate
from validation.benchmarks import network, neural_ode, quantise

WIDTH, POINTS = 128, 64


class Curve(NamedTuple):
    """A cost measured at several sizes: ms or MB, its exponent, and the exponent to expect."""

    workload: str
    contender: str
    size: str
    sizes: list
    unit: str
    values: list
    exponent: float
    expected: str


def curves() -> list[Curve]:
    """All measured curves."""
    return [
        *_divergence(), *_mixture_time(), *_memory(), *_gradient_memory(), *_quantisation_memory()
    ]  # fmt: skip


def table(measured: list[Curve]) -> str:
    """The curves as a Markdown table."""
    lines = [
        "| workload | contender | cost at sizes | exponent | expected |",
        "|---|---|---|---|---|",
    ]
    for c in measured:
        costs = ", ".join(f"{v:.3g}" for v in c.values)
        sizes = ", ".join(f"{s:,}" for s in c.sizes)
        cost = f"{costs} {c.unit} at {c.size} = {sizes}"
        exponent = f"{c.size}^{c.exponent:.2f}"
        lines.append(f"| {c.workload} | {c.contender} | {cost} | {exponent} | {c.expected} |")
    return "\n".join(lines)


def plot(measured: list[Curve], path: str) -> None:
    """One log-log panel a workload and size, written as a picture."""
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys((c.workload, c.size, c.unit) for c in measured))
    rows = -(-len(panels) // 3)
    figure = Figure(figsize=(14, 4.2 * rows), layout="constrained")
    for axes, panel in zip(np.ravel(figure.subplots(rows, 3)), panels, strict=False):
        for c in measured:
            if (c.workload, c.size, c.unit) == panel:
                label = f"{c.contender}: {c.size}^{c.exponent:.2f}"
                axes.loglog(c.sizes, c.values, "o-", label=label)
        axes.set(title=panel[0], xlabel=panel[1], ylabel=panel[2])
        axes.set_xticks(axes.lines[0].get_xdata())
        axes.minorticks_off()
        axes.set_xticklabels([f"{size:,}" for size in axes.lines[0].get_xdata()])
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)


def _divergence():
    """Of d-128-128-d: one matrix product, d products J e, one probe, and log |det J|."""
    title, sizes = f"divergence, d-{WIDTH}-{WIDTH}-d, {POINTS} points", [16, 32, 64, 128, 256, 512]
    made = {d: network.inputs((d, WIDTH, WIDTH, d), POINTS)[:3] for d in sizes}

    def one_by_one(d):
        net, x, _ = made[d]
        units = np.eye(d)
        return sum(net.jvp(x, np.broadcast_to(e, x.shape))[:, i] for i, e in enumerate(units))

    def one_probe(d):
        net, x, probes = made[d]
        return divergence_estimate(net, x, probes[:, None, :])

    def determinant(d):
        net, x, _ = made[d]
        return np.linalg.slogdet(net.jacobian(x[:8]))[1]  # 8 points: d = 512 takes seconds

    contenders = {
        "refscore, exact": (lambda d: made[d][0].divergence(made[d][1]), "1 (d ≫ 128)"),
        "d products J e": (one_by_one, "2 (d ≫ 128)"),
        "Hutchinson, one probe": (one_probe, "1 (d ≫ 128)"),
        "log determinant of J, 8 points": (determinant, "3 (d ≫ 128)"),
    }
    np.testing.assert_allclose(contenders["refscore, exact"][0](16), one_by_one(16), rtol=1e-9)
    for name, (call, expected) in contenders.items():
        yield _timed(title, name, "d", sizes, call, expected)


def _black_box():
    """Of a network no formula is used for: d far above the widths, so that d alone is what costs,
    and points so few that arrays stay within the caches. (An LU's speed still grows with d.)"""
    title, points = "log-determinants of a black box, d-4-4-d", 16
    sizes = [512, 1024, 2048, 4096]
    made = {d: network.inputs((d, 4, 4, d), points)[:3] for d in sizes}

    def exact(d):
        net, x, _ = made[d]
        unit, total = np.zeros(x.shape), np.zeros(points)
        for i in range(d):
            unit[:, i] = 1.0
            total += net.jvp(x, unit)[:, i]
            unit[:, i] = 0.0
        return total

    def one_probe(d):
        net, x, probes = made[d]
        return divergence_estimate(net, x, probes[:, None, :])

    def determinant(d):
        net, x, _ = made[d]
        return np.linalg.slogdet(np.eye(d) + net.jacobian(x[:1]))[1]

    contenders = {
        "exact divergence, d products J e": (exact, "2", 1),
        "Hutchinson, one probe": (one_probe, "1", 3),
        "log determinant of I + J, 1 point": (determinant, "3", 1),
    }
    for name, (call, expected, rounds) in contenders.items():
        yield _timed(title, name, "d", sizes, call, expected, rounds)


def _mixture_time():
    title = "mixture score"
    for name, equal in (("equal variances", True), ("unequal variances", False)):
        cases = {
            "n": {n: _mixture(n, 2, 25, equal) for n in (1000, 4000, 16_000, 64_000)},
            "K": {K: _mixture(2000, 2, K, equal) for K in (16, 64, 256, 1024, 4096)},
            "d": {d: _mixture(1000, d, 100, equal) for d in (4, 16, 64, 256)},
        }
        fixed = {"n": "K = 25, d = 2", "K": "n = 2000, d = 2", "d": "n = 1000, K = 100"}
        for size, made in cases.items():

            def score(s, made=made):
                law, x = made[s]
                return law.score(x)

            yield _timed(f"{title}, {fixed[size]}", name, size, list(made), score, "at most 1")


def _mixture(n, dim, K, equal=False):
    rng = np.random.default_rng(0)
    variances = np.full(K, 0.5) if equal else rng.uniform(0.25, 1.0, K)
    law = GaussianMixture(np.full(K, 1 / K), rng.standard_normal((K, dim)), variances)
    return law, rng.standard_normal((n, dim))


def _memory():
    """The result is 80 MB at a million points in d = 10; all K gaps at once would be 8 GB."""
    sizes = [1000, 10_000, 100_000, 1_000_000]
    for name, equal in (("equal variances", True), ("unequal variances", False)):
        law, x = _mixture(sizes[-1], 10, 100, equal)
        yield _peaks("memory of the score, d = 10, K = 100", name, sizes, law.score, x)
    net = network.inputs((10, WIDTH, WIDTH, 10), 1)[0]
    yield _peaks("memory of MLP 10-128-128-10", "divergence", sizes[:-1], net.divergence, x)

    def gradient(points):
        return sliced_loss_gradient(net, points, rng=0)

    yield _peaks("memory of MLP 10-128-128-10", "sliced gradient", sizes[:-1], gradient, x)
    yield from _kernel_memory(x)


def _kernel_memory(x):
    """Kernels on 500 centres; all 50,000 by 500 values at once would be 200 MB, all 20,000 by
    20,000 of a Stein estimator 3.2 GB."""
    sizes, centres = [1000, 10_000, 50_000], x[:500]
    stein = stein_field(centres, 3.0, 0.1)
    family = kernel_exponential_family(centres, centres[:100], 3.0, 0.1)

    def fit(points):
        return kernel_exponential_family(points, centres, 3.0, 0.1)

    for name, call in (
        ("Stein field, values", stein),
        ("Stein field, divergence", stein.divergence),
        ("kernel family, score on 100 centres", family.score),
        ("kernel family, fit to n points", fit),
    ):
        yield _peaks("memory of kernel estimators, d = 10", name, sizes, call, x)
    plane = np.ascontiguousarray(x[:20_000, :2])
    title, sizes = "memory of fits with n kernels, d = 2", [5000, 10_000, 20_000]
    yield _peaks(title, "Stein estimator", sizes, lambda x: stein_estimator(x, 1.0, 0.1), plane)
    yield _peaks(title, "leave-one-out", sizes, lambda x: leave_one_out(x, 0.3), plane)


def _gradient_memory():
    """A neural ODE 2-64-64-2 over fixed steps of Runge and Kutta: one hidden layer of all stages of
    1,024 steps is 134 MB."""
    net, x, r = neural_ode.inputs()
    title, sizes = "memory of the gradient of a neural ODE, 64 points", [16, 64, 256, 1024]
    x, r = x[:64], r[:64]

    def by_steps(gradient):
        return lambda n: gradient(net, x, np.linspace(0, 1, n + 1), r, method="rk4")

    def by_adjoint(way):
        return lambda n: ode.adjoint(net, x, 0, 1, r, n_steps=n, method="rk4", reconstruct=way)

    for name, call, expected in (
        ("stages stored", by_steps(ode.backpropagate), "1"),
        ("checkpoints", by_steps(ode.checkpointed), "1/2"),
        ("adjoint, interpolated", by_adjoint("interpolate"), "1"),
        ("adjoint, backward", by_adjoint("backward"), "0"),
    ):
        values = [_peak(lambda n=n, call=call: call(n)) for n in sizes]
        yield Curve(title, name, "steps", sizes, "MB", values, _slope(sizes, values), expected)


def _quantisation_memory():
    """The nearest of 1,024 codes, d = 64: all distances of a million points would be 4 GB."""
    sizes = [62_500, 125_000, 250_000, 500_000, 1_000_000]
    x, codes = quantise.inputs(sizes[-1])
    title = "memory of the nearest of 1,024 codes, d = 64, single precision"
    for name, call in (
        ("codes alone", lambda rows: discrete.nearest_codes(rows, codes)),
        ("codes and values", lambda rows: discrete.quantise(rows, codes)),
    ):
        yield _peaks(title, name, sizes, call, x)


def _peak(call) -> float:
    """MB at the top of one call in a thread of its own, which keeps no workspace from before."""
    tracemalloc.start()
    fresh = threading.Thread(target=call)
    fresh.start()
    fresh.join()
    top = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return top


def _timed(workload, contender, size, sizes, call, expected, rounds=3):
    best = dict.fromkeys(sizes, np.inf)
    for s in sizes:
        call(s)
    for _ in range(rounds):
        for s in sizes:
            best[s] = min(best[s], _milliseconds(lambda s=s: call(s)))
    values = list(best.values())
    return Curve(workload, contender, size, sizes, "ms", values, _slope(sizes, values), expected)


def _milliseconds(call, least=0.01):
    calls, start = 0, time.process_time()
    while True:
        call()
        calls += 1
        spent = time.process_time() - start
        if spent >= least:
            return 1e3 * spent / calls


def _peaks(workload, contender, sizes, call, x):
    values = []
    call(x[:10])  # what a law computes once is no growth
    for n in sizes:
        values.append(_peak(lambda n=n: call(x[:n])))
    exponent = _slope(sizes, values)
    return Curve(workload, contender, "n", sizes, "MB", values, exponent, "at most 1")


def _slope(sizes, values) -> float:
    half = slice((len(sizes) - 1) // 2, None)
    return float(np.polyfit(np.log(sizes[half]), np.log(values[half]), 1)[0])

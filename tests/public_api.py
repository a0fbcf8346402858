"""One ordinary call of everything public, argument by argument: what the bad-input tests bend."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refscore import (
    bayes,
    calculus,
    diffusion,
    discrepancies,
    discrete,
    distributions,
    estimation,
    families,
    flows,
    langevin,
    networks,
    nodes,
    objectives,
    ode,
    processes,
    recovery,
    traces,
)
from refscore import fields as f
from refscore import laws as exact


class Array(NamedTuple):
    """An array argument, and what beside it is welcome: `scalar` a number, `optional` None,
    `infinite` ±inf, `rows` any leading shape, `sizes` any shape at all, `complex` numbers."""

    value: Any
    scalar: bool = False
    optional: bool = False
    infinite: bool = False
    rows: bool = False
    sizes: bool = False
    complex: bool = False


class Number(NamedTuple):
    """A number. `sign`: "any", "zero" (at least 0) or "positive"; `optional`: None is welcome,
    `infinite` inf."""

    value: float
    sign: str = "any"
    optional: bool = False
    array: bool = False
    infinite: bool = False


class Count(NamedTuple):
    """A whole number, at least `minimum`."""

    value: int
    minimum: int = 1
    optional: bool = False


class Object(NamedTuple):
    """A field, a law, a process or a function. `wrong`: further things it must not be."""

    value: Any
    optional: bool = False
    wrong: tuple = ()


class Kind(NamedTuple):
    """A word of a fixed list."""

    value: str


class Rng(NamedTuple):
    """Anything `numpy.random.default_rng` takes."""

    value: Any = 0


class Call(NamedTuple):
    """A function and its arguments by keyword."""

    function: Any
    arguments: dict[str, Any]
    read: Any = None  # what to compare of the answer, if it is no array


A = np.array([[0.6, -1.1], [0.4, 0.9]])
S = np.array([[1.3, 0.4], [0.4, 0.7]])
M = np.array([0.3, -0.8])
X = np.array([[0.4, 0.9], [0.7, 0.2], [1.1, 1.3]])
V = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])
PROBES = np.array([[[1.0, -1.0], [2.0, 0.5]]] * 3) * np.array([1.0, 2.0, 3.0])[:, None, None]
ROWS = np.array([[1.0, -1.0], [2.0, 0.5], [0.5, 1.5], [-1.0, 0.25]])
GAUSSIAN = distributions.Gaussian(M, S)
GAUSSIAN_LINE = distributions.Gaussian([0.3], 0.8)
MIXTURE = distributions.GaussianMixture([0.7, 0.3], [[1.0, 0.2], [-1.5, 0.6]], [S, 2 * S])
AFFINE = f.Affine(A, M)
NETWORK = networks.MLP.initialise((2, 4, 3, 2), rng=3)
THREE = f.Affine(np.eye(3))
LINE = f.LinearInParameters(
    lambda x: 1.0 * x[:, None], lambda x: np.tile(np.eye(2), (len(x), 1, 1, 1)), [1.0], 2
)
VP = processes.VP()
NODES = nodes.Nodes(X, [0.2, 0.3, 0.5])
STEP = langevin.ula(GAUSSIAN.score, 0.3)
FIELD = Object(NETWORK, wrong=(THREE,))
LAW = Object(GAUSSIAN)
x, v = Array(X, rows=True), Array(V)
matrix, vector = Array(A), Array(M)
covariance = Array(S)
positive, at_least_0, number = Number(0.5, "positive"), Number(0.5, "zero"), Number(0.5)
tolerance = Number(1e-8, "positive")


def _law_calls():
    laws = {
        "Gaussian": (GAUSSIAN, {"mean": vector, "covariance": Array(S, scalar=True)}),
        "GaussianMixture": (
            MIXTURE,
            {
                "weights": Array([0.7, 0.3]),
                "means": Array([[1.0, 0.2], [-1.5, 0.6]]),
                "covariances": Array(np.stack([S, 2 * S])),
            },
        ),
        "Empirical": (
            distributions.Empirical(X, 0.4),
            {"data": Array(X, sizes=True), "bandwidth": Number(0.4, "zero")},
        ),
        "StudentT": (
            distributions.StudentT(M, S, 3.5),
            {"location": vector, "shape": covariance, "dof": positive},
        ),
        "Laplace": (
            distributions.Laplace(M, 0.7),
            {"location": _each(M), "scale": _each([0.7, 1])},
        ),
        "Logistic": (
            distributions.Logistic(M, 0.7),
            {"location": _each(M), "scale": _each([0.7, 1])},
        ),
        "GeneralisedNormal": (
            distributions.GeneralisedNormal(M, 0.7, 3.0),
            {"location": _each(M), "scale": _each([0.7, 1]), "power": _each([3.0, 2.5])},
        ),
        "Uniform": (
            distributions.Uniform([0, 0], [2, 2]),
            {"low": _each([0, 0]), "high": _each([2, 2])},
        ),
        "SmoothedUniform": (
            distributions.SmoothedUniform([0, 0], [2, 2], 0.3),
            {
                "low": _each([0, 0]),
                "high": _each([2, 2]),
                "sigma": Number(0.3, "positive", array=True),
            },
        ),
        "TruncatedNormal": (
            distributions.TruncatedNormal(M, 1.5, 0, 3),
            {
                "mean": _each(M),
                "sd": _each([1.5, 1.0]),
                "low": Array([0.0, 0.0], scalar=True, infinite=True),
                "high": Array([3.0, 4.0], scalar=True, infinite=True),
            },
        ),
        "HalfNormal": (
            distributions.HalfNormal([0.7, 1.3]),
            {"sd": Array([0.7, 1.3], scalar=True, sizes=True)},
        ),
        "Funnel": (distributions.Funnel(2), {"dim": Count(2, 2), "scale": positive}),
        "Banana": (distributions.Banana(0.4, 1.2), {"curvature": number, "scale": positive}),
        "Ring": (distributions.Ring(2.0, 0.4), {"radius": positive, "width": positive}),
        "Arc": (
            distributions.Arc(2.0, 0.4, [0.1, -0.3], 0.7, 1.5),
            {
                "radius": positive,
                "width": positive,
                "centre": Array([0.1, -0.3], sizes=True),
                "direction": number,
                "concentration": Number(1.5, "zero"),
            },
        ),
        "TwoMoons": (
            distributions.TwoMoons(),
            {"radius": positive, "width": positive, "concentration": Number(2.0, "zero")},
        ),
        "Checkerboard": (
            distributions.Checkerboard(),
            {"side": positive, "sigma": positive},
        ),
        "Energy": (
            distributions.Energy(lambda x: (x**2).sum(-1), 2),
            {"energy": Object(lambda x: (x**2).sum(-1)), "dim": Count(2)},
        ),
        "ExponentialFamily": (
            distributions.ExponentialFamily(
                [-0.5],
                2,
                lambda x: (x**2).sum(-1)[:, None],
                lambda x: 2 * x[:, None],
                lambda x: np.tile(2 * np.eye(2), (len(x), 1, 1, 1)),
            ),
            {
                "theta": Array([-0.5], sizes=True),
                "dim": Count(2),
                "features": Object(lambda x: (x**2).sum(-1)[:, None]),
                "gradient": Object(lambda x: 2 * x[:, None]),
            },
        ),
    }
    quartic = distributions.Energy(lambda x: (x**4).sum(-1), 2)
    laws["Normalised"] = (
        quartic.normalise(-4, 4),
        {
            "law": Object(quartic), "low": Array([-4.0, -4.0], scalar=True),
            "high": Array([4.0, 4.0], scalar=True), "tolerance": Number(1e-8, "positive"),
        },
    )  # fmt: skip
    for name, (law, arguments) in laws.items():
        yield f"distributions.{name}", Call(getattr(distributions, name), arguments, _of_law)
        for method in ("log_density", "score", "score.jacobian", "score.divergence"):
            function = law
            for part in method.split("."):
                function = getattr(function, part)
            yield f"distributions.{name}.{method}", Call(function, {"x": x})
        yield f"distributions.{name}.score.jvp", Call(law.score.jvp, {"x": x, "v": v})
        if name not in ("Energy", "ExponentialFamily"):
            sample = Call(law.sample, {"n": Count(3, 0), "rng": Rng()})
            yield f"distributions.{name}.sample", sample
        diffuse = Call(law.diffuse, {"alpha": number, "sigma": at_least_0}, _of_law)
        if type(law).diffuse is not distributions.Distribution.diffuse:
            yield f"distributions.{name}.diffuse", diffuse


def _each(value):
    return Array(np.asarray(value, dtype=float), scalar=True)


def _of_law(law):
    return law.log_density(X)


def _discrete_calls():
    weights = np.array([[0.0, 0.7], [0.7, 0.0]])
    boltzmann = distributions.BoltzmannBinary(weights, [0.1, -0.4])
    bits = np.array([[0.0, 1.0], [1.0, 1.0]])
    categorical = distributions.Categorical([0.1, -2.0, 0.4])
    yield (
        "distributions.BoltzmannBinary",
        Call(
            distributions.BoltzmannBinary,
            {"weights": Array(weights), "biases": Array([0.1, -0.4])},
            lambda law: law.log_density(bits),
        ),
    )
    binary = {"x": Array(bits, rows=True)}
    yield "distributions.BoltzmannBinary.log_density", Call(boltzmann.log_density, binary)
    yield "distributions.BoltzmannBinary.odds", Call(boltzmann.conditional_log_odds, binary)
    yield (
        "distributions.BoltzmannBinary.sample",
        Call(boltzmann.sample, {"n": Count(3, 0), "rng": Rng()}),
    )
    yield (
        "distributions.Categorical",
        Call(
            distributions.Categorical,
            {"logits": Array([0.1, -2.0, 0.4], sizes=True, infinite=True)},
            lambda c: c.mean,
        ),
    )
    yield (
        "distributions.Categorical.sample",
        Call(categorical.sample, {"n": Count(3, 0), "rng": Rng()}),
    )


def _timed_network_calls():
    net, times = (
        networks.TimeMLP.initialise((2, 4, 3, 2), rng=0),
        Array([0.1, 0.2, 0.1], scalar=True),
    )
    wide, near = np.array([[0.6, -1.1, 0.2], [0.4, 0.9, -0.7]]), NETWORK.linearise(X)
    weights = {"value": Array(V, optional=True), "divergence": Array(V[:, 0], optional=True)}
    yield from {
        "networks.TimeMLP": Call(
            lambda weights, biases: networks.TimeMLP([weights, A], [biases, M]),
            {"weights": Array(wide), "biases": vector},
            lambda f: f(X, 0.5),
        ),
        "networks.TimeMLP.initialise": Call(
            lambda widths, rng: networks.TimeMLP.initialise((2, widths, 2), rng=rng),
            {"widths": Count(3), "rng": Rng()},
            lambda f: f(X, 0.5),
        ),
        "networks.TimeMLP.call": Call(net, {"x": x, "t": times}),
        "networks.TimeMLP.divergence": Call(net.divergence, {"x": x, "t": times}),
        "networks.TimeMLP.vjp": Call(net.vjp, {"x": x, "t": times, "v": v}),
        "networks.TimeMLP.vjp_parameters": Call(net.vjp_parameters, {"x": x, "t": times, "a": v}),
        "networks.TimeMLP.at": Call(net.at, {"t": number}, lambda f: f(X)),
        "networks.TimeMLP.with_parameters": Call(
            net.with_parameters, {"theta": Array(net.parameters)}, lambda f: f(X, 0.5)
        ),
        "networks.MLP.linearise.vjp": Call(near.vjp, {"w": v}),
        "networks.MLP.linearise.point_gradient": Call(near.point_gradient, weights),
        "networks.MLP.linearise.gradients": Call(near.gradients, weights),
    }.items()


def _exact_flow_calls():
    known = {
        "Linear": (flows.Linear(A, M), {"matrix": matrix, "offset": Array(M, optional=True)}),
        "Rotating": (flows.Rotating(A, 0.7), {"matrix": matrix, "frequency": number}),
        "Hopf": (flows.Hopf(0.8, -1.3), {"growth": number, "frequency": number}),
        "Cubic": (flows.Cubic(M), {"rate": Array(M, sizes=True)}),
        "Logistic": (flows.Logistic(M), {"rate": Array(M, sizes=True)}),
        "Sine": (flows.Sine(M), {"rate": Array(M, sizes=True)}),
        "Forced": (
            flows.Forced(M, M + 1, M - 1),
            {"rate": vector, "force": vector, "frequency": vector},
        ),
    }
    ends, times = {"t0": number, "t1": number}, Array([0.1, 0.2, 0.1], scalar=True)
    carried = flows.carried_density(flows.Hopf(0.8, -1.3), GAUSSIAN, 0.2)
    yield from {
        "flows.carried_density": Call(
            flows.carried_density,
            {"velocity": Object(flows.Hopf(0.8, -1.3)), "law": Object(GAUSSIAN), "t0": number},
            lambda p: p.log_density(0.3 * X, 0.6),
        ),
        "flows.continuity_residual": Call(
            flows.continuity_residual,
            {"velocity": Object(AFFINE), "log_density_at": Object(carried.log_density),
             "x": Array(0.3 * X, rows=True), "t": number},
        ),
    }.items()  # fmt: skip
    for name, (velocity, arguments) in known.items():
        theta = Array(velocity.parameters)
        yield from {
            f"flows.{name}": Call(getattr(flows, name), arguments, lambda f: f.parameters),
            f"flows.{name}.call": Call(velocity, {"x": x, "t": times}),
            f"flows.{name}.at": Call(velocity.at, {"t": number}, lambda f: f(X)),
            f"flows.{name}.flow": Call(velocity.flow, {"x": x, **ends}),
            f"flows.{name}.log_det": Call(velocity.log_det, {"x": x, **ends}),
            f"flows.{name}.with_parameters": Call(
                velocity.with_parameters, {"theta": theta}, lambda f: f.parameters
            ),
        }.items()


def _bijection_calls():
    knots = Array([[-1.0, 0.2, 1.0], [-2.0, 0.0, 0.5]])
    order, slopes = Array([1.0, 0.0]), Array([[1.0, 0.5, 2.0], [0.3, 1.0, 0.7]])
    net, masked = (
        flows.Conditioner.initialise((1, 3, 2), rng=0), flows.Conditioner.masked(2, (3,), rng=0)
    )  # fmt: skip
    off, linear = (flows.Conditioner.initialise((2, 2), rng=0),), flows.LinearFlow(A, M)
    layer = Object(linear, wrong=(A,))
    known = {
        "ActNorm": (flows.ActNorm, {"log_scale": vector, "shift": vector}),
        "AffineCoupling": (
            flows.AffineCoupling, {"conditioner": Object(net, wrong=off), "mask": order},
        ),
        "AutoregressiveAffine": (
            flows.AutoregressiveAffine, {"conditioner": Object(masked, wrong=off)},
        ),
        "ChannelMixing": (
            lambda matrix, height, width: flows.ChannelMixing(matrix, height, width).mixing,
            {"matrix": matrix, "height": Count(1), "width": Count(2)},
        ),
        "Composition": (lambda layers: flows.Composition(layers, linear), {"layers": layer}),
        "Conditioner": (
            lambda weights, biases: flows.Conditioner([weights, A], [biases, M]),
            {"weights": Array(A, sizes=True), "biases": vector},
        ),
        "Inverse": (flows.Inverse, {"of": layer}),
        "LUFlow": (
            flows.LUFlow,
            {"lower": matrix, "upper": matrix, "offset": Array(M, optional=True),
             "order": Array([1.0, 0.0], optional=True)},
        ),
        "LinearFlow": (flows.LinearFlow, {"matrix": matrix, "offset": Array(M, optional=True)}),
        "Planar": (flows.Planar, {"u": vector, "w": Array(np.abs(M[::-1])), "b": number}),
        "Radial": (
            flows.Radial, {"centre": Array(M, sizes=True), "alpha": positive, "beta": number},
        ),
        "SinhArcsinh": (flows.SinhArcsinh, {"skewness": vector, "log_tail": vector}),
        "Spline": (flows.Spline, {"x_knots": knots, "y_knots": knots, "slopes": slopes}),
    }  # fmt: skip
    for name, (make, arguments) in known.items():
        yield f"flows.{name}", Call(make, arguments, lambda f: f.parameters)
    c, theta = Array([0.3, -1.0, 0.5]), Array(linear.parameters)
    base = distributions.Gaussian(M, S)
    flow = flows.Flow(linear, base)
    yield from {
        "flows.Permutation": Call(flows.Permutation, {"order": order}, lambda f: f.forward(X)[0]),
        "flows.Standardise": Call(
            flows.Standardise, {"mean": vector, "deviations": Array(np.abs(M))},
            lambda f: f.forward(X)[0],
        ),
        "flows.Bijection.forward": Call(linear.forward, {"x": x}),
        "flows.Bijection.inverse": Call(linear.inverse, {"y": x}),
        "flows.Bijection.pullback": Call(
            linear.pullback, {"x": x, "y_cotangent": v, "log_det_cotangent": c}
        ),
        "flows.Bijection.inverse_pullback": Call(
            linear.inverse_pullback, {"y": x, "x_cotangent": v, "log_det_cotangent": c}
        ),
        "flows.Bijection.with_parameters": Call(
            linear.with_parameters, {"theta": theta}, lambda f: f.parameters
        ),
        "flows.Flow": Call(
            flows.Flow, {"bijection": layer, "base": Object(base, wrong=(GAUSSIAN_LINE,))},
            lambda f: f.parameters,
        ),
        "flows.Flow.log_density": Call(flow.log_density, {"x": x}),
        "flows.Flow.inverse": Call(flow.inverse, {"x": x}),
        "flows.Flow.sample": Call(flow.sample, {"n": Count(3, minimum=0), "rng": Rng()}),
        "flows.Flow.log_density_and_gradient": Call(flow.log_density_and_gradient, {"x": x}),
        "estimation.fit_flow": Call(
            estimation.fit_flow,
            {"flow": Object(flow), "data": Array(ROWS, sizes=True), "steps": Count(4),
             "batch_size": Count(3), "learning_rate": positive, "evaluate_every": Count(2),
             "patience": Count(3, optional=True), "held_out": Array(X, sizes=True), "rng": Rng(),
             "checkpoint_every": Count(2)},
            lambda f: f.parameters,
        ),
    }.items()  # fmt: skip


def _continuous_flow_calls():
    velocity, base = flows.Forced(M, M + 1, M - 1), distributions.Gaussian(M, S)
    flow = flows.ContinuousFlow(velocity, base, 0.2, 0.7, n_steps=2)
    made = {
        "velocity": Object(velocity, wrong=(lambda x, t: x, flows.Cubic([1.0]))),
        "base": Object(base, wrong=(GAUSSIAN_LINE,)), "t0": number, "t1": Number(0.7),
        "trace": Kind("exact"), "n_probes": Count(1), "gradient": Kind("adjoint"),
        "kinetic": at_least_0, "jacobian": at_least_0, "directional": at_least_0,
    }  # fmt: skip
    tolerances = {name: positive._replace(optional=True) for name in ("rtol", "atol")}
    probes = Array(np.stack([V, V - 0.5], axis=-2), optional=True)
    path = {"velocity": Object(velocity), "x": x, "t0": number, "t1": Number(0.7)}
    steps = {"method": Kind("heun"), "n_steps": Count(2, optional=True)}
    times = Array([0.2, 0.5, 0.7], sizes=True)

    def with_probes(method):
        return lambda x, probes: method(x, probes)

    yield from {
        "flows.ContinuousFlow": Call(
            flows.ContinuousFlow, {**made, **tolerances}, lambda f: f.log_density(X)
        ),
        "flows.ContinuousFlow.grid": Call(
            flows.ContinuousFlow,
            {**made, "n_steps": Count(2, optional=True)},
            lambda f: f.log_density(X),
        ),
        "flows.ContinuousFlow.log_density": Call(
            with_probes(flow.log_density), {"x": x, "probes": probes}
        ),
        "flows.ContinuousFlow.density": Call(
            flow.density, {"x": x, "rng": Rng()}, lambda found: found.log_density
        ),
        "flows.ContinuousFlow.inverse": Call(flow.inverse, {"x": x}),
        "flows.ContinuousFlow.forward": Call(flow.forward, {"z": x}),
        "flows.ContinuousFlow.forward_and_log_density": Call(
            flow.forward_and_log_density, {"z": x}, lambda found: found[1]
        ),
        "flows.ContinuousFlow.sample": Call(
            flow.sample, {"n": Count(3, 0), "rng": Rng(), "chunk": Count(2, optional=True)}
        ),
        "flows.ContinuousFlow.path": Call(flow.path, {"z": x, "times": times}),
        "flows.ContinuousFlow.score": Call(flow.score, {"x": x}),
        "flows.ContinuousFlow.log_density_on_grid": Call(
            flow.log_density_on_grid, {"x": x, "times": times, "rng": Rng()}
        ),
        "flows.ContinuousFlow.log_density_and_gradient": Call(
            flow.log_density_and_gradient, {"x": x}, lambda found: found.score
        ),
        "flows.ContinuousFlow.with_parameters": Call(
            flow.with_parameters, {"theta": Array(flow.parameters)}, lambda f: f.parameters
        ),
        "flows.probability_flow": Call(
            flows.probability_flow,
            {
                "process": Object(processes.VP(0.1, 2.0)),
                "score_at": Object(base),
                "base": Object(base, optional=True),
                "start": Number(0.1),
                "end": Number(0.4, optional=True),
                "n_steps": Count(2, optional=True),
                "method": Kind("heun"),
            },
            lambda f: f.log_density(X),
        ),
        "flows.kinetic_energy": Call(flows.kinetic_energy, {**path, **steps}),
        "flows.directional_energy": Call(flows.directional_energy, {**path, **steps}),
        "flows.jacobian_energy": Call(flows.jacobian_energy, {**path, "probes": probes, **steps}),
    }.items()


def _gradient_calls(velocity):
    path = {
        "velocity": velocity,
        "x0": x,
        "times": Array([0.1, 0.2, 0.5], sizes=True),
        "cotangent": v,
    }
    tolerances = {name: positive._replace(optional=True) for name in ("rtol", "atol")}
    cost = Object(ode.RunningCost(lambda x, t: x.sum(1), lambda x, t, w: (w[:, None] + 0 * x, 0)),
                  optional=True)  # fmt: skip
    ends = {"velocity": velocity, "x0": x, "t0": number, "t1": Number(0.7)}

    def read(found):
        return np.concatenate([np.ravel(part) for part in found[:2]])

    return {
        "ode.backpropagate": Call(ode.backpropagate, {**path, "method": Kind("rk4")}, read),
        "ode.backpropagate.adaptive": Call(
            ode.backpropagate,
            {**path, "rtol": Number(1e-5, "positive", True),
             "atol": Number(1e-5, "positive", True), "running": cost},
            read,
        ),
        "ode.checkpointed": Call(ode.checkpointed, {**path, "method": Kind("heun")}, read),
        "ode.adjoint": Call(ode.adjoint, {**ends, "cotangent": v, **tolerances}, read),
        "ode.adjoint.grid": Call(
            ode.adjoint,
            {**ends, "cotangent": v, "n_steps": Count(3), "method": Kind("rk3"),
             "reconstruct": Kind("store")},
            read,
        ),
        "ode.sensitivities": Call(ode.sensitivities, ends, lambda found: found.x0),
    }  # fmt: skip


def _ode_calls():
    velocity = Object(flows.Linear(A, M), wrong=(lambda x, t: x,))
    moving = flows.Forced(M, M + 1, M - 1)
    step = {
        "method": Kind("dormand_prince"), "velocity": velocity, "x": x, "t": number,
        "step_size": number,
    }  # fmt: skip
    tolerances = {name: positive._replace(optional=True) for name in ("rtol", "atol")}
    ends = {"t0": number, "t1": Number(0.7)}
    grid = {"velocity": velocity, "x0": x, **ends, "method": Kind("rk4"), "n_steps": Count(3)}
    both = {"keep": Kind("steps"), "max_steps": Count(1000)}
    kept = ode.solve(moving, X, 0.0, 1.0, keep="steps")

    def end(solution):
        return solution.x1

    yield from {
        "ode.tableau": Call(ode.tableau, {"method": Kind("heun")}, lambda method: method.A),
        "ode.runge_kutta_step": Call(ode.runge_kutta_step, step),
        "ode.runge_kutta_stages": Call(ode.runge_kutta_stages, step, lambda found: found.slopes),
        "ode.runge_kutta_error": Call(ode.runge_kutta_error, step),
        "ode.runge_kutta_interpolate": Call(
            ode.runge_kutta_interpolate, {**step, "fraction": Array([0.2, 0.5], sizes=True)}
        ),
        "ode.solve": Call(ode.solve, grid, end),
        "ode.solve.adaptive": Call(
            ode.solve,
            {"velocity": velocity, "x0": x, **ends, "method": Kind("tsitouras"), **tolerances,
             **both},
            end,
        ),
        "ode.solve.times": Call(
            lambda times: ode.solve(moving, X, 0.1, 0.5, times=times),
            {"times": Array([0.1, 0.2, 0.5], optional=True)},
            end,
        ),
        "ode.Solution.at": Call(kept.at, {"t": Number(0.4, array=True)}),
        "ode.solve_path": Call(
            ode.solve_path,
            {"velocity": velocity, "x0": x, "times": Array([0.1, 0.2, 0.5], sizes=True),
             "method": Kind("dop853"), **tolerances},
        ),
        "ode.solve_path.grid": Call(
            ode.solve_path,
            {"velocity": velocity, "x0": x, "times": Array([0.1, 0.2, 0.5], sizes=True),
             "method": Kind("rk3"), "n_steps": Count(2)},
        ),
        "ode.next_step_size": Call(
            ode.next_step_size,
            {"step_size": number, "error_ratio": at_least_0, "order": Count(5)},
        ),
        "ode.solve_scipy": Call(
            ode.solve_scipy,
            {"velocity": velocity, "x0": x, **ends, "method": Kind("Radau"), **tolerances},
            end,
        ),
        "ode.residual_network": Call(
            lambda blocks, step_size: ode.residual_network([blocks, blocks], step_size),
            {"blocks": velocity, "step_size": number},
            lambda network: network(X),
        ),
        "ode.picard": Call(
            ode.picard,
            {"velocity": velocity, "x0": x, "times": Array(np.linspace(0, 1, 5), sizes=True),
             "n_iterations": Count(3, 0)},
        ),
        **_gradient_calls(velocity),
        "ode.SquareRoot": Call(ode.SquareRoot, {"dim": Count(2)}, lambda field: field(X)),
        "ode.square_root_solution": Call(
            ode.square_root_solution, {"times": Array([0.1, 2.0], sizes=True), "wait": at_least_0}
        ),
    }.items()  # fmt: skip


def _field_calls():
    def value(field):
        return field(X)

    theta = AFFINE.parameters
    yield from {
        "fields.Affine": Call(
            f.Affine, {"matrix": matrix, "offset": Array(M, optional=True)}, value
        ),
        "fields.Affine.with_parameters": Call(
            AFFINE.with_parameters, {"theta": Array(theta)}, value
        ),
        "fields.Zero": Call(f.Zero, {"dim": Count(2)}, value),
        "fields.Function": Call(
            f.Function,
            {
                "function": Object(lambda x, theta: theta * x),
                "dim": Count(2),
                "parameters": Array([0.5], sizes=True, optional=True),
            },
            value,
        ),
        "fields.LinearInParameters": Call(
            f.LinearInParameters,
            {
                "features": Object(LINE._given[0]),
                "jacobians": Object(LINE._given[1]),
                "parameters": Array([1.0], sizes=True),
                "dim": Count(2),
            },
            value,
        ),
        "fields.LinearInParameters.features": Call(LINE.features, {"x": x}),
        "fields.LinearInParameters.feature_divergences": Call(LINE.feature_divergences, {"x": x}),
        "fields.Sum": Call(
            f.Sum, {"first": Object(AFFINE), "second": Object(NETWORK, wrong=(THREE,))}, value
        ),
        "fields.Scaled": Call(f.Scaled, {"factor": number, "field": Object(AFFINE)}, value),
        "fields.Restricted": Call(
            f.Restricted,
            {
                "field": Object(AFFINE, wrong=(THREE,)),
                "directions": Array(A, sizes=True),
                "origin": Array(M, optional=True),
            },
            value,
        ),
        "fields.Family": Call(f.Family, {"at": Object(lambda t: AFFINE)}, lambda g: g(X, 0.5)),
        "fields.Family.at": Call(f.Family(lambda t: t * AFFINE).at, {"t": number}, value),
        "fields.Family.call": Call(
            f.Family(lambda t: t * AFFINE), {"x": x, "t": Array([0.1, 0.2, 0.1], scalar=True)}
        ),
        "fields.Family.constant": Call(
            f.Family.constant, {"field": Object(AFFINE)}, lambda g: g(X, 0.5)
        ),
        "fields.Family.from_function": Call(
            f.Family.from_function,
            {"f": Object(lambda x, t: t * x), "dim": Count(2)},
            lambda g: g(X, 0.5),
        ),
        "fields.Family.diffused_scores": Call(
            f.Family.diffused_scores,
            {"law": LAW, "marginal": Object(VP.marginal)},
            lambda g: g(X, 0.5),
        ),
        "fields.as_velocity": Call(
            lambda value: f.as_velocity(value, "value"),
            {"value": Object(AFFINE)},
            lambda g: g(X, 0.5),
        ),
        "networks.MLP": Call(
            lambda weights, biases: networks.MLP([weights, A], [biases, M]),
            {"weights": matrix, "biases": vector},
            value,
        ),
        "networks.MLP.initialise": Call(
            lambda widths, rng: networks.MLP.initialise((2, widths, 2), rng=rng),
            {"widths": Count(3), "rng": Rng()},
            value,
        ),
    }.items()
    for name, field in {"Affine": AFFINE, "MLP": NETWORK, "Sum": AFFINE + NETWORK}.items():
        near = field.linearise(X)
        home = "networks" if name == "MLP" else "fields"
        yield from {
            f"{home}.{name}.call": Call(field, {"x": x}),
            f"{home}.{name}.jvp": Call(field.jvp, {"x": x, "v": v}),
            f"{home}.{name}.vjp": Call(field.vjp, {"x": x, "v": v}),
            f"{home}.{name}.jacobian": Call(field.jacobian, {"x": x}),
            f"{home}.{name}.divergence": Call(field.divergence, {"x": x}),
            f"{home}.{name}.linearise": Call(field.linearise, {"x": x}, lambda n: n.value),
            f"{home}.{name}.linearise.jvp": Call(near.jvp, {"v": Array(V, rows=True)}),
            f"{home}.{name}.linearise.gradient": Call(
                near.gradient,
                {
                    "value": Array(V, optional=True),
                    "divergence": Array([1.0, 2.0, 3.0], optional=True),
                },
            ),
        }.items()


def _node_calls():
    def weights_and_points(n):
        return np.concatenate([n.points.ravel(), n.weights])

    sample = {"n": Count(4), "rng": Rng()}
    yield from {
        "nodes.Nodes": Call(
            nodes.Nodes,
            {"points": Array(X, sizes=True), "weights": Array([0.2, 0.3, 0.5])},
            weights_and_points,
        ),
        "nodes.Nodes.mean": Call(NODES.mean, {"values": Array([1.0, 2.0, 3.0])}),
        "nodes.Nodes.under": Call(
            NODES.under, {"log_density": Object(GAUSSIAN.log_density)}, weights_and_points
        ),
        "nodes.monte_carlo": Call(nodes.monte_carlo, {"law": LAW, **sample}, weights_and_points),
        "nodes.signs": Call(nodes.signs, {"dim": Count(3)}, weights_and_points),
        "nodes.enumerate_binary": Call(
            nodes.enumerate_binary, {"dim": Count(3)}, weights_and_points
        ),
        "nodes.gauss_hermite": Call(
            nodes.gauss_hermite, {"law": LAW, "order": Count(3)}, weights_and_points
        ),
        "nodes.trapezoid": Call(
            nodes.trapezoid,
            {
                "low": Array([-1.0, 0.0]),
                "high": Array([1.0, 2.0]),
                "n": Count(3),
            },
            weights_and_points,
        ),
        "nodes.quasi_monte_carlo": Call(
            nodes.quasi_monte_carlo, {"law": LAW, **sample}, weights_and_points
        ),
        "nodes.gaussian_components": Call(nodes.gaussian_components, {"law": LAW}, lambda c: c[1]),
    }.items()


def _trace_calls():
    probes = Array(ROWS, optional=True, rows=True, complex=True)
    drawn = {"rng": Rng(), "n_probes": Count(3), "probe": Kind("gaussian")}
    matrix_c = Array(A, complex=True)

    def estimate(e):
        return np.append(e.estimate, e.standard_error)

    yield from {
        "traces.exact_trace": Call(traces.exact_trace, {"A": matrix_c}, estimate),
        "traces.hutchinson": Call(traces.hutchinson, {"A": matrix_c, "probes": probes}, estimate),
        "traces.hutchinson.drawn": Call(traces.hutchinson, {"A": matrix_c, **drawn}, estimate),
        "traces.hutch_plus_plus": Call(
            traces.hutch_plus_plus,
            {"A": matrix, "probes": Array(ROWS, optional=True, rows=True)},
            estimate,
        ),
        "traces.hutch_plus_plus.drawn": Call(
            traces.hutch_plus_plus,
            {"A": matrix, "n_products": Count(6, 3), "rng": Rng(), "probe": Kind("gaussian")},
            estimate,
        ),
        "traces.xtrace": Call(
            traces.xtrace, {"A": matrix, "probes": Array(ROWS, optional=True, rows=True)}, estimate
        ),
        "traces.xtrace.drawn": Call(
            traces.xtrace,
            {"A": matrix, "n_products": Count(6, 4), "rng": Rng(), "probe": Kind("gaussian")},
            estimate,
        ),
        "traces.diagonal": Call(traces.diagonal, {"A": matrix_c, "probes": probes}, estimate),
        "traces.diagonal_variance": Call(
            traces.diagonal_variance, {"matrix": matrix_c, "kind": Kind("gaussian")}
        ),
        "traces.curvature_propagation": Call(
            traces.curvature_propagation,
            {"factor": Array(A, sizes=True), "probes": probes},
            estimate,
        ),
        "traces.curvature_propagation_variance": Call(
            traces.curvature_propagation_variance,
            {"factor": Array(A, sizes=True), "kind": Kind("gaussian")},
        ),
        "traces.divergence_estimate": Call(
            traces.divergence_estimate,
            {"field": FIELD, "x": x, "probes": Array(PROBES, optional=True)},
        ),
        "traces.divergence_estimate.drawn": Call(
            traces.divergence_estimate, {"field": FIELD, "x": x, **drawn}
        ),
        "traces.jacobian_operator": Call(
            traces.jacobian_operator, {"field": FIELD, "x": vector}, lambda a: a(V)
        ),
        "traces.draw_probes": Call(
            lambda shape, kind, rng: traces.draw_probes((2, shape), kind, rng=rng),
            {"shape": Count(3), "kind": Kind("sphere"), "rng": Rng()},
        ),
        "traces.variance": Call(traces.variance, {"matrix": matrix_c, "kind": Kind("rademacher")}),
    }.items()


def _objective_calls():
    probes = Array(PROBES, optional=True)
    losses = {
        "fisher_loss": {"field": FIELD, "target": Object(GAUSSIAN.score), "x": x},
        "implicit_loss": {"field": FIELD, "x": x},
        "sliced_loss": {"field": FIELD, "x": x, "probes": probes},
        "variance_reduced_sliced_loss": {"field": FIELD, "x": x, "probes": probes},
        "denoising_loss": {
            "field": FIELD, "x": x, "sigma": Number(0.5, "positive", array=True),
            "noise": Array(V, optional=True),
        },
        "explicit_loss": {
            "field": FIELD, "x": x, "data": Array(ROWS, rows=True),
            "bandwidth": Number(0.5, "positive"),
        },
        "gaussian_denoising_loss": {
            "field": FIELD, "x": x, "scale": number, "covariance": covariance,
            "noise": Array(V, optional=True),
        },
        "controlled_denoising_loss": {
            "field": FIELD, "x": x, "sigma": Number(0.5, "positive", array=True),
            "noise": Array(V, optional=True),
        },
        "noisy_implicit_loss": {
            "field": FIELD, "x": x, "sigma": Number(0.5, "positive", array=True),
            "noise": Array(V, optional=True),
        },
        "regularised_implicit_loss": {"field": FIELD, "x": x, "strength": at_least_0},
        "finite_difference_loss": {
            "field": FIELD, "x": x, "step": positive, "probes": probes,
        },
    }  # fmt: skip
    for name, arguments in losses.items():
        for tail in ("", "_gradient", "_and_gradient"):
            function = getattr(objectives, name + tail)
            read = (lambda pair: np.append(pair[0], pair[1])) if tail == "_and_gradient" else None
            yield f"objectives.{name}{tail}", Call(function, arguments, read)
    yield (
        "objectives.sliced_loss.drawn",
        Call(
            objectives.sliced_loss,
            {"field": FIELD, "x": x, "rng": Rng(), "n_probes": Count(2), "probe": Kind("sphere")},
        ),
    )
    yield (
        "objectives.curvature_propagation_loss",
        Call(
            objectives.curvature_propagation_loss,
            {"field": FIELD, "x": x, "factor": Array(A, sizes=True), "probes": probes},
        ),
    )
    slope = Array(np.arange(24.0).reshape(2, 2, 6) / 24, sizes=True)
    for tail in ("_gradient", "_and_gradient"):
        yield (
            f"objectives.curvature_propagation_loss{tail}",
            Call(
                getattr(objectives, f"curvature_propagation_loss{tail}"),
                {"field": Object(AFFINE), "x": x, "factor": Array(A, sizes=True),
                 "factor_gradient": slope, "probes": probes},
                (lambda pair: np.append(pair[0], pair[1])) if tail == "_and_gradient" else None,
            ),
        )  # fmt: skip
    yield (
        "objectives.fisher_divergence",
        Call(
            objectives.fisher_divergence,
            {"field": Object(AFFINE, wrong=(THREE,)), "law": LAW, "nodes": Object(NODES, True)},
        ),
    )


def _bounded_calls():
    cap, end = Number(0.5, "positive"), Array([2.0, 3.0], scalar=True)
    start = Array([-1.0, 0.0], scalar=True)
    weight = Object(objectives.log_weight())
    arguments = {"field": FIELD, "x": x, "weight": weight}
    pairs, reading = (lambda pair: np.append(pair[0], pair[1])), (lambda h: h(X))
    bits = Array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], rows=True)
    model = objectives.BoltzmannLogOdds([[0.0, 0.7], [0.7, 0.0]], M)
    odds = Object(model)
    yield from {
        "objectives.bounded_loss": Call(objectives.bounded_loss, arguments),
        "objectives.bounded_loss_gradient": Call(objectives.bounded_loss_gradient, arguments),
        "objectives.bounded_loss_and_gradient": Call(
            objectives.bounded_loss_and_gradient, arguments, pairs
        ),
        **{
            f"objectives.simplex_loss{tail}": Call(
                getattr(objectives, f"simplex_loss{tail}"),
                {"field": FIELD, "x": Array([[0.2, 0.5], [0.1, 0.1], [0.3, 0.7]], rows=True),
                 "weight": Kind("product")},
                pairs if tail == "_and_gradient" else None,
            )
            for tail in ("", "_gradient", "_and_gradient")
        },
        "objectives.bounded_loss.functions": Call(
            objectives.bounded_loss,
            {"field": FIELD, "x": x, "weight": Object(np.square),
             "weight_derivative": Object(lambda x: 2 * x)},
        ),
        "objectives.boundary_term": Call(
            objectives.boundary_term,
            {"field": Object(f.Affine([[1.0]], [0.5]), wrong=(THREE,)),
             "law": Object(distributions.Uniform([0.0], [2.0]), wrong=(GAUSSIAN,))},
        ),
        "objectives.Weight": Call(
            objectives.Weight,
            {"value": Object(np.square), "derivative": Object(lambda x: 2 * x),
             "low": Array(0.0, scalar=True, infinite=True, sizes=True)},
            reading,
        ),
        "objectives.power_weight": Call(objectives.power_weight, {"exponent": positive}, reading),
        "objectives.capped_weight": Call(objectives.capped_weight, {"cap": cap}, reading),
        "objectives.log_weight": Call(objectives.log_weight, {}, reading),
        "objectives.box_weight": Call(
            objectives.box_weight, {"low": start, "high": end}, reading
        ),
        "objectives.distance_weight": Call(
            objectives.distance_weight, {"low": start, "high": end}, reading
        ),
        "objectives.ratio_loss": Call(objectives.ratio_loss, {"log_odds": odds, "x": bits}),
        "objectives.ratio_loss_and_gradient": Call(
            objectives.ratio_loss_and_gradient, {"log_odds": odds, "x": bits}, pairs
        ),
        "objectives.ratio_loss_gradient": Call(
            objectives.ratio_loss_gradient, {"log_odds": odds, "x": bits}
        ),
        "objectives.BoltzmannLogOdds": Call(
            objectives.BoltzmannLogOdds,
            {"weights": Array([[0.0, 0.7], [0.7, 0.0]]), "biases": vector},
            lambda u: u(np.array([[0.0, 1.0]])),
        ),
        "objectives.BoltzmannLogOdds.call": Call(model, {"x": bits}),
        "objectives.BoltzmannLogOdds.with_parameters": Call(
            model.with_parameters, {"theta": Array([0.1, 0.2, 0.3])}, lambda u: u.parameters
        ),
        "objectives.BoltzmannLogOdds.pullback": Call(
            model.pullback, {"x": bits, "a": v}
        ),
    }.items()  # fmt: skip


def _ladder_calls():
    family, sigmas, levels = f.PerLevel([AFFINE, NETWORK], [2.0, 0.5]), Array([2.0, 0.5]), [1, 0, 1]
    for tail in ("", "_gradient", "_and_gradient"):
        read = (lambda pair: np.append(pair[0], pair[1])) if tail == "_and_gradient" else None
        arguments = {
            "family": Object(family, wrong=(NETWORK,)), "x": Array(X, rows=True),
            "levels": Array(levels, optional=True), "sigmas": sigmas,
        }  # fmt: skip
        given, loss = {"noise": Array(V, optional=True)}, getattr(objectives, f"ladder_loss{tail}")
        yield f"objectives.ladder_loss{tail}", Call(loss, arguments | given, read)
        drawn = Call(loss, arguments | {"rng": Rng()}, read)
        yield f"objectives.ladder_loss{tail}.drawn", drawn
    any_size = Array([0.2, 0.9], sizes=True, scalar=True)
    level = Number(0.5, "positive", array=True)
    net = networks.ConditionalMLP.initialise((2, 4, 2), rng=0)
    yield from {
        "objectives.sigma_squared_weight": Call(
            objectives.sigma_squared_weight, {"sigmas": any_size}
        ),
        "objectives.likelihood_weight": Call(
            objectives.likelihood_weight, {"process": Object(VP), "t": any_size}
        ),
        "objectives.min_snr_weight": Call(
            objectives.min_snr_weight,
            {"snr": any_size, "gamma": positive, "prediction": Kind("velocity")},
        ),
        "objectives.edm_weight": Call(
            objectives.edm_weight, {"sigmas": any_size, "sigma_data": positive}
        ),
        "objectives.score_weight": Call(
            objectives.score_weight,
            {"weight": any_size, "target": Kind("data"), "alpha": level, "sigma": level},
        ),
        "objectives.uncertainty_loss": Call(
            objectives.uncertainty_loss,
            {"squares": any_size, "log_variance": Number(0.5, array=True)},
        ),
        "objectives.geometric_sigmas": Call(
            objectives.geometric_sigmas,
            {"sigma_max": Number(3.0, "positive"), "sigma_min": positive, "n": Count(4, 2)},
        ),
        "objectives.log_uniform_sigmas": Call(
            objectives.log_uniform_sigmas,
            {
                "uniforms": any_size,
                "sigma_min": positive,
                "sigma_max": Number(3.0, "positive"),
            },
        ),
        "objectives.edm_sigmas": Call(
            objectives.edm_sigmas, {"normals": any_size, "p_mean": number, "p_std": positive}
        ),
        "objectives.draw_levels": Call(
            objectives.draw_levels, {"n": Count(4, 0), "n_levels": Count(3), "rng": Rng()}
        ),
        "networks.edm_preconditioning": Call(
            networks.edm_preconditioning, {"sigma": any_size, "sigma_data": positive}
        ),
        "networks.ConditionalMLP": Call(
            lambda weights, biases, **options: networks.ConditionalMLP(
                [weights, A], [biases, M], **options
            ),
            {
                "weights": Array(np.ones((2, 5))),
                "biases": vector,
                "sigma_data": positive,
                "frequencies": Array([3.0]),
                "reading": Kind("denoiser"),
            },
            lambda made: made(X, 0.5),
        ),
        "networks.ConditionalMLP.initialise": Call(
            lambda widths, rng: networks.ConditionalMLP.initialise((2, widths, 2), rng=rng),
            {"widths": Count(3), "rng": Rng()},
            lambda made: made(X, 0.5),
        ),
        "networks.ConditionalMLP.at": Call(net.at, {"sigma": positive}, lambda field: field(X)),
        "networks.ConditionalMLP.call": Call(net, {"x": x, "sigma": level}),
        "fields.PerLevel": Call(
            f.PerLevel,
            {
                "fields": Object([AFFINE, NETWORK], wrong=([AFFINE, THREE], [AFFINE])),
                "sigmas": sigmas,
            },
            lambda made: made(X, 0.5),
        ),
        "fields.PerLevel.at": Call(family.at, {"sigma": positive}, lambda field: field(X)),
    }.items()


def _conditioning_calls():
    seen = {"H": Array(A, sizes=True), "y": vector, "noise_covariance": Array(S, scalar=True)}
    score = Object(MIXTURE.score, wrong=(THREE,))
    yield from {
        "bayes.denoise": Call(
            bayes.denoise,
            {"score": score, "y": x, "alpha": number, "sigma": at_least_0},
            lambda d: d.mean,
        ),
        "bayes.posterior": Call(
            bayes.posterior, {"law": Object(MIXTURE), **seen, "weight": at_least_0}, _of_law
        ),
        "bayes.likelihood_score": Call(bayes.likelihood_score, seen, lambda s: s(X)),
        "bayes.guided_score": Call(
            bayes.guided_score,
            {"score": Object(MIXTURE.score), "likelihood_score": score, "weight": number},
            lambda s: s(X),
        ),
        "recovery.log_density_from_score": Call(
            recovery.log_density_from_score,
            {
                "score": score, "x": x, "x0": vector, "breakpoints": Array([0.3, 0.6], sizes=True),
                "tolerance": tolerance,
            },
        ),
        "recovery.circulation": Call(
            recovery.circulation, {"field": score, "vertices": Array(X), "tolerance": tolerance}
        ),
        "recovery.normalise": Call(
            recovery.normalise,
            {
                "log_density": Object(GAUSSIAN.log_density), "low": Array([-2.0, -1.0]),
                "high": Array([1.0, 2.0]), "pieces": Count(2), "tolerance": tolerance,
            },
        ),
        "calculus.curl": Call(calculus.curl, {"field": FIELD, "x": x}),
        "calculus.symmetric_part": Call(calculus.symmetric_part, {"field": FIELD, "x": x}),
        "calculus.conservative_projection": Call(
            calculus.conservative_projection,
            {"matrix": matrix, "offset": vector, "mean": vector, "covariance": covariance},
            lambda pair: np.append(pair[0], pair[1]),
        ),
        **_discrepancy_calls(),
        "discrepancies.wasserstein_gaussian": Call(
            discrepancies.wasserstein_gaussian,
            {"p": LAW, "q": Object(MIXTURE, wrong=(distributions.Gaussian([0.0], 1.0),))},
        ),
    }.items()  # fmt: skip


def _discrepancy_calls():
    points, others = Array(ROWS, rows=True), Array(X, rows=True)
    rows, few = Array([0.1, 0.2, 0.4, 0.3], optional=True), Array([0.5, 0.2, 0.3], optional=True)
    line, short = Array([0.4, -1.0, 2.0, 0.7], sizes=True), Array([1.5, -0.3, 0.2], sizes=True)
    switches = {"statistic": Kind("U"), "progress": Kind(False)}
    pair = {"x": points, "y": others, "x_weights": rows, "y_weights": few, **switches}
    return {
        "discrepancies.kernel_stein": Call(
            discrepancies.kernel_stein,
            {"score": Object(GAUSSIAN.score), "x": points, "kernel": Kind("imq"),
             "bandwidth": positive, "exponent": positive, "weights": rows, **switches},
        ),
        "discrepancies.kernel_stein.scores": Call(
            discrepancies.kernel_stein, {"score": v, "x": others, "kernel": Kind("rbf")}
        ),
        "discrepancies.mmd": Call(
            discrepancies.mmd,
            {**pair, "kernel": Kind("rbf"), "bandwidth": Number(0.5, "positive", optional=True),
             "exponent": positive},
        ),
        "discrepancies.mmd.energy": Call(
            discrepancies.mmd, {"x": points, "y": others, "kernel": Kind("energy")}
        ),
        "discrepancies.energy_distance": Call(discrepancies.energy_distance, pair),
        "discrepancies.median_bandwidth": Call(
            discrepancies.median_bandwidth, {"x": points, "y": Array(X, rows=True, optional=True)}
        ),
        "discrepancies.kolmogorov_smirnov": Call(
            discrepancies.kolmogorov_smirnov,
            {"x": line, "other": short, "weights": rows, "other_weights": few},
        ),
        "discrepancies.wasserstein_1d": Call(
            discrepancies.wasserstein_1d,
            {
                "x": line, "y": short, "p": Array(2.0, infinite=True),
                "x_weights": rows, "y_weights": few,
            },
        ),
        "discrepancies.wasserstein_quantile": Call(
            discrepancies.wasserstein_quantile,
            {"x": line, "quantile": Object(np.log1p), "p": Array(2.0), "weights": rows},
        ),
    }  # fmt: skip


def _chain_calls():
    start = {"mean0": vector, "covariance0": covariance}

    def moments(law):
        return np.append(law.mean, law.covariance)

    for name in langevin.spellings.__dict__:
        if "_from_" in name:
            argument = name.split("_from_")[1]
            function = getattr(langevin.spellings, name)
            yield f"langevin.spellings.{name}", Call(function, {argument: positive})
    yield from {
        "langevin.ula": Call(
            langevin.ula,
            {"score": Object(GAUSSIAN.score), "step_size": positive},
            lambda step: step(X, V),
        ),
        "langevin.ula.step": Call(
            lambda x, noise: STEP(x, noise), {"x": x, "noise": Array(V, infinite=True)}
        ),
        "langevin.run": Call(
            langevin.run,
            {
                "step": Object(STEP), "x0": Array(X, sizes=True), "n_steps": Count(5, 0),
                "rng": Rng(), "burn_in": Count(1, 0), "thin": Count(2),
                "memory_limit": Number(1e9, "positive", infinite=True),
            },
            lambda run: run.x,
        ),
        "laws.AffineStep": Call(
            lambda x, noise: exact.AffineStep(A, M, A)(x, noise), {"x": x, "noise": v}
        ),
        "laws.affine_map_of": Call(
            exact.affine_map_of, {"step": Object(STEP), "dim": Count(2)}, lambda s: s.matrix
        ),
        "laws.affine_law": Call(
            exact.affine_law, {"step": Object(STEP), **start, "n_steps": Count(3, 0)}, moments
        ),
        "laws.affine_law.matrices": Call(
            lambda matrix, offset, noise_matrix: exact.affine_law(
                exact.AffineStep(matrix, offset, noise_matrix), M, S, 2
            ),
            {"matrix": matrix, "offset": vector, "noise_matrix": Array(A, sizes=True)},
            moments,
        ),
        "laws.stationary_law": Call(
            exact.stationary_law, {"step": Object(STEP), "dim": Count(2)}, moments
        ),
        "laws.langevin_law": Call(
            exact.langevin_law,
            {"law": LAW, "step_size": positive, "n_steps": Count(3, 0), **start},
            moments,
        ),
        "laws.langevin_stationary": Call(
            exact.langevin_stationary, {"law": LAW, "step_size": positive}, moments
        ),
    }.items()  # fmt: skip


def _exact_law_calls():
    def moments(law):
        return np.append(law.mean, law.covariance)

    def columns(step):
        return np.concatenate([step.matrix.ravel(), step.offset, step.noise_matrix.ravel()])

    law, steps = {"law": LAW, "step_size": positive}, {"n_steps": Count(3, 0)}
    start = {"mean0": vector, "covariance0": covariance}
    sigmas = {"sigmas": Array([2.0, 1.0], sizes=True)}
    scheme, leapfrog = {"scheme": Kind("OBABO")}, {"n_leapfrog": Count(3)}
    line = distributions.GaussianMixture([0.6, 0.4], [[2.0], [-2.0]], [[[0.5]], [[0.3]]])
    grid, ends = np.linspace(-9, 9, 301), {"low": Number(-12.0), "high": Number(12.0)}
    uniform = exact.uniform_start(-1.0, 2.0)
    points, density = {"points": Array([-1.0, 0.5], sizes=True)}, np.exp(-grid * grid / 2)
    density /= density.sum() * (grid[1] - grid[0])
    operator = {"score": Object(line.score), "step_size": positive, "grid": Array(grid, sizes=True)}
    chain = {"score": Object(line.score), "step_size": positive, "n_steps": Count(2),
             "start": Object(uniform), **points, **ends}  # fmt: skip

    def once(T):
        return T.apply(density)

    yield from {
        "laws.preconditioned_law": Call(
            exact.preconditioned_law, law | {"preconditioner": covariance} | steps | start, moments
        ),
        "laws.preconditioned_stationary": Call(
            exact.preconditioned_stationary, law | {"preconditioner": covariance}, moments
        ),
        "laws.sgld_step": Call(exact.sgld_step, law | {"gradient_covariance": covariance}, columns),
        "laws.annealed_law": Call(
            exact.annealed_law, law | sigmas | {"n_steps_each": Count(2)} | start, moments
        ),
        "laws.kinetic_step": Call(
            exact.kinetic_step, law | {"friction": at_least_0} | scheme, columns
        ),
        "laws.kinetic_stationary": Call(exact.kinetic_stationary, law | scheme, moments),
        "laws.unadjusted_hmc_step": Call(exact.unadjusted_hmc_step, law | leapfrog, columns),
        "laws.unadjusted_hmc_stationary": Call(exact.unadjusted_hmc_stationary, law, moments),
        "laws.mala_acceptance": Call(exact.mala_acceptance, law),
        "laws.random_walk_acceptance": Call(
            exact.random_walk_acceptance, {"law": LAW, "scale": positive}
        ),
        "laws.hmc_acceptance": Call(exact.hmc_acceptance, law | leapfrog),
        "laws.stability_limit": Call(exact.stability_limit, {"law": LAW}),
        "laws.wasserstein_bias": Call(exact.wasserstein_bias, law),
        "laws.autocorrelation_time": Call(
            exact.autocorrelation_time, law | {"direction": Array(M, optional=True)}
        ),
        "laws.signal_to_noise": Call(exact.signal_to_noise, law | sigmas),
        "laws.TransferOperator": Call(exact.TransferOperator, operator, once),
        "laws.transfer_operator": Call(exact.transfer_operator, operator, once),
        "laws.uniform_start": Call(
            exact.uniform_start, {**ends, "n": Count(30)}, lambda nodes: nodes.points
        ),
        "laws.point_start": Call(
            exact.point_start, {"x": Number(0.5)}, lambda nodes: nodes.points
        ),
        "laws.chain_distribution": Call(exact.chain_distribution, chain),
        "laws.chain_density": Call(exact.chain_density, chain),
        "laws.annealed_distribution": Call(
            exact.annealed_distribution,
            {"score_at": Object(lambda x, sigma: line.diffuse(1.0, sigma).score(x)), **sigmas,
             "step_size": positive, "n_steps_each": Count(2, 2), "start": Object(uniform),
             **points, **ends},
        ),
    }.items()  # fmt: skip


def _sampler_calls():
    p, s, L = Object(GAUSSIAN.log_density), Object(GAUSSIAN.score), langevin
    normal, chance = np.array(V), np.linspace(0.1, 0.9, len(X))
    both = np.concatenate([X, V], axis=-1)
    density = {"log_density": p, "score": s}
    ladder = {"sigmas": Array([2.0, 1.0], sizes=True), "step_size": positive}

    def moved(*noise):
        return lambda step: step(X, noise if len(noise) > 1 else noise[0])

    yield from {
        "langevin.preconditioned": Call(
            L.preconditioned,
            {"score": s, "step_size": positive, "preconditioner": covariance}, moved(normal),
        ),
        "langevin.gradient_ascent": Call(
            L.gradient_ascent, {"score": s, "step_size": positive}, moved(None)
        ),
        "langevin.mala": Call(
            L.mala, density | {"step_size": positive}, moved(normal, chance)
        ),
        "langevin.random_walk": Call(
            L.random_walk, {"log_density": p, "scale": positive}, moved(normal, chance)
        ),
        "langevin.barker": Call(
            L.barker, density | {"scale": positive}, moved(normal, np.abs(normal) % 1, chance)
        ),
        "langevin.hmc": Call(
            L.hmc, density | {"step_size": positive, "n_leapfrog": Count(3)},
            moved(normal, chance),
        ),
        "langevin.leapfrog": Call(
            L.leapfrog,
            {"score": s, "x": x, "v": v, "step_size": positive, "n_leapfrog": Count(3)},
        ),
        "langevin.underdamped": Call(
            L.underdamped,
            {
                "score": s, "step_size": positive, "friction": Number(0.7, "zero"),
                "scheme": Kind("BAOAB"),
            },
            lambda step: step(both, normal),
        ),
        "langevin.sgld": Call(
            L.sgld,
            {"gradient": Object(lambda y, xi: GAUSSIAN.score(y) + xi), "step_size": positive},
            moved(normal, normal),
        ),
        "langevin.minibatch_score": Call(
            L.minibatch_score,
            {
                "prior_score": Object(GAUSSIAN.score, optional=True),
                "likelihood_score": Object(lambda y, data: data - y), "data": Array(X, sizes=True),
                "batch_size": Count(2),
            },
            lambda gradient: gradient(X, np.stack([chance, chance], axis=-1)),
        ),
        "langevin.corrector": Call(
            L.corrector, {"score": s, "snr": positive, "alpha": positive, "norm": Kind("row")},
            moved(normal),
        ),
        "langevin.annealed_step_sizes": Call(L.annealed_step_sizes, ladder),
        "langevin.annealed": Call(
            L.annealed,
            ladder | {
                "score_at": Object(lambda y, sigma: GAUSSIAN.diffuse(1, sigma).score(y)),
                "x0": Array(X, sizes=True), "n_steps_each": Count(2), "rng": Rng(),
            },
            lambda run: run.x,
        ),
        "langevin.acceptance": Call(
            L.acceptance,
            {"log_ratio": Array([-1.0, 0.5], infinite=True, scalar=True, rows=True, sizes=True)},
        ),
        "langevin.metropolis_log_ratio": Call(
            L.metropolis_log_ratio, density | {"x": x, "proposal": v, "step_size": positive}
        ),
    }.items()  # fmt: skip


def _diffusion_calls():
    process, t = Object(VP), Array(0.3, scalar=True, rows=True)
    score_at, when = Object(MIXTURE), Number(0.3, "zero")
    solve = {"process": process, "score_at": score_at, "x": x, "start": Number(0.1, "zero"),
             "end": Number(0.2, "zero", optional=True)}  # fmt: skip
    options = {"rtol": tolerance, "atol": tolerance}
    for made in (
        VP, processes.VE(), processes.VE(exact=True), processes.SubVP(), processes.EDM(0.9),
        processes.Straight(), processes.Cosine(),
    ):  # fmt: skip
        name = f"processes.{type(made).__name__}"
        later, snr = Array(0.6, scalar=True, rows=True), float(made.log_snr(0.3))
        yield f"{name}.transition{made!r}", Call(made.transition, {"t": t, "s": later})
        yield (
            f"{name}.time_at{made!r}",
            Call(made.time_at, {"log_snr": Array(snr, scalar=True, rows=True, infinite=True)}),
        )
        for method in ("marginal", "drift_rate", "diffusion", "marginal_rates", "log_snr"):
            yield f"{name}.{method}{made!r}", Call(getattr(made, method), {"t": t})
        at = Array([0.1, 0.2, 0.3], scalar=True)
        yield f"{name}.drift{made!r}", Call(made.drift, {"x": Array(X, sizes=True), "t": at})
    yield from {
        "processes.VP": Call(
            processes.VP,
            {"beta_min": at_least_0, "beta_max": positive},
            lambda p: p.marginal(0.3)[0],
        ),
        "processes.VP.beta": Call(VP.beta, {"t": t}),
        "processes.VE": Call(
            processes.VE,
            {"sigma_min": Number(0.1, "positive"), "sigma_max": positive},
            lambda p: p.marginal(0.3)[1],
        ),
        "diffusion.diffused": Call(
            diffusion.diffused, {"process": process, "law": LAW, "t": when}, _of_law
        ),
        "diffusion.flow_velocity": Call(
            diffusion.flow_velocity,
            {"process": process, "score_at": score_at},
            lambda velocity: velocity(X, 0.3),
        ),
        "diffusion.flow_velocity.call": Call(
            lambda x, t: diffusion.flow_velocity(VP, MIXTURE)(x, t), {"x": x, "t": when}
        ),
        "diffusion.flow_map": Call(
            diffusion.flow_map,
            {"law": LAW, "process": process, "s": when, "t": Number(0.5, "zero")},
            lambda flow: flow(X),
        ),
        "diffusion.GaussianFlow": Call(diffusion.flow_map(GAUSSIAN, VP, 0.1, 0.3), {"x": x}),
        "diffusion.encode": Call(diffusion.encode, {**solve, **options}),
        "diffusion.decode": Call(diffusion.decode, {**solve, **options}),
        "diffusion.log_likelihood": Call(
            diffusion.log_likelihood, {**solve, "probes": Array(PROBES, optional=True)}
        ),
        "diffusion.likelihood": Call(
            diffusion.likelihood,
            {**solve, "rng": Rng(), "n_probes": Count(2), "probe": Kind("gaussian")},
            lambda found: found.log_density,
        ),
        "diffusion.likelihood_errors": Call(
            diffusion.likelihood_errors,
            {"process": process, "law": LAW, "x": x, "start": Number(0.1, "zero"), **options},
            lambda found: found.prior_mismatch,
        ),
        "diffusion.bits_per_dimension": Call(
            diffusion.bits_per_dimension,
            {
                "log_density": Array(np.array([-3.0, -4.5]), scalar=True, sizes=True),
                "dim": Count(3),
                "bin_width": positive,
            },
        ),
        "diffusion.gaussian_log_likelihood": Call(
            diffusion.gaussian_log_likelihood,
            {"law": LAW, "process": process, "x": x, "probes": Array(PROBES, optional=True)},
        ),
    }.items()


def _guidance_calls():
    process, w = Object(VP), number
    one, other = Object(GAUSSIAN), Object(MIXTURE)
    seen = {"H": Array(A), "y": vector, "noise_covariance": Array(S, scalar=True)}
    line = Object(diffusion.ddim(VP, GAUSSIAN))

    def at(score_at):
        return score_at(0.3)(X)

    both = {"process": process, "law": one, "score_at": other}
    yield from {
        "diffusion.kl_by_scores": Call(
            diffusion.kl_by_scores,
            both
            | {
                "n_times": Count(4),
                "nodes": Count(3),
                "start": Number(0.1, "zero"),
                "end": Number(0.4, "positive", optional=True),
            },
            lambda found: found.total,
        ),
        "diffusion.kl": Call(diffusion.kl, {"law": one, "other": other, "nodes": Count(3)}),
        "diffusion.prior_divergence": Call(
            diffusion.prior_divergence, {"process": process, "law": one, "nodes": Count(3)}
        ),
        "diffusion.classifier_free": Call(
            diffusion.classifier_free,
            {
                "process": process,
                "conditional": one,
                "unconditional": other,
                "weight": w,
                "spelling": Kind("(1 + w) c - w u"),
            },
            at,
        ),
        "diffusion.guidance_weight": Call(
            diffusion.guidance_weight,
            {"weight": w, "source": Kind("(1 + w) c - w u"), "target": Kind("u + w (c - u)")},
        ),
        "diffusion.classifier_guided": Call(
            diffusion.classifier_guided,
            {"process": process, "score_at": one, "likelihood_score_at": other, "weight": w},
            at,
        ),
        "diffusion.class_law": Call(
            lambda law: diffusion.class_law(law, [1]), {"law": other}, lambda law: law.score(X)
        ),
        "diffusion.classifier_score": Call(
            diffusion.classifier_score,
            {
                "logits": Array(X),
                "jacobian": Array(PROBES, sizes=True),
                "label": Count(1, 0),
                "temperature": positive,
            },
        ),
        "diffusion.composed": Call(
            lambda process, score_at: diffusion.composed(process, score_at, [MIXTURE, MIXTURE]),
            {"process": process, "score_at": one},
            at,
        ),
        "diffusion.guided_ancestral": Call(
            diffusion.guided_ancestral,
            {
                "process": process,
                "score_at": one,
                "likelihood_score_at": other,
                "weight": w,
                "variance": Kind("large"),
            },
            lambda step: step(X, 0.4, 0.3, V),
        ),
        "diffusion.reverse_law": Call(
            diffusion.reverse_law,
            {
                "process": process,
                "score_at": one,
                "mean": Array(M),
                "covariance": Array(S),
                "stochasticity": number,
                "start": Number(0.2, "zero"),
                "end": Number(0.4, "zero", optional=True),
            },
            lambda law: law.covariance,
        ),
        "diffusion.posterior_score": Call(
            diffusion.posterior_score, {"process": process, "law": one, **seen}, at
        ),
        **{
            f"diffusion.{function.__name__}": Call(
                function, {"process": process, "score_at": other, **seen, **more}, at
            )
            for function, more in (
                (diffusion.dps_score, {"scale": number}),
                (diffusion.pigdm_score, {"data_variance": positive}),
                (diffusion.moment_score, {}),
                (diffusion.flat_prior_score, {}),
            )
        },
        "diffusion.replacement": Call(
            diffusion.replacement,
            {"step": line, "H": Array([[0.6, 0.8]]), "y": Array(M[:1])},
            lambda step: step(X, 0.4, 0.3, V),
        ),
    }.items()


def _fokker_planck_calls():
    line = diffusion.uniform_grid(-3.0, 4.0, 12)
    terms = {"drift": Object(GAUSSIAN_LINE.score), "diffusion": Number(0.7, "zero")}
    on = terms | {"grid": Object(line)}
    moving = {"density": Object(diffusion.DiffusedDensity(VP, MIXTURE)), "x": x,
              "t": Number(0.3, "zero")}  # fmt: skip
    flow = Object(diffusion.flow_velocity(VP, MIXTURE))
    step, when = Number(2e-3, "positive"), Number(0.3, "zero")
    known = diffusion.FunctionDensity(lambda y, t: -(y**2).sum(-1) / 2 - t)
    at = {"x": Array(X, rows=True, sizes=True), "t": number}

    yield from {
        "diffusion.Grid": Call(
            lambda edges, ends: diffusion.Grid(edges, ends=ends),
            {"edges": Array([0.0, 0.5, 1.5, 2.0], sizes=True), "ends": Kind("periodic")},
            lambda grid: grid.volumes,
        ),
        "diffusion.Grid.mass": Call(line.mass, {"density": Array(np.ones(12))}),
        "diffusion.Grid.density": Call(
            lambda of: line.density(of), {"of": Array(np.arange(1.0, 13.0))}
        ),
        "diffusion.uniform_grid": Call(
            diffusion.uniform_grid,
            {"low": Number(0.0), "high": Number(1.5), "n": Count(7, 2), "ends": Kind("absorbing")},
            lambda grid: grid.volumes,
        ),
        "diffusion.density_evolution": Call(
            diffusion.density_evolution,
            on | {
                "density": Array(np.full(12, 1 / 7)), "t0": Number(0.1), "t1": Number(0.5),
                "n_steps": Count(3), "method": Kind("bdf2"), "every": Count(2, optional=True),
            },
            lambda end: end.density,
        ),
        "diffusion.positive_step": Call(diffusion.positive_step, on | {"t": number}),
        "diffusion.stationary_density": Call(diffusion.stationary_density, on | {"t": number}),
        "diffusion.spectral_gap": Call(diffusion.spectral_gap, on | {"t": number}),
        "diffusion.relaxation_rates": Call(
            diffusion.relaxation_rates, on | {"n": Count(3), "t": number}
        ),
        "diffusion.fokker_planck_residual": Call(
            diffusion.fokker_planck_residual,
            moving | {"drift": Object(lambda y, t: -y), "diffusion": at_least_0, "step": step},
        ),
        "diffusion.continuity_residual": Call(
            diffusion.continuity_residual, moving | {"velocity": flow, "step": step}
        ),
        "diffusion.DiffusedDensity": Call(
            diffusion.DiffusedDensity, {"process": Object(VP), "law": LAW},
            lambda p: p.rate(X, 0.3),
        ),
        "diffusion.DiffusedDensity.rate": Call(
            diffusion.DiffusedDensity(VP, MIXTURE).rate, {"x": x, "t": when}
        ),
        "diffusion.StillDensity": Call(
            diffusion.StillDensity, {"law": LAW}, lambda p: p.score(X, 0.0)
        ),
        "diffusion.FunctionDensity": Call(
            diffusion.FunctionDensity,
            {
                "log_density": Object(lambda y, t: -(y**2).sum(-1)), "step": step,
                "derivatives": Kind("differences"),
            },
            lambda p: p.score(X, 0.0),
        ),
        "diffusion.FunctionDensity.jacobian": Call(known.jacobian, at),
        "diffusion.FunctionDensity.rate": Call(known.rate, at),
        "diffusion.langevin_terms": Call(
            diffusion.langevin_terms, {"score": Object(GAUSSIAN.score), "diffusion": positive},
            lambda terms: terms.drift(X),
        ),
        "diffusion.forward_terms": Call(
            diffusion.forward_terms, {"process": Object(VP)}, lambda terms: terms.drift(X, 0.3)
        ),
        "diffusion.reverse_terms": Call(
            diffusion.reverse_terms,
            {"process": Object(VP), "score_at": Object(MIXTURE), "stochasticity": at_least_0},
            lambda terms: terms.drift(X, 0.3),
        ),
    }.items()  # fmt: skip


def _exponential_calls():
    made = {"process": Object(VP), "score_at": Object(MIXTURE)}
    at, when = {"x": Array(X, rows=True)}, Number(0.3, "zero")
    number_of, kind = {"order": Count(3)}, {"prediction": Kind("data")}
    early, start = {"final": Number(0.2, "zero", optional=True)}, {"start": Kind("lower order")}
    prediction = {"process": Object(VP), "t": when, "source": Kind("noise"), "target": Kind("flow")}

    def move(step):
        return step(X, 0.5, 0.2) if not step.noises else step(X, 0.5, 0.2, V)

    yield from {
        "diffusion.convert": Call(diffusion.convert, at | {"value": v} | prediction),
        "diffusion.conversion": Call(
            diffusion.conversion, prediction | {"t": Array(0.3, scalar=True, rows=True)},
            lambda pair: pair[1],
        ),
        "diffusion.predictions": Call(
            diffusion.predictions,
            {"process": Object(VP), "predicted": Object(lambda t: AFFINE), "kind": Kind("data")},
            lambda family: family.at(0.3)(X),
        ),
        "diffusion.ladder_scores": Call(
            diffusion.ladder_scores,
            {"process": Object(VP), "family": Object(f.Family(lambda sigma: AFFINE))},
            lambda family: family.at(0.3)(X),
        ),
        "diffusion.edm_denoiser": Call(
            diffusion.edm_denoiser,
            {"network": Object(lambda y, label: label * y), "sigma_data": positive},
            lambda denoiser: denoiser(0.7)(X),
        ),
        "diffusion.exponential": Call(diffusion.exponential, made, move),
        "diffusion.exponential.call": Call(
            diffusion.exponential(VP, MIXTURE), at | {"t": Number(0.5, "zero"), "s": when}
        ),
        "diffusion.dpm_solver": Call(
            diffusion.dpm_solver,
            made | kind
            | {"order": Count(2), "ratio": Number(0.4, "positive", optional=True)},
            move,
        ),
        "diffusion.dpm_multistep": Call(
            diffusion.dpm_multistep, made | number_of | kind | early | start, move
        ),
        "diffusion.exponential_multistep": Call(
            diffusion.exponential_multistep, made | number_of | kind | early | start, move
        ),
        "diffusion.sde_dpm_multistep": Call(
            diffusion.sde_dpm_multistep,
            made | number_of | kind | early
            | {"stochasticity": at_least_0, "rule": Kind("published")},
            move,
        ),
        "diffusion.sde_dpm_solver": Call(
            diffusion.sde_dpm_solver,
            made | {"ratio": Number(0.4, "positive", optional=True), "stochasticity": positive},
            lambda step: step(X, 0.5, 0.2, np.stack([V, X])),
        ),
        "diffusion.adams_bashforth": Call(
            diffusion.adams_bashforth,
            made | number_of | early | start | {"variable": Kind("sigma")}, move,
        ),
        "diffusion.plms": Call(diffusion.plms, made | early, move),
        "diffusion.edm": Call(
            diffusion.edm,
            made | {
                "method": Kind("heun"), "churn": at_least_0,
                "n_steps": Count(9), "churn_min": at_least_0,
                "churn_max": Number(3.0, infinite=True), "noise_scale": at_least_0,
            },
            move,
        ),
        "diffusion.flow_matching": Call(
            diffusion.flow_matching, made | {"method": Kind("midpoint")}, move
        ),
        "diffusion.from_noise_first": Call(
            diffusion.from_noise_first,
            {"velocity": Object(lambda y, u: u * y), "final_time": positive},
            lambda flow: flow(0.3)(X),
        ),
    }.items()  # fmt: skip


def _reverse_calls():
    law = {"process": Object(VP), "score_at": Object(MIXTURE)}
    at = {"x": x, "t": Number(0.5, "zero"), "s": Number(0.4, "zero"), "noise": v}
    euler = diffusion.euler_maruyama(VP, MIXTURE)
    exactly = diffusion.euler_maruyama(VP, GAUSSIAN)
    times = {"times": Array([0.6, 0.5, 0.35], sizes=True)}
    line = diffusion.euler_maruyama(VP, GAUSSIAN_LINE)

    def moved(step):
        return step(X, 0.5, 0.4, V if step.noises == 1 else None)

    yield from {
        "diffusion.euler_maruyama": Call(
            diffusion.euler_maruyama, law | {"stochasticity": at_least_0},
            lambda step: moved(step) if step.noises else None,
        ),
        "diffusion.euler_maruyama.call": Call(lambda x, t, s, noise: euler(x, t, s, noise), at),
        "diffusion.euler_maruyama.denoised": Call(
            euler.denoised, {"x": x, "t": Number(0.5, "zero")}
        ),
        "diffusion.milstein": Call(
            diffusion.milstein, law | {"stochasticity": at_least_0},
            lambda step: moved(step) if step.noises else None,
        ),
        "diffusion.stochastic_heun": Call(
            diffusion.stochastic_heun, law | {"stochasticity": at_least_0},
            lambda step: moved(step) if step.noises else None,
        ),
        "diffusion.flow_euler": Call(diffusion.flow_euler, law, moved),
        "diffusion.flow_heun": Call(diffusion.flow_heun, law, moved),
        "diffusion.ancestral": Call(
            diffusion.ancestral, law | {"variance": Kind("large")}, moved
        ),
        "diffusion.ddim": Call(
            diffusion.ddim, law | {"eta": at_least_0},
            lambda step: moved(step) if step.noises else None,
        ),
        "diffusion.predictor_corrector": Call(
            diffusion.predictor_corrector,
            {"predictor": Object(euler), "n_corrections": Count(1, 0), "snr": positive,
             "order": Kind("before"), "norm": Kind("batch"), "alpha": positive},
            lambda step: step(X, 0.5, 0.4, np.stack([V, V])) if step.noises == 2 else None,
        ),
        "diffusion.reversal": Call(
            diffusion.reversal,
            {"drift": Object(VP.drift), "diffusion": Object(VP.diffusion),
             "score": Object(lambda x, t: -x), "stochasticity": at_least_0,
             "direction": Kind("forward")},
            lambda drift: drift(X, 0.4),
        ),
        "diffusion.reversal.call": Call(
            lambda x, t: diffusion.reversal(VP.drift, VP.diffusion, lambda y, u: -y)(x, t),
            {"x": Array(X, rows=True, sizes=True), "t": number},
        ),
        "diffusion.sample": Call(
            diffusion.sample,
            {"step": Object(euler), "x_T": Array(X, sizes=True), **times, "rng": Rng(),
             "last": Kind("denoise"), "memory_limit": Number(1e9, "positive", infinite=True)},
        ),
        "laws.sampler_law": Call(
            exact.sampler_law,
            {"step": Object(exactly), "mean": vector, "covariance": covariance, **times,
             "last": Kind("mean")},
            lambda law: law.covariance,
        ),
        "laws.sampler_density": Call(
            exact.sampler_density,
            {"step": Object(line), "start": Object(GAUSSIAN_LINE), **times,
             "points": Array([0.2, 0.7], sizes=True), "low": Number(-15.0),
             "high": Number(15.0), "last": Kind("mean")},
        ),
    }.items()  # fmt: skip


def _process_calls():
    p, process, n, whole = processes, Object(VP), Count(3), Array([0.1, 0.3, 0.4, 0.9], sizes=True)
    t, unit = Number(0.3, "zero"), Number(1.0, "positive")
    schedule = {"final_time": unit, "prior_std": Number(1.0, "positive", optional=True)}
    path = {"x0": Array(X, sizes=True), "times": Array([0.0, 0.1, 0.4], sizes=True),
            "increments": Array(np.stack([X, V]), sizes=True),
            "drift": Object(lambda x, t: -x),
            "diffusion": Object(lambda x, t: 0.5 * x)}  # fmt: skip
    at = lambda made: made.marginal(0.3)[1]  # noqa: E731
    yield from {
        "processes.SubVP": Call(p.SubVP, {"beta_min": at_least_0, "beta_max": positive}, at),
        "processes.EDM": Call(p.EDM, {"sigma_max": positive}, at),
        "processes.Straight": Call(p.Straight, {}, at),
        "processes.Cosine": Call(p.Cosine, {"offset": at_least_0, "final_time": unit}, at),
        "processes.from_marginal": Call(
            p.from_marginal,
            {"alpha": Object(lambda t: 1 - t), "sigma": Object(lambda t: t), **schedule}, at,
        ),
        "processes.from_rates": Call(
            p.from_rates,
            {"drift_rate": Object(lambda t: -t), "diffusion": Object(lambda t: 1 + t), **schedule,
             "breaks": Array([0.2, 0.4], sizes=True)},
            at,
        ),
        "processes.variance_preserving": Call(
            p.variance_preserving,
            {"beta": Object(lambda t: 1 + t), "area": Object(lambda t: t + t * t / 2, True),
             "final_time": unit},
            at,
        ),
        "processes.from_betas": Call(
            p.from_betas, {"betas": Array([0.1, 0.3, 0.2], sizes=True)}, lambda table: table.sigmas
        ),
        "processes.zero_terminal_snr": Call(
            p.zero_terminal_snr, {"betas": Array([0.1, 0.3, 0.2], sizes=True)}
        ),
        "processes.from_sigmas": Call(
            p.from_sigmas, {"sigmas": Array([0.9, 0.3, 0.2], sizes=True)}, lambda table: table.added
        ),
        "processes.discrete_schedule": Call(
            p.discrete_schedule, {"name": Kind("linear"), "n_steps": Count(30)},
            lambda table: table.betas,
        ),
        "processes.continuous_limit": Call(
            p.continuous_limit, {"name": Kind("sigmoid")}, lambda made: made.marginal(0.3)[1]
        ),
        "processes.time_grid": Call(
            p.time_grid,
            {"process": process, "n_steps": n, "spacing": Kind("karras"),
             "start": Number(0.9, "zero", optional=True), "end": Number(0.1, "zero"),
             "rho": positive},
        ),
        "processes.karras_sigmas": Call(
            p.karras_sigmas,
            {"n_levels": n, "sigma_min": Number(0.1, "positive"), "sigma_max": positive,
             "rho": positive},
        ),
        "processes.times_of_sigmas": Call(
            p.times_of_sigmas, {"process": process, "sigmas": Array([0.9, 0.3], sizes=True)}
        ),
        "processes.integer_grid": Call(
            p.integer_grid,
            {"n_train": Count(10), "n_steps": n, "spacing": Kind("leading"),
             "offset": Count(1, minimum=0)},
        ),
        "processes.wiener_increments": Call(
            p.wiener_increments, {"times": whole, "noise": Array(V, sizes=True)}
        ),
        "processes.brownian_bridge": Call(
            p.brownian_bridge,
            {"t": t, "start": Number(0.1), "end": Number(0.9), "w_start": Array(X, sizes=True),
             "w_end": v, "noise": v},
        ),
        "processes.WienerPath": Call(
            lambda final_time, rng: p.WienerPath(2, final_time, rng=rng),
            {"final_time": unit, "rng": Rng()}, lambda path: path(0.3),
        ),
        "processes.WienerPath.call": Call(p.WienerPath(2, rng=0), {"times": whole}),
        "processes.WienerPath.increments": Call(
            p.WienerPath(2, rng=0).increments, {"times": whole}
        ),
        "processes.forward_path": Call(
            p.forward_path,
            {"process": process, "x0": Array(X, sizes=True),
             "noise": Array(np.stack([X, V]), sizes=True), "times": path["times"]},
        ),
        "processes.euler_maruyama_path": Call(p.euler_maruyama_path, path),
        "processes.milstein_path": Call(
            p.milstein_path, path | {"diffusion_slope": Object(lambda x, t: 0.5)}
        ),
    }.items()  # fmt: skip


def _kernel_calls():
    h, eta, n, kernel = Number(0.8, "positive"), Number(0.1, "positive"), Count(7), Kind("imq")
    sample, basis = Array(X, sizes=True), Array(X[:2] + 0.1, sizes=True)
    normal = {"law": Object(GAUSSIAN), "n": n}
    fit = {"x": Array(X, sizes=True), "basis": basis, "bandwidth": h, "regularisation": eta,
           "base": Object(GAUSSIAN.score, True, wrong=(THREE,)), "kernel": kernel}  # fmt: skip
    fitted = estimation.kernel_exponential_family(X, X[:2], 0.8, 0.1, base=GAUSSIAN.score)
    stein = {"x": sample, "bandwidth": h, "regularisation": eta, "kernel": kernel}
    field = estimation.stein_field(X, 0.8, 0.1)
    yield from {
        "estimation.kernel_mise": Call(estimation.kernel_mise, {**normal, "bandwidth": h}),
        "estimation.optimal_bandwidth": Call(estimation.optimal_bandwidth, normal),
        "estimation.leave_one_out": Call(
            estimation.leave_one_out, {"data": sample, "bandwidth": h}
        ),
        "estimation.likelihood_bandwidth": Call(estimation.likelihood_bandwidth, {"data": sample}),
        "estimation.stein_estimator": Call(
            estimation.stein_estimator, {**stein, "regularisation": Number(0.1, "zero")}
        ),
        "estimation.stein_field": Call(estimation.stein_field, stein, lambda field: field(X)),
        "estimation.stein_field.call": Call(field, {"x": x}),
        "estimation.stein_field.jvp": Call(field.jvp, {"x": x, "v": v}),
        "estimation.stein_field.vjp": Call(field.vjp, {"x": x, "v": v}),
        "estimation.stein_field.divergence": Call(field.divergence, {"x": x}),
        "estimation.kernel_exponential_family": Call(
            estimation.kernel_exponential_family,
            {**fit, "regularisation": Number(0.1, "zero")},
            lambda fitted: np.append(fitted.score(X), fitted.log_density(X)),
        ),
        "estimation.kernel_exponential_family.score": Call(fitted.score, {"x": x}),
        "estimation.kernel_exponential_family.jvp": Call(fitted.score.jvp, {"x": x, "v": v}),
        "estimation.kernel_exponential_family.log_density": Call(fitted.log_density, {"x": x}),
    }.items()


def _contrast_calls():
    whole, theta = [[2, 0], [1, 1], [0, 2]], [0.6, 0.2, 0.4]
    energy = estimation.PolynomialEnergy(whole, theta)
    family = distributions.ExponentialFamily(
        [-0.4], 2, lambda x: (x**2).sum(-1)[:, None], lambda x: 2 * x[:, None]
    )
    noise, sample = Object(GAUSSIAN.log_density), Array(X, sizes=True)
    told = {"family": Object(family), "log_noise": noise, "x": sample, "y": Array(V, sizes=True)}
    yield from {
        "estimation.PolynomialEnergy": Call(
            estimation.PolynomialEnergy,
            {"exponents": Array(whole, sizes=True), "parameters": Array(theta)},
            lambda e: e(X),
        ),
        "estimation.PolynomialEnergy.with_parameters": Call(
            energy.with_parameters, {"theta": Array(theta)}, lambda e: e(X)
        ),
        "estimation.PolynomialEnergy.call": Call(energy, {"x": x}),
        "estimation.PolynomialEnergy.gradient": Call(energy.gradient, {"x": x}),
        "estimation.PolynomialEnergy.parameter_gradient": Call(
            energy.parameter_gradient, {"x": x}
        ),
        "estimation.contrastive_divergence_gradient": Call(
            estimation.contrastive_divergence_gradient,
            {
                "energy": Object(energy), "x": sample, "step_size": Number(0.1, "positive"),
                "n_steps": Count(2), "rng": Rng(),
            },
        ),
        "estimation.noise_contrastive_loss": Call(
            estimation.noise_contrastive_loss,
            {"log_model": Object(family.log_density), **{k: told[k] for k in list(told)[1:]}},
        ),
        "estimation.noise_contrastive_loss_and_gradient": Call(
            lambda family, log_normaliser, log_noise, x, y: np.append(
                *estimation.noise_contrastive_loss_and_gradient(
                    family, log_normaliser, log_noise, x, y
                )[::-1]
            ),
            {**told, "log_normaliser": Number(0.3)},
        ),
        "estimation.noise_contrastive_fit": Call(
            estimation.noise_contrastive_fit, told, lambda fit: fit.parameters
        ),
    }.items()  # fmt: skip


def _estimator_calls():
    e = estimation
    points = np.random.default_rng(8).standard_normal((9, 2)) @ S + M
    sample = Array(points, sizes=True)
    noise = Array(points[::-1] * [1.0, -2.0], sizes=True, optional=True)
    probes = Array(np.stack([points, points[::-1] + 1], 1), sizes=True, optional=True)
    diagonal = e.diagonal_precision(2)
    model = Object(diagonal, wrong=(NETWORK,))
    field, fixed = {"field": model}, Object(AFFINE, True, wrong=(THREE,))
    fitted, rng = e.fit_implicit(diagonal, points), Rng()
    at, half = nodes.gauss_hermite(GAUSSIAN, 3), Number(0.5, "positive")

    def theta(fit):
        return np.append(fit.parameters, fit.loss)

    weights = {"weight": Object(np.square), "weight_derivative": Object(lambda x: 2 * x)}
    yield from {
        "estimation.fit_gaussian": Call(
            e.fit_gaussian, {"x": sample, "pattern": Array(np.eye(2), optional=True)}, theta
        ),
        "estimation.fit_implicit": Call(
            e.fit_implicit, {**field, "x": sample, "fixed": fixed}, theta
        ),
        "estimation.fit_sliced": Call(
            e.fit_sliced, {**field, "x": sample, "probes": probes, "fixed": fixed}, theta
        ),
        "estimation.fit_sliced.drawn": Call(
            e.fit_sliced,
            {**field, "x": sample, "rng": rng, "n_probes": Count(4), "probe": Kind("gaussian")},
            theta,
        ),
        "estimation.fit_denoising": Call(
            e.fit_denoising,
            {**field, "x": sample, "sigma": Number(0.5, "positive", array=True), "noise": noise,
             "fixed": fixed},
            theta,
        ),
        "estimation.fit_generalised": Call(
            e.fit_generalised, {**field, "x": sample, **weights, "fixed": fixed}, theta
        ),
        "estimation.fit_levels": Call(
            e.fit_levels,
            {"family": Object(lambda sigma: diagonal), "x": sample,
             "sigmas": Array([1.0, 0.5], sizes=True),
             "noise": Array(np.stack([points[::-1] + 1, points[::-1]]), optional=True)},
            lambda fits: np.append(theta(fits[0]), theta(fits[1])),
        ),
        "estimation.fit": Call(
            e.fit,
            {"objective": Object(objectives.implicit_loss_and_gradient), "field": Object(diagonal),
             "x": sample, "tolerance": tolerance, "max_iterations": Count(40)},
            theta,
        ),
        "estimation.train": Call(
            e.train,
            {"objective": Object(objectives.sliced_loss_and_gradient), "field": Object(diagonal),
             "x": sample, "steps": Count(4), "batch_size": Count(3), "learning_rate": half,
             "evaluate_every": Count(2), "patience": Count(3, optional=True),
             "held_out": Array(points[:3], sizes=True), "rng": rng, "checkpoint_every": Count(2)},
            theta,
        ),
        "estimation.held_out_loss": Call(
            e.held_out_loss, {"model": Object(AFFINE, wrong=(THREE,)), "x": sample}, np.array
        ),
        "estimation.compare_models": Call(
            lambda model, x_held_out: e.compare_models({"model": model}, x_held_out).losses,
            {"model": Object(AFFINE, wrong=(THREE,)), "x_held_out": sample},
        ),
        "estimation.FitResult.confidence_interval": Call(
            fitted.confidence_interval, {"level": half}
        ),
        "estimation.FitResult.efficiency": Call(fitted.efficiency, {"bound": Array(S)}),
        "estimation.diagonal_precision": Call(
            e.diagonal_precision, {"dim": Count(2)}, lambda f: f(X)
        ),
        "estimation.isotropic_precision": Call(
            e.isotropic_precision, {"dim": Count(2)}, lambda f: f(X)
        ),
        "estimation.generalised_normal_rate": Call(
            e.generalised_normal_rate, {"power": Number(3.0, "positive")}, lambda f: f(X[:, :1])
        ),
        "estimation.sandwich": Call(e.sandwich, {"hessian": covariance, "variance": covariance}),
        "estimation.asymptotic_covariance": Call(
            e.asymptotic_covariance,
            {"field": model, "nodes": Object(at), "n_probes": Count(2),
             "probes": Object(nodes.signs(2), True, wrong=(nodes.signs(3),))},
        ),
        "estimation.cramer_rao_bound": Call(
            e.cramer_rao_bound, {"statistics": Object(lambda x: x), "nodes": Object(at)}
        ),
        "estimation.relative_efficiency": Call(
            e.relative_efficiency, {"bound": covariance, "covariance": covariance}
        ),
        "estimation.generalised_normal_variance": Call(
            e.generalised_normal_variance, {"power": Number(3.0, "positive")}
        ),
        "estimation.generalised_normal_efficiency": Call(
            e.generalised_normal_efficiency, {"power": Number(3.0, "positive")}
        ),
        "estimation.mixture_weight_variances": Call(
            e.mixture_weight_variances, {"separation": half}, np.array
        ),
        "estimation.sliced_precision_variance": Call(
            e.sliced_precision_variance,
            {"precision": Array([0.7, 1.3], sizes=True), "n_probes": Count(2),
             "probe": Kind("sphere")},
        ),
        "estimation.denoised_precision_variance": Call(
            e.denoised_precision_variance,
            {"variance": Array([0.7, 1.3], sizes=True), "sigma": positive},
        ),
        "estimation.half_line_variance": Call(
            e.half_line_variance, {**weights, "sd": positive}
        ),
    }.items()  # fmt: skip


def _gumbel_calls():
    """Gumbel draws, relaxed rows and bits; -inf is a logit like others."""
    table = np.array([[0.3, -0.8, 1.1], [0.4, 0.9, -0.2]])
    rows = np.exp(table) / np.exp(table).sum(1, keepdims=True)
    g = np.array([[0.1, 1.4, -0.3], [2.2, -0.6, 0.5]])
    logits, gumbels = Array(table, infinite=True), Array(g, optional=True, rows=True)
    own, rng = {"logits": Array(table, infinite=True, sizes=True)}, {"rng": Rng()}
    index, tau = Array([2.0, 0.0]), {"temperature": positive}
    drawn = {**own, **rng, "n": Count(3, minimum=0, optional=True)}
    given = {"logits": logits, "gumbels": gumbels}
    soft = {"y": Array(rows, sizes=True), **tau, "cotangent": Array(g)}
    logged = {"log_y": Array(np.log(rows), infinite=True), **tau}
    bits = {"logit": Array(M, sizes=True), **tau}
    for name, call in {
        "gumbel": Call(
            lambda shape, rng: discrete.gumbel((shape, 2), rng=rng),
            {"shape": Count(3, minimum=0), **rng},
        ),
        "gumbel_from_uniforms": Call(
            discrete.gumbel_from_uniforms, {"u": Array([0.0, 0.4, 0.99], scalar=True, sizes=True)}
        ),
        "gumbel_max": Call(discrete.gumbel_max, given | tau),
        "gumbel_max.drawn": Call(discrete.gumbel_max, drawn | tau),
        "max_gumbel": Call(discrete.max_gumbel, own, lambda law: law.location),
        "Gumbel": Call(discrete.max_gumbel(table).log_density, {"x": Array(M, rows=True)}),
        "top_k": Call(discrete.top_k, {**given, "k": Count(2)}),
        "top_k.drawn": Call(discrete.top_k, {**drawn, "k": Count(2)}),
        "top_k_log_probability": Call(
            discrete.top_k_log_probability,
            {**own, "index": Array([[2.0, 0.0], [1.0, 2.0]])},
        ),
        "posterior_gumbels": Call(discrete.posterior_gumbels, {**given, "index": index}),
        "posterior_gumbels.drawn": Call(discrete.posterior_gumbels, {**drawn, "index": index}),
        "gumbel_softmax": Call(discrete.gumbel_softmax, given | tau),
        "gumbel_softmax.drawn": Call(discrete.gumbel_softmax, drawn | tau),
        "log_gumbel_softmax": Call(discrete.log_gumbel_softmax, given | tau),
        "log_gumbel_softmax.drawn": Call(discrete.log_gumbel_softmax, drawn | tau),
        "gumbel_softmax_pullback": Call(discrete.gumbel_softmax_pullback, soft),
        "temperature_pullback": Call(
            discrete.temperature_pullback, {**logged, "cotangent": Array(g)}
        ),
        "straight_through": Call(
            discrete.straight_through, {"y": Array(rows, sizes=True)}, lambda y: y.hard
        ),
        "StraightThrough": Call(discrete.straight_through(rows).pullback, {"cotangent": Array(g)}),
        "concrete_log_density": Call(
            discrete.concrete_log_density, {"y": Array(rows, rows=True), "logits": logits, **tau}
        ),
        "concrete_log_density_gradient": Call(
            discrete.concrete_log_density_gradient,
            {"y": Array(rows, rows=True), "logits": logits, **tau},
        ),
        "concrete_kl": Call(
            discrete.concrete_kl,
            {**given, "other_logits": logits, **tau, "other_temperature": tau["temperature"]},
        ),
        "concrete_kl.drawn": Call(
            discrete.concrete_kl,
            {**drawn, "other_logits": logits, **tau, "other_temperature": tau["temperature"]},
        ),
        "exp_concrete_log_density": Call(
            discrete.exp_concrete_log_density,
            {**logged, "log_y": Array(np.log(rows), infinite=True, rows=True), "logits": logits},
        ),
        "binary_concrete": Call(
            discrete.binary_concrete,
            {
                "logit": Array(M, scalar=True),
                **tau,
                "uniforms": Array([0.2, 0.9], optional=True, rows=True),
            },
        ),
        "binary_concrete.drawn": Call(
            discrete.binary_concrete,
            {**bits, **rng, "n": Count(3, minimum=0, optional=True)},
        ),
        "logit_binary_concrete": Call(
            discrete.logit_binary_concrete,
            {
                "logit": Array(M, scalar=True),
                **tau,
                "uniforms": Array([0.2, 0.9], optional=True, rows=True),
            },
        ),
        "logit_binary_concrete.drawn": Call(
            discrete.logit_binary_concrete,
            {**bits, **rng, "n": Count(3, minimum=0, optional=True)},
        ),
        "logit_binary_concrete_log_density": Call(
            discrete.logit_binary_concrete_log_density,
            {"z": Array([0.3, -4.0], rows=True), "logit": Array(M, scalar=True), **tau},
        ),
        "binary_concrete_pullback": Call(
            discrete.binary_concrete_pullback,
            {"b": Array([0.3, 0.8]), **tau, "cotangent": vector},
        ),
        "binary_concrete_pullback.log_odds": Call(
            lambda b, temperature, cotangent: discrete.binary_concrete_pullback(
                b, temperature, cotangent, log_odds=True
            ),
            {"b": Array([0.3, -0.8], infinite=True), **tau, "cotangent": vector},
        ),
        "binary_concrete_log_density": Call(
            discrete.binary_concrete_log_density,
            {"y": Array([0.3, 0.8], rows=True), "logit": Array(M, scalar=True), **tau},
        ),
    }.items():
        yield f"discrete.{name}", call


def _quantisation_calls():
    """Codes, codebooks that learn, scalar quantisers."""
    codes = np.array([[0.3, -0.8], [1.1, 0.4], [0.9, -0.2], [5.0, 5.0]])
    state = Object(discrete.Codebook.start(codes, [2.0, 1.0, 3.0, 0.5]))
    z, book = Array(X, rows=True), Array(codes, rows=True)
    whole, bins = Array([2.0, 0.0, 3.0], sizes=True), Array([5.0, 4.0])
    beta, decay = Number(0.25, "zero"), Number(0.7, "zero")
    both = {"z": z, "codebook": book}
    mean, sd = Number(0.4), positive
    for name, call in {
        "quantise": Call(discrete.quantise, both),
        "nearest_codes": Call(discrete.nearest_codes, both),
        "vq_losses": Call(discrete.vq_losses, both),
        "vq_gradients": Call(discrete.vq_gradients, {**both, "beta": beta}),
        "vq_straight_through_gradient": Call(
            discrete.vq_straight_through_gradient, {**both, "cotangent": Array(X)}
        ),
        "vq_rotation_gradient": Call(
            discrete.vq_rotation_gradient, {**both, "cotangent": Array(X)}
        ),
        "Codebook": Call(
            discrete.Codebook.start,
            {"codebook": Array(codes, sizes=True), "counts": Array(np.ones(4), scalar=True)},
        ),
        "update_codebook": Call(
            discrete.update_codebook,
            {"state": state, "z": z, "decay": decay, "epsilon": Number(1e-5, "zero")},
        ),
        "replace_dead_codes": Call(
            discrete.replace_dead_codes,
            {"state": state, "z": z, "threshold": Number(1.5, "positive"),
             "rows": Array([2.0, 0.0], sizes=True, optional=True)},
        ),
        "replace_dead_codes.drawn": Call(
            discrete.replace_dead_codes,
            {"state": state, "z": z, "threshold": Number(1.5, "positive"), "rng": Rng()},
        ),
        "lloyd_step": Call(discrete.lloyd_step, both),
        "lloyd": Call(
            discrete.lloyd, {**both, "n_steps": Count(3, minimum=0)}, lambda found: found.codebook
        ),
        "code_frequencies": Call(discrete.code_frequencies, {"codes": whole, "n_codes": Count(4)}),
        "perplexity": Call(discrete.perplexity, {"codes": whole, "n_codes": Count(4)}),
        "lloyd_max": Call(
            discrete.lloyd_max, {"n_levels": Count(4), "mean": mean, "sd": sd},
            lambda found: found.levels,
        ),
        "scalar_distortion": Call(
            discrete.scalar_distortion,
            {"levels": Array([-1.0, 0.2, 2.0], sizes=True), "mean": mean, "sd": sd},
        ),
        "finite_scalar": Call(
            discrete.finite_scalar,
            {"z": z, "levels": bins, "epsilon": Number(1e-3, "positive")},
        ),
        "finite_scalar_values": Call(
            discrete.finite_scalar_values, {"codes": whole, "levels": Array([5.0, 4.0], sizes=True)}
        ),
        "finite_scalar_gradient": Call(
            discrete.finite_scalar_gradient,
            {"z": z, "levels": bins, "cotangent": Array(X),
             "epsilon": Number(1e-3, "positive")},
        ),
        "lookup_free": Call(discrete.lookup_free, {"z": Array(X, sizes=True)}),
    }.items():  # fmt: skip
        yield f"discrete.{name}", call


class _Curved:
    """exp(y_1) + y.y, a function of one-hot, relaxed and other vectors."""

    def __call__(self, y):
        return np.exp(np.clip(y[..., 0], -50, 50)) + (np.clip(y, -50, 50) ** 2).sum(-1)

    def gradient(self, y):
        y = np.clip(y, -50, 50)
        return np.concatenate([np.exp(y[..., :1]), 0 * y[..., 1:]], axis=-1) + 2 * y


def _discrete_gradient_calls():
    """Gradients of expectations over classes and bits, estimates of them, their moments."""
    logits = Array([0.4, -0.9, 1.2], infinite=True)
    own = {"logits": Array([0.4, -0.9, 1.2], infinite=True, sizes=True)}
    f, tau, rng = {"f": Object(_Curved())}, {"temperature": positive}, {"rng": Rng()}
    g = np.array([[0.1, 1.4, -0.3], [2.2, -0.6, 0.5]])
    gumbels = {"gumbels": Array(g, optional=True, rows=True)}
    uniforms = {"uniforms": Array(np.exp(-np.exp(-g)), optional=True, rows=True)}
    both = {"gumbels": Array(g), "uniforms": Array(np.exp(-np.exp(-g)))}
    drawn = {**own, **rng, "n_draws": Count(3)}
    surrogate, baseline = {"surrogate": Object(_Curved())}, {"baseline": Number(0.3, array=True)}
    for name, more in {
        "score_function_gradient": f | baseline,
        "leave_one_out_gradient": f,
        "control_variate_gradient": f | surrogate,
        "straight_through_gradient": f,
        "relaxed_gradient": f | tau,
        "straight_through_relaxed_gradient": f | tau,
        "rebar_gradient": f | tau | {"scale": number},
        "relax_gradient": f | surrogate,
    }.items():
        function = getattr(discrete, name)
        draws = both if name[:3] in ("reb", "rel") and "relaxed" not in name else gumbels
        fewest = {"n_draws": Count(3, minimum=2)} if "leave" in name else {}
        yield f"discrete.{name}", Call(function, {"logits": logits} | more | draws)
        yield f"discrete.{name}.drawn", Call(function, drawn | more | fewest)
    for name, more in {
        "bernoulli_score_function_gradient": f | baseline,
        "bernoulli_leave_one_out_gradient": f,
        "bernoulli_straight_through_gradient": f,
        "bernoulli_relaxed_gradient": f | tau,
        "arm_gradient": f,
        "disarm_gradient": f,
    }.items():
        function = getattr(discrete, name)
        finite = "relaxed" in name
        log_odds = {"logits": Array([0.4, -0.9, 1.2], infinite=not finite)}
        yield f"discrete.{name}", Call(function, log_odds | more | uniforms)
        log_odds = {"logits": Array([0.4, -0.9, 1.2], infinite=not finite, sizes=True)}
        more = more | rng | {"n_draws": Count(3, minimum=2 if "leave" in name else 1)}
        yield f"discrete.{name}.drawn", Call(function, log_odds | more)
    for name, more in {
        "expectation": {}, "expectation_gradient": {}, "best_baseline": {},
        "bernoulli_expectation": {}, "bernoulli_expectation_gradient": {},
        "score_function_moments": {"baseline": number},
        "leave_one_out_moments": {"n_draws": Count(3, minimum=2)},
        "straight_through_moments": {}, "relaxed_moments": tau, "arm_moments": {},
        "disarm_moments": {}, "bernoulli_score_function_moments": {"baseline": number},
        "bernoulli_straight_through_moments": {}, "bernoulli_relaxed_moments": tau,
    }.items():  # fmt: skip
        read = (lambda found: found.covariance) if name.endswith("moments") else None
        few = {"logits": Array([0.4, -0.9], infinite=True, sizes=True)}  # nodes for three are many
        free = few if name == "relaxed_moments" else own
        if name == "bernoulli_relaxed_moments":
            free = {"logits": Array([0.4], sizes=True)}
        yield f"discrete.{name}", Call(getattr(discrete, name), free | f | more, read)
    yield (
        "discrete.concrete_nodes",
        Call(discrete.concrete_nodes, few | tau, lambda nodes: nodes.points),
    )
    yield (
        "discrete.Relaxed",
        Call(discrete.Relaxed, f | tau | {"scale": number}, lambda c: c(np.array([0.3, 0.1, 2.0]))),
    )
    yield (
        "discrete.running_baseline",
        Call(
            discrete.running_baseline,
            {"values": Array(M, sizes=True), "decay": Number(0.5, "zero"), "start": number},
        ),
    )


def _bound_calls():
    """Bounds of discrete latents, and a small autoencoder of bits."""
    table = np.array([[0.3, -0.8, 1.1], [0.4, 0.9, -0.2]])
    joint, logits = Array(table - 2, infinite=True), Array(table[::-1], infinite=True)
    own = Array(table, infinite=True, sizes=True)
    grid = np.linspace(-3.0, -1.0, 18).reshape(2, 3, 3)
    codes = Array([[0.0, 2.0], [1.0, 1.0]], optional=True, rows=True)
    vae = discrete.DiscreteVAE.initialise(3, 2, 3, 2, rng=1)
    bits, model = [[1.0, 0.0, 1.0], [0.0, 0.5, 1.0]], Object(vae)
    x, fitting = Array(bits, sizes=True), Array(bits)
    g = np.linspace(-1.0, 2.0, 12).reshape(2, 2, 3)
    both = {"log_joint": joint, "logits": logits}
    for name, call in {
        "elbo": Call(discrete.elbo, both),
        "elbo_gap": Call(discrete.elbo_gap, both),
        "elbo_gradient": Call(discrete.elbo_gradient, both),
        "log_evidence": Call(discrete.log_evidence, {"log_joint": own}),
        "categorical_kl": Call(discrete.categorical_kl, {"logits": joint, "other_logits": logits}),
        "kl_to_uniform": Call(discrete.kl_to_uniform, {"logits": own}),
        "importance_bound": Call(discrete.importance_bound, {**both, "codes": codes}),
        "importance_bound.drawn": Call(
            discrete.importance_bound, {**both, "rng": Rng(), "n_draws": Count(3)}
        ),
        "expected_importance_bound": Call(
            discrete.expected_importance_bound, {**both, "n_draws": Count(3)}
        ),
        "grid_elbo": Call(
            discrete.grid_elbo,
            {"log_likelihoods": Array(grid, infinite=True),
             "logits": Array(g, infinite=True),
             "log_prior": Array([0.1, 0.4, -0.2], infinite=True, optional=True)},
        ),
        "deterministic_elbo": Call(
            discrete.deterministic_elbo,
            {"log_likelihood": Array([-1.0, -2.0], infinite=True, sizes=True),
             "n_positions": Count(2), "n_codes": Count(3)},
        ),
        "DiscreteVAE": Call(
            discrete.DiscreteVAE,
            {"encoder": Array(vae.encoder), "encoder_offset": Array(vae.encoder_offset),
             "codebook": Array(vae.codebook, rows=True), "decoder": Array(vae.decoder),
             "decoder_offset": Array(vae.decoder_offset), "n_positions": Count(2)},
            lambda made: made.parameters,
        ),
        "DiscreteVAE.sample": Call(vae.sample, {"n": Count(3, minimum=0), "rng": Rng()}),
        "exact_loss": Call(discrete.exact_loss, {"model": model, "x": x}),
        "relaxed_loss": Call(
            discrete.relaxed_loss,
            {"model": model, "x": fitting, "gumbels": Array(g, optional=True),
             "temperature": positive},
        ),
        "relaxed_loss.drawn": Call(
            discrete.relaxed_loss, {"model": model, "x": x, "temperature": positive, "rng": Rng()}
        ),
        "quantised_loss": Call(
            discrete.quantised_loss, {"model": model, "x": x, "commitment": at_least_0}
        ),
    }.items():  # fmt: skip
        yield f"discrete.{name}", call


class _Quadratic:
    """0.5 |x|^2 theta, an energy of the plane."""

    dim = 2

    def __call__(self, x):
        return 0.5 * (x**2).sum(-1)

    def gradient(self, x):
        return 1.0 * x

    def parameter_gradient(self, x):
        return 0.5 * (x**2).sum(-1, keepdims=True)


def _family_calls():
    """The other model families: chains, latents, games, critics, energies."""
    odds, more = Array([0.4, -0.9, 1.2]), Array([-0.3, 0.8])
    v, w = Array([0.2, 0.5, 0.3], optional=True), Array([0.4, 0.6], optional=True)
    below, p, q = Array([-0.3, -0.8]), Object(GAUSSIAN), Object(MIXTURE)
    tall = np.concatenate([X, V + 0.1 * V[:, ::-1] ** 2])
    box = {"low": Array([-9.0, -9.0], scalar=True), "high": Array([9.0, 9.0], scalar=True)}
    sd, energy = Number(0.6, "zero"), Object(_Quadratic())
    pca = families.ProbabilisticPCA([[1.0], [0.4]], M, 0.7)
    for name, call in {
        "AutoregressiveGaussian": Call(
            families.AutoregressiveGaussian,
            {"coefficients": Array([[0.0, 0.0], [0.7, 0.0]]), "intercepts": vector,
             "deviations": Array([0.6, 1.1])},
            lambda made: made.moments()[1],
        ),
        "AutoregressiveGaussian.fit": Call(
            families.AutoregressiveGaussian.fit, {"x": Array(tall, sizes=True)},
            lambda made: made.moments()[1],
        ),
        "AutoregressiveGaussian.sample": Call(
            families.AutoregressiveGaussian.from_gaussian(M, S).sample,
            {"n": Count(3, minimum=0), "rng": Rng()},
        ),
        "chain_rule": Call(families.chain_rule, {"mean": vector, "covariance": covariance, "x": x}),
        "ProbabilisticPCA": Call(
            families.ProbabilisticPCA,
            {"loadings": Array([[1.0], [0.4]], sizes=True), "offset": vector, "sigma": positive},
            lambda made: made.moments()[1],
        ),
        "ProbabilisticPCA.fit": Call(
            families.ProbabilisticPCA.fit, {"x": Array(tall, sizes=True), "n_latent": Count(1)},
            lambda made: made.moments()[1],
        ),
        "ProbabilisticPCA.elbo": Call(
            pca.elbo,
            {"x": Array(X), "mean": Array(X[:, :1]), "covariance": Array([[0.64]]),
             "root": Array([[0.8]], optional=True)},
        ),
        "log_ratio": Call(families.log_ratio, {"p": p, "q": q, "x": x}),
        "log_ratio_gradient": Call(families.log_ratio_gradient, {"p": p, "q": q, "x": x}),
        "game": Call(
            families.game,
            {"log_odds_x": odds, "log_odds_y": more, "x_weights": v, "y_weights": w},
        ),
        "generator_loss": Call(
            families.generator_loss,
            {"log_odds_y": more, "kind": Kind("likelihood"), "y_weights": w},
        ),
        "jensen_shannon": Call(
            families.jensen_shannon,
            {"p": p, "q": q, "p_nodes": Object(NODES), "q_nodes": Object(NODES)},
        ),
        "wasserstein_1_gaussian": Call(
            families.wasserstein_1_gaussian,
            {"mean": number, "sd": sd, "other_mean": Number(-0.3), "other_sd": Number(1.2, "zero")},
        ),
        "optimal_critic": Call(
            families.optimal_critic,
            {"name": Kind("pearson"), "log_ratio": Array([0.3, -1.0], sizes=True)},
        ),
        "critic_bound": Call(
            families.critic_bound,
            {"name": Kind("gan"), "critic_x": odds, "critic_y": below, "x_weights": v,
             "y_weights": w},
        ),
        "log_ratio_bound": Call(
            families.log_ratio_bound,
            {"name": Kind("gan"), "log_ratio_x": odds, "log_ratio_y": more, "x_weights": v,
             "y_weights": w},
        ),
        "f_divergence": Call(
            families.f_divergence, {"name": Kind("kl"), "log_ratio": more, "q_weights": w}
        ),
        "log_normaliser": Call(
            families.log_normaliser, {"energy": energy, **box, "tolerance": positive}
        ),
        "likelihood_gradient": Call(
            families.likelihood_gradient,
            {"energy": energy, "x": Array(X, sizes=True), **box, "tolerance": positive},
        ),
        "importance_log_normaliser": Call(
            families.importance_log_normaliser, {"log_unnormalised": odds, "log_proposal": odds}
        ),
        "importance_variance": Call(
            families.importance_variance, {"dim": Count(3), "scale": Number(1.2, "positive")}
        ),
        "comparison": Call(
            families.comparison,
            {"x": Array(tall, sizes=True), "n_draws": Count(4, minimum=2), "rng": Rng()},
            lambda rows: np.array([row.draw_cost for row in rows]),
        ),
    }.items():  # fmt: skip
        yield f"families.{name}", call


CALLS: dict[str, Call] = {
    name: call
    for group in (
        _law_calls(), _discrete_calls(), _field_calls(), _node_calls(), _trace_calls(),
        _objective_calls(), _ladder_calls(), _bounded_calls(), _conditioning_calls(),
        _chain_calls(), _exact_law_calls(), _sampler_calls(), _diffusion_calls(), _guidance_calls(),
        _process_calls(), _fokker_planck_calls(), _exponential_calls(), _reverse_calls(),
        _kernel_calls(), _contrast_calls(), _estimator_calls(), _exact_flow_calls(),
        _timed_network_calls(), _bijection_calls(), _continuous_flow_calls(), _ode_calls(),
        _discrete_gradient_calls(),
        _gumbel_calls(), _quantisation_calls(),
        _bound_calls(), _family_calls(),
    )
    for name, call in group
}  # fmt: skip

# Bases, results and constants: nothing to hand a bad argument to.
NOT_CALLED = {
    "ode.TABLEAUX", "ode.Tableau", "ode.Stages", "ode.STATUS", "ode.Solution", "ode.Events",
    "ode.ScipySolution", "ode.Event", "ode.Gradients", "ode.RunningCost", "ode.Sensitivities",
    "flows.FlowDensity", "flows.FlowGradient",
    "families.Ability", "families.DIVERGENCES", "families.Divergence", "families.Game",
    "families.Posterior",
    "diffusion.Likelihood", "diffusion.LikelihoodErrors", "diffusion.ScoreDivergence",
    "diffusion.SPELLINGS", "diffusion.Evolution", "diffusion.Terms", "diffusion.ReverseStep",
    "fields.Field", "fields.Linearisation", "fields.Local", "distributions.Distribution",
    "traces.Estimate", "traces.Operator", "traces.KINDS", "langevin.Run", "langevin.spellings",
    "bayes.Denoised", "bayes.LikelihoodScore", "processes.as_time", "processes.linear_drift",
    "processes.rowwise", "processes.as_process", "processes.Process", "processes.Table",
    "estimation.NoiseContrastiveFit", "flows.Bijection",
    "estimation.FitResult", "estimation.GaussianFit", "estimation.Comparison",
    "estimation.load_checkpoint", "estimation.save_checkpoint",
    "estimation.KernelExponentialFamily", "discrete.Moments",
    "discrete.Quantised", "discrete.QuantisationLosses", "discrete.QuantisationGradients",
    "discrete.LloydResult", "discrete.ScalarQuantiser",
}  # fmt: skip
